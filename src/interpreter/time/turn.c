/* SPDX-License-Identifier: Apache-2.0 */
#include "interpreter/time/turn.h"

#include "base/clock.h"
#include "base/cpu.h"
#include "interpreter/models/models.h"
#include "interpreter/run.h"

void pl_turns_open(struct pl_turns *turns)
{
    turns->processors = pl_cpu_count();
    pthread_cond_init(&turns->moved, NULL);
}

void pl_turns_close(struct pl_turns *turns)
{
    pthread_cond_destroy(&turns->moved);
}

/* ---- classes ----------------------------------------------------------------------------------------------------- */

/* Both locks are held. Its arenas are another class's from now on. */
static pl_status set_class(struct pl_instance *instance, int32_t class_number, struct pl_error *error)
{
    struct pl_interpreter *interpreter = instance->interpreter;
    const int32_t before = instance->class_number;
    if (class_number == before) return PL_OK;
    if (pl_component_is_taken(instance->component) ||
        pl_requests_need_any(&interpreter->requests, PL_REQUEST_WAITS, instance->component) ||
        pl_requests_need_any(&interpreter->requests, PL_REQUEST_RUNS, instance->component))
        return pl_fail(error, PL_BUSY, "model '%s' is running, waits to run, or is being allocated", instance->name);
    instance->class_number = class_number;
    pl_settled_forget(interpreter);
    const pl_status status = pl_lanes_fit(interpreter, true, error);
    if (status == PL_OK) interpreter->turns.classes = true;
    else instance->class_number = before;
    return status;
}

pl_status pl_entry_set_class(struct pl_entry *entry, int32_t class_number, struct pl_error *error)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    if (class_number < 0 || class_number > PL_MOST_CLASS)
        return pl_fail(error, PL_INVALID_ARGUMENT, "the class of model '%s' is to be %d, expected 0 to %d",
                       entry->name, (int)class_number, PL_MOST_CLASS);
    pl_status status = PL_OK;
    pl_change_begin(interpreter);
    /* Of a class that never sleeps, it is not to begin with that. */
    if (class_number >= interpreter->options.sleep_below_class)
        status = pl_component_wake(interpreter, entry->instance->component, error);
    if (status == PL_OK) {
        pl_lock(interpreter);
        status = set_class(entry->instance, class_number, error);
        pthread_mutex_unlock(&interpreter->lock);
    }
    pl_change_end(interpreter);
    return status;
}

int32_t pl_entry_class(const struct pl_entry *entry)
{
    pl_lock(entry->interpreter);
    const int32_t class_number = entry->instance->class_number;
    pthread_mutex_unlock(&entry->interpreter->lock);
    return class_number;
}

/* ---- what each may do --------------------------------------------------------------------------------------------- */

static bool has_processors(const struct pl_turn *turn)
{
    return !turn->paused && turn->above == 0;
}

/* Processors that runs of classes above this one leave. */
static int32_t processors_left(const struct pl_turns *turns, int32_t class_number)
{
    int32_t left = turns->processors;
    for (const struct pl_turn *turn = turns->first; turn != NULL; turn = turn->next)
        if (turn->class_number > class_number && has_processors(turn)) left -= turn->wanted;
    return left;
}

static bool wants_to_know(const struct pl_turn *turn)
{
    return atomic_load(&turn->cancelled) || atomic_load(&turn->yields) || turn->stop->asked != NULL;
}

bool pl_turns_are_crowded(const struct pl_interpreter *interpreter)
{
    int32_t left = interpreter->turns.processors;
    for (const struct pl_turn *turn = interpreter->turns.first; turn != NULL; turn = turn->next)
        if (has_processors(turn)) left -= turn->wanted;
    return left <= 0 || interpreter->requests.idle == 0;
}

void pl_turns_arrange(struct pl_interpreter *interpreter)
{
    struct pl_turns *turns = &interpreter->turns;
    const int32_t waiting = interpreter->requests.waiting != NULL ? pl_queue_class(interpreter) : -1;
    const bool crowded = waiting >= 0 && pl_turns_are_crowded(interpreter);
    bool moved = false;
    for (struct pl_turn *turn = turns->first; turn != NULL; turn = turn->next) {
        const int32_t left = turns->classes ? processors_left(turns, turn->class_number) : INT32_MAX;
        const bool nests = crowded && waiting > turn->class_number;
        atomic_store(&turn->workers, left < 0 ? 0 : left);
        atomic_store(&turn->yields, left <= 0 || nests);
        atomic_store(&turn->look, wants_to_know(turn));
        moved = moved || (turn->paused && (left > 0 || nests));
    }
    if (moved) pthread_cond_broadcast(&turns->moved);
    if (waiting >= 0 && interpreter->requests.idle > 0) pthread_cond_signal(&interpreter->requests.work);
    if (waiting >= 0 && interpreter->requests.helpers > 0) pthread_cond_broadcast(&interpreter->requests.ended);
}

/* Whether anybody could have to wait. */
static bool is_arranged(const struct pl_interpreter *interpreter)
{
    return interpreter->turns.classes || interpreter->requests.waiting != NULL;
}

/* ---- begin and end ------------------------------------------------------------------------------------------------ */

/* What this thread is running; NULL: nothing. */
static struct pl_turn *own_turn(const struct pl_turns *turns)
{
    for (struct pl_turn *turn = turns->first; turn != NULL; turn = turn->next)
        if (pthread_equal(turn->thread, pthread_self())) return turn; /* the last that began */
    return NULL;
}

void pl_turn_begin(struct pl_interpreter *interpreter, struct pl_turn *turn, int32_t class_number, int32_t wanted,
                   const struct pl_stop *stop)
{
    struct pl_turns *turns = &interpreter->turns;
    struct pl_turn *under = turns->first != NULL ? own_turn(turns) : NULL;
    turn->under = under;
    if (under != NULL) under->above++;
    turn->request = NULL;
    turn->class_number = under != NULL && under->class_number > class_number ? under->class_number : class_number;
    turn->wanted = wanted;
    turn->thread = pthread_self();
    turn->stop = stop;
    turn->above = 0;
    turn->interrupted_ns = 0;
    turn->interruptions = 0;
    turn->next = turns->first;
    turns->first = turn;
    atomic_store_explicit(&turn->cancelled, false, memory_order_relaxed);
    atomic_store_explicit(&turn->yields, false, memory_order_relaxed);
    atomic_store_explicit(&turn->look, stop->asked != NULL, memory_order_relaxed);
    atomic_store_explicit(&turn->workers, INT32_MAX, memory_order_relaxed);
    if (is_arranged(interpreter)) pl_turns_arrange(interpreter);
}

void pl_turn_end(struct pl_interpreter *interpreter, struct pl_turn *turn)
{
    struct pl_turns *turns = &interpreter->turns;
    struct pl_turn **at = &turns->first;
    while (*at != turn) at = &(*at)->next;
    *at = turn->next;
    if (turn->under != NULL) turn->under->above--;
    if (is_arranged(interpreter)) pl_turns_arrange(interpreter);
}

/* Requests that wait for another one leave their places among those that run at once to it. */
static void count_requests(struct pl_interpreter *interpreter, const struct pl_turn *turn, int32_t change)
{
    for (; turn != NULL; turn = turn->under)
        if (turn->request != NULL) interpreter->requests.running[turn->request->class_number] += change;
}

struct pl_turn *pl_turn_leave(struct pl_interpreter *interpreter)
{
    struct pl_turn *turn = own_turn(&interpreter->turns);
    if (turn == NULL) return NULL;
    turn->above++;
    count_requests(interpreter, turn, -1);
    pl_turns_arrange(interpreter);
    return turn;
}

void pl_turn_return(struct pl_interpreter *interpreter, struct pl_turn *turn)
{
    if (turn == NULL) return;
    turn->above--;
    count_requests(interpreter, turn, 1);
    pl_turns_arrange(interpreter);
}

void pl_turns_forget(struct pl_interpreter *interpreter)
{
    struct pl_turns *turns = &interpreter->turns;
    pthread_cond_init(&turns->moved, NULL);
    for (struct pl_lane *lane = interpreter->lanes, *next = NULL; lane != NULL; lane = next) {
        next = lane->next;
        if (!lane->busy || pthread_equal(lane->component->turn.thread, pthread_self())) continue;
        struct pl_turn **at = &turns->first;
        while (*at != &lane->component->turn) at = &(*at)->next;
        *at = (*at)->next;
        (void)pl_component_end_run(interpreter, lane->component);
        pl_lane_give_back(interpreter, lane);
    }
}

void pl_turn_cancel(struct pl_interpreter *interpreter, struct pl_turn *turn)
{
    atomic_store(&turn->cancelled, true);
    atomic_store(&turn->look, true);
    pthread_cond_broadcast(&interpreter->turns.moved); /* it may be waiting */
}

/* ---- between two parts -------------------------------------------------------------------------------------------- */

static void pause_run(struct pl_interpreter *interpreter, struct pl_turn *turn)
{
    turn->paused = true;
    pl_turns_arrange(interpreter);
    pthread_cond_wait(&interpreter->turns.moved, &interpreter->lock);
    turn->paused = false;
    pl_turns_arrange(interpreter);
}

/* Returns whether somebody did. */
static bool let_others_go_first(struct pl_interpreter *interpreter, struct pl_turn *turn, uint64_t begin)
{
    bool waited = false;
    while (!atomic_load(&turn->cancelled) && atomic_load(&turn->yields)) {
        struct pl_request *request = pl_queue_take(interpreter, turn->class_number);
        if (request != NULL) {
            request->noticed = begin;
            pl_request_run(interpreter, request, true);
            waited = true;
        } else if (atomic_load(&turn->workers) == 0) {
            pause_run(interpreter, turn);
            waited = true;
        } else {
            pl_turns_arrange(interpreter); /* another thread took it */
        }
        begin = pl_clock_ns();
    }
    pl_requests_answer(interpreter);
    return waited;
}

static void yield(struct pl_run *run)
{
    struct pl_interpreter *interpreter = run->interpreter;
    struct pl_turn *turn = run->turn;
    const uint64_t begin = pl_clock_ns();
    pl_lock(interpreter);
    const bool waited = let_others_go_first(interpreter, turn, begin);
    const uint64_t end = pl_clock_ns();
    if (waited) {
        turn->interrupted_ns += end - begin;
        turn->interruptions++;
    }
    pthread_mutex_unlock(&interpreter->lock);
    if (waited && pl_run_is_traced(run)) pl_trace_interruption(run, begin, end);
}

pl_status pl_run_look(struct pl_run *run, struct pl_error *error)
{
    struct pl_turn *turn = run->turn;
    if (atomic_load_explicit(&turn->yields, memory_order_relaxed)) yield(run);
    if (!atomic_load(&turn->cancelled) && (turn->stop->asked == NULL || !turn->stop->asked(turn->stop->user))) return PL_OK;
    return pl_fail(error, PL_CANCELLED, "the invocation was cancelled");
}
