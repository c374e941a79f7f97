/* SPDX-License-Identifier: Apache-2.0 */
/* Models for several requests at once: clones of what is served, for 2, 4, 8, ... rows, planned when they are needed first.
 * Whether several requests may be one run, the library says (plait_check_batch()); whether it is worth it, time: where nobody
 * asked for batches, those are kept that take less time than single runs. All is of whoever has the model's turn. */
#ifndef SERVER_BATCHES_H
#define SERVER_BATCHES_H

#include <stdbool.h>
#include <stdint.h>

#include "plait/plait.h"

enum { BATCH_SIZES = 8, MOST_BATCH = 1 << (BATCH_SIZES - 1), USUAL_BATCH = 16 };

/* What was asked for. */
struct batch_rule {
    unsigned most;  /* rows; 1: no batches; 0: USUAL_BATCH, where it is worth it */
    uint64_t delay; /* nanoseconds that a request waits for others */
};

struct batch_plan {
    struct plait_model *model; /* NULL: there is none */
    uint64_t refused;          /* a number of the shapes for which it cannot be; 0: none */
    uint64_t last_run;         /* see struct run_order */
    uint64_t runs;
    uint64_t row_nanoseconds;  /* a row, as measured */
};

struct batches {
    struct batch_rule rule;
    unsigned limit; /* rows that are worth it so far, and twice as many to be tried */
    uint64_t passed; /* runs that did without */
    struct batch_plan plans[BATCH_SIZES]; /* of 1 << index rows; of the first the times alone */
};

void batches_begin(struct batches *batches, const struct batch_rule *rule);
void batches_end(struct batches *batches);

/* The most rows that a run should have now; 1: no others. */
unsigned batches_limit(struct batches *batches);
/* The clone for so many rows (a power of two), each of these shapes, for `inputs` inputs; NULL: there can be none. */
struct plait_model *batches_model(struct batches *batches, struct plait_model *single, unsigned rows,
                                  const int32_t (*shapes)[8], size_t inputs);
struct batch_plan *batches_plan(struct batches *batches, unsigned rows);
/* A run of so many rows took so long. */
void batches_note(struct batches *batches, unsigned rows, uint64_t nanoseconds);

#endif
