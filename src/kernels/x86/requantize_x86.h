/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of products to bytes, exactly as the reference rounds, mostly in float.
 *
 * The reference multiplies x by m / 2^31 and rounds ties up, then shifts right by e >= 1 and rounds
 * ties away from zero. A floor in a floor is one floor, so with y = x m 2^(-31 - e) that is
 * floor(y + nudge + 1/2), where nudge is 2^(-e - 1) with the sign of x. Without a shift to the
 * right, or with one to the left that loses no bits, it is floor(y + 1/2); dense layers round
 * y = x scale: both have a nudge of 0. In float, y + nudge has for |y| < 2^9 an error below 2^-13
 * (three roundings of 2^-24); where it is farther than that from a tie its nearest integer is the
 * result, and the few lanes that are not are done again in the reference's own way. Beyond 2^9
 * every byte is clamped. */
#ifndef PL_KERNELS_X86_REQUANTIZE_X86_H
#define PL_KERNELS_X86_REQUANTIZE_X86_H

#include <math.h>
#include <stdbool.h>

#include "kernels/requantize.h"
#include "kernels/x86/dot_x86.h"

/* How sums become bytes; either multipliers or scales is NULL. */
struct pl_requantizer_x86 {
    const struct pl_multiplier *multipliers; /* of channel 0 */
    const double *scales;
    struct pl_output_range range;
    bool is_unsigned;
    const int32_t *bias; /* of channel 0, NULL: none */
    int64_t bound;       /* no sum without its bias is larger */
};

enum { PL_REQUANTIZE_BLOCK = 16 };

/* What 16 channels have in common; a lane without a channel gives the zero point. */
struct pl_requantize_block_x86 {
    float scale[PL_REQUANTIZE_BLOCK];
    float nudge[PL_REQUANTIZE_BLOCK];
};

/* The largest number that float rounds within an int32, and no shift to the left loses bits of. */
#define PL_REQUANTIZE_LARGEST 0x1p30

/* Whether float will do for a channel that makes its sums larger, or not much smaller. */
static inline bool pl_requantize_fits_x86(const struct pl_requantizer_x86 *requantizer,
                                          int32_t channel, double factor)
{
    const int32_t bias = requantizer->bias != NULL ? requantizer->bias[channel] : 0;
    const double largest = (double)requantizer->bound + fabs((double)bias);
    return factor >= 0.0 && largest * factor < PL_REQUANTIZE_LARGEST;
}

/* A lane for which float will not do lies at a tie, whatever the sum, and is always done again. */
static inline void pl_requantize_never_x86(struct pl_requantize_block_x86 *block, int32_t lane)
{
    block->scale[lane] = 0.0f;
    block->nudge[lane] = 0.5f;
}

static inline bool pl_requantize_scales_x86(const struct pl_requantizer_x86 *requantizer,
                                            int32_t first, int32_t count,
                                            struct pl_requantize_block_x86 *block)
{
    bool fits = true;
    for (int32_t n = 0; n < count; n++) {
        const double scale = requantizer->scales[first + n];
        block->scale[n] = scale < PL_REQUANTIZE_LARGEST ? (float)scale : 0.0f;
        if (scale >= 0.0 && scale <= 0.5) continue;
        if (pl_requantize_fits_x86(requantizer, first + n, scale)) continue;
        pl_requantize_never_x86(block, n);
        fits = false;
    }
    return fits;
}

static inline bool pl_requantize_multipliers_x86(const struct pl_requantizer_x86 *requantizer,
                                                 int32_t first, int32_t count,
                                                 struct pl_requantize_block_x86 *block)
{
    int32_t shifts[PL_REQUANTIZE_BLOCK] = {0};
    uint32_t powers[PL_REQUANTIZE_BLOCK], nudges[PL_REQUANTIZE_BLOCK];
    float multipliers[PL_REQUANTIZE_BLOCK] = {0};
    for (int32_t n = 0; n < count; n++) {
        shifts[n] = requantizer->multipliers[first + n].shift;
        multipliers[n] = (float)requantizer->multipliers[first + n].multiplier;
    }
    int32_t all = -1;
    for (int32_t n = 0; n < PL_REQUANTIZE_BLOCK; n++) {
        /* Powers of two by their exponents. */
        powers[n] = (uint32_t)(127 - 31 + shifts[n]) << 23;
        nudges[n] = shifts[n] < 0 ? (uint32_t)(127 - 1 + shifts[n]) << 23 : 0;
        all &= n < count ? shifts[n] : -1;
    }
    memcpy(block->scale, powers, sizeof powers);
    memcpy(block->nudge, nudges, sizeof nudges);
    for (int32_t n = 0; n < PL_REQUANTIZE_BLOCK; n++) block->scale[n] *= multipliers[n];
    if (all < 0) return true; /* all shifts go right */
    bool fits = true;
    for (int32_t n = 0; n < count; n++) {
        if (shifts[n] < 0 || requantizer->multipliers[first + n].multiplier == 0) continue;
        if (pl_requantize_fits_x86(requantizer, first + n, (double)(1u << shifts[n]))) continue;
        pl_requantize_never_x86(block, n);
        fits = false;
    }
    return fits;
}

/* Channels [first, first + count), count <= 16; the other lanes have a scale of 0. False: there are
 * such whose sums may be too large for float. */
static inline bool pl_requantize_prepare_x86(const struct pl_requantizer_x86 *requantizer,
                                             int32_t first, int32_t count,
                                             struct pl_requantize_block_x86 *block)
{
    if (requantizer->multipliers != NULL)
        return pl_requantize_multipliers_x86(requantizer, first, count, block);
    memset(block, 0, sizeof *block);
    return pl_requantize_scales_x86(requantizer, first, count, block);
}

/* The reference's way. */
static inline int32_t pl_requantize_exactly_x86(const struct pl_requantizer_x86 *requantizer,
                                                int32_t sum, int32_t channel)
{
    if (requantizer->multipliers != NULL)
        return pl_requantize(sum, requantizer->multipliers[channel], requantizer->range);
    return pl_requantize_double((double)sum, requantizer->scales[channel], requantizer->range);
}

#define PL_SAFE_DISTANCE (0.5f - 0x1p-13f)

/* ---- vectors --------------------------------------------------------------------------------- */

#if defined(__AVX512F__)
typedef __m512 pl_vec_float;
#define PL_VEC_FLOAT(name) _mm512_##name##_ps
#else
typedef __m256 pl_vec_float;
#define PL_VEC_FLOAT(name) _mm256_##name##_ps
#endif

/* Sums times scale, rounded to nearest, and how far that is away (which half decides). */
struct pl_rounded_x86 {
    pl_vec values;
    pl_vec_float distance;
};

PL_ALWAYS_INLINE struct pl_rounded_x86 pl_round_scaled_x86(pl_vec sums, pl_vec_float scale,
                                                           pl_vec_float nudge)
{
#if defined(__AVX512F__)
    /* The sign of the sum, the rest of the nudge. */
    const __m512i signed_nudge = _mm512_ternarylogic_epi32(sums, _mm512_castps_si512(nudge),
                                                           _mm512_set1_epi32(INT32_MIN), 0xec);
    const __m512 y =
        _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums), scale, _mm512_castsi512_ps(signed_nudge));
    return (struct pl_rounded_x86){_mm512_cvtps_epi32(y), _mm512_reduce_ps(y, 0)};
#else
    const __m256 sign = _mm256_and_ps(_mm256_castsi256_ps(sums), _mm256_set1_ps(-0.0f));
    const __m256 y = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums), scale, _mm256_or_ps(nudge, sign));
    const __m256i values = _mm256_cvtps_epi32(y);
    return (struct pl_rounded_x86){values, _mm256_sub_ps(y, _mm256_cvtepi32_ps(values))};
#endif
}

PL_ALWAYS_INLINE pl_vec_float pl_absolute_x86(pl_vec_float x)
{
#if defined(__AVX512F__)
    return _mm512_abs_ps(x);
#else
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
#endif
}

/* The larger one of two distances, without its sign. */
PL_ALWAYS_INLINE pl_vec_float pl_farther_x86(pl_vec_float a, pl_vec_float b)
{
#if defined(__AVX512F__)
    enum { LARGER_MAGNITUDE = 3, NO_SIGN = 2 << 2 };
    return _mm512_range_ps(a, b, LARGER_MAGNITUDE | NO_SIGN);
#else
    return _mm256_max_ps(pl_absolute_x86(a), pl_absolute_x86(b));
#endif
}

/* Bit n: lane n is not surely right. */
PL_ALWAYS_INLINE uint32_t pl_unsure_x86(pl_vec_float distance)
{
#if defined(__AVX512F__)
    return _mm512_cmp_ps_mask(pl_absolute_x86(distance), _mm512_set1_ps(PL_SAFE_DISTANCE),
                              _CMP_NLE_UQ);
#else
    return (uint32_t)_mm256_movemask_ps(
        _mm256_cmp_ps(pl_absolute_x86(distance), _mm256_set1_ps(PL_SAFE_DISTANCE), _CMP_NLE_UQ));
#endif
}

/* A range in vectors, for loops: bytes that are stored could else change it. */
struct pl_range_x86 {
    pl_vec zero_point; /* 16 bits */
    pl_vec low, high;  /* 8 bits */
};

PL_ALWAYS_INLINE struct pl_range_x86 pl_range_x86(struct pl_output_range range)
{
#if defined(__AVX512F__)
    return (struct pl_range_x86){_mm512_set1_epi16((int16_t)range.zero_point),
                                 _mm512_set1_epi8((char)range.low),
                                 _mm512_set1_epi8((char)range.high)};
#else
    return (struct pl_range_x86){_mm256_set1_epi16((int16_t)range.zero_point),
                                 _mm256_set1_epi8((char)range.low),
                                 _mm256_set1_epi8((char)range.high)};
#endif
}

#if defined(__AVX512F__)
#define PL_VEC_PACK_32  _mm512_packs_epi32
#define PL_VEC_ADD_SATURATED _mm512_adds_epi16
#else
#define PL_VEC_PACK_32  _mm256_packs_epi32
#define PL_VEC_ADD_SATURATED _mm256_adds_epi16
#endif

/* Bytes of four vectors that were packed in twos, one vector after the other, clamped. */
PL_ALWAYS_INLINE pl_vec pl_pack_clamped_x86(pl_vec a, pl_vec b, const struct pl_range_x86 *range,
                                            bool is_unsigned)
{
    const pl_vec low = range->low, high = range->high;
    pl_vec bytes;
#if defined(__AVX512F__)
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    if (is_unsigned) bytes = _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(a, b), low), high);
    else bytes = _mm512_min_epi8(_mm512_max_epi8(_mm512_packs_epi16(a, b), low), high);
    return _mm512_permutexvar_epi32(order, bytes);
#else
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    if (is_unsigned) bytes = _mm256_min_epu8(_mm256_max_epu8(_mm256_packus_epi16(a, b), low), high);
    else bytes = _mm256_min_epi8(_mm256_max_epi8(_mm256_packs_epi16(a, b), low), high);
    return _mm256_permutevar8x32_epi32(bytes, order);
#endif
}

/* Bytes of four vectors of numbers, one vector after the other, with zero point and clamped. */
PL_ALWAYS_INLINE pl_vec pl_pack_range_x86(const pl_vec values[4], const struct pl_range_x86 *range,
                                          bool is_unsigned)
{
    const pl_vec a = PL_VEC_ADD_SATURATED(PL_VEC_PACK_32(values[0], values[1]), range->zero_point);
    const pl_vec b = PL_VEC_ADD_SATURATED(PL_VEC_PACK_32(values[2], values[3]), range->zero_point);
    return pl_pack_clamped_x86(a, b, range, is_unsigned);
}

PL_ALWAYS_INLINE pl_vec pl_pack_bytes_x86(const pl_vec values[4], struct pl_output_range range,
                                          bool is_unsigned)
{
    const struct pl_range_x86 in_vectors = pl_range_x86(range);
    return pl_pack_range_x86(values, &in_vectors, is_unsigned);
}

#endif
