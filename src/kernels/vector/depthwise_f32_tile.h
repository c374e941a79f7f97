/* SPDX-License-Identifier: Apache-2.0 */
/* One tile of a depthwise convolution: see depthwise_f32_vector.c. */
#ifndef PL_KERNELS_VECTOR_DEPTHWISE_F32_TILE_H
#define PL_KERNELS_VECTOR_DEPTHWISE_F32_TILE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/vector/floats.h"

enum { TILE_PIXELS = PL_FLOATS_VECTORS == 1 ? 8 : 4, MAX_BLOCKS = 4, MAX_TAPS = 32 };

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
    int64_t from_column, to_column; /* input columns inside of the image, from tap 0 of pixel 0 on */
};

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

PL_ALWAYS_INLINE void clear(int pixels, int blocks, struct pl_floats sums[TILE_PIXELS][MAX_BLOCKS])
{
#pragma GCC unroll 8
    for (int p = 0; p < pixels; p++) {
#pragma GCC unroll 4
        for (int b = 0; b < blocks; b++) sums[p][b] = pl_floats_set(0.0f);
    }
}

/* Channels [channel, channel + blocks * 16), or what the mask says. inside: all taps of all pixels
 * are inside of the image. */
PL_ALWAYS_INLINE void run_tile(int pixels, int blocks, bool bytes, bool whole, bool inside,
                               const struct tile *tile, int32_t channel, struct pl_floats_mask mask)
{
    struct pl_floats sums[TILE_PIXELS][MAX_BLOCKS];
    clear(pixels, blocks, sums);
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

#endif
