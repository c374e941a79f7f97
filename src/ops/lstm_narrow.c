/* SPDX-License-Identifier: Apache-2.0 */
/* LSTM on int8 activations whose products have 8 bits and a scale each ("8x8 to 8"), with layer normalization and
 * activations in float, as the reference has it: without input gate and peepholes whatever the file says, and with a
 * projection. All of it is per batch, in one order, so that no level of kernels can differ. */
#include <math.h>
#include <string.h>

#include "ops/lstm_weights.h"
#include "ops/quantize.h"

enum { FIRST_GATE = PL_LSTM_FORGET_GATE, GATE_BITS = 12, UNIT_BITS = 15 };

/* A product of a vector and a matrix. */
struct product {
    struct pl_lstm_weights weights;
    int32_t zero_point;         /* of what comes out */
    struct pl_multiplier share; /* from there to the gate's sum */
};

struct narrow {
    struct pl_lstm lstm;
    struct product inputs[PL_LSTM_GATES], states[PL_LSTM_GATES];
    float norm_scales[PL_LSTM_GATES];
    struct pl_multiplier projection;
    int32_t output_zero_point;
    int16_t cell_clip;
    int8_t projection_clip;
};

struct work {
    int16_t *gates[PL_LSTM_GATES];
    int8_t *products[2];
};

static size_t work_bytes(const struct pl_lstm *lstm)
{
    return (size_t)lstm->cells * (PL_LSTM_GATES * sizeof(int16_t) + 2);
}

static struct work carve_work(const struct pl_lstm *lstm, void *scratch)
{
    struct work work;
    int16_t *items = scratch;
    for (int32_t gate = 0; gate < PL_LSTM_GATES; gate++, items += lstm->cells)
        work.gates[gate] = items;
    work.products[0] = (int8_t *)items;
    work.products[1] = work.products[0] + lstm->cells;
    return work;
}

/* ---- eval ------------------------------------------------------------------------------------ */

static int16_t saturate(int64_t x)
{
    return (int16_t)(x < INT16_MIN ? INT16_MIN : x > INT16_MAX ? INT16_MAX : x);
}

static void multiply(const struct pl_eval *eval, const struct narrow *params,
                     const struct product *product, const int8_t *x, int8_t *to)
{
    const struct pl_recurrent_matrix matrix = pl_lstm_matrix(eval, &product->weights);
    params->lstm.kernels->product_int8(to, x, &matrix, product->weights.bias,
                                       product->weights.multiplier, product->zero_point);
}

/* (x - mean) / deviation * weights * scale + bias, 3 integer bits. */
static void normalize(int16_t *x, const int16_t *weights, const int32_t *bias, int32_t count,
                      float scale)
{
    const float bias_scale = ldexpf(scale, -10);
    float sum = 0.0f, squares = 0.0f;
    for (int32_t i = 0; i < count; i++) {
        const float value = x[i];
        sum += value;
        squares += value * value;
    }
    const float mean = sum / (float)count;
    const float variance = squares / (float)count - mean * mean;
    const float inverse = (float)(1.0 / sqrt(variance == 0.0f ? 1e-8 : (double)variance));
    for (int32_t i = 0; i < count; i++) {
        const float normalized = ((float)x[i] - mean) * inverse;
        const float weighted = normalized * (float)weights[i] * scale + (float)bias[i] * bias_scale;
        const double fixed = round(ldexp((double)weighted, GATE_BITS));
        x[i] = saturate(fixed >= INT32_MIN && fixed <= INT32_MAX ? (int64_t)fixed : INT32_MIN);
    }
}

/* The functions of a fixed-point number with so many fraction bits, cut off to 15. */
static int16_t apply_logistic(int16_t x)
{
    const float real = ldexpf(x, -GATE_BITS);
    return saturate((int32_t)ldexpf(1.0f / (1.0f + expf(-real)), UNIT_BITS));
}

static int16_t apply_tanh(int16_t x, int fraction_bits)
{
    return saturate((int32_t)ldexpf(tanhf(ldexpf(x, -fraction_bits)), UNIT_BITS));
}

static void compute_gate(const struct pl_eval *eval, const struct narrow *params,
                         const struct work *work, int32_t gate, const int8_t *input,
                         const int8_t *state)
{
    const struct product *of_input = &params->inputs[gate], *of_state = &params->states[gate];
    const int32_t cells = params->lstm.cells;
    int16_t *sums = work->gates[gate];
    multiply(eval, params, of_input, input, work->products[0]);
    multiply(eval, params, of_state, state, work->products[1]);
    for (int32_t i = 0; i < cells; i++)
        sums[i] = saturate(
            (int64_t)pl_multiply(work->products[0][i] - of_input->zero_point, of_input->share) +
            pl_multiply(work->products[1][i] - of_state->zero_point, of_state->share));
    normalize(sums, eval->inputs[PL_LSTM_NORMS + gate], eval->inputs[PL_LSTM_BIASES + gate], cells,
              params->norm_scales[gate]);
    for (int32_t i = 0; i < cells; i++)
        sums[i] =
            gate == PL_LSTM_CELL_GATE ? apply_tanh(sums[i], GATE_BITS) : apply_logistic(sums[i]);
}

static void project(const struct pl_eval *eval, const struct narrow *params, const int16_t *hidden,
                    int8_t *output)
{
    const struct pl_lstm *lstm = &params->lstm;
    const int8_t *row = eval->inputs[PL_LSTM_PROJECTION];
    const int32_t *bias = eval->inputs[PL_LSTM_PROJECTION_BIAS];
    for (int32_t n = 0; n < lstm->outputs; n++, row += lstm->cells) {
        int64_t sum = bias[n];
        for (int32_t k = 0; k < lstm->cells; k++) sum += hidden[k] * row[k];
        const int64_t scaled =
            (int64_t)pl_multiply_64(sum, params->projection) + params->output_zero_point;
        output[n] = (int8_t)(scaled < INT8_MIN ? INT8_MIN : scaled > INT8_MAX ? INT8_MAX : scaled);
    }
    if (params->projection_clip > 0)
        lstm->kernels->clip_int8(output, lstm->outputs, params->projection_clip);
}

static void run_step(const struct pl_eval *eval, const struct narrow *params,
                     const struct work *work, const int8_t *input, int8_t *state, int16_t *cell)
{
    const struct pl_lstm *lstm = &params->lstm;
    int16_t *hidden = work->gates[PL_LSTM_OUTPUT_GATE];
    compute_gate(eval, params, work, PL_LSTM_FORGET_GATE, input, state);
    compute_gate(eval, params, work, PL_LSTM_CELL_GATE, input, state);
    lstm->kernels->update_cell_int16(cell, work->gates[PL_LSTM_FORGET_GATE],
                                     work->gates[PL_LSTM_CELL_GATE], NULL, lstm->cells, -UNIT_BITS,
                                     params->cell_clip);
    compute_gate(eval, params, work, PL_LSTM_OUTPUT_GATE, input, state);
    for (int32_t i = 0; i < lstm->cells; i++)
        hidden[i] =
            (int16_t)pl_rounding_shift_right(hidden[i] * apply_tanh(cell[i], UNIT_BITS), UNIT_BITS);
    project(eval, params, hidden, state);
}

/* A unit is a batch. */
static pl_status eval_batches(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct narrow *params = eval->params;
    const struct pl_lstm *lstm = &params->lstm;
    const struct work work = carve_work(lstm, eval->scratch[0]);
    for (int64_t batch = from; batch < to; batch++) {
        int8_t *state =
            (int8_t *)pl_lstm_state(lstm, eval, PL_LSTM_OUTPUT_STATE) + batch * lstm->outputs;
        int16_t *cell =
            (int16_t *)pl_lstm_state(lstm, eval, PL_LSTM_CELL_STATE) + batch * lstm->cells;
        const int8_t *input = (const int8_t *)eval->inputs[PL_LSTM_INPUT] + batch * lstm->inputs;
        run_step(eval, params, &work, input, state, cell);
        memcpy((int8_t *)eval->outputs[0] + batch * lstm->outputs, state, (size_t)lstm->outputs);
    }
    return PL_OK;
}

/* ---- prepare --------------------------------------------------------------------------------- */

/* Intermediate tensor 3 * gate is the sum, the next two are the products of input and state. */
static pl_status prepare_product(struct pl_prepare *prepare, int32_t gate, bool of_state,
                                 struct product *product)
{
    const int32_t vector = of_state ? PL_LSTM_OUTPUT_STATE : PL_LSTM_INPUT;
    const int32_t matrix = (of_state ? PL_LSTM_RECURRENT_WEIGHTS : PL_LSTM_INPUT_WEIGHTS) + gate;
    const struct pl_quantization *sum = NULL, *between = NULL;
    PL_TRY(pl_lstm_intermediate(prepare, 3 * gate, &sum));
    PL_TRY(pl_lstm_intermediate(prepare, 3 * gate + (of_state ? 2 : 1), &between));
    PL_TRY(pl_lstm_prepare_weights(prepare, &product->weights, matrix,
                                   pl_lstm_scale(prepare, vector), between->scales[0], -1,
                                   -pl_lstm_zero_point(prepare, vector)));
    product->zero_point = between->zero_points[0];
    const float share = between->scales[0] / sum->scales[0];
    return pl_quantize_multiplier(prepare, (double)share, &product->share);
}

static pl_status prepare_norm(struct pl_prepare *prepare, struct narrow *params, int32_t gate)
{
    const int32_t input = PL_LSTM_NORMS + gate;
    struct pl_multiplier scale = {0, 0};
    PL_TRY(pl_check_quantized(prepare, pl_input(input)));
    PL_TRY(pl_quantize_multiplier(prepare, (double)pl_lstm_scale(prepare, input), &scale));
    params->norm_scales[gate] = (float)ldexp((double)scale.multiplier, scale.shift - 31);
    return PL_OK;
}

/* The reference takes the output gate's product with the state by numbers of other products: as multiplier, the shift
 * of the forget gate's, and the zero point of the cell gate's. */
static pl_status misread_output_gate(struct pl_prepare *prepare, struct narrow *params)
{
    struct product *product = &params->states[PL_LSTM_OUTPUT_GATE];
    const struct pl_quantization *cell = NULL;
    PL_TRY(pl_lstm_intermediate(prepare, 3 * PL_LSTM_CELL_GATE + 1, &cell));
    product->zero_point = cell->zero_points[0];
    product->share.multiplier = params->states[PL_LSTM_FORGET_GATE].share.shift;
    return PL_OK;
}

static pl_status prepare_output(struct pl_prepare *prepare, struct narrow *params)
{
    const float cell_scale = pl_lstm_scale(prepare, PL_LSTM_CELL_STATE);
    const float output_scale = prepare->outputs[0]->tensor->quantization.scales[0];
    const struct pl_lstm *lstm = &params->lstm;
    if (cell_scale != ldexpf(1.0f, -UNIT_BITS))
        return pl_check_fail(prepare, PL_INVALID_MODEL, pl_input(PL_LSTM_CELL_STATE),
                             "found scale %g, expected 2^-15", (double)cell_scale);
    PL_TRY(pl_check_quantized(prepare, pl_input(PL_LSTM_PROJECTION)));
    const double effective = (double)pl_lstm_scale(prepare, PL_LSTM_PROJECTION) *
                             ldexp(1.0, -UNIT_BITS) /
                             (double)pl_lstm_scale(prepare, PL_LSTM_OUTPUT_STATE);
    PL_TRY(pl_quantize_multiplier(prepare, (double)(float)effective, &params->projection));
    if (params->projection.shift > 14)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(PL_LSTM_PROJECTION),
                             "its scale is too large");
    params->output_zero_point = pl_lstm_zero_point(prepare, PL_LSTM_OUTPUT_STATE);
    if (lstm->cell_clip > 0.0f && lstm->cell_clip < 1.0f)
        params->cell_clip = (int16_t)(lstm->cell_clip / cell_scale);
    if (lstm->projection_clip > 0.0f)
        params->projection_clip = (int8_t)fminf(lstm->projection_clip / output_scale, 127.0f);
    return PL_OK;
}

pl_status pl_lstm_prepare_narrow(struct pl_prepare *prepare, const struct pl_lstm *lstm)
{
    if (!lstm->layer_norm || lstm->at[PL_LSTM_PROJECTION_BIAS] < 0)
        return pl_prepare_fail(
            prepare, PL_INVALID_MODEL,
            "products of 8 bits need a layer normalization, a projection and its bias");
    PL_TRY(pl_check_quantized(prepare, pl_input(PL_LSTM_INPUT)));
    PL_TRY(pl_check_quantized(prepare, pl_input(PL_LSTM_OUTPUT_STATE)));
    PL_TRY(pl_check_quantized(prepare, pl_input(PL_LSTM_CELL_STATE)));
    PL_TRY(pl_check_quantized(prepare, pl_output(0)));
    struct narrow *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->lstm = *lstm;
    for (int32_t gate = FIRST_GATE; gate < PL_LSTM_GATES; gate++) {
        PL_TRY(prepare_product(prepare, gate, false, &params->inputs[gate]));
        PL_TRY(prepare_product(prepare, gate, true, &params->states[gate]));
        PL_TRY(prepare_norm(prepare, params, gate));
    }
    PL_TRY(misread_output_gate(prepare, params));
    PL_TRY(prepare_output(prepare, params));
    prepare->params = params;
    pl_prepare_scratch(prepare, work_bytes(lstm), true);
    pl_lstm_add_stage(prepare, lstm, 1, eval_batches);
    return PL_OK;
}
