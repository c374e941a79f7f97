/* SPDX-License-Identifier: Apache-2.0 */
/* CONV_3D: input [batches, depth, height, width, channels] under filter [filter depth, filter
 * height, filter width, channels, outputs] plus an optional bias [outputs]. CONV_3D_TRANSPOSE: the
 * same turned round, under [.., outputs, channels], with the output's shape as input 0. Floats.
 *
 * The voxels under the filter are gathered pixel by pixel, zeros where there are none, and
 * multiplied as a matrix. A unit is a row of the output. */
#include <string.h>

#include "base/checked.h"
#include "ops/axis.h"
#include "ops/check.h"
#include "ops/filter.h"
#include "ops/gemm.h"
#include "ops/padding.h"
#include "ops/quantize.h"

enum { AXES = 3, PIXELS = 32 }; /* so many are gathered at a time */

struct convolution_3d {
    struct pl_gemm_operands operands; /* first: the stage of gemm.c that packs reads it */
    struct pl_filter_places places;
    struct pl_filter_bias bias;
    bool transposed;
    struct pl_window axes[AXES]; /* depth, height, width; of a transposed one input and output are
                                  * exchanged */
    int32_t channels, outputs;
    int32_t depth; /* floats gathered for a pixel */
    int32_t patch_scratch;
    struct pl_gemm_float floats;
};

/* Sizes of the operator's own input and output along an axis. */
static int32_t input_size(const struct convolution_3d *params, int32_t axis)
{
    const struct pl_window *window = &params->axes[axis];
    return params->transposed ? window->output : window->input;
}

static int32_t output_size(const struct convolution_3d *params, int32_t axis)
{
    const struct pl_window *window = &params->axes[axis];
    return params->transposed ? window->input : window->output;
}

/* ---- eval ------------------------------------------------------------------------------------ */

/* Which input a tap of an output reads; -1: none. */
static int32_t find_source(const struct convolution_3d *params, int32_t axis, int32_t output,
                           int32_t tap)
{
    const struct pl_window *window = &params->axes[axis];
    int64_t source =
        (int64_t)output * window->stride + (int64_t)tap * window->dilation - window->before;
    if (params->transposed) {
        const int64_t scaled = (int64_t)output + window->before - (int64_t)tap * window->dilation;
        source = scaled % window->stride == 0 ? scaled / window->stride : -1;
    }
    return source >= 0 && source < input_size(params, axis) ? (int32_t)source : -1;
}

/* The voxels of one output pixel. */
static void gather(const struct convolution_3d *params, const float *volume, int32_t z, int32_t y,
                   int32_t x, float *patch)
{
    const struct pl_window *axes = params->axes;
    const int64_t channels = params->channels;
    const size_t bytes = (size_t)channels * sizeof *patch;
    for (int32_t i = 0; i < axes[0].filter; i++) {
        const int32_t plane = find_source(params, 0, z, i);
        for (int32_t j = 0; j < axes[1].filter; j++) {
            const int32_t row = plane < 0 ? -1 : find_source(params, 1, y, j);
            for (int32_t k = 0; k < axes[2].filter; k++, patch += channels) {
                const int32_t column = row < 0 ? -1 : find_source(params, 2, x, k);
                if (column < 0) {
                    memset(patch, 0, bytes);
                    continue;
                }
                const int64_t line = (int64_t)plane * input_size(params, 1) + row;
                const int64_t voxel = line * input_size(params, 2) + column;
                memcpy(patch, volume + voxel * channels, bytes);
            }
        }
    }
}

static pl_status eval_rows(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct convolution_3d *params = eval->params;
    const int32_t planes = output_size(params, 0), rows = output_size(params, 1),
                  width = output_size(params, 2);
    const int64_t volume = (int64_t)input_size(params, 0) * input_size(params, 1) *
                           input_size(params, 2) * params->channels;
    float *patches = eval->scratch[params->patch_scratch];
    struct pl_gemm_float weights = params->floats;
    weights.weights = pl_gemm_packed(&params->operands, eval, 0);
    weights.bias = pl_filter_bias(&params->bias, eval);
    for (int64_t unit = from; unit < to; unit++) {
        const int32_t y = (int32_t)(unit % rows), z = (int32_t)(unit / rows % planes);
        const float *input =
            (const float *)eval->inputs[params->places.input] + unit / rows / planes * volume;
        for (int32_t x = 0; x < width; x += PIXELS) {
            const int32_t count = width - x < PIXELS ? width - x : PIXELS;
            for (int32_t i = 0; i < count; i++)
                gather(params, input, z, y, x + i, patches + (int64_t)i * params->depth);
            const struct pl_gemm_shape shape =
                pl_gemm_matrix(count, params->depth, params->outputs);
            const struct pl_gemm_part part = {
                .input = patches,
                .output = (float *)eval->outputs[0] + (unit * width + x) * params->outputs,
                .to_x = count,
                .to_block = pl_gemm_blocks(params->outputs),
            };
            params->operands.kernels->f32(&shape, &weights, &part);
        }
    }
    return PL_OK;
}

/* ---- prepare --------------------------------------------------------------------------------- */

static pl_status prepare_axes(struct pl_prepare *prepare, const int32_t *sizes,
                              struct convolution_3d *params)
{
    static const enum pl_field strides[AXES] = {
        PL_Conv3DOptions_stride_d, PL_Conv3DOptions_stride_h, PL_Conv3DOptions_stride_w};
    static const enum pl_field dilations[AXES] = {PL_Conv3DOptions_dilation_d_factor,
                                                  PL_Conv3DOptions_dilation_h_factor,
                                                  PL_Conv3DOptions_dilation_w_factor};
    const struct pl_record *options = prepare->op->options;
    const struct pl_shape *filter = &prepare->inputs[params->places.filter]->shape;
    const int64_t padding = pl_record_integer(options, PL_Conv3DOptions_padding);
    for (int32_t axis = 0; axis < AXES; axis++) {
        params->axes[axis] = (struct pl_window){
            .input = sizes[axis],
            .filter = filter->dims[axis],
            .stride = (int32_t)pl_record_integer(options, strides[axis]),
            .dilation = (int32_t)pl_record_integer(options, dilations[axis]),
        };
        PL_TRY(pl_padding_apply(prepare, padding, &params->axes[axis]));
    }
    return PL_OK;
}

static pl_status prepare_forward(struct pl_prepare *prepare, struct convolution_3d *params)
{
    const struct pl_shape *input = &prepare->inputs[params->places.input]->shape;
    PL_TRY(prepare_axes(prepare, &input->dims[1], params));
    struct pl_shape output = {5, {input->dims[0]}};
    for (int32_t axis = 0; axis < AXES; axis++) output.dims[1 + axis] = params->axes[axis].output;
    output.dims[4] = params->outputs;
    return pl_check_set_output(prepare, 0, &output);
}

/* The shape that is asked for must be one that a convolution makes the input of. */
static pl_status prepare_transposed(struct pl_prepare *prepare, struct convolution_3d *params)
{
    const struct pl_shape *input = &prepare->inputs[params->places.input]->shape;
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, 1));
    PL_TRY(pl_check_count(prepare, pl_input(0), 5));
    int64_t dims[5];
    int32_t count = 0;
    struct pl_shape output = {5, {0}};
    PL_TRY(pl_axis_read_integers(prepare, 0, 5, dims, &count));
    for (int32_t i = 0; i < 5; i++) output.dims[i] = (int32_t)dims[i];
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    PL_TRY(prepare_axes(prepare, &output.dims[1], params));
    bool fits = output.dims[0] == input->dims[0] && output.dims[4] == params->outputs;
    for (int32_t axis = 0; axis < AXES; axis++)
        fits = fits && params->axes[axis].output == input->dims[1 + axis];
    if (fits) return PL_OK;
    char found[PL_SHAPE_TEXT_BYTES], given[PL_SHAPE_TEXT_BYTES];
    return pl_check_fail(prepare, PL_MISMATCH, pl_input(0), "%s cannot come from an input of %s",
                         pl_shape_text(&output, found), pl_shape_text(input, given));
}

static pl_status prepare_shapes(struct pl_prepare *prepare, struct convolution_3d *params)
{
    const struct pl_place input_place = pl_input(params->places.input);
    const struct pl_place filter_place = pl_input(params->places.filter);
    PL_TRY(pl_check_rank(prepare, input_place, 5, 5));
    PL_TRY(pl_check_rank(prepare, filter_place, 5, 5));
    const struct pl_shape *input = &prepare->inputs[params->places.input]->shape,
                          *filter = &prepare->inputs[params->places.filter]->shape;
    params->channels = filter->dims[params->transposed ? 4 : 3];
    params->outputs = filter->dims[params->transposed ? 3 : 4];
    if (params->channels != input->dims[4] || params->channels < 1 || params->outputs < 1) {
        return pl_check_fail(prepare, PL_MISMATCH, filter_place,
                             "%d outputs of %d channels do not fit an input of %d channels",
                             (int)params->outputs, (int)params->channels, (int)input->dims[4]);
    }
    const int64_t taps = pl_shape_span(filter, 0, 3);
    if (pl_cost(taps, params->channels) > INT32_MAX / (PIXELS * (int64_t)sizeof(float)))
        return pl_check_fail(prepare, PL_UNSUPPORTED, filter_place, "is too large");
    params->depth = (int32_t)(taps * params->channels);
    return params->transposed ? prepare_transposed(prepare, params)
                              : prepare_forward(prepare, params);
}

static pl_status prepare_weights(struct pl_prepare *prepare, struct convolution_3d *params)
{
    struct pl_gemm_pack pack = {
        .groups = 1,
        .channels = params->outputs,
        .depth = params->depth,
        .channel_stride = 1,
        .depth_stride = params->outputs,
    };
    if (params->transposed) {
        pack.channel_stride = params->channels;
        pack.depth_stride = 1;
        pack.run = params->channels;
        pack.row_runs = params->depth / params->channels;
        pack.run_stride = (int64_t)params->channels * params->outputs;
    }
    return pl_gemm_prepare_weights(prepare, params->places.filter, PL_FLOAT32, &pack,
                                   &params->operands);
}

static pl_status prepare_convolution(struct pl_prepare *prepare, struct pl_filter_places places,
                                     bool transposed)
{
    PL_TRY(pl_check_arity(prepare, places.bias, places.bias + 1, 1));
    struct convolution_3d *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    prepare->params = params;
    params->places = places;
    params->transposed = transposed;
    params->operands.kernels = prepare->kernels->gemm;
    PL_TRY(pl_check_type(prepare, pl_input(places.input), PL_TYPES_FLOAT));
    PL_TRY(pl_check_type(prepare, pl_input(places.filter), PL_TYPES_FLOAT));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPES_FLOAT));
    PL_TRY(prepare_shapes(prepare, params));
    PL_TRY(pl_filter_check_bias(prepare, places, PL_FILTER_FLOAT, params->outputs, &params->bias));
    const int64_t activation =
        pl_record_integer(prepare->op->options, PL_Conv3DOptions_fused_activation_function);
    PL_TRY(pl_quantize_float_range(prepare, activation, &params->floats.low, &params->floats.high));
    PL_TRY(prepare_weights(prepare, params));
    const int32_t width = output_size(params, 2);
    const size_t pixels = (size_t)(width < PIXELS ? width : PIXELS);
    params->patch_scratch =
        pl_prepare_scratch(prepare, pixels * (size_t)params->depth * sizeof(float), true);
    const struct pl_shape *output = &prepare->outputs[0]->shape;
    const int64_t units = pl_shape_count(output) > 0 ? pl_shape_span(output, 0, 3) : 0;
    pl_prepare_stage(prepare, eval_rows, units,
                     pl_cost(pl_shape_span(output, 3, 5), params->depth));
    return PL_OK;
}

pl_status pl_prepare_conv_3d(struct pl_prepare *prepare)
{
    return prepare_convolution(prepare, pl_filter_usual, false);
}

pl_status pl_prepare_conv_3d_transpose(struct pl_prepare *prepare)
{
    const struct pl_filter_places places = {2, 1, 3};
    return prepare_convolution(prepare, places, true);
}
