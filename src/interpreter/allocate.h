/* SPDX-License-Identifier: Apache-2.0 */
/* From models to programs, and the memory they run on. */
#ifndef PL_INTERPRETER_ALLOCATE_H
#define PL_INTERPRETER_ALLOCATE_H

#include "interpreter/interpreter_internal.h"

/* ---- unit_plan.c: with `change` held */
/* What one unit is the plan of. */
struct pl_unit_plan {
    struct pl_unit *unit;
    struct pl_component *component;
    struct pl_entry *entry;    /* of a signature's own unit; NULL: the component's */
    struct pl_instance *owner; /* whose entry that is */
};

/* Whose slot it is. */
struct pl_instance *pl_unit_plan_member(const struct pl_unit_plan *plan, const struct pl_slot *slot);
/* Fills next_program, next_bases and next_buffers of the unit; on failure what was filled is for the caller to give
 * back. */
pl_status pl_unit_plan_prepare(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan,
                               struct pl_error *error);

/* ---- allocate.c */
/* What is to be planned and put in place. */
struct pl_allocation {
    struct pl_component **components;
    size_t count;
    const struct pl_unit *wanted; /* whose failure is one of the call; NULL: any unit's */
    bool keep;                    /* otherwise all is only tried */
    struct pl_instance *old;      /* to be replaced, in the only component, by `fresh`, if all that was ready is again */
    struct pl_instance *fresh;
};
/* With `change` held. */
pl_status pl_components_allocate(struct pl_interpreter *interpreter, const struct pl_allocation *allocation,
                                 struct pl_error *error);
/* With `lock` held: where its slots are now. Windows that are to begin anew do. */
void pl_unit_settle(const struct pl_unit_plan *plan);

/* ---- lane.c: with `lock` held */
struct pl_lane *pl_lane_take(struct pl_interpreter *interpreter, int32_t class_number, const struct pl_program *program,
                             struct pl_error *error);
void pl_lane_give_back(struct pl_interpreter *interpreter, struct pl_lane *lane);
/* Makes options.lanes lanes for each class of exactly what its programs need that are there or about to be; without `keep`
 * it only tries. */
pl_status pl_lanes_fit(struct pl_interpreter *interpreter, bool keep, struct pl_error *error);
void pl_lanes_destroy(struct pl_interpreter *interpreter);
/* What the programs of each class need at most. */
struct pl_lane_needs pl_lanes_needed(const struct pl_interpreter *interpreter);
/* Raises the need of its class to what this model's programs need, those about to be included. */
void pl_lane_need_of(struct pl_instance *instance, struct pl_lane_needs *needs);

/* ---- settled.c: with both locks held */
/* Some model changed. */
void pl_settled_forget(struct pl_interpreter *interpreter);
/* Models may have been allocated. */
void pl_settled_advance(struct pl_interpreter *interpreter);
/* A model goes: called while it still has its programs. */
void pl_settled_leave(struct pl_interpreter *interpreter, struct pl_instance *instance);

#endif
