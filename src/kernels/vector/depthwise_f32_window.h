/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles of the usual filters, 3 and 5 taps wide at strides of 1 and 2: every input is read once a
 * row of taps and goes to all pixels that see it. Taps reach a pixel in their order all the same. */
#ifndef PL_KERNELS_VECTOR_DEPTHWISE_F32_WINDOW_H
#define PL_KERNELS_VECTOR_DEPTHWISE_F32_WINDOW_H

#include "kernels/vector/depthwise_f32_tile.h"

enum { WINDOW_TAPS = 5 };

/* What is known of a tile when it is compiled. */
struct window {
    int pixels, taps, stride;
    bool bytes;
    bool inside; /* all taps of all pixels are inside of the image */
};

PL_ALWAYS_INLINE void add_window_row(struct window window, bool whole, const struct tile *tile,
                                     const char *input, const char *weights,
                                     struct pl_floats_mask mask,
                                     struct pl_floats sums[TILE_PIXELS][MAX_BLOCKS])
{
    const int columns = (window.pixels - 1) * window.stride + window.taps;
    struct pl_floats w[WINDOW_TAPS];
#pragma GCC unroll 5
    for (int i = 0; i < window.taps; i++, weights += tile->weight_column_step)
        w[i] = load_as(window.bytes, whole, weights, 0, mask, 0);
#pragma GCC unroll 19
    for (int column = 0; column < columns; column++, input += tile->column_step) {
        if (!window.inside && (column < tile->from_column || column >= tile->to_column)) continue;
        const struct pl_floats x = load_as(window.bytes, whole, input, 0, mask, tile->zero_point);
#pragma GCC unroll 8
        for (int p = 0; p < window.pixels; p++) {
            const int tap = column - p * window.stride;
            if (tap >= 0 && tap < window.taps) sums[p][0] = pl_floats_fma(x, w[tap], sums[p][0]);
        }
    }
}

/* Sixteen channels, or those of the mask. */
PL_ALWAYS_INLINE void run_window(struct window window, bool whole, const struct tile *tile,
                                 int32_t channel, struct pl_floats_mask mask)
{
    struct pl_floats sums[TILE_PIXELS][MAX_BLOCKS];
    clear(window.pixels, 1, sums);
    const int64_t start = channel * (int64_t)(window.bytes ? 1 : sizeof(float));
    const char *input = tile->input + start, *weights = tile->weights + start;
    for (int32_t j = 0; j < tile->taps_y; j++) {
        add_window_row(window, whole, tile, input, weights, mask, sums);
        input += tile->row_step;
        weights += tile->weight_row_step;
    }
    finish_block(window.pixels, 0, window.bytes, whole, tile, channel, mask, sums);
}

PL_ALWAYS_INLINE void run_window_channels(struct window window, const struct tile *tile,
                                          int32_t from, int32_t to)
{
    const struct pl_floats_mask rest = pl_floats_first((to - from) % PL_FLOATS);
    for (; from + PL_FLOATS <= to; from += PL_FLOATS) run_window(window, true, tile, from, rest);
    if (from < to) run_window(window, false, tile, from, rest);
}

#endif
