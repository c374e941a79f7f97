/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/graph.h"

#include <assert.h>

pl_status pl_graph_create(struct pl_memory *memory, struct pl_constant_store *store,
                          struct pl_graph **graph, struct pl_error *error)
{
    struct pl_graph *fresh = pl_allocate_zero(memory, sizeof *fresh);
    if (fresh == NULL)
        return pl_fail(error, PL_OUT_OF_MEMORY, "no memory for a graph of %zu bytes",
                       sizeof *fresh);
    atomic_init(&fresh->references, 1);
    pl_region_init(&fresh->region, memory);
    fresh->store = store;
    fresh->description = "";
    fresh->member_count = 1;
    *graph = fresh;
    return PL_OK;
}

void pl_graph_retain(struct pl_graph *graph)
{
    atomic_fetch_add(&graph->references, 1);
}

void pl_graph_shelve(struct pl_graph *graph, const struct pl_graph_source *from,
                     struct pl_graph_shelf *shelf)
{
    assert(graph->shelf == NULL);
    graph->from = *from;
    graph->shelf = shelf;
    graph->next = shelf->first;
    if (shelf->first != NULL) shelf->first->previous = graph;
    shelf->first = graph;
}

static void take_off_shelf(struct pl_graph *graph)
{
    if (graph->shelf == NULL) return;
    if (graph->next != NULL) graph->next->previous = graph->previous;
    if (graph->previous != NULL) graph->previous->next = graph->next;
    else graph->shelf->first = graph->next;
}

struct pl_graph *pl_graph_find(const struct pl_graph_shelf *shelf,
                               const struct pl_graph_source *from)
{
    struct pl_graph *graph = shelf->first;
    while (graph != NULL && (graph->from.device != from->device || graph->from.file != from->file ||
                             graph->from.bytes != from->bytes || graph->from.hash != from->hash))
        graph = graph->next;
    if (graph != NULL) pl_graph_retain(graph);
    return graph;
}

void pl_graph_release(struct pl_graph *graph)
{
    if (graph == NULL || atomic_fetch_sub(&graph->references, 1) > 1) return;
    take_off_shelf(graph);
    for (int32_t i = 0; i < graph->constant_count; i++)
        pl_constant_release(graph->store, graph->constants[i]);
    /* A join of joins is never made, so this goes one level down only. */
    if (graph->members != NULL && graph->origin == NULL)
        for (int32_t i = 0; i < graph->member_count; i++) pl_graph_release(graph->members[i]);
    pl_graph_release(graph->origin);
    if (graph->drop_source != NULL) graph->drop_source(graph->source, graph->source_bytes);
    struct pl_memory *memory = graph->region.memory;
    pl_region_clear(&graph->region);
    pl_free(memory, graph, sizeof *graph);
}

bool pl_graph_has_windows(const struct pl_graph *graph)
{
    for (int32_t i = 0; i < graph->link_count; i++)
        if (graph->links[i].rows >= 0) return true;
    return false;
}

bool pl_graph_is_flow(const struct pl_graph *graph)
{
    for (int32_t i = 0; i < graph->link_count; i++)
        if (graph->links[i].when.kind != PL_CONDITION_NONE || graph->links[i].crop != NULL) return true;
    return pl_graph_has_windows(graph);
}

const char *pl_operator_name(const struct pl_operator *op)
{
    if (op->custom_name != NULL) return op->custom_name;
    if (op->code == PL_OPERATOR_ROWS) return "ROWS";
    if (op->code == PL_OPERATOR_CROP) return "CROP";
    const char *name = pl_schema_value_name(PL_ENUM_BuiltinOperator, op->code);
    return name != NULL ? name : "unknown operator";
}
