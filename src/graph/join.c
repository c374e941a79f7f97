/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "graph/join_internal.h"

static const struct pl_subgraph *primary(const struct pl_joiner *joiner, int32_t member)
{
    return &joiner->members[member]->subgraphs[0];
}

/* Whether a tensor is an input that none of the first links feeds. */
static bool is_given(const struct pl_joiner *joiner, int32_t tensor, int32_t links)
{
    for (int32_t k = 0; k < links; k++)
        if (joiner->joined[k].to == tensor) return false;
    int32_t member = joiner->member_count - 1;
    while (member >= 0 && joiner->member_tensors[member] > tensor) member--;
    if (member < 0) return false; /* rows that are pushed */
    const struct pl_subgraph *subgraph = primary(joiner, member);
    for (int32_t k = 0; k < subgraph->input_count; k++)
        if (joiner->member_tensors[member] + subgraph->inputs[k] == tensor) return true;
    return false;
}

/* What is its model's own linked input comes from further up. */
static int32_t source_of(const struct pl_joiner *joiner, int32_t tensor, int32_t links)
{
    for (int32_t k = 0; k < links; k++)
        if (joiner->joined[k].to == tensor && !joiner->joined[k].adapted) tensor = joiner->joined[k].from;
    return tensor;
}

/* The link's own copy, with tensors of the join. */
static pl_status join_crop(struct pl_joiner *joiner, int32_t index)
{
    const struct pl_link *link = &joiner->links[index];
    struct pl_crop *crop = pl_region_copy(&joiner->graph->region, link->options.crop, sizeof *crop);
    if (crop == NULL) return pl_join_no_memory(joiner);
    assert(link->finder_member < link->to_member);
    const int32_t first = joiner->member_tensors[link->finder_member];
    crop->boxes.boxes = source_of(joiner, first + crop->boxes.boxes, index);
    crop->boxes.scores = source_of(joiner, first + crop->boxes.scores, index);
    joiner->joined[index].crop = crop;
    return PL_OK;
}

static pl_status find_adapters(struct pl_joiner *joiner)
{
    struct pl_region *region = &joiner->graph->region;
    joiner->adapters = pl_region_array(region, (size_t)joiner->link_count, sizeof *joiner->adapters);
    joiner->joined = pl_region_array(region, (size_t)joiner->link_count, sizeof *joiner->joined);
    if (joiner->adapters == NULL || joiner->joined == NULL) return pl_join_no_memory(joiner);
    for (int32_t i = 0; i < joiner->link_count; i++) {
        const struct pl_link *link = &joiner->links[i];
        assert(link->from_member < link->to_member);
        const struct pl_tensor *to = &primary(joiner, link->to_member)->tensors[link->to_tensor];
        const struct pl_tensor *from =
            link->from_member < 0 ? to : &primary(joiner, link->from_member)->tensors[link->from_tensor];
        PL_TRY(pl_adapter_find(from, to, &link->options, &joiner->adapters[i], joiner->error));
        joiner->joined[i] = (struct pl_joined_link){
            .from = link->from_member < 0 ? -1 : joiner->member_tensors[link->from_member] + link->from_tensor,
            .to = joiner->member_tensors[link->to_member] + link->to_tensor,
            .to_member = link->to_member,
            .adapted = joiner->adapters[i].count > 0 || link->options.hop > 0 || link->options.crop != NULL,
            .rows = -1,
            .when = link->options.when,
            .box = -1};
        struct pl_condition *when = &joiner->joined[i].when;
        if (when->kind != PL_CONDITION_NONE)
            when->tensor = joiner->member_tensors[link->from_member] + (when->tensor >= 0 ? when->tensor : link->from_tensor);
        joiner->joined[i].from = source_of(joiner, joiner->joined[i].from, i);
        when->tensor = source_of(joiner, when->tensor, i);
        if (link->options.crop != NULL) PL_TRY(join_crop(joiner, i));
        joiner->joined[i].given = is_given(joiner, joiner->joined[i].from, i);
    }
    return PL_OK;
}

/* Where each member's tensors and further subgraphs begin. */
static pl_status number_members(struct pl_joiner *joiner)
{
    struct pl_region *region = &joiner->graph->region;
    joiner->member_tensors = pl_region_array(region, (size_t)joiner->member_count, sizeof(int32_t));
    joiner->subgraph_bases = pl_region_array(region, (size_t)joiner->member_count, sizeof(int32_t));
    if (joiner->member_tensors == NULL || joiner->subgraph_bases == NULL) return pl_join_no_memory(joiner);
    int32_t tensors = 0;
    int32_t subgraphs = 1;
    for (int32_t m = 0; m < joiner->member_count; m++) {
        joiner->member_tensors[m] = tensors;
        tensors += primary(joiner, m)->tensor_count;
        /* Subgraph s of the member (s >= 1) becomes subgraphs + s - 1. */
        joiner->subgraph_bases[m] = subgraphs - 1;
        subgraphs += joiner->members[m]->subgraph_count - 1;
    }
    joiner->next_tensor = tensors;
    joiner->graph->subgraph_count = subgraphs;
    return PL_OK;
}

/* A consumer's operators name the producer's tensor where the ends are equal. */
static int32_t joined_tensor(const struct pl_joiner *joiner, int32_t member, int32_t tensor)
{
    if (tensor < 0) return tensor;
    const int32_t index = joiner->member_tensors[member] + tensor;
    for (int32_t i = 0; i < joiner->link_count; i++)
        if (joiner->joined[i].to == index && !joiner->joined[i].adapted) return joiner->joined[i].from;
    return index;
}

static const int32_t *joined_tensors(struct pl_joiner *joiner, int32_t member, const int32_t *tensors, int32_t count)
{
    int32_t *joined = pl_region_array(&joiner->graph->region, (size_t)count, sizeof *joined);
    for (int32_t i = 0; joined != NULL && i < count; i++) joined[i] = joined_tensor(joiner, member, tensors[i]);
    return joined;
}

static pl_status copy_operator(struct pl_joiner *joiner, int32_t member, const struct pl_operator *from,
                               struct pl_operator *to)
{
    *to = *from;
    to->member = member;
    to->subgraph_base = joiner->subgraph_bases[member];
    to->inputs = joined_tensors(joiner, member, from->inputs, from->input_count);
    to->outputs = joined_tensors(joiner, member, from->outputs, from->output_count);
    to->intermediates = joined_tensors(joiner, member, from->intermediates, from->intermediate_count);
    return to->inputs == NULL || to->outputs == NULL || to->intermediates == NULL ? pl_join_no_memory(joiner) : PL_OK;
}

/* ---- subgraphs ---------------------------------------------------------------------------------------------------- */

static pl_status make_arrays(struct pl_joiner *joiner)
{
    struct pl_graph *graph = joiner->graph;
    struct pl_region *region = &graph->region;
    int32_t tensors = joiner->next_tensor;
    int32_t operators = 0;
    for (int32_t i = 0; i < joiner->link_count; i++) {
        tensors += pl_join_link_tensors(joiner, i);
        operators += pl_join_link_operators(joiner, i);
    }
    for (int32_t m = 0; m < joiner->member_count; m++) operators += primary(joiner, m)->operator_count;
    graph->subgraphs = pl_region_array(region, (size_t)graph->subgraph_count, sizeof *graph->subgraphs);
    graph->constants = pl_region_array(region, (size_t)tensors, sizeof(struct pl_constant *));
    if (graph->subgraphs == NULL || graph->constants == NULL) return pl_join_no_memory(joiner);
    struct pl_subgraph *whole = &graph->subgraphs[0];
    whole->name = "";
    whole->tensor_count = tensors;
    whole->tensors = pl_region_array(region, (size_t)tensors, sizeof *whole->tensors);
    whole->operators = pl_region_array(region, (size_t)operators, sizeof *whole->operators);
    return whole->tensors == NULL || whole->operators == NULL ? pl_join_no_memory(joiner) : PL_OK;
}

/* Tensors keep their numbers; only operators learn where they belong now. */
static pl_status copy_subgraph(struct pl_joiner *joiner, int32_t member, int32_t index)
{
    struct pl_subgraph *to = &joiner->graph->subgraphs[joiner->subgraph_bases[member] + index];
    *to = joiner->members[member]->subgraphs[index];
    to->operators =
        pl_region_copy(&joiner->graph->region, to->operators, (size_t)to->operator_count * sizeof to->operators[0]);
    if (to->operators == NULL) return pl_join_no_memory(joiner);
    for (int32_t i = 0; i < to->operator_count; i++) {
        to->operators[i].member = member;
        to->operators[i].subgraph_base = joiner->subgraph_bases[member];
    }
    return PL_OK;
}

static pl_status copy_member(struct pl_joiner *joiner, int32_t member)
{
    struct pl_graph *graph = joiner->graph;
    struct pl_subgraph *whole = &graph->subgraphs[0];
    const struct pl_subgraph *from = primary(joiner, member);
    for (int window = 1; window >= 0; window--) /* what runs with every row comes first */
        for (int32_t i = 0; i < joiner->link_count; i++)
            if (joiner->links[i].to_member == member && (joiner->links[i].options.hop > 0) == window)
                PL_TRY(pl_join_add_link(joiner, i));
    for (int32_t i = 0; i < from->operator_count; i++)
        PL_TRY(copy_operator(joiner, member, &from->operators[i], &whole->operators[whole->operator_count++]));
    for (int32_t i = 1; i < joiner->members[member]->subgraph_count; i++) PL_TRY(copy_subgraph(joiner, member, i));
    return PL_OK;
}

static bool is_linked_input(const struct pl_joiner *joiner, int32_t tensor)
{
    for (int32_t i = 0; i < joiner->link_count; i++)
        if (joiner->joined[i].to == tensor) return true;
    return false;
}

static pl_status copy_ends(struct pl_joiner *joiner)
{
    struct pl_subgraph *whole = &joiner->graph->subgraphs[0];
    int32_t most_inputs = 0;
    int32_t most_outputs = 0;
    for (int32_t m = 0; m < joiner->member_count; m++) {
        most_inputs += primary(joiner, m)->input_count;
        most_outputs += primary(joiner, m)->output_count;
    }
    int32_t *inputs = pl_region_array(&joiner->graph->region, (size_t)most_inputs, sizeof *inputs);
    int32_t *outputs = pl_region_array(&joiner->graph->region, (size_t)most_outputs, sizeof *outputs);
    if (inputs == NULL || outputs == NULL) return pl_join_no_memory(joiner);
    for (int32_t m = 0; m < joiner->member_count; m++) {
        const struct pl_subgraph *from = primary(joiner, m);
        for (int32_t i = 0; i < from->input_count; i++) {
            const int32_t tensor = joiner->member_tensors[m] + from->inputs[i];
            if (!is_linked_input(joiner, tensor)) inputs[whole->input_count++] = tensor;
        }
        for (int32_t i = 0; i < from->output_count; i++)
            outputs[whole->output_count++] = joined_tensor(joiner, m, from->outputs[i]);
    }
    whole->inputs = inputs;
    whole->outputs = outputs;
    return PL_OK;
}

static pl_status retain_members(struct pl_joiner *joiner)
{
    struct pl_graph *graph = joiner->graph;
    struct pl_graph **members = pl_region_array(&graph->region, (size_t)joiner->member_count, sizeof *members);
    if (members == NULL) return pl_join_no_memory(joiner);
    for (int32_t m = 0; m < joiner->member_count; m++) {
        members[m] = joiner->members[m];
        pl_graph_retain(members[m]);
    }
    graph->members = members;
    graph->member_count = joiner->member_count;
    return PL_OK;
}

static pl_status join(struct pl_joiner *joiner)
{
    PL_TRY(retain_members(joiner));
    PL_TRY(number_members(joiner));
    PL_TRY(find_adapters(joiner));
    PL_TRY(make_arrays(joiner));
    for (int32_t m = 0; m < joiner->member_count; m++)
        memcpy(&joiner->graph->subgraphs[0].tensors[joiner->member_tensors[m]], primary(joiner, m)->tensors,
               (size_t)primary(joiner, m)->tensor_count * sizeof(struct pl_tensor));
    for (int32_t m = 0; m < joiner->member_count; m++) PL_TRY(copy_member(joiner, m));
    PL_TRY(copy_ends(joiner));
    joiner->graph->member_tensors = joiner->member_tensors;
    joiner->graph->links = joiner->joined;
    joiner->graph->link_count = joiner->link_count;
    return PL_OK;
}

pl_status pl_graph_join(struct pl_memory *memory, struct pl_constant_store *store, struct pl_graph *const *members,
                        int32_t member_count, const struct pl_link *links, int32_t link_count, struct pl_graph **graph,
                        struct pl_error *error)
{
    struct pl_joiner joiner = {.store = store,
                               .members = members,
                               .member_count = member_count,
                               .links = links,
                               .link_count = link_count,
                               .error = error};
    PL_TRY(pl_graph_create(memory, store, &joiner.graph, error));
    joiner.graph->member_count = 0;
    const pl_status status = join(&joiner);
    if (status != PL_OK) {
        pl_graph_release(joiner.graph);
        return status;
    }
    *graph = joiner.graph;
    return PL_OK;
}
