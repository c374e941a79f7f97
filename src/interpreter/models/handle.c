/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors as callers see them. */
#include <string.h>

#include "graph/asleep.h"
#include "interpreter/models/models.h"
#include "interpreter/run.h"

struct pl_entry *pl_handle_entry(const struct pl_tensor_handle *handle)
{
    return handle->entry;
}

const struct pl_tensor *pl_handle_tensor(const struct pl_tensor_handle *handle)
{
    return &pl_entry_subgraph(handle->entry)->tensors[handle->index];
}

int32_t pl_handle_index(const struct pl_tensor_handle *handle)
{
    return handle->index;
}

const struct pl_planned_tensor *pl_handle_planned(const struct pl_tensor_handle *handle)
{
    const struct pl_unit *unit = handle->entry->unit;
    if (unit->program == NULL) return NULL;
    const struct pl_graph *graph = unit->program->graph;
    const int32_t first = graph->member_tensors == NULL ? 0 : graph->member_tensors[handle->entry->instance->member];
    return &unit->program->block->tensors[first + handle->index];
}

static const struct pl_shape *wanted_shape(const struct pl_tensor_handle *handle)
{
    const struct pl_entry *entry = handle->entry->shared != NULL ? handle->entry->shared : handle->entry;
    const struct pl_subgraph *subgraph = pl_entry_subgraph(entry);
    for (int32_t i = 0; i < subgraph->input_count; i++)
        if (subgraph->inputs[i] == handle->index) return &entry->input_shapes[i];
    return NULL;
}

/* What running has made of a tensor that is late; NULL for any other. */
static const struct pl_late_slot *late_slot(const struct pl_tensor_handle *handle)
{
    const struct pl_planned_tensor *tensor = pl_handle_planned(handle);
    return tensor != NULL && tensor->late >= 0 ? handle->entry->unit->late->slots[tensor->late] : NULL;
}

bool pl_handle_is_late(const struct pl_tensor_handle *handle)
{
    return late_slot(handle) != NULL;
}

const struct pl_shape *pl_handle_shape(const struct pl_tensor_handle *handle)
{
    const bool stale = handle->entry->unit->stale;
    const struct pl_shape *wanted = stale ? wanted_shape(handle) : NULL;
    if (wanted != NULL) return wanted;
    const struct pl_planned_tensor *tensor = pl_handle_planned(handle);
    const struct pl_late_slot *late = late_slot(handle);
    if (late != NULL && late->value.known) return &late->value.shape;
    return tensor != NULL ? &tensor->value.shape : &pl_handle_tensor(handle)->shape;
}

size_t pl_handle_bytes(const struct pl_tensor_handle *handle)
{
    const struct pl_planned_tensor *tensor = pl_handle_planned(handle);
    const struct pl_late_slot *late = late_slot(handle);
    if (late != NULL) return late->value.known ? late->value.bytes : 0;
    size_t bytes = 0;
    const struct pl_value value = {.tensor = pl_handle_tensor(handle),
                                   .shape = *pl_handle_shape(handle),
                                   .bytes = tensor == NULL ? 0 : tensor->bytes};
    return pl_value_bytes(&value, &bytes) ? bytes : 0;
}

/* Of which only packed forms are left, or which sleeps, has no bytes. */
static void *constant_data(const struct pl_tensor_handle *handle, const struct pl_constant *constant)
{
    if (constant == NULL) return NULL;
    return (void *)(uintptr_t)pl_constant_look(handle->entry->interpreter->store, constant);
}

void *pl_handle_data(const struct pl_tensor_handle *handle)
{
    const struct pl_planned_tensor *tensor = pl_handle_planned(handle);
    const struct pl_unit *unit = handle->entry->unit;
    if (tensor == NULL || unit->stale) return constant_data(handle, pl_handle_tensor(handle)->constant);
    if (tensor->late >= 0 && !late_slot(handle)->value.known) return NULL;
    if (tensor->slot >= 0) return unit->bases[unit->program->slots[tensor->slot].base];
    return constant_data(handle, tensor->value.holder);
}

static bool feeds_from_link(const struct pl_tensor_handle *handle)
{
    const struct pl_instance *instance = handle->entry->instance;
    for (int32_t i = 0; i < instance->interpreter->link_count; i++) {
        const struct pl_model_link *link = &instance->interpreter->links[i];
        if (link->to == instance && link->to_tensor == handle->index && handle->entry->subgraph == 0) return true;
    }
    return false;
}

static pl_status check_allocated(const struct pl_tensor_handle *handle, struct pl_error *error)
{
    if (pl_entry_is_allocated(handle->entry)) return PL_OK;
    return pl_fail(error, PL_NOT_ALLOCATED, "model '%s' changed since it was allocated; call allocate first",
                   handle->entry->name);
}

pl_status pl_handle_check_there(const struct pl_tensor_handle *handle, struct pl_error *error)
{
    if (handle->index >= 0) return PL_OK;
    return pl_fail(error, PL_NOT_FOUND, "model '%s' has no such tensor since it was replaced", handle->entry->name);
}

static pl_status check_copy(const struct pl_tensor_handle *handle, size_t bytes, struct pl_error *error)
{
    const char *model = handle->entry->name;
    const char *name = pl_handle_tensor(handle)->name;
    char text[PL_SHAPE_TEXT_BYTES];
    const bool is_constant = pl_handle_tensor(handle)->constant != NULL;
    if (!is_constant) PL_TRY(check_allocated(handle, error));
    if (late_slot(handle) != NULL && !late_slot(handle)->value.known)
        return pl_fail(error, PL_NOT_ALLOCATED, "model '%s': tensor '%s' has no bytes yet: its size is known once it is "
                       "fed or computed", model, name);
    if (bytes != pl_handle_bytes(handle))
        return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s': tensor '%s' (%s %s) has %zu bytes, found %zu", model,
                       name, pl_type_name(pl_handle_tensor(handle)->type),
                       pl_shape_text(pl_handle_shape(handle), text), pl_handle_bytes(handle), bytes);
    if (pl_handle_data(handle) == NULL)
        return pl_fail(error, PL_INVALID_ARGUMENT,
                       "model '%s': tensor '%s' lives in the arena: only inputs, outputs and variables keep their bytes",
                       model, name);
    return PL_OK;
}

pl_status pl_handle_check_request(const struct pl_tensor_handle *handle, size_t bytes, bool output, struct pl_error *error)
{
    const char *model = handle->entry->name;
    PL_TRY(pl_handle_check_there(handle, error));
    const struct pl_planned_tensor *tensor = pl_handle_planned(handle);
    const char *name = pl_handle_tensor(handle)->name;
    if (pl_handle_tensor(handle)->type == PL_STRING || (tensor != NULL && tensor->late >= 0))
        return pl_fail(error, PL_UNSUPPORTED, "model '%s': tensor '%s' has a size that only running tells: write it before "
                       "the request, or read it when that has ended", model, name);
    PL_TRY(check_copy(handle, bytes, error));
    if (!output && (feeds_from_link(handle) || tensor->slot < 0))
        return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s': tensor '%s' is not an input that can be fed", model, name);
    return PL_OK;
}

/* Where an input is that may be fed. */
static pl_status find_input(const struct pl_tensor_handle *handle, size_t bytes, void **to, struct pl_error *error)
{
    const char *model = handle->entry->name;
    PL_TRY(pl_handle_check_there(handle, error));
    if (feeds_from_link(handle))
        return pl_fail(error, PL_INVALID_ARGUMENT,
                       "model '%s': input '%s' is linked: its producer feeds it, or rows that are pushed; feed these, or unlink",
                       model, pl_handle_tensor(handle)->name);
    *to = NULL;
    if (pl_handle_tensor(handle)->type == PL_STRING) return check_allocated(handle, error);
    PL_TRY(check_copy(handle, bytes, error));
    if (pl_handle_planned(handle)->slot < 0)
        return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s': tensor '%s' is a constant", model,
                       pl_handle_tensor(handle)->name);
    *to = pl_handle_data(handle);
    return PL_OK;
}

/* The lock is held to find the memory, which stays where it is if the model is replaced by a file that it fits. */
pl_status pl_handle_write(struct pl_tensor_handle *handle, const void *data, size_t bytes, struct pl_error *error)
{
    struct pl_interpreter *interpreter = handle->entry->interpreter;
    void *to = NULL;
    pl_lock(interpreter);
    pl_status status = find_input(handle, bytes, &to, error);
    if (status == PL_OK && to == NULL) status = pl_handle_feed_strings(handle, data, bytes, error);
    pthread_mutex_unlock(&interpreter->lock);
    if (status == PL_OK && to != NULL) memcpy(to, data, bytes);
    return status;
}

pl_status pl_handle_read(const struct pl_tensor_handle *handle, void *data, size_t bytes, struct pl_error *error)
{
    struct pl_interpreter *interpreter = handle->entry->interpreter;
    pl_lock(interpreter);
    pl_status status = pl_handle_check_there(handle, error);
    if (status == PL_OK) status = check_copy(handle, bytes, error);
    const void *from = status == PL_OK ? pl_handle_data(handle) : NULL;
    pthread_mutex_unlock(&interpreter->lock);
    if (status == PL_OK) memcpy(data, from, bytes);
    return status;
}

struct pl_tensor_view pl_handle_look(const struct pl_tensor_handle *handle)
{
    struct pl_interpreter *interpreter = handle->entry->interpreter;
    pl_lock(interpreter);
    struct pl_tensor_view view = {.index = -1};
    if (handle->index >= 0)
        view = (struct pl_tensor_view){handle->index, pl_handle_tensor(handle)->type, *pl_handle_shape(handle),
                                       pl_handle_bytes(handle), pl_handle_data(handle)};
    pthread_mutex_unlock(&interpreter->lock);
    return view;
}

/* A buffer of the model whose program has this slot; a linked input's is its producer's. */
static struct pl_buffer *find_buffer(const struct pl_tensor_handle *handle, const struct pl_slot *slot)
{
    const struct pl_component *component = handle->entry->instance->component;
    const bool joined = handle->entry->unit->program->graph->members != NULL;
    return pl_buffer_find(joined ? component->members[slot->member] : handle->entry->instance, slot);
}

static pl_status bind(struct pl_tensor_handle *handle, void *memory, struct pl_error *error)
{
    struct pl_unit *unit = handle->entry->unit;
    const struct pl_planned_tensor *tensor = pl_handle_planned(handle);
    const char *model = handle->entry->name;
    const char *name = pl_handle_tensor(handle)->name;
    if (tensor->late >= 0)
        return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s': tensor '%s' gets its size while running: it cannot be "
                       "bound to memory", model, name);
    if (tensor->slot < 0 || unit->program->slots[tensor->slot].is_state)
        return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s': tensor '%s' is neither an input nor an output", model,
                       name);
    if (handle->entry->instance->component->busy) return pl_fail(error, PL_BUSY, "model '%s' is running", model);
    const struct pl_slot *slot = &unit->program->slots[tensor->slot];
    struct pl_buffer *buffer = find_buffer(handle, slot);
    buffer->data = memory != NULL ? memory : buffer->own;
    unit->bases[slot->base] = buffer->data;
    return PL_OK;
}

pl_status pl_handle_bind(struct pl_tensor_handle *handle, void *memory, size_t bytes, struct pl_error *error)
{
    struct pl_interpreter *interpreter = handle->entry->interpreter;
    if ((uintptr_t)memory % 16 != 0)
        return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s': memory for tensor '%s' is not aligned to 16 bytes",
                       handle->entry->name, pl_handle_tensor(handle)->name);
    pl_lock(interpreter);
    pl_status status = PL_OK;
    if (memory != NULL || pl_handle_data(handle) == NULL) status = check_copy(handle, bytes, error);
    if (status == PL_OK) status = bind(handle, memory, error);
    pthread_mutex_unlock(&interpreter->lock);
    return status;
}
