/* SPDX-License-Identifier: Apache-2.0 */
/* Weights and intermediate tensors of integer LSTMs: see lstm_weights.h. */
#include "ops/lstm_weights.h"

#include <math.h>

#include "ops/quantize.h"

float pl_lstm_scale(const struct pl_prepare *prepare, int32_t input)
{
    return prepare->inputs[input]->tensor->quantization.scales[0];
}

int32_t pl_lstm_zero_point(const struct pl_prepare *prepare, int32_t input)
{
    return prepare->inputs[input]->tensor->quantization.zero_points[0];
}

/* The bias (bias_input -1: none) and the sum of every row times the zero point, which the vectors
 * lack. Sums wrap as the reference's do. */
static const int32_t *fold_zero_point(struct pl_prepare *prepare,
                                      const struct pl_lstm_weights *weights, int32_t bias_input,
                                      int32_t zero_point)
{
    int32_t *folded = pl_prepare_allocate(prepare, (size_t)weights->rows * sizeof *folded);
    if (folded == NULL) return NULL;
    const int32_t *bias = bias_input >= 0 ? prepare->inputs[bias_input]->constant : NULL;
    const int8_t *row = prepare->inputs[weights->input]->constant;
    for (int32_t r = 0; r < weights->rows; r++, row += weights->depth) {
        int32_t sum = 0;
        for (int32_t k = 0; k < weights->depth; k++) sum += row[k];
        const uint32_t start = bias != NULL ? (uint32_t)bias[r] : 0;
        folded[r] = (int32_t)(start + (uint32_t)sum * (uint32_t)zero_point);
    }
    return folded;
}

pl_status pl_lstm_prepare_weights(struct pl_prepare *prepare, struct pl_lstm_weights *weights,
                                  int32_t input, float vector_scale, float result_scale,
                                  int32_t bias_input, int32_t zero_point)
{
    PL_TRY(pl_check_constant(prepare, pl_input(input)));
    PL_TRY(pl_check_quantized(prepare, pl_input(input)));
    if (bias_input >= 0) PL_TRY(pl_check_constant(prepare, pl_input(bias_input)));
    weights->input = input;
    weights->rows = prepare->inputs[input]->shape.dims[0];
    weights->depth = prepare->inputs[input]->shape.dims[1];
    const float effective = pl_lstm_scale(prepare, input) * vector_scale / result_scale;
    PL_TRY(pl_quantize_multiplier(prepare, (double)effective, &weights->multiplier));
    weights->bias = fold_zero_point(prepare, weights, bias_input, zero_point);
    return weights->bias != NULL ? PL_OK : PL_OUT_OF_MEMORY;
}

pl_status pl_lstm_intermediate(struct pl_prepare *prepare, int32_t i,
                               const struct pl_quantization **quantization)
{
    const struct pl_operator *op = prepare->op;
    const struct pl_subgraph *subgraph = pl_prepare_subgraph(prepare);
    if (i >= op->intermediate_count || op->intermediates[i] < 0 ||
        op->intermediates[i] >= subgraph->tensor_count) {
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "found %d intermediate tensors, expected one more",
                               (int)op->intermediate_count);
    }
    *quantization = &subgraph->tensors[op->intermediates[i]].quantization;
    if ((*quantization)->count != 1 || !((*quantization)->scales[0] > 0.0f) ||
        isinf((*quantization)->scales[0]) || (*quantization)->zero_points[0] < INT8_MIN ||
        (*quantization)->zero_points[0] > INT8_MAX)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL, "intermediate tensor %d is not quantized",
                               (int)i);
    return PL_OK;
}
