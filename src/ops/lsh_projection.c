/* SPDX-License-Identifier: Apache-2.0 */
/* LSH_PROJECTION: bits of a locality sensitive hash. A bit is the sign of the weighed sum of the
 * fingerprints of a seed and each row of the input; sparse outputs are the bits of one hash
 * function as a number, dense ones all bits as numbers. */
#include <string.h>

#include "ops/check.h"
#include "ops/fingerprint.h"
#include "ops/op.h"

struct projection {
    int32_t bits; /* per hash function */
    int32_t rows;
    size_t row_bytes;
    bool sparse;
    bool weighed;
};

/* `key` has room for a seed and a row. */
static uint32_t sign_bit(const struct pl_eval *eval, float seed, uint8_t *key)
{
    const struct projection *params = eval->params;
    const uint8_t *rows = eval->inputs[1];
    const float *weights = params->weighed ? eval->inputs[2] : NULL;
    double sum = 0;
    memcpy(key, &seed, sizeof seed);
    for (int32_t i = 0; i < params->rows; i++) {
        memcpy(key + sizeof seed, rows + (size_t)i * params->row_bytes, params->row_bytes);
        const uint64_t hash = pl_fingerprint(key, sizeof seed + params->row_bytes);
        const double value = (double)(int64_t)hash;
        sum += weights == NULL ? value : (double)weights[i] * value;
    }
    return sum > 0;
}

/* A unit is a hash function. */
static pl_status eval_projection(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct projection *params = eval->params;
    int32_t *output = eval->outputs[0];
    for (int64_t i = from; i < to; i++) {
        const float *seeds = (const float *)eval->inputs[0] + i * params->bits;
        uint32_t number = 0;
        for (int32_t j = 0; j < params->bits; j++) {
            const uint32_t bit = sign_bit(eval, seeds[j], eval->scratch[0]);
            number = (number << 1) | bit;
            if (!params->sparse) output[i * params->bits + j] = (int32_t)bit;
        }
        /* Functions are kept apart by an offset; of 32 bits the original's shift wraps around. */
        if (params->sparse)
            output[i] = (int32_t)(number + (uint32_t)i * (1u << (params->bits & 31)));
    }
    return PL_OK;
}

static bool is_weighed(const struct pl_prepare *prepare)
{
    return prepare->input_count == 3 && prepare->inputs[2] != NULL;
}

static pl_status check_inputs(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_FLOAT32)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 2, 2));
    PL_TRY(pl_check_rank(prepare, pl_input(1), 1, PL_MAX_RANK));
    if (pl_type_bits(prepare->inputs[1]->tensor->type) < 8)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(1), "found %s, expected whole bytes",
                             pl_type_name(prepare->inputs[1]->tensor->type));
    if (prepare->inputs[0]->shape.dims[1] > 32)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(0),
                             "found %d bits per hash function, expected at most 32",
                             (int)prepare->inputs[0]->shape.dims[1]);
    if (!is_weighed(prepare)) return PL_OK;
    PL_TRY(pl_check_type(prepare, pl_input(2), PL_TYPE_BIT(PL_FLOAT32)));
    PL_TRY(pl_check_rank(prepare, pl_input(2), 1, 1));
    return pl_check_count(prepare, pl_input(2), prepare->inputs[1]->shape.dims[0]);
}

static pl_status set_output(struct pl_prepare *prepare, const struct projection *params)
{
    const int64_t functions = prepare->inputs[0]->shape.dims[0];
    const int64_t count = params->sparse ? functions : functions * params->bits;
    if (count > INT32_MAX)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "the output is too large");
    const struct pl_shape output = {1, {(int32_t)count}};
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_INT32)));
    return pl_check_set_output(prepare, 0, &output);
}

pl_status pl_prepare_lsh_projection(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, prepare->input_count == 3 ? 3 : 2, 3, 1));
    PL_TRY(check_inputs(prepare));
    const int64_t type = pl_record_integer(prepare->op->options, PL_LSHProjectionOptions_type);
    PL_TRY(pl_check_option(prepare, "type", type, PL_LSHProjectionType_SPARSE,
                           PL_LSHProjectionType_DENSE));
    struct projection *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    const struct pl_value *input = prepare->inputs[1];
    params->sparse = type == PL_LSHProjectionType_SPARSE;
    params->weighed = is_weighed(prepare);
    params->bits = prepare->inputs[0]->shape.dims[1];
    params->rows = input->shape.dims[0];
    params->row_bytes = (size_t)pl_shape_span(&input->shape, 1, input->shape.rank) *
                        (size_t)pl_type_bits(input->tensor->type) / 8;
    PL_TRY(set_output(prepare, params));
    pl_prepare_scratch(prepare, sizeof(float) + params->row_bytes, true);
    prepare->params = params;
    pl_prepare_stage(prepare, eval_projection, prepare->inputs[0]->shape.dims[0],
                     pl_cost(pl_cost(params->bits, params->rows), (int64_t)params->row_bytes + 16));
    return PL_OK;
}
