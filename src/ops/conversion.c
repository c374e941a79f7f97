/* SPDX-License-Identifier: Apache-2.0 */
/* QUANTIZE and DEQUANTIZE. */
#include "kernels/elementwise_kernels.h"
#include "ops/check.h"
#include "ops/packed.h"
#include "ops/quantize.h"
#include "ops/reach.h"

struct convert_plan {
    pl_convert_kernel kernel;
    pl_type in_type;
    pl_type out_type;
    int32_t in_bytes; /* of an element */
    int32_t out_bytes;
    int32_t channels; /* scales; 1: one for all */
    int64_t elements; /* in all */
    int64_t inner;    /* elements that follow each other with one scale, where there are several */
    const struct pl_convert_params *params; /* one, or one per channel */
    pl_eval_function start; /* what makes a variable's first value, and of how many units */
    int64_t start_units;
};

static enum pl_step_type step_type(pl_type type)
{
    switch ((int)type) {
    case PL_INT8:
    case PL_INT4:
    case PL_UINT4:
    case PL_INT2: return PL_STEP_INT8;
    case PL_UINT8: return PL_STEP_UINT8;
    case PL_INT16: return PL_STEP_INT16;
    default: return PL_STEP_INT32;
    }
}

static void convert_range(pl_type type, int32_t *low, int32_t *high)
{
    *low = INT32_MIN;
    *high = INT32_MAX;
    if (pl_packed_is(type)) {
        pl_packed_range(type, low, high);
    } else if (type != PL_INT32) {
        pl_quantize_type_range(type, low, high);
    }
}

/* ---- running --------------------------------------------------------------------------------- */

/* Elements [first, first + count), all with one scale. Those of 4 and 2 bits are int8 to a kernel. */
static void convert(const struct pl_eval *eval, int64_t first, int64_t count,
                    const struct pl_convert_params *params)
{
    const struct convert_plan *plan = eval->params;
    const char *in = eval->inputs[0];
    char *out = (char *)eval->outputs[0] + first * plan->out_bytes;
    if (!pl_packed_is(plan->in_type)) {
        plan->kernel(out, in + first * plan->in_bytes, count, params);
        return;
    }
    for (int64_t from = 0; from < count; from += PL_PACKED_BLOCK) {
        int8_t block[PL_PACKED_BLOCK];
        const int64_t part = count - from < PL_PACKED_BLOCK ? count - from : PL_PACKED_BLOCK;
        pl_packed_load(block, eval->inputs[0], first + from, part, plan->in_type);
        plan->kernel(out + from * plan->out_bytes, block, part, params);
    }
}

static pl_status eval_elements(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct convert_plan *plan = eval->params;
    convert(eval, from, to - from, plan->params);
    return PL_OK;
}

/* A unit is the run of one channel. */
static pl_status eval_channels(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct convert_plan *plan = eval->params;
    for (int64_t unit = from; unit < to; unit++)
        convert(eval, unit * plan->inner, plan->inner, &plan->params[unit % plan->channels]);
    return PL_OK;
}

/* To elements of 4 bits: a unit is a block of them. */
static pl_status eval_packed(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct convert_plan *plan = eval->params;
    const float *in = eval->inputs[0];
    uint8_t *out = eval->outputs[0];
    const int32_t in_byte = 8 / pl_type_bits(plan->out_type);
    for (int64_t unit = from; unit < to; unit++) {
        int8_t block[PL_PACKED_BLOCK];
        const int64_t first = unit * PL_PACKED_BLOCK;
        const int64_t left = plan->elements - first;
        const int64_t count = left < PL_PACKED_BLOCK ? left : PL_PACKED_BLOCK;
        plan->kernel(block, in + first, count, plan->params);
        pl_packed_store(out + first / in_byte, block, count, plan->out_type);
    }
    return PL_OK;
}

/* A constant that is converted into a variable is its first value: once, the state says whether. */
static pl_status eval_start(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct convert_plan *plan = eval->params;
    (void)from;
    (void)to;
    int32_t *done = eval->states[0];
    if (*done != 0) return PL_OK;
    PL_TRY(plan->start(eval, 0, plan->start_units));
    *done = 1;
    return PL_OK;
}

/* ---- QUANTIZE and DEQUANTIZE ----------------------------------------------------------------- */

/* One input, one output of its shape; `count` parameters to be filled. */
static pl_status make_plan(struct pl_prepare *prepare, int32_t count, struct convert_plan **plan,
                           struct pl_convert_params **params)
{
    PL_TRY(pl_check_set_output(prepare, 0, &prepare->inputs[0]->shape));
    struct convert_plan *made = pl_prepare_allocate(prepare, sizeof *made);
    if (made == NULL) return PL_OUT_OF_MEMORY;
    *params = pl_prepare_allocate(prepare, (size_t)count * sizeof **params);
    if (*params == NULL) return PL_OUT_OF_MEMORY;
    made->in_type = prepare->inputs[0]->tensor->type;
    made->out_type = prepare->outputs[0]->tensor->type;
    made->elements = pl_shape_count(&prepare->inputs[0]->shape);
    made->in_bytes = pl_type_bits(prepare->inputs[0]->tensor->type) / 8;
    made->out_bytes = pl_type_bits(prepare->outputs[0]->tensor->type) / 8;
    made->inner = 1;
    made->channels = count;
    made->params = *params;
    prepare->params = made;
    *plan = made;
    return PL_OK;
}

/* Adds the stage: elements, or runs of channels along the quantized dimension. */
static pl_status add_stage(struct pl_prepare *prepare, struct convert_plan *plan, int32_t dimension)
{
    const struct pl_shape *shape = &prepare->inputs[0]->shape;
    const int64_t elements = pl_shape_count(shape);
    pl_eval_function eval = eval_elements;
    int64_t units = elements;
    if (plan->channels > 1) {
        plan->inner = pl_shape_span(shape, dimension + 1, shape->rank);
        eval = eval_channels;
        units = elements == 0 ? 0 : elements / plan->inner;
    }
    if (pl_packed_is(plan->out_type)) {
        eval = eval_packed;
        units = elements / PL_PACKED_BLOCK + (elements % PL_PACKED_BLOCK != 0);
        plan->inner = PL_PACKED_BLOCK;
    }
    if (prepare->inputs[0]->holder != NULL && prepare->outputs[0]->tensor->is_variable) {
        plan->start = eval;
        plan->start_units = units;
        pl_prepare_state(prepare, NULL, sizeof(int32_t));
        pl_prepare_stage(prepare, eval_start, 1, elements);
        return PL_OK;
    }
    if (plan->in_bytes == plan->out_bytes) prepare->in_place_inputs = 1;
    pl_prepare_stage(prepare, eval, units, plan->inner * 2);
    if (!pl_packed_is(plan->out_type)) pl_reach_slices(prepare, 1);
    return PL_OK;
}

static pl_status prepare_from_float(struct pl_prepare *prepare)
{
    const struct pl_quantization *quantization = &prepare->outputs[0]->tensor->quantization;
    const pl_type type = prepare->outputs[0]->tensor->type;
    struct convert_plan *plan = NULL;
    struct pl_convert_params *params = NULL;
    PL_TRY(pl_check_type(prepare, pl_output(0),
                         PL_TYPES_QUANTIZED | PL_TYPE_BIT(PL_INT4) | PL_TYPE_BIT(PL_UINT4)));
    if (pl_packed_is(type)) PL_TRY(pl_check_quantized(prepare, pl_output(0)));
    PL_TRY(make_plan(prepare, quantization->count > 1 ? quantization->count : 1, &plan, &params));
    if (plan->channels == 1) {
        PL_TRY(pl_check_quantized(prepare, pl_output(0)));
    } else {
        PL_TRY(pl_check_quantized_channels(prepare, pl_output(0), quantization->count));
    }
    for (int32_t channel = 0; channel < plan->channels; channel++) {
        params[channel].scale = quantization->scales[channel];
        params[channel].out_offset = quantization->zero_points[channel];
        convert_range(type, &params[channel].low, &params[channel].high);
        if (params[channel].scale == 0.0f)
            return pl_check_fail(prepare, PL_INVALID_MODEL, pl_output(0),
                                 "quantization scale %d is 0", (int)channel);
    }
    plan->kernel = prepare->kernels->elementwise->convert->quantize[step_type(type)];
    return add_stage(prepare, plan, quantization->dimension);
}

/* What a quantized type may become. */
static uint32_t requantized_types(pl_type from)
{
    switch ((int)from) {
    case PL_INT32: return PL_TYPE_BIT(PL_INT8) | PL_TYPE_BIT(PL_INT16);
    case PL_INT16: return PL_TYPE_BIT(PL_INT8) | PL_TYPE_BIT(PL_INT16) | PL_TYPE_BIT(PL_INT32);
    default: return PL_TYPES_QUANTIZED;
    }
}

static pl_status prepare_requantize(struct pl_prepare *prepare)
{
    const struct pl_tensor *input = prepare->inputs[0]->tensor;
    const struct pl_tensor *output = prepare->outputs[0]->tensor;
    struct convert_plan *plan = NULL;
    struct pl_convert_params *params = NULL;
    PL_TRY(pl_check_type(prepare, pl_output(0), requantized_types(input->type)));
    PL_TRY(pl_check_quantized_channels(prepare, pl_input(0),
                                       1)); /* a constant of zeros may have the scale 0 */
    PL_TRY(pl_check_quantized(prepare, pl_output(0)));
    if (input->type == PL_INT16 && output->type == PL_INT16) {
        PL_TRY(pl_check_symmetric(prepare, pl_input(0)));
        PL_TRY(pl_check_symmetric(prepare, pl_output(0)));
    }
    PL_TRY(make_plan(prepare, 1, &plan, &params));
    const double real =
        (double)input->quantization.scales[0] / (double)output->quantization.scales[0];
    PL_TRY(pl_quantize_multiplier(prepare, real, &params->multiplier));
    params->in_offset = input->quantization.zero_points[0];
    params->out_offset = output->quantization.zero_points[0];
    convert_range(output->type, &params->low, &params->high);
    plan->kernel = prepare->kernels->elementwise->convert
                       ->requantize[step_type(input->type)][step_type(output->type)];
    return add_stage(prepare, plan, 0);
}

pl_status pl_prepare_quantize(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0),
                         PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED | PL_TYPE_BIT(PL_INT32)));
    return prepare->inputs[0]->tensor->type == PL_FLOAT32 ? prepare_from_float(prepare)
                                                          : prepare_requantize(prepare);
}

pl_status pl_prepare_dequantize(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0),
                         PL_TYPES_QUANTIZED | PL_TYPE_BIT(PL_INT4) | PL_TYPE_BIT(PL_UINT4) |
                             PL_TYPE_BIT(PL_INT2) | PL_TYPE_BIT(PL_FLOAT16)));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_FLOAT32)));
    const struct pl_tensor *input = prepare->inputs[0]->tensor;
    const struct pl_quantization *quantization = &input->quantization;
    const bool is_half = input->type == PL_FLOAT16;
    struct convert_plan *plan = NULL;
    struct pl_convert_params *params = NULL;
    PL_TRY(make_plan(prepare, !is_half && quantization->count > 1 ? quantization->count : 1, &plan,
                     &params));
    if (is_half) {
        plan->kernel = prepare->kernels->elementwise->convert->float16_to_float32;
        return add_stage(prepare, plan, 0);
    }
    PL_TRY(pl_check_quantized_channels(prepare, pl_input(0), plan->channels));
    if (input->type == PL_INT16) PL_TRY(pl_check_symmetric(prepare, pl_input(0)));
    for (int32_t channel = 0; channel < plan->channels; channel++) {
        params[channel].scale = quantization->scales[channel];
        params[channel].in_offset = quantization->zero_points[channel];
    }
    plan->kernel = prepare->kernels->elementwise->convert->dequantize[step_type(input->type)];
    return add_stage(prepare, plan, quantization->dimension);
}
