/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of bytes that change their sign on the way: see vector/copy.h. */
#ifndef PL_KERNELS_X86_COPY_X86_H
#define PL_KERNELS_X86_COPY_X86_H

#include <string.h>

#include "kernels/x86/dot_x86.h"

#if defined(__AVX512F__)
static inline void pl_copy_flipped(uint8_t *to, const uint8_t *from, int64_t count, uint8_t flip)
{
    const __m512i flips = _mm512_set1_epi8((char)flip);
    for (; count >= 64; count -= 64, to += 64, from += 64)
        _mm512_storeu_si512(to, _mm512_xor_si512(_mm512_loadu_si512(from), flips));
    if (count == 0) return;
    const __mmask64 mask = _bzhi_u64(UINT64_MAX, (uint32_t)count);
    _mm512_mask_storeu_epi8(to, mask, _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, from), flips));
}

#define PL_COPY_ROWS_FLIPPED /* one mask for all rows */
static inline void pl_copy_rows_flipped(uint8_t *to, int64_t to_stride, const uint8_t *from,
                                        int64_t from_stride, int32_t rows, int64_t count,
                                        uint8_t flip)
{
    if (count > 32) {
        for (; rows > 0; rows--, to += to_stride, from += from_stride)
            pl_copy_flipped(to, from, count, flip);
        return;
    }
    const __mmask32 mask = _bzhi_u32(UINT32_MAX, (uint32_t)count);
    const __m256i flips = _mm256_set1_epi8((char)flip);
    for (; rows > 0; rows--, to += to_stride, from += from_stride) {
        const __m256i bytes = _mm256_maskz_loadu_epi8(mask, from);
        _mm256_mask_storeu_epi8(to, mask, _mm256_xor_si256(bytes, flips));
    }
}

/* Rows of three runs of `count` bytes each, behind each other, and zeros from there to 64 bytes: bit n of a mask says that
 * byte n of a row is read, of that run, or else it is `outside`. Each run is read as if the row began at its first byte:
 * what is not under the mask is not touched. */
#define PL_JOIN_THREE 64 /* the longest row */
static inline void pl_join_three(uint8_t *to, int64_t to_stride, const uint8_t *from, int64_t from_stride,
                                 int64_t run_step, int32_t rows, int64_t count, const uint64_t masks[3],
                                 uint8_t outside, uint8_t flip)
{
    const __mmask64 all = _bzhi_u64(UINT64_MAX, (uint32_t)(3 * count));
    const __m512i flips = _mm512_maskz_set1_epi8(all, (char)flip);
    const __m512i nothing = _mm512_maskz_set1_epi8(all, (char)(outside ^ flip));
    uintptr_t first = (uintptr_t)from;
    const uintptr_t step = (uintptr_t)(run_step - count);
    for (; rows > 0; rows--, to += to_stride, first += (uintptr_t)from_stride) {
        __m512i bytes = _mm512_mask_loadu_epi8(nothing, masks[0], (const void *)first);
        bytes = _mm512_mask_loadu_epi8(bytes, masks[1], (const void *)(first + step));
        bytes = _mm512_mask_loadu_epi8(bytes, masks[2], (const void *)(first + 2 * step));
        _mm512_storeu_si512(to, _mm512_xor_si512(bytes, flips));
    }
}
#else
/* Up to 31 bytes, as two that overlap. */
static inline void pl_copy_short(uint8_t *to, const uint8_t *from, int64_t count, uint64_t flips)
{
    if (count >= 16) {
        const __m128i mask = _mm_set1_epi64x((int64_t)flips);
        const __m128i a = _mm_loadu_si128((const __m128i_u *)from);
        const __m128i b = _mm_loadu_si128((const __m128i_u *)(from + count - 16));
        _mm_storeu_si128((__m128i_u *)to, _mm_xor_si128(a, mask));
        _mm_storeu_si128((__m128i_u *)(to + count - 16), _mm_xor_si128(b, mask));
    } else if (count >= 8) {
        uint64_t words[2];
        memcpy(&words[0], from, sizeof words[0]);
        memcpy(&words[1], from + count - 8, sizeof words[1]);
        words[0] ^= flips, words[1] ^= flips;
        memcpy(to, &words[0], sizeof words[0]);
        memcpy(to + count - 8, &words[1], sizeof words[1]);
    } else {
        for (int64_t i = 0; i < count; i++) to[i] = from[i] ^ (uint8_t)flips;
    }
}

static inline void pl_copy_flipped(uint8_t *to, const uint8_t *from, int64_t count, uint8_t flip)
{
    const __m256i flips = _mm256_set1_epi8((char)flip);
    for (; count >= 32; count -= 32, to += 32, from += 32)
        pl_vec_store(to, _mm256_xor_si256(pl_vec_load(from), flips));
    pl_copy_short(to, from, count, flip * UINT64_C(0x0101010101010101));
}
#endif

#endif
