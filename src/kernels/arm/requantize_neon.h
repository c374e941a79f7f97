/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of products to outputs, exactly as the reference rounds.
 *
 * Its saturating rounding doubling high multiply is one instruction. Its rounding shift to the right
 * rounds ties away from zero where the instruction rounds them up: one less for negative numbers
 * that are shifted at all makes them equal. Dense layers round in double, ties away from zero, for
 * which there is an instruction as well. */
#ifndef PL_KERNELS_ARM_REQUANTIZE_NEON_H
#define PL_KERNELS_ARM_REQUANTIZE_NEON_H

#include <arm_neon.h>
#include <stdbool.h>
#include <stddef.h>

#include "kernels/loop.h"
#include "kernels/requantize.h"

/* Four multipliers with their shifts. */
struct pl_multipliers_neon {
    int32x4_t multipliers, left, right; /* right: 0 or less */
};

PL_ALWAYS_INLINE struct pl_multipliers_neon pl_multipliers_neon(int32x4_t multipliers,
                                                                int32x4_t shifts)
{
    const int32x4_t zero = vdupq_n_s32(0);
    return (struct pl_multipliers_neon){multipliers, vmaxq_s32(shifts, zero),
                                        vminq_s32(shifts, zero)};
}

PL_ALWAYS_INLINE struct pl_multipliers_neon pl_multiplier_neon(struct pl_multiplier m)
{
    return pl_multipliers_neon(vdupq_n_s32(m.multiplier), vdupq_n_s32(m.shift));
}

/* pl_rounding_shift_right() by -right. */
PL_ALWAYS_INLINE int32x4_t pl_shift_right_neon(int32x4_t x, int32x4_t right)
{
    const int32x4_t nudge = vshrq_n_s32(vandq_s32(x, right), 31);
    return vrshlq_s32(vqaddq_s32(x, nudge), right);
}

/* pl_multiply(); multipliers are not negative. */
PL_ALWAYS_INLINE int32x4_t pl_multiply_neon(int32x4_t x, struct pl_multipliers_neon m)
{
    return pl_shift_right_neon(vqrdmulhq_s32(vshlq_s32(x, m.left), m.multipliers), m.right);
}

/* The same where everything is shifted to the right: the product is never the lowest number there is,
 * so that less one fits. */
PL_ALWAYS_INLINE int32x4_t pl_multiply_right_neon(int32x4_t x, struct pl_multipliers_neon m)
{
    const int32x4_t product = vqrdmulhq_s32(x, m.multipliers);
    return vrshlq_s32(vsraq_n_s32(product, product, 31), m.right);
}

/* round(x * scale), ties away from zero, in double. */
PL_ALWAYS_INLINE int32x4_t pl_scale_neon(int32x4_t x, const double *scales)
{
    const float64x2_t low = vcvtq_f64_s64(vmovl_s32(vget_low_s32(x)));
    const float64x2_t high = vcvtq_f64_s64(vmovl_high_s32(x));
    return vqmovn_high_s64(vqmovn_s64(vcvtaq_s64_f64(vmulq_f64(low, vld1q_f64(scales)))),
                           vcvtaq_s64_f64(vmulq_f64(high, vld1q_f64(scales + 2))));
}

/* ---- to bytes -------------------------------------------------------------------------------- */

/* An output range in vectors; what 16 bits cannot hold is clamped by bytes in any case. */
struct pl_byte_range_neon {
    int16x8_t zero_point;
    uint8x16_t low, high; /* bytes of the output's sign */
};

PL_ALWAYS_INLINE struct pl_byte_range_neon pl_byte_range_neon(struct pl_output_range range)
{
    return (struct pl_byte_range_neon){vdupq_n_s16((int16_t)range.zero_point),
                                       vdupq_n_u8((uint8_t)range.low),
                                       vdupq_n_u8((uint8_t)range.high)};
}

/* Sixteen scaled values as bytes in their range. */
PL_ALWAYS_INLINE uint8x16_t pl_place_bytes_neon(const int32x4_t values[4],
                                                struct pl_byte_range_neon range, bool is_unsigned)
{
    const int16x8_t a = vqmovn_high_s32(vqmovn_s32(values[0]), values[1]);
    const int16x8_t b = vqmovn_high_s32(vqmovn_s32(values[2]), values[3]);
    const int16x8_t low = vqaddq_s16(a, range.zero_point), high = vqaddq_s16(b, range.zero_point);
    if (is_unsigned) {
        const uint8x16_t bytes = vqmovun_high_s16(vqmovun_s16(low), high);
        return vminq_u8(vmaxq_u8(bytes, range.low), range.high);
    }
    const int8x16_t bytes = vqmovn_high_s16(vqmovn_s16(low), high);
    const int8x16_t raised = vmaxq_s8(bytes, vreinterpretq_s8_u8(range.low));
    return vreinterpretq_u8_s8(vminq_s8(raised, vreinterpretq_s8_u8(range.high)));
}

/* ---- of channels ----------------------------------------------------------------------------- */

/* How sums become outputs; either multipliers or scales is NULL. */
struct pl_requantizer_neon {
    const struct pl_multiplier *multipliers; /* of channel 0 */
    const double *scales;
    struct pl_output_range range;
    bool is_unsigned;
};

enum { PL_REQUANTIZE_BLOCK = 16 };

/* What 16 channels have in common. */
struct pl_requantize_block_neon {
    struct pl_multipliers_neon multipliers[PL_REQUANTIZE_BLOCK / 4];
    double scales[PL_REQUANTIZE_BLOCK];
    bool shifts_right; /* all of them: the usual case */
};

static inline void pl_requantize_prepare_neon(const struct pl_requantizer_neon *requantizer,
                                              int32_t first, int32_t count,
                                              struct pl_requantize_block_neon *block)
{
    if (requantizer->multipliers == NULL) {
        for (int32_t n = 0; n < PL_REQUANTIZE_BLOCK; n++)
            block->scales[n] = n < count ? requantizer->scales[first + n] : 0.0;
        return;
    }
    struct pl_multiplier all[PL_REQUANTIZE_BLOCK];
    block->shifts_right = true;
    for (int32_t n = 0; n < PL_REQUANTIZE_BLOCK; n++) {
        all[n] = n < count ? requantizer->multipliers[first + n] : (struct pl_multiplier){0, -1};
        block->shifts_right &= all[n].shift < 0;
    }
    for (int v = 0; v < PL_REQUANTIZE_BLOCK / 4; v++) {
        const int32x4x2_t pairs = vld2q_s32(&all[4 * v].multiplier);
        block->multipliers[v] = pl_multipliers_neon(pairs.val[0], pairs.val[1]);
    }
}

/* Four sums, of channels 4 v and on. `fixed`: by multipliers; `right`: see shifts_right. */
PL_ALWAYS_INLINE int32x4_t pl_requantize_neon(int32x4_t sum,
                                              const struct pl_requantize_block_neon *block, int v,
                                              bool fixed, bool right)
{
    if (!fixed) return pl_scale_neon(sum, block->scales + 4 * v);
    return right ? pl_multiply_right_neon(sum, block->multipliers[v])
                 : pl_multiply_neon(sum, block->multipliers[v]);
}

/* One sum of channel `channel`. */
static inline int32_t pl_requantize_one_neon(const struct pl_requantizer_neon *requantizer,
                                             int32_t sum, int32_t channel)
{
    if (requantizer->multipliers == NULL)
        return pl_requantize_double(sum, requantizer->scales[channel], requantizer->range);
    return pl_requantize(sum, requantizer->multipliers[channel], requantizer->range);
}

#endif
