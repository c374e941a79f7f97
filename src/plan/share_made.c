/* SPDX-License-Identifier: Apache-2.0 */
/* What several operators make of one tensor before they begin, as rows that are quantized for a product: the first of
 * them makes it, and it is kept for the others. */
#include <string.h>

#include "plan/builder.h"

/* It takes memory until the last of them: not for longer than so many steps. */
enum { FARTHEST = 16 };

static bool makes_the_same(const struct pl_draft_step *a, const struct pl_draft_step *b)
{
    if (a->made.eval != b->made.eval || a->step->op_def == NULL) return false;
    if (a->op->per_row != b->op->per_row || a->op->shared != b->op->shared) return false;
    return a->op->inputs[a->made.input] == b->op->inputs[b->made.input] &&
           a->made.scratch_count == b->made.scratch_count && memcmp(a->made.key, b->made.key, sizeof a->made.key) == 0;
}

/* The first step that makes what this one does; -1: none. */
static int32_t find_maker(const struct pl_draft *draft, int32_t index)
{
    const struct pl_draft_step *step = &draft->steps[index];
    for (int32_t s = index - 1; s >= 0 && s >= index - FARTHEST; s--) {
        if (draft->steps[s].op->member != step->op->member) break;
        if (makes_the_same(&draft->steps[s], step)) return draft->steps[s].made_by < 0 ? s : draft->steps[s].made_by;
    }
    return -1;
}

void pl_draft_share_made(struct pl_draft *draft)
{
    const struct pl_subgraph *subgraph = draft->block->subgraph;
    const bool as_it_is = draft->builder->request->keep_all;
    for (int32_t s = 0; s < draft->block->step_count; s++) {
        struct pl_draft_step *step = &draft->steps[s];
        step->made_by = -1;
        step->made_last = s;
        if (as_it_is || step->made.eval == NULL || step->step->op_def == NULL || step->step->stage_count < 2) continue;
        if (subgraph->tensors[step->op->inputs[step->made.input]].is_variable) continue;
        const int32_t maker = find_maker(draft, s);
        if (maker < 0) continue;
        step->made_by = maker;
        draft->steps[maker].made_last = s;
        step->step->stages++;
        step->step->paces++;
        step->step->stage_count--;
    }
}
