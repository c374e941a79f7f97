/* SPDX-License-Identifier: Apache-2.0 */
/* Float matrix products: see gemm_kernels.h. A tile is some pixels by some blocks of outputs, its
 * sums in registers from the first k to the last, so that their order is that of c/. Pixels are
 * reached through pointers of their own, which makes tiles of any pixels that see the same taps:
 * nothing of the image is copied. */
#include "kernels/x86/gemm_f32_x86.h"

#include <stddef.h>

#include "kernels/gemm_kernels.h"
#include "kernels/kernels.h"
#include "kernels/rectangle.h"
#include "kernels/x86/floats_x86.h"

/* As many sums as there are registers for, beside the weights of one k. */
#if defined(__AVX512F__)
enum { TILE_ROWS = 12, TILE_BLOCKS = 2, LONE_BLOCKS = 4 };
#else
enum { TILE_ROWS = 6, TILE_BLOCKS = 1, LONE_BLOCKS = 4 };
#endif
enum { MAX_BLOCKS = LONE_BLOCKS };

/* Weights that stay in the second level cache are read again for every tile; of larger ones a block
 * is read once for as many pixels as the cache holds. In floats. */
enum { SMALL_WEIGHTS = 1 << 16, CACHED_PIXELS = 1 << 16 };

/* Taps that lie behind each other in memory. */
struct runs {
    int32_t rows, columns; /* how many */
    int64_t length;        /* floats of one */
    int64_t row_step, column_step;               /* in the image, from one to the next */
    int64_t first_weight;                        /* in k */
    int64_t weight_row_step, weight_column_step; /* in k */
};

struct tile {
    const float *rows[TILE_ROWS]; /* where each pixel's first tap is */
    float *outputs[TILE_ROWS];    /* output 0 of each pixel */
    const struct runs *runs;
    const float *weights; /* of the first block */
    int64_t block_floats; /* from one block to the next */
    const float *bias;    /* of the first block, or NULL */
    int32_t first;        /* output */
    int32_t last_count;   /* outputs of the last block of this tile */
    float low, high;
};

/* ---- one tile -------------------------------------------------------------------------------- */

PL_ALWAYS_INLINE void add_run(int rows, int blocks, const struct tile *tile, int64_t offset,
                              const float *weights, struct pl_floats sums[TILE_ROWS][MAX_BLOCKS])
{
    const float *input[TILE_ROWS];
    for (int r = 0; r < rows; r++) input[r] = tile->rows[r] + offset;
    const int64_t length = tile->runs->length, step = tile->block_floats;
    for (int64_t k = 0; k < length; k++, weights += PL_GEMM_BLOCK) {
        struct pl_floats w[MAX_BLOCKS];
#pragma GCC unroll 4
        for (int b = 0; b < blocks; b++) w[b] = pl_floats_load(weights + b * step);
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++) {
            const struct pl_floats x = pl_floats_set(input[r][k]);
#pragma GCC unroll 4
            for (int b = 0; b < blocks; b++) sums[r][b] = pl_floats_fma(x, w[b], sums[r][b]);
        }
    }
}

PL_ALWAYS_INLINE void finish_tile(int rows, int blocks, const struct tile *tile,
                                  struct pl_floats sums[TILE_ROWS][MAX_BLOCKS])
{
    const struct pl_floats low = pl_floats_set(tile->low), high = pl_floats_set(tile->high);
    const bool whole = tile->last_count == PL_GEMM_BLOCK;
    const struct pl_floats_mask mask = pl_floats_first(tile->last_count);
#pragma GCC unroll 4
    for (int b = 0; b < blocks; b++) {
        const int64_t first = tile->first + (int64_t)b * PL_GEMM_BLOCK;
        const bool full = b + 1 < blocks || whole;
        struct pl_floats bias = pl_floats_set(0.0f);
        if (tile->bias != NULL) {
            bias = full ? pl_floats_load(tile->bias + first)
                        : pl_floats_load_masked(tile->bias + first, mask);
        }
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++) {
            const struct pl_floats sum = pl_floats_add(sums[r][b], bias);
            const struct pl_floats result = pl_floats_clamp(sum, low, high);
            if (full) pl_floats_store(tile->outputs[r] + first, result);
            else pl_floats_store_masked(tile->outputs[r] + first, result, mask);
        }
    }
}

PL_ALWAYS_INLINE void run_tile(int rows, int blocks, const struct tile *tile)
{
    struct pl_floats sums[TILE_ROWS][MAX_BLOCKS];
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int b = 0; b < blocks; b++) sums[r][b] = pl_floats_set(0.0f);
    const struct runs *runs = tile->runs;
    for (int32_t j = 0; j < runs->rows; j++) {
        for (int32_t i = 0; i < runs->columns; i++) {
            const int64_t k =
                runs->first_weight + j * runs->weight_row_step + i * runs->weight_column_step;
            add_run(rows, blocks, tile, j * runs->row_step + i * runs->column_step,
                    tile->weights + k * PL_GEMM_BLOCK, sums);
        }
    }
    finish_tile(rows, blocks, tile, sums);
}

typedef void (*tile_function)(const struct tile *tile);

#define DEFINE_TILE(rows, blocks)                                                                  \
    static void tile_##rows##x##blocks(const struct tile *tile)                                    \
    {                                                                                              \
        run_tile(rows, blocks, tile);                                                              \
    }

DEFINE_TILE(1, 1)
DEFINE_TILE(2, 1)
DEFINE_TILE(3, 1)
DEFINE_TILE(4, 1)
DEFINE_TILE(5, 1)
DEFINE_TILE(6, 1)
DEFINE_TILE(1, 4)
#if defined(__AVX512F__)
DEFINE_TILE(7, 1)
DEFINE_TILE(8, 1)
DEFINE_TILE(9, 1)
DEFINE_TILE(10, 1)
DEFINE_TILE(11, 1)
DEFINE_TILE(12, 1)
DEFINE_TILE(2, 4)
DEFINE_TILE(3, 4)
DEFINE_TILE(4, 4)
DEFINE_TILE(5, 4)
DEFINE_TILE(1, 2)
DEFINE_TILE(2, 2)
DEFINE_TILE(3, 2)
DEFINE_TILE(4, 2)
DEFINE_TILE(5, 2)
DEFINE_TILE(6, 2)
DEFINE_TILE(7, 2)
DEFINE_TILE(8, 2)
DEFINE_TILE(9, 2)
DEFINE_TILE(10, 2)
DEFINE_TILE(11, 2)
DEFINE_TILE(12, 2)
#endif

/* [blocks - 1][rows - 1]; where there is none, fewer blocks are taken. */
static const tile_function tiles[MAX_BLOCKS][TILE_ROWS] = {
#if defined(__AVX512F__)
    {tile_1x1, tile_2x1, tile_3x1, tile_4x1, tile_5x1, tile_6x1, tile_7x1, tile_8x1, tile_9x1,
     tile_10x1, tile_11x1, tile_12x1},
    {tile_1x2, tile_2x2, tile_3x2, tile_4x2, tile_5x2, tile_6x2, tile_7x2, tile_8x2, tile_9x2,
     tile_10x2, tile_11x2, tile_12x2},
    [3] = {tile_1x4, tile_2x4, tile_3x4, tile_4x4, tile_5x4},
#else
    {tile_1x1, tile_2x1, tile_3x1, tile_4x1, tile_5x1, tile_6x1},
    [3] = {tile_1x4},
#endif
};

/* How many of `blocks` a tile of so many rows takes at once. */
static int32_t blocks_at_once(int32_t rows, int32_t blocks)
{
    int32_t most = blocks < MAX_BLOCKS ? blocks : MAX_BLOCKS;
    while (tiles[most - 1][rows - 1] == NULL) most--;
    return most;
}

/* ---- the walk -------------------------------------------------------------------------------- */

struct walk {
    const struct pl_gemm_shape *shape;
    const struct pl_gemm_float *weights;
    const struct pl_gemm_part *part;
    int32_t width; /* output pixels of a row */
};

/* Pixels [from, to) of a rectangle, counted row by row, as rows of a tile. */
static void place_rows(const struct walk *walk, const struct pl_rectangle *rectangle, int64_t from,
                       int32_t rows, struct tile *tile)
{
    const struct pl_patch *patch = &walk->shape->patch;
    const int32_t width = rectangle->to_x - rectangle->from_x;
    int32_t y = rectangle->from_y + (int32_t)(from / width);
    int32_t x = rectangle->from_x + (int32_t)(from % width);
    for (int32_t r = 0; r < rows; r++) {
        const int64_t in_y = (int64_t)y * patch->stride_y - patch->before_y +
                             (int64_t)rectangle->taps_y.from * patch->dilation_y;
        const int64_t in_x = (int64_t)x * patch->stride_x - patch->before_x +
                             (int64_t)rectangle->taps_x.from * patch->dilation_x;
        const int64_t pixel = (int64_t)(y - walk->part->y) * walk->width + x;
        tile->rows[r] =
            (const float *)walk->part->input + (in_y * patch->width + in_x) * patch->channels;
        tile->outputs[r] = (float *)walk->part->output + pixel * walk->shape->output_stride;
        if (++x == rectangle->to_x) {
            x = rectangle->from_x;
            y++;
        }
    }
}

/* Blocks of outputs for one tile of pixels. */
static void run_blocks(const struct walk *walk, int32_t rows, int32_t from_block, int32_t to_block,
                       struct tile *tile)
{
    for (int32_t block = from_block; block < to_block;) {
        const int32_t blocks = blocks_at_once(rows, to_block - block);
        const int32_t rest = walk->shape->channels - (block + blocks - 1) * PL_GEMM_BLOCK;
        tile->weights = walk->weights->weights + block * tile->block_floats;
        tile->first = block * PL_GEMM_BLOCK;
        tile->last_count = rest < PL_GEMM_BLOCK ? rest : PL_GEMM_BLOCK;
        tiles[blocks - 1][rows - 1](tile);
        block += blocks;
    }
}

/* Pixels [from, to) of a rectangle in tiles that are as equal as they can be. */
static void run_pixels(const struct walk *walk, const struct pl_rectangle *rectangle, int64_t from,
                       int64_t to, int32_t from_block, int32_t to_block, struct tile *tile)
{
    while (from < to) {
        const int64_t count = (to - from + TILE_ROWS - 1) / TILE_ROWS;
        const int32_t rows = (int32_t)((to - from + count - 1) / count);
        place_rows(walk, rectangle, from, rows, tile);
        run_blocks(walk, rows, from_block, to_block, tile);
        from += rows;
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
    runs.first_weight = ((int64_t)rectangle->taps_y.from * patch->filter_width +
                         rectangle->taps_x.from) *
                        depth;
    return runs;
}

static void run_rectangle(const struct walk *walk, const struct pl_rectangle *rectangle)
{
    const struct pl_gemm_shape *shape = walk->shape;
    const struct pl_gemm_part *part = walk->part;
    const struct runs runs = runs_of(shape, rectangle);
    const int64_t k =
        (int64_t)shape->patch.filter_height * shape->patch.filter_width * shape->depth;
    struct tile tile = {
        .runs = &runs,
        .block_floats = k * PL_GEMM_BLOCK,
        .bias = walk->weights->bias,
        .low = walk->weights->low,
        .high = walk->weights->high,
    };
    const int32_t all = part->to_block - part->from_block;
    const bool small = all * tile.block_floats <= SMALL_WEIGHTS;
    const int32_t step = small ? all : TILE_BLOCKS;
    const int64_t pixels = (int64_t)(rectangle->to_y - rectangle->from_y) *
                           (rectangle->to_x - rectangle->from_x);
    int64_t cached = small ? pixels : CACHED_PIXELS / (k + 1);
    if (cached < 4 * TILE_ROWS) cached = 4 * TILE_ROWS;
    for (int64_t from = 0; from < pixels; from += cached) {
        const int64_t to = pixels - from < cached ? pixels : from + cached;
        for (int32_t block = part->from_block; block < part->to_block; block += step) {
            const int32_t to_block = part->to_block - block < step ? part->to_block : block + step;
            run_pixels(walk, rectangle, from, to, block, to_block, &tile);
        }
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

void PL_LEVEL(pl_gemm_f32_x86)(const struct pl_gemm_shape *shape,
                               const struct pl_gemm_float *weights, const struct pl_gemm_part *part)
{
    const bool rows = shape->output_width > 0;
    const struct walk walk = {shape, weights, part, rows ? shape->output_width : 0};
    if (part->from_x >= part->to_x || part->from_block >= part->to_block) return;
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
