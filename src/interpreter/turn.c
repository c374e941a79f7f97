/* SPDX-License-Identifier: Apache-2.0 */
#include "interpreter/turn.h"

#include "base/clock.h"
#include "base/cpu.h"
#include "interpreter/interpreter_internal.h"

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
    if (pl_component_is_taken(instance->component))
        return pl_fail(error, PL_BUSY, "model '%s' is running or being allocated", instance->name);
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
    pthread_mutex_lock(&interpreter->change);
    pthread_mutex_lock(&interpreter->lock);
    const pl_status status = set_class(entry->instance, class_number, error);
    pthread_mutex_unlock(&interpreter->lock);
    pthread_mutex_unlock(&interpreter->change);
    return status;
}

int32_t pl_entry_class(const struct pl_entry *entry)
{
    pthread_mutex_lock(&entry->interpreter->lock);
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

void pl_turns_arrange(struct pl_interpreter *interpreter)
{
    struct pl_turns *turns = &interpreter->turns;
    bool moved = false;
    for (struct pl_turn *turn = turns->first; turn != NULL; turn = turn->next) {
        const int32_t left = turns->classes ? processors_left(turns, turn->class_number) : INT32_MAX;
        atomic_store(&turn->workers, left < 0 ? 0 : left);
        atomic_store(&turn->yields, left <= 0);
        atomic_store(&turn->look, wants_to_know(turn));
        moved = moved || (turn->paused && left > 0);
    }
    if (moved) pthread_cond_broadcast(&turns->moved);
}

/* ---- begin and end ------------------------------------------------------------------------------------------------ */

/* What this thread is running; NULL: nothing. */
static struct pl_turn *own_turn(const struct pl_turns *turns)
{
    for (struct pl_turn *turn = turns->first; turn != NULL; turn = turn->next)
        if (turn->above == 0 && pthread_equal(turn->thread, pthread_self())) return turn;
    return NULL;
}

void pl_turn_begin(struct pl_interpreter *interpreter, struct pl_turn *turn, int32_t class_number, int32_t wanted,
                   const struct pl_stop *stop)
{
    struct pl_turns *turns = &interpreter->turns;
    struct pl_turn *under = turns->first != NULL ? own_turn(turns) : NULL;
    turn->under = under;
    if (under != NULL) under->above = 1;
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
    if (turns->classes) pl_turns_arrange(interpreter);
}

void pl_turn_end(struct pl_interpreter *interpreter, struct pl_turn *turn)
{
    struct pl_turns *turns = &interpreter->turns;
    struct pl_turn **at = &turns->first;
    while (*at != turn) at = &(*at)->next;
    *at = turn->next;
    if (turn->under != NULL) turn->under->above = 0;
    if (turns->classes) pl_turns_arrange(interpreter);
}

void pl_turn_cancel(struct pl_interpreter *interpreter, struct pl_turn *turn)
{
    atomic_store(&turn->cancelled, true);
    atomic_store(&turn->look, true);
    pthread_cond_broadcast(&interpreter->turns.moved); /* it may be waiting */
}

/* ---- between two parts -------------------------------------------------------------------------------------------- */

/* Returns whether the run had to wait. */
static bool let_others_go_first(struct pl_interpreter *interpreter, struct pl_turn *turn)
{
    bool waited = false;
    while (!atomic_load(&turn->cancelled) && atomic_load(&turn->workers) == 0) {
        waited = turn->paused = true;
        pl_turns_arrange(interpreter);
        pthread_cond_wait(&interpreter->turns.moved, &interpreter->lock);
        turn->paused = false;
        pl_turns_arrange(interpreter);
    }
    return waited;
}

static void yield(struct pl_run *run)
{
    struct pl_interpreter *interpreter = run->interpreter;
    struct pl_turn *turn = run->turn;
    const uint64_t begin = pl_clock_ns();
    pthread_mutex_lock(&interpreter->lock);
    const bool waited = let_others_go_first(interpreter, turn);
    const uint64_t end = pl_clock_ns();
    if (waited) {
        turn->interrupted_ns += end - begin;
        turn->interruptions++;
    }
    pthread_mutex_unlock(&interpreter->lock);
}

pl_status pl_run_look(struct pl_run *run)
{
    struct pl_turn *turn = run->turn;
    if (atomic_load_explicit(&turn->yields, memory_order_relaxed)) yield(run);
    if (!atomic_load(&turn->cancelled) && (turn->stop->asked == NULL || !turn->stop->asked(turn->stop->user))) return PL_OK;
    return pl_fail(run->error, PL_CANCELLED, "the invocation was cancelled");
}
