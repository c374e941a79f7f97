/* SPDX-License-Identifier: Apache-2.0 */
/* LSTM on float activations, in one direction or two. Weights are float, or int8 with a scale
 * ("hybrid"): see recurrent.h. */
#include <string.h>

#include "ops/lstm_internal.h"

struct direction {
    struct pl_lstm lstm;
    struct pl_recurrent_weights input_weights[PL_LSTM_GATES];
    struct pl_recurrent_weights aux_weights[PL_LSTM_GATES];
    struct pl_recurrent_weights recurrent_weights[PL_LSTM_GATES];
    struct pl_recurrent_weights projection;
    const float *peepholes[PL_LSTM_GATES]; /* hybrid: int8 times scale */
};

struct lstm_float {
    struct pl_recurrent recurrent; /* first: its stage reads it */
    struct direction directions[PL_LSTM_MOST_DIRECTIONS];
};

enum { SCRATCH_WORK };

/* What one worker works on. */
struct work {
    float *gates[PL_LSTM_GATES];
    float *hidden;
    struct pl_recurrent_factor input;
    struct pl_recurrent_factor aux;
    struct pl_recurrent_factor state;
    struct pl_recurrent_factor projected;
};

static size_t work_bytes(const struct pl_lstm *lstm)
{
    const size_t floats = (size_t)lstm->cells * (PL_LSTM_GATES + 1);
    return floats * sizeof(float) + (size_t)lstm->inputs + (size_t)lstm->aux_inputs +
           (size_t)lstm->outputs + (size_t)lstm->cells;
}

static struct work carve_work(const struct pl_lstm *lstm, void *scratch)
{
    struct work work;
    memset(&work, 0, sizeof work);
    float *floats = scratch;
    for (int32_t gate = 0; gate < PL_LSTM_GATES; gate++, floats += lstm->cells)
        work.gates[gate] = floats;
    work.hidden = floats;
    work.input.quantized = (int8_t *)(floats + lstm->cells);
    work.aux.quantized = work.input.quantized + lstm->inputs;
    work.state.quantized = work.aux.quantized + lstm->aux_inputs;
    work.projected.quantized = work.state.quantized + lstm->outputs;
    return work;
}

static const float *peephole_of(const struct pl_eval *eval, const struct direction *direction,
                                enum pl_lstm_gate gate)
{
    if (direction->peepholes[gate] != NULL) return direction->peepholes[gate];
    return pl_lstm_part(&direction->lstm, eval, pl_lstm_peephole(gate));
}

static void compute_gate(const struct pl_eval *eval, const struct direction *direction,
                         const struct work *work, enum pl_lstm_gate gate, const float *cell)
{
    const struct lstm_float *params = eval->params;
    const struct pl_lstm *lstm = &direction->lstm;
    const float *bias = pl_lstm_part(lstm, eval, PL_LSTM_BIASES + (int32_t)gate);
    float *sums = work->gates[gate];
    const size_t bytes = (size_t)lstm->cells * sizeof *sums;
    if (lstm->layer_norm) memset(sums, 0, bytes);
    else memcpy(sums, bias, bytes);
    pl_recurrent_add(&params->recurrent, eval, &direction->input_weights[gate], &work->input, sums);
    if (lstm->aux_inputs > 0)
        pl_recurrent_add(&params->recurrent, eval, &direction->aux_weights[gate], &work->aux, sums);
    if (lstm->diagonal[gate])
        lstm->kernels->add_elementwise(
            sums, pl_lstm_part(lstm, eval, PL_LSTM_RECURRENT_WEIGHTS + (int32_t)gate),
            work->state.values, lstm->cells);
    else
        pl_recurrent_add(&params->recurrent, eval, &direction->recurrent_weights[gate],
                         &work->state, sums);
    if (lstm->peephole && gate != PL_LSTM_CELL_GATE)
        lstm->kernels->add_elementwise(sums, peephole_of(eval, direction, gate), cell, lstm->cells);
    if (lstm->layer_norm)
        lstm->kernels->normalize(sums, pl_lstm_part(lstm, eval, PL_LSTM_NORMS + (int32_t)gate),
                                 bias, lstm->cells);
    lstm->kernels->activate(sums, sums, lstm->cells,
                            gate == PL_LSTM_CELL_GATE ? lstm->activation : PL_RECURRENT_LOGISTIC);
}

/* output = projection of output gate * activation(cell) */
static void compute_output(const struct pl_eval *eval, const struct direction *direction,
                           struct work *work, const float *cell, float *output)
{
    const struct lstm_float *params = eval->params;
    const struct pl_lstm *lstm = &direction->lstm;
    float *hidden = work->hidden;
    lstm->kernels->activate(hidden, cell, lstm->cells, lstm->activation);
    lstm->kernels->multiply(hidden, hidden, work->gates[PL_LSTM_OUTPUT_GATE], lstm->cells);
    const size_t bytes = (size_t)lstm->outputs * sizeof *output;
    if (!lstm->projection) {
        memcpy(output, hidden, bytes);
        return;
    }
    const float *bias = pl_lstm_part(lstm, eval, PL_LSTM_PROJECTION_BIAS);
    if (bias != NULL) memcpy(output, bias, bytes);
    else memset(output, 0, bytes);
    pl_recurrent_take(&params->recurrent, hidden, lstm->cells, &work->projected);
    pl_recurrent_add(&params->recurrent, eval, &direction->projection, &work->projected, output);
    if (lstm->projection_clip > 0.0f)
        lstm->kernels->clip(output, lstm->outputs, lstm->projection_clip);
}

static void run_step(const struct pl_eval *eval, const struct direction *direction,
                     struct work *work, int64_t row, float *state, float *cell)
{
    const struct lstm_float *params = eval->params;
    const struct pl_lstm *lstm = &direction->lstm;
    const float *input = pl_lstm_part(lstm, eval, PL_LSTM_INPUT);
    pl_recurrent_take(&params->recurrent, input + row * lstm->inputs, lstm->inputs, &work->input);
    if (lstm->aux_inputs > 0) {
        const float *aux = pl_lstm_part(lstm, eval, PL_LSTM_AUX_INPUT);
        pl_recurrent_take(&params->recurrent, aux + row * lstm->aux_inputs, lstm->aux_inputs,
                          &work->aux);
    }
    pl_recurrent_take(&params->recurrent, state, lstm->outputs, &work->state);
    if (!lstm->coupled) compute_gate(eval, direction, work, PL_LSTM_INPUT_GATE, cell);
    compute_gate(eval, direction, work, PL_LSTM_FORGET_GATE, cell);
    compute_gate(eval, direction, work, PL_LSTM_CELL_GATE, cell);
    lstm->kernels->update_cell(
        cell, work->gates[PL_LSTM_FORGET_GATE], work->gates[PL_LSTM_CELL_GATE],
        lstm->coupled ? NULL : work->gates[PL_LSTM_INPUT_GATE], lstm->cells, lstm->cell_clip);
    compute_gate(eval, direction, work, PL_LSTM_OUTPUT_GATE, cell);
    compute_output(eval, direction, work, cell, state);
}

/* A unit is a batch of a direction, through all times. */
static pl_status eval_batches(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct lstm_float *params = eval->params;
    for (int64_t unit = from; unit < to; unit++) {
        const int64_t batches = params->directions[0].lstm.batches, batch = unit % batches;
        const struct direction *direction = &params->directions[unit / batches];
        const struct pl_lstm *lstm = &direction->lstm;
        struct work work = carve_work(lstm, eval->scratch[SCRATCH_WORK]);
        float *state =
            (float *)pl_lstm_state(lstm, eval, PL_LSTM_OUTPUT_STATE) + batch * lstm->outputs;
        float *cell = (float *)pl_lstm_state(lstm, eval, PL_LSTM_CELL_STATE) + batch * lstm->cells;
        for (int64_t step = 0; step < lstm->times; step++) {
            const int64_t row = pl_lstm_row(lstm, batch, step);
            run_step(eval, direction, &work, row, state, cell);
            memcpy((float *)eval->outputs[lstm->output] + row * lstm->output_width +
                       lstm->output_offset,
                   state, (size_t)lstm->outputs * sizeof *state);
        }
    }
    return PL_OK;
}

/* ---- prepare --------------------------------------------------------------------------------- */

static pl_status prepare_hybrid_peephole(struct pl_prepare *prepare, struct direction *direction,
                                         enum pl_lstm_gate gate)
{
    const struct pl_place place = pl_input(direction->lstm.at[pl_lstm_peephole(gate)]);
    PL_TRY(pl_check_constant(prepare, place));
    PL_TRY(pl_check_quantized(prepare, place));
    const int32_t cells = direction->lstm.cells;
    float *recovered = pl_prepare_allocate(prepare, (size_t)cells * sizeof *recovered);
    if (recovered == NULL) return PL_OUT_OF_MEMORY;
    const struct pl_value *value = prepare->inputs[place.index];
    const float scale = value->tensor->quantization.scales[0];
    for (int32_t i = 0; i < cells; i++)
        recovered[i] = scale * (float)((const int8_t *)value->constant)[i];
    direction->peepholes[gate] = recovered;
    return PL_OK;
}

static pl_status prepare_gate(struct pl_prepare *prepare, struct pl_recurrent *recurrent,
                              struct direction *direction, enum pl_lstm_gate gate)
{
    const struct pl_lstm *lstm = &direction->lstm;
    const int32_t *at = &lstm->at[(int32_t)gate];
    PL_TRY(pl_recurrent_prepare_weights(prepare, recurrent, at[PL_LSTM_INPUT_WEIGHTS],
                                        &direction->input_weights[gate]));
    if (lstm->aux_inputs > 0)
        PL_TRY(pl_recurrent_prepare_weights(prepare, recurrent, at[PL_LSTM_AUX_WEIGHTS],
                                            &direction->aux_weights[gate]));
    if (!lstm->diagonal[gate])
        PL_TRY(pl_recurrent_prepare_weights(prepare, recurrent, at[PL_LSTM_RECURRENT_WEIGHTS],
                                            &direction->recurrent_weights[gate]));
    if (recurrent->hybrid && lstm->peephole && gate != PL_LSTM_CELL_GATE)
        return prepare_hybrid_peephole(prepare, direction, gate);
    return PL_OK;
}

static pl_status prepare_direction(struct pl_prepare *prepare, struct pl_recurrent *recurrent,
                                   struct direction *direction)
{
    const struct pl_lstm *lstm = &direction->lstm;
    for (int32_t gate = (int32_t)pl_lstm_first_gate(lstm); gate < PL_LSTM_GATES; gate++)
        PL_TRY(prepare_gate(prepare, recurrent, direction, (enum pl_lstm_gate)gate));
    if (!lstm->projection) return PL_OK;
    return pl_recurrent_prepare_weights(prepare, recurrent, lstm->at[PL_LSTM_PROJECTION],
                                        &direction->projection);
}

static pl_type weights_type(const struct pl_prepare *prepare, const struct pl_lstm *lstm)
{
    const int32_t weights = lstm->at[PL_LSTM_INPUT_WEIGHTS + PL_LSTM_OUTPUT_GATE];
    return prepare->inputs[weights]->tensor->type;
}

pl_status pl_lstm_prepare_float(struct pl_prepare *prepare, const struct pl_lstm *directions,
                                int32_t count, bool asymmetric)
{
    struct lstm_float *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    const pl_type type = weights_type(prepare, &directions[0]);
    if (weights_type(prepare, &directions[count - 1]) != type)
        return pl_prepare_fail(prepare, PL_MISMATCH,
                               "the weights of both directions differ in type");
    pl_recurrent_prepare(prepare, type, asymmetric, &params->recurrent);
    size_t bytes = 0;
    for (int32_t d = 0; d < count; d++) {
        params->directions[d].lstm = directions[d];
        PL_TRY(prepare_direction(prepare, &params->recurrent, &params->directions[d]));
        if (work_bytes(&directions[d]) > bytes) bytes = work_bytes(&directions[d]);
    }
    prepare->params = params;
    pl_prepare_scratch(prepare, bytes, true);
    pl_recurrent_prepare_late(prepare, &params->recurrent);
    pl_lstm_add_stage(prepare, &directions[0], count, eval_batches);
    return PL_OK;
}
