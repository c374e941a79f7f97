/* SPDX-License-Identifier: Apache-2.0 */
/* A chain: stages of steps behind each other as one job, in which the workers stay. Each has a share of every stage's units
 * and goes on to the next stage without waiting for the others, unless they have yet to make what it reads there, or to read
 * what it would write over: what a range of units reads and writes is known to the byte (struct pl_reach) where operators say
 * it, and else it is everything. So what a worker made lies in its own cache when it goes on with it, and who was held up is
 * waited for once and not at every stage. Whoever cannot go on takes parts of the others' shares. */
#ifndef PL_INTERPRETER_CHAIN_H
#define PL_INTERPRETER_CHAIN_H

#include "interpreter/run.h"

enum {
    PL_CHAIN_STAGES = 48,
    PL_CHAIN_POINTERS = 320,
    PL_CHAIN_ACCESSES = 6, /* of a stage; with more it is in no chain */
    PL_CHAIN_SHARES = 8,
    PL_CHAIN_PARTS = PL_CHAIN_SHARES * PL_CUT_PARTS_PER_WORKER /* of a stage */
};

/* Bytes that a stage reads or writes: what lies in the window of a unit, or the elements of its slice, of as many equal ones as
 * there are units. Without window and slices any unit may touch all of them. */
struct pl_access {
    uintptr_t begin;
    int64_t bytes;
    struct pl_byte_window window; /* step 0: there is none */
    int64_t slices;
    int64_t element_bytes;
    bool writes;
    bool per_worker; /* every worker has its own part, whatever units it runs of this step */
};

struct pl_chain_stage {
    const struct pl_stage *stage;
    struct pl_frame frame;
    struct pl_pace *pace;
    int32_t access_count;
    struct pl_access accesses[PL_CHAIN_ACCESSES];
    bool followed;                             /* it is looked at how long parts take */
    uint8_t first_part[PL_CHAIN_SHARES + 1];   /* of each share, which may have none */
    int32_t bounds[PL_CHAIN_PARTS + 1];
};

/* A share of a stage. */
struct pl_chain_claim {
    atomic_int next;    /* part to be taken, counted from the share's first */
    atomic_uint done;   /* bit p: part p is done */
    atomic_uint nanoseconds; /* of a stage that is followed: of its parts, */
    atomic_uint longest;     /* and of one */
};

/* A share of the chain, on cache lines of its own. */
struct pl_chain_share {
    _Alignas(64) atomic_int stage; /* the first that is not done */
    struct pl_chain_claim claims[PL_CHAIN_STAGES];
};

struct pl_chain {
    struct pl_run *run;
    int32_t first_share; /* of worker 0 */
    int32_t share_count;
    int32_t stage_count;
    atomic_bool regroup; /* all leave the job and come back as many as there are then */
    atomic_bool helped;
    atomic_int failed;   /* 0, or the status */
    atomic_bool error_taken;
    const struct pl_step *failed_step;
    struct pl_chain_stage stages[PL_CHAIN_STAGES];
    struct pl_chain_share shares[PL_CHAIN_SHARES];
    void *pointers[PL_CHAIN_POINTERS];
};

/* Whether steps of this run may be chained. */
bool pl_chain_suits(const struct pl_run *run);
/* Runs steps from `first` on, before `end`, as far as they make a chain. Returns how many; 0: none, and nothing was done. */
int32_t pl_chain_run(struct pl_run *run, const struct pl_block *block, int32_t first, int32_t end, pl_status *status);

/* ---- access.c */
/* False: there are too many. */
bool pl_access_find(struct pl_chain_stage *at);
/* Whether units [from, to) of one stage and [other_from, other_to) of another cannot run at the same time, or only in order. */
bool pl_access_collide(const struct pl_chain_stage *at, int64_t from, int64_t to, const struct pl_chain_stage *other,
                       int64_t other_from, int64_t other_to);

/* ---- chain_make.c */
/* Fills a chain with steps from `first` on. Returns how many steps; 0: they make none. */
int32_t pl_chain_make(struct pl_chain *chain, const struct pl_block *block, int32_t first, int32_t end);
/* The first stage from `stage` on of which the share has parts. */
int32_t pl_chain_next(const struct pl_chain *chain, int32_t share, int32_t stage);

#endif
