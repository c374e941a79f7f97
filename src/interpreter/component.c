/* SPDX-License-Identifier: Apache-2.0 */
/* Components: which models hang together by links. */
#include <string.h>

#include "interpreter/models/models.h"
#include "interpreter/run.h"

static size_t component_bytes(int32_t count)
{
    return sizeof(struct pl_component) + (size_t)count * sizeof(struct pl_instance *);
}

struct pl_component *pl_component_create(struct pl_interpreter *interpreter, struct pl_instance *const *members,
                                         int32_t count)
{
    struct pl_component *component = pl_allocate_zero(interpreter->memory, component_bytes(count));
    if (component == NULL) return NULL;
    component->members = (struct pl_instance **)(component + 1);
    component->member_count = count;
    memcpy(component->members, members, (size_t)count * sizeof members[0]);
    component->unit.stale = true;
    return component;
}

struct pl_unit *pl_instance_unit(struct pl_instance *instance, int32_t index)
{
    return index < instance->unit_count ? &instance->units[index] : NULL;
}

void pl_unit_clear(struct pl_interpreter *interpreter, struct pl_unit *unit)
{
    if (unit->program == NULL) return;
    const size_t steps = (size_t)unit->program->block->step_count;
    pl_free(interpreter->memory, unit->profile, steps * sizeof unit->profile[0]);
    pl_free(interpreter->memory, unit->bases, unit->program->base_count * sizeof unit->bases[0]);
    pl_late_destroy(interpreter->memory, unit->late);
    pl_program_release(unit->program);
    unit->late = NULL;
    unit->program = NULL;
    unit->bases = NULL;
    unit->profile = NULL;
    unit->own_time = (struct pl_own_time){0};
}

/* One that was not planned yet may have members that slept. */
static void inherit_sleep(struct pl_component *component)
{
    uint64_t used = component->used;
    for (int32_t m = 0; m < component->member_count; m++) {
        const struct pl_component *before = component->members[m]->component;
        if (component->used == 0 && before->asleep) component->asleep = true;
        if (before->used > used) used = before->used;
    }
    component->used = used;
}

void pl_component_adopt(struct pl_component *component)
{
    inherit_sleep(component);
    for (int32_t m = 0; m < component->member_count; m++) {
        struct pl_instance *instance = component->members[m];
        instance->component = component;
        instance->member = m;
        instance->primary->unit = &component->unit;
        for (int32_t s = 0; s < instance->graph->signature_count; s++)
            if (instance->signatures[s]->shared != NULL) instance->signatures[s]->unit = &component->unit;
    }
}

void pl_component_destroy(struct pl_interpreter *interpreter, struct pl_component *component)
{
    if (component == NULL) return;
    pl_unit_clear(interpreter, &component->unit);
    pl_buffers_destroy(interpreter->memory, component->outgoing_buffers);
    pl_free(interpreter->memory, component, component_bytes(component->member_count));
}

/* ---- forming ------------------------------------------------------------------------------------------------------ */

/* The models to be divided up, with what each is found to belong to. */
struct former {
    struct pl_interpreter *interpreter;
    struct pl_instance **all;
    int32_t *group;
    int32_t count;
    const struct pl_instance *without;
    struct pl_component **made;
    int32_t made_count;
};

static int32_t position(const struct former *former, const struct pl_instance *instance)
{
    for (int32_t i = 0; i < former->count; i++)
        if (former->all[i] == instance) return i;
    return -1;
}

static void take_members(struct former *former, const struct pl_component *component)
{
    for (int32_t i = 0; component != NULL && i < component->member_count; i++)
        if (component->members[i] != former->without) former->all[former->count++] = component->members[i];
}

/* Gives both the smaller group number; false if they have the same, or one is not there. */
static bool spread_group(const struct former *former, const struct pl_instance *a, const struct pl_instance *b)
{
    const int32_t from = position(former, a), to = position(former, b);
    if (from < 0 || to < 0 || former->group[from] == former->group[to]) return false;
    const int32_t smaller = former->group[from] < former->group[to] ? former->group[from] : former->group[to];
    former->group[from] = former->group[to] = smaller;
    return true;
}

static void spread_groups(struct former *former)
{
    for (int32_t i = 0; i < former->count; i++) former->group[i] = i;
    for (bool changed = true; changed;) {
        changed = false;
        for (int32_t i = 0; i < former->interpreter->link_count; i++) {
            const struct pl_model_link *link = &former->interpreter->links[i];
            changed = spread_group(former, link->from, link->to) || changed;
            changed = spread_group(former, link->finder, link->to) || changed;
            changed = spread_group(former, link->finder, link->from) || changed;
        }
    }
}

/* A producer comes before its consumers. */
static bool is_ready(const struct former *former, struct pl_instance *const *taken, int32_t taken_count,
                     const struct pl_instance *instance)
{
    for (int32_t i = 0; i < former->interpreter->link_count; i++) {
        const struct pl_model_link *link = &former->interpreter->links[i];
        if (link->to != instance || link->from == NULL || link->from == former->without) continue;
        bool found = false, finder = link->finder == NULL;
        for (int32_t k = 0; k < taken_count; k++) {
            found = found || taken[k] == link->from;
            finder = finder || taken[k] == link->finder;
        }
        if (!found || !finder) return false;
    }
    return true;
}

/* Members of one group in an order to run them in; false if links form a ring. */
static bool order_group(const struct former *former, int32_t group, struct pl_instance **members, int32_t *count)
{
    int32_t wanted = 0;
    for (int32_t i = 0; i < former->count; i++) wanted += former->group[i] == group;
    *count = 0;
    for (bool moved = true; moved && *count < wanted;) {
        moved = false;
        for (int32_t i = 0; i < former->count; i++) {
            struct pl_instance *instance = former->all[i];
            if (former->group[i] != group || instance->indirect) continue;
            if (!is_ready(former, members, *count, instance)) continue;
            instance->indirect = true;
            members[(*count)++] = instance;
            moved = true;
        }
    }
    for (int32_t i = 0; i < *count; i++) members[i]->indirect = false;
    return *count == wanted;
}

static pl_status make_components(struct former *former, struct pl_instance **members, struct pl_error *error)
{
    for (int32_t group = 0; group < former->count; group++) {
        if (former->group[group] != group) continue;
        int32_t count = 0;
        if (!order_group(former, group, members, &count))
            return pl_fail(error, PL_MISMATCH, "the links form a ring through model '%s'; a model cannot feed itself",
                           former->all[group]->name);
        struct pl_component *component = pl_component_create(former->interpreter, members, count);
        if (component == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left for %d linked models", (int)count);
        former->made[former->made_count++] = component;
    }
    return PL_OK;
}

/* The old components go with their programs; inputs, outputs and state stay with their models. */
static void put_in_place(struct former *former, struct pl_component *first, struct pl_component *second)
{
    pl_settled_forget(former->interpreter);
    for (int32_t i = 0; i < former->made_count; i++) {
        struct pl_component *component = former->made[i];
        component->whole = component->member_count > 1 && (first->whole || (second != NULL && second->whole));
        pl_component_adopt(component);
    }
    pl_component_destroy(former->interpreter, first);
    pl_component_destroy(former->interpreter, second);
}

pl_status pl_components_form(struct pl_interpreter *interpreter, struct pl_component *first,
                             struct pl_component *second, const struct pl_instance *without, struct pl_error *error)
{
    if (second == first) second = NULL;
    const size_t most = (size_t)first->member_count + (second == NULL ? 0 : (size_t)second->member_count);
    struct pl_region work;
    pl_region_init(&work, interpreter->memory);
    struct former former = {.interpreter = interpreter, .without = without};
    former.all = pl_region_array(&work, most, sizeof former.all[0]);
    former.group = pl_region_array(&work, most, sizeof former.group[0]);
    former.made = pl_region_array(&work, most, sizeof former.made[0]);
    struct pl_instance **members = pl_region_array(&work, most, sizeof members[0]);
    pl_status status = PL_OUT_OF_MEMORY;
    if (former.all == NULL || former.group == NULL || former.made == NULL || members == NULL) {
        pl_fail(error, status, "no memory left to link models");
    } else {
        take_members(&former, first);
        take_members(&former, second);
        spread_groups(&former);
        status = make_components(&former, members, error);
    }
    if (status == PL_OK) put_in_place(&former, first, second);
    else
        for (int32_t i = 0; i < former.made_count; i++) pl_component_destroy(interpreter, former.made[i]);
    pl_region_clear(&work);
    return status;
}
