/* SPDX-License-Identifier: Apache-2.0 */
/* Joining graphs: members with links between them become one graph. Planning, and later fusion, work on the join. */
#ifndef PL_GRAPH_JOIN_H
#define PL_GRAPH_JOIN_H

#include "graph/adapter.h"

/* From an output tensor of one member's primary subgraph to an input tensor of another's. */
struct pl_link {
    int32_t from_member; /* -1: the caller brings the rows of this window */
    int32_t from_tensor;
    int32_t to_member;
    int32_t to_tensor;
    struct pl_link_options options;
    struct pl_shape window; /* with a hop or a crop: the shape that the input has now */
    int32_t finder_member;  /* with a crop: whose outputs the boxes are read off */
};

/* Joins members, given in an order in which every producer comes before its consumers; links in the order of their
 * consumers. Subgraph 0 of the result holds
 * the members' primary subgraphs one after another; its inputs are those no link feeds, its outputs are all outputs.
 * Other subgraphs follow, reached through subgraph_base of their operators. The members' graphs are retained. */
pl_status pl_graph_join(struct pl_memory *memory, struct pl_constant_store *store, struct pl_graph *const *members,
                        int32_t member_count, const struct pl_link *links, int32_t link_count,
                        struct pl_graph **graph, struct pl_error *error);

#endif
