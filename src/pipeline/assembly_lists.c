/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of a file under construction, and fields of its records. */
#include <string.h>

#include "pipeline/assembly_internal.h"

enum { FIRST_ROOM = 64 };

pl_status pl_assembly_no_memory(const struct pl_assembly *assembly)
{
    return pl_fail(assembly->error, PL_OUT_OF_MEMORY, "no memory left to put the model together");
}

void pl_record_set_integer(struct pl_record *record, enum pl_field field, int64_t value)
{
    pl_record_value_of(record, field)->integer = value;
}

void pl_record_set_vector(struct pl_record *record, enum pl_field field, const void *data,
                          uint32_t count)
{
    union pl_record_value *value = pl_record_value_of(record, field);
    value->vector.data = data;
    value->vector.count = count;
}

void pl_record_set_text(struct pl_record *record, enum pl_field field, const char *text)
{
    pl_record_set_vector(record, field, text, (uint32_t)strlen(text));
}

uint32_t pl_record_count(const struct pl_record *record, enum pl_field field)
{
    uint32_t count = 0;
    (void)pl_record_vector(record, field, &count);
    return count;
}

char *pl_assembly_text(struct pl_assembly *assembly, const char *first, const char *between,
                       const char *last)
{
    const size_t a = strlen(first), b = strlen(between), c = strlen(last);
    char *text = pl_region_array(&assembly->region, a + b + c + 1, 1);
    if (text == NULL) return NULL;
    memcpy(text, first, a);
    memcpy(text + a, between, b);
    memcpy(text + a + b, last, c);
    return text;
}

bool pl_assembly_make_room(struct pl_assembly *assembly, void *array, uint32_t count, uint32_t *room,
                           size_t item_bytes)
{
    const void *items = NULL;
    if (count < *room) return true;
    const uint32_t more = *room == 0 ? FIRST_ROOM : 2 * *room;
    void *fresh = pl_region_array(&assembly->region, more, item_bytes);
    if (fresh == NULL) return false;
    memcpy(&items, array, sizeof items);
    if (count > 0) memcpy(fresh, items, count * item_bytes);
    memcpy(array, &fresh, sizeof fresh);
    *room = more;
    return true;
}

pl_status pl_assembly_add(struct pl_assembly *assembly, struct pl_record_list *list,
                          const struct pl_record *record)
{
    if (list->count >= INT32_MAX / 4 ||
        !pl_assembly_make_room(assembly, &list->items, list->count, &list->room, sizeof(void *)))
        return pl_assembly_no_memory(assembly);
    list->items[list->count++] = record;
    return PL_OK;
}

pl_status pl_assembly_add_with(struct pl_assembly *assembly, struct pl_record_list *list,
                               const struct pl_record *record, void *array, const void *item,
                               size_t item_bytes)
{
    void *items = NULL;
    uint32_t room = list->room; /* the list itself grows likewise */
    if (!pl_assembly_make_room(assembly, array, list->count, &room, item_bytes))
        return pl_assembly_no_memory(assembly);
    PL_TRY(pl_assembly_add(assembly, list, record));
    memcpy(&items, array, sizeof items);
    memcpy((char *)items + (list->count - 1) * item_bytes, item, item_bytes);
    return PL_OK;
}
