/* SPDX-License-Identifier: Apache-2.0 */
/* Placement: offsets for pieces of memory that live from one step to another. */
#ifndef PL_PLAN_PLACE_H
#define PL_PLAN_PLACE_H

#include "base/memory.h"
#include "base/status.h"

/* Alive in steps [first, last]. bytes is a multiple of PL_ALIGNMENT. */
struct pl_piece {
    size_t bytes;
    size_t offset; /* the result */
    int32_t first;
    int32_t last;
};

/* The least that any placement needs: the largest sum of bytes alive at one step. SIZE_MAX if `region`, for work
 * memory, has none. */
size_t pl_place_bound(const struct pl_piece *pieces, int32_t count, int32_t step_count, struct pl_region *region);

/* Sets the offsets; *arena_bytes is the end of the highest piece. PL_OUT_OF_MEMORY if the region has no more. */
pl_status pl_place(struct pl_piece *pieces, int32_t count, int32_t step_count, struct pl_region *region,
                   size_t *arena_bytes, struct pl_error *error);
/* The same for several workers, of whom one may be a step ahead of another: where the arena is as small as without, a piece
 * that is needed no more is left alone for one step. Lifetimes change. */
pl_status pl_place_apart(struct pl_piece *pieces, int32_t count, int32_t step_count, struct pl_region *region,
                         size_t *arena_bytes, struct pl_error *error);

#endif
