/* SPDX-License-Identifier: Apache-2.0 */
/* L2_NORMALIZATION and LOCAL_RESPONSE_NORMALIZATION along the last axis. */
#include "kernels/reduction_kernels.h"
#include "ops/check.h"
#include "ops/reach.h"

struct normalization_plan {
    pl_row_kernel kernel;
    int64_t depth;
    int64_t row_bytes;
    int32_t in_zero_point;
};

static pl_status eval(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct normalization_plan *plan = eval->params;
    const char *in = eval->inputs[0];
    char *out = eval->outputs[0];
    plan->kernel(out + from * plan->row_bytes, in + from * plan->row_bytes, to - from, plan->depth,
                 plan->in_zero_point);
    return PL_OK;
}

/* The output's quantization is fixed: [-1, 1). */
static pl_status check_output_quantization(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_quantized(prepare, pl_input(0)));
    PL_TRY(pl_check_quantized(prepare, pl_output(0)));
    const struct pl_tensor *output = prepare->outputs[0]->tensor;
    const int32_t expected = output->type == PL_UINT8 ? 128 : 0;
    if (output->quantization.scales[0] == 1.0f / 128.0f &&
        output->quantization.zero_points[0] == expected)
        return PL_OK;
    return pl_check_fail(prepare, PL_UNSUPPORTED, pl_output(0),
                         "found scale %g and zero point %d, expected 1/128 and %d",
                         (double)output->quantization.scales[0],
                         (int)output->quantization.zero_points[0], (int)expected);
}

pl_status pl_prepare_l2_normalization(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED_8));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, PL_MAX_RANK));
    PL_TRY(pl_check_option(
        prepare, "fused_activation_function",
        pl_record_integer(prepare->op->options, PL_L2NormOptions_fused_activation_function),
        PL_ActivationFunctionType_NONE, PL_ActivationFunctionType_NONE));
    const struct pl_shape *shape = &prepare->inputs[0]->shape;
    const struct pl_tensor *input = prepare->inputs[0]->tensor;
    PL_TRY(pl_check_set_output(prepare, 0, shape));
    struct normalization_plan *plan = pl_prepare_allocate(prepare, sizeof *plan);
    if (plan == NULL) return PL_OUT_OF_MEMORY;
    const struct pl_reduction_kernels *kernels = prepare->kernels->reduction;
    if (input->type == PL_FLOAT32) {
        plan->kernel = kernels->l2_normalize_float32;
    } else {
        PL_TRY(check_output_quantization(prepare));
        plan->kernel =
            input->type == PL_INT8 ? kernels->l2_normalize_int8 : kernels->l2_normalize_uint8;
        plan->in_zero_point = input->quantization.zero_points[0];
    }
    plan->depth = shape->dims[shape->rank - 1];
    plan->row_bytes = plan->depth * pl_type_bits(input->type) / 8;
    prepare->params = plan;
    prepare->in_place_inputs = 1;
    const int64_t elements = pl_shape_count(shape);
    pl_prepare_stage(prepare, eval, elements == 0 ? 0 : elements / plan->depth, plan->depth * 4);
    pl_reach_slices(prepare, 1);
    return PL_OK;
}

/* ---- LOCAL_RESPONSE_NORMALIZATION ------------------------------------------------------------ */

struct response_plan {
    pl_local_response_kernel kernel;
    struct pl_local_response_params params;
    int64_t depth;
};

static pl_status eval_response(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct response_plan *plan = eval->params;
    const float *in = eval->inputs[0];
    float *out = eval->outputs[0];
    plan->kernel(out + from * plan->depth, in + from * plan->depth, to - from, plan->depth,
                 &plan->params);
    return PL_OK;
}

/* The window has `radius` neighbours on both sides. (The reference's own kernel leaves out the last
 * one; LiteRT's others, and TensorFlow, do not.) */
pl_status pl_prepare_local_response_normalization(struct pl_prepare *prepare)
{
    const struct pl_record *options = prepare->op->options;
    const int64_t radius = pl_record_integer(options, PL_LocalResponseNormalizationOptions_radius);
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_FLOAT32)));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 4, 4));
    PL_TRY(pl_check_option(prepare, "radius", radius, 0, INT32_MAX));
    const struct pl_shape *shape = &prepare->inputs[0]->shape;
    PL_TRY(pl_check_set_output(prepare, 0, shape));
    struct response_plan *plan = pl_prepare_allocate(prepare, sizeof *plan);
    if (plan == NULL) return PL_OUT_OF_MEMORY;
    plan->kernel = prepare->kernels->reduction->local_response;
    plan->depth = shape->dims[3];
    plan->params.radius = (int32_t)radius;
    plan->params.bias = pl_record_real(options, PL_LocalResponseNormalizationOptions_bias);
    plan->params.alpha = pl_record_real(options, PL_LocalResponseNormalizationOptions_alpha);
    plan->params.beta = pl_record_real(options, PL_LocalResponseNormalizationOptions_beta);
    prepare->params = plan;
    const int64_t window = radius < plan->depth ? 2 * radius + 1 : plan->depth;
    const int64_t elements = pl_shape_count(shape);
    pl_prepare_stage(prepare, eval_response, elements == 0 ? 0 : elements / plan->depth,
                     pl_cost(plan->depth, window + 32));
    pl_reach_slices(prepare, 1);
    return PL_OK;
}
