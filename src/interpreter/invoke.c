/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "interpreter/flow/flow.h"
#include "interpreter/models/models.h"
#include "interpreter/run.h"
#include "interpreter/time/request_data.h"

/* What is to be run. */
struct task {
    bool all_members;
    struct pl_tensor_handle *input; /* a window that gets rows; NULL: none */
    const void *rows;
    size_t bytes;
    struct pl_request *request; /* that asks for it; NULL: a caller does */
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
    struct pl_own_time *own_time; /* to be noted there; NULL: the run is not measured */
    uint64_t begin_ns; /* 0: nobody wants to know */
    uint64_t wake_ns;  /* of that, until it was awake */
    bool asleep;
};

pl_status pl_entry_check_start(const struct pl_entry *entry, bool whole_set, struct pl_error *error)
{
    const struct pl_component *component = entry->instance->component;
    if (!whole_set && entry->unit == &component->unit && component->member_count > 1 && component->whole)
        return pl_fail(error, PL_INVALID_ARGUMENT,
                       "model '%s' belongs to a linked set that runs as a whole; run the set, or unmark it", entry->name);
    if (!pl_entry_is_allocated(entry))
        return pl_fail(error, PL_NOT_ALLOCATED, "model '%s' %s; call allocate first", entry->name,
                       entry->unit->program == NULL ? "is not allocated" : "changed since it was allocated");
    return PL_OK;
}

/* ---- from start to end -------------------------------------------------------------------------------------------- */

static pl_status start(struct pl_entry *entry, const struct task *task, struct invocation *invocation,
                       struct pl_request_places *places, struct pl_error *error)
{
    struct pl_instance *instance = entry->instance;
    struct pl_component *component = instance->component;
    if (component->busy)
        return pl_fail(error, PL_BUSY, "model '%s' is running%s", entry->name,
                       component->member_count > 1 ? ", or one it is linked with" : "");
    PL_TRY(pl_entry_check_start(entry, task->all_members, error));
    if (task->input != NULL) PL_TRY(pl_handle_check_there(task->input, error));
    const struct pl_unit_plan plan = pl_entry_plan(entry);
    if (task->request != NULL) PL_TRY(pl_request_find_places(task->request, &plan, places, error));
    const int32_t class_number = pl_component_class(component);
    struct pl_lane *lane = pl_lane_take(entry->interpreter, class_number, entry->unit->program, error);
    if (lane == NULL) return PL_OUT_OF_MEMORY;
    component->busy = true;
    pl_component_use(entry->interpreter, component);
    lane->component = component;
    pl_turn_begin(entry->interpreter, &component->turn, class_number, instance->threads, &instance->stop);
    if (task->request != NULL) {
        task->request->turn = &component->turn;
        component->turn.request = task->request;
    }
    *invocation = (struct invocation){.interpreter = entry->interpreter,
                                      .plan = plan,
                                      .lane = lane,
                                      .member = instance->member,
                                      .input = task->input != NULL ? task->input->index : -1,
                                      .input_name = task->input != NULL ? pl_handle_tensor(task->input)->name : NULL,
                                      .workers = instance->threads,
                                      .asleep = component->asleep};
    struct pl_own_time *own_time = pl_own_time_of(instance, entry->unit, task->all_members);
    const bool wanted = task->request != NULL || pl_own_time_wanted(own_time); /* of requests every one */
    if (task->input == NULL && wanted) invocation->own_time = own_time;
    if (invocation->own_time != NULL || instance->tally != NULL || entry->interpreter->event_function != NULL)
        invocation->begin_ns = pl_clock_ns();
    return PL_OK;
}

/* Of a set that ran, every model that is looked at. */
static void count(const struct invocation *invocation, const struct task *task, uint64_t nanoseconds, bool failed)
{
    const struct pl_component *component = invocation->plan.component;
    if (component->successor != NULL) component = component->successor; /* which has what is counted */
    for (int32_t m = 0; m < component->member_count; m++) {
        struct pl_tally *tally = component->members[m]->tally;
        if (tally != NULL && (task->all_members || m == invocation->member)) pl_tally_add(tally, nanoseconds, failed);
    }
}

static void end_request(struct pl_request *request, const struct pl_turn *turn, uint64_t end_ns)
{
    request->left = end_ns;
    request->turn = NULL;
    request->answer.interrupted_ns += turn->interrupted_ns;
    request->answer.interruptions += turn->interruptions;
}

static void trace_run(struct pl_entry *entry, const struct invocation *invocation, uint64_t end_ns)
{
    const struct pl_turn *turn = &invocation->plan.component->turn;
    if (invocation->begin_ns == 0 || entry->interpreter->event_function == NULL) return;
    const struct pl_answer *answer = turn->request != NULL ? &turn->request->answer : NULL;
    if (answer != NULL && answer->started >= invocation->begin_ns)
        pl_trace_time(entry, PL_EVENT_WAIT, turn, answer->submitted, answer->started);
    pl_trace_time(entry, PL_EVENT_RUN, turn, invocation->begin_ns, end_ns);
}

static void end(struct pl_entry *entry, const struct task *task, const struct invocation *invocation, pl_status status)
{
    const uint64_t end_ns = invocation->begin_ns != 0 ? pl_clock_ns() : 0;
    trace_run(entry, invocation, end_ns);
    pl_lock(invocation->interpreter);
    struct pl_turn *turn = &invocation->plan.component->turn;
    if (end_ns != 0) count(invocation, task, end_ns - invocation->begin_ns, status != PL_OK);
    if (status == PL_OK && invocation->own_time != NULL) {
        pl_own_time_note(invocation->own_time, end_ns - invocation->begin_ns - invocation->wake_ns - turn->interrupted_ns);
        pl_longest_pass(&invocation->plan.unit->program->longest);
    }
    if (turn->request != NULL) end_request(turn->request, turn, end_ns);
    const bool leaves = pl_component_end_run(invocation->interpreter, invocation->plan.component);
    invocation->interpreter->invocations++;
    pl_lane_give_back(invocation->interpreter, invocation->lane);
    if (invocation->interpreter->waiting > 0) pthread_cond_broadcast(&invocation->interpreter->room);
    pl_turn_end(invocation->interpreter, turn);
    pthread_mutex_unlock(&invocation->interpreter->lock);
    if (leaves) pl_change_sweep(invocation->interpreter);
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

/* Of those that ran. */
static void look_at_thresholds(const struct invocation *invocation, bool all_members)
{
    const struct pl_component *component = invocation->plan.component;
    for (int32_t m = 0; m < component->member_count; m++)
        if (component->members[m]->thresholds != NULL && (all_members || m == invocation->member))
            pl_thresholds_look(invocation->interpreter, &invocation->plan, m);
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
    if (!task->all_members && program->graph->members != NULL) PL_TRY(run_member(invocation, error));
    else PL_TRY(pl_unit_run(interpreter, plan, invocation->lane, &all, invocation->workers, error));
    look_at_thresholds(invocation, task->all_members);
    return PL_OK;
}

static pl_status try_to_begin(struct pl_entry *entry, const struct task *task, struct invocation *invocation,
                       struct pl_request_places *places, struct pl_error *error)
{
    pl_lock(entry->interpreter);
    const pl_status status = start(entry, task, invocation, places, error);
    pthread_mutex_unlock(&entry->interpreter->lock);
    return status;
}

/* Where there is no memory for another lane, others sleep for it. */
static pl_status begin(struct pl_entry *entry, const struct task *task, struct invocation *invocation,
                       struct pl_request_places *places, struct pl_error *error)
{
    pl_status status = try_to_begin(entry, task, invocation, places, error);
    if (status != PL_OUT_OF_MEMORY) return status;
    struct pl_room room = {.before = UINT64_MAX, .class_number = pl_entry_class(entry)};
    while (status == PL_OUT_OF_MEMORY && pl_room_make(entry->interpreter, &room))
        status = try_to_begin(entry, task, invocation, places, error);
    return status;
}

static pl_status wake(struct invocation *invocation, struct pl_error *error)
{
    if (!invocation->asleep) return PL_OK;
    const pl_status status = pl_component_wake_to_run(invocation->interpreter, invocation->plan.component, error);
    if (invocation->begin_ns != 0) invocation->wake_ns = pl_clock_ns() - invocation->begin_ns;
    return status;
}

/* Begins with the lock held, so that nobody else begins with what was seen to be free, and gives it up. */
static pl_status begin_request(struct pl_entry *entry, const struct task *task, struct invocation *invocation,
                               struct pl_request_places *places, struct pl_error *error)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    const pl_status status = start(entry, task, invocation, places, error);
    pthread_mutex_unlock(&interpreter->lock);
    return status == PL_OUT_OF_MEMORY ? begin(entry, task, invocation, places, error) : status;
}

static pl_status invoke(struct pl_entry *entry, const struct task *task, struct pl_error *error)
{
    struct invocation invocation;
    const char *name = entry->name; /* a signature may end while it runs, with its file */
    pl_status status = begin(entry, task, &invocation, NULL, error);
    PL_TRY(status);
    status = wake(&invocation, error);
    if (status == PL_OK) status = run_task(&invocation, task, error);
    end(entry, task, &invocation, status);
    return status == PL_OK ? PL_OK : pl_fail_at(error, "model '%s'", name);
}

static pl_status run_request(struct pl_entry *entry, const struct task *task, struct invocation *invocation,
                             const struct pl_request_places *places, struct pl_error *error)
{
    struct pl_request *request = task->request;
    pl_request_feed(request, places);
    if (request->answer.started == 0) request->answer.started = pl_clock_ns();
    pl_status status = wake(invocation, error);
    if (status == PL_OK) status = run_task(invocation, task, error);
    if (status == PL_OK) pl_request_fetch(request, places);
    else (void)pl_fail_at(error, "model '%s'", entry->name);
    end(entry, task, invocation, status);
    return status;
}

pl_status pl_entry_run_request(struct pl_entry *entry, struct pl_request *request, bool *busy)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    const struct task task = {.all_members = request->what.whole_set, .request = request};
    struct invocation invocation;
    struct pl_request_places places;
    pl_status status = begin_request(entry, &task, &invocation, &places, &request->error);
    *busy = status == PL_BUSY;
    if (status == PL_OK) status = run_request(entry, &task, &invocation, &places, &request->error);
    pl_lock(interpreter);
    return status;
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
    pl_lock(interpreter);
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
    pl_lock(interpreter);
    struct pl_component *component = entry->instance->component;
    const bool busy = component->busy;
    if (busy) pl_turn_cancel(interpreter, &(component->runner != NULL ? component->runner : component)->turn);
    pthread_mutex_unlock(&interpreter->lock);
    return busy;
}
