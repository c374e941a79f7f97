/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "interpreter/interpreter_internal.h"

static bool same_identity(const struct pl_slot *a, const struct pl_slot *b)
{
    if (a->tensor != b->tensor || a->is_state != b->is_state) return false;
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

void pl_buffer_reset(const struct pl_buffer *buffer)
{
    memset(buffer->data, buffer->slot.reset_byte, buffer->bytes);
}

/* The key is copied behind the struct: the program it came from may go before the buffer does. */
struct pl_buffer *pl_buffer_create(struct pl_memory *memory, const struct pl_slot *slot)
{
    const size_t key_bytes = slot->state_key == NULL ? 0 : strlen(slot->state_key) + 1;
    struct pl_buffer *buffer = pl_allocate_zero(memory, sizeof *buffer + key_bytes);
    if (buffer == NULL) return NULL;
    buffer->slot = *slot;
    buffer->bytes = slot->bytes;
    if (key_bytes > 0) buffer->slot.state_key = memcpy(buffer + 1, slot->state_key, key_bytes);
    buffer->own = pl_allocate(memory, slot->bytes);
    if (buffer->own == NULL) {
        pl_free(memory, buffer, sizeof *buffer + key_bytes);
        return NULL;
    }
    buffer->data = buffer->own;
    pl_buffer_reset(buffer);
    return buffer;
}

void pl_buffer_destroy(struct pl_memory *memory, struct pl_buffer *buffer)
{
    if (buffer == NULL) return;
    const size_t key_bytes = buffer->slot.state_key == NULL ? 0 : strlen(buffer->slot.state_key) + 1;
    pl_free(memory, buffer->own, buffer->bytes);
    pl_free(memory, buffer, sizeof *buffer + key_bytes);
}
