/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution and pooling of every level against plain loops, on random windows: every
 * bit must be equal. */
#include "unit.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels/depthwise_kernels.h"
#include "kernels/kernels.h"
#include "kernels/pooling_kernels.h"

enum { CASES = 200, ELEMENTS = 30000, CHANNELS = 210 };

static uint64_t random_state;

static int32_t draw(int32_t low, int32_t high)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return low + (int32_t)((random_state >> 33) % (uint64_t)(high - low + 1));
}

static struct {
    float f32[ELEMENTS], weights_f32[ELEMENTS], bias_f32[CHANNELS], weight_scales[CHANNELS];
    int8_t i8[ELEMENTS];
    uint8_t u8[ELEMENTS];
    int16_t i16[ELEMENTS];
    int8_t weights_i8[ELEMENTS];
    uint8_t weights_u8[ELEMENTS];
    int32_t bias_i32[CHANNELS];
    int64_t bias_i64[CHANNELS];
    struct pl_multiplier multipliers[CHANNELS];
} data;

static void fill_data(void)
{
    random_state = 1;
    for (int32_t i = 0; i < ELEMENTS; i++) {
        data.f32[i] = (float)draw(-1000, 1000) * 0.01f;
        data.weights_f32[i] = (float)draw(-1000, 1000) * 0.001f;
        data.i8[i] = (int8_t)draw(INT8_MIN, INT8_MAX);
        data.u8[i] = (uint8_t)draw(0, UINT8_MAX);
        data.i16[i] = (int16_t)draw(INT16_MIN, INT16_MAX);
        data.weights_i8[i] = (int8_t)draw(INT8_MIN, INT8_MAX);
        data.weights_u8[i] = (uint8_t)draw(0, UINT8_MAX);
    }
    for (int32_t n = 0; n < CHANNELS; n++) {
        data.bias_f32[n] = (float)draw(-100, 100) * 0.1f;
        data.weight_scales[n] = (float)draw(1, 100) * 0.001f;
        data.bias_i32[n] = draw(-20000, 20000);
        data.bias_i64[n] = (int64_t)draw(-20000, 20000) * 1000;
        data.multipliers[n] = (struct pl_multiplier){draw(1 << 30, INT32_MAX - 1), draw(-12, -4)};
    }
}

static struct pl_patch draw_patch(int32_t max_channels)
{
    struct pl_patch patch = {0};
    patch.channels = draw(1, max_channels);
    patch.height = draw(1, 7);
    patch.width = draw(1, 9);
    patch.filter_height = draw(1, 3);
    patch.filter_width = draw(1, 3);
    patch.stride_y = draw(1, 2);
    patch.stride_x = draw(1, 3);
    patch.dilation_y = draw(1, 2);
    patch.dilation_x = draw(1, 2);
    patch.before_y = draw(0, patch.filter_height - 1);
    patch.before_x = draw(0, patch.filter_width - 1);
    return patch;
}

/* Where tap (j, i) of output pixel (y, x) lies, in elements; -1: outside of the image. */
static int64_t tap_index(const struct pl_patch *patch, int32_t y, int32_t x, int32_t j, int32_t i)
{
    const int32_t in_y = y * patch->stride_y - patch->before_y + j * patch->dilation_y;
    const int32_t in_x = x * patch->stride_x - patch->before_x + i * patch->dilation_x;
    if (in_y < 0 || in_y >= patch->height || in_x < 0 || in_x >= patch->width) return -1;
    return ((int64_t)in_y * patch->width + in_x) * patch->channels;
}

static float clamp(float value, float low, float high)
{
    return value < low ? low : value > high ? high : value;
}

enum type { F32, I8, U8, I16, HYBRID, TYPE_COUNT };

/* ---- depthwise ------------------------------------------------------------------------------- */

/* The sum of output channel n of pixel (y, x); floats through `sum_f32`. */
static int64_t expected_sum(const struct pl_depthwise_shape *shape, enum type type, int32_t y,
                            int32_t x, int32_t n, int32_t zero_point, int32_t weight_zero_point,
                            float *sum_f32)
{
    const struct pl_patch *patch = &shape->patch;
    int64_t sum = 0;
    *sum_f32 = 0.0f;
    for (int32_t j = 0; j < patch->filter_height; j++) {
        for (int32_t i = 0; i < patch->filter_width; i++) {
            const int64_t pixel = tap_index(patch, y, x, j, i);
            if (pixel < 0) continue;
            const int64_t a = pixel + n / shape->multiplier;
            const int64_t w = ((int64_t)j * patch->filter_width + i) * shape->channels + n;
            if (type == F32) *sum_f32 = fmaf(data.f32[a], data.weights_f32[w], *sum_f32);
            else if (type == U8)
                sum += (data.u8[a] - zero_point) * (data.weights_u8[w] - weight_zero_point);
            else
                sum += (int64_t)((type == I16 ? data.i16[a] : data.i8[a]) - zero_point) *
                       data.weights_i8[w];
        }
    }
    return sum;
}

static struct pl_depthwise_integer draw_integer(enum type type)
{
    struct pl_depthwise_integer weights = {
        .weights = type == U8 ? (const void *)data.weights_u8 : data.weights_i8,
        .bias = data.bias_i32,
        .wide_bias = type == I16 && draw(0, 1) ? data.bias_i64 : NULL,
        .input_zero_point = type == I16 ? 0 : draw(0, 127),
        .weight_zero_point = type == U8 ? draw(0, 255) : 0,
        .range = {draw(0, 20), 3, 120},
        .multipliers = data.multipliers,
    };
    return weights;
}

static void check_integer(const struct pl_depthwise_kernels *kernels,
                          const struct pl_depthwise_shape *shape, enum type type, int32_t y)
{
    static int16_t output[ELEMENTS];
    const struct pl_depthwise_integer weights = draw_integer(type);
    if (type == I8) kernels->i8(shape, &weights, data.i8, output, y, 1);
    if (type == U8) kernels->u8(shape, &weights, data.u8, output, y, 1);
    if (type == I16) kernels->i16(shape, &weights, data.i16, output, y, 1);
    for (int32_t e = 0; e < shape->output_width * shape->channels; e++) {
        const int32_t x = e / shape->channels, n = e % shape->channels;
        float unused;
        int64_t sum = expected_sum(shape, type, y, x, n, weights.input_zero_point,
                                   weights.weight_zero_point, &unused);
        sum += weights.wide_bias != NULL ? weights.wide_bias[n] : weights.bias[n];
        const struct pl_multiplier multiplier = weights.multipliers[n];
        const int32_t scaled =
            type == I16 ? pl_multiply_64(sum, multiplier) : pl_multiply((int32_t)sum, multiplier);
        const int64_t value = (int64_t)scaled + weights.range.zero_point;
        const int32_t found = type == I16 ? output[e] : ((const int8_t *)output)[e];
        assert_int_equal(found, value < 3 ? 3 : value > 120 ? 120 : value);
    }
}

static void check_floats(const struct pl_depthwise_kernels *kernels,
                         const struct pl_depthwise_shape *shape, enum type type, int32_t y)
{
    static float output[ELEMENTS];
    const struct pl_depthwise_float floats = {data.weights_f32, data.bias_f32, -5.0f, 9.0f};
    const struct pl_depthwise_hybrid hybrid = {
        data.weights_i8, data.bias_f32, data.weight_scales, 0.37f, draw(-128, 127), -5.0f, 9.0f};
    if (type == F32) kernels->f32(shape, &floats, data.f32, output, y, 1);
    if (type == HYBRID) kernels->hybrid(shape, &hybrid, data.i8, output, y, 1);
    for (int32_t e = 0; e < shape->output_width * shape->channels; e++) {
        const int32_t x = e / shape->channels, n = e % shape->channels;
        float sum_f32;
        const int64_t sum =
            expected_sum(shape, type, y, x, n, hybrid.input_zero_point, 0, &sum_f32);
        const float scale = data.weight_scales[n] * hybrid.input_scale;
        const float product = type == F32 ? sum_f32 : (float)sum * scale;
        const float expected = clamp(product + data.bias_f32[n], -5.0f, 9.0f);
        assert_memory_equal(&output[e], &expected, sizeof expected);
    }
}

static void test_depthwise(void **state)
{
    (void)state;
    const struct pl_kernels *levels[PL_KERNELS_MAX_LEVELS];
    const int32_t count = pl_kernels_list(levels);
    for (int32_t level = 0; level < count; level++) {
        fill_data();
        for (int32_t i = 0; i < CASES; i++) {
            struct pl_depthwise_shape shape = {.patch = draw_patch(70), .multiplier = draw(1, 3)};
            shape.channels = shape.patch.channels * shape.multiplier;
            shape.output_width = draw(1, 9);
            const enum type type = (enum type)draw(F32, HYBRID);
            if (type == F32 || type == HYBRID)
                check_floats(levels[level]->depthwise, &shape, type, draw(0, 3));
            else check_integer(levels[level]->depthwise, &shape, type, draw(0, 3));
        }
    }
}

/* ---- pooling --------------------------------------------------------------------------------- */

static float input_value(enum type type, int64_t index)
{
    return type == F32  ? data.f32[index]
           : type == I8 ? data.i8[index]
           : type == U8 ? data.u8[index]
                        : data.i16[index];
}

/* Every value and sum here fits a float or is a float sum in order, so floats serve all types. */
static double expected_pool(const struct pl_pooling_shape *shape, enum type type, bool average,
                            int32_t y, int32_t x, int32_t channel)
{
    float sum = 0.0f, highest = -FLT_MAX;
    int32_t taps = 0;
    for (int32_t j = 0; j < shape->patch.filter_height; j++) {
        for (int32_t i = 0; i < shape->patch.filter_width; i++) {
            const int64_t pixel = tap_index(&shape->patch, y, x, j, i);
            if (pixel < 0) continue;
            const float value = input_value(type, pixel + channel);
            sum += value;
            highest = value > highest ? value : highest;
            taps++;
        }
    }
    if (!average) return (double)highest;
    if (type == F32) return (double)(sum / (float)taps);
    return round((double)sum / taps);
}

static pl_pooling_row choose_pool(const struct pl_pooling_kernels *kernels, enum type type,
                                  bool average)
{
    const pl_pooling_row rows[2][4] = {
        {kernels->max_f32, kernels->max_i8, kernels->max_u8, kernels->max_i16},
        {kernels->average_f32, kernels->average_i8, kernels->average_u8, kernels->average_i16},
    };
    return rows[average][type];
}

static void check_pool(const struct pl_pooling_kernels *kernels, enum type type, bool average)
{
    static float output[ELEMENTS];
    const void *const inputs[] = {data.f32, data.i8, data.u8, data.i16};
    struct pl_pooling_shape shape = {.patch = draw_patch(CHANNELS), .low = -4.0f, .high = 5.0f};
    shape.patch.dilation_y = shape.patch.dilation_x = 1;
    shape.quantized_low = type == U8 ? 7 : -90;
    shape.quantized_high = 100;
    /* As SAME padding does, so that every window sees the image. */
    shape.output_width = (shape.patch.width + shape.patch.stride_x - 1) / shape.patch.stride_x;
    const int32_t y = draw(0, (shape.patch.height - 1) / shape.patch.stride_y);
    choose_pool(kernels, type, average)(&shape, inputs[type], output, y);
    for (int32_t e = 0; e < shape.output_width * shape.patch.channels; e++) {
        double expected = expected_pool(&shape, type, average, y, e / shape.patch.channels,
                                        e % shape.patch.channels);
        const double low = type == F32 ? (double)shape.low : shape.quantized_low;
        const double high = type == F32 ? (double)shape.high : shape.quantized_high;
        expected = expected < low ? low : expected > high ? high : expected;
        const double found = type == F32  ? (double)output[e]
                             : type == I8 ? ((const int8_t *)output)[e]
                             : type == U8 ? ((const uint8_t *)output)[e]
                                          : ((const int16_t *)output)[e];
        assert_true(found == expected);
    }
}

static void test_pooling(void **state)
{
    (void)state;
    const struct pl_kernels *levels[PL_KERNELS_MAX_LEVELS];
    const int32_t count = pl_kernels_list(levels);
    for (int32_t level = 0; level < count; level++) {
        fill_data();
        for (int32_t i = 0; i < CASES; i++)
            check_pool(levels[level]->pooling, (enum type)draw(F32, I16), draw(0, 1) == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depthwise),
        cmocka_unit_test(test_pooling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
