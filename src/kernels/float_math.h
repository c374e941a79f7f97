/* SPDX-License-Identifier: Apache-2.0 */
/* Elementary functions of float32, written once: straight-line polynomials of explicit fused
 * multiply-adds and integer operations on the bits, so that a loop over them vectorizes and
 * every level gives the same bits. The polynomials are minimax fits, coefficients rounded to
 * float one by one from the lowest with the rest fitted again. Errors, in units in the last
 * place against double: exp 1.1, exp - 1 2.6, tanh 2.6, logistic 2.4, erf 1.1. NaN gives NaN. */
#ifndef PL_KERNELS_FLOAT_MATH_H
#define PL_KERNELS_FLOAT_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t pl_float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float pl_float_from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* x = n * ln 2 + r with n whole and |r| <= ln 2 / 2; exp(r) = 1 + tail. */
struct pl_exp_parts {
    float tail;
    uint32_t n; /* as a two's complement integer */
};

/* |x| < 2^21. Adding 1.5 * 2^23 leaves the rounded n in the low bits of the sum: no conversion
 * that could overflow. */
static inline struct pl_exp_parts pl_exp_split(float x)
{
    const float shifter = 12582912.0f;
    const float sum = fmaf(x, 1.44269504f, shifter);
    const float n = sum - shifter;
    float r = fmaf(n, -0.693145752f, x);
    r = fmaf(n, -1.42860677e-6f, r);
    float p = 0.00138214696f;
    p = fmaf(p, r, 0.00836866256f);
    p = fmaf(p, r, 0.0416682549f);
    p = fmaf(p, r, 0.166665211f);
    p = fmaf(p, r, 0.49999994f);
    const struct pl_exp_parts parts = {fmaf(p * r, r, r),
                                       pl_float_bits(sum) - pl_float_bits(shifter)};
    return parts;
}

static inline float pl_expf(float x)
{
    /* Outside, the result is infinite or rounds to 0 anyway; inside, n fits two factors. */
    float limited = x > 89.0f ? 89.0f : x;
    limited = limited < -104.0f ? -104.0f : limited;
    const struct pl_exp_parts parts = pl_exp_split(limited);
    /* 2^n in two factors, so that denormal results are rounded once and large ones do not
     * overflow early. Halving is done on n + 256, which is positive. */
    const uint32_t half = ((parts.n + 256u) >> 1) - 128u;
    const uint32_t rest = parts.n - half;
    const float first = pl_float_from_bits((half + 127u) << 23);
    const float second = pl_float_from_bits((rest + 127u) << 23);
    return (1.0f + parts.tail) * first * second;
}

/* exp(x) - 1, without loss near 0. */
static inline float pl_expm1f(float x)
{
    float limited = x > 89.0f ? 89.0f : x;
    limited = limited < -20.0f ? -20.0f : limited;
    const struct pl_exp_parts parts = pl_exp_split(limited);
    /* 2^128 is no float: half of it, twice. */
    const float power = pl_float_from_bits((parts.n + 126u) << 23);
    const float half = fmaf(power, parts.tail, power - 0.5f);
    return half + half;
}

static inline float pl_tanhf(float x)
{
    /* tanh|x| = e / (e + 2), e = exp(2|x|) - 1; beyond 10 it is 1 in float. */
    const float magnitude = fabsf(x);
    const float limited = magnitude > 10.0f ? 10.0f : magnitude;
    const struct pl_exp_parts parts = pl_exp_split(limited + limited);
    const float power = pl_float_from_bits((parts.n + 127u) << 23);
    const float e = fmaf(power, parts.tail, power - 1.0f);
    return copysignf(e / (e + 2.0f), x);
}

/* 1 / (1 + exp(-x)), by exp(-|x|) so that small results keep their precision. */
static inline float pl_logisticf(float x)
{
    const float e = pl_expf(-fabsf(x));
    const float top = x < 0.0f ? e : 1.0f;
    const float result = top / (1.0f + e);
    return x != x ? x : result;
}

static inline float pl_erff(float x)
{
    const float t = fabsf(x);
    /* Near 0: x + x * p(x^2). */
    const float s = t * t;
    float p = 7.99664995e-05f;
    p = fmaf(p, s, -0.000804976968f);
    p = fmaf(p, s, 0.00519240508f);
    p = fmaf(p, s, -0.0268557314f);
    p = fmaf(p, s, 0.112836257f);
    p = fmaf(p, s, -0.376126289f);
    p = fmaf(p, s, 0.128379166f);
    const float near = fmaf(p, t, t);
    /* Further out: 1 - exp(-q(|x|)); 1 in float from 4 on. */
    const float limited = t > 4.0f ? 4.0f : t;
    float q = 7.39933853e-07f;
    q = fmaf(q, limited, 1.12844273e-05f);
    q = fmaf(q, limited, -0.000378728117f);
    q = fmaf(q, limited, 0.00399380503f);
    q = fmaf(q, limited, -0.0247740913f);
    q = fmaf(q, limited, 0.107857861f);
    q = fmaf(q, limited, 0.633663476f);
    q = fmaf(q, limited, 1.12938178f);
    q = fmaf(q, limited, -0.000150612206f);
    const float far = 1.0f - pl_expf(-q);
    return copysignf(t < 0.92f ? near : far, x);
}

/* x / 2 * (1 + erf(x / sqrt 2)) = x / 2 * erfc(-x / sqrt 2), with erfc(t) = exp(-q(t)) for t >= 0, so
 * that small results keep their precision and one polynomial is enough. From |t| = 5.4 on erfc is
 * taken as 0 or 2. The error is below 3e-8 plus two units in the last place. */
static inline float pl_geluf(float x)
{
    const float t = fabsf(x) * 0.707106781f;
    const float limited = t > 5.4f ? 5.4f : t;
    float q = 2.34740819e-05f;
    q = fmaf(q, limited, -0.00024264556f);
    q = fmaf(q, limited, 0.000815547886f);
    q = fmaf(q, limited, 0.000895662466f);
    q = fmaf(q, limited, -0.0199012328f);
    q = fmaf(q, limited, 0.103065357f);
    q = fmaf(q, limited, 0.636567056f);
    q = fmaf(q, limited, 1.12838233f);
    const struct pl_exp_parts parts = pl_exp_split(-(q * limited));
    const float power = pl_float_from_bits((parts.n + 127u) << 23);
    const float inside = fmaf(power, parts.tail, power);
    const float tail = t > 5.4f ? 0.0f : inside;
    return 0.5f * x * (x < 0.0f ? tail : 2.0f - tail);
}

#endif
