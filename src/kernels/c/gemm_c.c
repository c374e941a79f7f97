/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products, the reference: see gemm_kernels.h. One walk over tiles of up to TILE_ROWS
 * pixels by one block of outputs serves all types; a type brings a function that adds a run of k
 * to the sums and one that finishes them. */
#include "kernels/gemm_kernels.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/requantize.h"

enum { BLOCK = PL_GEMM_BLOCK, TILE_ROWS = 4, WIDE_RUN = 256 };

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* ---- packing --------------------------------------------------------------------------------- */

#define DEFINE_PACK(name, raw_type, packed_type, convert)                                          \
    static void pack_blocks_##name(void *packed, const void *raw, const struct pl_gemm_pack *pack, \
                                   int64_t from, int64_t to)                                       \
    {                                                                                              \
        const int64_t blocks = pl_gemm_blocks(pack->channels);                                     \
        for (int64_t b = from; b < to; b++) {                                                      \
            const int64_t first = b % blocks * BLOCK;                                              \
            const raw_type *source = (const raw_type *)raw + b / blocks * pack->group_stride +     \
                                     first * pack->channel_stride;                                 \
            packed_type *target = (packed_type *)packed + b * pack->depth * BLOCK;                 \
            const int64_t count = pack->channels - first < BLOCK ? pack->channels - first : BLOCK; \
            for (int64_t k = 0; k < pack->depth; k++, target += BLOCK) {                           \
                for (int64_t n = 0; n < count; n++) {                                              \
                    const raw_type value =                                                         \
                        source[k * pack->depth_stride + n * pack->channel_stride];                 \
                    target[n] = (packed_type)(convert);                                            \
                }                                                                                  \
                for (int64_t n = count; n < BLOCK; n++) target[n] = 0;                             \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    static void pack_##name(void *packed, const void *raw, const void *context)                    \
    {                                                                                              \
        const struct pl_gemm_pack *pack = context;                                                 \
        pack_blocks_##name(packed, raw, pack, 0,                                                   \
                           (int64_t)pack->groups *pl_gemm_blocks(pack->channels));                 \
    }

DEFINE_PACK(f32, float, float, value)
DEFINE_PACK(i8, int8_t, int8_t, value)
DEFINE_PACK(u8, uint8_t, int8_t, value - 128)
DEFINE_PACK(i16, int16_t, int16_t, value)

/* ---- sums ------------------------------------------------------------------------------------ */

/* The sums of a tile. Integers are unsigned so that they wrap. */
struct sums {
    union {
        float f32[TILE_ROWS][BLOCK];
        uint32_t i32[TILE_ROWS][BLOCK];
        uint64_t i64[TILE_ROWS][BLOCK];
    };
    uint64_t inputs[TILE_ROWS]; /* of (input - zero point) alone, for weight_offset */
};

/* Adds k products: row r of the tile reads input + r * row_stride. */
typedef void (*add_function)(struct sums *sums, const void *input, ptrdiff_t row_stride,
                             const void *weights, int64_t k, const int32_t *zero_points);

/* Vectors of the compiler's own: they keep a tile's sums in registers, where arrays would go
 * through memory. */
typedef float float_lanes __attribute__((vector_size(32)));
typedef uint32_t word_lanes __attribute__((vector_size(32)));
typedef int32_t signed_lanes __attribute__((vector_size(32)));
typedef int8_t byte_lanes __attribute__((vector_size(16)));
typedef int16_t short_lanes __attribute__((vector_size(32)));
typedef int16_t half_lanes __attribute__((vector_size(16)));
enum { LANES = 8, VECTORS = BLOCK / LANES };

static ALWAYS_INLINE void multiply_add(float_lanes *sum, float x, const float_lanes *weights)
{
    float_lanes result;
    for (int lane = 0; lane < LANES; lane++) result[lane] = fmaf(x, (*weights)[lane], (*sum)[lane]);
    *sum = result;
}

static ALWAYS_INLINE void add_f32(int rows, struct sums *sums, const float *input,
                                  ptrdiff_t row_stride, const float *weights, int64_t k)
{
    float_lanes local[TILE_ROWS][VECTORS];
    memcpy(local, sums->f32, sizeof local);
    for (int64_t i = 0; i < k; i++, weights += BLOCK) {
        float_lanes w[VECTORS];
        memcpy(w, weights, sizeof w);
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++) {
            const float x = input[r * row_stride + i];
            for (int v = 0; v < VECTORS; v++) multiply_add(&local[r][v], x, &w[v]);
        }
    }
    memcpy(sums->f32, local, sizeof local);
}

/* Loads a block of int8 weights as words. */
static ALWAYS_INLINE void widen_weights(const int8_t *weights, word_lanes words[VECTORS])
{
    byte_lanes bytes;
    memcpy(&bytes, weights, sizeof bytes);
    const short_lanes shorts = __builtin_convertvector(bytes, short_lanes);
    half_lanes halves[VECTORS];
    memcpy(halves, &shorts, sizeof shorts);
    for (int v = 0; v < VECTORS; v++)
        words[v] = (word_lanes) __builtin_convertvector(halves[v], signed_lanes);
}

#define DEFINE_ADD_BYTES(name, input_type)                                                         \
    static ALWAYS_INLINE void add_##name(int rows, struct sums *sums, const input_type *input,     \
                                         ptrdiff_t row_stride, const int8_t *weights, int64_t k,   \
                                         const int32_t *zero_points)                               \
    {                                                                                              \
        word_lanes local[TILE_ROWS][VECTORS];                                                      \
        memcpy(local, sums->i32, sizeof local);                                                    \
        for (int64_t i = 0; i < k; i++, weights += BLOCK) {                                        \
            word_lanes w[VECTORS];                                                                 \
            widen_weights(weights, w);                                                             \
            _Pragma("GCC unroll 4") for (int r = 0; r < rows; r++)                                 \
            {                                                                                      \
                const uint32_t x = (uint32_t)(input[r * row_stride + i] - zero_points[r]);         \
                for (int v = 0; v < VECTORS; v++) local[r][v] += w[v] * x;                         \
            }                                                                                      \
        }                                                                                          \
        memcpy(sums->i32, local, sizeof local);                                                    \
    }

DEFINE_ADD_BYTES(i8, int8_t)
DEFINE_ADD_BYTES(u8, uint8_t)

/* A product has 23 bits, so runs of WIDE_RUN fit into 32. */
static ALWAYS_INLINE void add_i16_i8(int rows, struct sums *sums, const int16_t *input,
                                     ptrdiff_t row_stride, const int8_t *weights, int64_t k)
{
    for (int64_t from = 0; from < k; from += WIDE_RUN) {
        const int64_t to = k - from < WIDE_RUN ? k : from + WIDE_RUN;
        word_lanes local[TILE_ROWS][VECTORS] = {{{0}}};
        for (int64_t i = from; i < to; i++, weights += BLOCK) {
            word_lanes w[VECTORS];
            widen_weights(weights, w);
#pragma GCC unroll 4
            for (int r = 0; r < rows; r++) {
                const uint32_t x = (uint32_t)(int32_t)input[r * row_stride + i];
                for (int v = 0; v < VECTORS; v++) local[r][v] += w[v] * x;
            }
        }
        for (int r = 0; r < rows; r++) {
            int32_t run[BLOCK];
            memcpy(run, local[r], sizeof run);
            for (int n = 0; n < BLOCK; n++) sums->i64[r][n] += (uint64_t)(int64_t)run[n];
        }
    }
}

static ALWAYS_INLINE void add_i16_i16(int rows, struct sums *sums, const int16_t *input,
                                      ptrdiff_t row_stride, const int16_t *weights, int64_t k)
{
    for (int64_t i = 0; i < k; i++, weights += BLOCK) {
        for (int r = 0; r < rows; r++) {
            const int32_t x = input[r * row_stride + i];
            for (int n = 0; n < BLOCK; n++) sums->i64[r][n] += (uint64_t)(int64_t)(x * weights[n]);
        }
    }
}

/* Sums of the inputs alone. */
#define DEFINE_ADD_INPUTS(name, input_type)                                                        \
    static void add_inputs_##name(int rows, struct sums *sums, const void *input,                  \
                                  ptrdiff_t row_stride, int64_t k, const int32_t *zero_points)     \
    {                                                                                              \
        for (int r = 0; r < rows; r++) {                                                           \
            const input_type *row = (const input_type *)input + r * row_stride;                    \
            int64_t sum = 0;                                                                       \
            for (int64_t i = 0; i < k; i++) sum += row[i];                                         \
            sums->inputs[r] += (uint64_t)(sum - k * zero_points[r]);                               \
        }                                                                                          \
    }

DEFINE_ADD_INPUTS(i8, int8_t)
DEFINE_ADD_INPUTS(u8, uint8_t)
DEFINE_ADD_INPUTS(i16, int16_t)

/* For a whole tile and for a single row: the number of rows must be a constant for the sums to
 * stay in registers. */
#define DEFINE_ADD_ROWS(name, input_type, weight_type, ...)                                        \
    static void add_##name##_tile(struct sums *sums, const void *input, ptrdiff_t row_stride,      \
                                  const void *weights, int64_t k, const int32_t *zero_points)      \
    {                                                                                              \
        (void)zero_points;                                                                         \
        add_##name(TILE_ROWS, sums, (const input_type *)input, row_stride,                         \
                   (const weight_type *)weights, k __VA_ARGS__);                                   \
    }                                                                                              \
    static void add_##name##_row(struct sums *sums, const void *input, ptrdiff_t row_stride,       \
                                 const void *weights, int64_t k, const int32_t *zero_points)       \
    {                                                                                              \
        (void)zero_points;                                                                         \
        add_##name(1, sums, (const input_type *)input, row_stride, (const weight_type *)weights,   \
                   k __VA_ARGS__);                                                                 \
    }

DEFINE_ADD_ROWS(f32, float, float)
DEFINE_ADD_ROWS(i8, int8_t, int8_t, , zero_points)
DEFINE_ADD_ROWS(u8, uint8_t, int8_t, , zero_points)
DEFINE_ADD_ROWS(i16_i8, int16_t, int8_t)
DEFINE_ADD_ROWS(i16_i16, int16_t, int16_t)

struct sum_type {
    size_t input_bytes, weight_bytes; /* of an element */
    add_function add_tile, add_row;
    void (*add_inputs)(int rows, struct sums *sums, const void *input, ptrdiff_t row_stride,
                       int64_t k, const int32_t *zero_points);
};

/* ---- the walk -------------------------------------------------------------------------------- */

struct walk {
    const struct pl_gemm_shape *shape;
    const struct pl_gemm_part *part;
    const struct sum_type *type;
    const void *weights;
    const int32_t *zero_points; /* of pixel x: zero_points[x * zero_step] */
    int32_t zero_step;
    bool needs_inputs;
    void (*finish)(const struct walk *walk, const struct sums *sums, int32_t rows, int32_t x,
                   int32_t block);
    const void *parameters; /* of finish */
};

/* A full tile if all its pixels see the same taps. */
static int32_t tile_rows(const struct walk *walk, int32_t x, struct pl_taps taps)
{
    if (walk->part->to_x - x < TILE_ROWS) return 1;
    const struct pl_taps last = pl_patch_taps_x(&walk->shape->patch, x + TILE_ROWS - 1);
    return last.from == taps.from && last.to == taps.to ? TILE_ROWS : 1;
}

/* Adds all taps of `rows` pixels from x on. Neighbouring taps of a row are one run where they
 * are neighbours in memory. */
static void add_taps(const struct walk *walk, const char *weights, int32_t x, int32_t rows,
                     struct pl_taps taps, struct sums *sums)
{
    const struct pl_gemm_shape *shape = walk->shape;
    const struct pl_patch *patch = &shape->patch;
    const struct sum_type *type = walk->type;
    const struct pl_taps taps_y = pl_patch_taps_y(patch, walk->part->y);
    const bool joined = patch->dilation_x == 1 && shape->depth == patch->channels;
    const int32_t runs = joined ? taps.from < taps.to : taps.to - taps.from;
    const int64_t k = joined ? (int64_t)(taps.to - taps.from) * shape->depth : shape->depth;
    const ptrdiff_t row_stride = (ptrdiff_t)patch->stride_x * patch->channels;
    const int64_t first_y = (int64_t)walk->part->y * patch->stride_y - patch->before_y;
    const int64_t first_x =
        (int64_t)x * patch->stride_x - patch->before_x + (int64_t)taps.from * patch->dilation_x;
    const add_function add = rows == TILE_ROWS ? type->add_tile : type->add_row;
    int32_t zero_points[TILE_ROWS] = {0};
    for (int32_t r = 0; r < rows; r++)
        zero_points[r] = walk->zero_points[(x + r) * (ptrdiff_t)walk->zero_step];

    for (int32_t j = taps_y.from; j < taps_y.to; j++) {
        const int64_t pixel = (first_y + (int64_t)j * patch->dilation_y) * patch->width + first_x;
        const char *input =
            (const char *)walk->part->input + pixel * patch->channels * (int64_t)type->input_bytes;
        const int64_t tap = ((int64_t)j * patch->filter_width + taps.from) * shape->depth;
        const char *tap_weights = weights + tap * BLOCK * (int64_t)type->weight_bytes;
        for (int32_t run = 0; run < runs; run++) {
            add(sums, input, row_stride, tap_weights, k, zero_points);
            if (walk->needs_inputs) type->add_inputs(rows, sums, input, row_stride, k, zero_points);
            input += (int64_t)patch->dilation_x * patch->channels * (int64_t)type->input_bytes;
            tap_weights += k * BLOCK * (int64_t)type->weight_bytes;
        }
    }
}

static void run_walk(const struct walk *walk)
{
    const struct pl_gemm_shape *shape = walk->shape;
    const struct pl_gemm_part *part = walk->part;
    const int64_t k =
        (int64_t)shape->patch.filter_height * shape->patch.filter_width * shape->depth;
    for (int32_t block = part->from_block; block < part->to_block; block++) {
        const char *weights =
            (const char *)walk->weights + block * k * BLOCK * (int64_t)walk->type->weight_bytes;
        for (int32_t x = part->from_x; x < part->to_x;) {
            const struct pl_taps taps = pl_patch_taps_x(&shape->patch, x);
            const int32_t rows = tile_rows(walk, x, taps);
            struct sums sums;
            memset(&sums, 0, sizeof sums);
            add_taps(walk, weights, x, rows, taps, &sums);
            walk->finish(walk, &sums, rows, x, block);
            x += rows;
        }
    }
}

/* Outputs of this block; the last one may be narrower. */
static int32_t block_channels(const struct walk *walk, int32_t block)
{
    const int32_t rest = walk->shape->channels - block * BLOCK;
    return rest < BLOCK ? rest : BLOCK;
}

static int64_t output_index(const struct walk *walk, int32_t x, int32_t block)
{
    return (int64_t)x * walk->shape->output_stride + (int64_t)block * BLOCK;
}

/* ---- floats ---------------------------------------------------------------------------------- */

static void finish_f32(const struct walk *walk, const struct sums *sums, int32_t rows, int32_t x,
                       int32_t block)
{
    const struct pl_gemm_float *weights = walk->parameters;
    const int32_t count = block_channels(walk, block);
    for (int32_t r = 0; r < rows; r++) {
        float *output = (float *)walk->part->output + output_index(walk, x + r, block);
        for (int32_t n = 0; n < count; n++) {
            const float bias = weights->bias != NULL ? weights->bias[block * BLOCK + n] : 0.0f;
            output[n] = pl_clamp_float(sums->f32[r][n] + bias, weights->low, weights->high);
        }
    }
}

static const int32_t no_zero_point = 0;

static void gemm_f32(const struct pl_gemm_shape *shape, const struct pl_gemm_float *weights,
                     const struct pl_gemm_part *part)
{
    static const struct sum_type type = {sizeof(float), sizeof(float), add_f32_tile, add_f32_row,
                                         NULL};
    const struct walk walk = {shape, part,  &type,      weights->weights, &no_zero_point,
                              0,     false, finish_f32, weights};
    run_walk(&walk);
}

static void finish_hybrid(const struct walk *walk, const struct sums *sums, int32_t rows, int32_t x,
                          int32_t block)
{
    const struct pl_gemm_hybrid *weights = walk->parameters;
    const int32_t count = block_channels(walk, block);
    for (int32_t r = 0; r < rows; r++) {
        float *output = (float *)walk->part->output + output_index(walk, x + r, block);
        const float row_scale = weights->row_scales[(x + r) * (ptrdiff_t)weights->row_step];
        for (int32_t n = 0; n < count; n++) {
            const int32_t channel = block * BLOCK + n;
            const float bias = weights->bias != NULL ? weights->bias[channel] : 0.0f;
            const float scale = row_scale * weights->weight_scales[channel];
            const float product = (float)(int32_t)sums->i32[r][n] * scale;
            output[n] = pl_clamp_float(product + bias, weights->low, weights->high);
        }
    }
}

static const struct sum_type sum_i8 = {1, 1, add_i8_tile, add_i8_row, add_inputs_i8};

static void gemm_hybrid(const struct pl_gemm_shape *shape, const struct pl_gemm_hybrid *weights,
                        const struct pl_gemm_part *part)
{
    const struct walk walk = {shape,
                              part,
                              &sum_i8,
                              weights->weights,
                              weights->row_zero_points,
                              weights->row_step,
                              false,
                              finish_hybrid,
                              weights};
    run_walk(&walk);
}

/* ---- integers -------------------------------------------------------------------------------- */

static void store_integers(const struct pl_gemm_integer *weights, void *output, int64_t index,
                           const int32_t *values, int32_t count)
{
    switch (weights->output) {
    case PL_GEMM_INT8:
        for (int32_t n = 0; n < count; n++) ((int8_t *)output)[index + n] = (int8_t)values[n];
        break;
    case PL_GEMM_UINT8:
        for (int32_t n = 0; n < count; n++) ((uint8_t *)output)[index + n] = (uint8_t)values[n];
        break;
    case PL_GEMM_INT16:
        for (int32_t n = 0; n < count; n++) ((int16_t *)output)[index + n] = (int16_t)values[n];
        break;
    case PL_GEMM_INT32:
        memcpy((int32_t *)output + index, values, (size_t)count * sizeof *values);
        break;
    }
}

static void finish_i32(const struct walk *walk, const struct sums *sums, int32_t rows, int32_t x,
                       int32_t block)
{
    const struct pl_gemm_integer *weights = walk->parameters;
    const int32_t count = block_channels(walk, block);
    const int32_t first = block * BLOCK;
    for (int32_t r = 0; r < rows; r++) {
        const uint32_t correction = (uint32_t)weights->weight_offset * (uint32_t)sums->inputs[r];
        int32_t values[BLOCK] = {0};
        for (int32_t n = 0; n < count; n++) {
            const uint32_t bias = weights->bias != NULL ? (uint32_t)weights->bias[first + n] : 0;
            values[n] = (int32_t)(sums->i32[r][n] + correction + bias);
        }
        if (weights->rounding == PL_GEMM_FIXED) {
            for (int32_t n = 0; n < count; n++) {
                values[n] =
                    pl_requantize(values[n], weights->multipliers[first + n], weights->range);
            }
        } else if (weights->rounding == PL_GEMM_DOUBLE) {
            for (int32_t n = 0; n < count; n++) {
                values[n] =
                    pl_requantize_double(values[n], weights->scales[first + n], weights->range);
            }
        }
        store_integers(weights, walk->part->output, output_index(walk, x + r, block), values,
                       count);
    }
}

static void finish_i64(const struct walk *walk, const struct sums *sums, int32_t rows, int32_t x,
                       int32_t block)
{
    const struct pl_gemm_integer *weights = walk->parameters;
    const int32_t count = block_channels(walk, block);
    const int32_t first = block * BLOCK;
    for (int32_t r = 0; r < rows; r++) {
        const uint64_t correction = (uint64_t)(int64_t)weights->weight_offset * sums->inputs[r];
        int32_t values[BLOCK] = {0};
        for (int32_t n = 0; n < count; n++) {
            uint64_t bias = 0;
            if (weights->bias != NULL) bias = (uint64_t)(int64_t)weights->bias[first + n];
            if (weights->wide_bias != NULL) bias = (uint64_t)weights->wide_bias[first + n];
            const int64_t sum = (int64_t)(sums->i64[r][n] + correction + bias);
            values[n] =
                weights->rounding == PL_GEMM_FIXED
                    ? pl_requantize_wide(sum, weights->multipliers[first + n], weights->range)
                    : pl_requantize_double((double)sum, weights->scales[first + n], weights->range);
        }
        store_integers(weights, walk->part->output, output_index(walk, x + r, block), values,
                       count);
    }
}

static void run_integer(const struct sum_type *type, const struct pl_gemm_shape *shape,
                        const struct pl_gemm_integer *weights, const struct pl_gemm_part *part,
                        bool wide)
{
    const struct walk walk = {shape,
                              part,
                              type,
                              weights->weights,
                              &weights->input_zero_point,
                              0,
                              weights->weight_offset != 0,
                              wide ? finish_i64 : finish_i32,
                              weights};
    run_walk(&walk);
}

static void gemm_i8(const struct pl_gemm_shape *shape, const struct pl_gemm_integer *weights,
                    const struct pl_gemm_part *part)
{
    run_integer(&sum_i8, shape, weights, part, false);
}

static void gemm_u8(const struct pl_gemm_shape *shape, const struct pl_gemm_integer *weights,
                    const struct pl_gemm_part *part)
{
    static const struct sum_type type = {1, 1, add_u8_tile, add_u8_row, add_inputs_u8};
    run_integer(&type, shape, weights, part, false);
}

static void gemm_i16_i8(const struct pl_gemm_shape *shape, const struct pl_gemm_integer *weights,
                        const struct pl_gemm_part *part)
{
    static const struct sum_type type = {2, 1, add_i16_i8_tile, add_i16_i8_row, add_inputs_i16};
    run_integer(&type, shape, weights, part, true);
}

static void gemm_i16_i16(const struct pl_gemm_shape *shape, const struct pl_gemm_integer *weights,
                         const struct pl_gemm_part *part)
{
    static const struct sum_type type = {2, 2, add_i16_i16_tile, add_i16_i16_row, add_inputs_i16};
    run_integer(&type, shape, weights, part, true);
}

/* ---- quantization of inputs ------------------------------------------------------------------ */

static void find_range(const float *values, int64_t count, float *low, float *high)
{
    *low = *high = count > 0 ? values[0] : 0.0f;
    for (int64_t i = 1; i < count; i++) {
        *low = values[i] < *low ? values[i] : *low;
        *high = values[i] > *high ? values[i] : *high;
    }
}

/* Values [from, to): round(before + value * inverse) + after in [low, 127]; not-a-number gives low. */
static void quantize_some(const float *values, int64_t from, int64_t to, float before, float inverse, float after,
                          float low, int8_t *quantized)
{
    for (int64_t i = from; i < to; i++) {
        const float rounded = roundf(before + values[i] * inverse) + after;
        const float raised = rounded > low ? rounded : low;
        quantized[i] = (int8_t)(raised < 127.0f ? raised : 127.0f);
    }
}

/* The reference's vector code adds the offset after rounding, its scalar code for the last values before: they differ
 * in ties, and every later operator sees that. */
static void quantize_all(const float *values, int64_t count, float offset, float inverse, float low,
                         int8_t *quantized)
{
    const int64_t vectors = count & ~(int64_t)7;
    quantize_some(values, 0, vectors, 0.0f, inverse, offset, low, quantized);
    quantize_some(values, vectors, count, offset, inverse, 0.0f, low, quantized);
}

static void quantize_symmetric(const float *values, int64_t count, int8_t *quantized, float *scale,
                               int32_t *zero_point)
{
    float low, high;
    find_range(values, count, &low, &high);
    const float range = fabsf(low) > fabsf(high) ? fabsf(low) : fabsf(high);
    *zero_point = 0;
    *scale = range == 0.0f ? 1.0f : range / 127.0f;
    if (range == 0.0f) {
        memset(quantized, 0, (size_t)count);
        return;
    }
    quantize_all(values, count, 0.0f, 127.0f / range, -127.0f, quantized);
}

/* The zero point of the end whose error is smaller. */
static int32_t choose_zero_point(double low, double high, double scale)
{
    const double from_low = -128.0 - low / scale;
    const double from_high = 127.0 - high / scale;
    const bool low_is_better = 128.0 + fabs(low / scale) < 127.0 + fabs(high / scale);
    const double zero_point = low_is_better ? from_low : from_high;
    if (!(zero_point > -128.0)) return -128;
    return zero_point >= 127.0 ? 127 : (int32_t)round(zero_point);
}

static void quantize_asymmetric(const float *values, int64_t count, int8_t *quantized, float *scale,
                                int32_t *zero_point)
{
    float low, high;
    find_range(values, count, &low, &high);
    low = low < 0.0f ? low : 0.0f;
    high = high > 0.0f ? high : 0.0f;
    *scale = 1.0f;
    *zero_point = 0;
    if (low == high) {
        memset(quantized, 0, (size_t)count);
        return;
    }
    const double step = (double)(high - low) / 255.0; /* the difference in float, as the reference has it */
    *zero_point = choose_zero_point((double)low, (double)high, step);
    *scale = (float)step;
    quantize_all(values, count, (float)*zero_point, 1.0f / *scale, -128.0f, quantized);
}

const struct pl_gemm_kernels PL_LEVEL(pl_gemm_kernels) = {
    .pack_f32 = pack_f32,
    .pack_i8 = pack_i8,
    .pack_u8 = pack_u8,
    .pack_i16 = pack_i16,
    .pack_blocks_f32 = pack_blocks_f32,
    .pack_blocks_i8 = pack_blocks_i8,
    .pack_blocks_u8 = pack_blocks_u8,
    .pack_blocks_i16 = pack_blocks_i16,
    .f32 = gemm_f32,
    .i8 = gemm_i8,
    .u8 = gemm_u8,
    .i16_i8 = gemm_i16_i8,
    .i16_i16 = gemm_i16_i16,
    .hybrid = gemm_hybrid,
    .quantize_symmetric = quantize_symmetric,
    .quantize_asymmetric = quantize_asymmetric,
};
