/* SPDX-License-Identifier: Apache-2.0 */
/* Operators of one input: RELU, RELU6, RELU_N1_TO_1, LOGISTIC, TANH, GELU, HARD_SWISH, RSQRT,
 * LOGICAL_NOT. What works on 8-bit values becomes a table of all 256. */
#include <math.h>

#include "kernels/fixed_functions.h"
#include "ops/check.h"
#include "ops/lookup.h"
#include "ops/quantize.h"

struct unary_plan {
    pl_unary_kernel kernel;
    struct pl_unary_params params;
    pl_convert_kernel convert; /* of rescale */
    struct pl_convert_params convert_params;
    int32_t bytes;  /* of an element */
    bool has_least; /* the function is not defined below `least` */
    int32_t least;
    union {
        uint8_t lookup_8[PL_LOOKUP_8];
        int16_t lookup_16[PL_LOOKUP_16];
    } table;
};

/* ---- what all share -------------------------------------------------------------------------- */

static bool is_8_bit(pl_type type)
{
    return type == PL_INT8 || type == PL_UINT8;
}

static bool is_below(const struct unary_plan *plan, const void *in, int64_t from, int64_t to)
{
    bool below = false;
    if (plan->bytes == 1) {
        const int8_t *values = in;
        for (int64_t i = from; i < to; i++) below |= values[i] < plan->least;
    } else {
        const int16_t *values = in;
        for (int64_t i = from; i < to; i++) below |= values[i] < plan->least;
    }
    return below;
}

static pl_status eval_unary(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct unary_plan *plan = eval->params;
    const char *in = eval->inputs[0];
    char *out = eval->outputs[0];
    if (plan->has_least && is_below(plan, in, from, to))
        return pl_eval_fail(eval,
                            "the input has negative values, where the function is not defined");
    plan->kernel(out + from * plan->bytes, in + from * plan->bytes, to - from, &plan->params);
    return PL_OK;
}

static pl_status eval_rescale(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct unary_plan *plan = eval->params;
    const char *in = eval->inputs[0];
    char *out = eval->outputs[0];
    plan->convert(out + from * plan->bytes, in + from * plan->bytes, to - from,
                  &plan->convert_params);
    return PL_OK;
}

/* One input, one output of its type and shape; quantized types have their quantization. */
static pl_status prepare_plan(struct pl_prepare *prepare, uint32_t types, struct unary_plan **plan)
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
    PL_TRY(pl_check_set_output(prepare, 0, &prepare->inputs[0]->shape));
    *plan = pl_prepare_allocate(prepare, sizeof **plan);
    if (*plan == NULL) return PL_OUT_OF_MEMORY;
    (*plan)->bytes = pl_type_bits(type) / 8;
    (*plan)->params.lookup_8 = (*plan)->table.lookup_8;
    (*plan)->params.lookup_16 = (*plan)->table.lookup_16;
    prepare->params = *plan;
    prepare->in_place_inputs = 1;
    return PL_OK;
}

static pl_status finish(struct pl_prepare *prepare, pl_eval_function eval, int64_t cost)
{
    pl_prepare_stage(prepare, eval, pl_shape_count(&prepare->inputs[0]->shape), cost);
    return PL_OK;
}

/* Makes the plan a table of `function`, for quantized types. */
static void use_lookup(struct pl_prepare *prepare, struct unary_plan *plan,
                       pl_lookup_function function, float parameter)
{
    const struct pl_value *input = prepare->inputs[0];
    const struct pl_value *output = prepare->outputs[0];
    if (is_8_bit(input->tensor->type)) {
        plan->kernel = prepare->kernels->elementwise->unary->lookup_8;
        pl_lookup_fill_8(input, output, function, parameter, plan->table.lookup_8);
    } else {
        plan->kernel = prepare->kernels->elementwise->unary->lookup_16;
        pl_lookup_fill_16(input, output, function, parameter, plan->table.lookup_16);
    }
}

/* ---- RELU and its kin ------------------------------------------------------------------------ */

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
    struct unary_plan *plan = NULL;
    PL_TRY(prepare_plan(prepare, types, &plan));
    const pl_type type = prepare->inputs[0]->tensor->type;
    if (type == PL_FLOAT32) {
        plan->kernel = prepare->kernels->elementwise->unary->clamp;
        plan->params.low = low;
        plan->params.high = high;
        return finish(prepare, eval_unary, 1);
    }
    PL_TRY(rescale_params(prepare, low, high, &plan->convert_params));
    const enum pl_step_type step = type == PL_INT8    ? PL_STEP_INT8
                                   : type == PL_UINT8 ? PL_STEP_UINT8
                                                      : PL_STEP_INT16;
    plan->convert = prepare->kernels->elementwise->convert->requantize[step][step];
    return finish(prepare, eval_rescale, 2);
}

pl_status pl_prepare_relu(struct pl_prepare *prepare)
{
    return prepare_rectifier(prepare, 0.0f, INFINITY, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED);
}

pl_status pl_prepare_relu6(struct pl_prepare *prepare)
{
    return prepare_rectifier(prepare, 0.0f, 6.0f, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED);
}

pl_status pl_prepare_relu_n1_to_1(struct pl_prepare *prepare)
{
    return prepare_rectifier(prepare, -1.0f, 1.0f, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED_8);
}

/* ---- LOGISTIC and TANH ----------------------------------------------------------------------- */

static float logistic_function(float x, float parameter)
{
    (void)parameter;
    return 1.0f / (1.0f + expf(-x));
}

static float tanh_function(float x, float parameter)
{
    (void)parameter;
    return tanhf(x);
}

/* The kernels take the input at 1 / (3 * 4096). If its scale is 2^-12, or a power of two up to
 * largest_shift above, that is a factor 3 and a shift; else a 15-bit factor and a shift right.
 * The output's scale must be 2^-15. */
static pl_status sigmoid_16_params(struct pl_prepare *prepare, int32_t largest_shift,
                                   struct pl_unary_params *params)
{
    const float in_scale = prepare->inputs[0]->tensor->quantization.scales[0];
    const float out_scale = prepare->outputs[0]->tensor->quantization.scales[0];
    if (fabsf(out_scale * 32768.0f - 1.0f) > 1e-3f)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_output(0),
                             "found scale %g, expected 1/32768", (double)out_scale);
    const float log = logf(in_scale) * (1.0f / logf(2.0f));
    const float shift = roundf(log) + 12.0f;
    if (fabsf(log - roundf(log)) < 1e-3f && shift >= 0.0f && shift <= (float)largest_shift) {
        params->multiplier = 3 << (int32_t)shift;
        return PL_OK;
    }
    double factor = (double)in_scale * 4096.0 * 3.0;
    while (factor <= 32767.0 / 2.0 && params->shift <= 30) {
        params->shift++;
        factor *= 2.0;
    }
    params->multiplier = factor < 2147483647.0 ? (int32_t)factor : INT32_MAX;
    return PL_OK;
}

static pl_status prepare_sigmoid(struct pl_prepare *prepare, pl_unary_kernel real,
                                 pl_unary_kernel fixed_16, int32_t largest_shift,
                                 pl_lookup_function function)
{
    struct unary_plan *plan = NULL;
    PL_TRY(prepare_plan(prepare, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED, &plan));
    const pl_type type = prepare->inputs[0]->tensor->type;
    if (type == PL_FLOAT32) {
        plan->kernel = real;
    } else if (type == PL_INT16) {
        plan->kernel = fixed_16;
        PL_TRY(sigmoid_16_params(prepare, largest_shift, &plan->params));
    } else {
        use_lookup(prepare, plan, function, 0.0f);
    }
    return finish(prepare, eval_unary, type == PL_FLOAT32 ? 16 : 2);
}

pl_status pl_prepare_logistic(struct pl_prepare *prepare)
{
    const struct pl_unary_table *unary = prepare->kernels->elementwise->unary;
    return prepare_sigmoid(prepare, unary->logistic, unary->logistic_16, 0, logistic_function);
}

pl_status pl_prepare_tanh(struct pl_prepare *prepare)
{
    const struct pl_unary_table *unary = prepare->kernels->elementwise->unary;
    return prepare_sigmoid(prepare, unary->tanh, unary->tanh_16, 1, tanh_function);
}

/* ---- GELU ------------------------------------------------------------------------------------ */

static float gelu_function(float x, float parameter)
{
    (void)parameter;
    return 0.5f * x * erfcf(x * -0.707106781f);
}

static float gelu_by_tanh_function(float x, float parameter)
{
    (void)parameter;
    return 0.5f * x * (1.0f + tanhf(0.797884561f * (x + 0.044715f * x * x * x)));
}

pl_status pl_prepare_gelu(struct pl_prepare *prepare)
{
    const struct pl_unary_table *unary = prepare->kernels->elementwise->unary;
    const bool approximate =
        pl_record_integer(prepare->op->options, PL_GeluOptions_approximate) != 0;
    struct unary_plan *plan = NULL;
    PL_TRY(prepare_plan(prepare, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED, &plan));
    if (prepare->inputs[0]->tensor->type == PL_FLOAT32) {
        plan->kernel = approximate ? unary->gelu_by_tanh : unary->gelu;
        return finish(prepare, eval_unary, 24);
    }
    use_lookup(prepare, plan, approximate ? gelu_by_tanh_function : gelu_function, 0.0f);
    return finish(prepare, eval_unary, 2);
}

/* ---- HARD_SWISH ------------------------------------------------------------------------------ */

/* A multiplier's upper 16 bits, rounded. */
static int16_t multiplier_16(int32_t multiplier)
{
    return multiplier >= INT32_MAX - (1 << 15) ? INT16_MAX
                                               : (int16_t)((multiplier + (1 << 15)) >> 16);
}

static int16_t saturate_16(int64_t x)
{
    return (int16_t)(x > INT16_MAX ? INT16_MAX : x < INT16_MIN ? INT16_MIN : x);
}

/* a * b / 2^15, rounded to nearest (ties up), saturating. */
static int16_t high_multiply_16(int16_t a, int16_t b)
{
    return saturate_16((a * b + (1 << 14)) >> 15);
}

struct hard_swish_params {
    int32_t in_zero_point;
    int32_t out_zero_point;
    int16_t out_multiplier;
    int16_t clamp_multiplier; /* of the factor that goes from 0 at -3 to 1 at 3 */
    int32_t out_shift;
    int32_t clamp_shift;
};

/* One value in 16-bit fixed point, as the reference computes it. */
static int32_t hard_swish_value(int32_t value, const struct hard_swish_params *p)
{
    const int16_t fine = (int16_t)((value - p->in_zero_point) * 128);
    const int16_t scaled = high_multiply_16(fine, p->out_multiplier);
    int16_t factor = fine;
    if (p->clamp_shift > 0) factor = saturate_16(factor * ((int64_t)1 << (p->clamp_shift - 1)));
    factor = high_multiply_16(factor, p->clamp_multiplier);
    if (p->clamp_shift > 0) factor = saturate_16(factor * 2);
    if (p->clamp_shift < 0) factor = (int16_t)pl_rounding_shift_right(factor, -p->clamp_shift);
    factor = (int16_t)((factor + (1 << 15)) >> 1);
    /* Rounded toward zero, against the bias of the products above; both factors are never -1
     * together. */
    const int16_t product = saturate_16(factor * scaled / (1 << 15));
    return (int16_t)(pl_rounding_shift_right(product, -p->out_shift) + p->out_zero_point);
}

static pl_status hard_swish_lookup(struct pl_prepare *prepare, uint8_t table[PL_LOOKUP_8])
{
    const struct pl_quantization *in = &prepare->inputs[0]->tensor->quantization;
    const struct pl_quantization *out = &prepare->outputs[0]->tensor->quantization;
    const float fine_scale = (1.0f / 128.0f) * in->scales[0];
    struct pl_multiplier out_multiplier, clamp_multiplier;
    PL_TRY(pl_quantize_multiplier(prepare, (double)(fine_scale / out->scales[0]), &out_multiplier));
    PL_TRY(pl_quantize_multiplier(prepare, (double)(fine_scale / (3.0f / 32768.0f)),
                                  &clamp_multiplier));
    if (out_multiplier.shift > 0)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_output(0),
                             "its scale %g is too small for the input's %g", (double)out->scales[0],
                             (double)in->scales[0]);
    const struct hard_swish_params params = {
        .in_zero_point = in->zero_points[0],
        .out_zero_point = out->zero_points[0],
        .out_multiplier = multiplier_16(out_multiplier.multiplier),
        .clamp_multiplier = multiplier_16(clamp_multiplier.multiplier),
        .out_shift = out_multiplier.shift,
        .clamp_shift = clamp_multiplier.shift,
    };
    int32_t low = 0, high = 0;
    pl_quantize_type_range(prepare->inputs[0]->tensor->type, &low, &high);
    for (int32_t value = low; value <= high; value++)
        table[(uint8_t)value] = (uint8_t)pl_clamp(hard_swish_value(value, &params), low, high);
    return PL_OK;
}

pl_status pl_prepare_hard_swish(struct pl_prepare *prepare)
{
    struct unary_plan *plan = NULL;
    PL_TRY(prepare_plan(prepare, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED_8, &plan));
    if (prepare->inputs[0]->tensor->type == PL_FLOAT32) {
        plan->kernel = prepare->kernels->elementwise->unary->hard_swish;
    } else {
        plan->kernel = prepare->kernels->elementwise->unary->lookup_8;
        PL_TRY(hard_swish_lookup(prepare, plan->table.lookup_8));
    }
    return finish(prepare, eval_unary, 4);
}

/* ---- RSQRT ----------------------------------------------------------------------------------- */

/* Where it is not defined: the largest output. */
static float rsqrt_function(float x, float out_scale)
{
    return x <= 0.0f ? (float)INT16_MAX * out_scale : 1.0f / sqrtf(x);
}

static pl_status rsqrt_lookup_8(struct pl_prepare *prepare, uint8_t table[PL_LOOKUP_8])
{
    enum { BITS = 20 }; /* by which the inverse square root is kept as an integer */
    const struct pl_quantization *in = &prepare->inputs[0]->tensor->quantization;
    const struct pl_quantization *out = &prepare->outputs[0]->tensor->quantization;
    struct pl_multiplier rescale;
    PL_TRY(pl_quantize_multiplier(prepare, 1.0 / (double)(sqrtf(in->scales[0]) * out->scales[0]),
                                  &rescale));
    rescale.shift -= BITS;
    if (rescale.shift < -31) rescale = (struct pl_multiplier){0, 0};
    for (int32_t value = in->zero_points[0]; value <= INT8_MAX; value++) {
        struct pl_multiplier inverse = pl_fixed_inverse_square_root(value - in->zero_points[0]);
        inverse.shift += BITS;
        const int32_t scaled =
            pl_fixed_add(pl_multiply(pl_multiply(1, inverse), rescale), out->zero_points[0]);
        const int32_t result =
            value == in->zero_points[0] ? INT8_MAX : pl_clamp(scaled, INT8_MIN, INT8_MAX);
        table[(uint8_t)value] = (uint8_t)result;
    }
    return PL_OK;
}

pl_status pl_prepare_rsqrt(struct pl_prepare *prepare)
{
    struct unary_plan *plan = NULL;
    PL_TRY(prepare_plan(
        prepare, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_INT8) | PL_TYPE_BIT(PL_INT16), &plan));
    const struct pl_value *input = prepare->inputs[0];
    if (input->tensor->type == PL_FLOAT32) {
        plan->kernel = prepare->kernels->elementwise->unary->rsqrt;
        return finish(prepare, eval_unary, 4);
    }
    plan->has_least = true;
    plan->least = input->tensor->quantization.zero_points[0];
    if (input->tensor->type == PL_INT16) {
        use_lookup(prepare, plan, rsqrt_function,
                   prepare->outputs[0]->tensor->quantization.scales[0]);
    } else {
        plan->kernel = prepare->kernels->elementwise->unary->lookup_8;
        PL_TRY(rsqrt_lookup_8(prepare, plan->table.lookup_8));
    }
    return finish(prepare, eval_unary, 2);
}

/* ---- LOGICAL_NOT ----------------------------------------------------------------------------- */

pl_status pl_prepare_logical_not(struct pl_prepare *prepare)
{
    struct unary_plan *plan = NULL;
    PL_TRY(prepare_plan(prepare, PL_TYPE_BIT(PL_BOOL), &plan));
    plan->kernel = prepare->kernels->elementwise->unary->logical_not;
    return finish(prepare, eval_unary, 1);
}
