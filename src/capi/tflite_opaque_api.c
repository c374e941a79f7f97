/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow Lite's C API: nodes and contexts by their opaque types, which are the structs of common.h, and builders of
 * tensors that operators add. */
#include "capi/tflite_internal.h"

#include <stdio.h>

static const TfLiteContext *const_context(const TfLiteOpaqueContext *opaque)
{
    return (const TfLiteContext *)(const void *)opaque;
}

static TfLiteContext *context_of(TfLiteOpaqueContext *opaque)
{
    return (TfLiteContext *)(void *)opaque;
}

static const TfLiteNode *const_node(const TfLiteOpaqueNode *opaque)
{
    return (const TfLiteNode *)(const void *)opaque;
}

static TfLiteOpaqueTensor *opaque_tensor(TfLiteTensor *tensor)
{
    return (TfLiteOpaqueTensor *)(void *)tensor;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static TfLiteTensor *tensor_of_node(const TfLiteOpaqueContext *context, const TfLiteIntArray *list,
                                    int index)
{
    if (context == NULL || list == NULL || index < 0 || index >= list->size) return NULL;
    return const_context(context)->GetTensor(const_context(context), list->data[index]);
}

const TfLiteOpaqueTensor *TfLiteOpaqueNodeGetInput(const TfLiteOpaqueContext *opaque_context,
                                                   const TfLiteOpaqueNode *opaque_node, int index)
{
    if (opaque_node == NULL) return NULL;
    return opaque_tensor(tensor_of_node(opaque_context, const_node(opaque_node)->inputs, index));
}

TfLiteOpaqueTensor *TfLiteOpaqueNodeGetOutput(TfLiteOpaqueContext *opaque_context,
                                              const TfLiteOpaqueNode *opaque_node, int index)
{
    if (opaque_node == NULL) return NULL;
    return opaque_tensor(tensor_of_node(opaque_context, const_node(opaque_node)->outputs, index));
}

int TfLiteOpaqueNodeNumberOfInputs(const TfLiteOpaqueNode *opaque_node)
{
    return opaque_node == NULL ? 0 : const_node(opaque_node)->inputs->size;
}

int TfLiteOpaqueNodeNumberOfOutputs(const TfLiteOpaqueNode *opaque_node)
{
    return opaque_node == NULL ? 0 : const_node(opaque_node)->outputs->size;
}

void *TfLiteOpaqueNodeGetUserData(const TfLiteOpaqueNode *opaque_node)
{
    return opaque_node == NULL ? NULL : const_node(opaque_node)->user_data;
}

void *TfLiteOpaqueNodeGetBuiltinData(const TfLiteOpaqueNode *opaque_node)
{
    return opaque_node == NULL ? NULL : const_node(opaque_node)->builtin_data;
}

TfLiteStatus TfLiteOpaqueNodeGetCustomInitialData(const TfLiteOpaqueNode *opaque_node,
                                                  const void **init_data, int *size)
{
    if (opaque_node == NULL || init_data == NULL || size == NULL) return kTfLiteError;
    *init_data = const_node(opaque_node)->custom_initial_data;
    *size = const_node(opaque_node)->custom_initial_data_size;
    return kTfLiteOk;
}

static TfLiteStatus give_list(const TfLiteIntArray *list, const int **items, int *count)
{
    if (list == NULL || items == NULL || count == NULL) return kTfLiteError;
    *items = list->data;
    *count = list->size;
    return kTfLiteOk;
}

TfLiteStatus TfLiteOpaqueNodeInputs(const TfLiteOpaqueNode *opaque_node, const int **inputs,
                                    int *num_inputs)
{
    return give_list(opaque_node == NULL ? NULL : const_node(opaque_node)->inputs, inputs,
                     num_inputs);
}

TfLiteStatus TfLiteOpaqueNodeOutputs(const TfLiteOpaqueNode *opaque_node, const int **outputs,
                                     int *num_outputs)
{
    return give_list(opaque_node == NULL ? NULL : const_node(opaque_node)->outputs, outputs,
                     num_outputs);
}

TfLiteStatus TfLiteOpaqueNodeTemporaries(const TfLiteOpaqueNode *opaque_node,
                                         const int **temporaries, int *num_temporaries)
{
    return give_list(opaque_node == NULL ? NULL : const_node(opaque_node)->temporaries, temporaries,
                     num_temporaries);
}

TfLiteStatus TfLiteOpaqueNodeSetTemporaries(TfLiteOpaqueNode *opaque_node, const int *temporaries,
                                            int num_temporaries)
{
    if (opaque_node == NULL || num_temporaries < 0 || (temporaries == NULL && num_temporaries > 0))
        return kTfLiteError;
    TfLiteIntArray *list = TfLiteIntArrayCreate(num_temporaries);
    if (list == NULL) return kTfLiteError;
    for (int i = 0; i < num_temporaries; i++) list->data[i] = temporaries[i];
    TfLiteNode *node = (TfLiteNode *)(void *)opaque_node;
    TfLiteIntArrayFree(node->temporaries);
    node->temporaries = list;
    return kTfLiteOk;
}

static int index_in(const TfLiteIntArray *list, int at)
{
    return at < 0 || at >= list->size ? -1 : list->data[at];
}

int TfLiteOpaqueNodeGetInputTensorIndex(const TfLiteOpaqueNode *opaque_node, int index_of_input)
{
    return opaque_node == NULL ? -1 : index_in(const_node(opaque_node)->inputs, index_of_input);
}

int TfLiteOpaqueNodeGetOutputTensorIndex(const TfLiteOpaqueNode *opaque_node, int index_of_output)
{
    return opaque_node == NULL ? -1 : index_in(const_node(opaque_node)->outputs, index_of_output);
}

/* ---- contexts -------------------------------------------------------------------------------- */

TfLiteStatus TfLiteOpaqueContextGetExecutionPlan(TfLiteOpaqueContext *opaque_context,
                                                 TfLiteIntArray **execution_plan)
{
    if (opaque_context == NULL) return kTfLiteError;
    return context_of(opaque_context)->GetExecutionPlan(context_of(opaque_context), execution_plan);
}

TfLiteStatus TfLiteOpaqueContextGetNodeAndRegistration(TfLiteOpaqueContext *opaque_context,
                                                       int node_index, TfLiteOpaqueNode **node,
                                                       TfLiteOperator **registration_external)
{
    (void)node;
    (void)registration_external;
    if (opaque_context == NULL) return kTfLiteError;
    return context_of(opaque_context)
        ->GetNodeAndRegistration(context_of(opaque_context), node_index, NULL, NULL);
}

TfLiteStatus TfLiteOpaqueContextReplaceNodeSubsetsWithDelegateKernels(
    TfLiteOpaqueContext *opaque_context, TfLiteOperator *registration_external,
    const TfLiteIntArray *nodes_to_replace, TfLiteOpaqueDelegate *opaque_delegate)
{
    if (opaque_context == NULL) return kTfLiteError;
    const TfLiteRegistration registration = {.registration_external = registration_external};
    return context_of(opaque_context)
        ->ReplaceNodeSubsetsWithDelegateKernels(context_of(opaque_context), registration,
                                                nodes_to_replace, opaque_delegate);
}

TfLiteOpaqueTensor *TfLiteOpaqueContextGetOpaqueTensor(const TfLiteOpaqueContext *opaque_context,
                                                       int index)
{
    if (opaque_context == NULL) return NULL;
    return opaque_tensor(const_context(opaque_context)->GetTensor(const_context(opaque_context), index));
}

static const struct pl_tflite_subgraph *subgraph_of(const TfLiteOpaqueContext *opaque)
{
    return opaque == NULL ? NULL : pl_tflite_subgraph_of(const_context(opaque));
}

static TfLiteStatus give_numbers(const int32_t *from, int32_t count, const int **items, int *items_count)
{
    if (items == NULL || items_count == NULL) return kTfLiteError;
    *items = from;
    *items_count = count;
    return kTfLiteOk;
}

TfLiteStatus TfLiteOpaqueContextGetInputs(const TfLiteOpaqueContext *opaque_context,
                                          const int **inputs, int *num_inputs)
{
    const struct pl_tflite_subgraph *subgraph = subgraph_of(opaque_context);
    if (subgraph == NULL) return kTfLiteError;
    return give_numbers(subgraph->facts->inputs, subgraph->facts->input_count, inputs, num_inputs);
}

TfLiteStatus TfLiteOpaqueContextGetOutputs(const TfLiteOpaqueContext *opaque_context,
                                           const int **outputs, int *num_outputs)
{
    const struct pl_tflite_subgraph *subgraph = subgraph_of(opaque_context);
    if (subgraph == NULL) return kTfLiteError;
    return give_numbers(subgraph->facts->outputs, subgraph->facts->output_count, outputs,
                        num_outputs);
}

TfLiteStatus TfLiteOpaqueContextGetVariables(const TfLiteOpaqueContext *opaque_context,
                                             const int **variables, int *num_variables)
{
    const struct pl_tflite_subgraph *subgraph = subgraph_of(opaque_context);
    if (subgraph == NULL) return kTfLiteError;
    return give_numbers(subgraph->variables, subgraph->variable_count, variables, num_variables);
}

size_t TfLiteOpaqueContextGetNumNodes(const TfLiteOpaqueContext *opaque_context)
{
    const struct pl_tflite_subgraph *subgraph = subgraph_of(opaque_context);
    return subgraph == NULL ? 0 : (size_t)subgraph->facts->operator_count;
}

size_t TfLiteOpaqueContextGetNumTensors(const TfLiteOpaqueContext *opaque_context)
{
    const struct pl_tflite_subgraph *subgraph = subgraph_of(opaque_context);
    return subgraph == NULL ? 0 : (size_t)subgraph->tensor_count;
}

const char *TfLiteOpaqueContextGetName(const TfLiteOpaqueContext *opaque_context)
{
    const struct pl_tflite_subgraph *subgraph = subgraph_of(opaque_context);
    return subgraph == NULL ? NULL : subgraph->facts->name;
}

TfLiteStatus TfLiteOpaqueContextResizeTensor(TfLiteOpaqueContext *context,
                                             TfLiteOpaqueTensor *tensor, TfLiteIntArray *new_size)
{
    if (context == NULL) {
        TfLiteIntArrayFree(new_size);
        return kTfLiteError;
    }
    return context_of(context)->ResizeTensor(context_of(context), (TfLiteTensor *)(void *)tensor,
                                             new_size);
}

TfLiteStatus TfLiteOpaqueContextAcquireSubgraphContext(TfLiteOpaqueContext *opaque_context,
                                                       int subgraph_index,
                                                       TfLiteOpaqueContext **acquired_opaque_context)
{
    (void)acquired_opaque_context;
    if (opaque_context == NULL) return kTfLiteError;
    return context_of(opaque_context)
        ->AcquireSubgraphContext(context_of(opaque_context), subgraph_index, NULL);
}

TfLiteStatus TfLiteOpaqueContextReleaseSubgraphContext(TfLiteOpaqueContext *opaque_context,
                                                       int subgraph_index)
{
    if (opaque_context == NULL) return kTfLiteError;
    return context_of(opaque_context)
        ->ReleaseSubgraphContext(context_of(opaque_context), subgraph_index);
}

/* There is no delegation that could skip it. */
TfLiteStatus
TfLiteOpaqueContextMarkSubgraphAsDelegationSkippable(TfLiteOpaqueContext *opaque_context,
                                                     int subgraph_index)
{
    const struct pl_tflite_subgraph *subgraph = subgraph_of(opaque_context);
    if (subgraph == NULL) return kTfLiteError;
    return subgraph_index > 0 && subgraph_index < subgraph->interpreter->graph->subgraph_count
               ? kTfLiteOk
               : kTfLiteError;
}

/* No file is mapped. */
TfLiteStatus TfLiteOpaqueContextGetNodeInitDataMmapInfo(const TfLiteOpaqueContext *context,
                                                        const TfLiteOpaqueNode *node, int *fd,
                                                        int64_t *custom_initial_data_offset_in_file,
                                                        int64_t *custom_initial_data_size)
{
    (void)context;
    (void)node;
    (void)fd;
    (void)custom_initial_data_offset_in_file;
    (void)custom_initial_data_size;
    return kTfLiteError;
}

TfLiteStatus TfLiteOpaqueContextGetSizeOfType(TfLiteOpaqueContext *context, TfLiteType type,
                                              size_t *bytes)
{
    if (context == NULL || bytes == NULL) return kTfLiteError;
    return pl_tflite_tensor_bytes(type, 0, NULL, bytes) ? kTfLiteOk : kTfLiteError;
}

TfLiteStatus TfLiteOpaqueContextGetMetadata(TfLiteOpaqueContext *context, const char *name,
                                            const char **ptr, size_t *bytes)
{
    if (context == NULL) return kTfLiteError;
    return context_of(context)->GetModelMetadata(context_of(context), name, ptr, bytes);
}

void TfLiteOpaqueContextReportErrorVa(TfLiteOpaqueContext *opaque_context, const char *format,
                                      va_list vlist)
{
    if (opaque_context == NULL || format == NULL) return;
    char text[2 * PL_ERROR_TEXT_BYTES];
    vsnprintf(text, sizeof text, format, vlist);
    context_of(opaque_context)->ReportError(context_of(opaque_context), "%s", text);
}

void TfLiteOpaqueContextReportError(TfLiteOpaqueContext *opaque_context, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    TfLiteOpaqueContextReportErrorVa(opaque_context, format, args);
    va_end(args);
}

/* ---- tensors that operators add -------------------------------------------------------------- */

struct TfLiteOpaqueTensorBuilder {
    TfLiteType type;
    void *data;
    TfLiteAllocationType allocation_type;
    TfLiteQuantizationParams params;
    TfLiteQuantization quantization;
};

TfLiteOpaqueTensorBuilder *TfLiteOpaqueTensorBuilderCreate(void)
{
    return pl_tflite_allocate(sizeof(struct TfLiteOpaqueTensorBuilder));
}

void TfLiteOpaqueTensorBuilderDelete(TfLiteOpaqueTensorBuilder *builder)
{
    if (builder != NULL) pl_tflite_free(builder, sizeof *builder);
}

#define SET(Name, member, kind)                                                                    \
    TfLiteOpaqueTensorBuilder *TfLiteOpaqueTensorBuilderSet##Name(                                 \
        TfLiteOpaqueTensorBuilder *builder, kind member)                                           \
    {                                                                                              \
        if (builder != NULL) builder->member = member;                                             \
        return builder;                                                                            \
    }
SET(Type, type, TfLiteType)
SET(Data, data, void *)
SET(AllocationType, allocation_type, TfLiteAllocationType)
SET(QuantizationParams, params, TfLiteQuantizationParams)
SET(Quantization, quantization, TfLiteQuantization)

static const char *why_not(const TfLiteOpaqueTensorBuilder *builder)
{
    switch (builder->allocation_type) {
    case kTfLiteDynamic:
        return builder->data == NULL ? "a dynamic tensor needs data" : NULL;
    case kTfLiteArenaRw:
    case kTfLiteArenaRwPersistent:
        return builder->data != NULL ? "a tensor in the arena cannot have data" : NULL;
    default: return "the allocation type must be dynamic, or one of the arena";
    }
}

TfLiteStatus TfLiteOpaqueContextAddTensor(TfLiteOpaqueContext *context,
                                          TfLiteOpaqueTensorBuilder *builder, int *new_tensor_index)
{
    if (context == NULL || builder == NULL) return kTfLiteError;
    const char *reason = why_not(builder);
    int index = 0;
    if (reason != NULL) {
        TfLiteOpaqueContextReportError(context, "TfLiteOpaqueContextAddTensor: %s", reason);
        return kTfLiteError;
    }
    if (context_of(context)->AddTensors(context_of(context), 1, &index) != kTfLiteOk)
        return kTfLiteError;
    TfLiteTensor *tensor = &context_of(context)->tensors[index];
    tensor->type = builder->type;
    tensor->data.data = builder->data;
    tensor->allocation_type = builder->allocation_type;
    tensor->params = builder->params;
    tensor->quantization = builder->quantization;
    if (new_tensor_index != NULL) *new_tensor_index = index;
    return kTfLiteOk;
}
