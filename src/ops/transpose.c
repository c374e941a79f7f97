/* SPDX-License-Identifier: Apache-2.0 */
/* TRANSPOSE. */
#include "ops/axis.h"
#include "ops/box.h"
#include "ops/check.h"
#include "ops/op.h"

struct transpose {
    struct pl_box box;
    const struct pl_movement_kernels *kernels;
};

static pl_status eval_transpose(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct transpose *params = eval->params;
    pl_box_copy(&params->box, params->kernels, eval->outputs[0], eval->inputs[0], from, to);
    return PL_OK;
}

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
    PL_TRY(pl_check_same_type(prepare, pl_input(0), pl_output(0)));
    int64_t element_bytes = 0;
    PL_TRY(pl_box_element_bytes(prepare, pl_input(0), &element_bytes));
    const struct pl_shape *shape = &prepare->inputs[0]->shape;
    int32_t axes[PL_MAX_RANK];
    PL_TRY(read_permutation(prepare, shape->rank, axes));

    struct pl_shape output = {.rank = shape->rank};
    for (int32_t i = 0; i < shape->rank; i++) output.dims[i] = shape->dims[axes[i]];
    PL_TRY(pl_check_set_output(prepare, 0, &output));

    struct transpose *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->kernels = prepare->kernels->movement;
    params->box.element_bytes = element_bytes;
    int64_t from[PL_MAX_RANK];
    int64_t to[PL_MAX_RANK];
    pl_box_dense_strides(shape, element_bytes, from);
    pl_box_dense_strides(&output, element_bytes, to);
    for (int32_t i = 0; i < shape->rank; i++)
        pl_box_add(&params->box, output.dims[i], to[i], from[axes[i]]);
    pl_box_simplify(&params->box);
    prepare->params = params;
    pl_prepare_stage(prepare, eval_transpose, pl_box_units(&params->box),
                     pl_box_unit_bytes(&params->box));
    return PL_OK;
}
