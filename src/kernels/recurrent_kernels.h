/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of an LSTM step, each on one vector of a batch: what a gate sums up, its activation,
 * the cell's update. */
#ifndef PL_KERNELS_RECURRENT_KERNELS_H
#define PL_KERNELS_RECURRENT_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/fixed_point.h"

enum { PL_RECURRENT_BLOCK = 32 };

enum pl_recurrent_activation {
    PL_RECURRENT_NONE,
    PL_RECURRENT_RELU,
    PL_RECURRENT_RELU_N1_TO_1,
    PL_RECURRENT_RELU6,
    PL_RECURRENT_TANH,
    PL_RECURRENT_LOGISTIC
};

/* A matrix of rows x depth int8, rows behind each other. */
struct pl_recurrent_matrix {
    const int8_t *weights;
    int32_t rows;
    int32_t depth;
};

struct pl_recurrent_kernels {
    /* ---- float ---- */
    /* Packs a matrix [rows][depth] into [block of PL_RECURRENT_BLOCK rows][depth][row of the
     * block], padded by 0. */
    void (*pack_float)(float *packed, const float *matrix, int32_t rows, int32_t depth);
    /* sums[r] += sum over k of x[k] * matrix[r][k]: k ascending into one fused accumulator. */
    void (*add_product_float)(float *sums, const float *x, const float *packed, int32_t rows,
                              int32_t depth);
    /* sums[r] += a[r] * b[r], fused. */
    void (*add_elementwise)(float *sums, const float *a, const float *b, int32_t count);
    /* x = (x - mean) / deviation * scale + bias. */
    void (*normalize)(float *x, const float *scale, const float *bias, int32_t count);
    void (*activate)(float *to, const float *from, int32_t count,
                     enum pl_recurrent_activation activation);
    /* cell = cell * forget + candidate * input; input NULL: 1 - forget. clip 0: none. */
    void (*update_cell)(float *cell, const float *forget, const float *candidate,
                        const float *input, int32_t count, float clip);
    void (*multiply)(float *to, const float *a, const float *b, int32_t count);
    void (*clip)(float *x, int32_t count, float limit);
    /* to[r] = dot(row r of a, row r of b), rows of `count`: 16 partial sums. */
    void (*dot_rows)(float *to, const float *a, const float *b, int32_t rows, int32_t count);

    /* ---- hybrid ---- */
    /* sums[r] += (dot(x, row r) - row_sums[r] * zero_point) * scale. */
    void (*add_product_hybrid)(float *sums, const int8_t *x,
                               const struct pl_recurrent_matrix *matrix, const int32_t *row_sums,
                               int32_t zero_point, float scale);

    /* to[r] = sum over blocks of dot(block of x, block of row r) * the block's scale, which lie row
     * by row. */
    void (*product_blocks)(float *to, const int8_t *x, const struct pl_recurrent_matrix *matrix,
                           const float *scales, int32_t block_size);

    /* ---- integer: int8 activations, int16 gates ---- */
    /* gate[r] = saturate(gate[r] + multiplier * (bias[r] + dot(x, row r))). */
    void (*add_product_int16)(int16_t *gate, const int8_t *x,
                              const struct pl_recurrent_matrix *matrix, const int32_t *bias,
                              struct pl_multiplier multiplier);
    /* The same into int8, to = saturate(multiplier * (...) + zero_point). */
    void (*product_int8)(int8_t *to, const int8_t *x, const struct pl_recurrent_matrix *matrix,
                         const int32_t *bias, struct pl_multiplier multiplier, int32_t zero_point);
    /* sums[r] = saturate(sums[r] + multiplier * (a[r] * b[r])). */
    void (*add_elementwise_int16)(int16_t *sums, const int16_t *a, const int16_t *b, int32_t count,
                                  struct pl_multiplier multiplier);
    /* to[r] = dot(row r of a, row r of b), rows of `count`; sums wrap. */
    void (*dot_rows_int16)(int32_t *to, const int16_t *a, const int16_t *b, int32_t rows,
                           int32_t count);
    /* Fixed-point functions: x has 3 integer bits, or integer_bits in 0 to 6; the result none. */
    void (*logistic_int16)(int16_t *x, int32_t count);
    void (*tanh_int16)(int16_t *to, const int16_t *from, int32_t count, int32_t integer_bits);
    /* The cell has a scale of 2^cell_exponent. */
    void (*update_cell_int16)(int16_t *cell, const int16_t *forget, const int16_t *candidate,
                              const int16_t *input, int32_t count, int32_t cell_exponent,
                              int16_t clip);
    /* to = saturate(multiplier * (a * b) + zero_point). */
    void (*multiply_int8)(int8_t *to, const int16_t *a, const int16_t *b, int32_t count,
                          struct pl_multiplier multiplier, int32_t zero_point);
    void (*clip_int8)(int8_t *x, int32_t count, int8_t limit);
    /* x = (x - mean) / deviation * weights * multiplier + bias, in fixed point; least: the variance
     * if it is less than 1. The multiplier's shift is that of 12 fraction bits already. */
    void (*normalize_int16)(int16_t *x, const int16_t *weights, const int32_t *bias, int32_t count,
                            struct pl_multiplier multiplier, int32_t least);

    /* ---- uint8 activations, int16 gates with 3 integer bits, a cell with 4 ---- */
    /* to = saturate(multiplier * sums); halves of its shift are rounded up. */
    void (*narrow_int16)(int16_t *to, const int32_t *sums, int32_t count,
                         struct pl_multiplier multiplier);
    /* gates: `count` each of input, new input, forget and output. */
    void (*basic_cell_uint8)(uint8_t *output, int16_t *cell, const int16_t *gates,
                             const int16_t *old_cell, int32_t count);
};

#endif
