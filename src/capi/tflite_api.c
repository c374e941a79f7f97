/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow Lite's C API over the same core. All its interpreters are models in one shared interpreter, so programs
 * written for N interpreters get one arena, one pool and shared constants. That interpreter is the only global there is.
 *
 * Errors go to stderr, as TensorFlow Lite's default error reporter does: these functions return no message. */
#include "capi/tflite_c_api.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "interpreter/interpreter.h"

struct TfLiteModel {
    struct pl_graph *graph;
};

struct TfLiteInterpreterOptions {
    int32_t threads;
};

struct TfLiteInterpreter {
    struct pl_entry *entry;
};

/* ---- the one interpreter ------------------------------------------------------------------------------------------ */

static struct {
    pthread_once_t once;
    struct pl_memory memory;
    struct pl_interpreter *interpreter; /* NULL if it could not be opened */
    atomic_uint_fast64_t names;
} shared = {.once = PTHREAD_ONCE_INIT};

static void report(const struct pl_error *error)
{
    fprintf(stderr, "ERROR: %s\n", error->text);
}

static void open_shared(void)
{
    pl_memory_init(&shared.memory, pl_memory_system, NULL, SIZE_MAX);
    const struct pl_interpreter_options options = {.threads = 1,
                                                   .lanes = 1,
                                                   .kernels = pl_kernels_choose(NULL),
                                                   .tensor_limit_bytes = INT32_MAX,
                                                   .memory = &shared.memory};
    struct pl_error error = {0};
    if (pl_interpreter_open(&options, &shared.interpreter, &error) != PL_OK) report(&error);
}

static struct pl_interpreter *shared_interpreter(void)
{
    pthread_once(&shared.once, open_shared);
    return shared.interpreter;
}

static TfLiteStatus finish(pl_status status, const struct pl_error *error)
{
    if (status == PL_OK) return kTfLiteOk;
    report(error);
    return kTfLiteError;
}

/* ---- models and options ------------------------------------------------------------------------------------------- */

const char *TfLiteVersion(void)
{
    return "2.21.0";
}

TfLiteModel *TfLiteModelCreateFromFile(const char *model_path)
{
    struct pl_interpreter *interpreter = shared_interpreter();
    if (interpreter == NULL || model_path == NULL) return NULL;
    struct pl_error error = {0};
    struct TfLiteModel *model = pl_allocate_zero(&shared.memory, sizeof *model);
    if (model == NULL) return NULL;
    if (pl_interpreter_import_file(interpreter, model_path, PL_LOAD_ALLOW_UNSUPPORTED, &model->graph, &error) == PL_OK)
        return model;
    report(&error);
    pl_free(&shared.memory, model, sizeof *model);
    return NULL;
}

void TfLiteModelDelete(TfLiteModel *model)
{
    if (model == NULL) return;
    pl_interpreter_release_graph(shared_interpreter(), model->graph);
    pl_free(&shared.memory, model, sizeof *model);
}

TfLiteInterpreterOptions *TfLiteInterpreterOptionsCreate(void)
{
    if (shared_interpreter() == NULL) return NULL;
    struct TfLiteInterpreterOptions *options = pl_allocate_zero(&shared.memory, sizeof *options);
    if (options != NULL) options->threads = 1;
    return options;
}

void TfLiteInterpreterOptionsSetNumThreads(TfLiteInterpreterOptions *options, int32_t num_threads)
{
    if (options == NULL) return;
    options->threads = num_threads < 1 ? 1 : num_threads > PL_MAX_PARTS ? PL_MAX_PARTS : num_threads;
}

void TfLiteInterpreterOptionsDelete(TfLiteInterpreterOptions *options)
{
    if (options != NULL) pl_free(&shared.memory, options, sizeof *options);
}

/* ---- interpreters ------------------------------------------------------------------------------------------------- */

static pl_status add_model(const TfLiteModel *model, int32_t threads, struct pl_entry **entry, struct pl_error *error)
{
    char name[32];
    PL_TRY(pl_check_operators(NULL, model->graph, error));
    snprintf(name, sizeof name, "tflite-%llu", (unsigned long long)atomic_fetch_add(&shared.names, 1));
    PL_TRY(pl_interpreter_add(shared.interpreter, name, model->graph, NULL, entry, error));
    const pl_status status = threads > 1 ? pl_entry_set_threads(*entry, threads, error) : PL_OK;
    if (status != PL_OK) (void)pl_interpreter_unload(*entry, NULL);
    return status;
}

TfLiteInterpreter *TfLiteInterpreterCreate(const TfLiteModel *model, const TfLiteInterpreterOptions *optional_options)
{
    if (model == NULL) return NULL;
    struct pl_error error = {0};
    struct TfLiteInterpreter *interpreter = pl_allocate_zero(&shared.memory, sizeof *interpreter);
    if (interpreter == NULL) return NULL;
    const int32_t threads = optional_options == NULL ? 1 : optional_options->threads;
    if (add_model(model, threads, &interpreter->entry, &error) == PL_OK) return interpreter;
    report(&error);
    pl_free(&shared.memory, interpreter, sizeof *interpreter);
    return NULL;
}

void TfLiteInterpreterDelete(TfLiteInterpreter *interpreter)
{
    if (interpreter == NULL) return;
    struct pl_error error = {0};
    if (pl_interpreter_unload(interpreter->entry, &error) != PL_OK) report(&error);
    else pl_free(&shared.memory, interpreter, sizeof *interpreter);
}

int32_t TfLiteInterpreterGetInputTensorCount(const TfLiteInterpreter *interpreter)
{
    return interpreter == NULL ? 0 : pl_entry_input_count(interpreter->entry);
}

int32_t TfLiteInterpreterGetOutputTensorCount(const TfLiteInterpreter *interpreter)
{
    return interpreter == NULL ? 0 : pl_entry_output_count(interpreter->entry);
}

TfLiteTensor *TfLiteInterpreterGetInputTensor(const TfLiteInterpreter *interpreter, int32_t input_index)
{
    if (interpreter == NULL) return NULL;
    return (TfLiteTensor *)(void *)pl_entry_input(interpreter->entry, input_index);
}

const TfLiteTensor *TfLiteInterpreterGetOutputTensor(const TfLiteInterpreter *interpreter, int32_t output_index)
{
    if (interpreter == NULL) return NULL;
    return (const TfLiteTensor *)(const void *)pl_entry_output(interpreter->entry, output_index);
}

TfLiteStatus TfLiteInterpreterResizeInputTensor(TfLiteInterpreter *interpreter, int32_t input_index,
                                                const int *input_dims, int32_t input_dims_size)
{
    if (interpreter == NULL || input_dims_size < 0 || input_dims_size > PL_MAX_RANK) return kTfLiteError;
    if (input_dims == NULL && input_dims_size > 0) return kTfLiteError;
    struct pl_shape shape = {.rank = input_dims_size};
    for (int32_t i = 0; i < input_dims_size; i++) shape.dims[i] = input_dims[i];
    struct pl_error error = {0};
    return finish(pl_entry_resize(interpreter->entry, input_index, &shape, &error), &error);
}

TfLiteStatus TfLiteInterpreterAllocateTensors(TfLiteInterpreter *interpreter)
{
    if (interpreter == NULL) return kTfLiteError;
    struct pl_error error = {0};
    return finish(pl_entry_allocate(interpreter->entry, &error), &error);
}

TfLiteStatus TfLiteInterpreterInvoke(TfLiteInterpreter *interpreter)
{
    if (interpreter == NULL) return kTfLiteError;
    struct pl_error error = {0};
    return finish(pl_entry_invoke(interpreter->entry, &error), &error);
}

/* ---- tensors ------------------------------------------------------------------------------------------------------ */

static const struct pl_tensor_handle *handle_of(const TfLiteTensor *tensor)
{
    return (const struct pl_tensor_handle *)(const void *)tensor;
}

TfLiteType TfLiteTensorType(const TfLiteTensor *tensor)
{
    if (tensor == NULL) return 0;
    return (TfLiteType)pl_type_api_number(pl_handle_tensor(handle_of(tensor))->type);
}

int32_t TfLiteTensorNumDims(const TfLiteTensor *tensor)
{
    return tensor == NULL ? 0 : pl_handle_shape(handle_of(tensor))->rank;
}

int32_t TfLiteTensorDim(const TfLiteTensor *tensor, int32_t dim_index)
{
    if (dim_index < 0 || dim_index >= TfLiteTensorNumDims(tensor)) return 0;
    return pl_handle_shape(handle_of(tensor))->dims[dim_index];
}

size_t TfLiteTensorByteSize(const TfLiteTensor *tensor)
{
    return tensor == NULL ? 0 : pl_handle_bytes(handle_of(tensor));
}

void *TfLiteTensorData(const TfLiteTensor *tensor)
{
    return tensor == NULL ? NULL : pl_handle_data(handle_of(tensor));
}

const char *TfLiteTensorName(const TfLiteTensor *tensor)
{
    return tensor == NULL ? NULL : pl_handle_tensor(handle_of(tensor))->name;
}

TfLiteQuantizationParams TfLiteTensorQuantizationParams(const TfLiteTensor *tensor)
{
    TfLiteQuantizationParams parameters = {0.0f, 0};
    if (tensor == NULL) return parameters;
    const struct pl_quantization *quantization = &pl_handle_tensor(handle_of(tensor))->quantization;
    if (quantization->count != 1) return parameters;
    parameters.scale = quantization->scales[0];
    parameters.zero_point = quantization->zero_points[0];
    return parameters;
}

TfLiteStatus TfLiteTensorCopyFromBuffer(TfLiteTensor *tensor, const void *input_data, size_t input_data_size)
{
    if (tensor == NULL || (input_data == NULL && input_data_size > 0)) return kTfLiteError;
    struct pl_error error = {0};
    return finish(pl_handle_write((struct pl_tensor_handle *)(void *)tensor, input_data, input_data_size, &error),
                  &error);
}

TfLiteStatus TfLiteTensorCopyToBuffer(const TfLiteTensor *output_tensor, void *output_data, size_t output_data_size)
{
    if (output_tensor == NULL || (output_data == NULL && output_data_size > 0)) return kTfLiteError;
    struct pl_error error = {0};
    return finish(pl_handle_read(handle_of(output_tensor), output_data, output_data_size, &error), &error);
}
