/* SPDX-License-Identifier: Apache-2.0 */
/* plait.h: the list of operators. */
#include "ops/op.h"
#include "ops/op_info.h"
#include "plait/plait.h"

/* The numbers are the same on both sides of the border. */
#define SAME_TRAIT(name)                                                                           \
    _Static_assert((int)PLAIT_TRAIT_##name == (int)PL_TRAIT_##name, "one number on both sides")
SAME_TRAIT(STATEFUL);
SAME_TRAIT(CONTROL);
SAME_TRAIT(ELEMENTWISE);
SAME_TRAIT(VIEW);
SAME_TRAIT(ROW_LOCAL);
SAME_TRAIT(HALO);

size_t plait_op_count(void)
{
    return (size_t)pl_op_info_count();
}

/* Further ones are between operators and the plan. */
enum { PUBLIC_TRAITS = 2 * PLAIT_TRAIT_HALO - 1 };

plait_status plait_op_at(size_t index, struct plait_op_info *info)
{
    struct pl_op_info found;
    if (info == NULL) return PLAIT_INVALID_ARGUMENT;
    if (index >= plait_op_count() || !pl_op_info_at((int32_t)index, &found)) return PLAIT_NOT_FOUND;
    *info = (struct plait_op_info){.name = found.name,
                                   .custom = found.custom,
                                   .min_version = found.min_version,
                                   .max_version = found.max_version,
                                   .traits = found.traits & PUBLIC_TRAITS,
                                   .types = found.types,
                                   .differs = found.differs};
    return PLAIT_OK;
}
