/* SPDX-License-Identifier: Apache-2.0 */
/* Which bytes stages read and write, and whether two of them get into each other's way. */
#include "interpreter/chain.h"

struct range {
    uintptr_t begin;
    uintptr_t end;
};

static bool add(struct pl_chain_stage *at, struct pl_access access)
{
    if (access.bytes == 0) return true;
    if (at->access_count == PL_CHAIN_ACCESSES) return false;
    at->accesses[at->access_count++] = access;
    return true;
}

/* Elements stay whole: several units may read the same one, and all of its bytes. */
static void slice(struct pl_access *access, int64_t units, int64_t element_bytes)
{
    const int64_t elements = element_bytes > 0 ? access->bytes / element_bytes : 0;
    if (elements == 0 || elements > INT32_MAX) return;
    access->element_bytes = element_bytes;
    if (elements % units != 0) access->slices = units; /* at most INT32_MAX, too */
    else access->window = (struct pl_byte_window){elements / units * element_bytes, 0, elements / units * element_bytes};
}

static struct pl_access access_of(const void *begin, size_t bytes)
{
    return (struct pl_access){.begin = (uintptr_t)begin, .bytes = (int64_t)bytes};
}

static struct pl_access tensor_access(const struct pl_chain_stage *at, int32_t tensor, const void *begin, bool sliced)
{
    const struct pl_planned_tensor *planned = &at->frame.block->tensors[tensor];
    struct pl_access access = access_of(begin, planned->bytes);
    if (sliced) slice(&access, at->stage->units, pl_type_bits(planned->value.tensor->type) / 8);
    return access;
}

static bool add_inputs(struct pl_chain_stage *at)
{
    const struct pl_step *step = at->frame.step;
    const struct pl_reach *reach = &at->stage->reach;
    for (int32_t i = 0; i < step->input_count; i++) {
        const int32_t tensor = step->op->inputs[i];
        if (tensor < 0 || step->locations[i].base == PL_BASE_ADDRESS) continue; /* left out, or a constant */
        const bool sliced = i < 32 && (reach->slices >> i & 1u) != 0;
        struct pl_access access = tensor_access(at, tensor, at->frame.pointers[i], sliced);
        if (i == 0 && reach->window.step > 0) access.window = reach->window;
        if (!add(at, access)) return false;
    }
    return true;
}

static bool add_outputs(struct pl_chain_stage *at)
{
    const struct pl_step *step = at->frame.step;
    for (int32_t i = 0; i < step->output_count; i++) {
        const int32_t tensor = step->op->outputs[i];
        if (tensor < 0) continue;
        struct pl_access access =
            tensor_access(at, tensor, at->frame.pointers[step->input_count + i], at->stage->reach.known);
        access.writes = true;
        if (!add(at, access)) return false;
    }
    return true;
}

static bool add_scratch(struct pl_chain_stage *at)
{
    const struct pl_step *step = at->frame.step;
    void *const *scratch = at->frame.pointers + step->input_count + step->output_count;
    for (int32_t i = 0; i < step->scratch_count; i++) {
        struct pl_access access = access_of(scratch[i], step->scratch_bytes[i]);
        const bool sliced = (at->stage->reach.scratches >> i & 1u) != 0 && access.bytes % at->stage->units == 0;
        if (sliced) slice(&access, at->stage->units, access.bytes / at->stage->units);
        access.writes = true;
        access.per_worker = step->worker_bytes[i] > 0;
        if (!add(at, access)) return false;
    }
    return true;
}

bool pl_access_find(struct pl_chain_stage *at)
{
    at->access_count = 0;
    return add_inputs(at) && add_outputs(at) && add_scratch(at);
}

static uintptr_t inside(const struct pl_access *access, int64_t offset)
{
    return access->begin + (uintptr_t)(offset < 0 ? 0 : offset > access->bytes ? access->bytes : offset);
}

/* Of units [from, to). */
static struct range range_of(const struct pl_access *access, int64_t from, int64_t to)
{
    const struct pl_byte_window *window = &access->window;
    if (window->step > 0)
        return (struct range){inside(access, from * window->step + window->first),
                              inside(access, (to - 1) * window->step + window->first + window->size)};
    if (access->slices > 0) {
        const int64_t elements = access->bytes / access->element_bytes, units = access->slices;
        return (struct range){inside(access, from * elements / units * access->element_bytes),
                              inside(access, (to * elements + units - 1) / units * access->element_bytes)};
    }
    return (struct range){access->begin, access->begin + (uintptr_t)access->bytes};
}

static bool get_in_the_way(const struct pl_access *a, struct range range, const struct pl_access *b, int64_t from, int64_t to)
{
    if (!a->writes && !b->writes) return false;
    const struct range its = range_of(b, from, to);
    return range.begin < its.end && its.begin < range.end;
}

bool pl_access_collide(const struct pl_chain_stage *at, int64_t from, int64_t to, const struct pl_chain_stage *other,
                       int64_t other_from, int64_t other_to)
{
    const bool same_step = at->frame.step == other->frame.step;
    if (from >= to || other_from >= other_to) return false;
    for (int32_t i = 0; i < at->access_count; i++) {
        const struct pl_access *mine = &at->accesses[i];
        const struct range range = range_of(mine, from, to);
        for (int32_t k = 0; k < other->access_count; k++) {
            const struct pl_access *its = &other->accesses[k];
            if (same_step && mine->per_worker && its->per_worker) continue;
            if (get_in_the_way(mine, range, its, other_from, other_to)) return true;
        }
    }
    return false;
}
