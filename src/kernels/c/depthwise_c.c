/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution, the reference: see depthwise_kernels.h. A pixel is done in chunks of
 * channels whose sums stay in the cache; within a chunk all loops run over neighbouring
 * channels. */
#include "kernels/c/depthwise_c.h"

#include <math.h>
#include <stddef.h>

#include "kernels/faster.h"
#include "kernels/kernels.h"
#include "kernels/loop.h"

enum { CHUNK = 64 };

/* Input channels first / multiplier ... under output channels [first, first + count). */
#define DEFINE_SPREAD(name, type)                                                                  \
    static const type *spread_##name(const type *pixel, int32_t first, int32_t count,              \
                                     int32_t multiplier, type *buffer)                             \
    {                                                                                              \
        if (multiplier == 1) return pixel + first;                                                 \
        int32_t channel = first / multiplier;                                                      \
        int32_t used = first % multiplier;                                                         \
        if (count == 8 && used + 8 <= multiplier) {                                                \
            for (int32_t n = 0; n < 8; n++) buffer[n] = pixel[channel];                            \
            return buffer;                                                                         \
        }                                                                                          \
        for (int32_t n = 0; n < count; n++) {                                                      \
            buffer[n] = pixel[channel];                                                            \
            if (++used == multiplier) {                                                            \
                used = 0;                                                                          \
                channel++;                                                                         \
            }                                                                                      \
        }                                                                                          \
        return buffer;                                                                             \
    }

/* sum_chunk_<name>: the sums of channels [first, first + count) of pixel (y, x). `product`
 * multiplies input value a by weight w, with zero points za and zw, and adds to sum s. */
#define DEFINE_SUM_CHUNK(name, input_type, weight_type, sum_type, product)                         \
    DEFINE_SPREAD(name, input_type)                                                                \
    PL_ALWAYS_INLINE void add_run_##name(sum_type *sums, const input_type *values,                 \
                                         const weight_type *taps, int32_t count, int32_t za,       \
                                         int32_t zw)                                               \
    {                                                                                              \
        (void)za, (void)zw;                                                                        \
        for (int32_t n = 0; n < count; n++) {                                                      \
            const input_type a = values[n];                                                        \
            const weight_type w = taps[n];                                                         \
            const sum_type s = sums[n];                                                            \
            sums[n] = (product);                                                                   \
        }                                                                                          \
    }                                                                                              \
    static void sum_chunk_##name(const struct pl_depthwise_shape *shape, const void *weights,      \
                                 const void *input, int32_t y, int32_t x, int32_t first,           \
                                 int32_t count, int32_t za, int32_t zw, sum_type sums[CHUNK])      \
    {                                                                                              \
        const struct pl_patch *patch = &shape->patch;                                              \
        const struct pl_taps rows = pl_patch_taps_y(patch, y),                                     \
                             columns = pl_patch_taps_x(patch, x);                                  \
        for (int32_t n = 0; n < count; n++) sums[n] = 0;                                           \
        for (int32_t j = rows.from; j < rows.to; j++) {                                            \
            const int64_t in_y =                                                                   \
                (int64_t)y * patch->stride_y - patch->before_y + (int64_t)j * patch->dilation_y;   \
            for (int32_t i = columns.from; i < columns.to; i++) {                                  \
                const int64_t in_x = (int64_t)x * patch->stride_x - patch->before_x +              \
                                     (int64_t)i * patch->dilation_x;                               \
                input_type buffer[CHUNK];                                                          \
                const input_type *pixel =                                                          \
                    (const input_type *)input + (in_y * patch->width + in_x) * patch->channels;    \
                const input_type *values =                                                         \
                    spread_##name(pixel, first, count, shape->multiplier, buffer);                 \
                const weight_type *taps =                                                          \
                    (const weight_type *)weights +                                                 \
                    ((int64_t)j * patch->filter_width + i) * shape->channels + first;              \
                /* Few channels: a constant number of them becomes whole vectors. */               \
                if (count == 8) add_run_##name(sums, values, taps, 8, za, zw);                     \
                else if (count == 16) add_run_##name(sums, values, taps, 16, za, zw);              \
                else add_run_##name(sums, values, taps, count, za, zw);                            \
            }                                                                                      \
        }                                                                                          \
    }

/* Integers are summed unsigned so that they wrap. */
DEFINE_SUM_CHUNK(f32, float, float, float, fmaf(a, w, s))
DEFINE_SUM_CHUNK(i8, int8_t, int8_t, uint32_t, s + (uint32_t)((a - za) * w))
DEFINE_SUM_CHUNK(u8, uint8_t, uint8_t, uint32_t, s + (uint32_t)((a - za) * (w - zw)))
DEFINE_SUM_CHUNK(i16, int16_t, int8_t, uint64_t, s + (uint64_t)(int64_t)(a * w))

static int32_t chunk_count(const struct pl_depthwise_shape *shape, int32_t first)
{
    const int32_t rest = shape->channels - first;
    return rest < CHUNK ? rest : CHUNK;
}

static void run_row_f32(const struct pl_depthwise_shape *shape,
                        const struct pl_depthwise_float *weights, const float *input, float *output,
                        int32_t y)
{
    for (int32_t x = 0; x < shape->output_width; x++, output += shape->channels) {
        for (int32_t first = 0; first < shape->channels; first += CHUNK) {
            const int32_t count = chunk_count(shape, first);
            float sums[CHUNK];
            sum_chunk_f32(shape, weights->weights, input, y, x, first, count, 0, 0, sums);
            for (int32_t n = 0; n < count; n++) {
                const float bias = weights->bias != NULL ? weights->bias[first + n] : 0.0f;
                output[first + n] = pl_clamp_float(sums[n] + bias, weights->low, weights->high);
            }
        }
    }
}

void PL_LEVEL(pl_depthwise_f32_c)(const struct pl_depthwise_shape *shape,
                                  const struct pl_depthwise_float *weights, const float *input,
                                  float *output, int32_t y, int32_t rows)
{
    const int64_t row = (int64_t)shape->output_width * shape->channels;
    for (int32_t i = 0; i < rows; i++)
        run_row_f32(shape, weights, input, output + i * row, y + i);
}

static void run_row_hybrid(const struct pl_depthwise_shape *shape,
                           const struct pl_depthwise_hybrid *weights, const int8_t *input,
                           float *output, int32_t y)
{
    for (int32_t x = 0; x < shape->output_width; x++, output += shape->channels) {
        for (int32_t first = 0; first < shape->channels; first += CHUNK) {
            const int32_t count = chunk_count(shape, first);
            uint32_t sums[CHUNK];
            sum_chunk_i8(shape, weights->weights, input, y, x, first, count,
                         weights->input_zero_point, 0, sums);
            for (int32_t n = 0; n < count; n++) {
                const float bias = weights->bias != NULL ? weights->bias[first + n] : 0.0f;
                const float scale = weights->weight_scales[first + n] * weights->input_scale;
                const float product = (float)(int32_t)sums[n] * scale;
                output[first + n] = pl_clamp_float(product + bias, weights->low, weights->high);
            }
        }
    }
}

void PL_LEVEL(pl_depthwise_hybrid_c)(const struct pl_depthwise_shape *shape,
                                     const struct pl_depthwise_hybrid *weights,
                                     const int8_t *input, float *output, int32_t y, int32_t rows)
{
    const int64_t row = (int64_t)shape->output_width * shape->channels;
    for (int32_t i = 0; i < rows; i++)
        run_row_hybrid(shape, weights, input, output + i * row, y + i);
}

#define DEFINE_DEPTHWISE_BYTES(name, type)                                                         \
    static void row_##name(const struct pl_depthwise_shape *shape,                                 \
                           const struct pl_depthwise_integer *weights, const void *input,          \
                           type *target, int32_t y)                                                \
    {                                                                                              \
        for (int32_t x = 0; x < shape->output_width; x++, target += shape->channels) {             \
            for (int32_t first = 0; first < shape->channels; first += CHUNK) {                     \
                const int32_t count = chunk_count(shape, first);                                   \
                uint32_t sums[CHUNK];                                                              \
                sum_chunk_##name(shape, weights->weights, input, y, x, first, count,               \
                                 weights->input_zero_point, weights->weight_zero_point, sums);     \
                for (int32_t n = 0; n < count; n++) {                                              \
                    const uint32_t bias =                                                          \
                        weights->bias != NULL ? (uint32_t)weights->bias[first + n] : 0;            \
                    const int32_t sum = (int32_t)(sums[n] + bias);                                 \
                    target[first + n] =                                                            \
                        (type)pl_requantize(sum, weights->multipliers[first + n], weights->range); \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

DEFINE_DEPTHWISE_BYTES(i8, int8_t)
DEFINE_DEPTHWISE_BYTES(u8, uint8_t)

static void row_i16(const struct pl_depthwise_shape *shape,
                    const struct pl_depthwise_integer *weights, const void *input, int16_t *target,
                    int32_t y)
{
    for (int32_t x = 0; x < shape->output_width; x++, target += shape->channels) {
        for (int32_t first = 0; first < shape->channels; first += CHUNK) {
            const int32_t count = chunk_count(shape, first);
            uint64_t sums[CHUNK];
            sum_chunk_i16(shape, weights->weights, input, y, x, first, count, 0, 0, sums);
            for (int32_t n = 0; n < count; n++) {
                uint64_t bias = 0;
                if (weights->bias != NULL) bias = (uint64_t)(int64_t)weights->bias[first + n];
                if (weights->wide_bias != NULL) bias = (uint64_t)weights->wide_bias[first + n];
                const int64_t sum = (int64_t)(sums[n] + bias);
                const struct pl_multiplier multiplier = weights->multipliers[first + n];
                target[first + n] = (int16_t)pl_requantize_wide(sum, multiplier, weights->range);
            }
        }
    }
}

#define DEFINE_DEPTHWISE_ROWS(function, name, type)                                                \
    void function(const struct pl_depthwise_shape *shape,                                          \
                  const struct pl_depthwise_integer *weights, const void *input, void *output,     \
                  int32_t y, int32_t rows)                                                         \
    {                                                                                              \
        const int64_t row = (int64_t)shape->output_width * shape->channels;                        \
        for (int32_t i = 0; i < rows; i++)                                                         \
            row_##name(shape, weights, input, (type *)output + i * row, y + i);                    \
    }

DEFINE_DEPTHWISE_ROWS(PL_LEVEL(pl_depthwise_i8_c), i8, int8_t)
DEFINE_DEPTHWISE_ROWS(PL_LEVEL(pl_depthwise_u8_c), u8, uint8_t)
static DEFINE_DEPTHWISE_ROWS(depthwise_i16, i16, int16_t)

const struct pl_depthwise_kernels PL_LEVEL(pl_depthwise_kernels) = {
    .f32 = PL_LEVEL(pl_depthwise_f32_c),
    .i8 = PL_LEVEL(pl_depthwise_i8_c),
    .u8 = PL_LEVEL(pl_depthwise_u8_c),
    .i16 = depthwise_i16,
    .hybrid = PL_LEVEL(pl_depthwise_hybrid_c),
    PL_FASTER_DEPTHWISE
};
