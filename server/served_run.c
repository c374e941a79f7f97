/* SPDX-License-Identifier: Apache-2.0 */
#include "served_run.h"

#include <stdio.h>

static const uint64_t SHORT_NANOSECONDS = 1000000; /* what takes less is not worth another thread, nor ending it */
static const uint64_t LOOK_NANOSECONDS = 50000000; /* how often a client is asked for */

/* ---- as a request of the library ---------------------------------------------------------------------------------------- */

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool has_ended;
    plait_status status;
    char *message;
};

static void note_end(void *user, const struct plait_answer *answer)
{
    struct waiting *waiting = user;
    pthread_mutex_lock(&waiting->lock);
    waiting->status = answer->status;
    snprintf(waiting->message, LONGEST_RUN_MESSAGE, "%s", answer->message);
    waiting->has_ended = true;
    pthread_cond_signal(&waiting->ended);
    pthread_mutex_unlock(&waiting->lock);
}

/* Looks now and then whether somebody still wants it; what was cancelled ends soon. */
static void wait_for_end(struct waiting *waiting, struct plait_interpreter *interpreter, plait_request request,
                         struct run_order *order)
{
    bool cancelled = false;
    pthread_mutex_lock(&waiting->lock);
    while (!waiting->has_ended) {
        const bool signalled = condition_wait(&waiting->ended, &waiting->lock, clock_now() + LOOK_NANOSECONDS);
        if (signalled || cancelled || !order->gone(order->user)) continue;
        cancelled = true;
        pthread_mutex_unlock(&waiting->lock); /* cancelling may call note_end() */
        plait_cancel(interpreter, request);
        pthread_mutex_lock(&waiting->lock);
    }
    pthread_mutex_unlock(&waiting->lock);
}

static plait_status run_as_request(struct served *served, struct run_order *order)
{
    struct waiting waiting = {.message = order->message};
    pthread_mutex_init(&waiting.lock, NULL);
    condition_begin(&waiting.ended);
    struct plait_submit_options options;
    plait_submit_options_default(&options);
    options.deadline = order->deadline;
    options.late = PLAIT_LATE_DROP;
    options.done = note_end;
    options.user = &waiting;
    plait_request request;
    /* Not into waiting.status, where note_end() may have written by then. */
    const plait_status submitted = order->model != NULL ? plait_submit(order->model, &options, &request)
                                                        : plait_pipeline_submit(served->pipeline, &options, &request);
    if (submitted == PLAIT_OK) wait_for_end(&waiting, served->interpreter, request, order);
    else snprintf(order->message, sizeof order->message, "%s", plait_last_error(served->interpreter));
    pthread_cond_destroy(&waiting.ended);
    pthread_mutex_destroy(&waiting.lock);
    return submitted == PLAIT_OK ? waiting.status : submitted;
}

/* ---- on this thread ------------------------------------------------------------------------------------------------------- */

static plait_status run_here(struct served *served, struct run_order *order, struct turnstile *runs)
{
    struct waiter waiter = {.order = order->urgency, .deadline = order->deadline, .user = order->user};
    const enum turn turn = turnstile_enter(runs, &waiter, order->gone);
    if (turn != TURN_TAKEN) return turn == TURN_LATE ? PLAIT_TOO_LATE : PLAIT_CANCELLED;
    const plait_status status =
        order->model != NULL ? plait_invoke(order->model) : plait_pipeline_run(served->pipeline);
    if (status != PLAIT_OK)
        snprintf(order->message, sizeof order->message, "%s", plait_last_error(served->interpreter));
    turnstile_leave(runs, &waiter);
    return status;
}

plait_status served_run(struct served *served, struct run_order *order, struct turnstile *runs)
{
    const uint64_t began = clock_now();
    order->message[0] = '\0';
    const int32_t number = served_class_of(served, order->urgency);
    const bool is_short = *order->last_run > 0 && *order->last_run < SHORT_NANOSECONDS;
    plait_status status = served_set_class(served, order->model, number);
    if (status != PLAIT_OK) snprintf(order->message, sizeof order->message, "%s", plait_last_error(served->interpreter));
    else status = is_short ? run_here(served, order, &runs[number]) : run_as_request(served, order);
    *order->last_run = clock_now() - began;
    return status;
}
