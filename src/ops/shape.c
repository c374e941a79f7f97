/* SPDX-License-Identifier: Apache-2.0 */
/* SHAPE and RANK: known as soon as shapes are, so that the plan can make constants of them.
 * BROADCAST_ARGS: what two shapes broadcast to. */
#include "ops/axis.h"
#include "ops/check.h"
#include "ops/op.h"

struct numbers {
    int32_t count;
    bool wide; /* int64, else int32 */
    int32_t values[PL_MAX_RANK];
};

static void write_number(void *to, bool wide, int32_t index, int64_t value)
{
    if (wide) ((int64_t *)to)[index] = value;
    else ((int32_t *)to)[index] = (int32_t)value;
}

static pl_status eval_numbers(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct numbers *params = eval->params;
    (void)from;
    (void)to;
    for (int32_t i = 0; i < params->count; i++)
        write_number(eval->outputs[0], params->wide, i, params->values[i]);
    return PL_OK;
}

static pl_status add_numbers(struct pl_prepare *prepare, const struct numbers *numbers)
{
    struct numbers *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    *params = *numbers;
    params->wide = prepare->outputs[0]->tensor->type == PL_INT64;
    prepare->params = params;
    pl_prepare_stage(prepare, eval_numbers, params->count > 0 ? 1 : 0, params->count);
    return PL_OK;
}

pl_status pl_prepare_shape(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_index_option(
        prepare, pl_output(0), pl_record_integer(prepare->op->options, PL_ShapeOptions_out_type)));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    const struct pl_shape output = {1, {input->rank}};
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    struct numbers numbers = {.count = input->rank};
    for (int32_t i = 0; i < input->rank; i++) numbers.values[i] = input->dims[i];
    return add_numbers(prepare, &numbers);
}

pl_status pl_prepare_rank(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_INT32)));
    const struct pl_shape output = {0, {0}};
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    const struct numbers numbers = {.count = 1, .values = {prepare->inputs[0]->shape.rank}};
    return add_numbers(prepare, &numbers);
}

/* ---- BROADCAST_ARGS -------------------------------------------------------------------------- */

struct broadcast_args {
    pl_type type;
    int32_t counts[2];
};

/* Dimension i from the back; 1 in front of the first. */
static int64_t dimension(const struct pl_eval *eval, int32_t input, int32_t i)
{
    const struct broadcast_args *params = eval->params;
    const int32_t index = params->counts[input] - 1 - i;
    return index < 0 ? 1 : pl_axis_element(eval->inputs[input], params->type, index);
}

static pl_status eval_broadcast_args(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct broadcast_args *params = eval->params;
    const int32_t count =
        params->counts[0] > params->counts[1] ? params->counts[0] : params->counts[1];
    (void)from;
    (void)to;
    for (int32_t i = 0; i < count; i++) {
        const int64_t a = dimension(eval, 0, i);
        const int64_t b = dimension(eval, 1, i);
        if (a != b && a != 1 && b != 1)
            return pl_eval_fail(eval, "dimensions of %lld and %lld cannot be broadcast",
                                (long long)a, (long long)b);
        write_number(eval->outputs[0], params->type == PL_INT64, count - 1 - i, a == 1 ? b : a);
    }
    return PL_OK;
}

pl_status pl_prepare_broadcast_args(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPES_INDEX));
    PL_TRY(pl_check_same_type(prepare, pl_input(1), pl_input(0)));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, 1));
    PL_TRY(pl_check_rank(prepare, pl_input(1), 1, 1));
    struct broadcast_args *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->type = prepare->inputs[0]->tensor->type;
    for (int32_t i = 0; i < 2; i++) params->counts[i] = prepare->inputs[i]->shape.dims[0];
    const bool first = params->counts[0] > params->counts[1];
    PL_TRY(pl_check_set_output(prepare, 0, &prepare->inputs[first ? 0 : 1]->shape));
    prepare->params = params;
    pl_prepare_stage(prepare, eval_broadcast_args, 1, params->counts[first ? 0 : 1]);
    return PL_OK;
}
