/* SPDX-License-Identifier: Apache-2.0 */
/* Float matrix products: see gemm_kernels.h. A tile is some pixels by some blocks of outputs, its
 * sums in registers from the first k to the last, so that their order is that of c/. Pixels are
 * reached through pointers of their own, which makes tiles of any pixels that see the same taps:
 * nothing of the image is copied. Where they lie evenly apart one pointer and a few multiples of
 * the step do, which leaves the load ports to the numbers. */
#include "kernels/vector/gemm_f32_vector.h"

#include <math.h>
#include <stddef.h>

#include "kernels/gemm_kernels.h"
#include "kernels/kernels.h"
#include "kernels/rectangle.h"
#include "kernels/vector/gemm_f32_forms.h"

/* Weights that stay in the second level cache are read again for every tile; of larger ones a block
 * is read once for as many pixels as the cache holds. In floats. */
enum { SMALL_WEIGHTS = 1 << 16, CACHED_PIXELS = 1 << 17, CACHED_INPUTS = 1 << 12 };

/* Over fewer pixels, fetching takes as long as waiting. */
enum { LEAST_AHEAD = 2 * TILE_ROWS };

/* ---- the walk -------------------------------------------------------------------------------- */

struct walk {
    const struct pl_gemm_shape *shape;
    const struct pl_gemm_float *weights;
    const struct pl_gemm_part *part;
    int32_t width; /* output pixels of a row */
};

/* A pixel of a rectangle on the way from the first to the last, row by row. */
struct cursor {
    const float *input; /* its first tap */
    float *output;
    int32_t x, from_x, to_x;
    int64_t input_step, output_step;         /* to the next pixel */
    int64_t input_row_step, output_row_step; /* from the last one of a row, besides, to the next */
};

static struct cursor start_cursor(const struct walk *walk, const struct pl_rectangle *rectangle)
{
    const struct pl_patch *patch = &walk->shape->patch;
    const int32_t x = rectangle->from_x, y = rectangle->from_y, width = rectangle->to_x - x;
    const int64_t in_y = (int64_t)y * patch->stride_y - patch->before_y +
                         (int64_t)rectangle->taps_y.from * patch->dilation_y;
    const int64_t in_x = (int64_t)x * patch->stride_x - patch->before_x +
                         (int64_t)rectangle->taps_x.from * patch->dilation_x;
    const int64_t pixel = (int64_t)(y - walk->part->y) * walk->width + x;
    struct cursor cursor = {
        .input = (const float *)walk->part->input + (in_y * patch->width + in_x) * patch->channels,
        .output = (float *)walk->part->output + pixel * walk->shape->output_stride,
        .x = x,
        .from_x = x,
        .to_x = rectangle->to_x,
        .input_step = (int64_t)patch->stride_x * patch->channels,
        .output_step = walk->shape->output_stride,
    };
    cursor.input_row_step =
        (int64_t)patch->stride_y * patch->width * patch->channels - width * cursor.input_step;
    cursor.output_row_step = (walk->width - width) * cursor.output_step;
    if (width == 1) { /* a column is a row of longer steps */
        cursor.input_step += cursor.input_row_step;
        cursor.output_step += cursor.output_row_step;
        cursor.input_row_step = cursor.output_row_step = 0;
    }
    /* Rows that continue each other are one row. */
    if (cursor.input_row_step == 0 && cursor.output_row_step == 0) cursor.to_x = INT32_MAX;
    return cursor;
}

static void end_row(struct cursor *cursor)
{
    if (cursor->x < cursor->to_x) return;
    cursor->x = cursor->from_x;
    cursor->input += cursor->input_row_step;
    cursor->output += cursor->output_row_step;
}

/* The next pixels as rows of up to `most` even tiles, or of one that is not. */
static bool place_rows(struct cursor *cursor, int32_t rows, int32_t most, struct tile *tile)
{
    const int32_t fitting = (cursor->to_x - cursor->x) / rows;
    if (fitting > 0) {
        tile->repeat = fitting < most ? fitting : most;
        const int32_t pixels = tile->repeat * rows;
        tile->rows[0] = cursor->input;
        tile->outputs[0] = cursor->output;
        cursor->input += pixels * cursor->input_step;
        cursor->output += pixels * cursor->output_step;
        cursor->x += pixels;
        end_row(cursor);
        return true;
    }
    tile->repeat = 1;
    for (int32_t r = 0; r < rows; r++) {
        tile->rows[r] = cursor->input;
        tile->outputs[r] = cursor->output;
        cursor->input += cursor->input_step;
        cursor->output += cursor->output_step;
        cursor->x++;
        end_row(cursor);
    }
    return false;
}

/* Blocks of outputs for one tile of pixels. */
static void run_blocks(const struct walk *walk, int32_t rows, bool even, int32_t from_block,
                       int32_t to_block, struct tile *tile)
{
    const int32_t channels = walk->shape->channels;
    const bool fetching = tile->ahead.from < tile->ahead.end;
    for (int32_t block = from_block; block < to_block;) {
        const int32_t last = channels - (to_block - 1) * PL_GEMM_BLOCK; /* outputs of the last */
        bool half = last <= PL_GEMM_BLOCK / 2;
        int32_t blocks = to_block - block - half;
        const tile_function run = choose_tile(rows, even, fetching, &blocks, &half);
        tile->weights = walk->weights->weights + block * tile->block_floats;
        tile->first = block * PL_GEMM_BLOCK;
        block += blocks + half;
        tile->last_count = block < to_block || last > PL_GEMM_BLOCK ? PL_GEMM_BLOCK : last;
        run(tile);
    }
}

/* Weights that are next come from memory while pixels are worked on, some beside so many k of a tile. */
static struct ahead find_ahead(const struct walk *walk, int64_t pixels, int32_t from_block, int32_t to_block,
                               const struct tile *tile)
{
    const int32_t rest = walk->part->to_block - to_block, blocks = to_block - from_block;
    if (rest == 0 || pixels < LEAST_AHEAD) return (struct ahead){0};
    const float *weights = walk->weights->weights + to_block * tile->block_floats;
    const int64_t floats = (rest < blocks ? rest : blocks) * tile->block_floats;
    const struct runs *runs = tile->runs;
    const int64_t groups = pixels / TILE_ROWS, pieces = (runs->length + AHEAD_K - 1) / AHEAD_K;
    const int64_t shares = groups * runs->rows * runs->columns * pieces;
    return (struct ahead){weights, weights + floats, floats / (shares + 1) / PL_GEMM_BLOCK * PL_GEMM_BLOCK + PL_GEMM_BLOCK};
}

/* The next `pixels` in tiles that are as equal as they can be. */
static void run_tiles_of(const struct walk *walk, struct cursor *cursor, int64_t pixels, int32_t from_block,
                         int32_t to_block, struct tile *tile)
{
    const int64_t count = (pixels + TILE_ROWS - 1) / TILE_ROWS, larger = pixels % count;
    const int32_t rows = (int32_t)(pixels / count);
    /* As many tiles at once as the first level cache holds inputs of. */
    const int64_t together = 1 + CACHED_INPUTS * PL_GEMM_BLOCK / (TILE_ROWS * tile->block_floats + 1);
    for (int64_t i = 0; i < count; i += tile->repeat) {
        const int32_t height = i < larger ? rows + 1 : rows;
        const int64_t alike = (i < larger ? larger : count) - i;
        const int32_t tiles_at_once = (int32_t)(alike < together ? alike : together);
        const bool even = place_rows(cursor, height, tiles_at_once, tile);
        run_blocks(walk, height, even, from_block, to_block, tile);
    }
}

/* Rows that make tiles of nearly as many pixels as there are at most. Tiles across rows are not even, but small ones
 * are worse. */
static bool ends_tiles(int64_t row)
{
    const int64_t count = (row + TILE_ROWS - 1) / TILE_ROWS;
    return row * 4 >= count * TILE_ROWS * 3;
}

/* The next `pixels`, row by row where that is better. */
static void run_pixels(const struct walk *walk, struct cursor *cursor, int64_t pixels, int32_t from_block,
                       int32_t to_block, struct tile *tile)
{
    tile->ahead = find_ahead(walk, pixels, from_block, to_block, tile);
    const bool by_row = ends_tiles(cursor->to_x - cursor->from_x);
    for (int64_t done = 0; done < pixels;) {
        const int64_t rest = pixels - done, in_row = cursor->to_x - cursor->x;
        const int64_t count = by_row && in_row < rest ? in_row : rest;
        run_tiles_of(walk, cursor, count, from_block, to_block, tile);
        done += count;
    }
}

static struct runs runs_of(const struct pl_gemm_shape *shape, const struct pl_rectangle *rectangle)
{
    const struct pl_patch *patch = &shape->patch;
    const int32_t columns = rectangle->taps_x.to - rectangle->taps_x.from;
    const bool joined = patch->dilation_x == 1 && shape->depth == patch->channels;
    const int64_t depth = shape->depth;
    struct runs runs = {
        .rows = columns > 0 ? rectangle->taps_y.to - rectangle->taps_y.from : 0,
        .columns = joined ? 1 : columns,
        .length = joined ? columns * depth : depth,
        .row_step = (int64_t)patch->dilation_y * patch->width * patch->channels,
        .column_step = (int64_t)patch->dilation_x * patch->channels,
        .weight_row_step = patch->filter_width * depth,
        .weight_column_step = depth,
    };
    runs.first_weight =
        ((int64_t)rectangle->taps_y.from * patch->filter_width + rectangle->taps_x.from) * depth;
    return runs;
}

/* How many pixels each block of weights is read for: equal shares, since what a last small one would
 * cost is reading all weights once more. */
static int64_t share_pixels(int64_t pixels, int64_t k)
{
    int64_t most = CACHED_PIXELS / (k > 0 ? k : 1);
    if (most < 4 * TILE_ROWS) most = 4 * TILE_ROWS;
    const int64_t shares = (pixels + most - 1) / most;
    return (pixels + shares - 1) / shares;
}

static struct tile make_tile(const struct walk *walk, const struct runs *runs, int64_t k)
{
    return (struct tile){
        .runs = runs,
        .block_floats = k * PL_GEMM_BLOCK,
        .bias = walk->weights->bias,
        .clamped = walk->weights->low > -INFINITY || walk->weights->high < INFINITY,
        .low = walk->weights->low,
        .high = walk->weights->high,
    };
}

static void run_rectangle(const struct walk *walk, const struct pl_rectangle *rectangle)
{
    const struct pl_gemm_shape *shape = walk->shape;
    const struct pl_gemm_part *part = walk->part;
    const struct runs runs = runs_of(shape, rectangle);
    const int64_t k = pl_gemm_k(shape);
    struct tile tile = make_tile(walk, &runs, k);
    const int32_t all = part->to_block - part->from_block;
    const int64_t pixels =
        (int64_t)(rectangle->to_y - rectangle->from_y) * (rectangle->to_x - rectangle->from_x);
    const bool small = all * tile.block_floats <= SMALL_WEIGHTS || pixels <= TILE_ROWS;
    const int32_t step = small ? all : TILE_BLOCKS;
    const int64_t cached = small ? pixels : share_pixels(pixels, k);
    struct cursor start = start_cursor(walk, rectangle);
    tile.row_step = start.input_step * (int64_t)sizeof(float);
    tile.output_step = start.output_step;
    for (int64_t from = 0; from < pixels; from += cached) {
        const int64_t count = pixels - from < cached ? pixels - from : cached;
        struct cursor cursor = start;
        for (int32_t block = part->from_block; block < part->to_block; block += step) {
            const int32_t to_block = part->to_block - block < step ? part->to_block : block + step;
            cursor = start;
            run_pixels(walk, &cursor, count, block, to_block, &tile);
        }
        start = cursor;
    }
}

/* Columns [from_x, to_x) of rows [from_y, to_y). */
static void run_band(const struct walk *walk, int32_t from_y, int32_t to_y, int32_t from_x,
                     int32_t to_x)
{
    const struct pl_patch *patch = &walk->shape->patch;
    for (int32_t y = from_y; y < to_y;) {
        struct pl_rectangle rectangle = {.to_x = from_x};
        while (rectangle.to_x < to_x) {
            const struct pl_rectangle rest = {
                .from_y = y, .to_y = to_y, .from_x = rectangle.to_x, .to_x = to_x};
            rectangle = pl_rectangle_at(patch, rest);
            run_rectangle(walk, &rectangle);
        }
        y = rectangle.to_y;
    }
}

/* A dense layer of a single example. */
static void run_row(const struct walk *walk)
{
    const struct pl_gemm_part *part = walk->part;
    const struct runs runs = {.rows = 1, .columns = 1, .length = walk->shape->depth};
    struct tile tile = make_tile(walk, &runs, walk->shape->depth);
    tile.rows[0] = (const float *)part->input + pl_gemm_row_offset(walk->shape, part);
    tile.outputs[0] = (float *)part->output + (int64_t)part->from_x * walk->shape->output_stride;
    tile.repeat = 1;
    run_blocks(walk, 1, true, part->from_block, part->to_block, &tile);
}

void PL_LEVEL(pl_gemm_f32_vector)(const struct pl_gemm_shape *shape,
                                  const struct pl_gemm_float *weights,
                                  const struct pl_gemm_part *part)
{
    const bool rows = shape->output_width > 0;
    const struct walk walk = {shape, weights, part, rows ? shape->output_width : 0};
    if (part->from_x >= part->to_x || part->from_block >= part->to_block) return;
    if (pl_gemm_is_row(shape, part)) {
        run_row(&walk);
        return;
    }
    if (!rows) {
        run_band(&walk, part->y, part->y + 1, part->from_x, part->to_x);
        return;
    }
    /* A first row from its middle on, whole rows, a last row up to its middle. */
    const int32_t width = walk.width;
    int32_t y = part->from_x / width;
    const int32_t last = part->to_x / width, begin = part->from_x % width;
    if (begin > 0) {
        const int32_t end = y == last ? part->to_x % width : width;
        run_band(&walk, part->y + y, part->y + y + 1, begin, end);
        y++;
    }
    if (y < last) run_band(&walk, part->y + y, part->y + last, 0, width);
    if (y <= last && part->to_x % width > 0)
        run_band(&walk, part->y + last, part->y + last + 1, 0, part->to_x % width);
}
