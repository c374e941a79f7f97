/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products, the reference: see gemm_kernels.h. One walk over tiles of up to TILE_ROWS
 * pixels by one block of outputs serves all types; a type brings a function that adds a run of k
 * to the sums (gemm_sums_c.h) and one that finishes them. */
#include "kernels/gemm_kernels.h"

#include <stdbool.h>
#include <string.h>

#include "kernels/c/gemm_add_c.h"
#include "kernels/c/gemm_pack_c.h"
#include "kernels/c/gemm_sums_c.h"
#include "kernels/faster.h"
#include "kernels/gemm_finish.h"
#include "kernels/kernels.h"
#include "kernels/requantize.h"

/* ---- the walk -------------------------------------------------------------------------------- */

struct walk {
    const struct pl_gemm_shape *shape;
    const struct pl_gemm_part *part;
    const struct sum_type *type;
    const void *weights;
    const int32_t *zero_points; /* of pixel x: zero_points[x * zero_step] */
    int32_t zero_step;
    int32_t weight_offset;
    void (*finish)(const struct walk *walk, const union sums *sums, int32_t rows, int32_t x,
                   int32_t block);
    const void *parameters; /* of finish */
};

/* Pixels [from_x, to_x) of one output row. x of finish: counted from `first` on. */
struct segment {
    int32_t y;
    int32_t from_x, to_x;
    int32_t first; /* pixel 0 of this row, counted as those of the part */
};

/* Outputs of this block; the last one may be narrower. */
static int32_t block_channels(const struct walk *walk, int32_t block)
{
    const int32_t rest = walk->shape->channels - block * BLOCK;
    return rest < BLOCK ? rest : BLOCK;
}

/* A full tile if all its pixels see the same taps. */
static int32_t tile_rows(const struct walk *walk, int32_t x, int32_t to_x, struct pl_taps taps)
{
    if (to_x - x < TILE_ROWS) return 1;
    const struct pl_taps last = pl_patch_taps_x(&walk->shape->patch, x + TILE_ROWS - 1);
    return last.from == taps.from && last.to == taps.to ? TILE_ROWS : 1;
}

/* Adds all taps of `rows` pixels from x on. Neighbouring taps of a row are one run where they
 * are neighbours in memory. */
static void add_taps(const struct walk *walk, const struct segment *segment, const char *weights,
                     int32_t x, int32_t rows, bool narrow, struct pl_taps taps, union sums *sums)
{
    const struct pl_gemm_shape *shape = walk->shape;
    const struct pl_patch *patch = &shape->patch;
    const int64_t input_bytes = (int64_t)walk->type->input_bytes;
    const int64_t weight_bytes = (int64_t)walk->type->weight_bytes;
    const struct pl_taps taps_y = pl_patch_taps_y(patch, segment->y);
    const bool joined = patch->dilation_x == 1 && shape->depth == patch->channels;
    const int32_t runs = joined ? taps.from < taps.to : taps.to - taps.from;
    const int64_t first_y = (int64_t)segment->y * patch->stride_y - patch->before_y;
    const int64_t first_x =
        (int64_t)x * patch->stride_x - patch->before_x + (int64_t)taps.from * patch->dilation_x;
    const add_function add = walk->type->add[(rows == TILE_ROWS ? 0 : 1) + (narrow ? 2 : 0)];
    struct run run = {.row_stride = (ptrdiff_t)patch->stride_x * patch->channels,
                      .k = (joined ? (int64_t)(taps.to - taps.from) : 1) * shape->depth,
                      .weight_offset = walk->weight_offset};
    for (int32_t r = 0; r < rows; r++)
        run.zero_points[r] =
            walk->zero_points[(segment->first + x + r) * (ptrdiff_t)walk->zero_step];

    for (int32_t j = taps_y.from; j < taps_y.to && runs > 0; j++) {
        const int64_t pixel = (first_y + (int64_t)j * patch->dilation_y) * patch->width + first_x;
        const int64_t tap = ((int64_t)j * patch->filter_width + taps.from) * shape->depth;
        const char *input = (const char *)walk->part->input + pixel * patch->channels * input_bytes;
        run.weights = weights + tap * BLOCK * weight_bytes;
        for (int32_t i = 0; i < runs; i++) {
            run.input = input + (int64_t)i * patch->dilation_x * patch->channels * input_bytes;
            add(sums, &run);
            run.weights = (const char *)run.weights + run.k * BLOCK * weight_bytes;
        }
    }
}

static void run_segment(const struct walk *walk, const struct segment *segment, const char *weights,
                        int32_t block)
{
    const struct pl_gemm_shape *shape = walk->shape;
    const bool narrow = block_channels(walk, block) <= LANES;
    for (int32_t x = segment->from_x; x < segment->to_x;) {
        const struct pl_taps taps = pl_patch_taps_x(&shape->patch, x);
        const int32_t rows = tile_rows(walk, x, segment->to_x, taps);
        union sums sums;
        memset(&sums, 0, sizeof sums);
        add_taps(walk, segment, weights, x, rows, narrow, taps, &sums);
        walk->finish(walk, &sums, rows, segment->first + x, block);
        x += rows;
    }
}

static void run_walk(const struct walk *walk)
{
    const struct pl_gemm_shape *shape = walk->shape;
    const struct pl_gemm_part *part = walk->part;
    const int64_t k = pl_gemm_k(shape);
    const int32_t width = shape->output_width > 0 ? shape->output_width : INT32_MAX;
    for (int32_t block = part->from_block; block < part->to_block; block++) {
        const char *weights =
            (const char *)walk->weights + block * k * BLOCK * (int64_t)walk->type->weight_bytes;
        for (int32_t x = part->from_x; x < part->to_x;) {
            struct segment segment = {.y = part->y + x / width, .first = x / width * width};
            segment.from_x = x - segment.first;
            segment.to_x = part->to_x - segment.first < width ? part->to_x - segment.first : width;
            run_segment(walk, &segment, weights, block);
            x = segment.first + segment.to_x;
        }
    }
}

static int64_t output_index(const struct walk *walk, int32_t x, int32_t block)
{
    return (int64_t)x * walk->shape->output_stride + (int64_t)block * BLOCK;
}

/* ---- floats ---------------------------------------------------------------------------------- */

static void finish_f32(const struct walk *walk, const union sums *sums, int32_t rows, int32_t x,
                       int32_t block)
{
    const struct pl_gemm_float *weights = walk->parameters;
    const int32_t count = block_channels(walk, block);
    for (int32_t r = 0; r < rows; r++) {
        float *output = (float *)walk->part->output + output_index(walk, x + r, block);
        for (int32_t n = 0; n < count; n++) {
            const float bias = weights->bias != NULL ? weights->bias[block * BLOCK + n] : 0.0f;
            output[n] = pl_clamp_float(sums->f32[r][n] + bias, weights->low, weights->high);
        }
    }
}

static void gemm_f32(const struct pl_gemm_shape *shape, const struct pl_gemm_float *weights,
                     const struct pl_gemm_part *part)
{
    static const struct sum_type type = {sizeof(float), sizeof(float), ADD_ROWS(f32)};
    static const int32_t no_zero_point = 0;
    const struct walk walk = {
        .shape = shape,
        .part = part,
        .type = &type,
        .weights = weights->weights,
        .zero_points = &no_zero_point,
        .finish = finish_f32,
        .parameters = weights,
    };
    run_walk(&walk);
}

static void finish_hybrid(const struct walk *walk, const union sums *sums, int32_t rows, int32_t x,
                          int32_t block)
{
    const struct pl_gemm_hybrid *weights = walk->parameters;
    const int32_t count = block_channels(walk, block);
    for (int32_t r = 0; r < rows; r++) {
        float *output = (float *)walk->part->output + output_index(walk, x + r, block);
        const float row_scale = weights->row_scales[(x + r) * (ptrdiff_t)weights->row_step];
        for (int32_t n = 0; n < count; n++) {
            const int32_t channel = block * BLOCK + n;
            const float bias = weights->bias != NULL ? weights->bias[channel] : 0.0f;
            const float scale = row_scale * weights->weight_scales[channel];
            const float product = (float)(int32_t)sums->i32[r][n] * scale;
            output[n] = pl_clamp_float(product + bias, weights->low, weights->high);
        }
    }
}

static const struct sum_type sum_i8 = {1, 1, ADD_ROWS(i8)};

static void gemm_hybrid(const struct pl_gemm_shape *shape, const struct pl_gemm_hybrid *weights,
                        const struct pl_gemm_part *part)
{
    const struct walk walk = {
        .shape = shape,
        .part = part,
        .type = &sum_i8,
        .weights = weights->weights,
        .zero_points = weights->row_zero_points,
        .zero_step = weights->row_step,
        .finish = finish_hybrid,
        .parameters = weights,
    };
    run_walk(&walk);
}

/* ---- integers -------------------------------------------------------------------------------- */

static void store_integers(const struct pl_gemm_integer *weights, void *output, int64_t index,
                           const int32_t *values, int32_t count)
{
    switch (weights->output) {
    case PL_GEMM_INT8:
        for (int32_t n = 0; n < count; n++) ((int8_t *)output)[index + n] = (int8_t)values[n];
        break;
    case PL_GEMM_UINT8:
        for (int32_t n = 0; n < count; n++) ((uint8_t *)output)[index + n] = (uint8_t)values[n];
        break;
    case PL_GEMM_INT16:
        for (int32_t n = 0; n < count; n++) ((int16_t *)output)[index + n] = (int16_t)values[n];
        break;
    case PL_GEMM_INT32:
        memcpy((int32_t *)output + index, values, (size_t)count * sizeof *values);
        break;
    }
}

static void finish_i32(const struct walk *walk, const union sums *sums, int32_t rows, int32_t x,
                       int32_t block)
{
    const struct pl_gemm_integer *weights = walk->parameters;
    const int32_t count = block_channels(walk, block);
    const int32_t first = block * BLOCK;
    for (int32_t r = 0; r < rows; r++) {
        int32_t values[BLOCK] = {0};
        for (int32_t n = 0; n < count; n++) {
            const uint32_t bias = weights->bias != NULL ? (uint32_t)weights->bias[first + n] : 0;
            values[n] = (int32_t)(sums->i32[r][n] + bias);
        }
        if (weights->rounding == PL_GEMM_FIXED) {
            for (int32_t n = 0; n < count; n++) {
                values[n] =
                    pl_requantize(values[n], weights->multipliers[first + n], weights->range);
            }
        } else if (weights->rounding == PL_GEMM_DOUBLE) {
            for (int32_t n = 0; n < count; n++) {
                values[n] =
                    pl_requantize_double(values[n], weights->scales[first + n], weights->range);
            }
        }
        store_integers(weights, walk->part->output, output_index(walk, x + r, block), values,
                       count);
    }
}

static void finish_i64(const struct walk *walk, const union sums *sums, int32_t rows, int32_t x,
                       int32_t block)
{
    const struct pl_gemm_integer *weights = walk->parameters;
    const int32_t count = block_channels(walk, block);
    const int32_t first = block * BLOCK;
    for (int32_t r = 0; r < rows; r++) {
        int32_t values[BLOCK] = {0};
        for (int32_t n = 0; n < count; n++) {
            values[n] = pl_gemm_finish_wide(weights, sums->i64[r][n], first + n);
        }
        store_integers(weights, walk->part->output, output_index(walk, x + r, block), values,
                       count);
    }
}

static void run_integer(const struct sum_type *type, const struct pl_gemm_shape *shape,
                        const struct pl_gemm_integer *weights, const struct pl_gemm_part *part,
                        bool wide)
{
    const struct walk walk = {
        .shape = shape,
        .part = part,
        .type = type,
        .weights = weights->weights,
        .zero_points = &weights->input_zero_point,
        .weight_offset = weights->weight_offset,
        .finish = wide ? finish_i64 : finish_i32,
        .parameters = weights,
    };
    run_walk(&walk);
}

static void gemm_i8(const struct pl_gemm_shape *shape, const struct pl_gemm_integer *weights,
                    const struct pl_gemm_part *part)
{
    run_integer(&sum_i8, shape, weights, part, false);
}

static void gemm_u8(const struct pl_gemm_shape *shape, const struct pl_gemm_integer *weights,
                    const struct pl_gemm_part *part)
{
    static const struct sum_type type = {1, 1, ADD_ROWS(u8)};
    run_integer(&type, shape, weights, part, false);
}

static void gemm_i16_i8(const struct pl_gemm_shape *shape, const struct pl_gemm_integer *weights,
                        const struct pl_gemm_part *part)
{
    static const struct sum_type type = {2, 1, ADD_ROWS(i16_i8)};
    run_integer(&type, shape, weights, part, true);
}

static void gemm_i16_i16(const struct pl_gemm_shape *shape, const struct pl_gemm_integer *weights,
                         const struct pl_gemm_part *part)
{
    static const struct sum_type type = {2, 2, ADD_ROWS(i16_i16)};
    run_integer(&type, shape, weights, part, true);
}

const struct pl_gemm_kernels PL_LEVEL(pl_gemm_kernels) = {
    .pack_f32 = PL_LEVEL(pl_gemm_pack_f32),
    .pack_i2 = PL_LEVEL(pl_gemm_pack_i2),
    .pack_i4 = PL_LEVEL(pl_gemm_pack_i4),
    .pack_i8 = PL_LEVEL(pl_gemm_pack_i8),
    .pack_u8 = PL_LEVEL(pl_gemm_pack_u8),
    .pack_i16 = PL_LEVEL(pl_gemm_pack_i16),
    .pack_blocks_f32 = PL_LEVEL(pl_gemm_pack_blocks_f32),
    .pack_blocks_i2 = PL_LEVEL(pl_gemm_pack_blocks_i2),
    .pack_blocks_i4 = PL_LEVEL(pl_gemm_pack_blocks_i4),
    .pack_blocks_i8 = PL_LEVEL(pl_gemm_pack_blocks_i8),
    .pack_blocks_u8 = PL_LEVEL(pl_gemm_pack_blocks_u8),
    .pack_blocks_i16 = PL_LEVEL(pl_gemm_pack_blocks_i16),
    .layout_f32 = {sizeof(float), 1, 0},
    .layout_i8 = {1, 1, 0},
    .layout_i16 = {sizeof(int16_t), 1, 0},
    .f32 = gemm_f32,
    .add_f32 = PL_LEVEL(pl_gemm_add_f32),
    .i8 = gemm_i8,
    .u8 = gemm_u8,
    .i16_i8 = gemm_i16_i8,
    .i16_i16 = gemm_i16_i16,
    .hybrid = gemm_hybrid,
    .quantize_symmetric = PL_LEVEL(pl_gemm_quantize_symmetric),
    .quantize_asymmetric = PL_LEVEL(pl_gemm_quantize_asymmetric),
    PL_FASTER_GEMM
};
