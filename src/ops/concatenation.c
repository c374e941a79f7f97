/* SPDX-License-Identifier: Apache-2.0 */
/* CONCATENATION: for every outer index, a run of each input behind the other. */
#include <string.h>

#include "ops/axis.h"
#include "ops/box.h"
#include "ops/check.h"
#include "ops/op.h"

struct part {
    int64_t run_bytes;
    int64_t offset; /* in the output's run */
    bool rescale;   /* uint8 of another scale or zero point than the output's */
    float scale;
    float bias;
};

struct concatenation {
    const struct pl_movement_kernels *kernels;
    int32_t part_count;
    int32_t zero_point; /* the output's */
    int64_t run_bytes;  /* of all parts */
    struct part *parts;
};

/* A unit is one run of one input. */
static pl_status eval_concatenation(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct concatenation *params = eval->params;
    for (int64_t unit = from; unit < to; unit++) {
        const int64_t input = unit % params->part_count;
        const int64_t outer = unit / params->part_count;
        const struct part *part = &params->parts[input];
        if (part->run_bytes == 0) continue;
        const char *source = (const char *)eval->inputs[input] + outer * part->run_bytes;
        char *target = (char *)eval->outputs[0] + outer * params->run_bytes + part->offset;
        if (part->rescale) {
            params->kernels->rescale_uint8((uint8_t *)target, (const uint8_t *)source,
                                           part->run_bytes, part->scale, part->bias,
                                           params->zero_point);
        } else {
            memcpy(target, source, (size_t)part->run_bytes);
        }
    }
    return PL_OK;
}

static bool same_quantization(const struct pl_quantization *a, const struct pl_quantization *b)
{
    if (a->count == 0 || b->count == 0) return a->count == b->count;
    return a->scales[0] == b->scales[0] && a->zero_points[0] == b->zero_points[0];
}

/* int8 must have one scale everywhere, int16 no zero point, as the reference has it; uint8 is
 * rescaled in float. */
static pl_status prepare_quantization(struct pl_prepare *prepare, int32_t input, struct part *part)
{
    const struct pl_tensor *from = prepare->inputs[input]->tensor;
    const struct pl_tensor *to = prepare->outputs[0]->tensor;
    if (to->type == PL_INT8 && !same_quantization(&from->quantization, &to->quantization)) {
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(input),
                             "int8 inputs need the scale and zero point of the output");
    }
    if (to->type == PL_INT16 && from->quantization.count > 0)
        PL_TRY(pl_check_symmetric(prepare, pl_input(input)));
    if (to->type != PL_UINT8 || same_quantization(&from->quantization, &to->quantization))
        return PL_OK;
    PL_TRY(pl_check_quantized(prepare, pl_input(input)));
    PL_TRY(pl_check_quantized(prepare, pl_output(0)));
    const float inverse = 1.0f / to->quantization.scales[0];
    part->rescale = true;
    part->scale = from->quantization.scales[0] * inverse;
    part->bias = (float)-from->quantization.zero_points[0] * part->scale;
    return PL_OK;
}

/* All inputs have the type and, but for the axis, the shape of the output. */
static pl_status set_shape(struct pl_prepare *prepare, int32_t axis)
{
    struct pl_shape output = prepare->inputs[0]->shape;
    int64_t total = 0;
    for (int32_t i = 0; i < prepare->input_count; i++) {
        const struct pl_shape *shape = &prepare->inputs[i]->shape;
        PL_TRY(pl_check_same_type(prepare, pl_input(i), pl_output(0)));
        PL_TRY(pl_check_rank(prepare, pl_input(i), output.rank, output.rank));
        for (int32_t d = 0; d < output.rank; d++) {
            if (d == axis || shape->dims[d] == output.dims[d]) continue;
            return pl_check_fail(prepare, PL_MISMATCH, pl_input(i),
                                 "dimension %d is %d, expected %d as in input 0", (int)d,
                                 (int)shape->dims[d], (int)output.dims[d]);
        }
        total += shape->dims[axis];
    }
    if (total > INT32_MAX)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "the output would be too large");
    output.dims[axis] = (int32_t)total;
    return pl_check_set_output(prepare, 0, &output);
}

pl_status pl_prepare_concatenation(struct pl_prepare *prepare)
{
    const int32_t count = prepare->input_count;
    PL_TRY(pl_check_arity(prepare, count > 0 ? count : 1, count, 1));
    int64_t element_bytes = 0;
    PL_TRY(pl_box_element_bytes(prepare, pl_output(0), &element_bytes));
    const struct pl_record *options = prepare->op->options;
    if (pl_record_integer(options, PL_ConcatenationOptions_fused_activation_function) !=
        PL_ActivationFunctionType_NONE)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "a fused activation is not supported");
    const struct pl_shape *first = &prepare->inputs[0]->shape;
    int32_t axis = 0;
    PL_TRY(pl_axis_check(prepare, pl_record_integer(options, PL_ConcatenationOptions_axis),
                         first->rank, &axis));
    PL_TRY(set_shape(prepare, axis));

    struct concatenation *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->parts = pl_prepare_allocate(prepare, (size_t)count * sizeof *params->parts);
    if (params->parts == NULL) return PL_OUT_OF_MEMORY;
    params->kernels = prepare->kernels->movement;
    params->part_count = count;
    const struct pl_quantization *quantization = &prepare->outputs[0]->tensor->quantization;
    params->zero_point = quantization->count > 0 ? quantization->zero_points[0] : 0;
    for (int32_t i = 0; i < count; i++) {
        const struct pl_shape *shape = &prepare->inputs[i]->shape;
        params->parts[i].offset = params->run_bytes;
        params->parts[i].run_bytes = pl_shape_span(shape, axis, shape->rank) * element_bytes;
        params->run_bytes += params->parts[i].run_bytes;
        PL_TRY(prepare_quantization(prepare, i, &params->parts[i]));
    }
    prepare->params = params;
    const int64_t outer = pl_shape_span(first, 0, axis);
    pl_prepare_stage(prepare, eval_concatenation, params->run_bytes > 0 ? outer * count : 0,
                     params->run_bytes / count);
    return PL_OK;
}
