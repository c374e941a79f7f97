/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed-point arithmetic of quantized operators, bit for bit as TensorFlow Lite's reference
 * kernels define it (gemmlowp's saturating rounding doubling high multiply, then a rounding
 * shift: two roundings). */
#ifndef PL_KERNELS_FIXED_POINT_H
#define PL_KERNELS_FIXED_POINT_H

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>

/* multiplier * 2^(shift - 31), multiplier in [2^30, 2^31) or 0. */
struct pl_multiplier {
    int32_t multiplier;
    int32_t shift;
};

/* a * b / 2^31 rounded to nearest, ties up; not for the one product that does not fit (see
 * below). What the reference writes with a sign-dependent nudge and a division is this sum and
 * shift: bits 31 to 62 hold the result, which lets compilers vectorize it with unsigned shifts. */
static inline int32_t pl_high_product(int32_t a, int32_t b)
{
    const int64_t nudged = (int64_t)a * b + ((int64_t)1 << 30);
    return (int32_t)(uint32_t)((uint64_t)nudged >> 31);
}

/* The same, saturating. */
static inline int32_t pl_high_multiply(int32_t a, int32_t b)
{
    return a == INT32_MIN && b == INT32_MIN ? INT32_MAX : pl_high_product(a, b);
}

/* round(x / 2^exponent), ties away from zero; 0 <= exponent <= 31. */
static inline int32_t pl_rounding_shift_right(int32_t x, int32_t exponent)
{
    assert(exponent >= 0 && exponent <= 31);
    const int32_t mask = (int32_t)(((int64_t)1 << exponent) - 1);
    const int32_t remainder = x & mask;
    const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

/* x * m, the reference's MultiplyByQuantizedMultiplier. The left shift wraps as the reference's
 * does in practice. */
static inline int32_t pl_multiply(int32_t x, struct pl_multiplier m)
{
    const int32_t left = m.shift > 0 ? m.shift : 0;
    const int32_t right = m.shift > 0 ? 0 : -m.shift;
    const int32_t shifted = (int32_t)((uint32_t)x << left);
    return pl_rounding_shift_right(pl_high_product(shifted, m.multiplier),
                                   right); /* multipliers are >= 0 */
}

/* The same for 64-bit accumulators (16-bit activations): one rounding, the multiplier cut to 16
 * bits. */
static inline int32_t pl_multiply_64(int64_t x, struct pl_multiplier m)
{
    const int32_t reduced = m.multiplier < 0x7FFF0000 ? (m.multiplier + (1 << 15)) >> 16 : 0x7FFF;
    const int32_t total_shift = 15 - m.shift;
    const int64_t rounded = x * (int64_t)reduced + ((int64_t)1 << (total_shift - 1));
    const int64_t result = rounded >> total_shift;
    return (int32_t)result;
}

/* The reference's QuantizeMultiplier: real in double, mantissa rounded to 31 bits. */
static inline struct pl_multiplier pl_multiplier_from_real(double real)
{
    struct pl_multiplier m = {0, 0};
    if (real == 0.0) return m;
    int shift = 0;
    const double mantissa = frexp(real, &shift);
    int64_t fixed = (int64_t)round(mantissa * (double)((int64_t)1 << 31));
    if (fixed == ((int64_t)1 << 31)) {
        fixed /= 2;
        shift++;
    }
    if (shift < -31) {
        shift = 0;
        fixed = 0;
    }
    if (shift > 30) {
        shift = 30;
        fixed = INT32_MAX;
    }
    m.multiplier = (int32_t)fixed;
    m.shift = shift;
    return m;
}

static inline int32_t pl_clamp(int32_t x, int32_t low, int32_t high)
{
    return x < low ? low : x > high ? high : x;
}

#endif
