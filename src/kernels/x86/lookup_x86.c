/* SPDX-License-Identifier: Apache-2.0 */
/* Any function of bytes, by its table. */
#include "kernels/x86/lookup_x86.h"

#include <immintrin.h>

#include "kernels/loop.h"

#if defined(__AVX512F__)

/* The table as 128 words, four vectors of them: a byte's upper seven bits choose a word, its lowest
 * one the half. */
struct table {
    __m512i words[4];
};

/* Words `index`, 0 to 127 in the lowest bits; `upper` says which are from 64 on. */
PL_ALWAYS_INLINE __m512i find_words(const struct table *table, __m512i index, __mmask32 upper)
{
    const __m512i low = _mm512_permutex2var_epi16(table->words[0], index, table->words[1]);
    const __m512i high = _mm512_permutex2var_epi16(table->words[2], index, table->words[3]);
    return _mm512_mask_mov_epi16(low, upper, high);
}

PL_ALWAYS_INLINE __m512i find_bytes(const struct table *table, __m512i bytes)
{
    const __m512i one = _mm512_set1_epi16(1);
    const __m512i even_index = _mm512_srli_epi16(_mm512_slli_epi16(bytes, 8), 9),
                  odd_index = _mm512_srli_epi16(bytes, 9);
    const __m512i even =
        find_words(table, even_index, _mm512_test_epi16_mask(bytes, _mm512_set1_epi16(0x80)));
    const __m512i odd = find_words(table, odd_index, _mm512_movepi16_mask(bytes));
    /* The half that was asked for, to the half where it belongs. */
    const __mmask32 even_half = _mm512_test_epi16_mask(bytes, one);
    const __mmask32 odd_half = _mm512_test_epi16_mask(bytes, _mm512_set1_epi16(0x100));
    const __m512i low = _mm512_mask_srli_epi16(even, even_half, even, 8);
    const __m512i high = _mm512_mask_slli_epi16(odd, (__mmask32)~odd_half, odd, 8);
    return _mm512_mask_mov_epi8(high, 0x5555555555555555u, low);
}

enum { STEP = 64 };

void PL_LEVEL(pl_lookup_8_x86)(void *out_data, const void *in_data, int64_t count,
                               const struct pl_unary_params *params)
{
    uint8_t *out = out_data;
    const uint8_t *in = in_data;
    struct table table;
    for (int i = 0; i < 4; i++) table.words[i] = _mm512_loadu_si512(params->lookup_8 + i * STEP);
    for (; count >= STEP; count -= STEP, in += STEP, out += STEP)
        _mm512_storeu_si512(out, find_bytes(&table, _mm512_loadu_si512(in)));
    if (count == 0) return;
    const __mmask64 mask = _bzhi_u64(UINT64_MAX, (uint32_t)count);
    _mm512_mask_storeu_epi8(out, mask, find_bytes(&table, _mm512_maskz_loadu_epi8(mask, in)));
}

#else

enum { STEP = 32, PARTS = 16 };

/* Of each part of 16 bytes only those that the byte's upper bits name; others have their highest
 * bit set then, for which a shuffle gives 0. */
PL_ALWAYS_INLINE __m256i find_bytes(const __m256i parts[PARTS], __m256i bytes)
{
    __m256i found = _mm256_setzero_si256();
#pragma GCC unroll 16
    for (int i = 0; i < PARTS; i++) {
        const __m256i distance = _mm256_xor_si256(bytes, _mm256_set1_epi8((char)(i << 4)));
        const __m256i index = _mm256_adds_epu8(distance, _mm256_set1_epi8(0x70));
        found = _mm256_or_si256(found, _mm256_shuffle_epi8(parts[i], index));
    }
    return found;
}

void PL_LEVEL(pl_lookup_8_x86)(void *out_data, const void *in_data, int64_t count,
                               const struct pl_unary_params *params)
{
    uint8_t *out = out_data;
    const uint8_t *in = in_data;
    __m256i parts[PARTS];
    for (int i = 0; i < PARTS; i++) {
        parts[i] = _mm256_broadcastsi128_si256(
            _mm_loadu_si128((const __m128i_u *)(params->lookup_8 + i * PARTS)));
    }
    for (; count >= STEP; count -= STEP, in += STEP, out += STEP)
        _mm256_storeu_si256((__m256i_u *)out,
                            find_bytes(parts, _mm256_loadu_si256((const __m256i_u *)in)));
    for (int64_t i = 0; i < count; i++) out[i] = params->lookup_8[in[i]];
}

#endif
