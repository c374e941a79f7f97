/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling of floats: see pooling_kernels.h. The running values of up to MAX_BLOCKS times sixteen
 * channels of a pixel are in registers from its first tap to the last. */
#include "kernels/vector/pooling_f32_vector.h"

#include <float.h>
#include <stdbool.h>

#include "kernels/vector/floats.h"

enum { MAX_BLOCKS = 4 };

/* The taps of one pixel that are inside of the image. */
struct taps {
    const float *first;
    int32_t rows, columns;
    int64_t row_step, column_step;
    const struct pl_pooling_shape *shape;
};

PL_ALWAYS_INLINE struct pl_floats load(bool whole, const float *from, struct pl_floats_mask mask)
{
    return whole ? pl_floats_load(from) : pl_floats_load_masked(from, mask);
}

/* `blocks` times sixteen channels from `channel` on, or those of the mask. */
PL_ALWAYS_INLINE void pool_blocks(bool is_max, int blocks, bool whole, const struct taps *taps,
                                  int64_t channel, struct pl_floats_mask mask, float *output)
{
    const float *row = taps->first + channel;
    struct pl_floats running[MAX_BLOCKS];
#pragma GCC unroll 4
    for (int b = 0; b < blocks; b++) running[b] = pl_floats_set(is_max ? -FLT_MAX : 0.0f);
    for (int32_t j = 0; j < taps->rows; j++, row += taps->row_step) {
        const float *tap = row;
        for (int32_t i = 0; i < taps->columns; i++, tap += taps->column_step) {
#pragma GCC unroll 4
            for (int b = 0; b < blocks; b++) {
                const struct pl_floats x = load(whole, tap + b * PL_FLOATS, mask);
                running[b] =
                    is_max ? pl_floats_max(x, running[b]) : pl_floats_add(running[b], x);
            }
        }
    }
    const struct pl_floats low = pl_floats_set(taps->shape->low);
    const struct pl_floats high = pl_floats_set(taps->shape->high);
    const struct pl_floats count = pl_floats_set((float)((int64_t)taps->rows * taps->columns));
#pragma GCC unroll 4
    for (int b = 0; b < blocks; b++) {
        const struct pl_floats value = is_max ? running[b] : pl_floats_divide(running[b], count);
        const struct pl_floats result = pl_floats_clamp(value, low, high);
        float *to = output + channel + b * PL_FLOATS;
        if (whole) pl_floats_store(to, result);
        else pl_floats_store_masked(to, result, mask);
    }
}

PL_ALWAYS_INLINE void pool_row(bool is_max, const struct pl_pooling_shape *shape,
                               const float *input, float *output, int32_t y)
{
    enum { ALL = MAX_BLOCKS * PL_FLOATS };
    const struct pl_patch *patch = &shape->patch;
    const int64_t channels = patch->channels;
    const struct pl_taps rows = pl_patch_taps_y(patch, y);
    const int64_t in_y = (int64_t)y * patch->stride_y - patch->before_y + rows.from;
    const struct pl_floats_mask rest = pl_floats_first((int32_t)(channels % PL_FLOATS));
    struct taps taps = {.rows = rows.to - rows.from,
                        .row_step = patch->width * channels,
                        .column_step = channels,
                        .shape = shape};
    for (int32_t x = 0; x < shape->output_width; x++, output += channels) {
        const struct pl_taps columns = pl_patch_taps_x(patch, x);
        const int64_t in_x = (int64_t)x * patch->stride_x - patch->before_x + columns.from;
        taps.first = input + (in_y * patch->width + in_x) * channels;
        taps.columns = columns.to - columns.from;
        int64_t channel = 0;
        for (; channel + ALL <= channels; channel += ALL)
            pool_blocks(is_max, MAX_BLOCKS, true, &taps, channel, rest, output);
        for (; channel + PL_FLOATS <= channels; channel += PL_FLOATS)
            pool_blocks(is_max, 1, true, &taps, channel, rest, output);
        if (channel < channels) pool_blocks(is_max, 1, false, &taps, channel, rest, output);
    }
}

void PL_LEVEL(pl_average_pool_f32_vector)(const struct pl_pooling_shape *shape, const void *input,
                                          void *output, int32_t y)
{
    pool_row(false, shape, input, output, y);
}

void PL_LEVEL(pl_max_pool_f32_vector)(const struct pl_pooling_shape *shape, const void *input,
                                      void *output, int32_t y)
{
    pool_row(true, shape, input, output, y);
}
