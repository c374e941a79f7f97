/* SPDX-License-Identifier: Apache-2.0 */
/* VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE: resource variables. The handle's tensor is only a
 * number; what a variable is, an operator finds while preparing: the VAR_HANDLE in its subgraph
 * that makes the handle has the variable's name, and all operators of a model that name one
 * variable share one state. */
#include <stdio.h>
#include <string.h>

#include "ops/check.h"
#include "ops/op.h"

/* The first bytes of a variable's state; its value follows. A state without bytes: never assigned. */
struct variable_header {
    int32_t type;
    struct pl_shape shape;
    int32_t unused[6];
};
_Static_assert(sizeof(struct variable_header) == PL_ALIGNMENT,
               "the value behind the header is aligned");

struct variable {
    struct variable_header header; /* as this operator reads or writes it */
    size_t bytes;
};

/* ---- VAR_HANDLE ------------------------------------------------------------------------------ */

struct var_handle {
    int32_t id;
};

static pl_status eval_var_handle(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct var_handle *params = eval->params;
    (void)from;
    (void)to;
    memcpy(eval->outputs[0], &params->id, sizeof params->id);
    return PL_OK;
}

/* "variable:<container>:<shared name>", the lengths first so that no two pairs make one key. */
static char *make_key(struct pl_prepare *prepare, const struct pl_operator *handle)
{
    uint32_t container_bytes = 0;
    uint32_t name_bytes = 0;
    const char *container =
        pl_record_vector(handle->options, PL_VarHandleOptions_container, &container_bytes);
    const char *name =
        pl_record_vector(handle->options, PL_VarHandleOptions_shared_name, &name_bytes);
    if (container == NULL) container = "";
    if (name == NULL) name = "";
    const size_t room = (size_t)container_bytes + name_bytes + 32;
    char *key = pl_prepare_allocate(prepare, room);
    if (key != NULL)
        snprintf(key, room, "variable:%u:%.*s:%s", (unsigned)container_bytes, (int)container_bytes,
                 container, name);
    return key;
}

/* A number that equal names share. */
static int32_t hash_key(const char *key)
{
    uint32_t hash = 2166136261u;
    for (; *key != 0; key++) hash = (hash ^ (unsigned char)*key) * 16777619u;
    return (int32_t)(hash & INT32_MAX);
}

static pl_status check_handle(struct pl_prepare *prepare, struct pl_place place)
{
    PL_TRY(pl_check_type(prepare, place, PL_TYPE_BIT(PL_RESOURCE) | PL_TYPE_BIT(PL_INT32)));
    return place.output ? PL_OK : pl_check_count(prepare, place, 1);
}

pl_status pl_prepare_var_handle(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 0, 0, 1));
    PL_TRY(check_handle(prepare, pl_output(0)));
    const struct pl_shape *file = &prepare->outputs[0]->tensor->shape;
    const struct pl_shape one = {file->rank == 1 ? 1 : 0, {1}};
    PL_TRY(pl_check_set_output(prepare, 0, &one));
    struct var_handle *params = pl_prepare_allocate(prepare, sizeof *params);
    const char *key = make_key(prepare, prepare->op);
    if (params == NULL || key == NULL) return PL_OUT_OF_MEMORY;
    params->id = hash_key(key);
    prepare->params = params;
    pl_prepare_stage(prepare, eval_var_handle, 1, 1);
    return PL_OK;
}

/* ---- finding the variable -------------------------------------------------------------------- */

/* The operator that makes the handle in input 0; NULL if it comes from outside of the subgraph.
 * Operators are in order, so that it is before this one. */
static const struct pl_operator *find_handle(const struct pl_prepare *prepare)
{
    const int32_t wanted = prepare->op->inputs[0];
    const struct pl_subgraph *subgraph = pl_prepare_subgraph(prepare);
    if (subgraph == NULL) return NULL;
    for (const struct pl_operator *op = prepare->op; op > subgraph->operators;) {
        op--;
        if (op->code == PL_BuiltinOperator_VAR_HANDLE && op->output_count == 1 &&
            op->outputs[0] == wanted)
            return op;
    }
    return NULL;
}

/* Asks for the state of the variable, as state 0, with memory for so many bytes of header and
 * value. */
static pl_status find_variable(struct pl_prepare *prepare, size_t bytes)
{
    PL_TRY(check_handle(prepare, pl_input(0)));
    const struct pl_operator *handle = find_handle(prepare);
    if (handle == NULL) {
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(0),
                             "a variable that is passed into a subgraph is not supported, only one "
                             "whose VAR_HANDLE is in the same subgraph");
    }
    const char *key = make_key(prepare, handle);
    if (key == NULL) return PL_OUT_OF_MEMORY;
    pl_prepare_sized_state(prepare, key, bytes);
    return PL_OK;
}

/* Describes the value that is read or written. */
static pl_status describe_variable(struct pl_prepare *prepare, struct pl_place place,
                                   const struct pl_shape *shape, struct variable **variable)
{
    const struct pl_value *value = pl_check_value(prepare, place);
    const pl_type type = value->tensor->type;
    if (pl_type_bits(type) == 0 && type != PL_STRING)
        return pl_check_fail(prepare, PL_UNSUPPORTED, place, "variables of %s are not supported",
                             pl_type_name(type));
    *variable = pl_prepare_allocate(prepare, sizeof **variable);
    if (*variable == NULL) return PL_OUT_OF_MEMORY;
    (*variable)->header.type = (int32_t)type;
    (*variable)->header.shape = *shape;
    (*variable)->bytes = value->bytes;
    if (type != PL_STRING && !pl_shape_bytes(shape, type, &(*variable)->bytes))
        return pl_check_fail(prepare, PL_UNSUPPORTED, place, "the variable is too large");
    prepare->params = *variable;
    return PL_OK;
}

/* ---- READ_VARIABLE --------------------------------------------------------------------------- */

static pl_status eval_read_variable(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct variable *params = eval->params;
    const struct pl_sized *state = eval->states[0];
    const struct variable_header *header = state->data;
    (void)from;
    (void)to;
    if (state->bytes == 0)
        return pl_eval_fail(eval, "the variable is read before anything was assigned to it");
    if (header->type != params->header.type ||
        !pl_shape_equal(&header->shape, &params->header.shape)) {
        char found[PL_SHAPE_TEXT_BYTES];
        char expected[PL_SHAPE_TEXT_BYTES];
        return pl_eval_fail(
            eval, "the variable holds %s %s, expected %s %s", pl_type_name((pl_type)header->type),
            pl_shape_text(&header->shape, found), pl_type_name((pl_type)params->header.type),
            pl_shape_text(&params->header.shape, expected));
    }
    if (params->bytes > 0) memcpy(eval->outputs[0], header + 1, params->bytes);
    return PL_OK;
}

/* What a variable holds is known only when it runs. An output of rank 0 or of strings may get
 * anything; any other has the shape that the file gives it. */
static pl_status find_read_shape(struct pl_prepare *prepare, struct pl_shape *shape)
{
    const struct pl_tensor *output = prepare->outputs[0]->tensor;
    *shape = output->shape;
    if (output->shape.rank > 0 && output->type != PL_STRING) return PL_OK;
    const struct pl_sized *state = NULL;
    PL_TRY(pl_prepare_read_state(prepare, 0, &state));
    const struct variable_header *header = state->data;
    if (state->bytes == 0) return PL_OK; /* eval refuses */
    *shape = header->shape;
    prepare->outputs[0]->bytes = state->bytes - sizeof *header;
    return PL_OK;
}

pl_status pl_prepare_read_variable(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(find_variable(prepare, 0));
    struct pl_shape shape = {0, {0}};
    PL_TRY(find_read_shape(prepare, &shape));
    PL_TRY(pl_check_set_output(prepare, 0, &shape));
    struct variable *variable = NULL;
    PL_TRY(describe_variable(prepare, pl_output(0), &shape, &variable));
    pl_prepare_stage(prepare, eval_read_variable, 1, (int64_t)variable->bytes);
    return PL_OK;
}

/* ---- ASSIGN_VARIABLE ------------------------------------------------------------------------- */

static pl_status eval_assign_variable(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct variable *params = eval->params;
    const struct pl_sized *state = eval->states[0];
    const size_t bytes = sizeof params->header + params->bytes;
    (void)from;
    (void)to;
    if (state->bytes != bytes) PL_TRY(pl_eval_resize_state(eval, 0, bytes));
    struct variable_header *header = state->data;
    *header = params->header;
    if (params->bytes > 0) memcpy(header + 1, eval->inputs[1], params->bytes);
    return PL_OK;
}

pl_status pl_prepare_assign_variable(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 0));
    struct variable *variable = NULL;
    PL_TRY(check_handle(prepare, pl_input(0)));
    PL_TRY(describe_variable(prepare, pl_input(1), &prepare->inputs[1]->shape, &variable));
    PL_TRY(find_variable(prepare, sizeof variable->header + variable->bytes));
    pl_prepare_stage(prepare, eval_assign_variable, 1, (int64_t)variable->bytes);
    return PL_OK;
}
