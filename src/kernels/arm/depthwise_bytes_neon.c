/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution of bytes: sixteen channels of some neighbouring pixels at a time, their sums
 * in registers from the first tap to the last. Signed bytes are multiplied as they are, and two taps
 * added in 16 bits, which only weights of -128 could overflow. With those and with unsigned bytes,
 * inputs are widened to 16 bits as they come, weights once for all pixels. The input's zero point is taken off before the first tap: rows of taps
 * outside of the image are left out there and then, single taps at the sides read a line of zero
 * points. */
#include "kernels/arm/depthwise_bytes_neon.h"

#include <string.h>

#include "kernels/arm/requantize_neon.h"
#include "kernels/c/depthwise_c.h"

enum { CHUNK = PL_REQUANTIZE_BLOCK, VECTORS = CHUNK / 4, PIXELS = 4, MAX_TAPS = 64 };

#define UNROLL _Pragma("GCC unroll 4")

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

/* ---- pixels ---------------------------------------------------------------------------------- */

PL_ALWAYS_INLINE void store(uint8_t *output, uint8x16_t bytes, int32_t count)
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
PL_ALWAYS_INLINE void add_tap(const int pixels, bool is_unsigned, const uint8_t *tap, int64_t step,
                              const int16_t *weights, int32x4_t sums[PIXELS][VECTORS])
{
    const int16x8_t low = vld1q_s16(weights), high = vld1q_s16(weights + 8);
    UNROLL for (int p = 0; p < pixels; p++)
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
PL_ALWAYS_INLINE void add_narrow(const int pixels, const int taps, const int8_t *first,
                                 const int8_t *second, int64_t step, const int8_t (*weights)[CHUNK],
                                 int32x4_t sums[PIXELS][VECTORS])
{
    const int8x16_t w0 = vld1q_s8(weights[0]), w1 = vld1q_s8(weights[taps - 1]);
    UNROLL for (int p = 0; p < pixels; p++)
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

PL_ALWAYS_INLINE void add_taps(const int pixels, enum sums kind, const struct run *run,
                               int64_t from, int32x4_t sums[PIXELS][VECTORS])
{
    const int64_t step = run->step;
    int32_t t = 0;
    if (kind == NARROW) {
        for (; t + 2 <= run->count; t += 2) {
            add_narrow(pixels, 2, (const int8_t *)run->taps[t] + from,
                       (const int8_t *)run->taps[t + 1] + from, step, run->bytes + t, sums);
        }
        const int8_t *last = t < run->count ? (const int8_t *)run->taps[t] + from : NULL;
        if (last != NULL) add_narrow(pixels, 1, last, last, step, run->bytes + t, sums);
        return;
    }
    for (; t < run->count; t++)
        add_tap(pixels, kind == UNSIGNED, run->taps[t] + from, step, run->weights[t], sums);
}

/* `pixels` pixels from `x` of the run on. */
PL_ALWAYS_INLINE void run_pixels(const int pixels, enum sums kind, bool right,
                                 const struct run *run, int64_t x, uint8_t *output)
{
    int32x4_t sums[PIXELS][VECTORS];
    UNROLL for (int v = 0; v < VECTORS; v++)
    {
        const int32x4_t start = vld1q_s32(run->starts + 4 * v);
        UNROLL for (int p = 0; p < pixels; p++) sums[p][v] = start;
    }
    add_taps(pixels, kind, run, x * run->step, sums);
    const struct chunk *chunk = run->chunk;
    const struct pl_byte_range_neon range = pl_byte_range_neon(chunk->weights->range);
    UNROLL for (int v = 0; v < VECTORS; v++)
    {
        UNROLL for (int p = 0; p < pixels; p++) sums[p][v] =
            pl_requantize_neon(sums[p][v], &chunk->requantize, v, true, right);
    }
    UNROLL for (int p = 0; p < pixels; p++)
    {
        const uint8x16_t bytes = pl_place_bytes_neon(sums[p], range, kind == UNSIGNED);
        store(output + p * (int64_t)chunk->shape->channels, bytes, chunk->count);
    }
}

PL_ALWAYS_INLINE void run_all(enum sums kind, bool right, const struct run *run, int32_t count,
                              uint8_t *output)
{
    const int64_t out_step = run->chunk->shape->channels;
    int32_t x = 0;
    for (; x + PIXELS <= count; x += PIXELS)
        run_pixels(PIXELS, kind, right, run, x, output + x * out_step);
    for (; x < count; x++) run_pixels(1, kind, right, run, x, output + x * out_step);
}

#define DEFINE_RUN(name, kind)                                                                     \
    static void name(const struct run *run, int32_t count, uint8_t *output)                        \
    {                                                                                              \
        if (run->chunk->requantize.shifts_right) run_all(kind, true, run, count, output);          \
        else run_all(kind, false, run, count, output);                                             \
    }
DEFINE_RUN(run_signed, SIGNED)
DEFINE_RUN(run_unsigned, UNSIGNED)
DEFINE_RUN(run_narrow, NARROW)

static void run_count(const struct run *run, int32_t count, uint8_t *output)
{
    const struct chunk *chunk = run->chunk;
    (chunk->is_unsigned ? run_unsigned
     : chunk->narrow    ? run_narrow
                        : run_signed)(run, count, output);
}

/* One pixel, of which taps may be so close to the end of the image that a whole load would read
 * beyond it. */
static void run_careful(struct chunk *chunk, const struct run *run, int32_t x, uint8_t *output)
{
    struct run copy = *run;
    for (int32_t t = 0; t < run->count; t++) {
        copy.taps[t] = run->taps[t] + x * run->step;
        if (run->taps[t] == chunk->outside) copy.taps[t] = chunk->outside;
        else if (chunk->end - copy.taps[t] < CHUNK)
            copy.taps[t] = memcpy(chunk->window[t], copy.taps[t], (size_t)chunk->count);
    }
    run_count(&copy, 1, output);
}

/* ---- a chunk --------------------------------------------------------------------------------- */

static void prepare_chunk(struct chunk *chunk, int32_t first, int32_t count)
{
    const struct pl_patch *patch = &chunk->shape->patch;
    const struct pl_depthwise_integer *weights = chunk->weights;
    const struct pl_requantizer_neon requantizer = {.multipliers = weights->multipliers};
    chunk->first = first;
    chunk->count = count;
    pl_requantize_prepare_neon(&requantizer, first, count, &chunk->requantize);
    memset(chunk->bias, 0, sizeof chunk->bias);
    if (weights->bias != NULL)
        memcpy(chunk->bias, weights->bias + first, (size_t)count * sizeof *chunk->bias);
    memset(chunk->row_sums, 0, (size_t)patch->filter_height * sizeof *chunk->row_sums);
    const int32_t taps = patch->filter_height * patch->filter_width;
    chunk->narrow = !chunk->is_unsigned && weights->weight_zero_point == 0;
    for (int32_t t = 0; t < taps; t++) {
        const uint8_t *from =
            (const uint8_t *)weights->weights + (int64_t)t * chunk->shape->channels + first;
        int32_t *sums = chunk->row_sums[t / patch->filter_width];
        memset(chunk->taps[t], 0, sizeof chunk->taps[t]);
        memset(chunk->bytes[t], 0, sizeof chunk->bytes[t]);
        for (int32_t n = 0; n < count; n++) {
            const int32_t raw = chunk->is_unsigned ? from[n] : (int8_t)from[n];
            const int32_t weight = raw - weights->weight_zero_point;
            chunk->taps[t][n] = (int16_t)weight;
            chunk->bytes[t][n] = (int8_t)weight;
            chunk->narrow &= weight != INT8_MIN;
            sums[n] += weight;
        }
    }
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Everything of a row but where its taps are. */
static struct run start_row(const struct chunk *chunk, struct pl_taps rows)
{
    const struct pl_patch *patch = &chunk->shape->patch;
    struct run run = {.chunk = chunk,
                      .count = (rows.to - rows.from) * patch->filter_width,
                      .weights = chunk->taps + rows.from * patch->filter_width,
                      .bytes = chunk->bytes + rows.from * patch->filter_width,
                      .step = (int64_t)patch->stride_x * patch->channels};
    for (int n = 0; n < CHUNK; n++) {
        uint32_t sum = 0;
        for (int32_t j = rows.from; j < rows.to; j++) sum += (uint32_t)chunk->row_sums[j][n];
        const uint32_t zero_point = (uint32_t)chunk->weights->input_zero_point;
        run.starts[n] = (int32_t)((uint32_t)chunk->bias[n] - zero_point * sum);
    }
    return run;
}

/* The taps of output pixel x. */
static void place_taps(const struct chunk *chunk, int32_t y, int32_t x, struct pl_taps rows,
                       struct run *run)
{
    const struct pl_patch *patch = &chunk->shape->patch;
    const struct pl_taps columns = pl_patch_taps_x(patch, x);
    const int64_t first_y = (int64_t)y * patch->stride_y - patch->before_y;
    const int64_t first_x = (int64_t)x * patch->stride_x - patch->before_x;
    const uint8_t **tap = run->taps;
    for (int32_t j = rows.from; j < rows.to; j++) {
        const int64_t line = (first_y + (int64_t)j * patch->dilation_y) * patch->width;
        for (int32_t i = 0; i < patch->filter_width; i++) {
            const int64_t pixel = line + first_x + (int64_t)i * patch->dilation_x;
            const bool inside = i >= columns.from && i < columns.to;
            *tap++ =
                inside ? chunk->input + pixel * patch->channels + chunk->first : chunk->outside;
        }
    }
}

/* How many pixels of the run can be read in whole loads, of `count`. */
static int32_t count_safe(const struct chunk *chunk, const struct run *run, int32_t count)
{
    if (chunk->count == CHUNK || run->count == 0) return count;
    const int64_t room = chunk->end - run->taps[run->count - 1] - CHUNK;
    const int64_t safe = room < 0 ? 0 : room / run->step + 1;
    return safe < count ? (int32_t)safe : count;
}

/* Output pixels whose taps are all inside: [from, to). */
static struct pl_taps find_inner(const struct pl_depthwise_shape *shape)
{
    const struct pl_patch *patch = &shape->patch;
    const int64_t reach = (int64_t)(patch->filter_width - 1) * patch->dilation_x;
    const int64_t last = (int64_t)patch->width - 1 - reach + patch->before_x;
    const int64_t from = ((int64_t)patch->before_x + patch->stride_x - 1) / patch->stride_x;
    const int64_t behind = last < 0 ? 0 : last / patch->stride_x + 1;
    const int64_t to = behind < shape->output_width ? behind : shape->output_width;
    if (patch->before_x < 0 || from >= to) return (struct pl_taps){0, 0};
    return (struct pl_taps){(int32_t)from, (int32_t)to};
}

static void run_row(struct chunk *chunk, int32_t y, uint8_t *output)
{
    const struct pl_depthwise_shape *shape = chunk->shape;
    const struct pl_taps rows = pl_patch_taps_y(&shape->patch, y), inner = find_inner(shape);
    struct run run = start_row(chunk, rows);
    output += chunk->first;
    for (int32_t x = 0; x < shape->output_width;) {
        place_taps(chunk, y, x, rows, &run);
        int32_t count = x == inner.from && x < inner.to ? inner.to - x : 1;
        const int32_t safe = count > 1 ? count_safe(chunk, &run, count) : 0;
        run_count(&run, safe, output + (int64_t)x * shape->channels);
        for (int32_t i = safe; i < count; i++)
            run_careful(chunk, &run, i, output + (int64_t)(x + i) * shape->channels);
        x += count;
    }
}

static void run_chunk(struct chunk *chunk, uint8_t *output, int32_t y, int32_t rows)
{
    const int64_t row = (int64_t)chunk->shape->output_width * chunk->shape->channels;
    for (int32_t i = 0; i < rows; i++) run_row(chunk, y + i, output + i * row);
}

static bool is_left_to_c(const struct pl_depthwise_shape *shape)
{
    const struct pl_patch *patch = &shape->patch;
    return shape->multiplier != 1 || patch->filter_height > MAX_TAPS ||
           patch->filter_width > MAX_TAPS || patch->filter_height * patch->filter_width > MAX_TAPS;
}

static void run_chunks(const struct pl_depthwise_shape *shape,
                       const struct pl_depthwise_integer *weights, const void *input,
                       uint8_t *output, int32_t y, int32_t rows, bool is_unsigned)
{
    struct chunk chunk;
    chunk.shape = shape;
    chunk.weights = weights;
    chunk.input = input;
    chunk.end = chunk.input + (int64_t)shape->patch.height * shape->patch.width * shape->channels;
    chunk.is_unsigned = is_unsigned;
    memset(chunk.outside, weights->input_zero_point, sizeof chunk.outside);
    for (int32_t first = 0; first < shape->channels; first += CHUNK) {
        const int32_t rest = shape->channels - first;
        /* The last chunk is a whole one, of which some channels are computed again. */
        if (rest >= CHUNK) prepare_chunk(&chunk, first, CHUNK);
        else if (shape->channels > CHUNK) prepare_chunk(&chunk, shape->channels - CHUNK, CHUNK);
        else prepare_chunk(&chunk, first, rest);
        run_chunk(&chunk, output, y, rows);
    }
}

void PL_LEVEL(pl_depthwise_i8_neon)(const struct pl_depthwise_shape *shape,
                                    const struct pl_depthwise_integer *weights, const void *input,
                                    void *output, int32_t y, int32_t rows)
{
    if (is_left_to_c(shape)) PL_LEVEL(pl_depthwise_i8_c)(shape, weights, input, output, y, rows);
    else run_chunks(shape, weights, input, output, y, rows, false);
}

void PL_LEVEL(pl_depthwise_u8_neon)(const struct pl_depthwise_shape *shape,
                                    const struct pl_depthwise_integer *weights, const void *input,
                                    void *output, int32_t y, int32_t rows)
{
    if (is_left_to_c(shape)) PL_LEVEL(pl_depthwise_u8_c)(shape, weights, input, output, y, rows);
    else run_chunks(shape, weights, input, output, y, rows, true);
}
