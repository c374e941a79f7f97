/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing elements of any type: each becomes a 64-bit key of the same order. */
#ifndef PL_OPS_ORDER_H
#define PL_OPS_ORDER_H

#include <stdint.h>

#include "ops/op.h"

/* float32, bool and integers of up to 64 bits but uint64. */
uint32_t pl_order_types(void);
/* Keys of elements [from, from + count): equal exactly where the elements are, and 0 for 0. */
void pl_order_keys(pl_type type, const void *data, int64_t from, int64_t count, int64_t *keys);

/* The indices of the `best_count` (at most count) largest keys, largest first, the lower index first
 * where keys are equal. */
void pl_order_best(const int64_t *keys, int32_t count, int32_t best_count, int32_t *best);

/* The indices of all keys, smallest first, the lower index first where keys are equal: in a or in b,
 * whose memory it takes. */
int32_t *pl_order_sort(const int64_t *keys, int32_t count, int32_t *a, int32_t *b);

#endif
