/* SPDX-License-Identifier: Apache-2.0 */
/* One stage, cut into parts for the workers. How long stages take, alone and shared, is looked at in the first runs: it
 * decides what is worth a second worker, and no estimate holds for all kernels of all levels and for how fast a processor
 * gets what lies in the cache of another. */
#include <assert.h>

#include "base/clock.h"
#include "interpreter/interpreter_internal.h"

/* Shorter stages are never shared, longer ones always; for those between it is tried. Parts of PART_NANOSECONDS and more
 * may be several for each worker, so that one which is held up does less of them. */
enum { WORTH_TRYING_NANOSECONDS = 2500, CERTAIN_NANOSECONDS = 60000 };
enum { PART_NANOSECONDS = 10000, PARTS_PER_WORKER = 4, LEAST_NANOSECONDS = 1200 };
/* So long a stage, or so much in one run, is worth waking who sleeps. */
enum { WORTH_WAKING_NANOSECONDS = 50000, MUCH_NANOSECONDS = 100000 };
/* Before anything is known: multiply-adds or bytes in a nanosecond. */
enum { GUESSED_COST_PER_NANOSECOND = 16 };
/* The first runs learn about stages, with helpers and without in turn. Those up to SETTLING_RUNS find out in the same way
 * whether it was worth it for all together, since what a stage leaves in another cache is paid for by the next. The one
 * behind them adds up what is shared. */
enum { LEARNING_RUNS = 16, SETTLING_RUNS = 28 };

/* A stage under way. The first part that fails says why. */
struct job {
    const struct pl_step *step;
    const struct pl_stage *stage;
    const struct pl_eval *eval; /* of worker 0 */
    const int64_t *bounds;
    bool learning;
    uint64_t own_ns; /* of worker 0, */
    int64_t own_units;
    atomic_int failed;          /* 0, or the status */
    atomic_bool error_taken;
    struct pl_error *error;
};

/* ---- how long it takes -------------------------------------------------------------------------------------------- */

static unsigned look_at(const atomic_uint *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

/* Programs are shared: of two threads that learn at once one may be lost. */
static void learn(atomic_uint *least, uint64_t nanoseconds)
{
    const unsigned before = look_at(least);
    const unsigned now = nanoseconds < 1 ? 1 : nanoseconds < UINT32_MAX ? (unsigned)nanoseconds : UINT32_MAX;
    if (before == 0 || now < before) atomic_store_explicit(least, now, memory_order_relaxed);
}

/* Not for a difference that is noise. */
static bool pays(const struct pl_pace *pace)
{
    return (uint64_t)look_at(&pace->shared_nanoseconds) * 8 < (uint64_t)look_at(&pace->nanoseconds) * 7;
}

static uint64_t expected_ns(const struct pl_stage *stage, const struct pl_pace *pace)
{
    const unsigned learned = look_at(&pace->nanoseconds);
    if (learned > 0) return learned;
    return (uint64_t)stage->units * (uint64_t)(stage->cost < 1 ? 1 : stage->cost) / GUESSED_COST_PER_NANOSECOND;
}

/* Whether helpers are to be asked for, of a stage that can be cut. */
static bool worth_sharing(const struct pl_run *run, const struct pl_pace *pace, uint64_t nanoseconds)
{
    if (nanoseconds < WORTH_TRYING_NANOSECONDS) return false;
    if (nanoseconds > CERTAIN_NANOSECONDS) return true;
    if (run->alone || run->learning) return !run->alone;
    return pays(pace);
}

/* ---- parts -------------------------------------------------------------------------------------------------------- */

static void take_scratch(const struct job *job, int32_t worker, void **scratch)
{
    for (int32_t i = 0; i < job->step->scratch_count; i++)
        scratch[i] = (char *)job->eval->scratch[i] + (size_t)worker * job->step->worker_bytes[i];
}

static void run_part(void *context, int64_t part, int32_t worker)
{
    struct job *job = context;
    if (atomic_load_explicit(&job->failed, memory_order_relaxed) != PL_OK) return;
    struct pl_error error;
    error.text[0] = 0;
    void *scratch[PL_MAX_SCRATCH];
    take_scratch(job, worker, scratch);
    struct pl_eval eval = *job->eval;
    eval.scratch = scratch;
    eval.worker = worker;
    eval.error = &error;
    const bool timed = job->learning && worker == 0;
    const uint64_t start = timed ? pl_clock_ns() : 0;
    const pl_status status = job->stage->eval(&eval, job->bounds[part], job->bounds[part + 1]);
    if (timed) {
        job->own_ns += pl_clock_ns() - start;
        job->own_units += job->bounds[part + 1] - job->bounds[part];
    }
    if (status == PL_OK) return;
    if (!atomic_exchange(&job->error_taken, true)) *job->error = error;
    atomic_store(&job->failed, (int)status);
}

static int32_t cut_evenly(const struct pl_stage *stage, int64_t parts, int64_t *bounds)
{
    const int64_t step = stage->least % PL_STAGE_LINE_UNITS == 0 ? PL_STAGE_LINE_UNITS : 1;
    for (int64_t i = 0; i < parts; i++)
        bounds[i] = (stage->units / parts * i + stage->units % parts * i / parts) / step * step;
    bounds[parts] = stage->units;
    return (int32_t)parts;
}

/* As many for each worker as for the other, where there are enough. */
static int64_t parts_worth(const struct pl_run *run, const struct pl_stage *stage, uint64_t nanoseconds)
{
    const int64_t workers = run->workers;
    const int64_t most = stage->units / stage->least;
    if (most < 2) return 1;
    int64_t parts = (int64_t)(nanoseconds / PART_NANOSECONDS);
    if (parts > workers * PARTS_PER_WORKER) parts = workers * PARTS_PER_WORKER;
    if (parts < workers) parts = workers;
    if (parts > (int64_t)(nanoseconds / LEAST_NANOSECONDS)) parts = (int64_t)(nanoseconds / LEAST_NANOSECONDS);
    if (parts > most) parts = most;
    return parts > workers ? parts - parts % workers : parts;
}

static int32_t cut(const struct pl_run *run, const struct pl_stage *stage, uint64_t nanoseconds, int64_t *bounds)
{
    if (run->interpreter->cut != NULL)
        return run->interpreter->cut(run->interpreter->cut_context, stage->units, PL_MAX_PARTS, bounds);
    const int64_t parts = parts_worth(run, stage, nanoseconds);
    return cut_evenly(stage, parts < PL_MAX_PARTS ? parts : PL_MAX_PARTS, bounds);
}

/* ---- a stage ------------------------------------------------------------------------------------------------------ */

static pl_status run_alone(const struct pl_run *run, const struct pl_stage *stage, struct pl_pace *pace,
                           const struct pl_eval *eval)
{
    if (!run->learning) return stage->eval(eval, 0, stage->units);
    const uint64_t start = pl_clock_ns();
    const pl_status status = stage->eval(eval, 0, stage->units);
    learn(&pace->nanoseconds, pl_clock_ns() - start);
    return status;
}

/* What is long is not tried alone: a worker's own parts tell how long it would take. */
static void learn_from(const struct job *job, struct pl_pace *pace, uint64_t start, uint64_t expected)
{
    if (expected <= CERTAIN_NANOSECONDS) learn(&pace->shared_nanoseconds, pl_clock_ns() - start);
    else if (job->own_units > 0)
        learn(&pace->nanoseconds, job->own_ns * (uint64_t)job->stage->units / (uint64_t)job->own_units);
}

static pl_status run_shared(const struct pl_run *run, struct job *job, uint64_t expected, int32_t parts,
                            struct pl_pace *pace)
{
    const bool wake = expected > WORTH_WAKING_NANOSECONDS || run->interpreter->cut != NULL;
    const uint64_t start = run->learning ? pl_clock_ns() : 0;
    atomic_init(&job->failed, PL_OK);
    atomic_init(&job->error_taken, false);
    pl_pool_run(run->interpreter->pool, run->workers, wake, parts, run_part, job);
    if (run->learning) learn_from(job, pace, start, expected);
    return (pl_status)atomic_load(&job->failed);
}

pl_status pl_run_stage(struct pl_run *run, const struct pl_step *step, int32_t index, const struct pl_eval *eval)
{
    const struct pl_stage *stage = &step->stages[index];
    struct pl_pace *pace = &step->paces[index];
    if (stage->units == 0) return PL_OK;
    const bool always = run->interpreter->cut != NULL;
    if (run->workers == 1 && !always) return stage->eval(eval, 0, stage->units);
    const uint64_t expected = expected_ns(stage, pace);
    if (!always && !worth_sharing(run, pace, expected)) return run_alone(run, stage, pace, eval);
    int64_t bounds[PL_MAX_PARTS + 1];
    const int32_t parts = cut(run, stage, expected, bounds);
    assert(parts >= 1 && parts <= PL_MAX_PARTS && bounds[0] == 0 && bounds[parts] == stage->units);
    if (parts == 1) return run_alone(run, stage, pace, eval);
    run->shareable_ns += expected;
    struct job job = {.step = step, .stage = stage, .eval = eval, .bounds = bounds, .learning = run->learning,
                      .error = run->error};
    return run_shared(run, &job, expected, parts, pace);
}

/* ---- a run -------------------------------------------------------------------------------------------------------- */

void pl_run_begin(struct pl_run *run, const struct pl_step_range *range)
{
    if (run->workers == 1) return;
    const struct pl_outlook *outlook = range->outlook;
    const bool always = run->interpreter->cut != NULL;
    const unsigned runs = look_at(&outlook->runs);
    const unsigned shareable = look_at(&outlook->shareable_nanoseconds);
    const bool settled = runs >= SETTLING_RUNS;
    run->learning = runs < LEARNING_RUNS;
    run->alone = settled ? !pays(&outlook->pace) : runs % 2 != 0;
    const bool much = runs <= SETTLING_RUNS || always || shareable > MUCH_NANOSECONDS;
    const bool any = much || shareable > 0;
    if (!any || !pl_pool_expect(run->interpreter->pool, run->workers, much)) run->workers = 1;
    if (!settled) run->start = pl_clock_ns();
}

void pl_run_end(struct pl_run *run, const struct pl_step_range *range, bool complete)
{
    if (run->workers == 1) return;
    pl_pool_expect_no_more(run->interpreter->pool);
    struct pl_outlook *outlook = range->outlook;
    const unsigned runs = look_at(&outlook->runs);
    if (!complete || runs > SETTLING_RUNS) return;
    const unsigned shareable = run->shareable_ns < UINT32_MAX ? (unsigned)run->shareable_ns : UINT32_MAX;
    if (runs == SETTLING_RUNS) atomic_store_explicit(&outlook->shareable_nanoseconds, shareable, memory_order_relaxed);
    else if (!run->learning)
        learn(run->alone ? &outlook->pace.nanoseconds : &outlook->pace.shared_nanoseconds, pl_clock_ns() - run->start);
    atomic_store_explicit(&outlook->runs, runs + 1, memory_order_relaxed);
}
