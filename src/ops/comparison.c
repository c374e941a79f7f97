/* SPDX-License-Identifier: Apache-2.0 */
/* EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, LOGICAL_AND, LOGICAL_OR. */
#include <string.h>

#include "ops/binary.h"
#include "ops/broadcast.h"
#include "ops/check.h"
#include "ops/quantize.h"
#include "ops/strings.h"

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

/* ---- strings ---------------------------------------------------------------------------------- */

struct compare_strings {
    struct pl_broadcast broadcast;
    bool equal; /* what gives true */
};

static bool same_string(const struct pl_strings *a, int64_t i, const struct pl_strings *b,
                        int64_t k)
{
    size_t a_length = 0;
    size_t b_length = 0;
    const char *a_text = pl_strings_at(a, (int32_t)i, &a_length);
    const char *b_text = pl_strings_at(b, (int32_t)k, &b_length);
    return a_length == b_length && memcmp(a_text, b_text, a_length) == 0;
}

static pl_status eval_strings(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct compare_strings *params = eval->params;
    const struct pl_strings a = pl_strings_of_eval(eval, 0);
    const struct pl_strings b = pl_strings_of_eval(eval, 1);
    bool *out = eval->outputs[0];
    struct pl_broadcast_walk walk;
    pl_broadcast_start(&params->broadcast, from, to, &walk);
    while (pl_broadcast_next(&walk))
        for (int64_t i = 0; i < walk.count; i++)
            out[walk.element + i] =
                params->equal == same_string(&a, walk.offsets[0] + i * params->broadcast.steps[0],
                                             &b, walk.offsets[1] + i * params->broadcast.steps[1]);
    return PL_OK;
}

static pl_status prepare_strings(struct pl_prepare *prepare, enum pl_binary operation)
{
    enum { COST = 16 };
    struct pl_strings strings[2];
    for (int32_t i = 0; i < 2; i++) PL_TRY(pl_strings_read(prepare, i, &strings[i]));
    PL_TRY(pl_broadcast_output(prepare));
    struct compare_strings *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    const struct pl_shape *shapes[2] = {&prepare->inputs[0]->shape, &prepare->inputs[1]->shape};
    const struct pl_shape *output = &prepare->outputs[0]->shape;
    pl_broadcast_init(&params->broadcast, shapes, 2, output);
    params->equal = operation == PL_BINARY_EQUAL;
    prepare->params = params;
    pl_prepare_stage(prepare, eval_strings, pl_shape_count(output), COST);
    return PL_OK;
}

/* ---- numbers ---------------------------------------------------------------------------------- */

static pl_status prepare_comparison(struct pl_prepare *prepare, enum pl_binary operation)
{
    PL_TRY(pl_binary_check_inputs(prepare));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_BOOL)));
    const bool is_equality = operation == PL_BINARY_EQUAL || operation == PL_BINARY_NOT_EQUAL;
    if (is_equality && prepare->inputs[0]->tensor->type == PL_STRING)
        return prepare_strings(prepare, operation);
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
