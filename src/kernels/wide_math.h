/* SPDX-License-Identifier: Apache-2.0 */
/* Elementary functions of float32 that are computed in double and rounded once: series short
 * enough to be exact for float32, with plain products and sums, so that every level gives the same
 * bits. Errors against double, in units in the last place: at most 0.51 all of them. */
#ifndef PL_KERNELS_WIDE_MATH_H
#define PL_KERNELS_WIDE_MATH_H

#include "kernels/float_math.h"

static inline uint64_t pl_double_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double pl_double_from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* ---- logarithms ------------------------------------------------------------------------------ */

/* x = 2^exponent * m, sqrt(1/2) <= m < sqrt(2), for finite x > 0; log = log m. */
struct pl_log_parts {
    double exponent;
    double log;
};

static inline struct pl_log_parts pl_log_split(float x)
{
    const int32_t is_denormal = x < 0x1p-126f;
    const float normal = is_denormal ? x * 0x1p32f : x;
    const uint32_t sqrt_half = 0x3f3504f3;
    const int32_t exponent = (int32_t)(pl_float_bits(normal) - sqrt_half) >> 23;
    const double m = (double)pl_float_from_bits(pl_float_bits(normal) - ((uint32_t)exponent << 23));
    /* log m = 2 artanh s */
    const double s = (m - 1.0) / (m + 1.0);
    const double t = s * s;
    double p = 1.0 / 17.0;
    p = p * t + 1.0 / 15.0;
    p = p * t + 1.0 / 13.0;
    p = p * t + 1.0 / 11.0;
    p = p * t + 1.0 / 9.0;
    p = p * t + 1.0 / 7.0;
    p = p * t + 1.0 / 5.0;
    p = p * t + 1.0 / 3.0;
    const struct pl_log_parts parts = {(double)(exponent - (is_denormal ? 32 : 0)),
                                       2.0 * s + 2.0 * s * t * p};
    return parts;
}

static inline float pl_logf(float x)
{
    const struct pl_log_parts parts = pl_log_split(x);
    const float finite = (float)(parts.exponent * 0.69314718055994530942 + parts.log);
    const float not_positive = x == 0.0f ? -INFINITY : NAN;
    const float result = x > 0.0f ? finite : not_positive;
    return x == INFINITY ? x : result;
}

/* ---- powers ---------------------------------------------------------------------------------- */

/* 2^x for -160 <= x <= 160. */
static inline double pl_exp2_wide(double x)
{
    const double shifter = 0x1.8p52;
    const double sum = x + shifter;
    const double r = (x - (sum - shifter)) * 0.69314718055994530942;
    double p = 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 1.0 / 2.0;
    const uint64_t exponent = pl_double_bits(sum) - pl_double_bits(shifter);
    return (1.0 + r + r * r * p) * pl_double_from_bits((exponent + 1023) << 52);
}

/* |x|^y for numbers that are no NaN. */
static inline float pl_power_of_magnitude(float x, float y)
{
    const int32_t grows = x > 1.0f;
    if (x == 1.0f || y == 0.0f) return 1.0f;
    if (x == 0.0f || x == INFINITY || fabsf(y) == INFINITY)
        return grows == (y > 0.0f) ? INFINITY : 0.0f;
    const struct pl_log_parts parts = pl_log_split(x);
    const double log2 = parts.exponent + parts.log * 1.44269504088896340736;
    const double product = (double)y * log2;
    const double limited = product < -160.0 ? -160.0 : product;
    return (float)pl_exp2_wide(limited > 160.0 ? 160.0 : limited);
}

/* As C's pow(): 1 to any power and anything to the power 0 is 1, negative numbers have whole
 * powers only. */
static inline float pl_powf(float x, float y)
{
    if (x == 1.0f || y == 0.0f) return 1.0f;
    if (x != x || y != y) return x + y;
    const float magnitude = pl_power_of_magnitude(fabsf(x), y);
    if ((pl_float_bits(x) >> 31) == 0) return magnitude;
    /* From 2^24 on, all numbers are even; infinities count as even too. */
    const int32_t is_small = fabsf(y) < 0x1p24f;
    const int32_t whole = is_small ? (int32_t)y : 0;
    if (is_small && (float)whole != y && x != 0.0f && x != -INFINITY) return NAN;
    const int32_t is_odd = (float)whole == y && (whole & 1) != 0;
    return is_odd ? -magnitude : magnitude;
}

/* ---- sine and cosine ------------------------------------------------------------------------- */

enum { PL_CIRCLE_LIMIT = 1 << 17 };

/* An angle x = quarters * pi / 2 + rest, |rest| <= pi / 4; quarters modulo 4. */
struct pl_angle {
    double rest;
    uint64_t quarters;
};

/* |x| < PL_CIRCLE_LIMIT: the product with the first 33 bits of pi / 2 is exact. */
static inline struct pl_angle pl_angle_small(float x)
{
    const double shifter = 0x1.8p52;
    const double wide = (double)x;
    const double sum = wide * 0.63661977236758134308 + shifter;
    const double n = sum - shifter;
    const struct pl_angle angle = {(wide - n * 0x1.921fb544p0) - n * 0x1.0b4611a626331p-34,
                                   pl_double_bits(sum)};
    return angle;
}

/* Any finite x: an integer of 24 bits times those bits of 2 / pi that matter. */
static inline struct pl_angle pl_angle_large(float x)
{
    static const uint32_t two_over_pi[] = {0,          0xa2f9836e, 0x4e441529,
                                           0xfc2757d1, 0xf534ddc0, 0xdb629599,
                                           0x3c439041, 0xfe5163ab, 0xdebbc561};
    const uint32_t bits = pl_float_bits(x);
    const uint64_t mantissa = (bits & 0x7fffff) | 0x800000;
    const uint32_t exponent = bits >> 23 & 0xff; /* x = mantissa * 2^(exponent - 150) */
    const uint32_t start = exponent < 150 - 30 ? 0 : exponent - 150 + 30;
    const uint32_t word = start / 32;
    const uint32_t shift = start % 32;
    uint32_t window[3];
    for (uint32_t i = 0; i < 3; i++) {
        const uint64_t pair = (uint64_t)two_over_pi[word + i] << 32 | two_over_pi[word + i + 1];
        window[i] = (uint32_t)(pair << shift >> 32);
    }
    /* The two leading bits are the whole quarters. */
    const uint64_t high = (uint64_t)window[0] << 32 | window[1];
    const uint64_t product = mantissa * high + (mantissa * window[2] >> 32);
    const uint64_t quarters = (product + ((uint64_t)1 << 61)) >> 62;
    const int64_t rest = (int64_t)(product - (quarters << 62));
    const double signed_rest = (double)rest * (0x1p-62 * 1.57079632679489661923);
    const int32_t negative = (bits >> 31) != 0;
    const struct pl_angle angle = {negative ? -signed_rest : signed_rest,
                                   negative ? 0 - quarters : quarters};
    return angle;
}

static inline float pl_angle_sine(struct pl_angle angle)
{
    const double r = angle.rest;
    const double s = r * r;
    double sine = -1.0 / 39916800.0;
    sine = sine * s + 1.0 / 362880.0;
    sine = sine * s - 1.0 / 5040.0;
    sine = sine * s + 1.0 / 120.0;
    sine = sine * s - 1.0 / 6.0;
    sine = sine * s * r + r;
    double cosine = 1.0 / 479001600.0;
    cosine = cosine * s - 1.0 / 3628800.0;
    cosine = cosine * s + 1.0 / 40320.0;
    cosine = cosine * s - 1.0 / 720.0;
    cosine = cosine * s + 1.0 / 24.0;
    cosine = cosine * s - 1.0 / 2.0;
    cosine = cosine * s + 1.0;
    const double value = (angle.quarters & 1) != 0 ? cosine : sine;
    return (float)((angle.quarters & 2) != 0 ? -value : value);
}

static inline struct pl_angle pl_angle_of(float x)
{
    return fabsf(x) < (float)PL_CIRCLE_LIMIT ? pl_angle_small(x) : pl_angle_large(x);
}

static inline float pl_sinf(float x)
{
    if (x == 0.0f || !(fabsf(x) < INFINITY)) return x == 0.0f ? x : x - x;
    return pl_angle_sine(pl_angle_of(x));
}

static inline float pl_cosf(float x)
{
    if (!(fabsf(x) < INFINITY)) return x - x;
    struct pl_angle angle = pl_angle_of(x);
    angle.quarters++;
    return pl_angle_sine(angle);
}

/* ---- arc tangent ----------------------------------------------------------------------------- */

/* 0 <= t <= 1 */
static inline double pl_atan_wide(double t)
{
    const int32_t is_large = t > 0.41421356237309504880; /* tan(pi / 8) */
    const double u = is_large ? (t - 1.0) / (t + 1.0) : t;
    const double s = u * u;
    double p = -1.0 / 23.0;
    p = p * s + 1.0 / 21.0;
    p = p * s - 1.0 / 19.0;
    p = p * s + 1.0 / 17.0;
    p = p * s - 1.0 / 15.0;
    p = p * s + 1.0 / 13.0;
    p = p * s - 1.0 / 11.0;
    p = p * s + 1.0 / 9.0;
    p = p * s - 1.0 / 7.0;
    p = p * s + 1.0 / 5.0;
    p = p * s - 1.0 / 3.0;
    p = p * s * u + u;
    return is_large ? p + 0.78539816339744830962 : p;
}

static inline float pl_atan2f(float y, float x)
{
    const double up = fabs((double)y);
    const double along = fabs((double)x);
    const double high = up > along ? up : along;
    const double low = up > along ? along : up;
    const double ratio = low == high ? (high == 0.0 ? 0.0 : 1.0) : low / high;
    double angle = pl_atan_wide(ratio);
    angle = up > along ? 1.57079632679489661923 - angle : angle;
    angle = (pl_float_bits(x) >> 31) != 0 ? 3.14159265358979323846 - angle : angle;
    const float result = copysignf((float)angle, y);
    return x != x || y != y ? x + y : result;
}

/* ---- complex numbers ------------------------------------------------------------------------- */

/* sqrt(x^2 + y^2): squares of floats neither overflow nor vanish in double. */
static inline float pl_hypotf(float x, float y)
{
    const double wide_x = (double)x;
    const double wide_y = (double)y;
    const float length = (float)sqrt(wide_x * wide_x + wide_y * wide_y);
    return fabsf(x) == INFINITY || fabsf(y) == INFINITY ? INFINITY : length;
}

#endif
