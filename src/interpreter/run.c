/* SPDX-License-Identifier: Apache-2.0 */
/* Running a program: step by step, stage by stage (stage.c). Nothing here allocates but what is prepared while running
 * (late_step.c). */
#include "base/clock.h"
#include "base/float_state.h"
#include "interpreter/chain.h"

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
        const pl_status status = pl_run_stage(frame->run, step, i, &eval);
        if (status != PL_OK)
            return pl_fail_at(frame->run->error, "operator %d (%s)", (int)step->op->index, pl_operator_name(step->op));
    }
    return PL_OK;
}

static pl_status run_step(struct pl_run *run, const struct pl_block *block, const struct pl_step *step)
{
    PL_TRY(pl_run_go_on(run, run->error));
    struct pl_frame frame = {run, block, step, run->lane->pointers + block->first_pointer, step->number};
    if (step->late >= 0) PL_TRY(pl_late_prepare(run, block, step, &frame.step));
    else if (run->late != NULL) forget_late_outputs(run, block, step);
    step = frame.step;
    const int32_t count = step->input_count + step->output_count + step->scratch_count + step->state_count;
    for (int32_t i = 0; i < count; i++) frame.pointers[i] = pl_run_resolve(run, step->locations[i]);
    return run_stages(&frame);
}

static pl_status run_traced(struct pl_run *run, const struct pl_block *block, const struct pl_step *step)
{
    const struct pl_frame frame = {run, block, step, NULL, step->number};
    const uint64_t start = pl_clock_ns();
    const pl_status status = run_step(run, block, step);
    pl_trace(&frame, false, start);
    return status;
}

pl_status pl_run_step(struct pl_run *run, const struct pl_block *block, const struct pl_step *step)
{
    return pl_run_is_traced(run) ? run_traced(run, block, step) : run_step(run, block, step);
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
                      const struct pl_step_range *range, int32_t workers, struct pl_error *error)
{
    struct pl_unit *unit = plan->unit;
    const struct pl_block *block = unit->program->block;
    struct pl_run run = {.interpreter = interpreter,
                         .plan = plan,
                         .program = unit->program,
                         .late = unit->late,
                         .lane = lane,
                         .turn = &plan->component->turn,
                         .bases = unit->bases,
                         .workers = workers < unit->program->workers ? workers : unit->program->workers,
                         .error = error};
    unit->bases[PL_BASE_ARENA] = lane->arena;
    const struct pl_float_state caller = pl_float_state_enter();
    pl_run_begin(&run, range);
    pl_status status = PL_OK;
    const bool chains = unit->profile == NULL && pl_chain_suits(&run);
    for (int32_t i = range->first; i < range->end && status == PL_OK; i++) {
        if (block->steps[i].op_def == NULL) continue;
        const int32_t chained = chains ? pl_chain_run(&run, block, i, range->end, &status) : 0;
        if (chained > 0) i += chained - 1;
        else if (unit->profile != NULL) status = run_profiled(&run, block, i, &unit->profile[i]);
        else status = pl_run_step(&run, block, &block->steps[i]);
    }
    pl_run_end(&run, range, status == PL_OK);
    pl_float_state_leave(caller);
    return status;
}
