/* SPDX-License-Identifier: Apache-2.0 */
/* Second pass: which tensors have memory of their own (inputs, outputs, variables, constants), and from which step to
 * which the others live. */
#include "plan/builder.h"

static int32_t member_of_tensor(const struct pl_graph *graph, int32_t tensor)
{
    int32_t member = graph->member_count - 1;
    while (member > 0 && graph->member_tensors != NULL && graph->member_tensors[member] > tensor) member--;
    return member;
}

int32_t pl_draft_own_subgraph(const struct pl_draft *draft)
{
    return draft->nested ? draft->subgraph_index - draft->builder->subgraph_base : draft->subgraph_index;
}

/* Gives a tensor memory outside of the arena, under the name that survives replanning: member and its own index. */
static pl_status give_slot(struct pl_draft *draft, int32_t tensor, bool is_state)
{
    struct pl_builder *builder = draft->builder;
    const struct pl_graph *graph = builder->request->graph;
    struct pl_planned_tensor *planned = &draft->block->tensors[tensor];
    if (planned->slot >= 0) return PL_OK;
    const bool joined = graph->member_tensors != NULL && !draft->nested;
    const int32_t member = joined ? member_of_tensor(graph, tensor) : draft->nested ? builder->member : 0;
    struct pl_slot slot = {.member = member,
                           .subgraph = pl_draft_own_subgraph(draft),
                           .tensor = joined ? tensor - graph->member_tensors[member] : tensor,
                           .bytes = planned->bytes,
                           .is_state = is_state,
                           .sized = planned->value.late};
    const struct pl_quantization *quantization = &planned->value.tensor->quantization;
    if (is_state && planned->value.tensor->type == PL_INT8 && quantization->count > 0)
        slot.reset_byte = (uint8_t)quantization->zero_points[0];
    planned->slot = pl_builder_slot(builder, &slot);
    if (planned->slot < 0) return PL_OUT_OF_MEMORY;
    planned->location = (struct pl_location){0, builder->program->slots[planned->slot].base};
    if (planned->value.late) draft->tensors[tensor].home = PL_HOME_LATE;
    else draft->tensors[tensor].home = is_state ? PL_HOME_VARIABLE : PL_HOME_FIXED;
    return PL_OK;
}

static void fix_at(struct pl_draft *draft, int32_t tensor, uint32_t base)
{
    draft->block->tensors[tensor].location = (struct pl_location){0, base};
    draft->tensors[tensor].home = PL_HOME_FIXED;
}

/* Inputs and outputs of a nested block lie where the caller says; an output that is an input, a constant or a variable
 * stays where it is, and whoever runs the block copies it. */
static pl_status fix_nested_ends(struct pl_draft *draft)
{
    struct pl_program *program = draft->builder->program;
    const struct pl_subgraph *subgraph = draft->block->subgraph;
    draft->block->first_base = program->base_count;
    program->base_count += (uint32_t)(subgraph->input_count + subgraph->output_count);
    for (int32_t i = subgraph->output_count - 1; i >= 0; i--) {
        const int32_t output = subgraph->outputs[i];
        const bool is_constant = draft->block->tensors[output].value.holder != NULL;
        if (is_constant) draft->block->tensors[output].value.holder->raw_readers++;
        if (draft->block->tensors[output].value.late) draft->tensors[output].last = INT32_MAX;
        else if (!is_constant && draft->tensors[output].home != PL_HOME_VARIABLE)
            fix_at(draft, output, draft->block->first_base + (uint32_t)(subgraph->input_count + i));
    }
    for (int32_t i = 0; i < subgraph->input_count; i++) {
        if (draft->tensors[subgraph->inputs[i]].home == PL_HOME_VARIABLE)
            return pl_fail(draft->builder->error, PL_UNSUPPORTED, "subgraph %d: input '%s' is a variable tensor",
                           (int)draft->subgraph_index, subgraph->tensors[subgraph->inputs[i]].name);
        if (draft->block->tensors[subgraph->inputs[i]].value.holder != NULL) continue;
        fix_at(draft, subgraph->inputs[i], draft->block->first_base + (uint32_t)i);
        if (draft->block->tensors[subgraph->inputs[i]].value.late)
            draft->tensors[subgraph->inputs[i]].home = PL_HOME_LATE;
    }
    return PL_OK;
}

static bool is_link_source(const struct pl_graph *graph, int32_t tensor)
{
    for (int32_t i = 0; i < graph->link_count; i++)
        if (graph->links[i].from == tensor) return true;
    return false;
}

/* A join that runs as a whole keeps linked tensors in the arena. */
static pl_status fix_ends(struct pl_draft *draft)
{
    const struct pl_subgraph *subgraph = draft->block->subgraph;
    const bool whole = draft->builder->request->whole;
    for (int32_t i = 0; i < subgraph->input_count; i++)
        if (draft->tensors[subgraph->inputs[i]].home != PL_HOME_VARIABLE)
            PL_TRY(give_slot(draft, subgraph->inputs[i], false));
    for (int32_t i = 0; i < subgraph->output_count; i++) {
        const int32_t output = subgraph->outputs[i];
        if (draft->block->tensors[output].value.holder != NULL)
            draft->block->tensors[output].value.holder->raw_readers++;
        if (draft->tensors[output].home == PL_HOME_FIXED || draft->tensors[output].home == PL_HOME_VARIABLE ||
            draft->block->tensors[output].slot >= 0)
            continue;
        if (whole && is_link_source(draft->builder->request->graph, output)) continue;
        PL_TRY(give_slot(draft, output, false));
    }
    return PL_OK;
}

/* The rows that a window takes stay until there are hop of them, as the box does that is cut out; they are the consumer's
 * state. */
static pl_status give_taken_slot(struct pl_draft *draft, const struct pl_joined_link *link, int32_t tensor)
{
    const struct pl_graph *graph = draft->builder->request->graph;
    struct pl_planned_tensor *rows = &draft->block->tensors[tensor];
    const struct pl_slot slot = {.member = link->to_member,
                                 .tensor = -1,
                                 .operator_index =
                                     pl_own_index(link->to - graph->member_tensors[link->to_member], true),
                                 .bytes = rows->bytes,
                                 .is_state = true};
    rows->slot = pl_builder_slot(draft->builder, &slot);
    if (rows->slot < 0) return PL_OUT_OF_MEMORY;
    fix_at(draft, tensor, draft->builder->program->slots[rows->slot].base);
    return PL_OK;
}

/* What one model computes for others too has memory of its own where their own work begins: the others may run later, and
 * by themselves, and then an output of this one must not be what it is computed in. */
static pl_status fix_shared(struct pl_draft *draft)
{
    const struct pl_graph *graph = draft->builder->request->graph;
    if (graph->members == NULL || draft->builder->request->whole) return PL_OK;
    for (int32_t s = 0; s < draft->block->step_count; s++) {
        const struct pl_operator *op = draft->steps[s].op;
        for (int32_t i = 0; i < op->input_count; i++) {
            if (op->inputs[i] < 0) continue;
            const struct pl_draft_tensor *tensor = &draft->tensors[op->inputs[i]];
            const struct pl_operator *producer = tensor->first < 0 ? NULL : draft->steps[tensor->first].op;
            if (producer == NULL || !producer->shared || (op->shared && op->member == producer->member)) continue;
            if (tensor->home == PL_HOME_ARENA || tensor->home == PL_HOME_LATE)
                PL_TRY(give_slot(draft, op->inputs[i], false));
        }
    }
    return PL_OK;
}

/* An adapted input that is for another model as well stays for when that runs. */
static pl_status fix_linked_inputs(struct pl_draft *draft)
{
    const struct pl_graph *graph = draft->builder->request->graph;
    for (int32_t i = 0; i < graph->link_count && !draft->builder->request->whole; i++) {
        const int32_t from = graph->links[i].from;
        if (from < 0) continue;
        const enum pl_home home = draft->tensors[from].home;
        if (home == PL_HOME_ARENA || home == PL_HOME_LATE) PL_TRY(give_slot(draft, from, false));
    }
    return PL_OK;
}

static pl_status set_given_homes(struct pl_draft *draft)
{
    for (int32_t i = 0; i < draft->block->subgraph->tensor_count; i++) {
        const struct pl_planned_tensor *planned = &draft->block->tensors[i];
        draft->tensors[i] = (struct pl_draft_tensor){.root = i, .home = PL_HOME_NONE, .first = -1, .last = -1, .producer = -1};
        if (planned->value.tensor->is_variable) PL_TRY(give_slot(draft, i, true));
        if (planned->value.holder == NULL) continue;
        if (draft->tensors[i].home == PL_HOME_VARIABLE)
            return pl_fail(draft->builder->error, PL_INVALID_MODEL, "tensor '%s' is a variable and has a constant buffer",
                           planned->value.tensor->name);
        draft->tensors[i].home = PL_HOME_FIXED;
        draft->block->tensors[i].location =
            (struct pl_location){(uint64_t)(uintptr_t)planned->value.constant, PL_BASE_ADDRESS};
    }
    const struct pl_graph *graph = draft->builder->request->graph;
    for (int32_t i = 0; i < graph->link_count && !draft->nested; i++) {
        const struct pl_joined_link *link = &graph->links[i];
        if (link->rows >= 0) PL_TRY(give_taken_slot(draft, link, link->rows));
        if (link->box >= 0) PL_TRY(give_taken_slot(draft, link, link->box));
    }
    return PL_OK;
}

static void set_lifetimes(struct pl_draft *draft)
{
    for (int32_t s = 0; s < draft->block->step_count; s++) {
        const struct pl_operator *op = draft->steps[s].op;
        for (int32_t i = 0; i < op->input_count; i++)
            if (op->inputs[i] >= 0) draft->tensors[op->inputs[i]].last = s;
        for (int32_t i = 0; i < op->output_count; i++) {
            if (op->outputs[i] < 0) continue;
            struct pl_draft_tensor *tensor = &draft->tensors[op->outputs[i]];
            tensor->first = s;
            if (tensor->last < s) tensor->last = s;
            const bool late = draft->block->tensors[op->outputs[i]].value.late;
            if (tensor->home == PL_HOME_NONE) tensor->home = late ? PL_HOME_LATE : PL_HOME_ARENA;
        }
    }
}

/* For callers that look at everything in between. */
static pl_status keep_all(struct pl_draft *draft)
{
    for (int32_t i = 0; i < draft->block->subgraph->tensor_count; i++) {
        const enum pl_home home = draft->tensors[i].home;
        if (home == PL_HOME_ARENA || home == PL_HOME_LATE) PL_TRY(give_slot(draft, i, false));
        if (draft->block->tensors[i].value.holder != NULL)
            draft->block->tensors[i].value.holder->raw_readers++;
    }
    return PL_OK;
}

pl_status pl_draft_set_homes(struct pl_draft *draft)
{
    PL_TRY(set_given_homes(draft));
    set_lifetimes(draft);
    if (draft->nested) return fix_nested_ends(draft);
    PL_TRY(fix_ends(draft));
    PL_TRY(fix_shared(draft));
    PL_TRY(fix_linked_inputs(draft));
    return draft->builder->request->keep_all ? keep_all(draft) : PL_OK;
}
