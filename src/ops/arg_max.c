/* SPDX-License-Identifier: Apache-2.0 */
/* ARG_MAX and ARG_MIN. A unit is an output. */
#include "kernels/reduction_kernels.h"
#include "ops/axis.h"
#include "ops/check.h"

struct arg_plan {
    pl_arg_kernel kernel;
    int64_t axis;  /* elements along the axis */
    int64_t inner; /* elements after the axis: outputs side by side */
    int32_t in_bytes;
    bool wide; /* the output is int64, else int32 */
};

static pl_status eval(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct arg_plan *plan = eval->params;
    const char *in = eval->inputs[0];
    int32_t *out_32 = eval->outputs[0];
    int64_t *out_64 = eval->outputs[0];
    int64_t count = 0;
    for (int64_t output = from; output < to; output += count) {
        int32_t index[PL_ARG_BLOCK];
        const int64_t inside = output % plan->inner, outer = output / plan->inner;
        const int64_t offset = outer * plan->axis * plan->inner + inside;
        count = plan->inner > 1 ? plan->inner - inside : PL_ARG_BLOCK; /* those along the last axis are rows */
        if (count > to - output) count = to - output;
        if (count > PL_ARG_BLOCK) count = PL_ARG_BLOCK;
        plan->kernel(index, in + offset * plan->in_bytes, count, plan->axis, plan->inner);
        for (int64_t i = 0; i < count; i++) {
            if (plan->wide) {
                out_64[output + i] = index[i];
            } else {
                out_32[output + i] = index[i];
            }
        }
    }
    return PL_OK;
}

static enum pl_arg_type arg_type(pl_type type)
{
    switch ((int)type) {
    case PL_FLOAT32: return PL_ARG_FLOAT32;
    case PL_INT8: return PL_ARG_INT8;
    case PL_INT32: return PL_ARG_INT32;
    default: return PL_ARG_UINT8; /* bool too */
    }
}

static pl_status prepare_arg(struct pl_prepare *prepare, const pl_arg_kernel *kernels,
                             enum pl_field option)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0),
                         PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED_8 | PL_TYPE_BIT(PL_INT32) |
                             PL_TYPE_BIT(PL_BOOL)));
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPES_INDEX));
    PL_TRY(pl_check_index_option(prepare, pl_output(0),
                                 pl_record_integer(prepare->op->options, option)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, PL_MAX_RANK));
    const struct pl_shape *in = &prepare->inputs[0]->shape;
    int64_t wanted = 0;
    int32_t axis = 0;
    PL_TRY(pl_axis_read_integer(prepare, 1, &wanted));
    PL_TRY(pl_axis_check(prepare, wanted, in->rank, &axis));
    if (in->dims[axis] == 0)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(0), "axis %d is empty", (int)axis);

    struct pl_shape out = {0};
    for (int32_t i = 0; i < in->rank; i++)
        if (i != axis) out.dims[out.rank++] = in->dims[i];
    PL_TRY(pl_check_set_output(prepare, 0, &out));
    struct arg_plan *plan = pl_prepare_allocate(prepare, sizeof *plan);
    if (plan == NULL) return PL_OUT_OF_MEMORY;
    plan->kernel = kernels[arg_type(prepare->inputs[0]->tensor->type)];
    plan->axis = in->dims[axis];
    plan->inner = pl_shape_span(in, axis + 1, in->rank);
    plan->in_bytes = pl_type_bits(prepare->inputs[0]->tensor->type) / 8;
    plan->wide = prepare->outputs[0]->tensor->type == PL_INT64;
    prepare->params = plan;
    pl_prepare_stage(prepare, eval, pl_shape_count(&out), plan->axis);
    return PL_OK;
}

pl_status pl_prepare_arg_max(struct pl_prepare *prepare)
{
    return prepare_arg(prepare, prepare->kernels->reduction->arg_max, PL_ArgMaxOptions_output_type);
}

pl_status pl_prepare_arg_min(struct pl_prepare *prepare)
{
    return prepare_arg(prepare, prepare->kernels->reduction->arg_min, PL_ArgMinOptions_output_type);
}
