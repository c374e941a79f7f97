/* SPDX-License-Identifier: Apache-2.0 */
/* EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, LOGICAL_AND, LOGICAL_OR. */
#include "ops/binary.h"
#include "ops/check.h"
#include "ops/quantize.h"

/* Bits that quantized values get before they are scaled, as in the reference. */
enum { LEFT_SHIFT = 8 };

enum {
    TYPES_ORDERED = PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_HALF | PL_TYPES_QUANTIZED |
                    PL_TYPE_BIT(PL_INT32) | PL_TYPE_BIT(PL_INT64)
};

static pl_status quantized_params(struct pl_prepare *prepare, struct pl_binary_params *params)
{
    int32_t largest = 0;
    params->left_shift = LEFT_SHIFT;
    for (int32_t i = 0; i < 2; i++) {
        PL_TRY(pl_check_quantized(prepare, pl_input(i)));
        const struct pl_quantization *quantization = &prepare->inputs[i]->tensor->quantization;
        params->offsets[i] = -quantization->zero_points[0];
        PL_TRY(pl_quantize_multiplier(prepare, (double)quantization->scales[0], &params->in[i]));
        if (params->in[i].shift > largest) largest = params->in[i].shift;
    }
    /* Scales of 1 and more: both are lowered by a power of two, which does not change the order. */
    for (int32_t i = 0; i < 2; i++) {
        params->in[i].shift -= largest;
        if (params->in[i].shift < -31) params->in[i] = (struct pl_multiplier){0, 0};
    }
    return PL_OK;
}

static pl_status prepare_comparison(struct pl_prepare *prepare, enum pl_binary operation)
{
    PL_TRY(pl_binary_check_inputs(prepare));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_BOOL)));
    const bool is_equality = operation == PL_BINARY_EQUAL || operation == PL_BINARY_NOT_EQUAL;
    PL_TRY(pl_check_type(prepare, pl_input(0),
                         TYPES_ORDERED | (is_equality ? PL_TYPE_BIT(PL_BOOL) : 0)));
    const pl_type type = prepare->inputs[0]->tensor->type;
    /* int16 with quantization is compared by value for equality only: the reference orders the
     * raw numbers. */
    const bool quantized =
        type == PL_INT8 || type == PL_UINT8 ||
        (type == PL_INT16 && is_equality && prepare->inputs[0]->tensor->quantization.count > 0);
    struct pl_binary_params params = {0};
    struct pl_binary_plan *plan = NULL;
    if (quantized) PL_TRY(quantized_params(prepare, &params));
    return pl_binary_prepare(prepare, operation, pl_binary_kind(type, quantized), &params, &plan);
}

pl_status pl_prepare_equal(struct pl_prepare *prepare)
{
    return prepare_comparison(prepare, PL_BINARY_EQUAL);
}

pl_status pl_prepare_not_equal(struct pl_prepare *prepare)
{
    return prepare_comparison(prepare, PL_BINARY_NOT_EQUAL);
}

pl_status pl_prepare_less(struct pl_prepare *prepare)
{
    return prepare_comparison(prepare, PL_BINARY_LESS);
}

pl_status pl_prepare_less_equal(struct pl_prepare *prepare)
{
    return prepare_comparison(prepare, PL_BINARY_LESS_EQUAL);
}

pl_status pl_prepare_greater(struct pl_prepare *prepare)
{
    return prepare_comparison(prepare, PL_BINARY_GREATER);
}

pl_status pl_prepare_greater_equal(struct pl_prepare *prepare)
{
    return prepare_comparison(prepare, PL_BINARY_GREATER_EQUAL);
}

static pl_status prepare_logic(struct pl_prepare *prepare, enum pl_binary operation)
{
    PL_TRY(pl_binary_check_inputs(prepare));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_BOOL)));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    const struct pl_binary_params params = {0};
    struct pl_binary_plan *plan = NULL;
    return pl_binary_prepare(prepare, operation,
                             pl_binary_kind(prepare->inputs[0]->tensor->type, false), &params,
                             &plan);
}

pl_status pl_prepare_logical_and(struct pl_prepare *prepare)
{
    return prepare_logic(prepare, PL_BINARY_LOGICAL_AND);
}

pl_status pl_prepare_logical_or(struct pl_prepare *prepare)
{
    return prepare_logic(prepare, PL_BINARY_LOGICAL_OR);
}
