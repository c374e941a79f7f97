/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution of bytes: sixteen channels of some neighbouring pixels, their sums in
 * registers from the first tap to the last. Signed bytes are multiplied as they are, and two taps
 * added in 16 bits, which only weights of -128 could overflow. With those and with unsigned bytes,
 * inputs are widened to 16 bits as they come, weights once for all pixels. */
#ifndef PL_KERNELS_ARM_DEPTHWISE_TILE_NEON_H
#define PL_KERNELS_ARM_DEPTHWISE_TILE_NEON_H

#include <string.h>

#include "kernels/arm/requantize_neon.h"
#include "kernels/depthwise_kernels.h"

enum { CHUNK = PL_REQUANTIZE_BLOCK, VECTORS = CHUNK / 4, PIXELS = 4, MAX_TAPS = 64 };

#define PL_PIXELS_UNROLL _Pragma("GCC unroll 4")

struct chunk {
    const struct pl_depthwise_shape *shape;
    const struct pl_depthwise_integer *weights;
    const uint8_t *input, *end; /* of the image */
    bool is_unsigned;
    int32_t first, count; /* channels; fewer than CHUNK only if there are no more */
    struct pl_requantize_block_neon requantize;
    int32_t bias[CHUNK];
    bool narrow;                       /* weights are bytes larger than -128 */
    int16_t taps[MAX_TAPS][CHUNK];     /* weights less their zero point */
    int8_t bytes[MAX_TAPS][CHUNK];     /* the same, if narrow */
    int32_t row_sums[MAX_TAPS][CHUNK]; /* of the weights of a row of taps */
    uint8_t outside[CHUNK];            /* zero points */
    uint8_t window[MAX_TAPS][CHUNK];   /* copies of taps at the end of the image */
};

/* Pixels whose taps all lie `step` apart. */
struct run {
    const struct chunk *chunk;
    const uint8_t *taps[MAX_TAPS]; /* of the first pixel */
    int32_t count;                 /* of the taps */
    const int16_t (*weights)[CHUNK];
    const int8_t (*bytes)[CHUNK];
    int32_t starts[CHUNK];
    int64_t step;
};

PL_ALWAYS_INLINE void pl_store_channels_neon(uint8_t *output, uint8x16_t bytes, int32_t count)
{
    if (count == CHUNK) {
        vst1q_u8(output, bytes);
    } else if (count == CHUNK / 2) {
        vst1_u8(output, vget_low_u8(bytes));
    } else {
        uint8_t lanes[CHUNK];
        vst1q_u8(lanes, bytes);
        memcpy(output, lanes, (size_t)count);
    }
}

/* One tap, in 16 bits. */
PL_ALWAYS_INLINE void pl_add_tap_neon(const int pixels, bool is_unsigned, const uint8_t *tap,
                                      int64_t step, const int16_t *weights,
                                      int32x4_t sums[PIXELS][VECTORS])
{
    const int16x8_t low = vld1q_s16(weights), high = vld1q_s16(weights + 8);
    PL_PIXELS_UNROLL for (int p = 0; p < pixels; p++)
    {
        const uint8x16_t bytes = vld1q_u8(tap + p * step);
        const int8x16_t chars = vreinterpretq_s8_u8(bytes);
        const int16x8_t a = is_unsigned ? vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(bytes)))
                                        : vmovl_s8(vget_low_s8(chars));
        const int16x8_t b =
            is_unsigned ? vreinterpretq_s16_u16(vmovl_high_u8(bytes)) : vmovl_high_s8(chars);
        sums[p][0] = vmlal_s16(sums[p][0], vget_low_s16(a), vget_low_s16(low));
        sums[p][1] = vmlal_high_s16(sums[p][1], a, low);
        sums[p][2] = vmlal_s16(sums[p][2], vget_low_s16(b), vget_low_s16(high));
        sums[p][3] = vmlal_high_s16(sums[p][3], b, high);
    }
}

/* One tap or two, in 8 bits. */
PL_ALWAYS_INLINE void pl_add_narrow_neon(const int pixels, const int taps, const int8_t *first,
                                         const int8_t *second, int64_t step,
                                         const int8_t (*weights)[CHUNK],
                                         int32x4_t sums[PIXELS][VECTORS])
{
    const int8x16_t w0 = vld1q_s8(weights[0]), w1 = vld1q_s8(weights[taps - 1]);
    PL_PIXELS_UNROLL for (int p = 0; p < pixels; p++)
    {
        const int8x16_t a = vld1q_s8(first + p * step), b = vld1q_s8(second + p * step);
        int16x8_t low = vmull_s8(vget_low_s8(a), vget_low_s8(w0)), high = vmull_high_s8(a, w0);
        if (taps == 2) {
            low = vmlal_s8(low, vget_low_s8(b), vget_low_s8(w1));
            high = vmlal_high_s8(high, b, w1);
        }
        sums[p][0] = vaddw_s16(sums[p][0], vget_low_s16(low));
        sums[p][1] = vaddw_high_s16(sums[p][1], low);
        sums[p][2] = vaddw_s16(sums[p][2], vget_low_s16(high));
        sums[p][3] = vaddw_high_s16(sums[p][3], high);
    }
}

enum sums { SIGNED, UNSIGNED, NARROW };

PL_ALWAYS_INLINE void pl_add_taps_neon(const int pixels, enum sums kind, const struct run *run,
                                       int64_t from, int32x4_t sums[PIXELS][VECTORS])
{
    const int64_t step = run->step;
    int32_t t = 0;
    if (kind == NARROW) {
        for (; t + 2 <= run->count; t += 2) {
            pl_add_narrow_neon(pixels, 2, (const int8_t *)run->taps[t] + from,
                               (const int8_t *)run->taps[t + 1] + from, step, run->bytes + t, sums);
        }
        const int8_t *last = t < run->count ? (const int8_t *)run->taps[t] + from : NULL;
        if (last != NULL) pl_add_narrow_neon(pixels, 1, last, last, step, run->bytes + t, sums);
        return;
    }
    for (; t < run->count; t++)
        pl_add_tap_neon(pixels, kind == UNSIGNED, run->taps[t] + from, step, run->weights[t], sums);
}

/* `pixels` pixels from `x` of the run on. */
PL_ALWAYS_INLINE void pl_run_pixels_neon(const int pixels, enum sums kind, bool right,
                                         const struct run *run, int64_t x, uint8_t *output)
{
    int32x4_t sums[PIXELS][VECTORS];
    PL_PIXELS_UNROLL for (int v = 0; v < VECTORS; v++)
    {
        const int32x4_t start = vld1q_s32(run->starts + 4 * v);
        PL_PIXELS_UNROLL for (int p = 0; p < pixels; p++) sums[p][v] = start;
    }
    pl_add_taps_neon(pixels, kind, run, x * run->step, sums);
    const struct chunk *chunk = run->chunk;
    const struct pl_byte_range_neon range = pl_byte_range_neon(chunk->weights->range);
    PL_PIXELS_UNROLL for (int v = 0; v < VECTORS; v++)
    {
        PL_PIXELS_UNROLL for (int p = 0; p < pixels; p++) sums[p][v] =
            pl_requantize_neon(sums[p][v], &chunk->requantize, v, true, right);
    }
    PL_PIXELS_UNROLL for (int p = 0; p < pixels; p++)
    {
        const uint8x16_t bytes = pl_place_bytes_neon(sums[p], range, kind == UNSIGNED);
        pl_store_channels_neon(output + p * (int64_t)chunk->shape->channels, bytes, chunk->count);
    }
}

PL_ALWAYS_INLINE void pl_run_all_neon(enum sums kind, bool right, const struct run *run,
                                      int32_t count, uint8_t *output)
{
    const int64_t out_step = run->chunk->shape->channels;
    int32_t x = 0;
    for (; x + PIXELS <= count; x += PIXELS)
        pl_run_pixels_neon(PIXELS, kind, right, run, x, output + x * out_step);
    for (; x < count; x++) pl_run_pixels_neon(1, kind, right, run, x, output + x * out_step);
}

#endif
