/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_ARM_RECURRENT_NEON_H
#define PL_KERNELS_ARM_RECURRENT_NEON_H

#include "kernels/kernels.h"
#include "kernels/recurrent_kernels.h"

void PL_LEVEL(pl_add_product_hybrid_neon)(float *sums, const int8_t *x,
                                          const struct pl_recurrent_matrix *matrix,
                                          const int32_t *row_sums, int32_t zero_point, float scale);
void PL_LEVEL(pl_add_product_int16_neon)(int16_t *gate, const int8_t *x,
                                         const struct pl_recurrent_matrix *matrix,
                                         const int32_t *bias, struct pl_multiplier multiplier);
void PL_LEVEL(pl_product_int8_neon)(int8_t *to, const int8_t *x,
                                    const struct pl_recurrent_matrix *matrix, const int32_t *bias,
                                    struct pl_multiplier multiplier, int32_t zero_point);
void PL_LEVEL(pl_logistic_int16_neon)(int16_t *x, int32_t count);
void PL_LEVEL(pl_tanh_int16_neon)(int16_t *to, const int16_t *from, int32_t count,
                                  int32_t integer_bits);
void PL_LEVEL(pl_update_cell_int16_neon)(int16_t *cell, const int16_t *forget,
                                         const int16_t *candidate, const int16_t *input,
                                         int32_t count, int32_t cell_exponent, int16_t clip);
void PL_LEVEL(pl_multiply_int8_neon)(int8_t *to, const int16_t *a, const int16_t *b, int32_t count,
                                     struct pl_multiplier multiplier, int32_t zero_point);

/* For the table. */
#define PL_RECURRENT_NEON                                                                          \
    .add_product_hybrid = PL_LEVEL(pl_add_product_hybrid_neon),                                    \
    .add_product_int16 = PL_LEVEL(pl_add_product_int16_neon),                                      \
    .product_int8 = PL_LEVEL(pl_product_int8_neon),                                                \
    .logistic_int16 = PL_LEVEL(pl_logistic_int16_neon),                                            \
    .tanh_int16 = PL_LEVEL(pl_tanh_int16_neon),                                                    \
    .update_cell_int16 = PL_LEVEL(pl_update_cell_int16_neon),                                      \
    .multiply_int8 = PL_LEVEL(pl_multiply_int8_neon),

#endif
