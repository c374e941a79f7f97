/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_X86_RECURRENT_GATES_X86_H
#define PL_KERNELS_X86_RECURRENT_GATES_X86_H

#include "kernels/kernels.h"
#include "kernels/recurrent_kernels.h"

void PL_LEVEL(pl_logistic_int16_x86)(int16_t *x, int32_t count);
void PL_LEVEL(pl_tanh_int16_x86)(int16_t *to, const int16_t *from, int32_t count,
                                 int32_t integer_bits);
void PL_LEVEL(pl_dot_rows_int16_x86)(int32_t *to, const int16_t *a, const int16_t *b, int32_t rows,
                                     int32_t count);
void PL_LEVEL(pl_update_cell_int16_x86)(int16_t *cell, const int16_t *forget,
                                        const int16_t *candidate, const int16_t *input,
                                        int32_t count, int32_t cell_exponent, int16_t bound);
void PL_LEVEL(pl_multiply_int8_x86)(int8_t *to, const int16_t *a, const int16_t *b, int32_t count,
                                    struct pl_multiplier multiplier, int32_t zero_point);

/* For the table. */
#define PL_GATES_X86                                                                               \
    .logistic_int16 = PL_LEVEL(pl_logistic_int16_x86), .tanh_int16 = PL_LEVEL(pl_tanh_int16_x86),  \
    .dot_rows_int16 = PL_LEVEL(pl_dot_rows_int16_x86),                                             \
    .update_cell_int16 = PL_LEVEL(pl_update_cell_int16_x86),                                       \
    .multiply_int8 = PL_LEVEL(pl_multiply_int8_x86),

#endif
