/* SPDX-License-Identifier: Apache-2.0 */
/* The combining kernel of a type. */
#ifndef PL_OPS_COMBINE_H
#define PL_OPS_COMBINE_H

#include "kernels/combine_kernels.h"
#include "ops/op.h"

/* The kernel that works elements of this type into each other; PL_UNSUPPORTED, said of input
 * `input`, if there is none. */
pl_status pl_combine_find(struct pl_prepare *prepare, int32_t input, enum pl_combine operation,
                          pl_type type, pl_combine_kernel *kernel);

/* What a subgraph of one operator does to its two inputs, as the regions of StableHLO operators
 * say it: *code is PL_BuiltinOperator_*, or -1 if the subgraph is empty. */
pl_status pl_combine_region(struct pl_prepare *prepare, int64_t subgraph, int32_t *code);

#endif
