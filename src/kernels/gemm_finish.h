/* SPDX-License-Identifier: Apache-2.0 */
/* From 64-bit sums of matrix products to outputs. */
#ifndef PL_KERNELS_GEMM_FINISH_H
#define PL_KERNELS_GEMM_FINISH_H

#include "kernels/gemm_kernels.h"

/* The sum without its bias, which wraps. */
static inline int32_t pl_gemm_finish_wide(const struct pl_gemm_integer *weights, uint64_t sum,
                                          int32_t channel)
{
    if (weights->wide_bias != NULL) sum += (uint64_t)weights->wide_bias[channel];
    else if (weights->bias != NULL) sum += (uint64_t)(int64_t)weights->bias[channel];
    const int64_t biased = (int64_t)sum;
    switch (weights->rounding) {
    case PL_GEMM_FIXED:
        return pl_requantize_wide(biased, weights->multipliers[channel], weights->range);
    case PL_GEMM_FIXED_32:
        return pl_requantize((int32_t)(uint32_t)sum, weights->multipliers[channel], weights->range);
    default: return pl_requantize_double((double)biased, weights->scales[channel], weights->range);
    }
}

#endif
