/* SPDX-License-Identifier: Apache-2.0 */
/* Bands of images: see gemm_band_vector.h. */
#include "kernels/vector/gemm_band_vector.h"

#include <string.h>

#include "kernels/vector/gemm_inputs.h"

enum {
    BAND_BYTES = 128 * 1024, /* that many lines are made together */
    MAX_BYTES = 512 * 1024,  /* of a single line; more is too much memory */
    MIN_WIDTH = 4            /* of the output: tiles do not reach across lines */
};

/* Taps of a row that lie next to each other are one run. */
static bool is_joined(const struct pl_patch *patch)
{
    return patch->dilation_x == 1;
}

/* Of the image, for so many of the output. */
static int64_t image_lines(const struct pl_patch *patch, int32_t lines)
{
    return (int64_t)(lines - 1) * patch->stride_y +
           (int64_t)(patch->filter_height - 1) * patch->dilation_y + 1;
}

static int64_t line_pixels(const struct pl_gemm_shape *shape)
{
    const struct pl_patch *patch = &shape->patch;
    return (int64_t)(shape->output_width - 1) * patch->stride_x +
           (int64_t)(patch->filter_width - 1) * patch->dilation_x + 1;
}

static int64_t line_inputs(const struct pl_gemm_shape *shape)
{
    return line_pixels(shape) * shape->patch.channels;
}

/* As they are copied. */
static int64_t line_bytes(const struct pl_gemm_shape *shape)
{
    return line_inputs(shape) * PL_GEMM_INPUT_BYTES;
}

int64_t PL_LEVEL(pl_gemm_band_bytes)(const struct pl_gemm_shape *shape, int32_t lines)
{
    return image_lines(&shape->patch, lines) * line_bytes(shape);
}

int32_t PL_LEVEL(pl_gemm_band_lines)(const struct pl_gemm_shape *shape)
{
    const struct pl_patch *patch = &shape->patch;
    const int64_t taps = pl_patch_tap_count(patch);
    const int64_t runs = is_joined(patch) ? patch->filter_height : taps;
    const int64_t run_length = (is_joined(patch) ? patch->filter_width : 1) * (int64_t)shape->depth;
    if (shape->output_width < MIN_WIDTH || shape->depth != patch->channels) return 0;
    if (runs > PL_GEMM_MAX_RUNS || run_length == 0 || run_length % PL_GEMM_STEP != 0) return 0;
    if (line_pixels(shape) > MAX_BYTES / PL_GEMM_INPUT_BYTES / patch->channels) return 0;
    const int64_t one = PL_LEVEL(pl_gemm_band_bytes)(shape, 1);
    if (one > MAX_BYTES) return 0;
    const int64_t more = (BAND_BYTES - one) / (line_bytes(shape) * patch->stride_y);
    return more > 0 ? (int32_t)more + 1 : 1;
}

static void copy_line(const struct pl_gemm_source *source, int64_t y, uint8_t *to)
{
    const struct pl_patch *patch = &source->shape->patch;
    const int64_t count = line_inputs(source->shape), taken = PL_GEMM_INPUT_BYTES;
    const int32_t zero_point = source->zero_points[0];
    if (y < 0 || y >= patch->height) {
        pl_fill_inputs(source, to, zero_point, count);
        return;
    }
    const int64_t image = (int64_t)patch->width * patch->channels;
    const uint8_t *from = (const uint8_t *)source->part->input + y * image;
    int64_t before = (int64_t)patch->before_x * patch->channels;
    if (before > count) before = count;
    const int64_t inside = image < count - before ? image : count - before;
    pl_fill_inputs(source, to, zero_point, before);
    pl_copy_inputs(source, to + before * taken, from, inside);
    pl_fill_inputs(source, to + (before + inside) * taken, zero_point, count - before - inside);
}

/* Nothing of the band lies outside of the image, and its bytes are as they must be. */
static bool is_there(const struct pl_gemm_source *source, int64_t first_y, int64_t count)
{
    const struct pl_patch *patch = &source->shape->patch;
    return source->flip == 0 && !pl_is_widened(source) && patch->before_x == 0 && first_y >= 0 &&
           first_y + count <= patch->height &&
           line_bytes(source->shape) <= (int64_t)patch->width * patch->channels;
}

static void list_runs(const struct pl_gemm_shape *shape, struct pl_gemm_band *band)
{
    const struct pl_patch *patch = &shape->patch;
    const int32_t across = is_joined(patch) ? 1 : patch->filter_width;
    band->runs = patch->filter_height * across;
    band->run_length = (int64_t)(patch->filter_width / across) * shape->depth;
    for (int32_t run = 0; run < band->runs; run++) {
        band->offsets[run] = run / across * (band->line_bytes * patch->dilation_y) +
                             run % across * ((int64_t)patch->dilation_x * patch->channels * PL_GEMM_INPUT_BYTES);
    }
}

void PL_LEVEL(pl_gemm_make_band)(const struct pl_gemm_source *source, int32_t y, int32_t lines,
                                 uint8_t *memory, struct pl_gemm_band *band)
{
    const struct pl_patch *patch = &source->shape->patch;
    const int64_t first_y = (int64_t)y * patch->stride_y - patch->before_y;
    const int64_t count = image_lines(patch, lines);
    if (is_there(source, first_y, count)) {
        band->line_bytes = (int64_t)patch->width * patch->channels;
        band->lines = (const uint8_t *)source->part->input + first_y * band->line_bytes;
    } else {
        band->line_bytes = line_bytes(source->shape);
        band->lines = memory;
        for (int64_t i = 0; i < count; i++)
            copy_line(source, first_y + i, memory + i * band->line_bytes);
    }
    list_runs(source->shape, band);
}
