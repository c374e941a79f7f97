/* SPDX-License-Identifier: Apache-2.0 */
/* A tensor spread over a larger one of a single value: gaps between its elements, a border around
 * them, or parts of it cropped. */
#ifndef PL_OPS_SPREAD_H
#define PL_OPS_SPREAD_H

#include "ops/box.h"

/* Along each axis, element i is at low + i * step, and what lies outside of the output is left
 * out. */
struct pl_spread {
    struct pl_box box;
    const struct pl_movement_kernels *kernels;
    int64_t element_bytes;
    int64_t count; /* elements of the output */
    int64_t to_offset;
    int64_t from_offset;
    int32_t value; /* the input that has the value of all other elements */
};

/* The size of an axis with `low` and `high` elements in front and behind (less than 0: cropped);
 * false if it is no dimension of a tensor (less than 0 or too large). */
bool pl_spread_size(int64_t size, int64_t low, int64_t high, int64_t step, int64_t *spread);

/* `output` has the sizes that pl_spread_size() gives. */
void pl_spread_init(struct pl_spread *spread, const struct pl_prepare *prepare,
                    const struct pl_shape *input, const struct pl_shape *output, const int64_t *low,
                    const int64_t *step, int64_t element_bytes, int32_t value);

/* Elements [from, to) of the background; rows [from, to) of the input's elements. */
void pl_spread_fill(const struct pl_spread *spread, const struct pl_eval *eval, void *output,
                    int64_t from, int64_t to);
void pl_spread_copy(const struct pl_spread *spread, const struct pl_eval *eval, void *output,
                    int64_t from, int64_t to);

#endif
