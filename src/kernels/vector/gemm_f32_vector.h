/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_VECTOR_GEMM_F32_VECTOR_H
#define PL_KERNELS_VECTOR_GEMM_F32_VECTOR_H

#include "kernels/gemm_kernels.h"
#include "kernels/kernels.h"

void PL_LEVEL_OF_FLOATS(pl_gemm_f32_vector)(const struct pl_gemm_shape *shape,
                                            const struct pl_gemm_float *weights,
                                            const struct pl_gemm_part *part);

#endif
