/* SPDX-License-Identifier: Apache-2.0 */
/* Operators of two inputs on plain numbers: POW, ATAN2, FLOOR_DIV, FLOOR_MOD, BITWISE_XOR,
 * RIGHT_SHIFT. Quantized tensors are taken as the integers they hold. */
#include "ops/binary.h"
#include "ops/check.h"

enum {
    TYPES_FLOORED = PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_INT8) | PL_TYPE_BIT(PL_INT16) |
                    PL_TYPE_BIT(PL_INT32),
    TYPES_BITS =
        PL_TYPES_QUANTIZED | PL_TYPE_BIT(PL_UINT16) | PL_TYPE_BIT(PL_INT32) | PL_TYPE_BIT(PL_UINT32)
};

/* Two inputs and one output of one of these types. */
static pl_status prepare_plain(struct pl_prepare *prepare, enum pl_binary operation, uint32_t types,
                               struct pl_binary_plan **plan)
{
    const struct pl_binary_params params = {0};
    PL_TRY(pl_binary_check_inputs(prepare));
    PL_TRY(pl_check_type(prepare, pl_input(0), types));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    const pl_type type = prepare->inputs[0]->tensor->type;
    return pl_binary_prepare(prepare, operation, pl_binary_kind(type, false), &params, plan);
}

/* ---- POW and ATAN2 --------------------------------------------------------------------------- */

static bool holds_negative(const void *b, int64_t count, int32_t forbidden)
{
    const int32_t *elements = b;
    bool found = false;
    (void)forbidden;
    for (int64_t i = 0; i < count; i++) found |= elements[i] < 0;
    return found;
}

pl_status pl_prepare_pow(struct pl_prepare *prepare)
{
    struct pl_binary_plan *plan = NULL;
    PL_TRY(prepare_plain(prepare, PL_BINARY_POW, PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_INT32),
                         &plan));
    if (prepare->inputs[0]->tensor->type == PL_INT32) {
        plan->check = holds_negative;
        plan->complaint = "a negative power of an integer";
    }
    return PL_OK;
}

/* No broadcasting here. */
pl_status pl_prepare_atan2(struct pl_prepare *prepare)
{
    struct pl_binary_plan *plan = NULL;
    PL_TRY(prepare_plain(prepare, PL_BINARY_ATAN2,
                         PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_HALF | PL_TYPE_BIT(PL_FLOAT64), &plan));
    return pl_check_same_shape(prepare, pl_input(1), pl_input(0));
}

/* ---- division rounded down ------------------------------------------------------------------- */

pl_status pl_prepare_floor_div(struct pl_prepare *prepare)
{
    struct pl_binary_plan *plan = NULL;
    PL_TRY(prepare_plain(prepare, PL_BINARY_FLOOR_DIV, TYPES_FLOORED, &plan));
    plan->check = pl_binary_zero_check(prepare->inputs[1]->tensor->type);
    return PL_OK;
}

/* Floats may be divided by 0, which gives no number. */
pl_status pl_prepare_floor_mod(struct pl_prepare *prepare)
{
    struct pl_binary_plan *plan = NULL;
    PL_TRY(
        prepare_plain(prepare, PL_BINARY_FLOOR_MOD, TYPES_FLOORED | PL_TYPE_BIT(PL_INT64), &plan));
    const pl_type type = prepare->inputs[1]->tensor->type;
    if (type != PL_FLOAT32) plan->check = pl_binary_zero_check(type);
    return PL_OK;
}

/* ---- bits ------------------------------------------------------------------------------------ */

pl_status pl_prepare_bitwise_xor(struct pl_prepare *prepare)
{
    struct pl_binary_plan *plan = NULL;
    return prepare_plain(prepare, PL_BINARY_BITWISE_XOR, TYPES_BITS, &plan);
}

pl_status pl_prepare_right_shift(struct pl_prepare *prepare)
{
    struct pl_binary_plan *plan = NULL;
    return prepare_plain(prepare, PL_BINARY_RIGHT_SHIFT, TYPES_BITS, &plan);
}
