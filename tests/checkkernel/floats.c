/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of float products: matrix products, depthwise convolution, steps of an LSTM. */
#include <stdio.h>
#include <string.h>

#include "kernels/depthwise_kernels.h"
#include "kernels/recurrent_kernels.h"
#include "support.h"
#include "window.h"

/* ---- matrix products ------------------------------------------------------------------------- */

void check_gemm_f32(struct check *check)
{
    /* Seldom, for they take long, and whole, or no part of them would be deep. */
    const bool deep = check_draw(check, 0, 31) == 0;
    const bool rows = check_draw(check, 0, 3) == 0;
    const struct window_case drawn = deep   ? window_draw_deep(check)
                                     : rows ? window_draw_rows(check)
                                            : window_draw(check);
    const int32_t channels = drawn.shape.channels;
    struct pl_gemm_float weights = {.bias = window_draw_bias(check, channels)};
    window_draw_range(check, &weights.low, &weights.high);
    const struct pl_gemm_pack pack = {.groups = 1,
                                      .channels = channels,
                                      .depth = drawn.k,
                                      .channel_stride = drawn.k,
                                      .depth_stride = 1};
    const float *raw = check_floats(check, (int64_t)channels * drawn.k, true);
    const float *input = check_floats(check, (int64_t)window_image_elements(&drawn), true);
    const struct check_outputs outputs =
        check_outputs(check, window_output_elements(&drawn) * sizeof(float));
    const int32_t x = deep ? 0 : (int32_t)check_draw_edge(check, 0, drawn.pixels);
    const int32_t block = deep ? 0 : (int32_t)check_draw_edge(check, 0, pl_gemm_blocks(channels));
    const struct pl_kernels *kernels[] = {check->reference, check->tested};
    for (int i = 0; i < 2; i++) {
        const struct pl_gemm_kernels *gemm = kernels[i]->gemm;
        void *packed = check_aligned(check, (size_t)pl_gemm_blocks(channels) * (size_t)drawn.k *
                                                PL_GEMM_BLOCK * sizeof(float));
        gemm->pack_f32(packed, raw, &pack);
        weights.weights = packed;
        struct pl_gemm_part part = {
            .input = input, .output = i == 0 ? outputs.reference : outputs.tested, .y = drawn.y};
        for (int cut = 0; cut < WINDOW_PARTS; cut++) {
            window_cut(&drawn, x, block, cut, &part);
            gemm->f32(&drawn.shape, &weights, &part);
        }
    }
    window_compare_floats(check, &outputs, &drawn);
}

/* ---- rows made int8 -------------------------------------------------------------------------- */

/* Values of which many lie near where rounding changes. */
static float *draw_values(struct check *check, int64_t count)
{
    float *values = check_floats(check, count, true);
    const int64_t kind = check_draw(check, 0, 3);
    for (int64_t i = 0; i < count && kind > 0; i++) {
        const float whole = (float)check_draw(check, -127, 127);
        if (kind == 1) values[i] = 0.0f;
        else values[i] = kind == 2 ? whole * 0.5f : nextafterf(whole * 0.5f, 200.0f);
    }
    if (count > 0 && kind == 2) values[0] = 127.0f;
    return values;
}

void check_gemm_quantize(struct check *check)
{
    const int64_t count = check_draw_edge(check, 0, 200);
    const bool symmetric = check_draw(check, 0, 1) == 0;
    const float *values = draw_values(check, count);
    const struct check_outputs bytes = check_outputs(check, (size_t)count);
    const struct check_outputs scales = check_outputs(check, sizeof(float));
    const struct check_outputs zero_points = check_outputs(check, sizeof(int32_t));
    const struct pl_kernels *kernels[] = {check->reference, check->tested};
    for (int i = 0; i < 2; i++) {
        const struct pl_gemm_kernels *gemm = kernels[i]->gemm;
        int8_t *quantized = i == 0 ? bytes.reference : bytes.tested;
        float *scale = i == 0 ? scales.reference : scales.tested;
        int32_t *zero_point = i == 0 ? zero_points.reference : zero_points.tested;
        if (symmetric) gemm->quantize_symmetric(values, count, quantized, scale, zero_point);
        else gemm->quantize_asymmetric(values, count, quantized, scale, zero_point);
    }
    char what[128];
    snprintf(what, sizeof what, "%lld values, %s", (long long)count,
             symmetric ? "symmetric" : "asymmetric");
    check_compare_floats(check, &scales, what);
    check_compare(check, &zero_points, "%s", what);
    check_compare(check, &bytes, "%s", what);
}

/* ---- depthwise ------------------------------------------------------------------------------- */

static struct pl_depthwise_shape draw_depthwise(struct check *check)
{
    struct pl_depthwise_shape shape = {0};
    struct pl_patch *patch = &shape.patch;
    patch->channels = (int32_t)check_draw_edge(check, 1, 150);
    patch->height = (int32_t)check_draw(check, 1, 9);
    patch->width = (int32_t)check_draw(check, 1, 30);
    patch->filter_height = (int32_t)check_draw(check, 1, 5);
    patch->filter_width = (int32_t)check_draw_edge(check, 1, check_draw(check, 0, 9) ? 5 : 40);
    patch->stride_y = (int32_t)check_draw(check, 1, 3);
    patch->stride_x = (int32_t)check_draw(check, 1, 3);
    patch->dilation_y = (int32_t)check_draw(check, 1, 2);
    patch->dilation_x = (int32_t)check_draw(check, 1, 2);
    patch->before_y = (int32_t)check_draw(check, 0, 3);
    patch->before_x = (int32_t)check_draw(check, 0, 4);
    shape.multiplier = check_draw(check, 0, 4) == 0 ? (int32_t)check_draw(check, 1, 9) : 1;
    if (check_draw(check, 0, 15) == 0) { /* rows of taps 2^31 pixels apart and more */
        patch->channels = patch->height = 1;
        patch->width = 70000;
        patch->dilation_y = INT16_MAX;
    }
    shape.channels = patch->channels * shape.multiplier;
    shape.output_width = (int32_t)check_draw(check, 1, 30);
    return shape;
}

void check_depthwise_f32(struct check *check)
{
    const struct pl_depthwise_shape shape = draw_depthwise(check);
    const struct pl_patch *patch = &shape.patch;
    const int64_t taps = (int64_t)patch->filter_height * patch->filter_width;
    struct pl_depthwise_float weights = {.weights =
                                             check_floats(check, taps * shape.channels, true),
                                         .bias = window_draw_bias(check, shape.channels)};
    window_draw_range(check, &weights.low, &weights.high);
    const int64_t elements = (int64_t)patch->height * patch->width * patch->channels;
    const float *input = check_floats(check, elements, true);
    const int32_t rows = (int32_t)check_draw(check, 1, 4);
    const struct check_outputs outputs = check_outputs(
        check, (size_t)rows * (size_t)shape.output_width * (size_t)shape.channels * sizeof(float));
    const int32_t y = (int32_t)check_draw(check, 0, 4);
    check->reference->depthwise->f32(&shape, &weights, input, outputs.reference, y, rows);
    check->tested->depthwise->f32(&shape, &weights, input, outputs.tested, y, rows);
    char what[128];
    snprintf(what, sizeof what, "%d rows from %d of %d pixels, %d x %d taps, %d channels", rows, y,
             shape.output_width, patch->filter_height, patch->filter_width, shape.channels);
    check_compare_floats(check, &outputs, what);
}

void check_depthwise_hybrid(struct check *check)
{
    const struct pl_depthwise_shape shape = draw_depthwise(check);
    const struct pl_patch *patch = &shape.patch;
    const size_t taps = (size_t)patch->filter_height * (size_t)patch->filter_width;
    struct pl_depthwise_hybrid weights = {
        .weights = check_bytes(check, taps * (size_t)shape.channels),
        .bias = window_draw_bias(check, shape.channels),
        .weight_scales = check_floats(check, shape.channels, false),
        .input_scale = check_draw_float(check, 0.001f, 2.0f),
        .input_zero_point = (int32_t)check_draw_edge(check, -128, 127)};
    window_draw_range(check, &weights.low, &weights.high);
    const int8_t *input =
        check_bytes(check, (size_t)patch->height * (size_t)patch->width * (size_t)patch->channels);
    const int32_t rows = (int32_t)check_draw(check, 1, 4);
    const struct check_outputs outputs = check_outputs(
        check, (size_t)rows * (size_t)shape.output_width * (size_t)shape.channels * sizeof(float));
    const int32_t y = (int32_t)check_draw(check, 0, 4);
    check->reference->depthwise->hybrid(&shape, &weights, input, outputs.reference, y, rows);
    check->tested->depthwise->hybrid(&shape, &weights, input, outputs.tested, y, rows);
    char what[128];
    snprintf(what, sizeof what, "%d rows from %d of %d pixels, %d x %d taps, %d channels", rows, y,
             shape.output_width, patch->filter_height, patch->filter_width, shape.channels);
    check_compare_floats(check, &outputs, what);
}

/* ---- steps of an LSTM ------------------------------------------------------------------------ */

void check_recurrent_float(struct check *check)
{
    const int32_t rows = (int32_t)check_draw_edge(check, 1, 200);
    const int32_t depth = (int32_t)check_draw_edge(check, 1, 100);
    const float *matrix = check_floats(check, (int64_t)rows * depth, true);
    const float *x = check_floats(check, depth, true);
    const struct check_outputs outputs = check_outputs(check, (size_t)rows * sizeof(float));
    const int64_t blocks = (rows + PL_RECURRENT_BLOCK - 1) / PL_RECURRENT_BLOCK;
    const struct pl_kernels *kernels[] = {check->reference, check->tested};
    for (int i = 0; i < 2; i++) {
        float *sums = i == 0 ? outputs.reference : outputs.tested;
        float *packed =
            check_aligned(check, (size_t)(blocks * PL_RECURRENT_BLOCK * depth) * sizeof *packed);
        kernels[i]->recurrent->pack_float(packed, matrix, rows, depth);
        memset(sums, 0, outputs.bytes);
        kernels[i]->recurrent->add_product_float(sums, x, packed, rows, depth);
    }
    char what[64];
    snprintf(what, sizeof what, "%d rows of %d", rows, depth);
    check_compare_floats(check, &outputs, what);
}

/* The three products of int8 with a matrix, into what each of them has. */
static void run_int8(const struct pl_recurrent_kernels *kernels, void *outputs, const int8_t *x,
                     const struct pl_recurrent_matrix *matrix, const int32_t *row_sums,
                     const int32_t *bias)
{
    float *sums = outputs;
    int16_t *gates = (int16_t *)(void *)(sums + matrix->rows);
    int8_t *bytes = (int8_t *)(gates + matrix->rows);
    const struct pl_multiplier multiplier = {1518500250, -9};
    memset(sums, 0, (size_t)matrix->rows * (sizeof *sums + sizeof *gates));
    kernels->add_product_hybrid(sums, x, matrix, row_sums, -7, 0.03f);
    kernels->add_product_int16(gates, x, matrix, bias, multiplier);
    kernels->product_int8(bytes, x, matrix, bias, multiplier, 5);
}

void check_recurrent_int8(struct check *check)
{
    struct pl_recurrent_matrix matrix = {.rows = (int32_t)check_draw_edge(check, 1, 70),
                                         .depth = (int32_t)check_draw_edge(check, 1, 300)};
    matrix.weights = check_bytes(check, (size_t)matrix.rows * (size_t)matrix.depth);
    const int8_t *x = check_bytes(check, (size_t)matrix.depth);
    int32_t *row_sums = check_memory(check, (size_t)matrix.rows * sizeof *row_sums);
    int32_t *bias = check_memory(check, (size_t)matrix.rows * sizeof *bias);
    for (int32_t r = 0; r < matrix.rows; r++) {
        row_sums[r] = 0;
        for (int32_t k = 0; k < matrix.depth; k++)
            row_sums[r] += matrix.weights[(int64_t)r * matrix.depth + k];
        bias[r] = (int32_t)check_draw(check, -9999, 9999);
    }
    /* They end where a page does: whole numbers of floats, so that they begin where floats may. */
    const struct check_outputs outputs =
        check_outputs(check, ((size_t)matrix.rows * 7 + 3) / 4 * 4);
    run_int8(check->reference->recurrent, outputs.reference, x, &matrix, row_sums, bias);
    run_int8(check->tested->recurrent, outputs.tested, x, &matrix, row_sums, bias);
    check_compare(check, &outputs, "%d rows of %d", matrix.rows, matrix.depth);
}
