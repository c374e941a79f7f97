/* SPDX-License-Identifier: Apache-2.0 */
/* The generator of the random operators: Philox 4x32 with 10 rounds, as TensorFlow seeds and steps
 * it. Block n of a pair of seeds is a function of n, so that blocks can be drawn in any order; the
 * state only counts them. */
#ifndef PL_OPS_RANDOM_GENERATOR_H
#define PL_OPS_RANDOM_GENERATOR_H

#include "ops/op.h"

enum { PL_RANDOM_BLOCK = 4 }; /* numbers of 32 bits */

/* eval->states[0], all zero at first. */
struct pl_random_state {
    uint64_t seed, seed_2;
    uint64_t first; /* block of this run */
    uint64_t next;  /* and of the one after it */
    uint64_t seeded;
};

/* In prepare: the operator's seeds, in the options, and its state. */
struct pl_random {
    uint64_t seed, seed_2;
    uint64_t blocks; /* that a run uses up */
};
void pl_random_prepare(struct pl_prepare *prepare, struct pl_random *random);

/* In the first stage, of one unit: moves the state on. params begin with a struct pl_random. Seeds
 * that are both 0 are drawn from the system, once. */
pl_status pl_random_eval_begin(const struct pl_eval *eval, int64_t from, int64_t to);
/* In later stages: block `index` of this run. */
void pl_random_draw(const struct pl_eval *eval, uint64_t index, uint32_t block[PL_RANDOM_BLOCK]);

#endif
