/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow Lite's C API: versions and models. */
#include <string.h>

#include "capi/tflite_internal.h"

const char *TfLiteVersion(void)
{
    return "2.21.0";
}

const char *TfLiteExtensionApisVersion(void)
{
    return "2.21.0";
}

int TfLiteSchemaVersion(void)
{
    return 3;
}

static pl_status import(const TfLiteModel *model, uint32_t flags, struct pl_graph **graph,
                        struct pl_error *error)
{
    flags |= PL_LOAD_ALLOW_UNSUPPORTED;
    struct pl_interpreter *interpreter = pl_tflite_interpreter();
    if (model->path != NULL)
        return pl_interpreter_import_file(interpreter, model->path, flags, graph, error);
    return pl_interpreter_import(interpreter, model->data, model->bytes, flags | PL_LOAD_BORROW,
                                 graph, error);
}

pl_status pl_tflite_model_again(const TfLiteModel *model, struct pl_graph **graph,
                                struct pl_error *error)
{
    return import(model, PL_LOAD_ALONE, graph, error);
}

static void free_model(TfLiteModel *model)
{
    if (model->path != NULL) pl_tflite_free(model->path, strlen(model->path) + 1);
    pl_tflite_free(model, sizeof *model);
}

static pl_status fill(TfLiteModel *model, const char *path, struct pl_error *error)
{
    if (path == NULL && model->data == NULL)
        return pl_fail(error, PL_INVALID_ARGUMENT, "a model needs a path or a buffer, found NULL");
    if (path != NULL) {
        model->path = pl_tflite_allocate(strlen(path) + 1);
        if (model->path == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory for a model");
        strcpy(model->path, path);
    }
    return import(model, 0, &model->graph, error);
}

static TfLiteModel *create(const char *path, const void *data, size_t bytes,
                           const struct pl_tflite_reporter *reporter)
{
    struct pl_error error = {0};
    struct TfLiteModel *model = pl_tflite_allocate(sizeof *model);
    if (model == NULL) return NULL;
    *model = (struct TfLiteModel){.data = data, .bytes = bytes};
    const pl_status status = fill(model, path, &error);
    if (status == PL_OK) return model;
    (void)pl_tflite_finish(reporter, status, &error);
    free_model(model);
    return NULL;
}

TfLiteModel *TfLiteModelCreate(const void *model_data, size_t model_size)
{
    return create(NULL, model_data, model_size, NULL);
}

TfLiteModel *TfLiteModelCreateWithErrorReporter(const void *model_data, size_t model_size,
                                                void (*reporter)(void *user_data,
                                                                 const char *format, va_list args),
                                                void *user_data)
{
    const struct pl_tflite_reporter to = {reporter, user_data};
    return create(NULL, model_data, model_size, &to);
}

TfLiteModel *TfLiteModelCreateFromFile(const char *model_path)
{
    return create(model_path, NULL, 0, NULL);
}

TfLiteModel *TfLiteModelCreateFromFileWithErrorReporter(
    const char *model_path, void (*reporter)(void *user_data, const char *format, va_list args),
    void *user_data)
{
    const struct pl_tflite_reporter to = {reporter, user_data};
    return create(model_path, NULL, 0, &to);
}

void TfLiteModelDelete(TfLiteModel *model)
{
    if (model == NULL) return;
    pl_interpreter_release_graph(pl_tflite_interpreter(), model->graph);
    free_model(model);
}
