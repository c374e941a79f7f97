/* SPDX-License-Identifier: Apache-2.0 */
/* HASHTABLE, HASHTABLE_IMPORT, HASHTABLE_FIND, HASHTABLE_SIZE: tables from int64 to string or back,
 * filled once. The handle's tensor is only a number; which table it is, an operator finds while
 * preparing: the HASHTABLE in its subgraph that makes the handle has the table's number, and all
 * operators of a model that name one number share one state. */
#include <stdio.h>
#include <string.h>

#include "ops/check.h"
#include "ops/hashtable_state.h"
#include "ops/strings.h"

/* Of every operator but HASHTABLE. */
struct table_user {
    const char *state; /* the key of the table's state */
    pl_type key, value;
    int32_t count;    /* elements of the keys */
    size_t key_bytes; /* of an import */
    size_t value_bytes;
};

static pl_status check_handle(struct pl_prepare *prepare, struct pl_place place)
{
    PL_TRY(pl_check_type(prepare, place, PL_TYPE_BIT(PL_RESOURCE)));
    if (place.output) return PL_OK;
    PL_TRY(pl_check_rank(prepare, place, 1, 1));
    return pl_check_count(prepare, place, 1);
}

static int64_t table_number(const struct pl_operator *handle)
{
    return pl_record_integer(handle->options, PL_HashtableOptions_table_id);
}

/* ---- HASHTABLE ------------------------------------------------------------------------------- */

static pl_status eval_hashtable(const struct pl_eval *eval, int64_t from, int64_t to)
{
    (void)from;
    (void)to;
    memcpy(eval->outputs[0], eval->params, sizeof(int32_t));
    return PL_OK;
}

static bool types_fit(int64_t key, int64_t value)
{
    return (key == PL_INT64 && value == PL_STRING) || (key == PL_STRING && value == PL_INT64);
}

pl_status pl_prepare_hashtable(struct pl_prepare *prepare)
{
    const struct pl_shape one = {1, {1}};
    PL_TRY(pl_check_arity(prepare, 0, 0, 1));
    PL_TRY(check_handle(prepare, pl_output(0)));
    const int64_t key = pl_record_integer(prepare->op->options, PL_HashtableOptions_key_dtype);
    const int64_t value = pl_record_integer(prepare->op->options, PL_HashtableOptions_value_dtype);
    if (!types_fit(key, value))
        return pl_prepare_fail(prepare, PL_UNSUPPORTED,
                               "its options say types %lld and %lld, expected int64 and string in "
                               "either order",
                               (long long)key, (long long)value);
    PL_TRY(pl_check_set_output(prepare, 0, &one));
    int32_t *number = pl_prepare_allocate(prepare, sizeof *number);
    if (number == NULL) return PL_OUT_OF_MEMORY;
    *number = (int32_t)table_number(prepare->op);
    prepare->params = number;
    pl_prepare_stage(prepare, eval_hashtable, 1, 1);
    return PL_OK;
}

/* ---- finding the table ----------------------------------------------------------------------- */

static const struct pl_operator *find_handle(const struct pl_prepare *prepare)
{
    const struct pl_subgraph *subgraph = pl_prepare_subgraph(prepare);
    for (const struct pl_operator *op = prepare->op; op > subgraph->operators;) {
        op--;
        if (op->code == PL_BuiltinOperator_HASHTABLE && op->output_count == 1 &&
            op->outputs[0] == prepare->op->inputs[0])
            return op;
    }
    return NULL;
}

/* Which table it is; the caller asks for its state, as state 0. */
static pl_status prepare_table(struct pl_prepare *prepare, struct table_user **user)
{
    enum { KEY_BYTES = 40 };
    PL_TRY(check_handle(prepare, pl_input(0)));
    const struct pl_operator *handle = find_handle(prepare);
    if (handle == NULL)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(0),
                             "a table that is passed into a subgraph is not supported, only one "
                             "whose HASHTABLE is in the same subgraph");
    char *key = pl_prepare_allocate(prepare, KEY_BYTES);
    *user = pl_prepare_allocate(prepare, sizeof **user);
    if (key == NULL || *user == NULL) return PL_OUT_OF_MEMORY;
    snprintf(key, KEY_BYTES, "table:%lld", (long long)table_number(handle));
    (*user)->state = key;
    (*user)->key = (pl_type)pl_record_integer(handle->options, PL_HashtableOptions_key_dtype);
    (*user)->value = (pl_type)pl_record_integer(handle->options, PL_HashtableOptions_value_dtype);
    prepare->params = *user;
    return PL_OK;
}

static pl_status check_table_types(struct pl_prepare *prepare, const struct table_user *user,
                                   struct pl_place value)
{
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPE_BIT(user->key)));
    return pl_check_type(prepare, value, PL_TYPE_BIT(user->value));
}

/* Elements of input i: strings are checked here once and believed while running. */
static pl_status read_elements(struct pl_prepare *prepare, int32_t input,
                               struct pl_table_array *array)
{
    const struct pl_value *value = prepare->inputs[input];
    array->type = value->tensor->type;
    if (array->type == PL_STRING) return pl_strings_read(prepare, input, &array->strings);
    return pl_prepare_read(prepare, input, &array->integers);
}

/* The same in eval. */
static struct pl_table_array elements_of(const struct pl_eval *eval, int32_t input, pl_type type)
{
    struct pl_table_array array = {.type = type};
    if (type == PL_STRING) array.strings = pl_strings_of_eval(eval, input);
    else array.integers = eval->inputs[input];
    return array;
}

/* ---- HASHTABLE_IMPORT ------------------------------------------------------------------------ */

/* Only the first import counts. */
static pl_status eval_import(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct table_user *user = eval->params;
    const struct pl_sized *state = eval->states[0];
    (void)from;
    (void)to;
    if (state->bytes > 0) return PL_OK;
    const struct pl_table_source source = {elements_of(eval, 1, user->key),
                                           elements_of(eval, 2, user->value), user->key_bytes,
                                           user->value_bytes, user->count};
    size_t bytes = 0;
    pl_table_bytes(&source, &bytes); /* checked in prepare */
    PL_TRY(pl_eval_resize_state(eval, 0, bytes));
    pl_table_fill(((const struct pl_sized *)eval->states[0])->data, &source);
    return PL_OK;
}

static size_t bytes_of(const struct pl_value *value)
{
    return value->tensor->type == PL_STRING ? value->bytes
                                            : (size_t)pl_shape_count(&value->shape) * 8;
}

pl_status pl_prepare_hashtable_import(struct pl_prepare *prepare)
{
    struct table_user *user = NULL;
    struct pl_table_array unused = {0};
    PL_TRY(pl_check_arity(prepare, 3, 3, 0));
    PL_TRY(prepare_table(prepare, &user));
    PL_TRY(check_table_types(prepare, user, pl_input(2)));
    PL_TRY(pl_check_same_shape(prepare, pl_input(2), pl_input(1)));
    const int64_t count = pl_shape_count(&prepare->inputs[1]->shape);
    if (count > PL_TABLE_MOST)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(1), "there are too many keys");
    PL_TRY(read_elements(prepare, user->key == PL_STRING ? 1 : 2, &unused));
    user->count = (int32_t)count;
    user->key_bytes = bytes_of(prepare->inputs[1]);
    user->value_bytes = bytes_of(prepare->inputs[2]);
    const struct pl_table_source source = {
        .key_bytes = user->key_bytes, .value_bytes = user->value_bytes, .count = user->count};
    size_t bytes = 0;
    if (!pl_table_bytes(&source, &bytes))
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(1), "the table is too large");
    pl_prepare_sized_state(prepare, user->state, bytes);
    pl_prepare_stage(prepare, eval_import, 1, pl_cost(count, 32));
    return PL_OK;
}

/* ---- HASHTABLE_FIND -------------------------------------------------------------------------- */

static pl_status eval_find_integers(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct table_user *user = eval->params;
    const struct pl_sized *state = eval->states[0];
    const struct pl_table_array keys = elements_of(eval, 1, user->key);
    const int64_t otherwise = *(const int64_t *)eval->inputs[2];
    int64_t *output = eval->outputs[0];
    if (state->bytes == 0) return pl_eval_fail(eval, "the table is used before it is imported");
    for (int64_t i = from; i < to; i++) {
        const int32_t found = pl_table_find(state->data, &keys, (int32_t)i);
        output[i] = found < 0 ? otherwise : pl_table_integer(state->data, found);
    }
    return PL_OK;
}

/* The text of key i: the value found, or the default. */
static const char *find_text(const void *table, const struct pl_table_array *keys, int32_t i,
                             const struct pl_strings *defaults, size_t *length)
{
    const int32_t found = pl_table_find(table, keys, i);
    if (found < 0) return pl_strings_at(defaults, 0, length);
    return pl_table_text(table, found, length);
}

static pl_status eval_find_strings(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct table_user *user = eval->params;
    const struct pl_sized *state = eval->states[0];
    const struct pl_table_array keys = elements_of(eval, 1, user->key);
    const struct pl_strings defaults = pl_strings_of_eval(eval, 2);
    struct pl_strings_writer writer;
    (void)from;
    (void)to;
    pl_strings_begin(&writer, eval->outputs[0], user->count);
    for (int32_t i = 0; i < user->count; i++) {
        size_t length = 0;
        const char *text = find_text(state->data, &keys, i, &defaults, &length);
        pl_strings_add(&writer, text, length);
    }
    return PL_OK;
}

/* How long the texts are, only the table tells. */
static pl_status set_string_output(struct pl_prepare *prepare)
{
    struct pl_strings defaults;
    struct pl_table_array keys = {0};
    const struct pl_sized *state = NULL;
    PL_TRY(pl_strings_read(prepare, 2, &defaults));
    PL_TRY(read_elements(prepare, 1, &keys));
    PL_TRY(pl_prepare_read_state(prepare, 0, &state));
    if (state->bytes == 0)
        return pl_prepare_fail(prepare, PL_RUN_ERROR, "the table is used before it is imported");
    const struct pl_shape *shape = &prepare->inputs[1]->shape;
    size_t total = 0;
    for (int32_t i = 0; i < pl_shape_count(shape); i++) {
        size_t length = 0;
        find_text(state->data, &keys, i, &defaults, &length);
        total += length;
    }
    return pl_strings_set_output(prepare, 0, shape, total);
}

pl_status pl_prepare_hashtable_find(struct pl_prepare *prepare)
{
    struct table_user *user = NULL;
    struct pl_table_array unused = {0};
    PL_TRY(pl_check_arity(prepare, 3, 3, 1));
    PL_TRY(prepare_table(prepare, &user));
    PL_TRY(check_table_types(prepare, user, pl_output(0)));
    pl_prepare_sized_state(prepare, user->state, 0);
    PL_TRY(pl_check_same_type(prepare, pl_input(2), pl_output(0)));
    if (pl_shape_count(&prepare->inputs[2]->shape) < 1)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(2), "there is no default value");
    const struct pl_shape *shape = &prepare->inputs[1]->shape;
    const int64_t count = pl_shape_count(shape);
    if (count > PL_TABLE_MOST)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(1), "there are too many keys");
    user->count = (int32_t)count;
    if (user->value == PL_STRING) {
        PL_TRY(set_string_output(prepare));
        pl_prepare_stage(prepare, eval_find_strings, 1, pl_cost(count, 32));
        return PL_OK;
    }
    PL_TRY(read_elements(prepare, 1, &unused));
    PL_TRY(pl_check_set_output(prepare, 0, shape));
    pl_prepare_stage(prepare, eval_find_integers, count, 32);
    return PL_OK;
}

/* ---- HASHTABLE_SIZE -------------------------------------------------------------------------- */

static pl_status eval_size(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct pl_sized *state = eval->states[0];
    int64_t *output = eval->outputs[0];
    (void)from;
    (void)to;
    *output = state->bytes == 0 ? 0 : pl_table_count(state->data);
    return PL_OK;
}

pl_status pl_prepare_hashtable_size(struct pl_prepare *prepare)
{
    const struct pl_shape one = {1, {1}};
    struct table_user *user = NULL;
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(prepare_table(prepare, &user));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_INT64)));
    PL_TRY(pl_check_set_output(prepare, 0, &one));
    pl_prepare_sized_state(prepare, user->state, 0);
    pl_prepare_stage(prepare, eval_size, 1, 1);
    return PL_OK;
}
