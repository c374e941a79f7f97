/* SPDX-License-Identifier: Apache-2.0 */
/* pl_copy_flipped(to, from, count, flip): to[i] = from[i] ^ flip, in the vectors of this level, and
 * pl_copy_rows_flipped(to, to_stride, from, from_stride, rows, count, flip): the same of `count`
 * bytes each of some rows. Some levels have pl_join_three(). */
#ifndef PL_KERNELS_VECTOR_COPY_H
#define PL_KERNELS_VECTOR_COPY_H

#if defined(PL_KERNELS_X86)
#include "kernels/x86/copy_x86.h"
#else
#include "kernels/arm/copy_neon.h"
#endif

#if !defined(PL_COPY_ROWS_FLIPPED)
static inline void pl_copy_rows_flipped(uint8_t *to, int64_t to_stride, const uint8_t *from,
                                        int64_t from_stride, int32_t rows, int64_t count,
                                        uint8_t flip)
{
    for (; rows > 0; rows--, to += to_stride, from += from_stride)
        pl_copy_flipped(to, from, count, flip);
}
#endif

#endif
