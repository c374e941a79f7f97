/* SPDX-License-Identifier: Apache-2.0 */
/* Per-operator profile, and what operators reuse and share. Cells belong to the unit; of a join each model sees its own steps. */
#include "interpreter/run.h"

struct pl_segment pl_entry_steps(const struct pl_entry *entry)
{
    const struct pl_program *program = entry->unit->program;
    if (program->graph->members != NULL) return program->segments[entry->instance->member];
    return (struct pl_segment){.first_step = 0, .end_step = program->block->step_count};
}

static pl_status set_profile(struct pl_entry *entry, bool enable, struct pl_error *error)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    struct pl_unit *unit = entry->unit;
    if (unit->program == NULL)
        return pl_fail(error, PL_NOT_ALLOCATED, "model '%s' is not allocated; call allocate first",
                       entry->name);
    if (entry->instance->component->busy)
        return pl_fail(error, PL_BUSY, "model '%s' is running", entry->name);
    const size_t bytes = (size_t)unit->program->block->step_count * sizeof unit->profile[0];
    pl_free(interpreter->memory, unit->profile, bytes);
    unit->profile = NULL;
    if (!enable) return PL_OK;
    unit->profile = pl_allocate_zero(interpreter->memory, bytes);
    return unit->profile != NULL ? PL_OK : pl_fail(error, PL_OUT_OF_MEMORY, "no memory left for a profile");
}

pl_status pl_entry_profile(struct pl_entry *entry, bool enable, struct pl_error *error)
{
    pl_lock(entry->interpreter);
    const pl_status status = set_profile(entry, enable, error);
    pthread_mutex_unlock(&entry->interpreter->lock);
    return status;
}

/* Steps that are views take no time and are left out. */
static int32_t step_at(const struct pl_entry *entry, int32_t index)
{
    const struct pl_segment steps = pl_entry_steps(entry);
    for (int32_t i = steps.first_step; i < steps.end_step; i++)
        if (entry->unit->program->block->steps[i].op_def != NULL && index-- == 0) return i;
    return -1;
}

int32_t pl_entry_profile_count(const struct pl_entry *entry)
{
    if (entry->unit->program == NULL || entry->unit->profile == NULL) return 0;
    int32_t count = 0;
    while (step_at(entry, count) >= 0) count++;
    return count;
}

bool pl_entry_profile_at(const struct pl_entry *entry, int32_t index, const struct pl_operator **op, uint64_t *calls,
                         uint64_t *nanoseconds)
{
    if (entry->unit->program == NULL || entry->unit->profile == NULL || index < 0) return false;
    const int32_t step = step_at(entry, index);
    if (step < 0) return false;
    *op = entry->unit->program->block->steps[step].op;
    *calls = entry->unit->profile[step].calls;
    *nanoseconds = entry->unit->profile[step].nanoseconds;
    return true;
}

bool pl_entry_reuse(const struct pl_entry *entry, size_t index, struct pl_reuse *reuse)
{
    const struct pl_graph *graph = entry->unit->program == NULL ? NULL : entry->unit->program->graph;
    if (graph == NULL || graph->reuse == NULL) return false;
    const struct pl_subgraph *whole = &graph->origin->subgraphs[0];
    for (int32_t i = 0; i < whole->operator_count; i++) {
        const struct pl_operator *op = &whole->operators[i];
        if (op->member != entry->instance->member || op->index < 0 || (size_t)op->index != index) continue;
        *reuse = graph->reuse[i];
        return reuse->fresh_rows > 0 || reuse->why_not != NULL;
    }
    return false;
}

/* ---- what models share -------------------------------------------------------------------------------------------- */

static const struct pl_sharing *find_sharing(const struct pl_entry *entry, size_t index)
{
    const struct pl_graph *graph = entry->unit->program == NULL ? NULL : entry->unit->program->graph;
    for (int32_t i = 0; graph != NULL && i < graph->sharing_count; i++)
        if (graph->sharing[i].of_member == entry->instance->member && (size_t)graph->sharing[i].of_index == index)
            return &graph->sharing[i];
    return NULL;
}

bool pl_entry_sharing(const struct pl_entry *entry, size_t index, struct pl_sharing *sharing, const char **computed_by)
{
    const struct pl_sharing *found = find_sharing(entry, index);
    *computed_by = NULL;
    if (found == NULL) return false;
    *sharing = *found;
    if (found->member >= 0) *computed_by = entry->instance->component->members[found->member]->name;
    return true;
}

static size_t output_bytes(const struct pl_block *block, const struct pl_operator *op)
{
    size_t bytes = 0;
    for (int32_t i = 0; i < op->output_count; i++)
        if (op->outputs[i] >= 0) bytes += block->tensors[op->outputs[i]].bytes;
    return bytes;
}

struct pl_operator_cost pl_entry_cost(const struct pl_entry *entry, size_t index)
{
    const struct pl_program *program = entry->unit->program;
    const struct pl_sharing *sharing = find_sharing(entry, index);
    struct pl_operator_cost cost = {0};
    if (program == NULL) return cost;
    const bool elsewhere = sharing != NULL && sharing->member >= 0;
    const int32_t member = elsewhere ? sharing->member : program->graph->members == NULL ? 0 : entry->instance->member;
    const size_t wanted = elsewhere ? (size_t)sharing->index : index;
    for (int32_t s = 0; s < program->block->step_count; s++) {
        const struct pl_step *step = &program->block->steps[s];
        if (step->op->member != member || step->op->index < 0 || (size_t)step->op->index != wanted) continue;
        cost.output_bytes = output_bytes(program->block, step->op);
        for (int32_t i = 0; step->op_def != NULL && i < step->stage_count; i++)
            cost.work += (uint64_t)step->stages[i].units * (uint64_t)step->stages[i].cost;
    }
    return cost;
}
