/* SPDX-License-Identifier: Apache-2.0 */
/* One invocation under way: its steps, their stages, and the parts of those. */
#ifndef PL_INTERPRETER_RUN_H
#define PL_INTERPRETER_RUN_H

#include "interpreter/allocate.h"

/* What is known of a tensor only while running. */
struct pl_late_value {
    struct pl_shape shape;
    size_t bytes;
    bool known; /* it was produced or fed */
};

/* The own memory of a sized slot that is a tensor. Of one that is a state, it is the struct pl_sized alone. */
struct pl_late_slot {
    struct pl_sized memory; /* first, so that both begin alike */
    struct pl_late_value value;
};

struct pl_late_step;

/* What a unit keeps of what is prepared while running; the program may be shared and stays as it is. */
struct pl_late {
    struct pl_region region;
    int32_t step_count;
    struct pl_late_slot **slots; /* by pl_planned_tensor.late; of tensors without a slot the value alone counts */
    struct pl_late_step *steps;  /* by pl_step.late */
};

/* ---- invoke.c */
/* What a request asks for, of one of its linked sets, on this thread. The lock is held, and left meanwhile. Busy: nothing was
 * done, since somebody else runs it. */
pl_status pl_entry_run_request(struct pl_entry *entry, struct pl_request *request, bool *busy);
/* Whether it could run if nothing else did, with `lock` held. */
pl_status pl_entry_check_start(const struct pl_entry *entry, bool whole_set, struct pl_error *error);

/* ---- run.c */
/* One invocation under way. */
struct pl_run {
    struct pl_interpreter *interpreter;
    const struct pl_unit_plan *plan; /* whose program it is */
    struct pl_program *program;
    struct pl_late *late;
    struct pl_lane *lane;
    struct pl_turn *turn;
    void **bases;
    int32_t workers;
    struct pl_trial trial; /* whether helpers are asked for, and looked at how they help */
    struct pl_trial_result result;
    uint64_t start;
    bool expects;          /* helpers look out for its jobs */
    bool timed;
    bool asked;            /* for helpers, */
    bool helped;           /* and one came */
    struct pl_error *error;
};

/* One step of it: what eval->run points to. */
struct pl_frame {
    struct pl_run *run;
    const struct pl_block *block;
    const struct pl_step *step; /* of one that is late: as it was prepared */
    void **pointers;            /* inputs, outputs, scratch, states */
    int32_t number;             /* of the step as it was planned */
};

static inline void *pl_run_resolve(const struct pl_run *run, struct pl_location location)
{
    return (void *)((uintptr_t)run->bases[location.base] + (uintptr_t)location.offset);
}

/* Steps [first, end) of a program. */
struct pl_step_range {
    int32_t first;
    int32_t end;
    struct pl_outlook *outlook;
};

/* Runs steps of the unit's program on a lane. */
pl_status pl_unit_run(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan, struct pl_lane *lane,
                      const struct pl_step_range *range, int32_t workers, struct pl_error *error);

/* One step, prepared or late. */
pl_status pl_run_step(struct pl_run *run, const struct pl_block *block, const struct pl_step *step);

/* ---- turn.c */
pl_status pl_run_look(struct pl_run *run, struct pl_error *error);

/* Asked between two parts, by the thread whose run it is: PL_CANCELLED where it is to stop. */
static inline pl_status pl_run_go_on(struct pl_run *run, struct pl_error *error)
{
    return atomic_load_explicit(&run->turn->look, memory_order_relaxed) ? pl_run_look(run, error) : PL_OK;
}

/* Asked by its helpers: this one is needed for others. */
static inline bool pl_run_must_leave(const struct pl_run *run, int32_t worker)
{
    return worker >= atomic_load_explicit(&run->turn->workers, memory_order_relaxed);
}

/* ---- trace.c */
/* A step, or a worker's part of it, ended. Only where somebody asks. */
void pl_trace(const struct pl_frame *frame, bool part, uint64_t begin_ns);
/* The same of what is not work. */
void pl_trace_time(struct pl_entry *entry, enum pl_event_kind kind, const struct pl_turn *turn, uint64_t begin_ns,
                   uint64_t end_ns);
/* An interruption of a run. */
void pl_trace_interruption(const struct pl_run *run, uint64_t begin_ns, uint64_t end_ns);

static inline bool pl_run_is_traced(const struct pl_run *run)
{
    return run->interpreter->event_function != NULL;
}

/* ---- part.c */
/* Units [from, end) of a stage, so many at a time. */
struct pl_parts {
    const struct pl_stage *stage;
    const struct pl_eval *eval;
    int64_t from; /* what is left begins here */
    int64_t end;
    int64_t units;
    uint64_t nanoseconds; /* of all of them, */
    uint64_t longest;     /* and of one */
};
/* Whether it is to be looked at how long a stage takes, which took so long (0: nobody knows). Shorter ones never need to
 * be cut, even if they were several times slower than when they were looked at. */
enum { PL_WORTH_FOLLOWING_NANOSECONDS = 125000 };
static inline bool pl_is_followed(unsigned nanoseconds)
{
    return nanoseconds - 1u >= PL_WORTH_FOLLOWING_NANOSECONDS - 1u;
}
/* What a stage may take, before anything is known. */
uint64_t pl_guessed_ns(const struct pl_stage *stage);
/* How many of its units to do before others may go first. */
int64_t pl_part_units(const struct pl_stage *stage, uint64_t nanoseconds);
/* A helper that is needed elsewhere ends before the end. */
pl_status pl_run_parts(struct pl_run *run, struct pl_parts *parts);
/* All of a stage, by the caller alone. */
pl_status pl_run_alone(struct pl_run *run, const struct pl_stage *stage, struct pl_pace *pace, const struct pl_eval *eval);

/* ---- cut.c */
enum { PL_CUT_PARTS_PER_WORKER = 4 };
struct pl_cut {
    int32_t workers;
    int32_t parts; /* of each of them */
};
/* As many workers and parts as so many nanoseconds are worth. */
struct pl_cut pl_cut_worth(const struct pl_stage *stage, int32_t most_workers, uint64_t nanoseconds);
/* The same for a stage that is too short for it by itself. */
struct pl_cut pl_cut_even(const struct pl_stage *stage, int32_t most_workers, uint64_t nanoseconds);
/* Part p is [bounds[p], bounds[p + 1]); a worker's parts halve from one to the next, mirrored: those of every other worker
 * double. Returns how many there are. */
int32_t pl_cut_halving(const struct pl_stage *stage, struct pl_cut cut, bool mirrored, int64_t *bounds);

/* ---- stage.c */
/* How long it takes alone, as far as that is known. */
uint64_t pl_stage_expected_ns(const struct pl_stage *stage, const struct pl_pace *pace);
/* Whether helpers are to be asked for, of a stage that can be cut. */
bool pl_stage_is_worth_sharing(const struct pl_run *run, const struct pl_pace *pace, uint64_t nanoseconds);
/* Counts what the run has to share. */
void pl_stage_note_shareable(struct pl_run *run, const struct pl_stage *stage, uint64_t nanoseconds);
/* Of the workers of a run, those for which there are processors now. */
int32_t pl_workers_now(const struct pl_run *run);
/* A stage of a step, on as many workers as it is worth. */
pl_status pl_run_stage(struct pl_run *run, const struct pl_step *step, int32_t index, const struct pl_eval *eval);
/* Before and after the steps of a run: what to learn, and whether workers are wanted at all. */
void pl_run_begin(struct pl_run *run, const struct pl_step_range *range);
void pl_run_end(struct pl_run *run, const struct pl_step_range *range, bool complete);

/* ---- late_step.c */
/* *late is NULL for a program that has nothing late; false if there is no memory. */
bool pl_late_create(struct pl_memory *memory, const struct pl_program *program, struct pl_late **late);
/* NULL is allowed. */
void pl_late_destroy(struct pl_memory *memory, struct pl_late *late);
/* What is known of a tensor now. */
struct pl_late_value pl_late_look(const struct pl_run *run, const struct pl_planned_tensor *tensor);
/* Gives a late tensor its shape, and memory for value->bytes. */
pl_status pl_late_set(struct pl_run *run, const struct pl_planned_tensor *tensor, const struct pl_late_value *value);
/* Makes a late step ready for its inputs as they are now: prepares it unless it is prepared for them already, and gives
 * memory to its outputs and scratch. *ready is what to run. */
pl_status pl_late_prepare(struct pl_run *run, const struct pl_block *block, const struct pl_step *step,
                          const struct pl_step **ready);

/* ---- run_block.c */
/* What operators can ask for while they run. */
extern const struct pl_eval_services pl_run_services;

/* ---- profile.c */
/* The steps of a model that has a program. */
struct pl_segment pl_entry_steps(const struct pl_entry *entry);

#endif
