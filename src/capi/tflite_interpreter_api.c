/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow Lite's C API: interpreters. */
#include "capi/tflite_internal.h"

#include <stdio.h>

enum { CUSTOM_ALLOCATION_ALIGNMENT = 64 };

/* ---- life ------------------------------------------------------------------------------------ */

static pl_status add_model(TfLiteInterpreter *interpreter, bool preserve, struct pl_error *error)
{
    char name[32];
    pl_tflite_next_name(name, sizeof name);
    PL_TRY(pl_interpreter_add(pl_tflite_interpreter(), name, interpreter->graph,
                              &interpreter->registry, &interpreter->entry, error));
    if (preserve) pl_entry_keep_all(interpreter->entry);
    return interpreter->threads > 1
               ? pl_entry_set_threads(interpreter->entry, interpreter->threads, error)
               : PL_OK;
}

static pl_status check_options(const TfLiteInterpreterOptions *options, struct pl_error *error)
{
    if (options == NULL) return PL_OK;
    if (options->out_of_memory)
        return pl_fail(error, PL_OUT_OF_MEMORY, "no memory was left for what the options name");
    if (options->delegate_count > 0)
        return pl_fail(error, PL_UNSUPPORTED,
                       "a delegate cannot be applied: only XNNPACK's is accepted; leave it out");
    return PL_OK;
}

static int32_t thread_count(const TfLiteInterpreterOptions *options)
{
    if (options == NULL || options->threads < 1) return 1;
    return options->threads < PL_MAX_PARTS ? options->threads : PL_MAX_PARTS;
}

static pl_status fill(TfLiteInterpreter *interpreter, const TfLiteInterpreterOptions *options,
                      bool selected, struct pl_error *error)
{
    PL_TRY(check_options(options, error));
    if (pl_tflite_subgraphs_create(interpreter) != PL_OK)
        return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left for an interpreter");
    PL_TRY(pl_tflite_operators_find(interpreter, options, selected, error));
    return add_model(interpreter, options != NULL && options->preserve, error);
}

/* To keep all tensors is to keep constants, too, of which others may have left the packed forms only. */
static pl_status take_graph(TfLiteInterpreter *interpreter, const TfLiteModel *model,
                            const TfLiteInterpreterOptions *options, struct pl_error *error)
{
    if (options != NULL && options->preserve)
        return pl_tflite_model_again(model, &interpreter->graph, error);
    interpreter->graph = model->graph;
    pl_graph_retain(interpreter->graph);
    return PL_OK;
}

static TfLiteInterpreter *create(const TfLiteModel *model, const TfLiteInterpreterOptions *options,
                                 bool selected)
{
    if (model == NULL) return NULL;
    struct TfLiteInterpreter *interpreter = pl_tflite_allocate(sizeof *interpreter);
    if (interpreter == NULL) return NULL;
    interpreter->threads = thread_count(options);
    if (options != NULL) {
        interpreter->reporter = options->reporter;
        interpreter->cancellation = options->cancellation;
    }
    struct pl_error error = {0};
    pl_status status = take_graph(interpreter, model, options, &error);
    if (status == PL_OK) status = fill(interpreter, options, selected, &error);
    if (status == PL_OK) return interpreter;
    (void)pl_tflite_finish(&interpreter->reporter, status, &error);
    TfLiteInterpreterDelete(interpreter);
    return NULL;
}

TfLiteInterpreter *TfLiteInterpreterCreate(const TfLiteModel *model,
                                           const TfLiteInterpreterOptions *optional_options)
{
    return create(model, optional_options, false);
}

TfLiteInterpreter *TfLiteInterpreterCreateWithSelectedOps(const TfLiteModel *model,
                                                          const TfLiteInterpreterOptions *options)
{
    return create(model, options, true);
}

static void delete_allocations(TfLiteInterpreter *interpreter)
{
    while (interpreter->allocations != NULL) {
        struct pl_tflite_allocation *allocation = interpreter->allocations;
        interpreter->allocations = allocation->next;
        pl_tflite_free(allocation, sizeof *allocation);
    }
}

void TfLiteInterpreterDelete(TfLiteInterpreter *interpreter)
{
    if (interpreter == NULL) return;
    struct pl_error error = {0};
    if (interpreter->entry != NULL && pl_interpreter_unload(interpreter->entry, &error) != PL_OK) {
        (void)pl_tflite_finish(&interpreter->reporter, error.status, &error);
        return; /* it is running: what that needs stays */
    }
    pl_tflite_operators_delete(interpreter);
    pl_tflite_subgraphs_delete(interpreter);
    delete_allocations(interpreter);
    pl_interpreter_release_graph(pl_tflite_interpreter(), interpreter->graph);
    pl_tflite_free(interpreter, sizeof *interpreter);
}

/* ---- allocate and run ------------------------------------------------------------------------ */

/* Operators of the program's own may have said more than plait's status can. */
static TfLiteStatus finish(TfLiteInterpreter *interpreter, pl_status status,
                           const struct pl_error *error)
{
    const TfLiteStatus own = interpreter->callback_status;
    const TfLiteStatus done = pl_tflite_finish(&interpreter->reporter, status, error);
    return done == kTfLiteError && own != kTfLiteOk ? own : done;
}

/* The caller's memory again: allocate may have made other. */
static pl_status bind_allocations(const TfLiteInterpreter *interpreter, struct pl_error *error)
{
    const struct pl_tflite_allocation *allocation = interpreter->allocations;
    for (; allocation != NULL; allocation = allocation->next) {
        struct pl_tensor_handle *handle = pl_entry_tensor(interpreter->entry, allocation->tensor);
        const size_t bytes = pl_handle_bytes(handle);
        if (allocation->memory.bytes < bytes)
            return pl_fail(error, PL_INVALID_ARGUMENT,
                           "Custom allocation is too small for tensor idx: %d (%zu bytes, expected "
                           "%zu)",
                           (int)allocation->tensor, allocation->memory.bytes, bytes);
        PL_TRY(pl_handle_bind(handle, allocation->memory.data, bytes, error));
    }
    return PL_OK;
}

TfLiteStatus pl_tflite_allocate_entry(TfLiteInterpreter *interpreter, struct pl_entry *entry)
{
    struct pl_error error = {0};
    interpreter->callback_status = kTfLiteOk;
    if (pl_tflite_operators_check(interpreter, &error) != PL_OK) {
        pl_tflite_report(&interpreter->reporter, "%s", error.text);
        return kTfLiteUnresolvedOps;
    }
    pl_status status = pl_entry_allocate(entry, &error);
    if (status == PL_OK) status = bind_allocations(interpreter, &error);
    interpreter->subgraphs[pl_entry_subgraph_index(entry)].ready = status == PL_OK;
    if (status == PL_OK) pl_tflite_tensors_follow(interpreter);
    return finish(interpreter, status, &error);
}

TfLiteStatus pl_tflite_invoke_entry(TfLiteInterpreter *interpreter, struct pl_entry *entry)
{
    struct pl_error error = {0};
    interpreter->callback_status = kTfLiteOk;
    interpreter->was_asked_to_stop = false;
    if (!interpreter->subgraphs[pl_entry_subgraph_index(entry)].ready ||
        !pl_entry_is_allocated(entry)) {
        pl_tflite_report(&interpreter->reporter, "Invoke called on model that is not ready.");
        return kTfLiteError;
    }
    pl_status status = PL_OK;
    if (interpreter->has_string_inputs)
        status = pl_tflite_feed_strings(interpreter, entry, &error);
    if (status == PL_OK) status = pl_entry_invoke(entry, &error);
    if (interpreter->has_own_operators || pl_entry_is_late(entry))
        pl_tflite_tensors_follow(interpreter);
    const TfLiteStatus found = finish(interpreter, status, &error);
    return found == kTfLiteCancelled && interpreter->was_asked_to_stop ? kTfLiteError : found;
}

TfLiteStatus TfLiteInterpreterAllocateTensors(TfLiteInterpreter *interpreter)
{
    if (interpreter == NULL) return kTfLiteError;
    return pl_tflite_allocate_entry(interpreter, interpreter->entry);
}

TfLiteStatus TfLiteInterpreterInvoke(TfLiteInterpreter *interpreter)
{
    if (interpreter == NULL) return kTfLiteError;
    return pl_tflite_invoke_entry(interpreter, interpreter->entry);
}

TfLiteStatus TfLiteInterpreterCancel(const TfLiteInterpreter *interpreter)
{
    if (interpreter == NULL || !interpreter->cancellation) return kTfLiteError;
    pl_entry_cancel(interpreter->entry);
    return kTfLiteOk;
}

TfLiteStatus TfLiteInterpreterResetVariableTensors(TfLiteInterpreter *interpreter)
{
    if (interpreter == NULL) return kTfLiteError;
    struct pl_error error = {0};
    const pl_status status = pl_entry_reset_variables(interpreter->entry, true, &error);
    return pl_tflite_finish(&interpreter->reporter, status, &error);
}

TfLiteStatus pl_tflite_resize_entry(TfLiteInterpreter *interpreter, struct pl_entry *entry,
                                    int32_t input, const int *dims, int32_t rank)
{
    if (rank < 0 || rank > PL_MAX_RANK || (dims == NULL && rank > 0)) return kTfLiteError;
    struct pl_shape shape = {.rank = rank};
    for (int32_t i = 0; i < rank; i++) shape.dims[i] = dims[i];
    struct pl_error error = {0};
    const pl_status status = pl_entry_resize(entry, input, &shape, &error);
    const struct pl_tensor_handle *handle = pl_entry_input(entry, input);
    if (status == PL_OK && !pl_entry_is_allocated(entry))
        pl_tflite_tensor_follow(interpreter, pl_entry_subgraph_index(entry), pl_handle_index(handle));
    return pl_tflite_finish(&interpreter->reporter, status, &error);
}

TfLiteStatus TfLiteInterpreterResizeInputTensor(TfLiteInterpreter *interpreter, int32_t input_index,
                                                const int *input_dims, int32_t input_dims_size)
{
    if (interpreter == NULL) return kTfLiteError;
    return pl_tflite_resize_entry(interpreter, interpreter->entry, input_index, input_dims,
                                  input_dims_size);
}

/* ---- tensors --------------------------------------------------------------------------------- */

static const struct pl_subgraph *primary(const TfLiteInterpreter *interpreter)
{
    return &interpreter->graph->subgraphs[0];
}

/* An interpreter that can only be read still makes the tensors it is asked for. */
static TfLiteInterpreter *mutable_interpreter(const TfLiteInterpreter *interpreter)
{
    return (TfLiteInterpreter *)(uintptr_t)interpreter;
}

int32_t TfLiteInterpreterGetInputTensorCount(const TfLiteInterpreter *interpreter)
{
    return interpreter == NULL ? 0 : primary(interpreter)->input_count;
}

int32_t TfLiteInterpreterGetOutputTensorCount(const TfLiteInterpreter *interpreter)
{
    return interpreter == NULL ? 0 : primary(interpreter)->output_count;
}

const int *TfLiteInterpreterInputTensorIndices(const TfLiteInterpreter *interpreter)
{
    return interpreter == NULL ? NULL : primary(interpreter)->inputs;
}

const int *TfLiteInterpreterOutputTensorIndices(const TfLiteInterpreter *interpreter)
{
    return interpreter == NULL ? NULL : primary(interpreter)->outputs;
}

int32_t TfLiteInterpreterGetInputTensorIndex(const TfLiteInterpreter *interpreter,
                                             int32_t input_index)
{
    if (input_index < 0 || input_index >= TfLiteInterpreterGetInputTensorCount(interpreter))
        return -1;
    return primary(interpreter)->inputs[input_index];
}

int32_t TfLiteInterpreterGetOutputTensorIndex(const TfLiteInterpreter *interpreter,
                                              int32_t output_index)
{
    if (output_index < 0 || output_index >= TfLiteInterpreterGetOutputTensorCount(interpreter))
        return -1;
    return primary(interpreter)->outputs[output_index];
}

TfLiteTensor *TfLiteInterpreterGetTensor(const TfLiteInterpreter *interpreter, int index)
{
    return interpreter == NULL ? NULL : pl_tflite_tensor(mutable_interpreter(interpreter), 0, index);
}

TfLiteTensor *TfLiteInterpreterGetInputTensor(const TfLiteInterpreter *interpreter,
                                              int32_t input_index)
{
    return TfLiteInterpreterGetTensor(
        interpreter, TfLiteInterpreterGetInputTensorIndex(interpreter, input_index));
}

const TfLiteTensor *TfLiteInterpreterGetOutputTensor(const TfLiteInterpreter *interpreter,
                                                     int32_t output_index)
{
    return TfLiteInterpreterGetTensor(
        interpreter, TfLiteInterpreterGetOutputTensorIndex(interpreter, output_index));
}

int32_t TfLiteInterpreterGetVariableTensorCount(const TfLiteInterpreter *interpreter)
{
    return interpreter == NULL ? 0 : interpreter->subgraphs[0].variable_count;
}

TfLiteTensor *TfLiteInterpreterGetVariableTensor(const TfLiteInterpreter *interpreter,
                                                 int32_t input_index)
{
    if (input_index < 0 || input_index >= TfLiteInterpreterGetVariableTensorCount(interpreter))
        return NULL;
    return TfLiteInterpreterGetTensor(interpreter, interpreter->subgraphs[0].variables[input_index]);
}

/* ---- the caller's memory --------------------------------------------------------------------- */

static bool can_be_allocated(const TfLiteTensor *tensor)
{
    return tensor->allocation_type == kTfLiteArenaRw ||
           tensor->allocation_type == kTfLiteArenaRwPersistent ||
           tensor->allocation_type == kTfLiteCustom;
}

TfLiteStatus TfLiteInterpreterSetCustomAllocationForTensor(TfLiteInterpreter *interpreter,
                                                           int tensor_index,
                                                           const TfLiteCustomAllocation *allocation,
                                                           int64_t flags)
{
    if (interpreter == NULL || allocation == NULL || allocation->data == NULL) return kTfLiteError;
    TfLiteTensor *tensor = TfLiteInterpreterGetTensor(interpreter, tensor_index);
    if (tensor == NULL || !can_be_allocated(tensor)) return kTfLiteError;
    if ((flags & kTfLiteCustomAllocationFlagsSkipAlignCheck) == 0 &&
        (uintptr_t)allocation->data % CUSTOM_ALLOCATION_ALIGNMENT != 0)
        return kTfLiteError;
    struct pl_tflite_allocation *kept = interpreter->allocations;
    while (kept != NULL && kept->tensor != tensor_index) kept = kept->next;
    if (kept == NULL) {
        kept = pl_tflite_allocate(sizeof *kept);
        if (kept == NULL) return kTfLiteError;
        kept->tensor = tensor_index;
        kept->next = interpreter->allocations;
        interpreter->allocations = kept;
    }
    kept->memory = *allocation;
    tensor->allocation_type = kTfLiteCustom;
    tensor->data.data = allocation->data;
    return kTfLiteOk;
}

/* No tensor is ever anywhere else. */
TfLiteStatus TfLiteInterpreterEnsureTensorDataIsReadable(TfLiteInterpreter *interpreter,
                                                         int tensor_index)
{
    return TfLiteInterpreterGetTensor(interpreter, tensor_index) != NULL ? kTfLiteOk : kTfLiteError;
}
