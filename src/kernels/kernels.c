/* SPDX-License-Identifier: Apache-2.0 */
/* The levels of kernels in this build and the choice among them. */
#include "kernels/kernels.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/cpu.h"

/* ---- the tables of every level --------------------------------------------------------------- */

#define DECLARE_TABLE(family, level)                                                               \
    extern const struct pl_##family##_kernels pl_##family##_kernels_##level;
#define PL_LEVEL_OF_KERNELS(id, name, rest, features) PL_KERNEL_FAMILY_LIST(DECLARE_TABLE, id)
#include "kernels/levels.def"
#undef PL_LEVEL_OF_KERNELS

#define MEMBER_TABLE(family, level) .family = &pl_##family##_kernels_##level,
#define PL_LEVEL_OF_KERNELS(id, name, rest, features)                                              \
    static const struct pl_kernels level_##id = {.level = (name),                                  \
                                                 PL_PRODUCT_FAMILY_LIST(MEMBER_TABLE, id)          \
                                                     PL_OTHER_FAMILY_LIST(MEMBER_TABLE, rest)};
#include "kernels/levels.def"
#undef PL_LEVEL_OF_KERNELS

struct level {
    const struct pl_kernels *kernels;
    uint32_t features; /* what it asks of the CPU */
};

static const struct level levels[] = {
#define PL_LEVEL_OF_KERNELS(id, name, rest, needed) {.kernels = &level_##id, .features = (needed)},
#include "kernels/levels.def"
#undef PL_LEVEL_OF_KERNELS
};

enum { LEVEL_COUNT = sizeof levels / sizeof levels[0] };
static_assert((int)LEVEL_COUNT <= (int)PL_KERNELS_MAX_LEVELS, "a list holds all levels");

/* ---- the choice ------------------------------------------------------------------------------ */

static bool can_run(const struct level *level, uint32_t features)
{
    return (level->features & ~features) == 0;
}

int32_t pl_kernels_list(const struct pl_kernels *list[PL_KERNELS_MAX_LEVELS])
{
    const uint32_t features = pl_cpu_features();
    int32_t count = 0;
    for (int32_t i = 0; i < LEVEL_COUNT; i++)
        if (can_run(&levels[i], features)) list[count++] = levels[i].kernels;
    return count;
}

const struct pl_kernels *pl_kernels_choose(const char *highest)
{
    const bool limited = highest != NULL && highest[0] != '\0';
    const uint32_t features = pl_cpu_features();
    const struct pl_kernels *best = NULL;
    for (int32_t i = 0; i < LEVEL_COUNT; i++) {
        if (can_run(&levels[i], features)) best = levels[i].kernels;
        if (limited && strcmp(levels[i].kernels->level, highest) == 0) return best;
    }
    return limited ? NULL : best;
}
