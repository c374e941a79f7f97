/* SPDX-License-Identifier: Apache-2.0 */
/* LSTM and UNIDIRECTIONAL_SEQUENCE_LSTM: checks that all kinds share, those of both directions too,
 * and the choice of the kind by the types. */
#include <math.h>

#include "ops/lstm_internal.h"

static bool given(const struct pl_lstm *lstm, int32_t part)
{
    return lstm->at[part] >= 0;
}

/* Whether all of `count` optional parts are there (*present) or none; a mixture fails. */
static pl_status all_or_none(struct pl_prepare *prepare, const struct pl_lstm *lstm,
                             const int32_t *parts, int32_t count, bool *present)
{
    *present = given(lstm, parts[0]);
    for (int32_t i = 1; i < count; i++) {
        if (given(lstm, parts[i]) != *present) {
            return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                                   "tensors %d and %d of a cell must both be there or both left "
                                   "out",
                                   (int)parts[0], (int)parts[i]);
        }
    }
    return PL_OK;
}

static pl_status check_part(struct pl_prepare *prepare, const struct pl_lstm *lstm, int32_t part,
                            uint32_t types, struct pl_shape shape)
{
    if (given(lstm, part)) return pl_recurrent_check_tensor(prepare, lstm->at[part], types, shape);
    return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                           "tensor %d of a cell is left out, but it is not optional", (int)part);
}

/* The types of the parts, which follow from those of input and weights. */
struct kind {
    uint32_t weights;
    uint32_t peephole;
    uint32_t bias;
    uint32_t norm;
    pl_type output_state;
    pl_type cell_state;
};

static pl_status choose_kind(struct pl_prepare *prepare, const struct pl_lstm *lstm,
                             struct kind *kind)
{
    const uint32_t int8 = PL_TYPE_BIT(PL_INT8), floats = PL_TYPES_FLOAT;
    const struct pl_place weights = pl_input(lstm->at[PL_LSTM_INPUT_WEIGHTS + PL_LSTM_OUTPUT_GATE]);
    PL_TRY(pl_check_type(prepare, pl_input(lstm->at[PL_LSTM_INPUT]), floats | int8));
    const bool integer = prepare->inputs[lstm->at[PL_LSTM_INPUT]]->tensor->type == PL_INT8;
    PL_TRY(pl_check_type(prepare, weights, integer ? int8 : floats | PL_TYPES_QUANTIZED_8));
    kind->weights = PL_TYPE_BIT(prepare->inputs[weights.index]->tensor->type);
    kind->peephole = integer ? PL_TYPE_BIT(PL_INT16) : kind->weights;
    kind->bias = integer ? PL_TYPE_BIT(PL_INT32) : floats;
    kind->norm = integer ? PL_TYPE_BIT(PL_INT16) : floats;
    kind->output_state = integer ? PL_INT8 : PL_FLOAT32;
    kind->cell_state = integer ? PL_INT16 : PL_FLOAT32;
    return PL_OK;
}

/* Reads sizes from the shapes of the input and of the output gate's weights, which are always
 * there. */
static pl_status read_sizes(struct pl_prepare *prepare, struct pl_lstm *lstm, int32_t rank)
{
    const struct pl_place input_place = pl_input(lstm->at[PL_LSTM_INPUT]);
    const struct pl_place weights = pl_input(lstm->at[PL_LSTM_INPUT_WEIGHTS + PL_LSTM_OUTPUT_GATE]);
    const struct pl_place recurrent =
        pl_input(lstm->at[PL_LSTM_RECURRENT_WEIGHTS + PL_LSTM_OUTPUT_GATE]);
    PL_TRY(pl_check_rank(prepare, input_place, rank, rank));
    PL_TRY(pl_check_rank(prepare, weights, 2, 2));
    PL_TRY(pl_check_rank(prepare, recurrent, 1, 2));
    const struct pl_shape *input = &prepare->inputs[input_place.index]->shape;
    const struct pl_shape *recurrent_shape = &prepare->inputs[recurrent.index]->shape;
    lstm->times = rank == 2 ? 1 : input->dims[lstm->time_major ? 0 : 1];
    lstm->batches = input->dims[rank == 3 && lstm->time_major ? 1 : 0];
    lstm->inputs = input->dims[rank - 1];
    lstm->cells = prepare->inputs[weights.index]->shape.dims[0];
    lstm->outputs = recurrent_shape->dims[recurrent_shape->rank - 1];
    const int32_t sizes[] = {lstm->inputs, lstm->cells, lstm->outputs};
    for (int32_t i = 0; i < 3; i++) {
        if (sizes[i] < 1 || sizes[i] > PL_RECURRENT_MOST_ELEMENTS)
            return pl_prepare_fail(
                prepare, PL_UNSUPPORTED, "%d inputs, %d cells, %d outputs: 1 to %d are supported",
                (int)sizes[0], (int)sizes[1], (int)sizes[2], (int)PL_RECURRENT_MOST_ELEMENTS);
    }
    return PL_OK;
}

static pl_status read_parts(struct pl_prepare *prepare, struct pl_lstm *lstm)
{
    static const int32_t input_gate[] = {PL_LSTM_INPUT_WEIGHTS, PL_LSTM_RECURRENT_WEIGHTS,
                                         PL_LSTM_BIASES};
    static const int32_t peepholes[] = {PL_LSTM_PEEPHOLES + 1, PL_LSTM_PEEPHOLES + 2,
                                        PL_LSTM_PEEPHOLES};
    static const int32_t norms[] = {PL_LSTM_NORMS + 1, PL_LSTM_NORMS + 2, PL_LSTM_NORMS + 3,
                                    PL_LSTM_NORMS};
    bool has_input_gate = false;
    PL_TRY(all_or_none(prepare, lstm, input_gate, 3, &has_input_gate));
    lstm->coupled = !has_input_gate;
    PL_TRY(all_or_none(prepare, lstm, peepholes, lstm->coupled ? 2 : 3, &lstm->peephole));
    PL_TRY(all_or_none(prepare, lstm, norms, lstm->coupled ? 3 : 4, &lstm->layer_norm));
    lstm->projection = given(lstm, PL_LSTM_PROJECTION);
    if (!lstm->projection && given(lstm, PL_LSTM_PROJECTION_BIAS))
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "there is a projection bias, but no projection");
    if (!lstm->projection && lstm->outputs != lstm->cells) {
        return pl_prepare_fail(prepare, PL_MISMATCH, "%d outputs of %d cells need a projection",
                               (int)lstm->outputs, (int)lstm->cells);
    }
    return PL_OK;
}

/* Recurrent weights of one dimension are a diagonal, of floats whatever the other weights are. */
static pl_status check_recurrent(struct pl_prepare *prepare, struct pl_lstm *lstm,
                                 const struct kind *kind, enum pl_lstm_gate gate)
{
    const int32_t part = PL_LSTM_RECURRENT_WEIGHTS + (int32_t)gate;
    lstm->diagonal[gate] = given(lstm, part) && lstm->cells == lstm->outputs &&
                           kind->output_state == PL_FLOAT32 &&
                           prepare->inputs[lstm->at[part]]->shape.rank == 1;
    if (lstm->diagonal[gate])
        return check_part(prepare, lstm, part, PL_TYPES_FLOAT,
                          pl_recurrent_vector_shape(lstm->cells));
    return check_part(prepare, lstm, part, kind->weights,
                      pl_recurrent_matrix_shape(lstm->cells, lstm->outputs));
}

static pl_status check_gate(struct pl_prepare *prepare, struct pl_lstm *lstm,
                            const struct kind *kind, enum pl_lstm_gate gate)
{
    const int32_t index = (int32_t)gate;
    const struct pl_shape cells = pl_recurrent_vector_shape(lstm->cells);
    PL_TRY(check_part(prepare, lstm, PL_LSTM_INPUT_WEIGHTS + index, kind->weights,
                      pl_recurrent_matrix_shape(lstm->cells, lstm->inputs)));
    PL_TRY(check_recurrent(prepare, lstm, kind, gate));
    PL_TRY(check_part(prepare, lstm, PL_LSTM_BIASES + index, kind->bias, cells));
    if (lstm->layer_norm)
        PL_TRY(check_part(prepare, lstm, PL_LSTM_NORMS + index, kind->norm, cells));
    if (lstm->aux_inputs > 0)
        PL_TRY(check_part(prepare, lstm, PL_LSTM_AUX_WEIGHTS + index, kind->weights,
                          pl_recurrent_matrix_shape(lstm->cells, lstm->aux_inputs)));
    const int32_t peephole = pl_lstm_peephole(gate);
    if (lstm->peephole && peephole >= 0)
        return check_part(prepare, lstm, peephole, kind->peephole, cells);
    return PL_OK;
}

static pl_status check_states(struct pl_prepare *prepare, const struct pl_lstm *lstm,
                              const struct kind *kind)
{
    const int64_t batches = lstm->batches;
    if (!given(lstm, PL_LSTM_OUTPUT_STATE) || !given(lstm, PL_LSTM_CELL_STATE))
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "a state is left out, but it is not optional");
    PL_TRY(pl_recurrent_check_state(prepare, lstm->at[PL_LSTM_OUTPUT_STATE], kind->output_state,
                                    batches * lstm->outputs));
    return pl_recurrent_check_state(prepare, lstm->at[PL_LSTM_CELL_STATE], kind->cell_state,
                                    batches * lstm->cells);
}

pl_status pl_lstm_check_direction(struct pl_prepare *prepare, int32_t rank, struct pl_lstm *lstm)
{
    static const int32_t first[] = {PL_LSTM_INPUT_WEIGHTS + PL_LSTM_OUTPUT_GATE,
                                    PL_LSTM_RECURRENT_WEIGHTS + PL_LSTM_OUTPUT_GATE};
    bool there = false;
    struct kind kind = {0};
    PL_TRY(all_or_none(prepare, lstm, first, 2, &there));
    if (!there)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "the weights of the output gate are left out");
    PL_TRY(choose_kind(prepare, lstm, &kind));
    PL_TRY(read_sizes(prepare, lstm, rank));
    PL_TRY(read_parts(prepare, lstm));
    for (int32_t gate = (int32_t)pl_lstm_first_gate(lstm); gate < PL_LSTM_GATES; gate++)
        PL_TRY(check_gate(prepare, lstm, &kind, (enum pl_lstm_gate)gate));
    if (lstm->projection)
        PL_TRY(check_part(prepare, lstm, PL_LSTM_PROJECTION, kind.weights,
                          pl_recurrent_matrix_shape(lstm->outputs, lstm->cells)));
    if (given(lstm, PL_LSTM_PROJECTION_BIAS))
        PL_TRY(check_part(prepare, lstm, PL_LSTM_PROJECTION_BIAS, kind.bias,
                          pl_recurrent_vector_shape(lstm->outputs)));
    lstm->output_width = lstm->outputs;
    return check_states(prepare, lstm, &kind);
}

pl_status pl_lstm_read_options(struct pl_prepare *prepare, struct pl_lstm_option_fields fields,
                               struct pl_lstm *lstm)
{
    const struct pl_record *options = prepare->op->options;
    lstm->kernels = prepare->kernels->recurrent;
    lstm->cell_clip = pl_record_real(options, fields.cell_clip);
    lstm->projection_clip = pl_record_real(options, fields.projection_clip);
    if (!(lstm->cell_clip >= 0.0f) || !(lstm->projection_clip >= 0.0f) || isinf(lstm->cell_clip) ||
        isinf(lstm->projection_clip))
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "cell_clip and proj_clip must not be negative");
    return pl_recurrent_activation(prepare, pl_record_integer(options, fields.activation),
                                   &lstm->activation);
}

int32_t pl_lstm_input_at(const struct pl_prepare *prepare, int32_t input)
{
    return input < prepare->input_count && prepare->inputs[input] != NULL ? input : -1;
}

/* ---- one direction --------------------------------------------------------------------------- */

static pl_status prepare_one(struct pl_prepare *prepare, struct pl_lstm_option_fields fields,
                             int32_t rank, bool time_major, bool asymmetric)
{
    struct pl_lstm lstm = {.time_major = time_major};
    PL_TRY(pl_check_arity(prepare, 1, PL_LSTM_MOST_INPUTS, 1));
    if (prepare->input_count != PL_LSTM_NORMS && prepare->input_count != PL_LSTM_MOST_INPUTS) {
        return pl_prepare_fail(prepare, PL_INVALID_MODEL, "found %d inputs, expected 20 or 24",
                               (int)prepare->input_count);
    }
    for (int32_t part = 0; part < PL_LSTM_PARTS; part++)
        lstm.at[part] = part < PL_LSTM_MOST_INPUTS ? pl_lstm_input_at(prepare, part) : -1;
    PL_TRY(pl_lstm_read_options(prepare, fields, &lstm));
    PL_TRY(pl_lstm_check_direction(prepare, rank, &lstm));
    PL_TRY(pl_check_same_type(prepare, pl_input(PL_LSTM_INPUT), pl_output(0)));
    struct pl_shape output = prepare->inputs[PL_LSTM_INPUT]->shape;
    output.dims[rank - 1] = lstm.outputs;
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    if (prepare->inputs[PL_LSTM_INPUT]->tensor->type == PL_FLOAT32)
        return pl_lstm_prepare_float(prepare, &lstm, 1, asymmetric);
    if (rank == 2 && prepare->op->intermediate_count == PL_LSTM_NARROW_INTERMEDIATES)
        return pl_lstm_prepare_narrow(prepare, &lstm);
    return pl_lstm_prepare_integer(prepare, &lstm);
}

pl_status pl_prepare_lstm(struct pl_prepare *prepare)
{
    static const struct pl_lstm_option_fields fields = {PL_LSTMOptions_fused_activation_function,
                                                        PL_LSTMOptions_cell_clip,
                                                        PL_LSTMOptions_proj_clip};
    const struct pl_record *options = prepare->op->options;
    if (pl_record_integer(options, PL_LSTMOptions_kernel_type) == PL_LSTMKernelType_BASIC)
        return pl_lstm_prepare_basic(prepare);
    return prepare_one(prepare, fields, 2, true,
                       pl_record_integer(options, PL_LSTMOptions_asymmetric_quantize_inputs) != 0);
}

pl_status pl_prepare_unidirectional_sequence_lstm(struct pl_prepare *prepare)
{
    static const struct pl_lstm_option_fields fields = {
        PL_UnidirectionalSequenceLSTMOptions_fused_activation_function,
        PL_UnidirectionalSequenceLSTMOptions_cell_clip,
        PL_UnidirectionalSequenceLSTMOptions_proj_clip};
    const struct pl_record *options = prepare->op->options;
    return prepare_one(
        prepare, fields, 3,
        pl_record_integer(options, PL_UnidirectionalSequenceLSTMOptions_time_major) != 0,
        pl_record_integer(options,
                          PL_UnidirectionalSequenceLSTMOptions_asymmetric_quantize_inputs) != 0);
}
