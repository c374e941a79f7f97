/* SPDX-License-Identifier: Apache-2.0 */
/* Operators of the program's own in TensorFlow Lite's form: a registration works on TfLiteTensors, so before each of
 * its callbacks those of the node get what plait's have, and afterwards the other way round. */
#include "capi/tflite_internal.h"

#include <string.h>

/* An operator in the interpreter's registry. */
struct own_operator {
    struct pl_user_op op; /* first */
    TfLiteInterpreter *interpreter;
    TfLiteRegistration registration;
};

/* An operator of the model. */
struct own_node {
    TfLiteNode node; /* first */
    struct pl_tflite_subgraph *subgraph;
};

static const struct own_operator *operator_of(const struct pl_user_call *call)
{
    return (const struct own_operator *)call->node->op;
}

/* ---- callbacks, whichever form they have ----------------------------------------------------- */

static TfLiteOpaqueContext *opaque_context(TfLiteContext *context)
{
    return (TfLiteOpaqueContext *)(void *)context;
}

static TfLiteOpaqueNode *opaque_node(TfLiteNode *node)
{
    return (TfLiteOpaqueNode *)(void *)node;
}

static void *call_init(const TfLiteRegistration *registration, TfLiteContext *context,
                       const struct pl_operator *op)
{
    const TfLiteOperator *external = registration->registration_external;
    const char *options = op->custom_options;
    const size_t bytes = op->custom_options_bytes;
    if (external == NULL)
        return registration->init != NULL ? registration->init(context, options, bytes) : NULL;
    if (external->init_with_data != NULL)
        return external->init_with_data(external->user_data, opaque_context(context), options,
                                        bytes);
    return external->init != NULL ? external->init(opaque_context(context), options, bytes) : NULL;
}

static void call_free(const TfLiteRegistration *registration, TfLiteContext *context, void *data)
{
    const TfLiteOperator *external = registration->registration_external;
    if (data == NULL) return;
    if (external == NULL) {
        if (registration->free != NULL) registration->free(context, data);
    } else if (external->free_with_data != NULL) {
        external->free_with_data(external->user_data, opaque_context(context), data);
    } else if (external->free != NULL) {
        external->free(opaque_context(context), data);
    }
}

static TfLiteStatus call_prepare(const TfLiteRegistration *registration, TfLiteContext *context,
                                 TfLiteNode *node)
{
    const TfLiteOperator *external = registration->registration_external;
    if (external == NULL)
        return registration->prepare != NULL ? registration->prepare(context, node) : kTfLiteOk;
    if (external->prepare_with_data != NULL)
        return external->prepare_with_data(external->user_data, opaque_context(context),
                                           opaque_node(node));
    return external->prepare != NULL ? external->prepare(opaque_context(context), opaque_node(node))
                                     : kTfLiteOk;
}

static TfLiteStatus call_invoke(const TfLiteRegistration *registration, TfLiteContext *context,
                                TfLiteNode *node)
{
    const TfLiteOperator *external = registration->registration_external;
    if (external == NULL)
        return registration->invoke != NULL ? registration->invoke(context, node) : kTfLiteError;
    if (external->invoke_with_data != NULL)
        return external->invoke_with_data(external->user_data, opaque_context(context),
                                          opaque_node(node));
    return external->invoke != NULL ? external->invoke(opaque_context(context), opaque_node(node))
                                    : kTfLiteError;
}

/* ---- init and free --------------------------------------------------------------------------- */

static TfLiteIntArray *make_indices(const int32_t *from, int32_t count)
{
    TfLiteIntArray *array = TfLiteIntArrayCreate(count);
    for (int32_t i = 0; array != NULL && i < count; i++) array->data[i] = from[i];
    return array;
}

static void delete_node(struct own_node *own)
{
    TfLiteIntArrayFree(own->node.inputs);
    TfLiteIntArrayFree(own->node.outputs);
    TfLiteIntArrayFree(own->node.intermediates);
    TfLiteIntArrayFree(own->node.temporaries);
    pl_tflite_free(own, sizeof *own);
}

static struct own_node *make_node(struct pl_tflite_subgraph *subgraph, const struct pl_operator *op)
{
    struct own_node *own = pl_tflite_allocate(sizeof *own);
    if (own == NULL) return NULL;
    own->subgraph = subgraph;
    own->node = (TfLiteNode){.inputs = make_indices(op->inputs, op->input_count),
                             .outputs = make_indices(op->outputs, op->output_count),
                             .intermediates = make_indices(op->intermediates, op->intermediate_count),
                             .temporaries = make_indices(NULL, 0),
                             .custom_initial_data = op->custom_options,
                             .custom_initial_data_size = (int)op->custom_options_bytes,
                             .might_have_side_effect = true};
    if (own->node.inputs != NULL && own->node.outputs != NULL && own->node.intermediates != NULL &&
        own->node.temporaries != NULL)
        return own;
    delete_node(own);
    return NULL;
}

static pl_status init(struct pl_user_call *call, void **data)
{
    const struct own_operator *own = operator_of(call);
    struct pl_tflite_subgraph *subgraph = &own->interpreter->subgraphs[call->node->subgraph];
    struct own_node *node = NULL;
    if (pl_tflite_tensors_side_by_side(subgraph, 0)) node = make_node(subgraph, call->node->operator);
    if (node == NULL)
        return pl_fail(&call->error, PL_OUT_OF_MEMORY, "no memory left for the operator's node");
    node->node.user_data = call_init(&own->registration, &subgraph->context, call->node->operator);
    *data = node;
    return PL_OK;
}

static void free_node(void *user, void *data)
{
    const struct own_operator *own = user;
    struct own_node *node = data;
    call_free(&own->registration, &node->subgraph->context, node->node.user_data);
    delete_node(node);
}

/* ---- plait's tensors to TfLiteTensors, and back ---------------------------------------------- */

static TfLiteTensor *tensor_at(const struct own_node *node, int32_t index)
{
    return index < 0 ? NULL : &node->subgraph->side_by_side[index];
}

static bool is_dynamic(const TfLiteTensor *tensor)
{
    return tensor->allocation_type == kTfLiteDynamic;
}

/* Dynamic outputs have memory of their own while the callback runs. */
static bool show_value(TfLiteTensor *tensor, const struct pl_value *value, bool is_output)
{
    if (is_output && is_dynamic(tensor)) tensor->data.data = NULL;
    if (!pl_tflite_set_dims(tensor, value->shape.rank, value->shape.dims)) return false;
    if (pl_type_bits(value->tensor->type) == 0) tensor->bytes = value->bytes;
    else (void)pl_shape_bytes(&value->shape, value->tensor->type, &tensor->bytes);
    return true;
}

static bool show_values(const struct pl_user_call *call, struct own_node *node)
{
    for (int32_t i = 0; i < call->input_count; i++) {
        TfLiteTensor *tensor = tensor_at(node, node->node.inputs->data[i]);
        if (tensor == NULL || call->inputs[i] == NULL) continue;
        if (!show_value(tensor, call->inputs[i], false)) return false;
        tensor->data.data = pl_user_call_data(call, false, i);
    }
    for (int32_t i = 0; i < call->output_count; i++) {
        TfLiteTensor *tensor = tensor_at(node, node->node.outputs->data[i]);
        if (tensor == NULL || call->outputs[i] == NULL) continue;
        if (!show_value(tensor, call->outputs[i], true)) return false;
        if (!is_dynamic(tensor)) tensor->data.data = pl_user_call_data(call, true, i);
    }
    return true;
}

/* Their memory is others' again. */
static void hide_values(const struct pl_user_call *call, struct own_node *node)
{
    for (int32_t i = 0; i < call->input_count; i++) {
        TfLiteTensor *tensor = tensor_at(node, node->node.inputs->data[i]);
        if (tensor != NULL && tensor->allocation_type != kTfLiteMmapRo) tensor->data.data = NULL;
    }
    for (int32_t i = 0; i < call->output_count; i++) {
        TfLiteTensor *tensor = tensor_at(node, node->node.outputs->data[i]);
        if (tensor == NULL) continue;
        if (is_dynamic(tensor)) pl_tflite_program_free(tensor->data.data);
        tensor->data.data = NULL;
        tensor->allocation = NULL;
    }
}

static pl_status fail_with(struct pl_user_call *call, TfLiteStatus status)
{
    operator_of(call)->interpreter->callback_status = status;
    return pl_fail(&call->error, PL_RUN_ERROR, "it returned TfLiteStatus %d", (int)status);
}

/* ---- prepare --------------------------------------------------------------------------------- */

static bool shape_of(const TfLiteTensor *tensor, struct pl_shape *shape)
{
    const int rank = tensor->dims == NULL ? 0 : tensor->dims->size;
    if (rank > PL_MAX_RANK) return false;
    *shape = (struct pl_shape){.rank = rank};
    for (int i = 0; i < rank; i++) shape->dims[i] = tensor->dims->data[i];
    return true;
}

static pl_status take_shapes(struct pl_user_call *call, const struct own_node *node)
{
    for (int32_t i = 0; i < call->output_count; i++) {
        const TfLiteTensor *tensor = tensor_at(node, node->node.outputs->data[i]);
        if (tensor == NULL || call->outputs[i] == NULL) continue;
        if (is_dynamic(tensor)) PL_TRY(pl_user_call_set_output(call, i, NULL, 0));
        else if (!shape_of(tensor, &call->outputs[i]->shape))
            return pl_fail(&call->error, PL_UNSUPPORTED, "output %d has more than %d dimensions",
                           (int)i, PL_MAX_RANK);
    }
    return PL_OK;
}

static bool has_temporaries(const struct own_node *node)
{
    for (int i = 0; i < node->node.temporaries->size; i++)
        if (node->node.temporaries->data[i] < 0 ||
            node->node.temporaries->data[i] >= node->subgraph->tensor_count)
            return false;
    return true;
}

static bool make_persistent(TfLiteTensor *tensor)
{
    pl_tflite_program_free(tensor->data.data);
    tensor->data.data = pl_tflite_program_allocate(tensor->bytes);
    if (tensor->data.data != NULL) memset(tensor->data.data, 0, tensor->bytes);
    return tensor->data.data != NULL;
}

/* Temporaries in the arena are scratch; what is to persist, and what gets its size while running, has memory of its
 * own. */
static pl_status take_temporaries(struct pl_user_call *call, const struct own_node *node)
{
    int32_t scratch = 0;
    if (!has_temporaries(node))
        return pl_fail(&call->error, PL_INVALID_ARGUMENT, "a temporary is no tensor of the context");
    for (int i = 0; i < node->node.temporaries->size; i++) {
        TfLiteTensor *tensor = tensor_at(node, node->node.temporaries->data[i]);
        if (tensor->allocation_type == kTfLiteArenaRwPersistent && !make_persistent(tensor))
            return pl_fail(&call->error, PL_OUT_OF_MEMORY, "no memory left for a temporary");
        if (tensor->allocation_type != kTfLiteArenaRw) continue;
        if (scratch == PL_MAX_SCRATCH)
            return pl_fail(&call->error, PL_UNSUPPORTED, "more than %d temporaries in the arena",
                           PL_MAX_SCRATCH);
        pl_user_call_ask_scratch(call, scratch++, tensor->bytes);
    }
    return PL_OK;
}

static pl_status prepare(struct pl_user_call *call)
{
    const struct own_operator *own = operator_of(call);
    struct own_node *node = call->node->data;
    if (!show_values(call, node))
        return pl_fail(&call->error, PL_OUT_OF_MEMORY, "no memory left for the shapes of tensors");
    const TfLiteStatus status =
        call_prepare(&own->registration, &node->subgraph->context, &node->node);
    pl_status taken = status == kTfLiteOk ? take_temporaries(call, node) : fail_with(call, status);
    if (taken == PL_OK) taken = take_shapes(call, node);
    hide_values(call, node);
    return taken;
}

/* ---- invoke ---------------------------------------------------------------------------------- */

static void show_temporaries(const struct pl_user_call *call, struct own_node *node)
{
    int32_t scratch = 0;
    for (int i = 0; i < node->node.temporaries->size; i++) {
        TfLiteTensor *tensor = tensor_at(node, node->node.temporaries->data[i]);
        if (tensor->allocation_type == kTfLiteArenaRw)
            tensor->data.data = pl_user_call_scratch(call, scratch++);
    }
}

/* What the callback made of dynamic outputs, and that it left others as they are. */
static pl_status take_dynamic(struct pl_user_call *call, const struct own_node *node)
{
    for (int32_t i = 0; i < call->output_count; i++) {
        const TfLiteTensor *tensor = tensor_at(node, node->node.outputs->data[i]);
        struct pl_shape shape;
        if (tensor == NULL || call->outputs[i] == NULL) continue;
        if (!shape_of(tensor, &shape) ||
            (!call->outputs[i]->late && !pl_shape_equal(&shape, &call->outputs[i]->shape)))
            return pl_fail(&call->error, PL_RUN_ERROR,
                           "output %d was resized while running, but is not dynamic", (int)i);
        if (!call->outputs[i]->late) continue;
        const size_t bytes = tensor->bytes;
        PL_TRY(pl_user_call_set_output(call, i, &shape, bytes));
        if (bytes == 0) continue;
        if (tensor->data.data == NULL)
            return pl_fail(&call->error, PL_RUN_ERROR, "dynamic output %d was not resized", (int)i);
        memcpy(call->eval->outputs[i], tensor->data.data, bytes);
    }
    return PL_OK;
}

static pl_status invoke(struct pl_user_call *call)
{
    const struct own_operator *own = operator_of(call);
    struct own_node *node = call->node->data;
    if (!show_values(call, node))
        return pl_fail(&call->error, PL_OUT_OF_MEMORY, "no memory left for the shapes of tensors");
    show_temporaries(call, node);
    const TfLiteStatus status =
        call_invoke(&own->registration, &node->subgraph->context, &node->node);
    const pl_status taken = status == kTfLiteOk ? take_dynamic(call, node) : fail_with(call, status);
    hide_values(call, node);
    return taken;
}

/* ---- the registry of an interpreter ---------------------------------------------------------- */

static bool has_callbacks(const TfLiteRegistration *registration)
{
    const TfLiteOperator *external = registration->registration_external;
    if (external == NULL)
        return registration->init != NULL || registration->free != NULL ||
               registration->prepare != NULL || registration->invoke != NULL;
    return external->init != NULL || external->free != NULL || external->prepare != NULL ||
           external->invoke != NULL || external->init_with_data != NULL ||
           external->free_with_data != NULL || external->prepare_with_data != NULL ||
           external->invoke_with_data != NULL;
}

/* What the options bring for one operator of the model; false: nothing. */
static bool find_added(const TfLiteInterpreterOptions *options, const struct pl_operator *op,
                       TfLiteRegistration *found)
{
    const struct pl_tflite_added *added = options == NULL ? NULL : options->added;
    for (; added != NULL; added = added->next) {
        if (op->version < added->min_version || op->version > added->max_version) continue;
        if (op->custom_name == NULL ? added->name != NULL || added->code != op->code
                                    : added->name == NULL || strcmp(added->name, op->custom_name) != 0)
            continue;
        *found = added->registration;
        return true;
    }
    return false;
}

static bool ask_external(const struct pl_tflite_resolver *resolver, const struct pl_operator *op,
                         TfLiteRegistration *found)
{
    const TfLiteOperator *external = NULL;
    if (op->custom_name == NULL && resolver->builtin_external != NULL)
        external = resolver->builtin_external(resolver->user_data, op->code, op->version);
    if (op->custom_name != NULL && resolver->custom_external != NULL)
        external = resolver->custom_external(resolver->user_data, op->custom_name, op->version);
    if (external == NULL) return false;
    found->registration_external = (TfLiteOperator *)(uintptr_t)external;
    return has_callbacks(found);
}

#define ASK(name, type, member)                                                                    \
    static bool ask_##name(const struct pl_tflite_resolver *resolver,                              \
                           const struct pl_operator *op, TfLiteRegistration *found)                \
    {                                                                                              \
        const type *answer = NULL;                                                                 \
        if (op->custom_name != NULL && resolver->custom##member != NULL)                           \
            answer = resolver->custom##member(resolver->user_data, op->custom_name, op->version);  \
        if (op->custom_name == NULL && resolver->builtin##member != NULL)                          \
            answer = resolver->builtin##member(resolver->user_data,                                \
                                               (TfLiteBuiltinOperator)op->code, op->version);      \
        *found = (TfLiteRegistration){0};                                                          \
        if (answer != NULL) memcpy(found, answer, sizeof *answer);                                 \
        return answer != NULL;                                                                     \
    }
ASK(today, TfLiteRegistration, )
ASK(v3, TfLiteRegistration_V3, _V3)
ASK(v2, TfLiteRegistration_V2, _V2)
ASK(v1, TfLiteRegistration_V1, _V1)

static bool ask_resolver(const struct pl_tflite_resolver *resolver, const struct pl_operator *op,
                         TfLiteRegistration *found)
{
    return ask_external(resolver, op, found) || ask_today(resolver, op, found) ||
           ask_v3(resolver, op, found) || ask_v2(resolver, op, found) ||
           ask_v1(resolver, op, found);
}

static bool has_resolver(const TfLiteInterpreterOptions *options)
{
    if (options == NULL) return false;
    const struct pl_tflite_resolver *resolver = &options->resolver;
    return resolver->builtin_external != NULL || resolver->custom_external != NULL ||
           resolver->builtin != NULL || resolver->custom != NULL || resolver->builtin_V3 != NULL ||
           resolver->custom_V3 != NULL || resolver->builtin_V2 != NULL ||
           resolver->custom_V2 != NULL || resolver->builtin_V1 != NULL ||
           resolver->custom_V1 != NULL;
}

static pl_status add_operator(TfLiteInterpreter *interpreter, const struct pl_operator *op,
                              const TfLiteRegistration *registration, struct pl_error *error)
{
    if (pl_registry_find(&interpreter->registry, op) != NULL) return PL_OK;
    if (op->custom_name == NULL && op->options != NULL)
        return pl_fail(error, PL_UNSUPPORTED,
                       "operator %s: a kernel of the program's own for a builtin operator would "
                       "miss the operator's options, which are not passed on",
                       pl_operator_name(op));
    struct own_operator *own = pl_tflite_allocate(sizeof *own);
    if (own == NULL)
        return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left for operator '%s'",
                       pl_operator_name(op));
    own->interpreter = interpreter;
    own->registration = *registration;
    own->op = (struct pl_user_op){.op = {.name = pl_operator_name(op),
                                         .code = op->code,
                                         .custom_name = op->custom_name,
                                         .min_version = op->version,
                                         .max_version = op->version},
                                  .user = own,
                                  .init = init,
                                  .free = free_node,
                                  .prepare = prepare,
                                  .invoke = invoke};
    pl_registry_add(&interpreter->registry, &own->op);
    interpreter->has_own_operators = true;
    return PL_OK;
}

static pl_status refuse_missing(const struct pl_operator *op, struct pl_error *error)
{
    return pl_fail(error, PL_UNSUPPORTED,
                   "Didn't find op for builtin opcode '%s' version '%d'. An older version of this "
                   "builtin might be supported, or it was not registered.",
                   pl_operator_name(op), (int)op->version);
}

/* Custom operators that nobody knows are found missing when tensors are allocated, builtin ones now. */
static pl_status find_one(TfLiteInterpreter *interpreter, const TfLiteInterpreterOptions *options,
                          bool selected, const struct pl_operator *op, struct pl_error *error)
{
    TfLiteRegistration found = {0};
    const bool ask = has_resolver(options);
    const bool brought = ask ? ask_resolver(&options->resolver, op, &found) : find_added(options, op, &found);
    if (brought && has_callbacks(&found)) return add_operator(interpreter, op, &found, error);
    const bool known = pl_operator_is_supported(NULL, op) && (brought || !(selected || ask));
    if (known) return PL_OK;
    if (op->custom_name == NULL) return refuse_missing(op, error);
    if (pl_operator_is_supported(NULL, op)) interpreter->hidden_custom = op->custom_name;
    return PL_OK;
}

pl_status pl_tflite_operators_find(TfLiteInterpreter *interpreter,
                                   const TfLiteInterpreterOptions *options, bool selected,
                                   struct pl_error *error)
{
    for (int32_t s = 0; s < interpreter->graph->subgraph_count; s++) {
        const struct pl_subgraph *subgraph = &interpreter->graph->subgraphs[s];
        for (int32_t i = 0; i < subgraph->operator_count; i++)
            PL_TRY(find_one(interpreter, options, selected, &subgraph->operators[i], error));
    }
    return PL_OK;
}

void pl_tflite_operators_delete(TfLiteInterpreter *interpreter)
{
    while (interpreter->registry.first != NULL) {
        struct own_operator *own = (struct own_operator *)interpreter->registry.first;
        interpreter->registry.first = own->op.next;
        pl_tflite_free(own, sizeof *own);
    }
}

/* ---- operators that nobody knows ------------------------------------------------------------- */

pl_status pl_tflite_operators_check(const TfLiteInterpreter *interpreter, struct pl_error *error)
{
    if (interpreter->hidden_custom != NULL)
        return pl_fail(error, PL_UNSUPPORTED, "Encountered unresolved custom op: %s",
                       interpreter->hidden_custom);
    return pl_check_operators(&interpreter->registry, interpreter->graph, error);
}
