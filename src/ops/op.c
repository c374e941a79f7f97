/* SPDX-License-Identifier: Apache-2.0 */
/* The list of operators by code, and what prepare and eval functions ask of their surroundings:
 * see op.h. */
#include "ops/op.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* By code; a code that is not in the list has no prepare function. */
static const struct pl_op op_table[] = {
#define PL_OP(operator, prepare, first, last, traits)                                              \
    [PL_BuiltinOperator_##operator] = {                                                            \
        #operator, PL_BuiltinOperator_##operator, NULL, first, last, traits, prepare},
#define PL_CUSTOM_OP(name, prepare, traits)
#include "ops/op_list.def"
#undef PL_OP
#undef PL_CUSTOM_OP
};

static const struct pl_op custom_table[] = {
#define PL_OP(operator, prepare, first, last, traits)
#define PL_CUSTOM_OP(name, prepare, traits)                                                        \
    {name, PL_BuiltinOperator_CUSTOM, name, 0, INT32_MAX, traits, prepare},
#include "ops/op_list.def"
#undef PL_OP
#undef PL_CUSTOM_OP
    {0},
};

static const struct pl_op *find_custom(const char *name)
{
    const struct pl_op *found = custom_table;
    while (found->name != NULL && strcmp(found->name, name) != 0) found++;
    return found->name != NULL ? found : NULL;
}

/* Of plait's own, which no file can name: code -1 comes first, and so on. */
static const struct pl_op own_table[] = {
    {"ROWS", PL_OPERATOR_ROWS, NULL, 1, 1, PL_TRAIT_STATEFUL, pl_prepare_rows},
    {"CROP", PL_OPERATOR_CROP, NULL, 1, 1, 0, pl_prepare_crop},
};

static const struct pl_op *find_own(int32_t code)
{
    const int32_t count = (int32_t)(sizeof own_table / sizeof own_table[0]);
    return -1 - code < count ? &own_table[-1 - code] : NULL;
}

const struct pl_op *pl_op_find(const struct pl_operator *op)
{
    const int32_t count = (int32_t)(sizeof op_table / sizeof op_table[0]);
    if (op->custom_name != NULL) return find_custom(op->custom_name);
    if (op->code < 0) return find_own(op->code);
    if (op->code >= count) return NULL;
    const struct pl_op *found = &op_table[op->code];
    return found->prepare != NULL ? found : NULL;
}

/* The type that outputs have by the operator's own word, else the file's. */
static pl_type output_type(const struct pl_subgraph *subgraph, const struct pl_operator *op,
                           uint32_t traits, pl_type found)
{
    if (traits >= PL_OUTPUT_TYPE) return (pl_type)(traits / PL_OUTPUT_TYPE - 1);
    for (int32_t i = 0; i < 3 && i < op->input_count; i++)
        if ((traits & (uint32_t)PL_OUTPUT_LIKE_0 << i) != 0 && op->inputs[i] >= 0)
            return subgraph->tensors[op->inputs[i]].type;
    return found;
}

static void settle_types(const struct pl_subgraph *subgraph, const struct pl_operator *op)
{
    const struct pl_op *def = pl_op_find(op);
    for (int32_t i = 0; i < op->output_count && def != NULL; i++) {
        if (op->outputs[i] < 0 || subgraph->tensors[op->outputs[i]].is_variable) continue;
        pl_type *type = &subgraph->tensors[op->outputs[i]].type;
        *type = output_type(subgraph, op, def->traits, *type);
    }
}

void pl_op_settle_types(struct pl_graph *graph)
{
    for (int32_t s = 0; s < graph->subgraph_count; s++)
        for (int32_t i = 0; i < graph->subgraphs[s].operator_count; i++)
            settle_types(&graph->subgraphs[s], &graph->subgraphs[s].operators[i]);
}

pl_status pl_prepare_fail(struct pl_prepare *prepare, pl_status status, const char *format, ...)
{
    char text[PL_ERROR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return pl_fail(prepare->error, status, "operator %d (%s): %s", (int)prepare->op->index,
                   pl_operator_name(prepare->op), text);
}

pl_status pl_prepare_read(struct pl_prepare *prepare, int32_t input, const void **bytes)
{
    const struct pl_value *value = prepare->inputs[input];
    *bytes = value->constant;
    if (value->constant != NULL) return PL_OK;
    if (prepare->data == NULL) return PL_LATE;
    prepare->read_inputs |= 1u << input;
    *bytes = prepare->data[input];
    return PL_OK;
}

const struct pl_subgraph *pl_prepare_subgraph(const struct pl_prepare *prepare)
{
    const uintptr_t op = (uintptr_t)prepare->op;
    for (int32_t i = 0; i < prepare->graph->subgraph_count; i++) {
        const struct pl_subgraph *subgraph = &prepare->graph->subgraphs[i];
        const struct pl_operator *operators = subgraph->operators;
        if (op >= (uintptr_t)operators && op < (uintptr_t)(operators + subgraph->operator_count))
            return subgraph;
    }
    assert(false);
    return NULL;
}

void pl_prepare_span(struct pl_prepare *prepare, int32_t output_axis, struct pl_span span)
{
    assert(output_axis >= 0 && output_axis < PL_MAX_RANK && span.size > 0 && span.stride > 0);
    prepare->spans[output_axis] = span;
}

void *pl_prepare_allocate(struct pl_prepare *prepare, size_t bytes)
{
    void *pointer = pl_region_allocate(prepare->region, bytes);
    if (pointer == NULL)
        pl_prepare_fail(prepare, PL_OUT_OF_MEMORY, "no memory for %zu bytes of parameters", bytes);
    return pointer;
}

void pl_prepare_stage(struct pl_prepare *prepare, pl_eval_function eval, int64_t units,
                      int64_t cost)
{
    assert(prepare->stage_count < PL_MAX_STAGES);
    assert(units >= 0 && cost >= 0);
    /* Where units are numbers, parts are whole lines of memory. */
    const int64_t least = cost < PL_STAGE_CHEAP_UNIT ? PL_STAGE_LINE_UNITS : 1;
    prepare->stages[prepare->stage_count++] = (struct pl_stage){
        .eval = eval, .units = units, .cost = cost, .least = least};
}

void pl_prepare_least_units(struct pl_prepare *prepare, int64_t units)
{
    assert(prepare->stage_count > 0 && units >= 1);
    prepare->stages[prepare->stage_count - 1].least = units;
}

void pl_prepare_reach(struct pl_prepare *prepare, struct pl_reach reach)
{
    assert(prepare->stage_count > 0 && reach.known);
    prepare->stages[prepare->stage_count - 1].reach = reach;
}

int32_t pl_prepare_scratch(struct pl_prepare *prepare, size_t bytes, bool per_worker)
{
    assert(prepare->scratch_count < PL_MAX_SCRATCH);
    prepare->scratch[prepare->scratch_count] = (struct pl_scratch){bytes, per_worker};
    return prepare->scratch_count++;
}

int32_t pl_prepare_state(struct pl_prepare *prepare, const char *key, size_t bytes)
{
    assert(prepare->state_count < PL_MAX_STATES);
    prepare->states[prepare->state_count] = (struct pl_state){key, bytes, false};
    return prepare->state_count++;
}

int32_t pl_prepare_sized_state(struct pl_prepare *prepare, const char *key, size_t reserved_bytes)
{
    const int32_t index = pl_prepare_state(prepare, key, reserved_bytes);
    prepare->states[index].sized = true;
    return index;
}

pl_status pl_prepare_read_state(struct pl_prepare *prepare, int32_t index,
                                const struct pl_sized **state)
{
    assert(index < prepare->state_count && prepare->states[index].sized);
    if (prepare->late == NULL) return PL_LATE;
    prepare->read_state = true;
    *state = prepare->late->find_state(prepare, index);
    if (*state == NULL) return pl_prepare_fail(prepare, PL_OUT_OF_MEMORY, "no memory for a state");
    return PL_OK;
}

struct pl_now pl_eval_input(const struct pl_eval *eval, int32_t index)
{
    struct pl_now now;
    eval->services->look_at_input(eval, index, &now);
    return now;
}

pl_status pl_eval_set_output(const struct pl_eval *eval, int32_t index,
                             const struct pl_shape *shape, size_t bytes)
{
    return eval->services->set_output(eval, index, shape, bytes);
}

pl_status pl_eval_resize_state(const struct pl_eval *eval, int32_t index, size_t bytes)
{
    return eval->services->resize_state(eval, eval->states[index], bytes);
}

pl_status pl_prepare_pack(struct pl_prepare *prepare, int32_t input,
                          const struct pl_packing *packing, const void **packed)
{
    assert(input >= 0 && input < prepare->input_count && input < 64);
    struct pl_constant *constant = prepare->inputs[input]->holder;
    assert(constant != NULL);
    struct pl_packing asked = *packing;
    asked.keep = prepare->late != NULL;
    PL_TRY(pl_constant_pack(prepare->graph->store, constant, &asked, packed, prepare->error));
    prepare->packed_inputs |= (uint64_t)1 << input;
    return PL_OK;
}

pl_status pl_eval_fail(const struct pl_eval *eval, const char *format, ...)
{
    char text[PL_ERROR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return pl_fail(eval->error, PL_RUN_ERROR, "%s", text);
}
