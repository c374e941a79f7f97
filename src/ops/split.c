/* SPDX-License-Identifier: Apache-2.0 */
/* SPLIT: equal parts of an axis, each an output. */
#include <string.h>

#include "ops/axis.h"
#include "ops/box.h"
#include "ops/check.h"
#include "ops/op.h"

struct split {
    int64_t part_count;
    int64_t run_bytes; /* of one part */
};

/* A unit is one run of one output. */
static pl_status eval_split(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct split *params = eval->params;
    for (int64_t unit = from; unit < to; unit++) {
        const int64_t outer = unit / params->part_count;
        memcpy((char *)eval->outputs[unit % params->part_count] + outer * params->run_bytes,
               (const char *)eval->inputs[1] + unit * params->run_bytes, (size_t)params->run_bytes);
    }
    return PL_OK;
}

pl_status pl_prepare_split(struct pl_prepare *prepare)
{
    const int32_t count = prepare->output_count;
    PL_TRY(pl_check_arity(prepare, 2, 2, count > 0 ? count : 1));
    const int64_t wanted = pl_record_integer(prepare->op->options, PL_SplitOptions_num_splits);
    if (wanted != count) {
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "num_splits is %lld, but there are %d outputs", (long long)wanted,
                               (int)count);
    }
    int64_t element_bytes = 0;
    PL_TRY(pl_box_element_bytes(prepare, pl_input(1), &element_bytes));
    struct pl_shape shape = prepare->inputs[1]->shape;
    int64_t value = 0;
    int32_t axis = 0;
    PL_TRY(pl_axis_read_integer(prepare, 0, &value));
    PL_TRY(pl_axis_check(prepare, value, shape.rank, &axis));
    if (shape.dims[axis] % count != 0) {
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(1),
                             "dimension %d is %d, which %d parts do not divide", (int)axis,
                             (int)shape.dims[axis], (int)count);
    }
    const int64_t outer = pl_shape_span(&shape, 0, axis);
    shape.dims[axis] /= count;
    for (int32_t i = 0; i < count; i++) {
        PL_TRY(pl_check_same_type(prepare, pl_input(1), pl_output(i)));
        PL_TRY(pl_check_set_output(prepare, i, &shape));
    }

    struct split *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->part_count = count;
    params->run_bytes = pl_shape_span(&shape, axis, shape.rank) * element_bytes;
    prepare->params = params;
    pl_prepare_stage(prepare, eval_split, params->run_bytes > 0 ? outer * count : 0,
                     params->run_bytes);
    return PL_OK;
}
