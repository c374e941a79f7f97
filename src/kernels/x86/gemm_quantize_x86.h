/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_X86_GEMM_QUANTIZE_X86_H
#define PL_KERNELS_X86_GEMM_QUANTIZE_X86_H

#include <stdint.h>

#include "kernels/kernels.h"

void PL_LEVEL(pl_gemm_quantize_symmetric_x86)(const float *values, int64_t count, int8_t *quantized,
                                              float *scale, int32_t *zero_point);
void PL_LEVEL(pl_gemm_quantize_asymmetric_x86)(const float *values, int64_t count,
                                               int8_t *quantized, float *scale,
                                               int32_t *zero_point);

/* For the table. */
#define PL_GEMM_QUANTIZE_X86                                                                       \
    .quantize_symmetric = PL_LEVEL(pl_gemm_quantize_symmetric_x86),                                \
    .quantize_asymmetric = PL_LEVEL(pl_gemm_quantize_asymmetric_x86),

#endif
