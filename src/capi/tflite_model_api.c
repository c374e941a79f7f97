/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow Lite's C API: versions and models. */
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

static TfLiteModel *create(const char *path, const void *data, size_t bytes,
                           const struct pl_tflite_reporter *reporter)
{
    struct pl_error error = {0};
    struct TfLiteModel *model = pl_tflite_allocate(sizeof *model);
    if (model == NULL) return NULL;
    struct pl_interpreter *interpreter = pl_tflite_interpreter();
    pl_status status = PL_INVALID_ARGUMENT;
    if (path != NULL)
        status = pl_interpreter_import_file(interpreter, path, PL_LOAD_ALLOW_UNSUPPORTED,
                                            &model->graph, &error);
    else if (data != NULL)
        status = pl_interpreter_import(interpreter, data, bytes,
                                       PL_LOAD_ALLOW_UNSUPPORTED | PL_LOAD_BORROW, &model->graph,
                                       &error);
    else (void)pl_fail(&error, status, "a model needs a path or a buffer, found NULL");
    if (status == PL_OK) return model;
    (void)pl_tflite_finish(reporter, status, &error);
    pl_tflite_free(model, sizeof *model);
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
    pl_tflite_free(model, sizeof *model);
}
