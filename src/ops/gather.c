/* SPDX-License-Identifier: Apache-2.0 */
/* GATHER: runs of the input picked by index along one axis. */
#include <string.h>

#include "ops/axis.h"
#include "ops/box.h"
#include "ops/check.h"
#include "ops/op.h"

/* The input is [batch][outer][axis][run], the indices [batch][picks], the output
 * [batch][outer][picks][run]. */
struct gather {
    int64_t outer;
    int64_t axis;
    int64_t picks;
    int64_t run_bytes;
    pl_type index_type;
};

static int64_t index_at(const void *indices, pl_type type, int64_t i)
{
    switch (type) {
    case PL_INT64: return ((const int64_t *)indices)[i];
    case PL_INT16: return ((const int16_t *)indices)[i];
    default: return ((const int32_t *)indices)[i];
    }
}

/* One unit is one pick. */
static pl_status eval_gather(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct gather *params = eval->params;
    const char *input = eval->inputs[0];
    char *output = eval->outputs[0];
    for (int64_t unit = from; unit < to; unit++) {
        const int64_t row = unit / params->picks; /* of batch and outer together */
        const int64_t pick = row / params->outer * params->picks + unit % params->picks;
        const int64_t index = index_at(eval->inputs[1], params->index_type, pick);
        if (index < 0 || index >= params->axis) {
            return pl_eval_fail(eval, "index %lld at place %lld is outside of the axis of %lld",
                                (long long)index, (long long)pick, (long long)params->axis);
        }
        memcpy(output + unit * params->run_bytes,
               input + (row * params->axis + index) * params->run_bytes, (size_t)params->run_bytes);
    }
    return PL_OK;
}

/* The leading axes that both inputs share. */
static pl_status read_batch_dims(struct pl_prepare *prepare, int32_t axis, int32_t *batch_dims)
{
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    const struct pl_shape *indices = &prepare->inputs[1]->shape;
    int64_t count = pl_record_integer(prepare->op->options, PL_GatherOptions_batch_dims);
    if (count < 0) count += indices->rank;
    PL_TRY(pl_check_option(prepare, "batch_dims", count, 0,
                           axis < indices->rank ? axis : indices->rank));
    for (int32_t i = 0; i < count; i++) {
        if (input->dims[i] != indices->dims[i]) {
            return pl_check_fail(prepare, PL_MISMATCH, pl_input(1),
                                 "dimension %d is %d, expected %d as in input 0", (int)i,
                                 (int)indices->dims[i], (int)input->dims[i]);
        }
    }
    *batch_dims = (int32_t)count;
    return PL_OK;
}

static pl_status set_shape(struct pl_prepare *prepare, int32_t axis, int32_t batch_dims)
{
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    const struct pl_shape *indices = &prepare->inputs[1]->shape;
    struct pl_shape output = {0, {0}};
    const int32_t rank = input->rank + indices->rank - 1 - batch_dims;
    if (rank > PL_MAX_RANK)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "the output has rank %d, the limit is %d",
                               (int)rank, PL_MAX_RANK);
    for (int32_t i = 0; i < axis; i++) output.dims[output.rank++] = input->dims[i];
    for (int32_t i = batch_dims; i < indices->rank; i++)
        output.dims[output.rank++] = indices->dims[i];
    for (int32_t i = axis + 1; i < input->rank; i++) output.dims[output.rank++] = input->dims[i];
    return pl_check_set_output(prepare, 0, &output);
}

pl_status pl_prepare_gather(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    PL_TRY(pl_check_same_type(prepare, pl_input(0), pl_output(0)));
    PL_TRY(pl_check_type(prepare, pl_input(1),
                         PL_TYPE_BIT(PL_INT32) | PL_TYPE_BIT(PL_INT64) | PL_TYPE_BIT(PL_INT16)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, PL_MAX_RANK));
    int64_t element_bytes = 0;
    PL_TRY(pl_box_element_bytes(prepare, pl_input(0), &element_bytes));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    const struct pl_shape *indices = &prepare->inputs[1]->shape;
    int32_t axis = 0;
    PL_TRY(pl_axis_check(prepare, pl_record_integer(prepare->op->options, PL_GatherOptions_axis),
                         input->rank, &axis));
    int32_t batch_dims = 0;
    PL_TRY(read_batch_dims(prepare, axis, &batch_dims));
    PL_TRY(set_shape(prepare, axis, batch_dims));

    struct gather *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->outer = pl_shape_span(input, batch_dims, axis);
    params->axis = input->dims[axis];
    params->picks = pl_shape_span(indices, batch_dims, indices->rank);
    params->run_bytes = pl_shape_span(input, axis + 1, input->rank) * element_bytes;
    params->index_type = prepare->inputs[1]->tensor->type;
    prepare->params = params;
    const int64_t units = pl_shape_span(input, 0, axis) * params->picks;
    pl_prepare_stage(prepare, eval_gather, params->run_bytes > 0 ? units : 0, params->run_bytes);
    return PL_OK;
}
