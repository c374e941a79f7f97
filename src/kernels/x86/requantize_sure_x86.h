/* SPDX-License-Identifier: Apache-2.0 */
/* Sums to bytes where float is known to round as the reference does, whatever the sum.
 *
 * Outputs do not decrease with sums, in the reference and here, so both are equal if every output
 * begins at the same sum: those 255 are tried beforehand, and nothing is checked while running. Below
 * the zero point the reference's nudge has the other sign, so outputs must end there, as those behind
 * a RELU do. Then the zero point is part of what is added as well. */
#ifndef PL_KERNELS_X86_REQUANTIZE_SURE_X86_H
#define PL_KERNELS_X86_REQUANTIZE_SURE_X86_H

#include <stdlib.h>

#include "kernels/x86/requantize_x86.h"

/* For outputs of 16 channels, which are round(sum * scale + offset). */
struct pl_sure_x86 {
    float scale[PL_REQUANTIZE_BLOCK];
    float offset[PL_REQUANTIZE_BLOCK];
};

PL_ALWAYS_INLINE pl_vec pl_round_surely_x86(pl_vec sums, pl_vec_float scale, pl_vec_float offset)
{
#if defined(__AVX512F__)
    return _mm512_cvtps_epi32(_mm512_fmadd_ps(_mm512_cvtepi32_ps(sums), scale, offset));
#else
    return _mm256_cvtps_epi32(_mm256_fmadd_ps(_mm256_cvtepi32_ps(sums), scale, offset));
#endif
}

/* Where outputs begin: an output more is a step, and remainders are of a division by the multiplier. */
struct pl_thresholds_x86 {
    int32_t sum[PL_REQUANTIZE_BLOCK], remainder[PL_REQUANTIZE_BLOCK];
    int32_t step[PL_REQUANTIZE_BLOCK], step_remainder[PL_REQUANTIZE_BLOCK];
    int32_t multiplier[PL_REQUANTIZE_BLOCK];
    int32_t largest[PL_REQUANTIZE_BLOCK]; /* no sum is larger */
};

enum { PL_SURE_SHIFT = -21 /* sums where outputs begin are of 32 bits */, PL_SURE_TRIES = 4, PL_SURE_LOOK = 16 };

/* Those of a channel; false: unknown. */
static inline bool pl_find_thresholds_x86(const struct pl_requantizer_x86 *requantizer,
                                          int32_t channel, struct pl_thresholds_x86 *all,
                                          int32_t lane)
{
    const struct pl_multiplier m = requantizer->multipliers[channel];
    if (m.shift > -1 || m.shift < PL_SURE_SHIFT || m.multiplier < 1 << 30) return false;
    const int64_t bias = requantizer->bias != NULL ? requantizer->bias[channel] : 0;
    const int64_t largest = requantizer->bound + llabs(bias); /* if that wraps, any sum can be */
    const int64_t one = (int64_t)1 << -m.shift;
    const int64_t output = requantizer->range.low + 1 - requantizer->range.zero_point;
    const int64_t product = ((output * one - one / 2) << 31) - ((int64_t)1 << 30);
    const int64_t rounded_up = product + m.multiplier - 1;
    all->sum[lane] = (int32_t)(rounded_up / m.multiplier);
    all->remainder[lane] = (int32_t)(rounded_up % m.multiplier);
    all->step[lane] = (int32_t)((one << 31) / m.multiplier);
    all->step_remainder[lane] = (int32_t)((one << 31) % m.multiplier);
    all->multiplier[lane] = m.multiplier;
    all->largest[lane] = largest < INT32_MAX ? (int32_t)largest : INT32_MAX;
    return true;
}

/* Negative where some output begins at a larger sum than it should, or at a smaller one. */
struct pl_unlike_x86 {
    int32_t late[PL_REQUANTIZE_BLOCK], early[PL_REQUANTIZE_BLOCK];
};

PL_ALWAYS_INLINE bool pl_any_negative_x86(pl_vec x)
{
#if defined(__AVX512F__)
    return _mm512_movepi32_mask(x) != 0;
#else
    return _mm256_movemask_ps(_mm256_castsi256_ps(x)) != 0;
#endif
}

/* False where some output of a channel begins too late and some too early, as with small scales: no offset helps. That mostly
 * shows soon, so it is looked at now and then. */
static inline bool pl_try_thresholds_x86(const struct pl_thresholds_x86 *all, int32_t lane,
                                         const struct pl_sure_x86 *sure,
                                         struct pl_output_range range, struct pl_unlike_x86 *unlike)
{
    const pl_vec_float scale = PL_VEC_FLOAT(loadu)(sure->scale + lane),
                       offset = PL_VEC_FLOAT(loadu)(sure->offset + lane);
    const pl_vec largest = pl_vec_load(all->largest + lane), one = pl_vec_set(1);
    const pl_vec multiplier = pl_vec_load(all->multiplier + lane);
    const pl_vec step = pl_vec_add(pl_vec_load(all->step + lane), one);
    const pl_vec remainder_step =
        PL_VEC_32(sub)(pl_vec_load(all->step_remainder + lane), multiplier);
    pl_vec sum = pl_vec_load(all->sum + lane), remainder = pl_vec_load(all->remainder + lane);
    pl_vec late = pl_vec_set(0), early = late;
    for (int32_t output = range.low + 1; output <= range.high; output++) {
        /* An output beyond all sums need not begin anywhere. */
        const pl_vec last = PL_VEC_32(min)(PL_VEC_32(sub)(sum, one), largest);
        const pl_vec is_there = PL_VEC_32(srai)(PL_VEC_32(sub)(last, largest), 31);
        const pl_vec at = pl_round_surely_x86(sum, scale, offset);
        const pl_vec before = pl_round_surely_x86(last, scale, offset);
        const pl_vec too_late = PL_VEC_32(sub)(at, pl_vec_set(output));
        late = PL_VEC_OR(late, PL_VEC_AND(too_late, is_there));
        early = PL_VEC_OR(early, PL_VEC_32(sub)(pl_vec_set(output - 1), before));
        remainder = pl_vec_add(remainder, remainder_step);
        const pl_vec borrow = PL_VEC_32(srai)(remainder, 31);
        remainder = pl_vec_add(remainder, PL_VEC_AND(borrow, multiplier));
        sum = pl_vec_add(sum, pl_vec_add(step, borrow));
        if (output % PL_SURE_LOOK == 0 && pl_any_negative_x86(PL_VEC_AND(late, early))) return false;
    }
    pl_vec_store(unlike->late + lane, late);
    pl_vec_store(unlike->early + lane, early);
    return !pl_any_negative_x86(PL_VEC_AND(late, early));
}

/* Moves the offsets of lanes whose outputs begin elsewhere. How many there are. */
static inline int pl_move_offsets_x86(const struct pl_unlike_x86 *unlike, int32_t lanes, struct pl_sure_x86 *sure)
{
    int count = 0;
    for (int32_t n = 0; n < lanes; n++) {
        const bool late = unlike->late[n] < 0, early = unlike->early[n] < 0;
        if (!late && !early) continue;
        const float least = fmaxf(sure->scale[n] / 256, 0x1p-17f);
        sure->offset[n] += late ? least : -least;
        count++;
    }
    return count;
}

/* Channels [first, first + count), 0 < count <= 16; the other lanes are like the first. False: float
 * is not known to be right. */
static inline bool pl_requantize_surely_x86(const struct pl_requantizer_x86 *requantizer,
                                            int32_t first, int32_t count, struct pl_sure_x86 *sure)
{
    const struct pl_output_range range = requantizer->range;
    const int32_t lanes = count <= PL_LANES ? PL_LANES : PL_REQUANTIZE_BLOCK; /* that are tried */
    struct pl_thresholds_x86 thresholds;
    if (requantizer->multipliers == NULL || range.low < range.zero_point) return false;
    for (int32_t n = 0; n < PL_REQUANTIZE_BLOCK; n++) {
        const int32_t channel = first + (n < count ? n : 0);
        const struct pl_multiplier m = requantizer->multipliers[channel];
        if (n < lanes && !pl_find_thresholds_x86(requantizer, channel, &thresholds, n)) return false;
        sure->scale[n] = ldexpf((float)m.multiplier, m.shift - 31);
        /* What lies at a tie goes up. */
        sure->offset[n] = (float)range.zero_point + ldexpf(0.5f, m.shift) + 0x1p-17f;
    }
    for (int try = 0; try < PL_SURE_TRIES; try++) {
        struct pl_unlike_x86 unlike;
        for (int32_t lane = 0; lane < lanes; lane += PL_LANES)
            if (!pl_try_thresholds_x86(&thresholds, lane, sure, range, &unlike)) return false;
        if (pl_move_offsets_x86(&unlike, lanes, sure) == 0) return true;
    }
    return false;
}

/* Bytes of four vectors of outputs, one vector after the other, clamped. */
PL_ALWAYS_INLINE pl_vec pl_pack_surely_x86(const pl_vec values[4],
                                           const struct pl_range_x86 *range, bool is_unsigned)
{
    return pl_pack_clamped_x86(PL_VEC_PACK_32(values[0], values[1]), PL_VEC_PACK_32(values[2], values[3]),
                               range, is_unsigned);
}

#endif
