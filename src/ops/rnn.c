/* SPDX-License-Identifier: Apache-2.0 */
/* RNN, UNIDIRECTIONAL_SEQUENCE_RNN and BIDIRECTIONAL_SEQUENCE_RNN: state = output =
 * activation(bias + weights * input + recurrent weights * state), step by step, forward and, in
 * the last of them, through the other cell backward. A unit is a batch of one direction. */
#include <string.h>

#include "ops/recurrent.h"

enum { INPUT, MOST_CELLS = 2 };

/* One cell and its way through the sequence. -1: an input left out. */
struct cell {
    int32_t input, weights_input, recurrent_input, bias, state;
    int32_t aux_input, aux_weights_input;
    int32_t inputs, units, aux_inputs;
    struct pl_recurrent_weights weights, recurrent_weights, aux_weights;
    bool backward;
    int32_t output;        /* which one */
    int32_t output_width;  /* from one vector of it to the next */
    int32_t output_offset; /* of this cell's in a vector */
};

struct rnn {
    struct pl_recurrent recurrent; /* first: its stage reads it */
    enum pl_recurrent_activation activation;
    int32_t batches, times;
    int32_t rounds; /* how often the sequence is walked through */
    bool time_major;
    int32_t cell_count;
    struct cell cells[MOST_CELLS];
    size_t quantized_bytes; /* scratch of a worker */
};

enum { SCRATCH_QUANTIZED };

/* ---- eval ------------------------------------------------------------------------------------ */

static void run_step(const struct rnn *rnn, const struct pl_eval *eval, const struct cell *cell,
                     int64_t row, float *state)
{
    const struct pl_recurrent *recurrent = &rnn->recurrent;
    const size_t bytes = (size_t)cell->units * sizeof(float);
    int8_t *quantized = eval->scratch[SCRATCH_QUANTIZED];
    struct pl_recurrent_factor input = {.quantized = quantized};
    struct pl_recurrent_factor aux = {.quantized = quantized + cell->inputs};
    struct pl_recurrent_factor old = {.quantized = quantized + cell->inputs + cell->aux_inputs};
    float *output =
        (float *)eval->outputs[cell->output] + row * cell->output_width + cell->output_offset;
    memcpy(output, eval->inputs[cell->bias], bytes);
    pl_recurrent_take(recurrent, (const float *)eval->inputs[cell->input] + row * cell->inputs,
                      cell->inputs, &input);
    pl_recurrent_add(recurrent, eval, &cell->weights, &input, output);
    if (cell->aux_inputs > 0) {
        const float *values = (const float *)eval->inputs[cell->aux_input] + row * cell->aux_inputs;
        pl_recurrent_take(recurrent, values, cell->aux_inputs, &aux);
        pl_recurrent_add(recurrent, eval, &cell->aux_weights, &aux, output);
    }
    pl_recurrent_take(recurrent, state, cell->units, &old);
    pl_recurrent_add(recurrent, eval, &cell->recurrent_weights, &old, output);
    recurrent->kernels->activate(output, output, cell->units, rnn->activation);
    memcpy(state, output, bytes);
}

static pl_status eval_batches(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct rnn *rnn = eval->params;
    for (int64_t unit = from; unit < to; unit++) {
        const struct cell *cell = &rnn->cells[unit / rnn->batches];
        const int64_t batch = unit % rnn->batches;
        float *state = (float *)pl_recurrent_state(eval, cell->state) + batch * cell->units;
        for (int64_t step = 0; step < (int64_t)rnn->rounds * rnn->times; step++) {
            const int64_t passed = step % rnn->times;
            const int64_t time = cell->backward ? rnn->times - 1 - passed : passed;
            const int64_t row =
                rnn->time_major ? time * rnn->batches + batch : batch * rnn->times + time;
            run_step(rnn, eval, cell, row, state);
        }
    }
    return PL_OK;
}

/* ---- prepare --------------------------------------------------------------------------------- */

static pl_status check_cell(struct pl_prepare *prepare, const struct rnn *rnn, struct cell *cell)
{
    const uint32_t allowed = PL_TYPES_FLOAT | PL_TYPES_QUANTIZED_8;
    PL_TRY(pl_check_type(prepare, pl_input(cell->weights_input), allowed));
    PL_TRY(pl_check_rank(prepare, pl_input(cell->weights_input), 2, 2));
    const struct pl_value *weights = prepare->inputs[cell->weights_input];
    const uint32_t type = PL_TYPE_BIT(weights->tensor->type);
    cell->units = weights->shape.dims[0];
    cell->inputs = weights->shape.dims[1];
    const struct pl_shape *input = &prepare->inputs[cell->input]->shape;
    if (cell->inputs != input->dims[input->rank - 1] || cell->inputs < 1 || cell->units < 1 ||
        cell->inputs > PL_RECURRENT_MOST_ELEMENTS || cell->units > PL_RECURRENT_MOST_ELEMENTS) {
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(cell->weights_input),
                             "%d units of %d inputs do not fit vectors of %d", (int)cell->units,
                             (int)cell->inputs, (int)input->dims[input->rank - 1]);
    }
    PL_TRY(pl_recurrent_check_tensor(prepare, cell->recurrent_input, type,
                                     pl_recurrent_matrix_shape(cell->units, cell->units)));
    PL_TRY(pl_recurrent_check_tensor(prepare, cell->bias, PL_TYPES_FLOAT,
                                     pl_recurrent_vector_shape(cell->units)));
    PL_TRY(pl_recurrent_check_state(prepare, cell->state, PL_FLOAT32,
                                    (int64_t)rnn->batches * cell->units));
    if (cell->aux_weights_input < 0) return PL_OK;
    const struct pl_shape *aux = &prepare->inputs[cell->aux_input]->shape;
    cell->aux_inputs = aux->dims[aux->rank - 1];
    if (cell->aux_inputs > PL_RECURRENT_MOST_ELEMENTS)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(cell->aux_input), "is too large");
    return pl_recurrent_check_tensor(prepare, cell->aux_weights_input, type,
                                     pl_recurrent_matrix_shape(cell->units, cell->aux_inputs));
}

static pl_status prepare_cell(struct pl_prepare *prepare, struct rnn *rnn, struct cell *cell)
{
    struct pl_recurrent *recurrent = &rnn->recurrent;
    PL_TRY(pl_recurrent_prepare_weights(prepare, recurrent, cell->weights_input, &cell->weights));
    PL_TRY(pl_recurrent_prepare_weights(prepare, recurrent, cell->recurrent_input,
                                        &cell->recurrent_weights));
    const size_t bytes = (size_t)cell->inputs + (size_t)cell->aux_inputs + (size_t)cell->units;
    if (bytes > rnn->quantized_bytes) rnn->quantized_bytes = bytes;
    if (cell->aux_inputs == 0) return PL_OK;
    return pl_recurrent_prepare_weights(prepare, recurrent, cell->aux_weights_input,
                                        &cell->aux_weights);
}

/* Outputs, one behind the other in one tensor or in one each. */
static pl_status prepare_outputs(struct pl_prepare *prepare, struct rnn *rnn, bool merged)
{
    struct pl_shape output = prepare->inputs[INPUT]->shape;
    int32_t width = 0;
    for (int32_t i = 0; i < rnn->cell_count; i++) {
        PL_TRY(pl_check_type(prepare, pl_output(merged ? 0 : i), PL_TYPES_FLOAT));
        rnn->cells[i].output = merged ? 0 : i;
        rnn->cells[i].output_offset = merged ? width : 0;
        rnn->cells[i].output_width = rnn->cells[i].units;
        output.dims[output.rank - 1] = rnn->cells[i].units;
        width += rnn->cells[i].units;
        if (!merged) PL_TRY(pl_check_set_output(prepare, i, &output));
    }
    if (!merged) return PL_OK;
    for (int32_t i = 0; i < rnn->cell_count; i++) rnn->cells[i].output_width = width;
    output.dims[output.rank - 1] = width;
    return pl_check_set_output(prepare, 0, &output);
}

/* The cells say which inputs are theirs; rnn->time_major and activation are set. */
static pl_status prepare_cells(struct pl_prepare *prepare, struct rnn *rnn, int32_t rank,
                               bool asymmetric, bool merged)
{
    PL_TRY(pl_check_type(prepare, pl_input(INPUT), PL_TYPES_FLOAT));
    PL_TRY(pl_check_rank(prepare, pl_input(INPUT), rank, rank));
    const struct pl_shape *input = &prepare->inputs[INPUT]->shape;
    rnn->batches = input->dims[rank == 3 && rnn->time_major ? 1 : 0];
    rnn->times = rank == 2 ? 1 : input->dims[rnn->time_major ? 0 : 1];
    if (rnn->rounds == 0) rnn->rounds = 1;
    for (int32_t i = 0; i < rnn->cell_count; i++) PL_TRY(check_cell(prepare, rnn, &rnn->cells[i]));
    const struct pl_value *weights = prepare->inputs[rnn->cells[0].weights_input];
    const struct pl_value *last = prepare->inputs[rnn->cells[rnn->cell_count - 1].weights_input];
    if (weights->tensor->type != last->tensor->type)
        return pl_prepare_fail(prepare, PL_MISMATCH, "the weights of both cells differ in type");
    pl_recurrent_prepare(prepare, weights->tensor->type, asymmetric, &rnn->recurrent);
    PL_TRY(prepare_outputs(prepare, rnn, merged));
    int64_t cost = 0;
    for (int32_t i = 0; i < rnn->cell_count; i++) {
        const struct cell *cell = &rnn->cells[i];
        PL_TRY(prepare_cell(prepare, rnn, &rnn->cells[i]));
        cost += (int64_t)cell->units * ((int64_t)cell->inputs + cell->aux_inputs + cell->units);
    }
    prepare->params = rnn;
    pl_prepare_scratch(prepare, rnn->quantized_bytes, true);
    pl_recurrent_prepare_late(prepare, &rnn->recurrent);
    const int64_t units = rnn->times > 0 ? (int64_t)rnn->batches * rnn->cell_count : 0;
    pl_prepare_stage(prepare, eval_batches, units, pl_cost(cost / rnn->cell_count, rnn->times));
    return PL_OK;
}

static struct cell plain_cell(int32_t first)
{
    return (struct cell){.input = INPUT,
                         .weights_input = first,
                         .recurrent_input = first + 1,
                         .bias = first + 2,
                         .state = first + 3,
                         .aux_input = -1,
                         .aux_weights_input = -1};
}

static pl_status prepare_one(struct pl_prepare *prepare, int32_t rank, int64_t activation,
                             bool time_major, bool asymmetric)
{
    PL_TRY(pl_check_arity(prepare, 5, 5, 1));
    struct rnn *rnn = pl_prepare_allocate(prepare, sizeof *rnn);
    if (rnn == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(pl_recurrent_activation(prepare, activation, &rnn->activation));
    rnn->time_major = time_major;
    rnn->cell_count = 1;
    rnn->cells[0] = plain_cell(1);
    return prepare_cells(prepare, rnn, rank, asymmetric, false);
}

pl_status pl_prepare_rnn(struct pl_prepare *prepare)
{
    const struct pl_record *options = prepare->op->options;
    return prepare_one(prepare, 2,
                       pl_record_integer(options, PL_RNNOptions_fused_activation_function), false,
                       pl_record_integer(options, PL_RNNOptions_asymmetric_quantize_inputs) != 0);
}

pl_status pl_prepare_unidirectional_sequence_rnn(struct pl_prepare *prepare)
{
    const struct pl_record *options = prepare->op->options;
    return prepare_one(
        prepare, 3, pl_record_integer(options, PL_SequenceRNNOptions_fused_activation_function),
        pl_record_integer(options, PL_SequenceRNNOptions_time_major) != 0,
        pl_record_integer(options, PL_SequenceRNNOptions_asymmetric_quantize_inputs) != 0);
}

/* ---- both directions ------------------------------------------------------------------------- */

enum { FORWARD = 1, BACKWARD = 5, AUX_INPUT = 9, FORWARD_AUX, BACKWARD_AUX, BOTH_INPUTS };

/* With weights of its own, the auxiliary input is one more input of both cells; without, it is
 * the backward cell's input, but only if time is the first dimension: else the reference reads
 * the first input all the same. */
static pl_status prepare_aux(struct pl_prepare *prepare, struct rnn *rnn)
{
    const struct pl_value *aux = prepare->inputs[AUX_INPUT];
    const bool weighted = prepare->inputs[FORWARD_AUX] != NULL;
    if (weighted != (prepare->inputs[BACKWARD_AUX] != NULL) || (weighted && aux == NULL)) {
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "inputs %d to %d must all be there or left out", (int)AUX_INPUT,
                               (int)BACKWARD_AUX);
    }
    if (aux == NULL) return PL_OK;
    PL_TRY(pl_check_type(prepare, pl_input(AUX_INPUT), PL_TYPES_FLOAT));
    PL_TRY(pl_check_rank(prepare, pl_input(AUX_INPUT), 3, 3));
    struct pl_shape expected = prepare->inputs[INPUT]->shape;
    if (expected.rank == 3 && weighted) expected.dims[2] = aux->shape.dims[2];
    PL_TRY(pl_recurrent_check_tensor(prepare, AUX_INPUT, PL_TYPES_FLOAT, expected));
    if (!weighted) {
        if (rnn->time_major) rnn->cells[1].input = AUX_INPUT;
        return PL_OK;
    }
    rnn->cells[0].aux_input = rnn->cells[1].aux_input = AUX_INPUT;
    rnn->cells[0].aux_weights_input = FORWARD_AUX;
    rnn->cells[1].aux_weights_input = BACKWARD_AUX;
    return PL_OK;
}

pl_status pl_prepare_bidirectional_sequence_rnn(struct pl_prepare *prepare)
{
    const struct pl_record *options = prepare->op->options;
    const bool merged =
        pl_record_integer(options, PL_BidirectionalSequenceRNNOptions_merge_outputs) != 0;
    const bool asymmetric =
        pl_record_integer(options, PL_BidirectionalSequenceRNNOptions_asymmetric_quantize_inputs) !=
        0;
    PL_TRY(pl_check_arity(prepare, AUX_INPUT, BOTH_INPUTS, merged ? 1 : 2));
    if (prepare->input_count != BOTH_INPUTS)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL, "found %d inputs, expected %d",
                               (int)prepare->input_count, (int)BOTH_INPUTS);
    struct rnn *rnn = pl_prepare_allocate(prepare, sizeof *rnn);
    if (rnn == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(pl_recurrent_activation(
        prepare,
        pl_record_integer(options, PL_BidirectionalSequenceRNNOptions_fused_activation_function),
        &rnn->activation));
    rnn->time_major =
        pl_record_integer(options, PL_BidirectionalSequenceRNNOptions_time_major) != 0;
    rnn->cell_count = 2;
    rnn->cells[0] = plain_cell(FORWARD);
    rnn->cells[1] = plain_cell(BACKWARD);
    rnn->cells[1].backward = true;
    PL_TRY(prepare_aux(prepare, rnn));
    /* The reference walks through hybrid sequences whose first dimension is time as often as they
     * have times. */
    PL_TRY(pl_check_rank(prepare, pl_input(INPUT), 3, 3));
    const bool hybrid = prepare->inputs[FORWARD]->tensor->type != PL_FLOAT32;
    rnn->rounds = hybrid && rnn->time_major ? prepare->inputs[INPUT]->shape.dims[0] : 1;
    return prepare_cells(prepare, rnn, 3, asymmetric, merged);
}
