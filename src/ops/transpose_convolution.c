/* SPDX-License-Identifier: Apache-2.0 */
/* TRANSPOSE_CONV: input [batches, height, width, depth] under filter [outputs, filter height,
 * filter width, depth] plus an optional bias [outputs]; the output's shape is an input.
 *
 * An input pixel i reaches output o = i * stride - before + f through filter tap f. Outputs whose
 * o + before leave the same remainder r by the stride see the taps r, r + stride, .. alone: each
 * such phase is a convolution of stride 1 with these taps, last one first, whose outputs lie
 * `stride` apart. A unit is a row of the output. */
#include "ops/axis.h"
#include "ops/check.h"
#include "ops/quantize.h"
#include "ops/transpose_internal.h"

/* The phases that have taps; the window's input is the size of the output. */
static pl_status prepare_axis(struct pl_prepare *prepare, int64_t padding,
                              struct pl_transpose_axis *axis)
{
    struct pl_window *window = &axis->window;
    PL_TRY(pl_padding_apply(prepare, padding, window));
    const int64_t stride = window->stride, before = window->before;
    axis->count = window->stride < window->filter ? window->stride : window->filter;
    axis->phases = pl_prepare_allocate(prepare, (size_t)axis->count * sizeof *axis->phases);
    if (axis->phases == NULL) return PL_OUT_OF_MEMORY;
    for (int32_t r = 0; r < axis->count; r++) {
        struct pl_transpose_phase *phase = &axis->phases[r];
        const int64_t skipped = before > r ? (before - r + stride - 1) / stride : 0;
        const int64_t first = skipped * stride + r - before;
        phase->taps = (int32_t)((window->filter - r + stride - 1) / stride);
        phase->tap = (int32_t)(r + stride * (phase->taps - 1));
        phase->before = (int32_t)(phase->taps - 1 - skipped);
        phase->first = (int32_t)first;
        phase->count =
            first < window->input ? (int32_t)((window->input - first + stride - 1) / stride) : 0;
    }
    return PL_OK;
}

static pl_status prepare_axes(struct pl_prepare *prepare, const struct pl_shape *output,
                              struct pl_transpose_convolution *params)
{
    const struct pl_record *options = prepare->op->options;
    const struct pl_shape *filter = &prepare->inputs[PL_TRANSPOSE_FILTER]->shape;
    const int64_t padding = pl_record_integer(options, PL_TransposeConvOptions_padding);
    params->rows.window = (struct pl_window){
        .input = output->dims[1],
        .filter = filter->dims[1],
        .stride = (int32_t)pl_record_integer(options, PL_TransposeConvOptions_stride_h),
        .dilation = 1,
    };
    params->columns.window = (struct pl_window){
        .input = output->dims[2],
        .filter = filter->dims[2],
        .stride = (int32_t)pl_record_integer(options, PL_TransposeConvOptions_stride_w),
        .dilation = 1,
    };
    PL_TRY(prepare_axis(prepare, padding, &params->rows));
    PL_TRY(prepare_axis(prepare, padding, &params->columns));
    /* A convolution of the output must have the input's size. */
    const int32_t height = params->rows.window.output, width = params->columns.window.output;
    if (height == params->height && width == params->width) return PL_OK;
    return pl_check_fail(prepare, PL_MISMATCH, pl_input(PL_TRANSPOSE_SHAPE),
                         "%d x %d come from %d x %d, but the input has %d x %d",
                         (int)output->dims[1], (int)output->dims[2], (int)height, (int)width,
                         (int)params->height, (int)params->width);
}

static pl_status prepare_shapes(struct pl_prepare *prepare, struct pl_transpose_convolution *params)
{
    PL_TRY(pl_check_type(prepare, pl_input(PL_TRANSPOSE_SHAPE), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_rank(prepare, pl_input(PL_TRANSPOSE_SHAPE), 1, 1));
    PL_TRY(pl_check_count(prepare, pl_input(PL_TRANSPOSE_SHAPE), 4));
    PL_TRY(pl_check_rank(prepare, pl_input(PL_TRANSPOSE_INPUT), 4, 4));
    PL_TRY(pl_check_rank(prepare, pl_input(PL_TRANSPOSE_FILTER), 4, 4));
    const struct pl_shape *input = &prepare->inputs[PL_TRANSPOSE_INPUT]->shape,
                          *filter = &prepare->inputs[PL_TRANSPOSE_FILTER]->shape;
    if (filter->dims[3] != input->dims[3] || input->dims[3] < 1) {
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(PL_TRANSPOSE_FILTER),
                             "found depth %d, the input has %d", (int)filter->dims[3],
                             (int)input->dims[3]);
    }
    int64_t dims[4];
    int32_t count = 0;
    PL_TRY(pl_axis_read_integers(prepare, PL_TRANSPOSE_SHAPE, 4, dims, &count));
    if (dims[0] != input->dims[0] || dims[3] != filter->dims[0] || dims[1] < 0 || dims[2] < 0) {
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(PL_TRANSPOSE_SHAPE),
                             "found [%lld,%lld,%lld,%lld], expected %d pictures of %d channels",
                             (long long)dims[0], (long long)dims[1], (long long)dims[2],
                             (long long)dims[3], (int)input->dims[0], (int)filter->dims[0]);
    }
    const struct pl_shape output = {
        4, {input->dims[0], (int32_t)dims[1], (int32_t)dims[2], filter->dims[0]}};
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    if (pl_shape_span(filter, 1, 4) > INT32_MAX)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(PL_TRANSPOSE_FILTER),
                             "is too large");
    params->height = input->dims[1];
    params->width = input->dims[2];
    params->depth = input->dims[3];
    params->outputs = filter->dims[0];
    PL_TRY(prepare_axes(prepare, &output, params));
    int32_t unused = 0;
    if (__builtin_mul_overflow(params->outputs, params->columns.window.stride, &unused))
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "option stride_w: found %d, too large",
                               (int)params->columns.window.stride);
    return PL_OK;
}

static pl_status prepare_hybrid(struct pl_prepare *prepare, struct pl_transpose_convolution *params,
                                int64_t activation)
{
    struct pl_gemm_hybrid *hybrid = &params->hybrid;
    bool uniform = true;
    PL_TRY(pl_quantize_float_range(prepare, activation, &hybrid->low, &hybrid->high));
    PL_TRY(pl_filter_scales(prepare, pl_transpose_places, params->outputs, &hybrid->weight_scales,
                            &uniform));
    const int64_t image = (int64_t)params->height * params->width * params->depth;
    params->operands.rows.source_input = PL_TRANSPOSE_INPUT;
    return pl_gemm_prepare_rows(prepare, prepare->inputs[PL_TRANSPOSE_INPUT]->shape.dims[0], image,
                                true, -1, &params->operands);
}

static pl_status prepare_integer(struct pl_prepare *prepare,
                                 struct pl_transpose_convolution *params, int64_t activation)
{
    struct pl_gemm_integer *integers = &params->integers;
    bool narrow = false;
    const int64_t bias_type =
        pl_record_integer(prepare->op->options, PL_TransposeConvOptions_quantized_bias_type);
    PL_TRY(
        pl_filter_check_bias_type(prepare, pl_transpose_places, params->kind, bias_type, &narrow));
    PL_TRY(pl_filter_check_quantized(prepare, pl_transpose_places, params->kind, activation,
                                     params->outputs, &integers->range));
    PL_TRY(pl_filter_multipliers(prepare, pl_transpose_places, params->kind, params->outputs,
                                 &integers->multipliers));
    integers->input_zero_point =
        prepare->inputs[PL_TRANSPOSE_INPUT]->tensor->quantization.zero_points[0];
    integers->rounding = narrow ? PL_GEMM_FIXED_32 : PL_GEMM_FIXED;
    integers->output = params->kind == PL_FILTER_INT16   ? PL_GEMM_INT16
                       : params->kind == PL_FILTER_UINT8 ? PL_GEMM_UINT8
                                                         : PL_GEMM_INT8;
    if (params->kind == PL_FILTER_UINT8) {
        integers->weight_offset =
            128 - prepare->inputs[PL_TRANSPOSE_FILTER]->tensor->quantization.zero_points[0];
    }
    return PL_OK;
}

static pl_status prepare_kind(struct pl_prepare *prepare, struct pl_transpose_convolution *params)
{
    const int64_t activation =
        pl_record_integer(prepare->op->options, PL_TransposeConvOptions_fused_activation_function);
    switch (params->kind) {
    case PL_FILTER_FLOAT:
        return pl_quantize_float_range(prepare, activation, &params->floats.low,
                                       &params->floats.high);
    case PL_FILTER_HYBRID: return prepare_hybrid(prepare, params, activation);
    default: return prepare_integer(prepare, params, activation);
    }
}

/* Scratch for the largest of the phases. */
static void prepare_parts(struct pl_prepare *prepare, struct pl_transpose_convolution *params)
{
    const struct pl_transpose_phase none = {.count = params->columns.window.input};
    const struct pl_gemm_shape empty = pl_transpose_shape(params, &none, &none);
    size_t most = 0;
    if (params->kind != PL_FILTER_FLOAT)
        most = pl_gemm_part_bytes(&params->operands, &empty, none.count, params->element_bytes);
    for (int32_t i = 0; i < params->rows.count * params->columns.count && most > 0; i++) {
        const struct pl_transpose_phase *column =
            &params->columns.phases[i % params->columns.count];
        const struct pl_gemm_shape shape =
            pl_transpose_shape(params, &params->rows.phases[i / params->columns.count], column);
        const size_t bytes =
            pl_gemm_part_bytes(&params->operands, &shape, column->count, params->element_bytes);
        if (bytes > most) most = bytes;
    }
    pl_gemm_prepare_parts(prepare, most, &params->operands);
}

pl_status pl_prepare_transpose_conv(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 3, 4, 1));
    struct pl_transpose_convolution *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    prepare->params = params;
    params->operands.kernels = prepare->kernels->gemm;

    const uint32_t filters = PL_TYPES_FLOAT | PL_TYPES_QUANTIZED_8;
    PL_TRY(pl_filter_choose(prepare, pl_transpose_places, &params->kind));
    PL_TRY(pl_check_type(prepare, pl_input(PL_TRANSPOSE_FILTER), filters));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(PL_TRANSPOSE_INPUT)));
    PL_TRY(prepare_shapes(prepare, params));
    PL_TRY(pl_filter_check_bias(prepare, pl_transpose_places, params->kind, params->outputs,
                                &params->bias));
    PL_TRY(prepare_kind(prepare, params));
    params->output_bytes = pl_type_bits(prepare->outputs[0]->tensor->type) / 8;
    params->element_bytes = params->kind == PL_FILTER_HYBRID ? 1 : params->output_bytes;
    PL_TRY(pl_transpose_prepare_weights(prepare, params));
    prepare_parts(prepare, params);
    const struct pl_shape *output = &prepare->outputs[0]->shape;
    const int64_t units =
        pl_shape_count(output) > 0 ? (int64_t)output->dims[0] * output->dims[1] : 0;
    const int64_t taps = pl_shape_span(&prepare->inputs[PL_TRANSPOSE_FILTER]->shape, 1, 4) /
                         ((int64_t)params->rows.count * params->columns.count);
    pl_prepare_stage(prepare, pl_transpose_eval_rows, units,
                     pl_cost(pl_shape_span(output, 2, 4), taps));
    return PL_OK;
}
