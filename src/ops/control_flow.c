/* SPDX-License-Identifier: Apache-2.0 */
/* IF, STABLEHLO_CASE, STABLEHLO_COMPOSITE and CALL_ONCE: operators that run another subgraph, or
 * not. */
#include <stdio.h>

#include "ops/callee.h"
#include "ops/check.h"
#include "ops/op.h"

/* ---- IF -------------------------------------------------------------------------------------- */

struct branch {
    const struct pl_block *then_block;
    const struct pl_block *else_block;
};

static pl_status eval_if(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct branch *params = eval->params;
    (void)from;
    (void)to;
    const struct pl_now condition = pl_eval_input(eval, 0);
    if (condition.bytes != 1)
        return pl_eval_fail(eval, "the condition has %zu elements, expected one", condition.bytes);
    const bool is_true = *(const unsigned char *)condition.data != 0;
    return eval->services->call_block(eval, is_true ? params->then_block : params->else_block, 1,
                                      eval->scratch[0]);
}

pl_status pl_prepare_if(struct pl_prepare *prepare)
{
    const int32_t outputs = prepare->output_count;
    const int32_t inputs = prepare->input_count;
    PL_TRY(pl_check_arity(prepare, inputs > 0 ? inputs : 1, inputs, outputs));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_BOOL)));
    if (!prepare->inputs[0]->late) PL_TRY(pl_check_count(prepare, pl_input(0), 1));
    const struct pl_record *options = prepare->op->options;
    const int64_t then_index = pl_record_integer(options, PL_IfOptions_then_subgraph_index);
    const int64_t else_index = pl_record_integer(options, PL_IfOptions_else_subgraph_index);
    struct pl_callee callees[2] = {{0}};
    struct branch *params = pl_prepare_allocate(prepare, sizeof *params);
    const struct pl_call_end *ends = pl_callee_inputs(prepare, 1);
    if (params == NULL || ends == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(pl_callee_plan(prepare, then_index, 1, ends, outputs, &callees[0]));
    PL_TRY(pl_callee_plan(prepare, else_index, 1, ends, outputs, &callees[1]));
    PL_TRY(pl_callee_set_outputs(prepare, callees, 2));
    params->then_block = callees[0].block;
    params->else_block = callees[1].block;
    prepare->params = params;
    pl_callee_scratch(prepare, callees, 2);
    pl_prepare_stage(prepare, eval_if, 1, 1);
    return PL_OK;
}

/* ---- STABLEHLO_CASE and STABLEHLO_COMPOSITE -------------------------------------------------- */

/* Input 0 says which branch; whatever is no branch stands for the last one. */
struct branches {
    int32_t count;
    const struct pl_block *blocks[];
};

static pl_status eval_case(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct branches *params = eval->params;
    (void)from;
    (void)to;
    const struct pl_now choice = pl_eval_input(eval, 0);
    if (choice.bytes != sizeof(int32_t))
        return pl_eval_fail(eval, "the index has %zu bytes, expected one int32", choice.bytes);
    const int32_t wanted = *(const int32_t *)choice.data;
    const int32_t branch = wanted >= 0 && wanted < params->count ? wanted : params->count - 1;
    return eval->services->call_block(eval, params->blocks[branch], 1, eval->scratch[0]);
}

pl_status pl_prepare_stablehlo_case(struct pl_prepare *prepare)
{
    const int32_t inputs = prepare->input_count;
    PL_TRY(pl_check_arity(prepare, inputs > 0 ? inputs : 1, inputs, prepare->output_count));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_INT32)));
    if (!prepare->inputs[0]->late) PL_TRY(pl_check_count(prepare, pl_input(0), 1));
    uint32_t count = 0;
    const int32_t *indices = pl_record_vector(
        prepare->op->options, PL_StablehloCaseOptions_branch_subgraph_indices, &count);
    if (indices == NULL || count == 0)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL, "it has no branches");
    struct branches *params =
        pl_prepare_allocate(prepare, sizeof *params + count * sizeof params->blocks[0]);
    struct pl_callee *callees = pl_prepare_allocate(prepare, count * sizeof *callees);
    const struct pl_call_end *ends = pl_callee_inputs(prepare, 1);
    if (params == NULL || callees == NULL || ends == NULL) return PL_OUT_OF_MEMORY;
    params->count = (int32_t)count;
    for (int32_t i = 0; i < params->count; i++) {
        PL_TRY(pl_callee_plan(prepare, indices[i], 1, ends, prepare->output_count, &callees[i]));
        params->blocks[i] = callees[i].block;
    }
    PL_TRY(pl_callee_set_outputs(prepare, callees, params->count));
    prepare->params = params;
    pl_callee_scratch(prepare, callees, params->count);
    pl_prepare_stage(prepare, eval_case, 1, 1);
    return PL_OK;
}

/* A composite is what its decomposition does. LiteRT asks for attributes, too, which this does not
 * need. */
struct composite {
    const struct pl_block *block;
};

static pl_status eval_composite(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct composite *params = eval->params;
    (void)from;
    (void)to;
    return eval->services->call_block(eval, params->block, 0, eval->scratch[0]);
}

pl_status pl_prepare_stablehlo_composite(struct pl_prepare *prepare)
{
    const int32_t inputs = prepare->input_count;
    PL_TRY(pl_check_arity(prepare, inputs, inputs, prepare->output_count));
    const int64_t index = pl_record_integer(
        prepare->op->options, PL_StableHLOCompositeOptions_decomposition_subgraph_index);
    struct pl_callee callee = {0};
    struct composite *params = pl_prepare_allocate(prepare, sizeof *params);
    const struct pl_call_end *ends = pl_callee_inputs(prepare, 0);
    if (params == NULL || ends == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(pl_callee_plan(prepare, index, 0, ends, prepare->output_count, &callee));
    PL_TRY(pl_callee_set_outputs(prepare, &callee, 1));
    params->block = callee.block;
    prepare->params = params;
    pl_callee_scratch(prepare, &callee, 1);
    pl_prepare_stage(prepare, eval_composite, 1, 1);
    return PL_OK;
}

/* ---- CALL_ONCE ------------------------------------------------------------------------------- */

struct call_once {
    const struct pl_block *block;
};

/* The state is a flag that all calls of one initialization share: zero until it has run. */
static pl_status eval_call_once(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct call_once *params = eval->params;
    (void)from;
    (void)to;
    int32_t *done = eval->states[0];
    if (*done != 0) return PL_OK;
    PL_TRY(eval->services->call_block(eval, params->block, 0, eval->scratch[0]));
    *done = 1;
    return PL_OK;
}

pl_status pl_prepare_call_once(struct pl_prepare *prepare)
{
    enum { KEY_BYTES = 32 };
    PL_TRY(pl_check_arity(prepare, 0, 0, 0));
    const int64_t index =
        pl_record_integer(prepare->op->options, PL_CallOnceOptions_init_subgraph_index);
    struct pl_callee callee = {0};
    PL_TRY(pl_callee_plan(prepare, index, 0, NULL, 0, &callee));
    struct call_once *params = pl_prepare_allocate(prepare, sizeof *params);
    char *key = pl_prepare_allocate(prepare, KEY_BYTES);
    if (params == NULL || key == NULL) return PL_OUT_OF_MEMORY;
    params->block = callee.block;
    snprintf(key, KEY_BYTES, "call_once:%lld", (long long)index);
    prepare->params = params;
    pl_callee_scratch(prepare, &callee, 1);
    pl_prepare_state(prepare, key, sizeof(int32_t));
    pl_prepare_stage(prepare, eval_call_once, 1, 1);
    return PL_OK;
}
