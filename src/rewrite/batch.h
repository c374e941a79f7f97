/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a run with more rows is several runs: whether every operator does the same with each row along the first dimension
 * of the inputs, whatever the others are. Told from the operators' traits and spans, as reuse.h does. */
#ifndef PL_REWRITE_BATCH_H
#define PL_REWRITE_BATCH_H

#include "rewrite/reuse.h"

/* `facts` are those of a subgraph whose inputs have `times` times their rows. PL_OK, or PL_UNSUPPORTED and what is in the way. */
pl_status pl_batch_check(struct pl_region *work, const struct pl_subgraph *subgraph, const struct pl_graph_facts *facts,
                         int32_t times, struct pl_error *error);

#endif
