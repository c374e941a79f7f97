/* SPDX-License-Identifier: Apache-2.0 */
/* SLICE: a box of the input. DYNAMIC_UPDATE_SLICE: the input with a box of it replaced. */
#include <string.h>

#include "ops/axis.h"
#include "ops/check.h"
#include "ops/move.h"
#include "ops/span.h"
#include "ops/nibbles.h"

/* ---- SLICE ----------------------------------------------------------------------------------- */

/* Where the sizes are known and the beginning is not, only the offset waits for eval. */
struct slice {
    struct pl_box box;
    const struct pl_movement_kernels *kernels;
    int32_t rank;
    pl_type type; /* of begin */
    int64_t strides[PL_MAX_RANK];
    int64_t last[PL_MAX_RANK]; /* the largest beginnings */
};

static pl_status eval_slice(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct slice *params = eval->params;
    const char *input = eval->inputs[0];
    for (int32_t i = 0; i < params->rank; i++) {
        const int64_t begin = pl_axis_element(eval->inputs[1], params->type, i);
        if (begin < 0 || begin > params->last[i])
            return pl_eval_fail(eval, "dimension %d begins at %lld, expected 0 to %lld", (int)i,
                                (long long)begin, (long long)params->last[i]);
        input += begin * params->strides[i];
    }
    pl_box_copy(&params->box, params->kernels, eval->outputs[0], input, from, to);
    return PL_OK;
}

/* Sizes of -1 reach to the end, and then need the beginning. */
static bool sizes_are_enough(const struct pl_prepare *prepare, const int64_t *sizes, int32_t rank)
{
    const int32_t bits = pl_type_bits(prepare->inputs[0]->tensor->type);
    bool enough = prepare->inputs[1]->constant == NULL && bits >= 8;
    for (int32_t i = 0; i < rank; i++) enough = enough && sizes[i] >= 0;
    return enough;
}

static pl_status set_slice_shape(struct pl_prepare *prepare, const int64_t *begin,
                                 const int64_t *sizes)
{
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    struct pl_shape output = {.rank = input->rank};
    for (int32_t i = 0; i < input->rank; i++) {
        const int64_t first = begin != NULL ? begin[i] : 0;
        const int64_t size = sizes[i] == -1 ? input->dims[i] - first : sizes[i];
        if (first < 0 || first > input->dims[i] || size < 0 || size > input->dims[i] - first)
            return pl_prepare_fail(
                prepare, PL_MISMATCH, "%lld elements from %lld on are not in dimension %d of %d",
                (long long)sizes[i], (long long)first, (int)i, (int)input->dims[i]);
        output.dims[i] = (int32_t)size;
    }
    return pl_check_set_output(prepare, 0, &output);
}

static void describe_slice(const struct pl_prepare *prepare, struct pl_box *box,
                           int64_t strides[PL_MAX_RANK])
{
    const struct pl_shape *output = &prepare->outputs[0]->shape;
    int64_t to[PL_MAX_RANK];
    pl_box_dense_strides(output, box->element_bytes, to);
    pl_box_dense_strides(&prepare->inputs[0]->shape, box->element_bytes, strides);
    for (int32_t i = 0; i < output->rank; i++) pl_box_add(box, output->dims[i], to[i], strides[i]);
}

static pl_status prepare_open_slice(struct pl_prepare *prepare, const struct pl_box *start,
                                    const int64_t *sizes)
{
    PL_TRY(set_slice_shape(prepare, NULL, sizes));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    struct slice *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->box = *start;
    params->kernels = prepare->kernels->movement;
    params->rank = input->rank;
    params->type = prepare->inputs[1]->tensor->type;
    describe_slice(prepare, &params->box, params->strides);
    for (int32_t i = 0; i < input->rank; i++) params->last[i] = input->dims[i] - sizes[i];
    pl_box_simplify(&params->box);
    prepare->params = params;
    pl_prepare_stage(prepare, eval_slice, pl_box_units(&params->box),
                     pl_box_unit_bytes(&params->box));
    return PL_OK;
}

pl_status pl_prepare_slice(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 3, 3, 1));
    struct pl_box box = {0};
    PL_TRY(pl_move_check(prepare, 0, PL_TYPES_BYTES | PL_TYPE_BIT(PL_INT4) | PL_TYPE_BIT(PL_STRING),
                         &box.element_bytes));
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPES_INDEX));
    PL_TRY(pl_check_same_type(prepare, pl_input(2), pl_input(1)));
    const int32_t rank = prepare->inputs[0]->shape.rank;
    int64_t begin[PL_MAX_RANK] = {0};
    int64_t sizes[PL_MAX_RANK] = {0};
    int32_t count = 0;
    for (int32_t i = 1; i <= 2; i++) {
        PL_TRY(pl_check_rank(prepare, pl_input(i), 1, 1));
        PL_TRY(pl_check_count(prepare, pl_input(i), rank));
    }
    PL_TRY(pl_axis_read_integers(prepare, 2, PL_MAX_RANK, sizes, &count));
    if (sizes_are_enough(prepare, sizes, rank)) return prepare_open_slice(prepare, &box, sizes);
    PL_TRY(pl_axis_read_integers(prepare, 1, PL_MAX_RANK, begin, &count));
    PL_TRY(set_slice_shape(prepare, begin, sizes));
    int64_t strides[PL_MAX_RANK];
    describe_slice(prepare, &box, strides);
    int64_t offset = 0;
    for (int32_t i = 0; i < rank; i++) offset += begin[i] * strides[i];
    pl_span_box(prepare, &prepare->inputs[0]->shape, &prepare->outputs[0]->shape, begin);
    return pl_move_box(prepare, 0, &box, offset);
}

/* ---- DYNAMIC_UPDATE_SLICE -------------------------------------------------------------------- */

struct update {
    struct pl_box box; /* of whole bytes: from the update to the output */
    const struct pl_movement_kernels *kernels;
    struct pl_shape input;
    struct pl_shape slice;
    pl_type type; /* of the indices */
    int64_t element_bytes;
    size_t bytes;
};

/* A unit is a byte. Where the output is the input there is nothing to do. */
static pl_status eval_update_copy(const struct pl_eval *eval, int64_t from, int64_t to)
{
    if (eval->outputs[0] == eval->inputs[0]) return PL_OK;
    memcpy((char *)eval->outputs[0] + from, (const char *)eval->inputs[0] + from,
           (size_t)(to - from));
    return PL_OK;
}

/* The first element that is replaced: beginnings are moved so that the slice lies inside. */
static int64_t update_offset(const struct pl_eval *eval, const struct update *params)
{
    int64_t offset = 0;
    for (int32_t i = 0; i < params->input.rank; i++) {
        const int64_t last = params->input.dims[i] - params->slice.dims[i];
        const int64_t begin = pl_axis_element(eval->inputs[2], params->type, i);
        offset = offset * params->input.dims[i] + (begin < 0 ? 0 : begin > last ? last : begin);
    }
    return offset;
}

static pl_status eval_update(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct update *params = eval->params;
    char *output = (char *)eval->outputs[0] + update_offset(eval, params) * params->element_bytes;
    pl_box_copy(&params->box, params->kernels, output, eval->inputs[1], from, to);
    return PL_OK;
}

/* Rows of 4-bit elements, all at once: neighbours share bytes. */
static pl_status eval_update_nibbles(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct update *params = eval->params;
    const struct pl_shape *slice = &params->slice;
    const int64_t row = slice->rank > 0 ? slice->dims[slice->rank - 1] : 1;
    const int64_t rows = pl_shape_count(slice) / row;
    const int64_t offset = update_offset(eval, params);
    (void)from;
    (void)to;
    for (int64_t r = 0; r < rows; r++) {
        int64_t target = 0;
        int64_t stride = slice->rank > 0 ? params->input.dims[slice->rank - 1] : 1;
        int64_t rest = r;
        for (int32_t i = slice->rank - 2; i >= 0; i--) {
            target += rest % slice->dims[i] * stride;
            rest /= slice->dims[i];
            stride *= params->input.dims[i];
        }
        pl_nibbles_copy(eval->outputs[0], offset + target, eval->inputs[1], r * row, row);
    }
    return PL_OK;
}

static pl_status check_update(struct pl_prepare *prepare)
{
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    PL_TRY(pl_check_same_type(prepare, pl_input(1), pl_input(0)));
    PL_TRY(pl_check_type(prepare, pl_input(2), PL_TYPES_INDEX));
    PL_TRY(pl_check_rank(prepare, pl_input(1), input->rank, input->rank));
    PL_TRY(pl_check_rank(prepare, pl_input(2), 1, 1));
    PL_TRY(pl_check_count(prepare, pl_input(2), input->rank));
    const struct pl_shape *slice = &prepare->inputs[1]->shape;
    for (int32_t i = 0; i < input->rank; i++)
        if (slice->dims[i] > input->dims[i])
            return pl_check_fail(prepare, PL_MISMATCH, pl_input(1),
                                 "dimension %d is %d, but only %d in input 0", (int)i,
                                 (int)slice->dims[i], (int)input->dims[i]);
    return pl_check_set_output(prepare, 0, input);
}

pl_status pl_prepare_dynamic_update_slice(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 3, 3, 1));
    struct update *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(pl_move_check(prepare, 0,
                         PL_TYPES_BYTES | PL_TYPE_BIT(PL_COMPLEX128) | PL_TYPE_BIT(PL_INT4),
                         &params->element_bytes));
    PL_TRY(check_update(prepare));
    params->kernels = prepare->kernels->movement;
    params->input = prepare->inputs[0]->shape;
    params->slice = prepare->inputs[1]->shape;
    params->type = prepare->inputs[2]->tensor->type;
    params->box.element_bytes = params->element_bytes;
    int64_t to[PL_MAX_RANK];
    int64_t from[PL_MAX_RANK];
    pl_box_dense_strides(&params->input, params->element_bytes, to);
    pl_box_dense_strides(&params->slice, params->element_bytes, from);
    for (int32_t i = 0; i < params->slice.rank; i++)
        pl_box_add(&params->box, params->slice.dims[i], to[i], from[i]);
    pl_box_simplify(&params->box);
    const pl_type type = prepare->inputs[0]->tensor->type;
    if (!pl_shape_bytes(&params->input, type, &params->bytes))
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(0), "the tensor is too large");
    prepare->params = params;
    prepare->in_place_inputs = 1;
    pl_prepare_stage(prepare, eval_update_copy, (int64_t)params->bytes, 1);
    if (pl_shape_count(&params->slice) == 0) return PL_OK;
    if (pl_type_bits(type) == PL_NIBBLE_BITS)
        pl_prepare_stage(prepare, eval_update_nibbles, 1, pl_shape_count(&params->slice));
    else
        pl_prepare_stage(prepare, eval_update, pl_box_units(&params->box),
                         pl_box_unit_bytes(&params->box));
    return PL_OK;
}
