/* SPDX-License-Identifier: Apache-2.0 */
/* SELECT and SELECT_V2: of each pair of elements the one that the condition says. */
#include "kernels/elementwise_kernels.h"
#include "ops/broadcast.h"
#include "ops/check.h"

struct select_plan {
    struct pl_broadcast broadcast;
    pl_select_kernel kernel;
    int32_t bytes; /* of an element */
};

enum { CONDITION, X, Y, INPUTS };

static pl_status eval(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct select_plan *plan = eval->params;
    const char *x = eval->inputs[X];
    const char *y = eval->inputs[Y];
    char *out = eval->outputs[0];
    struct pl_broadcast_walk walk;
    pl_broadcast_start(&plan->broadcast, from, to, &walk);
    while (pl_broadcast_next(&walk)) {
        const struct pl_select_run run = {
            .out = out + walk.element * plan->bytes,
            .condition = (const uint8_t *)eval->inputs[CONDITION] + walk.offsets[CONDITION],
            .x = x + walk.offsets[X] * plan->bytes,
            .y = y + walk.offsets[Y] * plan->bytes,
            .count = walk.count,
            .condition_step = plan->broadcast.steps[CONDITION],
            .x_step = plan->broadcast.steps[X],
            .y_step = plan->broadcast.steps[Y],
        };
        plan->kernel(&run);
    }
    return PL_OK;
}

/* NULL: there is none for elements of this size. */
static pl_select_kernel find_kernel(const struct pl_prepare *prepare, int32_t bits)
{
    const struct pl_select_table *select = prepare->kernels->elementwise->select;
    switch (bits) {
    case 8: return select->bytes_1;
    case 16: return select->bytes_2;
    case 32: return select->bytes_4;
    case 64: return select->bytes_8;
    default: return NULL;
    }
}

/* `condition` is the condition's shape with dimensions of 1 at its end, so that it broadcasts. */
static pl_status prepare_select(struct pl_prepare *prepare, const struct pl_shape *condition,
                                const struct pl_shape *out)
{
    const pl_type type = prepare->inputs[X]->tensor->type;
    const struct pl_shape *const shapes[INPUTS] = {condition, &prepare->inputs[X]->shape,
                                                   &prepare->inputs[Y]->shape};
    PL_TRY(pl_check_set_output(prepare, 0, out));
    struct select_plan *plan = pl_prepare_allocate(prepare, sizeof *plan);
    if (plan == NULL) return PL_OUT_OF_MEMORY;
    plan->kernel = find_kernel(prepare, pl_type_bits(type));
    if (plan->kernel == NULL)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(X), "%s is not supported here",
                             pl_type_name(type));
    plan->bytes = pl_type_bits(type) / 8;
    pl_broadcast_init(&plan->broadcast, shapes, INPUTS, out);
    for (int32_t i = X; i < INPUTS; i++)
        if (pl_shape_equal(shapes[i], out)) prepare->in_place_inputs |= 1u << i;
    prepare->params = plan;
    pl_prepare_stage(prepare, eval, plan->broadcast.elements, 1);
    return PL_OK;
}

static pl_status check_inputs(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, INPUTS, INPUTS, 1));
    PL_TRY(pl_check_type(prepare, pl_input(CONDITION), PL_TYPE_BIT(PL_BOOL)));
    PL_TRY(pl_check_same_type(prepare, pl_input(Y), pl_input(X)));
    return pl_check_same_type(prepare, pl_output(0), pl_input(X));
}

/* Where all inputs are one element each, LiteRT keeps the rank that the file gives the output. */
static bool is_single(const struct pl_prepare *prepare)
{
    for (int32_t i = 0; i < INPUTS; i++)
        if (pl_shape_count(&prepare->inputs[i]->shape) != 1) return false;
    return pl_shape_count(&prepare->outputs[0]->tensor->shape) == 1;
}

/* The condition is as large as the others, or has one element for each of their outermost rows,
 * or one for all. */
pl_status pl_prepare_select(struct pl_prepare *prepare)
{
    PL_TRY(check_inputs(prepare));
    const struct pl_shape *x = &prepare->inputs[X]->shape;
    struct pl_shape condition = prepare->inputs[CONDITION]->shape;
    if (is_single(prepare)) {
        condition = prepare->outputs[0]->tensor->shape;
        return prepare_select(prepare, &condition, &prepare->outputs[0]->tensor->shape);
    }
    PL_TRY(pl_check_same_shape(prepare, pl_input(Y), pl_input(X)));
    if (pl_shape_equal(&condition, x) || condition.rank == 0)
        return prepare_select(prepare, &condition, x);
    if (condition.rank != 1 || x->rank == 0 || condition.dims[0] != x->dims[0]) {
        char found[PL_SHAPE_TEXT_BYTES], expected[PL_SHAPE_TEXT_BYTES];
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(CONDITION),
                             "found shape %s, expected %s, its first dimension or a scalar",
                             pl_shape_text(&condition, found), pl_shape_text(x, expected));
    }
    condition.rank = x->rank;
    for (int32_t i = 1; i < x->rank; i++) condition.dims[i] = 1;
    return prepare_select(prepare, &condition, x);
}

pl_status pl_prepare_select_v2(struct pl_prepare *prepare)
{
    PL_TRY(check_inputs(prepare));
    const struct pl_shape *condition = &prepare->inputs[CONDITION]->shape;
    struct pl_shape out = prepare->outputs[0]->tensor->shape;
    if (is_single(prepare)) return prepare_select(prepare, condition, &out);
    if (!pl_broadcast_shape(condition, &prepare->inputs[X]->shape, &out) ||
        !pl_broadcast_shape(&out, &prepare->inputs[Y]->shape, &out)) {
        char texts[INPUTS][PL_SHAPE_TEXT_BYTES];
        for (int32_t i = 0; i < INPUTS; i++) pl_shape_text(&prepare->inputs[i]->shape, texts[i]);
        return pl_prepare_fail(prepare, PL_MISMATCH,
                               "inputs of shapes %s, %s and %s do not broadcast", texts[CONDITION],
                               texts[X], texts[Y]);
    }
    return prepare_select(prepare, condition, &out);
}
