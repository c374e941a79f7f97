/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "window.h"
#include "kernels/gemm_kernels.h"

/* ---- cases ----------------------------------------------------------------------------------- */

static int32_t *draw_bias(struct check *check, int32_t count)
{
    if (check_draw(check, 0, 4) == 0) return NULL;
    const int64_t limit = check_draw(check, 0, 9) == 0 ? INT32_MAX : 100000;
    int32_t *bias = check_memory(check, (size_t)count * sizeof *bias);
    for (int32_t n = 0; n < count; n++)
        bias[n] = (int32_t)check_draw_edge(check, -limit - (limit == INT32_MAX), limit);
    return bias;
}

/* Mostly what models have; sometimes everything that the format allows. */
static struct pl_multiplier *draw_multipliers(struct check *check, int32_t count)
{
    struct pl_multiplier *all = check_memory(check, (size_t)count * sizeof *all);
    const bool wild = check_draw(check, 0, 5) == 0;
    const int64_t shift = check_draw(check, -14, -3);
    for (int32_t n = 0; n < count; n++) {
        all[n].multiplier = (int32_t)check_draw_edge(check, 1 << 30, INT32_MAX);
        all[n].shift =
            (int32_t)(wild ? check_draw_edge(check, -31, 30) : shift - check_draw(check, 0, 1));
        if (wild && check_draw(check, 0, 7) == 0) all[n] = (struct pl_multiplier){0, 0};
        /* Powers of two have many ties. */
        if (check_draw(check, 0, 3) == 0) all[n].multiplier = 1 << 30;
    }
    return all;
}

static double *draw_scales(struct check *check, int32_t count)
{
    double *all = check_memory(check, (size_t)count * sizeof *all);
    const bool wild = check_draw(check, 0, 5) == 0;
    for (int32_t n = 0; n < count; n++) {
        all[n] = (double)check_draw(check, 1, 1 << 20) / (1 << 27);
        if (check_draw(check, 0, 3) == 0) all[n] = 1.0 / (double)(1 << check_draw(check, 1, 12));
        if (wild) all[n] *= (double)(1 << check_draw(check, 0, 20));
    }
    return all;
}

static struct pl_gemm_integer draw_integer(struct check *check, int32_t channels, bool is_unsigned)
{
    const int32_t low = is_unsigned ? 0 : -128, high = low + 255;
    struct pl_gemm_integer weights = {
        .bias = draw_bias(check, channels),
        .input_zero_point = (int32_t)check_draw_edge(check, low, high),
        .weight_offset = check_draw(check, 0, 2) == 0 || is_unsigned
                             ? (int32_t)check_draw_edge(check, -127, 128)
                             : 0,
        .rounding = (enum pl_gemm_rounding[]){PL_GEMM_FIXED, PL_GEMM_FIXED, PL_GEMM_DOUBLE,
                                              PL_GEMM_RAW}[check_draw(check, 0, 3)],
        .output = (enum pl_gemm_output[]){PL_GEMM_INT8, PL_GEMM_UINT8,
                                          PL_GEMM_INT16}[check_draw(check, 0, 2)],
        .multipliers = draw_multipliers(check, channels),
        .scales = draw_scales(check, channels),
    };
    if (weights.rounding == PL_GEMM_RAW) weights.output = PL_GEMM_INT32;
    const int32_t bottom = weights.output == PL_GEMM_UINT8   ? 0
                           : weights.output == PL_GEMM_INT16 ? INT16_MIN
                                                             : INT8_MIN;
    const int32_t top = weights.output == PL_GEMM_INT16 ? INT16_MAX : bottom + 255;
    weights.range.zero_point = (int32_t)check_draw_edge(check, bottom, top);
    weights.range.low = (int32_t)check_draw_edge(check, bottom, top);
    weights.range.high = (int32_t)check_draw_edge(check, weights.range.low, top);
    /* As behind a RELU. */
    if (check_draw(check, 0, 2) == 0) weights.range = (struct pl_output_range){bottom, bottom, top};
    return weights;
}

/* ---- checks ---------------------------------------------------------------------------------- */

typedef void (*integer_kernel)(const struct pl_gemm_shape *shape,
                               const struct pl_gemm_integer *weights,
                               const struct pl_gemm_part *part);

static void *pack_bytes(struct check *check, const struct pl_kernels *kernels, const void *raw,
                        const struct pl_gemm_pack *pack, bool is_unsigned)
{
    const size_t bytes = (size_t)pl_gemm_blocks(pack->channels) *
                         (size_t)pl_gemm_block_bytes(kernels->gemm->layout_i8, pack->depth);
    void *packed = check_aligned(check, bytes);
    (is_unsigned ? kernels->gemm->pack_u8 : kernels->gemm->pack_i8)(packed, raw, pack);
    return packed;
}

static void *check_scratch(struct check *check, const struct pl_gemm_kernels *gemm,
                           const struct pl_gemm_shape *shape, int64_t pixels, int64_t element_bytes)
{
    if (gemm->scratch == NULL) return NULL;
    return check_aligned(check, gemm->scratch(shape, pixels, element_bytes));
}

/* What kernels can know of constant weights before. */
static void *make_columns(struct check *check, const struct pl_gemm_kernels *gemm,
                          const struct pl_gemm_shape *shape, const struct pl_gemm_integer *weights,
                          bool is_unsigned)
{
    if (gemm->prepare_columns == NULL) return NULL;
    void *columns =
        check_aligned(check, (size_t)pl_gemm_blocks(shape->channels) * (size_t)gemm->column_bytes);
    gemm->prepare_columns(shape, weights, is_unsigned, columns);
    return columns;
}

/* The whole, in parts cut at random. */
static void run_cut(const struct window_case *drawn, struct pl_gemm_part part, int32_t x,
                    int32_t block, const struct pl_gemm_integer *weights, integer_kernel run)
{
    for (int i = 0; i < WINDOW_PARTS; i++) {
        window_cut(drawn, x, block, i, &part);
        run(&drawn->shape, weights, &part);
    }
}

static void check_integer(struct check *check, bool is_unsigned)
{
    const bool rows = check_draw(check, 0, 3) == 0;
    const struct window_case drawn = rows ? window_draw_rows(check) : window_draw(check);
    const int32_t channels = drawn.shape.channels;
    struct pl_gemm_integer weights = draw_integer(check, channels, is_unsigned);
    const struct pl_gemm_pack pack = {.groups = 1,
                                      .channels = channels,
                                      .depth = drawn.k,
                                      .channel_stride = drawn.k,
                                      .depth_stride = 1};
    const void *raw = check_bytes(check, (size_t)channels * (size_t)drawn.k);
    const void *input = check_bytes(check, window_image_elements(&drawn));
    static const size_t sizes[] = {1, 1, 2, 4};
    const size_t bytes = window_output_elements(&drawn) * sizes[weights.output];
    const struct check_outputs outputs = check_outputs(check, bytes);
    struct pl_gemm_part part = {.input = input, .y = drawn.y};
    const int32_t x = (int32_t)check_draw_edge(check, 0, drawn.pixels);
    const int32_t block = (int32_t)check_draw_edge(check, 0, pl_gemm_blocks(channels));
    const bool prepared = check_draw(check, 0, 1) == 0;
    const struct pl_kernels *kernels[] = {check->reference, check->tested};
    for (int i = 0; i < 2; i++) {
        weights.weights = pack_bytes(check, kernels[i], raw, &pack, is_unsigned);
        weights.columns =
            prepared ? make_columns(check, kernels[i]->gemm, &drawn.shape, &weights, is_unsigned)
                     : NULL;
        part.output = i == 0 ? outputs.reference : outputs.tested;
        part.scratch = check_scratch(check, kernels[i]->gemm, &drawn.shape, drawn.pixels, 1);
        run_cut(&drawn, part, x, block, &weights,
                is_unsigned ? kernels[i]->gemm->u8 : kernels[i]->gemm->i8);
    }
    check_compare(
        check, &outputs, "%d pixels of depth %d, %d x %d taps, %d outputs, rounding %d to type %d",
        drawn.pixels, drawn.shape.depth, drawn.shape.patch.filter_height,
        drawn.shape.patch.filter_width, channels, (int)weights.rounding, (int)weights.output);
}

void check_gemm_i8(struct check *check)
{
    check_integer(check, false);
}

void check_gemm_u8(struct check *check)
{
    check_integer(check, true);
}
