/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over what is reduced, for reduction_c.c and fold_c.c. */
#ifndef PL_KERNELS_C_WALK_C_H
#define PL_KERNELS_C_WALK_C_H

#include "kernels/reduction_kernels.h"

enum { PL_FOLD_BLOCK = 128 }; /* outputs side by side that are made together */

/* A walk over the runs; starts at offset 0. */
struct walk {
    int64_t offset;
    int64_t indices[PL_REDUCE_MAX_RANK];
};

/* False after the last run. */
static inline bool next_run(struct walk *walk, const struct pl_reduce_params *p)
{
    for (int32_t axis = p->rank - 1; axis >= 0; axis--) {
        walk->offset += p->strides[axis];
        if (++walk->indices[axis] < p->dims[axis]) return true;
        walk->offset -= p->strides[axis] * p->dims[axis];
        walk->indices[axis] = 0;
    }
    return false;
}

#endif
