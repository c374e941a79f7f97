/* SPDX-License-Identifier: Apache-2.0 */
/* Sums, means and arg max. */
#include "kernels/reduction_kernels.h"
#include "kernels/faster.h"
#include "kernels/fixed_functions.h"
#include "kernels/float_sum.h"
#include "kernels/loop.h"
#include "kernels/c/reduction_c.h"
#include "kernels/c/row_kernels_c.h"
#include "kernels/c/walk_c.h"

extern const struct pl_fold_table PL_LEVEL(pl_fold_table);
extern const struct pl_reduction_kernels PL_LEVEL(pl_reduction_kernels);

/* ---- sums and means -------------------------------------------------------------------------- */

static float finish_float32(float sum, const struct pl_reduce_params *p)
{
    return p->mean ? sum / (float)p->count : sum;
}

static int32_t finish_int32(int64_t sum, const struct pl_reduce_params *p)
{
    return (int32_t)(p->mean && p->count > 0 ? sum / p->count : sum);
}

static int64_t finish_int64(int64_t sum, const struct pl_reduce_params *p)
{
    return p->mean && p->count > 0 ? sum / p->count : sum;
}

/* ADD is a sum that wraps for integers: the unsigned type does it. */
#define ADD_FLOAT(a, b)  ((a) + (b))
#define ADD_WIDE(a, b)   ((int64_t)((uint64_t)(a) + (uint64_t)(int64_t)(b)))
#define ADD_NARROW(a, b) ((int32_t)((uint32_t)(a) + (uint32_t)(int32_t)(b)))

#define REDUCE_ACROSS(name, type, sum_type, add, finish)                                           \
    static void name(void *out_data, const void *in_data, int64_t count,                           \
                     const struct pl_reduce_params *params)                                        \
    {                                                                                              \
        type *out = out_data;                                                                      \
        const type *in = in_data;                                                                  \
        for (int64_t from = 0; from < count; from += PL_FOLD_BLOCK) {                                      \
            const int64_t width = count - from < PL_FOLD_BLOCK ? count - from : PL_FOLD_BLOCK;                     \
            sum_type sums[PL_FOLD_BLOCK] = {0};                                                            \
            struct walk walk = {0};                                                                \
            bool more = params->count > 0;                                                         \
            while (more) {                                                                         \
                const type *row = in + walk.offset + from;                                         \
                for (int64_t i = 0; i < width; i++) sums[i] = add(sums[i], row[i]);                \
                more = next_run(&walk, params);                                                    \
            }                                                                                      \
            for (int64_t i = 0; i < width; i++) out[from + i] = (type)finish(sums[i], params);     \
        }                                                                                          \
    }

#define REDUCE_ALONG(name, type, sum_type, add, finish)                                            \
    static void name(void *out_data, const void *in_data, int64_t count,                           \
                     const struct pl_reduce_params *params)                                        \
    {                                                                                              \
        type *out = out_data;                                                                      \
        const type *in = in_data;                                                                  \
        sum_type sum = 0;                                                                          \
        struct walk walk = {0};                                                                    \
        bool more = params->count > 0;                                                             \
        (void)count;                                                                               \
        while (more) {                                                                             \
            const type *run = in + walk.offset;                                                    \
            for (int64_t i = 0; i < params->run; i++) sum = add(sum, run[i]);                      \
            more = next_run(&walk, params);                                                        \
        }                                                                                          \
        out[0] = (type)finish(sum, params);                                                        \
    }

#define REDUCE(suffix, type, sum_type, add, finish)                                                \
    REDUCE_ACROSS(across_##suffix, type, sum_type, add, finish)                                    \
    REDUCE_ALONG(along_##suffix, type, sum_type, add, finish)

REDUCE_ACROSS(across_float32, float, float, ADD_FLOAT, finish_float32)
REDUCE(int32, int32_t, int64_t, ADD_WIDE, finish_int32)
REDUCE(int64, int64_t, int64_t, ADD_WIDE, finish_int64)
REDUCE(int8, int8_t, int32_t, ADD_NARROW, pl_reduce_finish_quantized)
REDUCE(uint8, uint8_t, int32_t, ADD_NARROW, pl_reduce_finish_quantized)
REDUCE(int16, int16_t, int32_t, ADD_NARROW, pl_reduce_finish_quantized)

static void along_float32(void *out_data, const void *in_data, int64_t count,
                          const struct pl_reduce_params *params)
{
    float *out = out_data;
    const float *in = in_data;
    pl_partial_sums sums = {0};
    struct walk walk = {0};
    bool more = params->count > 0;
    (void)count;
    while (more) {
        pl_partial_add(&sums, in + walk.offset, params->run);
        more = next_run(&walk, params);
    }
    out[0] = finish_float32(pl_partial_total(&sums), params);
}

static void rows_float32(void *out_data, const void *in_data, int64_t count,
                         const struct pl_reduce_params *params)
{
    float *out = out_data;
    const float *in = in_data;
    for (; count >= PL_ROWS_TOGETHER; count -= PL_ROWS_TOGETHER) {
        pl_partial_sums sums[PL_ROWS_TOGETHER] = {0};
        pl_partial_add_rows(sums, in, params->run);
        for (int32_t row = 0; row < PL_ROWS_TOGETHER; row++)
            *out++ = finish_float32(pl_partial_total(&sums[row]), params);
        in += PL_ROWS_TOGETHER * params->run;
    }
    for (; count > 0; count--, in += params->run) along_float32(out++, in, 1, params);
}

/* ---- arg max --------------------------------------------------------------------------------- */

#define ARG(linkage, name, type, better)                                                           \
    linkage void name(int32_t *index, const void *in_data, int64_t count, int64_t axis,            \
                      int64_t stride)                                                              \
    {                                                                                              \
        const type *in = in_data;                                                                  \
        for (int64_t i = 0; i < count && stride == 1; i++, in += axis) {                           \
            type one = in[0]; /* the best stays in a register */                                   \
            int32_t at = 0;                                                                        \
            for (int64_t k = 1; k < axis; k++)                                                     \
                if (in[k] better one) one = in[k], at = (int32_t)k;                                \
            index[i] = at;                                                                         \
        }                                                                                          \
        if (stride == 1) return;                                                                   \
        type best[PL_ARG_BLOCK];                                                                   \
        for (int64_t i = 0; i < count; i++) {                                                      \
            best[i] = in[i];                                                                       \
            index[i] = 0;                                                                          \
        }                                                                                          \
        for (int64_t k = 1; k < axis; k++) {                                                       \
            const type *row = in + k * stride;                                                     \
            for (int64_t i = 0; i < count; i++) {                                                  \
                const bool found = row[i] better best[i];                                          \
                best[i] = found ? row[i] : best[i];                                                \
                index[i] = found ? (int32_t)k : index[i];                                          \
            }                                                                                      \
        }                                                                                          \
    }

ARG(static, arg_max_float32, float, >)
ARG(extern, PL_LEVEL(pl_arg_max_int8_c), int8_t, >)
ARG(extern, PL_LEVEL(pl_arg_max_uint8_c), uint8_t, >)
ARG(static, arg_max_int32, int32_t, >)
ARG(static, arg_min_float32, float, <)
ARG(extern, PL_LEVEL(pl_arg_min_int8_c), int8_t, <)
ARG(extern, PL_LEVEL(pl_arg_min_uint8_c), uint8_t, <)
ARG(static, arg_min_int32, int32_t, <)

const struct pl_reduction_kernels PL_LEVEL(pl_reduction_kernels) = {
    .reduce_across = {across_float32, across_int32, across_int64, across_int8, across_uint8,
                      across_int16},
    .reduce_along = {along_float32, along_int32, along_int64, along_int8, along_uint8, along_int16},
    .reduce_rows_float32 = rows_float32,
    .fold = &PL_LEVEL(pl_fold_table),
    .softmax_float32 = PL_LEVEL(pl_softmax_float32),
    .softmax_int8 = PL_LEVEL(pl_softmax_int8),
    .softmax_uint8 = PL_LEVEL(pl_softmax_uint8),
    .softmax_int8_to_int16 = PL_LEVEL(pl_softmax_int8_to_int16),
    .softmax_uint8_to_int16 = PL_LEVEL(pl_softmax_uint8_to_int16),
    .softmax_int16 = PL_LEVEL(pl_softmax_int16),
    .softmax_float16 = PL_LEVEL(pl_softmax_float16),
    .log_softmax_float32 = PL_LEVEL(pl_log_softmax_float32),
    .log_softmax_int8 = PL_LEVEL(pl_log_softmax_int8),
    .log_softmax_uint8 = PL_LEVEL(pl_log_softmax_uint8),
    .local_response = PL_LEVEL(pl_local_response),
    .l2_normalize_float32 = PL_LEVEL(pl_l2_normalize_float32),
    .l2_normalize_int8 = PL_LEVEL(pl_l2_normalize_int8),
    .l2_normalize_uint8 = PL_LEVEL(pl_l2_normalize_uint8),
    .arg_max = {arg_max_float32, PL_LEVEL(pl_arg_max_int8_c), PL_LEVEL(pl_arg_max_uint8_c), arg_max_int32},
    .arg_min = {arg_min_float32, PL_LEVEL(pl_arg_min_int8_c), PL_LEVEL(pl_arg_min_uint8_c), arg_min_int32},
    PL_FASTER_REDUCTION
};
