/* SPDX-License-Identifier: Apache-2.0 */
/* Broadcasting: the shape of the output, and a walk over it in runs, so that kernels see plain
 * arrays only. Dimensions along which all inputs behave alike are merged; the innermost merged
 * dimension is the run. In a run an input either goes along (step 1) or stays (step 0: one element
 * for the whole run).
 *
 *     struct pl_broadcast_walk walk;
 *     pl_broadcast_start(&params->broadcast, from, to, &walk);
 *     while (pl_broadcast_next(&walk))
 *         kernel(out + walk.element, a + walk.offsets[0], b + walk.offsets[1], walk.count, ...);
 */
#ifndef PL_OPS_BROADCAST_H
#define PL_OPS_BROADCAST_H

#include <stdbool.h>
#include <stdint.h>

#include "ops/op.h"

enum { PL_BROADCAST_MAX_INPUTS = 4 };

struct pl_broadcast {
    int32_t input_count;
    int32_t rank;     /* of the dimensions outside the run, outermost first */
    int64_t elements; /* of the output */
    int64_t run;      /* elements of a run; 0 if there are none at all */
    int64_t dims[PL_MAX_RANK];
    int64_t strides[PL_BROADCAST_MAX_INPUTS][PL_MAX_RANK]; /* in elements; 0: the input stays */
    int32_t steps[PL_BROADCAST_MAX_INPUTS];                /* inside a run: 0 or 1 */
};

/* A walk over output elements [from, to). Valid between calls of pl_broadcast_next(). */
struct pl_broadcast_walk {
    const struct pl_broadcast *broadcast;
    int64_t element;                          /* first output element of this piece */
    int64_t count;                            /* elements of this piece */
    int64_t offsets[PL_BROADCAST_MAX_INPUTS]; /* first element of each input for this piece */
    int64_t to;
    int64_t inside;                        /* where in its run this piece begins */
    int64_t rows[PL_BROADCAST_MAX_INPUTS]; /* where this run begins in each input */
    int64_t indices[PL_MAX_RANK];
};

/* The shape that a and b broadcast to; false if they do not fit. out may be a or b. */
bool pl_broadcast_shape(const struct pl_shape *a, const struct pl_shape *b, struct pl_shape *out);

/* Sets output 0's shape from inputs 0 and 1; fails with both shapes named if they do not fit. */
pl_status pl_broadcast_output(struct pl_prepare *prepare);

/* The walk's plan for inputs that broadcast to `out`; the caller has checked that they do. */
void pl_broadcast_init(struct pl_broadcast *broadcast, const struct pl_shape *const *inputs,
                       int32_t input_count, const struct pl_shape *out);

void pl_broadcast_start(const struct pl_broadcast *broadcast, int64_t from, int64_t to,
                        struct pl_broadcast_walk *walk);

/* The next piece; false at the end. */
bool pl_broadcast_next(struct pl_broadcast_walk *walk);

#endif
