/* SPDX-License-Identifier: Apache-2.0 */
#include "interpreter/interpreter_internal.h"

/* What an invocation holds from start to end. */
struct invocation {
    struct pl_interpreter *interpreter;
    struct pl_component *component;
    struct pl_unit *unit;
    struct pl_lane *lane;
};

static pl_status start(struct pl_entry *entry, struct invocation *invocation, struct pl_error *error)
{
    struct pl_component *component = entry->instance->component;
    if (component->busy)
        return pl_fail(error, PL_BUSY, "model '%s' is running%s", entry->instance->name,
                       component->member_count > 1 ? ", or one it is linked with" : "");
    if (!pl_entry_is_allocated(entry))
        return pl_fail(error, PL_NOT_ALLOCATED, "model '%s' %s; call allocate first", entry->instance->name,
                       entry->unit->program == NULL ? "is not allocated" : "changed since it was allocated");
    struct pl_lane *lane = pl_lane_take(entry->instance->interpreter, entry->unit->program, error);
    if (lane == NULL) return PL_OUT_OF_MEMORY;
    component->busy = true;
    atomic_store(&component->cancelled, false);
    *invocation = (struct invocation){entry->instance->interpreter, component, entry->unit, lane};
    return PL_OK;
}

static void end(const struct invocation *invocation)
{
    pthread_mutex_lock(&invocation->interpreter->lock);
    invocation->component->busy = false;
    invocation->interpreter->invocations++;
    pl_lane_give_back(invocation->interpreter, invocation->lane);
    pthread_mutex_unlock(&invocation->interpreter->lock);
}

/* What is to be run. */
struct task {
    bool all_members;
    const struct pl_rows_pushed *pushed; /* NULL: nothing */
};

static pl_status run_task(struct pl_entry *entry, const struct invocation *invocation, const struct task *task,
                          int32_t workers, struct pl_error *error)
{
    struct pl_program *program = invocation->unit->program;
    const struct pl_unit_plan plan = {invocation->unit, invocation->component,
                                      entry->unit == &entry->own_unit ? entry : NULL};
    struct pl_step_range range = {0, program->block->step_count, &program->outlook};
    if (task->pushed != NULL)
        return pl_flow_push(invocation->interpreter, &plan, invocation->lane, workers, task->pushed, error);
    if (task->all_members && pl_graph_has_windows(program->graph))
        return pl_flow_run(invocation->interpreter, &plan, invocation->lane, workers, error);
    if (!task->all_members && program->graph->members != NULL) {
        struct pl_segment *segment = &program->segments[entry->instance->member];
        range = (struct pl_step_range){segment->first_step, segment->end_step, &segment->outlook};
        for (int32_t i = 0; i < segment->shared_count; i++) {
            struct pl_shared_steps *shared = &segment->shared[i];
            const struct pl_step_range before = {shared->first, shared->end, &shared->outlook};
            PL_TRY(pl_unit_run(invocation->interpreter, &plan, invocation->lane, &before, workers, error));
        }
    }
    return pl_unit_run(invocation->interpreter, &plan, invocation->lane, &range, workers, error);
}

static pl_status invoke(struct pl_entry *entry, const struct task *task, struct pl_error *error)
{
    struct pl_interpreter *interpreter = entry->instance->interpreter;
    struct invocation invocation = {0};
    pthread_mutex_lock(&interpreter->lock);
    pl_status status = start(entry, &invocation, error);
    const int32_t workers = entry->instance->threads;
    pthread_mutex_unlock(&interpreter->lock);
    PL_TRY(status);
    status = run_task(entry, &invocation, task, workers, error);
    end(&invocation);
    return status == PL_OK ? PL_OK : pl_fail_at(error, "model '%s'", entry->instance->name);
}

/* Its steps are one segment of a program that runs by passes. */
static bool takes_windows(const struct pl_entry *entry)
{
    const struct pl_interpreter *interpreter = entry->instance->interpreter;
    for (int32_t i = 0; entry->unit != &entry->own_unit && i < interpreter->link_count; i++)
        if (interpreter->links[i].to == entry->instance && interpreter->links[i].options.hop > 0) return true;
    return false;
}

pl_status pl_entry_invoke(struct pl_entry *entry, struct pl_error *error)
{
    const struct pl_component *component = entry->instance->component;
    const struct task task = {.all_members = false};
    if (entry->unit == &component->unit && component->member_count > 1 && component->whole)
        return pl_fail(error, PL_INVALID_ARGUMENT,
                       "model '%s' belongs to a linked set that runs as a whole; run the set, or unmark it",
                       entry->instance->name);
    pthread_mutex_lock(&entry->instance->interpreter->lock);
    const bool windows = takes_windows(entry);
    pthread_mutex_unlock(&entry->instance->interpreter->lock);
    if (windows)
        return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s' takes windows: run its linked set, or push rows, and it runs "
                       "when there are enough", entry->instance->name);
    return invoke(entry, &task, error);
}

pl_status pl_entry_run(struct pl_entry *entry, struct pl_error *error)
{
    return invoke(entry, &(struct task){.all_members = true}, error);
}

void pl_entry_on_run(struct pl_entry *entry, pl_ran_function function, void *user)
{
    struct pl_interpreter *interpreter = entry->instance->interpreter;
    pthread_mutex_lock(&interpreter->lock);
    entry->instance->ran_function = function;
    entry->instance->ran_user = user;
    pthread_mutex_unlock(&interpreter->lock);
}

/* The link of the unit's graph that a window is; -1: it is none, or its rows are not pushed. */
static int32_t find_window(const struct pl_tensor_handle *handle)
{
    const struct pl_program *program = handle->entry->unit->program;
    const struct pl_graph *graph = program == NULL ? NULL : program->graph;
    for (int32_t i = 0; graph != NULL && i < graph->link_count; i++)
        if (graph->links[i].rows >= 0 && graph->links[i].from < 0 &&
            graph->links[i].to == graph->member_tensors[handle->entry->instance->member] + handle->index)
            return i;
    return -1;
}

pl_status pl_handle_push(struct pl_tensor_handle *handle, const void *data, size_t bytes, struct pl_error *error)
{
    const struct pl_rows_pushed pushed = {find_window(handle), data, bytes};
    if (!pl_entry_is_allocated(handle->entry))
        return pl_fail(error, PL_NOT_ALLOCATED, "model '%s' changed since it was allocated; call allocate first",
                       handle->entry->instance->name);
    if (pushed.link < 0)
        return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s': input '%s' is no window of rows that are pushed",
                       handle->entry->instance->name, pl_handle_tensor(handle)->name);
    return invoke(handle->entry, &(struct task){.all_members = true, .pushed = &pushed}, error);
}

bool pl_entry_cancel(struct pl_entry *entry)
{
    struct pl_interpreter *interpreter = entry->instance->interpreter;
    pthread_mutex_lock(&interpreter->lock);
    struct pl_component *component = entry->instance->component;
    const bool busy = component->busy;
    if (busy) atomic_store(&component->cancelled, true);
    pthread_mutex_unlock(&interpreter->lock);
    return busy;
}
