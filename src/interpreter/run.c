/* SPDX-License-Identifier: Apache-2.0 */
/* Running a program: step by step, each stage cut into parts for the workers. Nothing here allocates. */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/float_state.h"
#include "interpreter/interpreter_internal.h"

/* Work below this many multiply-adds or bytes is not worth a second thread. */
enum { SMALLEST_PART = 1 << 14 };

struct run {
    struct pl_interpreter *interpreter;
    void **bases;
    void **pointers;
    int32_t workers;
    struct pl_error *error;
};

static void *resolve(void *const *bases, struct pl_location location)
{
    return (void *)((uintptr_t)bases[location.base] + (uintptr_t)location.offset);
}

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

static int32_t cut(const struct run *run, const struct pl_stage *stage, int64_t *bounds)
{
    if (run->interpreter->cut != NULL)
        return run->interpreter->cut(run->interpreter->cut_context, stage->units, PL_MAX_PARTS, bounds);
    const int64_t unit_cost = stage->cost < 1 ? 1 : stage->cost;
    int64_t parts = run->workers;
    if (unit_cost < SMALLEST_PART) {
        const int64_t units_per_part = (SMALLEST_PART + unit_cost - 1) / unit_cost;
        if (stage->units / units_per_part < parts) parts = stage->units / units_per_part;
    }
    if (stage->units < parts) parts = stage->units;
    return cut_evenly(stage->units, parts < 1 ? 1 : (int32_t)parts, bounds);
}

static pl_status run_stage(const struct run *run, const struct pl_step *step, const struct pl_stage *stage,
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

static pl_status run_block(const struct pl_eval *eval, const struct pl_block *block, void *arena,
                           const void *const *inputs, void *const *outputs);
static pl_status resize_state(const struct pl_eval *eval, struct pl_sized *state, size_t bytes)
{
    const struct run *run = eval->run;
    if (bytes <= run->interpreter->options.tensor_limit_bytes &&
        pl_sized_resize(run->interpreter->memory, state, bytes))
        return PL_OK;
    return pl_fail(eval->error, PL_OUT_OF_MEMORY, "no memory left for a state of %zu bytes", bytes);
}

static const struct pl_eval_services services = {run_block, resize_state};

static pl_status run_step(struct run *run, const struct pl_block *block, const struct pl_step *step)
{
    void **pointers = run->pointers + block->first_pointer;
    const int32_t count = step->input_count + step->output_count + step->scratch_count + step->state_count;
    for (int32_t i = 0; i < count; i++) pointers[i] = resolve(run->bases, step->locations[i]);
    const struct pl_eval eval = {.params = step->params,
                                 .inputs = (const void *const *)pointers,
                                 .outputs = pointers + step->input_count,
                                 .scratch = pointers + step->input_count + step->output_count,
                                 .states = pointers + step->input_count + step->output_count + step->scratch_count,
                                 .error = run->error,
                                 .services = &services,
                                 .run = run};
    for (int32_t i = 0; i < step->stage_count; i++) {
        const pl_status status = run_stage(run, step, &step->stages[i], &eval);
        if (status != PL_OK)
            return pl_fail_at(run->error, "operator %d (%s)", (int)step->op->index, pl_operator_name(step->op));
    }
    return PL_OK;
}

/* ---- nested blocks ------------------------------------------------------------------------------------------------ */

static bool same_location(struct pl_location a, uint32_t base)
{
    return a.base == base && a.offset == 0;
}

/* An output that is an input, a constant, or another output is not written by a step: copy it. */
static void copy_outputs(const struct run *run, const struct pl_block *block)
{
    const struct pl_subgraph *subgraph = block->subgraph;
    for (int32_t i = 0; i < subgraph->output_count; i++) {
        const uint32_t base = block->first_base + (uint32_t)(subgraph->input_count + i);
        const struct pl_planned_tensor *tensor = &block->tensors[subgraph->outputs[i]];
        if (same_location(tensor->location, base) || tensor->bytes == 0) continue;
        memcpy(run->bases[base], resolve(run->bases, tensor->location), tensor->bytes);
    }
}

static pl_status run_block(const struct pl_eval *eval, const struct pl_block *block, void *arena,
                           const void *const *inputs, void *const *outputs)
{
    struct run *run = eval->run;
    const struct pl_subgraph *subgraph = block->subgraph;
    run->bases[block->arena_base] = arena;
    void **ends = &run->bases[block->first_base];
    for (int32_t i = 0; i < subgraph->input_count; i++) ends[i] = (void *)(uintptr_t)inputs[i];
    for (int32_t i = 0; i < subgraph->output_count; i++) ends[subgraph->input_count + i] = outputs[i];
    for (int32_t i = 0; i < block->step_count; i++)
        if (block->steps[i].op_def != NULL) PL_TRY(run_step(run, block, &block->steps[i]));
    copy_outputs(run, block);
    return PL_OK;
}

/* ---- a unit ------------------------------------------------------------------------------------------------------- */

static pl_status run_profiled(struct run *run, const struct pl_block *block, int32_t index,
                              struct pl_profile_cell *cell)
{
    const uint64_t start = pl_clock_ns();
    const pl_status status = run_step(run, block, &block->steps[index]);
    cell->nanoseconds += pl_clock_ns() - start;
    cell->calls++;
    return status;
}

pl_status pl_unit_run(struct pl_interpreter *interpreter, struct pl_unit *unit, struct pl_lane *lane, int32_t first,
                      int32_t end, int32_t workers, struct pl_error *error)
{
    const struct pl_block *block = unit->program->block;
    struct run run = {.interpreter = interpreter,
                      .bases = unit->bases,
                      .pointers = lane->pointers,
                      .workers = workers < unit->program->workers ? workers : unit->program->workers,
                      .error = error};
    unit->bases[PL_BASE_ARENA] = lane->arena;
    const struct pl_float_state caller = pl_float_state_enter();
    pl_status status = PL_OK;
    for (int32_t i = first; i < end && status == PL_OK; i++) {
        if (block->steps[i].op_def == NULL) continue;
        if (unit->profile != NULL) status = run_profiled(&run, block, i, &unit->profile[i]);
        else status = run_step(&run, block, &block->steps[i]);
    }
    pl_float_state_leave(caller);
    return status;
}
