/* SPDX-License-Identifier: Apache-2.0 */
/* Averages and maxima of bytes over windows, sixteen channels at a time. Sums have 16 bits as long
 * as they fit, then 32. Quotients of sums of up to MAX_TAPS bytes are exact in float: the dividend is
 * below 2^24, and a quotient that is no integer is farther from one than it is rounded by. */
#include "kernels/arm/pooling_bytes_neon.h"

#include <arm_neon.h>
#include <stdbool.h>
#include <string.h>

#include "kernels/c/pooling_c.h"
#include "kernels/loop.h"

enum { CHUNK = 16, VECTORS = CHUNK / 4, SHORT_TAPS = 255, MAX_TAPS = 1 << 15 };

#define UNROLL _Pragma("GCC unroll 4")

/* The taps of one output pixel that lie inside of the image, from the first channel of a chunk. */
struct window {
    const uint8_t *first;
    int32_t rows, columns;
    int64_t row_step, column_step;
    int32_t count; /* channels that are there, up to CHUNK */
};

PL_ALWAYS_INLINE uint8x16_t load(bool whole, const uint8_t *from, int32_t count)
{
    if (whole) return vld1q_u8(from);
    uint8_t lanes[CHUNK] = {0};
    memcpy(lanes, from, (size_t)count);
    return vld1q_u8(lanes);
}

PL_ALWAYS_INLINE void store(bool whole, uint8_t *to, uint8x16_t bytes, int32_t count)
{
    if (whole) {
        vst1q_u8(to, bytes);
        return;
    }
    uint8_t lanes[CHUNK];
    vst1q_u8(lanes, bytes);
    memcpy(to, lanes, (size_t)count);
}

/* ---- maxima ---------------------------------------------------------------------------------- */

PL_ALWAYS_INLINE uint8x16_t larger(bool is_unsigned, uint8x16_t a, uint8x16_t b)
{
    if (is_unsigned) return vmaxq_u8(a, b);
    return vreinterpretq_u8_s8(vmaxq_s8(vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b)));
}

PL_ALWAYS_INLINE uint8x16_t smaller(bool is_unsigned, uint8x16_t a, uint8x16_t b)
{
    if (is_unsigned) return vminq_u8(a, b);
    return vreinterpretq_u8_s8(vminq_s8(vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b)));
}

/* As large as the lowest output at least, to begin with. */
PL_ALWAYS_INLINE uint8x16_t find_maximum(bool is_unsigned, bool whole,
                                         const struct pl_pooling_shape *shape,
                                         const struct window *window)
{
    uint8x16_t most = vdupq_n_u8((uint8_t)shape->quantized_low);
    for (int32_t j = 0; j < window->rows; j++) {
        const uint8_t *tap = window->first + j * window->row_step;
        for (int32_t i = 0; i < window->columns; i++, tap += window->column_step)
            most = larger(is_unsigned, most, load(whole, tap, window->count));
    }
    return smaller(is_unsigned, most, vdupq_n_u8((uint8_t)shape->quantized_high));
}

/* ---- averages -------------------------------------------------------------------------------- */

PL_ALWAYS_INLINE void flush(bool is_unsigned, int16x8_t shorts[2], int32x4_t sums[VECTORS])
{
    UNROLL for (int h = 0; h < 2; h++)
    {
        const int16x8_t x = shorts[h];
        const uint16x8_t u = vreinterpretq_u16_s16(x);
        int32x4_t *to = sums + 2 * h;
        if (is_unsigned) {
            to[0] = vaddq_s32(to[0], vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(u))));
            to[1] = vaddq_s32(to[1], vreinterpretq_s32_u32(vmovl_high_u16(u)));
        } else {
            to[0] = vaddw_s16(to[0], vget_low_s16(x));
            to[1] = vaddw_high_s16(to[1], x);
        }
        shorts[h] = vdupq_n_s16(0);
    }
}

PL_ALWAYS_INLINE void add_bytes(bool is_unsigned, uint8x16_t bytes, int16x8_t shorts[2])
{
    if (is_unsigned) {
        const uint16x8_t low = vreinterpretq_u16_s16(shorts[0]);
        const uint16x8_t high = vreinterpretq_u16_s16(shorts[1]);
        shorts[0] = vreinterpretq_s16_u16(vaddw_u8(low, vget_low_u8(bytes)));
        shorts[1] = vreinterpretq_s16_u16(vaddw_high_u8(high, bytes));
    } else {
        const int8x16_t chars = vreinterpretq_s8_u8(bytes);
        shorts[0] = vaddw_s8(shorts[0], vget_low_s8(chars));
        shorts[1] = vaddw_high_s8(shorts[1], chars);
    }
}

/* round(sum / taps), ties away from zero, in the output's range. */
PL_ALWAYS_INLINE int32x4_t divide(int32x4_t sum, int32_t taps, const struct pl_pooling_shape *shape)
{
    const int32x4_t half = vdupq_n_s32(taps / 2);
    const uint32x4_t positive = vcgtq_s32(sum, vdupq_n_s32(0));
    const int32x4_t nudged = vaddq_s32(sum, vbslq_s32(positive, half, vnegq_s32(half)));
    const float32x4_t quotient = vdivq_f32(vcvtq_f32_s32(nudged), vdupq_n_f32((float)taps));
    const int32x4_t average = vcvtq_s32_f32(quotient);
    return vminq_s32(vmaxq_s32(average, vdupq_n_s32(shape->quantized_low)),
                     vdupq_n_s32(shape->quantized_high));
}

PL_ALWAYS_INLINE uint8x16_t find_average(bool is_unsigned, bool whole,
                                         const struct pl_pooling_shape *shape,
                                         const struct window *window)
{
    int32x4_t sums[VECTORS];
    UNROLL for (int v = 0; v < VECTORS; v++) sums[v] = vdupq_n_s32(0);
    int16x8_t shorts[2] = {vdupq_n_s16(0), vdupq_n_s16(0)};
    int32_t added = 0;
    for (int32_t j = 0; j < window->rows; j++) {
        const uint8_t *tap = window->first + j * window->row_step;
        for (int32_t i = 0; i < window->columns; i++, tap += window->column_step) {
            if (added == SHORT_TAPS) {
                flush(is_unsigned, shorts, sums);
                added = 0;
            }
            add_bytes(is_unsigned, load(whole, tap, window->count), shorts);
            added++;
        }
    }
    flush(is_unsigned, shorts, sums);
    UNROLL for (int v = 0; v < VECTORS; v++) sums[v] =
        divide(sums[v], window->rows * window->columns, shape);
    const int16x8_t low = vmovn_high_s32(vmovn_s32(sums[0]), sums[1]);
    const int16x8_t high = vmovn_high_s32(vmovn_s32(sums[2]), sums[3]);
    return vreinterpretq_u8_s8(vmovn_high_s16(vmovn_s16(low), high));
}

/* ---- a row ----------------------------------------------------------------------------------- */

enum pooling { AVERAGE, MAXIMUM };

PL_ALWAYS_INLINE void run_chunk(enum pooling pooling, bool is_unsigned, bool whole,
                                const struct pl_pooling_shape *shape, const struct window *window,
                                uint8_t *output)
{
    const uint8x16_t bytes = pooling == MAXIMUM ? find_maximum(is_unsigned, whole, shape, window)
                                                : find_average(is_unsigned, whole, shape, window);
    store(whole, output, bytes, window->count);
}

/* All channels of a pixel. The last chunk is a whole one where there are so many channels. */
PL_ALWAYS_INLINE void run_pixel(enum pooling pooling, bool is_unsigned,
                                const struct pl_pooling_shape *shape, struct window window,
                                uint8_t *output)
{
    const int32_t channels = shape->patch.channels;
    const uint8_t *const first = window.first;
    window.count = channels < CHUNK ? channels : CHUNK;
    if (channels < CHUNK) {
        run_chunk(pooling, is_unsigned, false, shape, &window, output);
        return;
    }
    for (int32_t c = 0; c < channels; c += CHUNK) {
        const int32_t at = c + CHUNK <= channels ? c : channels - CHUNK;
        window.first = first + at;
        run_chunk(pooling, is_unsigned, true, shape, &window, output + at);
    }
}

PL_ALWAYS_INLINE void run_row(enum pooling pooling, bool is_unsigned,
                              const struct pl_pooling_shape *shape, const void *input,
                              uint8_t *output, int32_t y)
{
    const struct pl_patch *patch = &shape->patch;
    const struct pl_taps rows = pl_patch_taps_y(patch, y);
    const int64_t in_y = (int64_t)y * patch->stride_y - patch->before_y + rows.from;
    struct window window = {.rows = rows.to - rows.from,
                            .row_step = (int64_t)patch->width * patch->channels,
                            .column_step = patch->channels};
    for (int32_t x = 0; x < shape->output_width; x++, output += patch->channels) {
        const struct pl_taps columns = pl_patch_taps_x(patch, x);
        const int64_t in_x = (int64_t)x * patch->stride_x - patch->before_x + columns.from;
        window.columns = columns.to - columns.from;
        window.first = (const uint8_t *)input + (in_y * patch->width + in_x) * patch->channels;
        run_pixel(pooling, is_unsigned, shape, window, output);
    }
}

#define DEFINE_POOLING(name, pooling, is_unsigned)                                                 \
    void PL_LEVEL(pl_##name##_neon)(const struct pl_pooling_shape *shape, const void *input,       \
                                    void *output, int32_t y)                                       \
    {                                                                                              \
        run_row(pooling, is_unsigned, shape, input, output, y);                                    \
    }

DEFINE_POOLING(max_i8, MAXIMUM, false)
DEFINE_POOLING(max_u8, MAXIMUM, true)

/* Windows of more taps are few. */
#define DEFINE_AVERAGE(name, is_unsigned)                                                          \
    void PL_LEVEL(pl_##name##_neon)(const struct pl_pooling_shape *shape, const void *input,       \
                                    void *output, int32_t y)                                       \
    {                                                                                              \
        if (pl_patch_tap_count(&shape->patch) > MAX_TAPS)                                          \
            PL_LEVEL(pl_##name##_c)(shape, input, output, y);                                      \
        else run_row(AVERAGE, is_unsigned, shape, input, output, y);                               \
    }

DEFINE_AVERAGE(average_i8, false)
DEFINE_AVERAGE(average_u8, true)
