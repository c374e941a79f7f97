/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_ARM_BINARY_BYTES_NEON_H
#define PL_KERNELS_ARM_BINARY_BYTES_NEON_H

#include "kernels/elementwise_kernels.h"
#include "kernels/kernels.h"

#define PL_BINARY_BYTES_LIST(F)                                                                    \
    F(add_i8) F(add_u8) F(sub_i8) F(sub_u8) F(mul_i8) F(mul_u8) F(squared_difference_i8)
#define PL_DECLARE_BINARY(name)                                                                    \
    void PL_LEVEL(pl_##name##_neon)(const struct pl_binary_run *run,                               \
                                    const struct pl_binary_params *params);
PL_BINARY_BYTES_LIST(PL_DECLARE_BINARY)
#undef PL_DECLARE_BINARY

/* For the table. */
#define PL_BINARY_BYTES_NEON                                                                       \
    [PL_BINARY_ADD][PL_KIND_QUANTIZED_INT8] = PL_LEVEL(pl_add_i8_neon),                            \
    [PL_BINARY_ADD][PL_KIND_QUANTIZED_UINT8] = PL_LEVEL(pl_add_u8_neon),                           \
    [PL_BINARY_SUB][PL_KIND_QUANTIZED_INT8] = PL_LEVEL(pl_sub_i8_neon),                            \
    [PL_BINARY_SUB][PL_KIND_QUANTIZED_UINT8] = PL_LEVEL(pl_sub_u8_neon),                           \
    [PL_BINARY_MUL][PL_KIND_QUANTIZED_INT8] = PL_LEVEL(pl_mul_i8_neon),                            \
    [PL_BINARY_MUL][PL_KIND_QUANTIZED_UINT8] = PL_LEVEL(pl_mul_u8_neon),                           \
    [PL_BINARY_SQUARED_DIFFERENCE][PL_KIND_QUANTIZED_INT8] =                                       \
        PL_LEVEL(pl_squared_difference_i8_neon),

#endif
