/* SPDX-License-Identifier: Apache-2.0 */
/* What has to be known of whole graphs before they are planned: every operator is prepared once, by itself. */
#include "plan/builder.h"
#include "rewrite/batch.h"

static bool make_facts(struct pl_builder *builder, const struct pl_subgraph *subgraph, struct pl_graph_facts *facts)
{
    facts->operators = pl_region_array(&builder->work, (size_t)subgraph->operator_count, sizeof *facts->operators);
    facts->values = pl_region_array(&builder->work, (size_t)subgraph->tensor_count, sizeof(struct pl_value *));
    return facts->operators != NULL && facts->values != NULL;
}

/* Of the request's subgraph, with its input shapes. */
static pl_status find_facts(struct pl_builder *builder, struct pl_graph_facts *facts)
{
    const struct pl_plan_request *request = builder->request;
    const struct pl_subgraph *subgraph = &request->graph->subgraphs[request->subgraph];
    struct pl_draft draft = {.builder = builder, .subgraph_index = request->subgraph};
    if (!make_facts(builder, subgraph, facts)) return pl_builder_no_memory(builder);
    PL_TRY(pl_draft_start(&draft, NULL));
    builder->facts = facts;
    builder->depth = 1;
    PL_TRY(pl_draft_prepare(&draft));
    for (int32_t i = 0; i < subgraph->tensor_count; i++) facts->values[i] = &draft.block->tensors[i].value;
    return PL_OK;
}

pl_status pl_builder_reuse_windows(struct pl_builder *builder, struct pl_graph **graph)
{
    struct pl_graph_facts facts;
    PL_TRY(find_facts(builder, &facts));
    return pl_reuse_windows(builder->memory, builder->request->graph, &facts, graph, builder->error);
}

pl_status pl_builder_check_batch(struct pl_builder *builder, int32_t times)
{
    struct pl_graph_facts facts;
    PL_TRY(find_facts(builder, &facts));
    const struct pl_plan_request *request = builder->request;
    return pl_batch_check(&builder->work, &request->graph->subgraphs[request->subgraph], &facts, times, builder->error);
}
