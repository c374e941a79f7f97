/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors of strings as callers see them. An input takes any number of bytes, so that its memory may be another one after
 * it was fed. */
#include <string.h>

#include "base/checked.h"
#include "interpreter/models/models.h"
#include "interpreter/run.h"
#include "ops/strings.h"

/* ---- feeding ------------------------------------------------------------------------------------------------------ */

/* The memory of what there was may go: not while it is read. */
static pl_status replace(struct pl_tensor_handle *handle, const void *data, size_t bytes, struct pl_error *error)
{
    struct pl_unit *unit = handle->entry->unit;
    struct pl_memory *memory = handle->entry->interpreter->memory;
    const struct pl_planned_tensor *tensor = pl_handle_planned(handle);
    struct pl_late_slot *slot = unit->late->slots[tensor->late];
    struct pl_sized fresh = {0};
    if (handle->entry->instance->component->busy)
        return pl_fail(error, PL_BUSY, "model '%s' is running", handle->entry->name);
    if (bytes > slot->memory.capacity) {
        if (!pl_sized_reserve(memory, &fresh, bytes))
            return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left for %zu bytes of strings", bytes);
        memcpy(fresh.data, data, bytes);
        pl_sized_clear(memory, &slot->memory);
        slot->memory = fresh;
    } else {
        memmove(slot->memory.data, data, bytes); /* it may be what is there */
    }
    unit->bases[tensor->location.base] = slot->memory.data;
    slot->value = (struct pl_late_value){tensor->value.shape, bytes, true};
    return PL_OK;
}

static bool is_input(const struct pl_tensor_handle *handle)
{
    const struct pl_subgraph *subgraph = pl_entry_subgraph(handle->entry);
    for (int32_t i = 0; i < subgraph->input_count; i++)
        if (subgraph->inputs[i] == handle->index) return true;
    return false;
}

static pl_status check(const struct pl_tensor_handle *handle, const void *data, size_t bytes, struct pl_error *error)
{
    const char *model = handle->entry->name;
    const char *name = pl_handle_tensor(handle)->name;
    const struct pl_shape *shape = pl_handle_shape(handle);
    struct pl_strings strings;
    char text[PL_SHAPE_TEXT_BYTES];
    if (!is_input(handle) || pl_handle_planned(handle)->late < 0)
        return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s': tensor '%s' of strings is no input", model, name);
    if (!pl_strings_open(data, bytes, &strings))
        return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s': tensor '%s': %zu bytes are no buffer of strings (count, "
                       "offsets, characters)", model, name, bytes);
    if (strings.count == pl_shape_count(shape)) return PL_OK;
    return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s': tensor '%s' takes %s strings, found %d", model, name,
                   pl_shape_text(shape, text), (int)strings.count);
}

pl_status pl_handle_feed_strings(struct pl_tensor_handle *handle, const void *data, size_t bytes,
                                 struct pl_error *error)
{
    PL_TRY(check(handle, data, bytes, error));
    return replace(handle, data, bytes, error);
}

static size_t length_of(const char *const *texts, const size_t *lengths, size_t index)
{
    return lengths != NULL ? lengths[index] : strlen(texts[index]);
}

static bool count_bytes(const char *const *texts, const size_t *lengths, size_t count, size_t *bytes)
{
    size_t characters = 0;
    for (size_t i = 0; i < count; i++)
        if (!pl_size_add(characters, length_of(texts, lengths, i), &characters)) return false;
    return count <= INT32_MAX && pl_strings_bytes((int64_t)count, characters, bytes);
}

pl_status pl_handle_write_strings(struct pl_tensor_handle *handle, const char *const *texts, const size_t *lengths,
                                  size_t count, struct pl_error *error)
{
    struct pl_memory *memory = handle->entry->interpreter->memory;
    const char *name = pl_handle_tensor(handle)->name;
    size_t bytes = 0;
    if (pl_handle_tensor(handle)->type != PL_STRING)
        return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s': tensor '%s' holds %s, no strings",
                       handle->entry->name, name, pl_type_name(pl_handle_tensor(handle)->type));
    if (!count_bytes(texts, lengths, count, &bytes))
        return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s': tensor '%s': %zu strings are too large for one tensor",
                       handle->entry->name, name, count);
    void *data = pl_allocate(memory, bytes);
    if (data == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left for %zu bytes of strings", bytes);
    struct pl_strings_writer writer;
    pl_strings_begin(&writer, data, (int32_t)count);
    for (size_t i = 0; i < count; i++) pl_strings_add(&writer, texts[i], length_of(texts, lengths, i));
    const pl_status status = pl_handle_write(handle, data, bytes, error);
    pl_free(memory, data, bytes);
    return status;
}

/* ---- looking ------------------------------------------------------------------------------------------------------ */

static pl_status find_string(const struct pl_tensor_handle *handle, size_t index, const char **text, size_t *length,
                             struct pl_error *error)
{
    const char *model = handle->entry->name;
    const char *name = pl_handle_tensor(handle)->name;
    const void *data = pl_handle_data(handle);
    struct pl_strings strings;
    if (pl_handle_tensor(handle)->type != PL_STRING)
        return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s': tensor '%s' holds %s, no strings", model, name,
                       pl_type_name(pl_handle_tensor(handle)->type));
    if (data == NULL || !pl_strings_open(data, pl_handle_bytes(handle), &strings))
        return pl_fail(error, PL_NOT_ALLOCATED, "model '%s': tensor '%s' has no strings yet", model, name);
    if (index >= (size_t)strings.count)
        return pl_fail(error, PL_NOT_FOUND, "model '%s': tensor '%s' has %d strings, there is no string %zu", model,
                       name, (int)strings.count, index);
    *text = pl_strings_at(&strings, (int32_t)index, length);
    return PL_OK;
}

pl_status pl_handle_string(const struct pl_tensor_handle *handle, size_t index, const char **text, size_t *length,
                           struct pl_error *error)
{
    struct pl_interpreter *interpreter = handle->entry->interpreter;
    pl_lock(interpreter);
    const pl_status status = find_string(handle, index, text, length, error);
    pthread_mutex_unlock(&interpreter->lock);
    return status;
}
