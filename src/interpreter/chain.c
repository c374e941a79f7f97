/* SPDX-License-Identifier: Apache-2.0 */
/* Running a chain. */
#include "interpreter/chain.h"

#include "base/clock.h"
#include "base/pause.h"

/* Who has waited for so long leaves: a processor was taken from another worker, or it does something else. */
enum { WAIT_NANOSECONDS = 50000, PAUSES_PER_LOOK_AT_THE_CLOCK = 32 };

/* Parts of odd shares are taken from the end, so that the last parts of neighbours, which are the shortest, lie side by side. */
static int32_t part_index(const struct pl_chain_stage *at, int32_t share, int32_t part)
{
    return share % 2 == 0 ? at->first_part[share] + part : at->first_part[share + 1] - 1 - part;
}

/* ---- who may go on ------------------------------------------------------------------------------------------------ */

/* Whether what is left of a share of an earlier stage is in the way of units [from, to). */
static bool is_in_the_way(struct pl_chain *chain, int32_t stage, int32_t share, const struct pl_chain_stage *at,
                          int64_t from, int64_t to)
{
    const struct pl_chain_stage *other = &chain->stages[stage];
    const int32_t first = other->first_part[share], end = other->first_part[share + 1];
    if (!pl_access_collide(at, from, to, other, other->bounds[first], other->bounds[end])) return false;
    const unsigned done = atomic_load_explicit(&chain->shares[share].claims[stage].done, memory_order_acquire);
    if (done == 0) return true;
    for (int32_t part = 0; part < end - first; part++) {
        const int32_t index = part_index(other, share, part);
        if ((done >> part & 1u) == 0 &&
            pl_access_collide(at, from, to, other, other->bounds[index], other->bounds[index + 1]))
            return true;
    }
    return false;
}

static bool may_begin(struct pl_chain *chain, int32_t stage, int32_t share, int64_t from, int64_t to)
{
    for (int32_t v = 0; v < chain->share_count; v++) {
        if (v == share) continue; /* its own stages follow each other */
        const int32_t done = atomic_load_explicit(&chain->shares[v].stage, memory_order_acquire);
        for (int32_t i = stage - 1; i >= done; i--)
            if (is_in_the_way(chain, i, v, &chain->stages[stage], from, to)) return false;
    }
    return true;
}

/* ---- parts -------------------------------------------------------------------------------------------------------- */

static void fail(struct pl_chain *chain, pl_status status, const struct pl_error *error, const struct pl_step *step)
{
    if (atomic_exchange(&chain->error_taken, true)) return;
    *chain->run->error = *error;
    chain->failed_step = step;
    atomic_store(&chain->failed, (int)status);
}

static pl_status run_range(struct pl_chain_stage *at, int64_t from, int64_t to, int32_t worker, struct pl_error *error)
{
    const struct pl_step *step = at->frame.step;
    void **pointers = at->frame.pointers;
    void *scratch[PL_MAX_SCRATCH];
    for (int32_t i = 0; i < step->scratch_count; i++)
        scratch[i] = (char *)pointers[step->input_count + step->output_count + i] + (size_t)worker * step->worker_bytes[i];
    const struct pl_eval eval = {.params = step->params,
                                 .inputs = (const void *const *)pointers,
                                 .outputs = pointers + step->input_count,
                                 .scratch = scratch,
                                 .worker = worker,
                                 .error = error,
                                 .services = &pl_run_services,
                                 .run = &at->frame};
    return at->stage->eval(&eval, from, to);
}

static void follow(struct pl_chain_claim *claim, uint64_t took)
{
    const unsigned now = took < UINT32_MAX / 2 ? (unsigned)took : UINT32_MAX / 2;
    atomic_fetch_add_explicit(&claim->nanoseconds, now, memory_order_relaxed);
    unsigned before = atomic_load_explicit(&claim->longest, memory_order_relaxed);
    while (now > before && !atomic_compare_exchange_weak_explicit(&claim->longest, &before, now, memory_order_relaxed,
                                                                  memory_order_relaxed))
        continue;
}

static void run_part(struct pl_chain *chain, int32_t stage, int32_t share, int32_t part, int32_t worker)
{
    struct pl_chain_stage *at = &chain->stages[stage];
    struct pl_chain_claim *claim = &chain->shares[share].claims[stage];
    const int32_t index = part_index(at, share, part);
    struct pl_error error;
    error.text[0] = 0;
    const uint64_t start = at->followed ? pl_clock_ns() : 0;
    const pl_status status = run_range(at, at->bounds[index], at->bounds[index + 1], worker, &error);
    if (at->followed) follow(claim, pl_clock_ns() - start);
    if (status != PL_OK) fail(chain, status, &error, at->frame.step);
    const unsigned all = UINT32_MAX >> (32 - (at->first_part[share + 1] - at->first_part[share]));
    if ((atomic_fetch_or_explicit(&claim->done, 1u << part, memory_order_acq_rel) | 1u << part) == all)
        atomic_store_explicit(&chain->shares[share].stage, pl_chain_next(chain, share, stage + 1), memory_order_release);
}

/* ---- workers ------------------------------------------------------------------------------------------------------ */

enum progress { FINISHED, WAITS, RAN };

/* Takes the next part of a share. */
static enum progress go_on_with(struct pl_chain *chain, int32_t share, int32_t worker)
{
    const int32_t stage = atomic_load_explicit(&chain->shares[share].stage, memory_order_acquire);
    if (stage >= chain->stage_count) return FINISHED;
    const struct pl_chain_stage *at = &chain->stages[stage];
    struct pl_chain_claim *claim = &chain->shares[share].claims[stage];
    int part = atomic_load_explicit(&claim->next, memory_order_relaxed);
    if (part >= at->first_part[share + 1] - at->first_part[share]) return WAITS; /* others are at it */
    const int32_t index = part_index(at, share, part);
    if (!may_begin(chain, stage, share, at->bounds[index], at->bounds[index + 1])) return WAITS;
    if (atomic_compare_exchange_strong_explicit(&claim->next, &part, part + 1, memory_order_relaxed, memory_order_relaxed))
        run_part(chain, stage, share, part, worker);
    return RAN;
}

static enum progress go_on(struct pl_chain *chain, int32_t worker)
{
    enum progress all = FINISHED;
    for (int32_t i = 0; i < chain->share_count; i++) {
        const enum progress one = go_on_with(chain, (chain->first_share + worker + i) % chain->share_count, worker);
        if (one == RAN) return RAN;
        if (one == WAITS) all = WAITS;
    }
    return all;
}

/* Whether this worker is to leave. */
static bool must_leave(struct pl_chain *chain, int32_t worker)
{
    if (atomic_load_explicit(&chain->failed, memory_order_relaxed) != PL_OK ||
        atomic_load_explicit(&chain->regroup, memory_order_relaxed))
        return true;
    if (worker != 0) return pl_run_must_leave(chain->run, worker);
    struct pl_error error;
    const pl_status status = pl_run_go_on(chain->run, &error);
    if (status != PL_OK) fail(chain, status, &error, NULL);
    return status != PL_OK;
}

/* Until there is something to do for this worker; WAITS: there was nothing for too long. */
static enum progress wait_and_go_on(struct pl_chain *chain, int32_t worker)
{
    const uint64_t start = pl_clock_ns();
    do {
        for (int i = 0; i < PAUSES_PER_LOOK_AT_THE_CLOCK; i++) {
            pl_pause();
            const enum progress progress = go_on(chain, worker);
            if (progress != WAITS) return progress;
            if (must_leave(chain, worker)) return WAITS;
        }
    } while (pl_clock_ns() - start < WAIT_NANOSECONDS);
    return WAITS;
}

static bool work(void *context, int64_t task, int32_t worker)
{
    (void)task;
    struct pl_chain *chain = context;
    if (worker != 0) atomic_store_explicit(&chain->helped, true, memory_order_relaxed);
    enum progress progress = RAN;
    while (progress == RAN && !must_leave(chain, worker)) {
        progress = go_on(chain, worker);
        if (progress == WAITS) progress = wait_and_go_on(chain, worker);
    }
    if (progress != FINISHED) atomic_store_explicit(&chain->regroup, true, memory_order_relaxed);
    return progress == FINISHED;
}

/* ---- the chain ---------------------------------------------------------------------------------------------------- */

static bool is_done(const struct pl_chain *chain)
{
    for (int32_t v = 0; v < chain->share_count; v++)
        if (atomic_load(&chain->shares[v].stage) < chain->stage_count) return false;
    return true;
}

/* What was learned of stages that are long. */
static void note_paces(struct pl_chain *chain)
{
    for (int32_t i = 0; i < chain->stage_count; i++) {
        if (!chain->stages[i].followed) continue;
        uint64_t nanoseconds = 0, longest = 0;
        for (int32_t v = 0; v < chain->share_count; v++) {
            const uint64_t most = atomic_load(&chain->shares[v].claims[i].longest);
            nanoseconds += atomic_load(&chain->shares[v].claims[i].nanoseconds);
            if (most > longest) longest = most;
        }
        pl_pace_follow(chain->stages[i].pace, nanoseconds, longest, &chain->run->program->longest);
    }
}

static pl_status run_chain(struct pl_chain *chain)
{
    struct pl_run *run = chain->run;
    do {
        atomic_store(&chain->regroup, false);
        pl_pool_run(run->interpreter->pool, pl_workers_now(run), true, chain->share_count, work, chain);
    } while (atomic_load(&chain->failed) == PL_OK && !is_done(chain));
    run->asked = true;
    run->helped = run->helped || atomic_load(&chain->helped);
    const pl_status status = (pl_status)atomic_load(&chain->failed);
    if (status == PL_OK) note_paces(chain);
    if (status == PL_OK || chain->failed_step == NULL) return status;
    const struct pl_operator *op = chain->failed_step->op;
    return pl_fail_at(run->error, "operator %d (%s)", (int)op->index, pl_operator_name(op));
}

/* With a cutter also on one worker, which then lets the last share run ahead as far as it may. */
bool pl_chain_suits(const struct pl_run *run)
{
    const bool tested = run->interpreter->cut != NULL;
    return (run->workers > 1 || tested) && !run->trial.alone && (!run->trial.learning || tested) && run->late == NULL &&
           !pl_run_is_traced(run);
}

int32_t pl_chain_run(struct pl_run *run, const struct pl_block *block, int32_t first, int32_t end, pl_status *status)
{
    const int32_t workers = pl_workers_now(run);
    if ((workers < 2 && run->interpreter->cut == NULL) || workers > PL_CHAIN_SHARES) return 0;
    struct pl_chain chain;
    chain.run = run;
    chain.share_count = workers > 1 ? workers : PL_CHAIN_SHARES / 2;
    chain.first_share = workers > 1 ? 0 : chain.share_count - 1;
    const int32_t steps = pl_chain_make(&chain, block, first, end);
    if (steps > 0) *status = run_chain(&chain);
    return steps;
}
