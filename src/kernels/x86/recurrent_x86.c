/* SPDX-License-Identifier: Apache-2.0 */
/* Products of one vector with a matrix, as LSTM steps have them: see recurrent_kernels.h. */
#include "kernels/x86/recurrent_x86.h"

#include "kernels/x86/recurrent_dot_x86.h"

/* Of up to PL_DOT_ROWS rows from `first` on; returns how many. */
PL_ALWAYS_INLINE int32_t dots(const struct pl_recurrent_matrix *matrix, const bool lifted,
                              int32_t first, const int8_t *x, int32_t sums[PL_DOT_ROWS])
{
    const int8_t *row = matrix->weights + (int64_t)first * matrix->depth;
    if (matrix->rows - first >= PL_DOT_ROWS) {
        pl_dot_rows_x86(PL_DOT_ROWS, lifted, x, row, matrix->depth, sums);
        return PL_DOT_ROWS;
    }
    pl_dot_rows_x86(1, lifted, x, row, matrix->depth, sums);
    return 1;
}

void PL_LEVEL(pl_add_product_hybrid_x86)(float *sums, const int8_t *x,
                                         const struct pl_recurrent_matrix *matrix,
                                         const int32_t *row_sums, int32_t zero_point, float scale)
{
    const uint32_t lift = (uint32_t)(zero_point + PL_DOT_LIFT);
    for (int32_t first = 0; first < matrix->rows;) {
        int32_t found[PL_DOT_ROWS];
        const int32_t count = dots(matrix, true, first, x, found);
        for (int32_t r = 0; r < count; r++) {
            const uint32_t sum = (uint32_t)found[r] - (uint32_t)row_sums[first + r] * lift;
            sums[first + r] += (float)(int32_t)sum * scale;
        }
        first += count;
    }
}

static int32_t biased(int32_t sum, int32_t bias)
{
    return (int32_t)((uint32_t)sum + (uint32_t)bias);
}

static int64_t saturate(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

void PL_LEVEL(pl_add_product_int16_x86)(int16_t *gate, const int8_t *x,
                                        const struct pl_recurrent_matrix *matrix,
                                        const int32_t *bias, struct pl_multiplier multiplier)
{
    for (int32_t first = 0; first < matrix->rows;) {
        int32_t found[PL_DOT_ROWS];
        const int32_t count = dots(matrix, false, first, x, found);
        for (int32_t r = first; r < first + count; r++) {
            const int32_t scaled = pl_multiply(biased(found[r - first], bias[r]), multiplier);
            gate[r] = (int16_t)saturate((int64_t)scaled + gate[r], INT16_MIN, INT16_MAX);
        }
        first += count;
    }
}

void PL_LEVEL(pl_product_int8_x86)(int8_t *to, const int8_t *x,
                                   const struct pl_recurrent_matrix *matrix, const int32_t *bias,
                                   struct pl_multiplier multiplier, int32_t zero_point)
{
    for (int32_t first = 0; first < matrix->rows;) {
        int32_t found[PL_DOT_ROWS];
        const int32_t count = dots(matrix, false, first, x, found);
        for (int32_t r = first; r < first + count; r++) {
            const int32_t scaled = pl_multiply(biased(found[r - first], bias[r]), multiplier);
            to[r] = (int8_t)saturate((int64_t)scaled + zero_point, INT8_MIN, INT8_MAX);
        }
        first += count;
    }
}
