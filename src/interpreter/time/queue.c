/* SPDX-License-Identifier: Apache-2.0 */
/* Which request is next: the highest class, the earliest deadline, the first that came. */
#include "base/clock.h"
#include "interpreter/interpreter_internal.h"

static uint64_t deadline_of(const struct pl_request *request)
{
    return request->what.deadline == 0 ? UINT64_MAX : request->what.deadline;
}

static bool goes_before(const struct pl_request *a, const struct pl_request *b)
{
    if (a->class_number != b->class_number) return a->class_number > b->class_number;
    if (deadline_of(a) != deadline_of(b)) return deadline_of(a) < deadline_of(b);
    return a->answer.number < b->answer.number;
}

void pl_queue_add(struct pl_requests *requests, struct pl_request *request)
{
    struct pl_request **at = &requests->waiting;
    while (*at != NULL && !goes_before(request, *at)) at = &(*at)->next;
    request->next = *at;
    *at = request;
    request->state = PL_REQUEST_WAITS;
}

void pl_queue_remove(struct pl_requests *requests, struct pl_request *request)
{
    struct pl_request **at = &requests->waiting;
    while (*at != request) at = &(*at)->next;
    *at = request->next;
}

static bool data_uses(const struct pl_request_data *data, size_t count, const struct pl_entry *model)
{
    for (size_t i = 0; i < count; i++)
        if (pl_handle_entry(data[i].tensor)->instance->primary == model) return true;
    return false;
}

static bool uses(const struct pl_request *request, const struct pl_entry *model)
{
    const struct pl_submission *what = &request->what;
    for (size_t i = 0; i < what->entry_count; i++)
        if (what->entries[i]->instance->primary == model) return true;
    return data_uses(what->inputs, what->input_count, model) || data_uses(what->outputs, what->output_count, model);
}

bool pl_request_needs(const struct pl_request *request, enum pl_request_state state, const struct pl_entry *model)
{
    return request->state == state && (model == NULL || uses(request, model));
}

bool pl_requests_need(const struct pl_requests *requests, enum pl_request_state state, const struct pl_entry *model)
{
    for (int32_t i = 0; i < requests->count; i++)
        if (pl_request_needs(&requests->pool[i], state, model)) return true;
    return false;
}

bool pl_requests_need_any(const struct pl_requests *requests, enum pl_request_state state, const struct pl_component *component)
{
    for (int32_t m = 0; m < component->member_count; m++)
        if (pl_requests_need(requests, state, component->members[m]->primary)) return true;
    return false;
}

int32_t pl_queue_of(const struct pl_requests *requests, const struct pl_entry *model, struct pl_request **oldest)
{
    int32_t count = 0;
    *oldest = NULL;
    for (struct pl_request *request = requests->waiting; request != NULL; request = request->next) {
        if (request->what.entries[0]->instance->primary != model) continue;
        if (*oldest == NULL || request->answer.number < (*oldest)->answer.number) *oldest = request;
        count++;
    }
    return count;
}

/* As many of a class run at once as it has lanes. */
bool pl_queue_can_run(const struct pl_interpreter *interpreter, const struct pl_request *request)
{
    if (interpreter->requests.running[request->class_number] >= interpreter->options.lanes) return false;
    for (size_t i = request->ran; i < request->what.entry_count; i++)
        if (request->what.entries[i]->instance->component->busy) return false;
    return true;
}

struct pl_request *pl_queue_take(struct pl_interpreter *interpreter, int32_t above)
{
    struct pl_requests *requests = &interpreter->requests;
    for (struct pl_request *request = requests->waiting, *next = NULL; request != NULL; request = next) {
        next = request->next;
        if (request->class_number <= above) return NULL;
        if (request->what.drop_late && request->ran == 0 && request->what.deadline != 0 && pl_clock_ns() > request->what.deadline) {
            pl_queue_remove(requests, request);
            pl_fail(&request->error, PL_TOO_LATE, "model '%s': the deadline passed before the request began",
                    request->what.entries[0]->name);
            pl_request_end(interpreter, request, PL_TOO_LATE);
            continue;
        }
        if (!pl_queue_can_run(interpreter, request)) continue;
        pl_queue_remove(requests, request);
        return request;
    }
    return NULL;
}

int32_t pl_queue_class(const struct pl_interpreter *interpreter)
{
    for (const struct pl_request *request = interpreter->requests.waiting; request != NULL; request = request->next)
        if (pl_queue_can_run(interpreter, request)) return request->class_number;
    return -1;
}
