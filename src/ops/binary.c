/* SPDX-License-Identifier: Apache-2.0 */
/* Operators of two inputs: see binary.h. */
#include "ops/binary.h"

#include "ops/check.h"
#include "ops/reach.h"

enum { HALF_BLOCK = 256 };

enum pl_kind pl_binary_kind(pl_type type, bool quantized)
{
    switch ((int)type) {
    case PL_FLOAT32:
    case PL_FLOAT16:
    case PL_BFLOAT16: return PL_KIND_FLOAT32;
    case PL_FLOAT64: return PL_KIND_FLOAT64;
    case PL_COMPLEX64: return PL_KIND_COMPLEX64;
    case PL_INT8: return quantized ? PL_KIND_QUANTIZED_INT8 : PL_KIND_INT8;
    case PL_UINT8: return quantized ? PL_KIND_QUANTIZED_UINT8 : PL_KIND_UINT8;
    case PL_INT16: return quantized ? PL_KIND_QUANTIZED_INT16 : PL_KIND_INT16;
    case PL_UINT16: return PL_KIND_UINT16;
    case PL_INT32: return PL_KIND_INT32;
    case PL_INT64: return PL_KIND_INT64;
    case PL_UINT32: return PL_KIND_UINT32;
    case PL_BOOL: return PL_KIND_BOOL;
    default: return PL_KIND_COUNT;
    }
}

#define HOLDS(name, type)                                                                          \
    static bool name(const void *b, int64_t count, int32_t forbidden)                              \
    {                                                                                              \
        const type *elements = b;                                                                  \
        bool found = false;                                                                        \
        for (int64_t i = 0; i < count; i++) found |= elements[i] == (type)forbidden;               \
        return found;                                                                              \
    }
HOLDS(holds_int8, int8_t)
HOLDS(holds_uint8, uint8_t)
HOLDS(holds_int16, int16_t)
HOLDS(holds_int32, int32_t)
HOLDS(holds_int64, int64_t)
HOLDS(holds_float32, float)

pl_binary_check pl_binary_zero_check(pl_type type)
{
    switch ((int)type) {
    case PL_INT8: return holds_int8;
    case PL_UINT8: return holds_uint8;
    case PL_INT16: return holds_int16;
    case PL_INT32: return holds_int32;
    case PL_INT64: return holds_int64;
    default: return holds_float32;
    }
}

pl_status pl_binary_check_inputs(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    return pl_check_same_type(prepare, pl_input(1), pl_input(0));
}

/* A run of 16-bit floats, in blocks. Only operators whose outputs are 16-bit floats too, or bool. */
static void run_half(const struct pl_binary_plan *plan, const struct pl_binary_run *run)
{
    float a[HALF_BLOCK], b[HALF_BLOCK], out[HALF_BLOCK];
    const bool is_bool = plan->out_bytes == 1;
    for (int64_t from = 0; from < run->count; from += HALF_BLOCK) {
        const int64_t part = run->count - from < HALF_BLOCK ? run->count - from : HALF_BLOCK;
        char *target = (char *)run->out + from * plan->out_bytes;
        const struct pl_binary_run block = {
            .out = is_bool ? (void *)target : out,
            .a = a,
            .b = b,
            .count = part,
            .a_step = run->a_step,
            .b_step = run->b_step,
        };
        plan->cast(a, PL_CAST_FLOAT32, (const char *)run->a + from * run->a_step * 2, plan->half,
                   run->a_step == 0 ? 1 : part);
        plan->cast(b, PL_CAST_FLOAT32, (const char *)run->b + from * run->b_step * 2, plan->half,
                   run->b_step == 0 ? 1 : part);
        plan->kernel(&block, &plan->params);
        if (!is_bool) plan->cast(target, plan->half, out, PL_CAST_FLOAT32, part);
    }
}

/* `count` elements of the output from `element` on, of inputs from these elements on. */
static pl_status run_piece(const struct pl_eval *eval, int64_t element, int64_t count,
                           int64_t a_offset, int64_t b_offset)
{
    const struct pl_binary_plan *plan = eval->params;
    const struct pl_binary_run run = {
        .out = (char *)eval->outputs[0] + element * plan->out_bytes,
        .a = (const char *)eval->inputs[0] + a_offset * plan->in_bytes,
        .b = (const char *)eval->inputs[1] + b_offset * plan->in_bytes,
        .count = count,
        .a_step = plan->broadcast.steps[0],
        .b_step = plan->broadcast.steps[1],
    };
    if (plan->check != NULL && plan->check(run.b, run.b_step == 0 ? 1 : count, plan->forbidden))
        return pl_eval_fail(eval, "%s in output elements %lld to %lld", plan->complaint,
                            (long long)element, (long long)(element + count));
    if (plan->is_half) run_half(plan, &run);
    else plan->kernel(&run, &plan->params);
    return PL_OK;
}

static pl_status eval(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct pl_broadcast *broadcast =
        &((const struct pl_binary_plan *)eval->params)->broadcast;
    if (broadcast->rank == 0) /* one run: small models consist of such */
        return run_piece(eval, from, to - from, from * broadcast->steps[0],
                         from * broadcast->steps[1]);
    struct pl_broadcast_walk walk;
    pl_broadcast_start(broadcast, from, to, &walk);
    while (pl_broadcast_next(&walk))
        PL_TRY(run_piece(eval, walk.element, walk.count, walk.offsets[0], walk.offsets[1]));
    return PL_OK;
}

pl_status pl_binary_prepare(struct pl_prepare *prepare, enum pl_binary operation, enum pl_kind kind,
                            const struct pl_binary_params *params, struct pl_binary_plan **plan)
{
    const struct pl_value *const *inputs = (const struct pl_value *const *)prepare->inputs;
    struct pl_value *output = prepare->outputs[0];
    const pl_binary_kernel kernel =
        kind == PL_KIND_COUNT ? NULL
                              : prepare->kernels->elementwise->binary->kernels[operation][kind];
    if (kernel == NULL)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(0), "%s is not supported here",
                             pl_type_name(inputs[0]->tensor->type));
    PL_TRY(pl_broadcast_output(prepare));

    struct pl_binary_plan *made = pl_prepare_allocate(prepare, sizeof *made);
    if (made == NULL) return PL_OUT_OF_MEMORY;
    const struct pl_shape *const shapes[] = {&inputs[0]->shape, &inputs[1]->shape};
    pl_broadcast_init(&made->broadcast, shapes, 2, &output->shape);
    made->params = *params;
    made->kernel = kernel;
    made->complaint = "division by zero";
    const pl_type type = inputs[0]->tensor->type;
    made->is_half = type == PL_FLOAT16 || type == PL_BFLOAT16;
    made->half = type == PL_FLOAT16 ? PL_CAST_FLOAT16 : PL_CAST_BFLOAT16;
    made->cast = prepare->kernels->elementwise->convert->cast;
    made->in_bytes = pl_type_bits(inputs[0]->tensor->type) / 8;
    made->out_bytes = pl_type_bits(output->tensor->type) / 8;
    uint32_t whole = 0, sliced = 0; /* inputs: of the output's shape */
    for (int32_t i = 0; i < 2; i++) {
        if (pl_shape_equal(shapes[i], &output->shape)) whole |= 1u << i;
        if (pl_reach_is_sliced(shapes[i], &output->shape)) sliced |= 1u << i;
    }
    if (made->in_bytes == made->out_bytes) prepare->in_place_inputs = whole;
    prepare->params = made;
    pl_prepare_stage(prepare, eval, made->broadcast.elements, 1);
    pl_reach_slices(prepare, sliced);
    *plan = made;
    return PL_OK;
}
