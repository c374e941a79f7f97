/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_X86_EXP_RUNS_X86_H
#define PL_KERNELS_X86_EXP_RUNS_X86_H

#include "kernels/elementwise_kernels.h"
#include "kernels/kernels.h"
#include "kernels/reduction_kernels.h"

void PL_LEVEL(pl_softmax_float32_x86)(void *out, const void *in, int64_t rows, int64_t depth,
                                      const struct pl_softmax_params *params);
void PL_LEVEL(pl_gelu_float32_x86)(void *out, const void *in, int64_t count,
                                   const struct pl_unary_params *params);
void PL_LEVEL(pl_logistic_float32_x86)(void *out, const void *in, int64_t count,
                                       const struct pl_unary_params *params);
void PL_LEVEL(pl_tanh_float32_x86)(void *out, const void *in, int64_t count,
                                   const struct pl_unary_params *params);

/* For the tables. */
#define PL_SOFTMAX_FLOAT_X86 .softmax_float32 = PL_LEVEL(pl_softmax_float32_x86),
#define PL_UNARY_FLOAT_X86                                                                         \
    .gelu = PL_LEVEL(pl_gelu_float32_x86), .logistic = PL_LEVEL(pl_logistic_float32_x86),          \
    .tanh = PL_LEVEL(pl_tanh_float32_x86),

#endif
