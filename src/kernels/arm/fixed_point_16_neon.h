/* SPDX-License-Identifier: Apache-2.0 */
/* fixed_point_16.h for eight numbers at a time, to the bit: its rounding product is one
 * instruction. */
#ifndef PL_KERNELS_ARM_FIXED_POINT_16_NEON_H
#define PL_KERNELS_ARM_FIXED_POINT_16_NEON_H

#include <arm_neon.h>

#include "kernels/fixed_point_16.h"
#include "kernels/loop.h"

/* pl_multiply_16 by a number. */
PL_ALWAYS_INLINE int16x8_t pl_multiply_16_neon(int16x8_t a, int16_t b)
{
    return vqrdmulhq_s16(a, vdupq_n_s16(b));
}

/* round(x / 2^exponent), ties away from zero; the exponent is a constant of 1 to 15. */
#define PL_SHIFT_RIGHT_16_NEON(x, exponent)                                                        \
    vrshrq_n_s16(vqaddq_s16(x, vshrq_n_s16(x, 15)), exponent)

/* exp(a) for a in [-1/4, 0), no integer bits. */
PL_ALWAYS_INLINE int16x8_t pl_exp_small_16_neon(int16x8_t a)
{
    const int16_t exp_of_eighth = 28918, third = 10923;
    const int16x8_t x = vaddq_s16(a, vdupq_n_s16(1 << 12));
    const int16x8_t x2 = vqrdmulhq_s16(x, x);
    const int16x8_t x3 = vqrdmulhq_s16(x2, x);
    const int16x8_t x4 = vqrdmulhq_s16(x2, x2);
    const int16x8_t high = pl_multiply_16_neon(vaddq_s16(PL_SHIFT_RIGHT_16_NEON(x4, 2), x3), third);
    const int16x8_t sum = vaddq_s16(high, x2);
    const int16x8_t tail = PL_SHIFT_RIGHT_16_NEON(sum, 1);
    return vqaddq_s16(vdupq_n_s16(exp_of_eighth),
                      pl_multiply_16_neon(vaddq_s16(x, tail), exp_of_eighth));
}

/* exp(a) for a <= 0 with this many integer bits (0 to 7); the result has none. */
PL_ALWAYS_INLINE int16x8_t pl_exp_negative_16_neon(int16x8_t a, int32_t integer_bits)
{
    const int32_t fraction_bits = 15 - integer_bits;
    const int16_t quarter = (int16_t)(1 << (fraction_bits - 2));
    const int16x8_t rest = vandq_s16(a, vdupq_n_s16((int16_t)(quarter - 1)));
    const int16x8_t small = vsubq_s16(rest, vdupq_n_s16(quarter));
    int16x8_t result = pl_exp_small_16_neon(vqshlq_s16(small, vdupq_n_s16((int16_t)integer_bits)));
    const int16x8_t remainder = vsubq_s16(small, a);
#pragma GCC unroll 7
    for (int32_t i = 0; i < 7; i++) {
        if (integer_bits <= i - 2) continue;
        const int16x8_t product = pl_multiply_16_neon(result, pl_exp_powers_16[i]);
        const int16x8_t bit = vdupq_n_s16((int16_t)(1 << (fraction_bits + i - 2)));
        result = vbslq_s16(vtstq_s16(remainder, bit), product, result);
    }
    if (integer_bits > 5) {
        const int16x8_t least = vdupq_n_s16((int16_t) - (1 << (20 - integer_bits)));
        result = vbslq_s16(vcltq_s16(a, least), vdupq_n_s16(0), result);
    }
    return vbslq_s16(vceqzq_s16(a), vdupq_n_s16(INT16_MAX), result);
}

/* 1 / ((1 + a) / 2) with two integer bits, for a in [0, 1]. */
PL_ALWAYS_INLINE int16x8_t pl_reciprocal_16_neon(int16x8_t a)
{
    const int16x8_t half_denominator = vrhaddq_s16(a, vdupq_n_s16(INT16_MAX));
    const int16x8_t one = vdupq_n_s16(1 << 13);
    int16x8_t x = vaddq_s16(vdupq_n_s16(23130), pl_multiply_16_neon(half_denominator, -15420));
#pragma GCC unroll 3
    for (int32_t i = 0; i < 3; i++) {
        const int16x8_t error = vsubq_s16(one, vqrdmulhq_s16(half_denominator, x));
        x = vaddq_s16(x, vqshlq_n_s16(vqrdmulhq_s16(x, error), 2));
    }
    return x;
}

/* Minus the magnitude; the lowest number stays. */
PL_ALWAYS_INLINE int16x8_t pl_negative_16_neon(int16x8_t x)
{
    return vnegq_s16(vabsq_s16(x));
}

/* logistic of x with 3 integer bits; the result has none. */
PL_ALWAYS_INLINE int16x8_t pl_logistic_16_neon(int16x8_t x)
{
    const int16x8_t exp = pl_exp_negative_16_neon(pl_negative_16_neon(x), 3);
    const int16x8_t positive = vqshlq_n_s16(pl_reciprocal_16_neon(exp), 1);
    const int16x8_t other = vsubq_s16(vdupq_n_s16(INT16_MAX), positive);
    const int16x8_t result = vbslq_s16(vcgtzq_s16(x), positive, other);
    return vbslq_s16(vceqzq_s16(x), vdupq_n_s16(1 << 14), result);
}

/* tanh of x with 0 to 6 integer bits; the result has none. */
PL_ALWAYS_INLINE int16x8_t pl_tanh_16_neon(int16x8_t x, int32_t integer_bits)
{
    const int16x8_t exp = pl_exp_negative_16_neon(pl_negative_16_neon(x), integer_bits + 1);
    const int16x8_t above_one = vsubq_s16(pl_reciprocal_16_neon(exp), vdupq_n_s16(1 << 13));
    const int16x8_t magnitude = vqshlq_n_s16(above_one, 2);
    const int16x8_t result = vbslq_s16(vcltzq_s16(x), vnegq_s16(magnitude), magnitude);
    return vbslq_s16(vceqzq_s16(x), x, result);
}

#endif
