/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution of bytes, sixteen channels at a time: see depthwise_tile_neon.h. The input's
 * zero point is taken off before the first tap: rows of taps outside of the image are left out there
 * and then, single taps at the sides read a line of zero points. */
#include "kernels/arm/depthwise_bytes_neon.h"

#include <string.h>

#include "kernels/arm/depthwise_tile_neon.h"
#include "kernels/c/depthwise_c.h"

#define DEFINE_RUN(name, kind)                                                                     \
    static void name(const struct run *run, int32_t count, uint8_t *output)                        \
    {                                                                                              \
        if (run->chunk->requantize.shifts_right) pl_run_all_neon(kind, true, run, count, output);  \
        else pl_run_all_neon(kind, false, run, count, output);                                     \
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
           patch->filter_width > MAX_TAPS || pl_patch_tap_count(patch) > MAX_TAPS;
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
