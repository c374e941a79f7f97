/* SPDX-License-Identifier: Apache-2.0 */
/* Operators of one input: see unary.h. */
#include "ops/unary.h"

#include "ops/check.h"
#include "ops/quantize.h"
#include "ops/reach.h"

enum { HALF_BLOCK = 256 };

static bool is_below(const struct pl_unary_plan *plan, const void *in, int64_t count)
{
    bool below = false;
    if (plan->in_bytes == 1) {
        const int8_t *values = in;
        for (int64_t i = 0; i < count; i++) below |= values[i] < plan->least;
    } else {
        const int16_t *values = in;
        for (int64_t i = 0; i < count; i++) below |= values[i] < plan->least;
    }
    return below;
}

static void run_half(const struct pl_unary_plan *plan, char *out, const char *in, int64_t count)
{
    float block[HALF_BLOCK];
    for (int64_t from = 0; from < count; from += HALF_BLOCK) {
        const int64_t part = count - from < HALF_BLOCK ? count - from : HALF_BLOCK;
        plan->cast(block, PL_CAST_FLOAT32, in + from * plan->in_bytes, plan->half, part);
        plan->kernel(block, block, part, &plan->params);
        plan->cast(out + from * plan->out_bytes, plan->half, block, PL_CAST_FLOAT32, part);
    }
}

static pl_status eval(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct pl_unary_plan *plan = eval->params;
    const char *in = (const char *)eval->inputs[0] + from * plan->in_bytes;
    char *out = (char *)eval->outputs[0] + from * plan->out_bytes;
    if (plan->has_least && is_below(plan, in, to - from))
        return pl_eval_fail(eval,
                            "the input has negative values, where the function is not defined");
    if (plan->is_half) {
        run_half(plan, out, in, to - from);
    } else {
        plan->kernel(out, in, to - from, &plan->params);
    }
    return PL_OK;
}

pl_status pl_unary_prepare_plain(struct pl_prepare *prepare, uint32_t types, pl_type out_type,
                                 struct pl_unary_plan **plan)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), types));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(out_type)));
    PL_TRY(pl_check_set_output(prepare, 0, &prepare->inputs[0]->shape));
    const pl_type type = prepare->inputs[0]->tensor->type;
    struct pl_unary_plan *made = pl_prepare_allocate(prepare, sizeof *made);
    if (made == NULL) return PL_OUT_OF_MEMORY;
    made->in_bytes = pl_type_bits(type) / 8;
    made->out_bytes = pl_type_bits(out_type) / 8;
    made->params.lookup_8 = made->lookup_8;
    made->params.lookup_16 = made->lookup_16;
    made->is_half = (PL_TYPE_BIT(type) & PL_TYPES_HALF) != 0;
    made->half = type == PL_FLOAT16 ? PL_CAST_FLOAT16 : PL_CAST_BFLOAT16;
    made->cast = prepare->kernels->elementwise->convert->cast;
    prepare->params = made;
    if (made->in_bytes == made->out_bytes) prepare->in_place_inputs = 1;
    *plan = made;
    return PL_OK;
}

pl_status pl_unary_prepare(struct pl_prepare *prepare, uint32_t types, struct pl_unary_plan **plan)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), types));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    const pl_type type = prepare->inputs[0]->tensor->type;
    if ((PL_TYPE_BIT(type) & PL_TYPES_QUANTIZED) != 0) {
        PL_TRY(pl_check_quantized(prepare, pl_input(0)));
        PL_TRY(pl_check_quantized(prepare, pl_output(0)));
    }
    if (type == PL_INT16) {
        PL_TRY(pl_check_symmetric(prepare, pl_input(0)));
        PL_TRY(pl_check_symmetric(prepare, pl_output(0)));
    }
    return pl_unary_prepare_plain(prepare, types, type, plan);
}

void pl_unary_use_lookup(struct pl_prepare *prepare, struct pl_unary_plan *plan,
                         pl_lookup_function function, float parameter)
{
    const struct pl_value *input = prepare->inputs[0];
    const struct pl_value *output = prepare->outputs[0];
    if (input->tensor->type != PL_INT16) {
        plan->kernel = prepare->kernels->elementwise->unary->lookup_8;
        pl_lookup_fill_8(input, output, function, parameter, plan->lookup_8);
    } else {
        plan->kernel = prepare->kernels->elementwise->unary->lookup_16;
        pl_lookup_fill_16(input, output, function, parameter, plan->lookup_16);
    }
}

void pl_unary_use_table(struct pl_prepare *prepare, struct pl_unary_plan *plan,
                        pl_unary_function function, const void *context)
{
    int32_t low = 0, high = 0;
    pl_quantize_type_range(prepare->inputs[0]->tensor->type, &low, &high);
    plan->kernel = prepare->kernels->elementwise->unary->lookup_8;
    for (int32_t value = low; value <= high; value++) {
        const int64_t result = function(value, context);
        plan->lookup_8[(uint8_t)value] = (uint8_t)(result < low    ? low
                                                   : result > high ? high
                                                                   : result);
    }
}

struct sides_context {
    const struct pl_unary_params *params;
    int32_t in_zero_point;
    int32_t out_zero_point;
};

static int64_t rescale_sides(int32_t value, const void *context)
{
    const struct sides_context *c = context;
    const int32_t centered = value - c->in_zero_point;
    if (centered >= 0)
        return (int64_t)pl_multiply(centered, c->params->sides[0]) + c->out_zero_point;
    const int64_t scaled =
        pl_multiply(c->params->negate_before ? -centered : centered, c->params->sides[1]);
    return (c->params->negate_after ? -scaled : scaled) + c->out_zero_point;
}

void pl_unary_rescale_sides(struct pl_prepare *prepare, struct pl_unary_plan *plan)
{
    const struct sides_context context = {
        .params = &plan->params,
        .in_zero_point = prepare->inputs[0]->tensor->quantization.zero_points[0],
        .out_zero_point = prepare->outputs[0]->tensor->quantization.zero_points[0],
    };
    if (prepare->inputs[0]->tensor->type == PL_INT16) {
        plan->kernel = prepare->kernels->elementwise->elementary->rescale_sides_int16;
    } else {
        pl_unary_use_table(prepare, plan, rescale_sides, &context);
    }
}

pl_status pl_unary_finish(struct pl_prepare *prepare, struct pl_unary_plan *plan, int64_t cost)
{
    pl_prepare_stage(prepare, eval, pl_shape_count(&prepare->inputs[0]->shape),
                     plan->is_half ? cost + 4 : cost);
    pl_reach_slices(prepare, 1);
    return PL_OK;
}
