/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_X86_GEMM_F32_X86_H
#define PL_KERNELS_X86_GEMM_F32_X86_H

#include "kernels/gemm_kernels.h"
#include "kernels/kernels.h"

void PL_LEVEL(pl_gemm_f32_x86)(const struct pl_gemm_shape *shape,
                               const struct pl_gemm_float *weights,
                               const struct pl_gemm_part *part);

#endif
