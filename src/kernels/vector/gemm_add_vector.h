/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_VECTOR_GEMM_ADD_VECTOR_H
#define PL_KERNELS_VECTOR_GEMM_ADD_VECTOR_H

#include "kernels/gemm_kernels.h"
#include "kernels/kernels.h"

void PL_LEVEL(pl_gemm_add_f32_vector)(const struct pl_gemm_sums *sums);

#endif
