/* SPDX-License-Identifier: Apache-2.0 */
/* The levels of kernels in this build, from the portable one up. A CPU that can run one
 * can run those below. */
#include "kernels/kernels.h"

#include <string.h>

#include "base/cpu.h"

#define PL_KERNEL_FAMILY(name) extern const struct pl_##name##_kernels pl_##name##_kernels_c;
PL_KERNEL_FAMILY_LIST(PL_KERNEL_FAMILY)
#undef PL_KERNEL_FAMILY

static const struct pl_kernels level_c = {
    .level = "c",
#define PL_KERNEL_FAMILY(name) .name = &pl_##name##_kernels_c,
    PL_KERNEL_FAMILY_LIST(PL_KERNEL_FAMILY)
#undef PL_KERNEL_FAMILY
};

#if defined(__x86_64__)
#define PL_KERNEL_FAMILY(name) extern const struct pl_##name##_kernels pl_##name##_kernels_c_x86v3;
PL_KERNEL_FAMILY_LIST(PL_KERNEL_FAMILY)
#undef PL_KERNEL_FAMILY

static const struct pl_kernels level_c_x86v3 = {
    .level = "c-x86v3",
#define PL_KERNEL_FAMILY(name) .name = &pl_##name##_kernels_c_x86v3,
    PL_KERNEL_FAMILY_LIST(PL_KERNEL_FAMILY)
#undef PL_KERNEL_FAMILY
};
#endif

static const struct pl_kernels *const levels[] = {
    &level_c,
#if defined(__x86_64__)
    &level_c_x86v3,
#endif
};

/* What each level asks of the CPU. */
static const uint32_t level_features[] = {
    0,
#if defined(__x86_64__)
    PL_CPU_X86V3,
#endif
};

enum { LEVEL_COUNT = sizeof levels / sizeof levels[0] };

int32_t pl_kernels_list(const struct pl_kernels *const **list)
{
    const uint32_t features = pl_cpu_features();
    int32_t count = 1;
    while (count < LEVEL_COUNT && (level_features[count] & ~features) == 0) count++;
    *list = levels;
    return count;
}

const struct pl_kernels *pl_kernels_choose(const char *highest)
{
    const struct pl_kernels *const *list = NULL;
    const int32_t best = pl_kernels_list(&list) - 1;
    if (highest == NULL || highest[0] == '\0') return list[best];
    for (int32_t i = 0; i < LEVEL_COUNT; i++)
        if (strcmp(levels[i]->level, highest) == 0) return list[i < best ? i : best];
    return NULL;
}
