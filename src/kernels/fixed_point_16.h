/* SPDX-License-Identifier: Apache-2.0 */
/* tanh and logistic on 16-bit fixed point, bit for bit as the reference computes them (gemmlowp's
 * algorithms: a Taylor polynomial for exp on [-1/4, 0), a table of exp(-2^i), Newton's division).
 * All values are raw int16; sums wrap where the original's do. */
#ifndef PL_KERNELS_FIXED_POINT_16_H
#define PL_KERNELS_FIXED_POINT_16_H

#include <stdint.h>

static inline int16_t pl_add_16(int16_t a, int16_t b)
{
    return (int16_t)(a + b);
}

static inline int16_t pl_subtract_16(int16_t a, int16_t b)
{
    return (int16_t)(a - b);
}

static inline int16_t pl_add_saturating_16(int16_t a, int16_t b)
{
    const int32_t sum = a + b;
    return (int16_t)(sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum);
}

/* round(a * b / 2^15), ties away from zero; saturates the one product that does not fit. */
static inline int16_t pl_multiply_16(int16_t a, int16_t b)
{
    if (a == INT16_MIN && b == INT16_MIN) return INT16_MAX;
    const int32_t product = a * b;
    const int32_t nudge = product >= 0 ? (1 << 14) : (1 - (1 << 14));
    return (int16_t)((product + nudge) / (1 << 15));
}

/* round(x / 2^exponent), ties away from zero. */
static inline int16_t pl_shift_right_16(int16_t x, int32_t exponent)
{
    const int32_t mask = (1 << exponent) - 1;
    const int32_t remainder = x & mask;
    const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (int16_t)((x >> exponent) + (remainder > threshold ? 1 : 0));
}

static inline int16_t pl_shift_left_16(int16_t x, int32_t exponent)
{
    const int32_t shifted = (int32_t)x * (1 << exponent);
    return (int16_t)(shifted > INT16_MAX ? INT16_MAX : shifted < INT16_MIN ? INT16_MIN : shifted);
}

/* round((a + b) / 2), ties away from zero. */
static inline int16_t pl_half_sum_16(int16_t a, int16_t b)
{
    const int32_t sum = a + b;
    return (int16_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
}

/* exp(a) for a in [-1/4, 0), no integer bits: around -1/8. */
static inline int16_t pl_exp_small_16(int16_t a)
{
    const int16_t exp_of_eighth = 28918; /* exp(-1/8) */
    const int16_t third = 10923;
    const int16_t x = pl_add_16(a, 1 << 12);
    const int16_t x2 = pl_multiply_16(x, x);
    const int16_t x3 = pl_multiply_16(x2, x);
    const int16_t x4 = pl_multiply_16(x2, x2);
    const int16_t high = pl_multiply_16(pl_add_16(pl_shift_right_16(x4, 2), x3), third);
    const int16_t tail = pl_shift_right_16(pl_add_16(high, x2), 1);
    return pl_add_saturating_16(exp_of_eighth, pl_multiply_16(exp_of_eighth, pl_add_16(x, tail)));
}

/* exp(-2^i), i from -2 on. */
static const int16_t pl_exp_powers_16[] = {25520, 19875, 12055, 4435, 600, 11, 0};

/* exp(a) for a <= 0 with this many integer bits (0 to 7); the result has none. */
static inline int16_t pl_exp_negative_16(int16_t a, int32_t integer_bits)
{
    const int32_t fraction_bits = 15 - integer_bits;
    const int16_t quarter = (int16_t)(1 << (fraction_bits - 2));
    const int16_t small = pl_subtract_16((int16_t)(a & (quarter - 1)), quarter);
    int16_t result = pl_exp_small_16(pl_shift_left_16(small, integer_bits));
    const int16_t remainder = pl_subtract_16(small, a);
    for (int32_t i = 0; i < 7; i++) {
        if (integer_bits <= i - 2) continue;
        const int16_t product = pl_multiply_16(result, pl_exp_powers_16[i]);
        result = (remainder & (1 << (fraction_bits + i - 2))) != 0 ? product : result;
    }
    result = integer_bits > 5 && a < -(1 << (20 - integer_bits)) ? 0 : result;
    return a == 0 ? INT16_MAX : result;
}

/* 1 / ((1 + a) / 2) with two integer bits, for a in [0, 1]: three steps of Newton's. */
static inline int16_t pl_reciprocal_16(int16_t a)
{
    const int16_t half_denominator = pl_half_sum_16(a, INT16_MAX);
    const int16_t one = 1 << 13;
    int16_t x = pl_add_16(23130, pl_multiply_16(half_denominator, -15420)); /* 48/17 - 32/17 * d */
    for (int32_t i = 0; i < 3; i++) {
        const int16_t error = pl_subtract_16(one, pl_multiply_16(half_denominator, x));
        x = pl_add_16(x, pl_shift_left_16(pl_multiply_16(x, error), 2));
    }
    return x;
}

/* logistic of x with 3 integer bits; the result has none. */
static inline int16_t pl_logistic_16(int16_t x)
{
    /* Minus the magnitude; INT16_MIN has no positive twin and stays. */
    const int16_t negative = x > 0 ? (int16_t)-x : x;
    /* 1 / (1 + e) is half the reciprocal of (1 + e) / 2; halving makes 2 integer bits 1, then all
     * but none. */
    const int16_t positive = pl_shift_left_16(pl_reciprocal_16(pl_exp_negative_16(negative, 3)), 1);
    const int16_t result = x > 0 ? positive : pl_subtract_16(INT16_MAX, positive);
    return x == 0 ? 1 << 14 : result;
}

/* tanh of x with 0 to 6 integer bits; the result has none. */
static inline int16_t pl_tanh_16(int16_t x, int32_t integer_bits)
{
    const int16_t negative = x < 0 ? x : (int16_t)-x;
    /* exp of twice the value: the same bits with one integer bit more. (1 - e) / (1 + e) = 2 / (1 +
     * e) - 1. */
    const int16_t reciprocal = pl_reciprocal_16(pl_exp_negative_16(negative, integer_bits + 1));
    const int16_t magnitude = pl_shift_left_16(pl_subtract_16(reciprocal, 1 << 13), 2);
    const int16_t result = x < 0 ? (int16_t)-magnitude : magnitude;
    return x == 0 ? 0 : result;
}

#endif
