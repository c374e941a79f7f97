/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel of LSTM with five inputs: one matrix for all gates, which multiplies the input and the
 * last output side by side. float32, or uint8 with an int16 state. Its intermediate results are
 * outputs of the operator. A unit is a batch. */
#include <math.h>
#include <string.h>

#include "ops/gemm.h"
#include "ops/lstm_internal.h"
#include "ops/quantize.h"

enum { INPUT, LAST_OUTPUT, WEIGHTS, BIAS, LAST_STATE, INPUTS };
enum { OUTPUT, STATE, JOINED, GATES, OUTPUTS };
/* In the order of the matrix. */
enum { INPUT_GATE, NEW_INPUT, FORGET_GATE, OUTPUT_GATE };

struct lstm_basic {
    struct pl_gemm_operands operands; /* first: the stage of gemm.c that packs reads it */
    const struct pl_recurrent_kernels *kernels;
    bool quantized;
    bool carries_output, carries_state; /* the last ones are variables, which are set anew */
    int32_t inputs, cells;
    int32_t scratch;                 /* float: the activated gates of a batch */
    int32_t sums_scratch;            /* quantized: int32 sums of all gates */
    struct pl_multiplier multiplier; /* of them */
    struct pl_gemm_shape shape;
    struct pl_gemm_float floats;
    struct pl_gemm_integer integers;
};

/* ---- eval ------------------------------------------------------------------------------------ */

static pl_status eval_join(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct lstm_basic *params = eval->params;
    const size_t element = params->quantized ? 1 : sizeof(float);
    const size_t input_bytes = (size_t)params->inputs * element;
    const size_t last_bytes = (size_t)params->cells * element;
    for (int64_t batch = from; batch < to; batch++) {
        char *joined = (char *)eval->outputs[JOINED] + (size_t)batch * (input_bytes + last_bytes);
        memcpy(joined, (const char *)eval->inputs[INPUT] + (size_t)batch * input_bytes,
               input_bytes);
        memcpy(joined + input_bytes,
               (const char *)eval->inputs[LAST_OUTPUT] + (size_t)batch * last_bytes, last_bytes);
    }
    return PL_OK;
}

static pl_status eval_gates(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct lstm_basic *params = eval->params;
    const struct pl_gemm_part part = {
        .input = eval->outputs[JOINED],
        .output = params->quantized ? eval->scratch[params->sums_scratch] : eval->outputs[GATES],
        .from_x = (int32_t)from,
        .to_x = (int32_t)to,
        .to_block = pl_gemm_blocks(params->shape.channels),
        .scratch = pl_gemm_part_scratch(&params->operands, eval),
    };
    if (params->quantized) {
        struct pl_gemm_integer weights = params->integers;
        weights.weights = pl_gemm_packed(&params->operands, eval, 0);
        weights.bias = eval->inputs[BIAS];
        params->operands.kernels->u8(&params->shape, &weights, &part);
        return PL_OK;
    }
    struct pl_gemm_float weights = params->floats;
    weights.weights = pl_gemm_packed(&params->operands, eval, 0);
    weights.bias = eval->inputs[BIAS];
    params->operands.kernels->f32(&params->shape, &weights, &part);
    return PL_OK;
}

static void run_float(const struct lstm_basic *params, const struct pl_eval *eval, int64_t batch)
{
    const struct pl_recurrent_kernels *kernels = params->kernels;
    const int32_t cells = params->cells;
    const float *sums = (const float *)eval->outputs[GATES] + batch * 4 * cells;
    float *gates = eval->scratch[params->scratch];
    float *state = (float *)eval->outputs[STATE] + batch * cells;
    float *output = (float *)eval->outputs[OUTPUT] + batch * cells;
    for (int32_t gate = INPUT_GATE; gate <= OUTPUT_GATE; gate++)
        kernels->activate(gates + (int64_t)gate * cells, sums + (int64_t)gate * cells, cells,
                          gate == NEW_INPUT ? PL_RECURRENT_TANH : PL_RECURRENT_LOGISTIC);
    memcpy(state, (const float *)eval->inputs[LAST_STATE] + batch * cells,
           (size_t)cells * sizeof *state);
    kernels->update_cell(state, gates + (int64_t)FORGET_GATE * cells,
                         gates + (int64_t)NEW_INPUT * cells, gates, cells, 0.0f);
    kernels->activate(output, state, cells, PL_RECURRENT_TANH);
    kernels->multiply(output, output, gates + (int64_t)OUTPUT_GATE * cells, cells);
}

static void run_quantized(const struct lstm_basic *params, const struct pl_eval *eval,
                          int64_t batch)
{
    const int64_t first = batch * params->cells;
    int16_t *gates = (int16_t *)eval->outputs[GATES] + 4 * first;
    const int32_t *sums = (const int32_t *)eval->scratch[params->sums_scratch] + 4 * first;
    params->kernels->narrow_int16(gates, sums, 4 * params->cells, params->multiplier);
    params->kernels->basic_cell_uint8(
        (uint8_t *)eval->outputs[OUTPUT] + first, (int16_t *)eval->outputs[STATE] + first, gates,
        (const int16_t *)eval->inputs[LAST_STATE] + first, params->cells);
}

static void carry(const struct pl_eval *eval, int32_t input, int32_t output, int64_t first,
                  size_t bytes)
{
    memcpy((char *)pl_recurrent_state(eval, input) + first,
           (const char *)eval->outputs[output] + first, bytes);
}

static pl_status eval_cells(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct lstm_basic *params = eval->params;
    const int64_t output_bytes = params->cells * (params->quantized ? 1 : 4);
    const int64_t state_bytes = params->cells * (params->quantized ? 2 : 4);
    for (int64_t batch = from; batch < to; batch++) {
        if (params->quantized) run_quantized(params, eval, batch);
        else run_float(params, eval, batch);
        if (params->carries_output)
            carry(eval, LAST_OUTPUT, OUTPUT, batch * output_bytes, (size_t)output_bytes);
        if (params->carries_state)
            carry(eval, LAST_STATE, STATE, batch * state_bytes, (size_t)state_bytes);
    }
    return PL_OK;
}

/* ---- prepare --------------------------------------------------------------------------------- */

static pl_status check_types(struct pl_prepare *prepare, bool quantized)
{
    const uint32_t floats = PL_TYPES_FLOAT, uint8 = PL_TYPE_BIT(PL_UINT8);
    const uint32_t int16 = PL_TYPE_BIT(PL_INT16), int32 = PL_TYPE_BIT(PL_INT32);
    const uint32_t inputs[INPUTS] = {uint8, uint8, uint8, int32, int16};
    const uint32_t outputs[OUTPUTS] = {uint8, int16, uint8, int16};
    for (int32_t i = 0; i < INPUTS; i++)
        PL_TRY(pl_check_type(prepare, pl_input(i), quantized ? inputs[i] : floats));
    for (int32_t i = 0; i < OUTPUTS; i++)
        PL_TRY(pl_check_type(prepare, pl_output(i), quantized ? outputs[i] : floats));
    return PL_OK;
}

static pl_status prepare_shapes(struct pl_prepare *prepare, struct lstm_basic *params)
{
    PL_TRY(pl_check_rank(prepare, pl_input(INPUT), 2, 2));
    PL_TRY(pl_check_rank(prepare, pl_input(LAST_OUTPUT), 2, 2));
    const int32_t batches = prepare->inputs[INPUT]->shape.dims[0];
    params->inputs = prepare->inputs[INPUT]->shape.dims[1];
    params->cells = prepare->inputs[LAST_OUTPUT]->shape.dims[1];
    if (params->inputs < 1 || params->cells < 1 || params->inputs > PL_RECURRENT_MOST_ELEMENTS ||
        params->cells > PL_RECURRENT_MOST_ELEMENTS)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED,
                               "%d inputs, %d cells: 1 to %d are supported", (int)params->inputs,
                               (int)params->cells, (int)PL_RECURRENT_MOST_ELEMENTS);
    const int32_t joined = params->inputs + params->cells, gates = 4 * params->cells;
    const struct pl_shape cells = pl_recurrent_matrix_shape(batches, params->cells);
    const uint32_t any = ~0u;
    PL_TRY(pl_recurrent_check_tensor(prepare, LAST_OUTPUT, any, cells));
    PL_TRY(pl_recurrent_check_tensor(prepare, LAST_STATE, any, cells));
    PL_TRY(
        pl_recurrent_check_tensor(prepare, WEIGHTS, any, pl_recurrent_matrix_shape(gates, joined)));
    PL_TRY(pl_recurrent_check_tensor(prepare, BIAS, any, pl_recurrent_vector_shape(gates)));
    const struct pl_shape joined_shape = pl_recurrent_matrix_shape(batches, joined);
    const struct pl_shape gates_shape = pl_recurrent_matrix_shape(batches, gates);
    PL_TRY(pl_check_set_output(prepare, OUTPUT, &cells));
    PL_TRY(pl_check_set_output(prepare, STATE, &cells));
    PL_TRY(pl_check_set_output(prepare, JOINED, &joined_shape));
    PL_TRY(pl_check_set_output(prepare, GATES, &gates_shape));
    params->shape = pl_gemm_matrix(batches, joined, gates);
    return PL_OK;
}

/* The reference knows one state's scale alone, 2^-11; gates have 3 integer bits. */
static pl_status prepare_quantized(struct pl_prepare *prepare, struct lstm_basic *params)
{
    PL_TRY(pl_check_quantized(prepare, pl_input(WEIGHTS)));
    PL_TRY(pl_check_quantized(prepare, pl_input(BIAS)));
    PL_TRY(pl_check_quantized(prepare, pl_output(STATE)));
    const float scale = prepare->outputs[STATE]->tensor->quantization.scales[0];
    const float logarithm = logf(scale) * (1.0f / logf(2.0f));
    if (!(fabsf(logarithm + 11.0f) < 1e-3f))
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_output(STATE),
                             "the scale is %g, expected 2^-11", (double)scale);
    const float product = 4096.0f * prepare->inputs[BIAS]->tensor->quantization.scales[0];
    PL_TRY(pl_quantize_multiplier(prepare, (double)product, &params->multiplier));
    const size_t sums = (size_t)params->shape.patch.width * (size_t)params->shape.channels;
    params->sums_scratch = pl_prepare_scratch(prepare, sums * sizeof(int32_t), false);
    params->integers = (struct pl_gemm_integer){
        .input_zero_point = 128,
        .weight_offset = 128 - prepare->inputs[WEIGHTS]->tensor->quantization.zero_points[0],
        .rounding = PL_GEMM_RAW,
        .output = PL_GEMM_INT32,
    };
    return PL_OK;
}

static pl_status prepare_weights(struct pl_prepare *prepare, struct lstm_basic *params)
{
    const struct pl_gemm_pack pack = {
        .groups = 1,
        .channels = params->shape.channels,
        .depth = params->shape.depth,
        .channel_stride = params->shape.depth,
        .depth_stride = 1,
    };
    return pl_gemm_prepare_weights(prepare, WEIGHTS, params->quantized ? PL_UINT8 : PL_FLOAT32,
                                   &pack, &params->operands);
}

pl_status pl_lstm_prepare_basic(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, INPUTS, INPUTS, OUTPUTS));
    struct lstm_basic *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    prepare->params = params;
    params->operands.kernels = prepare->kernels->gemm;
    params->kernels = prepare->kernels->recurrent;
    params->quantized = prepare->inputs[INPUT]->tensor->type == PL_UINT8;
    PL_TRY(check_types(prepare, params->quantized));
    PL_TRY(prepare_shapes(prepare, params));
    params->carries_output = prepare->inputs[LAST_OUTPUT]->tensor->is_variable;
    params->carries_state = prepare->inputs[LAST_STATE]->tensor->is_variable;
    PL_TRY(pl_quantize_float_range(prepare, PL_ActivationFunctionType_NONE, &params->floats.low,
                                   &params->floats.high));
    if (params->quantized) PL_TRY(prepare_quantized(prepare, params));
    PL_TRY(prepare_weights(prepare, params));
    params->scratch = pl_prepare_scratch(prepare, (size_t)params->cells * 4 * sizeof(float), true);
    const int64_t batches = params->shape.patch.width, depth = params->shape.depth;
    pl_gemm_prepare_parts(
        prepare,
        params->quantized ? pl_gemm_part_bytes(&params->operands, &params->shape, batches, 1) : 0,
        &params->operands);
    pl_prepare_stage(prepare, eval_join, batches, depth);
    pl_prepare_stage(prepare, eval_gates, batches, pl_cost(params->shape.channels, depth));
    pl_prepare_stage(prepare, eval_cells, batches, (int64_t)params->cells * 64);
    return PL_OK;
}
