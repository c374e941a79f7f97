/* SPDX-License-Identifier: Apache-2.0 */
/* Elementary functions of one input: ABS, NEG, SIGN, SIN, COS, EXP, LOG, SQRT, RSQRT, SQUARE, FLOOR,
 * CEIL, ROUND, LOGICAL_NOT, FAKE_QUANT, REAL, IMAG, COMPLEX_ABS. */
#include <math.h>

#include "kernels/fixed_functions.h"
#include "ops/check.h"
#include "ops/quantize.h"
#include "ops/unary.h"

static const struct pl_elementary_table *elementary_of(const struct pl_prepare *prepare)
{
    return prepare->kernels->elementwise->elementary;
}

static bool is_quantized(const struct pl_value *value)
{
    return value->tensor->quantization.count > 0;
}

/* ---- one type in, the same out --------------------------------------------------------------- */

/* float32, and what else `types` has of 16-bit floats. */
static pl_status prepare_real(struct pl_prepare *prepare, uint32_t types, pl_unary_kernel kernel,
                              int64_t cost)
{
    struct pl_unary_plan *plan = NULL;
    PL_TRY(pl_unary_prepare(prepare, types | PL_TYPE_BIT(PL_FLOAT32), &plan));
    plan->kernel = kernel;
    return pl_unary_finish(prepare, plan, cost);
}

pl_status pl_prepare_sin(struct pl_prepare *prepare)
{
    return prepare_real(prepare, PL_TYPES_HALF, elementary_of(prepare)->sine, 24);
}

pl_status pl_prepare_cos(struct pl_prepare *prepare)
{
    return prepare_real(prepare, PL_TYPES_HALF, elementary_of(prepare)->cosine, 24);
}

pl_status pl_prepare_square(struct pl_prepare *prepare)
{
    return prepare_real(prepare, 0, elementary_of(prepare)->square, 1);
}

pl_status pl_prepare_floor(struct pl_prepare *prepare)
{
    return prepare_real(prepare, PL_TYPES_HALF, elementary_of(prepare)->round_down, 1);
}

pl_status pl_prepare_ceil(struct pl_prepare *prepare)
{
    return prepare_real(prepare, 0, elementary_of(prepare)->round_up, 1);
}

pl_status pl_prepare_round(struct pl_prepare *prepare)
{
    return prepare_real(prepare, PL_TYPES_HALF, elementary_of(prepare)->round_even, 1);
}

pl_status pl_prepare_logical_not(struct pl_prepare *prepare)
{
    struct pl_unary_plan *plan = NULL;
    PL_TRY(pl_unary_prepare(prepare, PL_TYPE_BIT(PL_BOOL), &plan));
    plan->kernel = prepare->kernels->elementwise->unary->logical_not;
    return pl_unary_finish(prepare, plan, 1);
}

/* ---- ABS, NEG, SIGN -------------------------------------------------------------------------- */

/* |value| on the output's scale; with equal scales it is only moved. */
static pl_status prepare_quantized_abs(struct pl_prepare *prepare)
{
    struct pl_unary_plan *plan = NULL;
    PL_TRY(pl_unary_prepare(prepare, PL_TYPES_QUANTIZED, &plan));
    const float in_scale = prepare->inputs[0]->tensor->quantization.scales[0];
    const float out_scale = prepare->outputs[0]->tensor->quantization.scales[0];
    plan->params.negate_before = true;
    PL_TRY(pl_quantize_multiplier(prepare, (double)(in_scale / out_scale), &plan->params.sides[0]));
    plan->params.sides[1] = plan->params.sides[0];
    pl_unary_rescale_sides(prepare, plan);
    return pl_unary_finish(prepare, plan, 2);
}

pl_status pl_prepare_abs(struct pl_prepare *prepare)
{
    const struct pl_elementary_table *elementary = elementary_of(prepare);
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0),
                         PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_INT8) | PL_TYPE_BIT(PL_INT16) |
                             PL_TYPE_BIT(PL_INT32)));
    const pl_type type = prepare->inputs[0]->tensor->type;
    if (type == PL_INT8 || (type == PL_INT16 && is_quantized(prepare->inputs[0])))
        return prepare_quantized_abs(prepare);
    struct pl_unary_plan *plan = NULL;
    PL_TRY(pl_unary_prepare_plain(prepare, PL_TYPE_BIT(type), type, &plan));
    plan->kernel = type == PL_FLOAT32 ? elementary->absolute
                   : type == PL_INT16 ? elementary->absolute_int16
                                      : elementary->absolute_int32;
    return pl_unary_finish(prepare, plan, 1);
}

/* Quantized values are negated as they are. */
pl_status pl_prepare_neg(struct pl_prepare *prepare)
{
    const struct pl_elementary_table *elementary = elementary_of(prepare);
    struct pl_unary_plan *plan = NULL;
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    const pl_type type = prepare->inputs[0]->tensor->type;
    PL_TRY(pl_unary_prepare_plain(prepare,
                                  PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_HALF | PL_TYPE_BIT(PL_INT8) |
                                      PL_TYPE_BIT(PL_INT16) | PL_TYPE_BIT(PL_INT32) |
                                      PL_TYPE_BIT(PL_INT64),
                                  type, &plan));
    switch ((int)type) {
    case PL_INT8: plan->kernel = elementary->negate_int8; break;
    case PL_INT16: plan->kernel = elementary->negate_int16; break;
    case PL_INT32: plan->kernel = elementary->negate_int32; break;
    case PL_INT64: plan->kernel = elementary->negate_int64; break;
    default: plan->kernel = elementary->negate; break;
    }
    return pl_unary_finish(prepare, plan, 1);
}

pl_status pl_prepare_sign(struct pl_prepare *prepare)
{
    const struct pl_elementary_table *elementary = elementary_of(prepare);
    struct pl_unary_plan *plan = NULL;
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    const pl_type type = prepare->inputs[0]->tensor->type;
    PL_TRY(pl_unary_prepare_plain(
        prepare, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_FLOAT64) | PL_TYPE_BIT(PL_INT32), type,
        &plan));
    plan->kernel = type == PL_FLOAT32   ? elementary->sign
                   : type == PL_FLOAT64 ? elementary->sign_float64
                                        : elementary->sign_int32;
    return pl_unary_finish(prepare, plan, 1);
}

/* ---- EXP, LOG -------------------------------------------------------------------------------- */

static pl_status prepare_transcendent(struct pl_prepare *prepare, pl_unary_kernel kernel,
                                      pl_lookup_function function)
{
    struct pl_unary_plan *plan = NULL;
    PL_TRY(pl_unary_prepare(
        prepare, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_INT8) | PL_TYPE_BIT(PL_INT16), &plan));
    const pl_type type = prepare->inputs[0]->tensor->type;
    plan->kernel = kernel;
    if (type == PL_FLOAT32) return pl_unary_finish(prepare, plan, 16);
    /* The lowest value of the output. */
    const struct pl_quantization *out = &prepare->outputs[0]->tensor->quantization;
    const int32_t lowest = (type == PL_INT8 ? INT8_MIN : INT16_MIN) - out->zero_points[0];
    pl_unary_use_lookup(prepare, plan, function, (float)lowest * out->scales[0]);
    return pl_unary_finish(prepare, plan, 2);
}

static float exp_function(float x, float lowest)
{
    (void)lowest;
    return expf(x);
}

static float log_function(float x, float lowest)
{
    return x <= 0.0f ? lowest : logf(x);
}

pl_status pl_prepare_exp(struct pl_prepare *prepare)
{
    return prepare_transcendent(prepare, elementary_of(prepare)->exponential, exp_function);
}

pl_status pl_prepare_log(struct pl_prepare *prepare)
{
    return prepare_transcendent(prepare, elementary_of(prepare)->logarithm, log_function);
}

/* ---- SQRT ------------------------------------------------------------------------------------ */

/* Quantized roots are cut off, not rounded, as in the reference. */
static int64_t sqrt_table(int32_t value, const void *context)
{
    const struct pl_prepare *prepare = context;
    const struct pl_quantization *in = &prepare->inputs[0]->tensor->quantization;
    const struct pl_quantization *out = &prepare->outputs[0]->tensor->quantization;
    if (value < in->zero_points[0]) return 0;
    const float root = sqrtf(in->scales[0] * (float)(value - in->zero_points[0]));
    const float scaled = root / out->scales[0];
    return (int64_t)(scaled < 0x1p31f ? scaled : 0x1p31f) + out->zero_points[0];
}

pl_status pl_prepare_sqrt(struct pl_prepare *prepare)
{
    struct pl_unary_plan *plan = NULL;
    PL_TRY(pl_unary_prepare(
        prepare, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_INT8) | PL_TYPE_BIT(PL_INT16), &plan));
    const pl_type type = prepare->inputs[0]->tensor->type;
    plan->kernel = elementary_of(prepare)->square_root;
    if (type == PL_FLOAT32) return pl_unary_finish(prepare, plan, 4);
    const struct pl_quantization *in = &prepare->inputs[0]->tensor->quantization;
    plan->has_least = true;
    plan->least = in->zero_points[0];
    plan->params.scale = in->scales[0];
    plan->params.out_scale = prepare->outputs[0]->tensor->quantization.scales[0];
    if (type == PL_INT8) {
        pl_unary_use_table(prepare, plan, sqrt_table, prepare);
    } else {
        plan->kernel = elementary_of(prepare)->square_root_int16;
    }
    return pl_unary_finish(prepare, plan, 4);
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
    struct pl_unary_plan *plan = NULL;
    PL_TRY(pl_unary_prepare(
        prepare, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_INT8) | PL_TYPE_BIT(PL_INT16), &plan));
    const struct pl_value *input = prepare->inputs[0];
    if (input->tensor->type == PL_FLOAT32) {
        plan->kernel = prepare->kernels->elementwise->unary->rsqrt;
        return pl_unary_finish(prepare, plan, 4);
    }
    plan->has_least = true;
    plan->least = input->tensor->quantization.zero_points[0];
    if (input->tensor->type == PL_INT16) {
        pl_unary_use_lookup(prepare, plan, rsqrt_function,
                            prepare->outputs[0]->tensor->quantization.scales[0]);
    } else {
        plan->kernel = prepare->kernels->elementwise->unary->lookup_8;
        PL_TRY(rsqrt_lookup_8(prepare, plan->lookup_8));
    }
    return pl_unary_finish(prepare, plan, 2);
}

/* ---- FAKE_QUANT ------------------------------------------------------------------------------ */

/* Moves the range so that 0 is one of its steps. */
static void nudge_range(float low, float high, float steps, struct pl_unary_params *params)
{
    const float scale = (high - low) / steps;
    const float zero_point = -low / scale;
    const float nudged = zero_point < 0.0f ? 0.0f : zero_point > steps ? steps : roundf(zero_point);
    params->scale = scale;
    params->inverse_scale = 1.0f / scale;
    params->low = -nudged * scale;
    params->high = (steps - nudged) * scale;
}

pl_status pl_prepare_fake_quant(struct pl_prepare *prepare)
{
    const struct pl_record *options = prepare->op->options;
    const float low = pl_record_real(options, PL_FakeQuantOptions_min);
    const float high = pl_record_real(options, PL_FakeQuantOptions_max);
    const int64_t bits = pl_record_integer(options, PL_FakeQuantOptions_num_bits);
    struct pl_unary_plan *plan = NULL;
    PL_TRY(pl_unary_prepare(prepare, PL_TYPE_BIT(PL_FLOAT32), &plan));
    if (pl_record_integer(options, PL_FakeQuantOptions_narrow_range) != 0)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED,
                               "option narrow_range: only for weights, not at run time");
    PL_TRY(pl_check_option(prepare, "num_bits", bits, 1, 30));
    if (!(low <= 0.0f && high >= 0.0f && low < high && isfinite(high - low)))
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "options min and max: found %g and %g, expected a range around 0",
                               (double)low, (double)high);
    nudge_range(low, high, (float)(((int64_t)1 << bits) - 1), &plan->params);
    plan->kernel = elementary_of(prepare)->fake_quantize;
    return pl_unary_finish(prepare, plan, 4);
}

/* ---- complex numbers ------------------------------------------------------------------------- */

static pl_status prepare_complex(struct pl_prepare *prepare, pl_unary_kernel single,
                                 pl_unary_kernel twice)
{
    struct pl_unary_plan *plan = NULL;
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    const bool is_single = prepare->inputs[0]->tensor->type == PL_COMPLEX64;
    PL_TRY(pl_unary_prepare_plain(prepare, PL_TYPE_BIT(PL_COMPLEX64) | PL_TYPE_BIT(PL_COMPLEX128),
                                  is_single ? PL_FLOAT32 : PL_FLOAT64, &plan));
    plan->kernel = is_single ? single : twice;
    return pl_unary_finish(prepare, plan, 2);
}

pl_status pl_prepare_real(struct pl_prepare *prepare)
{
    const struct pl_elementary_table *elementary = elementary_of(prepare);
    return prepare_complex(prepare, elementary->real_complex64, elementary->real_complex128);
}

pl_status pl_prepare_imag(struct pl_prepare *prepare)
{
    const struct pl_elementary_table *elementary = elementary_of(prepare);
    return prepare_complex(prepare, elementary->imaginary_complex64,
                           elementary->imaginary_complex128);
}

pl_status pl_prepare_complex_abs(struct pl_prepare *prepare)
{
    const struct pl_elementary_table *elementary = elementary_of(prepare);
    return prepare_complex(prepare, elementary->length_complex64, elementary->length_complex128);
}
