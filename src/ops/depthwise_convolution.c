/* SPDX-License-Identifier: Apache-2.0 */
/* DEPTHWISE_CONV_2D: input [batches, height, width, channels] under filter [1, filter height,
 * filter width, channels * multiplier] plus an optional bias of as many numbers. A unit is a row
 * of the output. */
#include "kernels/depthwise_kernels.h"
#include "ops/check.h"
#include "ops/filter.h"
#include "ops/gemm.h"
#include "ops/packed.h"
#include "ops/quantize.h"
#include "ops/reach.h"
#include "ops/span.h"

enum { INPUT, FILTER, BIAS, LEAST_ROWS = 2 };

struct depthwise {
    struct pl_gemm_operands
        operands; /* first: the stage of gemm.c that quantizes the input reads it */
    const struct pl_depthwise_kernels *kernels;
    enum pl_filter_kind kind;
    struct pl_filter_bias bias;
    struct pl_depthwise_shape shape;
    const int8_t *unpacked;       /* a constant filter of 4 or 2 bits as int8 */
    struct pl_gemm_shape product; /* of an image of one channel, see prepare_product */
    int32_t height;               /* of the output */
    int64_t image_elements;       /* of the input */
    union {
        struct pl_depthwise_float floats;
        struct pl_depthwise_hybrid hybrid;
        struct pl_depthwise_integer integers;
    };
};

/* ---- eval ------------------------------------------------------------------------------------ */

static const void *filter_of(const struct depthwise *depthwise, const struct pl_eval *eval)
{
    return depthwise->unpacked != NULL ? depthwise->unpacked : eval->inputs[FILTER];
}

/* How many of the rows [from, to) of all images belong to the first one's image. */
static int64_t rows_of_image(const struct depthwise *depthwise, int64_t from, int64_t to)
{
    const int64_t end = (from / depthwise->height + 1) * depthwise->height;
    return (to < end ? to : end) - from;
}

static pl_status eval_float(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct depthwise *depthwise = eval->params;
    const int64_t row_elements = (int64_t)depthwise->shape.output_width * depthwise->shape.channels;
    struct pl_depthwise_float weights = depthwise->floats;
    weights.weights = filter_of(depthwise, eval);
    weights.bias = pl_filter_bias(&depthwise->bias, eval);
    while (from < to) {
        const int64_t batch = from / depthwise->height;
        const int64_t rows = rows_of_image(depthwise, from, to);
        const float *image = (const float *)eval->inputs[INPUT] + batch * depthwise->image_elements;
        depthwise->kernels->f32(&depthwise->shape, &weights, image,
                                (float *)eval->outputs[0] + from * row_elements,
                                (int32_t)(from % depthwise->height), (int32_t)rows);
        from += rows;
    }
    return PL_OK;
}

static pl_status eval_hybrid(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct depthwise *depthwise = eval->params;
    const struct pl_gemm_rows *rows = &depthwise->operands.rows;
    const int64_t row_elements = (int64_t)depthwise->shape.output_width * depthwise->shape.channels;
    struct pl_depthwise_hybrid weights = depthwise->hybrid;
    weights.weights = filter_of(depthwise, eval);
    weights.bias = pl_filter_bias(&depthwise->bias, eval);
    while (from < to) {
        const int64_t batch = from / depthwise->height;
        const int64_t count = rows_of_image(depthwise, from, to);
        const int8_t *image =
            (const int8_t *)eval->scratch[rows->values_scratch] + batch * depthwise->image_elements;
        weights.input_scale = ((const float *)eval->scratch[rows->scales_scratch])[batch];
        weights.input_zero_point =
            ((const int32_t *)eval->scratch[rows->zero_points_scratch])[batch];
        depthwise->kernels->hybrid(&depthwise->shape, &weights, image,
                                   (float *)eval->outputs[0] + from * row_elements,
                                   (int32_t)(from % depthwise->height), (int32_t)count);
        from += count;
    }
    return PL_OK;
}

static pl_status eval_integer(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct depthwise *depthwise = eval->params;
    const struct pl_depthwise_kernels *kernels = depthwise->kernels;
    const int64_t bytes = depthwise->kind == PL_FILTER_INT16 ? 2 : 1;
    const int64_t row_bytes =
        (int64_t)depthwise->shape.output_width * depthwise->shape.channels * bytes;
    struct pl_depthwise_integer weights = depthwise->integers;
    const void *bias = pl_filter_bias(&depthwise->bias, eval);
    weights.weights = depthwise->integers.packed != NULL ? NULL : filter_of(depthwise, eval);
    weights.bias = depthwise->bias.wide ? NULL : bias;
    weights.wide_bias = depthwise->bias.wide ? bias : NULL;
    pl_depthwise_rows *run = depthwise->kind == PL_FILTER_UINT8   ? kernels->u8
                             : depthwise->kind == PL_FILTER_INT16 ? kernels->i16
                                                                  : kernels->i8;
    while (from < to) {
        const int64_t batch = from / depthwise->height;
        const int64_t rows = rows_of_image(depthwise, from, to);
        const char *image =
            (const char *)eval->inputs[INPUT] + batch * depthwise->image_elements * bytes;
        run(&depthwise->shape, &weights, image, (char *)eval->outputs[0] + from * row_bytes,
            (int32_t)(from % depthwise->height), (int32_t)rows);
        from += rows;
    }
    return PL_OK;
}

/* An image of one channel: a matrix product. */
static struct pl_gemm_integer product_weights(const struct depthwise *depthwise)
{
    const struct pl_depthwise_integer *integers = &depthwise->integers;
    return (struct pl_gemm_integer){
        .input_zero_point = integers->input_zero_point,
        .weight_offset = depthwise->kind == PL_FILTER_UINT8 ? 128 - integers->weight_zero_point : 0,
        .range = integers->range,
        .rounding = PL_GEMM_FIXED,
        .output = depthwise->kind == PL_FILTER_UINT8 ? PL_GEMM_UINT8 : PL_GEMM_INT8,
        .multipliers = integers->multipliers,
    };
}

static pl_status eval_product(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct depthwise *depthwise = eval->params;
    const struct pl_gemm_kernels *kernels = depthwise->operands.kernels;
    struct pl_gemm_integer weights = product_weights(depthwise);
    weights.weights = pl_gemm_packed(&depthwise->operands, eval, 0);
    weights.columns = pl_gemm_columns(&depthwise->operands, 0);
    weights.bias = pl_filter_bias(&depthwise->bias, eval);
    const int32_t width = depthwise->shape.output_width;
    struct pl_gemm_part part = {
        .to_block = pl_gemm_blocks(depthwise->shape.channels),
        .scratch = pl_gemm_part_scratch(&depthwise->operands, eval),
    };
    while (from < to) {
        const int64_t batch = from / depthwise->height;
        const int64_t end = (batch + 1) * depthwise->height; /* of this image */
        int64_t rows = (to < end ? to : end) - from;
        if (rows > INT32_MAX / width) rows = INT32_MAX / width;
        part.input = (const char *)eval->inputs[INPUT] + batch * depthwise->image_elements;
        part.output =
            (char *)eval->outputs[0] + from * ((int64_t)width * depthwise->shape.channels);
        part.y = (int32_t)(from % depthwise->height);
        part.to_x = (int32_t)rows * width;
        (depthwise->kind == PL_FILTER_UINT8 ? kernels->u8 : kernels->i8)(&depthwise->product,
                                                                         &weights, &part);
        from += rows;
    }
    return PL_OK;
}

/* ---- prepare --------------------------------------------------------------------------------- */

static pl_status prepare_windows(struct pl_prepare *prepare, struct depthwise *depthwise)
{
    const struct pl_record *options = prepare->op->options;
    const struct pl_shape *input = &prepare->inputs[INPUT]->shape,
                          *filter = &prepare->inputs[FILTER]->shape;
    struct pl_window rows = {.input = input->dims[1], .filter = filter->dims[1]};
    struct pl_window columns = {.input = input->dims[2], .filter = filter->dims[2]};
    rows.stride = (int32_t)pl_record_integer(options, PL_DepthwiseConv2DOptions_stride_h);
    columns.stride = (int32_t)pl_record_integer(options, PL_DepthwiseConv2DOptions_stride_w);
    rows.dilation =
        (int32_t)pl_record_integer(options, PL_DepthwiseConv2DOptions_dilation_h_factor);
    columns.dilation =
        (int32_t)pl_record_integer(options, PL_DepthwiseConv2DOptions_dilation_w_factor);
    const int64_t padding = pl_record_integer(options, PL_DepthwiseConv2DOptions_padding);
    PL_TRY(pl_padding_check_steps(prepare, &rows, &columns));
    PL_TRY(pl_padding_apply_patch(prepare, padding, &rows, &columns, input->dims[3],
                                  &depthwise->shape.patch));
    depthwise->height = rows.output;
    depthwise->shape.output_width = columns.output;
    if (depthwise->kind != PL_FILTER_HYBRID) { /* whose images are quantized as a whole */
        pl_span_window(prepare, 1, &rows);
        pl_span_window(prepare, 2, &columns);
    }
    pl_span_local(prepare, 0, 0);
    return PL_OK;
}

static pl_status prepare_shapes(struct pl_prepare *prepare, struct depthwise *depthwise)
{
    PL_TRY(pl_check_rank(prepare, pl_input(INPUT), 4, 4));
    PL_TRY(pl_check_rank(prepare, pl_input(FILTER), 4, 4));
    const struct pl_shape *input = &prepare->inputs[INPUT]->shape,
                          *filter = &prepare->inputs[FILTER]->shape;
    const int32_t channels = input->dims[3], outputs = filter->dims[3];
    if (filter->dims[0] != 1 || channels < 1 || outputs % channels != 0) {
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(FILTER),
                             "%d filters of %d outputs do not fit an input of %d channels",
                             (int)filter->dims[0], (int)outputs, (int)channels);
    }
    PL_TRY(prepare_windows(prepare, depthwise));
    depthwise->shape.multiplier = outputs / channels;
    depthwise->shape.channels = outputs;
    depthwise->image_elements = pl_shape_span(input, 1, 4);
    const struct pl_shape output = {
        4, {input->dims[0], depthwise->height, depthwise->shape.output_width, outputs}};
    return pl_check_set_output(prepare, 0, &output);
}

static pl_status prepare_hybrid(struct pl_prepare *prepare, struct depthwise *depthwise,
                                int64_t activation)
{
    struct pl_depthwise_hybrid *hybrid = &depthwise->hybrid;
    bool uniform = true;
    PL_TRY(pl_quantize_float_range(prepare, activation, &hybrid->low, &hybrid->high));
    PL_TRY(pl_filter_scales(prepare, pl_filter_usual, depthwise->shape.channels,
                            &hybrid->weight_scales, &uniform));
    return pl_gemm_prepare_rows(prepare, prepare->inputs[INPUT]->shape.dims[0],
                                depthwise->image_elements, true, -1, &depthwise->operands);
}

static pl_status prepare_integer(struct pl_prepare *prepare, struct depthwise *depthwise,
                                 int64_t activation)
{
    struct pl_depthwise_integer *integers = &depthwise->integers;
    const int32_t channels = depthwise->shape.channels;
    PL_TRY(pl_filter_check_quantized(prepare, pl_filter_usual, depthwise->kind, activation,
                                     channels, &integers->range));
    PL_TRY(pl_filter_multipliers(prepare, pl_filter_usual, depthwise->kind, channels,
                                 &integers->multipliers));
    integers->input_zero_point = prepare->inputs[INPUT]->tensor->quantization.zero_points[0];
    /* The reference takes int8 filters as symmetric without looking. */
    if (depthwise->kind == PL_FILTER_UINT8) {
        integers->weight_zero_point = prepare->inputs[FILTER]->tensor->quantization.zero_points[0];
    }
    return PL_OK;
}

/* Packs a constant filter of bytes if the kernels have a form of their own and nothing that goes
 * into it is known only while running. */
static pl_status pack_filter(struct pl_prepare *prepare, struct depthwise *depthwise)
{
    const struct pl_depthwise_packer *packer = &depthwise->kernels->packer;
    const struct pl_value *filter = prepare->inputs[FILTER];
    const struct pl_value *bias = pl_check_value(prepare, pl_input(BIAS));
    struct pl_depthwise_integer *integers = &depthwise->integers;
    const struct pl_depthwise_pack pack = {
        .shape = depthwise->shape,
        .is_unsigned = depthwise->kind == PL_FILTER_UINT8,
        .bits = pl_type_bits(filter->tensor->type),
        .weight_zero_point = integers->weight_zero_point,
    };
    const bool is_constant = filter->holder != NULL && (bias == NULL || bias->constant != NULL);
    const size_t bytes = packer->bytes != NULL && is_constant ? packer->bytes(&pack) : 0;
    if (bytes == 0) return PL_OK;
    void *finish = pl_prepare_allocate(prepare, packer->finish_bytes(&pack));
    if (finish == NULL) return PL_OUT_OF_MEMORY;
    const struct pl_patch *patch = &pack.shape.patch;
    const struct pl_packing packing = {
        .pack = packer->pack,
        .context = &pack,
        .context_bytes = sizeof pack,
        .parameters = {(uint64_t)patch->filter_height << 32 | (uint64_t)patch->filter_width,
                       (uint64_t)pack.shape.channels, (uint64_t)pack.weight_zero_point,
                       (uint64_t)pack.bits << 1 | pack.is_unsigned},
        .bytes = bytes,
    };
    PL_TRY(pl_prepare_pack(prepare, FILTER, &packing, &integers->packed));
    integers->bias = bias != NULL ? bias->constant : NULL;
    packer->prepare_finish(finish, &pack, integers);
    integers->finish = finish;
    return PL_OK;
}

/* The kernels read filters that are not packed as they are in the file, but for those of 4 and 2
 * bits. */
static pl_status prepare_filter(struct pl_prepare *prepare, struct depthwise *depthwise)
{
    const struct pl_value *filter = prepare->inputs[FILTER];
    if (depthwise->kind == PL_FILTER_INT8 || depthwise->kind == PL_FILTER_UINT8) {
        PL_TRY(pack_filter(prepare, depthwise));
        if (depthwise->integers.packed != NULL) return PL_OK;
    }
    if (!pl_packed_is(filter->tensor->type) || pl_shape_count(&filter->shape) == 0) return PL_OK;
    return pl_filter_unpack(prepare, FILTER, &depthwise->unpacked);
}

static pl_status prepare_kind(struct pl_prepare *prepare, struct depthwise *depthwise,
                              pl_eval_function *eval)
{
    const int64_t activation = pl_record_integer(
        prepare->op->options, PL_DepthwiseConv2DOptions_fused_activation_function);
    switch (depthwise->kind) {
    case PL_FILTER_FLOAT:
        *eval = eval_float;
        return pl_quantize_float_range(prepare, activation, &depthwise->floats.low,
                                       &depthwise->floats.high);
    case PL_FILTER_HYBRID:
        *eval = eval_hybrid;
        return prepare_hybrid(prepare, depthwise, activation);
    default: *eval = eval_integer; return prepare_integer(prepare, depthwise, activation);
    }
}

/* An image of one channel under many filters is what the matrix kernels are good at: the outputs
 * side by side, the taps behind each other, in the same order. */
static pl_status prepare_product(struct pl_prepare *prepare, struct depthwise *depthwise)
{
    const struct pl_patch *patch = &depthwise->shape.patch;
    const int32_t channels = depthwise->shape.channels;
    depthwise->product = (struct pl_gemm_shape){.patch = *patch,
                                                .depth = 1,
                                                .channels = channels,
                                                .output_stride = channels,
                                                .output_width = depthwise->shape.output_width};
    const struct pl_gemm_pack pack = {
        .groups = 1,
        .channels = channels,
        .depth = patch->filter_height * patch->filter_width,
        .channel_stride = 1,
        .depth_stride = channels,
    };
    PL_TRY(pl_gemm_prepare_weights(prepare, FILTER, prepare->inputs[FILTER]->tensor->type, &pack,
                                   &depthwise->operands));
    const struct pl_gemm_integer weights = product_weights(depthwise);
    PL_TRY(pl_gemm_prepare_columns(prepare, &depthwise->product, 1, &weights,
                                   depthwise->bias.present ? depthwise->bias.input : -1,
                                   depthwise->kind == PL_FILTER_UINT8, &depthwise->operands));
    const int64_t pixels = (int64_t)depthwise->height * depthwise->shape.output_width;
    pl_gemm_prepare_parts(prepare,
                          pl_gemm_part_bytes(&depthwise->operands, &depthwise->product, pixels, 1),
                          &depthwise->operands);
    return PL_OK;
}

static bool is_product(const struct pl_prepare *prepare, const struct depthwise *depthwise)
{
    const int64_t taps =
        (int64_t)depthwise->shape.patch.filter_height * depthwise->shape.patch.filter_width;
    const pl_type type = prepare->inputs[FILTER]->tensor->type;
    return (depthwise->kind == PL_FILTER_INT8 || depthwise->kind == PL_FILTER_UINT8) &&
           (type == PL_INT8 || type == PL_UINT8) && depthwise->shape.patch.channels == 1 &&
           depthwise->shape.channels > 1 && taps <= INT32_MAX;
}

pl_status pl_prepare_depthwise_conv_2d(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 3, 1));
    struct depthwise *depthwise = pl_prepare_allocate(prepare, sizeof *depthwise);
    if (depthwise == NULL) return PL_OUT_OF_MEMORY;
    prepare->params = depthwise;
    depthwise->kernels = prepare->kernels->depthwise;
    depthwise->operands.kernels = prepare->kernels->gemm;

    pl_eval_function eval = NULL;
    PL_TRY(pl_filter_choose(prepare, pl_filter_usual, &depthwise->kind));
    /* The reference takes the bytes of an int16 filter as int8. */
    if (depthwise->kind == PL_FILTER_INT16_WIDE) depthwise->kind = PL_FILTER_INT16;
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(INPUT)));
    PL_TRY(prepare_shapes(prepare, depthwise));
    PL_TRY(pl_filter_check_bias(prepare, pl_filter_usual, depthwise->kind,
                                depthwise->shape.channels, &depthwise->bias));
    PL_TRY(prepare_kind(prepare, depthwise, &eval));
    if (is_product(prepare, depthwise)) {
        eval = eval_product;
        PL_TRY(prepare_product(prepare, depthwise));
    } else {
        PL_TRY(prepare_filter(prepare, depthwise));
    }
    const struct pl_shape *output = &prepare->outputs[0]->shape;
    const int64_t taps =
        (int64_t)depthwise->shape.patch.filter_height * depthwise->shape.patch.filter_width;
    const int64_t units =
        pl_shape_count(output) > 0 ? (int64_t)output->dims[0] * depthwise->height : 0;
    pl_prepare_stage(prepare, eval, units, pl_cost(pl_shape_span(output, 2, 4), taps));
    pl_prepare_least_units(prepare, LEAST_ROWS);
    if (depthwise->kind != PL_FILTER_HYBRID) pl_reach_rows(prepare, &depthwise->shape.patch);
    return PL_OK;
}
