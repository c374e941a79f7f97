/* SPDX-License-Identifier: Apache-2.0 */
/* AVERAGE_POOL_2D, MAX_POOL_2D and L2_POOL_2D: [batches, height, width, channels], each channel by itself;
 * the quantized output has the input's scale. A unit is a row of the output. */
#include "kernels/pooling_kernels.h"
#include "ops/check.h"
#include "ops/quantize.h"
#include "ops/reach.h"
#include "ops/span.h"

struct pooling {
    struct pl_pooling_shape shape;
    pl_pooling_row run_row;
    int32_t height;      /* of the output */
    int64_t image_bytes; /* of the input */
    int64_t row_bytes;   /* of the output */
};

static pl_status eval_pooling(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct pooling *pooling = eval->params;
    for (int64_t unit = from; unit < to; unit++) {
        const char *image =
            (const char *)eval->inputs[0] + unit / pooling->height * pooling->image_bytes;
        char *row = (char *)eval->outputs[0] + unit * pooling->row_bytes;
        pooling->run_row(&pooling->shape, image, row, (int32_t)(unit % pooling->height));
    }
    return PL_OK;
}

static pl_status prepare_windows(struct pl_prepare *prepare, struct pooling *pooling)
{
    const struct pl_record *options = prepare->op->options;
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    struct pl_window rows = {.input = input->dims[1], .dilation = 1};
    struct pl_window columns = {.input = input->dims[2], .dilation = 1};
    rows.filter = (int32_t)pl_record_integer(options, PL_Pool2DOptions_filter_height);
    columns.filter = (int32_t)pl_record_integer(options, PL_Pool2DOptions_filter_width);
    rows.stride = (int32_t)pl_record_integer(options, PL_Pool2DOptions_stride_h);
    columns.stride = (int32_t)pl_record_integer(options, PL_Pool2DOptions_stride_w);
    const int64_t padding = pl_record_integer(options, PL_Pool2DOptions_padding);
    PL_TRY(pl_padding_apply_patch(prepare, padding, &rows, &columns, input->dims[3],
                                  &pooling->shape.patch));
    pl_span_window(prepare, 1, &rows);
    pl_span_window(prepare, 2, &columns);
    pl_span_local(prepare, 0, 0);
    pooling->height = rows.output;
    pooling->shape.output_width = columns.output;
    const struct pl_shape output = {4,
                                    {input->dims[0], rows.output, columns.output, input->dims[3]}};
    return pl_check_set_output(prepare, 0, &output);
}

static pl_status prepare_range(struct pl_prepare *prepare, struct pl_pooling_shape *shape)
{
    const int64_t activation =
        pl_record_integer(prepare->op->options, PL_Pool2DOptions_fused_activation_function);
    const struct pl_value *output = prepare->outputs[0];
    if (output->tensor->type == PL_FLOAT32) {
        return pl_quantize_float_range(prepare, activation, &shape->low, &shape->high);
    }
    return pl_quantize_activation_range(prepare, activation, output, &shape->quantized_low,
                                        &shape->quantized_high);
}

/* The functions for float32, int8, uint8 and int16; NULL where there is none. */
struct pool_functions {
    pl_pooling_row f32, i8, u8, i16;
};

static pl_status prepare_pooling(struct pl_prepare *prepare, struct pool_functions functions)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0),
                         PL_TYPES_FLOAT | (functions.i8 != NULL ? PL_TYPES_QUANTIZED : 0)));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 4, 4));
    struct pooling *pooling = pl_prepare_allocate(prepare, sizeof *pooling);
    if (pooling == NULL) return PL_OUT_OF_MEMORY;
    prepare->params = pooling;

    PL_TRY(prepare_windows(prepare, pooling));
    PL_TRY(prepare_range(prepare, &pooling->shape));
    const struct pl_shape *input = &prepare->inputs[0]->shape,
                          *output = &prepare->outputs[0]->shape;
    const pl_type type = prepare->inputs[0]->tensor->type;
    const int64_t bytes = pl_type_bits(type) / 8;
    pooling->run_row = type == PL_FLOAT32 ? functions.f32
                       : type == PL_INT8  ? functions.i8
                       : type == PL_UINT8 ? functions.u8
                                          : functions.i16;
    pooling->image_bytes = pl_shape_span(input, 1, 4) * bytes;
    pooling->row_bytes = pl_shape_span(output, 2, 4) * bytes;
    const int64_t taps =
        (int64_t)pooling->shape.patch.filter_height * pooling->shape.patch.filter_width;
    const int64_t covered = pl_shape_span(input, 1, 3); /* a window sees no more than the image */
    const int64_t units =
        pl_shape_count(output) > 0 ? (int64_t)output->dims[0] * pooling->height : 0;
    pl_prepare_stage(prepare, eval_pooling, units,
                     pl_cost(pl_shape_span(output, 2, 4), taps < covered ? taps : covered));
    if (units > 0) pl_reach_rows(prepare, &pooling->shape.patch);
    return PL_OK;
}

pl_status pl_prepare_average_pool_2d(struct pl_prepare *prepare)
{
    const struct pl_pooling_kernels *kernels = prepare->kernels->pooling;
    return prepare_pooling(prepare,
                           (struct pool_functions){kernels->average_f32, kernels->average_i8,
                                                   kernels->average_u8, kernels->average_i16});
}

pl_status pl_prepare_max_pool_2d(struct pl_prepare *prepare)
{
    const struct pl_pooling_kernels *kernels = prepare->kernels->pooling;
    return prepare_pooling(prepare, (struct pool_functions){kernels->max_f32, kernels->max_i8,
                                                            kernels->max_u8, kernels->max_i16});
}

pl_status pl_prepare_l2_pool_2d(struct pl_prepare *prepare)
{
    return prepare_pooling(
        prepare,
        (struct pool_functions){prepare->kernels->pooling->root_mean_square_f32, NULL, NULL, NULL});
}
