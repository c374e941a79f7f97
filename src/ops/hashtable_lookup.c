/* SPDX-License-Identifier: Apache-2.0 */
/* HASHTABLE_LOOKUP: rows of a tensor by sorted keys; a key that is not there gives zeros, or an
 * empty string, and a hit of 0. */
#include <string.h>

#include "ops/check.h"
#include "ops/op.h"
#include "ops/strings.h"

struct lookup {
    int32_t wanted;
    int32_t rows;
    size_t row_bytes; /* 0: strings */
};

/* The row of a key, or -1. */
static int32_t find_row(const int32_t *keys, int32_t rows, int32_t key)
{
    int32_t low = 0;
    for (int32_t high = rows; low < high;) {
        const int32_t middle = (int32_t)(((uint32_t)low + (uint32_t)high) / 2);
        if (keys[middle] == key) return middle;
        if (key < keys[middle]) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return -1;
}

static pl_status eval_rows(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct lookup *params = eval->params;
    const size_t bytes = params->row_bytes;
    uint8_t *hits = eval->outputs[1];
    for (int64_t i = from; i < to; i++) {
        const int32_t key = ((const int32_t *)eval->inputs[0])[i];
        const int32_t row = find_row(eval->inputs[1], params->rows, key);
        char *output = (char *)eval->outputs[0] + (size_t)i * bytes;
        hits[i] = row >= 0;
        if (row >= 0) {
            memcpy(output, (const char *)eval->inputs[2] + (size_t)row * bytes, bytes);
        } else {
            memset(output, 0, bytes);
        }
    }
    return PL_OK;
}

static pl_status eval_strings(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct lookup *params = eval->params;
    const struct pl_strings values = pl_strings_of_eval(eval, 2);
    uint8_t *hits = eval->outputs[1];
    struct pl_strings_writer writer;
    (void)from;
    (void)to;
    pl_strings_begin(&writer, eval->outputs[0], params->wanted);
    for (int32_t i = 0; i < params->wanted; i++) {
        size_t length = 0;
        const char *text = "";
        const int32_t key = ((const int32_t *)eval->inputs[0])[i];
        const int32_t row = find_row(eval->inputs[1], params->rows, key);
        if (row >= 0) text = pl_strings_at(&values, row, &length);
        hits[i] = row >= 0;
        pl_strings_add(&writer, text, length);
    }
    return PL_OK;
}

static pl_status set_string_output(struct pl_prepare *prepare, const struct lookup *params)
{
    struct pl_strings values;
    const void *wanted = NULL;
    const void *keys = NULL;
    size_t total = 0;
    PL_TRY(pl_strings_read(prepare, 2, &values));
    PL_TRY(pl_prepare_read(prepare, 1, &keys));
    PL_TRY(pl_prepare_read(prepare, 0, &wanted));
    for (int32_t i = 0; i < params->wanted; i++) {
        size_t length = 0;
        const int32_t row = find_row(keys, params->rows, ((const int32_t *)wanted)[i]);
        if (row >= 0) pl_strings_at(&values, row, &length);
        total += length;
    }
    const struct pl_shape output = {1, {params->wanted}};
    return pl_strings_set_output(prepare, 0, &output, total);
}

static pl_status check_inputs(struct pl_prepare *prepare)
{
    for (int32_t i = 0; i < 2; i++) {
        PL_TRY(pl_check_type(prepare, pl_input(i), PL_TYPE_BIT(PL_INT32)));
        PL_TRY(pl_check_rank(prepare, pl_input(i), 1, 1));
    }
    const struct pl_value *values = prepare->inputs[2];
    const bool strings = values->tensor->type == PL_STRING;
    PL_TRY(pl_check_rank(prepare, pl_input(2), 1, strings ? 1 : PL_MAX_RANK));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(2)));
    PL_TRY(pl_check_type(prepare, pl_output(1), PL_TYPE_BIT(PL_UINT8)));
    if (!strings && pl_type_bits(values->tensor->type) < 8)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(2), "found %s, expected whole bytes",
                             pl_type_name(values->tensor->type));
    return pl_check_count(prepare, pl_input(1), values->shape.dims[0]);
}

pl_status pl_prepare_hashtable_lookup(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 3, 3, 2));
    PL_TRY(check_inputs(prepare));
    struct lookup *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    const struct pl_value *values = prepare->inputs[2];
    struct pl_shape output = values->shape;
    params->wanted = prepare->inputs[0]->shape.dims[0];
    params->rows = output.dims[0];
    params->row_bytes = (size_t)pl_shape_span(&output, 1, output.rank) *
                        (size_t)pl_type_bits(values->tensor->type) / 8;
    prepare->params = params;
    output.dims[0] = params->wanted;
    PL_TRY(pl_check_set_output(prepare, 1, &prepare->inputs[0]->shape));
    if (values->tensor->type == PL_STRING) {
        PL_TRY(set_string_output(prepare, params));
        pl_prepare_stage(prepare, eval_strings, 1, pl_cost(params->wanted, 32));
        return PL_OK;
    }
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    pl_prepare_stage(prepare, eval_rows, params->wanted, (int64_t)params->row_bytes + 32);
    return PL_OK;
}
