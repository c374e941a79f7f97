/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of an image whose output pixels all see the same taps: the inside, and the borders on each
 * side. In such a rectangle any pixels make a tile, and a tap lies at one distance from all. */
#ifndef PL_KERNELS_RECTANGLE_H
#define PL_KERNELS_RECTANGLE_H

#include "kernels/loop.h"
#include "kernels/patch.h"

struct pl_rectangle {
    int32_t from_y, to_y; /* output pixels */
    int32_t from_x, to_x;
    struct pl_taps taps_y, taps_x;
};

PL_ALWAYS_INLINE bool pl_taps_equal(struct pl_taps a, struct pl_taps b)
{
    return a.from == b.from && a.to == b.to;
}

/* Cuts *rest, rows [from_y, to_y) and columns [from_x, to_x) of which the corner is the first
 * rectangle, to that rectangle. */
static inline struct pl_rectangle pl_rectangle_at(const struct pl_patch *patch,
                                                  struct pl_rectangle rest)
{
    rest.taps_y = pl_patch_taps_y(patch, rest.from_y);
    rest.taps_x = pl_patch_taps_x(patch, rest.from_x);
    int32_t y = rest.from_y + 1;
    while (y < rest.to_y && pl_taps_equal(pl_patch_taps_y(patch, y), rest.taps_y)) y++;
    int32_t x = rest.from_x + 1;
    while (x < rest.to_x && pl_taps_equal(pl_patch_taps_x(patch, x), rest.taps_x)) x++;
    rest.to_y = y;
    rest.to_x = x;
    return rest;
}

#endif
