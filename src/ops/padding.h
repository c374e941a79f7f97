/* SPDX-License-Identifier: Apache-2.0 */
/* SAME and VALID: the size of a windowed operator's output along one axis, and where its windows
 * begin. */
#ifndef PL_OPS_PADDING_H
#define PL_OPS_PADDING_H

#include "kernels/patch.h"
#include "ops/op.h"

/* One spatial axis of a convolution or pooling. */
struct pl_window {
    int32_t input;  /* size of the input */
    int32_t filter; /* taps */
    int32_t stride;
    int32_t dilation; /* distance of two taps */
    int32_t output;   /* size of the output */
    int32_t before;   /* rows of padding before the first input row: output i, tap t reads
                       * input i * stride + t * dilation - before, which may lie outside */
};

/* Fills output and before from the other four and the padding (PL_Padding_*). Checks ranges, so
 * that no index that the formula above gives can overflow. */
pl_status pl_padding_apply(struct pl_prepare *prepare, int64_t padding, struct pl_window *window);

/* The same for both axes of a picture of so many channels, and the geometry that kernels take. */
pl_status pl_padding_apply_patch(struct pl_prepare *prepare, int64_t padding,
                                 struct pl_window *rows, struct pl_window *columns,
                                 int32_t channels, struct pl_patch *patch);

/* Strides and dilations of a convolution are 1 to 32767, as in the reference. */
pl_status pl_padding_check_steps(struct pl_prepare *prepare, const struct pl_window *rows,
                                 const struct pl_window *columns);

#endif
