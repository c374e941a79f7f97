/* SPDX-License-Identifier: Apache-2.0 */
/* TOPK_V2: the k largest elements of every row, and where they were. */
#include <string.h>

#include "ops/axis.h"
#include "ops/check.h"
#include "ops/order.h"

struct top_k {
    pl_type type;
    int32_t columns; /* of the input */
    int32_t k;
    int64_t element_bytes;
    bool narrow; /* indices are int16 */
};

enum { KEYS, BEST };

/* A unit is a row. */
static pl_status eval_top_k(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct top_k *params = eval->params;
    const size_t bytes = (size_t)params->element_bytes;
    int64_t *keys = eval->scratch[KEYS];
    int32_t *best = eval->scratch[BEST];
    for (int64_t row = from; row < to; row++) {
        const char *input =
            (const char *)eval->inputs[0] + row * params->columns * params->element_bytes;
        char *values = (char *)eval->outputs[0] + row * params->k * params->element_bytes;
        pl_order_keys(params->type, input, 0, params->columns, keys);
        pl_order_best(keys, params->columns, params->k, best);
        for (int32_t i = 0; i < params->k; i++) {
            memcpy(values + i * params->element_bytes, input + best[i] * params->element_bytes,
                   bytes);
            if (params->narrow)
                ((int16_t *)eval->outputs[1])[row * params->k + i] = (int16_t)best[i];
            else ((int32_t *)eval->outputs[1])[row * params->k + i] = best[i];
        }
    }
    return PL_OK;
}

static pl_status check_top_k(struct pl_prepare *prepare)
{
    const uint32_t index_types = PL_TYPE_BIT(PL_INT32) | PL_TYPE_BIT(PL_INT16);
    PL_TRY(pl_check_arity(prepare, 2, 2, 2));
    PL_TRY(
        pl_check_type(prepare, pl_input(0), PL_TYPES_FLOAT | PL_TYPES_QUANTIZED | PL_TYPES_INDEX));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    PL_TRY(pl_check_type(prepare, pl_input(1), index_types));
    PL_TRY(pl_check_type(prepare, pl_output(1), index_types));
    PL_TRY(pl_check_count(prepare, pl_input(1), 1));
    return pl_check_rank(prepare, pl_input(0), 1, PL_MAX_RANK);
}

pl_status pl_prepare_topk_v2(struct pl_prepare *prepare)
{
    PL_TRY(check_top_k(prepare));
    struct pl_shape shape = prepare->inputs[0]->shape;
    const int32_t columns = shape.dims[shape.rank - 1];
    const bool narrow = prepare->outputs[1]->tensor->type == PL_INT16;
    int64_t k = 0;
    PL_TRY(pl_axis_read_integer(prepare, 1, &k));
    if (k > columns)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(1),
                             "asks for %lld elements of rows of %d", (long long)k, (int)columns);
    if (narrow && columns > INT16_MAX + 1)
        return pl_check_fail(prepare, PL_MISMATCH, pl_output(1),
                             "int16 cannot count rows of %d elements", (int)columns);
    const int64_t rows = pl_shape_span(&shape, 0, shape.rank - 1);
    shape.dims[shape.rank - 1] = (int32_t)(k > 0 ? k : 0); /* less than none is none */
    PL_TRY(pl_check_set_output(prepare, 0, &shape));
    PL_TRY(pl_check_set_output(prepare, 1, &shape));

    struct top_k *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->type = prepare->inputs[0]->tensor->type;
    params->columns = columns;
    params->k = shape.dims[shape.rank - 1];
    params->element_bytes = pl_type_bits(params->type) / 8;
    params->narrow = narrow;
    prepare->params = params;
    pl_prepare_scratch(prepare, (size_t)columns * sizeof(int64_t), true);
    pl_prepare_scratch(prepare, (size_t)params->k * sizeof(int32_t), true);
    pl_prepare_stage(prepare, eval_top_k, params->k > 0 ? rows : 0, pl_cost(columns, 4));
    return PL_OK;
}
