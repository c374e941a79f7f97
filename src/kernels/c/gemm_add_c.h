/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_C_GEMM_ADD_C_H
#define PL_KERNELS_C_GEMM_ADD_C_H

#include "kernels/gemm_kernels.h"
#include "kernels/kernels.h"

void PL_LEVEL(pl_gemm_add_f32)(const struct pl_gemm_sums *sums);

#endif
