/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/reach.h"

/* 0: it has none of its own. */
static int64_t tensor_bytes(const struct pl_value *value, int64_t from_axis)
{
    const int64_t bits = pl_type_bits(value->tensor->type);
    return bits % 8 == 0 ? pl_shape_span(&value->shape, (int32_t)from_axis, value->shape.rank) * (bits / 8) : 0;
}

void pl_reach_slices(struct pl_prepare *prepare, uint32_t inputs)
{
    const int64_t units = prepare->stages[prepare->stage_count - 1].units;
    int32_t first = 0;
    if (inputs == 0 || units == 0) return;
    while ((inputs >> first & 1u) == 0) first++;
    const int64_t bytes = tensor_bytes(prepare->inputs[first], 0);
    if (bytes == 0 || bytes % units != 0) return;
    pl_prepare_reach(prepare, (struct pl_reach){inputs, bytes / units, 0, bytes / units});
}

void pl_reach_rows(struct pl_prepare *prepare, const struct pl_patch *patch)
{
    const struct pl_shape *output = &prepare->outputs[0]->shape;
    const int64_t row = tensor_bytes(prepare->inputs[0], 2), step = row * patch->stride_y;
    const int64_t taps = (int64_t)(patch->filter_height - 1) * patch->dilation_y + 1;
    const int64_t units = prepare->stages[prepare->stage_count - 1].units, width = output->dims[2];
    if (output->dims[0] != 1 || row == 0) return;
    struct pl_reach reach = {1, step, -row * patch->before_y, row * taps};
    if (units == (int64_t)output->dims[1] * width && width > 1) {
        /* Pixels go on evenly where rows go on in steps: up to a step less one pixel's share behind that. */
        if (step % width != 0) return;
        reach.step = step / width;
        reach.first -= step - reach.step;
        reach.size += step - reach.step;
    } else if (units != output->dims[1]) {
        return;
    }
    pl_prepare_reach(prepare, reach);
}
