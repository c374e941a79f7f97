/* SPDX-License-Identifier: Apache-2.0 */
/* WHILE: a condition and a body, each a subgraph of the loop's variables. */
#include <string.h>

#include "base/checked.h"
#include "ops/callee.h"
#include "ops/check.h"
#include "ops/op.h"

/* The variables of the loop are in the operator's outputs before and after every turn but the odd
 * ones: the body reads one set of buffers and writes the other. A variable that the body only
 * passes through stays where it is. One whose shape the body may change (late) is always in the
 * operator's output, to which it is copied after the turn. */
struct loop_variable {
    size_t bytes;
    size_t other_offset; /* in the scratch */
    bool passed_through;
    bool late;
};

struct loop {
    const struct pl_block *condition;
    const struct pl_block *body;
    struct loop_variable *variables;
    int32_t count;
    bool late_condition;
};

enum { LOOP_ARENA, LOOP_OTHERS, LOOP_FLAG, LOOP_STATE };

/* ---- running --------------------------------------------------------------------------------- */

static pl_status test_condition(const struct pl_eval *eval, const struct loop *params,
                                const struct pl_now *state, bool *again)
{
    struct pl_now flag = {.data = params->late_condition ? NULL : eval->scratch[LOOP_FLAG],
                          .bytes = 1};
    PL_TRY(eval->services->run_block(eval, params->condition, eval->scratch[LOOP_ARENA], state,
                                     &flag));
    if (flag.bytes != 1 || flag.shape.rank > 1)
        return pl_eval_fail(eval, "the condition gives %zu elements, expected one", flag.bytes);
    *again = *(const unsigned char *)flag.data != 0;
    return PL_OK;
}

/* The operator's output becomes what is `from`, which lies elsewhere. */
static pl_status keep_late(const struct pl_eval *eval, int32_t index, const struct pl_now *from,
                           struct pl_now *to)
{
    PL_TRY(pl_eval_set_output(eval, index, &from->shape, from->bytes));
    if (from->bytes > 0) memcpy(eval->outputs[index], from->data, from->bytes);
    *to = (struct pl_now){eval->outputs[index], from->bytes, from->shape};
    return PL_OK;
}

static pl_status start_variables(const struct pl_eval *eval, const struct loop *params,
                                 struct pl_now *current, struct pl_now *next)
{
    for (int32_t i = 0; i < params->count; i++) {
        const struct loop_variable *variable = &params->variables[i];
        if (variable->late) {
            const struct pl_now start = pl_eval_input(eval, i);
            PL_TRY(keep_late(eval, i, &start, &current[i]));
            continue;
        }
        if (variable->bytes > 0) memmove(eval->outputs[i], eval->inputs[i], variable->bytes);
        current[i] = (struct pl_now){.data = eval->outputs[i], .bytes = variable->bytes};
        next[i] = current[i];
        if (!variable->passed_through)
            next[i].data = (char *)eval->scratch[LOOP_OTHERS] + variable->other_offset;
    }
    return PL_OK;
}

/* One turn. What comes back in `next` is written over by the next turn, and so copied at once. */
static pl_status run_body(const struct pl_eval *eval, const struct loop *params,
                          struct pl_now *current, struct pl_now *next)
{
    for (int32_t i = 0; i < params->count; i++)
        if (params->variables[i].passed_through) next[i] = current[i];
        else if (params->variables[i].late) next[i].data = NULL;
    PL_TRY(eval->services->run_block(eval, params->body, eval->scratch[LOOP_ARENA], current, next));
    for (int32_t i = 0; i < params->count; i++) {
        const struct pl_now after = next[i];
        if (params->variables[i].late && !params->variables[i].passed_through)
            PL_TRY(keep_late(eval, i, &after, &next[i]));
    }
    return PL_OK;
}

static pl_status eval_while(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct loop *params = eval->params;
    (void)from;
    (void)to;
    struct pl_now *current = eval->scratch[LOOP_STATE];
    struct pl_now *next = current + params->count;
    PL_TRY(start_variables(eval, params, current, next));
    for (;;) {
        bool again = false;
        PL_TRY(test_condition(eval, params, current, &again));
        if (!again) break;
        PL_TRY(run_body(eval, params, current, next));
        struct pl_now *swap = current;
        current = next;
        next = swap;
    }
    for (int32_t i = 0; i < params->count; i++)
        if (current[i].data != eval->outputs[i])
            memcpy(eval->outputs[i], current[i].data, params->variables[i].bytes);
    return PL_OK;
}

/* ---- planning -------------------------------------------------------------------------------- */

/* A variable that begins as a scalar and goes on as a vector of one element, or the other way
 * round, has one size, and the shape that the body gives it. */
static bool same_size(const struct pl_shape *a, const struct pl_shape *b)
{
    if (pl_shape_equal(a, b)) return true;
    return a->rank <= 1 && b->rank <= 1 && pl_shape_count(a) == 1 && pl_shape_count(b) == 1;
}

static bool changes(const struct pl_call_end *before, const struct pl_call_end *after)
{
    return !before->late && (after->late || !same_size(&before->shape, &after->shape));
}

/* Marks variables that the body changes in shape, of them `all` if there is one; false if there is
 * none that was not marked before. */
static bool mark_changing(const struct pl_prepare *prepare, const struct pl_callee *body, bool all,
                          struct pl_call_end *ends)
{
    bool any = false;
    for (int32_t i = 0; i < prepare->input_count; i++) {
        if (!changes(&ends[i], &body->outputs[i])) continue;
        ends[i].late = true;
        any = true;
    }
    for (int32_t i = 0; any && all && i < prepare->input_count; i++) {
        ends[i].late = true;
        ends[i].constant = NULL;
    }
    return any;
}

/* A constant stays one if the body hands it on. It is an output as well, so eval reads it. */
static void forget_changed(struct pl_prepare *prepare, int64_t index, struct pl_call_end *ends)
{
    const int64_t absolute = index + prepare->op->subgraph_base;
    const bool there = index >= 0 && absolute < prepare->graph->subgraph_count;
    const struct pl_subgraph *body = there ? &prepare->graph->subgraphs[absolute] : NULL;
    for (int32_t i = 0; i < prepare->input_count; i++)
        if (body == NULL || i >= body->input_count || i >= body->output_count ||
            body->inputs[i] != body->outputs[i])
            ends[i].constant = NULL;
    prepare->packed_inputs = 0;
}

/* Plans the body for variables of fixed shapes, then with those that it changes unknown, and if
 * these change others again, with all of them unknown. */
static pl_status plan_body(struct pl_prepare *prepare, int64_t index, struct pl_call_end *ends,
                           struct pl_callee *body)
{
    const int32_t count = prepare->input_count;
    for (int32_t i = 0; i < count; i++)
        if (pl_type_bits(prepare->inputs[i]->tensor->type) == 0) ends[i].late = true;
    forget_changed(prepare, index, ends);
    PL_TRY(pl_callee_plan(prepare, index, 0, ends, count, body));
    for (int round = 0; mark_changing(prepare, body, round > 0, ends); round++)
        PL_TRY(pl_callee_plan(prepare, index, 0, ends, count, body));
    PL_TRY(pl_callee_check_types(prepare, body->subgraph));
    for (int32_t i = 0; i < count; i++) {
        PL_TRY(pl_check_same_type(prepare, pl_input(i), pl_output(i)));
        prepare->outputs[i]->late = ends[i].late;
        if (!ends[i].late) PL_TRY(pl_check_set_output(prepare, i, &body->outputs[i].shape));
    }
    return PL_OK;
}

static pl_status check_condition(struct pl_prepare *prepare, const struct pl_callee *condition)
{
    const struct pl_subgraph *subgraph = condition->subgraph;
    const pl_type type = subgraph->tensors[subgraph->outputs[0]].type;
    if (type != PL_BOOL)
        return pl_prepare_fail(prepare, PL_MISMATCH, "the condition gives %s, expected bool",
                               pl_type_name(type));
    const struct pl_shape *shape = &condition->outputs[0].shape;
    if (condition->outputs[0].late || (shape->rank <= 1 && pl_shape_count(shape) == 1))
        return PL_OK;
    char text[PL_SHAPE_TEXT_BYTES];
    return pl_prepare_fail(prepare, PL_MISMATCH, "the condition gives shape %s, expected [] or [1]",
                           pl_shape_text(shape, text));
}

/* Sizes and places of the second set of buffers; *other_bytes is what it needs. */
static pl_status describe_variables(struct pl_prepare *prepare, const struct pl_callee *body,
                                    const struct pl_call_end *ends, struct loop_variable *variables,
                                    size_t *other_bytes)
{
    size_t total = 0;
    for (int32_t i = 0; i < prepare->input_count; i++) {
        struct loop_variable *variable = &variables[i];
        variable->passed_through = body->subgraph->outputs[i] == body->subgraph->inputs[i];
        variable->late = ends[i].late;
        variable->other_offset = total;
        if (variable->late) continue;
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
    const int64_t condition = pl_record_integer(options, PL_WhileOptions_cond_subgraph_index);
    const int64_t body = pl_record_integer(options, PL_WhileOptions_body_subgraph_index);
    struct pl_callee callees[2] = {{0}};
    struct loop *params = pl_prepare_allocate(prepare, sizeof *params);
    struct pl_call_end *ends = pl_callee_inputs(prepare, 0);
    if (params == NULL || ends == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(plan_body(prepare, body, ends, &callees[1]));
    PL_TRY(pl_callee_plan(prepare, condition, 0, ends, 1, &callees[0]));
    PL_TRY(check_condition(prepare, &callees[0]));

    params->variables = pl_prepare_allocate(prepare, (size_t)count * sizeof *params->variables + 1);
    if (params->variables == NULL) return PL_OUT_OF_MEMORY;
    params->condition = callees[0].block;
    params->body = callees[1].block;
    params->count = count;
    params->late_condition = callees[0].outputs[0].late;
    size_t other_bytes = 0;
    PL_TRY(describe_variables(prepare, &callees[1], ends, params->variables, &other_bytes));
    prepare->params = params;
    pl_callee_scratch(prepare, callees, 2);
    pl_prepare_scratch(prepare, other_bytes, false);
    pl_prepare_scratch(prepare, PL_ALIGNMENT, false);
    pl_prepare_scratch(prepare, 2 * (size_t)count * sizeof(struct pl_now), false);
    pl_prepare_stage(prepare, eval_while, 1, 1);
    return PL_OK;
}
