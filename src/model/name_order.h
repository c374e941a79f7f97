/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting by name, byte by byte as TensorFlow Lite's maps do, without memory and in n log n
 * steps whatever the order. */
#ifndef PL_MODEL_NAME_ORDER_H
#define PL_MODEL_NAME_ORDER_H

#include <stddef.h>
#include <stdint.h>

struct pl_named {
    const char *name;
    int64_t number; /* whatever goes with the name; equal names are in its order */
};

void pl_sort_names(struct pl_named *items, size_t count);

#endif
