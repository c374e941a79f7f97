/* SPDX-License-Identifier: Apache-2.0 */
/* Subgraphs that operators call, see callee.h. */
#include "ops/callee.h"

#include "ops/check.h"

struct pl_call_end *pl_callee_inputs(struct pl_prepare *prepare, int32_t first_input)
{
    const int32_t count = prepare->input_count - first_input;
    struct pl_call_end *ends = pl_prepare_allocate(prepare, (size_t)count * sizeof *ends + 1);
    for (int32_t i = 0; ends != NULL && i < count; i++) {
        const struct pl_value *value = prepare->inputs[first_input + i];
        const bool constant = value->holder != NULL && pl_type_bits(value->tensor->type) > 0;
        ends[i] = (struct pl_call_end){value->shape, value->late, constant ? value->holder : NULL};
        if (constant && first_input + i < 64)
            prepare->packed_inputs |= (uint64_t)1 << (first_input + i);
    }
    return ends;
}

static pl_status check_count(struct pl_prepare *prepare, int64_t index, const char *what,
                             int32_t found, int32_t expected)
{
    if (found == expected) return PL_OK;
    return pl_prepare_fail(prepare, PL_INVALID_MODEL, "subgraph %lld has %d %s, expected %d",
                           (long long)index, (int)found, what, (int)expected);
}

static pl_status check_input_types(struct pl_prepare *prepare, int64_t index, int32_t first_input,
                                   const struct pl_subgraph *subgraph)
{
    for (int32_t i = 0; i < subgraph->input_count; i++) {
        const pl_type found = prepare->inputs[first_input + i]->tensor->type;
        const pl_type expected = subgraph->tensors[subgraph->inputs[i]].type;
        if (found == expected) continue;
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(first_input + i),
                             "found %s, subgraph %lld expects %s", pl_type_name(found),
                             (long long)index, pl_type_name(expected));
    }
    return PL_OK;
}

pl_status pl_callee_plan(struct pl_prepare *prepare, int64_t index, int32_t first_input,
                         const struct pl_call_end *inputs, int32_t output_count,
                         struct pl_callee *callee)
{
    const int64_t absolute = index + prepare->op->subgraph_base;
    if (index < 0 || absolute >= prepare->graph->subgraph_count)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL, "there is no subgraph %lld",
                               (long long)index);
    const struct pl_subgraph *subgraph = &prepare->graph->subgraphs[absolute];
    PL_TRY(check_count(prepare, index, "inputs", subgraph->input_count,
                       prepare->input_count - first_input));
    PL_TRY(check_count(prepare, index, "outputs", subgraph->output_count, output_count));
    PL_TRY(check_input_types(prepare, index, first_input, subgraph));
    callee->subgraph = subgraph;
    callee->outputs =
        pl_prepare_allocate(prepare, (size_t)output_count * sizeof *callee->outputs + 1);
    if (callee->outputs == NULL) return PL_OUT_OF_MEMORY;
    return prepare->services->plan_subgraph(prepare, (int32_t)index, inputs, callee->outputs,
                                            &callee->block, &callee->arena_bytes);
}

pl_status pl_callee_check_types(struct pl_prepare *prepare, const struct pl_subgraph *subgraph)
{
    for (int32_t i = 0; i < prepare->output_count; i++) {
        const pl_type found = subgraph->tensors[subgraph->outputs[i]].type;
        const pl_type expected = prepare->outputs[i]->tensor->type;
        if (pl_type_bits(expected) == 0 && expected != PL_STRING)
            return pl_check_fail(prepare, PL_UNSUPPORTED, pl_output(i),
                                 "tensors of %s are not supported", pl_type_name(expected));
        if (found == expected) continue;
        return pl_check_fail(prepare, PL_MISMATCH, pl_output(i),
                             "the subgraph gives %s, expected %s", pl_type_name(found),
                             pl_type_name(expected));
    }
    return PL_OK;
}

/* What strings take is never known before. */
static bool is_late(const struct pl_prepare *prepare, const struct pl_callee *callees,
                    int32_t count, int32_t output)
{
    bool late = pl_type_bits(prepare->outputs[output]->tensor->type) == 0;
    for (int32_t i = 0; i < count; i++)
        late =
            late || callees[i].outputs[output].late ||
            !pl_shape_equal(&callees[i].outputs[output].shape, &callees[0].outputs[output].shape);
    return late;
}

pl_status pl_callee_set_outputs(struct pl_prepare *prepare, const struct pl_callee *callees,
                                int32_t count)
{
    for (int32_t i = 0; i < count; i++) PL_TRY(pl_callee_check_types(prepare, callees[i].subgraph));
    for (int32_t i = 0; i < prepare->output_count; i++) {
        prepare->outputs[i]->late = is_late(prepare, callees, count, i);
        if (!prepare->outputs[i]->late)
            PL_TRY(pl_check_set_output(prepare, i, &callees[0].outputs[i].shape));
    }
    return PL_OK;
}

int32_t pl_callee_scratch(struct pl_prepare *prepare, const struct pl_callee *callees,
                          int32_t count)
{
    size_t most = 0;
    for (int32_t i = 0; i < count; i++)
        if (callees[i].arena_bytes > most) most = callees[i].arena_bytes;
    return pl_prepare_scratch(prepare, most, false);
}
