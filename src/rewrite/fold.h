/* SPDX-License-Identifier: Apache-2.0 */
/* Constant folding: an operator whose inputs are all constants runs once while planning. float16 weights become float32
 * once instead of at every invoke, and shapes computed from constants become constants. So does one whose outputs
 * depend on the shapes of its inputs alone. */
#ifndef PL_REWRITE_FOLD_H
#define PL_REWRITE_FOLD_H

#include "base/memory.h"
#include "ops/op.h"

enum { PL_FOLD_MOST_OUTPUTS = 8 };

/* Whether a prepared operator may be folded, by its traits, its inputs and what it would cost; *cost is in
 * multiply-adds and bytes moved. */
bool pl_fold_allowed(const struct pl_prepare *prepared, int64_t *cost);

/* Runs it and interns output i as constants[i]; each has one reference, which the caller owns. */
pl_status pl_fold_run(struct pl_memory *memory, const struct pl_prepare *prepared, struct pl_constant **constants);

#endif
