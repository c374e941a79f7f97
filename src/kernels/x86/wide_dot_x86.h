/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of products of int16 and int8: see vector/wide_dot.h. Pairs of products are added in 32 bits and widened in time. */
#ifndef PL_KERNELS_X86_WIDE_DOT_X86_H
#define PL_KERNELS_X86_WIDE_DOT_X86_H

#include <string.h>

#include "kernels/x86/gemm_dot_x86.h"

/* A pair of products is at most 2^23. */
enum { PL_WIDE_ROWS = 4, PL_WIDE_STEPS = 255, PL_WIDE_PARTS = PL_GEMM_BLOCK * PL_GEMM_STEP / 2 / PL_LANES };
enum { PL_WIDE_SUMS = PL_GEMM_BLOCK * 2 / PL_LANES /* vectors of 64 bits */ };

PL_ALWAYS_INLINE pl_vec pl_widen_bytes(const int8_t *from)
{
#if defined(__AVX512F__)
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i_u *)from));
#else
    return pl_load_words(from);
#endif
}

/* The same inputs for all outputs. */
PL_ALWAYS_INLINE pl_vec pl_spread_step(const int16_t *from)
{
#if defined(PL_GEMM_WORDS)
    return pl_vec_set(pl_load_4(from));
#else
    int64_t x;
    memcpy(&x, from, sizeof x);
#if defined(__AVX512F__)
    return _mm512_set1_epi64(x);
#else
    return _mm256_set1_epi64x(x);
#endif
#endif
}

/* Two k of an output are one number, of which eight become two vectors; four k are two numbers side by side, which become one. */
PL_ALWAYS_INLINE void pl_add_narrow(pl_vec *sums, pl_vec x)
{
#if defined(PL_GEMM_WORDS)
    sums[0] = _mm256_add_epi64(sums[0], _mm256_cvtepi32_epi64(_mm256_castsi256_si128(x)));
    sums[1] = _mm256_add_epi64(sums[1], _mm256_cvtepi32_epi64(_mm256_extracti128_si256(x, 1)));
#elif defined(__AVX512F__)
    const __m512i even = _mm512_srai_epi64(_mm512_slli_epi64(x, 32), 32);
    *sums = _mm512_add_epi64(_mm512_add_epi64(*sums, even), _mm512_srai_epi64(x, 32));
#else
    const __m256i one = _mm256_set1_epi64x(1); /* a product widens the lower half */
    const __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(x, 32), one);
    *sums = _mm256_add_epi64(_mm256_add_epi64(*sums, _mm256_mul_epi32(x, one)), odd);
#endif
}

/* All loops over the tile are unrolled: the sums would lie in memory else. */
#define PL_WIDE_UNROLL _Pragma("GCC unroll 4")

/* rows x 16 outputs over `count` steps. */
PL_ALWAYS_INLINE void pl_multiply_steps(const int rows, const int16_t *input, int64_t stride,
                                        const int8_t *weights, int64_t count,
                                        pl_vec wide[PL_WIDE_ROWS][PL_WIDE_SUMS])
{
    pl_vec narrow[PL_WIDE_ROWS][PL_WIDE_PARTS];
    PL_WIDE_UNROLL for (int r = 0; r < rows; r++)
    {
        PL_WIDE_UNROLL for (int p = 0; p < PL_WIDE_PARTS; p++) narrow[r][p] = pl_vec_set(0);
    }
    for (int64_t i = 0; i < count; i++, input += PL_GEMM_STEP) {
        pl_vec w[PL_WIDE_PARTS];
        PL_WIDE_UNROLL for (int p = 0; p < PL_WIDE_PARTS; p++, weights += PL_LANES * 2) w[p] = pl_widen_bytes(weights);
        PL_WIDE_UNROLL for (int r = 0; r < rows; r++)
        {
            const pl_vec x = pl_spread_step(input + r * stride);
            PL_WIDE_UNROLL for (int p = 0; p < PL_WIDE_PARTS; p++)
            {
                narrow[r][p] = pl_vec_add(narrow[r][p], PL_VEC_16(madd)(x, w[p]));
            }
        }
    }
    PL_WIDE_UNROLL for (int r = 0; r < rows; r++)
    {
        PL_WIDE_UNROLL for (int p = 0; p < PL_WIDE_PARTS; p++)
        {
            pl_add_narrow(&wide[r][p * (PL_WIDE_SUMS / PL_WIDE_PARTS)], narrow[r][p]);
        }
    }
}

PL_ALWAYS_INLINE void pl_wide_multiply(const int rows, const int16_t *input, int64_t stride,
                                       const int8_t *weights, int64_t steps, int32_t count,
                                       int64_t sums[PL_WIDE_ROWS][PL_GEMM_BLOCK])
{
    (void)count;
    pl_vec wide[PL_WIDE_ROWS][PL_WIDE_SUMS];
    memset(wide, 0, sizeof wide);
    while (steps > 0) {
        const int64_t now = steps < PL_WIDE_STEPS ? steps : PL_WIDE_STEPS;
        pl_multiply_steps(rows, input, stride, weights, now, wide);
        input += now * PL_GEMM_STEP;
        weights += now * PL_GEMM_STEP * PL_GEMM_BLOCK;
        steps -= now;
    }
    memcpy(sums, wide, sizeof wide);
}

typedef void (*pl_wide_function)(const int16_t *input, int64_t stride, const int8_t *weights,
                                 int64_t steps, int32_t count,
                                 int64_t sums[PL_WIDE_ROWS][PL_GEMM_BLOCK]);

#define PL_DEFINE_WIDE(rows)                                                                       \
    static void pl_wide_multiply_##rows(const int16_t *input, int64_t stride,                      \
                                        const int8_t *weights, int64_t steps, int32_t count,       \
                                        int64_t sums[PL_WIDE_ROWS][PL_GEMM_BLOCK])                 \
    {                                                                                              \
        pl_wide_multiply(rows, input, stride, weights, steps, count, sums);                        \
    }
#define PL_LIST_WIDE(F) F(1) F(2) F(3) F(4)
PL_LIST_WIDE(PL_DEFINE_WIDE)
#define PL_NAME_WIDE(rows) pl_wide_multiply_##rows,
static const pl_wide_function pl_wide_multiplies[] = {PL_LIST_WIDE(PL_NAME_WIDE)};

#endif
