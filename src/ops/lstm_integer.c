/* SPDX-License-Identifier: Apache-2.0 */
/* LSTM on int8 activations with an int16 cell and int16 gates, bit for bit as the reference ("8x8
 * to 16"). Scales are multiplied in float where the reference does so. */
#include <math.h>
#include <string.h>

#include "ops/lstm_weights.h"
#include "ops/quantize.h"

struct lstm_integer {
    struct pl_lstm lstm;
    struct pl_lstm_weights input_weights[PL_LSTM_GATES];
    struct pl_lstm_weights recurrent_weights[PL_LSTM_GATES];
    struct pl_lstm_weights projection;
    struct pl_multiplier peepholes[PL_LSTM_GATES];
    struct pl_multiplier norms[PL_LSTM_GATES];
    int32_t least_variances[PL_LSTM_GATES];
    struct pl_multiplier hidden;
    int32_t hidden_zero_point;
    int32_t output_zero_point;
    int32_t cell_exponent; /* the cell's scale is 2^cell_exponent */
    int16_t cell_clip;
    int8_t projection_clip;
};

/* What one worker works on. */
struct work {
    int16_t *gates[PL_LSTM_GATES];
    int16_t *activated;
    int8_t *hidden;
};

/* What one step of a batch reads and changes. */
struct step {
    int64_t batch;
    const int8_t *input;
    int8_t *state;
    int16_t *cell;
};

enum { INTERMEDIATES = 5, HIDDEN = 4, GATE_FRACTION_BITS = 12, GATE_INTEGER_BITS = 3 };

static size_t work_bytes(const struct pl_lstm *lstm)
{
    return (size_t)lstm->cells * ((PL_LSTM_GATES + 1) * sizeof(int16_t) + sizeof(int8_t));
}

static struct work carve_work(const struct pl_lstm *lstm, void *scratch)
{
    struct work work;
    memset(&work, 0, sizeof work);
    int16_t *items = scratch;
    for (int32_t gate = 0; gate < PL_LSTM_GATES; gate++, items += lstm->cells)
        work.gates[gate] = items;
    work.activated = items;
    work.hidden = (int8_t *)(items + lstm->cells);
    return work;
}

static void add_product(const struct pl_eval *eval, const struct lstm_integer *params,
                        const struct pl_lstm_weights *weights, const int8_t *x, int16_t *gate)
{
    const struct pl_recurrent_matrix matrix = pl_lstm_matrix(eval, weights);
    params->lstm.kernels->add_product_int16(gate, x, &matrix, weights->bias, weights->multiplier);
}

/* The reference lays a peephole's weights over the cells as if there were as many of these as
 * outputs: one vector after another, over all batches if time is the first dimension. Without a
 * projection to another size that is what it should be. */
static void add_peephole(const struct pl_eval *eval, const struct lstm_integer *params,
                         enum pl_lstm_gate gate, int64_t batch, const int16_t *cell, int16_t *sums)
{
    const struct pl_lstm *lstm = &params->lstm;
    const int16_t *weights = eval->inputs[pl_lstm_peephole(gate)];
    const int64_t batches = lstm->time_major ? lstm->batches : 1;
    const int64_t first = lstm->time_major ? batch * lstm->cells : 0;
    const int64_t rest = batches * lstm->outputs - first;
    const int32_t count = rest < lstm->cells ? (int32_t)rest : lstm->cells;
    for (int32_t c = 0; c < count;) {
        const int32_t weight = (int32_t)((first + c) % lstm->outputs);
        const int32_t run = lstm->outputs - weight < count - c ? lstm->outputs - weight : count - c;
        lstm->kernels->add_elementwise_int16(sums + c, weights + weight, cell + c, run,
                                             params->peepholes[gate]);
        c += run;
    }
}

static void compute_gate(const struct pl_eval *eval, const struct lstm_integer *params,
                         const struct work *work, enum pl_lstm_gate gate, const struct step *step)
{
    const struct pl_lstm *lstm = &params->lstm;
    int16_t *sums = work->gates[gate];
    memset(sums, 0, (size_t)lstm->cells * sizeof *sums);
    add_product(eval, params, &params->input_weights[gate], step->input, sums);
    add_product(eval, params, &params->recurrent_weights[gate], step->state, sums);
    if (lstm->peephole && gate != PL_LSTM_CELL_GATE)
        add_peephole(eval, params, gate, step->batch, step->cell, sums);
    if (lstm->layer_norm)
        lstm->kernels->normalize_int16(sums, eval->inputs[PL_LSTM_NORMS + (int32_t)gate],
                                       eval->inputs[PL_LSTM_BIASES + (int32_t)gate], lstm->cells,
                                       params->norms[gate], params->least_variances[gate]);
    if (gate == PL_LSTM_CELL_GATE)
        lstm->kernels->tanh_int16(sums, sums, lstm->cells, GATE_INTEGER_BITS);
    else lstm->kernels->logistic_int16(sums, lstm->cells);
}

static void compute_output(const struct pl_eval *eval, const struct lstm_integer *params,
                           const struct work *work, const int16_t *cell, int8_t *output)
{
    const struct pl_lstm *lstm = &params->lstm;
    lstm->kernels->tanh_int16(work->activated, cell, lstm->cells, 15 + params->cell_exponent);
    int8_t *hidden = lstm->projection ? work->hidden : output;
    lstm->kernels->multiply_int8(hidden, work->gates[PL_LSTM_OUTPUT_GATE], work->activated,
                                 lstm->cells, params->hidden, params->hidden_zero_point);
    if (!lstm->projection) return;
    const struct pl_lstm_weights *weights = &params->projection;
    const struct pl_recurrent_matrix matrix = pl_lstm_matrix(eval, weights);
    lstm->kernels->product_int8(output, hidden, &matrix, weights->bias, weights->multiplier,
                                params->output_zero_point);
    if (params->projection_clip > 0)
        lstm->kernels->clip_int8(output, lstm->outputs, params->projection_clip);
}

static void run_step(const struct pl_eval *eval, const struct lstm_integer *params,
                     const struct work *work, const struct step *step)
{
    const struct pl_lstm *lstm = &params->lstm;
    if (!lstm->coupled) compute_gate(eval, params, work, PL_LSTM_INPUT_GATE, step);
    compute_gate(eval, params, work, PL_LSTM_FORGET_GATE, step);
    compute_gate(eval, params, work, PL_LSTM_CELL_GATE, step);
    lstm->kernels->update_cell_int16(step->cell, work->gates[PL_LSTM_FORGET_GATE],
                                     work->gates[PL_LSTM_CELL_GATE],
                                     lstm->coupled ? NULL : work->gates[PL_LSTM_INPUT_GATE],
                                     lstm->cells, params->cell_exponent, params->cell_clip);
    compute_gate(eval, params, work, PL_LSTM_OUTPUT_GATE, step);
    compute_output(eval, params, work, step->cell, step->state);
}

/* A unit is a batch, through all times. */
static pl_status eval_batches(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct lstm_integer *params = eval->params;
    const struct pl_lstm *lstm = &params->lstm;
    const struct work work = carve_work(lstm, eval->scratch[0]);
    for (int64_t batch = from; batch < to; batch++) {
        struct step step = {.batch = batch};
        step.state =
            (int8_t *)pl_lstm_state(lstm, eval, PL_LSTM_OUTPUT_STATE) + batch * lstm->outputs;
        step.cell = (int16_t *)pl_lstm_state(lstm, eval, PL_LSTM_CELL_STATE) + batch * lstm->cells;
        for (int64_t time = 0; time < lstm->times; time++) {
            const int64_t row = pl_lstm_row(lstm, batch, time);
            step.input = (const int8_t *)eval->inputs[PL_LSTM_INPUT] + row * lstm->inputs;
            run_step(eval, params, &work, &step);
            memcpy((int8_t *)eval->outputs[0] + row * lstm->outputs, step.state,
                   (size_t)lstm->outputs);
        }
    }
    return PL_OK;
}

/* ---- prepare --------------------------------------------------------------------------------- */

/* Before a layer normalization sums have the scale of an intermediate tensor, else 3 integer
 * bits. */
static pl_status find_gate_scale(struct pl_prepare *prepare, const struct lstm_integer *params,
                                 enum pl_lstm_gate gate, float *scale)
{
    const struct pl_quantization *intermediate = NULL;
    *scale = ldexpf(1.0f, -GATE_FRACTION_BITS);
    if (!params->lstm.layer_norm) return PL_OK;
    PL_TRY(pl_lstm_intermediate(prepare, (int32_t)gate, &intermediate));
    *scale = intermediate->scales[0];
    return PL_OK;
}

static pl_status prepare_norm(struct pl_prepare *prepare, struct lstm_integer *params,
                              enum pl_lstm_gate gate)
{
    const int32_t input = PL_LSTM_NORMS + (int32_t)gate;
    PL_TRY(pl_check_quantized(prepare, pl_input(input)));
    const float scale = pl_lstm_scale(prepare, input);
    PL_TRY(pl_quantize_multiplier(prepare, (double)scale, &params->norms[gate]));
    params->norms[gate].shift += GATE_FRACTION_BITS;
    const float least = 10000.0f * scale;
    if (params->norms[gate].shift > 30 || !(least < 2147483648.0f))
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(input),
                             "the scale is %g, which is too large", (double)scale);
    params->least_variances[gate] = least < 1.0f ? 1 : (int32_t)least;
    return PL_OK;
}

static pl_status prepare_gate(struct pl_prepare *prepare, struct lstm_integer *params,
                              enum pl_lstm_gate gate)
{
    float gate_scale = 0.0f;
    const int32_t index = (int32_t)gate;
    const bool layer_norm = params->lstm.layer_norm;
    PL_TRY(find_gate_scale(prepare, params, gate, &gate_scale));
    if (layer_norm) PL_TRY(prepare_norm(prepare, params, gate));
    PL_TRY(pl_lstm_prepare_weights(
        prepare, &params->input_weights[gate], PL_LSTM_INPUT_WEIGHTS + index,
        pl_lstm_scale(prepare, PL_LSTM_INPUT), gate_scale, layer_norm ? -1 : PL_LSTM_BIASES + index,
        -pl_lstm_zero_point(prepare, PL_LSTM_INPUT)));
    PL_TRY(pl_lstm_prepare_weights(prepare, &params->recurrent_weights[gate],
                                   PL_LSTM_RECURRENT_WEIGHTS + index,
                                   pl_lstm_scale(prepare, PL_LSTM_OUTPUT_STATE), gate_scale, -1,
                                   -pl_lstm_zero_point(prepare, PL_LSTM_OUTPUT_STATE)));
    const int32_t peephole = pl_lstm_peephole(gate);
    if (!params->lstm.peephole || peephole < 0) return PL_OK;
    PL_TRY(pl_check_quantized(prepare, pl_input(peephole)));
    const double effective =
        ldexp((double)pl_lstm_scale(prepare, peephole), params->cell_exponent) / (double)gate_scale;
    return pl_quantize_multiplier(prepare, (double)(float)effective, &params->peepholes[gate]);
}

/* The cell's scale must be a power of two, and leave tanh 0 to 6 integer bits. */
static pl_status prepare_cell(struct pl_prepare *prepare, struct lstm_integer *params)
{
    PL_TRY(pl_check_quantized(prepare, pl_input(PL_LSTM_CELL_STATE)));
    const float scale = pl_lstm_scale(prepare, PL_LSTM_CELL_STATE);
    const float logarithm = logf(scale) * (1.0f / logf(2.0f));
    const float exponent = roundf(logarithm);
    if (!(fabsf(logarithm - exponent) < 1e-3f) || exponent < -15.0f || exponent > -9.0f) {
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(PL_LSTM_CELL_STATE),
                             "the scale is %g, expected a power of two from 2^-15 to 2^-9",
                             (double)scale);
    }
    params->cell_exponent = (int32_t)exponent;
    if (params->lstm.cell_clip > 0.0f)
        params->cell_clip = (int16_t)fminf(params->lstm.cell_clip / scale, 32767.0f);
    return PL_OK;
}

static pl_status prepare_output(struct pl_prepare *prepare, struct lstm_integer *params)
{
    const struct pl_quantization *hidden = NULL;
    if (prepare->op->intermediate_count != INTERMEDIATES)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "found %d intermediate tensors, expected %d, or %d of LSTM alone",
                               (int)prepare->op->intermediate_count, (int)INTERMEDIATES,
                               (int)PL_LSTM_NARROW_INTERMEDIATES);
    PL_TRY(pl_lstm_intermediate(prepare, HIDDEN, &hidden));
    const double unit = ldexp(1.0, -15);
    const float effective = (float)(unit / (double)hidden->scales[0] * unit);
    PL_TRY(pl_quantize_multiplier(prepare, (double)effective, &params->hidden));
    /* Before a projection the reference shifts the hidden vector the other way and takes that back
     * in the projection's bias: the sums are the same, but it saturates elsewhere. */
    params->hidden_zero_point =
        params->lstm.projection ? -hidden->zero_points[0] : hidden->zero_points[0];
    params->output_zero_point = pl_lstm_zero_point(prepare, PL_LSTM_OUTPUT_STATE);
    if (!params->lstm.projection) return PL_OK;
    const bool biased = params->lstm.at[PL_LSTM_PROJECTION_BIAS] >= 0;
    PL_TRY(pl_lstm_prepare_weights(prepare, &params->projection, PL_LSTM_PROJECTION,
                                   hidden->scales[0], pl_lstm_scale(prepare, PL_LSTM_OUTPUT_STATE),
                                   biased ? PL_LSTM_PROJECTION_BIAS : -1, hidden->zero_points[0]));
    const float scale = prepare->outputs[0]->tensor->quantization.scales[0];
    if (params->lstm.projection_clip > 0.0f)
        params->projection_clip = (int8_t)fminf(params->lstm.projection_clip / scale, 127.0f);
    return PL_OK;
}

pl_status pl_lstm_prepare_integer(struct pl_prepare *prepare, const struct pl_lstm *lstm)
{
    if (lstm->peephole && lstm->outputs > lstm->cells)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED,
                               "a peephole and a projection to more outputs than cells in one "
                               "quantized LSTM are not supported");
    PL_TRY(pl_check_quantized(prepare, pl_input(PL_LSTM_INPUT)));
    PL_TRY(pl_check_quantized(prepare, pl_input(PL_LSTM_OUTPUT_STATE)));
    PL_TRY(pl_check_quantized(prepare, pl_output(0)));
    struct lstm_integer *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->lstm = *lstm;
    PL_TRY(prepare_cell(prepare, params));
    for (int32_t gate = (int32_t)pl_lstm_first_gate(lstm); gate < PL_LSTM_GATES; gate++)
        PL_TRY(prepare_gate(prepare, params, (enum pl_lstm_gate)gate));
    PL_TRY(prepare_output(prepare, params));
    prepare->params = params;
    pl_prepare_scratch(prepare, work_bytes(lstm), true);
    pl_lstm_add_stage(prepare, lstm, 1, eval_batches);
    return PL_OK;
}
