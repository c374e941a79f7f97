/* SPDX-License-Identifier: Apache-2.0 */
/* Linked models that do not just follow each other: windows, conditions, boxes, and what runs them. */
#ifndef PL_INTERPRETER_FLOW_H
#define PL_INTERPRETER_FLOW_H

#include "interpreter/allocate.h"

/* condition.c: whether these bytes of a tensor, of a model that has run so often, are what a link waits for, which held or
 * did not so far. */
bool pl_condition_holds(const struct pl_condition *when, const struct pl_tensor *tensor, const void *data, size_t bytes,
                        uint64_t runs, bool held);
/* Whether such a condition can be about such a tensor. */
pl_status pl_condition_check(const struct pl_condition *when, const struct pl_tensor *tensor, struct pl_error *error);

/* The value of an element: its quantization, which is one for all of them, is taken off. */
double pl_tensor_value(const struct pl_tensor *tensor, const void *data, size_t index);
/* Whether a tensor has such values; `what` is what a message says before its name. */
pl_status pl_tensor_check_values(const struct pl_tensor *tensor, const char *what, struct pl_error *error);

/* A tensor as it is while running; data NULL: there is nothing yet. */
struct pl_values {
    const struct pl_tensor *tensor;
    const void *data;
    size_t bytes;
    struct pl_shape shape;
};

/* boxes.c: the boxes that these two tensors say, the best first. Returns how many. */
int32_t pl_boxes_find(const struct pl_boxes *boxes, const struct pl_values *values, const struct pl_values *scores,
                      struct pl_found_box *found, int32_t capacity);
/* Whether there can be such boxes in such tensors. */
pl_status pl_boxes_check(const struct pl_boxes *boxes, const struct pl_tensor *values, const struct pl_tensor *scores,
                         struct pl_error *error);

/* ---- windows.c */
/* NULL if there is none of this input. */
struct pl_window_state *pl_window_find(const struct pl_instance *instance, int32_t tensor);
/* What a link into this input remembers, for links that do: it starts anew, and options->crop becomes its copy. False if there
 * is no memory. */
bool pl_window_add(struct pl_instance *instance, int32_t tensor, struct pl_link_options *options);
/* All windows of the model start anew, with all rows that were kept for them. */
void pl_windows_reset(struct pl_instance *instance);

/* ---- thresholds.c */
/* The member has run. */
void pl_thresholds_look(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan, int32_t member);
/* With `lock` held: all of the model are off. */
void pl_thresholds_reset(struct pl_instance *instance);
/* Whether those of a model can be of another file, which has tensor to[i] in the place of i. */
pl_status pl_thresholds_follow(const struct pl_instance *old, const struct pl_instance *fresh, const int32_t *to,
                               struct pl_error *error);

/* ---- flow.c */
/* Runs a unit whose graph is a flow: pl_graph_is_flow(). */
pl_status pl_flow_run(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan, struct pl_lane *lane,
                      int32_t workers, struct pl_error *error);
/* Rows for the window that an input is. */
struct pl_rows_pushed {
    int32_t member; /* whose input it is */
    int32_t tensor;
    const char *name;
    const void *data;
    size_t bytes;
};
/* The same with every hop of these rows; models that nothing feeds do not run. */
pl_status pl_flow_push(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan, struct pl_lane *lane,
                       int32_t workers, const struct pl_rows_pushed *pushed, struct pl_error *error);

/* Whether it keeps rows of a window, and so starts anew with it. */
static inline bool pl_slot_is_rows(const struct pl_slot *slot)
{
    return slot->tensor == -1 && pl_index_is_own(slot->operator_index);
}

#endif
