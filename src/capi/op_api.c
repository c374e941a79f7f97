/* SPDX-License-Identifier: Apache-2.0 */
/* plait.h: operators that the program brings. A context is the internal call under its public name. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "capi/handles.h"

struct registered {
    struct pl_user_op op; /* first: the registry knows it by this */
    struct plait_op given;
    size_t bytes;
    char name[];
};

static struct plait_op_context *context_of(struct pl_user_call *call)
{
    return (struct plait_op_context *)(void *)call;
}

static struct pl_user_call *call_of(struct plait_op_context *context)
{
    return (struct pl_user_call *)(void *)context;
}

static const struct pl_user_call *const_call(const struct plait_op_context *context)
{
    return (const struct pl_user_call *)(const void *)context;
}

/* ---- callbacks ------------------------------------------------------------------------------- */

static const struct plait_op *given_of(const struct pl_user_call *call)
{
    return &((const struct registered *)call->node->op)->given;
}

static pl_status call_init(struct pl_user_call *call, void **data)
{
    return (pl_status)given_of(call)->init(context_of(call), data);
}

static void call_free(void *user, void *data)
{
    const struct plait_op *given = user;
    given->free(given->user, data);
}

static pl_status call_prepare(struct pl_user_call *call)
{
    return (pl_status)given_of(call)->prepare(context_of(call));
}

static pl_status call_invoke(struct pl_user_call *call)
{
    return (pl_status)given_of(call)->invoke(context_of(call));
}

static struct registered *make(struct plait_interpreter *api, const struct plait_op *op)
{
    const size_t bytes = sizeof(struct registered) + strlen(op->name) + 1;
    struct registered *made = pl_allocate_zero(&api->memory, bytes);
    if (made == NULL) return NULL;
    const bool any = op->min_version == 0 && op->max_version == 0;
    made->bytes = bytes;
    made->given = *op;
    made->given.name = strcpy(made->name, op->name);
    made->op = (struct pl_user_op){.op = {.name = made->name,
                                          .code = PL_BuiltinOperator_CUSTOM,
                                          .custom_name = made->name,
                                          .min_version = op->min_version,
                                          .max_version = any ? INT32_MAX : op->max_version},
                                   .user = &made->given,
                                   .init = op->init != NULL ? call_init : NULL,
                                   .free = op->free != NULL ? call_free : NULL,
                                   .prepare = op->prepare != NULL ? call_prepare : NULL,
                                   .invoke = call_invoke};
    return made;
}

void pl_free_operators(struct plait_interpreter *api, struct pl_user_op *first)
{
    while (first != NULL) {
        struct registered *made = (struct registered *)first;
        first = first->next;
        pl_free(&api->memory, made, made->bytes);
    }
}

plait_status plait_register_op(struct plait_interpreter *interpreter, const struct plait_op *op)
{
    if (interpreter == NULL) return PLAIT_INVALID_ARGUMENT;
    if (op == NULL || op->struct_bytes != sizeof *op || op->name == NULL || op->name[0] == '\0' ||
        op->invoke == NULL || op->min_version < 0 || op->min_version > op->max_version)
        return pl_refuse(interpreter, "plait_register_op: op is NULL or has no name or no invoke, "
                                      "struct_bytes was not set, or the versions are not in order");
    struct registered *made = make(interpreter, op);
    struct pl_error error;
    if (made == NULL) {
        (void)pl_fail(&error, PL_OUT_OF_MEMORY, "no memory left for operator '%s'", op->name);
        return pl_report(interpreter, PL_OUT_OF_MEMORY, &error);
    }
    pl_interpreter_register(interpreter->interpreter, &made->op);
    return PLAIT_OK;
}

/* ---- what callbacks ask ---------------------------------------------------------------------- */

void plait_op_get_node(const struct plait_op_context *context, struct plait_op_node *node)
{
    if (context == NULL || node == NULL) return;
    const struct pl_user_call *call = const_call(context);
    const struct pl_operator *operator = call->node->operator;
    *node = (struct plait_op_node){.user = given_of(call)->user,
                                   .data = call->node->data,
                                   .name = pl_operator_name(operator),
                                   .version = operator->version,
                                   .index = operator->index,
                                   .options = operator->custom_options,
                                   .options_bytes = operator->custom_options_bytes,
                                   .input_count = (size_t)call->input_count,
                                   .output_count = (size_t)call->output_count};
}

static plait_status describe(const struct plait_op_context *context, bool output, size_t index,
                             struct plait_op_tensor *tensor)
{
    if (context == NULL || tensor == NULL) return PLAIT_INVALID_ARGUMENT;
    const struct pl_user_call *call = const_call(context);
    const int32_t count = output ? call->output_count : call->input_count;
    const struct pl_value *value = NULL;
    if (index < (size_t)count) value = output ? call->outputs[index] : call->inputs[index];
    if (value == NULL) return PLAIT_NOT_FOUND;
    const struct pl_quantization *quantization = &value->tensor->quantization;
    *tensor = (struct plait_op_tensor){
        .name = value->tensor->name,
        .type = (plait_type)pl_type_api_number(value->tensor->type),
        .rank = value->shape.rank,
        .dims = value->shape.dims,
        .data = pl_user_call_data(call, output, (int32_t)index),
        .is_constant = value->constant != NULL,
        .quantization = {(size_t)quantization->count, quantization->scales,
                         quantization->zero_points, quantization->dimension}};
    if (tensor->data != NULL || !value->late) (void)pl_value_bytes(value, &tensor->bytes);
    return PLAIT_OK;
}

plait_status plait_op_input(const struct plait_op_context *context, size_t index,
                            struct plait_op_tensor *tensor)
{
    return describe(context, false, index, tensor);
}

plait_status plait_op_output(const struct plait_op_context *context, size_t index,
                             struct plait_op_tensor *tensor)
{
    return describe(context, true, index, tensor);
}

static plait_status set_output(struct plait_op_context *context, size_t output,
                               const int32_t *dims, int32_t rank, size_t bytes)
{
    if (context == NULL || rank > PL_MAX_RANK || (dims == NULL && rank > 0))
        return PLAIT_INVALID_ARGUMENT;
    struct pl_user_call *call = call_of(context);
    if (call->prepare == NULL && (call->eval == NULL || rank < 0)) return PLAIT_INVALID_ARGUMENT;
    if (output >= (size_t)call->output_count || call->outputs[output] == NULL)
        return PLAIT_NOT_FOUND;
    struct pl_shape shape = {.rank = rank};
    for (int32_t i = 0; i < rank; i++) {
        if (dims[i] < 0) return PLAIT_INVALID_ARGUMENT;
        shape.dims[i] = dims[i];
    }
    return (plait_status)pl_user_call_set_output(call, (int32_t)output, rank < 0 ? NULL : &shape,
                                                 bytes);
}

plait_status plait_op_set_shape(struct plait_op_context *context, size_t output,
                                const int32_t *dims, int32_t rank)
{
    return set_output(context, output, dims, rank, 0);
}

plait_status plait_op_set_strings(struct plait_op_context *context, size_t output,
                                  const int32_t *dims, int32_t rank, size_t bytes)
{
    return set_output(context, output, dims, rank, bytes);
}

void *plait_op_scratch(struct plait_op_context *context, size_t number, size_t bytes)
{
    if (context == NULL || number >= PL_MAX_SCRATCH) return NULL;
    struct pl_user_call *call = call_of(context);
    if (call->eval != NULL) return pl_user_call_scratch(call, (int32_t)number);
    if (call->prepare == NULL) return NULL;
    pl_user_call_ask_scratch(call, (int32_t)number, bytes);
    return NULL;
}

plait_status plait_op_fail(struct plait_op_context *context, plait_status status,
                           const char *format, ...)
{
    if (context == NULL || format == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_user_call *call = call_of(context);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(call->error.text, sizeof call->error.text, format, arguments);
    va_end(arguments);
    return status;
}
