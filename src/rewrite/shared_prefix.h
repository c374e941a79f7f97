/* SPDX-License-Identifier: Apache-2.0 */
/* Models of a join that begin alike on the same data: operators that compute the same from the same tensors run once. "The
 * same" is by operator, version, options and the content of constants. What has state, effects or subgraphs, what a user
 * brought, and what makes an output of its model is never shared. */
#ifndef PL_REWRITE_SHARED_PREFIX_H
#define PL_REWRITE_SHARED_PREFIX_H

#include "ops/user_op.h"

/* Takes operators out of a join that nobody else sees yet; those that stand for others are marked `shared`. */
pl_status pl_share_prefixes(struct pl_graph *join, const struct pl_registry *registry, struct pl_memory *memory,
                            struct pl_error *error);

#endif
