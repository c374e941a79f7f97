/* SPDX-License-Identifier: Apache-2.0 */
/* CONV_2D: input [batches, height, width, channels] under filter [outputs, filter height, filter
 * width, depth] plus an optional bias [outputs]. Where depth is a fraction of the channels,
 * groups of outputs read groups of channels. A unit is a row of the output, a pixel if there are
 * few rows, or a block of outputs of all pixels if there are few of those. */
#include "ops/check.h"
#include "ops/filter.h"
#include "ops/gemm.h"
#include "ops/quantize.h"
#include "ops/reach.h"
#include "ops/span.h"

enum {
    INPUT,
    FILTER,
    FEW_ROWS = 32, /* fewer rows than these are cut within, */
    NARROW = 8, ENOUGH_ROWS = 16 /* but not so narrow ones if there are enough: tiles of windows end with a row */
};

struct convolution {
    struct pl_gemm_operands operands; /* first: the stages of gemm.c read it */
    enum pl_filter_kind kind;
    struct pl_filter_bias bias;
    struct pl_gemm_shape shape; /* of one group */
    int32_t groups;
    int32_t height, width; /* of the output */
    int32_t unit_pixels; /* 0: a unit is a block of outputs */
    int32_t batches;
    bool flat; /* one tap, stride 1: all pixels of all images are one row */
    int64_t image_elements;
    union {
        struct pl_gemm_float floats;
        struct pl_gemm_hybrid hybrid;
        struct pl_gemm_integer integers;
    };
};

/* ---- eval ------------------------------------------------------------------------------------ */

static void run_float(const struct convolution *convolution, const struct pl_eval *eval,
                      int32_t group, const struct pl_gemm_part *part)
{
    struct pl_gemm_float weights = convolution->floats;
    const float *bias = pl_filter_bias(&convolution->bias, eval);
    weights.weights = pl_gemm_packed(&convolution->operands, eval, group);
    weights.bias = bias != NULL ? bias + (int64_t)group * convolution->shape.channels : NULL;
    convolution->operands.kernels->f32(&convolution->shape, &weights, part);
}

static void run_hybrid(const struct convolution *convolution, const struct pl_eval *eval,
                       int32_t group, int64_t batch, const struct pl_gemm_part *part)
{
    const struct pl_gemm_rows *rows = &convolution->operands.rows;
    struct pl_gemm_hybrid weights = convolution->hybrid;
    const float *bias = pl_filter_bias(&convolution->bias, eval);
    weights.weights = pl_gemm_packed(&convolution->operands, eval, group);
    weights.bias = bias != NULL ? bias + (int64_t)group * convolution->shape.channels : NULL;
    weights.weight_scales += (int64_t)group * convolution->shape.channels;
    weights.row_scales = (const float *)eval->scratch[rows->scales_scratch] + batch;
    weights.row_zero_points = (const int32_t *)eval->scratch[rows->zero_points_scratch] + batch;
    convolution->operands.kernels->hybrid(&convolution->shape, &weights, part);
}

static void run_integer(const struct convolution *convolution, const struct pl_eval *eval,
                        int32_t group, const struct pl_gemm_part *part)
{
    const struct pl_gemm_kernels *kernels = convolution->operands.kernels;
    const int64_t first = (int64_t)group * convolution->shape.channels;
    struct pl_gemm_integer weights = convolution->integers;
    const void *bias = pl_filter_bias(&convolution->bias, eval);
    weights.weights = pl_gemm_packed(&convolution->operands, eval, group);
    weights.columns = pl_gemm_columns(&convolution->operands, group);
    weights.multipliers += first;
    if (bias != NULL && convolution->bias.wide) weights.wide_bias = (const int64_t *)bias + first;
    if (bias != NULL && !convolution->bias.wide) weights.bias = (const int32_t *)bias + first;
    switch (convolution->kind) {
    case PL_FILTER_UINT8: kernels->u8(&convolution->shape, &weights, part); break;
    case PL_FILTER_INT16: kernels->i16_i8(&convolution->shape, &weights, part); break;
    default: kernels->i8(&convolution->shape, &weights, part); break;
    }
}

/* Bytes of an input and of an output element as the kernels see them. */
static int64_t input_bytes(enum pl_filter_kind kind)
{
    return kind == PL_FILTER_FLOAT ? 4 : kind == PL_FILTER_INT16 ? 2 : 1;
}

static int64_t output_bytes(enum pl_filter_kind kind)
{
    return kind == PL_FILTER_HYBRID ? 4 : input_bytes(kind);
}

/* One part of every group: image and row are those of the first group. */
static void run_groups(const struct convolution *convolution, const struct pl_eval *eval,
                       int64_t batch, const char *image, char *row, struct pl_gemm_part part)
{
    const struct pl_gemm_shape *shape = &convolution->shape;
    for (int32_t group = 0; group < convolution->groups; group++) {
        part.input = image + (int64_t)group * shape->depth * input_bytes(convolution->kind);
        part.output = row + (int64_t)group * shape->channels * output_bytes(convolution->kind);
        switch (convolution->kind) {
        case PL_FILTER_FLOAT: run_float(convolution, eval, group, &part); break;
        case PL_FILTER_HYBRID: run_hybrid(convolution, eval, group, batch, &part); break;
        default: run_integer(convolution, eval, group, &part); break;
        }
    }
}

static pl_status eval_convolution(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct convolution *convolution = eval->params;
    const struct pl_gemm_shape *shape = &convolution->shape;
    const void *input = convolution->kind == PL_FILTER_HYBRID
                            ? eval->scratch[convolution->operands.rows.values_scratch]
                            : eval->inputs[INPUT];
    struct pl_gemm_part part = {
        .to_block = pl_gemm_blocks(shape->channels),
        .scratch = pl_gemm_part_scratch(&convolution->operands, eval),
    };
    const int64_t width = convolution->width, image_pixels = convolution->height * width;
    int64_t pixel = from * convolution->unit_pixels;
    int64_t end = to * convolution->unit_pixels;
    if (convolution->unit_pixels == 0) {
        end = convolution->batches * image_pixels;
        part.from_block = (int32_t)from;
        part.to_block = (int32_t)to;
    }
    if (convolution->flat) {
        part.from_x = (int32_t)pixel;
        part.to_x = (int32_t)end;
        run_groups(convolution, eval, 0, input, eval->outputs[0], part);
        return PL_OK;
    }
    const int64_t row_bytes = width * shape->output_stride * output_bytes(convolution->kind);
    while (pixel < end) {
        const int64_t batch = pixel / image_pixels, row = pixel / width;
        part.from_x = (int32_t)(pixel % width);
        int64_t count = (batch + 1) * image_pixels - pixel; /* to the end of this image */
        if (count > end - pixel) count = end - pixel;
        if (count > INT32_MAX - part.from_x) count = INT32_MAX - part.from_x;
        part.to_x = (int32_t)(part.from_x + count);
        part.y = (int32_t)(row % convolution->height);
        const char *image = (const char *)input +
                            batch * convolution->image_elements * input_bytes(convolution->kind);
        run_groups(convolution, eval, batch, image, (char *)eval->outputs[0] + row * row_bytes,
                   part);
        pixel += count;
    }
    return PL_OK;
}

/* ---- prepare --------------------------------------------------------------------------------- */

static pl_status prepare_windows(struct pl_prepare *prepare, struct convolution *convolution)
{
    const struct pl_record *options = prepare->op->options;
    const struct pl_shape *input = &prepare->inputs[INPUT]->shape,
                          *filter = &prepare->inputs[FILTER]->shape;
    struct pl_window rows = {.input = input->dims[1], .filter = filter->dims[1]};
    struct pl_window columns = {.input = input->dims[2], .filter = filter->dims[2]};
    rows.stride = (int32_t)pl_record_integer(options, PL_Conv2DOptions_stride_h);
    columns.stride = (int32_t)pl_record_integer(options, PL_Conv2DOptions_stride_w);
    rows.dilation = (int32_t)pl_record_integer(options, PL_Conv2DOptions_dilation_h_factor);
    columns.dilation = (int32_t)pl_record_integer(options, PL_Conv2DOptions_dilation_w_factor);
    const int64_t padding = pl_record_integer(options, PL_Conv2DOptions_padding);
    PL_TRY(pl_padding_check_steps(prepare, &rows, &columns));
    PL_TRY(pl_padding_apply_patch(prepare, padding, &rows, &columns, input->dims[3],
                                  &convolution->shape.patch));
    convolution->height = rows.output;
    convolution->width = columns.output;
    if (convolution->kind != PL_FILTER_HYBRID) { /* whose images are quantized as a whole */
        pl_span_window(prepare, 1, &rows);
        pl_span_window(prepare, 2, &columns);
    }
    pl_span_local(prepare, 0, 0);
    return PL_OK;
}

static pl_status prepare_shapes(struct pl_prepare *prepare, struct convolution *convolution)
{
    PL_TRY(pl_check_rank(prepare, pl_input(INPUT), 4, 4));
    PL_TRY(pl_check_rank(prepare, pl_input(FILTER), 4, 4));
    const struct pl_shape *input = &prepare->inputs[INPUT]->shape,
                          *filter = &prepare->inputs[FILTER]->shape;
    const int32_t channels = input->dims[3], outputs = filter->dims[0], depth = filter->dims[3];
    if (depth < 1 || channels < 1 || channels % depth != 0 || outputs % (channels / depth) != 0) {
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(FILTER),
                             "%d outputs of depth %d do not fit an input of %d channels",
                             (int)outputs, (int)depth, (int)channels);
    }
    PL_TRY(prepare_windows(prepare, convolution));
    convolution->groups = channels / depth;
    convolution->shape.depth = depth;
    convolution->shape.channels = outputs / convolution->groups;
    convolution->shape.output_stride = outputs;
    convolution->shape.output_width = convolution->width;
    convolution->image_elements = pl_shape_span(input, 1, 4);
    const struct pl_shape output = {
        4, {input->dims[0], convolution->height, convolution->width, outputs}};
    return pl_check_set_output(prepare, 0, &output);
}

static pl_status prepare_weights(struct pl_prepare *prepare, struct convolution *convolution)
{
    const struct pl_gemm_shape *shape = &convolution->shape;
    const int64_t depth = pl_shape_span(&prepare->inputs[FILTER]->shape, 1, 4);
    if (depth > INT32_MAX)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(FILTER), "is too large");
    const struct pl_gemm_pack pack = {
        .groups = convolution->groups,
        .channels = shape->channels,
        .depth = (int32_t)depth,
        .group_stride = shape->channels * depth,
        .channel_stride = depth,
        .depth_stride = 1,
    };
    const pl_type type = pl_filter_weights_type(prepare, pl_filter_usual, convolution->kind);
    PL_TRY(pl_gemm_prepare_weights(prepare, FILTER, type == PL_INT16 ? PL_INT8 : type, &pack,
                                   &convolution->operands));
    if (convolution->kind != PL_FILTER_INT8 && convolution->kind != PL_FILTER_UINT8) return PL_OK;
    return pl_gemm_prepare_columns(prepare, shape, convolution->groups, &convolution->integers,
                                   convolution->bias.present ? convolution->bias.input : -1,
                                   convolution->kind == PL_FILTER_UINT8, &convolution->operands);
}

/* As the reference: images are quantized with a zero point if the filter's scales differ or
 * there are groups. */
static pl_status prepare_hybrid(struct pl_prepare *prepare, struct convolution *convolution,
                                int64_t activation)
{
    struct pl_gemm_hybrid *hybrid = &convolution->hybrid;
    bool uniform = true;
    PL_TRY(pl_quantize_float_range(prepare, activation, &hybrid->low, &hybrid->high));
    PL_TRY(pl_filter_scales(prepare, pl_filter_usual, convolution->shape.output_stride,
                            &hybrid->weight_scales, &uniform));
    return pl_gemm_prepare_rows(prepare, prepare->inputs[INPUT]->shape.dims[0],
                                convolution->image_elements, !uniform || convolution->groups > 1,
                                -1, &convolution->operands);
}

static pl_status prepare_integer(struct pl_prepare *prepare, struct convolution *convolution,
                                 int64_t activation)
{
    const int32_t outputs = convolution->shape.output_stride;
    struct pl_gemm_integer *integers = &convolution->integers;
    PL_TRY(pl_filter_check_quantized(prepare, pl_filter_usual, convolution->kind, activation,
                                     outputs, &integers->range));
    PL_TRY(pl_filter_multipliers(prepare, pl_filter_usual, convolution->kind, outputs,
                                 &integers->multipliers));
    integers->input_zero_point = prepare->inputs[INPUT]->tensor->quantization.zero_points[0];
    bool narrow = false;
    PL_TRY(pl_filter_check_bias_type(
        prepare, pl_filter_usual, convolution->kind,
        pl_record_integer(prepare->op->options, PL_Conv2DOptions_quantized_bias_type), &narrow));
    integers->rounding = narrow ? PL_GEMM_FIXED_32 : PL_GEMM_FIXED;
    integers->output = convolution->kind == PL_FILTER_INT16 ? PL_GEMM_INT16 : PL_GEMM_INT8;
    if (convolution->kind == PL_FILTER_UINT8) {
        integers->output = PL_GEMM_UINT8;
        integers->weight_offset =
            128 - prepare->inputs[FILTER]->tensor->quantization.zero_points[0];
        return PL_OK;
    }
    return pl_check_symmetric(prepare, pl_input(FILTER));
}

static pl_status prepare_kind(struct pl_prepare *prepare, struct convolution *convolution)
{
    const int64_t activation =
        pl_record_integer(prepare->op->options, PL_Conv2DOptions_fused_activation_function);
    switch (convolution->kind) {
    case PL_FILTER_FLOAT:
        return pl_quantize_float_range(prepare, activation, &convolution->floats.low,
                                       &convolution->floats.high);
    case PL_FILTER_HYBRID: return prepare_hybrid(prepare, convolution, activation);
    default: return prepare_integer(prepare, convolution, activation);
    }
}

/* Makes all images one row of pixels where that is the same, so that weights are read once for
 * many of them. */
static void flatten(struct convolution *convolution, int32_t batches)
{
    struct pl_patch *patch = &convolution->shape.patch;
    const int64_t pixels = (int64_t)batches * patch->height * patch->width;
    const bool framed = convolution->height != patch->height || convolution->width != patch->width;
    convolution->flat = !framed && patch->filter_height == 1 && patch->filter_width == 1 &&
                        patch->stride_y == 1 && patch->stride_x == 1 && pixels <= INT32_MAX &&
                        (convolution->kind != PL_FILTER_HYBRID || batches == 1);
    if (!convolution->flat) return;
    patch->height = 1;
    patch->width = (int32_t)pixels;
    convolution->shape.output_width = 0;
}

/* Whether pixels are units, else rows. */
static bool is_cut_within_rows(const struct convolution *convolution, int64_t rows)
{
    if (rows >= FEW_ROWS) return false;
    return convolution->flat || convolution->width > NARROW || rows < ENOUGH_ROWS;
}

/* The units, by what there are more of. */
static void prepare_units(struct pl_prepare *prepare, struct convolution *convolution)
{
    const struct pl_shape *output = &prepare->outputs[0]->shape;
    const int64_t depth = convolution->operands.weights.pack.depth;
    const int64_t rows = (int64_t)convolution->batches * convolution->height;
    const int64_t pixels = pl_cost(rows, convolution->width);
    const int32_t blocks = pl_gemm_blocks(convolution->shape.channels);
    const bool within = is_cut_within_rows(convolution, rows);
    int64_t units = pl_shape_count(output) == 0 ? 0 : within ? pixels : rows;
    int64_t unit_outputs = output->dims[3];
    convolution->unit_pixels = within ? 1 : convolution->width;
    if (units > 0 && convolution->groups == 1 &&
        pl_gemm_cut_by_blocks(pixels, blocks, convolution->operands.weights.group_bytes)) {
        units = blocks;
        unit_outputs = pl_cost(pixels, PL_GEMM_BLOCK);
        convolution->unit_pixels = 0;
    } else {
        unit_outputs = pl_cost(unit_outputs, convolution->unit_pixels);
    }
    pl_prepare_stage(prepare, eval_convolution, units, pl_cost(unit_outputs, depth));
    if (convolution->unit_pixels == 0) return;
    pl_prepare_least_units(prepare, 1 + (PL_GEMM_LEAST_PIXELS - 1) / convolution->unit_pixels);
    if (convolution->kind == PL_FILTER_HYBRID) return; /* reads what an earlier stage made */
    if (convolution->flat) pl_reach_slices(prepare, 1u << INPUT);
    else pl_reach_rows(prepare, &convolution->shape.patch);
}

pl_status pl_prepare_conv_2d(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 3, 3, 1)); /* as in the reference, a bias has to be there */
    struct convolution *convolution = pl_prepare_allocate(prepare, sizeof *convolution);
    if (convolution == NULL) return PL_OUT_OF_MEMORY;
    prepare->params = convolution;
    convolution->operands.kernels = prepare->kernels->gemm;

    PL_TRY(pl_filter_choose(prepare, pl_filter_usual, &convolution->kind));
    /* The reference takes the bytes of an int16 filter as int8. */
    if (convolution->kind == PL_FILTER_INT16_WIDE) convolution->kind = PL_FILTER_INT16;
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(INPUT)));
    PL_TRY(prepare_shapes(prepare, convolution));
    PL_TRY(pl_filter_check_bias(prepare, pl_filter_usual, convolution->kind,
                                convolution->shape.output_stride, &convolution->bias));
    PL_TRY(prepare_kind(prepare, convolution));
    PL_TRY(prepare_weights(prepare, convolution));
    const int32_t batches = prepare->inputs[INPUT]->shape.dims[0];
    const struct pl_shape *output = &prepare->outputs[0]->shape;
    flatten(convolution, batches);
    size_t part_bytes = 0;
    if (convolution->kind != PL_FILTER_FLOAT) {
        part_bytes = pl_gemm_part_bytes(&convolution->operands, &convolution->shape,
                                        pl_shape_span(output, convolution->flat ? 0 : 1, 3),
                                        input_bytes(convolution->kind));
    }
    pl_gemm_prepare_parts(prepare, part_bytes, &convolution->operands);
    convolution->batches = batches;
    prepare_units(prepare, convolution);
    return PL_OK;
}
