/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of FULLY_CONNECTED: fully_connected.c checks, and computes all but blockwise
 * quantized and shuffled weights, and what goes ahead of a window. */
#ifndef PL_OPS_FULLY_CONNECTED_INTERNAL_H
#define PL_OPS_FULLY_CONNECTED_INTERNAL_H

#include "ops/filter.h"
#include "ops/gemm.h"
#include "ops/op.h"

/* `rows` rows of the input; shapes, bias and the output's shape are checked. */
pl_status pl_fully_connected_prepare_blocks(struct pl_prepare *prepare, int32_t rows,
                                            int64_t activation);

/* The same for shuffled weights; there are three inputs and two outputs. */
pl_status pl_fully_connected_prepare_shuffled(struct pl_prepare *prepare, int32_t rows,
                                              int64_t activation);

/* The product of one row of floats with constant weights. */
struct pl_dense_row {
    struct pl_gemm_operands operands;
    struct pl_filter_bias bias;
    int32_t depth, channels;
    float low, high;
};
/* Adds the stages that compute it and, with the same weights, what is known already of those that follow, if the
 * operator's input moves on (pl_operator.moves_on) and that is worth it. *taken: whether it is. */
pl_status pl_fully_connected_prepare_ahead(struct pl_prepare *prepare, const struct pl_dense_row *row, bool *taken);

#endif
