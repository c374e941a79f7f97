/* SPDX-License-Identifier: Apache-2.0 */
/* Lifetimes become pieces, pieces get offsets. Segments of a join are placed one by one, because each can run alone and
 * nothing in the arena lives from one to the next; if the join runs only as a whole, all is placed together. */
#include <assert.h>

#include "base/checked.h"
#include "plan/builder.h"
#include "plan/place.h"

/* Where a piece came from, to take its offset back. */
struct origin {
    int32_t tensor; /* a root; -1: scratch */
    int32_t step;
    int32_t scratch;
};

struct pieces {
    struct pl_piece *pieces;
    struct origin *origins;
    int32_t count;
};

/* SIZE_MAX where there cannot be as many. */
size_t pl_draft_scratch_bytes(const struct pl_draft *draft, const struct pl_scratch *scratch)
{
    const size_t workers = (size_t)draft->builder->request->workers;
    size_t rounded = 0;
    size_t total = 0;
    if (!scratch->per_worker) return scratch->bytes;
    if (!pl_size_round_up(scratch->bytes, PL_ALIGNMENT, &rounded)) return SIZE_MAX;
    return pl_size_multiply(rounded, workers, &total) ? total : SIZE_MAX;
}

static pl_status add_piece(struct pl_draft *draft, struct pieces *list, size_t bytes, int32_t first, int32_t last,
                           struct origin origin)
{
    size_t rounded = 0;
    if (bytes > draft->builder->request->tensor_limit_bytes || !pl_size_round_up(bytes, PL_ALIGNMENT, &rounded))
        return pl_fail(draft->builder->error, PL_OUT_OF_MEMORY,
                       "step %d needs %zu bytes at once, more than the limit of %zu for one tensor", (int)first, bytes,
                       draft->builder->request->tensor_limit_bytes);
    if (rounded == 0) return PL_OK;
    list->pieces[list->count] = (struct pl_piece){.bytes = rounded, .first = first, .last = last};
    list->origins[list->count] = origin;
    list->count++;
    return PL_OK;
}

static bool is_made(const struct pl_made *made, int32_t scratch)
{
    return made->eval != NULL && scratch >= made->first_scratch && scratch - made->first_scratch < made->scratch_count;
}

static pl_status collect_scratch(struct pl_draft *draft, struct pieces *list, int32_t first, int32_t end)
{
    for (int32_t s = first; s < end; s++) {
        const struct pl_draft_step *step = &draft->steps[s];
        if (step->step->op_def == NULL) continue;
        for (int32_t i = 0; i < step->scratch_count; i++) {
            const bool made = is_made(&step->made, i);
            if (made && step->made_by >= 0) continue;
            PL_TRY(add_piece(draft, list, pl_draft_scratch_bytes(draft, &step->scratch[i]), s - first,
                             (made ? step->made_last : s) - first, (struct origin){-1, s, i}));
        }
    }
    return PL_OK;
}

static pl_status collect_tensors(struct pl_draft *draft, struct pieces *list, int32_t first, int32_t end)
{
    for (int32_t t = 0; t < draft->block->subgraph->tensor_count; t++) {
        const struct pl_draft_tensor *tensor = &draft->tensors[t];
        if (tensor->root != t || tensor->home != PL_HOME_ARENA) continue;
        if (tensor->first < first || tensor->first >= end) continue;
        const int32_t last = tensor->last > tensor->first ? tensor->last : tensor->first;
        assert(last < end);
        PL_TRY(add_piece(draft, list, draft->block->tensors[t].bytes, tensor->first - first, last - first,
                         (struct origin){t, -1, -1}));
    }
    return PL_OK;
}

/* What another step makes lies where that step has it. */
static void find_made(struct pl_draft *draft, int32_t first, int32_t end)
{
    for (int32_t s = first; s < end; s++) {
        struct pl_draft_step *step = &draft->steps[s];
        if (step->made.eval == NULL || step->made_by < 0) continue;
        const struct pl_draft_step *maker = &draft->steps[step->made_by];
        for (int32_t i = 0; i < step->made.scratch_count; i++)
            step->scratch_offsets[step->made.first_scratch + i] = maker->scratch_offsets[maker->made.first_scratch + i];
    }
}

/* Places what lives in the steps [first, end). */
static pl_status lay_out_steps(struct pl_draft *draft, struct pieces *list, int32_t first, int32_t end,
                               struct pl_segment *sizes)
{
    struct pl_builder *builder = draft->builder;
    list->count = 0;
    PL_TRY(collect_tensors(draft, list, first, end));
    PL_TRY(collect_scratch(draft, list, first, end));
    size_t arena_bytes = 0;
    const size_t bound = pl_place_bound(list->pieces, list->count, end - first, &builder->work);
    if (bound == SIZE_MAX) return pl_builder_no_memory(builder);
    PL_TRY((builder->request->workers > 1 ? pl_place_apart : pl_place)(list->pieces, list->count, end - first,
                                                                       &builder->work, &arena_bytes, builder->error));
    size_t sum = 0;
    for (int32_t i = 0; i < list->count; i++) {
        const struct origin *origin = &list->origins[i];
        sum += list->pieces[i].bytes;
        if (origin->tensor >= 0) draft->tensors[origin->tensor].offset = list->pieces[i].offset;
        else draft->steps[origin->step].scratch_offsets[origin->scratch] = list->pieces[i].offset;
    }
    find_made(draft, first, end);
    int32_t row_end = first;
    while (row_end < end && draft->steps[row_end].op->per_row) row_end++;
    *sizes = (struct pl_segment){.first_step = first, .end_step = end, .row_end = row_end, .arena_bytes = arena_bytes,
                                 .bound_bytes = bound, .sum_bytes = sum};
    return PL_OK;
}

static bool make_pieces(struct pl_draft *draft, struct pieces *list)
{
    size_t most = (size_t)draft->block->subgraph->tensor_count;
    for (int32_t s = 0; s < draft->block->step_count; s++) most += (size_t)draft->steps[s].scratch_count;
    list->pieces = pl_region_array(&draft->builder->work, most, sizeof *list->pieces);
    list->origins = pl_region_array(&draft->builder->work, most, sizeof *list->origins);
    return list->pieces != NULL && list->origins != NULL;
}

static void take_sizes(struct pl_block *block, const struct pl_segment *sizes)
{
    if (sizes->arena_bytes > block->arena_bytes) block->arena_bytes = sizes->arena_bytes;
    if (sizes->bound_bytes > block->bound_bytes) block->bound_bytes = sizes->bound_bytes;
    block->sum_bytes += sizes->sum_bytes;
}

/* The steps of each member lie together: a join orders operators by member. */
static pl_status lay_out_segments(struct pl_draft *draft, struct pieces *list)
{
    struct pl_program *program = draft->builder->program;
    int32_t first = 0;
    for (int32_t done = 0; done < program->graph->member_count; done++) {
        int32_t end = first;
        const int32_t member = first < draft->block->step_count ? draft->steps[first].op->member : -1;
        while (end < draft->block->step_count && draft->steps[end].op->member == member) end++;
        if (member < 0) break;
        PL_TRY(lay_out_steps(draft, list, first, end, &program->segments[member]));
        take_sizes(draft->block, &program->segments[member]);
        first = end;
    }
    assert(first == draft->block->step_count);
    return PL_OK;
}

/* Steps of a join that runs as a whole: the arena is everybody's. */
static pl_status lay_out_whole(struct pl_draft *draft, struct pieces *list)
{
    struct pl_program *program = draft->builder->program;
    struct pl_segment sizes;
    PL_TRY(lay_out_steps(draft, list, 0, draft->block->step_count, &sizes));
    take_sizes(draft->block, &sizes);
    if (draft->nested) return PL_OK;
    for (int32_t s = draft->block->step_count - 1; s >= 0; s--) {
        struct pl_segment *segment = &program->segments[draft->steps[s].op->member];
        if (segment->end_step == 0) {
            *segment = sizes;
            segment->end_step = s + 1;
            segment->row_end = s;
        }
        segment->first_step = s;
    }
    return PL_OK;
}

pl_status pl_draft_lay_out(struct pl_draft *draft)
{
    struct pieces list = {0};
    if (!make_pieces(draft, &list)) return pl_builder_no_memory(draft->builder);
    if (draft->nested || draft->builder->request->whole) return lay_out_whole(draft, &list);
    return lay_out_segments(draft, &list);
}
