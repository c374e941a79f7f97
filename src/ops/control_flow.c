/* SPDX-License-Identifier: Apache-2.0 */
/* IF, WHILE and CALL_ONCE: operators that run other subgraphs. The plan makes a block of each
 * subgraph for the shapes it is called with; the block's arena is scratch of the operator. */
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "ops/check.h"
#include "ops/op.h"

/* ---- shared ---------------------------------------------------------------------------------- */

/* A subgraph that is called. */
struct callee {
    const struct pl_subgraph *subgraph;
    struct pl_block *block;
    size_t arena_bytes;
    struct pl_shape *output_shapes;
};

static pl_status check_count(struct pl_prepare *prepare, int64_t index, const char *what,
                             int32_t found, int32_t expected)
{
    if (found == expected) return PL_OK;
    return pl_prepare_fail(prepare, PL_INVALID_MODEL, "subgraph %lld has %d %s, expected %d",
                           (long long)index, (int)found, what, (int)expected);
}

/* Plans subgraph `index` for inputs [first_input, input_count) of the operator. */
static pl_status plan_callee(struct pl_prepare *prepare, int64_t index, int32_t first_input,
                             int32_t output_count, struct callee *callee)
{
    const int64_t absolute = index + prepare->op->subgraph_base;
    if (index < 0 || absolute >= prepare->graph->subgraph_count)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL, "there is no subgraph %lld",
                               (long long)index);
    const struct pl_subgraph *subgraph = &prepare->graph->subgraphs[absolute];
    const int32_t input_count = prepare->input_count - first_input;
    PL_TRY(check_count(prepare, index, "inputs", subgraph->input_count, input_count));
    PL_TRY(check_count(prepare, index, "outputs", subgraph->output_count, output_count));

    struct pl_shape *shapes =
        pl_prepare_allocate(prepare, (size_t)input_count * sizeof *shapes + 1);
    callee->output_shapes = pl_prepare_allocate(prepare, (size_t)output_count * sizeof *shapes + 1);
    if (shapes == NULL || callee->output_shapes == NULL) return PL_OUT_OF_MEMORY;
    for (int32_t i = 0; i < input_count; i++) {
        const struct pl_value *value = prepare->inputs[first_input + i];
        const pl_type expected = subgraph->tensors[subgraph->inputs[i]].type;
        if (value->tensor->type != expected) {
            return pl_check_fail(prepare, PL_MISMATCH, pl_input(first_input + i),
                                 "found %s, subgraph %lld expects %s",
                                 pl_type_name(value->tensor->type), (long long)index,
                                 pl_type_name(expected));
        }
        shapes[i] = value->shape;
    }
    callee->subgraph = subgraph;
    return prepare->services->plan_subgraph(prepare, (int32_t)index, shapes, callee->output_shapes,
                                            &callee->block, &callee->arena_bytes);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static pl_status check_output_types(struct pl_prepare *prepare, const struct pl_subgraph *subgraph)
{
    for (int32_t i = 0; i < prepare->output_count; i++) {
        const pl_type found = subgraph->tensors[subgraph->outputs[i]].type;
        const pl_type expected = prepare->outputs[i]->tensor->type;
        if (pl_type_bits(expected) == 0)
            return pl_check_fail(prepare, PL_UNSUPPORTED, pl_output(i),
                                 "tensors of %s are not supported", pl_type_name(expected));
        if (found == expected) continue;
        return pl_check_fail(prepare, PL_MISMATCH, pl_output(i),
                             "the subgraph gives %s, expected %s", pl_type_name(found),
                             pl_type_name(expected));
    }
    return PL_OK;
}

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
    const bool condition = *(const unsigned char *)eval->inputs[0] != 0;
    return eval->services->run_block(eval, condition ? params->then_block : params->else_block,
                                     eval->scratch[0], eval->inputs + 1, eval->outputs);
}

pl_status pl_prepare_if(struct pl_prepare *prepare)
{
    const int32_t outputs = prepare->output_count;
    const int32_t inputs = prepare->input_count;
    PL_TRY(pl_check_arity(prepare, inputs > 0 ? inputs : 1, inputs, outputs));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_BOOL)));
    PL_TRY(pl_check_count(prepare, pl_input(0), 1));
    const struct pl_record *options = prepare->op->options;
    struct callee then_callee = {0};
    struct callee else_callee = {0};
    PL_TRY(plan_callee(prepare, pl_record_integer(options, PL_IfOptions_then_subgraph_index), 1,
                       outputs, &then_callee));
    PL_TRY(plan_callee(prepare, pl_record_integer(options, PL_IfOptions_else_subgraph_index), 1,
                       outputs, &else_callee));
    PL_TRY(check_output_types(prepare, then_callee.subgraph));
    PL_TRY(check_output_types(prepare, else_callee.subgraph));
    for (int32_t i = 0; i < outputs; i++) {
        if (!pl_shape_equal(&then_callee.output_shapes[i], &else_callee.output_shapes[i])) {
            char a[PL_SHAPE_TEXT_BYTES];
            char b[PL_SHAPE_TEXT_BYTES];
            return pl_check_fail(
                prepare, PL_UNSUPPORTED, pl_output(i),
                "the branches give %s and %s: shapes that depend on data are not supported",
                pl_shape_text(&then_callee.output_shapes[i], a),
                pl_shape_text(&else_callee.output_shapes[i], b));
        }
        PL_TRY(pl_check_set_output(prepare, i, &then_callee.output_shapes[i]));
    }
    struct branch *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->then_block = then_callee.block;
    params->else_block = else_callee.block;
    prepare->params = params;
    pl_prepare_scratch(prepare, larger(then_callee.arena_bytes, else_callee.arena_bytes), false);
    pl_prepare_stage(prepare, eval_if, 1, 1);
    return PL_OK;
}

/* ---- WHILE ----------------------------------------------------------------------------------- */

/* The variables of the loop are in the operator's outputs before and after every turn but the odd
 * ones: the body reads one set of buffers and writes the other. A variable that the body only
 * passes through stays where it is. */
struct loop_variable {
    size_t bytes;
    size_t other_offset; /* in the scratch */
    bool passed_through;
};

struct loop {
    const struct pl_block *condition;
    const struct pl_block *body;
    struct loop_variable *variables;
    int32_t count;
};

enum { LOOP_ARENA, LOOP_OTHERS, LOOP_FLAG, LOOP_POINTERS };

static pl_status test_condition(const struct pl_eval *eval, const struct loop *params,
                                void *const *state, bool *again)
{
    unsigned char *flag = eval->scratch[LOOP_FLAG];
    void *const outputs[1] = {flag};
    PL_TRY(eval->services->run_block(eval, params->condition, eval->scratch[LOOP_ARENA],
                                     (const void *const *)state, outputs));
    *again = *flag != 0;
    return PL_OK;
}

static pl_status eval_while(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct loop *params = eval->params;
    (void)from;
    (void)to;
    void **current = eval->scratch[LOOP_POINTERS];
    void **next = current + params->count;
    for (int32_t i = 0; i < params->count; i++) {
        const struct loop_variable *variable = &params->variables[i];
        if (variable->bytes > 0) memmove(eval->outputs[i], eval->inputs[i], variable->bytes);
        current[i] = eval->outputs[i];
        next[i] = variable->passed_through
                      ? current[i]
                      : (char *)eval->scratch[LOOP_OTHERS] + variable->other_offset;
    }
    for (;;) {
        bool again = false;
        PL_TRY(test_condition(eval, params, current, &again));
        if (!again) break;
        PL_TRY(eval->services->run_block(eval, params->body, eval->scratch[LOOP_ARENA],
                                         (const void *const *)current, next));
        void **swap = current;
        current = next;
        next = swap;
    }
    for (int32_t i = 0; i < params->count; i++)
        if (current[i] != eval->outputs[i])
            memcpy(eval->outputs[i], current[i], params->variables[i].bytes);
    return PL_OK;
}

/* The state goes around: outputs of the body have the types and shapes of its inputs. */
static pl_status check_state(struct pl_prepare *prepare, const struct callee *body)
{
    PL_TRY(check_output_types(prepare, body->subgraph));
    for (int32_t i = 0; i < prepare->output_count; i++) {
        const struct pl_shape *shape = &prepare->inputs[i]->shape;
        PL_TRY(pl_check_same_type(prepare, pl_input(i), pl_output(i)));
        if (!pl_shape_equal(&body->output_shapes[i], shape)) {
            char found[PL_SHAPE_TEXT_BYTES];
            char expected[PL_SHAPE_TEXT_BYTES];
            return pl_check_fail(
                prepare, PL_UNSUPPORTED, pl_output(i),
                "the body turns %s into %s: a shape that changes in a loop is not supported",
                pl_shape_text(shape, expected), pl_shape_text(&body->output_shapes[i], found));
        }
        PL_TRY(pl_check_set_output(prepare, i, shape));
    }
    return PL_OK;
}

static pl_status check_condition(struct pl_prepare *prepare, const struct callee *condition)
{
    const struct pl_subgraph *subgraph = condition->subgraph;
    const pl_type type = subgraph->tensors[subgraph->outputs[0]].type;
    if (type != PL_BOOL)
        return pl_prepare_fail(prepare, PL_MISMATCH, "the condition gives %s, expected bool",
                               pl_type_name(type));
    if (pl_shape_count(&condition->output_shapes[0]) != 1)
        return pl_prepare_fail(prepare, PL_MISMATCH,
                               "the condition gives more or less than one element");
    return PL_OK;
}

/* Sizes and places of the second set of buffers; *other_bytes is what it needs. */
static pl_status describe_variables(struct pl_prepare *prepare, const struct callee *body,
                                    struct loop_variable *variables, size_t *other_bytes)
{
    size_t total = 0;
    for (int32_t i = 0; i < prepare->input_count; i++) {
        struct loop_variable *variable = &variables[i];
        variable->passed_through = body->subgraph->outputs[i] == body->subgraph->inputs[i];
        variable->other_offset = total;
        size_t rounded = 0;
        if (!pl_shape_bytes(&prepare->inputs[i]->shape, prepare->inputs[i]->tensor->type,
                            &variable->bytes) ||
            !pl_size_round_up(variable->bytes, PL_ALIGNMENT, &rounded) ||
            (!variable->passed_through && !pl_size_add(total, rounded, &total)))
            return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(i), "the tensor is too large");
    }
    *other_bytes = total;
    return PL_OK;
}

pl_status pl_prepare_while(struct pl_prepare *prepare)
{
    const int32_t count = prepare->input_count;
    PL_TRY(pl_check_arity(prepare, count, count, count));
    const struct pl_record *options = prepare->op->options;
    struct callee condition = {0};
    struct callee body = {0};
    PL_TRY(plan_callee(prepare, pl_record_integer(options, PL_WhileOptions_cond_subgraph_index), 0,
                       1, &condition));
    PL_TRY(check_condition(prepare, &condition));
    PL_TRY(plan_callee(prepare, pl_record_integer(options, PL_WhileOptions_body_subgraph_index), 0,
                       count, &body));
    PL_TRY(check_state(prepare, &body));

    struct loop *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->variables = pl_prepare_allocate(prepare, (size_t)count * sizeof *params->variables + 1);
    if (params->variables == NULL) return PL_OUT_OF_MEMORY;
    params->condition = condition.block;
    params->body = body.block;
    params->count = count;
    size_t other_bytes = 0;
    PL_TRY(describe_variables(prepare, &body, params->variables, &other_bytes));
    prepare->params = params;
    pl_prepare_scratch(prepare, larger(condition.arena_bytes, body.arena_bytes), false);
    pl_prepare_scratch(prepare, other_bytes, false);
    pl_prepare_scratch(prepare, PL_ALIGNMENT, false);
    pl_prepare_scratch(prepare, 2 * (size_t)count * sizeof(void *), false);
    pl_prepare_stage(prepare, eval_while, 1, 1);
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
    PL_TRY(eval->services->run_block(eval, params->block, eval->scratch[0], eval->inputs,
                                     eval->outputs));
    *done = 1;
    return PL_OK;
}

pl_status pl_prepare_call_once(struct pl_prepare *prepare)
{
    enum { KEY_BYTES = 32 };
    PL_TRY(pl_check_arity(prepare, 0, 0, 0));
    const int64_t index =
        pl_record_integer(prepare->op->options, PL_CallOnceOptions_init_subgraph_index);
    struct callee callee = {0};
    PL_TRY(plan_callee(prepare, index, 0, 0, &callee));
    struct call_once *params = pl_prepare_allocate(prepare, sizeof *params);
    char *key = pl_prepare_allocate(prepare, KEY_BYTES);
    if (params == NULL || key == NULL) return PL_OUT_OF_MEMORY;
    params->block = callee.block;
    snprintf(key, KEY_BYTES, "call_once:%lld", (long long)index);
    prepare->params = params;
    pl_prepare_scratch(prepare, callee.arena_bytes, false);
    pl_prepare_state(prepare, key, sizeof(int32_t));
    pl_prepare_stage(prepare, eval_call_once, 1, 1);
    return PL_OK;
}
