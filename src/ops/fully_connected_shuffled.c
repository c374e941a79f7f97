/* SPDX-License-Identifier: Apache-2.0 */
/* FULLY_CONNECTED with weights in the format SHUFFLED4x16INT8: blocks of 4 outputs by 16 inputs, with
 * the sign bit flipped already, so that they are int8 around 0; inputs are uint8 around 128 whatever
 * their zero point. One row or four. Output 1 is the reference's workspace, which it leaves to be
 * seen. A unit is a block of outputs of all rows. */
#include "ops/check.h"
#include "ops/fully_connected_internal.h"
#include "ops/quantize.h"

enum { INPUT, FILTER, BIAS, WORKSPACE = 1, OUTPUTS = 4, INPUTS = 16, SIGN = 0x80, MOST_ROWS = 4 };

struct shuffled {
    int32_t rows, depth, outputs;
    struct pl_multiplier multiplier;
    int32_t low, high;
};

/* The input as the reference lays it out: 16 elements of each row in turn. */
static pl_status eval_workspace(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct shuffled *params = eval->params;
    const uint8_t *input = eval->inputs[INPUT];
    uint8_t *workspace = (uint8_t *)eval->outputs[WORKSPACE] + from * params->rows * INPUTS;
    for (int64_t block = from; block < to; block++) {
        for (int32_t row = 0; row < params->rows; row++) {
            const uint8_t *source = input + (int64_t)row * params->depth + block * INPUTS;
            for (int32_t i = 0; i < INPUTS; i++) *workspace++ = source[i] ^ SIGN;
        }
    }
    return PL_OK;
}

/* The sums of one block of outputs. */
static void add_block(const int8_t *workspace, const int8_t *weights, const struct shuffled *params,
                      int32_t sums[MOST_ROWS][OUTPUTS])
{
    for (int32_t k = 0; k < params->depth; k += INPUTS, weights += OUTPUTS * INPUTS) {
        for (int32_t row = 0; row < params->rows; row++, workspace += INPUTS) {
            for (int32_t n = 0; n < OUTPUTS; n++) {
                int32_t sum = 0;
                for (int32_t i = 0; i < INPUTS; i++) sum += workspace[i] * weights[n * INPUTS + i];
                sums[row][n] = (int32_t)((uint32_t)sums[row][n] + (uint32_t)sum);
            }
        }
    }
}

static pl_status eval_blocks(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct shuffled *params = eval->params;
    const int8_t *weights = eval->inputs[FILTER];
    const int32_t *bias = eval->inputs[BIAS];
    int16_t *output = eval->outputs[0];
    for (int64_t block = from; block < to; block++) {
        int32_t sums[MOST_ROWS][OUTPUTS] = {{0}};
        add_block(eval->outputs[WORKSPACE], weights + block * OUTPUTS * params->depth, params,
                  sums);
        for (int32_t row = 0; row < params->rows; row++) {
            for (int32_t n = 0; n < OUTPUTS; n++) {
                const int64_t channel = block * OUTPUTS + n;
                const uint32_t sum = (uint32_t)sums[row][n] + (uint32_t)bias[channel];
                output[row * (int64_t)params->outputs + channel] = (int16_t)pl_clamp(
                    pl_multiply((int32_t)sum, params->multiplier), params->low, params->high);
            }
        }
    }
    return PL_OK;
}

static pl_status check_tensors(struct pl_prepare *prepare, const struct shuffled *params)
{
    PL_TRY(pl_check_type(prepare, pl_input(INPUT), PL_TYPE_BIT(PL_UINT8)));
    PL_TRY(pl_check_type(prepare, pl_input(FILTER), PL_TYPE_BIT(PL_UINT8)));
    PL_TRY(pl_check_type(prepare, pl_input(BIAS), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_INT16)));
    PL_TRY(pl_check_type(prepare, pl_output(WORKSPACE), PL_TYPE_BIT(PL_UINT8)));
    PL_TRY(pl_check_count(prepare, pl_input(BIAS), params->outputs));
    if (params->outputs % OUTPUTS != 0 || params->depth % INPUTS != 0)
        return pl_check_fail(prepare, PL_INVALID_MODEL, pl_input(FILTER),
                             "found %d outputs of %d inputs, expected multiples of 4 and 16",
                             (int)params->outputs, (int)params->depth);
    if (params->rows == 1 || params->rows == MOST_ROWS) return PL_OK;
    return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(INPUT),
                         "found %d rows, expected 1 or 4 for shuffled weights", (int)params->rows);
}

pl_status pl_fully_connected_prepare_shuffled(struct pl_prepare *prepare, int32_t rows,
                                              int64_t activation)
{
    struct shuffled *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    const struct pl_shape *filter = &prepare->inputs[FILTER]->shape;
    params->rows = rows;
    params->outputs = filter->dims[0];
    params->depth = filter->dims[1];
    PL_TRY(check_tensors(prepare, params));
    for (int32_t i = 0; i < 2; i++) PL_TRY(pl_check_quantized(prepare, pl_input(i)));
    PL_TRY(pl_check_quantized(prepare, pl_output(0)));
    double real = 0;
    PL_TRY(pl_quantize_product_scale(prepare, prepare->inputs[INPUT], prepare->inputs[FILTER],
                                     prepare->inputs[BIAS], prepare->outputs[0], &real));
    PL_TRY(pl_quantize_multiplier(prepare, real, &params->multiplier));
    PL_TRY(pl_quantize_activation_range(prepare, activation, prepare->outputs[0], &params->low,
                                        &params->high));
    const struct pl_shape workspace = {2, {rows, params->depth}};
    PL_TRY(pl_check_set_output(prepare, WORKSPACE, &workspace));
    prepare->params = params;
    pl_prepare_stage(prepare, eval_workspace, params->depth / INPUTS, (int64_t)rows * INPUTS);
    pl_prepare_stage(prepare, eval_blocks, params->outputs / OUTPUTS,
                     pl_cost(params->depth, (int64_t)OUTPUTS * rows));
    return PL_OK;
}
