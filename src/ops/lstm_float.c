/* SPDX-License-Identifier: Apache-2.0 */
/* LSTM on float activations. Weights are float, or int8 with a scale ("hybrid"): then every vector
 * that is multiplied is quantized first, by itself. */
#include <string.h>

#include "base/checked.h"
#include "kernels/gemm_kernels.h"
#include "ops/lstm_internal.h"

/* One weight matrix. */
struct weights {
    int32_t input; /* of the operator */
    int32_t rows;
    int32_t depth;
    const float *packed;     /* float constants; else */
    size_t packed_offset;    /* float: in the scratch that stage 0 packs into */
    float scale;             /* hybrid */
    const int32_t *row_sums; /* hybrid */
};

struct lstm_float {
    struct pl_lstm lstm;
    bool hybrid;
    void (*quantize)(const float *values, int64_t count, int8_t *quantized, float *scale,
                     int32_t *zero_point);
    struct weights input_weights[PL_LSTM_GATES];
    struct weights recurrent_weights[PL_LSTM_GATES];
    struct weights projection;
    const float *peepholes[PL_LSTM_GATES]; /* hybrid: int8 times scale */
    int32_t unpacked_count;                /* float matrices that are no constants */
    const struct weights *unpacked[2 * PL_LSTM_GATES + 1];
    size_t unpacked_bytes;
};

enum { SCRATCH_WORK, SCRATCH_PACKED };

/* A vector on its way into products. */
struct factor {
    const float *values;
    int8_t *quantized;
    float scale;
    int32_t zero_point;
};

/* What one worker works on. */
struct work {
    float *gates[PL_LSTM_GATES];
    float *hidden;
    struct factor input;
    struct factor state;
    struct factor projected;
};

static size_t work_bytes(const struct pl_lstm *lstm)
{
    const size_t floats = (size_t)lstm->cells * (PL_LSTM_GATES + 1);
    return floats * sizeof(float) + (size_t)lstm->inputs + (size_t)lstm->outputs +
           (size_t)lstm->cells;
}

static struct work carve_work(const struct pl_lstm *lstm, void *scratch)
{
    struct work work;
    memset(&work, 0, sizeof work);
    float *floats = scratch;
    for (int32_t gate = 0; gate < PL_LSTM_GATES; gate++, floats += lstm->cells)
        work.gates[gate] = floats;
    work.hidden = floats;
    work.projected.values = floats;
    work.input.quantized = (int8_t *)(floats + lstm->cells);
    work.state.quantized = work.input.quantized + lstm->inputs;
    work.projected.quantized = work.state.quantized + lstm->outputs;
    return work;
}

static void take_factor(const struct lstm_float *params, struct factor *factor, const float *values,
                        int32_t count)
{
    factor->values = values;
    if (params->hybrid)
        params->quantize(values, count, factor->quantized, &factor->scale, &factor->zero_point);
}

/* sums += weights * factor */
static void add_product(const struct pl_eval *eval, const struct lstm_float *params,
                        const struct weights *weights, const struct factor *factor, float *sums)
{
    const struct pl_recurrent_kernels *kernels = params->lstm.kernels;
    if (params->hybrid) {
        const struct pl_recurrent_matrix matrix = {eval->inputs[weights->input], weights->rows,
                                                   weights->depth};
        kernels->add_product_hybrid(sums, factor->quantized, &matrix, weights->row_sums,
                                    factor->zero_point, factor->scale * weights->scale);
        return;
    }
    const float *packed = weights->packed;
    if (packed == NULL)
        packed = (const float *)(const void *)((const char *)eval->scratch[SCRATCH_PACKED] +
                                               weights->packed_offset);
    kernels->add_product_float(sums, factor->values, packed, weights->rows, weights->depth);
}

static const float *peephole_of(const struct pl_eval *eval, const struct lstm_float *params,
                                enum pl_lstm_gate gate)
{
    if (params->hybrid) return params->peepholes[gate];
    return eval->inputs[pl_lstm_peephole(gate)];
}

static void compute_gate(const struct pl_eval *eval, const struct lstm_float *params,
                         const struct work *work, enum pl_lstm_gate gate, const float *cell)
{
    const struct pl_lstm *lstm = &params->lstm;
    const float *bias = eval->inputs[PL_LSTM_BIASES + (int32_t)gate];
    float *sums = work->gates[gate];
    const size_t bytes = (size_t)lstm->cells * sizeof *sums;
    if (lstm->layer_norm) memset(sums, 0, bytes);
    else memcpy(sums, bias, bytes);
    add_product(eval, params, &params->input_weights[gate], &work->input, sums);
    add_product(eval, params, &params->recurrent_weights[gate], &work->state, sums);
    if (lstm->peephole && gate != PL_LSTM_CELL_GATE)
        lstm->kernels->add_elementwise(sums, peephole_of(eval, params, gate), cell, lstm->cells);
    if (lstm->layer_norm)
        lstm->kernels->normalize(sums, eval->inputs[PL_LSTM_NORMS + (int32_t)gate], bias,
                                 lstm->cells);
    lstm->kernels->activate(sums, sums, lstm->cells,
                            gate == PL_LSTM_CELL_GATE ? lstm->activation : PL_RECURRENT_LOGISTIC);
}

/* output = projection of output gate * activation(cell) */
static void compute_output(const struct pl_eval *eval, const struct lstm_float *params,
                           struct work *work, const float *cell, float *output)
{
    const struct pl_lstm *lstm = &params->lstm;
    float *hidden = work->hidden;
    lstm->kernels->activate(hidden, cell, lstm->cells, lstm->activation);
    lstm->kernels->multiply(hidden, hidden, work->gates[PL_LSTM_OUTPUT_GATE], lstm->cells);
    const size_t bytes = (size_t)lstm->outputs * sizeof *output;
    if (!lstm->projection) {
        memcpy(output, hidden, bytes);
        return;
    }
    const float *bias = eval->inputs[PL_LSTM_PROJECTION_BIAS];
    if (bias != NULL) memcpy(output, bias, bytes);
    else memset(output, 0, bytes);
    take_factor(params, &work->projected, hidden, lstm->cells);
    add_product(eval, params, &params->projection, &work->projected, output);
    if (lstm->projection_clip > 0.0f)
        lstm->kernels->clip(output, lstm->outputs, lstm->projection_clip);
}

static void run_step(const struct pl_eval *eval, const struct lstm_float *params, struct work *work,
                     const float *input, float *state, float *cell)
{
    const struct pl_lstm *lstm = &params->lstm;
    take_factor(params, &work->input, input, lstm->inputs);
    take_factor(params, &work->state, state, lstm->outputs);
    if (!lstm->coupled) compute_gate(eval, params, work, PL_LSTM_INPUT_GATE, cell);
    compute_gate(eval, params, work, PL_LSTM_FORGET_GATE, cell);
    compute_gate(eval, params, work, PL_LSTM_CELL_GATE, cell);
    lstm->kernels->update_cell(
        cell, work->gates[PL_LSTM_FORGET_GATE], work->gates[PL_LSTM_CELL_GATE],
        lstm->coupled ? NULL : work->gates[PL_LSTM_INPUT_GATE], lstm->cells, lstm->cell_clip);
    compute_gate(eval, params, work, PL_LSTM_OUTPUT_GATE, cell);
    compute_output(eval, params, work, cell, state);
}

/* A unit is a batch, through all times. */
static pl_status eval_batches(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct lstm_float *params = eval->params;
    const struct pl_lstm *lstm = &params->lstm;
    struct work work = carve_work(lstm, eval->scratch[SCRATCH_WORK]);
    for (int64_t batch = from; batch < to; batch++) {
        float *state = (float *)pl_lstm_state(eval, PL_LSTM_OUTPUT_STATE) + batch * lstm->outputs;
        float *cell = (float *)pl_lstm_state(eval, PL_LSTM_CELL_STATE) + batch * lstm->cells;
        for (int64_t time = 0; time < lstm->times; time++) {
            const int64_t row = pl_lstm_row(lstm, batch, time);
            run_step(eval, params, &work,
                     (const float *)eval->inputs[PL_LSTM_INPUT] + row * lstm->inputs, state, cell);
            memcpy((float *)eval->outputs[0] + row * lstm->outputs, state,
                   (size_t)lstm->outputs * sizeof *state);
        }
    }
    return PL_OK;
}

/* Stage 0 if weights are computed by other operators: a unit packs one matrix. */
static pl_status eval_pack(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct lstm_float *params = eval->params;
    for (int64_t i = from; i < to; i++) {
        const struct weights *weights = params->unpacked[i];
        char *packed = (char *)eval->scratch[SCRATCH_PACKED] + weights->packed_offset;
        params->lstm.kernels->pack_float((float *)(void *)packed, eval->inputs[weights->input],
                                         weights->rows, weights->depth);
    }
    return PL_OK;
}

/* ---- prepare --------------------------------------------------------------------------------- */

struct pack_context {
    const struct pl_recurrent_kernels *kernels;
    int32_t rows;
    int32_t depth;
};

static void pack_matrix(void *to, const void *raw, const void *context)
{
    const struct pack_context *pack = context;
    pack->kernels->pack_float(to, raw, pack->rows, pack->depth);
}

static pl_status prepare_float_weights(struct pl_prepare *prepare, struct lstm_float *params,
                                       struct weights *weights)
{
    const int64_t blocks = (weights->rows + PL_RECURRENT_BLOCK - 1) / PL_RECURRENT_BLOCK;
    const size_t bytes =
        (size_t)(blocks * PL_RECURRENT_BLOCK) * (size_t)weights->depth * sizeof(float);
    if (prepare->inputs[weights->input]->constant == NULL) {
        weights->packed_offset = params->unpacked_bytes;
        params->unpacked[params->unpacked_count++] = weights;
        params->unpacked_bytes += bytes;
        return PL_OK;
    }
    const struct pack_context context = {params->lstm.kernels, weights->rows, weights->depth};
    const uint64_t form = (uint64_t)weights->rows << 32 | (uint64_t)weights->depth;
    const void *packed = NULL;
    PL_TRY(pl_prepare_pack(prepare, weights->input, pack_matrix, form, &context, bytes, &packed));
    weights->packed = packed;
    return PL_OK;
}

static pl_status prepare_hybrid_weights(struct pl_prepare *prepare, struct weights *weights)
{
    const struct pl_place place = pl_input(weights->input);
    PL_TRY(pl_check_constant(prepare, place));
    PL_TRY(pl_check_quantized(prepare, place));
    PL_TRY(pl_check_symmetric(prepare, place));
    weights->scale = prepare->inputs[weights->input]->tensor->quantization.scales[0];
    int32_t *sums = pl_prepare_allocate(prepare, (size_t)weights->rows * sizeof *sums);
    if (sums == NULL) return PL_OUT_OF_MEMORY;
    const int8_t *row = prepare->inputs[weights->input]->constant;
    for (int32_t r = 0; r < weights->rows; r++, row += weights->depth)
        for (int32_t k = 0; k < weights->depth; k++) sums[r] += row[k];
    weights->row_sums = sums;
    return PL_OK;
}

static pl_status prepare_weights(struct pl_prepare *prepare, struct lstm_float *params,
                                 struct weights *weights, int32_t input)
{
    const struct pl_shape *shape = &prepare->inputs[input]->shape;
    weights->input = input;
    weights->rows = shape->dims[0];
    weights->depth = shape->dims[1];
    if (params->hybrid) return prepare_hybrid_weights(prepare, weights);
    return prepare_float_weights(prepare, params, weights);
}

static pl_status prepare_hybrid_peephole(struct pl_prepare *prepare, struct lstm_float *params,
                                         enum pl_lstm_gate gate)
{
    const struct pl_place place = pl_input(pl_lstm_peephole(gate));
    PL_TRY(pl_check_constant(prepare, place));
    PL_TRY(pl_check_quantized(prepare, place));
    float *recovered = pl_prepare_allocate(prepare, (size_t)params->lstm.cells * sizeof *recovered);
    if (recovered == NULL) return PL_OUT_OF_MEMORY;
    const struct pl_value *value = prepare->inputs[place.index];
    const float scale = value->tensor->quantization.scales[0];
    for (int32_t i = 0; i < params->lstm.cells; i++)
        recovered[i] = scale * (float)((const int8_t *)value->constant)[i];
    params->peepholes[gate] = recovered;
    return PL_OK;
}

static pl_status prepare_gate(struct pl_prepare *prepare, struct lstm_float *params,
                              enum pl_lstm_gate gate)
{
    PL_TRY(prepare_weights(prepare, params, &params->input_weights[gate],
                           PL_LSTM_INPUT_WEIGHTS + (int32_t)gate));
    PL_TRY(prepare_weights(prepare, params, &params->recurrent_weights[gate],
                           PL_LSTM_RECURRENT_WEIGHTS + (int32_t)gate));
    if (params->hybrid && params->lstm.peephole && gate != PL_LSTM_CELL_GATE)
        return prepare_hybrid_peephole(prepare, params, gate);
    return PL_OK;
}

pl_status pl_lstm_prepare_float(struct pl_prepare *prepare, const struct pl_lstm *lstm)
{
    struct lstm_float *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->lstm = *lstm;
    const int32_t weights = PL_LSTM_INPUT_WEIGHTS + PL_LSTM_OUTPUT_GATE;
    params->hybrid = prepare->inputs[weights]->tensor->type == PL_INT8;
    const bool asymmetric =
        pl_record_integer(prepare->op->options,
                          PL_UnidirectionalSequenceLSTMOptions_asymmetric_quantize_inputs) != 0;
    const struct pl_gemm_kernels *gemm = prepare->kernels->gemm;
    params->quantize = asymmetric ? gemm->quantize_asymmetric : gemm->quantize_symmetric;
    for (int32_t gate = lstm->coupled ? PL_LSTM_FORGET_GATE : PL_LSTM_INPUT_GATE;
         gate < PL_LSTM_GATES; gate++)
        PL_TRY(prepare_gate(prepare, params, (enum pl_lstm_gate)gate));
    if (lstm->projection)
        PL_TRY(prepare_weights(prepare, params, &params->projection, PL_LSTM_PROJECTION));
    prepare->params = params;
    pl_prepare_scratch(prepare, work_bytes(lstm), true);
    if (params->unpacked_count > 0) {
        pl_prepare_scratch(prepare, params->unpacked_bytes, false);
        pl_prepare_stage(prepare, eval_pack, params->unpacked_count,
                         (int64_t)(params->unpacked_bytes / (size_t)params->unpacked_count));
    }
    pl_lstm_add_stage(prepare, lstm, eval_batches);
    return PL_OK;
}
