/* SPDX-License-Identifier: Apache-2.0 */
/* RELU, RELU6, RELU_0_TO_1, RELU_N1_TO_1, LEAKY_RELU, PRELU, ELU. */
#include <math.h>

#include "kernels/fixed_functions.h"
#include "ops/binary.h"
#include "ops/check.h"
#include "ops/quantize.h"
#include "ops/reach.h"
#include "ops/unary.h"

/* ---- RELU and its kin ------------------------------------------------------------------------ */

struct rescale_plan {
    pl_convert_kernel convert;
    struct pl_convert_params params;
    int32_t bytes;
};

static pl_status eval_rescale(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct rescale_plan *plan = eval->params;
    const char *in = eval->inputs[0];
    char *out = eval->outputs[0];
    plan->convert(out + from * plan->bytes, in + from * plan->bytes, to - from, &plan->params);
    return PL_OK;
}

/* A bound on the output's scale. Tensors that were never other than 0 can have scales so small
 * that the bound is no int32: the reference's conversion then gives the lowest one. */
static int32_t quantized_bound(float bound, const struct pl_quantization *out)
{
    const float scaled = roundf(bound / out->scales[0]);
    const bool fits = scaled >= -2147483648.0f && scaled < 2147483648.0f;
    return pl_fixed_add(fits ? (int32_t)scaled : INT32_MIN, out->zero_points[0]);
}

static pl_status rescale_params(struct pl_prepare *prepare, float low, float high,
                                struct pl_convert_params *params)
{
    const struct pl_quantization *in = &prepare->inputs[0]->tensor->quantization;
    const struct pl_quantization *out = &prepare->outputs[0]->tensor->quantization;
    const float real = in->scales[0] / out->scales[0];
    /* Such scales can also make the factor infinite, which is 0 to the reference. */
    if (isfinite(real)) PL_TRY(pl_quantize_multiplier(prepare, (double)real, &params->multiplier));
    params->in_offset = in->zero_points[0];
    params->out_offset = out->zero_points[0];
    pl_quantize_type_range(prepare->outputs[0]->tensor->type, &params->low, &params->high);
    const int32_t low_bound = quantized_bound(low, out);
    if (low_bound > params->low) params->low = low_bound;
    if (isinf(high)) return PL_OK;
    const int32_t high_bound = quantized_bound(high, out);
    if (high_bound < params->high) params->high = high_bound;
    return PL_OK;
}

static pl_status prepare_rectifier(struct pl_prepare *prepare, float low, float high,
                                   uint32_t types)
{
    struct pl_unary_plan *plan = NULL;
    PL_TRY(pl_unary_prepare(prepare, types, &plan));
    prepare->absorbing.clamp = (struct pl_clamp){true, low, high};
    const pl_type type = prepare->inputs[0]->tensor->type;
    if (type == PL_FLOAT32) {
        plan->kernel = prepare->kernels->elementwise->unary->clamp;
        plan->params.low = low;
        plan->params.high = high;
        return pl_unary_finish(prepare, plan, 1);
    }
    struct rescale_plan *rescale = pl_prepare_allocate(prepare, sizeof *rescale);
    if (rescale == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(rescale_params(prepare, low, high, &rescale->params));
    const enum pl_step_type step = type == PL_INT8    ? PL_STEP_INT8
                                   : type == PL_UINT8 ? PL_STEP_UINT8
                                                      : PL_STEP_INT16;
    rescale->convert = prepare->kernels->elementwise->convert->requantize[step][step];
    rescale->bytes = plan->in_bytes;
    prepare->params = rescale;
    pl_prepare_stage(prepare, eval_rescale, pl_shape_count(&prepare->inputs[0]->shape), 2);
    pl_reach_slices(prepare, 1);
    return PL_OK;
}

pl_status pl_prepare_relu(struct pl_prepare *prepare)
{
    return prepare_rectifier(prepare, 0.0f, INFINITY, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED);
}

pl_status pl_prepare_relu6(struct pl_prepare *prepare)
{
    return prepare_rectifier(prepare, 0.0f, 6.0f, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED);
}

pl_status pl_prepare_relu_0_to_1(struct pl_prepare *prepare)
{
    return prepare_rectifier(prepare, 0.0f, 1.0f, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED_8);
}

pl_status pl_prepare_relu_n1_to_1(struct pl_prepare *prepare)
{
    return prepare_rectifier(prepare, -1.0f, 1.0f, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED_8);
}

/* ---- LEAKY_RELU ------------------------------------------------------------------------------ */

/* Quantized: each side has its own multiplier. That of a negative alpha is positive, and the result
 * changes its sign. */
static pl_status leaky_params(struct pl_prepare *prepare, float alpha,
                              struct pl_unary_params *params)
{
    const float in_scale = prepare->inputs[0]->tensor->quantization.scales[0];
    const float out_scale = prepare->outputs[0]->tensor->quantization.scales[0];
    const float negative = in_scale * alpha / out_scale;
    params->negate_after = negative < 0.0f;
    PL_TRY(pl_quantize_multiplier(prepare, (double)(in_scale / out_scale), &params->sides[0]));
    return pl_quantize_multiplier(prepare, (double)fabsf(negative), &params->sides[1]);
}

pl_status pl_prepare_leaky_relu(struct pl_prepare *prepare)
{
    struct pl_unary_plan *plan = NULL;
    PL_TRY(pl_unary_prepare(prepare, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED, &plan));
    const struct pl_elementary_table *elementary = prepare->kernels->elementwise->elementary;
    const float alpha = pl_record_real(prepare->op->options, PL_LeakyReluOptions_alpha);
    plan->params.alpha = alpha;
    plan->kernel = elementary->leaky_relu;
    if (prepare->inputs[0]->tensor->type != PL_FLOAT32) {
        PL_TRY(leaky_params(prepare, alpha, &plan->params));
        pl_unary_rescale_sides(prepare, plan);
    }
    return pl_unary_finish(prepare, plan, 2);
}

/* ---- PRELU ----------------------------------------------------------------------------------- */

static pl_status prelu_params(struct pl_prepare *prepare, struct pl_binary_params *params)
{
    PL_TRY(pl_check_quantized(prepare, pl_input(0)));
    PL_TRY(pl_check_quantized(prepare, pl_input(1)));
    PL_TRY(pl_check_quantized(prepare, pl_output(0)));
    const struct pl_quantization *in = &prepare->inputs[0]->tensor->quantization;
    const struct pl_quantization *alpha = &prepare->inputs[1]->tensor->quantization;
    const struct pl_quantization *out = &prepare->outputs[0]->tensor->quantization;
    int32_t low = 0, high = 0;
    pl_quantize_type_range(prepare->outputs[0]->tensor->type, &low, &high);
    params->low_int = low;
    params->high_int = high;
    params->offsets[0] = -in->zero_points[0];
    params->offsets[1] = -alpha->zero_points[0];
    params->out_offset = out->zero_points[0];
    PL_TRY(
        pl_quantize_multiplier(prepare, (double)(in->scales[0] / out->scales[0]), &params->in[0]));
    return pl_quantize_multiplier(
        prepare, (double)(in->scales[0] * alpha->scales[0] / out->scales[0]), &params->out);
}

/* int16 values with int8 factors, which the kernel gets as int16. */
struct prelu_16_plan {
    struct pl_broadcast broadcast;
    struct pl_binary_params params;
    pl_binary_kernel kernel;
    pl_cast_kernel cast;
};

static pl_status eval_prelu_16(const struct pl_eval *eval, int64_t from, int64_t to)
{
    enum { BLOCK = 256 };
    const struct prelu_16_plan *plan = eval->params;
    struct pl_broadcast_walk walk;
    pl_broadcast_start(&plan->broadcast, from, to, &walk);
    while (pl_broadcast_next(&walk)) {
        const int32_t b_step = plan->broadcast.steps[1];
        const int8_t *factors = (const int8_t *)eval->inputs[1] + walk.offsets[1];
        for (int64_t first = 0; first < walk.count; first += BLOCK) {
            int16_t block[BLOCK];
            const int64_t count = walk.count - first < BLOCK ? walk.count - first : BLOCK;
            plan->cast(block, PL_CAST_INT16, factors + first * b_step, PL_CAST_INT8,
                       b_step == 0 ? 1 : count);
            const struct pl_binary_run run = {
                .out = (int16_t *)eval->outputs[0] + walk.element + first,
                .a = (const int16_t *)eval->inputs[0] + walk.offsets[0] + first,
                .b = block,
                .count = count,
                .a_step = plan->broadcast.steps[0],
                .b_step = b_step,
            };
            plan->kernel(&run, &plan->params);
        }
    }
    return PL_OK;
}

static pl_status prepare_prelu_16(struct pl_prepare *prepare)
{
    const struct pl_shape *const shapes[] = {&prepare->inputs[0]->shape,
                                             &prepare->inputs[1]->shape};
    struct prelu_16_plan *plan = pl_prepare_allocate(prepare, sizeof *plan);
    if (plan == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(prelu_params(prepare, &plan->params));
    PL_TRY(pl_broadcast_output(prepare));
    PL_TRY(pl_check_same_shape(prepare, pl_output(0), pl_input(0)));
    pl_broadcast_init(&plan->broadcast, shapes, 2, &prepare->outputs[0]->shape);
    plan->kernel =
        prepare->kernels->elementwise->binary->kernels[PL_BINARY_PRELU][PL_KIND_QUANTIZED_INT16];
    plan->cast = prepare->kernels->elementwise->convert->cast;
    prepare->params = plan;
    prepare->in_place_inputs = 1;
    pl_prepare_stage(prepare, eval_prelu_16, plan->broadcast.elements, 4);
    return PL_OK;
}

/* Factors have the type of what they multiply; int16 has int8 ones. */
pl_status pl_prepare_prelu(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPES_FLOAT | PL_TYPES_QUANTIZED));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    const pl_type type = prepare->inputs[0]->tensor->type;
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPE_BIT(type == PL_INT16 ? PL_INT8 : type)));
    if (type == PL_INT16) return prepare_prelu_16(prepare);
    struct pl_binary_params params = {0};
    struct pl_binary_plan *plan = NULL;
    if (type != PL_FLOAT32) PL_TRY(prelu_params(prepare, &params));
    PL_TRY(pl_binary_prepare(prepare, PL_BINARY_PRELU, pl_binary_kind(type, true), &params, &plan));
    return pl_check_same_shape(prepare, pl_output(0), pl_input(0));
}

/* ---- ELU ------------------------------------------------------------------------------------- */

static float elu_function(float x, float parameter)
{
    (void)parameter;
    return x < 0.0f ? expm1f(x) : x;
}

pl_status pl_prepare_elu(struct pl_prepare *prepare)
{
    struct pl_unary_plan *plan = NULL;
    PL_TRY(pl_unary_prepare(prepare, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_INT8), &plan));
    plan->kernel = prepare->kernels->elementwise->elementary->elu;
    if (prepare->inputs[0]->tensor->type == PL_FLOAT32) return pl_unary_finish(prepare, plan, 16);
    pl_unary_use_lookup(prepare, plan, elu_function, 0.0f);
    return pl_unary_finish(prepare, plan, 2);
}
