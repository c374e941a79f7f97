/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that ended: who is told, by whom. */
#include <stdint.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/eventfd.h>
#endif

#include "base/clock.h"
#include "interpreter/interpreter_internal.h"

/* ---- lists -------------------------------------------------------------------------------------------------------- */

static void append(struct pl_request_list *list, struct pl_request *request)
{
    request->next = NULL;
    if (list->first == NULL) list->end = &list->first;
    *list->end = request;
    list->end = &request->next;
}

static struct pl_request *take_first(struct pl_request_list *list)
{
    struct pl_request *request = list->first;
    if (request == NULL) return NULL;
    list->first = request->next;
    return request;
}

static size_t length_of(const struct pl_request_list *list)
{
    size_t length = 0;
    for (const struct pl_request *request = list->first; request != NULL; request = request->next) length++;
    return length;
}

/* ---- answers ------------------------------------------------------------------------------------------------------ */

/* That answers wait is said once more, which costs nothing, rather than not at all. */
static void ring(const struct pl_requests *requests)
{
    const uint64_t one = 1;
    if (requests->event_fd >= 0 && write(requests->event_fd, &one, sizeof one) < 0) return;
}

void pl_request_end(struct pl_interpreter *interpreter, struct pl_request *request, pl_status status)
{
    struct pl_requests *requests = &interpreter->requests;
    request->state = PL_REQUEST_ENDED;
    request->answer.status = status;
    request->answer.message = status == PL_OK ? "" : request->error.text;
    request->answer.ended = pl_clock_ns();
    if (request->what.tell == NULL) {
        if (request->what.kept) pthread_cond_broadcast(&requests->ended);
        else pl_request_give_back(requests, request);
    } else if (request->what.on_loop) {
        append(&requests->loop, request);
        ring(requests);
    } else {
        append(&requests->answers, request);
    }
}

static size_t answer(struct pl_interpreter *interpreter, struct pl_request_list *list, size_t most)
{
    size_t count = 0;
    for (struct pl_request *request = NULL; count < most && (request = take_first(list)) != NULL; count++) {
        pthread_mutex_unlock(&interpreter->lock);
        request->what.tell(&request->answer, request->what.done, request->what.user);
        pl_lock(interpreter);
        pl_request_give_back(&interpreter->requests, request);
    }
    return count;
}

void pl_requests_answer(struct pl_interpreter *interpreter)
{
    (void)answer(interpreter, &interpreter->requests.answers, SIZE_MAX);
}

static void drop(struct pl_interpreter *interpreter, struct pl_request *request, const char *why)
{
    pl_queue_remove(&interpreter->requests, request);
    pl_fail(&request->error, PL_CANCELLED, "%s", why);
    pl_request_end(interpreter, request, PL_CANCELLED);
}

void pl_requests_drop(struct pl_interpreter *interpreter, const struct pl_entry *model)
{
    struct pl_requests *requests = &interpreter->requests;
    for (struct pl_request *request = requests->waiting, *next = NULL; request != NULL; request = next) {
        next = request->next;
        if (pl_request_needs(request, PL_REQUEST_WAITS, model))
            drop(interpreter, request, "the model is unloaded, or the interpreter is closed");
    }
}

static bool is_of(const struct pl_submission *what, const struct pl_instance *instance)
{
    for (size_t i = 0; i < what->entry_count; i++)
        if (what->entries[i]->instance == instance) return true;
    for (size_t i = 0; i < what->input_count; i++)
        if (pl_handle_entry(what->inputs[i].tensor)->instance == instance) return true;
    for (size_t i = 0; i < what->output_count; i++)
        if (pl_handle_entry(what->outputs[i].tensor)->instance == instance) return true;
    return false;
}

void pl_requests_drop_ended(struct pl_interpreter *interpreter, const struct pl_instance *old)
{
    struct pl_requests *requests = &interpreter->requests;
    for (struct pl_request *request = requests->waiting, *next = NULL; request != NULL; request = next) {
        next = request->next;
        if (is_of(&request->what, old)) drop(interpreter, request, "the model has another file, without this signature");
    }
}

/* ---- loops of events ---------------------------------------------------------------------------------------------- */

#if defined(__linux__)
static pl_status open_event_fd(struct pl_requests *requests, struct pl_error *error)
{
    if (requests->event_fd < 0) requests->event_fd = eventfd(requests->loop.first != NULL, EFD_CLOEXEC | EFD_NONBLOCK);
    return requests->event_fd >= 0 ? PL_OK : pl_fail(error, PL_OUT_OF_MEMORY, "the system gives no eventfd");
}
#else
static pl_status open_event_fd(struct pl_requests *requests, struct pl_error *error)
{
    (void)requests;
    return pl_fail(error, PL_UNSUPPORTED, "this system has no eventfd; use callbacks");
}
#endif

pl_status pl_interpreter_event_fd(struct pl_interpreter *interpreter, int *fd, struct pl_error *error)
{
    pl_lock(interpreter);
    const pl_status status = open_event_fd(&interpreter->requests, error);
    *fd = interpreter->requests.event_fd;
    pthread_mutex_unlock(&interpreter->lock);
    return status;
}

size_t pl_interpreter_dispatch(struct pl_interpreter *interpreter)
{
    pl_lock(interpreter);
    uint64_t rung = 0;
    if (interpreter->requests.event_fd >= 0 && read(interpreter->requests.event_fd, &rung, sizeof rung) < 0) rung = 0;
    /* What ends meanwhile rings again: a loop of events has more to do than this. */
    const size_t count = answer(interpreter, &interpreter->requests.loop, length_of(&interpreter->requests.loop));
    pthread_mutex_unlock(&interpreter->lock);
    return count;
}
