/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of gemm_pack_c.c for the table in gemm_c.c: see gemm_kernels.h. */
#ifndef PL_KERNELS_C_GEMM_PACK_C_H
#define PL_KERNELS_C_GEMM_PACK_C_H

#include "kernels/gemm_kernels.h"
#include "kernels/kernels.h"

#define DECLARE_PACK(name)                                                                         \
    void PL_LEVEL(pl_gemm_pack_##name)(void *packed, const void *raw, const void *pack);           \
    void PL_LEVEL(pl_gemm_pack_blocks_##name)(                                                     \
        void *packed, const void *raw, const struct pl_gemm_pack *pack, int64_t from, int64_t to);
DECLARE_PACK(f32)
DECLARE_PACK(i2)
DECLARE_PACK(i4)
DECLARE_PACK(i8)
DECLARE_PACK(u8)
DECLARE_PACK(i16)
#undef DECLARE_PACK

void PL_LEVEL(pl_gemm_quantize_symmetric)(const float *values, int64_t count, int8_t *quantized,
                                          float *scale, int32_t *zero_point);
void PL_LEVEL(pl_gemm_quantize_asymmetric)(const float *values, int64_t count, int8_t *quantized,
                                           float *scale, int32_t *zero_point);

#endif
