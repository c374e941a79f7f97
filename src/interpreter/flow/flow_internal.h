/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that run linked models by passes share: flow.c, windows.c, crops.c. */
#ifndef PL_INTERPRETER_FLOW_INTERNAL_H
#define PL_INTERPRETER_FLOW_INTERNAL_H

#include "interpreter/flow/flow.h"
#include "interpreter/run.h"

static inline const struct pl_joined_link *link_at(const struct pl_unit_plan *plan, int32_t index)
{
    return &plan->unit->program->graph->links[index];
}

static inline struct pl_window_state *window_of(const struct pl_unit_plan *plan, const struct pl_joined_link *link)
{
    const struct pl_graph *graph = plan->unit->program->graph;
    return pl_window_find(plan->component->members[link->to_member], link->to - graph->member_tensors[link->to_member]);
}

static inline const struct pl_planned_tensor *tensor_at(const struct pl_unit_plan *plan, int32_t tensor)
{
    return &plan->unit->program->block->tensors[tensor];
}

static inline char *bytes_of(const struct pl_unit_plan *plan, int32_t tensor)
{
    const struct pl_location *location = &tensor_at(plan, tensor)->location;
    return (char *)plan->unit->bases[location->base] + location->offset;
}

static inline size_t row_bytes(const struct pl_unit_plan *plan, const struct pl_joined_link *link)
{
    return tensor_at(plan, link->rows)->bytes / (size_t)link->hop;
}

/* Which member a tensor of the join belongs to. */
static inline int32_t member_of(const struct pl_graph *graph, int32_t tensor)
{
    int32_t member = graph->member_count - 1;
    while (graph->member_tensors[member] > tensor) member--;
    return member;
}

/* Of a tensor that may be late: shape and place are those of the run, and data is NULL if there is nothing yet. */
static inline struct pl_values values_of(const struct pl_unit_plan *plan, int32_t tensor)
{
    const struct pl_planned_tensor *planned = tensor_at(plan, tensor);
    if (planned->late < 0)
        return (struct pl_values){planned->value.tensor, bytes_of(plan, tensor), planned->bytes, planned->value.shape};
    const struct pl_late_value *value = &plan->unit->late->slots[planned->late]->value;
    struct pl_values values = {.tensor = planned->value.tensor, .shape = value->shape};
    if (!value->known || planned->slot < 0) return values;
    values.data = plan->unit->bases[plan->unit->program->slots[planned->slot].base];
    values.bytes = value->bytes;
    return values;
}

/* ---- windows.c */
/* Takes rows until there are hop of them, first those of zeros. Returns how many of the `count` at `data` it took. */
size_t pl_window_take(const struct pl_unit_plan *plan, const struct pl_joined_link *link, const char *data, size_t count);
/* Takes what its producer offers. Whether there is a hop of new rows. */
bool pl_window_has_hop(const struct pl_unit_plan *plan, const struct pl_joined_link *link);
/* The hop is used. Returns whether the window is full. */
bool pl_window_use_hop(const struct pl_unit_plan *plan, const struct pl_joined_link *link);
/* What is left of the rows that its producer gave. */
size_t pl_window_left(const struct pl_unit_plan *plan, const struct pl_joined_link *link);
/* Its producer gave rows anew. */
void pl_window_offer(const struct pl_unit_plan *plan, const struct pl_joined_link *link);

/* ---- crops.c */
/* The boxes that were found anew are there to be cut out. */
void pl_crop_offer(const struct pl_unit_plan *plan, const struct pl_joined_link *link);
/* How many of them are left. */
int32_t pl_crop_left(const struct pl_unit_plan *plan, const struct pl_joined_link *link);
/* The next one is what CROP cuts out. */
void pl_crop_take(const struct pl_unit_plan *plan, const struct pl_joined_link *link);

#endif
