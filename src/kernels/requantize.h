/* SPDX-License-Identifier: Apache-2.0 */
/* The last step of kernels: from a sum to an output in its range. */
#ifndef PL_KERNELS_REQUANTIZE_H
#define PL_KERNELS_REQUANTIZE_H

#include <math.h>

#include "kernels/fixed_point.h"

/* As the reference compares: not-a-number passes. */
static inline float pl_clamp_float(float x, float low, float high)
{
    const float raised = x < low ? low : x;
    return high < raised ? high : raised;
}

/* Where a quantized output lies: each value is offset by the zero point and then clamped. */
struct pl_output_range {
    int32_t zero_point;
    int32_t low, high;
};

static inline int32_t pl_place_output(int32_t scaled, struct pl_output_range range)
{
    const int64_t value = (int64_t)scaled + range.zero_point;
    return value < range.low ? range.low : value > range.high ? range.high : (int32_t)value;
}

static inline int32_t pl_requantize(int32_t sum, struct pl_multiplier multiplier,
                                    struct pl_output_range range)
{
    return pl_place_output(pl_multiply(sum, multiplier), range);
}

/* The reference's 64-bit multiply is defined for sums of 48 bits and shifts below 15. */
static inline int32_t pl_requantize_wide(int64_t sum, struct pl_multiplier multiplier,
                                         struct pl_output_range range)
{
    const int64_t limit = (int64_t)1 << 47;
    const int64_t cut = sum < -limit ? -limit : sum >= limit ? limit - 1 : sum;
    return pl_place_output(pl_multiply_64(cut, multiplier), range);
}

/* round(sum * scale), ties away from zero, in double. */
static inline int32_t pl_requantize_double(double sum, double scale, struct pl_output_range range)
{
    const double value = round(sum * scale) + range.zero_point;
    return value < range.low ? range.low : value > range.high ? range.high : (int32_t)value;
}

#endif
