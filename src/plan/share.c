/* SPDX-License-Identifier: Apache-2.0 */
/* Which tensors are one piece of memory. A view (reshape, a part of an outermost axis) has bytes of its input; inputs that
 * are put behind each other are written where they belong in the first place; an operator that works in place writes over
 * an input that nobody reads afterwards. All of them lower the bound itself, not only the arena. */
#include <assert.h>
#include <string.h>

#include "plan/builder.h"

/* What it takes to try and go back. A file may have any number of operators. */
enum { MOST_TRIALS = 256 };

struct trial {
    int32_t left;
    struct pl_draft_tensor *tensors;
    size_t *changes; /* from step to step */
};

int32_t pl_draft_root(const struct pl_draft *draft, int32_t tensor)
{
    while (draft->tensors[tensor].root != tensor) tensor = draft->tensors[tensor].root;
    return tensor;
}

size_t pl_draft_offset_in_root(const struct pl_draft *draft, int32_t tensor)
{
    size_t offset = 0;
    for (; draft->tensors[tensor].root != tensor; tensor = draft->tensors[tensor].root)
        offset += draft->tensors[tensor].root_offset;
    return offset;
}

/* Makes `child`'s root part of `parent`'s, which keeps its home; it begins `offset` bytes behind the parent root. */
static void merge(struct pl_draft *draft, int32_t parent, int32_t child, size_t offset)
{
    struct pl_draft_tensor *into = &draft->tensors[parent];
    struct pl_draft_tensor *from = &draft->tensors[child];
    assert(into->root == parent && from->root == child && parent != child);
    from->root = parent;
    from->root_offset = offset;
    if (from->first < into->first) into->first = from->first;
    if (from->last > into->last) into->last = from->last;
}

static bool can_move(enum pl_home home)
{
    return home == PL_HOME_ARENA;
}

static bool can_take(enum pl_home home)
{
    return home == PL_HOME_ARENA || home == PL_HOME_FIXED;
}

/* Whether there is nothing in the tensor's root but the tensor. */
static bool fills_root(const struct pl_draft *draft, int32_t tensor)
{
    const struct pl_planned_tensor *tensors = draft->block->tensors;
    return tensors[tensor].bytes == tensors[pl_draft_root(draft, tensor)].bytes;
}

/* `part` has the bytes of `whole` from `offset` on. One of the two roots moves into the other, if it is in the arena and
 * there is nothing else in it. */
static bool try_merge(struct pl_draft *draft, int32_t whole, int32_t part, size_t offset)
{
    const int32_t into = pl_draft_root(draft, whole);
    const int32_t from = pl_draft_root(draft, part);
    const enum pl_home home = draft->tensors[into].home;
    const enum pl_home old = draft->tensors[from].home;
    if (into == from) return false;
    if (can_take(home) && can_move(old) && fills_root(draft, part)) {
        merge(draft, into, from, pl_draft_offset_in_root(draft, whole) + offset);
        return true;
    }
    const bool same = draft->block->tensors[whole].bytes == draft->block->tensors[part].bytes;
    if (!can_move(home) || !can_take(old) || !same || !fills_root(draft, whole)) return false;
    merge(draft, from, into, pl_draft_offset_in_root(draft, part));
    return true;
}

static size_t offset_of(const int64_t *offsets, int32_t index)
{
    return offsets == NULL ? 0 : (size_t)offsets[index];
}

/* Whether the step has nothing left to do. */
static bool share_views(struct pl_draft *draft, const struct pl_draft_step *step)
{
    if (step->view_of_input < 0) return false;
    const struct pl_planned_tensor *tensors = draft->block->tensors;
    const int32_t input = step->op->inputs[step->view_of_input];
    if (input < 0) return false;
    bool all = true;
    for (int32_t i = 0; i < step->op->output_count; i++) {
        const int32_t output = step->op->outputs[i];
        if (output < 0) continue;
        if (step->view_offsets == NULL && tensors[input].bytes != tensors[output].bytes) return false;
        all = try_merge(draft, input, output, offset_of(step->view_offsets, i)) && all;
    }
    return all;
}

/* The most that is alive at one step. */
static size_t alive(const struct pl_draft *draft, size_t *changes)
{
    const int32_t steps = draft->block->step_count;
    for (int32_t s = 0; s <= steps; s++) changes[s] = 0;
    for (int32_t t = 0; t < draft->block->subgraph->tensor_count; t++) {
        const struct pl_draft_tensor *tensor = &draft->tensors[t];
        if (tensor->root != t || tensor->home != PL_HOME_ARENA || tensor->first < 0) continue;
        changes[tensor->first] += draft->block->tensors[t].bytes;
        changes[(tensor->last > tensor->first ? tensor->last : tensor->first) + 1] -= draft->block->tensors[t].bytes;
    }
    size_t now = 0;
    size_t most = 0;
    for (int32_t s = 0; s < steps; s++) {
        now += changes[s]; /* differences wrap, their sums do not */
        if (now > most) most = now;
    }
    return most;
}

/* A part that is put at two places is copied to the second. */
static bool merge_parts(struct pl_draft *draft, const struct pl_draft_step *step)
{
    const int32_t output = step->op->outputs[0];
    bool all = true;
    for (int32_t i = 0; i < step->op->input_count; i++) {
        const int32_t input = step->op->inputs[i];
        if (draft->block->tensors[input].bytes == 0) continue;
        const bool arena = draft->tensors[pl_draft_root(draft, input)].home == PL_HOME_ARENA;
        const bool whole = fills_root(draft, input) && step->part_offsets[i] >= 0;
        all = arena && whole && try_merge(draft, output, input, (size_t)step->part_offsets[i]) && all;
    }
    return all;
}

/* What is put together is there from its first part on: not where that takes more memory than copying. */
static bool share_parts(struct pl_draft *draft, const struct pl_draft_step *step, struct trial *trial)
{
    if (step->part_offsets == NULL || trial->left == 0) return false;
    trial->left--;
    const size_t bytes = (size_t)draft->block->subgraph->tensor_count * sizeof draft->tensors[0];
    memcpy(trial->tensors, draft->tensors, bytes);
    const size_t before = alive(draft, trial->changes);
    const bool all = merge_parts(draft, step);
    if (alive(draft, trial->changes) <= before) return all;
    memcpy(draft->tensors, trial->tensors, bytes);
    return false;
}

/* Whether writing over the input would change what the operator has still to read of another one. */
static bool overlaps(const struct pl_draft *draft, const struct pl_draft_step *step, int32_t input)
{
    const size_t begin = pl_draft_offset_in_root(draft, input);
    const size_t end = begin + draft->block->tensors[input].bytes;
    for (int32_t i = 0; i < step->op->input_count; i++) {
        const int32_t other = step->op->inputs[i];
        if (other < 0 || pl_draft_root(draft, other) != pl_draft_root(draft, input)) continue;
        const size_t from = pl_draft_offset_in_root(draft, other);
        const size_t to = from + draft->block->tensors[other].bytes;
        if ((from != begin || to != end) && from < end && begin < to) return true;
    }
    return false;
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
        if (!overlaps(draft, step, input) && try_merge(draft, input, output, 0)) return;
    }
}

pl_status pl_draft_share(struct pl_draft *draft)
{
    struct pl_region *work = &draft->builder->work;
    struct trial trial = {.left = MOST_TRIALS};
    trial.tensors = pl_region_array(work, (size_t)draft->block->subgraph->tensor_count, sizeof trial.tensors[0]);
    trial.changes = pl_region_array(work, (size_t)draft->block->step_count + 1, sizeof trial.changes[0]);
    if (trial.tensors == NULL || trial.changes == NULL) return pl_builder_no_memory(draft->builder);
    for (int32_t i = 0; i < draft->block->step_count; i++) {
        struct pl_draft_step *step = &draft->steps[i];
        if (share_views(draft, step) || share_parts(draft, step, &trial)) step->step->op_def = NULL;
        else if (step->in_place_inputs != 0 && step->op->output_count == 1) share_in_place(draft, step, i);
    }
    return PL_OK;
}
