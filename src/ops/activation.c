/* SPDX-License-Identifier: Apache-2.0 */
/* LOGISTIC, TANH, GELU, HARD_SWISH. What works on 8-bit values becomes a table of all 256. */
#include <math.h>

#include "kernels/fixed_functions.h"
#include "kernels/half_float.h"
#include "ops/check.h"
#include "ops/quantize.h"
#include "ops/unary.h"

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
    struct pl_unary_plan *plan = NULL;
    PL_TRY(pl_unary_prepare(prepare, PL_TYPES_FLOAT | PL_TYPES_HALF | PL_TYPES_QUANTIZED, &plan));
    const pl_type type = prepare->inputs[0]->tensor->type;
    if (type == PL_FLOAT32 || plan->is_half) {
        plan->kernel = real;
    } else if (type == PL_INT16) {
        plan->kernel = fixed_16;
        PL_TRY(sigmoid_16_params(prepare, largest_shift, &plan->params));
    } else {
        pl_unary_use_lookup(prepare, plan, function, 0.0f);
    }
    return pl_unary_finish(prepare, plan, type == PL_FLOAT32 ? 16 : 2);
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

/* 16-bit floats: every step is rounded, as in the reference. The numbers come and go as float32. */
#define DEFINE_GELU(type, ROUND)                                                                   \
    static void gelu_##type(void *out, const void *in, int64_t count,                              \
                            const struct pl_unary_params *params)                                  \
    {                                                                                              \
        (void)params;                                                                              \
        for (int64_t i = 0; i < count; i++) {                                                      \
            const float x = ((const float *)in)[i];                                                \
            const float tail = ROUND(erfcf(ROUND(x * ROUND(-0.707106781f))));                      \
            ((float *)out)[i] = ROUND(ROUND(x * 0.5f) * tail);                                     \
        }                                                                                          \
    }                                                                                              \
    static void gelu_by_tanh_##type(void *out, const void *in, int64_t count,                      \
                                    const struct pl_unary_params *params)                          \
    {                                                                                              \
        (void)params;                                                                              \
        for (int64_t i = 0; i < count; i++) {                                                      \
            const float x = ((const float *)in)[i];                                                \
            const float cube = ROUND(ROUND(x * x) * x);                                            \
            const float inner = ROUND(x + ROUND(ROUND(0.044715f) * cube));                         \
            const float curve = ROUND(tanhf(ROUND(ROUND(0.797884561f) * inner)));                  \
            ((float *)out)[i] = ROUND(ROUND(0.5f * x) * ROUND(1.0f + curve));                      \
        }                                                                                          \
    }
#define ROUND_FLOAT16(x)  pl_float_from_half(pl_half_from_float(x))
#define ROUND_BFLOAT16(x) pl_float_from_bfloat16(pl_bfloat16_from_float(x))
DEFINE_GELU(float16, ROUND_FLOAT16)
DEFINE_GELU(bfloat16, ROUND_BFLOAT16)

static pl_unary_kernel choose_gelu(const struct pl_unary_table *unary, pl_type type,
                                   bool approximate)
{
    switch ((int)type) {
    case PL_FLOAT16: return approximate ? gelu_by_tanh_float16 : gelu_float16;
    case PL_BFLOAT16: return approximate ? gelu_by_tanh_bfloat16 : gelu_bfloat16;
    default: return approximate ? unary->gelu_by_tanh : unary->gelu;
    }
}

pl_status pl_prepare_gelu(struct pl_prepare *prepare)
{
    const struct pl_unary_table *unary = prepare->kernels->elementwise->unary;
    const bool approximate =
        pl_record_integer(prepare->op->options, PL_GeluOptions_approximate) != 0;
    struct pl_unary_plan *plan = NULL;
    PL_TRY(pl_unary_prepare(prepare, PL_TYPES_FLOAT | PL_TYPES_HALF | PL_TYPES_QUANTIZED, &plan));
    if (prepare->inputs[0]->tensor->type == PL_FLOAT32 || plan->is_half) {
        plan->kernel = choose_gelu(unary, prepare->inputs[0]->tensor->type, approximate);
        return pl_unary_finish(prepare, plan, 24);
    }
    pl_unary_use_lookup(prepare, plan, approximate ? gelu_by_tanh_function : gelu_function, 0.0f);
    return pl_unary_finish(prepare, plan, 2);
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
    struct pl_unary_plan *plan = NULL;
    PL_TRY(pl_unary_prepare(prepare, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED_8, &plan));
    if (prepare->inputs[0]->tensor->type == PL_FLOAT32) {
        plan->kernel = prepare->kernels->elementwise->unary->hard_swish;
    } else {
        plan->kernel = prepare->kernels->elementwise->unary->lookup_8;
        PL_TRY(hard_swish_lookup(prepare, plan->lookup_8));
    }
    return pl_unary_finish(prepare, plan, 4);
}
