/* SPDX-License-Identifier: Apache-2.0 */
/* UNIDIRECTIONAL_SEQUENCE_LSTM: checks that all kinds share, and the choice of the kind by the
 * types. */
#include <math.h>

#include "ops/lstm_internal.h"

/* Sums of int8 products of this many elements fit 32 bits. */
enum { MAX_DIM = 1 << 16 };

static bool given(const struct pl_prepare *prepare, int32_t input)
{
    return input < prepare->input_count && prepare->inputs[input] != NULL;
}

/* Whether all of `count` optional inputs are there (*present) or none; a mixture fails. */
static pl_status all_or_none(struct pl_prepare *prepare, const int32_t *inputs, int32_t count,
                             bool *present)
{
    *present = given(prepare, inputs[0]);
    for (int32_t i = 1; i < count; i++) {
        if (given(prepare, inputs[i]) != *present) {
            return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                                   "inputs %d and %d must both be there or both left out",
                                   (int)inputs[0], (int)inputs[i]);
        }
    }
    return PL_OK;
}

static pl_status check_tensor(struct pl_prepare *prepare, int32_t input, pl_type type,
                              struct pl_shape shape)
{
    if (!given(prepare, input))
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "input %d is left out, but it is not optional", (int)input);
    PL_TRY(pl_check_type(prepare, pl_input(input), PL_TYPE_BIT(type)));
    if (pl_shape_equal(&prepare->inputs[input]->shape, &shape)) return PL_OK;
    char found[PL_SHAPE_TEXT_BYTES];
    char expected[PL_SHAPE_TEXT_BYTES];
    return pl_check_fail(prepare, PL_MISMATCH, pl_input(input), "found shape %s, expected %s",
                         pl_shape_text(&prepare->inputs[input]->shape, found),
                         pl_shape_text(&shape, expected));
}

static struct pl_shape matrix(int32_t rows, int32_t columns)
{
    return (struct pl_shape){2, {rows, columns}};
}

static struct pl_shape vector(int32_t count)
{
    return (struct pl_shape){1, {count}};
}

/* The types of the parts, which follow from those of input and weights. */
struct kind {
    pl_type weights;
    pl_type peephole;
    pl_type bias;
    pl_type norm;
    pl_type output_state;
    pl_type cell_state;
};

static pl_status choose_kind(struct pl_prepare *prepare, struct kind *kind)
{
    const uint32_t allowed = PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_INT8);
    PL_TRY(pl_check_type(prepare, pl_input(PL_LSTM_INPUT), allowed));
    const bool integer = prepare->inputs[PL_LSTM_INPUT]->tensor->type == PL_INT8;
    const int32_t weights = PL_LSTM_INPUT_WEIGHTS + PL_LSTM_OUTPUT_GATE;
    PL_TRY(pl_check_type(prepare, pl_input(weights), integer ? PL_TYPE_BIT(PL_INT8) : allowed));
    kind->weights = prepare->inputs[weights]->tensor->type;
    kind->peephole = integer ? PL_INT16 : kind->weights;
    kind->bias = integer ? PL_INT32 : PL_FLOAT32;
    kind->norm = integer ? PL_INT16 : PL_FLOAT32;
    kind->output_state = integer ? PL_INT8 : PL_FLOAT32;
    kind->cell_state = integer ? PL_INT16 : PL_FLOAT32;
    return PL_OK;
}

/* Reads sizes from the shapes of the input and of the output gate's weights, which are always
 * there. */
static pl_status read_sizes(struct pl_prepare *prepare, struct pl_lstm *lstm)
{
    const int32_t weights = PL_LSTM_INPUT_WEIGHTS + PL_LSTM_OUTPUT_GATE;
    const int32_t recurrent = PL_LSTM_RECURRENT_WEIGHTS + PL_LSTM_OUTPUT_GATE;
    PL_TRY(pl_check_rank(prepare, pl_input(PL_LSTM_INPUT), 3, 3));
    PL_TRY(pl_check_rank(prepare, pl_input(weights), 2, 2));
    PL_TRY(pl_check_rank(prepare, pl_input(recurrent), 2, 2));
    const struct pl_shape *input = &prepare->inputs[PL_LSTM_INPUT]->shape;
    lstm->time_major = pl_record_integer(prepare->op->options,
                                         PL_UnidirectionalSequenceLSTMOptions_time_major) != 0;
    lstm->times = input->dims[lstm->time_major ? 0 : 1];
    lstm->batches = input->dims[lstm->time_major ? 1 : 0];
    lstm->inputs = input->dims[2];
    lstm->cells = prepare->inputs[weights]->shape.dims[0];
    lstm->outputs = prepare->inputs[recurrent]->shape.dims[1];
    const int32_t sizes[] = {lstm->inputs, lstm->cells, lstm->outputs};
    for (int32_t i = 0; i < 3; i++) {
        if (sizes[i] < 1 || sizes[i] > MAX_DIM)
            return pl_prepare_fail(prepare, PL_UNSUPPORTED,
                                   "%d inputs, %d cells, %d outputs: 1 to %d are supported",
                                   (int)sizes[0], (int)sizes[1], (int)sizes[2], (int)MAX_DIM);
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
    PL_TRY(all_or_none(prepare, input_gate, 3, &has_input_gate));
    lstm->coupled = !has_input_gate;
    PL_TRY(all_or_none(prepare, peepholes, lstm->coupled ? 2 : 3, &lstm->peephole));
    PL_TRY(all_or_none(prepare, norms, lstm->coupled ? 3 : 4, &lstm->layer_norm));
    lstm->projection = given(prepare, PL_LSTM_PROJECTION);
    if (!lstm->projection && given(prepare, PL_LSTM_PROJECTION_BIAS))
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "there is a projection bias, but no projection");
    if (!lstm->projection && lstm->outputs != lstm->cells) {
        return pl_prepare_fail(prepare, PL_MISMATCH, "%d outputs of %d cells need a projection",
                               (int)lstm->outputs, (int)lstm->cells);
    }
    return PL_OK;
}

static pl_status check_gate(struct pl_prepare *prepare, const struct pl_lstm *lstm,
                            const struct kind *kind, enum pl_lstm_gate gate)
{
    const int32_t index = (int32_t)gate;
    PL_TRY(check_tensor(prepare, PL_LSTM_INPUT_WEIGHTS + index, kind->weights,
                        matrix(lstm->cells, lstm->inputs)));
    PL_TRY(check_tensor(prepare, PL_LSTM_RECURRENT_WEIGHTS + index, kind->weights,
                        matrix(lstm->cells, lstm->outputs)));
    PL_TRY(check_tensor(prepare, PL_LSTM_BIASES + index, kind->bias, vector(lstm->cells)));
    if (lstm->layer_norm)
        PL_TRY(check_tensor(prepare, PL_LSTM_NORMS + index, kind->norm, vector(lstm->cells)));
    const int32_t peephole = pl_lstm_peephole(gate);
    if (lstm->peephole && peephole >= 0)
        return check_tensor(prepare, peephole, kind->peephole, vector(lstm->cells));
    return PL_OK;
}

static pl_status check_state(struct pl_prepare *prepare, int32_t input, pl_type type, int64_t count)
{
    if (!given(prepare, input))
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "input %d is left out, but it is not optional", (int)input);
    PL_TRY(pl_check_type(prepare, pl_input(input), PL_TYPE_BIT(type)));
    if (!prepare->inputs[input]->tensor->is_variable)
        return pl_check_fail(prepare, PL_INVALID_MODEL, pl_input(input),
                             "a state must be a variable tensor");
    return pl_check_count(prepare, pl_input(input), count);
}

static pl_status read_options(struct pl_prepare *prepare, struct pl_lstm *lstm)
{
    const struct pl_record *options = prepare->op->options;
    lstm->cell_clip = pl_record_real(options, PL_UnidirectionalSequenceLSTMOptions_cell_clip);
    lstm->projection_clip = pl_record_real(options, PL_UnidirectionalSequenceLSTMOptions_proj_clip);
    if (!(lstm->cell_clip >= 0.0f) || !(lstm->projection_clip >= 0.0f) || isinf(lstm->cell_clip) ||
        isinf(lstm->projection_clip))
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "cell_clip and proj_clip must not be negative");
    if (pl_record_integer(options,
                          PL_UnidirectionalSequenceLSTMOptions_diagonal_recurrent_tensors) != 0)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED,
                               "diagonal_recurrent_tensors is not supported");
    const int64_t activation =
        pl_record_integer(options, PL_UnidirectionalSequenceLSTMOptions_fused_activation_function);
    switch (activation) {
    case PL_ActivationFunctionType_NONE: lstm->activation = PL_RECURRENT_NONE; break;
    case PL_ActivationFunctionType_RELU: lstm->activation = PL_RECURRENT_RELU; break;
    case PL_ActivationFunctionType_RELU_N1_TO_1:
        lstm->activation = PL_RECURRENT_RELU_N1_TO_1;
        break;
    case PL_ActivationFunctionType_RELU6: lstm->activation = PL_RECURRENT_RELU6; break;
    case PL_ActivationFunctionType_TANH: lstm->activation = PL_RECURRENT_TANH; break;
    default:
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "fused activation %lld is not supported",
                               (long long)activation);
    }
    return PL_OK;
}

static pl_status check_all(struct pl_prepare *prepare, struct pl_lstm *lstm)
{
    struct kind kind = {0};
    PL_TRY(choose_kind(prepare, &kind));
    PL_TRY(pl_check_same_type(prepare, pl_input(PL_LSTM_INPUT), pl_output(0)));
    PL_TRY(read_options(prepare, lstm));
    PL_TRY(read_sizes(prepare, lstm));
    PL_TRY(read_parts(prepare, lstm));
    for (int32_t gate = lstm->coupled ? PL_LSTM_FORGET_GATE : PL_LSTM_INPUT_GATE;
         gate < PL_LSTM_GATES; gate++)
        PL_TRY(check_gate(prepare, lstm, &kind, (enum pl_lstm_gate)gate));
    if (lstm->projection)
        PL_TRY(check_tensor(prepare, PL_LSTM_PROJECTION, kind.weights,
                            matrix(lstm->outputs, lstm->cells)));
    if (given(prepare, PL_LSTM_PROJECTION_BIAS))
        PL_TRY(check_tensor(prepare, PL_LSTM_PROJECTION_BIAS, kind.bias, vector(lstm->outputs)));
    const int64_t batches = lstm->batches;
    PL_TRY(check_state(prepare, PL_LSTM_OUTPUT_STATE, kind.output_state, batches * lstm->outputs));
    return check_state(prepare, PL_LSTM_CELL_STATE, kind.cell_state, batches * lstm->cells);
}

pl_status pl_prepare_unidirectional_sequence_lstm(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, PL_LSTM_MOST_INPUTS, 1));
    if (prepare->input_count != PL_LSTM_NORMS && prepare->input_count != PL_LSTM_MOST_INPUTS) {
        return pl_prepare_fail(prepare, PL_INVALID_MODEL, "found %d inputs, expected 20 or 24",
                               (int)prepare->input_count);
    }
    static const int32_t first[] = {PL_LSTM_INPUT_WEIGHTS + PL_LSTM_OUTPUT_GATE,
                                    PL_LSTM_RECURRENT_WEIGHTS + PL_LSTM_OUTPUT_GATE};
    bool there = false;
    PL_TRY(all_or_none(prepare, first, 2, &there));
    if (!there)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "the weights of the output gate are left out");

    struct pl_lstm lstm = {.kernels = prepare->kernels->recurrent};
    PL_TRY(check_all(prepare, &lstm));
    struct pl_shape output = prepare->inputs[PL_LSTM_INPUT]->shape;
    output.dims[2] = lstm.outputs;
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    if (prepare->inputs[PL_LSTM_INPUT]->tensor->type == PL_INT8)
        return pl_lstm_prepare_integer(prepare, &lstm);
    return pl_lstm_prepare_float(prepare, &lstm);
}
