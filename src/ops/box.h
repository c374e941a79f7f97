/* SPDX-License-Identifier: Apache-2.0 */
/* A box of elements copied between two strided places: what transposing, slicing and depth-to-space
 * are inside. */
#ifndef PL_OPS_BOX_H
#define PL_OPS_BOX_H

#include <stdint.h>

#include "kernels/movement_kernels.h"
#include "ops/check.h"
#include "ops/op.h"

enum { PL_BOX_MAX_RANK = 2 * PL_MAX_RANK };

/* Dimensions from the outermost on; strides in bytes, those of the source may be negative, or 0
 * where it repeats. */
struct pl_box {
    int32_t rank;
    int64_t element_bytes;
    int64_t dims[PL_BOX_MAX_RANK];
    int64_t to[PL_BOX_MAX_RANK];
    int64_t from[PL_BOX_MAX_RANK];
};

/* The bytes of one element of a tensor, for operators that do not look into elements: fails for
 * types without a whole number of bytes. */
pl_status pl_box_element_bytes(struct pl_prepare *prepare, struct pl_place place, int64_t *bytes);

/* Bytes between neighbours along each axis of a dense tensor. */
void pl_box_dense_strides(const struct pl_shape *shape, int64_t element_bytes,
                          int64_t strides[PL_MAX_RANK]);

void pl_box_add(struct pl_box *box, int64_t dim, int64_t to_stride, int64_t from_stride);

/* Joins dimensions that lie behind each other at both ends; call it once, after the last
 * pl_box_add(). Afterwards the box has at least two dimensions: rows and columns. */
void pl_box_simplify(struct pl_box *box);

/* The units it can be cut into: rows of all planes. */
int64_t pl_box_units(const struct pl_box *box);
/* Bytes moved per unit. */
int64_t pl_box_unit_bytes(const struct pl_box *box);

/* Copies units [first, last). */
void pl_box_copy(const struct pl_box *box, const struct pl_movement_kernels *kernels, void *to,
                 const void *from, int64_t first, int64_t last);

#endif
