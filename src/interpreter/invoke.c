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

static pl_status invoke(struct pl_entry *entry, bool all_members, struct pl_error *error)
{
    struct pl_interpreter *interpreter = entry->instance->interpreter;
    struct invocation invocation = {0};
    pthread_mutex_lock(&interpreter->lock);
    pl_status status = start(entry, &invocation, error);
    const int32_t workers = entry->instance->threads;
    pthread_mutex_unlock(&interpreter->lock);
    PL_TRY(status);
    const struct pl_program *program = invocation.unit->program;
    int32_t first = 0;
    int32_t last = program->block->step_count;
    if (!all_members && program->graph->members != NULL) {
        const struct pl_segment *segment = &program->segments[entry->instance->member];
        first = segment->first_step;
        last = segment->end_step;
    }
    const struct pl_unit_plan plan = {invocation.unit, invocation.component,
                                      entry->unit == &entry->own_unit ? entry : NULL};
    status = pl_unit_run(interpreter, &plan, invocation.lane, first, last, workers, error);
    end(&invocation);
    return status == PL_OK ? PL_OK : pl_fail_at(error, "model '%s'", entry->instance->name);
}

pl_status pl_entry_invoke(struct pl_entry *entry, struct pl_error *error)
{
    const struct pl_component *component = entry->instance->component;
    if (entry->unit == &component->unit && component->member_count > 1 && component->whole)
        return pl_fail(error, PL_INVALID_ARGUMENT,
                       "model '%s' belongs to a linked set that runs as a whole; run the set, or unmark it",
                       entry->instance->name);
    return invoke(entry, false, error);
}

pl_status pl_entry_run(struct pl_entry *entry, struct pl_error *error)
{
    return invoke(entry, true, error);
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
