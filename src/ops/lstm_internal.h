/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of LSTM, UNIDIRECTIONAL_SEQUENCE_LSTM and BIDIRECTIONAL_SEQUENCE_LSTM: lstm.c
 * and lstm_bidirectional.c check, lstm_basic.c, lstm_float.c, lstm_integer.c and lstm_narrow.c compute. */
#ifndef PL_OPS_LSTM_INTERNAL_H
#define PL_OPS_LSTM_INTERNAL_H

#include "ops/recurrent.h"

/* Gates in the order of the operators' inputs. */
enum pl_lstm_gate {
    PL_LSTM_INPUT_GATE,
    PL_LSTM_FORGET_GATE,
    PL_LSTM_CELL_GATE,
    PL_LSTM_OUTPUT_GATE,
    PL_LSTM_GATES
};

/* The parts of one direction, in the order in which operators of one direction have them as
 * inputs; those named in the plural are one per gate. The cell gate has no peephole. */
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
    PL_LSTM_MOST_INPUTS = 24,
    /* of BIDIRECTIONAL_SEQUENCE_LSTM alone */
    PL_LSTM_AUX_INPUT = 24,
    PL_LSTM_AUX_WEIGHTS = 25,
    PL_LSTM_PARTS = 29
};

/* What all kinds share. Weights are [cells][inputs] and [cells][outputs], the projection
 * [outputs][cells]. */
struct pl_lstm {
    const struct pl_recurrent_kernels *kernels;
    int32_t at[PL_LSTM_PARTS]; /* which input of the operator a part is; -1: left out */
    int32_t batches;
    int32_t times;
    int32_t inputs;
    int32_t aux_inputs; /* 0: none */
    int32_t cells;
    int32_t outputs;
    bool time_major;
    bool backward;
    int32_t output;        /* of the operator */
    int32_t output_width;  /* from one vector of it to the next */
    int32_t output_offset; /* of this direction's in a vector */
    bool coupled;          /* the input gate is 1 - the forget gate and has no tensors */
    bool peephole;
    bool layer_norm;
    bool projection;
    bool diagonal[PL_LSTM_GATES]; /* the recurrent weights are the diagonal of a matrix: floats */
    float cell_clip;              /* 0: none */
    float projection_clip;
    enum pl_recurrent_activation activation; /* of the cell gate and the output */
};

enum { PL_LSTM_MOST_DIRECTIONS = 2 };

/* The part that is the peephole of a gate, -1 for the cell gate. */
static inline int32_t pl_lstm_peephole(enum pl_lstm_gate gate)
{
    static const int32_t inputs[PL_LSTM_GATES] = {PL_LSTM_PEEPHOLES, PL_LSTM_PEEPHOLES + 1, -1,
                                                  PL_LSTM_PEEPHOLES + 2};
    return inputs[gate];
}

static inline enum pl_lstm_gate pl_lstm_first_gate(const struct pl_lstm *lstm)
{
    return lstm->coupled ? PL_LSTM_FORGET_GATE : PL_LSTM_INPUT_GATE;
}

static inline const void *pl_lstm_part(const struct pl_lstm *lstm, const struct pl_eval *eval,
                                       int32_t part)
{
    return lstm->at[part] >= 0 ? eval->inputs[lstm->at[part]] : NULL;
}

/* A state's memory. */
static inline void *pl_lstm_state(const struct pl_lstm *lstm, const struct pl_eval *eval,
                                  int32_t part)
{
    return pl_recurrent_state(eval, lstm->at[part]);
}

/* Which vector of input and output is the step'th one of a batch. */
static inline int64_t pl_lstm_row(const struct pl_lstm *lstm, int64_t batch, int64_t step)
{
    const int64_t time = lstm->backward ? lstm->times - 1 - step : step;
    return lstm->time_major ? time * lstm->batches + batch : batch * lstm->times + time;
}

/* One unit per batch of each direction. */
static inline void pl_lstm_add_stage(struct pl_prepare *prepare, const struct pl_lstm *lstm,
                                     int32_t directions, pl_eval_function eval)
{
    const int64_t step = (int64_t)PL_LSTM_GATES * lstm->cells *
                         ((int64_t)lstm->inputs + lstm->aux_inputs + lstm->outputs);
    pl_prepare_stage(prepare, eval, lstm->times > 0 ? (int64_t)lstm->batches * directions : 0,
                     pl_cost(step, lstm->times));
}

/* Where an operator's options have what they all have. */
struct pl_lstm_option_fields {
    enum pl_field activation, cell_clip, projection_clip;
};
pl_status pl_lstm_read_options(struct pl_prepare *prepare, struct pl_lstm_option_fields fields,
                               struct pl_lstm *lstm);
/* -1: it is left out. */
int32_t pl_lstm_input_at(const struct pl_prepare *prepare, int32_t input);
/* One direction: which tensors are its parts, time_major, clips and activation are set. */
pl_status pl_lstm_check_direction(struct pl_prepare *prepare, int32_t rank, struct pl_lstm *lstm);

/* Float activations; weights float, or int8 with a scale. Everything but quantization is
 * checked. */
pl_status pl_lstm_prepare_float(struct pl_prepare *prepare, const struct pl_lstm *directions,
                                int32_t count, bool asymmetric);
/* int8 activations and weights, an int16 cell; int16 gates. */
pl_status pl_lstm_prepare_integer(struct pl_prepare *prepare, const struct pl_lstm *lstm);
/* The kernel with five inputs of LSTM. */
pl_status pl_lstm_prepare_basic(struct pl_prepare *prepare);
/* The same with products of 8 bits, which LSTM has where there are so many intermediate tensors. */
enum { PL_LSTM_NARROW_INTERMEDIATES = 12 };
pl_status pl_lstm_prepare_narrow(struct pl_prepare *prepare, const struct pl_lstm *lstm);

#endif
