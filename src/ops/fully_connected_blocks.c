/* SPDX-License-Identifier: Apache-2.0 */
/* FULLY_CONNECTED with blockwise quantized weights of 4 bits: rows of floats are quantized with a
 * zero point each, and every block of a filter row has a scale. A unit is some outputs of a row. */
#include "kernels/requantize.h"
#include "ops/filter.h"
#include "ops/fully_connected_internal.h"
#include "ops/gemm.h"
#include "ops/quantize.h"
#include "ops/recurrent.h"

enum { INPUT, FILTER, BIAS, OUTPUTS_OF_UNIT = 32 };

struct blocks {
    struct pl_gemm_operands operands; /* first: the stage of gemm.c that quantizes rows reads it */
    const struct pl_recurrent_kernels *kernels;
    int32_t depth, outputs, block_size;
    int64_t units; /* of a row */
    bool biased;
    const int8_t *weights;    /* unpacked */
    const float *scales;      /* [outputs][depth / block_size] */
    const float *weight_sums; /* of each output: sums of blocks times their scales */
    float low, high;
};

static pl_status eval_blocks(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct blocks *params = eval->params;
    const struct pl_gemm_rows *rows = &params->operands.rows;
    const float *bias = params->biased ? eval->inputs[BIAS] : NULL;
    for (int64_t unit = from; unit < to; unit++) {
        const int64_t row = unit / params->units, rest = unit % params->units * OUTPUTS_OF_UNIT;
        const int32_t first = (int32_t)rest;
        const int32_t count =
            params->outputs - first < OUTPUTS_OF_UNIT ? params->outputs - first : OUTPUTS_OF_UNIT;
        const int8_t *x = (const int8_t *)eval->scratch[rows->values_scratch] + row * params->depth;
        const float scale = ((const float *)eval->scratch[rows->scales_scratch])[row];
        const float zero_point =
            (float)((const int32_t *)eval->scratch[rows->zero_points_scratch])[row];
        const struct pl_recurrent_matrix matrix = {params->weights + (int64_t)first * params->depth,
                                                   count, params->depth};
        float *output = (float *)eval->outputs[0] + row * params->outputs + first;
        params->kernels->product_blocks(output, x, &matrix,
                                        params->scales +
                                            (int64_t)first * (params->depth / params->block_size),
                                        params->block_size);
        for (int32_t n = 0; n < count; n++) {
            const float sum = (output[n] - zero_point * params->weight_sums[first + n]) * scale;
            output[n] = pl_clamp_float(bias != NULL ? sum + bias[first + n] : sum, params->low,
                                       params->high);
        }
    }
    return PL_OK;
}

static int32_t nibble(const uint8_t *raw, int64_t index)
{
    const int32_t bits = raw[index / 2] >> (index % 2 != 0 ? 4 : 0) & 15;
    return (bits ^ 8) - 8;
}

static pl_status prepare_sums(struct pl_prepare *prepare, struct blocks *params)
{
    const uint8_t *raw = prepare->inputs[FILTER]->constant;
    float *sums = pl_prepare_allocate(prepare, (size_t)params->outputs * sizeof *sums);
    if (sums == NULL) return PL_OUT_OF_MEMORY;
    params->weight_sums = sums;
    const float *scale = params->scales;
    for (int32_t n = 0; n < params->outputs; n++) {
        const int64_t row = (int64_t)n * params->depth;
        for (int32_t k = 0; k < params->depth; k += params->block_size) {
            int32_t sum = 0;
            for (int32_t i = 0; i < params->block_size; i++) sum += nibble(raw, row + k + i);
            sums[n] += *scale++ * (float)sum;
        }
    }
    return PL_OK;
}

static pl_status prepare_weights(struct pl_prepare *prepare, struct blocks *params)
{
    const struct pl_quantization *quantization = &prepare->inputs[FILTER]->tensor->quantization;
    const int64_t count = (int64_t)params->outputs * params->depth;
    params->block_size = quantization->block_size;
    params->scales = quantization->block_scales;
    PL_TRY(pl_check_type(prepare, pl_input(FILTER), PL_TYPE_BIT(PL_INT4)));
    PL_TRY(pl_check_constant(prepare, pl_input(FILTER)));
    if (params->depth % params->block_size != 0 || params->depth % 2 != 0 ||
        params->depth > PL_RECURRENT_MOST_ELEMENTS ||
        count / params->block_size != quantization->block_count)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(FILTER),
                             "blocks of %d and %lld scales do not fit %d rows of %d",
                             (int)params->block_size, (long long)quantization->block_count,
                             (int)params->outputs, (int)params->depth);
    PL_TRY(prepare_sums(prepare, params));
    return pl_filter_unpack(prepare, FILTER, &params->weights);
}

pl_status pl_fully_connected_prepare_blocks(struct pl_prepare *prepare, int32_t rows,
                                            int64_t activation)
{
    struct blocks *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    prepare->params = params;
    params->operands.kernels = prepare->kernels->gemm;
    params->kernels = prepare->kernels->recurrent;
    params->outputs = prepare->inputs[FILTER]->shape.dims[0];
    params->depth = prepare->inputs[FILTER]->shape.dims[1];
    params->biased = pl_check_value(prepare, pl_input(BIAS)) != NULL;
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPES_FLOAT));
    PL_TRY(pl_quantize_float_range(prepare, activation, &params->low, &params->high));
    if (params->outputs > 0) PL_TRY(prepare_weights(prepare, params));
    PL_TRY(pl_gemm_prepare_rows(prepare, rows, params->depth, true, -1, &params->operands));
    params->units = (params->outputs + OUTPUTS_OF_UNIT - 1) / OUTPUTS_OF_UNIT;
    pl_prepare_stage(prepare, eval_blocks, rows * params->units,
                     pl_cost(OUTPUTS_OF_UNIT, params->depth));
    return PL_OK;
}
