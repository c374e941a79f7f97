/* SPDX-License-Identifier: Apache-2.0 */
/* The custom operator NumericVerify, which converters add for debugging: what a quantized tensor says minus what a
 * float tensor says. With log_if_failed and a tolerance, in steps of the quantization, a larger difference fails. */
#include <math.h>

#include "kernels/elementwise_kernels.h"
#include "ops/check.h"
#include "ops/custom_options.h"

struct verify {
    pl_convert_kernel kernel;
    struct pl_convert_params params;
    int32_t in_bytes; /* of an element */
    bool fails;
    float tolerance;
};

static pl_status eval(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct verify *params = eval->params;
    const float *reference = eval->inputs[1];
    float *output = eval->outputs[0];
    params->kernel(output + from, (const char *)eval->inputs[0] + from * params->in_bytes,
                   to - from, &params->params);
    for (int64_t i = from; i < to; i++) {
        output[i] -= reference[i];
        if (params->fails && fabsf(output[i]) > params->tolerance)
            return pl_eval_fail(
                eval, "element %lld differs from the reference %g by %g, more than %g",
                (long long)i, (double)reference[i], (double)output[i], (double)params->tolerance);
    }
    return PL_OK;
}

static pl_convert_kernel find_kernel(const struct pl_convert_table *kernels, pl_type type)
{
    switch ((int)type) {
    case PL_FLOAT16: return kernels->float16_to_float32;
    case PL_INT8: return kernels->dequantize[PL_STEP_INT8];
    case PL_UINT8: return kernels->dequantize[PL_STEP_UINT8];
    default: return kernels->dequantize[PL_STEP_INT16];
    }
}

pl_status pl_prepare_numeric_verify(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPES_QUANTIZED | PL_TYPE_BIT(PL_FLOAT16)));
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPES_FLOAT));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPES_FLOAT));
    PL_TRY(pl_check_count(prepare, pl_input(1), pl_shape_count(&prepare->inputs[0]->shape)));
    PL_TRY(pl_check_set_output(prepare, 0, &prepare->inputs[0]->shape));
    struct verify *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    struct pl_custom_options options;
    float steps = 0;
    PL_TRY(pl_custom_open(prepare, &options));
    PL_TRY(pl_custom_real(&options, "tolerance", &steps));
    PL_TRY(pl_custom_bool(&options, "log_if_failed", &params->fails));
    const struct pl_tensor *tensor = prepare->inputs[0]->tensor;
    if (tensor->type != PL_FLOAT16) {
        PL_TRY(pl_check_quantized(prepare, pl_input(0)));
        params->params.scale = tensor->quantization.scales[0];
        params->params.in_offset = tensor->quantization.zero_points[0];
    }
    /* Less than a tenth of a step asks for nothing but the differences. */
    params->fails = params->fails && (double)steps >= 0.1;
    params->tolerance = steps * params->params.scale;
    params->kernel = find_kernel(prepare->kernels->elementwise->convert, tensor->type);
    params->in_bytes = pl_type_bits(tensor->type) / 8;
    prepare->params = params;
    pl_prepare_stage(prepare, eval, pl_shape_count(&prepare->inputs[0]->shape), 3);
    return PL_OK;
}
