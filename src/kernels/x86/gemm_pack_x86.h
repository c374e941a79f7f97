/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of float weights, for the table: see gemm_pack_x86.c. */
#ifndef PL_KERNELS_X86_GEMM_PACK_X86_H
#define PL_KERNELS_X86_GEMM_PACK_X86_H

#include "kernels/gemm_kernels.h"
#include "kernels/kernels.h"

void PL_LEVEL(pl_gemm_pack_f32_x86)(void *packed, const void *raw, const void *pack);
void PL_LEVEL(pl_gemm_pack_blocks_f32_x86)(void *packed, const void *raw, const struct pl_gemm_pack *pack, int64_t from,
                                           int64_t to);

#define PL_GEMM_PACK_X86                                                                           \
    .pack_f32 = PL_LEVEL(pl_gemm_pack_f32_x86),                                                    \
    .pack_blocks_f32 = PL_LEVEL(pl_gemm_pack_blocks_f32_x86),

#endif
