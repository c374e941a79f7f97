/* SPDX-License-Identifier: Apache-2.0 */
/* BATCH_MATMUL: left [.., rows, depth] times right [.., depth, columns], either transposed on
 * request; the leading dimensions are broadcast. The right side is packed, once if it is
 * constant; a transposed left side is turned first. A unit of the product is a row of the
 * output. */
#include <math.h>

#include "ops/batch_matmul_internal.h"
#include "ops/check.h"
#include "ops/quantize.h"
#include "ops/reach.h"

static pl_status choose_kind(struct pl_prepare *prepare, enum pl_batch_matmul_kind *kind)
{
    PL_TRY(pl_check_type(prepare, pl_input(PL_BATCH_MATMUL_LEFT),
                         PL_TYPES_FLOAT | PL_TYPE_BIT(PL_INT8) | PL_TYPE_BIT(PL_INT16)));
    const pl_type left = prepare->inputs[PL_BATCH_MATMUL_LEFT]->tensor->type,
                  right = prepare->inputs[PL_BATCH_MATMUL_RIGHT]->tensor->type;
    const uint32_t narrow = PL_TYPE_BIT(PL_INT8);
    PL_TRY(pl_check_type(prepare, pl_input(PL_BATCH_MATMUL_RIGHT),
                         narrow | (left == PL_INT8 ? 0 : PL_TYPE_BIT(left))));
    *kind = left == PL_FLOAT32  ? right == PL_INT8 ? PL_BATCH_MATMUL_HYBRID : PL_BATCH_MATMUL_FLOAT
            : left == PL_INT8   ? PL_BATCH_MATMUL_INT8
            : right == PL_INT16 ? PL_BATCH_MATMUL_INT16
                                : PL_BATCH_MATMUL_INT16_INT8;
    const uint32_t raw = *kind == PL_BATCH_MATMUL_INT8 ? PL_TYPE_BIT(PL_INT32) : 0;
    return pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(left) | raw);
}

/* Size of leading dimension `axis` of `rank`, 1 where the shape has fewer. */
static int32_t leading(const struct pl_shape *shape, int32_t rank, int32_t axis)
{
    const int32_t own = axis - (rank - shape->rank);
    return own < 0 ? 1 : shape->dims[own];
}

/* The broadcast leading dimensions and what a step along each means for either side. */
static pl_status prepare_batches(struct pl_prepare *prepare, struct pl_batch_matmul *product,
                                 struct pl_shape *output)
{
    const struct pl_shape *left = &prepare->inputs[PL_BATCH_MATMUL_LEFT]->shape,
                          *right = &prepare->inputs[PL_BATCH_MATMUL_RIGHT]->shape;
    const int32_t rank = left->rank > right->rank ? left->rank : right->rank;
    int64_t left_step = 1, right_step = 1;
    output->rank = rank;
    product->batches.rank = rank - 2;
    for (int32_t axis = rank - 3; axis >= 0; axis--) {
        const int32_t a = leading(left, rank, axis), b = leading(right, rank, axis);
        if (a != b && a != 1 && b != 1) {
            return pl_check_fail(prepare, PL_MISMATCH, pl_input(PL_BATCH_MATMUL_RIGHT),
                                 "dimension %d is %d, expected %d or 1", (int)axis, (int)b, (int)a);
        }
        output->dims[axis] = product->batches.dims[axis] = a == 1 ? b : a;
        product->left_steps[axis] = a == 1 ? 0 : left_step;
        product->right_steps[axis] = b == 1 ? 0 : right_step;
        left_step *= a;
        right_step *= b;
    }
    return PL_OK;
}

static pl_status prepare_shapes(struct pl_prepare *prepare, struct pl_batch_matmul *product,
                                bool turn_left, bool turn_right)
{
    PL_TRY(pl_check_rank(prepare, pl_input(PL_BATCH_MATMUL_LEFT), 2, PL_MAX_RANK));
    PL_TRY(pl_check_rank(prepare, pl_input(PL_BATCH_MATMUL_RIGHT), 2, PL_MAX_RANK));
    const struct pl_shape *left = &prepare->inputs[PL_BATCH_MATMUL_LEFT]->shape,
                          *right = &prepare->inputs[PL_BATCH_MATMUL_RIGHT]->shape;
    const int32_t *l = &left->dims[left->rank - 2], *r = &right->dims[right->rank - 2];
    const int32_t rows = l[turn_left ? 1 : 0], depth = l[turn_left ? 0 : 1];
    const int32_t columns = r[turn_right ? 0 : 1], right_depth = r[turn_right ? 1 : 0];
    if (depth != right_depth) {
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(PL_BATCH_MATMUL_RIGHT),
                             "depth is %d, expected %d", (int)right_depth, (int)depth);
    }
    struct pl_shape output = {0};
    PL_TRY(prepare_batches(prepare, product, &output));
    output.dims[output.rank - 2] = rows;
    output.dims[output.rank - 1] = columns;
    product->shape = pl_gemm_matrix(rows, depth, columns);
    return pl_check_set_output(prepare, 0, &output);
}

static pl_status prepare_integer(struct pl_prepare *prepare, struct pl_batch_matmul *product)
{
    struct pl_gemm_integer *integers = &product->integers;
    const pl_type type = prepare->outputs[0]->tensor->type;
    if (type == PL_INT32) { /* the sums as they are, zero points left alone */
        integers->rounding = PL_GEMM_RAW;
        integers->output = PL_GEMM_INT32;
        return PL_OK;
    }
    PL_TRY(pl_check_quantized(prepare, pl_input(PL_BATCH_MATMUL_LEFT)));
    PL_TRY(pl_check_quantized_channels(prepare, pl_input(PL_BATCH_MATMUL_RIGHT),
                                       product->shape.channels));
    PL_TRY(pl_check_quantized(prepare, pl_output(0)));
    double real = 0;
    struct pl_multiplier multiplier = {0, 0};
    PL_TRY(pl_quantize_product_scale(prepare, prepare->inputs[PL_BATCH_MATMUL_LEFT],
                                     prepare->inputs[PL_BATCH_MATMUL_RIGHT], NULL,
                                     prepare->outputs[0], &real));
    PL_TRY(pl_quantize_multiplier(prepare, real, &multiplier));
    if (product->kind != PL_BATCH_MATMUL_INT8) {
        PL_TRY(pl_check_symmetric(prepare, pl_input(PL_BATCH_MATMUL_LEFT)));
        PL_TRY(pl_check_symmetric(prepare, pl_input(PL_BATCH_MATMUL_RIGHT)));
        PL_TRY(pl_check_symmetric(prepare, pl_output(0)));
        if (multiplier.shift > 14)
            return pl_prepare_fail(prepare, PL_UNSUPPORTED, "scales give a factor above 2^14");
    }
    const size_t columns = (size_t)product->shape.channels;
    struct pl_multiplier *multipliers = pl_prepare_allocate(prepare, columns * sizeof *multipliers);
    if (multipliers == NULL) return PL_OUT_OF_MEMORY;
    for (size_t column = 0; column < columns; column++) multipliers[column] = multiplier;
    integers->multipliers = multipliers;
    integers->rounding = PL_GEMM_FIXED;
    integers->output = type == PL_INT8 ? PL_GEMM_INT8 : PL_GEMM_INT16;
    integers->input_zero_point =
        prepare->inputs[PL_BATCH_MATMUL_LEFT]->tensor->quantization.zero_points[0];
    const struct pl_quantization *right =
        &prepare->inputs[PL_BATCH_MATMUL_RIGHT]->tensor->quantization;
    if (right->count == 1) integers->weight_offset = -right->zero_points[0];
    integers->range.zero_point = prepare->outputs[0]->tensor->quantization.zero_points[0];
    pl_quantize_type_range(type, &integers->range.low, &integers->range.high);
    return PL_OK;
}

/* The right side's scale of each column. */
static pl_status prepare_hybrid(struct pl_prepare *prepare, struct pl_batch_matmul *product)
{
    const int32_t columns = product->shape.channels;
    PL_TRY(pl_check_quantized_channels(prepare, pl_input(PL_BATCH_MATMUL_RIGHT), columns));
    const struct pl_quantization *quantization =
        &prepare->inputs[PL_BATCH_MATMUL_RIGHT]->tensor->quantization;
    float *scales = pl_prepare_allocate(prepare, (size_t)columns * sizeof *scales);
    if (scales == NULL) return PL_OUT_OF_MEMORY;
    for (int32_t column = 0; column < columns; column++) {
        scales[column] = quantization->scales[quantization->count > 1 ? column : 0];
    }
    struct pl_gemm_hybrid *hybrid = &product->hybrid;
    hybrid->weight_scales = scales;
    hybrid->row_step = 1;
    return pl_quantize_float_range(prepare, PL_ActivationFunctionType_NONE, &hybrid->low,
                                   &hybrid->high);
}

static pl_status prepare_kind(struct pl_prepare *prepare, struct pl_batch_matmul *product)
{
    switch (product->kind) {
    case PL_BATCH_MATMUL_FLOAT:
        /* Unlike dense layers, which limit what has no activation to finite numbers. */
        product->floats.low = -INFINITY;
        product->floats.high = INFINITY;
        return PL_OK;
    case PL_BATCH_MATMUL_HYBRID: return prepare_hybrid(prepare, product);
    default: return prepare_integer(prepare, product);
    }
}

/* Without broadcasting a row of the output needs that row of the left side, and any of the right one. */
static void say_reach(struct pl_prepare *prepare, const struct pl_batch_matmul *product, int64_t units)
{
    const struct pl_shape *left = &prepare->inputs[PL_BATCH_MATMUL_LEFT]->shape;
    uint32_t scratches = 0;
    if (pl_shape_span(left, 0, left->rank - 2) * product->shape.patch.width != units) return;
    if (product->kind == PL_BATCH_MATMUL_HYBRID) scratches = pl_gemm_row_scratches(&product->operands.rows);
    if (product->turned_scratch >= 0) scratches |= 1u << product->turned_scratch;
    pl_reach_scratch_slices(prepare, 1u << PL_BATCH_MATMUL_LEFT, scratches);
}

/* The stages before the product: pack the right side, turn the left side, quantize it. */
static pl_status prepare_operands(struct pl_prepare *prepare, struct pl_batch_matmul *product,
                                  bool turn_left, bool turn_right)
{
    const struct pl_gemm_shape *shape = &product->shape;
    const struct pl_shape *left = &prepare->inputs[PL_BATCH_MATMUL_LEFT]->shape,
                          *right = &prepare->inputs[PL_BATCH_MATMUL_RIGHT]->shape;
    const int64_t left_count = pl_shape_span(left, 0, left->rank - 2);
    const int64_t right_count = pl_shape_span(right, 0, right->rank - 2);
    if (right_count > INT32_MAX)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(PL_BATCH_MATMUL_RIGHT),
                             "is too large");
    const struct pl_gemm_pack pack = {
        .groups = (int32_t)right_count,
        .channels = shape->channels,
        .depth = shape->depth,
        .group_stride = (int64_t)shape->channels * shape->depth,
        .channel_stride = turn_right ? shape->depth : 1,
        .depth_stride = turn_right ? 1 : shape->channels,
    };
    const pl_type type = prepare->inputs[PL_BATCH_MATMUL_RIGHT]->tensor->type;
    PL_TRY(
        pl_gemm_prepare_weights(prepare, PL_BATCH_MATMUL_RIGHT, type, &pack, &product->operands));

    const int64_t matrix = (int64_t)shape->patch.width * shape->depth;
    product->turned_scratch = -1;
    if (turn_left) {
        const size_t bytes = (size_t)pl_shape_count(left) * (size_t)product->element_bytes;
        product->turned_scratch = pl_prepare_scratch(prepare, bytes, false);
        pl_prepare_stage(prepare, pl_batch_matmul_eval_turn, left_count, matrix);
        pl_reach_scratch_slices(prepare, 1u << PL_BATCH_MATMUL_LEFT, 1u << product->turned_scratch);
    }
    if (product->kind != PL_BATCH_MATMUL_HYBRID) return PL_OK;
    const bool asymmetric =
        pl_record_integer(prepare->op->options, PL_BatchMatMulOptions_asymmetric_quantize_inputs) !=
        0;
    return pl_gemm_prepare_rows(prepare, left_count * shape->patch.width, shape->depth, asymmetric,
                                product->turned_scratch, &product->operands);
}

pl_status pl_prepare_batch_matmul(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    struct pl_batch_matmul *product = pl_prepare_allocate(prepare, sizeof *product);
    if (product == NULL) return PL_OUT_OF_MEMORY;
    prepare->params = product;
    product->operands.kernels = prepare->kernels->gemm;
    const bool turn_left =
        pl_record_integer(prepare->op->options, PL_BatchMatMulOptions_adj_x) != 0;
    const bool turn_right =
        pl_record_integer(prepare->op->options, PL_BatchMatMulOptions_adj_y) != 0;

    PL_TRY(choose_kind(prepare, &product->kind));
    product->element_bytes = pl_type_bits(prepare->inputs[PL_BATCH_MATMUL_LEFT]->tensor->type) / 8;
    product->output_bytes = pl_type_bits(prepare->outputs[0]->tensor->type) / 8;
    PL_TRY(prepare_shapes(prepare, product, turn_left, turn_right));
    PL_TRY(prepare_kind(prepare, product));
    PL_TRY(prepare_operands(prepare, product, turn_left, turn_right));
    size_t part_bytes = 0;
    if (product->kind != PL_BATCH_MATMUL_FLOAT && product->kind != PL_BATCH_MATMUL_INT16) {
        part_bytes =
            pl_gemm_part_bytes(&product->operands, &product->shape, product->shape.patch.width,
                               product->kind == PL_BATCH_MATMUL_INT16_INT8 ? 2 : 1);
    }
    pl_gemm_prepare_parts(prepare, part_bytes, &product->operands);
    const struct pl_shape *output = &prepare->outputs[0]->shape;
    const int64_t units =
        pl_shape_count(output) > 0 ? pl_shape_span(output, 0, output->rank - 1) : 0;
    pl_prepare_stage(prepare, pl_batch_matmul_eval_product, units,
                     pl_cost(product->shape.channels, product->shape.depth));
    const int32_t rows = product->shape.patch.width;
    pl_prepare_least_units(prepare, rows < 1 ? 1 : rows < PL_GEMM_LEAST_PIXELS ? rows : PL_GEMM_LEAST_PIXELS);
    say_reach(prepare, product, units);
    return PL_OK;
}
