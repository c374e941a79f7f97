/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of plan/ share while a program is built. A block is planned in seven passes over one draft:
 * prepare (prepare.c: shapes and needs of every operator), homes (homes.c: what has memory of its own, how long the
 * rest lives), late memory (late_memory.c: of what gets its size while running), share (share.c: which tensors can be one
 * piece of memory), made (share_made.c: what several steps would make), lay out (lay_out.c: offsets in the arena), and locate (locate.c: an address for every tensor of every
 * step). */
#ifndef PL_PLAN_BUILDER_H
#define PL_PLAN_BUILDER_H

#include "plan/program.h"
#include "rewrite/reuse.h"

enum { PL_MAX_BLOCK_DEPTH = 16 };

/* What a step asked for in prepare and what only the planner needs to know. */
struct pl_draft_step {
    struct pl_step *step;
    const struct pl_operator *op;
    uint32_t in_place_inputs;
    uint64_t packed_inputs;
    int32_t view_of_input;
    const int64_t *view_offsets;
    const int64_t *part_offsets;
    struct pl_clamp clamp;             /* see struct pl_absorbing */
    struct pl_frame_of_zeros frame;
    struct pl_order order;
    const struct pl_clamp *last;       /* those it does for neighbours */
    const struct pl_frame_of_zeros *first;
    struct pl_made made;
    int32_t made_by;                   /* the earlier step that makes it for this one; -1: none does */
    int32_t made_last;                 /* the last step that it is kept for */
    int32_t scratch_count;
    int32_t state_count;
    struct pl_scratch scratch[PL_MAX_SCRATCH];
    struct pl_state states[PL_MAX_STATES];
    size_t scratch_offsets[PL_MAX_SCRATCH];
};

/* Memory class of a tensor. */
enum pl_home {
    PL_HOME_ARENA,
    PL_HOME_FIXED,    /* its location is given: input, output, constant */
    PL_HOME_VARIABLE, /* fixed, and written in place over invocations: never shared */
    PL_HOME_LATE,     /* it gets memory while running, when its size is known */
    PL_HOME_NONE      /* neither produced nor given: nobody reads it */
};

/* What the passes know of a tensor. */
struct pl_draft_tensor {
    int32_t root;       /* union-find: tensors of one root share memory, */
    size_t root_offset; /* in which this one begins here */
    enum pl_home home;  /* of the root */
    int32_t first;      /* step that produces it; -1: before all */
    int32_t last;       /* last step that reads it */
    size_t offset;      /* of the root, in the arena */
    int32_t readers;    /* operators that read it, and whoever else looks at it */
    int32_t producer;   /* the step; -1: none */
};

struct pl_builder {
    struct pl_memory *memory;
    const struct pl_plan_request *request;
    struct pl_program *program;
    struct pl_region work; /* freed when the program is done */
    struct pl_error *error;
    int32_t slot_capacity;
    int32_t folded_capacity;
    int64_t fold_budget; /* multiply-adds that may still be spent on constants */
    int64_t block_budget; /* tensors and operators that nested blocks may still have */
    int32_t depth;
    struct pl_graph_facts *facts; /* to be filled with what preparing says; NULL: nobody asks */
    int32_t member;        /* of the operator of the outermost block that is being prepared, */
    int32_t subgraph_base; /* and its subgraph base: nested blocks belong to it */
};

struct pl_draft {
    struct pl_builder *builder;
    struct pl_block *block;
    int32_t subgraph_index;
    bool nested;
    struct pl_draft_step *steps; /* block->step_count */
    struct pl_draft_tensor *tensors;
};

/* Plans one subgraph (inputs NULL: as the file has them); `member` of its operators is taken from them. */
pl_status pl_plan_block(struct pl_builder *builder, int32_t subgraph_index, const struct pl_call_end *inputs,
                        struct pl_block **block);

/* absorb.c: */
/* Counts readers. */
void pl_draft_count_readers(struct pl_draft *draft);
/* The operator without the frame of zeros around its input, as a copy, if that can be; *first is the frame. NULL: it
 * cannot, or there is no memory, which does not matter here. */
const struct pl_operator *pl_draft_without_frame(struct pl_draft *draft, const struct pl_operator *op,
                                                 const struct pl_frame_of_zeros **first);
/* The step that can do this clamp for the operator as well, and as which operator; -1: none. */
int32_t pl_draft_find_clamped(struct pl_draft *draft, const struct pl_prepare *clamp, const struct pl_operator **clamped);
/* The operator on what there was before the order of axes that it undoes, as a copy; the steps between are dropped. NULL:
 * it undoes none, or there is no memory, which does not matter here. */
const struct pl_operator *pl_draft_undo_order(struct pl_draft *draft, const struct pl_prepare *order);
/* The step's work is done by another one. */
void pl_draft_drop_step(struct pl_draft *draft, int32_t step);
/* build.c: a draft of one subgraph whose tensors have the shapes of these inputs, ready to be prepared. */
pl_status pl_draft_start(struct pl_draft *draft, const struct pl_call_end *inputs);

/* facts.c: the form of the request's join in which windows are reused; a reference. */
pl_status pl_builder_reuse_windows(struct pl_builder *builder, struct pl_graph **graph);
/* See pl_plan_check_batch(). */
pl_status pl_builder_check_batch(struct pl_builder *builder, int32_t times);

/* prepare.c: runs prepare of every operator, folds constants, fills draft->steps. */
pl_status pl_draft_prepare(struct pl_draft *draft);

/* homes.c: needs the steps. */
pl_status pl_draft_set_homes(struct pl_draft *draft);
/* The number of the draft's subgraph in its own model. */
int32_t pl_draft_own_subgraph(const struct pl_draft *draft);

/* share.c: merges tensors into roots; steps that became views lose their op_def. Needs homes to be set. */
pl_status pl_draft_share(struct pl_draft *draft);
int32_t pl_draft_root(const struct pl_draft *draft, int32_t tensor);
/* Where the tensor begins in its root. */
size_t pl_draft_offset_in_root(const struct pl_draft *draft, int32_t tensor);

/* share_made.c: what several steps would make is made by the first of them. */
void pl_draft_share_made(struct pl_draft *draft);

/* lay_out.c: places roots and scratch in the arena, sizes of block and segments. */
size_t pl_draft_scratch_bytes(const struct pl_draft *draft, const struct pl_scratch *scratch);
pl_status pl_draft_lay_out(struct pl_draft *draft);

/* shared_steps.c: needs segments. */
pl_status pl_draft_note_shared(struct pl_draft *draft);

/* locate.c: needs offsets. */
pl_status pl_draft_locate(struct pl_draft *draft);

/* late_memory.c: numbers and memories of what gets its size while running. Needs homes. */
pl_status pl_draft_set_late(struct pl_draft *draft);

/* slots.c: the slot of a tensor or a state (found again or added), or -1 with the error set. */
int32_t pl_builder_slot(struct pl_builder *builder, const struct pl_slot *wanted);
pl_status pl_builder_add_folded(struct pl_builder *builder, struct pl_constant *constant);

pl_status pl_builder_no_memory(struct pl_builder *builder);

#endif
