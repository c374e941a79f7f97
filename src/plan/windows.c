/* SPDX-License-Identifier: Apache-2.0 */
/* What the rewriting of windows has to know: every operator of the join is prepared once, for whole windows. */
#include "plan/builder.h"

static bool make_facts(struct pl_builder *builder, const struct pl_subgraph *subgraph, struct pl_graph_facts *facts)
{
    facts->operators = pl_region_array(&builder->work, (size_t)subgraph->operator_count, sizeof *facts->operators);
    facts->values = pl_region_array(&builder->work, (size_t)subgraph->tensor_count, sizeof(struct pl_value *));
    return facts->operators != NULL && facts->values != NULL;
}

pl_status pl_builder_reuse_windows(struct pl_builder *builder, struct pl_graph **graph)
{
    struct pl_graph_facts facts;
    struct pl_graph *join = builder->request->graph;
    const struct pl_subgraph *subgraph = &join->subgraphs[0];
    struct pl_draft draft = {.builder = builder};
    if (!make_facts(builder, subgraph, &facts)) return pl_builder_no_memory(builder);
    PL_TRY(pl_draft_start(&draft, NULL));
    builder->facts = &facts;
    builder->depth = 1;
    PL_TRY(pl_draft_prepare(&draft));
    for (int32_t i = 0; i < subgraph->tensor_count; i++) facts.values[i] = &draft.block->tensors[i].value;
    return pl_reuse_windows(builder->memory, join, &facts, graph, builder->error);
}
