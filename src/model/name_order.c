/* SPDX-License-Identifier: Apache-2.0 */
#include "model/name_order.h"

#include <stdbool.h>
#include <string.h>

static bool comes_before(const struct pl_named *a, const struct pl_named *b)
{
    const int order = strcmp(a->name, b->name);
    return order != 0 ? order < 0 : a->number < b->number;
}

static void swap(struct pl_named *a, struct pl_named *b)
{
    const struct pl_named kept = *a;
    *a = *b;
    *b = kept;
}

/* Restores the heap of [0, count) below `top`: every item comes after its two children. */
static void sink(struct pl_named *items, size_t top, size_t count)
{
    for (;;) {
        size_t child = 2 * top + 1;
        if (child >= count) return;
        if (child + 1 < count && comes_before(&items[child], &items[child + 1])) child++;
        if (!comes_before(&items[top], &items[child])) return;
        swap(&items[top], &items[child]);
        top = child;
    }
}

/* Heap sort: the C library's qsort() may allocate. */
void pl_sort_names(struct pl_named *items, size_t count)
{
    for (size_t i = count / 2; i-- > 0;) sink(items, i, count);
    for (size_t i = count; i-- > 1;) {
        swap(&items[0], &items[i]);
        sink(items, 0, i);
    }
}
