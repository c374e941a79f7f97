/* SPDX-License-Identifier: Apache-2.0 */
/* SOFTMAX and LOG_SOFTMAX along the last axis. */
#include <math.h>

#include "kernels/fixed_functions.h"
#include "kernels/reduction_kernels.h"
#include "ops/check.h"
#include "ops/lookup.h"
#include "ops/quantize.h"
#include "ops/reach.h"

enum { INTEGER_BITS = 5 };

/* By the distance from the row's largest value. */
struct exp_table {
    int32_t exp[256];
    int32_t difference[256];         /* what exp() is of, Q5 */
    int32_t largest;                 /* distance that counts */
    struct pl_multiplier multiplier; /* from a distance to Q5 */
};

struct softmax_plan {
    pl_softmax_kernel kernel;
    struct pl_softmax_params params;
    int64_t depth;
    int64_t in_row_bytes;
    int64_t out_row_bytes;
    struct exp_table table;
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

/* The output's numbers are fixed where both sides have one type of 8 or 16 bits with a sign: the
 * kernels of the reference write no others. */
static pl_status check_output(struct pl_prepare *prepare, pl_type type, float scale,
                              int32_t zero_point)
{
    if (prepare->inputs[0]->tensor->type != type || prepare->outputs[0]->tensor->type != type)
        return PL_OK;
    const struct pl_quantization *found = &prepare->outputs[0]->tensor->quantization;
    if (fabsf(found->scales[0] - scale) <= 0.001F * scale && found->zero_points[0] == zero_point)
        return PL_OK;
    return pl_check_fail(prepare, PL_MISMATCH, pl_output(0),
                         "found scale %g and zero point %d, expected %g and %d",
                         (double)found->scales[0], (int)found->zero_points[0], (double)scale,
                         (int)zero_point);
}

/* exp() of all distances from the largest value that 8 bits can have. The distance times scale
 * and beta is a Q5 number; what would leave its range is as good as nothing and counts 0. */
static pl_status fill_exp(struct pl_prepare *prepare, float beta, struct exp_table *table)
{
    const double scale = (double)prepare->inputs[0]->tensor->quantization.scales[0];
    const double real =
        fmin((double)beta * scale * (double)(1 << (31 - INTEGER_BITS)), 2147483647.0);
    if (isnan(beta) || !(real > 1.0))
        return pl_prepare_fail(prepare, PL_UNSUPPORTED,
                               "beta %g times the input's scale %g is too small", (double)beta,
                               scale);
    PL_TRY(pl_quantize_multiplier(prepare, real, &table->multiplier));
    const int32_t shift = table->multiplier.shift;
    table->largest =
        (int32_t)(((int64_t)((1 << INTEGER_BITS) - 1) << (31 - INTEGER_BITS)) >> shift);
    for (int32_t distance = 0; distance < 256; distance++) {
        const int32_t shifted = (int32_t)((uint32_t)-distance << shift);
        const bool counts = distance <= table->largest;
        table->difference[distance] =
            counts ? pl_high_multiply(shifted, table->multiplier.multiplier) : INT32_MIN;
        table->exp[distance] = counts ? pl_fixed_exp(table->difference[distance]) : 0;
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
    if (in == PL_FLOAT16) return out == PL_FLOAT16 ? kernels->softmax_float16 : NULL;
    if (in == PL_INT16) return out == PL_INT16 ? kernels->softmax_int16 : NULL;
    if (in == PL_INT8 && out == PL_INT8) return kernels->softmax_int8;
    if (in == PL_UINT8 && out == PL_UINT8) return kernels->softmax_uint8;
    if (out != PL_INT16) return NULL;
    return in == PL_INT8 ? kernels->softmax_int8_to_int16 : kernels->softmax_uint8_to_int16;
}

pl_status pl_prepare_softmax(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0),
                         PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_FLOAT16) | PL_TYPES_QUANTIZED));
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
    if (in != PL_FLOAT32 && in != PL_FLOAT16) {
        PL_TRY(pl_check_quantized(prepare, pl_input(0)));
        PL_TRY(pl_check_quantized(prepare, pl_output(0)));
        PL_TRY(check_output(prepare, PL_INT8, 1.0F / 256, -128));
        PL_TRY(check_output(prepare, PL_INT16, 1.0F / 32768, 0));
        plan->params.exp = plan->table.exp;
        PL_TRY(in == PL_INT16 ? fill_lookups(prepare, beta, plan)
                              : fill_exp(prepare, beta, &plan->table));
    }
    plan->depth = shape->dims[shape->rank - 1];
    plan->in_row_bytes = plan->depth * pl_type_bits(in) / 8;
    plan->out_row_bytes = plan->depth * pl_type_bits(out) / 8;
    prepare->params = plan;
    if (in == out) prepare->in_place_inputs = 1;
    const int64_t elements = pl_shape_count(shape);
    pl_prepare_stage(prepare, eval, elements == 0 ? 0 : elements / plan->depth, plan->depth * 16);
    pl_reach_slices(prepare, 1);
    return PL_OK;
}

/* ---- LOG_SOFTMAX ----------------------------------------------------------------------------- */

struct log_softmax_plan {
    pl_log_softmax_kernel kernel;
    struct pl_log_softmax_params params;
    int64_t depth;
    int64_t row_bytes;
    struct exp_table table;
};

static pl_status eval_log(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct log_softmax_plan *plan = eval->params;
    const char *in = eval->inputs[0];
    char *out = eval->outputs[0];
    plan->kernel(out + from * plan->row_bytes, in + from * plan->row_bytes, to - from, plan->depth,
                 &plan->params);
    return PL_OK;
}

/* The output's quantization is fixed: 16 / 256 below 0. */
static pl_status log_params(struct pl_prepare *prepare, struct log_softmax_plan *plan)
{
    PL_TRY(pl_check_quantized(prepare, pl_input(0)));
    PL_TRY(pl_check_quantized(prepare, pl_output(0)));
    const struct pl_tensor *output = prepare->outputs[0]->tensor;
    const int32_t expected = output->type == PL_INT8 ? INT8_MAX : UINT8_MAX;
    if (output->quantization.scales[0] != 0.0625f ||
        output->quantization.zero_points[0] != expected)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_output(0),
                             "found scale %g and zero point %d, expected 1/16 and %d",
                             (double)output->quantization.scales[0],
                             (int)output->quantization.zero_points[0], (int)expected);
    PL_TRY(fill_exp(prepare, 1.0f, &plan->table));
    plan->params.exp = plan->table.exp;
    plan->params.difference = plan->table.difference;
    plan->params.smallest = -plan->table.largest;
    const double back = (double)((int64_t)1 << (31 - plan->table.multiplier.shift)) /
                        (double)plan->table.multiplier.multiplier;
    return pl_quantize_multiplier(prepare, back, &plan->params.back);
}

pl_status pl_prepare_log_softmax(struct pl_prepare *prepare)
{
    const struct pl_reduction_kernels *kernels = prepare->kernels->reduction;
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED_8));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, PL_MAX_RANK));
    const pl_type type = prepare->inputs[0]->tensor->type;
    const struct pl_shape *shape = &prepare->inputs[0]->shape;
    PL_TRY(pl_check_set_output(prepare, 0, shape));
    struct log_softmax_plan *plan = pl_prepare_allocate(prepare, sizeof *plan);
    if (plan == NULL) return PL_OUT_OF_MEMORY;
    plan->kernel = type == PL_FLOAT32 ? kernels->log_softmax_float32
                   : type == PL_INT8  ? kernels->log_softmax_int8
                                      : kernels->log_softmax_uint8;
    if (type != PL_FLOAT32) PL_TRY(log_params(prepare, plan));
    plan->depth = shape->dims[shape->rank - 1];
    plan->row_bytes = plan->depth * pl_type_bits(type) / 8;
    prepare->params = plan;
    prepare->in_place_inputs = 1;
    const int64_t elements = pl_shape_count(shape);
    pl_prepare_stage(prepare, eval_log, elements == 0 ? 0 : elements / plan->depth,
                     plan->depth * 16);
    pl_reach_slices(prepare, 1);
    return PL_OK;
}
