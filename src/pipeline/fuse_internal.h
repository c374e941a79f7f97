/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of fusion share. */
#ifndef PL_PIPELINE_FUSE_INTERNAL_H
#define PL_PIPELINE_FUSE_INTERNAL_H

#include "pipeline/assembly.h"
#include "pipeline/fuse.h"

/* A link whose ends were found. */
struct pl_found_link {
    struct pl_source *from;
    struct pl_source *to;
    int32_t from_tensor; /* in their primary subgraphs */
    int32_t to_tensor;
    const struct pl_link_options *options;
    struct pl_adapter adapter;
    bool kept;
};

/* Finds what it takes from end to end. */
pl_status pl_fuse_find_adapter(struct pl_assembly *assembly, struct pl_found_link *link);
/* Makes the consumer's tensor the producer's, or adds operators that produce it. *version rises
 * to what they need of the runtime. */
pl_status pl_fuse_link_tensor(struct pl_assembly *assembly, const struct pl_found_link *link,
                              const char **version);

/* Operators that are in the whole already, found by what they compute. */
struct pl_shared_operators {
    struct pl_shared_operator **chains;
};

pl_status pl_shared_init(struct pl_assembly *assembly, struct pl_shared_operators *shared);
/* Adds an operator of a source, or, if another source has brought one that computes the same
 * from the same, lets the source's tensors be that one's. */
pl_status pl_shared_add(struct pl_assembly *assembly, struct pl_shared_operators *shared,
                        struct pl_source *source, uint32_t op);

/* Whether an operator is known here and has nothing but its inputs to compute from. */
bool pl_shared_is_pure(const struct pl_source *source, const struct pl_record *op);

#endif
