/* SPDX-License-Identifier: Apache-2.0 */
/* Sums and means of bytes that lie side by side, and the largest and smallest of rows. */
#include "kernels/x86/reduce_bytes_x86.h"

#include "kernels/c/reduction_c.h"
#include "kernels/c/walk_c.h"
#include "kernels/x86/bytes_x86.h"

/* ---- sums and means -------------------------------------------------------------------------- */

enum { MOST_IN_WORDS = 128 /* bytes whose sum is a word */ };

PL_ALWAYS_INLINE void sum_block(const uint8_t *in, int32_t count,
                                const struct pl_reduce_params *params, const bool is_unsigned,
                                int32_t sums[PL_VEC_WORDS])
{
    const pl_vec zero = pl_vec_set(0);
    pl_vec words = zero, low = zero, high = zero, more_low, more_high;
    struct walk walk = {0};
    int32_t summed = 0;
    for (bool more = params->count > 0; more; more = next_run(&walk, params)) {
        words = PL_VEC_16(add)(words, pl_words_of_bytes(in + walk.offset, count, is_unsigned));
        if (++summed < MOST_IN_WORDS) continue;
        pl_widen_words(words, &more_low, &more_high);
        low = pl_vec_add(low, more_low);
        high = pl_vec_add(high, more_high);
        words = zero;
        summed = 0;
    }
    pl_widen_words(words, &more_low, &more_high);
    pl_vec_store(sums, pl_vec_add(low, more_low));
    pl_vec_store(sums + PL_LANES, pl_vec_add(high, more_high));
}

PL_ALWAYS_INLINE void sum_across(uint8_t *out, const uint8_t *in, int64_t count,
                                 const struct pl_reduce_params *params, const bool is_unsigned)
{
    for (int64_t from = 0; from < count; from += PL_VEC_WORDS) {
        const int32_t width = count - from < PL_VEC_WORDS ? (int32_t)(count - from) : PL_VEC_WORDS;
        int32_t sums[PL_VEC_WORDS];
        if (width == PL_VEC_WORDS) sum_block(in + from, PL_VEC_WORDS, params, is_unsigned, sums);
        else sum_block(in + from, width, params, is_unsigned, sums);
        for (int32_t i = 0; i < width; i++)
            out[from + i] = (uint8_t)pl_reduce_finish_quantized(sums[i], params);
    }
}

void PL_LEVEL(pl_across_int8_x86)(void *out, const void *in, int64_t count,
                                  const struct pl_reduce_params *params)
{
    sum_across(out, in, count, params, false);
}

void PL_LEVEL(pl_across_uint8_x86)(void *out, const void *in, int64_t count,
                                   const struct pl_reduce_params *params)
{
    sum_across(out, in, count, params, true);
}

/* ---- the first of the largest ---------------------------------------------------------------- */

/* Bytes so that the one that is looked for is the largest unsigned one; 0 behind the last. */
PL_ALWAYS_INLINE pl_vec load_flipped(const uint8_t *from, int64_t count, uint8_t flip)
{
    const pl_vec flips = PL_VEC_8(set1)((char)flip);
#if defined(__AVX512F__)
    const __mmask64 mask = _bzhi_u64(UINT64_MAX, count < 64 ? (uint32_t)count : 64);
    return _mm512_maskz_mov_epi8(mask,
                                 _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, from), flips));
#else
    uint8_t bytes[PL_VEC_BYTES];
    if (count >= PL_VEC_BYTES) return PL_VEC_XOR(pl_vec_load(from), flips);
    memset(bytes, flip, sizeof bytes);
    memcpy(bytes, from, (size_t)count);
    return PL_VEC_XOR(pl_vec_load(bytes), flips);
#endif
}

/* Bit n: byte n is this one. */
PL_ALWAYS_INLINE uint64_t equal_bytes(pl_vec x, uint8_t byte)
{
#if defined(__AVX512F__)
    return _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8((char)byte));
#else
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(x, _mm256_set1_epi8((char)byte)));
#endif
}

/* Of up to FEW bytes, a row of few classes, with less than other rows take: inverted, so that the smallest one is looked for,
 * for which there is an instruction. So many bytes can be read. */
enum { FEW = 32 };
PL_ALWAYS_INLINE int32_t first_largest_of_few(const uint8_t *in, int64_t count, const uint8_t flip)
{
    const __m256i inversion = _mm256_set1_epi8((char)~flip);
#if defined(__AVX512F__)
    const __mmask32 mask = _bzhi_u32(UINT32_MAX, (uint32_t)count);
    const __m256i bytes = _mm256_mask_loadu_epi8(_mm256_set1_epi8((char)flip), mask, in);
    const __m256i inverted = _mm256_xor_si256(bytes, inversion);
#else
    static const uint8_t behind[2 * FEW] = {[FEW... 2 * FEW - 1] = UINT8_MAX};
    const __m256i mask = _mm256_loadu_si256((const __m256i_u *)(behind + FEW - count));
    const __m256i bytes = _mm256_xor_si256(_mm256_loadu_si256((const __m256i_u *)in), inversion);
    const __m256i inverted = _mm256_or_si256(bytes, mask);
#endif
    const __m128i half = _mm_min_epu8(_mm256_castsi256_si128(inverted), _mm256_extracti128_si256(inverted, 1));
    const __m128i smallest = _mm_minpos_epu16(_mm_min_epu8(half, _mm_srli_epi16(half, 8)));
    return __builtin_ctz((uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(inverted, _mm256_broadcastb_epi8(smallest))));
}

/* Of the bytes that can be read, the first `count`. */
PL_ALWAYS_INLINE int32_t first_largest(const uint8_t *in, int64_t count, int64_t readable, const uint8_t flip)
{
    if (count <= FEW && readable >= FEW) return first_largest_of_few(in, count, flip);
    if (count <= PL_VEC_BYTES) {
        const pl_vec x = load_flipped(in, count, flip);
        return (int32_t)__builtin_ctzll(equal_bytes(x, pl_largest_byte(x)));
    }
    pl_vec most = pl_vec_set(0);
    for (int64_t i = 0; i < count; i += PL_VEC_BYTES)
        most = PL_VEC_U8(max)(most, load_flipped(in + i, count - i, flip));
    const uint8_t largest = pl_largest_byte(most);
    for (int64_t i = 0;; i += PL_VEC_BYTES) {
        const uint64_t equal = equal_bytes(load_flipped(in + i, count - i, flip), largest);
        if (equal != 0) return (int32_t)(i + __builtin_ctzll(equal));
    }
}

#define DEFINE_ARG(name, flip)                                                                     \
    void PL_LEVEL(pl_##name##_x86)(int32_t * index, const void *in, int64_t count, int64_t axis,   \
                                   int64_t stride)                                                 \
    {                                                                                              \
        if (stride != 1) PL_LEVEL(pl_##name##_c)(index, in, count, axis, stride);                  \
        for (int64_t i = 0; i < count && stride == 1; i++)                                         \
            index[i] = first_largest((const uint8_t *)in + i * axis, axis, (count - i) * axis, flip); \
    }

DEFINE_ARG(arg_max_uint8, 0)
DEFINE_ARG(arg_max_int8, 0x80)
DEFINE_ARG(arg_min_uint8, 0xff)
DEFINE_ARG(arg_min_int8, 0x7f)
