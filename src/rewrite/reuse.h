/* SPDX-License-Identifier: Apache-2.0 */
/* Windows that compute only what is new. In a join, ROWS makes every window whole, and the model behind it computes all of
 * it each time. Where operators do the same with every row, ROWS can as well stand behind them: what comes before it then
 * sees the new rows alone. This pass moves ROWS down as far as it goes, and tells from the operators' traits and spans how
 * far that is. */
#ifndef PL_REWRITE_REUSE_H
#define PL_REWRITE_REUSE_H

#include "ops/op.h"

/* What preparing an operator said. */
struct pl_operator_facts {
    uint32_t traits;
    bool known;  /* it could be prepared, and is plait's own */
    bool folded; /* its outputs are constants */
    struct pl_span spans[PL_MAX_RANK];
};

/* What preparing the operators of a join's primary subgraph said. */
struct pl_graph_facts {
    struct pl_operator_facts *operators;
    const struct pl_value **values; /* one per tensor: its shape, and its constant if it is one */
};

/* A form of the join in which windows are reused. Every tensor of the join keeps its number. */
pl_status pl_reuse_windows(struct pl_memory *memory, struct pl_graph *join, const struct pl_graph_facts *facts,
                           struct pl_graph **graph, struct pl_error *error);

#endif
