/* SPDX-License-Identifier: Apache-2.0 */
/* TILE and BROADCAST_TO: boxes whose source stands still along some dimensions. */
#include "ops/axis.h"
#include "ops/check.h"
#include "ops/move.h"

pl_status pl_prepare_tile(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    struct pl_box box = {0};
    PL_TRY(pl_move_check(prepare, 0, PL_TYPES_BYTES | PL_TYPE_BIT(PL_STRING), &box.element_bytes));
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPES_INDEX));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    int64_t multiples[PL_MAX_RANK];
    int32_t count = 0;
    PL_TRY(pl_check_count(prepare, pl_input(1), input->rank));
    PL_TRY(pl_axis_read_integers(prepare, 1, PL_MAX_RANK, multiples, &count));
    struct pl_shape output = {.rank = input->rank};
    for (int32_t i = 0; i < count; i++) {
        int64_t size = 0;
        if (multiples[i] < 0 || __builtin_mul_overflow(multiples[i], input->dims[i], &size) ||
            size > INT32_MAX)
            return pl_check_fail(prepare, PL_INVALID_MODEL, pl_input(1),
                                 "dimension %d of %d is repeated %lld times", (int)i,
                                 (int)input->dims[i], (long long)multiples[i]);
        output.dims[i] = (int32_t)size;
    }
    PL_TRY(pl_check_set_output(prepare, 0, &output));

    int64_t to[PL_MAX_RANK];
    int64_t from[PL_MAX_RANK];
    pl_box_dense_strides(&output, box.element_bytes, to);
    pl_box_dense_strides(input, box.element_bytes, from);
    for (int32_t i = 0; i < output.rank; i++) {
        pl_box_add(&box, multiples[i], input->dims[i] * to[i], 0);
        pl_box_add(&box, input->dims[i], to[i], from[i]);
    }
    return pl_move_box(prepare, 0, &box, 0);
}

/* The wanted shape: the input's dimensions are its last ones, or 1. */
static pl_status read_shape(struct pl_prepare *prepare, struct pl_shape *output)
{
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    int64_t dims[PL_MAX_RANK];
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPES_INDEX));
    PL_TRY(pl_check_rank(prepare, pl_input(1), 1, 1));
    PL_TRY(pl_axis_read_integers(prepare, 1, PL_MAX_RANK, dims, &output->rank));
    const int32_t ahead = output->rank - input->rank;
    bool fits = ahead >= 0;
    for (int32_t i = 0; fits && i < output->rank; i++) {
        const int32_t size = i < ahead ? 1 : input->dims[i - ahead];
        fits = dims[i] >= 0 && dims[i] <= INT32_MAX && (size == 1 || size == dims[i]);
        output->dims[i] = fits ? (int32_t)dims[i] : 0;
    }
    if (fits) return pl_check_set_output(prepare, 0, output);
    char text[PL_SHAPE_TEXT_BYTES];
    return pl_check_fail(prepare, PL_MISMATCH, pl_input(0),
                         "%s cannot be broadcast to the shape that input 1 gives",
                         pl_shape_text(input, text));
}

pl_status pl_prepare_broadcast_to(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    struct pl_box box = {0};
    PL_TRY(
        pl_move_check(prepare, 0, PL_TYPES_BYTES | PL_TYPE_BIT(PL_COMPLEX128), &box.element_bytes));
    struct pl_shape output = {0, {0}};
    PL_TRY(read_shape(prepare, &output));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    const int32_t ahead = output.rank - input->rank;
    int64_t to[PL_MAX_RANK];
    int64_t from[PL_MAX_RANK];
    pl_box_dense_strides(&output, box.element_bytes, to);
    pl_box_dense_strides(input, box.element_bytes, from);
    for (int32_t i = 0; i < output.rank; i++) {
        const bool repeats = i < ahead || input->dims[i - ahead] == 1;
        pl_box_add(&box, output.dims[i], to[i], repeats ? 0 : from[i - ahead]);
    }
    return pl_move_box(prepare, 0, &box, 0);
}
