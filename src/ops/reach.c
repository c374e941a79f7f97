/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/reach.h"

/* Elements of less than a byte share one with others' elements. */
static bool has_whole_bytes(const struct pl_value *value)
{
    const int64_t bits = pl_type_bits(value->tensor->type);
    return bits > 0 && bits % 8 == 0;
}

/* Of a picture; 0: it has none of its own. */
static int64_t row_bytes(const struct pl_value *value)
{
    if (!has_whole_bytes(value)) return 0;
    return pl_shape_span(&value->shape, 2, value->shape.rank) * (pl_type_bits(value->tensor->type) / 8);
}

void pl_reach_scratch_slices(struct pl_prepare *prepare, uint32_t inputs, uint32_t scratches)
{
    for (int32_t i = 0; i < prepare->input_count && i < 32; i++) /* others are read in any way */
        if ((inputs >> i & 1u) != 0 && !has_whole_bytes(prepare->inputs[i])) return;
    for (int32_t i = 0; i < prepare->output_count; i++)
        if (!has_whole_bytes(prepare->outputs[i])) return;
    pl_prepare_reach(prepare, (struct pl_reach){.known = true, .slices = inputs, .scratches = scratches});
}

void pl_reach_slices(struct pl_prepare *prepare, uint32_t inputs)
{
    pl_reach_scratch_slices(prepare, inputs, 0);
}

bool pl_reach_is_sliced(const struct pl_shape *shape, const struct pl_shape *output)
{
    const int32_t missing = output->rank - shape->rank; /* dimensions of 1 in front */
    bool broadcast = false;
    for (int32_t axis = 0; axis < output->rank; axis++) {
        const int32_t dim = axis < missing ? 1 : shape->dims[axis - missing];
        if (dim != output->dims[axis]) broadcast = true;
        if (broadcast && dim != 1) return false;
    }
    return true;
}

void pl_reach_rows(struct pl_prepare *prepare, const struct pl_patch *patch)
{
    const struct pl_shape *output = &prepare->outputs[0]->shape;
    const int64_t row = row_bytes(prepare->inputs[0]), step = row * patch->stride_y;
    const int64_t taps = (int64_t)(patch->filter_height - 1) * patch->dilation_y + 1;
    const int64_t units = prepare->stages[prepare->stage_count - 1].units, width = output->dims[2];
    if (output->dims[0] != 1 || row == 0) return;
    struct pl_byte_window window = {step, -row * patch->before_y, row * taps};
    if (units == (int64_t)output->dims[1] * width && width > 1) {
        /* Pixels go on evenly where rows go on in steps: up to a step less one pixel's share behind that. */
        if (step % width != 0) return;
        window.step = step / width;
        window.first -= step - window.step;
        window.size += step - window.step;
    } else if (units != output->dims[1]) {
        return;
    }
    pl_prepare_reach(prepare, (struct pl_reach){.known = true, .window = window});
}
