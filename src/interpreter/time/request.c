/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as callers see them: submitted, waited for, cancelled. Their numbers lead to the pool, and say which
 * of all that were there it is. */
#include <errno.h>
#include <stdint.h>
#include <time.h>

#include "base/clock.h"
#include "interpreter/models/models.h"
#include "interpreter/run.h"
#include "interpreter/time/request_data.h"

/* ---- the pool ----------------------------------------------------------------------------------------------------- */

static struct pl_request *take_free(struct pl_requests *requests)
{
    struct pl_request *request = requests->free;
    if (request == NULL) return NULL;
    requests->free = request->next;
    const uint64_t place = (uint64_t)(request - requests->pool);
    request->answer = (struct pl_answer){.number = ++requests->last * PL_MOST_REQUESTS + place, .message = ""};
    request->error.text[0] = '\0';
    request->cancelled = false;
    request->ran = 0;
    request->turn = NULL;
    request->noticed = request->left = 0;
    return request;
}

void pl_request_give_back(struct pl_requests *requests, struct pl_request *request)
{
    request->answer.number = 0;
    request->state = PL_REQUEST_FREE;
    request->next = requests->free;
    requests->free = request;
}

static struct pl_request *find(const struct pl_requests *requests, uint64_t number)
{
    const uint64_t place = number % PL_MOST_REQUESTS;
    if (number == 0 || requests->pool == NULL || place >= (uint64_t)requests->count) return NULL;
    struct pl_request *request = &requests->pool[place];
    return request->answer.number == number ? request : NULL;
}

/* ---- submit ------------------------------------------------------------------------------------------------------- */

static bool has_tensor(const struct pl_submission *what, const struct pl_tensor_handle *handle)
{
    for (size_t i = 0; i < what->entry_count; i++)
        if (pl_entry_has_tensor(what->entries[i], handle)) return true;
    return false;
}

static pl_status check_data(const struct pl_submission *what, bool output, struct pl_error *error)
{
    const size_t count = output ? what->output_count : what->input_count;
    const struct pl_request_data *data = output ? what->outputs : what->inputs;
    if (count > PL_MOST_REQUEST_DATA)
        return pl_fail(error, PL_INVALID_ARGUMENT, "%zu %s, expected %d at most", count, output ? "outputs" : "inputs",
                       PL_MOST_REQUEST_DATA);
    for (size_t i = 0; i < count; i++) {
        PL_TRY(pl_handle_check_request(data[i].tensor, data[i].bytes, output, error));
        if (!has_tensor(what, data[i].tensor))
            return pl_fail(error, PL_INVALID_ARGUMENT, "tensor '%s' of model '%s' is none of what model '%s' runs with",
                           pl_handle_tensor(data[i].tensor)->name, pl_handle_entry(data[i].tensor)->name,
                           what->entries[0]->name);
    }
    return PL_OK;
}

static pl_status check(const struct pl_submission *what, struct pl_error *error)
{
    for (size_t i = 0; i < what->entry_count; i++) PL_TRY(pl_entry_check_start(what->entries[i], what->whole_set, error));
    PL_TRY(check_data(what, false, error));
    return check_data(what, true, error);
}

static pl_status too_many(const struct pl_requests *requests, struct pl_error *error)
{
    return pl_fail(error, PL_BUSY, "%d requests are under way, as many as options.requests says", (int)requests->count);
}

/* Otherwise somebody has to be told first. */
static bool ends_at_once(const struct pl_request *request)
{
    return request->what.tell == NULL && !request->what.kept;
}

/* A place in the model's queue, for which the oldest may have to go: not for nothing. */
static pl_status make_place(struct pl_interpreter *interpreter, const struct pl_submission *what, struct pl_error *error)
{
    struct pl_request *oldest = NULL;
    const struct pl_entry *model = what->entries[0]->instance->primary;
    const int32_t most = model->queue_length > 0 ? model->queue_length : PL_DEFAULT_QUEUE;
    if (pl_queue_of(&interpreter->requests, model, &oldest) < most) return PL_OK;
    if (!what->drop_surplus)
        return pl_fail(error, PL_BUSY, "model '%s': %d requests wait already, which is as many as may", model->name, (int)most);
    if (interpreter->requests.free == NULL && !ends_at_once(oldest)) return too_many(&interpreter->requests, error);
    pl_queue_remove(&interpreter->requests, oldest);
    pl_fail(&oldest->error, PL_DROPPED, "model '%s': a newer request took its place", model->name);
    pl_request_end(interpreter, oldest, PL_DROPPED);
    return PL_OK;
}

static int32_t class_of(const struct pl_submission *what)
{
    int32_t most = 0;
    for (size_t i = 0; i < what->entry_count; i++) {
        const int32_t one = pl_component_class(what->entries[i]->instance->component);
        if (one > most) most = one;
    }
    return most;
}

static pl_status submit(struct pl_interpreter *interpreter, const struct pl_submission *what, uint64_t *number,
                        struct pl_error *error)
{
    struct pl_requests *requests = &interpreter->requests;
    if (requests->closing) return pl_fail(error, PL_CANCELLED, "the interpreter is being closed");
    PL_TRY(check(what, error));
    PL_TRY(pl_requests_start(interpreter, error));
    PL_TRY(make_place(interpreter, what, error));
    struct pl_request *request = take_free(requests);
    if (request == NULL) return too_many(requests, error);
    request->what = *what;
    request->entry = what->entries[0];
    if (what->entry_count == 1) request->what.entries = &request->entry;
    request->class_number = class_of(what);
    request->answer.submitted = pl_clock_ns();
    request->answer.deadline = what->deadline;
    if (requests->waiting == NULL && !pl_turns_are_crowded(interpreter) && pl_queue_can_run(interpreter, request))
        request->noticed = request->answer.submitted;
    *number = request->answer.number;
    pl_queue_add(requests, request);
    pl_turns_arrange(interpreter);
    return PL_OK;
}

static pl_status try_to_submit(struct pl_interpreter *interpreter, const struct pl_submission *what, uint64_t *number,
                               struct pl_error *error)
{
    pl_lock(interpreter);
    const pl_status status = submit(interpreter, what, number, error);
    pl_requests_answer(interpreter);
    pthread_mutex_unlock(&interpreter->lock);
    return status;
}

/* The first one takes memory for all that can be under way: others sleep for it. */
pl_status pl_interpreter_submit(struct pl_interpreter *interpreter, const struct pl_submission *what, uint64_t *number,
                                struct pl_error *error)
{
    struct pl_room room = {.before = UINT64_MAX, .class_number = PL_MOST_CLASS};
    pl_status status = try_to_submit(interpreter, what, number, error);
    while (status == PL_OUT_OF_MEMORY && pl_room_make(interpreter, &room))
        status = try_to_submit(interpreter, what, number, error);
    return status;
}

pl_status pl_entry_set_queue(struct pl_entry *entry, int32_t most, struct pl_error *error)
{
    if (most < 1 || most > PL_MOST_REQUESTS)
        return pl_fail(error, PL_INVALID_ARGUMENT, "the queue of model '%s' is to have %d places, expected 1 to %d", entry->name,
                       (int)most, PL_MOST_REQUESTS);
    pl_lock(entry->interpreter);
    entry->instance->primary->queue_length = most;
    pthread_mutex_unlock(&entry->interpreter->lock);
    return PL_OK;
}

/* ---- wait and cancel ---------------------------------------------------------------------------------------------- */

static struct timespec moment_of(uint64_t nanoseconds)
{
    return (struct timespec){.tv_sec = (time_t)(nanoseconds / 1000000000u), .tv_nsec = (long)(nanoseconds % 1000000000u)};
}

/* More is for ever, and must not leave what a time can say. */
static const int64_t LONGEST_WAIT = INT64_C(1000000000) * 1000000000;

/* Waits until it has ended or the time has come. Who is one of those that run requests does not wait for another one to
 * do so, since there may be none. */
static void wait_for(struct pl_interpreter *interpreter, uint64_t number, int64_t timeout_ns)
{
    struct pl_requests *requests = &interpreter->requests;
    if (timeout_ns > LONGEST_WAIT) timeout_ns = -1;
    const struct timespec end = moment_of(pl_clock_ns() + (uint64_t)timeout_ns);
    struct pl_turn *under = pl_turn_leave(interpreter);
    const bool runs = under != NULL || pl_is_executor(requests);
    requests->helpers += runs;
    for (;;) {
        struct pl_request *request = find(requests, number);
        if (request == NULL || request->state == PL_REQUEST_ENDED || timeout_ns == 0) break;
        if (runs && request->state == PL_REQUEST_WAITS && pl_queue_can_run(interpreter, request)) {
            pl_queue_remove(requests, request);
            pl_request_run(interpreter, request, under != NULL);
            continue;
        }
        if (timeout_ns < 0) pthread_cond_wait(&requests->ended, &interpreter->lock);
        else if (pthread_cond_timedwait(&requests->ended, &interpreter->lock, &end) == ETIMEDOUT) break;
    }
    requests->helpers -= runs;
    pl_turn_return(interpreter, under);
}

static pl_status not_found(uint64_t number, struct pl_error *error)
{
    return pl_fail(error, PL_NOT_FOUND, "there is no request %llu, or it has been answered", (unsigned long long)number);
}

static pl_status wait_and_take(struct pl_interpreter *interpreter, uint64_t number, int64_t timeout_ns,
                               struct pl_answer *answer, struct pl_error *error)
{
    struct pl_requests *requests = &interpreter->requests;
    struct pl_request *request = find(requests, number);
    if (request == NULL) return not_found(number, error);
    if (request->what.tell != NULL)
        return pl_fail(error, PL_INVALID_ARGUMENT, "request %llu is answered by its callback", (unsigned long long)number);
    wait_for(interpreter, number, timeout_ns);
    request = find(requests, number);
    if (request == NULL) return not_found(number, error);
    if (request->state != PL_REQUEST_ENDED)
        return pl_fail(error, PL_BUSY, "request %llu has not ended yet", (unsigned long long)number);
    *answer = request->answer;
    const pl_status status = request->answer.status;
    if (status != PL_OK) pl_fail(error, status, "%s", request->error.text);
    pl_request_give_back(requests, request);
    return status;
}

pl_status pl_interpreter_wait(struct pl_interpreter *interpreter, uint64_t number, int64_t timeout_ns,
                              struct pl_answer *answer, struct pl_error *error)
{
    pl_lock(interpreter);
    const pl_status status = wait_and_take(interpreter, number, timeout_ns, answer, error);
    pthread_mutex_unlock(&interpreter->lock);
    return status;
}

static pl_status cancel(struct pl_interpreter *interpreter, uint64_t number, struct pl_error *error)
{
    struct pl_request *request = find(&interpreter->requests, number);
    if (request == NULL || request->state == PL_REQUEST_ENDED) return not_found(number, error);
    request->cancelled = true;
    if (request->state == PL_REQUEST_WAITS) {
        pl_queue_remove(&interpreter->requests, request);
        pl_fail(&request->error, PL_CANCELLED, "the request was cancelled");
        pl_request_end(interpreter, request, PL_CANCELLED);
    } else if (request->turn != NULL) {
        pl_turn_cancel(interpreter, request->turn);
    }
    return PL_OK;
}

pl_status pl_interpreter_cancel(struct pl_interpreter *interpreter, uint64_t number, struct pl_error *error)
{
    pl_lock(interpreter);
    const pl_status status = cancel(interpreter, number, error);
    pl_requests_answer(interpreter);
    pthread_mutex_unlock(&interpreter->lock);
    return status;
}
