/* SPDX-License-Identifier: Apache-2.0 */
/* Last pass: where every tensor of every step lies. */
#include "base/checked.h"
#include "plan/builder.h"

static void locate_tensors(struct pl_draft *draft)
{
    for (int32_t i = 0; i < draft->block->subgraph->tensor_count; i++) {
        const int32_t root = pl_draft_root(draft, i);
        struct pl_planned_tensor *planned = &draft->block->tensors[i];
        const struct pl_planned_tensor *whole = &draft->block->tensors[root];
        const size_t begin = pl_draft_offset_in_root(draft, i);
        if (draft->tensors[root].home == PL_HOME_ARENA)
            planned->location = (struct pl_location){draft->tensors[root].offset + begin, draft->block->arena_base};
        else if (root != i)
            planned->location = (struct pl_location){whole->location.offset + begin, whole->location.base};
        if (root != i && whole->bytes == planned->bytes) planned->slot = whole->slot;
    }
    const struct pl_graph *graph = draft->builder->request->graph;
    for (int32_t i = 0; i < graph->link_count && !draft->nested; i++) {
        const struct pl_joined_link *link = &graph->links[i];
        if (link->adapted) continue;
        struct pl_planned_tensor *to = &draft->block->tensors[link->to];
        const struct pl_planned_tensor *from = &draft->block->tensors[link->from];
        to->location = from->location;
        to->slot = from->slot;
        to->bytes = from->bytes;
        to->late = from->late;
        to->late_memory = from->late_memory;
    }
}

static pl_status locate_state(struct pl_draft *draft, const struct pl_draft_step *step, int32_t index,
                              struct pl_location *location)
{
    const struct pl_slot slot = {.member = step->op->member,
                                 .subgraph = pl_draft_own_subgraph(draft),
                                 .tensor = -1,
                                 .operator_index = step->op->index,
                                 .state_index = index,
                                 .state_key = step->states[index].key,
                                 .bytes = step->states[index].bytes,
                                 .is_state = true,
                                 .sized = step->states[index].sized};
    const int32_t found = pl_builder_slot(draft->builder, &slot);
    if (found < 0) return PL_OUT_OF_MEMORY;
    *location = (struct pl_location){0, draft->builder->program->slots[found].base};
    return PL_OK;
}

static pl_status locate_arguments(struct pl_draft *draft, const struct pl_draft_step *drafted, struct pl_location *at)
{
    const struct pl_operator *op = drafted->op;
    for (int32_t i = 0; i < op->input_count; i++, at++) {
        if (op->inputs[i] < 0 || (i < 64 && (drafted->packed_inputs >> i & 1) != 0)) continue;
        const struct pl_planned_tensor *tensor = &draft->block->tensors[op->inputs[i]];
        *at = tensor->location;
        if (tensor->value.holder == NULL) continue;
        tensor->value.holder->raw_readers++;
        /* What is packed depends on constants and options alone, so an operator packs always or never. */
        if (tensor->value.constant == NULL)
            return pl_fail(draft->builder->error, PL_UNSUPPORTED,
                           "operator %d (%s): the bytes of constant '%s' were let go after packing; load the model again",
                           (int)op->index, pl_operator_name(op), tensor->value.tensor->name);
    }
    for (int32_t i = 0; i < op->output_count; i++, at++)
        if (op->outputs[i] >= 0) *at = draft->block->tensors[op->outputs[i]].location;
    return PL_OK;
}

static pl_status locate_step(struct pl_draft *draft, const struct pl_draft_step *drafted)
{
    struct pl_step *step = drafted->step;
    const struct pl_operator *op = drafted->op;
    struct pl_region *region = &draft->builder->program->region;
    const int32_t count = op->input_count + op->output_count + drafted->scratch_count + drafted->state_count;
    struct pl_location *locations = pl_region_array(region, (size_t)count, sizeof *locations);
    size_t *worker_bytes = pl_region_array(region, (size_t)drafted->scratch_count * 2, sizeof *worker_bytes);
    if (locations == NULL || worker_bytes == NULL) return pl_builder_no_memory(draft->builder);
    PL_TRY(locate_arguments(draft, drafted, locations));
    struct pl_location *at = locations + op->input_count + op->output_count;
    for (int32_t i = 0; i < drafted->scratch_count; i++, at++) {
        *at = (struct pl_location){drafted->scratch_offsets[i], draft->block->arena_base};
        worker_bytes[drafted->scratch_count + i] = pl_draft_scratch_bytes(draft, &drafted->scratch[i]);
        if (!drafted->scratch[i].per_worker) continue;
        (void)pl_size_round_up(drafted->scratch[i].bytes, PL_ALIGNMENT, &worker_bytes[i]);
    }
    for (int32_t i = 0; i < drafted->state_count; i++, at++) PL_TRY(locate_state(draft, drafted, i, at));
    step->input_count = op->input_count;
    step->output_count = op->output_count;
    step->scratch_count = drafted->scratch_count;
    step->state_count = drafted->state_count;
    step->locations = locations;
    step->worker_bytes = worker_bytes;
    step->scratch_bytes = worker_bytes + drafted->scratch_count;
    return PL_OK;
}

static int32_t largest_step(const struct pl_block *block)
{
    int32_t largest = 0;
    for (int32_t i = 0; i < block->step_count; i++) {
        const struct pl_step *step = &block->steps[i];
        int32_t count = step->input_count + step->output_count + step->scratch_count + step->state_count;
        if (step->late >= 0) count += PL_MAX_SCRATCH + PL_MAX_STATES;
        if (count > largest) largest = count;
    }
    return largest;
}

/* The steps of one model lie together. */
static void number_steps(struct pl_draft *draft)
{
    int32_t member = -1;
    int32_t number = 0;
    for (int32_t i = 0; i < draft->block->step_count; i++) {
        struct pl_step *step = &draft->block->steps[i];
        if (step->op->member != member) number = 0;
        member = step->op->member;
        step->number = draft->nested ? -1 : step->op_def == NULL ? number : number++;
    }
}

pl_status pl_draft_locate(struct pl_draft *draft)
{
    locate_tensors(draft);
    for (int32_t i = 0; i < draft->block->step_count; i++) PL_TRY(locate_step(draft, &draft->steps[i]));
    number_steps(draft);
    draft->block->first_pointer = draft->builder->program->pointer_count;
    draft->builder->program->pointer_count += largest_step(draft->block);
    return PL_OK;
}
