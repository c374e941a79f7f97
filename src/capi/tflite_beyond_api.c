/* SPDX-License-Identifier: Apache-2.0 */
/* What plait's C++ headers and Python package need beyond TensorFlow Lite's C API. */
#include "capi/tflite_internal.h"
#include "tensorflow/lite/c/c_api_plait.h"

void TfLitePlaitOptionsSetPreserveAllTensors(TfLiteInterpreterOptions *options, bool preserve)
{
    if (options != NULL) options->preserve = preserve;
}

TfLiteStatus TfLitePlaitInterpreterSetNumThreads(TfLiteInterpreter *interpreter,
                                                 int32_t num_threads)
{
    if (interpreter == NULL || num_threads < -1) return kTfLiteError;
    struct pl_error error = {0};
    const int32_t most = num_threads < PL_MAX_PARTS ? num_threads : PL_MAX_PARTS;
    interpreter->threads = most < 1 ? 1 : most;
    const pl_status status =
        pl_entry_set_threads(interpreter->entry, interpreter->threads, &error);
    return pl_tflite_finish(&interpreter->reporter, status, &error);
}

static const struct pl_subgraph *subgraph_at(const TfLiteInterpreter *interpreter, int32_t subgraph)
{
    if (interpreter == NULL || subgraph < 0 || subgraph >= interpreter->graph->subgraph_count)
        return NULL;
    return &interpreter->graph->subgraphs[subgraph];
}

int32_t TfLitePlaitInterpreterSubgraphCount(const TfLiteInterpreter *interpreter)
{
    return interpreter == NULL ? 0 : interpreter->graph->subgraph_count;
}

int32_t TfLitePlaitInterpreterTensorCount(const TfLiteInterpreter *interpreter, int32_t subgraph)
{
    const struct pl_subgraph *of = subgraph_at(interpreter, subgraph);
    return of == NULL ? 0 : of->tensor_count;
}

TfLiteTensor *TfLitePlaitInterpreterTensor(const TfLiteInterpreter *interpreter, int32_t subgraph,
                                           int32_t index)
{
    if (subgraph_at(interpreter, subgraph) == NULL) return NULL;
    return pl_tflite_tensor((TfLiteInterpreter *)(uintptr_t)interpreter, subgraph, index);
}

int32_t TfLitePlaitSignatureRunnerSubgraph(const TfLiteSignatureRunner *signature_runner)
{
    return signature_runner == NULL ? -1 : pl_entry_subgraph_index(signature_runner->entry);
}

int32_t TfLitePlaitSignatureRunnerTensorIndex(const TfLiteSignatureRunner *signature_runner,
                                              bool output, int32_t index)
{
    if (signature_runner == NULL) return -1;
    const struct pl_tensor_handle *handle = output
                                                ? pl_entry_output(signature_runner->entry, index)
                                                : pl_entry_input(signature_runner->entry, index);
    return handle == NULL ? -1 : pl_handle_index(handle);
}

int32_t TfLitePlaitInterpreterNodeCount(const TfLiteInterpreter *interpreter, int32_t subgraph)
{
    const struct pl_subgraph *of = subgraph_at(interpreter, subgraph);
    return of == NULL ? 0 : of->operator_count;
}

TfLiteStatus TfLitePlaitInterpreterNode(const TfLiteInterpreter *interpreter, int32_t subgraph,
                                        int32_t index, TfLitePlaitNode *node)
{
    const struct pl_subgraph *of = subgraph_at(interpreter, subgraph);
    if (of == NULL || node == NULL || index < 0 || index >= of->operator_count) return kTfLiteError;
    const struct pl_operator *op = &of->operators[index];
    *node = (TfLitePlaitNode){.name = pl_operator_name(op),
                              .builtin_code = op->code,
                              .is_custom = op->custom_name != NULL,
                              .version = op->version,
                              .inputs = op->inputs,
                              .input_count = op->input_count,
                              .outputs = op->outputs,
                              .output_count = op->output_count};
    return kTfLiteOk;
}

const char *TfLitePlaitModelDescription(const TfLiteModel *model)
{
    return model == NULL || model->graph->description == NULL ? "" : model->graph->description;
}

const char *TfLitePlaitModelMetadata(const TfLiteModel *model, int32_t index, const void **data,
                                     size_t *bytes)
{
    if (model == NULL || data == NULL || bytes == NULL) return NULL;
    if (index < 0 || index >= model->graph->metadata_count) return NULL;
    const struct pl_metadata *entry = &model->graph->metadata[index];
    *data = entry->content == NULL ? NULL : entry->content->raw->data;
    *bytes = entry->content == NULL ? 0 : entry->content->bytes;
    return entry->name;
}

/* Asked for by a run; what it says is remembered, for TensorFlow Lite has another status for it. */
static bool is_cancelled(void *user)
{
    TfLiteInterpreter *interpreter = user;
    interpreter->was_asked_to_stop = interpreter->is_cancelled(interpreter->cancellation_data);
    return interpreter->was_asked_to_stop;
}

void TfLitePlaitInterpreterSetCancellationFunction(TfLiteInterpreter *interpreter, void *user_data,
                                                   bool (*function)(void *user_data))
{
    if (interpreter == NULL) return;
    interpreter->is_cancelled = function;
    interpreter->cancellation_data = user_data;
    pl_entry_stop_when(interpreter->entry, function == NULL ? NULL : is_cancelled, interpreter);
}
