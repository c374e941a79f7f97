/* SPDX-License-Identifier: Apache-2.0 */
/* What many prepare functions have to say about rows: see struct pl_span. */
#ifndef PL_OPS_SPAN_H
#define PL_OPS_SPAN_H

#include "ops/padding.h"

/* A row of the output along this axis comes from one row of input 0 along that one. */
void pl_span_local(struct pl_prepare *prepare, int32_t output_axis, int32_t input_axis);
/* The same axis in input and output, with a window of a convolution or pooling over it. */
void pl_span_window(struct pl_prepare *prepare, int32_t axis, const struct pl_window *window);
/* The output is a box of input 0, of the same rank, that begins at `first`: whole rows where all other axes are whole. */
void pl_span_box(struct pl_prepare *prepare, const struct pl_shape *input, const struct pl_shape *output,
                 const int64_t *first);

#endif
