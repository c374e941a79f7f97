/* SPDX-License-Identifier: Apache-2.0 */
/* pl_copy_flipped(to, from, count, flip): to[i] = from[i] ^ flip, in the vectors of this level. */
#ifndef PL_KERNELS_VECTOR_COPY_H
#define PL_KERNELS_VECTOR_COPY_H

#if defined(PL_KERNELS_X86)
#include "kernels/x86/copy_x86.h"
#else
#include "kernels/arm/copy_neon.h"
#endif

#endif
