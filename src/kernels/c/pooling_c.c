/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling, the reference: see pooling_kernels.h. A pixel is done in chunks of channels, each
 * loop over neighbours. */
#include "kernels/pooling_kernels.h"

#include <float.h>
#include <stdbool.h>

#include "kernels/c/pooling_c.h"
#include "kernels/faster.h"
#include "kernels/kernels.h"
#include "kernels/requantize.h"

enum { CHUNK = 64 };

/* The integer nearest to sum / count, ties away from zero. */
static inline int64_t round_average(int64_t sum, int64_t count)
{
    return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
}

static inline int32_t clamp_quantized(const struct pl_pooling_shape *shape, int64_t value)
{
    return value < shape->quantized_low    ? shape->quantized_low
           : value > shape->quantized_high ? shape->quantized_high
                                           : (int32_t)value;
}

/* The walk over pixels, chunks and taps: `start` is the first value of r, `step` the next one
 * from r and tap value v, `finish` the output from r and the count of taps. */
#define DEFINE_POOL(linkage, name, type, running_type, start, step, finish)                                 \
    linkage void name(const struct pl_pooling_shape *shape, const void *input, void *output,       \
                      int32_t y)                                                                   \
    {                                                                                              \
        const struct pl_patch *patch = &shape->patch;                                              \
        const struct pl_taps rows = pl_patch_taps_y(patch, y);                                     \
        type *target = output;                                                                     \
        for (int32_t x = 0; x < shape->output_width; x++, target += patch->channels) {             \
            const struct pl_taps columns = pl_patch_taps_x(patch, x);                              \
            const int64_t count = (int64_t)(rows.to - rows.from) * (columns.to - columns.from);    \
            const int64_t in_x = (int64_t)x * patch->stride_x - patch->before_x;                   \
            for (int32_t first = 0; first < patch->channels; first += CHUNK) {                     \
                const int32_t rest = patch->channels - first, width = rest < CHUNK ? rest : CHUNK; \
                running_type running[CHUNK];                                                       \
                for (int32_t n = 0; n < CHUNK; n++) running[n] = (start);                          \
                for (int32_t j = rows.from; j < rows.to; j++) {                                    \
                    const int64_t in_y = (int64_t)y * patch->stride_y - patch->before_y + j;       \
                    for (int32_t i = columns.from; i < columns.to; i++) {                          \
                        const type *values = (const type *)input +                                 \
                                             (in_y * patch->width + in_x + i) * patch->channels +  \
                                             first;                                                \
                        for (int32_t n = 0; n < width; n++) {                                      \
                            const running_type r = running[n];                                     \
                            const type v = values[n];                                              \
                            running[n] = (step);                                                   \
                        }                                                                          \
                    }                                                                              \
                }                                                                                  \
                for (int32_t n = 0; n < width; n++) {                                              \
                    const running_type r = running[n];                                             \
                    (void)count;                                                                   \
                    target[first + n] = (type)(finish);                                            \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

DEFINE_POOL(static, average_f32, float, float, 0.0f, r + v,
            pl_clamp_float(r / (float)count, shape->low, shape->high))
DEFINE_POOL(extern, PL_LEVEL(pl_average_i8_c), int8_t, int64_t, 0, r + v, clamp_quantized(shape, round_average(r, count)))
DEFINE_POOL(extern, PL_LEVEL(pl_average_u8_c), uint8_t, int64_t, 0, r + v, clamp_quantized(shape, round_average(r, count)))
DEFINE_POOL(static, average_i16, int16_t, int64_t, 0, r + v,
            clamp_quantized(shape, round_average(r, count)))
DEFINE_POOL(static, root_mean_square_f32, float, float, 0.0f, fmaf(v, v, r),
            pl_clamp_float(sqrtf(r / (float)count), shape->low, shape->high))
/* Not-a-number is never greater. */
DEFINE_POOL(static, max_f32, float, float, -FLT_MAX, r < v ? v : r,
            pl_clamp_float(r, shape->low, shape->high))
DEFINE_POOL(static, max_i8, int8_t, int8_t, INT8_MIN, r < v ? v : r, clamp_quantized(shape, r))
DEFINE_POOL(static, max_u8, uint8_t, uint8_t, 0, r < v ? v : r, clamp_quantized(shape, r))
DEFINE_POOL(static, max_i16, int16_t, int16_t, INT16_MIN, r < v ? v : r, clamp_quantized(shape, r))

const struct pl_pooling_kernels PL_LEVEL(pl_pooling_kernels) = {
    .average_f32 = average_f32,
    .average_i8 = PL_LEVEL(pl_average_i8_c),
    .average_u8 = PL_LEVEL(pl_average_u8_c),
    .average_i16 = average_i16,
    .root_mean_square_f32 = root_mean_square_f32,
    .max_f32 = max_f32,
    .max_i8 = max_i8,
    .max_u8 = max_u8,
    .max_i16 = max_i16,
    PL_FASTER_POOLING
};
