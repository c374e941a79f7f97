/* SPDX-License-Identifier: Apache-2.0 */
/* What goes on when a model gets another file: its entries by key, and of each the inputs and outputs, by name where the new
 * file has all the old names, else by place; their handles, and their memory where it fits. */
#include <string.h>

#include "interpreter/allocate.h"
#include "interpreter/models/models.h"
#include "interpreter/models/replacing.h"
#include "model/name_order.h"

/* ---- which is which ----------------------------------------------------------------------------------------------- */

static struct pl_named *sorted_names(struct pl_region *region, const struct pl_entry *entry, bool output)
{
    const int32_t count = pl_entry_end_count(entry, output);
    struct pl_named *names = pl_region_array(region, (size_t)count, sizeof *names);
    if (names == NULL) return NULL;
    for (int32_t i = 0; i < count; i++) names[i] = (struct pl_named){pl_entry_end_name(entry, output, i), i};
    pl_sort_names(names, (size_t)count);
    return names;
}

/* Whether every old name is there just once on both sides; places[i] is where the old one number i is now. */
static bool find_names(const struct pl_named *old, int32_t old_count, const struct pl_named *fresh, int32_t fresh_count,
                       int32_t *places)
{
    int32_t at = 0;
    for (int32_t i = 0; i < old_count; i++) {
        if (i > 0 && strcmp(old[i - 1].name, old[i].name) == 0) return false;
        while (at < fresh_count && strcmp(fresh[at].name, old[i].name) < 0) at++;
        if (at == fresh_count || strcmp(fresh[at].name, old[i].name) != 0) return false;
        if (at + 1 < fresh_count && strcmp(fresh[at + 1].name, old[i].name) == 0) return false;
        places[old[i].number] = (int32_t)fresh[at].number;
    }
    return true;
}

/* Inputs go before outputs, for a tensor that is both. */
static bool follow_ends(const struct pl_followed *followed, bool output, struct pl_region *work)
{
    const struct pl_entry *old = followed->entry, *fresh = followed->fresh;
    const int32_t old_count = pl_entry_end_count(old, output), fresh_count = pl_entry_end_count(fresh, output);
    const struct pl_named *old_names = sorted_names(work, old, output), *names = sorted_names(work, fresh, output);
    int32_t *places = pl_region_array(work, (size_t)old_count, sizeof *places);
    if (old_names == NULL || names == NULL || places == NULL) return false;
    if (!find_names(old_names, old_count, names, fresh_count, places))
        for (int32_t i = 0; i < old_count; i++) places[i] = i < fresh_count ? i : -1;
    for (int32_t i = 0; i < old_count; i++) {
        const int32_t tensor = pl_entry_end_tensor(old, output, i);
        if (places[i] < 0 || followed->to[tensor] >= 0) continue;
        const int32_t goes_to = pl_entry_end_tensor(fresh, output, places[i]);
        followed->to[tensor] = goes_to;
        if (followed->from[goes_to] < 0) followed->from[goes_to] = tensor;
    }
    return true;
}

/* Shapes that were asked for are asked of the new file, too. */
static void keep_shapes(const struct pl_followed *followed)
{
    const struct pl_subgraph *old = pl_entry_subgraph(followed->entry), *fresh = pl_entry_subgraph(followed->fresh);
    for (int32_t i = 0; i < old->input_count; i++) {
        const struct pl_shape *asked = &followed->entry->input_shapes[i];
        if (pl_shape_equal(asked, &old->tensors[old->inputs[i]].shape)) continue;
        for (int32_t k = 0; k < fresh->input_count; k++)
            if (fresh->inputs[k] == followed->to[old->inputs[i]]) followed->fresh->input_shapes[k] = *asked;
    }
}

/* ---- handles ------------------------------------------------------------------------------------------------------ */

/* Every handle of an old end stays with its tensor; an end that has none yet takes one that names nothing any more, or keeps
 * the new entry's. */
static void choose_handles(const struct pl_followed *followed)
{
    if (followed->fresh->shared != NULL) return;
    const int32_t count = pl_entry_subgraph(followed->fresh)->tensor_count;
    memcpy(followed->handles, followed->fresh->handles, (size_t)count * sizeof followed->handles[0]);
    for (struct pl_ends *ends = followed->entry->ends; ends != NULL; ends = ends->next)
        for (int32_t i = 0; i < ends->count; i++)
            if (ends->handles[i].index >= 0 && followed->to[ends->handles[i].index] >= 0)
                followed->handles[followed->to[ends->handles[i].index]] = &ends->handles[i];
    struct pl_ends *spare = followed->entry->ends;
    int32_t next = 0;
    for (int32_t i = 0; i < followed->fresh->ends->count; i++) {
        struct pl_tensor_handle *end = &followed->fresh->ends->handles[i];
        if (end->index < 0 || followed->handles[end->index] != end) continue;
        for (; spare != NULL; spare = spare->next, next = 0) {
            while (next < spare->count && spare->handles[next].index >= 0) next++;
            if (next < spare->count) break;
        }
        if (spare == NULL) return;
        followed->handles[end->index] = &spare->handles[next++];
    }
}

static bool is_in(const struct pl_ends *ends, const struct pl_tensor_handle *handle)
{
    return handle >= ends->handles && handle < ends->handles + ends->count;
}

/* Those of the entry first, which lose what ends; then what the table says. */
static void enter_handles(const struct pl_followed *followed)
{
    struct pl_entry *entry = followed->entry, *fresh = followed->fresh;
    for (struct pl_ends *ends = entry->ends; ends != NULL; ends = ends->next)
        for (int32_t i = 0; i < ends->count; i++)
            if (ends->handles[i].index >= 0) ends->handles[i].index = followed->to[ends->handles[i].index];
    if (fresh->shared != NULL) return;
    const int32_t count = pl_entry_subgraph(fresh)->tensor_count;
    bool needed = false;
    for (int32_t i = 0; i < count; i++) {
        struct pl_tensor_handle *handle = followed->handles[i];
        if (handle->entry != entry) handle->entry = entry; /* otherwise others may be reading it */
        handle->index = i;
        needed = needed || is_in(fresh->ends, followed->handles[i]);
    }
    if (!needed) return;
    for (int32_t i = 0; i < fresh->ends->count; i++) {
        struct pl_tensor_handle *end = &fresh->ends->handles[i];
        if (end->index >= 0 && followed->handles[end->index] != end) end->index = -1;
    }
    fresh->ends->next = entry->ends;
    entry->ends = fresh->ends;
    fresh->ends = NULL;
}

/* ---- entries ------------------------------------------------------------------------------------------------------ */

static pl_status follow_entry(struct pl_entry *entry, struct pl_entry *fresh, struct pl_error *error)
{
    struct pl_instance *instance = fresh->instance;
    const int32_t old_count = pl_entry_subgraph(entry)->tensor_count;
    const int32_t fresh_count = pl_entry_subgraph(fresh)->tensor_count;
    struct pl_followed *followed = pl_region_allocate(&instance->region, sizeof *followed);
    if (followed == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left to replace model '%s'", entry->name);
    *followed = (struct pl_followed){.next = instance->followed, .entry = entry, .fresh = fresh};
    followed->to = pl_region_array(&instance->region, (size_t)old_count, sizeof followed->to[0]);
    followed->from = pl_region_array(&instance->region, (size_t)fresh_count, sizeof followed->from[0]);
    followed->handles = pl_region_array(&instance->region, (size_t)fresh_count, sizeof followed->handles[0]);
    struct pl_region work;
    pl_region_init(&work, entry->interpreter->memory);
    bool found = followed->to != NULL && followed->from != NULL && followed->handles != NULL;
    for (int32_t i = 0; found && i < old_count; i++) followed->to[i] = -1;
    for (int32_t i = 0; found && i < fresh_count; i++) followed->from[i] = -1;
    found = found && follow_ends(followed, false, &work) && follow_ends(followed, true, &work);
    pl_region_clear(&work);
    if (!found) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left to replace model '%s'", entry->name);
    keep_shapes(followed);
    choose_handles(followed);
    instance->followed = followed;
    return PL_OK;
}

static struct pl_entry *find_signature(const struct pl_instance *instance, const char *key)
{
    for (int32_t i = 0; i < instance->graph->signature_count; i++)
        if (strcmp(instance->signatures[i]->signature->key, key) == 0) return instance->signatures[i];
    return NULL;
}

/* The primary entry is the first of the list: it goes before signatures that share its tensors. */
pl_status pl_follow(struct pl_instance *old, struct pl_instance *fresh, struct pl_error *error)
{
    for (int32_t i = 0; i < fresh->graph->signature_count; i++) {
        struct pl_entry *entry = find_signature(old, fresh->signatures[i]->signature->key);
        if (entry != NULL) PL_TRY(follow_entry(entry, fresh->signatures[i], error));
    }
    return follow_entry(old->primary, fresh->primary, error);
}

/* Everything that shows an entry of the new model shows the old one instead. */
static void redirect(struct pl_instance *fresh, struct pl_entry *from, struct pl_entry *to)
{
    if (fresh->primary == from) fresh->primary = to;
    for (int32_t i = 0; i < fresh->graph->signature_count; i++)
        if (fresh->signatures[i] == from) fresh->signatures[i] = to;
    for (int32_t i = 0; i < fresh->graph->subgraph_count; i++)
        if (fresh->subgraphs[i] == from) fresh->subgraphs[i] = to;
}

static void enter_entry(const struct pl_followed *followed)
{
    struct pl_entry *entry = followed->entry;
    const struct pl_entry *fresh = followed->fresh;
    entry->instance = fresh->instance;
    entry->subgraph = fresh->subgraph;
    entry->signature = fresh->signature;
    entry->shared = fresh->shared;
    entry->input_shapes = fresh->input_shapes;
    entry->unit = fresh->unit;
    entry->own_unit = fresh->own_unit;
    entry->handles = followed->handles;
}

void pl_followed_enter(struct pl_instance *fresh)
{
    for (const struct pl_followed *followed = fresh->followed; followed != NULL; followed = followed->next) {
        enter_handles(followed);
        enter_entry(followed);
        redirect(fresh, followed->fresh, followed->entry);
    }
    for (int32_t i = 0; i < fresh->graph->signature_count; i++) {
        if (fresh->signatures[i]->shared == NULL) continue;
        fresh->signatures[i]->shared = fresh->primary;
        fresh->signatures[i]->handles = fresh->primary->handles;
    }
}

void pl_followed_clear(struct pl_instance *fresh)
{
    for (const struct pl_followed *followed = fresh->followed; followed != NULL; followed = followed->next)
        pl_entry_destroy(followed->fresh);
    fresh->followed = NULL;
}

/* ---- memory ------------------------------------------------------------------------------------------------------- */

/* A tensor of one of a model's subgraphs. */
struct end {
    int32_t subgraph;
    int32_t tensor;
};

static struct end came_from(const struct pl_instance *fresh, struct end end)
{
    for (const struct pl_followed *followed = fresh->followed; followed != NULL; followed = followed->next)
        if (followed->fresh->subgraph == end.subgraph && followed->from[end.tensor] >= 0)
            return (struct end){followed->entry->subgraph, followed->from[end.tensor]};
    return (struct end){-1, -1};
}

static struct end goes_to(const struct pl_instance *fresh, struct end end)
{
    for (const struct pl_followed *followed = fresh->followed; followed != NULL; followed = followed->next)
        if (followed->entry->subgraph == end.subgraph && followed->to[end.tensor] >= 0)
            return (struct end){followed->fresh->subgraph, followed->to[end.tensor]};
    return (struct end){-1, -1};
}

/* No memory goes to two. */
struct pl_buffer *pl_followed_buffer(const struct pl_instance *fresh, const struct pl_slot *slot)
{
    if (fresh->followed == NULL || slot->is_state || slot->tensor < 0) return NULL;
    const struct pl_instance *old = fresh->followed->entry->instance;
    const struct end end = {slot->subgraph, slot->tensor}, before = came_from(fresh, end);
    if (before.tensor < 0) return NULL;
    const struct end back = goes_to(fresh, before);
    if (back.subgraph != end.subgraph || back.tensor != end.tensor) return NULL;
    if (old->graph->subgraphs[before.subgraph].tensors[before.tensor].type !=
        fresh->graph->subgraphs[end.subgraph].tensors[end.tensor].type)
        return NULL;
    struct pl_buffer *buffer = old->buffers;
    while (buffer != NULL && (buffer->slot.is_state || buffer->slot.subgraph != before.subgraph ||
                              buffer->slot.tensor != before.tensor || buffer->slot.sized != slot->sized))
        buffer = buffer->next;
    return buffer != NULL && pl_buffer_serves(buffer, slot) ? buffer : NULL;
}

static void take_buffers(struct pl_instance *old, struct pl_instance *fresh, const struct pl_unit_plan *plan)
{
    const struct pl_program *program = plan->unit->next_program;
    for (int32_t i = 0; program != NULL && i < program->slot_count; i++) {
        const struct pl_slot *slot = &program->slots[i];
        if (pl_unit_plan_member(plan, slot) != fresh || pl_buffer_find(fresh, slot) != NULL) continue;
        struct pl_buffer *buffer = pl_followed_buffer(fresh, slot), **at = &old->buffers;
        if (buffer == NULL) continue;
        while (*at != buffer) at = &(*at)->next;
        *at = buffer->next;
        buffer->slot = *slot;
        buffer->next = fresh->buffers;
        fresh->buffers = buffer;
    }
}

void pl_followed_take_buffers(struct pl_instance *old, struct pl_instance *fresh)
{
    take_buffers(old, fresh, &(struct pl_unit_plan){.unit = &fresh->component->unit, .component = fresh->component});
    for (int32_t i = 0; pl_instance_unit(fresh, i) != NULL; i++)
        take_buffers(old, fresh, &(struct pl_unit_plan){.unit = pl_instance_unit(fresh, i), .owner = fresh});
}
