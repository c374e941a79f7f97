/* SPDX-License-Identifier: Apache-2.0 */
/* Sixteen floats, the width of a packed block: one vector of AVX-512 or two of AVX2, so that a
 * kernel is written once for both. */
#ifndef PL_KERNELS_X86_FLOATS_X86_H
#define PL_KERNELS_X86_FLOATS_X86_H

#include <immintrin.h>
#include <stdint.h>

#include "kernels/loop.h"

enum { PL_FLOATS = 16 };

#if defined(__AVX512F__)

enum { PL_FLOATS_VECTORS = 1 };
struct pl_floats {
    __m512 v;
};
/* Which of the sixteen are there. */
struct pl_floats_mask {
    __mmask16 m;
    int32_t count;
};

PL_ALWAYS_INLINE struct pl_floats pl_floats_set(float x)
{
    return (struct pl_floats){_mm512_set1_ps(x)};
}

PL_ALWAYS_INLINE struct pl_floats pl_floats_load(const float *from)
{
    return (struct pl_floats){_mm512_loadu_ps(from)};
}

PL_ALWAYS_INLINE void pl_floats_store(float *to, struct pl_floats x)
{
    _mm512_storeu_ps(to, x.v);
}

/* The first `count` of sixteen, 0 to 16. */
PL_ALWAYS_INLINE struct pl_floats_mask pl_floats_first(int32_t count)
{
    return (struct pl_floats_mask){(__mmask16)((1u << count) - 1), count};
}

/* Nothing is read or written where the mask is not set; zeros come instead. */
PL_ALWAYS_INLINE struct pl_floats pl_floats_load_masked(const float *from,
                                                        struct pl_floats_mask mask)
{
    return (struct pl_floats){_mm512_maskz_loadu_ps(mask.m, from)};
}

PL_ALWAYS_INLINE void pl_floats_store_masked(float *to, struct pl_floats x,
                                             struct pl_floats_mask mask)
{
    _mm512_mask_storeu_ps(to, mask.m, x.v);
}

PL_ALWAYS_INLINE struct pl_floats pl_floats_add(struct pl_floats a, struct pl_floats b)
{
    return (struct pl_floats){_mm512_add_ps(a.v, b.v)};
}

PL_ALWAYS_INLINE struct pl_floats pl_floats_multiply(struct pl_floats a, struct pl_floats b)
{
    return (struct pl_floats){_mm512_mul_ps(a.v, b.v)};
}

PL_ALWAYS_INLINE struct pl_floats pl_floats_divide(struct pl_floats a, struct pl_floats b)
{
    return (struct pl_floats){_mm512_div_ps(a.v, b.v)};
}

/* a * b + sum in one rounding. */
PL_ALWAYS_INLINE struct pl_floats pl_floats_fma(struct pl_floats a, struct pl_floats b,
                                                struct pl_floats sum)
{
    return (struct pl_floats){_mm512_fmadd_ps(a.v, b.v, sum.v)};
}

/* As pl_clamp_float: the second operand wins where neither is greater, so NaN stays. */
PL_ALWAYS_INLINE struct pl_floats pl_floats_clamp(struct pl_floats x, struct pl_floats low,
                                                  struct pl_floats high)
{
    return (struct pl_floats){_mm512_min_ps(high.v, _mm512_max_ps(low.v, x.v))};
}

/* The second operand wins where neither is greater, or less. */
PL_ALWAYS_INLINE struct pl_floats pl_floats_max(struct pl_floats a, struct pl_floats b)
{
    return (struct pl_floats){_mm512_max_ps(a.v, b.v)};
}

PL_ALWAYS_INLINE struct pl_floats pl_floats_min(struct pl_floats a, struct pl_floats b)
{
    return (struct pl_floats){_mm512_min_ps(a.v, b.v)};
}

/* A number that is not negative, with the sign of x. */
PL_ALWAYS_INLINE struct pl_floats pl_floats_with_sign(struct pl_floats number, struct pl_floats x)
{
    const __m512 sign = _mm512_and_ps(x.v, _mm512_set1_ps(-0.0f));
    return (struct pl_floats){_mm512_or_ps(sign, number.v)};
}

/* Cut to whole numbers, to which the offset is added: -128 to 127 then, as bytes. */
PL_ALWAYS_INLINE __m128i pl_floats_to_bytes(struct pl_floats x, int32_t offset)
{
    return _mm512_cvtepi32_epi8(_mm512_add_epi32(_mm512_cvttps_epi32(x.v), _mm512_set1_epi32(offset)));
}

PL_ALWAYS_INLINE __m256 pl_floats_upper(struct pl_floats x)
{
    return _mm512_extractf32x8_ps(x.v, 1);
}

#else

enum { PL_FLOATS_VECTORS = 2 };
struct pl_floats {
    __m256 v, w;
};
struct pl_floats_mask {
    __m256i m, n;
    int32_t count;
};

PL_ALWAYS_INLINE struct pl_floats pl_floats_set(float x)
{
    return (struct pl_floats){_mm256_set1_ps(x), _mm256_set1_ps(x)};
}

PL_ALWAYS_INLINE struct pl_floats pl_floats_load(const float *from)
{
    return (struct pl_floats){_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)};
}

PL_ALWAYS_INLINE void pl_floats_store(float *to, struct pl_floats x)
{
    _mm256_storeu_ps(to, x.v);
    _mm256_storeu_ps(to + 8, x.w);
}

PL_ALWAYS_INLINE struct pl_floats_mask pl_floats_first(int32_t count)
{
    const __m256i ramp = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return (struct pl_floats_mask){_mm256_cmpgt_epi32(_mm256_set1_epi32(count), ramp),
                                   _mm256_cmpgt_epi32(_mm256_set1_epi32(count - 8), ramp), count};
}

PL_ALWAYS_INLINE struct pl_floats pl_floats_load_masked(const float *from,
                                                        struct pl_floats_mask mask)
{
    return (struct pl_floats){_mm256_maskload_ps(from, mask.m),
                              _mm256_maskload_ps(from + 8, mask.n)};
}

/* The first `count` of eight, 0 to 8. Masked stores of AVX2 take tens of cycles on some processors. */
PL_ALWAYS_INLINE void pl_store_first(float *to, __m256 x, int32_t count)
{
    if (count == 8) {
        _mm256_storeu_ps(to, x);
        return;
    }
    __m128 rest = _mm256_castps256_ps128(x);
    if (count >= 4) {
        _mm_storeu_ps(to, rest);
        rest = _mm256_extractf128_ps(x, 1);
        to += 4;
    }
    if (count & 2) {
        _mm_storel_pi((__m64 *)(void *)to, rest);
        rest = _mm_movehl_ps(rest, rest);
        to += 2;
    }
    if (count & 1) _mm_store_ss(to, rest);
}

PL_ALWAYS_INLINE void pl_floats_store_masked(float *to, struct pl_floats x,
                                             struct pl_floats_mask mask)
{
    if (mask.count >= 8) {
        _mm256_storeu_ps(to, x.v);
        pl_store_first(to + 8, x.w, mask.count - 8);
    } else {
        pl_store_first(to, x.v, mask.count);
    }
}

PL_ALWAYS_INLINE struct pl_floats pl_floats_add(struct pl_floats a, struct pl_floats b)
{
    return (struct pl_floats){_mm256_add_ps(a.v, b.v), _mm256_add_ps(a.w, b.w)};
}

PL_ALWAYS_INLINE struct pl_floats pl_floats_multiply(struct pl_floats a, struct pl_floats b)
{
    return (struct pl_floats){_mm256_mul_ps(a.v, b.v), _mm256_mul_ps(a.w, b.w)};
}

PL_ALWAYS_INLINE struct pl_floats pl_floats_divide(struct pl_floats a, struct pl_floats b)
{
    return (struct pl_floats){_mm256_div_ps(a.v, b.v), _mm256_div_ps(a.w, b.w)};
}

PL_ALWAYS_INLINE struct pl_floats pl_floats_fma(struct pl_floats a, struct pl_floats b,
                                                struct pl_floats sum)
{
    return (struct pl_floats){_mm256_fmadd_ps(a.v, b.v, sum.v), _mm256_fmadd_ps(a.w, b.w, sum.w)};
}

PL_ALWAYS_INLINE struct pl_floats pl_floats_clamp(struct pl_floats x, struct pl_floats low,
                                                  struct pl_floats high)
{
    return (struct pl_floats){_mm256_min_ps(high.v, _mm256_max_ps(low.v, x.v)),
                              _mm256_min_ps(high.w, _mm256_max_ps(low.w, x.w))};
}

PL_ALWAYS_INLINE struct pl_floats pl_floats_max(struct pl_floats a, struct pl_floats b)
{
    return (struct pl_floats){_mm256_max_ps(a.v, b.v), _mm256_max_ps(a.w, b.w)};
}

PL_ALWAYS_INLINE struct pl_floats pl_floats_min(struct pl_floats a, struct pl_floats b)
{
    return (struct pl_floats){_mm256_min_ps(a.v, b.v), _mm256_min_ps(a.w, b.w)};
}

PL_ALWAYS_INLINE struct pl_floats pl_floats_with_sign(struct pl_floats number, struct pl_floats x)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return (struct pl_floats){_mm256_or_ps(_mm256_and_ps(x.v, sign), number.v),
                              _mm256_or_ps(_mm256_and_ps(x.w, sign), number.w)};
}

PL_ALWAYS_INLINE __m128i pl_floats_to_bytes(struct pl_floats x, int32_t offset)
{
    const __m256i words = _mm256_packs_epi32(_mm256_cvttps_epi32(x.v), _mm256_cvttps_epi32(x.w));
    const __m256i sums = _mm256_add_epi16(words, _mm256_set1_epi16((int16_t)offset));
    const __m256i ordered = _mm256_permute4x64_epi64(sums, 0xd8);
    return _mm_packs_epi16(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1));
}

PL_ALWAYS_INLINE __m256 pl_floats_upper(struct pl_floats x)
{
    return x.w;
}

#endif

typedef __m128i pl_bytes; /* sixteen */

PL_ALWAYS_INLINE pl_bytes pl_bytes_load(const void *from)
{
    return _mm_loadu_si128((const __m128i_u *)from);
}

/* Sixteen bytes less an offset. */
PL_ALWAYS_INLINE struct pl_floats pl_floats_of_bytes(pl_bytes bytes, int32_t offset)
{
#if defined(__AVX512F__)
    const __m512i words = _mm512_cvtepi8_epi32(bytes);
    return (struct pl_floats){
        _mm512_cvtepi32_ps(_mm512_sub_epi32(words, _mm512_set1_epi32(offset)))};
#else
    const __m256i offsets = _mm256_set1_epi32(offset);
    const __m256i low = _mm256_cvtepi8_epi32(bytes);
    const __m256i high = _mm256_cvtepi8_epi32(_mm_unpackhi_epi64(bytes, bytes));
    return (struct pl_floats){_mm256_cvtepi32_ps(_mm256_sub_epi32(low, offsets)),
                              _mm256_cvtepi32_ps(_mm256_sub_epi32(high, offsets))};
#endif
}

/* The first `count` of sixteen bytes, 0 to 16; zeros come for the others. */
PL_ALWAYS_INLINE pl_bytes pl_bytes_load_first(const void *from, int32_t count)
{
#if defined(__AVX512F__)
    return _mm_maskz_loadu_epi8((__mmask16)((1u << count) - 1), from);
#else
    _Alignas(16) char bytes[16] = {0};
    for (int32_t i = 0; i < count; i++) bytes[i] = ((const char *)from)[i];
    return _mm_load_si128((const __m128i *)(const void *)bytes);
#endif
}

/* Sixteen words as floats. */
#if defined(__AVX512F__)
PL_ALWAYS_INLINE struct pl_floats pl_floats_of_words(const __m512i words[1])
{
    return (struct pl_floats){_mm512_cvtepi32_ps(words[0])};
}
#else
PL_ALWAYS_INLINE struct pl_floats pl_floats_of_words(const __m256i words[2])
{
    return (struct pl_floats){_mm256_cvtepi32_ps(words[0]), _mm256_cvtepi32_ps(words[1])};
}
#endif

/* a - factor * b of sixteen words each, which wraps, as floats. */
PL_ALWAYS_INLINE struct pl_floats pl_floats_of_difference(const int32_t *a, int32_t factor,
                                                          const int32_t *b)
{
#if defined(__AVX512F__)
    const __m512i product = _mm512_mullo_epi32(_mm512_set1_epi32(factor), _mm512_loadu_si512(b));
    return (struct pl_floats){_mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_loadu_si512(a), product))};
#else
    __m256 halves[2];
    for (int i = 0; i < 2; i++) {
        const __m256i words = _mm256_loadu_si256((const __m256i_u *)(b + 8 * i));
        const __m256i product = _mm256_mullo_epi32(_mm256_set1_epi32(factor), words);
        const __m256i sums = _mm256_loadu_si256((const __m256i_u *)(a + 8 * i));
        halves[i] = _mm256_cvtepi32_ps(_mm256_sub_epi32(sums, product));
    }
    return (struct pl_floats){halves[0], halves[1]};
#endif
}

/* ---- eight of them --------------------------------------------------------------------------- */

struct pl_half {
    __m256 v;
};

PL_ALWAYS_INLINE struct pl_half pl_half_set(float x)
{
    return (struct pl_half){_mm256_set1_ps(x)};
}

PL_ALWAYS_INLINE struct pl_half pl_half_load(const float *from)
{
    return (struct pl_half){_mm256_loadu_ps(from)};
}

/* Of the first `count` of eight, 1 to 8; zeros come for the others. */
PL_ALWAYS_INLINE struct pl_half pl_half_load_first(const float *from, int32_t count)
{
    const __m256i ramp = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(count), ramp);
    return (struct pl_half){_mm256_maskload_ps(from, mask)};
}

PL_ALWAYS_INLINE void pl_half_store_first(float *to, struct pl_half x, int32_t count)
{
#if defined(__AVX512F__)
    _mm256_mask_storeu_ps(to, (__mmask8)((1u << count) - 1), x.v);
#else
    pl_store_first(to, x.v, count);
#endif
}

PL_ALWAYS_INLINE struct pl_half pl_half_add(struct pl_half a, struct pl_half b)
{
    return (struct pl_half){_mm256_add_ps(a.v, b.v)};
}

PL_ALWAYS_INLINE struct pl_half pl_half_fma(struct pl_half a, struct pl_half b, struct pl_half sum)
{
    return (struct pl_half){_mm256_fmadd_ps(a.v, b.v, sum.v)};
}

PL_ALWAYS_INLINE struct pl_half pl_half_clamp(struct pl_half x, struct pl_half low,
                                              struct pl_half high)
{
    return (struct pl_half){_mm256_min_ps(high.v, _mm256_max_ps(low.v, x.v))};
}

/* The lower eight of x. */
PL_ALWAYS_INLINE struct pl_half pl_floats_lower(struct pl_floats x)
{
#if defined(__AVX512F__)
    return (struct pl_half){_mm512_castps512_ps256(x.v)};
#else
    return (struct pl_half){x.v};
#endif
}

/* ---- one of sixteen -------------------------------------------------------------------------- */

/* Not-a-number has to be in all of them or in none. */
PL_ALWAYS_INLINE float pl_floats_largest(struct pl_floats x)
{
    const __m256 eight = _mm256_max_ps(pl_floats_lower(x).v, pl_floats_upper(x));
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    four = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}

/* As pl_partial_total(): each half is added to the other one. */
PL_ALWAYS_INLINE float pl_floats_total(struct pl_floats x)
{
    const __m256 eight = _mm256_add_ps(pl_floats_lower(x).v, pl_floats_upper(x));
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}

PL_ALWAYS_INLINE float pl_floats_smallest(struct pl_floats x)
{
    const __m256 eight = _mm256_min_ps(pl_floats_lower(x).v, pl_floats_upper(x));
    __m128 four = _mm_min_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    four = _mm_min_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_min_ss(four, _mm_movehdup_ps(four)));
}

/* The first `count` of sixteen bytes, 0 to 16. */
PL_ALWAYS_INLINE void pl_bytes_store_first(void *to, pl_bytes bytes, int32_t count)
{
#if defined(__AVX512F__)
    _mm_mask_storeu_epi8(to, (__mmask16)((1u << count) - 1), bytes);
#else
    _Alignas(16) char all[16];
    _mm_store_si128((__m128i *)(void *)all, bytes);
    for (int32_t i = 0; i < count; i++) ((char *)to)[i] = all[i];
#endif
}

#endif
