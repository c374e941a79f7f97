/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow Lite's C API: options of an interpreter to be. */
#include "capi/tflite_internal.h"

#include <string.h>

TfLiteInterpreterOptions *TfLiteInterpreterOptionsCreate(void)
{
    struct TfLiteInterpreterOptions *options = pl_tflite_allocate(sizeof *options);
    if (options != NULL) options->threads = -1;
    return options;
}

void TfLiteInterpreterOptionsDelete(TfLiteInterpreterOptions *options)
{
    if (options == NULL) return;
    while (options->added != NULL) {
        struct pl_tflite_added *added = options->added;
        options->added = added->next;
        pl_tflite_free(added, sizeof *added);
    }
    pl_tflite_free(options, sizeof *options);
}

void TfLiteInterpreterOptionsSetNumThreads(TfLiteInterpreterOptions *options, int32_t num_threads)
{
    if (options != NULL) options->threads = num_threads;
}

void TfLiteInterpreterOptionsAddDelegate(TfLiteInterpreterOptions *options,
                                         TfLiteOpaqueDelegate *delegate)
{
    if (options == NULL || pl_tflite_delegate_has_no_effect(delegate)) return;
    if (options->delegate_count < PL_TFLITE_MOST_DELEGATES)
        options->delegates[options->delegate_count++] = delegate;
}

void TfLiteInterpreterOptionsSetErrorReporter(
    TfLiteInterpreterOptions *options,
    void (*reporter)(void *user_data, const char *format, va_list args), void *user_data)
{
    if (options != NULL) options->reporter = (struct pl_tflite_reporter){reporter, user_data};
}

TfLiteStatus TfLiteInterpreterOptionsEnableCancellation(TfLiteInterpreterOptions *options,
                                                        bool enable)
{
    if (options == NULL) return kTfLiteError;
    options->cancellation = enable;
    return kTfLiteOk;
}

/* No delegates, no fallback from them, nobody to tell. */
void TfLiteInterpreterOptionsSetUseNNAPI(TfLiteInterpreterOptions *options, bool enable)
{
    (void)options;
    (void)enable;
}

void TfLiteInterpreterOptionsSetEnableDelegateFallback(TfLiteInterpreterOptions *options,
                                                       bool enable)
{
    (void)options;
    (void)enable;
}

void TfLiteInterpreterOptionsSetTelemetryProfiler(TfLiteInterpreterOptions *options,
                                                  struct TfLiteTelemetryProfilerStruct *profiler)
{
    (void)options;
    (void)profiler;
}

/* ---- operators ------------------------------------------------------------------------------- */

/* What cannot be kept is remembered as such: these functions cannot fail. */
static void add(TfLiteInterpreterOptions *options, const struct pl_tflite_added *what)
{
    struct pl_tflite_added *added = pl_tflite_allocate(sizeof *added);
    if (added == NULL) {
        options->out_of_memory = true;
        return;
    }
    *added = *what;
    added->next = options->added;
    options->added = added;
}

void TfLiteInterpreterOptionsAddBuiltinOp(TfLiteInterpreterOptions *options,
                                          TfLiteBuiltinOperator op,
                                          const TfLiteRegistration *registration,
                                          int32_t min_version, int32_t max_version)
{
    if (options == NULL || registration == NULL) return;
    add(options, &(struct pl_tflite_added){.registration = *registration,
                                           .code = (int32_t)op,
                                           .min_version = min_version,
                                           .max_version = max_version});
}

void TfLiteInterpreterOptionsAddCustomOp(TfLiteInterpreterOptions *options, const char *name,
                                         const TfLiteRegistration *registration,
                                         int32_t min_version, int32_t max_version)
{
    if (options == NULL || name == NULL || registration == NULL) return;
    add(options, &(struct pl_tflite_added){.registration = *registration,
                                           .code = kTfLiteBuiltinCustom,
                                           .name = name,
                                           .min_version = min_version,
                                           .max_version = max_version});
}

void TfLiteInterpreterOptionsAddOperator(TfLiteInterpreterOptions *options,
                                         TfLiteOperator *registration)
{
    if (options == NULL || registration == NULL) return;
    add(options, &(struct pl_tflite_added){.registration = {.registration_external = registration},
                                           .code = (int32_t)registration->builtin_code,
                                           .name = registration->custom_name,
                                           .min_version = registration->version,
                                           .max_version = registration->version});
}

void TfLiteInterpreterOptionsAddRegistrationExternal(TfLiteInterpreterOptions *options,
                                                     TfLiteRegistrationExternal *registration)
{
    TfLiteInterpreterOptionsAddOperator(options, registration);
}

TfLiteInterpreterOptions *TfLiteInterpreterOptionsCopy(const TfLiteInterpreterOptions *from)
{
    if (from == NULL) return NULL;
    struct TfLiteInterpreterOptions *copy = pl_tflite_allocate(sizeof *copy);
    if (copy == NULL) return NULL;
    *copy = *from;
    struct pl_tflite_added **at = &copy->added;
    for (const struct pl_tflite_added *added = from->added; added != NULL; added = added->next) {
        *at = pl_tflite_allocate(sizeof **at);
        if (*at == NULL) {
            copy->out_of_memory = true;
            break;
        }
        **at = *added;
        at = &(*at)->next;
        *at = NULL;
    }
    return copy;
}

/* ---- callbacks that find operators ----------------------------------------------------------- */

static void set_resolver(TfLiteInterpreterOptions *options, struct pl_tflite_resolver resolver)
{
    if (options != NULL) options->resolver = resolver;
}

void TfLiteInterpreterOptionsSetOpResolverExternal(
    TfLiteInterpreterOptions *options,
    const TfLiteOperator *(*find_builtin_op)(void *user_data, int op, int version),
    const TfLiteOperator *(*find_custom_op)(void *user_data, const char *custom_op, int version),
    void *op_resolver_user_data)
{
    set_resolver(options, (struct pl_tflite_resolver){.user_data = op_resolver_user_data,
                                                      .builtin_external = find_builtin_op,
                                                      .custom_external = find_custom_op});
}

void TfLiteInterpreterOptionsSetOpResolverExternalWithFallback(
    TfLiteInterpreterOptions *options,
    const TfLiteOperator *(*find_builtin_op_external)(void *user_data, int op, int version),
    const TfLiteOperator *(*find_custom_op_external)(void *user_data, const char *custom_op,
                                                     int version),
    const TfLiteRegistration *(*find_builtin_op)(void *user_data, TfLiteBuiltinOperator op,
                                                 int version),
    const TfLiteRegistration *(*find_custom_op)(void *user_data, const char *op, int version),
    void *op_resolver_user_data)
{
    set_resolver(options, (struct pl_tflite_resolver){.user_data = op_resolver_user_data,
                                                      .builtin_external = find_builtin_op_external,
                                                      .custom_external = find_custom_op_external,
                                                      .builtin = find_builtin_op,
                                                      .custom = find_custom_op});
}

void TfLiteInterpreterOptionsSetOpResolver(
    TfLiteInterpreterOptions *options,
    const TfLiteRegistration *(*find_builtin_op)(void *user_data, TfLiteBuiltinOperator op,
                                                 int version),
    const TfLiteRegistration *(*find_custom_op)(void *user_data, const char *custom_op,
                                                int version),
    void *op_resolver_user_data)
{
    set_resolver(options, (struct pl_tflite_resolver){.user_data = op_resolver_user_data,
                                                      .builtin = find_builtin_op,
                                                      .custom = find_custom_op});
}

/* A version of the registration that is a beginning of today's. */
#define SET_OLDER_RESOLVER(name)                                                                   \
    void TfLiteInterpreterOptionsSetOpResolver##name(                                              \
        TfLiteInterpreterOptions *options,                                                         \
        const TfLiteRegistration_##name *(*find_builtin_op)(void *user_data,                       \
                                                            TfLiteBuiltinOperator op,              \
                                                            int version),                          \
        const TfLiteRegistration_##name *(*find_custom_op)(void *user_data, const char *op,        \
                                                           int version),                           \
        void *op_resolver_user_data)                                                               \
    {                                                                                              \
        set_resolver(options, (struct pl_tflite_resolver){                                         \
                                  .user_data = op_resolver_user_data,                              \
                                  .builtin_##name = find_builtin_op,                               \
                                  .custom_##name = find_custom_op});                               \
    }
SET_OLDER_RESOLVER(V3)
SET_OLDER_RESOLVER(V2)
SET_OLDER_RESOLVER(V1)
