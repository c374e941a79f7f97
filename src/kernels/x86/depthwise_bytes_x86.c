/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution of bytes, as a convolution along x alone: the input rows under a filter are
 * interleaved into numbers of four bytes, a row each, for a strip of pixels with what lies outside
 * of the image filled in (depthwise_strip_x86.h). Then an output is one dot product per filter
 * column (and four rows), whose inputs are vectors of consecutive numbers, for any number of
 * channels and any stride. Where all is one pixel wide, strips run along y. */
#include "kernels/x86/depthwise_bytes_x86.h"

#include "kernels/c/depthwise_c.h"
#include "kernels/x86/depthwise_strip_x86.h"
#include "kernels/x86/requantize_sure_x86.h"

enum { TOGETHER = 4 /* vectors of outputs */ };

/* A block of channels over the pixels of a strip. */
struct block {
    const struct pl_depthwise_block_x86 *packed;
    const struct pl_depthwise_finish_x86 *finish;
    const struct pl_depthwise_integer *weights;
    bool is_unsigned;
    int32_t lanes;  /* that are outputs */
    int32_t period; /* lane n is channel n % period of the block */
    int32_t groups, columns;
    int64_t group_step, column_step, pixel_step; /* in numbers */
    int32_t rows;                                /* of outputs */
    int64_t out_step, row_step;
    int32_t pixels; /* or vectors of consecutive outputs, where several pixels fit into one */
};

/* ---- a vector of outputs per pixel ----------------------------------------------------------- */

/* The lanes of `unsure` in the reference's way. */
static __attribute__((noinline)) void redo(const struct block *block, pl_vec sums, uint32_t unsure,
                                           uint8_t *bytes)
{
    const struct pl_depthwise_integer *weights = block->weights;
    int32_t lanes[PL_LANES];
    pl_vec_store(lanes, sums);
    for (; unsure != 0; unsure &= unsure - 1) {
        const int lane = __builtin_ctz(unsure);
        const int32_t channel = block->finish->first + lane % block->period;
        bytes[lane] =
            (uint8_t)pl_requantize(lanes[lane], weights->multipliers[channel], weights->range);
    }
}

/* The outputs of four pixels, one behind the other. */
PL_ALWAYS_INLINE pl_vec finish_pixels(const struct block *block, const pl_vec sums[TOGETHER],
                                      const bool is_unsigned)
{
    const struct pl_depthwise_finish_x86 *finish = block->finish;
    const pl_vec_float scale = PL_VEC_FLOAT(loadu)(finish->scales),
                       nudge = PL_VEC_FLOAT(loadu)(finish->nudges);
    const struct pl_range_x86 range = pl_range_x86(block->weights->range);
    pl_vec values[TOGETHER];
    pl_vec_float distances[TOGETHER];
    if (__builtin_expect(finish->is_sure, 1)) {
#pragma GCC unroll 4
        for (int i = 0; i < TOGETHER; i++) values[i] = pl_round_surely_x86(sums[i], scale, nudge);
        return pl_pack_surely_x86(values, &range, is_unsigned);
    }
#pragma GCC unroll 4
    for (int i = 0; i < TOGETHER; i++) {
        const struct pl_rounded_x86 rounded = pl_round_scaled_x86(sums[i], scale, nudge);
        values[i] = rounded.values;
        distances[i] = pl_absolute_x86(rounded.distance);
    }
    const pl_vec bytes = pl_pack_range_x86(values, &range, is_unsigned);
    const pl_vec_float worst = PL_VEC_FLOAT(max)(PL_VEC_FLOAT(max)(distances[0], distances[1]),
                                                 PL_VEC_FLOAT(max)(distances[2], distances[3]));
    if (__builtin_expect(finish->fits && pl_unsure_x86(worst) == 0, 1)) return bytes;
    uint8_t corrected[TOGETHER * PL_LANES];
    const uint32_t all = finish->fits ? 0 : (1u << (PL_LANES - 1) << 1) - 1;
    pl_vec_store(corrected, bytes);
#pragma GCC unroll 4
    for (int i = 0; i < TOGETHER; i++) {
        const uint32_t unsure = pl_unsure_x86(distances[i]) | all;
        if (unsure != 0) redo(block, sums[i], unsure, corrected + i * PL_LANES);
    }
    return pl_vec_load(corrected);
}

/* What the two kinds of filters that networks have need not find out while running. */
struct filter {
    int32_t groups, columns;
    int32_t rows; /* of outputs: 2 have three rows of the filter each, of four that are laid out */
    bool is_wide, is_unsigned;
};

struct sums {
    pl_vec of[2][TOGETHER]; /* [row][pixel] */
};

PL_ALWAYS_INLINE struct sums sum_pixels(const struct block *block, const struct filter filter,
                                        const int32_t *const at[TOGETHER])
{
    const int64_t part = (int64_t)filter.groups * filter.columns * PL_DEPTHWISE_VECTOR;
    const int8_t *weights = block->packed->weights;
    struct sums sums;
#pragma GCC unroll 4
    for (int i = 0; i < TOGETHER; i++)
        sums.of[0][i] = sums.of[1][i] = pl_vec_load(block->finish->starts);
    for (int32_t g = 0; g < filter.groups; g++) {
        int64_t offset = g * block->group_step;
        for (int32_t c = 0; c < filter.columns; c++, offset += block->column_step) {
            /* One pixel after the other: with all of them AVX2 would have too few registers. */
            struct pl_dot_operand narrow[2], wide[2];
            narrow[0] = pl_dot_weights(weights);
            narrow[1] = pl_dot_later(narrow[0]);
            if (filter.is_wide) {
                wide[0] = pl_dot_weights(weights + part);
                wide[1] = pl_dot_later(wide[0]);
            }
#pragma GCC unroll 4
            for (int i = 0; i < TOGETHER; i++) {
                const struct pl_dot_operand numbers = pl_dot_of_inputs(pl_vec_load(at[i] + offset));
#pragma GCC unroll 2
                for (int r = 0; r < filter.rows; r++) {
                    pl_vec *sum = &sums.of[r][i];
                    *sum = pl_dot_add(*sum, numbers, narrow[r]);
                    if (filter.is_wide) *sum = pl_dot_add(*sum, numbers, wide[r]);
                    PL_KEEP_IN_REGISTER(*sum); /* or compilers add up in another order, with more than fits */
                }
            }
            weights += PL_DEPTHWISE_VECTOR;
        }
    }
    return sums;
}

/* ---- a block --------------------------------------------------------------------------------- */

PL_ALWAYS_INLINE void store_pixels(uint8_t *output, int64_t out_step, pl_vec bytes)
{
#if defined(__AVX512F__)
    if (out_step == PL_LANES) {
        pl_vec_store(output, bytes);
        return;
    }
    _mm_storeu_si128((__m128i_u *)output, _mm512_castsi512_si128(bytes));
    _mm_storeu_si128((__m128i_u *)(output + out_step), _mm512_extracti32x4_epi32(bytes, 1));
    _mm_storeu_si128((__m128i_u *)(output + 2 * out_step), _mm512_extracti32x4_epi32(bytes, 2));
    _mm_storeu_si128((__m128i_u *)(output + 3 * out_step), _mm512_extracti32x4_epi32(bytes, 3));
#else
    const __m128i low = _mm256_castsi256_si128(bytes), high = _mm256_extracti128_si256(bytes, 1);
    _mm_storel_epi64((__m128i_u *)output, low);
    _mm_storel_epi64((__m128i_u *)(output + out_step), _mm_unpackhi_epi64(low, low));
    _mm_storel_epi64((__m128i_u *)(output + 2 * out_step), high);
    _mm_storel_epi64((__m128i_u *)(output + 3 * out_step), _mm_unpackhi_epi64(high, high));
#endif
}

/* Up to four pixels of `lanes` channels. */
PL_ALWAYS_INLINE void run_few(const struct block *block, const struct filter filter,
                              const int32_t *numbers, int32_t pixels, uint8_t *output)
{
    const int32_t *at[TOGETHER];
    uint8_t bytes[TOGETHER * PL_LANES];
    for (int i = 0; i < TOGETHER; i++)
        at[i] = numbers + (i < pixels ? i : pixels - 1) * block->pixel_step;
    const struct sums sums = sum_pixels(block, filter, at);
#pragma GCC unroll 2
    for (int r = 0; r < filter.rows; r++, output += block->row_step) {
        pl_vec_store(bytes, finish_pixels(block, sums.of[r], filter.is_unsigned));
        for (int32_t i = 0; i < pixels; i++)
            memcpy(output + i * block->out_step, bytes + i * PL_LANES, (size_t)block->lanes);
    }
}

PL_ALWAYS_INLINE void run_whole(const struct block *block, const struct filter filter,
                                const int32_t *numbers, uint8_t *output)
{
    const int64_t step = block->pixel_step;
    const int32_t *const at[TOGETHER] = {numbers, numbers + step, numbers + 2 * step,
                                         numbers + 3 * step};
    const struct sums sums = sum_pixels(block, filter, at);
#pragma GCC unroll 2
    for (int r = 0; r < filter.rows; r++, output += block->row_step)
        store_pixels(output, block->out_step, finish_pixels(block, sums.of[r], filter.is_unsigned));
}

PL_ALWAYS_INLINE void run_block(const struct block *block, const struct filter filter,
                                const int32_t *numbers, uint8_t *output)
{
    const int32_t pixels = block->pixels;
    int32_t x = 0;
    if (block->lanes == PL_LANES) {
        for (; x + TOGETHER <= pixels; x += TOGETHER)
            run_whole(block, filter, numbers + x * block->pixel_step, output + x * block->out_step);
        if (x == pixels) return;
        if (x > 0) { /* the last ones with some of those before */
            x = pixels - TOGETHER;
            run_whole(block, filter, numbers + x * block->pixel_step, output + x * block->out_step);
            return;
        }
    }
    for (; x < pixels; x += TOGETHER) {
        const int32_t rest = pixels - x;
        run_few(block, filter, numbers + x * block->pixel_step, rest < TOGETHER ? rest : TOGETHER,
                output + x * block->out_step);
    }
}

#define DEFINE_RUN(name, groups, columns, rows, is_wide)                                           \
    static void name##_i8(const struct block *block, const int32_t *numbers, uint8_t *output)      \
    {                                                                                              \
        run_block(block, (struct filter){groups, columns, rows, is_wide, false}, numbers, output); \
    }                                                                                              \
    static void name##_u8(const struct block *block, const int32_t *numbers, uint8_t *output)      \
    {                                                                                              \
        run_block(block, (struct filter){groups, columns, rows, is_wide, true}, numbers, output);  \
    }
DEFINE_RUN(run_any, block->groups, block->columns, 1, false)
DEFINE_RUN(run_any_wide, block->groups, block->columns, 1, true)
DEFINE_RUN(run_3, 1, 3, 1, false)
DEFINE_RUN(run_3_wide, 1, 3, 1, true)
DEFINE_RUN(run_3_twice, 1, 3, 2, false)
DEFINE_RUN(run_3_wide_twice, 1, 3, 2, true)

static void choose_run(const struct block *block, const int32_t *numbers, uint8_t *output)
{
    typedef void (*run_function)(const struct block *block, const int32_t *numbers,
                                 uint8_t *output);
    static const run_function runs[3][2][2] = {
        {{run_any_i8, run_any_u8}, {run_any_wide_i8, run_any_wide_u8}},
        {{run_3_i8, run_3_u8}, {run_3_wide_i8, run_3_wide_u8}},
        {{run_3_twice_i8, run_3_twice_u8}, {run_3_wide_twice_i8, run_3_wide_twice_u8}}};
    const int kind = block->groups == 1 && block->columns == 3 ? block->rows : 0;
    runs[kind][block->packed->is_wide != 0][block->is_unsigned](block, numbers, output);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Whether the few channels of several pixels are like the many of one. */
static bool has_several_pixels(const struct block *block, int32_t stride)
{
    return block->lanes < PL_LANES && PL_LANES % block->lanes == 0 && stride == 1 &&
           block->pixels * block->lanes >= PL_LANES;
}

static void run_several(struct block block, const int32_t *numbers, uint8_t *output)
{
    const int32_t outputs = block.pixels * block.lanes, rest = outputs % PL_LANES;
    block.lanes = PL_LANES;
    block.pixel_step = block.out_step = PL_LANES;
    block.pixels = outputs / PL_LANES;
    choose_run(&block, numbers, output);
    if (rest == 0) return;
    /* With some of the vector before. */
    block.pixels = 1;
    choose_run(&block, numbers + outputs - PL_LANES, output + outputs - PL_LANES);
}

/* The outputs of a strip; `output` is its first pixel's channel 0. */
static void run_blocks(const struct pl_depthwise_strip_x86 *strip, uint8_t *output)
{
    const struct pl_depthwise_shape *shape = strip->shape;
    const struct pl_depthwise_axis_x86 *axis = &strip->axis;
    const int32_t channels = shape->channels;
    const int64_t block_bytes = pl_depthwise_block_bytes_x86(&shape->patch, strip->is_unsigned);
    struct block block = {
        .weights = strip->weights,
        .is_unsigned = strip->is_unsigned,
        .lanes = channels < PL_LANES ? channels : PL_LANES,
        .period = channels < PL_LANES ? channels : PL_LANES,
        .groups = axis->groups,
        .columns = axis->columns,
        .group_step = (int64_t)strip->columns * strip->count,
        .column_step = axis->dilation * strip->count,
        .pixel_step = (int64_t)axis->stride * strip->count,
        .rows = strip->rows,
        .out_step = channels,
        .row_step = (int64_t)shape->output_width * channels,
        .pixels = strip->to - strip->from,
    };
    /* Those that begin in this chunk; what the one before had is done. */
    const int32_t end = strip->first + strip->count;
    for (int32_t b = (strip->done + PL_LANES - 1) / PL_LANES; b * PL_LANES < end; b++) {
        block.finish = (const struct pl_depthwise_finish_x86 *)strip->weights->finish + b;
        block.packed = (const void *)((const char *)strip->weights->packed + b * block_bytes);
        const int32_t *numbers = strip->numbers + block.finish->first - strip->first;
        if (has_several_pixels(&block, axis->stride)) run_several(block, numbers, output);
        else choose_run(&block, numbers, output + block.finish->first);
    }
}

/* Pixels [from, to) along the axis. */
static void run_line(struct pl_depthwise_strip_x86 *strip, int32_t from, int32_t to,
                     uint8_t *output)
{
    const int32_t channels = strip->shape->channels;
    const int64_t most =
        pl_depthwise_strip_pixels_x86(channels, &strip->axis) / TOGETHER * TOGETHER;
    strip->count = pl_depthwise_chunk_x86(channels);
    for (strip->done = 0; strip->done < channels; strip->done = strip->first + strip->count) {
        strip->first =
            strip->done + strip->count > channels ? channels - strip->count : strip->done;
        for (strip->from = from; strip->from < to; strip->from = strip->to) {
            strip->to = to - strip->from > most ? strip->from + (int32_t)most : to;
            pl_depthwise_lay_out_x86(strip);
            run_blocks(strip, output + (int64_t)(strip->from - from) * channels);
        }
    }
}

/* Whether the outputs are better had as a column than as rows. */
static bool is_column(const struct pl_depthwise_shape *shape, int32_t rows)
{
    const struct pl_patch *patch = &shape->patch;
    const struct pl_depthwise_axis_x86 axis = pl_depthwise_along_y_x86(patch);
    return rows > 1 && patch->width == 1 && patch->filter_width == 1 && patch->before_x == 0 &&
           shape->output_width == 1 &&
           pl_depthwise_strip_pixels_x86(shape->channels, &axis) >= PL_DEPTHWISE_ENOUGH;
}

static void run_rows(const struct pl_depthwise_shape *shape,
                     const struct pl_depthwise_integer *weights, const void *input, void *output,
                     int32_t y, int32_t rows, bool is_unsigned)
{
    /* A block with fewer channels reads behind the last pixel. */
    _Alignas(64) int32_t numbers[PL_DEPTHWISE_STRIP + PL_LANES];
    struct pl_depthwise_strip_x86 strip = {.shape = shape,
                                           .weights = weights,
                                           .input = input,
                                           .is_unsigned = is_unsigned,
                                           .is_upright = is_column(shape, rows),
                                           .rows = 1,
                                           .numbers = numbers};
    /* Two output rows of a filter of 3 x 3 are four rows of inputs, which is what is laid out. */
    const struct pl_patch *patch = &shape->patch;
    const bool in_twos = patch->filter_height == 3 && patch->filter_width == 3 &&
                         patch->stride_y == 1 && patch->dilation_y == 1;
    strip.axis =
        strip.is_upright ? pl_depthwise_along_y_x86(patch) : pl_depthwise_along_x_x86(patch);
    memset(strip.outside, weights->input_zero_point, sizeof strip.outside);
    if (strip.is_upright) {
        run_line(&strip, y, y + rows, output);
        return;
    }
    const int64_t row_bytes = (int64_t)shape->output_width * shape->channels;
    for (strip.y = y; strip.y < y + rows; strip.y += strip.rows) {
        strip.rows = in_twos && strip.y + 1 < y + rows ? 2 : 1;
        run_line(&strip, 0, shape->output_width, (uint8_t *)output + (strip.y - y) * row_bytes);
    }
}

void PL_LEVEL(pl_depthwise_i8_x86)(const struct pl_depthwise_shape *shape,
                                   const struct pl_depthwise_integer *weights, const void *input,
                                   void *output, int32_t y, int32_t rows)
{
    if (weights->packed != NULL) run_rows(shape, weights, input, output, y, rows, false);
    else PL_LEVEL(pl_depthwise_i8_c)(shape, weights, input, output, y, rows);
}

void PL_LEVEL(pl_depthwise_u8_x86)(const struct pl_depthwise_shape *shape,
                                   const struct pl_depthwise_integer *weights, const void *input,
                                   void *output, int32_t y, int32_t rows)
{
    if (weights->packed != NULL) run_rows(shape, weights, input, output, y, rows, true);
    else PL_LEVEL(pl_depthwise_u8_c)(shape, weights, input, output, y, rows);
}
