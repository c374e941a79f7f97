/* SPDX-License-Identifier: Apache-2.0 */
/* Hash tables in one piece of memory: see hashtable_state.h. */
#include "ops/hashtable_state.h"

#include <string.h>

#include "base/checked.h"
#include "base/hash.h"

/* The slots follow, then the keys and the values. */
struct head {
    int64_t used;   /* different keys */
    uint64_t slots; /* a power of two, above the number of entries */
    uint64_t keys;  /* where they begin */
    uint64_t values;
    int32_t key_type; /* pl_type; values have the other one */
    int32_t count;
    uint64_t unused[3];
};
_Static_assert(sizeof(struct head) == 64, "slots are aligned");

static uint64_t slots_for(int32_t count)
{
    uint64_t slots = 2;
    while (slots < 2 * (uint64_t)count) slots *= 2;
    return slots;
}

bool pl_table_bytes(const struct pl_table_source *source, size_t *bytes)
{
    size_t keys = 0;
    const size_t front = sizeof(struct head) + (size_t)slots_for(source->count) * sizeof(int32_t);
    return pl_size_add(front, source->key_bytes, &keys) && pl_size_round_up(keys, 8, &keys) &&
           pl_size_add(keys, source->value_bytes, bytes);
}

/* The bytes of element i. */
static const char *element(const struct pl_table_array *array, int32_t i, size_t *length)
{
    if (array->type == PL_STRING) return pl_strings_at(&array->strings, i, length);
    *length = sizeof(int64_t);
    return (const char *)array->integers + (size_t)i * sizeof(int64_t);
}

/* The elements that stand in the table. */
static struct pl_table_array stored(const void *table, bool keys)
{
    const struct head *head = table;
    const char *data = (const char *)table + (keys ? head->keys : head->values);
    struct pl_table_array array = {.type = keys == (head->key_type == PL_STRING) ? PL_STRING
                                                                                 : PL_INT64};
    if (array.type == PL_STRING) array.strings = (struct pl_strings){data, head->count};
    else array.integers = data;
    return array;
}

/* The slot of a key: the one that leads to it, or the free one where it belongs. */
static uint64_t find_slot(const void *table, const struct pl_table_array *entries, const char *key,
                          size_t length)
{
    const struct head *head = table;
    const int32_t *slots = (const int32_t *)(const void *)(head + 1);
    uint64_t slot = pl_hash_bytes(key, length) & (head->slots - 1);
    for (; slots[slot] != 0; slot = (slot + 1) & (head->slots - 1)) {
        size_t other_length = 0;
        const char *other = element(entries, slots[slot] - 1, &other_length);
        if (other_length == length && memcmp(other, key, length) == 0) break;
    }
    return slot;
}

void pl_table_fill(void *table, const struct pl_table_source *source)
{
    struct head *head = table;
    int32_t *slots = (int32_t *)(void *)(head + 1);
    size_t values = 0;
    head->slots = slots_for(source->count);
    head->keys = sizeof *head + head->slots * sizeof *slots;
    pl_size_round_up((size_t)head->keys + source->key_bytes, 8, &values); /* see pl_table_bytes() */
    head->values = values;
    head->key_type = (int32_t)source->keys.type;
    head->count = source->count;
    const bool text_keys = source->keys.type == PL_STRING;
    if (source->key_bytes > 0)
        memcpy((char *)table + head->keys,
               text_keys ? (const void *)source->keys.strings.data : source->keys.integers,
               source->key_bytes);
    if (source->value_bytes > 0)
        memcpy((char *)table + head->values,
               text_keys ? source->values.integers : (const void *)source->values.strings.data,
               source->value_bytes);
    const struct pl_table_array entries = stored(table, true);
    for (int32_t i = 0; i < source->count; i++) {
        size_t length = 0;
        const char *key = element(&entries, i, &length);
        const uint64_t slot = find_slot(table, &entries, key, length);
        if (slots[slot] != 0) continue;
        slots[slot] = i + 1;
        head->used++;
    }
}

int64_t pl_table_count(const void *table)
{
    const struct head *head = table;
    return head->used;
}

int32_t pl_table_find(const void *table, const struct pl_table_array *keys, int32_t i)
{
    const struct head *head = table;
    const struct pl_table_array entries = stored(table, true);
    size_t length = 0;
    const char *key = element(keys, i, &length);
    return ((const int32_t *)(const void *)(head + 1))[find_slot(table, &entries, key, length)] - 1;
}

int64_t pl_table_integer(const void *table, int32_t entry)
{
    const struct pl_table_array values = stored(table, false);
    return ((const int64_t *)values.integers)[entry];
}

const char *pl_table_text(const void *table, int32_t entry, size_t *length)
{
    const struct pl_table_array values = stored(table, false);
    return element(&values, entry, length);
}
