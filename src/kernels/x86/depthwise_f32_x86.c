/* SPDX-License-Identifier: Apache-2.0 */
/* Float depthwise convolution: see depthwise_kernels.h. A tile is some pixels of a row that see the
 * same taps by sixteen channels, its sums in registers from the first tap to the last. */
#include "kernels/x86/depthwise_f32_x86.h"

#include "kernels/c/depthwise_c.h"
#include "kernels/kernels.h"
#include "kernels/rectangle.h"
#include "kernels/x86/floats_x86.h"

/* Channels that are done for a tile of pixels before the next: few enough for the first level cache
 * to hold what neighbouring tiles share. */
enum { TILE_PIXELS = 8 / PL_FLOATS_VECTORS, CHANNELS_AT_ONCE = 128 };

struct tile {
    const float *input;   /* first tap of the first pixel, first channel */
    const float *weights; /* first tap, first channel */
    const float *bias;    /* or NULL */
    float *output;
    int32_t taps_y, taps_x;
    int64_t row_step, column_step; /* in the input, from one tap to the next */
    int64_t pixel_step;            /* in the input, from one output pixel to the next */
    int64_t weight_row_step;
    int32_t channels; /* from one tap's weights to the next, and from one output pixel to the next */
    float low, high;
};

PL_ALWAYS_INLINE struct pl_floats load(bool whole, const float *from, struct pl_floats_mask mask)
{
    return whole ? pl_floats_load(from) : pl_floats_load_masked(from, mask);
}

PL_ALWAYS_INLINE void run_tile(int pixels, bool whole, const struct tile *tile, int32_t channel,
                               struct pl_floats_mask mask)
{
    struct pl_floats sums[TILE_PIXELS];
#pragma GCC unroll 8
    for (int p = 0; p < pixels; p++) sums[p] = pl_floats_set(0.0f);
    for (int32_t j = 0; j < tile->taps_y; j++) {
        const float *input = tile->input + j * tile->row_step + channel;
        const float *weights = tile->weights + j * tile->weight_row_step + channel;
        for (int32_t i = 0; i < tile->taps_x; i++) {
            const struct pl_floats w = load(whole, weights, mask);
#pragma GCC unroll 8
            for (int p = 0; p < pixels; p++)
                sums[p] = pl_floats_fma(load(whole, input + p * tile->pixel_step, mask), w, sums[p]);
            input += tile->column_step;
            weights += tile->channels;
        }
    }
    const struct pl_floats low = pl_floats_set(tile->low), high = pl_floats_set(tile->high);
    const struct pl_floats bias =
        tile->bias != NULL ? load(whole, tile->bias + channel, mask) : pl_floats_set(0.0f);
#pragma GCC unroll 8
    for (int p = 0; p < pixels; p++) {
        float *output = tile->output + p * (int64_t)tile->channels + channel;
        const struct pl_floats result = pl_floats_clamp(pl_floats_add(sums[p], bias), low, high);
        if (whole) pl_floats_store(output, result);
        else pl_floats_store_masked(output, result, mask);
    }
}

typedef void (*tile_function)(const struct tile *tile, int32_t from, int32_t to);

/* Channels [from, to). */
#define DEFINE_TILE(pixels)                                                                        \
    static void tile_##pixels(const struct tile *tile, int32_t from, int32_t to)                   \
    {                                                                                              \
        const struct pl_floats_mask rest = pl_floats_first((to - from) % PL_FLOATS);               \
        for (; from + PL_FLOATS <= to; from += PL_FLOATS)                                          \
            run_tile(pixels, true, tile, from, rest);                                              \
        if (from < to) run_tile(pixels, false, tile, from, rest);                                  \
    }

DEFINE_TILE(1)
DEFINE_TILE(2)
DEFINE_TILE(3)
DEFINE_TILE(4)
#if defined(__AVX512F__)
DEFINE_TILE(5)
DEFINE_TILE(6)
DEFINE_TILE(7)
DEFINE_TILE(8)
#endif

static const tile_function tiles[TILE_PIXELS] = {
    tile_1, tile_2, tile_3, tile_4,
#if defined(__AVX512F__)
    tile_5, tile_6, tile_7, tile_8,
#endif
};

/* A row of pixels that see the same taps, in tiles as equal as they can be. */
static void run_pixels(const struct tile *first, int32_t pixels)
{
    for (int32_t from = 0; from < first->channels; from += CHANNELS_AT_ONCE) {
        const int32_t rest = first->channels - from;
        const int32_t to = rest < CHANNELS_AT_ONCE ? first->channels : from + CHANNELS_AT_ONCE;
        struct tile tile = *first;
        for (int32_t done = 0; done < pixels;) {
            const int32_t count = (pixels - done + TILE_PIXELS - 1) / TILE_PIXELS;
            const int32_t next = (pixels - done + count - 1) / count;
            tiles[next - 1](&tile, from, to);
            tile.input += next * tile.pixel_step;
            tile.output += (int64_t)next * tile.channels;
            done += next;
        }
    }
}

static struct tile tile_at(const struct pl_depthwise_shape *shape,
                           const struct pl_depthwise_float *weights, const float *input,
                           float *output, const struct pl_rectangle *at)
{
    const struct pl_patch *patch = &shape->patch;
    const int64_t y = (int64_t)at->from_y * patch->stride_y - patch->before_y +
                      (int64_t)at->taps_y.from * patch->dilation_y;
    const int64_t x = (int64_t)at->from_x * patch->stride_x - patch->before_x +
                      (int64_t)at->taps_x.from * patch->dilation_x;
    const int64_t tap = (int64_t)at->taps_y.from * patch->filter_width + at->taps_x.from;
    return (struct tile){
        .input = input + (y * patch->width + x) * patch->channels,
        .weights = weights->weights + tap * shape->channels,
        .bias = weights->bias,
        .output = output + (int64_t)at->from_x * shape->channels,
        .taps_y = at->taps_y.to - at->taps_y.from,
        .taps_x = at->taps_x.to - at->taps_x.from,
        .row_step = (int64_t)patch->dilation_y * patch->width * patch->channels,
        .column_step = (int64_t)patch->dilation_x * patch->channels,
        .pixel_step = (int64_t)patch->stride_x * patch->channels,
        .weight_row_step = (int64_t)patch->filter_width * shape->channels,
        .channels = shape->channels,
        .low = weights->low,
        .high = weights->high,
    };
}

void PL_LEVEL(pl_depthwise_f32_x86)(const struct pl_depthwise_shape *shape,
                                    const struct pl_depthwise_float *weights, const float *input,
                                    float *output, int32_t y)
{
    if (shape->multiplier != 1) {
        PL_LEVEL(pl_depthwise_f32_c)(shape, weights, input, output, y);
        return;
    }
    struct pl_rectangle at = {.to_x = 0};
    while (at.to_x < shape->output_width) {
        const struct pl_rectangle rest = {
            .from_y = y, .to_y = y + 1, .from_x = at.to_x, .to_x = shape->output_width};
        at = pl_rectangle_at(&shape->patch, rest);
        const struct tile first = tile_at(shape, weights, input, output, &at);
        run_pixels(&first, at.to_x - at.from_x);
    }
}
