/* SPDX-License-Identifier: Apache-2.0 */
/* TRANSPOSE. */
#include <string.h>

#include "ops/axis.h"
#include "ops/check.h"
#include "ops/move.h"
#include "ops/span.h"

/* Reads the permutation; every axis once, negative ones count from the end. */
static pl_status read_permutation(struct pl_prepare *prepare, int32_t rank,
                                  int32_t axes[PL_MAX_RANK])
{
    int64_t values[PL_MAX_RANK];
    int32_t count = 0;
    PL_TRY(pl_axis_read_integers(prepare, 1, PL_MAX_RANK, values, &count));
    if (count != rank) {
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(1),
                             "found %d axes, expected %d, the rank of the input", (int)count,
                             (int)rank);
    }
    uint32_t seen = 0;
    for (int32_t i = 0; i < rank; i++) {
        PL_TRY(pl_axis_check(prepare, values[i], rank, &axes[i]));
        if (seen & (1u << axes[i]))
            return pl_check_fail(prepare, PL_MISMATCH, pl_input(1), "axis %d appears twice",
                                 (int)axes[i]);
        seen |= 1u << axes[i];
    }
    return PL_OK;
}

pl_status pl_prepare_transpose(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    struct pl_box box = {0};
    PL_TRY(pl_move_check(prepare, 0, PL_TYPES_BYTES | PL_TYPE_BIT(PL_INT4) | PL_TYPE_BIT(PL_UINT4),
                         &box.element_bytes));
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_rank(prepare, pl_input(1), 1, 1));
    const struct pl_shape *shape = &prepare->inputs[0]->shape;
    int32_t axes[PL_MAX_RANK];
    PL_TRY(read_permutation(prepare, shape->rank, axes));

    struct pl_shape output = {.rank = shape->rank};
    for (int32_t i = 0; i < shape->rank; i++) output.dims[i] = shape->dims[axes[i]];
    PL_TRY(pl_check_set_output(prepare, 0, &output));

    for (int32_t i = 0; i < shape->rank; i++) pl_span_local(prepare, i, axes[i]);
    prepare->absorbing.order.rank = shape->rank;
    memcpy(prepare->absorbing.order.axes, axes, (size_t)shape->rank * sizeof axes[0]);

    int64_t from[PL_MAX_RANK];
    int64_t to[PL_MAX_RANK];
    pl_box_dense_strides(shape, box.element_bytes, from);
    pl_box_dense_strides(&output, box.element_bytes, to);
    for (int32_t i = 0; i < shape->rank; i++)
        pl_box_add(&box, output.dims[i], to[i], from[axes[i]]);
    return pl_move_box(prepare, 0, &box, 0);
}
