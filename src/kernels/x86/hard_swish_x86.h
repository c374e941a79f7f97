/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_X86_HARD_SWISH_X86_H
#define PL_KERNELS_X86_HARD_SWISH_X86_H

#include "kernels/elementwise_kernels.h"
#include "kernels/kernels.h"

/* For the table. */
#if defined(__AVX512F__)
void PL_LEVEL(pl_hard_swish_float32_x86)(void *out, const void *in, int64_t count,
                                         const struct pl_unary_params *params);
#define PL_HARD_SWISH_X86 .hard_swish = PL_LEVEL(pl_hard_swish_float32_x86),
#else
#define PL_HARD_SWISH_X86
#endif

#endif
