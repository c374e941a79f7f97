/* SPDX-License-Identifier: Apache-2.0 */
/* The operators as documentation: see op_info.h. */
#include "ops/op_info.h"

#include <string.h>

#include "ops/op.h"

static const struct pl_op_info list[] = {
#define PL_OP(operator, prepare, first, last, traits)                                              \
    {#operator, false, first, last, (traits) & PL_TRAITS, "", ""},
#define PL_CUSTOM_OP(name, prepare, traits) {name, true, 0, 0, (traits) & PL_TRAITS, "", ""},
#include "ops/op_list.def"
#undef PL_OP
#undef PL_CUSTOM_OP
};

static const struct note {
    const char *name;
    const char *types;
    const char *differs;
} notes[] = {
#define PL_OP_NOTE(name, types, differs) {#name, types, differs},
#include "ops/op_notes.def"
#undef PL_OP_NOTE
};

int32_t pl_op_info_count(void)
{
    return (int32_t)(sizeof list / sizeof list[0]);
}

bool pl_op_info_at(int32_t index, struct pl_op_info *info)
{
    if (index < 0 || index >= pl_op_info_count()) return false;
    *info = list[index];
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        if (strcmp(notes[i].name, info->name) != 0) continue;
        info->types = notes[i].types;
        info->differs = notes[i].differs;
    }
    return true;
}
