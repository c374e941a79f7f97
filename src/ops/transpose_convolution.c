/* SPDX-License-Identifier: Apache-2.0 */
/* TRANSPOSE_CONV: input [batches, height, width, depth] under filter [outputs, filter height,
 * filter width, depth] plus an optional bias [outputs]; the output's shape is an input.
 *
 * An input pixel i reaches output o = i * stride - before + f through filter tap f. Outputs whose
 * o + before leave the same remainder r by the stride see the taps r, r + stride, .. alone: each
 * such phase is a convolution of stride 1 with these taps, last one first, whose outputs lie
 * `stride` apart. A unit is a row of the output. */
#include <limits.h>

#include "base/checked.h"
#include "ops/axis.h"
#include "ops/check.h"
#include "ops/filter.h"
#include "ops/gemm.h"
#include "ops/padding.h"
#include "ops/quantize.h"

enum { SHAPE, FILTER, INPUT, BIAS };

static const struct pl_filter_places places = {INPUT, FILTER, BIAS};

/* The outputs of one remainder along an axis. */
struct phase {
    int32_t taps;
    int32_t tap;    /* the filter's, that is used first */
    int32_t before; /* of the convolution: see struct pl_patch */
    int32_t first;  /* output 0 of the phase among all outputs */
    int32_t count;  /* of outputs */
};

struct axis {
    struct pl_window window; /* input is the output's size, before the padding */
    int32_t count;           /* of phases that have taps */
    struct phase *phases;
};

struct transpose_convolution {
    struct pl_gemm_operands operands; /* first: the stages of gemm.c read it */
    enum pl_filter_kind kind;
    struct pl_filter_bias bias;
    struct axis rows, columns;
    int32_t height, width, depth; /* of the input */
    int32_t outputs;
    int32_t element_bytes, output_bytes;
    int32_t pack_count; /* of phases (row phase, column phase), and of none */
    struct pl_gemm_pack *packs;
    int64_t *offsets; /* of their weights in the packed ones, in bytes */
    union {
        struct pl_gemm_float floats;
        struct pl_gemm_hybrid hybrid;
        struct pl_gemm_integer integers;
    };
};

/* ---- eval ------------------------------------------------------------------------------------ */

static void run_float(const struct transpose_convolution *params, const struct pl_eval *eval,
                      const void *packed, const struct pl_gemm_shape *shape,
                      const struct pl_gemm_part *part)
{
    struct pl_gemm_float weights = params->floats;
    weights.weights = packed;
    weights.bias = pl_filter_bias(&params->bias, eval);
    params->operands.kernels->f32(shape, &weights, part);
}

static void run_hybrid(const struct transpose_convolution *params, const struct pl_eval *eval,
                       int64_t batch, const void *packed, const struct pl_gemm_shape *shape,
                       const struct pl_gemm_part *part)
{
    const struct pl_gemm_rows *rows = &params->operands.rows;
    struct pl_gemm_hybrid weights = params->hybrid;
    weights.weights = packed;
    weights.bias = pl_filter_bias(&params->bias, eval);
    weights.row_scales = (const float *)eval->scratch[rows->scales_scratch] + batch;
    weights.row_zero_points = (const int32_t *)eval->scratch[rows->zero_points_scratch] + batch;
    params->operands.kernels->hybrid(shape, &weights, part);
}

static void run_integer(const struct transpose_convolution *params, const struct pl_eval *eval,
                        const void *packed, const struct pl_gemm_shape *shape,
                        const struct pl_gemm_part *part)
{
    const struct pl_gemm_kernels *kernels = params->operands.kernels;
    struct pl_gemm_integer weights = params->integers;
    const void *bias = pl_filter_bias(&params->bias, eval);
    weights.weights = packed;
    weights.bias = params->bias.wide ? NULL : bias;
    weights.wide_bias = params->bias.wide ? bias : NULL;
    switch (params->kind) {
    case PL_FILTER_UINT8: kernels->u8(shape, &weights, part); break;
    case PL_FILTER_INT16: kernels->i16_i8(shape, &weights, part); break;
    default: kernels->i8(shape, &weights, part); break;
    }
}

/* The convolution of two phases. */
static struct pl_gemm_shape shape_of(const struct transpose_convolution *params,
                                     const struct phase *row, const struct phase *column)
{
    const int32_t stride = column->taps > 0 ? params->columns.window.stride : 1;
    return (struct pl_gemm_shape){
        .patch = {.height = params->height,
                  .width = params->width,
                  .channels = params->depth,
                  .filter_height = row->taps,
                  .filter_width = column->taps,
                  .stride_y = 1,
                  .stride_x = 1,
                  .dilation_y = 1,
                  .dilation_x = 1,
                  .before_y = row->before,
                  .before_x = column->before},
        .depth = params->depth,
        .channels = params->outputs,
        .output_stride = params->outputs * stride,
    };
}

/* The outputs of a column phase in an output row of a row phase (none: no taps at all). */
static void run_phase(const struct transpose_convolution *params, const struct pl_eval *eval,
                      int64_t unit, const struct phase *row, const struct phase *column,
                      const void *packed)
{
    const struct pl_window *rows = &params->rows.window, *columns = &params->columns.window;
    const int64_t batch = unit / rows->input;
    const int32_t y = (int32_t)(unit % rows->input);
    const struct pl_gemm_shape shape = shape_of(params, row, column);
    const int64_t image = (int64_t)params->height * params->width * params->depth;
    const int64_t pixel = unit * columns->input + column->first;
    const void *input = params->kind == PL_FILTER_HYBRID
                            ? eval->scratch[params->operands.rows.values_scratch]
                            : eval->inputs[INPUT];
    const struct pl_gemm_part part = {
        .input = (const char *)input + batch * image * params->element_bytes,
        .output = (char *)eval->outputs[0] + pixel * params->outputs * params->output_bytes,
        .y = row->taps > 0 ? (y - row->first) / rows->stride : 0,
        .to_x = column->count,
        .to_block = pl_gemm_blocks(params->outputs),
        .scratch = pl_gemm_part_scratch(&params->operands, eval),
    };
    switch (params->kind) {
    case PL_FILTER_FLOAT: run_float(params, eval, packed, &shape, &part); break;
    case PL_FILTER_HYBRID: run_hybrid(params, eval, batch, packed, &shape, &part); break;
    default: run_integer(params, eval, packed, &shape, &part); break;
    }
}

static pl_status eval_rows(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct transpose_convolution *params = eval->params;
    const struct axis *rows = &params->rows, *columns = &params->columns;
    const char *packed = pl_gemm_packed(&params->operands, eval, 0);
    const bool gaps = columns->count < columns->window.stride;
    const struct phase none = {.count = columns->window.input};
    for (int64_t unit = from; unit < to; unit++) {
        const int64_t y = unit % rows->window.input + rows->window.before;
        const int32_t row = (int32_t)(y % rows->window.stride);
        /* Where no tap reaches there is the bias alone. */
        if (gaps || row >= rows->count)
            run_phase(params, eval, unit, &none, &none,
                      packed + params->offsets[params->pack_count - 1]);
        if (row >= rows->count) continue;
        for (int32_t i = 0; i < columns->count; i++) {
            const int64_t offset = params->offsets[row * columns->count + i];
            run_phase(params, eval, unit, &rows->phases[row], &columns->phases[i], packed + offset);
        }
    }
    return PL_OK;
}

/* ---- weights --------------------------------------------------------------------------------- */

/* Packs the weights of all phases, one after another. */
static void pack_phases(void *packed, const void *raw, const void *context)
{
    const struct transpose_convolution *params = context;
    for (int32_t i = 0; i < params->pack_count; i++) {
        params->operands.weights.pack_blocks((char *)packed + params->offsets[i], raw,
                                             &params->packs[i], 0, pl_gemm_blocks(params->outputs));
    }
}

static pl_status eval_pack(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct transpose_convolution *params = eval->params;
    (void)from;
    (void)to;
    pack_phases(eval->scratch[params->operands.weights.scratch], eval->inputs[FILTER], params);
    return PL_OK;
}

static pl_gemm_pack_blocks choose_packer(const struct pl_gemm_kernels *kernels, pl_type type)
{
    return type == PL_FLOAT32 ? kernels->pack_blocks_f32
           : type == PL_INT8  ? kernels->pack_blocks_i8
                              : kernels->pack_blocks_u8;
}

/* How the taps of phase i are packed. */
static struct pl_gemm_pack pack_of(const struct transpose_convolution *params, int32_t i)
{
    const int64_t depth = params->depth, width = params->columns.window.filter * depth;
    struct pl_gemm_pack pack = {
        .groups = 1,
        .channels = params->outputs,
        .channel_stride = params->rows.window.filter * width,
        .depth_stride = 1,
    };
    if (i == params->pack_count - 1) return pack; /* no taps */
    const struct phase *row = &params->rows.phases[i / params->columns.count];
    const struct phase *column = &params->columns.phases[i % params->columns.count];
    pack.depth = (int32_t)(row->taps * column->taps * depth);
    pack.run = params->depth;
    pack.row_runs = column->taps;
    pack.run_stride = -params->columns.window.stride * depth;
    pack.row_stride = -params->rows.window.stride * width;
    pack.first = row->tap * width + column->tap * depth;
    return pack;
}

/* Where the weights of each phase lie; *bytes: of all of them. */
static pl_status lay_out_phases(struct pl_prepare *prepare, struct transpose_convolution *params,
                                size_t *bytes)
{
    const struct pl_gemm_kernels *kernels = params->operands.kernels;
    const struct pl_gemm_layout layout =
        params->kind == PL_FILTER_FLOAT ? kernels->layout_f32 : kernels->layout_i8;
    params->pack_count = params->rows.count * params->columns.count + 1;
    const size_t count = (size_t)params->pack_count;
    params->packs = pl_prepare_allocate(prepare, count * sizeof *params->packs);
    params->offsets = pl_prepare_allocate(prepare, count * sizeof *params->offsets);
    if (params->packs == NULL || params->offsets == NULL) return PL_OUT_OF_MEMORY;
    for (int32_t i = 0; i < params->pack_count; i++) {
        params->packs[i] = pack_of(params, i);
        params->offsets[i] = (int64_t)*bytes;
        size_t phase_bytes = 0;
        if (!pl_size_multiply((size_t)pl_gemm_blocks(params->outputs),
                              (size_t)pl_gemm_block_bytes(layout, params->packs[i].depth),
                              &phase_bytes) ||
            !pl_size_add(*bytes, phase_bytes, bytes))
            return pl_prepare_fail(prepare, PL_OUT_OF_MEMORY, "the weights do not fit into memory");
    }
    return PL_OK;
}

static pl_status prepare_weights(struct pl_prepare *prepare, struct transpose_convolution *params)
{
    struct pl_gemm_weights *weights = &params->operands.weights;
    size_t bytes = 0;
    weights->input = FILTER;
    weights->scratch = -1;
    weights->pack_blocks = choose_packer(params->operands.kernels,
                                         pl_filter_weights_type(prepare, places, params->kind));
    PL_TRY(lay_out_phases(prepare, params, &bytes));
    if (prepare->inputs[FILTER]->holder != NULL && bytes > 0) {
        /* Beside the raw bytes, their shape and the phases make the form. */
        const struct pl_shape *filter = &prepare->inputs[FILTER]->shape;
        const uint64_t numbers[] = {(uint64_t)filter->dims[0],
                                    (uint64_t)filter->dims[1],
                                    (uint64_t)filter->dims[2],
                                    (uint64_t)params->rows.window.stride,
                                    (uint64_t)params->columns.window.stride,
                                    (uint64_t)(uintptr_t)weights->pack_blocks};
        uint64_t form = 0;
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
            form = (form ^ numbers[i]) * 0x9E3779B97F4A7C15u;
        return pl_prepare_pack(prepare, FILTER, pack_phases, form, params, bytes,
                               &weights->constant);
    }
    weights->scratch = pl_prepare_scratch(prepare, bytes, false);
    pl_prepare_stage(prepare, eval_pack, bytes > 0, (int64_t)(bytes < PTRDIFF_MAX ? bytes : 0));
    return PL_OK;
}

/* ---- prepare --------------------------------------------------------------------------------- */

/* The phases that have taps; the window's input is the size of the output. */
static pl_status prepare_axis(struct pl_prepare *prepare, int64_t padding, struct axis *axis)
{
    struct pl_window *window = &axis->window;
    PL_TRY(pl_padding_apply(prepare, padding, window));
    const int64_t stride = window->stride, before = window->before;
    axis->count = window->stride < window->filter ? window->stride : window->filter;
    axis->phases = pl_prepare_allocate(prepare, (size_t)axis->count * sizeof *axis->phases);
    if (axis->phases == NULL) return PL_OUT_OF_MEMORY;
    for (int32_t r = 0; r < axis->count; r++) {
        struct phase *phase = &axis->phases[r];
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
                              struct transpose_convolution *params)
{
    const struct pl_record *options = prepare->op->options;
    const struct pl_shape *filter = &prepare->inputs[FILTER]->shape;
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
    return pl_check_fail(prepare, PL_MISMATCH, pl_input(SHAPE),
                         "%d x %d come from %d x %d, but the input has %d x %d",
                         (int)output->dims[1], (int)output->dims[2], (int)height, (int)width,
                         (int)params->height, (int)params->width);
}

static pl_status prepare_shapes(struct pl_prepare *prepare, struct transpose_convolution *params)
{
    PL_TRY(pl_check_type(prepare, pl_input(SHAPE), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_rank(prepare, pl_input(SHAPE), 1, 1));
    PL_TRY(pl_check_count(prepare, pl_input(SHAPE), 4));
    PL_TRY(pl_check_rank(prepare, pl_input(INPUT), 4, 4));
    PL_TRY(pl_check_rank(prepare, pl_input(FILTER), 4, 4));
    const struct pl_shape *input = &prepare->inputs[INPUT]->shape,
                          *filter = &prepare->inputs[FILTER]->shape;
    if (filter->dims[3] != input->dims[3] || input->dims[3] < 1) {
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(FILTER),
                             "found depth %d, the input has %d", (int)filter->dims[3],
                             (int)input->dims[3]);
    }
    int64_t dims[4];
    int32_t count = 0;
    PL_TRY(pl_axis_read_integers(prepare, SHAPE, 4, dims, &count));
    if (dims[0] != input->dims[0] || dims[3] != filter->dims[0] || dims[1] < 0 || dims[2] < 0) {
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(SHAPE),
                             "found [%lld,%lld,%lld,%lld], expected %d pictures of %d channels",
                             (long long)dims[0], (long long)dims[1], (long long)dims[2],
                             (long long)dims[3], (int)input->dims[0], (int)filter->dims[0]);
    }
    const struct pl_shape output = {
        4, {input->dims[0], (int32_t)dims[1], (int32_t)dims[2], filter->dims[0]}};
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    if (pl_shape_span(filter, 1, 4) > INT32_MAX)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(FILTER), "is too large");
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

static pl_status prepare_hybrid(struct pl_prepare *prepare, struct transpose_convolution *params,
                                int64_t activation)
{
    struct pl_gemm_hybrid *hybrid = &params->hybrid;
    bool uniform = true;
    PL_TRY(pl_quantize_float_range(prepare, activation, &hybrid->low, &hybrid->high));
    PL_TRY(pl_filter_scales(prepare, places, params->outputs, &hybrid->weight_scales, &uniform));
    const int64_t image = (int64_t)params->height * params->width * params->depth;
    params->operands.rows.source_input = INPUT;
    return pl_gemm_prepare_rows(prepare, prepare->inputs[INPUT]->shape.dims[0], image, true, -1,
                                &params->operands);
}

static pl_status prepare_integer(struct pl_prepare *prepare, struct transpose_convolution *params,
                                 int64_t activation)
{
    struct pl_gemm_integer *integers = &params->integers;
    bool narrow = false;
    const int64_t bias_type =
        pl_record_integer(prepare->op->options, PL_TransposeConvOptions_quantized_bias_type);
    PL_TRY(pl_filter_check_bias_type(prepare, places, params->kind, bias_type, &narrow));
    PL_TRY(pl_filter_check_quantized(prepare, places, params->kind, activation, params->outputs,
                                     &integers->range));
    PL_TRY(pl_filter_multipliers(prepare, places, params->kind, params->outputs,
                                 &integers->multipliers));
    integers->input_zero_point = prepare->inputs[INPUT]->tensor->quantization.zero_points[0];
    integers->rounding = narrow ? PL_GEMM_FIXED_32 : PL_GEMM_FIXED;
    integers->output = params->kind == PL_FILTER_INT16   ? PL_GEMM_INT16
                       : params->kind == PL_FILTER_UINT8 ? PL_GEMM_UINT8
                                                         : PL_GEMM_INT8;
    if (params->kind == PL_FILTER_UINT8) {
        integers->weight_offset =
            128 - prepare->inputs[FILTER]->tensor->quantization.zero_points[0];
    }
    return PL_OK;
}

static pl_status prepare_kind(struct pl_prepare *prepare, struct transpose_convolution *params)
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
static void prepare_parts(struct pl_prepare *prepare, struct transpose_convolution *params)
{
    const struct phase none = {.count = params->columns.window.input};
    const struct pl_gemm_shape empty = shape_of(params, &none, &none);
    size_t most = 0;
    if (params->kind != PL_FILTER_FLOAT)
        most = pl_gemm_part_bytes(&params->operands, &empty, none.count, params->element_bytes);
    for (int32_t i = 0; i < params->rows.count * params->columns.count && most > 0; i++) {
        const struct phase *column = &params->columns.phases[i % params->columns.count];
        const struct pl_gemm_shape shape =
            shape_of(params, &params->rows.phases[i / params->columns.count], column);
        const size_t bytes =
            pl_gemm_part_bytes(&params->operands, &shape, column->count, params->element_bytes);
        if (bytes > most) most = bytes;
    }
    pl_gemm_prepare_parts(prepare, most, &params->operands);
}

pl_status pl_prepare_transpose_conv(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 3, 4, 1));
    struct transpose_convolution *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    prepare->params = params;
    params->operands.kernels = prepare->kernels->gemm;

    const uint32_t filters = PL_TYPES_FLOAT | PL_TYPES_QUANTIZED_8;
    PL_TRY(pl_filter_choose(prepare, places, &params->kind));
    PL_TRY(pl_check_type(prepare, pl_input(FILTER), filters));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(INPUT)));
    PL_TRY(prepare_shapes(prepare, params));
    PL_TRY(pl_filter_check_bias(prepare, places, params->kind, params->outputs, &params->bias));
    PL_TRY(prepare_kind(prepare, params));
    params->output_bytes = pl_type_bits(prepare->outputs[0]->tensor->type) / 8;
    params->element_bytes = params->kind == PL_FILTER_HYBRID ? 1 : params->output_bytes;
    PL_TRY(prepare_weights(prepare, params));
    prepare_parts(prepare, params);
    const struct pl_shape *output = &prepare->outputs[0]->shape;
    const int64_t units =
        pl_shape_count(output) > 0 ? (int64_t)output->dims[0] * output->dims[1] : 0;
    const int64_t taps = pl_shape_span(&prepare->inputs[FILTER]->shape, 1, 4) /
                         ((int64_t)params->rows.count * params->columns.count);
    pl_prepare_stage(prepare, eval_rows, units, pl_cost(pl_shape_span(output, 2, 4), taps));
    return PL_OK;
}
