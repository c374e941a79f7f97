/* SPDX-License-Identifier: Apache-2.0 */
/* MEAN, SUM, REDUCE_PROD, REDUCE_MAX, REDUCE_MIN, REDUCE_ANY and REDUCE_ALL over any axes. Neighbouring dimensions that are both kept or both reduced are
 * merged; if the innermost one is kept, outputs that lie side by side are made together, else
 * one after another. A unit is an output. */
#include <math.h>

#include "kernels/reduction_kernels.h"
#include "ops/axis.h"
#include "ops/check.h"
#include "ops/quantize.h"
#include "ops/reach.h"
#include "ops/span.h"

struct reduce_plan {
    pl_reduce_kernel kernel;
    struct pl_reduce_params params;
    int32_t bytes; /* of an element, in and out */
    bool is_whole; /* all of the input is one output */
    bool is_rows;  /* outputs of one run each, behind each other, which the kernel takes together */
    int64_t inner; /* outputs side by side */
    /* The kept dimensions outside of these, outermost first. */
    int32_t rank;
    int64_t dims[PL_MAX_RANK];
    int64_t strides[PL_MAX_RANK];
};

static pl_status eval(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct reduce_plan *plan = eval->params;
    const char *in = eval->inputs[0];
    char *out = eval->outputs[0];
    int64_t count = 0;
    if (plan->is_rows) {
        plan->kernel(out + from * plan->bytes, in + from * plan->params.run * plan->bytes, to - from, &plan->params);
        return PL_OK;
    }
    for (int64_t output = from; output < to; output += count) {
        const int64_t inside = output % plan->inner;
        int64_t row = output / plan->inner;
        int64_t offset = inside;
        for (int32_t axis = plan->rank - 1; axis >= 0; axis--) {
            offset += row % plan->dims[axis] * plan->strides[axis];
            row /= plan->dims[axis];
        }
        count = plan->inner - inside < to - output ? plan->inner - inside : to - output;
        plan->kernel(out + output * plan->bytes, in + offset * plan->bytes, count, &plan->params);
    }
    return PL_OK;
}

/* PL_REDUCE_TYPE_COUNT if the type is none of them. */
static enum pl_reduce_type reduce_type(pl_type type)
{
    switch ((int)type) {
    case PL_FLOAT32: return PL_REDUCE_FLOAT32;
    case PL_INT32: return PL_REDUCE_INT32;
    case PL_INT64: return PL_REDUCE_INT64;
    case PL_INT8: return PL_REDUCE_INT8;
    case PL_UINT8: return PL_REDUCE_UINT8;
    case PL_INT16: return PL_REDUCE_INT16;
    case PL_BOOL: return PL_REDUCE_BOOL;
    default: return PL_REDUCE_TYPE_COUNT;
    }
}

static bool is_reduced(uint32_t mask, int32_t axis)
{
    return (mask >> axis & 1u) != 0;
}

static struct pl_shape output_shape(const struct pl_shape *in, uint32_t mask, bool keep_dims)
{
    struct pl_shape out = {0};
    for (int32_t axis = 0; axis < in->rank; axis++) {
        if (!is_reduced(mask, axis)) {
            out.dims[out.rank++] = in->dims[axis];
        } else if (keep_dims) {
            out.dims[out.rank++] = 1;
        }
    }
    return out;
}

/* A dimension after merging. */
struct group {
    bool reduced;
    int64_t dim;
    int64_t stride;
};

/* Outermost first; dimensions of 1 are left out. */
static int32_t merge_dims(const struct pl_shape *in, uint32_t mask,
                          struct group groups[PL_MAX_RANK])
{
    int32_t count = 0;
    for (int32_t axis = 0; axis < in->rank; axis++) {
        if (in->dims[axis] == 1) continue;
        const bool reduced = is_reduced(mask, axis);
        if (count > 0 && groups[count - 1].reduced == reduced) {
            groups[count - 1].dim *= in->dims[axis];
        } else {
            groups[count].reduced = reduced;
            groups[count++].dim = in->dims[axis];
        }
    }
    int64_t stride = 1;
    for (int32_t i = count - 1; i >= 0; i--) {
        groups[i].stride = stride;
        stride *= groups[i].dim;
    }
    return count;
}

static void plan_walk(const struct pl_shape *in, uint32_t mask, struct reduce_plan *plan)
{
    struct group groups[PL_MAX_RANK];
    int32_t count = merge_dims(in, mask, groups);
    struct pl_reduce_params *params = &plan->params;
    params->count = 1;
    params->run = 1;
    plan->inner = 1;
    for (int32_t i = 0; i < count; i++)
        if (groups[i].reduced) params->count *= groups[i].dim;
    if (count > 0) { /* the innermost one is the kernel's inner loop */
        count--;
        if (groups[count].reduced) {
            params->run = groups[count].dim;
        } else {
            plan->inner = groups[count].dim;
        }
    }
    for (int32_t i = 0; i < count; i++) {
        if (groups[i].reduced) {
            params->dims[params->rank] = groups[i].dim;
            params->strides[params->rank++] = groups[i].stride;
        } else {
            plan->dims[plan->rank] = groups[i].dim;
            plan->strides[plan->rank++] = groups[i].stride;
        }
    }
}

/* For a mean, 1 / count is taken into the multiplier, as far as its shift allows. */
static struct pl_multiplier divided_multiplier(struct pl_multiplier multiplier, int64_t count)
{
    int32_t shift = 63 - __builtin_clzll((unsigned long long)count);
    if (shift > 32) shift = 32;
    if (shift > 31 + multiplier.shift) shift = 31 + multiplier.shift;
    multiplier.multiplier = (int32_t)(((int64_t)multiplier.multiplier << shift) / count);
    multiplier.shift -= shift;
    return multiplier;
}

static pl_status quantized_params(struct pl_prepare *prepare, struct pl_reduce_params *params)
{
    PL_TRY(pl_check_quantized(prepare, pl_input(0)));
    PL_TRY(pl_check_quantized(prepare, pl_output(0)));
    const struct pl_quantization *in = &prepare->inputs[0]->tensor->quantization;
    const struct pl_quantization *out = &prepare->outputs[0]->tensor->quantization;
    if (prepare->inputs[0]->tensor->type == PL_INT16) {
        PL_TRY(pl_check_symmetric(prepare, pl_input(0)));
        PL_TRY(pl_check_symmetric(prepare, pl_output(0)));
    }
    PL_TRY(pl_quantize_multiplier(prepare, (double)in->scales[0] / (double)out->scales[0],
                                  &params->multiplier));
    if (params->count > 0)
        params->multiplier = divided_multiplier(params->multiplier, params->count);
    params->in_offset = in->zero_points[0] * params->count;
    params->scale = in->scales[0] / out->scales[0];
    params->bias = (float)-in->zero_points[0] * params->scale * (float)params->count;
    params->out_offset = out->zero_points[0];
    pl_quantize_type_range(prepare->outputs[0]->tensor->type, &params->low, &params->high);
    return PL_OK;
}

/* ---- what all share -------------------------------------------------------------------------- */

enum {
    TYPES_SUM = PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED | PL_TYPE_BIT(PL_INT32) |
                PL_TYPE_BIT(PL_INT64),
    TYPES_FOLD = TYPES_SUM | PL_TYPE_BIT(PL_BOOL)
};

static bool is_quantized_type(pl_type type)
{
    return (PL_TYPE_BIT(type) & PL_TYPES_QUANTIZED) != 0;
}

/* Axes before all that are reduced: how many rows there are along others decides in which order floats are summed up. */
static void say_spans(struct pl_prepare *prepare, uint32_t mask)
{
    for (int32_t axis = 0; axis < prepare->inputs[0]->shape.rank && !is_reduced(mask, axis); axis++)
        if (mask != 0) pl_span_local(prepare, axis, axis);
}

/* Makes the plan of the walk; its kernel and the stage are left. */
static pl_status prepare_walk(struct pl_prepare *prepare, uint32_t types, struct reduce_plan **made)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), types));
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    const struct pl_shape *in = &prepare->inputs[0]->shape;
    uint32_t mask = 0;
    if (in->rank > 0) PL_TRY(pl_axis_read_mask(prepare, 1, in->rank, &mask));
    const bool keep_dims =
        pl_record_integer(prepare->op->options, PL_ReducerOptions_keep_dims) != 0;
    const struct pl_shape out = output_shape(in, mask, keep_dims);
    PL_TRY(pl_check_set_output(prepare, 0, &out));
    say_spans(prepare, mask);

    struct reduce_plan *plan = pl_prepare_allocate(prepare, sizeof *plan);
    if (plan == NULL) return PL_OUT_OF_MEMORY;
    plan->bytes = pl_type_bits(prepare->inputs[0]->tensor->type) / 8;
    plan_walk(in, mask, plan);
    plan->is_whole = mask == (1u << in->rank) - 1;
    prepare->params = plan;
    *made = plan;
    return PL_OK;
}

/* A unit is an output. */
static void add_stage(struct pl_prepare *prepare, const struct reduce_plan *plan)
{
    const bool of_one_run = plan->params.run > 1 && plan->params.rank == 0 && plan->rank <= 1;
    pl_prepare_stage(prepare, eval, pl_shape_count(&prepare->outputs[0]->shape), plan->params.count);
    pl_reach_slices(prepare, of_one_run ? 1 : 0);
}

static pl_status finish(struct pl_prepare *prepare, struct reduce_plan *plan,
                        const pl_reduce_kernel *across, const pl_reduce_kernel *along)
{
    const enum pl_reduce_type type = reduce_type(prepare->inputs[0]->tensor->type);
    plan->kernel = plan->params.run > 1 ? along[type] : across[type];
    add_stage(prepare, plan);
    return PL_OK;
}

/* ---- MEAN and SUM ---------------------------------------------------------------------------- */

static pl_status prepare_sum(struct pl_prepare *prepare, bool mean)
{
    const struct pl_reduction_kernels *kernels = prepare->kernels->reduction;
    struct reduce_plan *plan = NULL;
    PL_TRY(prepare_walk(prepare, mean ? TYPES_SUM : TYPES_FOLD, &plan));
    const pl_type type = prepare->inputs[0]->tensor->type;
    plan->params.mean = mean;
    if (type == PL_BOOL) /* any true element makes the sum true */
        return finish(prepare, plan, kernels->fold->maximum.across, kernels->fold->maximum.along);
    if (is_quantized_type(type)) PL_TRY(quantized_params(prepare, &plan->params));
    PL_TRY(finish(prepare, plan, kernels->reduce_across, kernels->reduce_along));
    plan->is_rows = type == PL_FLOAT32 && plan->params.run > 1 && plan->params.rank == 0 && plan->rank <= 1;
    if (plan->is_rows) plan->kernel = kernels->reduce_rows_float32;
    return PL_OK;
}

pl_status pl_prepare_mean(struct pl_prepare *prepare)
{
    return prepare_sum(prepare, true);
}

pl_status pl_prepare_sum(struct pl_prepare *prepare)
{
    return prepare_sum(prepare, false);
}

/* ---- products -------------------------------------------------------------------------------- */

/* Each factor is rescaled by the input's scale and the root of the output's, so that the product
 * stays small. */
static pl_status quantized_product_params(struct pl_prepare *prepare,
                                          struct pl_reduce_params *params)
{
    PL_TRY(pl_check_quantized(prepare, pl_input(0)));
    PL_TRY(pl_check_quantized(prepare, pl_output(0)));
    const struct pl_quantization *in = &prepare->inputs[0]->tensor->quantization;
    const struct pl_quantization *out = &prepare->outputs[0]->tensor->quantization;
    if (params->count > 0) {
        const double root = pow((double)out->scales[0], 1.0 / (double)params->count);
        PL_TRY(pl_quantize_multiplier(prepare, (double)in->scales[0] / root, &params->multiplier));
    }
    if (params->multiplier.shift > 14)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_output(0),
                             "its scale %g is too small for the input's %g", (double)out->scales[0],
                             (double)in->scales[0]);
    params->in_offset = in->zero_points[0];
    params->out_offset = out->zero_points[0];
    return PL_OK;
}

static pl_status check_symmetric_16(struct pl_prepare *prepare)
{
    if (prepare->inputs[0]->tensor->type != PL_INT16) return PL_OK;
    PL_TRY(pl_check_symmetric(prepare, pl_input(0)));
    return pl_check_symmetric(prepare, pl_output(0));
}

pl_status pl_prepare_reduce_prod(struct pl_prepare *prepare)
{
    const struct pl_fold_table *fold = prepare->kernels->reduction->fold;
    struct reduce_plan *plan = NULL;
    PL_TRY(prepare_walk(prepare, TYPES_FOLD, &plan));
    PL_TRY(check_symmetric_16(prepare));
    const pl_type type = prepare->inputs[0]->tensor->type;
    if (prepare->inputs[0]->tensor->quantization.count == 0 || !is_quantized_type(type))
        return finish(prepare, plan, fold->product.across, fold->product.along);
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_INT8) | PL_TYPE_BIT(PL_INT16)));
    PL_TRY(quantized_product_params(prepare, &plan->params));
    plan->kernel = type == PL_INT8 ? fold->quantized_product_int8 : fold->quantized_product_int16;
    add_stage(prepare, plan);
    return PL_OK;
}

/* ---- largest and smallest elements, any and all ---------------------------------------------- */

static pl_status prepare_fold(struct pl_prepare *prepare, uint32_t types,
                              const struct pl_fold_row *row)
{
    struct reduce_plan *plan = NULL;
    PL_TRY(prepare_walk(prepare, types, &plan));
    PL_TRY(check_symmetric_16(prepare));
    const pl_type type = prepare->inputs[0]->tensor->type;
    plan->params.from_first = type == PL_FLOAT32 && plan->is_whole;
    if (is_quantized_type(type))
        PL_TRY(pl_check_same_quantization(prepare, pl_output(0), pl_input(0)));
    return finish(prepare, plan, row->across, row->along);
}

pl_status pl_prepare_reduce_max(struct pl_prepare *prepare)
{
    return prepare_fold(prepare, TYPES_FOLD, &prepare->kernels->reduction->fold->maximum);
}

pl_status pl_prepare_reduce_min(struct pl_prepare *prepare)
{
    return prepare_fold(prepare, TYPES_FOLD, &prepare->kernels->reduction->fold->minimum);
}

pl_status pl_prepare_reduce_any(struct pl_prepare *prepare)
{
    return prepare_fold(prepare, PL_TYPE_BIT(PL_BOOL), &prepare->kernels->reduction->fold->maximum);
}

pl_status pl_prepare_reduce_all(struct pl_prepare *prepare)
{
    return prepare_fold(prepare, PL_TYPE_BIT(PL_BOOL), &prepare->kernels->reduction->fold->minimum);
}
