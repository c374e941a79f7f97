/* SPDX-License-Identifier: Apache-2.0 */
/* TILE and BROADCAST_TO: boxes whose source stands still along some dimensions. */
#include <string.h>

#include "ops/axis.h"
#include "ops/check.h"
#include "ops/move.h"

/* ---- TILE ------------------------------------------------------------------------------------ */

/* Axes from the outermost on; those that are not repeated at the end are one run. */
struct tile {
    int32_t rank;
    int64_t sizes[PL_MAX_RANK];
    int64_t multiples[PL_MAX_RANK];
    int64_t in_bytes[PL_MAX_RANK];  /* from one index of the axis to the next */
    int64_t out_bytes[PL_MAX_RANK]; /* the same, where everything inside is repeated already */
};

/* The first `bytes` bytes once more and once more, twice as many each time. */
static void repeat(char *to, int64_t bytes, int64_t times)
{
    const int64_t total = bytes * times;
    for (int64_t done = bytes; done < total;) {
        const int64_t more = done <= total - done ? done : total - done;
        memcpy(to + done, to, (size_t)more);
        done += more;
    }
}

/* Goes as deep as the tensor has axes. */
static void tile_axis(const struct tile *params, int32_t axis, char *to, const char *from)
{
    const int64_t block_bytes = params->sizes[axis] * params->out_bytes[axis];
    if (axis == params->rank - 1) {
        memcpy(to, from, (size_t)block_bytes);
    } else {
        for (int64_t i = 0; i < params->sizes[axis]; i++)
            tile_axis(params, axis + 1, to + i * params->out_bytes[axis],
                      from + i * params->in_bytes[axis]);
    }
    repeat(to, block_bytes, params->multiples[axis]);
}

/* All at once: what is repeated is copied from the output itself. */
static pl_status eval_tile(const struct pl_eval *eval, int64_t from, int64_t to)
{
    (void)from;
    (void)to;
    tile_axis(eval->params, 0, eval->outputs[0], eval->inputs[0]);
    return PL_OK;
}

static pl_status tile_bytes(struct pl_prepare *prepare, const int64_t *multiples,
                            int64_t element_bytes)
{
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    struct tile *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    const int64_t count = pl_shape_count(&prepare->outputs[0]->shape);
    params->rank = input->rank;
    int64_t in_bytes = element_bytes;
    while (params->rank > 1 && multiples[params->rank - 1] == 1)
        in_bytes *= input->dims[--params->rank];
    int64_t out_bytes = in_bytes;
    for (int32_t i = params->rank - 1; i >= 0 && count > 0; i--) {
        params->sizes[i] = input->dims[i];
        params->multiples[i] = multiples[i];
        params->in_bytes[i] = in_bytes;
        params->out_bytes[i] = out_bytes;
        in_bytes *= input->dims[i];
        out_bytes *= input->dims[i] * multiples[i];
    }
    if (input->rank == 0) /* a scalar is an axis of one */
        *params = (struct tile){1, {1}, {1}, {element_bytes}, {element_bytes}};
    prepare->params = params;
    pl_prepare_stage(prepare, eval_tile, count > 0 ? 1 : 0, pl_cost(count, element_bytes));
    return PL_OK;
}

pl_status pl_prepare_tile(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    struct pl_box box = {0};
    PL_TRY(pl_move_check(prepare, 0,
                         PL_TYPES_BYTES | PL_TYPE_BIT(PL_COMPLEX128) | PL_TYPE_BIT(PL_STRING),
                         &box.element_bytes));
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
    if (prepare->inputs[0]->tensor->type != PL_STRING)
        return tile_bytes(prepare, multiples, box.element_bytes);

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

/* ---- BROADCAST_TO ---------------------------------------------------------------------------- */

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
