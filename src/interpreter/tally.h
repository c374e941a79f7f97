/* SPDX-License-Identifier: Apache-2.0 */
/* What models do while somebody watches: how often they run, and how long callers wait for them. */
#ifndef PL_INTERPRETER_TALLY_H
#define PL_INTERPRETER_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

/* Latencies are counted by size: four buckets for each doubling, from a nanosecond up. */
enum { PL_TALLY_PER_DOUBLING = 4, PL_TALLY_BUCKETS = 42 * PL_TALLY_PER_DOUBLING, PL_TALLY_NAME_BYTES = 128 };

/* Since the first look at the model. */
struct pl_tally {
    uint64_t runs;
    uint64_t failed; /* of them */
    uint64_t latencies[PL_TALLY_BUCKETS];
};

/* The bucket of a time, and the first time behind a bucket. */
int32_t pl_tally_bucket(uint64_t nanoseconds);
uint64_t pl_tally_bucket_end(int32_t bucket);

void pl_tally_add(struct pl_tally *tally, uint64_t nanoseconds, bool failed);

#endif
