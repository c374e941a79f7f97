/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/user_op.h"

#include <limits.h>
#include <string.h>

/* ---- registry -------------------------------------------------------------------------------- */

static pl_status prepare_user(struct pl_prepare *prepare);

void pl_registry_add(struct pl_registry *registry, struct pl_user_op *op)
{
    op->op.traits = PL_TRAIT_STATEFUL;
    op->op.prepare = prepare_user;
    op->next = registry->first;
    registry->first = op;
}

static bool fits(const struct pl_op *registered, const struct pl_operator *op)
{
    if (op->version < registered->min_version || op->version > registered->max_version)
        return false;
    if (op->custom_name == NULL || registered->custom_name == NULL)
        return op->custom_name == registered->custom_name && op->code == registered->code;
    return strcmp(op->custom_name, registered->custom_name) == 0;
}

const struct pl_user_op *pl_registry_find(const struct pl_registry *registry,
                                          const struct pl_operator *op)
{
    const struct pl_user_op *found = registry == NULL ? NULL : registry->first;
    while (found != NULL && !fits(&found->op, op)) found = found->next;
    return found;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

struct pl_user_node *pl_user_nodes_find(const struct pl_user_nodes *nodes, int32_t subgraph,
                                        int32_t operator_index)
{
    struct pl_user_node *node = nodes == NULL ? NULL : nodes->first;
    while (node != NULL &&
           (node->subgraph != subgraph || node->operator->index != operator_index))
        node = node->next;
    return node;
}

/* What a callback returns may be any number; its own message goes behind its name. */
static pl_status explain(const struct pl_user_call *call, const char *callback, pl_status returned,
                         struct pl_error *error)
{
    const bool known = returned > PL_OK && returned <= PL_CANCELLED;
    const pl_status status = known ? returned : PL_RUN_ERROR;
    if (call->error.text[0] != '\0')
        return pl_fail(error, status, "its %s failed: %s", callback, call->error.text);
    return pl_fail(error, status, "its %s failed and returned %d (%s)", callback, (int)returned,
                   known ? pl_status_text(returned) : "no status of plait's");
}

pl_status pl_user_node_init(struct pl_user_node *node, struct pl_error *error)
{
    if (node->op->init == NULL) return PL_OK;
    struct pl_user_call call = {.node = node};
    const pl_status status = node->op->init(&call, &node->data);
    if (status == PL_OK) return PL_OK;
    (void)explain(&call, "init", status, error);
    return pl_fail_at(error, "operator %d (%s)", (int)node->operator->index,
                      pl_operator_name(node->operator));
}

void pl_user_node_free(struct pl_user_node *node)
{
    if (node->op->free != NULL) node->op->free(node->op->user, node->data);
}

/* ---- preparing and running ------------------------------------------------------------------- */

static const size_t NO_SIZE = SIZE_MAX; /* of an output that running has not sized yet */

struct params {
    struct pl_user_node *node;
    int32_t input_count;
    int32_t output_count;
    struct pl_value **inputs; /* copies: shapes as they were prepared */
    struct pl_value **outputs;
    size_t scratch_bytes[PL_MAX_SCRATCH];
};

void *pl_user_call_data(const struct pl_user_call *call, bool output, int32_t index)
{
    const struct pl_value *value = output ? call->outputs[index] : call->inputs[index];
    if (value == NULL) return NULL;
    if (call->eval == NULL) return (void *)(uintptr_t)value->constant;
    if (output && value->late && value->bytes == NO_SIZE) return NULL;
    return output ? call->eval->outputs[index] : (void *)(uintptr_t)call->eval->inputs[index];
}

/* Strings have none. */
static bool has_size(const struct pl_value *value)
{
    return pl_type_bits(value->tensor->type) > 0;
}

pl_status pl_user_call_set_output(struct pl_user_call *call, int32_t index,
                                  const struct pl_shape *shape, size_t bytes)
{
    struct pl_value *value = call->outputs[index];
    if (call->eval == NULL) {
        value->late = shape == NULL;
        if (shape != NULL) value->shape = *shape;
        return PL_OK;
    }
    if (!value->late || shape == NULL)
        return pl_fail(&call->error, PL_INVALID_ARGUMENT,
                       "output %d: prepare said its shape already, or did not leave it open",
                       (int)index);
    PL_TRY(pl_eval_set_output(call->eval, index, shape, bytes));
    value->shape = *shape;
    value->bytes = bytes;
    if (has_size(value)) (void)pl_shape_bytes(shape, value->tensor->type, &value->bytes);
    return PL_OK;
}

void pl_user_call_ask_scratch(struct pl_user_call *call, int32_t number, size_t bytes)
{
    struct pl_prepare *prepare = call->prepare;
    while (prepare->scratch_count <= number) (void)pl_prepare_scratch(prepare, 0, false);
    prepare->scratch[number].bytes = bytes;
}

void *pl_user_call_scratch(const struct pl_user_call *call, int32_t number)
{
    return call->scratch_bytes[number] > 0 ? call->eval->scratch[number] : NULL;
}

static pl_status eval_user(const struct pl_eval *eval, int64_t from, int64_t to)
{
    (void)from;
    (void)to;
    const struct params *params = eval->params;
    struct pl_user_call call = {.node = params->node,
                                .eval = eval,
                                .input_count = params->input_count,
                                .output_count = params->output_count,
                                .inputs = params->inputs,
                                .outputs = params->outputs,
                                .scratch_bytes = params->scratch_bytes};
    if (params->node->op->invoke == NULL)
        return pl_eval_fail(eval, "it was registered without an invoke");
    for (int32_t i = 0; i < call.output_count; i++)
        if (call.outputs[i] != NULL && call.outputs[i]->late) call.outputs[i]->bytes = NO_SIZE;
    const pl_status status = params->node->op->invoke(&call);
    if (status != PL_OK) return explain(&call, "invoke", status, eval->error);
    for (int32_t i = 0; i < call.output_count; i++)
        if (call.outputs[i] != NULL && call.outputs[i]->late && call.outputs[i]->bytes == NO_SIZE)
            return pl_eval_fail(eval, "its invoke left output %d without a shape", (int)i);
    return PL_OK;
}

static struct pl_value **copy_values(struct pl_prepare *prepare, struct pl_value *const *values,
                                     int32_t count)
{
    struct pl_value **copies = pl_prepare_allocate(prepare, (size_t)count * sizeof *copies);
    struct pl_value *places = pl_prepare_allocate(prepare, (size_t)count * sizeof *places);
    if (copies == NULL || places == NULL) return NULL;
    for (int32_t i = 0; i < count; i++) {
        if (values[i] == NULL) continue;
        places[i] = *values[i];
        copies[i] = &places[i];
    }
    return copies;
}

static pl_status run_prepare(struct pl_prepare *prepare, struct pl_user_node *node)
{
    struct pl_user_call call = {.node = node,
                                .prepare = prepare,
                                .input_count = prepare->input_count,
                                .output_count = prepare->output_count,
                                .inputs = prepare->inputs,
                                .outputs = prepare->outputs};
    if (node->op->prepare == NULL) return PL_OK;
    const pl_status status = node->op->prepare(&call);
    if (status == PL_OK) return PL_OK;
    struct pl_error error = {0};
    (void)explain(&call, "prepare", status, &error);
    return pl_prepare_fail(prepare, error.status, "%s", error.text);
}

static pl_status prepare_user(struct pl_prepare *prepare)
{
    struct params *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(run_prepare(prepare, prepare->user_node));
    for (int32_t i = 0; i < prepare->output_count; i++)
        if (prepare->outputs[i] != NULL && !has_size(prepare->outputs[i]))
            prepare->outputs[i]->late = true;
    params->node = prepare->user_node;
    params->input_count = prepare->input_count;
    params->output_count = prepare->output_count;
    params->inputs = copy_values(prepare, prepare->inputs, prepare->input_count);
    params->outputs = copy_values(prepare, prepare->outputs, prepare->output_count);
    if (params->inputs == NULL || params->outputs == NULL) return PL_OUT_OF_MEMORY;
    for (int32_t i = 0; i < prepare->scratch_count; i++)
        params->scratch_bytes[i] = prepare->scratch[i].bytes;
    prepare->params = params;
    pl_prepare_stage(prepare, eval_user, 1, INT_MAX);
    return PL_OK;
}
