/* SPDX-License-Identifier: Apache-2.0 */
/* The phases of TRANSPOSE_CONV: their weights, and running them. */
#include "base/checked.h"
#include "ops/transpose_internal.h"

/* ---- eval ------------------------------------------------------------------------------------ */

static void run_float(const struct pl_transpose_convolution *params, const struct pl_eval *eval,
                      const void *packed, const struct pl_gemm_shape *shape,
                      const struct pl_gemm_part *part)
{
    struct pl_gemm_float weights = params->floats;
    weights.weights = packed;
    weights.bias = pl_filter_bias(&params->bias, eval);
    params->operands.kernels->f32(shape, &weights, part);
}

static void run_hybrid(const struct pl_transpose_convolution *params, const struct pl_eval *eval,
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

static void run_integer(const struct pl_transpose_convolution *params, const struct pl_eval *eval,
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

/* The outputs of a column phase in an output row of a row phase (none: no taps at all). */
static void run_phase(const struct pl_transpose_convolution *params, const struct pl_eval *eval,
                      int64_t unit, const struct pl_transpose_phase *row,
                      const struct pl_transpose_phase *column, const void *packed)
{
    const struct pl_window *rows = &params->rows.window, *columns = &params->columns.window;
    const int64_t batch = unit / rows->input;
    const int32_t y = (int32_t)(unit % rows->input);
    const struct pl_gemm_shape shape = pl_transpose_shape(params, row, column);
    const int64_t image = (int64_t)params->height * params->width * params->depth;
    const int64_t pixel = unit * columns->input + column->first;
    const void *input = params->kind == PL_FILTER_HYBRID
                            ? eval->scratch[params->operands.rows.values_scratch]
                            : eval->inputs[PL_TRANSPOSE_INPUT];
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

pl_status pl_transpose_eval_rows(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct pl_transpose_convolution *params = eval->params;
    const struct pl_transpose_axis *rows = &params->rows, *columns = &params->columns;
    const char *packed = pl_gemm_packed(&params->operands, eval, 0);
    const bool gaps = columns->count < columns->window.stride;
    const struct pl_transpose_phase none = {.count = columns->window.input};
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
    const struct pl_transpose_convolution *params = context;
    for (int32_t i = 0; i < params->pack_count; i++) {
        params->operands.weights.pack_blocks((char *)packed + params->offsets[i], raw,
                                             &params->packs[i], 0, pl_gemm_blocks(params->outputs));
    }
}

static pl_status eval_pack(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct pl_transpose_convolution *params = eval->params;
    (void)from;
    (void)to;
    pack_phases(eval->scratch[params->operands.weights.scratch], eval->inputs[PL_TRANSPOSE_FILTER],
                params);
    return PL_OK;
}

static pl_gemm_pack_blocks choose_packer(const struct pl_gemm_kernels *kernels, pl_type type)
{
    return type == PL_FLOAT32 ? kernels->pack_blocks_f32
           : type == PL_INT8  ? kernels->pack_blocks_i8
                              : kernels->pack_blocks_u8;
}

/* How the taps of phase i are packed. */
static struct pl_gemm_pack pack_of(const struct pl_transpose_convolution *params, int32_t i)
{
    const int64_t depth = params->depth, width = params->columns.window.filter * depth;
    struct pl_gemm_pack pack = {
        .groups = 1,
        .channels = params->outputs,
        .channel_stride = params->rows.window.filter * width,
        .depth_stride = 1,
    };
    if (i == params->pack_count - 1) return pack; /* no taps */
    const struct pl_transpose_phase *row = &params->rows.phases[i / params->columns.count];
    const struct pl_transpose_phase *column = &params->columns.phases[i % params->columns.count];
    pack.depth = (int32_t)(row->taps * column->taps * depth);
    pack.run = params->depth;
    pack.row_runs = column->taps;
    pack.run_stride = -params->columns.window.stride * depth;
    pack.row_stride = -params->rows.window.stride * width;
    pack.first = row->tap * width + column->tap * depth;
    return pack;
}

/* Where the weights of each phase lie; *bytes: of all of them. */
static pl_status lay_out_phases(struct pl_prepare *prepare, struct pl_transpose_convolution *params,
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

pl_status pl_transpose_prepare_weights(struct pl_prepare *prepare,
                                       struct pl_transpose_convolution *params)
{
    struct pl_gemm_weights *weights = &params->operands.weights;
    size_t bytes = 0;
    weights->input = PL_TRANSPOSE_FILTER;
    weights->scratch = -1;
    weights->pack_blocks =
        choose_packer(params->operands.kernels,
                      pl_filter_weights_type(prepare, pl_transpose_places, params->kind));
    PL_TRY(lay_out_phases(prepare, params, &bytes));
    if (prepare->inputs[PL_TRANSPOSE_FILTER]->holder != NULL && bytes > 0) {
        const struct pl_window *rows = &params->rows.window, *columns = &params->columns.window;
        /* The bytes and the packer give the depth. */
        const struct pl_packing packing = {
            .pack = pack_phases,
            .context = params,
            .parameters = {(uint64_t)rows->filter << 32 | (uint64_t)columns->filter,
                           (uint64_t)rows->stride << 32 | (uint64_t)columns->stride,
                           (uint64_t)params->outputs,
                           (uint64_t)(uintptr_t)weights->pack_blocks},
            .bytes = bytes,
        };
        return pl_prepare_pack(prepare, PL_TRANSPOSE_FILTER, &packing, &weights->constant);
    }
    weights->scratch = pl_prepare_scratch(prepare, bytes, false);
    pl_prepare_stage(prepare, eval_pack, bytes > 0, (int64_t)(bytes < PTRDIFF_MAX ? bytes : 0));
    return PL_OK;
}
