/* SPDX-License-Identifier: Apache-2.0 */
/* plait.h: the interpreter and its messages. Arguments are checked here, at the border; inside they are believed. */
#include "plait/plait.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/fixed_memory.h"
#include "capi/handles.h"
#include "capi/watch.h"

#define PL_STATUS(name, value, text) _Static_assert((int)PLAIT_##name == (value), "status codes are pinned");
#include "base/status.def"
#undef PL_STATUS
#define PL_TYPE(name, number, bits, api, word) _Static_assert((int)PLAIT_##name == (api), "types are TensorFlow Lite's");
PL_TYPE_LIST(PL_TYPE)
#undef PL_TYPE

const char *plait_status_text(plait_status status)
{
    return pl_status_text((pl_status)status);
}

const char *plait_version(void)
{
    return PLAIT_VERSION;
}

/* ---- the interpreter ---------------------------------------------------------------------------------------------- */

/* 8 GiB, or everything that can be addressed. */
static const size_t DEFAULT_MEMORY_LIMIT = SIZE_MAX >> 31 > 1 ? SIZE_MAX >> 31 : SIZE_MAX;

void plait_options_default(struct plait_options *options)
{
    if (options == NULL) return;
    *options = (struct plait_options){.struct_bytes = sizeof *options,
                                      .threads = 1,
                                      .lanes = 1,
                                      .requests = PL_DEFAULT_REQUESTS,
                                      .memory_limit_bytes = DEFAULT_MEMORY_LIMIT,
                                      .tensor_limit_bytes = INT32_MAX};
}

/* Callers compiled with an older header have a smaller struct: what they do not know keeps its default. */
static bool take_options(const struct plait_options *given, struct plait_options *options)
{
    plait_options_default(options);
    if (given == NULL) return true;
    if (given->struct_bytes > sizeof *options || given->struct_bytes < sizeof given->struct_bytes) return false;
    memcpy(options, given, given->struct_bytes);
    options->struct_bytes = sizeof *options;
    return options->requests > 0 && (options->memory == NULL || options->memory_bytes > 0);
}

static pl_status open_memory(const struct plait_options *options, struct pl_memory *memory,
                             struct pl_fixed_memory **fixed)
{
    *fixed = NULL;
    pl_allocate_function function = options->allocate != NULL ? options->allocate : pl_memory_system;
    void *user = options->allocate_user;
    if (options->memory != NULL) {
        PL_TRY(pl_fixed_memory_create(options->memory, options->memory_bytes, fixed));
        function = pl_fixed_memory_allocate;
        user = *fixed;
    }
    pl_memory_init(memory, function, user, options->memory_limit_bytes);
    return PL_OK;
}

/* Memory of the caller's is all there is: then nothing is shared. */
static const char *share_folder(const struct plait_options *options)
{
    const char *folder = options->share != NULL ? options->share : getenv("PLAIT_SHARE");
    return folder == NULL || folder[0] == '\0' || options->memory != NULL ? NULL : folder;
}

static pl_status open_interpreter(const struct plait_options *options, struct plait_interpreter *api)
{
    const struct pl_kernels *kernels = pl_kernels_choose(options->cpu != NULL ? options->cpu : getenv("PLAIT_CPU"));
    if (kernels == NULL) return PL_INVALID_ARGUMENT;
    const struct pl_interpreter_options inner = {.threads = options->threads,
                                                 .lanes = options->lanes,
                                                 .requests = options->requests,
                                                 .sleep_below_class = options->sleep_below_class,
                                                 .kernels = kernels,
                                                 .tensor_limit_bytes = options->tensor_limit_bytes,
                                                 .share = share_folder(options),
                                                 .memory = &api->memory};
    struct pl_error error;
    PL_TRY(pl_interpreter_open(&inner, &api->interpreter, &error));
    return pl_watch_as_asked(api, &error);
}

/* ---- fork() ------------------------------------------------------------------------------------------------------- */

static void prepare(void *user)
{
    struct plait_interpreter *api = user;
    pthread_mutex_lock(&api->watch_lock);
    pthread_mutex_lock(&api->pipeline_lock);
    pthread_mutex_lock(&api->error_lock);
}

static void in_parent(void *user)
{
    struct plait_interpreter *api = user;
    pthread_mutex_unlock(&api->error_lock);
    pthread_mutex_unlock(&api->pipeline_lock);
    pthread_mutex_unlock(&api->watch_lock);
}

static void in_child(void *user)
{
    const struct plait_interpreter *api = user;
    if (api->watch != NULL) api->watch->lost = true;
    in_parent(user);
}

static const struct pl_at_fork_functions at_fork = {prepare, in_parent, in_child};

/* ---- the interpreter ---------------------------------------------------------------------------------------------- */

plait_status plait_open(const struct plait_options *given, struct plait_interpreter **interpreter)
{
    struct plait_options options;
    if (interpreter == NULL || !take_options(given, &options)) return PLAIT_INVALID_ARGUMENT;
    *interpreter = NULL;
    struct pl_memory memory;
    struct pl_fixed_memory *fixed = NULL;
    const pl_status opened = open_memory(&options, &memory, &fixed);
    if (opened != PL_OK) return (plait_status)opened;
    struct plait_interpreter *api = pl_allocate_zero(&memory, sizeof *api);
    pl_status status = PL_OUT_OF_MEMORY;
    if (api != NULL) {
        api->memory = memory;
        api->fixed = fixed;
        api->sleep_below_class = options.sleep_below_class;
        pthread_mutex_init(&api->error_lock, NULL);
        pthread_mutex_init(&api->pipeline_lock, NULL);
        pthread_mutex_init(&api->watch_lock, NULL);
        status = open_interpreter(&options, api);
        if (status == PL_OK && !pl_at_fork_add(&api->at_fork, &at_fork, api)) status = PL_OUT_OF_MEMORY;
    }
    if (status == PL_OK) {
        *interpreter = api;
        return PLAIT_OK;
    }
    if (api != NULL) pl_close_api(api);
    else if (fixed != NULL) pl_fixed_memory_destroy(fixed);
    return (plait_status)status;
}

void pl_close_api(struct plait_interpreter *api)
{
    struct pl_user_op *operators = NULL;
    pl_at_fork_remove(&api->at_fork);
    pl_watch_end(api);
    if (api->interpreter != NULL) operators = pl_interpreter_registry(api->interpreter)->first;
    pl_interpreter_close(api->interpreter);
    pl_free_operators(api, operators);
    while (api->pipelines != NULL) {
        struct pl_pipeline *pipeline = api->pipelines;
        api->pipelines = pipeline->next;
        pl_pipeline_free(pipeline);
    }
    pthread_mutex_destroy(&api->watch_lock);
    pthread_mutex_destroy(&api->pipeline_lock);
    pthread_mutex_destroy(&api->error_lock);
    pl_free_messages(api);
    struct pl_fixed_memory *fixed = api->fixed;
    struct pl_memory memory = api->memory;
    memory.allocate(memory.user, api, sizeof *api, 0, PL_ALIGNMENT);
    if (fixed != NULL) pl_fixed_memory_destroy(fixed);
}

void plait_close(struct plait_interpreter *interpreter)
{
    if (interpreter != NULL) pl_close_api(interpreter);
}

/* ---- the caller's memory ------------------------------------------------------------------------------------------ */

/* Repeats a failed operation with memory that has no end, and adds to the message what it takes. */
static void add_exact_need(struct plait_interpreter *api, pl_operation measure, void *arguments, struct pl_error *error)
{
    pl_interpreter_fit(api->interpreter);
    if (!pl_fixed_memory_measure(api->fixed, true)) return;
    struct pl_error ignored;
    if (measure(api, arguments, &ignored) == PL_OK)
        pl_error_append(error, "; options.memory must have %zu bytes for this", pl_fixed_memory_needed(api->fixed));
    pl_fixed_memory_measure(api->fixed, false);
}

/* The same where a limit was in the way. */
static void add_exact_limit(struct plait_interpreter *api, pl_operation measure, void *arguments, struct pl_error *error)
{
    if (!pl_memory_measure(&api->memory)) return;
    struct pl_error ignored;
    const pl_status status = measure(api, arguments, &ignored);
    const size_t bytes = pl_memory_measured(&api->memory);
    if (status == PL_OK) pl_error_append(error, "; options.memory_limit_bytes must be %zu for this", bytes);
}

plait_status pl_run_operation(struct plait_interpreter *api, pl_operation run, pl_operation measure, void *arguments)
{
    struct pl_error error = {0};
    struct pl_room room;
    pl_room_begin(api->interpreter, &room);
    pl_status status = run(api, arguments, &error);
    while (status == PL_OUT_OF_MEMORY && pl_room_make(api->interpreter, &room)) {
        error = (struct pl_error){0};
        status = run(api, arguments, &error);
    }
    if (status == PL_OUT_OF_MEMORY && api->fixed != NULL) add_exact_need(api, measure, arguments, &error);
    else if (status == PL_OUT_OF_MEMORY) add_exact_limit(api, measure, arguments, &error);
    return pl_report(api, status, &error);
}
