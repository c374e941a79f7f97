/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow Lite's C API: runners of signatures. */
#include "capi/tflite_internal.h"
#include "tensorflow/lite/c/c_api_plait.h"

#include <string.h>

int32_t TfLiteInterpreterGetSignatureCount(const TfLiteInterpreter *interpreter)
{
    return interpreter == NULL ? 0 : interpreter->graph->signature_count;
}

const char *TfLiteInterpreterGetSignatureKey(const TfLiteInterpreter *interpreter,
                                             int32_t signature_index)
{
    if (signature_index < 0 || signature_index >= TfLiteInterpreterGetSignatureCount(interpreter))
        return NULL;
    return interpreter->graph->signatures[signature_index].key;
}

TfLiteSignatureRunner *TfLiteInterpreterGetSignatureRunner(const TfLiteInterpreter *interpreter,
                                                           const char *signature_key)
{
    if (interpreter == NULL || signature_key == NULL) return NULL;
    struct pl_entry *entry = pl_entry_signature(interpreter->entry, signature_key);
    if (entry == NULL) return NULL;
    struct TfLiteSignatureRunner *runner = pl_tflite_allocate(sizeof *runner);
    if (runner == NULL) return NULL;
    *runner = (struct TfLiteSignatureRunner){(TfLiteInterpreter *)(uintptr_t)interpreter, entry};
    return runner;
}

void TfLiteSignatureRunnerDelete(TfLiteSignatureRunner *signature_runner)
{
    if (signature_runner != NULL) pl_tflite_free(signature_runner, sizeof *signature_runner);
}

static const struct pl_signature *signature_of(const TfLiteSignatureRunner *runner)
{
    return pl_entry_own_signature(runner->entry);
}

size_t TfLiteSignatureRunnerGetInputCount(const TfLiteSignatureRunner *signature_runner)
{
    return signature_runner == NULL ? 0 : (size_t)signature_of(signature_runner)->input_count;
}

size_t TfLiteSignatureRunnerGetOutputCount(const TfLiteSignatureRunner *signature_runner)
{
    return signature_runner == NULL ? 0 : (size_t)signature_of(signature_runner)->output_count;
}

const char *TfLiteSignatureRunnerGetInputName(const TfLiteSignatureRunner *signature_runner,
                                              int32_t input_index)
{
    if (input_index < 0 || (size_t)input_index >= TfLiteSignatureRunnerGetInputCount(signature_runner))
        return NULL;
    return signature_of(signature_runner)->inputs[input_index].name;
}

const char *TfLiteSignatureRunnerGetOutputName(const TfLiteSignatureRunner *signature_runner,
                                               int32_t output_index)
{
    if (output_index < 0 ||
        (size_t)output_index >= TfLiteSignatureRunnerGetOutputCount(signature_runner))
        return NULL;
    return signature_of(signature_runner)->outputs[output_index].name;
}

/* Which of them has this name; -1: none. */
static int32_t find(const struct pl_signature_tensor *tensors, int32_t count, const char *name)
{
    for (int32_t i = 0; name != NULL && i < count; i++)
        if (strcmp(tensors[i].name, name) == 0) return i;
    return -1;
}

static int32_t find_input(const TfLiteSignatureRunner *runner, const char *name)
{
    if (runner == NULL) return -1;
    return find(signature_of(runner)->inputs, signature_of(runner)->input_count, name);
}

static TfLiteTensor *tensor_of(const TfLiteSignatureRunner *runner, int32_t tensor)
{
    return pl_tflite_tensor(runner->interpreter, pl_entry_subgraph_index(runner->entry), tensor);
}

TfLiteTensor *TfLiteSignatureRunnerGetInputTensor(TfLiteSignatureRunner *signature_runner,
                                                  const char *input_name)
{
    const int32_t input = find_input(signature_runner, input_name);
    if (input < 0) return NULL;
    return tensor_of(signature_runner, signature_of(signature_runner)->inputs[input].tensor);
}

const TfLiteTensor *TfLiteSignatureRunnerGetOutputTensor(
    const TfLiteSignatureRunner *signature_runner, const char *output_name)
{
    if (signature_runner == NULL) return NULL;
    const struct pl_signature *signature = signature_of(signature_runner);
    const int32_t output = find(signature->outputs, signature->output_count, output_name);
    return output < 0 ? NULL : tensor_of(signature_runner, signature->outputs[output].tensor);
}

/* Only what the file leaves open may change. */
static bool is_open(const struct pl_tensor *facts, const struct pl_shape *now, const int *dims,
                    int32_t rank)
{
    if (rank != now->rank || (dims == NULL && rank > 0)) return false;
    for (int32_t i = 0; i < rank; i++) {
        const int32_t wanted = facts->has_signature ? facts->signature.dims[i] : now->dims[i];
        if (wanted != -1 && wanted != dims[i]) return false;
    }
    return true;
}

TfLiteStatus TfLiteSignatureRunnerResizeInputTensor(TfLiteSignatureRunner *signature_runner,
                                                    const char *input_name, const int *input_dims,
                                                    int32_t input_dims_size)
{
    const int32_t input = find_input(signature_runner, input_name);
    if (input < 0) return kTfLiteError;
    const struct pl_tensor_handle *handle = pl_entry_input(signature_runner->entry, input);
    TfLiteInterpreter *interpreter = signature_runner->interpreter;
    if (!is_open(pl_handle_tensor(handle), pl_handle_shape(handle), input_dims, input_dims_size)) {
        pl_tflite_report(&interpreter->reporter,
                         "input '%s': only dimensions that the file leaves open (-1) can be resized",
                         input_name);
        return kTfLiteError;
    }
    return pl_tflite_resize_entry(interpreter, signature_runner->entry, input, input_dims,
                                  input_dims_size);
}

TfLiteStatus TfLitePlaitSignatureRunnerResizeInput(TfLiteSignatureRunner *signature_runner,
                                                   const char *input_name, const int *input_dims,
                                                   int32_t input_dims_size)
{
    const int32_t input = find_input(signature_runner, input_name);
    if (input < 0) return kTfLiteError;
    return pl_tflite_resize_entry(signature_runner->interpreter, signature_runner->entry, input,
                                  input_dims, input_dims_size);
}

TfLiteStatus TfLiteSignatureRunnerAllocateTensors(TfLiteSignatureRunner *signature_runner)
{
    if (signature_runner == NULL) return kTfLiteError;
    return pl_tflite_allocate_entry(signature_runner->interpreter, signature_runner->entry);
}

TfLiteStatus TfLiteSignatureRunnerInvoke(TfLiteSignatureRunner *signature_runner)
{
    if (signature_runner == NULL) return kTfLiteError;
    return pl_tflite_invoke_entry(signature_runner->interpreter, signature_runner->entry);
}

TfLiteStatus TfLiteSignatureRunnerCancel(TfLiteSignatureRunner *signature_runner)
{
    return signature_runner == NULL ? kTfLiteError
                                    : TfLiteInterpreterCancel(signature_runner->interpreter);
}
