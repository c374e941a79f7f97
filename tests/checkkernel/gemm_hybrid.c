/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of floats made int8, with int8 weights, whose outputs are floats. */
#include <string.h>

#include "support.h"
#include "window.h"
#include "kernels/gemm_kernels.h"

/* What the pixels of a product were quantized with, one by one or all together. */
static void draw_rows(struct check *check, int32_t pixels, struct pl_gemm_hybrid *weights)
{
    weights->row_step = (int32_t)check_draw(check, 0, 1);
    const int32_t count = weights->row_step == 0 ? 1 : pixels;
    float *scales = check_memory(check, (size_t)count * sizeof *scales);
    int32_t *zero_points = check_memory(check, (size_t)count * sizeof *zero_points);
    for (int32_t i = 0; i < count; i++) {
        scales[i] = check_draw_float(check, 0.001f, 2.0f);
        zero_points[i] = (int32_t)check_draw_edge(check, -128, 127);
    }
    weights->row_scales = scales;
    weights->row_zero_points = zero_points;
}

void check_gemm_hybrid(struct check *check)
{
    const bool is_long = check_draw(check, 0, 31) == 0;
    const bool rows = check_draw(check, 0, 3) == 0;
    const struct window_case drawn = is_long ? window_draw_long(check)
                                     : rows  ? window_draw_rows(check)
                                             : window_draw(check);
    const int32_t channels = drawn.shape.channels;
    struct pl_gemm_hybrid weights = {.bias = window_draw_bias(check, channels),
                                     .weight_scales = check_floats(check, channels, false)};
    window_draw_range(check, &weights.low, &weights.high);
    draw_rows(check, drawn.pixels, &weights);
    const struct pl_gemm_pack pack = {.groups = 1,
                                      .channels = channels,
                                      .depth = drawn.k,
                                      .channel_stride = drawn.k,
                                      .depth_stride = 1};
    void *raw = check_bytes(check, (size_t)channels * (size_t)drawn.k);
    if (is_long) memset(raw, -128, (size_t)channels * (size_t)drawn.k); /* the largest sums there are */
    const void *input = check_bytes(check, window_image_elements(&drawn));
    const struct check_outputs outputs =
        check_outputs(check, window_output_elements(&drawn) * sizeof(float));
    const struct pl_kernels *kernels[] = {check->reference, check->tested};
    for (int i = 0; i < 2; i++) {
        const struct pl_gemm_kernels *gemm = kernels[i]->gemm;
        void *packed =
            check_aligned(check, (size_t)pl_gemm_blocks(channels) *
                                     (size_t)pl_gemm_block_bytes(gemm->layout_i8, drawn.k));
        gemm->pack_i8(packed, raw, &pack);
        weights.weights = packed;
        struct pl_gemm_part part = {.input = input,
                                    .output = i == 0 ? outputs.reference : outputs.tested,
                                    .y = drawn.y,
                                    .to_x = drawn.pixels,
                                    .to_block = pl_gemm_blocks(channels)};
        if (gemm->scratch != NULL)
            part.scratch = check_aligned(check, gemm->scratch(&drawn.shape, drawn.pixels, 1));
        gemm->hybrid(&drawn.shape, &weights, &part);
    }
    window_compare_floats(check, &outputs, &drawn);
}
