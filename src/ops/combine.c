/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing combining kernels, see combine.h. STABLEHLO_ADD, MULTIPLY, MAXIMUM, MINIMUM, AND and
 * SHIFT_LEFT: input 1 worked into input 0. */
#include "ops/combine.h"

#include <string.h>

#include "ops/check.h"

static enum pl_combine_kind combine_kind(pl_type type)
{
    switch ((int)type) {
    case PL_FLOAT32: return PL_COMBINE_FLOAT32;
    case PL_FLOAT64: return PL_COMBINE_FLOAT64;
    case PL_FLOAT16: return PL_COMBINE_FLOAT16;
    case PL_INT8: return PL_COMBINE_INT8;
    case PL_UINT8: return PL_COMBINE_UINT8;
    case PL_INT16: return PL_COMBINE_INT16;
    case PL_UINT16: return PL_COMBINE_UINT16;
    case PL_INT32: return PL_COMBINE_INT32;
    case PL_UINT32: return PL_COMBINE_UINT32;
    case PL_INT64: return PL_COMBINE_INT64;
    case PL_UINT64: return PL_COMBINE_UINT64;
    case PL_BOOL: return PL_COMBINE_BOOL;
    default: return PL_COMBINE_KIND_COUNT;
    }
}

pl_status pl_combine_find(struct pl_prepare *prepare, int32_t input, enum pl_combine operation,
                          pl_type type, pl_combine_kernel *kernel)
{
    const enum pl_combine_kind kind = combine_kind(type);
    *kernel =
        kind == PL_COMBINE_KIND_COUNT ? NULL : prepare->kernels->combine->kernels[operation][kind];
    if (*kernel != NULL) return PL_OK;
    return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(input), "%s is not supported here",
                         pl_type_name(type));
}

pl_status pl_combine_region(struct pl_prepare *prepare, int64_t subgraph, int32_t *code)
{
    const int64_t absolute = subgraph + prepare->op->subgraph_base;
    if (subgraph < 0 || absolute >= prepare->graph->subgraph_count)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL, "there is no subgraph %lld",
                               (long long)subgraph);
    const struct pl_subgraph *region = &prepare->graph->subgraphs[absolute];
    if (region->operator_count > 1)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED,
                               "subgraph %lld has %d operators, expected one", (long long)subgraph,
                               (int)region->operator_count);
    *code = region->operator_count == 0 ? -1 : region->operators[0].code;
    return PL_OK;
}

/* ---- the operators --------------------------------------------------------------------------- */

struct pair {
    pl_combine_kernel kernel;
    int64_t element_bytes;
};

/* A unit is an element. */
static pl_status eval_pair(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct pair *params = eval->params;
    const int64_t offset = from * params->element_bytes;
    char *output = (char *)eval->outputs[0] + offset;
    if (eval->outputs[0] != eval->inputs[0])
        memcpy(output, (const char *)eval->inputs[0] + offset,
               (size_t)((to - from) * params->element_bytes));
    params->kernel(output, (const char *)eval->inputs[1] + offset, to - from, 1);
    return PL_OK;
}

static pl_status prepare_pair(struct pl_prepare *prepare, enum pl_combine operation)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    PL_TRY(pl_check_same_type(prepare, pl_input(1), pl_input(0)));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    PL_TRY(pl_check_same_shape(prepare, pl_input(1), pl_input(0)));
    PL_TRY(pl_check_set_output(prepare, 0, &prepare->inputs[0]->shape));
    struct pair *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    const pl_type type = prepare->inputs[0]->tensor->type;
    PL_TRY(pl_combine_find(prepare, 0, operation, type, &params->kernel));
    params->element_bytes = pl_type_bits(type) / 8;
    prepare->params = params;
    prepare->in_place_inputs = 1;
    pl_prepare_stage(prepare, eval_pair, pl_shape_count(&prepare->inputs[0]->shape), 1);
    return PL_OK;
}

pl_status pl_prepare_stablehlo_add(struct pl_prepare *prepare)
{
    return prepare_pair(prepare, PL_COMBINE_ADD);
}

pl_status pl_prepare_stablehlo_multiply(struct pl_prepare *prepare)
{
    return prepare_pair(prepare, PL_COMBINE_MULTIPLY);
}

pl_status pl_prepare_stablehlo_maximum(struct pl_prepare *prepare)
{
    return prepare_pair(prepare, PL_COMBINE_MAXIMUM);
}

pl_status pl_prepare_stablehlo_minimum(struct pl_prepare *prepare)
{
    return prepare_pair(prepare, PL_COMBINE_MINIMUM);
}

pl_status pl_prepare_stablehlo_and(struct pl_prepare *prepare)
{
    return prepare_pair(prepare, PL_COMBINE_BITWISE_AND);
}

pl_status pl_prepare_stablehlo_shift_left(struct pl_prepare *prepare)
{
    return prepare_pair(prepare, PL_COMBINE_SHIFT_LEFT);
}
