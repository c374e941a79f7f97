/* SPDX-License-Identifier: Apache-2.0 */
/* Float depthwise convolution: see depthwise_kernels.h. A tile is some pixels of a row by some
 * blocks of sixteen channels, its sums in registers from the first tap to the last. Taps outside of
 * the image are left out pixel by pixel, in tiles that have such. */
#include "kernels/x86/depthwise_f32_x86.h"

#include "kernels/c/depthwise_c.h"
#include "kernels/kernels.h"
#include "kernels/x86/floats_x86.h"

/* Channels that are done for a tile of pixels before the next: few enough for the first level cache
 * to hold what neighbouring tiles share. */
enum { TILE_PIXELS = 8 / PL_FLOATS_VECTORS, MAX_BLOCKS = 4, CHANNELS_AT_ONCE = 128, MAX_TAPS = 32 };

struct tile {
    const float *input;   /* tap 0 of the first pixel, where it would be; first channel */
    const float *weights; /* tap 0 */
    const float *bias;    /* or NULL */
    float *output;
    int32_t taps_y, taps_x;
    int64_t row_step, column_step; /* in the input, from one tap to the next */
    int64_t pixel_step;            /* in the input, from one output pixel to the next */
    int64_t weight_row_step;
    int32_t
        channels; /* from one tap's weights to the next, and from one output pixel to the next */
    float low, high;
    uint8_t valid[MAX_TAPS]; /* of tap i, bit p: it is inside of the image for pixel p */
};

/* ---- one tile -------------------------------------------------------------------------------- */

PL_ALWAYS_INLINE struct pl_floats load(bool whole, const float *from, struct pl_floats_mask mask)
{
    return whole ? pl_floats_load(from) : pl_floats_load_masked(from, mask);
}

/* One tap. */
PL_ALWAYS_INLINE void add_tap(int pixels, int blocks, bool whole, unsigned valid,
                              const float *input, int64_t pixel_step, const float *weights,
                              struct pl_floats_mask mask,
                              struct pl_floats sums[TILE_PIXELS][MAX_BLOCKS])
{
    struct pl_floats w[MAX_BLOCKS];
#pragma GCC unroll 4
    for (int b = 0; b < blocks; b++) w[b] = load(whole, weights + b * PL_FLOATS, mask);
#pragma GCC unroll 8
    for (int p = 0; p < pixels; p++) {
        if ((valid >> p & 1) == 0) continue;
        const float *from = input + p * pixel_step;
#pragma GCC unroll 4
        for (int b = 0; b < blocks; b++)
            sums[p][b] = pl_floats_fma(load(whole, from + b * PL_FLOATS, mask), w[b], sums[p][b]);
    }
}

PL_ALWAYS_INLINE void finish(int pixels, int blocks, bool whole, const struct tile *tile,
                             int32_t channel, struct pl_floats_mask mask,
                             struct pl_floats sums[TILE_PIXELS][MAX_BLOCKS])
{
    const struct pl_floats low = pl_floats_set(tile->low), high = pl_floats_set(tile->high);
    struct pl_floats bias[MAX_BLOCKS];
#pragma GCC unroll 4
    for (int b = 0; b < blocks; b++) {
        bias[b] = tile->bias != NULL ? load(whole, tile->bias + channel + b * PL_FLOATS, mask)
                                     : pl_floats_set(0.0f);
    }
    float *output = tile->output + channel;
    const int64_t step = tile->channels;
#pragma GCC unroll 8
    for (int p = 0; p < pixels; p++) {
#pragma GCC unroll 4
        for (int b = 0; b < blocks; b++) {
            const struct pl_floats sum = pl_floats_add(sums[p][b], bias[b]);
            const struct pl_floats result = pl_floats_clamp(sum, low, high);
            float *to = output + p * step + b * PL_FLOATS;
            if (whole) pl_floats_store(to, result);
            else pl_floats_store_masked(to, result, mask);
        }
    }
}

/* Channels [channel, channel + blocks * 16), or what the mask says. inside: all taps of all pixels
 * are inside of the image. */
PL_ALWAYS_INLINE void run_tile(int pixels, int blocks, bool whole, bool inside,
                               const struct tile *tile, int32_t channel, struct pl_floats_mask mask)
{
    struct pl_floats sums[TILE_PIXELS][MAX_BLOCKS];
#pragma GCC unroll 8
    for (int p = 0; p < pixels; p++) {
#pragma GCC unroll 4
        for (int b = 0; b < blocks; b++) sums[p][b] = pl_floats_set(0.0f);
    }
    const int64_t step = tile->pixel_step;
    for (int32_t j = 0; j < tile->taps_y; j++) {
        const float *input = tile->input + j * tile->row_step + channel;
        const float *weights = tile->weights + j * tile->weight_row_step + channel;
        for (int32_t i = 0; i < tile->taps_x; i++) {
            const unsigned valid = inside ? 255 : tile->valid[i];
            add_tap(pixels, blocks, whole, valid, input, step, weights, mask, sums);
            input += tile->column_step;
            weights += tile->channels;
        }
    }
    finish(pixels, blocks, whole, tile, channel, mask, sums);
}

/* Channels [from, to), as many blocks at once as make enough independent sums. */
PL_ALWAYS_INLINE void run_channels(int pixels, int blocks, bool inside, const struct tile *tile,
                                   int32_t from, int32_t to)
{
    const struct pl_floats_mask rest = pl_floats_first((to - from) % PL_FLOATS);
    for (; from + blocks * PL_FLOATS <= to; from += blocks * PL_FLOATS)
        run_tile(pixels, blocks, true, inside, tile, from, rest);
    for (; blocks > 1 && from + PL_FLOATS <= to; from += PL_FLOATS)
        run_tile(pixels, 1, true, inside, tile, from, rest);
    if (from < to) run_tile(pixels, 1, false, inside, tile, from, rest);
}

typedef void (*tile_function)(const struct tile *tile, int32_t from, int32_t to);

#define DEFINE_TILE(pixels, blocks)                                                                \
    static void inside_##pixels(const struct tile *tile, int32_t from, int32_t to)                 \
    {                                                                                              \
        run_channels(pixels, blocks, true, tile, from, to);                                        \
    }                                                                                              \
    static void border_##pixels(const struct tile *tile, int32_t from, int32_t to)                 \
    {                                                                                              \
        run_channels(pixels, blocks, false, tile, from, to);                                       \
    }
#define NAME_TILE(pixels, blocks) [(pixels)-1] = {border_##pixels, inside_##pixels},

#if defined(__AVX512F__)
#define TILES(F) F(1, 4) F(2, 4) F(3, 2) F(4, 2) F(5, 1) F(6, 1) F(7, 1) F(8, 1)
#else
#define TILES(F) F(1, 4) F(2, 2) F(3, 1) F(4, 1)
#endif
TILES(DEFINE_TILE)

/* [pixels - 1][inside] */
static const tile_function tiles[TILE_PIXELS][2] = {TILES(NAME_TILE)};

/* ---- a row ----------------------------------------------------------------------------------- */

/* Which taps see the image from `pixels` pixels from x on; true: all. */
static bool find_valid(const struct pl_patch *patch, int32_t x, int32_t pixels, struct tile *tile)
{
    const int64_t first = (int64_t)x * patch->stride_x - patch->before_x;
    const int64_t last = first + (int64_t)(pixels - 1) * patch->stride_x +
                         (int64_t)(patch->filter_width - 1) * patch->dilation_x;
    if (first >= 0 && last < patch->width) return true;
    for (int32_t i = 0; i < patch->filter_width; i++) {
        int64_t at = first + (int64_t)i * patch->dilation_x;
        unsigned valid = 0;
        for (int32_t p = 0; p < pixels; p++, at += patch->stride_x)
            valid |= (unsigned)(at >= 0 && at < patch->width) << p;
        tile->valid[i] = (uint8_t)valid;
    }
    return false;
}

/* Channels [from, to) of all pixels, in tiles as equal as they can be. */
static void run_row(const struct pl_depthwise_shape *shape, const struct tile *first, int32_t from,
                    int32_t to)
{
    struct tile tile = *first;
    const int32_t width = shape->output_width, count = (width + TILE_PIXELS - 1) / TILE_PIXELS;
    const int32_t pixels = width / count, larger = width % count;
    for (int32_t i = 0, x = 0; i < count; i++) {
        const int32_t next = i < larger ? pixels + 1 : pixels;
        const bool inside = find_valid(&shape->patch, x, next, &tile);
        tiles[next - 1][inside](&tile, from, to);
        tile.input += next * tile.pixel_step;
        tile.output += (int64_t)next * tile.channels;
        x += next;
    }
}

static struct tile start_tile(const struct pl_depthwise_shape *shape,
                              const struct pl_depthwise_float *weights, const float *input,
                              float *output, int32_t y)
{
    const struct pl_patch *patch = &shape->patch;
    const struct pl_taps taps = pl_patch_taps_y(patch, y);
    const int64_t row_elements = (int64_t)patch->width * patch->channels;
    const int64_t in_y =
        (int64_t)y * patch->stride_y - patch->before_y + (int64_t)taps.from * patch->dilation_y;
    struct tile tile = {
        .input = input + in_y * row_elements - (int64_t)patch->before_x * patch->channels,
        .bias = weights->bias,
        .output = output,
        .taps_y = taps.to - taps.from,
        .taps_x = patch->filter_width,
        .row_step = patch->dilation_y * row_elements,
        .column_step = (int64_t)patch->dilation_x * patch->channels,
        .pixel_step = (int64_t)patch->stride_x * patch->channels,
        .weight_row_step = (int64_t)patch->filter_width * shape->channels,
        .channels = shape->channels,
        .low = weights->low,
        .high = weights->high,
    };
    tile.weights = weights->weights + taps.from * tile.weight_row_step;
    return tile;
}

void PL_LEVEL(pl_depthwise_f32_x86)(const struct pl_depthwise_shape *shape,
                                    const struct pl_depthwise_float *weights, const float *input,
                                    float *output, int32_t y)
{
    if (shape->multiplier != 1 || shape->patch.filter_width > MAX_TAPS) {
        PL_LEVEL(pl_depthwise_f32_c)(shape, weights, input, output, y);
        return;
    }
    const struct tile first = start_tile(shape, weights, input, output, y);
    for (int32_t from = 0; from < shape->channels; from += CHANNELS_AT_ONCE) {
        const int32_t rest = shape->channels - from;
        run_row(shape, &first, from,
                rest < CHANNELS_AT_ONCE ? shape->channels : from + CHANNELS_AT_ONCE);
    }
}
