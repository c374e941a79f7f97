/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/span.h"

void pl_span_local(struct pl_prepare *prepare, int32_t output_axis, int32_t input_axis)
{
    pl_prepare_span(prepare, output_axis,
                    (struct pl_span){.input_axis = input_axis, .inputs = 1, .size = 1, .stride = 1});
}

void pl_span_window(struct pl_prepare *prepare, int32_t axis, const struct pl_window *window)
{
    const int64_t reach = ((int64_t)window->filter - 1) * window->dilation + 1;
    const bool padded = (int64_t)(window->output - 1) * window->stride + reach > window->input;
    pl_prepare_span(prepare, axis,
                    (struct pl_span){.input_axis = axis,
                                     .inputs = 1,
                                     .size = (int32_t)reach,
                                     .stride = window->stride,
                                     .first = padded ? -1 : 0});
}

void pl_span_box(struct pl_prepare *prepare, const struct pl_shape *input, const struct pl_shape *output,
                 const int64_t *first)
{
    int32_t cropped = -1;
    for (int32_t i = 0; i < input->rank; i++) {
        if (input->dims[i] == output->dims[i]) continue;
        if (cropped >= 0) return;
        cropped = i;
    }
    if (cropped < 0) return;
    pl_prepare_span(prepare, cropped,
                    (struct pl_span){.input_axis = cropped,
                                     .inputs = 1,
                                     .size = 1,
                                     .stride = 1,
                                     .first = (int32_t)first[cropped],
                                     .copied = true});
}
