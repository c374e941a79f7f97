/* SPDX-License-Identifier: Apache-2.0 */
/* BIDIRECTIONAL_SEQUENCE_LSTM: which inputs of the operator are the parts of each direction. */
#include "ops/lstm_internal.h"

enum {
    FORWARD_CELL = 1,
    BACKWARD_CELL = 18,
    STATES = 35,
    AUX_INPUT = 39,
    AUX_WEIGHTS = 40,
    BOTH_INPUTS = 48
};

static void map_direction(const struct pl_prepare *prepare, bool backward, struct pl_lstm *lstm)
{
    const int32_t first = backward ? BACKWARD_CELL : FORWARD_CELL;
    lstm->backward = backward;
    for (int32_t part = 0; part < PL_LSTM_PARTS; part++) lstm->at[part] = -1;
    lstm->at[PL_LSTM_INPUT] = PL_LSTM_INPUT;
    for (int32_t part = PL_LSTM_INPUT_WEIGHTS; part <= PL_LSTM_PROJECTION_BIAS; part++)
        lstm->at[part] = pl_lstm_input_at(prepare, first + part - PL_LSTM_INPUT_WEIGHTS);
    lstm->at[PL_LSTM_OUTPUT_STATE] = pl_lstm_input_at(prepare, STATES + (backward ? 2 : 0));
    lstm->at[PL_LSTM_CELL_STATE] = pl_lstm_input_at(prepare, STATES + (backward ? 3 : 1));
}

/* With weights of its own, the auxiliary input is one more input of both cells; without, it is the
 * backward cell's input. */
static pl_status map_aux(struct pl_prepare *prepare, struct pl_lstm *directions)
{
    const struct pl_value *aux = prepare->inputs[AUX_INPUT];
    const bool weighted = pl_lstm_input_at(prepare, AUX_WEIGHTS + PL_LSTM_FORGET_GATE) >= 0;
    if (weighted && aux == NULL)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "there are weights for an auxiliary input, but no such input");
    if (aux == NULL) return PL_OK;
    PL_TRY(pl_check_type(prepare, pl_input(AUX_INPUT), PL_TYPES_FLOAT));
    PL_TRY(pl_check_rank(prepare, pl_input(AUX_INPUT), 3, 3));
    PL_TRY(pl_check_rank(prepare, pl_input(PL_LSTM_INPUT), 3, 3));
    struct pl_shape expected = prepare->inputs[PL_LSTM_INPUT]->shape;
    if (weighted) expected.dims[2] = aux->shape.dims[2];
    PL_TRY(pl_recurrent_check_tensor(prepare, AUX_INPUT, PL_TYPES_FLOAT, expected));
    if (!weighted) {
        directions[1].at[PL_LSTM_INPUT] = AUX_INPUT;
        return PL_OK;
    }
    if (expected.dims[2] < 1 || expected.dims[2] > PL_RECURRENT_MOST_ELEMENTS)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(AUX_INPUT),
                             "found vectors of %d, 1 to %d are supported", (int)expected.dims[2],
                             (int)PL_RECURRENT_MOST_ELEMENTS);
    for (int32_t d = 0; d < 2; d++) {
        directions[d].aux_inputs = expected.dims[2];
        directions[d].at[PL_LSTM_AUX_INPUT] = AUX_INPUT;
        for (int32_t gate = 0; gate < PL_LSTM_GATES; gate++)
            directions[d].at[PL_LSTM_AUX_WEIGHTS + gate] =
                pl_lstm_input_at(prepare, AUX_WEIGHTS + d * PL_LSTM_GATES + gate);
    }
    return PL_OK;
}

static pl_status set_outputs(struct pl_prepare *prepare, bool merged, struct pl_lstm *directions)
{
    struct pl_shape output = prepare->inputs[PL_LSTM_INPUT]->shape;
    int32_t width = 0;
    for (int32_t d = 0; d < 2; d++) {
        PL_TRY(pl_check_type(prepare, pl_output(merged ? 0 : d), PL_TYPES_FLOAT));
        directions[d].output = merged ? 0 : d;
        directions[d].output_offset = merged ? width : 0;
        width += directions[d].outputs;
        output.dims[2] = directions[d].outputs;
        if (!merged) PL_TRY(pl_check_set_output(prepare, d, &output));
    }
    if (!merged) return PL_OK;
    directions[0].output_width = directions[1].output_width = width;
    output.dims[2] = width;
    return pl_check_set_output(prepare, 0, &output);
}

pl_status pl_prepare_bidirectional_sequence_lstm(struct pl_prepare *prepare)
{
    static const struct pl_lstm_option_fields fields = {
        PL_BidirectionalSequenceLSTMOptions_fused_activation_function,
        PL_BidirectionalSequenceLSTMOptions_cell_clip,
        PL_BidirectionalSequenceLSTMOptions_proj_clip};
    const struct pl_record *options = prepare->op->options;
    const bool merged =
        pl_record_integer(options, PL_BidirectionalSequenceLSTMOptions_merge_outputs) != 0;
    struct pl_lstm directions[PL_LSTM_MOST_DIRECTIONS] = {{0}};
    PL_TRY(pl_check_arity(prepare, 1, BOTH_INPUTS, merged ? 1 : 2));
    if (prepare->input_count != BOTH_INPUTS)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL, "found %d inputs, expected %d",
                               (int)prepare->input_count, (int)BOTH_INPUTS);
    PL_TRY(pl_check_type(prepare, pl_input(PL_LSTM_INPUT), PL_TYPES_FLOAT));
    map_direction(prepare, false, &directions[0]);
    map_direction(prepare, true, &directions[1]);
    PL_TRY(map_aux(prepare, directions));
    for (int32_t d = 0; d < 2; d++) {
        directions[d].time_major =
            pl_record_integer(options, PL_BidirectionalSequenceLSTMOptions_time_major) != 0;
        PL_TRY(pl_lstm_read_options(prepare, fields, &directions[d]));
        PL_TRY(pl_lstm_check_direction(prepare, 3, &directions[d]));
    }
    PL_TRY(set_outputs(prepare, merged, directions));
    return pl_lstm_prepare_float(
        prepare, directions, 2,
        pl_record_integer(options,
                          PL_BidirectionalSequenceLSTMOptions_asymmetric_quantize_inputs) != 0);
}
