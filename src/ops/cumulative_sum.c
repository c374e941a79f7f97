/* SPDX-License-Identifier: Apache-2.0 */
/* CUMSUM: running sums along an axis. A unit is a column: the elements of one running sum. */
#include "ops/axis.h"
#include "ops/check.h"

struct cumsum_plan {
    /* `count` running sums side by side */
    void (*run)(const struct cumsum_plan *plan, char *out, const char *in, int64_t count);
    int64_t axis;   /* elements of a running sum */
    int64_t inner;  /* between two of them */
    int32_t bytes;  /* of an element */
    bool exclusive; /* an element does not count itself */
    bool reverse;
};

/* A row is the one before it plus an input row: its own, or the one before that too. Sums wrap in
 * the unsigned type. */
#define CUMSUM(name, type)                                                                         \
    static void name(const struct cumsum_plan *plan, char *out_bytes, const char *in_bytes,        \
                     int64_t count)                                                                \
    {                                                                                              \
        type *out = (type *)(void *)out_bytes;                                                     \
        const type *in = (const type *)(const void *)in_bytes;                                     \
        const int64_t step = plan->reverse ? -plan->inner : plan->inner;                           \
        int64_t row = plan->reverse ? (plan->axis - 1) * plan->inner : 0;                          \
        for (int64_t i = 0; i < count; i++) out[row + i] = plan->exclusive ? 0 : in[row + i];      \
        for (int64_t k = 1; k < plan->axis; k++) {                                                 \
            const int64_t before = row;                                                            \
            row += step;                                                                           \
            const type *added = in + (plan->exclusive ? before : row);                             \
            for (int64_t i = 0; i < count; i++) out[row + i] = out[before + i] + added[i];         \
        }                                                                                          \
    }

CUMSUM(run_float32, float)
CUMSUM(run_32, uint32_t)
CUMSUM(run_64, uint64_t)

static pl_status eval(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct cumsum_plan *plan = eval->params;
    int64_t count = 0;
    for (int64_t column = from; column < to; column += count) {
        const int64_t inside = column % plan->inner;
        const int64_t element = column / plan->inner * plan->inner * plan->axis + inside;
        count = plan->inner - inside < to - column ? plan->inner - inside : to - column;
        plan->run(plan, (char *)eval->outputs[0] + element * plan->bytes,
                  (const char *)eval->inputs[0] + element * plan->bytes, count);
    }
    return PL_OK;
}

pl_status pl_prepare_cumsum(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0),
                         PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_INT32) | PL_TYPE_BIT(PL_INT64)));
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, PL_MAX_RANK));
    const struct pl_shape *shape = &prepare->inputs[0]->shape;
    const pl_type type = prepare->inputs[0]->tensor->type;
    int64_t wanted = 0;
    int32_t axis = 0;
    PL_TRY(pl_axis_read_integer(prepare, 1, &wanted));
    PL_TRY(pl_axis_check(prepare, wanted, shape->rank, &axis));
    PL_TRY(pl_check_set_output(prepare, 0, shape));
    struct cumsum_plan *plan = pl_prepare_allocate(prepare, sizeof *plan);
    if (plan == NULL) return PL_OUT_OF_MEMORY;
    plan->run = type == PL_FLOAT32 ? run_float32 : type == PL_INT32 ? run_32 : run_64;
    plan->axis = shape->dims[axis];
    plan->inner = pl_shape_span(shape, axis + 1, shape->rank);
    plan->bytes = pl_type_bits(type) / 8;
    plan->exclusive = pl_record_integer(prepare->op->options, PL_CumsumOptions_exclusive) != 0;
    plan->reverse = pl_record_integer(prepare->op->options, PL_CumsumOptions_reverse) != 0;
    prepare->params = plan;
    const int64_t elements = pl_shape_count(shape);
    pl_prepare_stage(prepare, eval, elements == 0 ? 0 : elements / plan->axis, plan->axis);
    return PL_OK;
}
