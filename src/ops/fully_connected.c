/* SPDX-License-Identifier: Apache-2.0 */
/* FULLY_CONNECTED: input, taken as rows of `depth` numbers, times filter [outputs, depth] plus
 * an optional bias [outputs]. A unit is a row of the output; if there are few rows, a block of
 * outputs of all of them. */
#include <string.h>

#include "kernels/recurrent_kernels.h"
#include "ops/check.h"
#include "ops/filter.h"
#include "ops/fully_connected_internal.h"
#include "ops/gemm.h"
#include "ops/quantize.h"
#include "ops/reach.h"

enum { INPUT, FILTER };

struct fully_connected {
    struct pl_gemm_operands operands; /* first: the stages of gemm.c read it */
    enum pl_filter_kind kind;
    struct pl_filter_bias bias;
    struct pl_gemm_shape shape;
    bool by_blocks;
    bool tanh; /* hybrid: outputs go through it */
    const struct pl_recurrent_kernels *recurrent;
    union {
        struct pl_gemm_float floats;
        struct pl_gemm_hybrid hybrid;
        struct pl_gemm_integer integers;
    };
};

/* ---- eval ------------------------------------------------------------------------------------ */

static struct pl_gemm_part part_of(const struct fully_connected *dense, const struct pl_eval *eval,
                                   int64_t from, int64_t to)
{
    struct pl_gemm_part part = {.input = eval->inputs[INPUT], .output = eval->outputs[0]};
    part.scratch = pl_gemm_part_scratch(&dense->operands, eval);
    part.from_x = dense->by_blocks ? 0 : (int32_t)from;
    part.to_x = dense->by_blocks ? dense->shape.patch.width : (int32_t)to;
    part.from_block = dense->by_blocks ? (int32_t)from : 0;
    part.to_block = dense->by_blocks ? (int32_t)to : pl_gemm_blocks(dense->shape.channels);
    return part;
}

static pl_status eval_float(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct fully_connected *dense = eval->params;
    const struct pl_gemm_part part = part_of(dense, eval, from, to);
    struct pl_gemm_float weights = dense->floats;
    weights.weights = pl_gemm_packed(&dense->operands, eval, 0);
    weights.bias = pl_filter_bias(&dense->bias, eval);
    dense->operands.kernels->f32(&dense->shape, &weights, &part);
    return PL_OK;
}

static void apply_tanh(const struct fully_connected *dense, const struct pl_gemm_part *part)
{
    const int32_t channels = dense->shape.channels, first = part->from_block * PL_GEMM_BLOCK;
    const int32_t rest = channels - first;
    const int32_t wanted = (part->to_block - part->from_block) * PL_GEMM_BLOCK;
    const int32_t count = wanted < rest ? wanted : rest;
    for (int32_t x = part->from_x; x < part->to_x; x++) {
        float *row = (float *)part->output + (int64_t)x * channels + first;
        dense->recurrent->activate(row, row, count, PL_RECURRENT_TANH);
    }
}

static pl_status eval_hybrid(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct fully_connected *dense = eval->params;
    const struct pl_gemm_rows *rows = &dense->operands.rows;
    struct pl_gemm_part part = part_of(dense, eval, from, to);
    struct pl_gemm_hybrid weights = dense->hybrid;
    part.input = eval->scratch[rows->values_scratch];
    weights.weights = pl_gemm_packed(&dense->operands, eval, 0);
    weights.bias = pl_filter_bias(&dense->bias, eval);
    weights.row_scales = eval->scratch[rows->scales_scratch];
    weights.row_zero_points = eval->scratch[rows->zero_points_scratch];
    dense->operands.kernels->hybrid(&dense->shape, &weights, &part);
    if (dense->tanh) apply_tanh(dense, &part);
    return PL_OK;
}

static pl_status eval_integer(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct fully_connected *dense = eval->params;
    const struct pl_gemm_kernels *kernels = dense->operands.kernels;
    const struct pl_gemm_part part = part_of(dense, eval, from, to);
    struct pl_gemm_integer weights = dense->integers;
    const void *bias = pl_filter_bias(&dense->bias, eval);
    weights.weights = pl_gemm_packed(&dense->operands, eval, 0);
    weights.columns = pl_gemm_columns(&dense->operands, 0);
    weights.bias = dense->bias.wide ? NULL : bias;
    weights.wide_bias = dense->bias.wide ? bias : NULL;
    switch (dense->kind) {
    case PL_FILTER_UINT8: kernels->u8(&dense->shape, &weights, &part); break;
    case PL_FILTER_INT16: kernels->i16_i8(&dense->shape, &weights, &part); break;
    case PL_FILTER_INT16_WIDE: kernels->i16_i16(&dense->shape, &weights, &part); break;
    default: kernels->i8(&dense->shape, &weights, &part); break;
    }
    return PL_OK;
}

/* Without depth the reference gives zeros, whatever the bias. */
static pl_status eval_zero(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const size_t *row_bytes = eval->params;
    memset((char *)eval->outputs[0] + (size_t)from * *row_bytes, 0,
           (size_t)(to - from) * *row_bytes);
    return PL_OK;
}

/* ---- prepare --------------------------------------------------------------------------------- */

/* The output: rows of the filter's outputs, with the input's leading dimensions if they are to
 * be kept. */
static pl_status prepare_output(struct pl_prepare *prepare, int64_t rows)
{
    const bool keep =
        pl_record_integer(prepare->op->options, PL_FullyConnectedOptions_keep_num_dims) != 0;
    const struct pl_shape *filter = &prepare->inputs[FILTER]->shape;
    struct pl_shape output = {2, {(int32_t)rows, filter->dims[0]}};
    if (keep) {
        PL_TRY(pl_check_rank(prepare, pl_input(INPUT), 1, PL_MAX_RANK));
        output = prepare->inputs[INPUT]->shape;
        if (output.dims[output.rank - 1] != filter->dims[1]) {
            return pl_check_fail(prepare, PL_MISMATCH, pl_input(INPUT),
                                 "last dimension is %d, expected %d",
                                 (int)output.dims[output.rank - 1], (int)filter->dims[1]);
        }
        output.dims[output.rank - 1] = filter->dims[0];
    }
    return pl_check_set_output(prepare, 0, &output);
}

/* Sets the shape of the output and the matrix product that makes it. */
static pl_status prepare_shapes(struct pl_prepare *prepare, struct pl_gemm_shape *shape)
{
    PL_TRY(pl_check_rank(prepare, pl_input(FILTER), 2, 2));
    const struct pl_shape *input = &prepare->inputs[INPUT]->shape,
                          *filter = &prepare->inputs[FILTER]->shape;
    const int64_t count = pl_shape_count(input), depth = filter->dims[1];
    const int64_t outer = input->rank > 0 ? pl_shape_span(input, 0, input->rank - 1) : 1;
    const int64_t rows = depth > 0 ? count / depth : outer;
    if (rows > INT32_MAX || (depth > 0 && count % depth != 0)) {
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(INPUT),
                             "%lld elements are no rows of %d", (long long)count, (int)depth);
    }
    PL_TRY(prepare_output(prepare, rows));
    *shape = pl_gemm_matrix((int32_t)rows, (int32_t)depth, filter->dims[0]);
    return PL_OK;
}

/* The reference scales the sums of dense layers in double. */
static pl_status prepare_scales(struct pl_prepare *prepare, struct fully_connected *dense)
{
    const struct pl_quantization *filter = &prepare->inputs[FILTER]->tensor->quantization;
    const double input_scale = (double)prepare->inputs[INPUT]->tensor->quantization.scales[0];
    const double output_scale = (double)prepare->outputs[0]->tensor->quantization.scales[0];
    const int32_t channels = dense->shape.channels;
    double *scales = pl_prepare_allocate(prepare, (size_t)channels * sizeof *scales);
    if (scales == NULL) return PL_OUT_OF_MEMORY;
    dense->integers.scales = scales;
    for (int32_t channel = 0; channel < channels; channel++) {
        scales[channel] =
            input_scale * (double)filter->scales[filter->count > 1 ? channel : 0] / output_scale;
    }
    if (filter->count > 1) return PL_OK;
    double unused = 0;
    return pl_quantize_product_scale(prepare, prepare->inputs[INPUT], prepare->inputs[FILTER],
                                     pl_check_value(prepare, pl_input(2)), prepare->outputs[0],
                                     &unused);
}

static pl_status prepare_integer(struct pl_prepare *prepare, struct fully_connected *dense,
                                 int64_t activation)
{
    struct pl_gemm_integer *integers = &dense->integers;
    const pl_type type = prepare->outputs[0]->tensor->type;
    const bool wide = dense->kind == PL_FILTER_INT16 || dense->kind == PL_FILTER_INT16_WIDE;
    const uint32_t narrow =
        dense->kind == PL_FILTER_UINT8 ? PL_TYPE_BIT(PL_UINT8) : PL_TYPE_BIT(PL_INT8);
    bool unused = false;
    PL_TRY(pl_filter_check_bias_type(
        prepare, pl_filter_usual, dense->kind,
        pl_record_integer(prepare->op->options, PL_FullyConnectedOptions_quantized_bias_type),
        &unused));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_INT16) | (wide ? 0 : narrow)));
    PL_TRY(pl_filter_check_quantized(prepare, pl_filter_usual, dense->kind, activation,
                                     dense->shape.channels, &integers->range));
    PL_TRY(prepare_scales(prepare, dense));
    integers->rounding = PL_GEMM_DOUBLE;
    integers->output = type == PL_INT8    ? PL_GEMM_INT8
                       : type == PL_UINT8 ? PL_GEMM_UINT8
                                          : PL_GEMM_INT16;
    integers->input_zero_point = prepare->inputs[INPUT]->tensor->quantization.zero_points[0];
    const struct pl_quantization *filter = &prepare->inputs[FILTER]->tensor->quantization;
    if (filter->count == 1) integers->weight_offset = -filter->zero_points[0];
    if (dense->kind == PL_FILTER_UINT8) integers->weight_offset += 128;
    return PL_OK;
}

static pl_status prepare_hybrid(struct pl_prepare *prepare, struct fully_connected *dense,
                                int64_t activation)
{
    struct pl_gemm_hybrid *hybrid = &dense->hybrid;
    const struct pl_gemm_shape *shape = &dense->shape;
    const bool asymmetric =
        pl_record_integer(prepare->op->options,
                          PL_FullyConnectedOptions_asymmetric_quantize_inputs) != 0;
    bool uniform = true;
    dense->tanh = activation == PL_ActivationFunctionType_TANH;
    dense->recurrent = prepare->kernels->recurrent;
    hybrid->row_step = 1;
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPES_FLOAT));
    PL_TRY(pl_quantize_float_range(prepare, activation, &hybrid->low, &hybrid->high));
    PL_TRY(pl_filter_scales(prepare, pl_filter_usual, shape->channels, &hybrid->weight_scales,
                            &uniform));
    return pl_gemm_prepare_rows(prepare, shape->patch.width, shape->depth, asymmetric, -1,
                                &dense->operands);
}

static pl_status prepare_kind(struct pl_prepare *prepare, struct fully_connected *dense,
                              pl_eval_function *eval)
{
    const struct pl_record *options = prepare->op->options;
    const int64_t activation =
        pl_record_integer(options, PL_FullyConnectedOptions_fused_activation_function);
    const bool tanh_allowed = dense->kind == PL_FILTER_HYBRID;
    PL_TRY(pl_check_option(
        prepare, "fused_activation_function", activation, PL_ActivationFunctionType_NONE,
        tanh_allowed ? PL_ActivationFunctionType_TANH : PL_ActivationFunctionType_RELU6));
    switch (dense->kind) {
    case PL_FILTER_FLOAT:
        *eval = eval_float;
        PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPES_FLOAT));
        return pl_quantize_float_range(prepare, activation, &dense->floats.low,
                                       &dense->floats.high);
    case PL_FILTER_HYBRID: *eval = eval_hybrid; return prepare_hybrid(prepare, dense, activation);
    default: *eval = eval_integer; return prepare_integer(prepare, dense, activation);
    }
}

static pl_status prepare_zero(struct pl_prepare *prepare, int32_t rows)
{
    const struct pl_value *output = prepare->outputs[0];
    size_t *row_bytes = pl_prepare_allocate(prepare, sizeof *row_bytes);
    if (row_bytes == NULL) return PL_OUT_OF_MEMORY;
    *row_bytes = (size_t)prepare->inputs[FILTER]->shape.dims[0] *
                 (size_t)pl_type_bits(output->tensor->type) / 8;
    prepare->params = row_bytes;
    pl_prepare_stage(prepare, eval_zero, *row_bytes > 0 ? rows : 0, (int64_t)*row_bytes);
    return PL_OK;
}

pl_status pl_prepare_fully_connected(struct pl_prepare *prepare)
{
    const struct pl_record *options = prepare->op->options;
    const int64_t format = pl_record_integer(options, PL_FullyConnectedOptions_weights_format);
    const bool shuffled = format == PL_FullyConnectedOptionsWeightsFormat_SHUFFLED4x16INT8;
    PL_TRY(pl_check_arity(prepare, shuffled ? 3 : 2, 3, shuffled ? 2 : 1));
    PL_TRY(pl_check_option(prepare, "weights_format", format, 0,
                           PL_FullyConnectedOptionsWeightsFormat_SHUFFLED4x16INT8));
    struct fully_connected *dense = pl_prepare_allocate(prepare, sizeof *dense);
    if (dense == NULL) return PL_OUT_OF_MEMORY;
    dense->operands.kernels = prepare->kernels->gemm;
    struct pl_gemm_shape *shape = &dense->shape;
    PL_TRY(pl_filter_choose(prepare, pl_filter_usual, &dense->kind));
    PL_TRY(prepare_shapes(prepare, shape));
    PL_TRY(
        pl_filter_check_bias(prepare, pl_filter_usual, dense->kind, shape->channels, &dense->bias));
    const int32_t rows = shape->patch.width;
    const int64_t activation =
        pl_record_integer(options, PL_FullyConnectedOptions_fused_activation_function);
    if (shape->depth == 0) return prepare_zero(prepare, rows);
    if (shuffled) return pl_fully_connected_prepare_shuffled(prepare, rows, activation);
    if (prepare->inputs[FILTER]->tensor->quantization.block_size > 0 &&
        dense->kind == PL_FILTER_HYBRID)
        return pl_fully_connected_prepare_blocks(prepare, rows, activation);

    prepare->params = dense;
    pl_eval_function eval = NULL;
    PL_TRY(prepare_kind(prepare, dense, &eval));
    const struct pl_gemm_pack pack = {
        .groups = 1,
        .channels = shape->channels,
        .depth = shape->depth,
        .group_stride = 0,
        .channel_stride = shape->depth,
        .depth_stride = 1,
    };
    const pl_type type = pl_filter_weights_type(prepare, pl_filter_usual, dense->kind);
    PL_TRY(pl_gemm_prepare_weights(prepare, FILTER, type, &pack, &dense->operands));
    if (dense->kind == PL_FILTER_INT8 || dense->kind == PL_FILTER_UINT8) {
        PL_TRY(pl_gemm_prepare_columns(prepare, shape, 1, &dense->integers,
                                       dense->bias.present ? dense->bias.input : -1,
                                       dense->kind == PL_FILTER_UINT8, &dense->operands));
    }
    if (dense->kind == PL_FILTER_FLOAT && rows == 1) {
        const struct pl_dense_row row = {dense->operands,   dense->bias,       shape->depth,
                                         shape->channels,   dense->floats.low, dense->floats.high};
        bool taken = false;
        PL_TRY(pl_fully_connected_prepare_ahead(prepare, &row, &taken));
        if (taken) return PL_OK;
    }
    size_t part_bytes = 0;
    if (dense->kind != PL_FILTER_FLOAT && dense->kind != PL_FILTER_INT16_WIDE) {
        part_bytes = pl_gemm_part_bytes(&dense->operands, shape, rows,
                                        dense->kind == PL_FILTER_INT16 ? 2 : 1);
    }
    pl_gemm_prepare_parts(prepare, part_bytes, &dense->operands);
    const int32_t blocks = pl_gemm_blocks(shape->channels);
    dense->by_blocks = rows == 1 || (rows > 0 && pl_gemm_cut_by_blocks(rows, blocks, dense->operands.weights.group_bytes));
    const int64_t units = dense->by_blocks ? blocks : blocks > 0 ? rows : 0;
    const int64_t width = dense->by_blocks ? pl_cost(rows, PL_GEMM_BLOCK) : shape->channels;
    pl_prepare_stage(prepare, eval, units, pl_cost(width, shape->depth));
    if (dense->by_blocks) return PL_OK;
    pl_prepare_least_units(prepare, PL_GEMM_LEAST_PIXELS);
    pl_reach_scratch_slices(prepare, 1u << INPUT,
                            dense->kind == PL_FILTER_HYBRID ? pl_gemm_row_scratches(&dense->operands.rows) : 0);
    return PL_OK;
}
