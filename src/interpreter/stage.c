/* SPDX-License-Identifier: Apache-2.0 */
/* One stage, cut into parts for the workers. How long stages take, alone and shared, is looked at now and then
 * (plan/pace.h): it decides what is worth a second worker. */
#include <assert.h>

#include "base/clock.h"
#include "interpreter/run.h"

/* Shorter stages are never shared, longer ones always; for those between it is tried. */
enum { WORTH_TRYING_NANOSECONDS = 2500, CERTAIN_NANOSECONDS = 60000 };
/* So long a stage, or so much in one run, is worth waking who sleeps. */
enum { WORTH_WAKING_NANOSECONDS = 50000, MUCH_NANOSECONDS = 100000 };

struct units_left {
    int64_t from;
    int64_t end;
};

/* A stage under way. The first part that fails says why. */
struct job {
    struct pl_run *run;
    const struct pl_step *step;
    const struct pl_stage *stage;
    const struct pl_eval *eval; /* of worker 0 */
    const int64_t *bounds;
    int64_t part_units; /* that a worker does before it looks whether others are to go first */
    bool learning;
    bool followed;      /* it is looked at how long parts take */
    atomic_bool helped;
    uint64_t own_ns; /* of worker 0, */
    uint64_t own_longest;
    int64_t own_units;
    struct units_left *left; /* of helpers that were needed elsewhere: one each at most */
    atomic_int left_count;
    atomic_int failed;          /* 0, or the status */
    atomic_bool error_taken;
    struct pl_error *error;
};

/* ---- how long it takes -------------------------------------------------------------------------------------------- */

uint64_t pl_stage_expected_ns(const struct pl_stage *stage, const struct pl_pace *pace)
{
    const unsigned learned = pl_pace_number(&pace->nanoseconds);
    if (learned > 0) return learned;
    return pl_guessed_ns(stage);
}

bool pl_stage_is_worth_sharing(const struct pl_run *run, const struct pl_pace *pace, uint64_t nanoseconds)
{
    if (run->interpreter->cut != NULL) return true;
    if (nanoseconds < WORTH_TRYING_NANOSECONDS) return false;
    if (nanoseconds > CERTAIN_NANOSECONDS) return true;
    if (run->trial.alone || run->trial.learning) return !run->trial.alone;
    return pl_pace_pays(pace);
}

void pl_stage_note_shareable(struct pl_run *run, const struct pl_stage *stage, uint64_t nanoseconds)
{
    if (stage->units < 2 * stage->least) return; /* helpers would look out for it in vain */
    if (nanoseconds >= WORTH_TRYING_NANOSECONDS) run->result.shareable_nanoseconds += nanoseconds;
    if (nanoseconds > CERTAIN_NANOSECONDS) run->result.long_nanoseconds += nanoseconds;
}

/* ---- parts -------------------------------------------------------------------------------------------------------- */

static void take_scratch(const struct job *job, int32_t worker, void **scratch)
{
    for (int32_t i = 0; i < job->step->scratch_count; i++)
        scratch[i] = (char *)job->eval->scratch[i] + (size_t)worker * job->step->worker_bytes[i];
}

static bool must_leave(const struct job *job, int32_t worker)
{
    return worker != 0 && pl_run_must_leave(job->run, worker);
}

static void leave(struct job *job, int64_t from, int64_t end)
{
    const int at = atomic_fetch_add(&job->left_count, 1);
    job->left[at] = (struct units_left){from, end};
}

static void fail(struct job *job, pl_status status, const struct pl_error *error)
{
    if (!atomic_exchange(&job->error_taken, true)) *job->error = *error;
    atomic_store(&job->failed, (int)status);
}

/* Units [from, end), as far as the worker comes: parts->from says. */
static pl_status run_units(struct job *job, struct pl_parts *parts)
{
    const bool own = parts->eval->worker == 0;
    if (!job->followed && !(own && job->learning)) {
        PL_TRY(parts->stage->eval(parts->eval, parts->from, parts->end));
        parts->from = parts->end;
        return PL_OK;
    }
    const int64_t from = parts->from;
    PL_TRY(pl_run_parts(job->run, parts));
    if (!own) return PL_OK;
    job->own_ns += parts->nanoseconds;
    job->own_units += parts->end - from;
    if (parts->longest > job->own_longest) job->own_longest = parts->longest;
    return PL_OK;
}

/* False: the worker is needed elsewhere. */
static bool run_part(void *context, int64_t part, int32_t worker)
{
    struct job *job = context;
    if (atomic_load_explicit(&job->failed, memory_order_relaxed) != PL_OK) return true;
    if (must_leave(job, worker)) {
        leave(job, job->bounds[part], job->bounds[part + 1]);
        return false;
    }
    struct pl_error error;
    error.text[0] = 0;
    void *scratch[PL_MAX_SCRATCH];
    take_scratch(job, worker, scratch);
    struct pl_eval eval = *job->eval;
    if (worker != 0 && job->learning) atomic_store_explicit(&job->helped, true, memory_order_relaxed);
    eval.scratch = scratch;
    eval.worker = worker;
    eval.error = &error;
    const struct pl_frame *frame = job->eval->run;
    const bool traced = pl_run_is_traced(frame->run);
    const uint64_t start = traced ? pl_clock_ns() : 0;
    struct pl_parts parts = {.stage = job->stage, .eval = &eval, .from = job->bounds[part], .end = job->bounds[part + 1],
                             .units = job->part_units};
    const pl_status status = run_units(job, &parts);
    if (traced) pl_trace(frame, true, start);
    if (status != PL_OK) fail(job, status, &error);
    else if (parts.from < parts.end) leave(job, parts.from, parts.end);
    return status != PL_OK || parts.from == parts.end;
}

/* What helpers left. */
static pl_status run_left(const struct job *job)
{
    const int count = atomic_load(&job->left_count);
    for (int i = 0; i < count; i++) {
        struct pl_parts parts = {.stage = job->stage, .eval = job->eval, .from = job->left[i].from,
                                 .end = job->left[i].end, .units = job->part_units};
        PL_TRY(pl_run_go_on(job->run, job->error));
        PL_TRY(pl_run_parts(job->run, &parts));
    }
    return PL_OK;
}

static int32_t cut(const struct pl_run *run, const struct pl_stage *stage, int32_t most_workers, uint64_t nanoseconds,
                   int64_t *bounds)
{
    if (run->interpreter->cut != NULL)
        return run->interpreter->cut(run->interpreter->cut_context, stage->units, PL_MAX_PARTS, bounds);
    return pl_cut_halving(stage, pl_cut_worth(stage, most_workers, nanoseconds), false, bounds);
}

/* ---- a stage ------------------------------------------------------------------------------------------------------ */

static pl_status run_alone(struct pl_run *run, const struct pl_step *step, int32_t index, const struct pl_eval *eval)
{
    const struct pl_stage *stage = &step->stages[index];
    struct pl_pace *pace = &step->paces[index];
    if ((step->op_def->traits & PL_TRAIT_CONTROL) != 0 || !pl_is_followed(pl_pace_number(&pace->lately)))
        return stage->eval(eval, 0, stage->units); /* what control flow runs is in parts already */
    return pl_run_alone(run, stage, pace, eval);
}

static pl_status learn_alone(struct pl_run *run, const struct pl_step *step, int32_t index, const struct pl_eval *eval)
{
    if (!run->trial.learning) return run_alone(run, step, index, eval);
    const uint64_t start = pl_clock_ns();
    const pl_status status = run_alone(run, step, index, eval);
    pl_pace_learn(&step->paces[index].nanoseconds, pl_clock_ns() - start, run->trial.fresh);
    return status;
}

/* What all of it would take worker 0. */
static uint64_t own_pace(const struct job *job)
{
    return job->own_ns * (uint64_t)job->stage->units / (uint64_t)job->own_units;
}

/* What is long is not tried alone: a worker's own parts tell how long it would take. */
static void learn_from(const struct job *job, struct pl_pace *pace, uint64_t start, uint64_t expected, bool fresh)
{
    if (expected <= CERTAIN_NANOSECONDS) pl_pace_learn(&pace->shared_nanoseconds, pl_clock_ns() - start, fresh);
    else if (job->own_units > 0)
        pl_pace_learn(&pace->nanoseconds, own_pace(job), fresh);
}

static pl_status run_shared(struct job *job, uint64_t expected, int32_t workers, int32_t parts, struct pl_pace *pace)
{
    struct pl_run *run = job->run;
    const bool wake = expected > WORTH_WAKING_NANOSECONDS || run->interpreter->cut != NULL;
    const uint64_t start = job->learning ? pl_clock_ns() : 0;
    struct units_left left[PL_MAX_PARTS];
    job->left = left;
    job->part_units = pl_part_units(job->stage, expected);
    job->followed = expected >= PL_WORTH_FOLLOWING_NANOSECONDS;
    atomic_init(&job->failed, PL_OK);
    atomic_init(&job->error_taken, false);
    atomic_init(&job->helped, false);
    atomic_init(&job->left_count, 0);
    pl_pool_run(run->interpreter->pool, workers, wake, parts, run_part, job);
    run->asked = true;
    run->helped = run->helped || atomic_load_explicit(&job->helped, memory_order_relaxed);
    if (run->trial.learning) learn_from(job, pace, start, expected, run->trial.fresh);
    if (job->followed && job->own_units > 0)
        pl_pace_follow(pace, own_pace(job), job->own_longest, &run->program->longest);
    if (atomic_load(&job->failed) != PL_OK) return (pl_status)atomic_load(&job->failed);
    return run_left(job);
}

int32_t pl_workers_now(const struct pl_run *run)
{
    const int32_t left = atomic_load_explicit(&run->turn->workers, memory_order_relaxed);
    return left < 1 ? 1 : left < run->workers ? left : run->workers;
}

pl_status pl_run_stage(struct pl_run *run, const struct pl_step *step, int32_t index, const struct pl_eval *eval)
{
    const struct pl_stage *stage = &step->stages[index];
    struct pl_pace *pace = &step->paces[index];
    if (stage->units == 0) return PL_OK;
    const bool always = run->interpreter->cut != NULL;
    if (run->workers == 1 && !always) {
        if (!pl_is_followed(pl_pace_number(&pace->lately))) return stage->eval(eval, 0, stage->units);
        return run_alone(run, step, index, eval);
    }
    const uint64_t expected = pl_stage_expected_ns(stage, pace);
    pl_stage_note_shareable(run, stage, expected);
    if (!pl_stage_is_worth_sharing(run, pace, expected)) return learn_alone(run, step, index, eval);
    int64_t bounds[PL_MAX_PARTS + 1];
    const int32_t workers = pl_workers_now(run);
    const int32_t parts = cut(run, stage, workers, expected, bounds);
    assert(parts >= 1 && parts <= PL_MAX_PARTS && bounds[0] == 0 && bounds[parts] == stage->units);
    if (parts == 1) return learn_alone(run, step, index, eval);
    struct job job = {.run = run, .step = step, .stage = stage, .eval = eval, .bounds = bounds,
                      .learning = !run->trial.settled, .error = run->error};
    return run_shared(&job, expected, workers, parts, pace);
}

/* ---- a run -------------------------------------------------------------------------------------------------------- */

void pl_run_begin(struct pl_run *run, const struct pl_step_range *range)
{
    if (run->workers == 1) return;
    run->trial = pl_trial_begin(range->outlook);
    const struct pl_trial *trial = &run->trial;
    const bool always = run->interpreter->cut != NULL;
    const bool tells = !trial->settled || (trial->glance && !trial->alone); /* how helpers that look out help */
    const bool much = always || tells || trial->shared_nanoseconds > MUCH_NANOSECONDS;
    const bool any = much || trial->shared_nanoseconds > 0;
    if (trial->timed) run->start = pl_clock_ns(); /* that helpers look out costs time, too */
    run->expects = any && pl_pool_expect(run->interpreter->pool, run->workers, much);
    if (!run->expects) run->workers = 1;
    run->timed = trial->timed && (run->expects || trial->settled);
}

void pl_run_end(struct pl_run *run, const struct pl_step_range *range, bool complete)
{
    if (run->expects) pl_pool_expect_no_more(run->interpreter->pool);
    if (!run->timed || !complete) return;
    run->result.nanoseconds = pl_clock_ns() - run->start;
    run->result.missed = run->asked && !run->helped;
    pl_trial_end(range->outlook, &run->trial, &run->result);
}
