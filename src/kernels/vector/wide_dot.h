/* SPDX-License-Identifier: Apache-2.0 */
/* pl_wide_multiplies[rows - 1]: 64-bit sums of up to PL_WIDE_ROWS rows of int16 by a block of int8
 * weights, in the vectors of this level. Of the block, the first `count` outputs count. */
#ifndef PL_KERNELS_VECTOR_WIDE_DOT_H
#define PL_KERNELS_VECTOR_WIDE_DOT_H

#if defined(PL_KERNELS_X86)
#include "kernels/x86/wide_dot_x86.h"
#else
#include "kernels/arm/wide_dot_neon.h"
#endif

#endif
