/* SPDX-License-Identifier: Apache-2.0 */
/* What lstm_integer.c and lstm_narrow.c share: weight matrices, and the tensors that carry the
 * quantization of what lies between. */
#ifndef PL_OPS_LSTM_WEIGHTS_H
#define PL_OPS_LSTM_WEIGHTS_H

#include "ops/lstm_internal.h"

/* One weight matrix. */
struct pl_lstm_weights {
    int32_t input; /* of the operator */
    int32_t rows;
    int32_t depth;
    struct pl_multiplier multiplier;
    const int32_t
        *bias; /* rows: the operator's bias, if it belongs here, and the zero point's share */
};

static inline struct pl_recurrent_matrix pl_lstm_matrix(const struct pl_eval *eval,
                                                        const struct pl_lstm_weights *weights)
{
    return (struct pl_recurrent_matrix){eval->inputs[weights->input], weights->rows,
                                        weights->depth};
}

/* Of an input that is quantized. */
float pl_lstm_scale(const struct pl_prepare *prepare, int32_t input);
int32_t pl_lstm_zero_point(const struct pl_prepare *prepare, int32_t input);

/* Vectors have vector_scale, results result_scale; bias_input -1: none. The sum of every row counts
 * zero_point times. */
pl_status pl_lstm_prepare_weights(struct pl_prepare *prepare, struct pl_lstm_weights *weights,
                                  int32_t input, float vector_scale, float result_scale,
                                  int32_t bias_input, int32_t zero_point);

/* The quantization of intermediate tensor i of the operator, which is there to carry it: one scale
 * > 0 and a zero point of 8 bits. */
pl_status pl_lstm_intermediate(struct pl_prepare *prepare, int32_t i,
                               const struct pl_quantization **quantization);

#endif
