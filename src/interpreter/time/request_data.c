/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs and outputs of each request's own: where they are in the memory of what runs is found when it starts, since a model
 * can be replaced meanwhile. */
#include <string.h>

#include "interpreter/models/models.h"
#include "interpreter/time/request_data.h"

/* Where the tensor is in the set that is about to run, as planned; NULL if it is none of that. */
static const struct pl_planned_tensor *find_tensor(const struct pl_unit_plan *plan, const struct pl_tensor_handle *handle)
{
    const struct pl_program *program = plan->unit->program;
    if (handle->index < 0) return NULL;
    if (plan->entry != NULL)
        return handle->entry->unit == plan->unit ? &program->block->tensors[handle->index] : NULL;
    for (int32_t m = 0; m < plan->component->member_count; m++) {
        if (plan->component->members[m]->primary != handle->entry) continue;
        const int32_t first = program->graph->members != NULL ? program->graph->member_tensors[m] : 0;
        return &program->block->tensors[first + handle->index];
    }
    return NULL;
}

struct pl_unit_plan pl_entry_plan(struct pl_entry *entry)
{
    const bool own = entry->unit == entry->own_unit;
    return (struct pl_unit_plan){entry->unit, entry->instance->component, own ? entry : NULL, own ? entry->instance : NULL};
}

bool pl_entry_has_tensor(struct pl_entry *entry, const struct pl_tensor_handle *handle)
{
    const struct pl_unit_plan plan = pl_entry_plan(entry);
    return find_tensor(&plan, handle) != NULL;
}

static pl_status find_places(const struct pl_unit_plan *plan, const struct pl_request_data *data, size_t count,
                             void **places, struct pl_error *error)
{
    for (size_t i = 0; i < count; i++) {
        PL_TRY(pl_handle_check_there(data[i].tensor, error));
        const struct pl_planned_tensor *tensor = find_tensor(plan, data[i].tensor);
        places[i] = NULL;
        if (tensor == NULL) continue;
        if (tensor->slot < 0 || tensor->late >= 0 || tensor->bytes != data[i].bytes)
            return pl_fail(error, PL_MISMATCH, "tensor '%s' is another one than when the request was submitted",
                           tensor->value.tensor->name);
        places[i] = (char *)plan->unit->bases[tensor->location.base] + tensor->location.offset;
    }
    return PL_OK;
}

void pl_request_feed(const struct pl_request *request, const struct pl_request_places *places)
{
    for (size_t i = 0; i < request->what.input_count; i++)
        if (places->inputs[i] != NULL) memcpy(places->inputs[i], request->what.inputs[i].data, request->what.inputs[i].bytes);
}

void pl_request_fetch(const struct pl_request *request, const struct pl_request_places *places)
{
    for (size_t i = 0; i < request->what.output_count; i++)
        if (places->outputs[i] != NULL)
            memcpy(request->what.outputs[i].data, places->outputs[i], request->what.outputs[i].bytes);
}

pl_status pl_request_find_places(const struct pl_request *request, const struct pl_unit_plan *plan,
                               struct pl_request_places *places, struct pl_error *error)
{
    const struct pl_submission *what = &request->what;
    if (request->cancelled) return pl_fail(error, PL_CANCELLED, "the request was cancelled");
    PL_TRY(find_places(plan, what->inputs, what->input_count, places->inputs, error));
    return find_places(plan, what->outputs, what->output_count, places->outputs, error);
}
