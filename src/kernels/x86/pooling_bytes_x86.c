/* SPDX-License-Identifier: Apache-2.0 */
/* Averages and maxima of bytes over windows: a vector of channels at a time. */
#include "kernels/x86/pooling_bytes_x86.h"

#include <stdbool.h>

#include "kernels/c/pooling_c.h"
#include "kernels/x86/bytes_x86.h"
#include "kernels/x86/requantize_x86.h"

/* The taps of an output pixel that lie inside the image. */
struct window {
    const uint8_t *first;
    int32_t rows, columns;
    int64_t row_step, column_step;
};

static struct window find_window(const struct pl_pooling_shape *shape, const void *input, int32_t y,
                                 int32_t x)
{
    const struct pl_patch *patch = &shape->patch;
    const struct pl_taps rows = pl_patch_taps_y(patch, y), columns = pl_patch_taps_x(patch, x);
    const int64_t in_y = (int64_t)y * patch->stride_y - patch->before_y + rows.from;
    const int64_t in_x = (int64_t)x * patch->stride_x - patch->before_x + columns.from;
    return (struct window){
        .first = (const uint8_t *)input + (in_y * patch->width + in_x) * patch->channels,
        .rows = rows.to - rows.from,
        .columns = columns.to - columns.from,
        .row_step = (int64_t)patch->width * patch->channels,
        .column_step = patch->channels,
    };
}

/* ---- maxima ---------------------------------------------------------------------------------- */

PL_ALWAYS_INLINE pl_vec larger(pl_vec a, pl_vec b, const bool is_unsigned)
{
    return is_unsigned ? PL_VEC_U8(max)(a, b) : PL_VEC_8(max)(a, b);
}

PL_ALWAYS_INLINE pl_vec smaller(pl_vec a, pl_vec b, const bool is_unsigned)
{
    return is_unsigned ? PL_VEC_U8(min)(a, b) : PL_VEC_8(min)(a, b);
}

PL_ALWAYS_INLINE void max_channels(const struct pl_pooling_shape *shape,
                                   const struct window *window, int32_t first, int32_t count,
                                   const bool is_unsigned, uint8_t *output)
{
    /* All of the output's range is in that of a byte. */
    pl_vec most = PL_VEC_8(set1)((char)shape->quantized_low);
    for (int32_t j = 0; j < window->rows; j++) {
        const uint8_t *row = window->first + j * window->row_step + first;
        for (int32_t i = 0; i < window->columns; i++, row += window->column_step)
            most = larger(most, pl_bytes_load(row, count), is_unsigned);
    }
    most = smaller(most, PL_VEC_8(set1)((char)shape->quantized_high), is_unsigned);
    pl_bytes_store(output + first, most, count);
}

PL_ALWAYS_INLINE void max_row(const struct pl_pooling_shape *shape, const void *input, void *output,
                              int32_t y, const bool is_unsigned)
{
    const int32_t channels = shape->patch.channels;
    uint8_t *to = output;
    for (int32_t x = 0; x < shape->output_width; x++, to += channels) {
        const struct window window = find_window(shape, input, y, x);
        int32_t first = 0;
        for (; first + PL_VEC_BYTES <= channels; first += PL_VEC_BYTES)
            max_channels(shape, &window, first, PL_VEC_BYTES, is_unsigned, to);
        if (first < channels)
            max_channels(shape, &window, first, channels - first, is_unsigned, to);
    }
}

/* ---- averages -------------------------------------------------------------------------------- */

enum {
    MOST_IN_WORDS = 128,     /* bytes whose sum is a word */
    MOST_IN_FLOAT = 1 << 15, /* and a whole number of float, rounded quotients of which are exact */
};

/* The integer nearest to sums / count, ties away from zero, in the output's range. A quotient of
 * whole numbers below 2^24 is farther from the next integer than float rounds. */
PL_ALWAYS_INLINE pl_vec round_averages(const struct pl_pooling_shape *shape, pl_vec sums,
                                       int32_t count)
{
    const pl_vec sign = PL_VEC_32(srai)(sums, 31); /* -1: negative */
    const pl_vec half = pl_vec_set(count / 2);
    /* half or -half; of a sum of 0 neither counts. */
    const pl_vec signed_half = PL_VEC_32(sub)(PL_VEC_XOR(half, sign), sign);
#if defined(__AVX512F__)
    const __m512 quotient = _mm512_div_ps(_mm512_cvtepi32_ps(pl_vec_add(sums, signed_half)),
                                          _mm512_set1_ps((float)count));
    const pl_vec averages = _mm512_cvttps_epi32(quotient);
#else
    const __m256 quotient = _mm256_div_ps(_mm256_cvtepi32_ps(pl_vec_add(sums, signed_half)),
                                          _mm256_set1_ps((float)count));
    const pl_vec averages = _mm256_cvttps_epi32(quotient);
#endif
    return PL_VEC_32(min)(PL_VEC_32(max)(averages, pl_vec_set(shape->quantized_low)),
                          pl_vec_set(shape->quantized_high));
}

PL_ALWAYS_INLINE void average_channels(const struct pl_pooling_shape *shape,
                                       const struct window *window, int32_t first, int32_t count,
                                       const bool is_unsigned, uint8_t *output)
{
    const pl_vec zero = pl_vec_set(0);
    pl_vec words = zero, low = zero, high = zero, more_low, more_high;
    int32_t summed = 0;
    for (int32_t j = 0; j < window->rows; j++) {
        const uint8_t *row = window->first + j * window->row_step + first;
        for (int32_t i = 0; i < window->columns; i++, row += window->column_step) {
            words = PL_VEC_16(add)(words, pl_words_of_bytes(row, count, is_unsigned));
            if (++summed < MOST_IN_WORDS) continue;
            pl_widen_words(words, &more_low, &more_high);
            low = pl_vec_add(low, more_low);
            high = pl_vec_add(high, more_high);
            words = zero;
            summed = 0;
        }
    }
    pl_widen_words(words, &more_low, &more_high);
    const int32_t taps = window->rows * window->columns;
    low = round_averages(shape, pl_vec_add(low, more_low), taps);
    high = round_averages(shape, pl_vec_add(high, more_high), taps);
    pl_store_lowest_bytes(output + first, low, high, count);
}

PL_ALWAYS_INLINE void average_row(const struct pl_pooling_shape *shape, const void *input,
                                  void *output, int32_t y, const bool is_unsigned)
{
    const int32_t channels = shape->patch.channels;
    uint8_t *to = output;
    for (int32_t x = 0; x < shape->output_width; x++, to += channels) {
        const struct window window = find_window(shape, input, y, x);
        int32_t first = 0;
        for (; first + PL_VEC_WORDS <= channels; first += PL_VEC_WORDS)
            average_channels(shape, &window, first, PL_VEC_WORDS, is_unsigned, to);
        if (first < channels)
            average_channels(shape, &window, first, channels - first, is_unsigned, to);
    }
}

static bool is_small(const struct pl_pooling_shape *shape)
{
    return pl_patch_tap_count(&shape->patch) <= MOST_IN_FLOAT;
}

/* ---- by type --------------------------------------------------------------------------------- */

#define DEFINE_POOLING(name, is_unsigned)                                                          \
    void PL_LEVEL(pl_max_##name##_x86)(const struct pl_pooling_shape *shape, const void *input,    \
                                       void *output, int32_t y)                                    \
    {                                                                                              \
        max_row(shape, input, output, y, is_unsigned);                                             \
    }                                                                                              \
    void PL_LEVEL(pl_average_##name##_x86)(const struct pl_pooling_shape *shape,                   \
                                           const void *input, void *output, int32_t y)             \
    {                                                                                              \
        if (is_small(shape)) average_row(shape, input, output, y, is_unsigned);                    \
        else PL_LEVEL(pl_average_##name##_c)(shape, input, output, y);                             \
    }

DEFINE_POOLING(i8, false)
DEFINE_POOLING(u8, true)
