/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of TensorFlow Lite Micro's signal operators share. */
#ifndef PL_OPS_SIGNAL_INTERNAL_H
#define PL_OPS_SIGNAL_INTERNAL_H

#include "ops/check.h"
#include "ops/custom_options.h"

enum { PL_SIGNAL_MOST_SAMPLES = 1 << 24 };

static inline int32_t pl_signal_innermost(const struct pl_shape *shape)
{
    return shape->dims[shape->rank - 1];
}

/* Input 0 has at least min_rank dimensions, and none of them is 0. */
static inline pl_status pl_signal_check_frames(struct pl_prepare *prepare, int32_t min_rank)
{
    PL_TRY(pl_check_rank(prepare, pl_input(0), min_rank, PL_MAX_RANK));
    if (pl_shape_count(&prepare->inputs[0]->shape) > 0) return PL_OK;
    return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(0), "a dimension is 0");
}

/* The tensor is there, has this type, and one dimension. */
static inline pl_status pl_signal_check_vector(struct pl_prepare *prepare, struct pl_place place,
                                               pl_type type)
{
    PL_TRY(pl_check_type(prepare, place, PL_TYPE_BIT(type)));
    return pl_check_rank(prepare, place, 1, 1);
}

#endif
