/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of TRANSPOSE_CONV: transpose_convolution.c checks, transpose_phases.c packs and
 * computes. */
#ifndef PL_OPS_TRANSPOSE_INTERNAL_H
#define PL_OPS_TRANSPOSE_INTERNAL_H

#include "ops/filter.h"
#include "ops/gemm.h"
#include "ops/padding.h"

enum { PL_TRANSPOSE_SHAPE, PL_TRANSPOSE_FILTER, PL_TRANSPOSE_INPUT, PL_TRANSPOSE_BIAS };

static const struct pl_filter_places pl_transpose_places = {PL_TRANSPOSE_INPUT, PL_TRANSPOSE_FILTER,
                                                            PL_TRANSPOSE_BIAS};

/* The outputs of one remainder along an axis. */
struct pl_transpose_phase {
    int32_t taps;
    int32_t tap;    /* the filter's, that is used first */
    int32_t before; /* of the convolution: see struct pl_patch */
    int32_t first;  /* output 0 of the phase among all outputs */
    int32_t count;  /* of outputs */
};

struct pl_transpose_axis {
    struct pl_window window; /* input is the output's size, before the padding */
    int32_t count;           /* of phases that have taps */
    struct pl_transpose_phase *phases;
};

struct pl_transpose_convolution {
    struct pl_gemm_operands operands; /* first: the stages of gemm.c read it */
    enum pl_filter_kind kind;
    struct pl_filter_bias bias;
    struct pl_transpose_axis rows, columns;
    int32_t height, width, depth; /* of the input */
    int32_t outputs;
    int32_t element_bytes, output_bytes;
    int32_t pack_count; /* of phases (row phase, column phase), and of none */
    struct pl_gemm_pack *packs;
    int64_t *offsets; /* of their weights in the packed ones, in bytes */
    union {
        struct pl_gemm_float floats;
        struct pl_gemm_hybrid hybrid;
        struct pl_gemm_integer integers;
    };
};

/* The convolution of two phases. */
static inline struct pl_gemm_shape pl_transpose_shape(const struct pl_transpose_convolution *params,
                                                      const struct pl_transpose_phase *row,
                                                      const struct pl_transpose_phase *column)
{
    const int32_t stride = column->taps > 0 ? params->columns.window.stride : 1;
    return (struct pl_gemm_shape){
        .patch = {.height = params->height,
                  .width = params->width,
                  .channels = params->depth,
                  .filter_height = row->taps,
                  .filter_width = column->taps,
                  .stride_y = 1,
                  .stride_x = 1,
                  .dilation_y = 1,
                  .dilation_x = 1,
                  .before_y = row->before,
                  .before_x = column->before},
        .depth = params->depth,
        .channels = params->outputs,
        .output_stride = params->outputs * stride,
    };
}

/* Lays out and packs the weights of all phases, or adds the stage that does. */
pl_status pl_transpose_prepare_weights(struct pl_prepare *prepare,
                                       struct pl_transpose_convolution *params);
/* A unit is a row of the output. */
pl_status pl_transpose_eval_rows(const struct pl_eval *eval, int64_t from, int64_t to);

#endif
