/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of functions: see lookup.h. */
#include "ops/lookup.h"

#include <math.h>

#include "ops/quantize.h"

enum { STEPS = PL_LOOKUP_16 - 1 };

/* A float as an integer between low and high. What no int32 can hold, NaN too, gives low, as in
 * the reference. */
static int32_t limit_float(float x, int32_t low, int32_t high)
{
    return !(x > (float)low) || x >= 2147483648.0f ? low : x > (float)high ? high : (int32_t)x;
}

/* The same for int16, which the reference limits before it converts: NaN gives 0. */
static int16_t limit_16(double x)
{
    if (x != x) return 0;
    return (int16_t)(x > (double)INT16_MAX ? INT16_MAX : x < (double)INT16_MIN ? INT16_MIN : x);
}

void pl_lookup_fill_8(const struct pl_value *input, const struct pl_value *output,
                      pl_lookup_function function, float parameter, uint8_t table[PL_LOOKUP_8])
{
    const struct pl_quantization *in = &input->tensor->quantization;
    const struct pl_quantization *out = &output->tensor->quantization;
    const float inverse_scale = 1.0f / out->scales[0];
    int32_t low = 0, high = 0, out_low = 0, out_high = 0;
    pl_quantize_type_range(input->tensor->type, &low, &high);
    pl_quantize_type_range(output->tensor->type, &out_low, &out_high);
    for (int32_t value = low; value <= high; value++) {
        const float real = in->scales[0] * (float)(value - in->zero_points[0]);
        const float rescaled = roundf(function(real, parameter) * inverse_scale);
        table[(uint8_t)value] =
            (uint8_t)limit_float(rescaled + (float)out->zero_points[0], out_low, out_high);
    }
}

void pl_lookup_fill_16(const struct pl_value *input, const struct pl_value *output,
                       pl_lookup_function function, float parameter, int16_t table[PL_LOOKUP_16])
{
    const struct pl_quantization *in = &input->tensor->quantization;
    const struct pl_quantization *out = &output->tensor->quantization;
    const float in_low = in->scales[0] * (float)(INT16_MIN - in->zero_points[0]);
    const float in_high = in->scales[0] * (float)(INT16_MAX - in->zero_points[0]);
    const float out_low = out->scales[0] * (float)(INT16_MIN - out->zero_points[0]);
    const float out_high = out->scales[0] * (float)(INT16_MAX - out->zero_points[0]);
    const float step = (in_high - in_low) / STEPS;
    const float inverse = 65536.0f / (out_high - out_low);
    for (int32_t i = 0; i < STEPS; i++) {
        const float at = in_low + (float)i * step;
        const float value = function(at, parameter);
        const float middle = function(at + step / 2, parameter);
        const float next = function(in_low + (float)(i + 1) * step, parameter);
        const float sample = roundf(value * inverse);
        const float interpolated = roundf((next * inverse + sample) / 2);
        /* Half of what interpolation misses in the middle is taken off at the sample. */
        const float bias = roundf((interpolated - roundf(middle * inverse)) / 2);
        table[i] = limit_16((double)(sample - bias));
    }
    table[STEPS] = limit_16((double)roundf(function(in_high, parameter) * inverse));
}

void pl_lookup_fill_scaled(double in_scale, int32_t in_zero_point, double out_scale,
                           double (*function)(double), int16_t table[PL_LOOKUP_16])
{
    const double in_low = in_scale * (INT16_MIN - in_zero_point);
    const double in_high = in_scale * (INT16_MAX - in_zero_point);
    const double step = (in_high - in_low) / STEPS;
    const double inverse = 65536.0 / (out_scale * INT16_MAX - out_scale * INT16_MIN);
    for (int32_t i = 0; i < STEPS; i++) {
        const double at = in_low + i * step;
        const double sample = round(function(at) * inverse);
        const double interpolated =
            round((function(in_low + (i + 1) * step) * inverse + sample) / 2);
        const double bias = round((interpolated - round(function(at + step / 2) * inverse)) / 2);
        table[i] = limit_16(sample - bias);
    }
    table[STEPS] = limit_16(round(function(in_high) * inverse));
}
