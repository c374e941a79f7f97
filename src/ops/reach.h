/* SPDX-License-Identifier: Apache-2.0 */
/* What many prepare functions have to say about the stage that they added last: see struct pl_reach. */
#ifndef PL_OPS_REACH_H
#define PL_OPS_REACH_H

#include "kernels/patch.h"
#include "ops/op.h"

/* Unit u makes slice u of the output, and reads that slice alone of these inputs (bits; 0: it may read anything). */
void pl_reach_slices(struct pl_prepare *prepare, uint32_t inputs);
/* The same, of these scratches (bits) as well. */
void pl_reach_scratch_slices(struct pl_prepare *prepare, uint32_t inputs, uint32_t scratches);
/* Whether output element u needs no other element of an input of `shape` than slice u has: where it is broadcast, it is along
 * the last dimensions. */
bool pl_reach_is_sliced(const struct pl_shape *shape, const struct pl_shape *output);
/* Unit u is row u of the one picture [1, rows, columns, channels], or pixel u of it, by how many units there are, and reads the
 * rows of input 0 that its window is over. */
void pl_reach_rows(struct pl_prepare *prepare, const struct pl_patch *patch);

#endif
