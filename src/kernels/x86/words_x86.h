/* SPDX-License-Identifier: Apache-2.0 */
/* Unsigned numbers of 32 bits (words) and of 64 (longs) in the vectors of a level: what dot_x86.h has for numbers with a sign. */
#ifndef PL_KERNELS_X86_WORDS_X86_H
#define PL_KERNELS_X86_WORDS_X86_H

#include "kernels/x86/dot_x86.h"

enum { PL_WORDS = PL_LANES, PL_LONGS = PL_LANES / 2 };

#if defined(__AVX512F__)
#define PL_VEC_64(name)    _mm512_##name##_epi64
#define PL_VEC_WORDS(name) _mm512_##name##_epu32
#else
#define PL_VEC_64(name)    _mm256_##name##_epi64
#define PL_VEC_WORDS(name) _mm256_##name##_epu32
#endif

PL_ALWAYS_INLINE pl_vec pl_words_set(uint32_t x)
{
    return pl_vec_set((int32_t)x);
}

/* Products of even words, in 64 bits; what odd lanes have does not matter. */
PL_ALWAYS_INLINE pl_vec pl_multiply_even(pl_vec a, pl_vec b)
{
    return PL_VEC_WORDS(mul)(a, b);
}

PL_ALWAYS_INLINE pl_vec pl_words_min(pl_vec a, pl_vec b)
{
    return PL_VEC_WORDS(min)(a, b);
}

PL_ALWAYS_INLINE pl_vec pl_words_max(pl_vec a, pl_vec b)
{
    return PL_VEC_WORDS(max)(a, b);
}

#if defined(__AVX512F__)

PL_ALWAYS_INLINE pl_vec pl_longs_set(uint64_t x)
{
    return _mm512_set1_epi64((int64_t)x);
}

/* Words of even lanes from one, of odd lanes from the other. */
PL_ALWAYS_INLINE pl_vec pl_words_alternate(pl_vec even, pl_vec odd)
{
    return _mm512_mask_mov_epi32(odd, 0x5555, even);
}

/* All bits where a is not above the other, or none. */
PL_ALWAYS_INLINE pl_vec pl_words_up_to(pl_vec a, pl_vec most)
{
    return _mm512_movm_epi32(_mm512_cmple_epu32_mask(a, most));
}

/* All bits where a is above b, or none: with signs. */
PL_ALWAYS_INLINE pl_vec pl_longs_above(pl_vec a, pl_vec b)
{
    return _mm512_movm_epi64(_mm512_cmpgt_epi64_mask(a, b));
}

/* The lanes of a where `all` has all bits, those of b where it has none. */
PL_ALWAYS_INLINE pl_vec pl_vec_choose(pl_vec all, pl_vec a, pl_vec b)
{
    return _mm512_ternarylogic_epi32(all, a, b, 0xca);
}

/* Zeros above the highest bit, 32 of 0. */
PL_ALWAYS_INLINE pl_vec pl_words_leading_zeros(pl_vec x)
{
    return _mm512_lzcnt_epi32(x);
}

/* Words at table + 2 * index bytes. */
PL_ALWAYS_INLINE pl_vec pl_words_gather_halves(const int16_t *table, pl_vec index)
{
    return _mm512_i32gather_epi32(index, (const void *)table, sizeof *table);
}

/* The first `count` words, zeros behind; all if count is larger than the vector. Nothing behind is touched. */
PL_ALWAYS_INLINE pl_vec pl_words_load_first(const void *from, int64_t count)
{
    return _mm512_maskz_loadu_epi32((__mmask16)_bzhi_u32(UINT16_MAX, count < PL_WORDS ? (uint32_t)count : PL_WORDS), from);
}

PL_ALWAYS_INLINE void pl_words_store_first(void *to, pl_vec x, int64_t count)
{
    _mm512_mask_storeu_epi32(to, (__mmask16)_bzhi_u32(UINT16_MAX, count < PL_WORDS ? (uint32_t)count : PL_WORDS), x);
}

/* The first `count` numbers, up to PL_LONGS, each as one long; zeros behind, and nothing there is touched. */
PL_ALWAYS_INLINE pl_vec pl_longs_of_words(const uint32_t *from, int32_t count)
{
    return _mm512_cvtepu32_epi64(_mm256_maskz_loadu_epi32((__mmask8)_bzhi_u32(UINT8_MAX, (uint32_t)count), from));
}

PL_ALWAYS_INLINE pl_vec pl_longs_of_halves(const int16_t *from, int32_t count)
{
    return _mm512_cvtepi16_epi64(_mm_maskz_loadu_epi16((__mmask8)_bzhi_u32(UINT8_MAX, (uint32_t)count), from));
}

/* The lower words of the first `count` longs, all if that is more. */
PL_ALWAYS_INLINE void pl_lower_words_store_first(uint32_t *to, pl_vec x, int64_t count)
{
    const uint32_t stored = count < PL_LONGS ? (uint32_t)count : PL_LONGS;
    _mm256_mask_storeu_epi32(to, (__mmask8)_bzhi_u32(UINT8_MAX, stored), _mm512_cvtepi64_epi32(x));
}

/* The lower halves of the first `count` words, all if that is more; words are up to INT16_MAX. */
PL_ALWAYS_INLINE void pl_lower_halves_store_first(int16_t *to, pl_vec x, int64_t count)
{
    const uint32_t stored = count < PL_WORDS ? (uint32_t)count : PL_WORDS;
    _mm256_mask_storeu_epi16(to, (__mmask16)_bzhi_u32(UINT16_MAX, stored), _mm512_cvtepi32_epi16(x));
}

PL_ALWAYS_INLINE uint64_t pl_longs_sum(pl_vec x)
{
    return (uint64_t)_mm512_reduce_add_epi64(x);
}

/* Square roots in double, without what is behind the point. */
PL_ALWAYS_INLINE pl_vec pl_longs_close_roots(pl_vec x)
{
    return _mm512_cvttpd_epu64(_mm512_sqrt_pd(_mm512_cvtepu64_pd(x)));
}

#else

PL_ALWAYS_INLINE pl_vec pl_longs_set(uint64_t x)
{
    return _mm256_set1_epi64x((int64_t)x);
}

PL_ALWAYS_INLINE pl_vec pl_words_alternate(pl_vec even, pl_vec odd)
{
    return _mm256_blend_epi32(even, odd, 0xaa);
}

PL_ALWAYS_INLINE pl_vec pl_words_up_to(pl_vec a, pl_vec most)
{
    return _mm256_cmpeq_epi32(_mm256_min_epu32(a, most), a);
}

PL_ALWAYS_INLINE pl_vec pl_longs_above(pl_vec a, pl_vec b)
{
    return _mm256_cmpgt_epi64(a, b);
}

PL_ALWAYS_INLINE pl_vec pl_vec_choose(pl_vec all, pl_vec a, pl_vec b)
{
    return _mm256_blendv_epi8(b, a, all);
}

/* From the exponent of the float. With the bit behind the highest one cleared it is not rounded up to a power of two. What
 * has the highest bit is negative there. */
PL_ALWAYS_INLINE pl_vec pl_words_leading_zeros(pl_vec x)
{
    const pl_vec rounds_down = _mm256_andnot_si256(_mm256_srli_epi32(x, 1), x);
    const pl_vec exponent = _mm256_srli_epi32(_mm256_castps_si256(_mm256_cvtepi32_ps(rounds_down)), 23);
    const pl_vec zeros = _mm256_min_epi32(_mm256_sub_epi32(pl_vec_set(127 + 31), exponent), pl_vec_set(32));
    return _mm256_andnot_si256(_mm256_srai_epi32(x, 31), zeros);
}

PL_ALWAYS_INLINE pl_vec pl_words_gather_halves(const int16_t *table, pl_vec index)
{
    return _mm256_i32gather_epi32((const int *)(const void *)table, index, sizeof *table);
}

PL_ALWAYS_INLINE pl_vec pl_words_load_first(const void *from, int64_t count)
{
    if (count >= PL_WORDS) return pl_vec_load(from);
    const __m256i ramp = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_maskload_epi32((const int *)from, _mm256_cmpgt_epi32(pl_vec_set((int32_t)count), ramp));
}

/* Masked stores of AVX2 take tens of cycles on some processors. */
PL_ALWAYS_INLINE void pl_words_store_first(void *to, pl_vec x, int64_t count)
{
    if (count >= PL_WORDS) {
        pl_vec_store(to, x);
        return;
    }
    uint32_t lanes[PL_WORDS];
    pl_vec_store(lanes, x);
    memcpy(to, lanes, (size_t)count * sizeof *lanes);
}

PL_ALWAYS_INLINE pl_vec pl_longs_of_words(const uint32_t *from, int32_t count)
{
    if (count == PL_LONGS) return _mm256_cvtepu32_epi64(_mm_loadu_si128((const __m128i_u *)from));
    const __m128i there = _mm_cmpgt_epi32(_mm_set1_epi32(count), _mm_setr_epi32(0, 1, 2, 3));
    return _mm256_cvtepu32_epi64(_mm_maskload_epi32((const int *)(const void *)from, there));
}

PL_ALWAYS_INLINE pl_vec pl_longs_of_halves(const int16_t *from, int32_t count)
{
    if (count == PL_LONGS) return _mm256_cvtepi16_epi64(_mm_loadl_epi64((const __m128i_u *)from));
    const uint64_t third = count == 3 ? (uint64_t)(uint16_t)from[2] << 32 : 0;
    const uint64_t others = count == 1 ? (uint16_t)from[0] : (uint32_t)pl_load_4(from);
    return _mm256_cvtepi16_epi64(_mm_cvtsi64_si128((int64_t)(third | others)));
}

PL_ALWAYS_INLINE void pl_lower_words_store_first(uint32_t *to, pl_vec x, int64_t count)
{
    const pl_vec lower = _mm256_permutevar8x32_epi32(x, _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6));
    uint32_t lanes[PL_LONGS];
    _mm_storeu_si128((__m128i_u *)(count < PL_LONGS ? lanes : to), _mm256_castsi256_si128(lower));
    if (count < PL_LONGS) memcpy(to, lanes, (size_t)count * sizeof *lanes);
}

PL_ALWAYS_INLINE void pl_lower_halves_store_first(int16_t *to, pl_vec x, int64_t count)
{
    const __m128i halves = _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    int16_t lanes[PL_WORDS];
    _mm_storeu_si128((__m128i_u *)(count < PL_WORDS ? lanes : to), halves);
    if (count < PL_WORDS) memcpy(to, lanes, (size_t)count * sizeof *lanes);
}

PL_ALWAYS_INLINE uint64_t pl_longs_sum(pl_vec x)
{
    const __m128i pair = _mm_add_epi64(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    return (uint64_t)_mm_extract_epi64(pair, 0) + (uint64_t)_mm_extract_epi64(pair, 1);
}

/* Halves of 32 bits behind the exponents 52 and 84 are numbers already, and their sum is rounded once. */
PL_ALWAYS_INLINE pl_vec pl_longs_close_roots(pl_vec x)
{
    const __m256d low = _mm256_castsi256_pd(_mm256_blend_epi32(x, pl_longs_set(UINT64_C(0x433) << 52), 0xaa));
    const __m256d high = _mm256_castsi256_pd(
        _mm256_or_si256(_mm256_srli_epi64(x, 32), pl_longs_set(UINT64_C(0x453) << 52)));
    const __m256d number = _mm256_add_pd(_mm256_sub_pd(high, _mm256_set1_pd(0x1p84 + 0x1p52)), low);
    const __m256d root = _mm256_add_pd(_mm256_floor_pd(_mm256_sqrt_pd(number)), _mm256_set1_pd(0x1p52));
    return _mm256_xor_si256(_mm256_castpd_si256(root), pl_longs_set(UINT64_C(0x433) << 52));
}

#endif

#endif
