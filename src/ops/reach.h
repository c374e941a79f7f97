/* SPDX-License-Identifier: Apache-2.0 */
/* What many prepare functions have to say about the stage that they added last: see struct pl_reach. */
#ifndef PL_OPS_REACH_H
#define PL_OPS_REACH_H

#include "kernels/patch.h"
#include "ops/op.h"

/* Unit u reads the u-th of as many equal slices of these inputs (bits), which all have as many bytes. */
void pl_reach_slices(struct pl_prepare *prepare, uint32_t inputs);
/* Unit u is row u of the one picture [1, rows, columns, channels], or pixel u of it, by how many units there are, and reads the
 * rows of input 0 that its window is over. */
void pl_reach_rows(struct pl_prepare *prepare, const struct pl_patch *patch);

#endif
