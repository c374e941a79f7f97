/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and offsets of windows: see padding.h. */
#include "ops/padding.h"

#include "ops/check.h"

pl_status pl_padding_apply(struct pl_prepare *prepare, int64_t padding, struct pl_window *window)
{
    PL_TRY(pl_check_option(prepare, "padding", padding, PL_Padding_SAME, PL_Padding_VALID));
    PL_TRY(pl_check_option(prepare, "stride", window->stride, 1, INT32_MAX));
    PL_TRY(pl_check_option(prepare, "dilation", window->dilation, 1, INT32_MAX));
    PL_TRY(pl_check_option(prepare, "filter size", window->filter, 1, INT32_MAX));

    const int64_t input = window->input, stride = window->stride;
    const int64_t reach =
        ((int64_t)window->filter - 1) * window->dilation + 1; /* input rows under the filter */
    const int64_t covered =
        padding == PL_Padding_SAME ? input + stride - 1 : input + stride - reach;
    const int64_t output = covered / stride;
    const int64_t total = (output - 1) * stride + reach - input;
    if (covered <= -stride || reach > INT32_MAX || output > INT32_MAX || total > INT32_MAX ||
        (output - 1) * stride + reach > INT32_MAX) {
        return pl_prepare_fail(
            prepare, PL_MISMATCH,
            "filter of size %d with stride %d and dilation %d does not fit an input of size %d",
            (int)window->filter, (int)window->stride, (int)window->dilation, (int)window->input);
    }
    window->output = (int32_t)output;
    window->before = total > 0 && output > 0 ? (int32_t)(total / 2) : 0;
    return PL_OK;
}

/* The windows of an axis with what the frame of zeros adds to it; each sees a part of the picture. */
static pl_status apply_framed(struct pl_prepare *prepare, int64_t padding, int32_t axis,
                              struct pl_window *window)
{
    const struct pl_frame_of_zeros *frame = prepare->absorbing.first;
    if (frame == NULL || (prepare->op_def->traits & PL_TRAIT_TAKES_FRAME) == 0)
        return pl_padding_apply(prepare, padding, window);
    const int64_t framed = (int64_t)window->input + frame->before[axis] + frame->after[axis];
    const int32_t input = window->input;
    if (framed > INT32_MAX || framed > INT32_MAX - window->before) return PL_UNSUPPORTED;
    window->input = (int32_t)framed;
    PL_TRY(pl_padding_apply(prepare, padding, window));
    window->input = input;
    window->before += frame->before[axis];
    const int64_t last = (int64_t)(window->output - 1) * window->stride - window->before;
    const int64_t reach = (int64_t)(window->filter - 1) * window->dilation;
    if (window->before > reach || last >= input) return PL_UNSUPPORTED;
    prepare->absorbing.first_taken = true;
    return PL_OK;
}

pl_status pl_padding_apply_patch(struct pl_prepare *prepare, int64_t padding,
                                 struct pl_window *rows, struct pl_window *columns,
                                 int32_t channels, struct pl_patch *patch)
{
    PL_TRY(apply_framed(prepare, padding, 0, rows));
    PL_TRY(apply_framed(prepare, padding, 1, columns));
    *patch = (struct pl_patch){
        .height = rows->input,
        .width = columns->input,
        .channels = channels,
        .filter_height = rows->filter,
        .filter_width = columns->filter,
        .stride_y = rows->stride,
        .stride_x = columns->stride,
        .dilation_y = rows->dilation,
        .dilation_x = columns->dilation,
        .before_y = rows->before,
        .before_x = columns->before,
    };
    return PL_OK;
}

pl_status pl_padding_check_steps(struct pl_prepare *prepare, const struct pl_window *rows,
                                 const struct pl_window *columns)
{
    PL_TRY(pl_check_option(prepare, "stride_h", rows->stride, 1, INT16_MAX));
    PL_TRY(pl_check_option(prepare, "stride_w", columns->stride, 1, INT16_MAX));
    PL_TRY(pl_check_option(prepare, "dilation_h_factor", rows->dilation, 1, INT16_MAX));
    return pl_check_option(prepare, "dilation_w_factor", columns->dilation, 1, INT16_MAX);
}
