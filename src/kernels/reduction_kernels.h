/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels that reduce or work on whole rows. Float sums have one order each: outputs that lie
 * side by side add their elements one after another; a single output adds element i of every run
 * to partial sum i % 16, then the partial sums in a fixed tree. */
#ifndef PL_KERNELS_REDUCTION_KERNELS_H
#define PL_KERNELS_REDUCTION_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/fixed_point.h"
#include "kernels/kernels.h"

enum { PL_REDUCE_MAX_RANK = 8 };

/* ---- sums and means -------------------------------------------------------------------------- */

struct pl_reduce_params {
    /* Runs that are reduced: all combinations of these dimensions, outermost first. */
    int32_t rank;
    int64_t dims[PL_REDUCE_MAX_RANK];
    int64_t strides[PL_REDUCE_MAX_RANK]; /* in elements */
    int64_t run;                         /* of one output: elements in a run */
    int64_t count;                       /* elements reduced to one output; 0: the input is empty */
    bool mean;
    /* quantized mean: the sum less in_offset (zero point times count), times multiplier */
    struct pl_multiplier multiplier;
    int64_t in_offset;
    /* quantized sum: scale * sum + bias */
    float scale;
    float bias;
    int32_t out_offset;
    int32_t low, high;
    /* Largest and smallest floats: all of the input is one output, which then begins with the first
     * element and not with the lowest or highest number there is. */
    bool from_first;
};

/* `count` outputs that lie side by side, as their inputs do (across), or one output whose inputs
 * follow each other in runs (along; count is 1). */
typedef void (*pl_reduce_kernel)(void *out, const void *in, int64_t count,
                                 const struct pl_reduce_params *params);

enum pl_reduce_type {
    PL_REDUCE_FLOAT32,
    PL_REDUCE_INT32,
    PL_REDUCE_INT64,
    PL_REDUCE_INT8, /* quantized, like the next two */
    PL_REDUCE_UINT8,
    PL_REDUCE_INT16,
    PL_REDUCE_BOOL,
    PL_REDUCE_TYPE_COUNT
};

/* Other ways to make one of many. Integers wrap; of bool they are "any" and "all". The quantized
 * products take in_offset and rescale after each factor and at the end. */
struct pl_fold_row {
    pl_reduce_kernel across[PL_REDUCE_TYPE_COUNT];
    pl_reduce_kernel along[PL_REDUCE_TYPE_COUNT];
};

struct pl_fold_table {
    struct pl_fold_row product;
    struct pl_fold_row maximum;
    struct pl_fold_row minimum;
    pl_reduce_kernel quantized_product_int8; /* across and along */
    pl_reduce_kernel quantized_product_int16;
};

/* ---- rows ------------------------------------------------------------------------------------ */

struct pl_softmax_params {
    float beta;
    /* 8-bit inputs: exp() in Q0 of the distance from the row's largest value; 0 where it is too
     * small to count. */
    const int32_t *exp;
    /* int16 */
    struct pl_multiplier multiplier;
    const int16_t *exp_lookup;        /* of [-10, 0] */
    const int16_t *reciprocal_lookup; /* 1 / (1 + x) of [0, 1] */
};

/* rows of depth elements each. */
typedef void (*pl_softmax_kernel)(void *out, const void *in, int64_t rows, int64_t depth,
                                  const struct pl_softmax_params *params);
struct pl_log_softmax_params {
    const int32_t *exp;        /* as above */
    const int32_t *difference; /* the distance itself, Q5 */
    int32_t smallest;          /* differences below it are not in the sum */
    struct pl_multiplier back; /* from Q5 to a difference */
};

typedef void (*pl_log_softmax_kernel)(void *out, const void *in, int64_t rows, int64_t depth,
                                      const struct pl_log_softmax_params *params);

/* x * (bias + alpha * sum of squares of up to `radius` neighbours on both sides)^-beta */
struct pl_local_response_params {
    int32_t radius;
    float bias, alpha, beta;
};

typedef void (*pl_local_response_kernel)(float *out, const float *in, int64_t rows, int64_t depth,
                                         const struct pl_local_response_params *params);

typedef void (*pl_row_kernel)(void *out, const void *in, int64_t rows, int64_t depth,
                              int32_t in_zero_point);

/* ---- arg max --------------------------------------------------------------------------------- */

enum { PL_ARG_BLOCK = 64 };

/* The index of the first largest (or smallest) of `axis` elements, for `count` <= PL_ARG_BLOCK
 * outputs: side by side, where elements along the axis are `stride` > 1 apart, or rows behind each
 * other. */
typedef void (*pl_arg_kernel)(int32_t *index, const void *in, int64_t count, int64_t axis,
                              int64_t stride);

enum pl_arg_type { PL_ARG_FLOAT32, PL_ARG_INT8, PL_ARG_UINT8, PL_ARG_INT32, PL_ARG_TYPE_COUNT };

struct pl_reduction_kernels {
    pl_reduce_kernel reduce_across[PL_REDUCE_TYPE_COUNT];
    pl_reduce_kernel reduce_along[PL_REDUCE_TYPE_COUNT];
    pl_reduce_kernel reduce_rows_float32; /* as reduce_along, of `count` runs behind each other, an output each */
    const struct pl_fold_table *fold;
    pl_softmax_kernel softmax_float32;
    pl_softmax_kernel softmax_int8;
    pl_softmax_kernel softmax_uint8;
    pl_softmax_kernel softmax_int8_to_int16;
    pl_softmax_kernel softmax_uint8_to_int16;
    pl_softmax_kernel softmax_int16;
    pl_softmax_kernel softmax_float16;
    pl_log_softmax_kernel log_softmax_float32;
    pl_log_softmax_kernel log_softmax_int8;
    pl_log_softmax_kernel log_softmax_uint8;
    pl_local_response_kernel local_response; /* not in place */
    pl_row_kernel l2_normalize_float32;
    pl_row_kernel l2_normalize_int8;
    pl_row_kernel l2_normalize_uint8;
    pl_arg_kernel arg_max[PL_ARG_TYPE_COUNT];
    pl_arg_kernel arg_min[PL_ARG_TYPE_COUNT];
};

#endif
