/* SPDX-License-Identifier: Apache-2.0 */
/* How long runs take, as measured while they run: what a bound for the longest wait is made of. */
#ifndef PL_INTERPRETER_TIMING_H
#define PL_INTERPRETER_TIMING_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/pace.h"

struct pl_instance;
struct pl_unit;

enum { PL_RECENT_RUNS = 15 };

/* Of the last runs of a unit or, alone, of a member of one; in nanoseconds. */
struct pl_own_time {
    uint64_t runs;               /* that were measured */
    uint32_t passed_over;        /* since the last of them */
    float recent[PL_RECENT_RUNS];
    struct pl_longest longest;
};

/* Whether the next run is to be measured: all that take long, one of several that are so short that looking at the clock
 * would be felt. */
bool pl_own_time_wanted(struct pl_own_time *time);
void pl_own_time_note(struct pl_own_time *time, uint64_t nanoseconds);
uint64_t pl_own_time_typical(const struct pl_own_time *time);
uint64_t pl_own_time_worst(const struct pl_own_time *time);

/* ---- timing.c: with `lock` held */
/* What is measured when the model, or its linked set, is run by this unit. */
struct pl_own_time *pl_own_time_of(struct pl_instance *instance, struct pl_unit *unit, bool whole_set);

#endif
