/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that make a join share. */
#ifndef PL_GRAPH_JOIN_INTERNAL_H
#define PL_GRAPH_JOIN_INTERNAL_H

#include "graph/join.h"

/* A join under construction. Sizes are counted first, so that every array is made once. */
struct pl_joiner {
    struct pl_graph *graph;
    struct pl_constant_store *store;
    struct pl_graph *const *members;
    int32_t member_count;
    const struct pl_link *links;
    int32_t link_count;
    struct pl_adapter *adapters; /* one per link */
    int32_t *member_tensors;
    int32_t *subgraph_bases;
    struct pl_joined_link *joined;
    struct pl_error *error;
    int32_t next_tensor; /* behind the members' own: what adapters add */
};

static inline pl_status pl_join_no_memory(struct pl_joiner *joiner)
{
    return pl_fail(joiner->error, PL_OUT_OF_MEMORY, "no memory left to join %d models", (int)joiner->member_count);
}

/* join_link.c: what a link adds to its consumer, at most so many tensors and operators. */
int32_t pl_join_link_tensors(const struct pl_joiner *joiner, int32_t link_index);
int32_t pl_join_link_operators(const struct pl_joiner *joiner, int32_t link_index);
pl_status pl_join_add_link(struct pl_joiner *joiner, int32_t link_index);

#endif
