/* SPDX-License-Identifier: Apache-2.0 */
#include "interpreter/interpreter.h"

#include <assert.h>

#include "graph/asleep.h"
#include "graph/shared_pages.h"
#include "interpreter/allocate.h"
#include "interpreter/models/models.h"

static pl_status open_parts(struct pl_interpreter *interpreter, struct pl_error *error)
{
    PL_TRY(pl_constant_store_create(interpreter->memory, &interpreter->store, error));
    if (interpreter->options.sleep_below_class > 0) pl_constant_store_remember(interpreter->store);
    if (interpreter->options.share != NULL) {
        int folder;
        PL_TRY(pl_shared_open(interpreter->options.share, &folder, error));
        pl_constant_store_share(interpreter->store, folder);
        interpreter->options.share = NULL; /* the caller's text */
    }
    interpreter->pool = pl_pool_create(interpreter->memory, 0);
    if (interpreter->pool == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left for the pool of threads");
    return pl_pool_grow(interpreter->pool, interpreter->options.threads, error);
}

void pl_init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

void pl_init_recursive(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

pl_status pl_interpreter_open(const struct pl_interpreter_options *options, struct pl_interpreter **interpreter,
                              struct pl_error *error)
{
    if (options->threads < 1 || options->threads > PL_MAX_PARTS)
        return pl_fail(error, PL_INVALID_ARGUMENT, "options.threads is %d, expected 1 to %d", (int)options->threads,
                       PL_MAX_PARTS);
    if (options->lanes < 1 || options->lanes > PL_MAX_PARTS)
        return pl_fail(error, PL_INVALID_ARGUMENT, "options.lanes is %d, expected 1 to %d", (int)options->lanes,
                       PL_MAX_PARTS);
    if (options->requests < 0 || options->requests > PL_MOST_REQUESTS)
        return pl_fail(error, PL_INVALID_ARGUMENT, "options.requests is %d, expected 1 to %d", (int)options->requests,
                       PL_MOST_REQUESTS);
    if (options->sleep_below_class < 0 || options->sleep_below_class > PL_MOST_CLASS + 1)
        return pl_fail(error, PL_INVALID_ARGUMENT, "options.sleep_below_class is %d, expected 0 to %d",
                       (int)options->sleep_below_class, PL_MOST_CLASS + 1);
    if (options->sleep_below_class > 0 && options->memory->allocate != pl_memory_system)
        return pl_fail(error, PL_INVALID_ARGUMENT, "options.sleep_below_class needs the system's memory, not the caller's");
    struct pl_interpreter *fresh = pl_allocate_zero(options->memory, sizeof *fresh);
    if (fresh == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left for an interpreter");
    fresh->options = *options;
    if (options->requests == 0) fresh->options.requests = PL_DEFAULT_REQUESTS;
    fresh->memory = options->memory;
    pl_init_recursive(&fresh->change);
    pthread_mutex_init(&fresh->sleep, NULL);
    pthread_mutex_init(&fresh->lock, NULL);
    pl_init_condition(&fresh->room);
    pl_turns_open(&fresh->turns);
    pl_requests_open(&fresh->requests);
    pl_status status = open_parts(fresh, error);
    if (status == PL_OK && !pl_interpreter_at_fork(fresh))
        status = pl_fail(error, PL_OUT_OF_MEMORY, "no memory left for an interpreter");
    if (status != PL_OK) {
        pl_interpreter_close(fresh);
        return status;
    }
    *interpreter = fresh;
    return PL_OK;
}

void pl_interpreter_close(struct pl_interpreter *interpreter)
{
    if (interpreter == NULL) return;
    struct pl_memory *memory = interpreter->memory;
    pl_at_fork_remove(&interpreter->at_fork);
    pl_requests_close(interpreter);
    interpreter->options.lanes = 0; /* none is made anew for what is left meanwhile */
    for (size_t i = 0; i < interpreter->instance_count; i++) interpreter->instances[i]->holder = interpreter;
    const pl_status status = pl_interpreter_unload_held(interpreter, interpreter, NULL);
    assert(status == PL_OK);
    (void)status;
    pl_lanes_destroy(interpreter);
    pl_pool_destroy(interpreter->pool);
    pl_free(memory, interpreter->instances, interpreter->instance_capacity * sizeof interpreter->instances[0]);
    pl_free(memory, interpreter->name_hashes, interpreter->instance_capacity * sizeof interpreter->name_hashes[0]);
    pl_free(memory, interpreter->links, (size_t)interpreter->link_capacity * sizeof interpreter->links[0]);
    if (interpreter->store != NULL) pl_constant_store_delete(interpreter->store);
    pl_turns_close(&interpreter->turns);
    pthread_cond_destroy(&interpreter->room);
    pthread_mutex_destroy(&interpreter->lock);
    pthread_mutex_destroy(&interpreter->sleep);
    pthread_mutex_destroy(&interpreter->change);
    pl_free(memory, interpreter, sizeof *interpreter);
}

const struct pl_kernels *pl_interpreter_kernels(const struct pl_interpreter *interpreter)
{
    return interpreter->options.kernels;
}

size_t pl_interpreter_tensor_limit(const struct pl_interpreter *interpreter)
{
    return interpreter->options.tensor_limit_bytes;
}

struct pl_memory *pl_interpreter_memory(const struct pl_interpreter *interpreter)
{
    return interpreter->memory;
}

void pl_interpreter_set_cutter(struct pl_interpreter *interpreter, pl_cut_function cut, void *context)
{
    pl_lock(interpreter);
    interpreter->cut = cut;
    interpreter->cut_context = context;
    pthread_mutex_unlock(&interpreter->lock);
}

/* Everything of one model. What separate interpreters would need is every model's own arena and constants. */
static void add_instance(struct pl_instance *instance, struct pl_interpreter_report *report)
{
    struct pl_memory_report one;
    pl_entry_measure(instance->primary, &one);
    size_t arena_bytes = one.arena_bytes;
    for (int32_t i = 0; pl_instance_unit(instance, i) != NULL; i++) {
        const struct pl_program *program = pl_instance_unit(instance, i)->program;
        if (program != NULL) arena_bytes += program->block->arena_bytes;
    }
    report->arena_sum_bytes += arena_bytes;
    report->constant_sum_bytes += one.constant_bytes;
    report->io_bytes += one.io_bytes;
    report->state_bytes += one.state_bytes;
}

void pl_interpreter_report(struct pl_interpreter *interpreter, struct pl_interpreter_report *report)
{
    *report = (struct pl_interpreter_report){0};
    pl_change_begin(interpreter);
    for (size_t i = 0; i < interpreter->instance_count; i++) add_instance(interpreter->instances[i], report);
    pl_lock(interpreter);
    report->models = interpreter->instance_count;
    report->invocations = interpreter->invocations;
    report->wakes = interpreter->wakes;
    for (size_t i = 0; i < interpreter->instance_count; i++)
        report->asleep += interpreter->instances[i]->component->asleep;
    report->asleep_bytes = pl_constant_store_asleep(interpreter->store);
    report->constant_bytes = pl_constant_store_bytes(interpreter->store);
    const struct pl_lane_needs needs = pl_lanes_needed(interpreter);
    for (int32_t c = 0; c <= PL_MOST_CLASS; c++) report->arena_bytes += needs.of_class[c].arena_bytes;
    for (const struct pl_lane *lane = interpreter->lanes; lane != NULL; lane = lane->next) report->lanes++;
    pthread_mutex_unlock(&interpreter->lock);
    pl_change_end(interpreter);
}
