/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution of floats and of quantized floats: see depthwise_kernels.h. A tile is some
 * pixels of a row by some blocks of sixteen channels, its sums in registers from the first tap to
 * the last. Taps outside of the image are left out pixel by pixel, in tiles that have such.
 *
 * Bytes are summed as floats too: up to EXACT_TAPS products of them are exact. */
#include "kernels/vector/depthwise_f32_vector.h"

#include <stddef.h>

#include "kernels/c/depthwise_c.h"
#include "kernels/kernels.h"
#include "kernels/vector/depthwise_f32_window.h"

/* Channels that are done for a column of tiles before the next: few enough for the first level cache
 * to hold what neighbouring tiles share. */
enum { CHANNELS_AT_ONCE = 128, EXACT_TAPS = (1 << 24) / (255 * 128) };

/* Of images that the second level cache does not hold so many rows are done at once: the processor
 * follows a few streams through memory. */
enum { CACHED_BYTES = 5 << 18, STRIP_ROWS = 8 };

/* ---- the forms of tiles ---------------------------------------------------------------------- */

typedef void (*tile_function)(const struct tile *tile, int32_t from, int32_t to);

#define DEFINE_KIND(name, pixels, blocks, bytes, inside)                                           \
    static void name##_##pixels(const struct tile *tile, int32_t from, int32_t to)                 \
    {                                                                                              \
        run_channels(pixels, blocks, bytes, inside, tile, from, to);                               \
    }
#define DEFINE_TILE(pixels, blocks)                                                                \
    DEFINE_KIND(inside_floats, pixels, blocks, false, true)                                        \
    DEFINE_KIND(border_floats, pixels, blocks, false, false)                                       \
    DEFINE_KIND(inside_bytes, pixels, blocks, true, true)                                          \
    DEFINE_KIND(border_bytes, pixels, blocks, true, false)
#define NAME_TILE(pixels, blocks)                                                                  \
    [(pixels)-1] = {{border_floats_##pixels, inside_floats_##pixels},                              \
                    {border_bytes_##pixels, inside_bytes_##pixels}},

#if defined(__AVX512F__)
#define TILES(F) F(1, 4) F(2, 4) F(3, 2) F(4, 2) F(5, 1) F(6, 1) F(7, 1) F(8, 1)
#else
#define TILES(F) F(1, 4) F(2, 2) F(3, 1) F(4, 1)
#endif
TILES(DEFINE_TILE)

/* [pixels - 1][bytes][inside] */
static const tile_function tiles[TILE_PIXELS][2][2] = {TILES(NAME_TILE)};

/* The same of windows: F(pixels, taps, stride). */
#define DEFINE_WINDOW_KIND(name, pixels, taps, stride, bytes, inside)                              \
    static void name##_##pixels##_##taps##_##stride(const struct tile *tile, int32_t from,         \
                                                    int32_t to)                                    \
    {                                                                                              \
        run_window_channels((struct window){pixels, taps, stride, bytes, inside}, tile, from, to); \
    }
#define DEFINE_WINDOW(pixels, taps, stride)                                                        \
    DEFINE_WINDOW_KIND(inside_window, pixels, taps, stride, false, true)                           \
    DEFINE_WINDOW_KIND(border_window, pixels, taps, stride, false, false)                          \
    DEFINE_WINDOW_KIND(inside_bytes_window, pixels, taps, stride, true, true)                      \
    DEFINE_WINDOW_KIND(border_bytes_window, pixels, taps, stride, true, false)
#define NAME_WINDOW(pixels, taps, stride)                                                          \
    [(taps) == 5][(stride)-1][(pixels)-1] = {                                                      \
        {border_window_##pixels##_##taps##_##stride, inside_window_##pixels##_##taps##_##stride},  \
        {border_bytes_window_##pixels##_##taps##_##stride,                                         \
         inside_bytes_window_##pixels##_##taps##_##stride}},

#if defined(__AVX512F__)
#define EACH_WINDOW(F, ...)                                                                        \
    F(1, __VA_ARGS__)                                                                              \
    F(2, __VA_ARGS__)                                                                              \
    F(3, __VA_ARGS__)                                                                              \
    F(4, __VA_ARGS__) F(5, __VA_ARGS__) F(6, __VA_ARGS__) F(7, __VA_ARGS__) F(8, __VA_ARGS__)
#else
#define EACH_WINDOW(F, ...)                                                                        \
    F(1, __VA_ARGS__) F(2, __VA_ARGS__) F(3, __VA_ARGS__) F(4, __VA_ARGS__)
#endif
#define WINDOWS(F) EACH_WINDOW(F, 3, 1) EACH_WINDOW(F, 3, 2) EACH_WINDOW(F, 5, 1) EACH_WINDOW(F, 5, 2)
WINDOWS(DEFINE_WINDOW)

/* [5 taps][stride - 1][pixels - 1][bytes][inside] */
static const tile_function windows[2][2][TILE_PIXELS][2][2] = {WINDOWS(NAME_WINDOW)};

/* Those of tiles of 1, 2, ... pixels. */
static const tile_function (*choose_tiles(const struct pl_patch *patch))[2][2]
{
    const int32_t taps = patch->filter_width, stride = patch->stride_x;
    const bool usual = (taps == 3 || taps == 5) && stride <= 2 && patch->dilation_x == 1;
    return usual ? windows[taps == 5][stride - 1] : tiles;
}

/* ---- the walk -------------------------------------------------------------------------------- */

struct walk {
    const struct pl_depthwise_shape *shape;
    bool bytes;
    const char *image, *weights;
    float *output; /* row y */
    int32_t y, rows;
    const tile_function (*tiles)[2][2];
};

/* Which taps see the image from `pixels` pixels from x on; true: all. */
static bool find_valid(const struct pl_patch *patch, int32_t x, int32_t pixels, struct tile *tile)
{
    const int64_t first = (int64_t)x * patch->stride_x - patch->before_x;
    const int64_t last = first + (int64_t)(pixels - 1) * patch->stride_x +
                         (int64_t)(patch->filter_width - 1) * patch->dilation_x;
    if (first >= 0 && last < patch->width) return true;
    tile->from_column = -first;
    tile->to_column = patch->width - first;
    for (int32_t i = 0; i < patch->filter_width; i++) {
        int64_t at = first + (int64_t)i * patch->dilation_x;
        unsigned valid = 0;
        for (int32_t p = 0; p < pixels; p++, at += patch->stride_x)
            valid |= (unsigned)(at >= 0 && at < patch->width) << p;
        tile->valid[i] = (uint8_t)valid;
    }
    return false;
}

/* Puts the tile to the pixels of row y from x on. */
static void place(const struct walk *walk, int32_t y, int32_t x, struct tile *tile)
{
    const struct pl_patch *patch = &walk->shape->patch;
    const struct pl_taps taps = pl_patch_taps_y(patch, y);
    const int64_t in_y =
        (int64_t)y * patch->stride_y - patch->before_y + (int64_t)taps.from * patch->dilation_y;
    const int64_t in_x = (int64_t)x * patch->stride_x - patch->before_x;
    const int64_t pixel = (int64_t)(y - walk->y) * walk->shape->output_width + x;
    const int64_t element_bytes = walk->bytes ? 1 : (int64_t)sizeof(float);
    tile->input = walk->image + (in_y * patch->width + in_x) * patch->channels * element_bytes;
    tile->weights = walk->weights + taps.from * tile->weight_row_step;
    tile->output = walk->output + pixel * tile->channels;
    tile->taps_y = taps.to - taps.from;
}

/* Channels [from, to) of all pixels, in columns of tiles that are as equal as they can be: what one
 * row of tiles reads is still there for the next. */
static void run_channels_of_rows(const struct walk *walk, struct tile *tile, int32_t from,
                                 int32_t to)
{
    const int32_t width = walk->shape->output_width;
    const int32_t count = (width + TILE_PIXELS - 1) / TILE_PIXELS;
    const int32_t pixels = width / count, larger = width % count;
    for (int32_t i = 0, x = 0; i < count; i++) {
        const int32_t next = i < larger ? pixels + 1 : pixels;
        const bool inside = find_valid(&walk->shape->patch, x, next, tile);
        const tile_function run = walk->tiles[next - 1][walk->bytes][inside];
        for (int32_t y = walk->y; y < walk->y + walk->rows; y++) {
            place(walk, y, x, tile);
            run(tile, from, to);
        }
        x += next;
    }
}

static void run_strip(const struct walk *walk, struct tile *tile)
{
    const int32_t channels = walk->shape->channels;
    for (int32_t from = 0; from < channels; from += CHANNELS_AT_ONCE) {
        const int32_t rest = channels - from;
        const int32_t to = rest < CHANNELS_AT_ONCE ? channels : from + CHANNELS_AT_ONCE;
        run_channels_of_rows(walk, tile, from, to);
    }
}

static void run_walk(struct walk walk, struct tile tile)
{
    const struct pl_patch *patch = &walk.shape->patch;
    const int32_t channels = walk.shape->channels;
    const int64_t element_bytes = walk.bytes ? 1 : (int64_t)sizeof(float);
    const int64_t pixel_bytes = patch->channels * element_bytes;
    const int64_t line_bytes = patch->width * pixel_bytes;
    walk.tiles = choose_tiles(patch);
    tile.taps_x = patch->filter_width;
    tile.row_step = patch->dilation_y * line_bytes;
    tile.column_step = patch->dilation_x * pixel_bytes;
    tile.pixel_step = patch->stride_x * pixel_bytes;
    tile.weight_column_step = channels * element_bytes;
    tile.weight_row_step = patch->filter_width * tile.weight_column_step;
    tile.channels = channels;
    const int64_t row_elements = (int64_t)walk.shape->output_width * channels;
    const int64_t bytes =
        patch->height * line_bytes + walk.rows * row_elements * (int64_t)sizeof(float);
    const int32_t end = walk.y + walk.rows;
    if (bytes > CACHED_BYTES && walk.rows > STRIP_ROWS) walk.rows = STRIP_ROWS;
    for (const int32_t step = walk.rows; walk.y < end; walk.y += step) {
        if (end - walk.y < step) walk.rows = end - walk.y;
        run_strip(&walk, &tile);
        walk.output += step * row_elements;
    }
}

static bool is_left_to_c(const struct pl_depthwise_shape *shape)
{
    const struct pl_patch *patch = &shape->patch;
    return shape->multiplier != 1 || patch->filter_width > MAX_TAPS ||
           pl_patch_tap_count(patch) > EXACT_TAPS;
}

void PL_LEVEL(pl_depthwise_f32_vector)(const struct pl_depthwise_shape *shape,
                                       const struct pl_depthwise_float *weights, const float *input,
                                       float *output, int32_t y, int32_t rows)
{
    if (is_left_to_c(shape)) {
        PL_LEVEL(pl_depthwise_f32_c)(shape, weights, input, output, y, rows);
        return;
    }
    const struct walk walk = {.shape = shape,
                              .image = (const char *)input,
                              .weights = (const char *)weights->weights,
                              .output = output,
                              .y = y,
                              .rows = rows};
    const struct tile tile = {.bias = weights->bias, .low = weights->low, .high = weights->high};
    run_walk(walk, tile);
}

void PL_LEVEL(pl_depthwise_hybrid_vector)(const struct pl_depthwise_shape *shape,
                                          const struct pl_depthwise_hybrid *weights,
                                          const int8_t *input, float *output, int32_t y,
                                          int32_t rows)
{
    if (is_left_to_c(shape)) {
        PL_LEVEL(pl_depthwise_hybrid_c)(shape, weights, input, output, y, rows);
        return;
    }
    const struct walk walk = {.shape = shape,
                              .bytes = true,
                              .image = (const char *)input,
                              .weights = (const char *)weights->weights,
                              .output = output,
                              .y = y,
                              .rows = rows};
    const struct tile tile = {.bias = weights->bias,
                              .low = weights->low,
                              .high = weights->high,
                              .zero_point = weights->input_zero_point,
                              .weight_scales = weights->weight_scales,
                              .input_scale = weights->input_scale};
    run_walk(walk, tile);
}
