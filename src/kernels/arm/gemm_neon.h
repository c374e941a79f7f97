/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of bytes: see vector/gemm_vector.h for how weights and inputs lie. Inputs are
 * signed. */
#ifndef PL_KERNELS_ARM_GEMM_NEON_H
#define PL_KERNELS_ARM_GEMM_NEON_H

#include "kernels/vector/gemm_vector.h"

void PL_LEVEL(pl_gemm_i8_neon)(const struct pl_gemm_shape *shape,
                               const struct pl_gemm_integer *weights,
                               const struct pl_gemm_part *part);
void PL_LEVEL(pl_gemm_u8_neon)(const struct pl_gemm_shape *shape,
                               const struct pl_gemm_integer *weights,
                               const struct pl_gemm_part *part);
void PL_LEVEL(pl_gemm_hybrid_neon)(const struct pl_gemm_shape *shape,
                                   const struct pl_gemm_hybrid *weights,
                                   const struct pl_gemm_part *part);

/* For the table. */
#define PL_GEMM_BYTES_NEON                                                                         \
    PL_GEMM_PACK_VECTOR.i8 = PL_LEVEL(pl_gemm_i8_neon), .u8 = PL_LEVEL(pl_gemm_u8_neon),           \
    .hybrid = PL_LEVEL(pl_gemm_hybrid_neon),

#endif
