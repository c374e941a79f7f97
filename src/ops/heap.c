/* SPDX-License-Identifier: Apache-2.0 */
/* Heaps: see heap.h. A hole sinks to the bottom along the larger children, the right one of two
 * equal ones, and what is put in rises from there. */
#include "ops/heap.h"

static void rise(struct pl_heap_item *items, int64_t hole, int64_t top, struct pl_heap_item item)
{
    while (hole > top && items[(hole - 1) / 2].key < item.key) {
        items[hole] = items[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    items[hole] = item;
}

static void sink(struct pl_heap_item *items, int64_t top, int64_t count, struct pl_heap_item item)
{
    int64_t hole = top;
    for (int64_t child = 2 * hole + 2; child < count; child = 2 * hole + 2) {
        if (items[child].key < items[child - 1].key) child--;
        items[hole] = items[child];
        hole = child;
    }
    if (2 * hole + 2 == count) { /* a left child alone */
        items[hole] = items[2 * hole + 1];
        hole = 2 * hole + 1;
    }
    rise(items, hole, top, item);
}

void pl_heap_push(struct pl_heap_item *items, int64_t *count, struct pl_heap_item item)
{
    rise(items, (*count)++, 0, item);
}

struct pl_heap_item pl_heap_pop(struct pl_heap_item *items, int64_t *count)
{
    const struct pl_heap_item first = items[0];
    (*count)--;
    if (*count > 0) sink(items, 0, *count, items[*count]);
    return first;
}

void pl_heap_partial_sort(struct pl_heap_item *items, int64_t count, int64_t wanted)
{
    if (wanted == 0) return;
    for (int64_t top = wanted / 2 - 1; top >= 0; top--) sink(items, top, wanted, items[top]);
    for (int64_t i = wanted; i < count; i++) {
        if (items[i].key < items[0].key) {
            const struct pl_heap_item item = items[i];
            items[i] = items[0];
            sink(items, 0, wanted, item);
        }
    }
    for (int64_t last = wanted - 1; last > 0; last--) {
        int64_t left = last + 1;
        items[last] = pl_heap_pop(items, &left);
    }
}
