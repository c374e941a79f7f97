/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "interpreter/interpreter_internal.h"

/* What is to be run. */
struct task {
    bool all_members;
    struct pl_tensor_handle *input; /* a window that gets rows; NULL: none */
    const void *rows;
    size_t bytes;
};

/* What an invocation holds from start to end. The model can be replaced meanwhile: its entry is not looked at again. */
struct invocation {
    struct pl_interpreter *interpreter;
    struct pl_unit_plan plan;
    struct pl_lane *lane;
    int32_t member; /* the model's, in the component */
    int32_t input;  /* the tensor that gets rows, */
    const char *input_name; /* and its name */
    int32_t workers;
    uint64_t begun; /* when, if somebody counts; 0 otherwise */
};

static pl_status check_start(const struct pl_entry *entry, const struct task *task, struct pl_error *error)
{
    const struct pl_component *component = entry->instance->component;
    if (!task->all_members && entry->unit == &component->unit && component->member_count > 1 && component->whole)
        return pl_fail(error, PL_INVALID_ARGUMENT,
                       "model '%s' belongs to a linked set that runs as a whole; run the set, or unmark it", entry->name);
    if (component->busy)
        return pl_fail(error, PL_BUSY, "model '%s' is running%s", entry->name,
                       component->member_count > 1 ? ", or one it is linked with" : "");
    if (!pl_entry_is_allocated(entry))
        return pl_fail(error, PL_NOT_ALLOCATED, "model '%s' %s; call allocate first", entry->name,
                       entry->unit->program == NULL ? "is not allocated" : "changed since it was allocated");
    return PL_OK;
}

static pl_status start(struct pl_entry *entry, const struct task *task, struct invocation *invocation,
                       struct pl_error *error)
{
    PL_TRY(check_start(entry, task, error));
    struct pl_instance *instance = entry->instance;
    struct pl_component *component = instance->component;
    const int32_t class_number = pl_component_class(component);
    struct pl_lane *lane = pl_lane_take(entry->interpreter, class_number, entry->unit->program, error);
    if (lane == NULL) return PL_OUT_OF_MEMORY;
    component->busy = true;
    pl_turn_begin(entry->interpreter, &component->turn, class_number, instance->threads, &instance->stop);
    const bool own = entry->unit == entry->own_unit;
    *invocation = (struct invocation){.interpreter = entry->interpreter,
                                      .plan = {entry->unit, component, own ? entry : NULL, own ? instance : NULL},
                                      .lane = lane,
                                      .member = instance->member,
                                      .input = task->input != NULL ? task->input->index : -1,
                                      .input_name = task->input != NULL ? pl_handle_tensor(task->input)->name : NULL,
                                      .workers = instance->threads,
                                      .begun = instance->tally != NULL ? pl_clock_ns() : 0};
    return PL_OK;
}

/* Of a set that ran, every model that is looked at. */
static void count(const struct invocation *invocation, const struct task *task, bool failed)
{
    const struct pl_component *component = invocation->plan.component;
    const uint64_t nanoseconds = pl_clock_ns() - invocation->begun;
    for (int32_t m = 0; m < component->member_count; m++) {
        struct pl_tally *tally = component->members[m]->tally;
        if (tally != NULL && (task->all_members || m == invocation->member)) pl_tally_add(tally, nanoseconds, failed);
    }
}

static void end(const struct invocation *invocation, const struct task *task, bool failed)
{
    pthread_mutex_lock(&invocation->interpreter->lock);
    if (invocation->begun != 0) count(invocation, task, failed);
    invocation->plan.component->busy = false;
    pl_turn_end(invocation->interpreter, &invocation->plan.component->turn);
    invocation->interpreter->invocations++;
    pl_lane_give_back(invocation->interpreter, invocation->lane);
    pthread_mutex_unlock(&invocation->interpreter->lock);
}

/* Steps of one member of a join, behind those of others that it has in common with them. */
static pl_status run_member(const struct invocation *invocation, struct pl_error *error)
{
    const int32_t member = invocation->member, workers = invocation->workers;
    struct pl_program *program = invocation->plan.unit->program;
    struct pl_segment *segment = &program->segments[member];
    const struct pl_step_range own = {segment->first_step, segment->end_step, &segment->outlook};
    for (int32_t i = 0; i < program->graph->link_count; i++)
        if (program->graph->links[i].to_member == member && program->graph->links[i].rows >= 0)
            return pl_fail(error, PL_INVALID_ARGUMENT, "it takes windows: run its linked set, or push rows, and it runs when "
                           "there are enough");
    for (int32_t i = 0; i < segment->shared_count; i++) {
        struct pl_shared_steps *shared = &segment->shared[i];
        const struct pl_step_range before = {shared->first, shared->end, &shared->outlook};
        PL_TRY(pl_unit_run(invocation->interpreter, &invocation->plan, invocation->lane, &before, workers, error));
    }
    return pl_unit_run(invocation->interpreter, &invocation->plan, invocation->lane, &own, workers, error);
}

static pl_status run_task(const struct invocation *invocation, const struct task *task, struct pl_error *error)
{
    struct pl_interpreter *interpreter = invocation->interpreter;
    const struct pl_unit_plan *plan = &invocation->plan;
    struct pl_program *program = plan->unit->program;
    const struct pl_rows_pushed pushed = {invocation->member, invocation->input, invocation->input_name, task->rows,
                                          task->bytes};
    const struct pl_step_range all = {0, program->block->step_count, &program->outlook};
    if (task->input != NULL)
        return pl_flow_push(interpreter, plan, invocation->lane, invocation->workers, &pushed, error);
    if (task->all_members && pl_graph_is_flow(program->graph))
        return pl_flow_run(interpreter, plan, invocation->lane, invocation->workers, error);
    if (!task->all_members && program->graph->members != NULL) return run_member(invocation, error);
    return pl_unit_run(interpreter, plan, invocation->lane, &all, invocation->workers, error);
}

static pl_status invoke(struct pl_entry *entry, const struct task *task, struct pl_error *error)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    struct invocation invocation;
    pthread_mutex_lock(&interpreter->lock);
    pl_status status = start(entry, task, &invocation, error);
    pthread_mutex_unlock(&interpreter->lock);
    PL_TRY(status);
    status = run_task(&invocation, task, error);
    end(&invocation, task, status != PL_OK);
    return status == PL_OK ? PL_OK : pl_fail_at(error, "model '%s'", entry->name);
}

pl_status pl_entry_invoke(struct pl_entry *entry, struct pl_error *error)
{
    return invoke(entry, &(struct task){.all_members = false}, error);
}

pl_status pl_entry_run(struct pl_entry *entry, struct pl_error *error)
{
    return invoke(entry, &(struct task){.all_members = true}, error);
}

void pl_entry_on_run(struct pl_entry *entry, pl_ran_function function, void *user)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    pthread_mutex_lock(&interpreter->lock);
    entry->instance->ran_function = function;
    entry->instance->ran_user = user;
    pthread_mutex_unlock(&interpreter->lock);
}

pl_status pl_handle_push(struct pl_tensor_handle *handle, const void *data, size_t bytes, struct pl_error *error)
{
    return invoke(handle->entry, &(struct task){.all_members = true, .input = handle, .rows = data, .bytes = bytes}, error);
}

void pl_entry_stop_when(struct pl_entry *entry, bool (*asked)(void *user), void *user)
{
    entry->instance->stop = (struct pl_stop){asked, user};
}

bool pl_entry_cancel(struct pl_entry *entry)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    pthread_mutex_lock(&interpreter->lock);
    struct pl_component *component = entry->instance->component;
    const bool busy = component->busy;
    if (busy) pl_turn_cancel(interpreter, &component->turn);
    pthread_mutex_unlock(&interpreter->lock);
    return busy;
}
