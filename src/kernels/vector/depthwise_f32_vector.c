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
#include "kernels/vector/floats.h"

/* Channels that are done for a tile of pixels before the next: few enough for the first level cache
 * to hold what neighbouring tiles share. */
enum {
    TILE_PIXELS = PL_FLOATS_VECTORS == 1 ? 8 : 4,
    MAX_BLOCKS = 4,
    CHANNELS_AT_ONCE = 128,
    MAX_TAPS = 32
};
enum { EXACT_TAPS = (1 << 24) / (255 * 128) };

struct tile {
    const char *input;   /* tap 0 of the first pixel, where it would be; first channel */
    const char *weights; /* tap 0 */
    const float *bias;   /* or NULL */
    float *output;
    int32_t taps_y, taps_x;
    int64_t row_step, column_step;               /* of the input in bytes, from tap to tap */
    int64_t pixel_step;                          /* the same from one output pixel to the next */
    int64_t weight_row_step, weight_column_step; /* in bytes */
    int32_t channels;                            /* from one output pixel to the next */
    int32_t zero_point;                          /* of bytes */
    const float *weight_scales;
    float input_scale;
    float low, high;
    uint8_t valid[MAX_TAPS]; /* of tap i, bit p: it is inside of the image for pixel p */
};

/* ---- one tile -------------------------------------------------------------------------------- */

PL_ALWAYS_INLINE struct pl_floats load(bool whole, const float *from, struct pl_floats_mask mask)
{
    return whole ? pl_floats_load(from) : pl_floats_load_masked(from, mask);
}

/* Floats, or bytes less their zero point. */
PL_ALWAYS_INLINE struct pl_floats load_as(bool bytes, bool whole, const char *from, int block,
                                          struct pl_floats_mask mask, int32_t zero_point)
{
    if (!bytes) return load(whole, (const float *)(const void *)from + block * PL_FLOATS, mask);
    const char *byte = from + block * PL_FLOATS;
    return pl_floats_of_bytes(whole ? pl_bytes_load(byte) : pl_bytes_load_first(byte, mask.count),
                              zero_point);
}

/* One tap. */
PL_ALWAYS_INLINE void add_tap(int pixels, int blocks, bool bytes, bool whole, unsigned valid,
                              const struct tile *tile, const char *input, const char *weights,
                              struct pl_floats_mask mask,
                              struct pl_floats sums[TILE_PIXELS][MAX_BLOCKS])
{
    const int64_t step = tile->pixel_step;
    struct pl_floats w[MAX_BLOCKS];
#pragma GCC unroll 4
    for (int b = 0; b < blocks; b++) w[b] = load_as(bytes, whole, weights, b, mask, 0);
#pragma GCC unroll 8
    for (int p = 0; p < pixels; p++) {
        if ((valid >> p & 1) == 0) continue;
#pragma GCC unroll 4
        for (int b = 0; b < blocks; b++) {
            const struct pl_floats x =
                load_as(bytes, whole, input + p * step, b, mask, tile->zero_point);
            sums[p][b] = pl_floats_fma(x, w[b], sums[p][b]);
        }
    }
}

/* Sums times their scales plus the bias, of one block. */
PL_ALWAYS_INLINE void finish_block(int pixels, int b, bool bytes, bool whole,
                                   const struct tile *tile, int32_t channel,
                                   struct pl_floats_mask mask,
                                   struct pl_floats sums[TILE_PIXELS][MAX_BLOCKS])
{
    const struct pl_floats low = pl_floats_set(tile->low), high = pl_floats_set(tile->high);
    const struct pl_floats bias =
        tile->bias != NULL ? load(whole, tile->bias + channel, mask) : pl_floats_set(0.0f);
    struct pl_floats scale = bias;
    if (bytes) {
        scale = pl_floats_multiply(load(whole, tile->weight_scales + channel, mask),
                                   pl_floats_set(tile->input_scale));
    }
    float *output = tile->output + channel;
    const int64_t step = tile->channels;
#pragma GCC unroll 8
    for (int p = 0; p < pixels; p++) {
        const struct pl_floats sum = bytes ? pl_floats_multiply(sums[p][b], scale) : sums[p][b];
        const struct pl_floats result = pl_floats_clamp(pl_floats_add(sum, bias), low, high);
        if (whole) pl_floats_store(output + p * step, result);
        else pl_floats_store_masked(output + p * step, result, mask);
    }
}

/* Channels [channel, channel + blocks * 16), or what the mask says. inside: all taps of all pixels
 * are inside of the image. */
PL_ALWAYS_INLINE void run_tile(int pixels, int blocks, bool bytes, bool whole, bool inside,
                               const struct tile *tile, int32_t channel, struct pl_floats_mask mask)
{
    struct pl_floats sums[TILE_PIXELS][MAX_BLOCKS];
#pragma GCC unroll 8
    for (int p = 0; p < pixels; p++) {
#pragma GCC unroll 4
        for (int b = 0; b < blocks; b++) sums[p][b] = pl_floats_set(0.0f);
    }
    const int64_t start = channel * (int64_t)(bytes ? 1 : sizeof(float));
    for (int32_t j = 0; j < tile->taps_y; j++) {
        const char *input = tile->input + j * tile->row_step + start;
        const char *weights = tile->weights + j * tile->weight_row_step + start;
        for (int32_t i = 0; i < tile->taps_x; i++) {
            const unsigned valid = inside ? 255 : tile->valid[i];
            add_tap(pixels, blocks, bytes, whole, valid, tile, input, weights, mask, sums);
            input += tile->column_step;
            weights += tile->weight_column_step;
        }
    }
#pragma GCC unroll 4
    for (int b = 0; b < blocks; b++)
        finish_block(pixels, b, bytes, whole, tile, channel + b * PL_FLOATS, mask, sums);
}

/* Channels [from, to), as many blocks at once as make enough independent sums. */
PL_ALWAYS_INLINE void run_channels(int pixels, int blocks, bool bytes, bool inside,
                                   const struct tile *tile, int32_t from, int32_t to)
{
    const struct pl_floats_mask rest = pl_floats_first((to - from) % PL_FLOATS);
    for (; from + blocks * PL_FLOATS <= to; from += blocks * PL_FLOATS)
        run_tile(pixels, blocks, bytes, true, inside, tile, from, rest);
    for (; blocks > 1 && from + PL_FLOATS <= to; from += PL_FLOATS)
        run_tile(pixels, 1, bytes, true, inside, tile, from, rest);
    if (from < to) run_tile(pixels, 1, bytes, false, inside, tile, from, rest);
}

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
static void run_row(const struct pl_depthwise_shape *shape, bool bytes, const struct tile *first,
                    int32_t from, int32_t to)
{
    struct tile tile = *first;
    const int32_t width = shape->output_width, count = (width + TILE_PIXELS - 1) / TILE_PIXELS;
    const int32_t pixels = width / count, larger = width % count;
    for (int32_t i = 0, x = 0; i < count; i++) {
        const int32_t next = i < larger ? pixels + 1 : pixels;
        const bool inside = find_valid(&shape->patch, x, next, &tile);
        tiles[next - 1][bytes][inside](&tile, from, to);
        tile.input += next * tile.pixel_step;
        tile.output += (int64_t)next * tile.channels;
        x += next;
    }
}

/* Row y of an image, but for what the kinds have of their own. */
static struct tile start_tile(const struct pl_depthwise_shape *shape, const void *weights,
                              const void *input, int64_t element_bytes, float *output, int32_t y)
{
    const struct pl_patch *patch = &shape->patch;
    const struct pl_taps taps = pl_patch_taps_y(patch, y);
    const int64_t pixel_bytes = patch->channels * element_bytes;
    const int64_t row_bytes = patch->width * pixel_bytes;
    const int64_t in_y =
        (int64_t)y * patch->stride_y - patch->before_y + (int64_t)taps.from * patch->dilation_y;
    struct tile tile = {
        .input = (const char *)input + (in_y * row_bytes - patch->before_x * pixel_bytes),
        .output = output,
        .taps_y = taps.to - taps.from,
        .taps_x = patch->filter_width,
        .row_step = patch->dilation_y * row_bytes,
        .column_step = patch->dilation_x * pixel_bytes,
        .pixel_step = patch->stride_x * pixel_bytes,
        .weight_row_step = patch->filter_width * shape->channels * element_bytes,
        .weight_column_step = shape->channels * element_bytes,
        .channels = shape->channels,
    };
    tile.weights = (const char *)weights + taps.from * tile.weight_row_step;
    return tile;
}

static void run_channel_groups(const struct pl_depthwise_shape *shape, bool bytes,
                               const struct tile *first)
{
    for (int32_t from = 0; from < shape->channels; from += CHANNELS_AT_ONCE) {
        const int32_t rest = shape->channels - from;
        const int32_t to = rest < CHANNELS_AT_ONCE ? shape->channels : from + CHANNELS_AT_ONCE;
        run_row(shape, bytes, first, from, to);
    }
}

static bool is_left_to_c(const struct pl_depthwise_shape *shape)
{
    const struct pl_patch *patch = &shape->patch;
    return shape->multiplier != 1 || patch->filter_width > MAX_TAPS ||
           (int64_t)patch->filter_width * patch->filter_height > EXACT_TAPS;
}

void PL_LEVEL(pl_depthwise_f32_vector)(const struct pl_depthwise_shape *shape,
                                       const struct pl_depthwise_float *weights, const float *input,
                                       float *output, int32_t y)
{
    if (is_left_to_c(shape)) {
        PL_LEVEL(pl_depthwise_f32_c)(shape, weights, input, output, y);
        return;
    }
    struct tile first = start_tile(shape, weights->weights, input, sizeof(float), output, y);
    first.bias = weights->bias;
    first.low = weights->low;
    first.high = weights->high;
    run_channel_groups(shape, false, &first);
}

void PL_LEVEL(pl_depthwise_hybrid_vector)(const struct pl_depthwise_shape *shape,
                                          const struct pl_depthwise_hybrid *weights,
                                          const int8_t *input, float *output, int32_t y)
{
    if (is_left_to_c(shape)) {
        PL_LEVEL(pl_depthwise_hybrid_c)(shape, weights, input, output, y);
        return;
    }
    struct tile first = start_tile(shape, weights->weights, input, 1, output, y);
    first.bias = weights->bias;
    first.low = weights->low;
    first.high = weights->high;
    first.zero_point = weights->input_zero_point;
    first.weight_scales = weights->weight_scales;
    first.input_scale = weights->input_scale;
    run_channel_groups(shape, true, &first);
}
