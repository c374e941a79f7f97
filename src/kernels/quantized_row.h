/* SPDX-License-Identifier: Apache-2.0 */
/* With which scale and zero point floats between two ends become int8: the reference's numbers. */
#ifndef PL_KERNELS_QUANTIZED_ROW_H
#define PL_KERNELS_QUANTIZED_ROW_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

struct pl_quantized_row {
    float scale, inverse;
    int32_t zero_point;
    bool is_zero; /* all of it, whatever the values */
};

static inline struct pl_quantized_row pl_quantized_row_symmetric(float low, float high)
{
    const float range = fabsf(low) > fabsf(high) ? fabsf(low) : fabsf(high);
    if (range == 0.0f) return (struct pl_quantized_row){.scale = 1.0f, .is_zero = true};
    return (struct pl_quantized_row){.scale = range / 127.0f, .inverse = 127.0f / range};
}

/* The zero point of the end whose error is smaller. */
static inline int32_t pl_quantized_zero_point(double low, double high, double scale)
{
    const double from_low = -128.0 - low / scale;
    const double from_high = 127.0 - high / scale;
    const bool low_is_better = 128.0 + fabs(low / scale) < 127.0 + fabs(high / scale);
    const double zero_point = low_is_better ? from_low : from_high;
    if (!(zero_point > -128.0)) return -128;
    return zero_point >= 127.0 ? 127 : (int32_t)round(zero_point);
}

static inline struct pl_quantized_row pl_quantized_row_asymmetric(float low, float high)
{
    low = low < 0.0f ? low : 0.0f;
    high = high > 0.0f ? high : 0.0f;
    if (low == high) return (struct pl_quantized_row){.scale = 1.0f, .is_zero = true};
    /* The difference in float, as the reference has it. */
    const double step = (double)(high - low) / 255.0;
    const float scale = (float)step;
    return (struct pl_quantized_row){
        .scale = scale,
        .inverse = 1.0f / scale,
        .zero_point = pl_quantized_zero_point((double)low, (double)high, step)};
}

#endif
