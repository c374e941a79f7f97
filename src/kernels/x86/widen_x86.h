/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as words. */
#ifndef PL_KERNELS_X86_WIDEN_X86_H
#define PL_KERNELS_X86_WIDEN_X86_H

#include "kernels/x86/dot_x86.h"

enum { PL_WIDEN_STEP = 16 };

/* Sixteen of them. */
PL_ALWAYS_INLINE __m256i pl_load_words(const int8_t *from)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i_u *)from));
}

PL_ALWAYS_INLINE void pl_widen_step(int16_t *to, const uint8_t *from, const bool is_signed)
{
    const __m128i bytes = _mm_loadu_si128((const __m128i_u *)from);
    const __m256i words = is_signed ? _mm256_cvtepi8_epi16(bytes) : _mm256_cvtepu8_epi16(bytes);
    _mm256_storeu_si256((__m256i_u *)to, words);
}

PL_ALWAYS_INLINE void pl_widen_half(int16_t *to, const uint8_t *from, const bool is_signed)
{
    const __m128i bytes = _mm_loadl_epi64((const __m128i_u *)from);
    _mm_storeu_si128((__m128i_u *)to, is_signed ? _mm_cvtepi8_epi16(bytes) : _mm_cvtepu8_epi16(bytes));
}

PL_ALWAYS_INLINE void pl_widen_as(int16_t *to, const uint8_t *from, int64_t count, const bool is_signed)
{
    int64_t i = 0;
    for (; i + PL_WIDEN_STEP <= count; i += PL_WIDEN_STEP) pl_widen_step(to + i, from + i, is_signed);
    if (i == count) return;
    if (count >= PL_WIDEN_STEP) { /* with some of the step before */
        pl_widen_step(to + count - PL_WIDEN_STEP, from + count - PL_WIDEN_STEP, is_signed);
        return;
    }
    if (count >= PL_WIDEN_STEP / 2) { /* as two that overlap */
        pl_widen_half(to, from, is_signed);
        pl_widen_half(to + count - PL_WIDEN_STEP / 2, from + count - PL_WIDEN_STEP / 2, is_signed);
        return;
    }
    for (; i < count; i++) to[i] = is_signed ? (int8_t)from[i] : from[i];
}

static inline void pl_widen(void *to, const uint8_t *from, int64_t count, bool is_signed)
{
    if (is_signed) pl_widen_as(to, from, count, true);
    else pl_widen_as(to, from, count, false);
}

/* The sum of so many words, which wraps. */
static inline uint32_t pl_sum_words(const int16_t *from, int64_t count)
{
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i wide = _mm256_setzero_si256();
    for (; count >= PL_WIDEN_STEP; count -= PL_WIDEN_STEP, from += PL_WIDEN_STEP)
        wide = _mm256_add_epi32(wide, _mm256_madd_epi16(_mm256_loadu_si256((const __m256i_u *)from), ones));
    int16_t rest[PL_WIDEN_STEP] = {0};
    memcpy(rest, from, (size_t)count * sizeof *rest);
    wide = _mm256_add_epi32(wide, _mm256_madd_epi16(_mm256_loadu_si256((const __m256i_u *)rest), ones));
    __m128i sums = _mm_add_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
    sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0x4e));
    return (uint32_t)_mm_cvtsi128_si32(_mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0xb1)));
}

#endif
