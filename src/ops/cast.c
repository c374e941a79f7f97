/* SPDX-License-Identifier: Apache-2.0 */
/* CAST. */
#include "kernels/elementwise_kernels.h"
#include "ops/check.h"
#include "ops/packed.h"
#include "ops/reach.h"

struct cast_plan {
    pl_cast_kernel kernel;
    enum pl_cast_type from;
    enum pl_cast_type to;
    pl_type packed; /* of eval_unpacked and eval_packed: the type that is not float32 */
    int64_t elements;
    int32_t in_bytes;
    int32_t out_bytes;
};

/* PL_CAST_COUNT if the type cannot be cast. */
static enum pl_cast_type cast_type(pl_type type)
{
    switch ((int)type) {
    case PL_BOOL: return PL_CAST_BOOL;
    case PL_INT8: return PL_CAST_INT8;
    case PL_UINT8: return PL_CAST_UINT8;
    case PL_INT16: return PL_CAST_INT16;
    case PL_UINT16: return PL_CAST_UINT16;
    case PL_INT32: return PL_CAST_INT32;
    case PL_UINT32: return PL_CAST_UINT32;
    case PL_INT64: return PL_CAST_INT64;
    case PL_FLOAT16: return PL_CAST_FLOAT16;
    case PL_BFLOAT16: return PL_CAST_BFLOAT16;
    case PL_FLOAT32: return PL_CAST_FLOAT32;
    case PL_FLOAT64: return PL_CAST_FLOAT64;
    case PL_COMPLEX64: return PL_CAST_COMPLEX64;
    default: return PL_CAST_COUNT;
    }
}

static pl_status eval_cast(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct cast_plan *plan = eval->params;
    const char *in = eval->inputs[0];
    char *out = eval->outputs[0];
    plan->kernel(out + from * plan->out_bytes, plan->to, in + from * plan->in_bytes, plan->from,
                 to - from);
    return PL_OK;
}

/* ---- elements of 4 and 2 bits, from and to float32 -------------------------------------------- */

static pl_status eval_unpacked(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct cast_plan *plan = eval->params;
    float *out = eval->outputs[0];
    for (int64_t first = from; first < to; first += PL_PACKED_BLOCK) {
        int8_t block[PL_PACKED_BLOCK];
        const int64_t count = to - first < PL_PACKED_BLOCK ? to - first : PL_PACKED_BLOCK;
        pl_packed_load(block, eval->inputs[0], first, count, plan->packed);
        plan->kernel(out + first, PL_CAST_FLOAT32, block, PL_CAST_INT8, count);
    }
    return PL_OK;
}

/* A unit is a block. Numbers are cut off toward zero and limited to the type. */
static pl_status eval_packed(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct cast_plan *plan = eval->params;
    const float *in = eval->inputs[0];
    uint8_t *out = eval->outputs[0];
    const int32_t in_byte = 8 / pl_type_bits(plan->packed);
    int32_t low = 0, high = 0;
    pl_packed_range(plan->packed, &low, &high);
    for (int64_t unit = from; unit < to; unit++) {
        int8_t block[PL_PACKED_BLOCK];
        const int64_t first = unit * PL_PACKED_BLOCK;
        const int64_t left = plan->elements - first;
        const int64_t count = left < PL_PACKED_BLOCK ? left : PL_PACKED_BLOCK;
        plan->kernel(block, PL_CAST_INT8, in + first, PL_CAST_FLOAT32, count);
        for (int64_t i = 0; i < count; i++)
            block[i] = (int8_t)(block[i] < low ? low : block[i] > high ? high : block[i]);
        pl_packed_store(out + first / in_byte, block, count, plan->packed);
    }
    return PL_OK;
}

static pl_status add_packed_stage(struct pl_prepare *prepare, struct cast_plan *plan)
{
    const bool from_packed = pl_packed_is(prepare->inputs[0]->tensor->type);
    const int64_t blocks =
        plan->elements / PL_PACKED_BLOCK + (plan->elements % PL_PACKED_BLOCK != 0);
    plan->packed = prepare->inputs[0]->tensor->type;
    if (from_packed) {
        pl_prepare_stage(prepare, eval_unpacked, plan->elements, 4);
        return PL_OK;
    }
    plan->packed = prepare->outputs[0]->tensor->type;
    pl_prepare_stage(prepare, eval_packed, blocks, PL_PACKED_BLOCK * 4);
    return PL_OK;
}

/* ---- CAST ------------------------------------------------------------------------------------ */

static bool can_cast(pl_type from, pl_type to)
{
    if (pl_packed_is(from)) return to == PL_FLOAT32;
    if (pl_packed_is(to)) return from == PL_FLOAT32;
    return cast_type(from) != PL_CAST_COUNT && cast_type(to) != PL_CAST_COUNT;
}

pl_status pl_prepare_cast(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    const pl_type from = prepare->inputs[0]->tensor->type;
    const pl_type to = prepare->outputs[0]->tensor->type;
    if (!can_cast(from, to))
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "%s cannot be cast to %s",
                               pl_type_name(from), pl_type_name(to));
    PL_TRY(pl_check_set_output(prepare, 0, &prepare->inputs[0]->shape));
    struct cast_plan *plan = pl_prepare_allocate(prepare, sizeof *plan);
    if (plan == NULL) return PL_OUT_OF_MEMORY;
    plan->kernel = prepare->kernels->elementwise->convert->cast;
    plan->from = cast_type(from);
    plan->to = cast_type(to);
    plan->in_bytes = pl_type_bits(from) / 8;
    plan->out_bytes = pl_type_bits(to) / 8;
    plan->elements = pl_shape_count(&prepare->inputs[0]->shape);
    prepare->params = plan;
    if (pl_packed_is(from) || pl_packed_is(to)) return add_packed_stage(prepare, plan);
    if (plan->in_bytes == plan->out_bytes) prepare->in_place_inputs = 1;
    pl_prepare_stage(prepare, eval_cast, pl_shape_count(&prepare->inputs[0]->shape), 2);
    pl_reach_slices(prepare, 1);
    return PL_OK;
}
