/* SPDX-License-Identifier: Apache-2.0 */
/* UNIQUE: each value once, in the order in which they come, and which one each element is. WHERE:
 * the coordinates of what is not 0. How many there are is known only with the input's bytes, so
 * prepare looks at them. */
#include <string.h>

#include "ops/check.h"
#include "ops/order.h"

/* ---- UNIQUE ---------------------------------------------------------------------------------- */

struct unique {
    int32_t count; /* of the input */
    int32_t unique_count;
    const int32_t *numbers; /* per element: which value it is */
    const int32_t *firsts;  /* per value: its first element */
    int64_t element_bytes;
    bool wide; /* indices are int64 */
};

static pl_status eval_unique(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct unique *params = eval->params;
    const int64_t bytes = params->element_bytes;
    (void)from;
    (void)to;
    for (int32_t i = 0; i < params->unique_count; i++)
        memcpy((char *)eval->outputs[0] + i * bytes,
               (const char *)eval->inputs[0] + params->firsts[i] * bytes, (size_t)bytes);
    for (int32_t i = 0; i < params->count; i++) {
        if (params->wide) ((int64_t *)eval->outputs[1])[i] = params->numbers[i];
        else ((int32_t *)eval->outputs[1])[i] = params->numbers[i];
    }
    return PL_OK;
}

/* Sorted, equal elements are neighbours and the first of them is the first in the input, too. */
static pl_status find_unique(struct pl_prepare *prepare, const void *data, struct unique *params)
{
    const size_t count = (size_t)params->count;
    int64_t *keys = pl_prepare_allocate(prepare, count * sizeof *keys + 1);
    int32_t *sorted = pl_prepare_allocate(prepare, count * sizeof *sorted + 1);
    int32_t *other = pl_prepare_allocate(prepare, count * sizeof *other + 1);
    int32_t *numbers = pl_prepare_allocate(prepare, count * sizeof *numbers + 1);
    if (keys == NULL || sorted == NULL || other == NULL || numbers == NULL) return PL_OUT_OF_MEMORY;
    pl_order_keys(prepare->inputs[0]->tensor->type, data, 0, params->count, keys);
    sorted = pl_order_sort(keys, params->count, sorted, other);
    for (int32_t i = 0; i < params->count; i++) {
        const bool again = i > 0 && keys[sorted[i]] == keys[sorted[i - 1]];
        numbers[sorted[i]] = again ? numbers[sorted[i - 1]] : sorted[i];
    }
    int32_t *firsts = sorted;
    for (int32_t i = 0; i < params->count; i++) {
        if (numbers[i] == i) {
            firsts[params->unique_count] = i;
            numbers[i] = params->unique_count++;
        } else {
            numbers[i] = numbers[numbers[i]];
        }
    }
    params->numbers = numbers;
    params->firsts = firsts;
    return PL_OK;
}

static pl_status check_unique(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 2));
    PL_TRY(
        pl_check_type(prepare, pl_input(0), PL_TYPES_FLOAT | PL_TYPES_QUANTIZED | PL_TYPES_INDEX));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    PL_TRY(pl_check_index_option(
        prepare, pl_output(1),
        pl_record_integer(prepare->op->options, PL_UniqueOptions_idx_out_type)));
    return pl_check_rank(prepare, pl_input(0), 1, 1);
}

pl_status pl_prepare_unique(struct pl_prepare *prepare)
{
    PL_TRY(check_unique(prepare));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    const void *data = NULL;
    PL_TRY(pl_prepare_read(prepare, 0, &data));
    struct unique *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->count = input->dims[0];
    params->element_bytes = pl_type_bits(prepare->inputs[0]->tensor->type) / 8;
    params->wide = prepare->outputs[1]->tensor->type == PL_INT64;
    PL_TRY(find_unique(prepare, data, params));
    const struct pl_shape output = {1, {params->unique_count}};
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    PL_TRY(pl_check_set_output(prepare, 1, input));
    prepare->params = params;
    pl_prepare_stage(prepare, eval_unique, params->count > 0 ? 1 : 0, params->count);
    return PL_OK;
}

/* ---- WHERE ----------------------------------------------------------------------------------- */

struct where {
    struct pl_shape input;
    pl_type type;
    int64_t found;
};

enum { CHUNK = 128, WORD = 8 };

/* The highest bit of every byte that is not 0. */
static uint64_t nonzero_bytes(const uint8_t *bytes, int64_t count)
{
    const uint64_t low = 0x7F7F7F7F7F7F7F7Fu;
    uint64_t word = 0;
    if (count >= WORD) memcpy(&word, bytes, WORD);
    else
        for (int64_t i = 0; i < count; i++) word |= (uint64_t)bytes[i] << 8 * i;
    return (((word & low) + low) | word) & ~low;
}

/* The coordinates of what is not 0 among `count` elements of a row from `column` on, up to `end`. */
static int64_t *write_coordinates(const int64_t *outer, int32_t rank, int64_t column,
                                  const uint8_t *elements, int64_t count, int64_t *to,
                                  const int64_t *end)
{
    for (int64_t i = 0; i < count; i += WORD) {
        uint64_t left = nonzero_bytes(elements + i, count - i);
        for (; left != 0 && to < end; left &= left - 1, to += rank) {
            for (int32_t k = 0; k < rank - 1; k++) to[k] = outer[k];
            to[rank - 1] = column + i + __builtin_ctzll(left) / 8;
        }
    }
    return to;
}

/* Elements [from, from + count) as bytes that are 0 or not. */
static const uint8_t *as_bytes(pl_type type, const void *data, int64_t from, int64_t count,
                               uint8_t *bytes)
{
    int64_t keys[CHUNK];
    if (pl_type_bits(type) == 8) return (const uint8_t *)data + from;
    pl_order_keys(type, data, from, count, keys);
    for (int64_t i = 0; i < count; i++) bytes[i] = keys[i] != 0;
    return bytes;
}

static void next_row(const struct pl_shape *shape, int64_t *outer)
{
    for (int32_t i = shape->rank - 2; i >= 0; i--) {
        if (++outer[i] < shape->dims[i]) break;
        outer[i] = 0;
    }
}

/* How many elements are not 0, if `to` is NULL; else the coordinates of params->found of them go
 * there. */
static int64_t find_nonzero(const struct where *params, const void *data, int64_t *to)
{
    const int64_t *end = to != NULL ? to + params->found * params->input.rank : NULL;
    const struct pl_shape *shape = &params->input;
    const int64_t columns = shape->dims[shape->rank - 1];
    const int64_t total = pl_shape_count(shape);
    int64_t outer[PL_MAX_RANK] = {0};
    uint8_t bytes[CHUNK];
    int64_t found = 0;
    int64_t count = 0;
    for (int64_t from = 0, column = 0; from < total; from += count) {
        count = columns - column < CHUNK ? columns - column : CHUNK;
        const uint8_t *elements = as_bytes(params->type, data, from, count, bytes);
        if (to != NULL)
            to = write_coordinates(outer, shape->rank, column, elements, count, to, end);
        else
            for (int64_t i = 0; i < count; i++) found += elements[i] != 0;
        column += count;
        if (column < columns) continue;
        column = 0;
        next_row(shape, outer);
    }
    return found;
}

static pl_status eval_where(const struct pl_eval *eval, int64_t from, int64_t to)
{
    (void)from;
    (void)to;
    find_nonzero(eval->params, eval->inputs[0], eval->outputs[0]);
    return PL_OK;
}

pl_status pl_prepare_where(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), pl_order_types() & ~PL_TYPE_BIT(PL_INT16)));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_INT64)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, PL_MAX_RANK));
    struct where *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->input = prepare->inputs[0]->shape;
    params->type = prepare->inputs[0]->tensor->type;
    const void *data = NULL;
    PL_TRY(pl_prepare_read(prepare, 0, &data));
    params->found = find_nonzero(params, data, NULL);
    if (params->found > INT32_MAX)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "%lld elements are not 0: too many",
                               (long long)params->found);
    const struct pl_shape output = {2, {(int32_t)params->found, params->input.rank}};
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    prepare->params = params;
    pl_prepare_stage(prepare, eval_where, params->found > 0 ? 1 : 0,
                     pl_shape_count(&params->input));
    return PL_OK;
}
