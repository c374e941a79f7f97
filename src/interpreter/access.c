/* SPDX-License-Identifier: Apache-2.0 */
/* Which bytes stages read and write, and whether two of them get into each other's way. */
#include "interpreter/chain.h"

struct range {
    uintptr_t begin;
    uintptr_t end;
};

static bool add(struct pl_chain_stage *at, const void *begin, size_t bytes, bool writes, struct pl_reach reach)
{
    if (bytes == 0) return true;
    if (at->access_count == PL_CHAIN_ACCESSES) return false;
    at->accesses[at->access_count++] = (struct pl_access){(uintptr_t)begin, (int64_t)bytes, reach, writes};
    return true;
}

static bool add_inputs(struct pl_chain_stage *at)
{
    const struct pl_step *step = at->frame.step;
    const struct pl_reach *reach = &at->stage->reach;
    for (int32_t i = 0; i < step->input_count; i++) {
        const int32_t tensor = step->op->inputs[i];
        if (tensor < 0 || step->locations[i].base == PL_BASE_ADDRESS) continue; /* left out, or a constant */
        const bool some = i < 32 && (reach->inputs >> i & 1u) != 0;
        if (!add(at, at->frame.pointers[i], at->frame.block->tensors[tensor].bytes, false,
                 some ? *reach : (struct pl_reach){0}))
            return false;
    }
    return true;
}

static bool add_outputs(struct pl_chain_stage *at)
{
    const struct pl_step *step = at->frame.step;
    for (int32_t i = 0; i < step->output_count; i++) {
        const int32_t tensor = step->op->outputs[i];
        if (tensor < 0) continue;
        const size_t bytes = at->frame.block->tensors[tensor].bytes;
        struct pl_reach reach = {0};
        if (at->stage->reach.inputs != 0) reach.step = reach.size = (int64_t)bytes / at->stage->units;
        if (!add(at, at->frame.pointers[step->input_count + i], bytes, true, reach)) return false;
    }
    return true;
}

bool pl_access_find(struct pl_chain_stage *at)
{
    const struct pl_step *step = at->frame.step;
    void *const *scratch = at->frame.pointers + step->input_count + step->output_count;
    at->access_count = 0;
    if (!add_inputs(at) || !add_outputs(at)) return false;
    for (int32_t i = 0; i < step->scratch_count; i++)
        if (!add(at, scratch[i], step->scratch_bytes[i], true, (struct pl_reach){0})) return false;
    return true;
}

static uintptr_t inside(const struct pl_access *access, int64_t offset)
{
    return access->begin + (uintptr_t)(offset < 0 ? 0 : offset > access->bytes ? access->bytes : offset);
}

/* Of units [from, to). */
static struct range range_of(const struct pl_access *access, int64_t from, int64_t to)
{
    const struct pl_reach *reach = &access->reach;
    if (reach->step == 0) return (struct range){access->begin, access->begin + (uintptr_t)access->bytes};
    return (struct range){inside(access, from * reach->step + reach->first),
                          inside(access, (to - 1) * reach->step + reach->first + reach->size)};
}

bool pl_access_collide(const struct pl_chain_stage *at, int64_t from, int64_t to, const struct pl_chain_stage *other,
                       int64_t other_from, int64_t other_to)
{
    if (from >= to || other_from >= other_to) return false;
    for (int32_t i = 0; i < at->access_count; i++) {
        const struct pl_access *mine = &at->accesses[i];
        const struct range range = range_of(mine, from, to);
        for (int32_t k = 0; k < other->access_count; k++) {
            if (!mine->writes && !other->accesses[k].writes) continue;
            const struct range its = range_of(&other->accesses[k], other_from, other_to);
            if (range.begin < its.end && its.begin < range.end) return true;
        }
    }
    return false;
}
