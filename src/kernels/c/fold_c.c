/* SPDX-License-Identifier: Apache-2.0 */
/* Products, largest and smallest elements, any and all. */
#include <float.h>

#include "kernels/requantize.h"
#include "kernels/c/walk_c.h"

extern const struct pl_fold_table PL_LEVEL(pl_fold_table);

/* `start` is what an output begins with, `step` the next one from r and element v. */
#define FOLD(name, type, running_type, start, step)                                                \
    static void name##_across(void *out_data, const void *in_data, int64_t count,                  \
                              const struct pl_reduce_params *params)                               \
    {                                                                                              \
        type *out = out_data;                                                                      \
        const type *in = in_data;                                                                  \
        for (int64_t from = 0; from < count; from += PL_FOLD_BLOCK) {                              \
            const int64_t width = count - from < PL_FOLD_BLOCK ? count - from : PL_FOLD_BLOCK;     \
            running_type running[PL_FOLD_BLOCK];                                                   \
            struct walk walk = {0};                                                                \
            bool more = params->count > 0;                                                         \
            for (int64_t i = 0; i < width; i++) running[i] = (start);                              \
            while (more) {                                                                         \
                const type *row = in + walk.offset + from;                                         \
                for (int64_t i = 0; i < width; i++) {                                              \
                    const running_type r = running[i];                                             \
                    const type v = row[i];                                                         \
                    running[i] = (step);                                                           \
                }                                                                                  \
                more = next_run(&walk, params);                                                    \
            }                                                                                      \
            for (int64_t i = 0; i < width; i++) out[from + i] = (type)running[i];                  \
        }                                                                                          \
    }                                                                                              \
    static void name##_along(void *out_data, const void *in_data, int64_t count,                   \
                             const struct pl_reduce_params *params)                                \
    {                                                                                              \
        type *out = out_data;                                                                      \
        const type *in = in_data;                                                                  \
        const bool empty = params->count == 0;                                                     \
        running_type r = params->from_first && !empty ? (running_type)in[0] : (start);             \
        struct walk walk = {0};                                                                    \
        bool more = !empty;                                                                        \
        (void)count;                                                                               \
        while (more) {                                                                             \
            const type *run = in + walk.offset;                                                    \
            for (int64_t i = 0; i < params->run; i++) {                                            \
                const type v = run[i];                                                             \
                r = (step);                                                                        \
            }                                                                                      \
            more = next_run(&walk, params);                                                        \
        }                                                                                          \
        out[0] = (type)r;                                                                          \
    }

static inline uint32_t multiply_32(uint32_t r, int32_t v)
{
    return r * (uint32_t)v;
}

/* Products wrap in the unsigned type. */
FOLD(product_float32, float, float, 1.0f, (r) * (v))
FOLD(product_int32, int32_t, uint32_t, 1u, multiply_32(r, v))
FOLD(product_int64, int64_t, uint64_t, 1u, r *(uint64_t)v)
FOLD(product_int8, int8_t, uint32_t, 1u, multiply_32(r, v))
FOLD(product_uint8, uint8_t, uint32_t, 1u, multiply_32(r, v))
FOLD(product_int16, int16_t, uint32_t, 1u, multiply_32(r, v))

#define EXTREMA(suffix, type, low, high)                                                           \
    FOLD(maximum_##suffix, type, type, low, v > r ? v : r)                                         \
    FOLD(minimum_##suffix, type, type, high, v < r ? v : r)

EXTREMA(float32, float, -FLT_MAX, FLT_MAX)
EXTREMA(int32, int32_t, INT32_MIN, INT32_MAX)
EXTREMA(int64, int64_t, INT64_MIN, INT64_MAX)
EXTREMA(int8, int8_t, INT8_MIN, INT8_MAX)
EXTREMA(uint8, uint8_t, 0, UINT8_MAX)
EXTREMA(int16, int16_t, INT16_MIN, INT16_MAX)

FOLD(any, uint8_t, uint8_t, 0, (uint8_t)(r | (v != 0)))
FOLD(all, uint8_t, uint8_t, 1, (uint8_t)(r &(v != 0)))

/* ---- quantized products ---------------------------------------------------------------------- */

/* The reference's 64-bit multiply, for what it is defined. */
static int32_t rescale_wide(int64_t x, struct pl_multiplier multiplier)
{
    const struct pl_output_range all_values = {0, INT32_MIN, INT32_MAX};
    return pl_requantize_wide(x, multiplier, all_values);
}

#define QUANTIZED_PRODUCT(name, type, low_value, high_value)                                       \
    static void name(void *out_data, const void *in_data, int64_t count,                           \
                     const struct pl_reduce_params *params)                                        \
    {                                                                                              \
        const struct pl_output_range range = {params->out_offset, low_value, high_value};          \
        type *out = out_data;                                                                      \
        const type *in = in_data;                                                                  \
        for (int64_t i = 0; i < count; i++) {                                                      \
            int32_t product = 0;                                                                   \
            struct walk walk = {0};                                                                \
            bool more = params->count > 0;                                                         \
            bool first = true;                                                                     \
            while (more) {                                                                         \
                for (int64_t k = 0; k < params->run; k++) {                                        \
                    const int64_t factor = in[walk.offset + i + k] - params->in_offset;            \
                    product = first ? (int32_t)factor                                              \
                                    : rescale_wide(product * factor, params->multiplier);          \
                    first = false;                                                                 \
                }                                                                                  \
                more = next_run(&walk, params);                                                    \
            }                                                                                      \
            out[i] = (type)pl_requantize_wide(product, params->multiplier, range);                 \
        }                                                                                          \
    }

QUANTIZED_PRODUCT(quantized_product_int8, int8_t, INT8_MIN, INT8_MAX)
QUANTIZED_PRODUCT(quantized_product_int16, int16_t, INT16_MIN, INT16_MAX)

/* ---- the table ------------------------------------------------------------------------------- */

#define FOLD_WAY(name, of_bool, way)                                                               \
    {                                                                                              \
        [PL_REDUCE_FLOAT32] = name##_float32_##way, [PL_REDUCE_INT32] = name##_int32_##way,        \
        [PL_REDUCE_INT64] = name##_int64_##way, [PL_REDUCE_INT8] = name##_int8_##way,              \
        [PL_REDUCE_UINT8] = name##_uint8_##way, [PL_REDUCE_INT16] = name##_int16_##way,            \
        [PL_REDUCE_BOOL] = of_bool##_##way                                                         \
    }
#define FOLD_ROW(name, of_bool)                                                                    \
    {                                                                                              \
        .across = FOLD_WAY(name, of_bool, across), .along = FOLD_WAY(name, of_bool, along)         \
    }

const struct pl_fold_table PL_LEVEL(pl_fold_table) = {
    .product = FOLD_ROW(product, all),
    .maximum = FOLD_ROW(maximum, any),
    .minimum = FOLD_ROW(minimum, all),
    .quantized_product_int8 = quantized_product_int8,
    .quantized_product_int16 = quantized_product_int16,
};
