/* SPDX-License-Identifier: Apache-2.0 */
/* The TfLiteContext of a subgraph: what operators of the program's own ask of it. */
#include "capi/tflite_internal.h"

#include <string.h>

struct pl_tflite_subgraph *pl_tflite_subgraph_of(const TfLiteContext *context)
{
    return context->impl_;
}

static const struct pl_tflite_reporter *reporter_of(const TfLiteContext *context)
{
    return &pl_tflite_subgraph_of(context)->interpreter->reporter;
}

static void report_error(TfLiteContext *context, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pl_tflite_report_va(reporter_of(context), format, args);
    va_end(args);
}

/* ---- tensors --------------------------------------------------------------------------------- */

bool pl_tflite_tensor_bytes(TfLiteType type, int32_t rank, const int *dims, size_t *bytes)
{
    struct pl_shape shape = {.rank = rank};
    if (rank < 0 || rank > PL_MAX_RANK) return false;
    for (int32_t i = 0; i < rank; i++) shape.dims[i] = dims[i];
    for (int i = 0; i < PL_TYPE_COUNT; i++)
        if (pl_type_api_number((pl_type)i) == (int32_t)type && pl_type_bits((pl_type)i) > 0)
            return pl_shape_bytes(&shape, (pl_type)i, bytes);
    return false;
}

static bool has_size(TfLiteType type)
{
    return type != kTfLiteString && type != kTfLiteResource && type != kTfLiteVariant;
}

/* Takes the array, also when it fails. */
static TfLiteStatus resize_tensor(TfLiteContext *context, TfLiteTensor *tensor,
                                  TfLiteIntArray *new_size)
{
    size_t bytes = 0;
    bool fits = tensor != NULL && new_size != NULL;
    if (fits && (tensor->allocation_type == kTfLiteMmapRo || tensor->allocation_type == kTfLiteMemNone)) {
        pl_tflite_report(reporter_of(context), "Attempting to resize a fixed-size tensor.");
        fits = false;
    }
    if (fits && has_size(tensor->type)) {
        fits = pl_tflite_tensor_bytes(tensor->type, new_size->size, new_size->data, &bytes);
        if (!fits)
            pl_tflite_report(reporter_of(context),
                             "Tensor '%s' cannot have this shape: a dimension is negative, there "
                             "are more than %d, or it is too large",
                             tensor->name == NULL ? "" : tensor->name, PL_MAX_RANK);
        else fits = TfLiteTensorResizeMaybeCopy(bytes, tensor, false) == kTfLiteOk;
    }
    if (!fits) {
        TfLiteIntArrayFree(new_size);
        return kTfLiteError;
    }
    if (has_size(tensor->type)) tensor->bytes = bytes;
    if (tensor->dims != new_size) TfLiteIntArrayFree(tensor->dims);
    tensor->dims = new_size;
    if (tensor->allocation_type == kTfLiteArenaRw) tensor->data.data = NULL;
    return kTfLiteOk;
}

static TfLiteStatus resize_tensor_explicit(TfLiteContext *context, TfLiteTensor *tensor, int dims,
                                           const int *shape)
{
    TfLiteIntArray *size = TfLiteIntArrayCreate(dims);
    if (size == NULL || (shape == NULL && dims > 0)) {
        TfLiteIntArrayFree(size);
        return kTfLiteError;
    }
    for (int i = 0; i < dims; i++) size->data[i] = shape[i];
    return resize_tensor(context, tensor, size);
}

static TfLiteStatus add_tensors(TfLiteContext *context, int tensors_to_add,
                                int *first_new_tensor_index)
{
    struct pl_tflite_subgraph *subgraph = pl_tflite_subgraph_of(context);
    if (tensors_to_add < 0 || !pl_tflite_tensors_side_by_side(subgraph, tensors_to_add))
        return kTfLiteError;
    if (first_new_tensor_index != NULL) *first_new_tensor_index = subgraph->tensor_count;
    for (int i = 0; i < tensors_to_add; i++)
        subgraph->side_by_side[subgraph->tensor_count++] =
            (TfLiteTensor){.buffer_handle = kTfLiteNullBufferHandle};
    context->tensors_size = (size_t)subgraph->tensor_count;
    return kTfLiteOk;
}

static TfLiteTensor *get_tensor(const TfLiteContext *context, int index)
{
    const struct pl_tflite_subgraph *subgraph = pl_tflite_subgraph_of(context);
    return pl_tflite_tensor(subgraph->interpreter, subgraph->index, index);
}

/* ---- what is kept, and what only delegates may ask ------------------------------------------- */

static TfLiteExternalContext *get_external(TfLiteContext *context, TfLiteExternalContextType type)
{
    return (size_t)type < kTfLiteMaxExternalContexts
               ? pl_tflite_subgraph_of(context)->external[type]
               : NULL;
}

static void set_external(TfLiteContext *context, TfLiteExternalContextType type,
                         TfLiteExternalContext *external)
{
    if ((size_t)type < kTfLiteMaxExternalContexts)
        pl_tflite_subgraph_of(context)->external[type] = external;
}

static TfLiteStatus refuse(const TfLiteContext *context)
{
    pl_tflite_report(reporter_of(context), "The function is forbidden if not calling in delegate.");
    return kTfLiteError;
}

static TfLiteStatus get_execution_plan(TfLiteContext *context, TfLiteIntArray **execution_plan)
{
    (void)execution_plan;
    return refuse(context);
}

static TfLiteStatus get_node(TfLiteContext *context, int node_index, TfLiteNode **node,
                             TfLiteRegistration **registration)
{
    (void)node_index;
    (void)node;
    (void)registration;
    return refuse(context);
}

static TfLiteStatus replace_nodes(TfLiteContext *context, TfLiteRegistration registration,
                                  const TfLiteIntArray *nodes_to_replace, TfLiteDelegate *delegate)
{
    (void)registration;
    (void)nodes_to_replace;
    (void)delegate;
    return refuse(context);
}

static TfLiteStatus preview(TfLiteContext *context, const TfLiteIntArray *nodes_to_replace,
                            TfLiteDelegateParams **partition_params_array, int *num_partitions)
{
    (void)nodes_to_replace;
    (void)partition_params_array;
    (void)num_partitions;
    return refuse(context);
}

static TfLiteStatus acquire(TfLiteContext *context, int subgraph_index,
                            TfLiteContext **acquired_context)
{
    (void)subgraph_index;
    (void)acquired_context;
    return refuse(context);
}

static TfLiteStatus release(TfLiteContext *context, int subgraph_index)
{
    (void)subgraph_index;
    return refuse(context);
}

static TfLiteStatus get_metadata(const TfLiteContext *context, const char *name, const char **ptr,
                                 size_t *bytes)
{
    if (name == NULL || ptr == NULL || bytes == NULL) return kTfLiteError;
    *ptr = NULL;
    *bytes = 0;
    const struct pl_graph *graph = pl_tflite_subgraph_of(context)->interpreter->graph;
    for (int32_t i = graph->metadata_count - 1; i >= 0; i--) { /* the last of a name counts */
        const struct pl_metadata *entry = &graph->metadata[i];
        if (entry->content == NULL || strcmp(entry->name, name) != 0) continue;
        *ptr = entry->content->raw->data;
        *bytes = entry->content->bytes;
        return kTfLiteOk;
    }
    return kTfLiteError;
}

void pl_tflite_context_init(struct pl_tflite_subgraph *subgraph)
{
    subgraph->context =
        (TfLiteContext){.tensors_size = (size_t)subgraph->tensor_count,
                        .GetExecutionPlan = get_execution_plan,
                        .impl_ = subgraph,
                        .ResizeTensor = resize_tensor,
                        .ReportError = report_error,
                        .AddTensors = add_tensors,
                        .GetNodeAndRegistration = get_node,
                        .ReplaceNodeSubsetsWithDelegateKernels = replace_nodes,
                        .recommended_num_threads = subgraph->interpreter->threads,
                        .GetExternalContext = get_external,
                        .SetExternalContext = set_external,
                        .ResizeTensorExplicit = resize_tensor_explicit,
                        .PreviewDelegatePartitioning = preview,
                        .GetTensor = get_tensor,
                        .GetModelMetadata = get_metadata,
                        .AcquireSubgraphContext = acquire,
                        .ReleaseSubgraphContext = release};
}
