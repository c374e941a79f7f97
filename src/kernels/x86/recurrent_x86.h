/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_X86_RECURRENT_X86_H
#define PL_KERNELS_X86_RECURRENT_X86_H

#include "kernels/kernels.h"
#include "kernels/recurrent_kernels.h"

void PL_LEVEL(pl_add_product_hybrid_x86)(float *sums, const int8_t *x,
                                         const struct pl_recurrent_matrix *matrix,
                                         const int32_t *row_sums, int32_t zero_point, float scale);
void PL_LEVEL(pl_add_product_int16_x86)(int16_t *gate, const int8_t *x,
                                        const struct pl_recurrent_matrix *matrix,
                                        const int32_t *bias, struct pl_multiplier multiplier);
void PL_LEVEL(pl_product_int8_x86)(int8_t *to, const int8_t *x,
                                   const struct pl_recurrent_matrix *matrix, const int32_t *bias,
                                   struct pl_multiplier multiplier, int32_t zero_point);

/* For the table. */
#define PL_RECURRENT_X86                                                                           \
    .add_product_hybrid = PL_LEVEL(pl_add_product_hybrid_x86),                                     \
    .add_product_int16 = PL_LEVEL(pl_add_product_int16_x86),                                       \
    .product_int8 = PL_LEVEL(pl_product_int8_x86),

#endif
