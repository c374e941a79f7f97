/* SPDX-License-Identifier: Apache-2.0 */
/* Third pass: what is known of tensors only while running. Each gets a number, under which whoever runs the program keeps
 * its shape, a base of its own, and one of the lane's memories, which tensors that are not alive together share. */
#include "plan/builder.h"

/* Late memories that are free at the step under way. */
struct free_memories {
    int32_t *items;
    int32_t count;
};

static bool needs_memory(const struct pl_draft *draft, int32_t tensor)
{
    return draft->tensors[tensor].home == PL_HOME_LATE && draft->block->tensors[tensor].slot < 0;
}

static void number_tensors(struct pl_draft *draft)
{
    struct pl_program *program = draft->builder->program;
    for (int32_t i = 0; i < draft->block->subgraph->tensor_count; i++)
        if (draft->block->tensors[i].value.late && draft->tensors[i].home == PL_HOME_LATE)
            draft->block->tensors[i].late = program->late_tensor_count++;
}

static void take_memory(struct pl_draft *draft, struct free_memories *free, int32_t tensor)
{
    struct pl_program *program = draft->builder->program;
    struct pl_planned_tensor *planned = &draft->block->tensors[tensor];
    if (!needs_memory(draft, tensor) || planned->late_memory >= 0) return;
    planned->late_memory = free->count > 0 ? free->items[--free->count] : program->late_memory_count++;
    planned->location = (struct pl_location){0, program->base_count++};
}

/* Gives back what nobody reads after step `index`; once, though operators name a tensor twice. */
static void give_memory_back(struct pl_draft *draft, struct free_memories *free, int32_t tensor, int32_t index)
{
    const int32_t memory = draft->block->tensors[tensor].late_memory;
    if (memory < 0 || draft->tensors[tensor].last != index) return;
    draft->tensors[tensor].last = -1;
    free->items[free->count++] = memory;
}

static void assign_memories(struct pl_draft *draft, struct free_memories *free)
{
    for (int32_t s = 0; s < draft->block->step_count; s++) {
        const struct pl_operator *op = draft->steps[s].op;
        for (int32_t i = 0; i < op->output_count; i++)
            if (op->outputs[i] >= 0) take_memory(draft, free, op->outputs[i]);
        for (int32_t i = 0; i < op->output_count; i++)
            if (op->outputs[i] >= 0) give_memory_back(draft, free, op->outputs[i], s);
        for (int32_t i = 0; i < op->input_count; i++)
            if (op->inputs[i] >= 0) give_memory_back(draft, free, op->inputs[i], s);
    }
}

pl_status pl_draft_set_late(struct pl_draft *draft)
{
    struct pl_program *program = draft->builder->program;
    struct pl_block *block = draft->block;
    struct free_memories free = {0};
    free.items = pl_region_array(&draft->builder->work, (size_t)block->subgraph->tensor_count, sizeof free.items[0]);
    if (free.items == NULL) return pl_builder_no_memory(draft->builder);
    number_tensors(draft);
    assign_memories(draft, &free);
    for (int32_t s = 0; s < block->step_count && block->late_scratch < 0; s++) {
        if (block->steps[s].late < 0) continue;
        block->late_scratch = program->late_memory_count++;
        block->late_scratch_base = program->base_count++;
    }
    if (!draft->nested) return PL_OK;
    block->first_output_memory = program->late_memory_count;
    program->late_memory_count += block->subgraph->output_count;
    return PL_OK;
}
