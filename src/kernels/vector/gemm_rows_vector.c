/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs of matrix products as rows of bytes: see gemm_vector.h. Only as many pixels as the
 * kernels work on at a time are copied, and none where the image has such rows already. */
#include <string.h>

#include "kernels/loop.h"
#include "kernels/vector/gemm_band_vector.h"
#include "kernels/vector/gemm_inputs.h"

/* Rows that lie a multiple of CROWDED bytes apart would fall into the same few places of the first cache. */
enum { ALIGNMENT = 64, CROWDED = 512 };
enum {
    ROWS_BYTES = 128 * 1024, /* of pixels that are brought into rows together */
    MIN_ROWS = 28            /* whole tiles of 4 and 14 rows */
};

int64_t PL_LEVEL(pl_gemm_row_stride)(const struct pl_gemm_shape *shape, int64_t element_bytes)
{
    const int64_t k = pl_gemm_k(shape) * element_bytes;
    const int64_t whole = (k + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return whole % CROWDED == 0 ? whole + ALIGNMENT : whole;
}

/* ---- copying --------------------------------------------------------------------------------- */

#if defined(PL_JOIN_THREE)
/* Three rows of taps that fit into a vector: the first layer of networks for pictures. */
static bool joins_three(const struct pl_gemm_source *source)
{
    const struct pl_patch *patch = &source->shape->patch;
    return patch->filter_height == 3 && patch->dilation_x == 1 && source->shape->depth == patch->channels &&
           pl_gemm_k(source->shape) * source->element_bytes <= PL_JOIN_THREE;
}

/* Pixels from (y, x) on that have the same taps inside of the image. */
static void join_three(const struct pl_gemm_source *source, int32_t y, int32_t x, int32_t count, uint8_t outside,
                       uint8_t *memory, int64_t stride)
{
    const struct pl_patch *patch = &source->shape->patch;
    const struct pl_taps rows = pl_patch_taps_y(patch, y), columns = pl_patch_taps_x(patch, x);
    const int64_t depth = source->shape->depth * source->element_bytes, bytes = patch->filter_width * depth;
    const int64_t line = patch->width * depth;
    const int64_t first_y = (int64_t)y * patch->stride_y - patch->before_y;
    const int64_t first_x = (int64_t)x * patch->stride_x - patch->before_x;
    const uint64_t inside = (UINT64_C(1) << (columns.to * depth)) - (UINT64_C(1) << (columns.from * depth));
    uint64_t masks[3] = {0};
    for (int32_t j = rows.from; j < rows.to; j++) masks[j] = inside << (j * bytes);
    const uintptr_t from = (uintptr_t)source->part->input + (uintptr_t)(first_y * line + first_x * depth);
    pl_join_three(memory, stride, (const uint8_t *)from, patch->stride_x * depth, patch->dilation_y * line, count, bytes,
                  masks, outside, source->flip);
}
#endif

/* All taps of one pixel, one after the other. */
static void copy_pixel(const struct pl_gemm_source *source, int32_t y, int32_t x, int32_t zero_point,
                       uint8_t *to)
{
    const struct pl_gemm_shape *shape = source->shape;
    const struct pl_patch *patch = &shape->patch;
    const int64_t depth = shape->depth, taken = pl_taken_bytes(source);
    const int64_t channels = patch->channels * source->element_bytes;
    const struct pl_taps rows = pl_patch_taps_y(patch, y), columns = pl_patch_taps_x(patch, x);
    const bool joined = patch->dilation_x == 1 && shape->depth == patch->channels;
    const int64_t row = patch->filter_width * depth;
    const int64_t before = columns.from * depth;
    const int64_t after = (patch->filter_width - columns.to) * depth;
    const int64_t first_y = (int64_t)y * patch->stride_y - patch->before_y;
    const int64_t first_x = (int64_t)x * patch->stride_x - patch->before_x;
    for (int32_t j = 0; j < patch->filter_height; j++, to += row * taken) {
        if (j < rows.from || j >= rows.to || columns.from == columns.to) {
            pl_fill_inputs(source, to, zero_point, row);
            continue;
        }
        if (before > 0) pl_fill_inputs(source, to, zero_point, before);
        if (after > 0) pl_fill_inputs(source, to + (row - after) * taken, zero_point, after);
        const int64_t line = (first_y + (int64_t)j * patch->dilation_y) * patch->width;
        const int64_t step = patch->dilation_x * channels;
        const uint8_t *from = (const uint8_t *)source->part->input +
                              ((line + first_x) * channels + columns.from * step);
        if (joined) {
            pl_copy_inputs(source, to + before * taken, from, row - before - after);
            continue;
        }
        for (int32_t i = columns.from; i < columns.to; i++, from += step)
            pl_copy_inputs(source, to + i * depth * taken, from, depth);
    }
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* One tap that is inside of the image for every pixel. */
static bool is_plain(const struct pl_gemm_shape *shape)
{
    const struct pl_patch *patch = &shape->patch;
    return pl_patch_tap_count(patch) == 1 && patch->before_x == 0 && patch->before_y == 0 &&
           patch->stride_x == 1 && patch->stride_y == 1 && shape->output_width == 0;
}

static void copy_plain(const struct pl_gemm_source *source, int32_t from, int32_t to,
                       uint8_t *memory, int64_t stride)
{
    const struct pl_patch *patch = &source->shape->patch;
    const int64_t depth = source->shape->depth, taken = pl_taken_bytes(source);
    const int64_t padded = pl_gemm_padded(depth);
    const int64_t channels = patch->channels * source->element_bytes;
    const int64_t first = (int64_t)source->part->y * patch->width + from;
    const uint8_t *pixel = (const uint8_t *)source->part->input + first * channels;
    for (int32_t x = from; x < to; x++, pixel += channels, memory += stride) {
        pl_copy_inputs(source, memory, pixel, depth);
        for (int64_t k = depth * taken; k < padded * taken; k++) memory[k] = 0;
    }
}

/* Pixels from (y, x) on whose taps all lie inside of the image, tap row by tap row. */
static void copy_inner(const struct pl_gemm_source *source, int32_t y, int32_t x, int32_t count,
                       uint8_t *memory, int64_t stride)
{
    const struct pl_gemm_shape *shape = source->shape;
    const struct pl_patch *patch = &shape->patch;
    const int64_t channels = patch->channels * source->element_bytes, taken = pl_taken_bytes(source);
    const bool joined = patch->dilation_x == 1 && shape->depth == patch->channels;
    const int64_t run_length = joined ? (int64_t)patch->filter_width * shape->depth : shape->depth;
    const int32_t runs = patch->filter_height * (joined ? 1 : patch->filter_width);
    const int64_t first_y = (int64_t)y * patch->stride_y - patch->before_y;
    const int64_t first_x = (int64_t)x * patch->stride_x - patch->before_x;
    for (int32_t run = 0; run < runs; run++, memory += run_length * taken) {
        const int32_t j = joined ? run : run / patch->filter_width;
        const int32_t i = joined ? 0 : run % patch->filter_width;
        const int64_t pixel = (first_y + (int64_t)j * patch->dilation_y) * patch->width + first_x +
                              (int64_t)i * patch->dilation_x;
        const uint8_t *from = (const uint8_t *)source->part->input + pixel * channels;
        pl_copy_rows_of_inputs(source, memory, stride, from, patch->stride_x * channels, count, run_length);
    }
}

/* How many of the pixels from (y, x) on are such, at most `count`. */
static int32_t count_inner(const struct pl_patch *patch, int32_t y, int32_t x, int32_t count)
{
    const struct pl_taps rows = pl_patch_taps_y(patch, y), columns = pl_patch_taps_x(patch, x);
    if (rows.from > 0 || rows.to < patch->filter_height) return 0;
    if (columns.from > 0 || columns.to < patch->filter_width) return 0;
    const int64_t reach = (int64_t)(patch->filter_width - 1) * patch->dilation_x;
    const int64_t last = patch->width - 1 - reach + patch->before_x; /* of x * stride */
    const int64_t inner = last / patch->stride_x - x + 1;
    return inner < count ? (int32_t)inner : count;
}

/* Clears the last step of rows, of which then less than all is written. */
static void clear_ends(const struct pl_gemm_source *source, int64_t k, int32_t count,
                       uint8_t *memory, int64_t stride)
{
    const int64_t padded = pl_gemm_padded(k);
    if (padded == k) return;
    const int64_t taken = pl_taken_bytes(source), last = (padded - PL_GEMM_STEP) * taken;
    const uint64_t nothing = 0;
    for (int32_t n = 0; n < count; n++) {
        if (taken == 1) memcpy(memory + n * stride + last, &nothing, PL_GEMM_STEP);
        else memcpy(memory + n * stride + last, &nothing, PL_GEMM_STEP * sizeof(int16_t));
    }
}

/* Pixels from (y, x) on that have all taps inside, or one that does not; it is pixel i of the part. */
static void copy_alike(const struct pl_gemm_source *source, int32_t i, int32_t y, int32_t x, int32_t count, bool inner,
                       uint8_t *memory, int64_t stride)
{
    const int32_t zero_point = source->zero_points[i * (int64_t)source->zero_step];
#if defined(PL_JOIN_THREE)
    if (joins_three(source)) {
        join_three(source, y, x, count, (uint8_t)(zero_point + source->flip), memory, stride);
        return;
    }
#endif
    clear_ends(source, pl_gemm_k(source->shape), count, memory, stride);
    if (inner) copy_inner(source, y, x, count, memory, stride);
    else copy_pixel(source, y, x, zero_point, memory);
}

static void copy_windows(const struct pl_gemm_source *source, int32_t from, int32_t to,
                         uint8_t *memory, int64_t stride)
{
    const struct pl_gemm_shape *shape = source->shape;
    int32_t y = source->part->y, x = from;
    if (shape->output_width > 0) {
        y += from / shape->output_width;
        x = from % shape->output_width;
    }
    for (int32_t i = from; i < to;) {
        int32_t count = to - i; /* to the end of the row */
        if (shape->output_width > 0 && shape->output_width - x < count)
            count = shape->output_width - x;
        const int32_t inner = count_inner(&shape->patch, y, x, count);
        count = inner > 0 ? inner : 1;
        copy_alike(source, i, y, x, count, inner > 0, memory, stride);
        memory += count * stride;
        i += count;
        x += count;
        if (x == shape->output_width) {
            x = 0;
            y++;
        }
    }
}

struct pl_gemm_rows PL_LEVEL(pl_gemm_make_rows)(const struct pl_gemm_source *source, int32_t from,
                                                int32_t to, uint8_t *memory)
{
    const struct pl_gemm_shape *shape = source->shape;
    const struct pl_patch *patch = &shape->patch;
    const int64_t stride = PL_LEVEL(pl_gemm_row_stride)(shape, pl_taken_bytes(source));
    const int64_t channels = patch->channels * source->element_bytes;
    const int64_t taken = patch->channels * pl_taken_bytes(source);
    const bool plain = is_plain(shape) && to <= patch->width && source->part->y < patch->height;
    if (plain && shape->depth % PL_GEMM_STEP == 0 && taken % CROWDED != 0) {
        const int64_t first = (int64_t)source->part->y * patch->width + from;
        const uint8_t *rows = (const uint8_t *)source->part->input + first * channels;
        if (source->flip == 0 && !pl_is_widened(source)) return (struct pl_gemm_rows){rows, channels};
        if (shape->depth == patch->channels) {
            pl_copy_inputs(source, memory, rows, (int64_t)(to - from) * shape->depth);
            return (struct pl_gemm_rows){memory, taken};
        }
    }
    if (plain) copy_plain(source, from, to, memory, stride);
    else copy_windows(source, from, to, memory, stride);
    return (struct pl_gemm_rows){memory, stride};
}

int32_t PL_LEVEL(pl_gemm_rows_at_once)(const struct pl_gemm_shape *shape, int64_t element_bytes)
{
    const int64_t rows = ROWS_BYTES / PL_LEVEL(pl_gemm_row_stride)(shape, element_bytes);
    if (rows > PL_GEMM_MAX_ROWS) return PL_GEMM_MAX_ROWS;
    return rows < MIN_ROWS ? MIN_ROWS : (int32_t)(rows / MIN_ROWS * MIN_ROWS);
}

size_t PL_LEVEL(pl_gemm_scratch)(const struct pl_gemm_shape *shape, int64_t pixels,
                                 int64_t element_bytes)
{
    const int64_t taken = element_bytes == 1 ? PL_GEMM_INPUT_BYTES : element_bytes;
    const int64_t most = PL_LEVEL(pl_gemm_rows_at_once)(shape, taken);
    const int64_t rows = (pixels < most ? pixels : most) * PL_LEVEL(pl_gemm_row_stride)(shape, taken);
    const int32_t lines = element_bytes == 1 ? PL_LEVEL(pl_gemm_band_lines)(shape) : 0;
    if (lines == 0) return (size_t)rows;
    const int64_t height =
        pixels / shape->output_width + 2; /* the first and the last may be parts */
    const int64_t band = PL_LEVEL(pl_gemm_band_bytes)(shape, height < lines ? (int32_t)height : lines);
    return (size_t)(band > rows ? band : rows);
}
