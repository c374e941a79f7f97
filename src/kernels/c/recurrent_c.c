/* SPDX-License-Identifier: Apache-2.0 */
/* LSTM steps. Integer parts are the reference's bit for bit; float sums run over k ascending into
 * one fused accumulator per row. */
#include "kernels/recurrent_kernels.h"

#include <math.h>
#include <stddef.h>

#include "kernels/faster.h"
#include "kernels/fixed_functions.h"
#include "kernels/fixed_point_16.h"
#include "kernels/float_math.h"
#include "kernels/kernels.h"

enum { BLOCK = PL_RECURRENT_BLOCK, PARTIALS = 16 };

/* ---- float ----------------------------------------------------------------------------------- */

static void pack_float(float *packed, const float *matrix, int32_t rows, int32_t depth)
{
    for (int32_t first = 0; first < rows; first += BLOCK) {
        for (int32_t k = 0; k < depth; k++) {
            for (int32_t i = 0; i < BLOCK; i++) {
                const int32_t row = first + i;
                *packed++ = row < rows ? matrix[(ptrdiff_t)row * depth + k] : 0.0f;
            }
        }
    }
}

static void add_product_float(float *sums, const float *x, const float *packed, int32_t rows,
                              int32_t depth)
{
    for (int32_t first = 0; first < rows; first += BLOCK) {
        const int32_t count = rows - first < BLOCK ? rows - first : BLOCK;
        float block[BLOCK] = {0};
        for (int32_t i = 0; i < count; i++) block[i] = sums[first + i];
        for (int32_t k = 0; k < depth; k++) {
            const float factor = x[k];
            for (int32_t i = 0; i < BLOCK; i++) block[i] = fmaf(factor, packed[i], block[i]);
            packed += BLOCK;
        }
        for (int32_t i = 0; i < count; i++) sums[first + i] = block[i];
    }
}

static void add_elementwise(float *sums, const float *a, const float *b, int32_t count)
{
    for (int32_t i = 0; i < count; i++) sums[i] = fmaf(a[i], b[i], sums[i]);
}

/* Element i goes to partial sum i % 16; the partial sums are added in pairs. */
static float add_partials(float partials[PARTIALS])
{
    for (int32_t half = PARTIALS / 2; half > 0; half /= 2)
        for (int32_t i = 0; i < half; i++) partials[i] += partials[i + half];
    return partials[0];
}

static float sum_of(const float *x, int32_t count)
{
    float partials[PARTIALS] = {0};
    for (int32_t i = 0; i < count; i++) partials[i % PARTIALS] += x[i];
    return add_partials(partials);
}

static float sum_of_squares(const float *x, int32_t count, float mean)
{
    float partials[PARTIALS] = {0};
    for (int32_t i = 0; i < count; i++) {
        const float difference = x[i] - mean;
        partials[i % PARTIALS] = fmaf(difference, difference, partials[i % PARTIALS]);
    }
    return add_partials(partials);
}

static void normalize(float *x, const float *scale, const float *bias, int32_t count)
{
    const float mean = sum_of(x, count) / (float)count;
    const float variance = sum_of_squares(x, count, mean) / (float)count;
    const float inverse = 1.0f / sqrtf(variance + 1e-8f);
    for (int32_t i = 0; i < count; i++) x[i] = (x[i] - mean) * inverse * scale[i] + bias[i];
}

static inline float limit(float x, float low, float high)
{
    const float above = x < low ? low : x;
    return above > high ? high : above;
}

static void activate(float *to, const float *from, int32_t count,
                     enum pl_recurrent_activation activation)
{
    switch (activation) {
    case PL_RECURRENT_NONE:
        for (int32_t i = 0; i < count; i++) to[i] = from[i];
        break;
    case PL_RECURRENT_RELU:
        for (int32_t i = 0; i < count; i++) to[i] = from[i] < 0.0f ? 0.0f : from[i];
        break;
    case PL_RECURRENT_RELU_N1_TO_1:
        for (int32_t i = 0; i < count; i++) to[i] = limit(from[i], -1.0f, 1.0f);
        break;
    case PL_RECURRENT_RELU6:
        for (int32_t i = 0; i < count; i++) to[i] = limit(from[i], 0.0f, 6.0f);
        break;
    case PL_RECURRENT_TANH:
        for (int32_t i = 0; i < count; i++) to[i] = pl_tanhf(from[i]);
        break;
    case PL_RECURRENT_LOGISTIC:
        for (int32_t i = 0; i < count; i++) to[i] = pl_logisticf(from[i]);
        break;
    }
}

static void clip(float *x, int32_t count, float bound)
{
    for (int32_t i = 0; i < count; i++) x[i] = limit(x[i], -bound, bound);
}

static void update_cell(float *cell, const float *forget, const float *candidate,
                        const float *input, int32_t count, float bound)
{
    for (int32_t i = 0; i < count; i++) {
        const float gate = input != NULL ? input[i] : 1.0f - forget[i];
        cell[i] = fmaf(candidate[i], gate, cell[i] * forget[i]);
    }
    if (bound > 0.0f) clip(cell, count, bound);
}

static void multiply(float *to, const float *a, const float *b, int32_t count)
{
    for (int32_t i = 0; i < count; i++) to[i] = a[i] * b[i];
}

static void dot_rows(float *to, const float *a, const float *b, int32_t rows, int32_t count)
{
    for (int32_t r = 0; r < rows; r++, a += count, b += count) {
        float partials[PARTIALS] = {0};
        int32_t i = 0;
        for (; count - i >= PARTIALS; i += PARTIALS)
            for (int32_t p = 0; p < PARTIALS; p++)
                partials[p] = fmaf(a[i + p], b[i + p], partials[p]);
        for (int32_t p = 0; i + p < count; p++) partials[p] = fmaf(a[i + p], b[i + p], partials[p]);
        to[r] = add_partials(partials);
    }
}

/* ---- int8 sums ------------------------------------------------------------------------------- */

/* Depths are limited so that it cannot overflow. */
static inline int32_t dot(const int8_t *restrict a, const int8_t *restrict b, int32_t count)
{
    int32_t sum = 0;
    for (int32_t k = 0; k < count; k++) sum += a[k] * b[k];
    return sum;
}

static void add_product_hybrid(float *sums, const int8_t *x,
                               const struct pl_recurrent_matrix *matrix, const int32_t *row_sums,
                               int32_t zero_point, float scale)
{
    const int8_t *row = matrix->weights;
    for (int32_t r = 0; r < matrix->rows; r++, row += matrix->depth) {
        const int32_t sum = dot(x, row, matrix->depth) - row_sums[r] * zero_point;
        sums[r] += (float)sum * scale;
    }
}

static void product_blocks(float *to, const int8_t *x, const struct pl_recurrent_matrix *matrix,
                           const float *scales, int32_t block_size)
{
    const int8_t *row = matrix->weights;
    for (int32_t r = 0; r < matrix->rows; r++, row += matrix->depth) {
        float sum = 0.0f;
        for (int32_t k = 0; k < matrix->depth; k += block_size)
            sum = fmaf((float)dot(x + k, row + k, block_size), *scales++, sum);
        to[r] = sum;
    }
}

/* The bias is the file's: its sum wraps as the reference's does. */
static inline int32_t biased(int32_t sum, int32_t bias)
{
    return (int32_t)((uint32_t)sum + (uint32_t)bias);
}

static inline int16_t saturate_int16(int64_t x)
{
    return (int16_t)(x > INT16_MAX ? INT16_MAX : x < INT16_MIN ? INT16_MIN : x);
}

static inline int8_t saturate_int8(int64_t x)
{
    return (int8_t)(x > INT8_MAX ? INT8_MAX : x < INT8_MIN ? INT8_MIN : x);
}

static void add_product_int16(int16_t *gate, const int8_t *x,
                              const struct pl_recurrent_matrix *matrix, const int32_t *bias,
                              struct pl_multiplier multiplier)
{
    const int8_t *row = matrix->weights;
    for (int32_t r = 0; r < matrix->rows; r++, row += matrix->depth) {
        const int32_t sum = biased(dot(x, row, matrix->depth), bias[r]);
        gate[r] = saturate_int16((int64_t)pl_multiply(sum, multiplier) + gate[r]);
    }
}

static void product_int8(int8_t *to, const int8_t *x, const struct pl_recurrent_matrix *matrix,
                         const int32_t *bias, struct pl_multiplier multiplier, int32_t zero_point)
{
    const int8_t *row = matrix->weights;
    for (int32_t r = 0; r < matrix->rows; r++, row += matrix->depth) {
        const int32_t sum = biased(dot(x, row, matrix->depth), bias[r]);
        to[r] = saturate_int8((int64_t)pl_multiply(sum, multiplier) + zero_point);
    }
}

/* ---- int16 gates ----------------------------------------------------------------------------- */

static void add_elementwise_int16(int16_t *sums, const int16_t *a, const int16_t *b, int32_t count,
                                  struct pl_multiplier multiplier)
{
    for (int32_t i = 0; i < count; i++)
        sums[i] = saturate_int16((int64_t)pl_multiply(a[i] * b[i], multiplier) + sums[i]);
}

static void dot_rows_int16(int32_t *to, const int16_t *a, const int16_t *b, int32_t rows,
                           int32_t count)
{
    for (int32_t r = 0; r < rows; r++, a += count, b += count) {
        uint32_t sum = 0;
        for (int32_t i = 0; i < count; i++) sum += (uint32_t)(a[i] * b[i]);
        to[r] = (int32_t)sum;
    }
}

static void logistic_int16(int16_t *x, int32_t count)
{
    for (int32_t i = 0; i < count; i++) x[i] = pl_logistic_16(x[i]);
}

static inline __attribute__((always_inline)) void tanh_of(int16_t *to, const int16_t *from,
                                                          int32_t count, int32_t integer_bits)
{
    for (int32_t i = 0; i < count; i++) to[i] = pl_tanh_16(from[i], integer_bits);
}

/* Gates have 3 integer bits, most cells 3 to 5: with a constant the steps of exp are chosen when
 * this is compiled, and the loop vectorizes. */
static void tanh_int16(int16_t *to, const int16_t *from, int32_t count, int32_t integer_bits)
{
    switch (integer_bits) {
    case 3: tanh_of(to, from, count, 3); break;
    case 4: tanh_of(to, from, count, 4); break;
    case 5: tanh_of(to, from, count, 5); break;
    default: tanh_of(to, from, count, integer_bits); break;
    }
}

/* Products of two values without integer bits and of a gate with the cell's scale; their conversion
 * to 16 bits wraps. */
static void update_cell_int16(int16_t *cell, const int16_t *forget, const int16_t *candidate,
                              const int16_t *input, int32_t count, int32_t cell_exponent,
                              int16_t bound)
{
    for (int32_t i = 0; i < count; i++) {
        const int16_t gate = input != NULL ? input[i] : (int16_t)(INT16_MAX - forget[i]);
        const int16_t kept = (int16_t)pl_rounding_shift_right(forget[i] * cell[i], 15);
        const int16_t added =
            (int16_t)pl_rounding_shift_right(gate * candidate[i], 30 + cell_exponent);
        cell[i] = saturate_int16(kept + added);
        if (bound > 0) cell[i] = (int16_t)pl_clamp(cell[i], -bound, bound);
    }
}

static void multiply_int8(int8_t *to, const int16_t *a, const int16_t *b, int32_t count,
                          struct pl_multiplier multiplier, int32_t zero_point)
{
    for (int32_t i = 0; i < count; i++)
        to[i] = saturate_int8((int64_t)pl_multiply(a[i] * b[i], multiplier) + zero_point);
}

static void clip_int8(int8_t *x, int32_t count, int8_t bound)
{
    for (int32_t i = 0; i < count; i++) x[i] = (int8_t)pl_clamp(x[i], -bound, bound);
}

/* ---- layer normalization --------------------------------------------------------------------- */

/* In fixed point with 10 fraction bits; products wrap as the reference's do. */
static void normalize_int16(int16_t *x, const int16_t *weights, const int32_t *bias, int32_t count,
                            struct pl_multiplier multiplier, int32_t least)
{
    const int64_t one = (int64_t)1 << 20; /* twice 10 fraction bits */
    int64_t sum = 0, squares = 0;
    for (int32_t i = 0; i < count; i++) {
        sum += x[i];
        squares += x[i] * x[i];
    }
    const int32_t mean = (int32_t)(sum * 1024 / count);
    const int64_t variance = squares * (one / count) - (int64_t)mean * mean;
    const int32_t whole = (int32_t)(variance / one);
    const struct pl_multiplier inverse = pl_fixed_inverse_square_root(whole < 1 ? least : whole);
    for (int32_t i = 0; i < count; i++) {
        const int32_t scaled = pl_multiply(1024 * x[i] - mean, inverse);
        const int64_t weighted =
            (int32_t)((uint32_t)scaled * (uint32_t)weights[i] + (uint32_t)bias[i]);
        const int32_t rounded = (int32_t)((weighted > 0 ? weighted + 512 : weighted - 512) / 1024);
        x[i] = saturate_int16(pl_multiply(rounded, multiplier));
    }
}

/* ---- the kernel of one matrix ---------------------------------------------------------------- */

static void narrow_int16(int16_t *to, const int32_t *sums, int32_t count,
                         struct pl_multiplier multiplier)
{
    const int32_t left = multiplier.shift > 0 ? multiplier.shift : 0;
    const int32_t right = multiplier.shift > 0 ? 0 : -multiplier.shift;
    const int64_t half = ((int64_t)1 << right) >> 1;
    for (int32_t i = 0; i < count; i++) {
        const int32_t shifted = (int32_t)((uint32_t)sums[i] << left);
        to[i] = saturate_int16((pl_high_product(shifted, multiplier.multiplier) + half) >> right);
    }
}

static void basic_cell_uint8(uint8_t *output, int16_t *cell, const int16_t *gates,
                             const int16_t *old_cell, int32_t count)
{
    const int16_t *input = gates, *candidate = gates + count, *forget = gates + 2 * (int64_t)count,
                  *out = gates + 3 * (int64_t)count;
    for (int32_t i = 0; i < count; i++) {
        const int16_t added = pl_multiply_16(pl_logistic_16(input[i]), pl_tanh_16(candidate[i], 3));
        const int16_t kept = pl_multiply_16(pl_logistic_16(forget[i]), old_cell[i]);
        cell[i] = pl_add_saturating_16(pl_shift_right_16(added, 4), kept);
        /* tanh of 3 integer bits: beyond 8 it is 1 anyway. */
        const int16_t activated = pl_tanh_16(pl_shift_left_16(cell[i], 1), 3);
        const int16_t result = pl_multiply_16(pl_logistic_16(out[i]), activated);
        output[i] = (uint8_t)(128 + pl_clamp(pl_shift_right_16(result, 8), -128, 127));
    }
}

const struct pl_recurrent_kernels PL_LEVEL(pl_recurrent_kernels);
const struct pl_recurrent_kernels PL_LEVEL(pl_recurrent_kernels) = {
    .pack_float = pack_float,
    .add_product_float = add_product_float,
    .add_elementwise = add_elementwise,
    .normalize = normalize,
    .activate = activate,
    .update_cell = update_cell,
    .multiply = multiply,
    .clip = clip,
    .dot_rows = dot_rows,
    .add_product_hybrid = add_product_hybrid,
    .product_blocks = product_blocks,
    .add_product_int16 = add_product_int16,
    .product_int8 = product_int8,
    .add_elementwise_int16 = add_elementwise_int16,
    .dot_rows_int16 = dot_rows_int16,
    .logistic_int16 = logistic_int16,
    .tanh_int16 = tanh_int16,
    .update_cell_int16 = update_cell_int16,
    .multiply_int8 = multiply_int8,
    .clip_int8 = clip_int8,
    .normalize_int16 = normalize_int16,
    .narrow_int16 = narrow_int16,
    .basic_cell_uint8 = basic_cell_uint8,
    PL_FASTER_RECURRENT};
