/* SPDX-License-Identifier: Apache-2.0 */
/* Multipliers and ranges of quantized operators: see quantize.h. */
#include "ops/quantize.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#include "ops/check.h"

static pl_status activation_range(struct pl_prepare *prepare, int64_t activation, float *low,
                                  float *high)
{
    *low = -FLT_MAX;
    *high = FLT_MAX;
    switch (activation) {
    case PL_ActivationFunctionType_RELU: *low = 0.0f; return PL_OK;
    case PL_ActivationFunctionType_RELU6:
        *low = 0.0f;
        *high = 6.0f;
        return PL_OK;
    case PL_ActivationFunctionType_RELU_N1_TO_1:
        *low = -1.0f;
        *high = 1.0f;
        return PL_OK;
    default:
        return pl_check_option(prepare, "fused_activation_function", activation,
                               PL_ActivationFunctionType_NONE, PL_ActivationFunctionType_SIGN_BIT);
    }
}

/* What is clamped twice is clamped to what both leave. Others than clamps come last themselves. */
static void take_clamp(struct pl_prepare *prepare, int64_t activation, float *low, float *high)
{
    const struct pl_clamp *last = prepare->absorbing.last;
    if (last == NULL || (prepare->op_def->traits & PL_TRAIT_TAKES_CLAMP) == 0 ||
        activation > PL_ActivationFunctionType_RELU6)
        return;
    prepare->absorbing.last_taken = true;
    if (last->low > *low) *low = last->low;
    if (last->high < *high) *high = last->high;
}

pl_status pl_quantize_float_range(struct pl_prepare *prepare, int64_t activation, float *low,
                                  float *high)
{
    PL_TRY(activation_range(prepare, activation, low, high));
    take_clamp(prepare, activation, low, high);
    return PL_OK;
}

void pl_quantize_type_range(pl_type type, int32_t *low, int32_t *high)
{
    assert(type == PL_INT8 || type == PL_UINT8 || type == PL_INT16);
    *low = type == PL_INT8 ? INT8_MIN : type == PL_UINT8 ? 0 : INT16_MIN;
    *high = type == PL_INT8 ? INT8_MAX : type == PL_UINT8 ? UINT8_MAX : INT16_MAX;
}

/* The quantized value of a bound; what lies outside of the type's range does not limit. */
static pl_status quantize_bound(struct pl_prepare *prepare,
                                const struct pl_quantization *quantization, float bound,
                                int32_t *quantized)
{
    if (quantization->count == 0) {
        return pl_prepare_fail(prepare, PL_MISMATCH,
                               "the activation needs an output with quantization");
    }
    const float scaled = roundf(bound / quantization->scales[0]);
    if (!(scaled >= -2147483648.0f && scaled < 2147483648.0f) ||
        __builtin_add_overflow(quantization->zero_points[0], (int32_t)scaled, quantized)) {
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "the activation's bound %g does not fit the output's scale %g",
                               (double)bound, (double)quantization->scales[0]);
    }
    return PL_OK;
}

pl_status pl_quantize_activation_range(struct pl_prepare *prepare, int64_t activation,
                                       const struct pl_value *output, int32_t *low, int32_t *high)
{
    float real_low, real_high;
    PL_TRY(pl_quantize_float_range(prepare, activation, &real_low, &real_high));
    pl_quantize_type_range(output->tensor->type, low, high);
    if (real_low > -FLT_MAX) {
        int32_t bound = 0;
        PL_TRY(quantize_bound(prepare, &output->tensor->quantization, real_low, &bound));
        if (bound > *low) *low = bound;
    }
    if (real_high < FLT_MAX) {
        int32_t bound = 0;
        PL_TRY(quantize_bound(prepare, &output->tensor->quantization, real_high, &bound));
        if (bound < *high) *high = bound;
    }
    return PL_OK;
}

pl_status pl_quantize_multiplier(struct pl_prepare *prepare, double real,
                                 struct pl_multiplier *multiplier)
{
    if (!isfinite(real) || real < 0.0) {
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "the quantization scales give the factor %g", real);
    }
    *multiplier = pl_multiplier_from_real(real);
    return PL_OK;
}

/* The scale of a tensor as a whole; the reference takes 0 where there are several. */
static float whole_scale(const struct pl_value *value)
{
    const struct pl_quantization *quantization = &value->tensor->quantization;
    return quantization->count == 1 ? quantization->scales[0] : 0.0f;
}

pl_status pl_quantize_product_scale(struct pl_prepare *prepare, const struct pl_value *input,
                                    const struct pl_value *filter, const struct pl_value *bias,
                                    const struct pl_value *output, double *real)
{
    const float float_product = whole_scale(input) * whole_scale(filter);
    const double product = (double)float_product;
    const double output_scale = (double)whole_scale(output);
    if (bias != NULL) {
        const double bias_scale = (double)whole_scale(bias);
        if (!(fabs(product - bias_scale) / output_scale <= 0.02)) {
            return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                                   "bias '%s': found scale %g, expected input's times filter's %g",
                                   bias->tensor->name, bias_scale, product);
        }
    }
    *real = product / output_scale;
    return PL_OK;
}

pl_status pl_quantize_channel_multipliers(struct pl_prepare *prepare, const struct pl_value *input,
                                          const struct pl_value *filter,
                                          const struct pl_value *output, int32_t channels,
                                          struct pl_multiplier *multipliers)
{
    const struct pl_quantization *quantization = &filter->tensor->quantization;
    const double input_scale = (double)input->tensor->quantization.scales[0];
    const double output_scale = (double)output->tensor->quantization.scales[0];
    for (int32_t channel = 0; channel < channels; channel++) {
        const double filter_scale =
            (double)quantization->scales[quantization->count > 1 ? channel : 0];
        PL_TRY(pl_quantize_multiplier(prepare, input_scale * filter_scale / output_scale,
                                      &multipliers[channel]));
    }
    return PL_OK;
}
