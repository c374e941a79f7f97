/* SPDX-License-Identifier: Apache-2.0 */
/* Executors: the threads that take what is submitted, options.lanes of them, but no more than processors. */
#include <unistd.h>

#include "base/clock.h"
#include "base/own_thread.h"
#include "interpreter/run.h"

static void init_conditions(struct pl_requests *requests)
{
    pl_init_condition(&requests->ended);
    pthread_cond_init(&requests->work, NULL);
}

void pl_requests_open(struct pl_requests *requests)
{
    init_conditions(requests);
    requests->event_fd = -1;
}

/* ---- running ------------------------------------------------------------------------------------------------------ */

static void note(struct pl_longest *longest, uint64_t begin, uint64_t end)
{
    if (begin == 0 || end < begin) return;
    pl_longest_note(longest, end - begin);
    pl_longest_pass(longest);
}

static void note_switching(struct pl_requests *requests, const struct pl_request *request)
{
    const struct pl_answer *answer = &request->answer;
    note(answer->nested ? &requests->switching : &requests->waking, request->noticed, answer->started);
    note(&requests->switching, request->left, pl_clock_ns());
}

void pl_request_run(struct pl_interpreter *interpreter, struct pl_request *request, bool nested)
{
    struct pl_requests *requests = &interpreter->requests;
    request->state = PL_REQUEST_RUNS;
    request->answer.nested = nested;
    requests->running[request->class_number]++;
    pl_status status = PL_OK;
    bool busy = false;
    while (request->ran < request->what.entry_count && status == PL_OK) {
        status = pl_entry_run_request(request->what.entries[request->ran], request, &busy);
        request->ran += status == PL_OK;
    }
    requests->running[request->class_number]--;
    if (busy && request->cancelled) {
        busy = false;
        status = pl_fail(&request->error, PL_CANCELLED, "the request was cancelled");
    }
    if (busy) {
        pl_queue_add(requests, request); /* somebody else runs what comes next in it */
    } else {
        note_switching(requests, request);
        pl_request_end(interpreter, request, status);
    }
    pl_requests_answer(interpreter);
    pl_turns_arrange(interpreter);
}

static void *execute(void *argument)
{
    struct pl_interpreter *interpreter = argument;
    struct pl_requests *requests = &interpreter->requests;
    bool slept = false;
    pl_lock(interpreter);
    while (!requests->closing) {
        struct pl_request *request = pl_queue_take(interpreter, -1);
        if (request != NULL) {
            if (!slept) request->noticed = 0; /* it waited for another one */
            slept = false;
            pl_request_run(interpreter, request, false);
        } else if (requests->answers.first != NULL) {
            pl_requests_answer(interpreter);
        } else {
            requests->idle++;
            pthread_cond_wait(&requests->work, &interpreter->lock);
            requests->idle--;
            slept = true;
        }
    }
    pthread_mutex_unlock(&interpreter->lock);
    return NULL;
}

bool pl_is_executor(const struct pl_requests *requests)
{
    for (int32_t i = 0; i < requests->executor_count; i++)
        if (pthread_equal(requests->executors[i], pthread_self())) return true;
    return false;
}

/* ---- beginning and end -------------------------------------------------------------------------------------------- */

int32_t pl_interpreter_executors(const struct pl_interpreter *interpreter)
{
    const int32_t processors = interpreter->turns.processors;
    return interpreter->options.lanes < processors ? interpreter->options.lanes : processors;
}

static bool make_pool(struct pl_interpreter *interpreter)
{
    struct pl_requests *requests = &interpreter->requests;
    const int32_t count = interpreter->options.requests;
    const size_t threads = (size_t)pl_interpreter_executors(interpreter) * sizeof requests->executors[0];
    if (requests->executors == NULL) requests->executors = pl_allocate_zero(interpreter->memory, threads);
    if (requests->pool == NULL) requests->pool = pl_allocate_zero(interpreter->memory, (size_t)count * sizeof requests->pool[0]);
    if (requests->executors == NULL || requests->pool == NULL) return false;
    requests->count = count;
    for (int32_t i = count - 1; i >= 0; i--) {
        requests->pool[i] = (struct pl_request){.next = requests->free};
        requests->free = &requests->pool[i];
    }
    return true;
}

static bool start_executor(struct pl_interpreter *interpreter)
{
    struct pl_requests *requests = &interpreter->requests;
    const bool started = pl_own_thread_start(&requests->executors[requests->executor_count], execute, interpreter) == 0;
    requests->executor_count += started;
    return started;
}

pl_status pl_requests_start(struct pl_interpreter *interpreter, struct pl_error *error)
{
    struct pl_requests *requests = &interpreter->requests;
    if (requests->count == 0 && !make_pool(interpreter))
        return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left for %d requests", (int)interpreter->options.requests);
    while (requests->executor_count < pl_interpreter_executors(interpreter) && start_executor(interpreter)) continue;
    return requests->executor_count > 0 ? PL_OK : pl_fail(error, PL_OUT_OF_MEMORY, "the system gives no thread for requests");
}

void pl_requests_close(struct pl_interpreter *interpreter)
{
    struct pl_requests *requests = &interpreter->requests;
    pl_lock(interpreter);
    requests->closing = true;
    pl_requests_drop(interpreter, NULL);
    for (int32_t i = 0; i < requests->count; i++) {
        struct pl_request *request = &requests->pool[i];
        if (request->state != PL_REQUEST_RUNS) continue;
        request->cancelled = true;
        if (request->turn != NULL) pl_turn_cancel(interpreter, request->turn);
    }
    pthread_cond_broadcast(&requests->work);
    pthread_mutex_unlock(&interpreter->lock);
    for (int32_t i = 0; i < requests->executor_count; i++) pthread_join(requests->executors[i], NULL);
    pl_lock(interpreter);
    pl_requests_answer(interpreter);
    pthread_mutex_unlock(&interpreter->lock);
    (void)pl_interpreter_dispatch(interpreter);
    if (requests->event_fd >= 0) (void)close(requests->event_fd);
    pl_free(interpreter->memory, requests->pool, (size_t)interpreter->options.requests * sizeof requests->pool[0]);
    pl_free(interpreter->memory, requests->executors, (size_t)pl_interpreter_executors(interpreter) * sizeof requests->executors[0]);
    requests->pool = NULL;
    requests->count = 0;
    pthread_cond_destroy(&requests->ended);
    pthread_cond_destroy(&requests->work);
}

/* ---- fork --------------------------------------------------------------------------------------------------------- */

void pl_requests_forget(struct pl_interpreter *interpreter)
{
    struct pl_requests *requests = &interpreter->requests;
    init_conditions(requests);
    if (requests->event_fd >= 0) (void)close(requests->event_fd); /* of the child: it is the parent's, too */
    requests->event_fd = -1;
    requests->count = requests->executor_count = requests->idle = requests->helpers = 0;
    requests->free = requests->waiting = requests->answers.first = requests->loop.first = NULL;
    for (int32_t c = 0; c <= PL_MOST_CLASS; c++) requests->running[c] = 0;
}
