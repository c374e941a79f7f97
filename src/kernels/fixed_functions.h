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

/* round((a + b) / 2), ties away from zero. */
static inline int32_t pl_fixed_half_sum(int32_t a, int32_t b)
{
    const int64_t sum = (int64_t)a + b;
    return (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
}

/* What is left of a logarithm of r in [1/2, 1] times 2^1/4, both Q0, in Q0: a quotient of
 * polynomials around 2^-1/4. */
static inline int32_t pl_fixed_log_rest(int32_t r, int32_t *numerator)
{
    const int32_t center = 1805811301;  /* 2^-1/4 */
    const int32_t alpha_n = 117049297;  /* 11/240 * 2^1/4 */
    const int32_t alpha_d = 127690142;  /* 1/20 * 2^1/4 */
    const int32_t alpha_i = 1057819769; /* 2 / 2^1/4 - 2^1/4 */
    const int32_t alpha_f = 638450708;  /* 1/4 * 2^1/4 */
    const int32_t half = pl_fixed_half_sum(r, center);
    const int32_t difference = pl_fixed_subtract(r, center);
    const int32_t q = pl_fixed_add(difference, difference);
    const int32_t q2 = pl_high_multiply(q, q);
    *numerator =
        pl_fixed_add(pl_high_multiply(q, r), pl_high_multiply(pl_high_multiply(q, q2), alpha_n));
    const int32_t inner = pl_fixed_add(pl_fixed_add(alpha_i, q), pl_high_multiply(alpha_d, q2));
    const int32_t denominator =
        pl_fixed_add(pl_high_multiply(half, inner), pl_high_multiply(alpha_f, q));
    return pl_fixed_one_over_one_plus(denominator);
}

/* log(x) for x > 0 with in_bits integer bits, as a number with out_bits: the leading power of two,
 * or that of x times sqrt(1/2), whichever leaves the smaller rest. */
static inline int32_t pl_fixed_log(int32_t x, int32_t in_bits, int32_t out_bits)
{
    const int32_t sqrt_half = 1518500250;
    const int32_t log_2 = 1488522236;
    const int32_t bits = out_bits + 1; /* of the sum */
    const int32_t quarter = 1 << (29 - bits);
    const int32_t lead_a = __builtin_clz((uint32_t)x);
    const int32_t shifted = pl_fixed_shift_left(x, lead_a - 1);
    const int32_t rest_a = pl_fixed_shift_left(pl_high_multiply(shifted, sqrt_half), 1);
    const int32_t power_a = (in_bits - lead_a) * (1 << (31 - bits)) + quarter;
    const int32_t lead_b = __builtin_clz((uint32_t)pl_high_multiply(x, sqrt_half)) - 1;
    const int32_t rest_b = pl_fixed_shift_left(x, lead_b);
    const int32_t power_b = (in_bits - lead_b) * (1 << (31 - bits)) - quarter;
    int32_t numerator = 0;
    const int32_t inverse = pl_fixed_log_rest(rest_a < rest_b ? rest_a : rest_b, &numerator);
    const int32_t whole = pl_high_multiply(power_a > power_b ? power_a : power_b, log_2);
    const int32_t rest = pl_high_multiply(pl_rounding_shift_right(numerator, bits), inverse);
    return pl_fixed_shift_left(pl_fixed_add(whole, rest), 1);
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
