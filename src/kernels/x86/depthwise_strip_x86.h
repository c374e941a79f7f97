/* SPDX-License-Identifier: Apache-2.0 */
/* Laying out the inputs of a depthwise convolution of bytes: see depthwise_bytes_x86.c. */
#ifndef PL_KERNELS_X86_DEPTHWISE_STRIP_X86_H
#define PL_KERNELS_X86_DEPTHWISE_STRIP_X86_H

#include "kernels/x86/depthwise_bytes_x86.h"

enum { PL_INTERLEAVE_STEP = PL_DEPTHWISE_DEEP * PL_LANES };

/* Some pixels of one output row, of two or of a column, and some channels of them. */
struct pl_depthwise_strip_x86 {
    const struct pl_depthwise_shape *shape;
    const struct pl_depthwise_integer *weights;
    const uint8_t *input;
    bool is_unsigned;
    bool is_upright; /* a column: y is not used */
    struct pl_depthwise_axis_x86 axis;
    int32_t y, rows;
    int32_t from, to;                    /* output pixels along the axis */
    int32_t first, count;                /* channels of the output */
    int32_t done;                        /* the channels in front were in another strip */
    uint8_t outside[PL_INTERLEAVE_STEP]; /* zero points */
    /* What is laid out: [group][column][channel], from the input column under the first pixel on. */
    int32_t columns;
    int32_t *numbers;
};

/* A row of bytes; one that lies outside of the image is the same bytes over and over. */
struct pl_depthwise_line_x86 {
    const uint8_t *bytes;
    int64_t mask; /* of offsets: -1 or 0 */
};

#if defined(__AVX512F__)
#define PL_INTERLEAVE(half, size) _mm512_unpack##half##_epi##size
#else
#define PL_INTERLEAVE(half, size) _mm256_unpack##half##_epi##size
#endif

/* Bytes in the order in which interleaving within lanes of 128 bits leaves numbers side by side. */
PL_ALWAYS_INLINE pl_vec pl_load_to_interleave(const uint8_t *from)
{
#if defined(__AVX512F__)
    return _mm512_permutexvar_epi32(
        _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), pl_vec_load(from));
#else
    return _mm256_permutevar8x32_epi32(pl_vec_load(from),
                                       _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7));
#endif
}

/* A step of numbers; the fourth byte of three lines does not matter. */
PL_ALWAYS_INLINE void
pl_interleave_step(int32_t *to, const struct pl_depthwise_line_x86 lines[PL_DEPTHWISE_DEEP],
                   int64_t at, const int line_count, pl_vec lift)
{
    pl_vec bytes[PL_DEPTHWISE_DEEP];
#pragma GCC unroll 4
    for (int r = 0; r < PL_DEPTHWISE_DEEP; r++) {
        if (r < line_count)
            bytes[r] =
                PL_VEC_XOR(pl_load_to_interleave(lines[r].bytes + (at & lines[r].mask)), lift);
        else bytes[r] = bytes[0];
    }
    const pl_vec low_01 = PL_INTERLEAVE(lo, 8)(bytes[0], bytes[1]),
                 high_01 = PL_INTERLEAVE(hi, 8)(bytes[0], bytes[1]),
                 low_23 = PL_INTERLEAVE(lo, 8)(bytes[2], bytes[3]),
                 high_23 = PL_INTERLEAVE(hi, 8)(bytes[2], bytes[3]);
    pl_vec_store(to, PL_INTERLEAVE(lo, 16)(low_01, low_23));
    pl_vec_store(to + PL_LANES, PL_INTERLEAVE(hi, 16)(low_01, low_23));
    pl_vec_store(to + 2 * PL_LANES, PL_INTERLEAVE(lo, 16)(high_01, high_23));
    pl_vec_store(to + 3 * PL_LANES, PL_INTERLEAVE(hi, 16)(high_01, high_23));
}

/* Fewer numbers than a step. */
static __attribute__((noinline)) void
pl_interleave_few(int32_t *to, const struct pl_depthwise_line_x86 lines[PL_DEPTHWISE_DEEP],
                  int64_t first, int64_t count, pl_vec lift)
{
    uint8_t bytes[PL_DEPTHWISE_DEEP][PL_INTERLEAVE_STEP] = {{0}};
    int32_t numbers[PL_INTERLEAVE_STEP];
    struct pl_depthwise_line_x86 whole[PL_DEPTHWISE_DEEP];
    for (int r = 0; r < PL_DEPTHWISE_DEEP; r++) {
        memcpy(bytes[r], lines[r].bytes + (first & lines[r].mask), (size_t)count);
        whole[r] = (struct pl_depthwise_line_x86){bytes[r], -1};
    }
    pl_interleave_step(numbers, whole, 0, PL_DEPTHWISE_DEEP, lift);
    memcpy(to, numbers, (size_t)count * sizeof *to);
}

/* Columns of `count` bytes each, `step` apart. */
PL_ALWAYS_INLINE void pl_interleave(int32_t *to,
                                    const struct pl_depthwise_line_x86 lines[PL_DEPTHWISE_DEEP],
                                    int64_t columns, int64_t step, int64_t count,
                                    const int line_count, pl_vec lift)
{
    const int64_t rest = count % PL_INTERLEAVE_STEP;
    for (int64_t x = 0; x < columns; x++, to += count) {
        const int64_t first = x * step;
        for (int64_t at = 0; at + PL_INTERLEAVE_STEP <= count; at += PL_INTERLEAVE_STEP)
            pl_interleave_step(to + at, lines, first + at, line_count, lift);
        if (rest == 0) continue;
        /* With some of the step before, if there is one. */
        const int64_t at = count - PL_INTERLEAVE_STEP;
        if (at >= 0) pl_interleave_step(to + at, lines, first + at, line_count, lift);
        else pl_interleave_few(to, lines, first, count, lift);
    }
}

/* Four lines from input row y on; those that the filter does not have, behind `count`, are the
 * first. */
static inline void pl_depthwise_lines_x86(const struct pl_depthwise_strip_x86 *strip, int64_t y,
                                          int32_t count,
                                          struct pl_depthwise_line_x86 lines[PL_DEPTHWISE_DEEP])
{
    const struct pl_patch *patch = &strip->shape->patch;
    for (int32_t r = 0; r < PL_DEPTHWISE_DEEP; r++, y += patch->dilation_y) {
        lines[r] = (struct pl_depthwise_line_x86){strip->outside, 0};
        if (r >= count) lines[r] = lines[0];
        else if (y >= 0 && y < patch->height)
            lines[r] = (struct pl_depthwise_line_x86){
                strip->input + y * patch->width * patch->channels, -1};
    }
}

/* A column whose channels are taken several times each. */
static inline void pl_interleave_spread(const struct pl_depthwise_strip_x86 *strip, int32_t *to,
                                        const struct pl_depthwise_line_x86 lines[PL_DEPTHWISE_DEEP],
                                        int64_t column, pl_vec lift)
{
    const struct pl_depthwise_shape *shape = strip->shape;
    uint8_t bytes[PL_DEPTHWISE_DEEP][PL_DEPTHWISE_CHUNK];
    struct pl_depthwise_line_x86 spread[PL_DEPTHWISE_DEEP];
    for (int r = 0; r < PL_DEPTHWISE_DEEP; r++) {
        for (int32_t n = 0; n < strip->count; n++) {
            const int64_t at =
                column * shape->patch.channels + (strip->first + n) / shape->multiplier;
            bytes[r][n] = lines[r].bytes[at & lines[r].mask];
        }
        spread[r] = (struct pl_depthwise_line_x86){bytes[r], -1};
    }
    pl_interleave(to, spread, 1, 0, strip->count, PL_DEPTHWISE_DEEP, lift);
}

/* Columns [from, to) of lines, of which `rows` matter. */
static inline void pl_depthwise_inside_x86(const struct pl_depthwise_strip_x86 *strip,
                                           struct pl_depthwise_line_x86 lines[PL_DEPTHWISE_DEEP],
                                           int32_t rows, int64_t from, int64_t to, int32_t *numbers)
{
    const struct pl_patch *patch = &strip->shape->patch;
    const pl_vec lift = pl_vec_set(strip->is_unsigned ? 0 : (int32_t)0x80808080u);
    if (strip->shape->multiplier > 1) {
        for (int64_t x = from; x < to; x++, numbers += strip->count)
            pl_interleave_spread(strip, numbers, lines, x, lift);
        return;
    }
    const bool whole = strip->count == patch->channels; /* all columns are one long one */
    const int64_t columns = to - from, count = columns * patch->channels;
    for (int r = 0; r < PL_DEPTHWISE_DEEP; r++)
        lines[r].bytes += (from * patch->channels + strip->first) & lines[r].mask;
    const int64_t step = patch->channels;
    if (rows >= PL_DEPTHWISE_DEEP) {
        if (whole) pl_interleave(numbers, lines, 1, 0, count, PL_DEPTHWISE_DEEP, lift);
        else
            pl_interleave(numbers, lines, columns, step, PL_DEPTHWISE_CHUNK, PL_DEPTHWISE_DEEP,
                          lift);
    } else {
        if (whole) pl_interleave(numbers, lines, 1, 0, count, PL_DEPTHWISE_DEEP - 1, lift);
        else
            pl_interleave(numbers, lines, columns, step, PL_DEPTHWISE_CHUNK, PL_DEPTHWISE_DEEP - 1,
                          lift);
    }
}

/* The columns of a row of the image, with what lies outside of it. */
static inline void pl_depthwise_lay_row_x86(const struct pl_depthwise_strip_x86 *strip)
{
    const struct pl_patch *patch = &strip->shape->patch;
    const int32_t count = strip->count;
    const int64_t start = (int64_t)strip->from * patch->stride_x - patch->before_x;
    const int64_t end = start + strip->columns;
    const int64_t from = start < 0 ? (end < 0 ? end : 0) : start;
    const int64_t to = end < patch->width ? end : patch->width;
    const int32_t lift = strip->is_unsigned ? 0 : 128;
    const int32_t outside =
        (int32_t)((uint32_t)(uint8_t)(strip->weights->input_zero_point + lift) * 0x01010101u);
    const int64_t top = (int64_t)strip->y * patch->stride_y - patch->before_y;
    for (int32_t g = 0; g < strip->axis.groups; g++) {
        int32_t *numbers = strip->numbers + (int64_t)g * strip->columns * count;
        const int64_t before = (from - start) * count;
        const int64_t inside = to > from ? (to - from) * count : 0;
        const int64_t all = (int64_t)strip->columns * count;
        for (int64_t i = 0; i < before; i++) numbers[i] = outside;
        if (inside > 0) {
            const int32_t first = g * PL_DEPTHWISE_DEEP;
            const int32_t rows = patch->filter_height + strip->rows - 1 - first;
            struct pl_depthwise_line_x86 lines[PL_DEPTHWISE_DEEP];
            pl_depthwise_lines_x86(strip, top + (int64_t)first * patch->dilation_y, rows, lines);
            pl_depthwise_inside_x86(strip, lines, rows, from, to, numbers + before);
        }
        for (int64_t i = before + inside; i < all; i++) numbers[i] = outside;
    }
}

/* The rows of an image one pixel wide are columns of lines that begin a row of the filter apart. */
static inline void pl_depthwise_lay_upright_x86(const struct pl_depthwise_strip_x86 *strip)
{
    const struct pl_patch *patch = &strip->shape->patch;
    const int32_t rows =
        patch->filter_height < PL_DEPTHWISE_DEEP ? patch->filter_height : PL_DEPTHWISE_DEEP;
    const int64_t span = (int64_t)(rows - 1) * patch->dilation_y;
    const int64_t top = (int64_t)strip->from * patch->stride_y - patch->before_y;
    const int64_t bottom = top + strip->columns;
    const int64_t last = patch->height - span; /* behind the last one with all lines inside */
    int32_t *numbers = strip->numbers;
    for (int64_t y = top, to; y < bottom; numbers += (to - y) * strip->count, y = to) {
        struct pl_depthwise_line_x86 lines[PL_DEPTHWISE_DEEP];
        to = y >= 0 && y < last ? (last < bottom ? last : bottom) : y + 1;
        pl_depthwise_lines_x86(strip, y, rows, lines);
        pl_depthwise_inside_x86(strip, lines, rows, 0, to - y, numbers);
    }
}

static inline void pl_depthwise_lay_out_x86(struct pl_depthwise_strip_x86 *strip)
{
    const struct pl_depthwise_axis_x86 *axis = &strip->axis;
    strip->columns = (int32_t)((int64_t)(strip->to - strip->from - 1) * axis->stride +
                               (axis->columns - 1) * axis->dilation + 1);
    if (strip->is_upright) pl_depthwise_lay_upright_x86(strip);
    else pl_depthwise_lay_row_x86(strip);
}

#endif
