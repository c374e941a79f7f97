/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of int16, whose sums have 64 bits. */
#include <string.h>

#include "window.h"
#include "kernels/gemm_kernels.h"

/* Shifts below 15, for which the 64-bit multiply is defined. */
static struct pl_multiplier *draw_multipliers(struct check *check, int32_t count)
{
    struct pl_multiplier *all = check_memory(check, (size_t)count * sizeof *all);
    const int64_t shift = check_draw_edge(check, -20, 14);
    for (int32_t n = 0; n < count; n++) {
        all[n].multiplier = (int32_t)check_draw_edge(check, 1 << 30, INT32_MAX);
        all[n].shift = (int32_t)check_draw(check, shift - 2, shift);
    }
    return all;
}

/* Wide ones, narrow ones or none. */
static void draw_bias(struct check *check, int32_t count, struct pl_gemm_integer *weights)
{
    const int64_t kind = check_draw(check, 0, 2);
    if (kind == 0) return;
    int64_t *wide = check_memory(check, (size_t)count * sizeof *wide);
    int32_t *narrow = check_memory(check, (size_t)count * sizeof *narrow);
    for (int32_t n = 0; n < count; n++) {
        wide[n] = check_draw_edge(check, -((int64_t)1 << 40), (int64_t)1 << 40);
        narrow[n] = (int32_t)check_draw_edge(check, INT32_MIN, INT32_MAX);
    }
    if (kind == 1) weights->wide_bias = wide;
    else weights->bias = narrow;
}

static struct pl_gemm_integer draw_integer(struct check *check, int32_t channels)
{
    struct pl_gemm_integer weights = {
        .weight_offset =
            check_draw(check, 0, 2) == 0 ? (int32_t)check_draw_edge(check, -127, 128) : 0,
        .rounding = check_draw(check, 0, 3) == 0 ? PL_GEMM_FIXED_32 : PL_GEMM_FIXED,
        .output = check_draw(check, 0, 3) == 0 ? PL_GEMM_INT8 : PL_GEMM_INT16,
        .multipliers = draw_multipliers(check, channels),
    };
    const int32_t top = weights.output == PL_GEMM_INT8 ? INT8_MAX : INT16_MAX;
    weights.range.zero_point = (int32_t)check_draw_edge(check, -top, top);
    weights.range.low = (int32_t)check_draw_edge(check, -top - 1, top);
    weights.range.high = (int32_t)check_draw_edge(check, weights.range.low, top);
    draw_bias(check, channels, &weights);
    return weights;
}

/* One level's answer. */
static void run_level(struct check *check, const struct pl_gemm_kernels *gemm,
                      const struct window_case *drawn, struct pl_gemm_integer weights,
                      const void *raw, bool bytes, struct pl_gemm_part part)
{
    const struct pl_gemm_pack pack = {.groups = 1,
                                      .channels = drawn->shape.channels,
                                      .depth = drawn->k,
                                      .channel_stride = drawn->k,
                                      .depth_stride = 1};
    const struct pl_gemm_layout layout = bytes ? gemm->layout_i8 : gemm->layout_i16;
    void *packed = check_aligned(check, (size_t)pl_gemm_blocks(pack.channels) *
                                            (size_t)pl_gemm_block_bytes(layout, pack.depth));
    (bytes ? gemm->pack_i8 : gemm->pack_i16)(packed, raw, &pack);
    weights.weights = packed;
    if (gemm->scratch != NULL)
        part.scratch = check_aligned(check, gemm->scratch(&drawn->shape, drawn->pixels, 2));
    const int32_t x = drawn->pixels / 2, block = pl_gemm_blocks(pack.channels) / 2;
    for (int i = 0; i < WINDOW_PARTS; i++) {
        window_cut(drawn, x, block, i, &part);
        (bytes ? gemm->i16_i8 : gemm->i16_i16)(&drawn->shape, &weights, &part);
    }
}

void check_gemm_i16(struct check *check)
{
    const struct window_case drawn = window_draw(check);
    const int32_t channels = drawn.shape.channels;
    const bool bytes = check_draw(check, 0, 2) > 0;
    const struct pl_gemm_integer weights = draw_integer(check, channels);
    const size_t raw_elements = (size_t)channels * (size_t)drawn.k;
    const void *raw = check_bytes(check, raw_elements * (bytes ? 1 : sizeof(int16_t)));
    const struct pl_gemm_part part = {
        .input = check_bytes(check, window_image_elements(&drawn) * sizeof(int16_t)), .y = drawn.y};
    const size_t size = weights.output == PL_GEMM_INT8 ? 1 : sizeof(int16_t);
    const struct check_outputs outputs =
        check_outputs(check, window_output_elements(&drawn) * size);
    struct pl_gemm_part reference = part, tested = part;
    reference.output = outputs.reference;
    tested.output = outputs.tested;
    run_level(check, check->reference->gemm, &drawn, weights, raw, bytes, reference);
    run_level(check, check->tested->gemm, &drawn, weights, raw, bytes, tested);
    check_compare(check, &outputs, "%d pixels of depth %d, %d outputs, weights of %d bytes",
                  drawn.pixels, drawn.shape.depth, channels, bytes ? 1 : 2);
}
