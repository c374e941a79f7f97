/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of slots, and memory that gets its size while running. */
#include <string.h>

#include "interpreter/models/models.h"
#include "interpreter/run.h"

static bool same_identity(const struct pl_slot *a, const struct pl_slot *b)
{
    if (a->tensor != b->tensor || a->is_state != b->is_state || a->sized != b->sized) return false;
    if (a->state_key != NULL && b->state_key != NULL) return strcmp(a->state_key, b->state_key) == 0;
    return a->state_key == b->state_key && a->subgraph == b->subgraph && a->operator_index == b->operator_index &&
           a->state_index == b->state_index;
}

struct pl_buffer *pl_buffer_find(const struct pl_instance *instance, const struct pl_slot *slot)
{
    struct pl_buffer *buffer = instance->buffers;
    while (buffer != NULL && !same_identity(&buffer->slot, slot)) buffer = buffer->next;
    return buffer;
}

bool pl_sized_reserve(struct pl_memory *memory, struct pl_sized *sized, size_t bytes)
{
    if (bytes > sized->capacity) {
        pl_sized_clear(memory, sized);
        sized->data = pl_allocate(memory, bytes);
        if (sized->data == NULL) return false;
        sized->capacity = bytes;
    }
    sized->bytes = bytes;
    return true;
}

bool pl_sized_resize(struct pl_memory *memory, struct pl_sized *sized, size_t bytes)
{
    struct pl_sized fresh = {0};
    const size_t kept = bytes < sized->bytes ? bytes : sized->bytes;
    if (bytes > sized->capacity) {
        if (!pl_sized_reserve(memory, &fresh, bytes)) return false;
        if (kept > 0) memcpy(fresh.data, sized->data, kept);
        pl_sized_clear(memory, sized);
        *sized = fresh;
    }
    sized->bytes = bytes;
    if (bytes > kept) memset((char *)sized->data + kept, 0, bytes - kept);
    return true;
}

void pl_sized_clear(struct pl_memory *memory, struct pl_sized *sized)
{
    pl_free(memory, sized->data, sized->capacity);
    *sized = (struct pl_sized){0};
}

void pl_buffer_reset(const struct pl_buffer *buffer)
{
    if (buffer->slot.sized) ((struct pl_sized *)buffer->own)->bytes = 0;
    else memset(buffer->data, buffer->slot.reset_byte, buffer->bytes);
}

static size_t own_bytes(const struct pl_slot *slot)
{
    if (slot->sized) return slot->tensor >= 0 ? sizeof(struct pl_late_slot) : sizeof(struct pl_sized);
    return slot->bytes;
}

bool pl_buffer_serves(const struct pl_buffer *buffer, const struct pl_slot *slot)
{
    return slot->sized || buffer->bytes == slot->bytes;
}

static bool take_own(struct pl_memory *memory, struct pl_buffer *buffer)
{
    const struct pl_slot *slot = &buffer->slot;
    buffer->bytes = own_bytes(slot);
    buffer->own = pl_allocate_zero(memory, buffer->bytes);
    buffer->data = buffer->own;
    if (buffer->own == NULL) return false;
    if (slot->sized) return slot->bytes == 0 || pl_sized_reserve(memory, buffer->own, slot->bytes);
    return true;
}

/* The key is copied behind the struct: the program it came from may go before the buffer does. */
struct pl_buffer *pl_buffer_create(struct pl_memory *memory, const struct pl_slot *slot)
{
    const size_t key_bytes = slot->state_key == NULL ? 0 : strlen(slot->state_key) + 1;
    struct pl_buffer *buffer = pl_allocate_zero(memory, sizeof *buffer + key_bytes);
    if (buffer == NULL) return NULL;
    buffer->slot = *slot;
    if (key_bytes > 0) buffer->slot.state_key = memcpy(buffer + 1, slot->state_key, key_bytes);
    if (take_own(memory, buffer)) {
        pl_buffer_reset(buffer);
        return buffer;
    }
    pl_buffer_destroy(memory, buffer);
    return NULL;
}

void pl_buffer_destroy(struct pl_memory *memory, struct pl_buffer *buffer)
{
    if (buffer == NULL) return;
    const size_t key_bytes = buffer->slot.state_key == NULL ? 0 : strlen(buffer->slot.state_key) + 1;
    if (buffer->slot.sized && buffer->own != NULL) pl_sized_clear(memory, buffer->own);
    pl_free(memory, buffer->own, buffer->bytes);
    pl_free(memory, buffer, sizeof *buffer + key_bytes);
}

void pl_buffers_destroy(struct pl_memory *memory, struct pl_buffer *first)
{
    while (first != NULL) {
        struct pl_buffer *buffer = first;
        first = buffer->next;
        pl_buffer_destroy(memory, buffer);
    }
}

void pl_buffer_let_go(struct pl_interpreter *interpreter, const struct pl_component *component, struct pl_buffer *buffer)
{
    struct pl_component *runner = component->runner;
    if (runner == NULL || buffer == NULL) {
        pl_buffer_destroy(interpreter->memory, buffer);
        return;
    }
    buffer->next = runner->outgoing_buffers;
    runner->outgoing_buffers = buffer;
}

bool pl_buffer_fit(struct pl_memory *memory, struct pl_buffer *buffer, const struct pl_slot *slot)
{
    if (pl_buffer_serves(buffer, slot)) return true;
    const size_t bytes = slot->bytes;
    void *fresh = pl_allocate(memory, bytes);
    if (fresh == NULL) return false;
    pl_free(memory, buffer->own, buffer->bytes);
    buffer->data = buffer->own = fresh;
    buffer->bytes = buffer->slot.bytes = bytes;
    pl_buffer_reset(buffer);
    return true;
}

size_t pl_buffer_bytes(const struct pl_buffer *buffer)
{
    return buffer->bytes + (buffer->slot.sized ? ((const struct pl_sized *)buffer->own)->capacity : 0);
}
