/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of FULLY_CONNECTED: fully_connected.c checks, and computes all but blockwise
 * quantized and shuffled weights. */
#ifndef PL_OPS_FULLY_CONNECTED_INTERNAL_H
#define PL_OPS_FULLY_CONNECTED_INTERNAL_H

#include "ops/op.h"

/* `rows` rows of the input; shapes, bias and the output's shape are checked. */
pl_status pl_fully_connected_prepare_blocks(struct pl_prepare *prepare, int32_t rows,
                                            int64_t activation);

/* The same for shuffled weights; there are three inputs and two outputs. */
pl_status pl_fully_connected_prepare_shuffled(struct pl_prepare *prepare, int32_t rows,
                                              int64_t activation);

#endif
