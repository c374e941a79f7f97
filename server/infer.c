/* SPDX-License-Identifier: Apache-2.0 */
/* Inference: read the request, wait for the model's turn, run, and answer. */
#include <stdlib.h>

#include "handlers.h"
#include "inference.h"

static bool run_in_turn(struct inference *work)
{
    struct turnstile *turn = &work->served->turn;
    const uint64_t timeout = work->infer.timeout;
    work->began_waiting = clock_now();
    work->rows = inference_rows(work);
    work->waiter.order = work->infer.urgency;
    work->waiter.deadline = timeout > 0 ? work->request->began + timeout : 0;
    work->waiter.user = work;
    switch (turnstile_enter(turn, &work->waiter, inference_has_no_client)) {
    case TURN_TAKEN: break;
    case TURN_DONE: return work->fine;
    case TURN_LATE: return inference_is_late(work);
    case TURN_GONE: return inference_is_gone(work);
    case TURN_FULL:
        work->failure = FAILED_BUSY;
        return reply_later(work->reply, 429, "model %s: %u requests wait already", work->served->name, turn->most_waiting);
    }
    const bool fine = inference_run_with_others(work);
    turnstile_leave(turn, &work->waiter);
    return fine;
}

static bool answer(struct inference *work)
{
    const uint64_t began = clock_now();
    if (!infer_read(&work->infer, work->served, work->request, work->reply)) return false;
    work->results = calloc(work->infer.output_count + 1, sizeof *work->results);
    if (work->results == NULL) return reply_no_memory(work->reply);
    const uint64_t read = clock_now();
    work->times.input = read - began;
    if (!run_in_turn(work)) return false;
    const uint64_t ran = clock_now();
    infer_reply(&work->infer, work->served, work->results, work->reply);
    work->times.output += clock_now() - ran;
    return work->reply->status == 200;
}

void handle_infer(struct request *request, struct reply *reply)
{
    struct inference work = {.request = request, .reply = reply, .served = find_served(request, reply)};
    if (work.served == NULL) return;
    const bool fine = answer(&work);
    work.times.whole = clock_now() - request->began;
    if (fine) statistics_success(&work.served->statistics, &work.times);
    else statistics_failure(&work.served->statistics, work.failure, work.times.whole);
    for (size_t i = 0; work.results != NULL && i < work.infer.output_count; i++) bytes_free(&work.results[i].data);
    free(work.results);
    infer_free(&work.infer, work.served);
    served_let_go(work.served);
}
