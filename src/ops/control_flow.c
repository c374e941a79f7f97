/* SPDX-License-Identifier: Apache-2.0 */
/* IF and CALL_ONCE: operators that run another subgraph, or not. */
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
