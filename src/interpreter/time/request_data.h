/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of callers that a request brings for its inputs and outputs. */
#ifndef PL_INTERPRETER_REQUEST_DATA_H
#define PL_INTERPRETER_REQUEST_DATA_H

#include "interpreter/allocate.h"

/* ---- request_data.c: with `lock` held, but for feed and fetch */
/* Where the bytes of a request's inputs and outputs are in the memory of the model; NULL: of another linked set. */
struct pl_request_places {
    void *inputs[PL_MOST_REQUEST_DATA];
    void *outputs[PL_MOST_REQUEST_DATA];
};
struct pl_unit_plan pl_entry_plan(struct pl_entry *entry);
/* Whether it is one of what runs with the entry. */
bool pl_entry_has_tensor(struct pl_entry *entry, const struct pl_tensor_handle *handle);
/* For a plan that is about to run. */
pl_status pl_request_find_places(const struct pl_request *request, const struct pl_unit_plan *plan,
                                 struct pl_request_places *places, struct pl_error *error);
void pl_request_feed(const struct pl_request *request, const struct pl_request_places *places);
void pl_request_fetch(const struct pl_request *request, const struct pl_request_places *places);

#endif
