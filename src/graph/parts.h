/* SPDX-License-Identifier: Apache-2.0 */
/* Where the operators of a fused file came from: an entry of its metadata, a line of text for
 * each part:
 *     <first operator> <number of operators> <name>
 * Operators are those of the primary subgraph. The name is the model's, "model/part" where that
 * was fused itself, or "from>to" for the adapters of a link. */
#ifndef PL_GRAPH_PARTS_H
#define PL_GRAPH_PARTS_H

#include <stdint.h>

#include "model/model.h"

/* The name of the entry. */
#define PL_PARTS_METADATA "plait.parts"
enum { PL_MOST_PARTS = 1024 }; /* more are not read */

struct pl_part {
    const char *name;
    int32_t first;
    int32_t count;
};

/* The parts of a file, none if it says none. Lines that make no sense are left out. */
pl_status pl_parts_find(struct pl_region *region, const struct pl_model *model,
                        struct pl_part **parts, int32_t *count, struct pl_error *error);

#endif
