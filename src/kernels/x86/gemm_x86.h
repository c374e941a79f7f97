/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of bytes: see vector/gemm_vector.h for how weights and inputs lie. Inputs are
 * unsigned. */
#ifndef PL_KERNELS_X86_GEMM_X86_H
#define PL_KERNELS_X86_GEMM_X86_H

#include "kernels/vector/gemm_vector.h"

void PL_LEVEL(pl_gemm_i8_x86)(const struct pl_gemm_shape *shape,
                              const struct pl_gemm_integer *weights,
                              const struct pl_gemm_part *part);
void PL_LEVEL(pl_gemm_u8_x86)(const struct pl_gemm_shape *shape,
                              const struct pl_gemm_integer *weights,
                              const struct pl_gemm_part *part);
void PL_LEVEL(pl_gemm_hybrid_x86)(const struct pl_gemm_shape *shape,
                                  const struct pl_gemm_hybrid *weights,
                                  const struct pl_gemm_part *part);

/* What is prepared of a block's outputs: see gemm_columns_x86.h. */
enum { PL_GEMM_COLUMN_BYTES = 4 * 4 * PL_GEMM_BLOCK };
void PL_LEVEL(pl_gemm_prepare_columns_x86)(const struct pl_gemm_shape *shape,
                                           const struct pl_gemm_integer *weights, bool is_unsigned,
                                           void *columns);

/* For the table. */
#define PL_GEMM_BYTES_X86                                                                          \
    PL_GEMM_PACK_VECTOR.i8 = PL_LEVEL(pl_gemm_i8_x86), .u8 = PL_LEVEL(pl_gemm_u8_x86),             \
    .hybrid = PL_LEVEL(pl_gemm_hybrid_x86), .column_bytes = PL_GEMM_COLUMN_BYTES,                  \
    .prepare_columns = PL_LEVEL(pl_gemm_prepare_columns_x86),

#endif
