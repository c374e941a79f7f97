/* SPDX-License-Identifier: Apache-2.0 */
/* BITCAST: the same bytes as elements of another type. ZEROS_LIKE: zeros of the same shape. */
#include <string.h>

#include "ops/check.h"

struct bytes_plan {
    int64_t unit; /* bytes */
};

static pl_status eval_bitcast(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct bytes_plan *plan = eval->params;
    const char *in = eval->inputs[0];
    char *out = eval->outputs[0];
    if (out != in)
        memcpy(out + from * plan->unit, in + from * plan->unit, (size_t)((to - from) * plan->unit));
    return PL_OK;
}

static pl_status eval_zeros(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct bytes_plan *plan = eval->params;
    memset((char *)eval->outputs[0] + from * plan->unit, 0, (size_t)((to - from) * plan->unit));
    return PL_OK;
}

/* A stage of as many units as there are elements of output 0. */
static pl_status add_stage(struct pl_prepare *prepare, pl_eval_function eval)
{
    struct bytes_plan *plan = pl_prepare_allocate(prepare, sizeof *plan);
    if (plan == NULL) return PL_OUT_OF_MEMORY;
    plan->unit = pl_type_bits(prepare->outputs[0]->tensor->type) / 8;
    prepare->params = plan;
    pl_prepare_stage(prepare, eval, pl_shape_count(&prepare->outputs[0]->shape), plan->unit);
    return PL_OK;
}

/* Smaller elements get a dimension of their own at the end, larger ones take it away. */
static pl_status cast_shape(struct pl_prepare *prepare, int32_t in_bits, int32_t out_bits,
                            struct pl_shape *shape)
{
    if (in_bits > out_bits) {
        PL_TRY(pl_check_rank(prepare, pl_input(0), 0, PL_MAX_RANK - 1));
        shape->dims[shape->rank++] = in_bits / out_bits;
    } else if (in_bits < out_bits) {
        const int32_t needed = out_bits / in_bits;
        PL_TRY(pl_check_rank(prepare, pl_input(0), 1, PL_MAX_RANK));
        if (shape->dims[shape->rank - 1] != needed)
            return pl_check_fail(prepare, PL_MISMATCH, pl_input(0),
                                 "found a last dimension of %d, expected %d: as many elements as "
                                 "one of the output has",
                                 (int)shape->dims[shape->rank - 1], (int)needed);
        shape->rank--;
    }
    return PL_OK;
}

pl_status pl_prepare_bitcast(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    const pl_type in = prepare->inputs[0]->tensor->type;
    const pl_type out = prepare->outputs[0]->tensor->type;
    if (pl_type_bits(in) < 8 || pl_type_bits(out) < 8)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "%s cannot be taken for %s",
                               pl_type_name(in), pl_type_name(out));
    struct pl_shape shape = prepare->inputs[0]->shape;
    PL_TRY(cast_shape(prepare, pl_type_bits(in), pl_type_bits(out), &shape));
    PL_TRY(pl_check_set_output(prepare, 0, &shape));
    prepare->view_of_input = 0;
    return add_stage(prepare, eval_bitcast);
}

pl_status pl_prepare_zeros_like(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0),
                         PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_INT32) | PL_TYPE_BIT(PL_INT64)));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    PL_TRY(pl_check_set_output(prepare, 0, &prepare->inputs[0]->shape));
    prepare->in_place_inputs = 1;
    return add_stage(prepare, eval_zeros);
}
