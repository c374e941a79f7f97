/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of UNIDIRECTIONAL_SEQUENCE_LSTM: lstm.c checks, lstm_float.c and lstm_integer.c
 * compute. */
#ifndef PL_OPS_LSTM_INTERNAL_H
#define PL_OPS_LSTM_INTERNAL_H

#include "kernels/recurrent_kernels.h"
#include "ops/check.h"
#include "ops/op.h"

/* Gates in the order of the operator's inputs. */
enum pl_lstm_gate {
    PL_LSTM_INPUT_GATE,
    PL_LSTM_FORGET_GATE,
    PL_LSTM_CELL_GATE,
    PL_LSTM_OUTPUT_GATE,
    PL_LSTM_GATES
};

/* The operator's inputs; those named in the plural are one per gate. The cell gate has no
 * peephole. */
enum {
    PL_LSTM_INPUT = 0,
    PL_LSTM_INPUT_WEIGHTS = 1,
    PL_LSTM_RECURRENT_WEIGHTS = 5,
    PL_LSTM_PEEPHOLES = 9,
    PL_LSTM_BIASES = 12,
    PL_LSTM_PROJECTION = 16,
    PL_LSTM_PROJECTION_BIAS = 17,
    PL_LSTM_OUTPUT_STATE = 18,
    PL_LSTM_CELL_STATE = 19,
    PL_LSTM_NORMS = 20,
    PL_LSTM_MOST_INPUTS = 24
};

/* What all kinds share. Weights are [cells][inputs] and [cells][outputs], the projection
 * [outputs][cells]. */
struct pl_lstm {
    const struct pl_recurrent_kernels *kernels;
    int32_t batches;
    int32_t times;
    int32_t inputs;
    int32_t cells;
    int32_t outputs;
    bool time_major;
    bool coupled; /* the input gate is 1 - the forget gate and has no tensors */
    bool peephole;
    bool layer_norm;
    bool projection;
    float cell_clip; /* 0: none */
    float projection_clip;
    enum pl_recurrent_activation activation; /* of the cell gate and the output */
};

/* The input that is the peephole of a gate, -1 for the cell gate. */
static inline int32_t pl_lstm_peephole(enum pl_lstm_gate gate)
{
    static const int32_t inputs[PL_LSTM_GATES] = {PL_LSTM_PEEPHOLES, PL_LSTM_PEEPHOLES + 1, -1,
                                                  PL_LSTM_PEEPHOLES + 2};
    return inputs[gate];
}

/* Which vector of input and output belongs to a time of a batch. */
static inline int64_t pl_lstm_row(const struct pl_lstm *lstm, int64_t batch, int64_t time)
{
    return lstm->time_major ? time * lstm->batches + batch : batch * lstm->times + time;
}

/* State tensors are inputs of the operator that it writes: variables have memory of their own. */
static inline void *pl_lstm_state(const struct pl_eval *eval, int32_t input)
{
    return (void *)(uintptr_t)eval->inputs[input];
}

/* One unit per batch. */
static inline void pl_lstm_add_stage(struct pl_prepare *prepare, const struct pl_lstm *lstm,
                                     pl_eval_function eval)
{
    const int64_t step =
        (int64_t)PL_LSTM_GATES * lstm->cells * ((int64_t)lstm->inputs + lstm->outputs);
    pl_prepare_stage(prepare, eval, lstm->times > 0 ? lstm->batches : 0, step * lstm->times);
}

/* Float activations; weights float, or int8 with a scale. Everything but quantization is
 * checked. */
pl_status pl_lstm_prepare_float(struct pl_prepare *prepare, const struct pl_lstm *lstm);
/* int8 activations and weights, an int16 cell. */
pl_status pl_lstm_prepare_integer(struct pl_prepare *prepare, const struct pl_lstm *lstm);

#endif
