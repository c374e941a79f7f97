/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of products of one vector of bytes with rows of a matrix, some of them side by side: they are as fast as the matrix
 * comes from the cache then. Each loop over the sums is unrolled, or they would not stay in registers. */
#ifndef PL_KERNELS_X86_RECURRENT_DOT_X86_H
#define PL_KERNELS_X86_RECURRENT_DOT_X86_H

#include <string.h>

#include "kernels/x86/across_x86.h"
#include "kernels/x86/widen_x86.h"

enum { PL_DOT_ROWS = PL_ACROSS };
#define PL_DOT_UNROLL _Pragma("GCC unroll 8")

#if defined(__AVX512VNNI__)

/* Inputs must be unsigned here, so 128 times the weights are summed up too, and taken off again unless `lifted`. */
enum { PL_DOT_LIFT = 128 };

/* sums[r] = dot(x, row r) of `rows` rows; if `lifted`, dot(x + PL_DOT_LIFT, row r), which is less work. */
PL_ALWAYS_INLINE void pl_dot_rows_x86(const int rows, const bool lifted, const int8_t *x, const int8_t *row, int32_t depth,
                                      int32_t sums[PL_DOT_ROWS])
{
    const __m512i offset = _mm512_set1_epi8(-128);
    __m512i products[PL_DOT_ROWS], lifts[PL_DOT_ROWS];
    __m256i halves[PL_DOT_ROWS];
    PL_DOT_UNROLL for (int r = 0; r < PL_DOT_ROWS; r++) products[r] = lifts[r] = _mm512_setzero_si512();
    for (int32_t k = 0; k < depth; k += 64) {
        const int32_t rest = depth - k;
        const __mmask64 mask = rest < 64 ? _bzhi_u64(UINT64_MAX, (uint32_t)rest) : UINT64_MAX;
        const __m512i bytes = _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, x + k), offset);
        PL_DOT_UNROLL for (int r = 0; r < rows; r++)
        {
            const __m512i w = _mm512_maskz_loadu_epi8(mask, row + (int64_t)r * depth + k);
            products[r] = _mm512_dpbusd_epi32(products[r], bytes, w);
            if (!lifted) lifts[r] = _mm512_dpbusd_epi32(lifts[r], offset, w);
        }
    }
    PL_DOT_UNROLL for (int r = 0; r < rows && !lifted; r++) products[r] = _mm512_sub_epi32(products[r], lifts[r]);
    PL_DOT_UNROLL for (int r = 0; r < PL_DOT_ROWS; r++)
    {
        halves[r] = _mm256_add_epi32(_mm512_castsi512_si256(products[r]), _mm512_extracti64x4_epi64(products[r], 1));
    }
    _mm256_storeu_si256((__m256i_u *)sums, pl_add_across_x86(halves));
}

#else

/* Bytes as words, of which pairs of products are summed. */
enum { PL_DOT_LIFT = 0, PL_DOT_BYTES = 16 };

PL_ALWAYS_INLINE void pl_dot_step(const int rows, __m256i x, const int8_t *row, int64_t stride, __m256i sums[PL_DOT_ROWS])
{
    PL_DOT_UNROLL for (int r = 0; r < rows; r++)
    {
        sums[r] = _mm256_add_epi32(sums[r], _mm256_madd_epi16(x, pl_load_words(row + r * stride)));
    }
}

/* Rows that are shorter than a step. */
static inline void pl_dot_short_rows(const int rows, const int8_t *x, const int8_t *row, int32_t depth,
                                     __m256i sums[PL_DOT_ROWS])
{
    int8_t bytes[1 + PL_DOT_ROWS][PL_DOT_BYTES] = {{0}};
    memcpy(bytes[0], x, (size_t)depth);
    for (int r = 0; r < rows; r++) memcpy(bytes[1 + r], row + (int64_t)r * depth, (size_t)depth);
    pl_dot_step(rows, pl_load_words(bytes[0]), bytes[1], PL_DOT_BYTES, sums);
}

/* sums[r] = dot(x, row r) of `rows` rows. */
PL_ALWAYS_INLINE void pl_dot_rows_x86(const int rows, const bool lifted, const int8_t *x, const int8_t *row, int32_t depth,
                                      int32_t sums[PL_DOT_ROWS])
{
    (void)lifted;
    __m256i products[PL_DOT_ROWS];
    PL_DOT_UNROLL for (int r = 0; r < PL_DOT_ROWS; r++) products[r] = _mm256_setzero_si256();
    int32_t k = 0;
    for (; k + PL_DOT_BYTES <= depth; k += PL_DOT_BYTES) pl_dot_step(rows, pl_load_words(x + k), row + k, depth, products);
    if (k < depth && depth < PL_DOT_BYTES) {
        pl_dot_short_rows(rows, x, row, depth, products);
    } else if (k < depth) { /* with some of the step before, whose inputs are zero this time */
        int8_t last[PL_DOT_BYTES] = {0};
        memcpy(last + PL_DOT_BYTES - (depth - k), x + k, (size_t)(depth - k));
        pl_dot_step(rows, pl_load_words(last), row + depth - PL_DOT_BYTES, depth, products);
    }
    _mm256_storeu_si256((__m256i_u *)sums, pl_add_across_x86(products));
}

#endif

#endif
