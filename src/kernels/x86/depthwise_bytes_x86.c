/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution of bytes: chunks of channels in two vectors of sums. Two taps at a time are
 * widened to 16 bits and interleaved, so that one instruction multiplies both and adds them.
 * Interleaving within lanes of 128 bits puts channels 0 to 3 of every eight into one vector and 4
 * to 7 into the other, and packing the results undoes it. */
#include "kernels/x86/depthwise_bytes_x86.h"

#include <string.h>

#include "kernels/c/depthwise_c.h"
#include "kernels/x86/requantize_x86.h"

enum {
    CHUNK = 2 * PL_LANES,
    MAX_TAPS = 64,
    MAX_PAIRS = MAX_TAPS / 2,
    ENOUGH_PIXELS = 64 /* for what is prepared per chunk not to count */
};

struct chunk {
    const struct pl_depthwise_shape *shape;
    const struct pl_depthwise_integer *weights;
    const uint8_t *input;
    struct pl_requantizer_x86 requantizer;
    int32_t first, count; /* channels */
    int32_t period;       /* lane n is channel first + n % period */
    int32_t taps, pairs;
    bool fits; /* scales can be used */
    pl_vec pair_weights[MAX_PAIRS][2];
    int32_t starts[2][PL_LANES];
    float scales[2][PL_LANES], nudges[2][PL_LANES];
    int64_t offsets[MAX_TAPS];        /* of the taps from the first one */
    int64_t window_offsets[MAX_TAPS]; /* the same in `window` */
    uint8_t window[MAX_TAPS][CHUNK];  /* the taps of a pixel at the border */
};

/* Lane of vector `half` to channel of the chunk. */
PL_ALWAYS_INLINE int channel_of(int half, int lane)
{
    return lane / 4 * 8 + half * 4 + lane % 4;
}

/* ---- a pixel --------------------------------------------------------------------------------- */

/* CHUNK bytes as words. */
PL_ALWAYS_INLINE pl_vec widen(const uint8_t *from, bool is_unsigned)
{
#if defined(__AVX512F__)
    const __m256i bytes = _mm256_loadu_si256((const __m256i_u *)from);
    return is_unsigned ? _mm512_cvtepu8_epi16(bytes) : _mm512_cvtepi8_epi16(bytes);
#else
    const __m128i bytes = _mm_loadu_si128((const __m128i_u *)from);
    return is_unsigned ? _mm256_cvtepu8_epi16(bytes) : _mm256_cvtepi8_epi16(bytes);
#endif
}

PL_ALWAYS_INLINE pl_vec add_pairs(pl_vec sum, pl_vec a, pl_vec b)
{
#if defined(__AVX512VNNI__)
    return _mm512_dpwssd_epi32(sum, a, b);
#elif defined(__AVXVNNI__)
    return _mm256_dpwssd_avx_epi32(sum, a, b);
#else
    return pl_vec_add(sum, PL_VEC_16(madd)(a, b));
#endif
}

/* The lanes of `unsure` in the reference's way. */
static __attribute__((noinline)) void redo(const struct chunk *chunk, int half, pl_vec sums,
                                           uint32_t unsure, uint8_t *bytes)
{
    int32_t lanes[PL_LANES];
    pl_vec_store(lanes, sums);
    for (; unsure != 0; unsure &= unsure - 1) {
        const int lane = __builtin_ctz(unsure), channel = channel_of(half, lane);
        bytes[channel] = (uint8_t)pl_requantize_exactly_x86(&chunk->requantizer, lanes[lane],
                                                            chunk->first + channel % chunk->period);
    }
}

PL_ALWAYS_INLINE void store_bytes(const struct chunk *chunk, pl_vec words, bool is_unsigned,
                                  uint8_t *output)
{
    const struct pl_output_range range = chunk->requantizer.range;
    words = PL_VEC_16(adds)(words, PL_VEC_16(set1)((int16_t)range.zero_point));
    words = PL_VEC_16(max)(words, PL_VEC_16(set1)((int16_t)range.low));
    words = PL_VEC_16(min)(words, PL_VEC_16(set1)((int16_t)range.high));
#if defined(__AVX512F__)
    (void)is_unsigned;
    _mm256_storeu_si256((__m256i_u *)output, _mm512_cvtepi16_epi8(words));
#else
    const __m256i bytes =
        is_unsigned ? _mm256_packus_epi16(words, words) : _mm256_packs_epi16(words, words);
    const __m256i joined = _mm256_permute4x64_epi64(bytes, 0x08);
    _mm_storeu_si128((__m128i_u *)output, _mm256_castsi256_si128(joined));
#endif
}

PL_ALWAYS_INLINE void finish(const struct chunk *chunk, pl_vec low, pl_vec high, bool is_unsigned,
                             uint8_t *output)
{
    const struct pl_rounded_x86 a = pl_round_scaled_x86(low, PL_VEC_FLOAT(loadu)(chunk->scales[0]),
                                                        PL_VEC_FLOAT(loadu)(chunk->nudges[0]));
    const struct pl_rounded_x86 b = pl_round_scaled_x86(high, PL_VEC_FLOAT(loadu)(chunk->scales[1]),
                                                        PL_VEC_FLOAT(loadu)(chunk->nudges[1]));
    store_bytes(chunk, PL_VEC_32(packs)(a.values, b.values), is_unsigned, output);
    const pl_vec_float worst =
        PL_VEC_FLOAT(max)(pl_absolute_x86(a.distance), pl_absolute_x86(b.distance));
    if (__builtin_expect(chunk->fits && pl_unsure_x86(worst) == 0, 1)) return;
    const uint32_t all = chunk->fits ? 0 : (1u << (PL_LANES - 1) << 1) - 1;
    redo(chunk, 0, low, pl_unsure_x86(a.distance) | all, output);
    redo(chunk, 1, high, pl_unsure_x86(b.distance) | all, output);
}

PL_ALWAYS_INLINE void run_pixel(const struct chunk *chunk, const uint8_t *base,
                                const int64_t *offsets, const int32_t pairs, bool is_unsigned,
                                uint8_t *output)
{
    pl_vec low = pl_vec_load(chunk->starts[0]), high = pl_vec_load(chunk->starts[1]);
    for (int32_t p = 0; p < pairs; p++) {
        const pl_vec a = widen(base + offsets[2 * p], is_unsigned);
        const pl_vec b = widen(base + offsets[2 * p + 1], is_unsigned);
        low = add_pairs(low, PL_VEC_16(unpacklo)(a, b), chunk->pair_weights[p][0]);
        high = add_pairs(high, PL_VEC_16(unpackhi)(a, b), chunk->pair_weights[p][1]);
    }
    finish(chunk, low, high, is_unsigned, output);
}

/* Pixels `step` bytes apart, outputs `out_step`. */
struct steps {
    int64_t step, out_step;
    int32_t pixels;
};

PL_ALWAYS_INLINE void run_pixels(const struct chunk *chunk, const uint8_t *base,
                                 const struct steps *steps, const int64_t *offsets,
                                 const int32_t pairs, bool is_unsigned, uint8_t *output)
{
    const int64_t step = steps->step, out_step = steps->out_step;
    const int32_t pixels = steps->pixels;
    for (int32_t x = 0; x < pixels; x++, base += step, output += out_step)
        run_pixel(chunk, base, offsets, pairs, is_unsigned, output);
}

/* A number of pairs that is a constant makes a better loop. */
PL_ALWAYS_INLINE void choose_pixels(const struct chunk *chunk, const uint8_t *base,
                                    const struct steps *steps, const int64_t *offsets,
                                    bool is_unsigned, uint8_t *output)
{
    enum { PAIRS_OF_9 = 5 };
    if (chunk->pairs == PAIRS_OF_9)
        run_pixels(chunk, base, steps, offsets, PAIRS_OF_9, is_unsigned, output);
    else run_pixels(chunk, base, steps, offsets, chunk->pairs, is_unsigned, output);
}

static void signed_pixels(const struct chunk *chunk, const uint8_t *base, const struct steps *steps,
                          const int64_t *offsets, uint8_t *output)
{
    choose_pixels(chunk, base, steps, offsets, false, output);
}

static void unsigned_pixels(const struct chunk *chunk, const uint8_t *base,
                            const struct steps *steps, const int64_t *offsets, uint8_t *output)
{
    choose_pixels(chunk, base, steps, offsets, true, output);
}

typedef void (*pixels_function)(const struct chunk *chunk, const uint8_t *base,
                                const struct steps *steps, const int64_t *offsets, uint8_t *output);

/* ---- a chunk --------------------------------------------------------------------------------- */

/* The weights of a tap less their zero point; 0 behind the last tap. */
static pl_vec weights_of(const struct chunk *chunk, int32_t tap)
{
    if (tap >= chunk->taps) return pl_vec_set(0);
    const int64_t first = (int64_t)tap * chunk->shape->channels + chunk->first;
    const uint8_t *weights = (const uint8_t *)chunk->weights->weights + first;
    uint8_t lanes[CHUNK] = {0};
    if (chunk->period < CHUNK) {
        for (int32_t n = 0; n < CHUNK; n++) lanes[n] = weights[n % chunk->period];
        weights = lanes;
    }
    const pl_vec words = widen(weights, chunk->requantizer.is_unsigned);
    return PL_VEC_16(sub)(words, PL_VEC_16(set1)((int16_t)chunk->weights->weight_zero_point));
}

/* sums: of a channel's weights. */
static void prepare_weights(struct chunk *chunk, int16_t sums[CHUNK])
{
    pl_vec sum = pl_vec_set(0);
    for (int32_t p = 0; p < chunk->pairs; p++) {
        const pl_vec a = weights_of(chunk, 2 * p), b = weights_of(chunk, 2 * p + 1);
        chunk->pair_weights[p][0] = PL_VEC_16(unpacklo)(a, b);
        chunk->pair_weights[p][1] = PL_VEC_16(unpackhi)(a, b);
        sum = PL_VEC_16(add)(sum, PL_VEC_16(add)(a, b));
    }
    pl_vec_store(sums, sum);
}

static void prepare_chunk(struct chunk *chunk, int32_t first, int32_t count, int32_t period)
{
    int16_t sums[CHUNK];
    struct pl_requantize_block_x86 blocks[CHUNK / PL_REQUANTIZE_BLOCK];
    chunk->first = first;
    chunk->count = count;
    chunk->period = period;
    chunk->fits = true;
    for (int32_t n = 0; n < period; n += PL_REQUANTIZE_BLOCK) {
        const int32_t rest = period - n;
        chunk->fits &= pl_requantize_prepare_x86(
            &chunk->requantizer, first + n, rest < PL_REQUANTIZE_BLOCK ? rest : PL_REQUANTIZE_BLOCK,
            &blocks[n / PL_REQUANTIZE_BLOCK]);
    }
    prepare_weights(chunk, sums);
    for (int half = 0; half < 2; half++) {
        for (int lane = 0; lane < PL_LANES; lane++) {
            const int c = channel_of(half, lane) % period;
            const struct pl_requantize_block_x86 *block = &blocks[c / PL_REQUANTIZE_BLOCK];
            const int32_t *bias = chunk->weights->bias;
            const uint32_t start = bias != NULL ? (uint32_t)bias[first + c] : 0;
            chunk->starts[half][lane] =
                (int32_t)(start - (uint32_t)(chunk->weights->input_zero_point * sums[c]));
            chunk->scales[half][lane] = block->scale[c % PL_REQUANTIZE_BLOCK];
            chunk->nudges[half][lane] = block->nudge[c % PL_REQUANTIZE_BLOCK];
        }
    }
}

/* Where the taps are; the last one of an odd number is there twice, its second weight is 0. */
static void prepare_taps(struct chunk *chunk)
{
    const struct pl_patch *patch = &chunk->shape->patch;
    chunk->taps = patch->filter_height * patch->filter_width;
    chunk->pairs = (chunk->taps + 1) / 2;
    for (int32_t t = 0; t < 2 * chunk->pairs; t++) {
        const int32_t tap = t < chunk->taps ? t : chunk->taps - 1;
        const int64_t row = (int64_t)(tap / patch->filter_width) * patch->dilation_y;
        const int64_t column = (int64_t)(tap % patch->filter_width) * patch->dilation_x;
        chunk->offsets[t] = (row * patch->width + column) * patch->channels;
        chunk->window_offsets[t] = (int64_t)tap * CHUNK;
    }
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* A pixel at the border: what lies outside is the zero point. */
static void run_border(struct chunk *chunk, int32_t y, int32_t x, pixels_function run,
                       uint8_t *output)
{
    const struct pl_patch *patch = &chunk->shape->patch;
    const struct pl_taps rows = pl_patch_taps_y(patch, y), columns = pl_patch_taps_x(patch, x);
    const int64_t first_y = (int64_t)y * patch->stride_y - patch->before_y;
    const int64_t first_x = (int64_t)x * patch->stride_x - patch->before_x;
    for (int32_t j = 0; j < patch->filter_height; j++) {
        const int64_t line = (first_y + (int64_t)j * patch->dilation_y) * patch->width;
        for (int32_t i = 0; i < patch->filter_width; i++) {
            uint8_t *tap = chunk->window[j * patch->filter_width + i];
            if (j < rows.from || j >= rows.to || i < columns.from || i >= columns.to) {
                memset(tap, chunk->weights->input_zero_point, CHUNK);
                continue;
            }
            const int64_t pixel = line + first_x + (int64_t)i * patch->dilation_x;
            const uint8_t *from = chunk->input + pixel * patch->channels + chunk->first;
            if (chunk->count == CHUNK) memcpy(tap, from, CHUNK);
            else memcpy(tap, from, (size_t)chunk->count);
        }
    }
    const struct steps one = {.pixels = 1};
    uint8_t whole[CHUNK];
    const bool is_whole = chunk->count == CHUNK;
    run(chunk, chunk->window[0], &one, chunk->window_offsets, is_whole ? output : whole);
    if (!is_whole) memcpy(output, whole, (size_t)chunk->count);
}

/* The outputs along an axis whose taps all lie inside: [from, to). */
static struct pl_taps find_inner(int32_t count, int32_t filter, int32_t stride, int32_t dilation,
                                 int32_t before, int32_t size)
{
    const int64_t last = (int64_t)size - 1 - (int64_t)(filter - 1) * dilation + before;
    const int64_t from = before <= 0 ? 0 : ((int64_t)before + stride - 1) / stride;
    int64_t to = last < 0 ? 0 : last / stride + 1;
    if (to > count) to = count;
    if (from >= to) return (struct pl_taps){count, count};
    return (struct pl_taps){(int32_t)from, (int32_t)to};
}

/* Pixels [inner.from, inner.to) of a row, in whole chunks of channels. */
static void run_inner(const struct chunk *chunk, const uint8_t *base, int32_t pixels,
                      pixels_function run, uint8_t *output)
{
    const struct pl_depthwise_shape *shape = chunk->shape;
    const int32_t channels = shape->channels;
    if (chunk->count == CHUNK) {
        const struct steps steps = {(int64_t)shape->patch.stride_x * channels, channels, pixels};
        run(chunk, base, &steps, chunk->offsets, output);
        return;
    }
    /* The few channels of all these pixels are like the many of one. */
    const int32_t bytes = pixels * channels;
    struct steps steps = {CHUNK, CHUNK, bytes / CHUNK};
    run(chunk, base, &steps, chunk->offsets, output);
    if (bytes % CHUNK != 0) {
        steps.pixels = 1;
        run(chunk, base + bytes - CHUNK, &steps, chunk->offsets, output + bytes - CHUNK);
    }
}

/* Whether run_inner can do so many pixels. */
static bool has_inner(const struct chunk *chunk, int32_t pixels)
{
    const int32_t channels = chunk->shape->channels;
    return chunk->count == CHUNK || (CHUNK % channels == 0 && chunk->shape->patch.stride_x == 1 &&
                                     pixels <= INT32_MAX / channels && pixels * channels >= CHUNK);
}

static void run_row(struct chunk *chunk, int32_t y, pixels_function run, uint8_t *output)
{
    const struct pl_depthwise_shape *shape = chunk->shape;
    const struct pl_patch *patch = &shape->patch;
    const int32_t width = shape->output_width;
    const struct pl_taps rows = pl_patch_taps_y(patch, y);
    struct pl_taps inner = {width, width};
    if (rows.from == 0 && rows.to == patch->filter_height) {
        inner = find_inner(width, patch->filter_width, patch->stride_x, patch->dilation_x,
                           patch->before_x, patch->width);
    }
    if (!has_inner(chunk, inner.to - inner.from)) inner.from = width;
    output += chunk->first;
    for (int32_t x = 0; x < width; x++) {
        uint8_t *pixel = output + (int64_t)x * shape->channels;
        if (x == inner.from) {
            const int64_t line = ((int64_t)y * patch->stride_y - patch->before_y) * patch->width;
            const int64_t first = line + (int64_t)x * patch->stride_x - patch->before_x;
            run_inner(chunk, chunk->input + first * patch->channels + chunk->first,
                      inner.to - inner.from, run, pixel);
            x = inner.to - 1;
        } else {
            run_border(chunk, y, x, run, pixel);
        }
    }
}

static void run_rows(const struct pl_depthwise_shape *shape,
                     const struct pl_depthwise_integer *weights, const void *input, void *output,
                     int32_t y, int32_t rows, bool is_unsigned)
{
    const pixels_function run = is_unsigned ? unsigned_pixels : signed_pixels;
    const int64_t row_bytes = (int64_t)shape->output_width * shape->channels;
    const int32_t channels = shape->channels;
    struct chunk chunk;
    chunk.shape = shape;
    chunk.weights = weights;
    chunk.input = input;
    chunk.requantizer = (struct pl_requantizer_x86){.multipliers = weights->multipliers,
                                                    .range = weights->range,
                                                    .is_unsigned = is_unsigned,
                                                    .bias = weights->bias,
                                                    .bound = MAX_TAPS * (255 * 255)};
    prepare_taps(&chunk);
    if (channels < CHUNK) memset(chunk.window, 0, sizeof chunk.window);
    const int32_t together = 1 + ENOUGH_PIXELS / shape->output_width;
    for (int32_t from = 0; from < rows; from += together) {
        const int32_t to = rows - from < together ? rows : from + together;
        for (int32_t channel = 0; channel < channels; channel += CHUNK) {
            /* The last chunk is done with some of the one before. */
            const int32_t first =
                channels - channel < CHUNK && channel > 0 ? channels - CHUNK : channel;
            const int32_t count = channels < CHUNK ? channels : CHUNK;
            prepare_chunk(&chunk, first, count, count);
            for (int32_t row = from; row < to; row++)
                run_row(&chunk, y + row, run, (uint8_t *)output + row * row_bytes);
        }
    }
}

/* What c/ does as well: channels that share inputs and very large filters. */
static bool is_left_to_c(const struct pl_depthwise_shape *shape)
{
    const struct pl_patch *patch = &shape->patch;
    const int64_t taps = (int64_t)patch->filter_height * patch->filter_width;
    return shape->multiplier != 1 || taps > MAX_TAPS || taps < 1 || shape->output_width < 1;
}

void PL_LEVEL(pl_depthwise_i8_x86)(const struct pl_depthwise_shape *shape,
                                   const struct pl_depthwise_integer *weights, const void *input,
                                   void *output, int32_t y, int32_t rows)
{
    if (is_left_to_c(shape)) PL_LEVEL(pl_depthwise_i8_c)(shape, weights, input, output, y, rows);
    else run_rows(shape, weights, input, output, y, rows, false);
}

void PL_LEVEL(pl_depthwise_u8_x86)(const struct pl_depthwise_shape *shape,
                                   const struct pl_depthwise_integer *weights, const void *input,
                                   void *output, int32_t y, int32_t rows)
{
    if (is_left_to_c(shape)) PL_LEVEL(pl_depthwise_u8_c)(shape, weights, input, output, y, rows);
    else run_rows(shape, weights, input, output, y, rows, true);
}
