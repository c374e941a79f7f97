/* SPDX-License-Identifier: Apache-2.0 */
/* A heap with the largest key in front. Among equal keys the order is that of the GNU C++ library,
 * with which TensorFlow Lite is built: what std::priority_queue and std::partial_sort give there
 * decides which of two equally good boxes is kept. */
#ifndef PL_OPS_HEAP_H
#define PL_OPS_HEAP_H

#include <stdint.h>

struct pl_heap_item {
    float key;
    int32_t index;
    int32_t mark; /* the caller's */
};

/* items has room for one more. */
void pl_heap_push(struct pl_heap_item *items, int64_t *count, struct pl_heap_item item);
struct pl_heap_item pl_heap_pop(struct pl_heap_item *items, int64_t *count);

/* Puts the `wanted` <= count items with the smallest keys in front, in rising order. */
void pl_heap_partial_sort(struct pl_heap_item *items, int64_t count, int64_t wanted);

#endif
