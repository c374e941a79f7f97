/* SPDX-License-Identifier: Apache-2.0 */
/* Products of one vector with a matrix, as LSTM steps have them: see recurrent_kernels.h. They are
 * as fast as the matrix comes from the cache, if enough rows are summed side by side. */
#include "kernels/x86/recurrent_x86.h"

#include <immintrin.h>

#include "kernels/kernels.h"
#include "kernels/loop.h"

#if defined(__AVX512VNNI__)

enum { ROWS = 8 };

/* The sum of all words of each. */
PL_ALWAYS_INLINE __m256i add_across(const __m512i sums[ROWS])
{
    __m256i halves[ROWS];
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) {
        halves[r] = _mm256_add_epi32(_mm512_castsi512_si256(sums[r]),
                                     _mm512_extracti64x4_epi64(sums[r], 1));
    }
#pragma GCC unroll 4
    for (int r = 0; r < ROWS / 2; r++)
        halves[r] = _mm256_hadd_epi32(halves[2 * r], halves[2 * r + 1]);
    /* Four sums in each half of the vector, still in two parts. */
    const __m256i low = _mm256_hadd_epi32(halves[0], halves[1]);
    const __m256i high = _mm256_hadd_epi32(halves[2], halves[3]);
    return _mm256_add_epi32(_mm256_permute2x128_si256(low, high, 0x20),
                            _mm256_permute2x128_si256(low, high, 0x31));
}

/* dot(x + 128, row) of `rows` rows; if `lowered`, dot(x, row): 128 times the weights are taken off
 * again. Every loop over sums is unrolled, or they would not stay in registers. */
PL_ALWAYS_INLINE void dot_rows(const int rows, const bool lowered, const int8_t *x,
                               const int8_t *row, int32_t depth, int32_t sums[ROWS])
{
    const __m512i offset = _mm512_set1_epi8(-128);
    __m512i products[ROWS];
    __m512i lifts[ROWS];
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) products[r] = lifts[r] = _mm512_setzero_si512();
    for (int32_t k = 0; k < depth; k += 64) {
        const int32_t rest = depth - k;
        const __mmask64 mask = rest < 64 ? _bzhi_u64(UINT64_MAX, (uint32_t)rest) : UINT64_MAX;
        const __m512i lifted = _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, x + k), offset);
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++) {
            const __m512i w = _mm512_maskz_loadu_epi8(mask, row + (int64_t)r * depth + k);
            products[r] = _mm512_dpbusd_epi32(products[r], lifted, w);
            if (lowered) lifts[r] = _mm512_dpbusd_epi32(lifts[r], offset, w);
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows && lowered; r++) products[r] = _mm512_sub_epi32(products[r], lifts[r]);
    _mm256_storeu_si256((__m256i_u *)sums, add_across(products));
}

/* Of up to ROWS rows from `first` on; returns how many. */
PL_ALWAYS_INLINE int32_t dots(const struct pl_recurrent_matrix *matrix, const bool lowered,
                              int32_t first, const int8_t *x, int32_t sums[ROWS])
{
    const int8_t *row = matrix->weights + (int64_t)first * matrix->depth;
    if (matrix->rows - first >= ROWS) {
        dot_rows(ROWS, lowered, x, row, matrix->depth, sums);
        return ROWS;
    }
    dot_rows(1, lowered, x, row, matrix->depth, sums);
    return 1;
}

void PL_LEVEL(pl_add_product_hybrid_x86)(float *sums, const int8_t *x,
                                         const struct pl_recurrent_matrix *matrix,
                                         const int32_t *row_sums, int32_t zero_point, float scale)
{
    const uint32_t lift = (uint32_t)(zero_point + 128);
    for (int32_t first = 0; first < matrix->rows;) {
        int32_t found[ROWS];
        const int32_t count = dots(matrix, false, first, x, found);
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
        int32_t found[ROWS];
        const int32_t count = dots(matrix, true, first, x, found);
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
        int32_t found[ROWS];
        const int32_t count = dots(matrix, true, first, x, found);
        for (int32_t r = first; r < first + count; r++) {
            const int32_t scaled = pl_multiply(biased(found[r - first], bias[r]), multiplier);
            to[r] = (int8_t)saturate((int64_t)scaled + zero_point, INT8_MIN, INT8_MAX);
        }
        first += count;
    }
}

#endif
