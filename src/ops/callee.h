/* SPDX-License-Identifier: Apache-2.0 */
/* Subgraphs that operators call: what IF, WHILE and their like have in common. The plan makes a
 * block of each subgraph for the inputs it is called with; the block's arena is scratch of the
 * operator. What is not known of an input or output at allocate is known while running. */
#ifndef PL_OPS_CALLEE_H
#define PL_OPS_CALLEE_H

#include "ops/op.h"

struct pl_callee {
    const struct pl_subgraph *subgraph;
    struct pl_block *block;
    size_t arena_bytes;
    struct pl_call_end *outputs; /* what is known of them */
};

/* What is known of inputs [first_input, input_count) of the operator; NULL with the error set.
 * Constants are constants of the subgraph, too: it can pack them, and eval need not read them. */
struct pl_call_end *pl_callee_inputs(struct pl_prepare *prepare, int32_t first_input);
/* Plans subgraph `index` for inputs [first_input, input_count) of the operator, of which `inputs`
 * is known; it must have output_count outputs. */
pl_status pl_callee_plan(struct pl_prepare *prepare, int64_t index, int32_t first_input,
                         const struct pl_call_end *inputs, int32_t output_count,
                         struct pl_callee *callee);
/* The subgraph's outputs have the types of the operator's. */
pl_status pl_callee_check_types(struct pl_prepare *prepare, const struct pl_subgraph *subgraph);
/* Sets the outputs of an operator that runs one of these: where they differ, only running tells. */
pl_status pl_callee_set_outputs(struct pl_prepare *prepare, const struct pl_callee *callees,
                                int32_t count);
/* Asks for the arena that all of them can run in. */
int32_t pl_callee_scratch(struct pl_prepare *prepare, const struct pl_callee *callees,
                          int32_t count);

#endif
