/* SPDX-License-Identifier: Apache-2.0 */
/* plait.h: classes, requests and timing. */
#include "capi/handles.h"

_Static_assert((int)PLAIT_MOST_CLASS == (int)PL_MOST_CLASS, "the classes are the same");

plait_status plait_set_class(struct plait_model *model, int32_t number)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_error error = {0};
    return pl_report(pl_api_of(pl_entry_of(model)), pl_entry_set_class(pl_entry_of(model), number, &error), &error);
}

int32_t plait_class(const struct plait_model *model)
{
    return model == NULL ? 0 : pl_entry_class(pl_const_entry(model));
}
