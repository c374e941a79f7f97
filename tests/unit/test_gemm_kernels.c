/* SPDX-License-Identifier: Apache-2.0 */
/* The matrix kernels of every level against plain loops, on random windows, groups, tails and cuts:
 * every bit must be equal. */
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/gemm_kernels.h"
#include "kernels/kernels.h"

enum { CASES = 300, ELEMENTS = 5000, CHANNELS = 48 };

static uint64_t random_state;

static int32_t draw(int32_t low, int32_t high)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return low + (int32_t)((random_state >> 33) % (uint64_t)(high - low + 1));
}

/* A window with everything in it: outputs at the borders see part of the taps, or none. */
struct window_case {
    struct pl_gemm_shape shape;
    int32_t width; /* pixels: of one output row, or of some where shape.output_width is set */
    int32_t y;
    int32_t k; /* all taps times depth */
};

static struct window_case draw_case(void)
{
    struct window_case drawn = {0};
    struct pl_patch *patch = &drawn.shape.patch;
    drawn.shape.depth = draw(1, 11);
    drawn.shape.channels = draw(1, CHANNELS);
    drawn.shape.output_stride = drawn.shape.channels + draw(0, 3);
    patch->channels = drawn.shape.depth * draw(1, 2);
    patch->height = draw(1, 7);
    patch->width = draw(1, 17);
    patch->filter_height = draw(1, 3);
    patch->filter_width = draw(1, 3);
    patch->stride_y = draw(1, 2);
    patch->stride_x = draw(1, 2);
    patch->dilation_y = draw(1, 2);
    patch->dilation_x = draw(1, 2);
    patch->before_y = draw(0, 2);
    patch->before_x = draw(0, 3);
    drawn.width = draw(1, 19);
    drawn.y = draw(0, 3);
    if (draw(0, 1)) drawn.shape.output_width = draw(1, 7);
    drawn.k = patch->filter_height * patch->filter_width * drawn.shape.depth;
    return drawn;
}

/* Where tap (j, i) of output pixel x lies, in elements; -1: outside of the image. */
static int64_t tap_index(const struct window_case *drawn, int32_t x, int32_t j, int32_t i)
{
    const struct pl_patch *patch = &drawn->shape.patch;
    const int32_t row = drawn->shape.output_width > 0 ? x / drawn->shape.output_width : 0;
    x -= row * drawn->shape.output_width;
    const int32_t in_y = (drawn->y + row) * patch->stride_y - patch->before_y + j * patch->dilation_y;
    const int32_t in_x = x * patch->stride_x - patch->before_x + i * patch->dilation_x;
    if (in_y < 0 || in_y >= patch->height || in_x < 0 || in_x >= patch->width) return -1;
    return ((int64_t)in_y * patch->width + in_x) * patch->channels;
}

/* What the tests feed. Weights are raw: [channels][k]. */
static struct {
    float f32[ELEMENTS], weights_f32[ELEMENTS], bias_f32[CHANNELS];
    int8_t i8[ELEMENTS], weights_i8[ELEMENTS];
    uint8_t u8[ELEMENTS], weights_u8[ELEMENTS];
    int16_t i16[ELEMENTS], weights_i16[ELEMENTS];
    int32_t bias_i32[CHANNELS];
    int64_t bias_i64[CHANNELS];
    struct pl_multiplier multipliers[CHANNELS];
    double scales[CHANNELS];
    float weight_scales[CHANNELS], row_scales[32];
    int32_t row_zero_points[32];
} data;

static void fill_data(void)
{
    for (int32_t i = 0; i < ELEMENTS; i++) {
        data.f32[i] = (float)draw(-1000, 1000) * 0.01f;
        data.weights_f32[i] = (float)draw(-1000, 1000) * 0.001f;
        data.i8[i] = (int8_t)draw(INT8_MIN, INT8_MAX);
        data.weights_i8[i] = (int8_t)draw(INT8_MIN, INT8_MAX);
        data.u8[i] = (uint8_t)draw(0, UINT8_MAX);
        data.weights_u8[i] = (uint8_t)draw(0, UINT8_MAX);
        data.i16[i] = (int16_t)draw(INT16_MIN, INT16_MAX);
        data.weights_i16[i] = (int16_t)draw(INT16_MIN, INT16_MAX);
    }
    for (int32_t n = 0; n < CHANNELS; n++) {
        data.bias_f32[n] = (float)draw(-100, 100) * 0.1f;
        data.bias_i32[n] = draw(-20000, 20000);
        data.bias_i64[n] = (int64_t)draw(-20000, 20000) * 1000;
        data.multipliers[n] = (struct pl_multiplier){draw(1 << 30, INT32_MAX - 1), draw(-14, -6)};
        data.scales[n] = (double)draw(1, 1000) * 1e-5;
        data.weight_scales[n] = (float)draw(1, 100) * 0.001f;
    }
    for (int32_t row = 0; row < 32; row++) {
        data.row_scales[row] = (float)draw(1, 100) * 0.01f;
        data.row_zero_points[row] = draw(-128, 127);
    }
}

/* Packs raw weights of exactly this case into memory of exactly that size. */
static void *pack_weights(const struct window_case *drawn, const void *raw,
                          struct pl_gemm_layout layout,
                          void (*pack)(void *, const void *, const void *))
{
    const struct pl_gemm_pack shape = {.groups = 1,
                                       .channels = drawn->shape.channels,
                                       .depth = drawn->k,
                                       .channel_stride = drawn->k,
                                       .depth_stride = 1};
    const size_t blocks = (size_t)pl_gemm_blocks(drawn->shape.channels);
    /* As constants are kept: whole vectors may be read from it at their alignment. */
    void *packed = NULL;
    const size_t bytes = blocks * (size_t)pl_gemm_block_bytes(layout, drawn->k);
    assert_int_equal(posix_memalign(&packed, 64, bytes), 0);
    pack(packed, raw, &shape);
    return packed;
}

/* The parts that make the whole row, cut at random. */
typedef void (*run_part)(const void *kernels, const struct window_case *drawn, const void *weights,
                         const struct pl_gemm_part *part);

static void run_cut(const struct window_case *drawn, const void *input, void *output, run_part run,
                    const void *kernels, const void *weights)
{
    static _Alignas(64) char scratch[1 << 18];
    const int32_t blocks = pl_gemm_blocks(drawn->shape.channels);
    const int32_t x = draw(0, drawn->width), block = draw(0, blocks);
    const struct pl_gemm_part parts[] = {
        {input, output, drawn->y, 0, x, 0, block, scratch},
        {input, output, drawn->y, x, drawn->width, 0, block, scratch},
        {input, output, drawn->y, 0, drawn->width, block, blocks, scratch},
    };
    for (int i = 0; i < 3; i++) run(kernels, drawn, weights, &parts[i]);
}

/* ---- floats ---------------------------------------------------------------------------------- */

static void run_f32(const void *kernels, const struct window_case *drawn, const void *weights,
                    const struct pl_gemm_part *part)
{
    ((const struct pl_gemm_kernels *)kernels)->f32(&drawn->shape, weights, part);
}

static float expected_f32(const struct window_case *drawn, int32_t x, int32_t n)
{
    const struct pl_patch *patch = &drawn->shape.patch;
    float sum = 0.0f;
    for (int32_t j = 0; j < patch->filter_height; j++) {
        for (int32_t i = 0; i < patch->filter_width; i++) {
            const int64_t tap = tap_index(drawn, x, j, i);
            if (tap < 0) continue;
            const float *w = &data.weights_f32[n * drawn->k +
                                               (j * patch->filter_width + i) * drawn->shape.depth];
            for (int32_t c = 0; c < drawn->shape.depth; c++)
                sum = fmaf(data.f32[tap + c], w[c], sum);
        }
    }
    const float value = sum + data.bias_f32[n];
    return value < -5.0f ? -5.0f : value > 9.0f ? 9.0f : value;
}

static void check_f32(const struct pl_gemm_kernels *kernels)
{
    static float output[ELEMENTS];
    for (int32_t i = 0; i < CASES; i++) {
        const struct window_case drawn = draw_case();
        void *packed = pack_weights(&drawn, data.weights_f32, kernels->layout_f32, kernels->pack_f32);
        const struct pl_gemm_float weights = {packed, data.bias_f32, -5.0f, 9.0f};
        run_cut(&drawn, data.f32, output, run_f32, kernels, &weights);
        for (int32_t x = 0; x < drawn.width; x++) {
            for (int32_t n = 0; n < drawn.shape.channels; n++) {
                const float expected = expected_f32(&drawn, x, n);
                assert_memory_equal(&output[x * drawn.shape.output_stride + n], &expected,
                                    sizeof expected);
            }
        }
        free(packed);
    }
}

/* ---- integers -------------------------------------------------------------------------------- */

enum integer_type { TYPE_I8, TYPE_U8, TYPE_I16_I8, TYPE_I16_I16, TYPE_HYBRID, TYPE_COUNT };

static int64_t input_value(enum integer_type type, int64_t index)
{
    if (type == TYPE_U8) return data.u8[index];
    return type == TYPE_I8 || type == TYPE_HYBRID ? data.i8[index] : data.i16[index];
}

static int64_t weight_value(enum integer_type type, int64_t index)
{
    if (type == TYPE_U8) return data.weights_u8[index] - 128;
    return type == TYPE_I16_I16 ? data.weights_i16[index] : data.weights_i8[index];
}

static int64_t expected_sum(const struct window_case *drawn, enum integer_type type, int32_t x,
                            int32_t n, int32_t zero_point, int32_t weight_offset)
{
    const struct pl_patch *patch = &drawn->shape.patch;
    int64_t sum = 0;
    for (int32_t j = 0; j < patch->filter_height; j++) {
        for (int32_t i = 0; i < patch->filter_width; i++) {
            const int64_t tap = tap_index(drawn, x, j, i);
            const int64_t first =
                (int64_t)n * drawn->k + (int64_t)(j * patch->filter_width + i) * drawn->shape.depth;
            for (int32_t c = 0; c < drawn->shape.depth && tap >= 0; c++) {
                sum += (input_value(type, tap + c) - zero_point) *
                       (weight_value(type, first + c) + weight_offset);
            }
        }
    }
    return sum;
}

static void run_integer(const void *kernels, const struct window_case *drawn, const void *weights,
                        const struct pl_gemm_part *part)
{
    typedef void (*integer_kernel)(const struct pl_gemm_shape *, const struct pl_gemm_integer *,
                                   const struct pl_gemm_part *);
    (*(const integer_kernel *)kernels)(&drawn->shape, weights, part);
}

/* As int64: what the output type holds. */
static int64_t output_value(enum pl_gemm_output type, const void *output, int64_t index)
{
    switch (type) {
    case PL_GEMM_INT8: return ((const int8_t *)output)[index];
    case PL_GEMM_UINT8: return ((const uint8_t *)output)[index];
    case PL_GEMM_INT16: return ((const int16_t *)output)[index];
    default: return ((const int32_t *)output)[index];
    }
}

static int64_t expected_integer(const struct window_case *drawn, enum integer_type type,
                                const struct pl_gemm_integer *weights, int32_t x, int32_t n)
{
    int64_t sum =
        expected_sum(drawn, type, x, n, weights->input_zero_point, weights->weight_offset);
    sum += weights->wide_bias != NULL ? weights->wide_bias[n] : weights->bias[n];
    if (weights->rounding == PL_GEMM_RAW) return sum;
    int64_t value = 0;
    if (weights->rounding == PL_GEMM_DOUBLE) {
        value = (int64_t)round((double)sum * weights->scales[n]);
    } else if (type == TYPE_I8 || type == TYPE_U8 || weights->rounding == PL_GEMM_FIXED_32) {
        value = pl_multiply((int32_t)sum, weights->multipliers[n]);
    } else if (weights->rounding == PL_GEMM_FIXED_32) {
        value = pl_multiply((int32_t)(uint32_t)(uint64_t)sum, weights->multipliers[n]);
    } else {
        value = pl_multiply_64(sum, weights->multipliers[n]);
    }
    value += weights->range.zero_point;
    return value < weights->range.low    ? weights->range.low
           : value > weights->range.high ? weights->range.high
                                         : value;
}

static struct pl_gemm_integer draw_integer(enum integer_type type)
{
    const bool wide = type == TYPE_I16_I8 || type == TYPE_I16_I16;
    static const enum pl_gemm_rounding narrow_roundings[] = {PL_GEMM_FIXED, PL_GEMM_DOUBLE,
                                                             PL_GEMM_RAW};
    static const enum pl_gemm_rounding wide_roundings[] = {PL_GEMM_FIXED, PL_GEMM_FIXED_32,
                                                           PL_GEMM_DOUBLE};
    struct pl_gemm_integer weights = {
        .bias = data.bias_i32,
        .wide_bias = wide && draw(0, 1) ? data.bias_i64 : NULL,
        .input_zero_point = wide              ? 0
                            : type == TYPE_U8 ? draw(0, 255)
                                              : draw(-128, 127),
        .weight_offset = draw(0, 2) == 0 ? draw(-128, 128) : 0,
        .range = {draw(-10, 10), -100, 110},
        .rounding = (wide ? wide_roundings : narrow_roundings)[draw(0, 2)],
        .multipliers = data.multipliers,
        .scales = data.scales,
    };
    if (wide && draw(0, 2) == 0) weights.rounding = PL_GEMM_FIXED_32;
    weights.output = type == TYPE_U8 ? PL_GEMM_UINT8 : wide ? PL_GEMM_INT16 : PL_GEMM_INT8;
    if (type == TYPE_U8) weights.range = (struct pl_output_range){draw(0, 255), 3, 250};
    if (weights.rounding == PL_GEMM_RAW) weights.output = PL_GEMM_INT32;
    return weights;
}

static void check_integer(const struct pl_gemm_kernels *kernels, enum integer_type type)
{
    static int32_t output[ELEMENTS];
    const void *inputs[] = {data.i8, data.u8, data.i16, data.i16};
    const void *raw[] = {data.weights_i8, data.weights_u8, data.weights_i8, data.weights_i16};
    void (*const pack[])(void *, const void *, const void *) = {
        kernels->pack_i8, kernels->pack_u8, kernels->pack_i8, kernels->pack_i16};
    const void *run[] = {&kernels->i8, &kernels->u8, &kernels->i16_i8, &kernels->i16_i16};
    for (int32_t i = 0; i < CASES; i++) {
        const struct window_case drawn = draw_case();
        void *packed =
            pack_weights(&drawn, raw[type],
                         type == TYPE_I16_I16 ? kernels->layout_i16 : kernels->layout_i8, pack[type]);
        struct pl_gemm_integer weights = draw_integer(type);
        weights.weights = packed;
        run_cut(&drawn, inputs[type], output, run_integer, run[type], &weights);
        for (int32_t x = 0; x < drawn.width; x++) {
            for (int32_t n = 0; n < drawn.shape.channels; n++) {
                const int64_t found =
                    output_value(weights.output, output, x * drawn.shape.output_stride + n);
                assert_int_equal(found, expected_integer(&drawn, type, &weights, x, n));
            }
        }
        free(packed);
    }
}

static void run_hybrid(const void *kernels, const struct window_case *drawn, const void *weights,
                       const struct pl_gemm_part *part)
{
    ((const struct pl_gemm_kernels *)kernels)->hybrid(&drawn->shape, weights, part);
}

static void check_hybrid(const struct pl_gemm_kernels *kernels)
{
    static float output[ELEMENTS];
    for (int32_t i = 0; i < CASES; i++) {
        const struct window_case drawn = draw_case();
        void *packed = pack_weights(&drawn, data.weights_i8, kernels->layout_i8, kernels->pack_i8);
        const struct pl_gemm_hybrid weights = {packed,
                                               data.bias_f32,
                                               data.weight_scales,
                                               data.row_scales,
                                               data.row_zero_points,
                                               draw(0, 1),
                                               -50.0f,
                                               60.0f};
        run_cut(&drawn, data.i8, output, run_hybrid, kernels, &weights);
        for (int32_t x = 0; x < drawn.width; x++) {
            const int32_t row = x * weights.row_step;
            for (int32_t n = 0; n < drawn.shape.channels; n++) {
                const int64_t sum =
                    expected_sum(&drawn, TYPE_HYBRID, x, n, data.row_zero_points[row], 0);
                const float scale = data.row_scales[row] * data.weight_scales[n];
                const float value = (float)sum * scale + data.bias_f32[n];
                const float expected = value < -50.0f ? -50.0f : value > 60.0f ? 60.0f : value;
                assert_memory_equal(&output[x * drawn.shape.output_stride + n], &expected,
                                    sizeof expected);
            }
        }
        free(packed);
    }
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void test_every_level(void **state)
{
    (void)state;
    const struct pl_kernels *levels[PL_KERNELS_MAX_LEVELS];
    const int32_t count = pl_kernels_list(levels);
    for (int32_t level = 0; level < count; level++) {
        random_state = 1;
        fill_data();
        check_f32(levels[level]->gemm);
        for (int type = TYPE_I8; type <= TYPE_I16_I16; type++)
            check_integer(levels[level]->gemm, (enum integer_type)type);
        check_hybrid(levels[level]->gemm);
    }
}

static void check_rows(const float *values, int64_t count, bool asymmetric, float step)
{
    const struct pl_kernels *kernels = pl_kernels_choose("c");
    int8_t quantized[64];
    float scale = 0;
    int32_t zero_point = 0;
    (asymmetric ? kernels->gemm->quantize_asymmetric
                : kernels->gemm->quantize_symmetric)(values, count, quantized, &scale, &zero_point);
    assert_true(fabsf(scale - step) <= 1e-6f * step);
    for (int64_t i = 0; i < count; i++) {
        const float back = scale * (float)(quantized[i] - zero_point);
        assert_true(fabsf(back - values[i]) <= 0.501f * scale);
    }
}

static void test_rows(void **state)
{
    (void)state;
    const float values[] = {-1.0f, 0.25f, 3.0f, 0.0f, 2.9f};
    check_rows(values, 5, false, 3.0f / 127.0f);
    check_rows(values, 5, true, 4.0f / 255.0f);
    check_rows(&values[1], 3, true, 3.0f / 255.0f);
    const float zeros[] = {0.0f, 0.0f};
    check_rows(zeros, 2, false, 1.0f);
    check_rows(zeros, 2, true, 1.0f);
}

/* Nothing that is not a number may become undefined. */
static void test_rows_of_no_numbers(void **state)
{
    (void)state;
    const struct pl_kernels *kernels = pl_kernels_choose("c");
    const float values[] = {NAN, INFINITY, -INFINITY, 1.0f, 1e-45f};
    int8_t quantized[5];
    float scale = 0;
    int32_t zero_point = 0;
    for (int64_t first = 0; first < 5; first++) {
        kernels->gemm->quantize_symmetric(values + first, 5 - first, quantized, &scale,
                                          &zero_point);
        kernels->gemm->quantize_asymmetric(values + first, 5 - first, quantized, &scale,
                                           &zero_point);
        assert_in_range(zero_point + 128, 0, 255);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_level),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_rows_of_no_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
