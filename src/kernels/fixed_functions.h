/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on fixed-point numbers with gemmlowp's bits, as the reference's quantized operators
 * use them. "Qn" is a 32-bit number with n integer bits: its raw value is the real one times
 * 2^(31 - n). */
#ifndef PL_KERNELS_FIXED_FUNCTIONS_H
#define PL_KERNELS_FIXED_FUNCTIONS_H

#include "kernels/fixed_point.h"

/* x * 2^exponent, saturating; 0 <= exponent < 31. */
static inline int32_t pl_fixed_shift_left(int32_t x, int32_t exponent)
{
    const int64_t shifted = (int64_t)x * ((int64_t)1 << exponent);
    return shifted > INT32_MAX ? INT32_MAX : shifted < INT32_MIN ? INT32_MIN : (int32_t)shifted;
}

static inline int32_t pl_fixed_add(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t pl_fixed_subtract(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a - (uint32_t)b);
}

/* exp(a) in Q0 for a in [-1/4, 0), Q0: Taylor's series at -1/8. */
static inline int32_t pl_fixed_exp_quarter(int32_t a)
{
    const int32_t exp_of_minus_eighth = 1895147668;
    const int32_t third = 715827883;
    const int32_t x = pl_fixed_add(a, 1 << 28);
    const int32_t x2 = pl_high_multiply(x, x);
    const int32_t x3 = pl_high_multiply(x2, x);
    const int32_t x4 = pl_high_multiply(x2, x2);
    const int32_t quarter_x4 = pl_rounding_shift_right(x4, 2);
    const int32_t sum = pl_fixed_add(pl_high_multiply(pl_fixed_add(quarter_x4, x3), third), x2);
    const int32_t tail = pl_rounding_shift_right(sum, 1);
    return pl_fixed_add(exp_of_minus_eighth,
                        pl_high_multiply(exp_of_minus_eighth, pl_fixed_add(x, tail)));
}

/* exp(a) in Q0 for a <= 0, Q5. */
static inline int32_t pl_fixed_exp(int32_t a)
{
    /* exp(-2^k) in Q0 for k = -2 .. 4 */
    static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308,
                                      39332535,   720401,     242};
    if (a == 0) return INT32_MAX;
    const int32_t quarter = 1 << 24;
    const int32_t fraction = (a & (quarter - 1)) - quarter;
    int32_t result = pl_fixed_exp_quarter(pl_fixed_shift_left(fraction, 5));
    const int32_t rest = pl_fixed_subtract(fraction, a);
    for (int32_t k = 0; k < 7; k++)
        if ((rest & (quarter << k)) != 0) result = pl_high_multiply(result, factors[k]);
    return result;
}

/* 1 / (1 + a) in Q0 for a in [0, 1), Q0: three steps of Newton's method in Q2. */
static inline int32_t pl_fixed_one_over_one_plus(int32_t a)
{
    const int64_t doubled = (int64_t)a + INT32_MAX;
    const int32_t half = (int32_t)((doubled + (doubled >= 0 ? 1 : -1)) / 2);
    int32_t x = pl_fixed_add(1515870810, pl_high_multiply(half, -1010580540)); /* 48/17 - 32/17 d */
    for (int32_t step = 0; step < 3; step++) {
        const int32_t error = pl_fixed_subtract(1 << 29, pl_high_multiply(half, x));
        x = pl_fixed_add(x, pl_fixed_shift_left(pl_high_multiply(x, error), 2));
    }
    return pl_fixed_shift_left(x, 1);
}

/* 1 / x for x > 0 with integer_bits integer bits: the result in Q0, times 2^-*bits. */
static inline int32_t pl_fixed_reciprocal(int32_t x, int32_t integer_bits, int32_t *bits)
{
    assert(x != 0);
    const int32_t headroom = __builtin_clz((uint32_t)x);
    *bits = integer_bits - headroom;
    return pl_fixed_one_over_one_plus((int32_t)(((uint32_t)x << headroom) - (1u << 31)));
}

/* 1 / sqrt(x) for an integer x >= 0, as a multiplier (0 counts as 1). */
static inline struct pl_multiplier pl_fixed_inverse_square_root(int32_t x)
{
    struct pl_multiplier result = {INT32_MAX, 0};
    if (x <= 1) return result;
    int32_t right_shift = 11;
    while (x >= (1 << 29)) {
        x /= 4;
        right_shift++;
    }
    const int32_t pairs = (__builtin_clz((uint32_t)x) - 1) / 2 - 1;
    right_shift -= pairs;
    x = (int32_t)((uint32_t)x << (2 * pairs));
    /* Newton's method in Q3: y = y (3 - x y^2) / 2. */
    const int32_t half_x = pl_rounding_shift_right(x >> 1, 1);
    const int32_t three_halves = (1 << 28) + (1 << 27);
    int32_t y = 1 << 28;
    for (int32_t step = 0; step < 5; step++) {
        const int32_t y3 = pl_fixed_shift_left(pl_high_multiply(pl_high_multiply(y, y), y), 6);
        const int32_t next =
            pl_fixed_subtract(pl_high_multiply(three_halves, y), pl_high_multiply(half_x, y3));
        y = pl_fixed_shift_left(next, 3);
    }
    result.multiplier = pl_high_multiply(y, 1518500250); /* sqrt(2) / 2 */
    if (right_shift < 0) {
        result.multiplier = (int32_t)((uint32_t)result.multiplier << -right_shift);
        right_shift = 0;
    }
    result.shift = -right_shift;
    return result;
}

#endif
