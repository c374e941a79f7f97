/* SPDX-License-Identifier: Apache-2.0 */
/* What the files about rows share: reuse.c, batch.c and row_step.c. */
#ifndef PL_REWRITE_REUSE_INTERNAL_H
#define PL_REWRITE_REUSE_INTERNAL_H

#include "rewrite/reuse.h"

/* Rows of a tensor that some operator needs. */
struct pl_kept_rows {
    struct pl_kept_rows *next;
    int32_t keep;
    int32_t tensor; /* that has them */
};

/* A tensor whose rows move on by `fresh` with each hop. */
struct pl_stream {
    int32_t fresh; /* 0: it is none */
    int32_t axis;
    int32_t tensor;    /* that has the new rows alone */
    bool whole;        /* ROWS makes the tensor itself */
    struct pl_kept_rows *kept;
};

/* How an operator does with new rows what it does with all. */
struct pl_row_step {
    int32_t output_axis;
    int32_t fresh; /* rows of the output */
    int32_t keep;  /* rows of the inputs that are needed beside the new ones */
    bool copied;   /* the rows of the output are these rows */
};

struct pl_row_view {
    const struct pl_operator *op;
    const struct pl_operator_facts *facts;
    const struct pl_value *const *values;
    const struct pl_stream *streams;
};

/* The operator's first input that is a stream; -1: it reads none. */
int32_t pl_row_first_stream(const struct pl_row_view *view);
bool pl_row_reads_stream(const struct pl_row_view *view);
/* NULL and *step, or why the operator has to see whole windows. */
const char *pl_row_step_find(const struct pl_row_view *view, struct pl_row_step *step);

#endif
