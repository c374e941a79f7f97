/* SPDX-License-Identifier: Apache-2.0 */
/* Which steps of other members a member needs, where operators that it has in common with them run once. */
#include <string.h>

#include "plan/builder.h"

struct search {
    struct pl_draft *draft;
    int32_t *producers; /* per tensor: the step; -1: none */
    int32_t *ends;      /* per member: where its needed steps end; 0: none are */
};

static int32_t member_of(const struct search *search, int32_t step)
{
    return search->draft->steps[step].op->member;
}

static void need(struct search *search, int32_t member, int32_t end)
{
    if (search->ends[member] < end) search->ends[member] = end;
}

static void find_ends(struct search *search, int32_t member)
{
    const struct pl_program *program = search->draft->builder->program;
    const struct pl_segment *segment = &program->segments[member];
    for (int32_t s = segment->first_step; s < segment->end_step; s++) {
        const struct pl_operator *op = search->draft->steps[s].op;
        for (int32_t i = 0; i < op->input_count; i++) {
            const int32_t producer = op->inputs[i] < 0 ? -1 : search->producers[op->inputs[i]];
            if (producer < 0 || member_of(search, producer) == member || !search->draft->steps[producer].op->shared) continue;
            need(search, member_of(search, producer), producer + 1);
        }
    }
    /* What these need themselves comes before them. */
    for (int32_t m = member - 1; m >= 0; m--)
        for (int32_t i = 0; search->ends[m] > 0 && i < program->segments[m].shared_count; i++) {
            const struct pl_shared_steps *further = &program->segments[m].shared[i];
            need(search, member_of(search, further->first), further->end);
        }
}

static pl_status note_member(struct search *search, int32_t member)
{
    struct pl_program *program = search->draft->builder->program;
    struct pl_segment *segment = &program->segments[member];
    const int32_t count = program->graph->member_count;
    memset(search->ends, 0, (size_t)count * sizeof(int32_t));
    find_ends(search, member);
    int32_t needed = 0;
    for (int32_t m = 0; m < count; m++) needed += search->ends[m] > 0;
    if (needed == 0) return PL_OK;
    segment->shared = pl_region_array(&program->region, (size_t)needed, sizeof *segment->shared);
    if (segment->shared == NULL) return pl_builder_no_memory(search->draft->builder);
    for (int32_t m = 0; m < count; m++) {
        if (search->ends[m] == 0) continue;
        struct pl_shared_steps *shared = &segment->shared[segment->shared_count++];
        shared->first = program->segments[m].first_step;
        shared->end = search->ends[m];
    }
    return PL_OK;
}

pl_status pl_draft_note_shared(struct pl_draft *draft)
{
    struct pl_builder *builder = draft->builder;
    const struct pl_graph *graph = builder->request->graph;
    const int32_t tensors = draft->block->subgraph->tensor_count;
    if (draft->nested || graph->members == NULL || builder->request->whole) return PL_OK;
    struct search search = {.draft = draft};
    search.producers = pl_region_array(&builder->work, (size_t)tensors, sizeof(int32_t));
    search.ends = pl_region_array(&builder->work, (size_t)graph->member_count, sizeof(int32_t));
    if (search.producers == NULL || search.ends == NULL) return pl_builder_no_memory(builder);
    for (int32_t i = 0; i < tensors; i++) search.producers[i] = -1;
    for (int32_t s = 0; s < draft->block->step_count; s++)
        for (int32_t i = 0; i < draft->steps[s].op->output_count; i++)
            if (draft->steps[s].op->outputs[i] >= 0) search.producers[draft->steps[s].op->outputs[i]] = s;
    for (int32_t m = 0; m < graph->member_count; m++) PL_TRY(note_member(&search, m));
    return PL_OK;
}
