/* SPDX-License-Identifier: Apache-2.0 */
/* Running a program: step by step, each stage cut into parts for the workers. Nothing here allocates but what is prepared
 * while running (late_step.c). */
#include <assert.h>

#include "base/clock.h"
#include "base/float_state.h"
#include "interpreter/interpreter_internal.h"

/* In multiply-adds or bytes: work below SMALLEST_PART is not worth a second thread; parts of COMFORTABLE_PART and more
 * may be several for each worker, so that one which is held up does less of them. */
enum { SMALLEST_PART = 1 << 14, COMFORTABLE_PART = 1 << 18, PARTS_PER_WORKER = 4 };

/* ---- one stage ---------------------------------------------------------------------------------------------------- */

/* A stage under way. The first part that fails says why. */
struct job {
    const struct pl_step *step;
    const struct pl_stage *stage;
    const struct pl_eval *eval; /* of worker 0 */
    const int64_t *bounds;
    atomic_int failed;          /* 0, or the status */
    atomic_bool error_taken;
    struct pl_error *error;
};

static void run_part(void *context, int64_t part, int32_t worker)
{
    struct job *job = context;
    struct pl_eval eval = *job->eval;
    struct pl_error error = {0};
    void *scratch[PL_MAX_SCRATCH];
    if (atomic_load(&job->failed) != PL_OK) return;
    for (int32_t i = 0; i < job->step->scratch_count; i++)
        scratch[i] = (char *)job->eval->scratch[i] + (size_t)worker * job->step->worker_bytes[i];
    eval.scratch = scratch;
    eval.worker = worker;
    eval.error = &error;
    const pl_status status = job->stage->eval(&eval, job->bounds[part], job->bounds[part + 1]);
    if (status == PL_OK) return;
    if (!atomic_exchange(&job->error_taken, true)) *job->error = error;
    atomic_store(&job->failed, (int)status);
}

static int32_t cut_evenly(int64_t units, int32_t parts, int64_t *bounds)
{
    for (int32_t i = 0; i <= parts; i++) bounds[i] = units / parts * i + units % parts * i / parts;
    return parts;
}

/* How many parts of at least `part_cost` these units make. */
static int64_t parts_of(int64_t units, int64_t unit_cost, int64_t part_cost)
{
    return unit_cost >= part_cost ? units : units / ((part_cost + unit_cost - 1) / unit_cost);
}

static int32_t cut(const struct pl_run *run, const struct pl_stage *stage, int64_t *bounds)
{
    if (run->interpreter->cut != NULL)
        return run->interpreter->cut(run->interpreter->cut_context, stage->units, PL_MAX_PARTS, bounds);
    const int64_t unit_cost = stage->cost < 1 ? 1 : stage->cost;
    const int32_t many = run->workers * PARTS_PER_WORKER;
    const int64_t most = many < PL_MAX_PARTS ? many : PL_MAX_PARTS;
    int64_t parts = parts_of(stage->units, unit_cost, COMFORTABLE_PART);
    if (parts > most) parts = most;
    if (parts < run->workers) {
        parts = parts_of(stage->units, unit_cost, SMALLEST_PART);
        if (parts > run->workers) parts = run->workers;
    }
    if (stage->units < parts) parts = stage->units;
    return cut_evenly(stage->units, parts < 1 ? 1 : (int32_t)parts, bounds);
}

static pl_status run_stage(const struct pl_run *run, const struct pl_step *step, const struct pl_stage *stage,
                           const struct pl_eval *eval)
{
    if (stage->units == 0) return PL_OK;
    if (run->workers == 1 && run->interpreter->cut == NULL) return stage->eval(eval, 0, stage->units);
    int64_t bounds[PL_MAX_PARTS + 1];
    const int32_t parts = cut(run, stage, bounds);
    assert(parts >= 1 && parts <= PL_MAX_PARTS && bounds[0] == 0 && bounds[parts] == stage->units);
    if (parts == 1) return stage->eval(eval, 0, stage->units);
    struct job job = {.step = step, .stage = stage, .eval = eval, .bounds = bounds, .error = run->error};
    atomic_init(&job.failed, PL_OK);
    atomic_init(&job.error_taken, false);
    pl_pool_run(run->interpreter->pool, run->workers, parts, run_part, &job);
    return (pl_status)atomic_load(&job.failed);
}

/* ---- one step ----------------------------------------------------------------------------------------------------- */

/* Late outputs of a step that was prepared at allocate have no value until its eval gives them one. */
static void forget_late_outputs(const struct pl_run *run, const struct pl_block *block, const struct pl_step *step)
{
    for (int32_t i = 0; i < step->output_count; i++) {
        const int32_t tensor = step->op->outputs[i];
        if (tensor >= 0 && block->tensors[tensor].late >= 0)
            run->late->slots[block->tensors[tensor].late]->value.known = false;
    }
}

static pl_status run_stages(const struct pl_frame *frame)
{
    const struct pl_step *step = frame->step;
    void **pointers = frame->pointers;
    const struct pl_eval eval = {.params = step->params,
                                 .inputs = (const void *const *)pointers,
                                 .outputs = pointers + step->input_count,
                                 .scratch = pointers + step->input_count + step->output_count,
                                 .states = pointers + step->input_count + step->output_count + step->scratch_count,
                                 .error = frame->run->error,
                                 .services = &pl_run_services,
                                 .run = (void *)(uintptr_t)frame};
    for (int32_t i = 0; i < step->stage_count; i++) {
        const pl_status status = run_stage(frame->run, step, &step->stages[i], &eval);
        if (status != PL_OK)
            return pl_fail_at(frame->run->error, "operator %d (%s)", (int)step->op->index, pl_operator_name(step->op));
    }
    return PL_OK;
}

pl_status pl_run_step(struct pl_run *run, const struct pl_block *block, const struct pl_step *step)
{
    if (atomic_load_explicit(run->cancelled, memory_order_relaxed))
        return pl_fail(run->error, PL_CANCELLED, "the invocation was cancelled");
    struct pl_frame frame = {run, block, step, run->lane->pointers + block->first_pointer};
    if (step->late >= 0) PL_TRY(pl_late_prepare(run, block, step, &frame.step));
    else if (run->late != NULL) forget_late_outputs(run, block, step);
    step = frame.step;
    const int32_t count = step->input_count + step->output_count + step->scratch_count + step->state_count;
    for (int32_t i = 0; i < count; i++) frame.pointers[i] = pl_run_resolve(run, step->locations[i]);
    return run_stages(&frame);
}

/* ---- a unit ------------------------------------------------------------------------------------------------------- */

static pl_status run_profiled(struct pl_run *run, const struct pl_block *block, int32_t index,
                              struct pl_profile_cell *cell)
{
    const uint64_t start = pl_clock_ns();
    const pl_status status = pl_run_step(run, block, &block->steps[index]);
    cell->nanoseconds += pl_clock_ns() - start;
    cell->calls++;
    return status;
}

pl_status pl_unit_run(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan, struct pl_lane *lane,
                      int32_t first, int32_t end, int32_t workers, struct pl_error *error)
{
    struct pl_unit *unit = plan->unit;
    const struct pl_block *block = unit->program->block;
    struct pl_run run = {.interpreter = interpreter,
                         .plan = plan,
                         .program = unit->program,
                         .late = unit->late,
                         .lane = lane,
                         .bases = unit->bases,
                         .workers = workers < unit->program->workers ? workers : unit->program->workers,
                         .cancelled = &plan->component->cancelled,
                         .error = error};
    unit->bases[PL_BASE_ARENA] = lane->arena;
    const struct pl_float_state caller = pl_float_state_enter();
    pl_status status = PL_OK;
    for (int32_t i = first; i < end && status == PL_OK; i++) {
        if (block->steps[i].op_def == NULL) continue;
        if (unit->profile != NULL) status = run_profiled(&run, block, i, &unit->profile[i]);
        else status = pl_run_step(&run, block, &block->steps[i]);
    }
    pl_float_state_leave(caller);
    return status;
}
