/* SPDX-License-Identifier: Apache-2.0 */
/* SOFTMAX along the last axis. */
#include <math.h>

#include "kernels/fixed_functions.h"
#include "kernels/reduction_kernels.h"
#include "ops/check.h"
#include "ops/lookup.h"
#include "ops/quantize.h"

struct softmax_plan {
    pl_softmax_kernel kernel;
    struct pl_softmax_params params;
    int64_t depth;
    int64_t in_row_bytes;
    int64_t out_row_bytes;
    int32_t exp[256];
    int16_t exp_lookup[PL_LOOKUP_16];
    int16_t reciprocal_lookup[PL_LOOKUP_16];
};

static pl_status eval(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct softmax_plan *plan = eval->params;
    const char *in = eval->inputs[0];
    char *out = eval->outputs[0];
    plan->kernel(out + from * plan->out_row_bytes, in + from * plan->in_row_bytes, to - from,
                 plan->depth, &plan->params);
    return PL_OK;
}

/* exp() of all distances from the largest value that 8 bits can have. The distance times scale
 * and beta is a Q5 number; what would leave its range is as good as nothing and counts 0. */
static pl_status fill_exp(struct pl_prepare *prepare, float beta, int32_t exp[256])
{
    enum { INTEGER_BITS = 5 };
    const double scale = (double)prepare->inputs[0]->tensor->quantization.scales[0];
    const double real =
        fmin((double)beta * scale * (double)(1 << (31 - INTEGER_BITS)), 2147483647.0);
    if (!(real > 1.0))
        return pl_prepare_fail(prepare, PL_UNSUPPORTED,
                               "beta %g times the input's scale %g is too small", (double)beta,
                               scale);
    struct pl_multiplier multiplier;
    PL_TRY(pl_quantize_multiplier(prepare, real, &multiplier));
    const int64_t largest =
        ((int64_t)((1 << INTEGER_BITS) - 1) << (31 - INTEGER_BITS)) >> multiplier.shift;
    for (int32_t distance = 0; distance < 256; distance++) {
        const int32_t shifted = (int32_t)((uint32_t)-distance << multiplier.shift);
        exp[distance] = distance <= largest
                            ? pl_fixed_exp(pl_high_multiply(shifted, multiplier.multiplier))
                            : 0;
    }
    return PL_OK;
}

static double one_over_one_plus(double x)
{
    return 1.0 / (1.0 + x);
}

/* int16: tables of exp() on [-10, 0] and of 1 / (1 + x) on [0, 1], outputs of both in [-1, 1]. */
static pl_status fill_lookups(struct pl_prepare *prepare, float beta, struct softmax_plan *plan)
{
    PL_TRY(pl_check_symmetric(prepare, pl_input(0)));
    PL_TRY(pl_check_symmetric(prepare, pl_output(0)));
    pl_lookup_fill_scaled(10.0 / 65535.0, INT16_MAX, 2.0 / 65535.0, exp, plan->exp_lookup);
    pl_lookup_fill_scaled(1.0 / 65535.0, INT16_MIN, 2.0 / 65535.0, one_over_one_plus,
                          plan->reciprocal_lookup);
    plan->params.exp_lookup = plan->exp_lookup;
    plan->params.reciprocal_lookup = plan->reciprocal_lookup;
    const float scaled = prepare->inputs[0]->tensor->quantization.scales[0] * beta;
    return pl_quantize_multiplier(prepare, (double)scaled / (10.0 / 65535.0),
                                  &plan->params.multiplier);
}

/* NULL if there is none. */
static pl_softmax_kernel find_kernel(const struct pl_reduction_kernels *kernels, pl_type in,
                                     pl_type out)
{
    if (in == PL_FLOAT32) return out == PL_FLOAT32 ? kernels->softmax_float32 : NULL;
    if (in == PL_INT16) return out == PL_INT16 ? kernels->softmax_int16 : NULL;
    if (in == PL_INT8 && out == PL_INT8) return kernels->softmax_int8;
    if (in == PL_UINT8 && out == PL_UINT8) return kernels->softmax_uint8;
    if (out != PL_INT16) return NULL;
    return in == PL_INT8 ? kernels->softmax_int8_to_int16 : kernels->softmax_uint8_to_int16;
}

pl_status pl_prepare_softmax(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, PL_MAX_RANK));
    const pl_type in = prepare->inputs[0]->tensor->type;
    const pl_type out = prepare->outputs[0]->tensor->type;
    const struct pl_shape *shape = &prepare->inputs[0]->shape;
    struct softmax_plan *plan = pl_prepare_allocate(prepare, sizeof *plan);
    if (plan == NULL) return PL_OUT_OF_MEMORY;
    plan->kernel = find_kernel(prepare->kernels->reduction, in, out);
    if (plan->kernel == NULL)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_output(0),
                             "%s for an input of %s is not supported", pl_type_name(out),
                             pl_type_name(in));
    PL_TRY(pl_check_set_output(prepare, 0, shape));

    const float beta = pl_record_real(prepare->op->options, PL_SoftmaxOptions_beta);
    plan->params.beta = beta;
    if (in != PL_FLOAT32) {
        PL_TRY(pl_check_quantized(prepare, pl_input(0)));
        PL_TRY(pl_check_quantized(prepare, pl_output(0)));
        plan->params.exp = plan->exp;
        PL_TRY(in == PL_INT16 ? fill_lookups(prepare, beta, plan)
                              : fill_exp(prepare, beta, plan->exp));
    }
    plan->depth = shape->dims[shape->rank - 1];
    plan->in_row_bytes = plan->depth * pl_type_bits(in) / 8;
    plan->out_row_bytes = plan->depth * pl_type_bits(out) / 8;
    prepare->params = plan;
    if (in == out) prepare->in_place_inputs = 1;
    const int64_t elements = pl_shape_count(shape);
    pl_prepare_stage(prepare, eval, elements == 0 ? 0 : elements / plan->depth, plan->depth * 16);
    return PL_OK;
}
