/* SPDX-License-Identifier: Apache-2.0 */
/* A vector of bytes, or the first few of one. */
#ifndef PL_KERNELS_X86_BYTES_X86_H
#define PL_KERNELS_X86_BYTES_X86_H

#include "kernels/x86/dot_x86.h"

enum { PL_VEC_BYTES = 4 * PL_LANES, PL_VEC_WORDS = 2 * PL_LANES };

#if defined(__AVX512F__)
#define PL_VEC_8(name)   _mm512_##name##_epi8
#define PL_VEC_U8(name)  _mm512_##name##_epu8
#define PL_VEC_U16(name) _mm512_##name##_epu16

/* 0 < count <= PL_VEC_BYTES; zeros come for the others. */
PL_ALWAYS_INLINE pl_vec pl_bytes_load(const void *from, int32_t count)
{
    return _mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX, (uint32_t)count), from);
}

PL_ALWAYS_INLINE void pl_bytes_store(void *to, pl_vec x, int32_t count)
{
    _mm512_mask_storeu_epi8(to, _bzhi_u64(UINT64_MAX, (uint32_t)count), x);
}

/* 0 < count <= PL_VEC_WORDS bytes as words. */
PL_ALWAYS_INLINE pl_vec pl_words_of_bytes(const void *from, int32_t count, const bool is_unsigned)
{
    const __m256i bytes =
        _mm256_maskz_loadu_epi8((__mmask32)_bzhi_u32(UINT32_MAX, (uint32_t)count), from);
    return is_unsigned ? _mm512_cvtepu8_epi16(bytes) : _mm512_cvtepi8_epi16(bytes);
}

/* Words in the order of two vectors of 32 bits. */
PL_ALWAYS_INLINE void pl_widen_words(pl_vec words, pl_vec *low, pl_vec *high)
{
    *low = _mm512_cvtepi16_epi32(_mm512_castsi512_si256(words));
    *high = _mm512_cvtepi16_epi32(_mm512_extracti64x4_epi64(words, 1));
}

/* The lowest bytes of two vectors of 32 bits. */
PL_ALWAYS_INLINE void pl_store_lowest_bytes(uint8_t *to, pl_vec low, pl_vec high, int32_t count)
{
    const __m256i bytes = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm512_cvtepi32_epi8(low)),
                                                  _mm512_cvtepi32_epi8(high), 1);
    _mm256_mask_storeu_epi8(to, (__mmask32)_bzhi_u32(UINT32_MAX, (uint32_t)count), bytes);
}

#else
#define PL_VEC_8(name)   _mm256_##name##_epi8
#define PL_VEC_U8(name)  _mm256_##name##_epu8
#define PL_VEC_U16(name) _mm256_##name##_epu16

PL_ALWAYS_INLINE pl_vec pl_bytes_load(const void *from, int32_t count)
{
    if (count == PL_VEC_BYTES) return pl_vec_load(from);
    uint8_t bytes[PL_VEC_BYTES] = {0};
    memcpy(bytes, from, (size_t)count);
    return pl_vec_load(bytes);
}

PL_ALWAYS_INLINE void pl_bytes_store(void *to, pl_vec x, int32_t count)
{
    uint8_t bytes[PL_VEC_BYTES];
    if (count == PL_VEC_BYTES) {
        pl_vec_store(to, x);
        return;
    }
    pl_vec_store(bytes, x);
    memcpy(to, bytes, (size_t)count);
}

PL_ALWAYS_INLINE pl_vec pl_words_of_bytes(const void *from, int32_t count, const bool is_unsigned)
{
    uint8_t rest[PL_VEC_WORDS] = {0};
    if (count < PL_VEC_WORDS) from = memcpy(rest, from, (size_t)count);
    const __m128i bytes = _mm_loadu_si128((const __m128i_u *)from);
    return is_unsigned ? _mm256_cvtepu8_epi16(bytes) : _mm256_cvtepi8_epi16(bytes);
}

PL_ALWAYS_INLINE void pl_widen_words(pl_vec words, pl_vec *low, pl_vec *high)
{
    *low = _mm256_cvtepi16_epi32(_mm256_castsi256_si128(words));
    *high = _mm256_cvtepi16_epi32(_mm256_extracti128_si256(words, 1));
}

PL_ALWAYS_INLINE void pl_store_lowest_bytes(uint8_t *to, pl_vec low, pl_vec high, int32_t count)
{
    const __m256i lowest = _mm256_set1_epi32(0xff);
    const __m256i words =
        _mm256_packus_epi32(_mm256_and_si256(low, lowest), _mm256_and_si256(high, lowest));
    const __m256i ordered = _mm256_permute4x64_epi64(words, 0xd8);
    const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packus_epi16(ordered, ordered), 0x08);
    uint8_t rest[PL_VEC_WORDS];
    _mm_storeu_si128((__m128i_u *)(count == PL_VEC_WORDS ? to : rest),
                     _mm256_castsi256_si128(bytes));
    if (count < PL_VEC_WORDS) memcpy(to, rest, (size_t)count);
}

#endif

/* The largest one, unsigned. */
PL_ALWAYS_INLINE uint8_t pl_largest_byte(pl_vec x)
{
#if defined(__AVX512F__)
    const __m256i half =
        _mm256_max_epu8(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
#else
    const __m256i half = x;
#endif
    const __m128i quarter =
        _mm_max_epu8(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    /* There is an instruction for the smallest of eight words. */
    const __m128i inverted = _mm_xor_si128(quarter, _mm_set1_epi8(-1));
    const __m128i words = _mm_min_epu8(inverted, _mm_srli_epi16(inverted, 8));
    return (uint8_t)~_mm_cvtsi128_si32(_mm_minpos_epu16(words));
}

#endif
