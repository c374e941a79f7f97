/* SPDX-License-Identifier: Apache-2.0 */
/* The interpreter that all of TensorFlow Lite's interpreters in a process are models of: the only global there is.
 *
 * Errors go to the reporter that the program gave, or to stderr, as TensorFlow Lite's default reporter does. */
#include "capi/tflite_internal.h"

#include <pthread.h>
#include <stdio.h>

static struct {
    pthread_once_t once;
    struct pl_memory memory;
    struct pl_interpreter *interpreter;
    atomic_uint_fast64_t names;
} shared = {.once = PTHREAD_ONCE_INIT};

static void open_shared(void)
{
    pl_memory_init(&shared.memory, pl_memory_system, NULL, SIZE_MAX);
    const struct pl_interpreter_options options = {.threads = 1,
                                                   .lanes = 1,
                                                   .kernels = pl_kernels_choose(NULL),
                                                   .tensor_limit_bytes = INT32_MAX,
                                                   .memory = &shared.memory};
    struct pl_error error = {0};
    if (pl_interpreter_open(&options, &shared.interpreter, &error) != PL_OK)
        pl_tflite_report(NULL, "%s", error.text);
}

struct pl_interpreter *pl_tflite_interpreter(void)
{
    pthread_once(&shared.once, open_shared);
    return shared.interpreter;
}

void *pl_tflite_allocate(size_t bytes)
{
    return pl_tflite_interpreter() == NULL ? NULL : pl_allocate_zero(&shared.memory, bytes);
}

void pl_tflite_free(void *pointer, size_t bytes)
{
    pl_free(&shared.memory, pointer, bytes);
}

void pl_tflite_next_name(char *name, size_t bytes)
{
    snprintf(name, bytes, "tflite-%llu", (unsigned long long)atomic_fetch_add(&shared.names, 1));
}

/* ---- errors ---------------------------------------------------------------------------------- */

void pl_tflite_report_va(const struct pl_tflite_reporter *reporter, const char *format,
                         va_list args)
{
    if (reporter != NULL && reporter->report != NULL) {
        reporter->report(reporter->user_data, format, args);
        return;
    }
    char text[2 * PL_ERROR_TEXT_BYTES];
    vsnprintf(text, sizeof text, format, args);
    fprintf(stderr, "ERROR: %s\n", text);
}

void pl_tflite_report(const struct pl_tflite_reporter *reporter, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pl_tflite_report_va(reporter, format, args);
    va_end(args);
}

TfLiteStatus pl_tflite_finish(const struct pl_tflite_reporter *reporter, pl_status status,
                              const struct pl_error *error)
{
    if (status == PL_OK) return kTfLiteOk;
    pl_tflite_report(reporter, "%s", error->text);
    return status == PL_CANCELLED ? kTfLiteCancelled : kTfLiteError;
}
