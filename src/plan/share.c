/* SPDX-License-Identifier: Apache-2.0 */
/* Which tensors are one piece of memory. A view (reshape) has its input's bytes; an operator that works in place writes
 * over an input that nobody reads afterwards. Both lower the bound itself, not only the arena. */
#include <assert.h>

#include "plan/builder.h"

int32_t pl_draft_root(const struct pl_draft *draft, int32_t tensor)
{
    while (draft->tensors[tensor].root != tensor) tensor = draft->tensors[tensor].root;
    return tensor;
}

/* Makes `child`'s root part of `parent`'s, which keeps its home. */
static void merge(struct pl_draft *draft, int32_t parent, int32_t child)
{
    struct pl_draft_tensor *into = &draft->tensors[parent];
    struct pl_draft_tensor *from = &draft->tensors[child];
    assert(into->root == parent && from->root == child && parent != child);
    from->root = parent;
    if (from->first < into->first) into->first = from->first;
    if (from->last > into->last) into->last = from->last;
}

/* One of two roots can move into the other's home, unless both have one of their own. */
static bool try_merge(struct pl_draft *draft, int32_t input, int32_t output)
{
    const enum pl_home in = draft->tensors[input].home;
    const enum pl_home out = draft->tensors[output].home;
    if (input == output || in == PL_HOME_VARIABLE || out == PL_HOME_VARIABLE) return false;
    if (in == PL_HOME_NONE || out == PL_HOME_NONE || in == PL_HOME_LATE || out == PL_HOME_LATE) return false;
    if (in == PL_HOME_FIXED && out == PL_HOME_FIXED) return false;
    if (out == PL_HOME_FIXED) merge(draft, output, input);
    else merge(draft, input, output);
    return true;
}

static bool share_view(struct pl_draft *draft, const struct pl_draft_step *step)
{
    if (step->view_of_input < 0 || step->op->output_count != 1) return false;
    const int32_t input = step->op->inputs[step->view_of_input];
    if (input < 0) return false;
    const struct pl_planned_tensor *tensors = draft->block->tensors;
    if (tensors[input].bytes != tensors[step->op->outputs[0]].bytes) return false;
    return try_merge(draft, pl_draft_root(draft, input), pl_draft_root(draft, step->op->outputs[0]));
}

static void share_in_place(struct pl_draft *draft, const struct pl_draft_step *step, int32_t index)
{
    const int32_t output = step->op->outputs[0];
    for (int32_t i = 0; i < step->op->input_count && i < 32; i++) {
        const int32_t input = step->op->inputs[i];
        if ((step->in_place_inputs >> i & 1) == 0 || input < 0) continue;
        const int32_t root = pl_draft_root(draft, input);
        if (draft->tensors[root].home != PL_HOME_ARENA || draft->tensors[root].last != index) continue;
        if (draft->block->tensors[input].bytes != draft->block->tensors[output].bytes) continue;
        if (try_merge(draft, root, pl_draft_root(draft, output))) return;
    }
}

void pl_draft_share(struct pl_draft *draft)
{
    for (int32_t i = 0; i < draft->block->step_count; i++) {
        struct pl_draft_step *step = &draft->steps[i];
        if (share_view(draft, step)) step->step->op_def = NULL;
        else if (step->in_place_inputs != 0 && step->op->output_count == 1) share_in_place(draft, step, i);
    }
}
