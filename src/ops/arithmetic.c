/* SPDX-License-Identifier: Apache-2.0 */
/* ADD, SUB, MUL, DIV, MAXIMUM, MINIMUM, SQUARED_DIFFERENCE. */
#include <float.h>
#include <math.h>

#include "ops/binary.h"
#include "ops/check.h"
#include "ops/quantize.h"

/* How the reference brings both inputs of ADD, SUB and SQUARED_DIFFERENCE to a common scale. */
enum { SHIFT_8 = 20, SHIFT_16 = 15, SHIFT_SQUARE = 7 };

enum {
    TYPES_SUM = PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED | PL_TYPE_BIT(PL_INT32) |
                PL_TYPE_BIT(PL_INT64),
    TYPES_PRODUCT = TYPES_SUM | PL_TYPES_HALF | PL_TYPE_BIT(PL_UINT32) | PL_TYPE_BIT(PL_COMPLEX64),
    TYPES_QUOTIENT = PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED | PL_TYPE_BIT(PL_INT32),
    TYPES_EXTREMUM = TYPES_SUM | PL_TYPES_HALF
};

static float scale_of(const struct pl_value *value)
{
    return value->tensor->quantization.scales[0];
}

static int32_t zero_point_of(const struct pl_value *value)
{
    return value->tensor->quantization.zero_points[0];
}

static bool is_quantized_type(pl_type type)
{
    return type == PL_INT8 || type == PL_UINT8 || type == PL_INT16;
}

/* ---- clamps ---------------------------------------------------------------------------------- */

/* The values that a plain integer type can have. */
static void integer_range(pl_type type, int64_t *low, int64_t *high)
{
    switch ((int)type) {
    case PL_INT16: *low = INT16_MIN, *high = INT16_MAX; break;
    case PL_INT32: *low = INT32_MIN, *high = INT32_MAX; break;
    case PL_UINT32: *low = 0, *high = UINT32_MAX; break;
    default: *low = INT64_MIN, *high = INT64_MAX; break;
    }
}

/* The largest number of a float type. */
static float largest_float(pl_type type)
{
    if (type == PL_FLOAT16) return 65504.0f;
    return type == PL_BFLOAT16 ? 0x1.FEp127f : FLT_MAX;
}

/* The fused activation on plain numbers; no number becomes infinite. */
static pl_status plain_range(struct pl_prepare *prepare, int64_t activation,
                             struct pl_binary_params *params)
{
    const pl_type type = prepare->outputs[0]->tensor->type;
    PL_TRY(pl_quantize_float_range(prepare, activation, &params->low, &params->high));
    integer_range(type, &params->low_int, &params->high_int);
    if (params->low > -FLT_MAX && (int64_t)params->low > params->low_int)
        params->low_int = (int64_t)params->low;
    if (params->high < FLT_MAX) params->high_int = (int64_t)params->high;
    const float largest = largest_float(type);
    if (params->low < -largest) params->low = -largest;
    if (params->high > largest) params->high = largest;
    return PL_OK;
}

/* The fused activation on the quantized output. */
static pl_status quantized_range(struct pl_prepare *prepare, int64_t activation,
                                 struct pl_binary_params *params)
{
    int32_t low = 0, high = 0;
    PL_TRY(pl_quantize_activation_range(prepare, activation, prepare->outputs[0], &low, &high));
    params->low_int = low;
    params->high_int = high;
    return PL_OK;
}

/* ---- quantized parameters -------------------------------------------------------------------- */

static pl_status check_quantized_all(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_quantized(prepare, pl_input(0)));
    PL_TRY(pl_check_quantized(prepare, pl_input(1)));
    return pl_check_quantized(prepare, pl_output(0));
}

static void set_offsets(const struct pl_prepare *prepare, struct pl_binary_params *params)
{
    params->offsets[0] = -zero_point_of(prepare->inputs[0]);
    params->offsets[1] = -zero_point_of(prepare->inputs[1]);
    params->out_offset = zero_point_of(prepare->outputs[0]);
}

static pl_status multiplier_below_one(struct pl_prepare *prepare, double real,
                                      struct pl_multiplier *multiplier)
{
    PL_TRY(pl_quantize_multiplier(prepare, real, multiplier));
    if (multiplier->shift <= 0) return PL_OK;
    return pl_prepare_fail(prepare, PL_UNSUPPORTED,
                           "the quantization scales give the factor %g, expected less than 1",
                           real);
}

/* Both inputs to twice the larger of their scales, then with left_shift (of the result:
 * out_shift) bits more to the output's; `power` is how often the common scale is in the result. */
static pl_status common_scale_params(struct pl_prepare *prepare, int32_t left_shift, int32_t power,
                                     struct pl_binary_params *params)
{
    const double scales[] = {(double)scale_of(prepare->inputs[0]),
                             (double)scale_of(prepare->inputs[1])};
    const double twice_largest = 2.0 * fmax(scales[0], scales[1]);
    const double common = power == 2 ? twice_largest * twice_largest : twice_largest;
    const double bits = (double)((int64_t)1 << (left_shift * power));
    set_offsets(prepare, params);
    params->left_shift = left_shift;
    PL_TRY(multiplier_below_one(prepare, scales[0] / twice_largest, &params->in[0]));
    PL_TRY(multiplier_below_one(prepare, scales[1] / twice_largest, &params->in[1]));
    return multiplier_below_one(prepare, common / (bits * (double)scale_of(prepare->outputs[0])),
                                &params->out);
}

/* ---- ADD and SUB ----------------------------------------------------------------------------- */

/* Whether a scale is a power of two as the reference finds it. */
static bool is_power_of_two(const struct pl_value *value, int32_t *exponent)
{
    const float log = logf(scale_of(value)) * (1.0f / logf(2.0f));
    const float rounded = roundf(log);
    *exponent = (int32_t)rounded;
    return fabsf(log - rounded) < 1e-3f;
}

/* Older int16 models: if all scales are powers of two, inputs are only shifted, and only one of
 * them. */
static pl_status power_params(struct pl_prepare *prepare, struct pl_binary_params *params,
                              bool *is_power)
{
    int32_t exponents[3];
    *is_power = is_power_of_two(prepare->inputs[0], &exponents[0]) &&
                is_power_of_two(prepare->inputs[1], &exponents[1]) &&
                is_power_of_two(prepare->outputs[0], &exponents[2]);
    if (!*is_power) return PL_OK;
    for (int32_t i = 0; i < 2; i++) {
        PL_TRY(pl_check_symmetric(prepare, pl_input(i)));
        const int32_t shift = exponents[i] - exponents[2];
        if (shift > 0)
            return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(i),
                                 "its scale is larger than the output's");
        params->in[i].shift = shift < -31 ? -31 : shift;
    }
    PL_TRY(pl_check_symmetric(prepare, pl_output(0)));
    if (params->in[0].shift != 0 && params->in[1].shift != 0)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED,
                               "one of the inputs must have the output's scale");
    return PL_OK;
}

static pl_status prepare_sum(struct pl_prepare *prepare, enum pl_binary operation, uint32_t types,
                             enum pl_field activation_field, enum pl_field power_field)
{
    PL_TRY(pl_binary_check_inputs(prepare));
    PL_TRY(pl_check_type(prepare, pl_input(0), types));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    const pl_type type = prepare->inputs[0]->tensor->type;
    const int64_t activation = pl_record_integer(prepare->op->options, activation_field);
    struct pl_binary_params params = {0};
    struct pl_binary_plan *plan = NULL;
    const bool is_plain_16 =
        type == PL_INT16 && prepare->outputs[0]->tensor->quantization.count == 0;
    enum pl_kind kind = pl_binary_kind(type, !is_plain_16);
    if (!is_quantized_type(type) || is_plain_16) {
        PL_TRY(plain_range(prepare, activation, &params));
        return pl_binary_prepare(prepare, operation, kind, &params, &plan);
    }
    PL_TRY(check_quantized_all(prepare));
    PL_TRY(quantized_range(prepare, activation, &params));
    bool is_power = false;
    if (type == PL_INT16 && pl_record_integer(prepare->op->options, power_field) != 0)
        PL_TRY(power_params(prepare, &params, &is_power));
    if (is_power) {
        kind = PL_KIND_POWER_INT16;
    } else {
        PL_TRY(common_scale_params(prepare, type == PL_INT16 ? SHIFT_16 : SHIFT_8, 1, &params));
    }
    return pl_binary_prepare(prepare, operation, kind, &params, &plan);
}

pl_status pl_prepare_add(struct pl_prepare *prepare)
{
    return prepare_sum(prepare, PL_BINARY_ADD, TYPES_SUM | PL_TYPES_HALF,
                       PL_AddOptions_fused_activation_function, PL_AddOptions_pot_scale_int16);
}

pl_status pl_prepare_sub(struct pl_prepare *prepare)
{
    return prepare_sum(prepare, PL_BINARY_SUB, TYPES_SUM, PL_SubOptions_fused_activation_function,
                       PL_SubOptions_pot_scale_int16);
}

/* ---- MUL and DIV ----------------------------------------------------------------------------- */

static pl_status prepare_product(struct pl_prepare *prepare, enum pl_binary operation,
                                 int64_t activation, float real, struct pl_binary_plan **plan)
{
    struct pl_binary_params params = {0};
    const pl_type type = prepare->inputs[0]->tensor->type;
    set_offsets(prepare, &params);
    PL_TRY(quantized_range(prepare, activation, &params));
    PL_TRY(pl_quantize_multiplier(prepare, (double)real, &params.out));
    return pl_binary_prepare(prepare, operation, pl_binary_kind(type, true), &params, plan);
}

pl_status pl_prepare_mul(struct pl_prepare *prepare)
{
    PL_TRY(pl_binary_check_inputs(prepare));
    PL_TRY(pl_check_type(prepare, pl_input(0), TYPES_PRODUCT));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    const pl_type type = prepare->inputs[0]->tensor->type;
    const int64_t activation =
        pl_record_integer(prepare->op->options, PL_MulOptions_fused_activation_function);
    struct pl_binary_plan *plan = NULL;
    if (type == PL_COMPLEX64)
        PL_TRY(pl_check_option(prepare, "fused_activation_function", activation,
                               PL_ActivationFunctionType_NONE, PL_ActivationFunctionType_NONE));
    const bool is_plain_16 =
        type == PL_INT16 && prepare->outputs[0]->tensor->quantization.count == 0;
    if (!is_quantized_type(type) || is_plain_16) {
        struct pl_binary_params params = {0};
        PL_TRY(plain_range(prepare, activation, &params));
        return pl_binary_prepare(prepare, PL_BINARY_MUL, pl_binary_kind(type, false), &params,
                                 &plan);
    }
    PL_TRY(check_quantized_all(prepare));
    if (type == PL_INT16) { /* the product of two centered values must fit */
        PL_TRY(pl_check_symmetric(prepare, pl_input(0)));
        PL_TRY(pl_check_symmetric(prepare, pl_input(1)));
        PL_TRY(pl_check_symmetric(prepare, pl_output(0)));
    }
    const float real =
        scale_of(prepare->inputs[0]) * scale_of(prepare->inputs[1]) / scale_of(prepare->outputs[0]);
    return prepare_product(prepare, PL_BINARY_MUL, activation, real, &plan);
}

pl_status pl_prepare_div(struct pl_prepare *prepare)
{
    PL_TRY(pl_binary_check_inputs(prepare));
    PL_TRY(pl_check_type(prepare, pl_input(0), TYPES_QUOTIENT));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    const pl_type type = prepare->inputs[0]->tensor->type;
    const int64_t activation =
        pl_record_integer(prepare->op->options, PL_DivOptions_fused_activation_function);
    struct pl_binary_plan *plan = NULL;
    if (!is_quantized_type(type)) {
        struct pl_binary_params params = {0};
        PL_TRY(plain_range(prepare, activation, &params));
        PL_TRY(
            pl_binary_prepare(prepare, PL_BINARY_DIV, pl_binary_kind(type, false), &params, &plan));
        if (type == PL_INT32) plan->check = pl_binary_zero_check(type);
        return PL_OK;
    }
    PL_TRY(check_quantized_all(prepare));
    const float real = scale_of(prepare->inputs[0]) /
                       (scale_of(prepare->inputs[1]) * scale_of(prepare->outputs[0]));
    PL_TRY(prepare_product(prepare, PL_BINARY_DIV, activation, real, &plan));
    plan->check = pl_binary_zero_check(type);
    plan->forbidden = zero_point_of(prepare->inputs[1]);
    return PL_OK;
}

/* ---- the others: no options ------------------------------------------------------------------ */

/* Quantized values are compared as they are: the converter gives all three tensors one
 * quantization. */
static pl_status prepare_extremum(struct pl_prepare *prepare, enum pl_binary operation)
{
    PL_TRY(pl_binary_check_inputs(prepare));
    PL_TRY(pl_check_type(prepare, pl_input(0), TYPES_EXTREMUM));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    const struct pl_binary_params params = {0};
    struct pl_binary_plan *plan = NULL;
    const enum pl_kind kind = pl_binary_kind(prepare->inputs[0]->tensor->type, false);
    return pl_binary_prepare(prepare, operation, kind, &params, &plan);
}

pl_status pl_prepare_maximum(struct pl_prepare *prepare)
{
    return prepare_extremum(prepare, PL_BINARY_MAXIMUM);
}

pl_status pl_prepare_minimum(struct pl_prepare *prepare)
{
    return prepare_extremum(prepare, PL_BINARY_MINIMUM);
}

pl_status pl_prepare_squared_difference(struct pl_prepare *prepare)
{
    PL_TRY(pl_binary_check_inputs(prepare));
    PL_TRY(pl_check_type(prepare, pl_input(0),
                         PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_INT8) | PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    const pl_type type = prepare->inputs[0]->tensor->type;
    struct pl_binary_params params = {.low_int = INT8_MIN, .high_int = INT8_MAX};
    struct pl_binary_plan *plan = NULL;
    if (type == PL_INT8) {
        PL_TRY(check_quantized_all(prepare));
        PL_TRY(common_scale_params(prepare, SHIFT_SQUARE, 2, &params));
    }
    return pl_binary_prepare(prepare, PL_BINARY_SQUARED_DIFFERENCE, pl_binary_kind(type, true),
                             &params, &plan);
}
