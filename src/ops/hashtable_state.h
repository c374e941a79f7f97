/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table in one piece of memory, which may move as a whole: a head, slots that are found by
 * hash and lead to entries, the keys and the values as the tensors had them. Of equal keys the
 * first counts. */
#ifndef PL_OPS_HASHTABLE_STATE_H
#define PL_OPS_HASHTABLE_STATE_H

#include "base/tensor_type.h"
#include "ops/strings.h"

enum { PL_TABLE_MOST = 1 << 28 }; /* entries */

/* Elements of a tensor of int64 or string. */
struct pl_table_array {
    pl_type type;
    struct pl_strings strings;
    const void *integers;
};

struct pl_table_source {
    struct pl_table_array keys, values;
    size_t key_bytes, value_bytes;
    int32_t count;
};

/* The bytes a table of this source needs. */
bool pl_table_bytes(const struct pl_table_source *source, size_t *bytes);
/* Fills as many, which are 0. */
void pl_table_fill(void *table, const struct pl_table_source *source);

/* Different keys. */
int64_t pl_table_count(const void *table);
/* The entry with element i of these keys, or -1. */
int32_t pl_table_find(const void *table, const struct pl_table_array *keys, int32_t i);
/* The value of an entry, of the type that the table has. */
int64_t pl_table_integer(const void *table, int32_t entry);
const char *pl_table_text(const void *table, int32_t entry, size_t *length);

#endif
