/* SPDX-License-Identifier: Apache-2.0 */
/* The operators as documentation: what op_list.def and op_notes.def say about each. */
#ifndef PL_OPS_OP_INFO_H
#define PL_OPS_OP_INFO_H

#include <stdbool.h>
#include <stdint.h>

struct pl_op_info {
    const char *name;
    bool custom;
    int32_t min_version; /* of custom operators 0: any */
    int32_t max_version;
    uint32_t traits;     /* enum pl_trait */
    const char *types;   /* "" as long as nobody wrote a note */
    const char *differs; /* from LiteRT; "" if in nothing that is known */
};

/* In the order of the list. */
int32_t pl_op_info_count(void);
/* False behind the last one. */
bool pl_op_info_at(int32_t index, struct pl_op_info *info);

#endif
