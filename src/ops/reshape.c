/* SPDX-License-Identifier: Apache-2.0 */
/* RESHAPE, EXPAND_DIMS and SQUEEZE: the bytes stay, the shape changes. Where the plan lets both
 * share memory there is nothing to do. */
#include <string.h>

#include "ops/axis.h"
#include "ops/check.h"
#include "ops/strings.h"

struct reshape {
    size_t bytes;
};

static pl_status eval_reshape(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct reshape *params = eval->params;
    (void)from;
    (void)to;
    if (eval->outputs[0] != eval->inputs[0])
        memmove(eval->outputs[0], eval->inputs[0], params->bytes);
    return PL_OK;
}

/* ---- what all have in common ----------------------------------------------------------------- */

/* Strings keep their bytes too, but only their bytes tell how many there are. */
static pl_status count_bytes(struct pl_prepare *prepare, const struct pl_shape *output,
                             size_t *bytes)
{
    struct pl_strings strings = {0};
    const struct pl_value *input = prepare->inputs[0];
    PL_TRY(pl_check_set_output(prepare, 0, output));
    if (input->tensor->type == PL_STRING) {
        PL_TRY(pl_strings_read(prepare, 0, &strings));
        *bytes = input->bytes;
        prepare->outputs[0]->bytes = input->bytes;
    } else if (!pl_shape_bytes(output, input->tensor->type, bytes)) {
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "the tensor is too large");
    }
    return PL_OK;
}

/* The output has the bytes of input 0 and this shape, of as many elements. */
static pl_status keep_bytes(struct pl_prepare *prepare, const struct pl_shape *output)
{
    struct reshape *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(count_bytes(prepare, output, &params->bytes));
    prepare->params = params;
    prepare->view_of_input = 0;
    pl_prepare_stage(prepare, eval_reshape, params->bytes > 0 ? 1 : 0, (int64_t)params->bytes);
    return PL_OK;
}

pl_status pl_prepare_bytes_of_input(struct pl_prepare *prepare)
{
    const struct pl_shape shape = prepare->outputs[0]->shape;
    return keep_bytes(prepare, &shape);
}

static pl_status check_types(struct pl_prepare *prepare)
{
    const pl_type type = prepare->inputs[0]->tensor->type;
    PL_TRY(pl_check_same_type(prepare, pl_input(0), pl_output(0)));
    if (pl_type_bits(type) > 0 || type == PL_STRING) return PL_OK;
    return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(0), "tensors of %s are not supported",
                         pl_type_name(type));
}

/* ---- RESHAPE --------------------------------------------------------------------------------- */

/* The wanted shape: from input 1 if it is an int32 vector, else from the options, where old files
 * write [0] for a scalar. */
static pl_status read_shape(struct pl_prepare *prepare, int64_t dims[PL_MAX_RANK], int32_t *rank)
{
    const struct pl_value *shape = prepare->input_count == 2 ? prepare->inputs[1] : NULL;
    if (shape != NULL && shape->shape.rank == 1 && shape->tensor->type == PL_INT32)
        return pl_axis_read_integers(prepare, 1, PL_MAX_RANK, dims, rank);
    uint32_t count = 0;
    const int32_t *values =
        pl_record_vector(prepare->op->options, PL_ReshapeOptions_new_shape, &count);
    if (values == NULL) count = 0;
    if (values == NULL && shape != NULL && shape->shape.rank != 0)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(1), "expected a vector of int32");
    if (count > PL_MAX_RANK) {
        return pl_prepare_fail(prepare, PL_UNSUPPORTED,
                               "new_shape has %u dimensions, the limit is %d", (unsigned)count,
                               (int)PL_MAX_RANK);
    }
    if (count == 1 && values[0] == 0) count = 0;
    for (uint32_t i = 0; i < count; i++) dims[i] = values[i];
    *rank = (int32_t)count;
    return PL_OK;
}

/* Product of the dimensions that are not 0. */
static int64_t nonzero_count(const int32_t *dims, int32_t rank)
{
    int64_t product = 1;
    for (int32_t i = 0; i < rank; i++)
        if (dims[i] != 0) product *= dims[i];
    return product;
}

/* The dimension of -1. If both sides are empty, the dimensions that are not 0 decide. */
static int32_t open_dimension(const struct pl_shape *input, int64_t known, int64_t known_nonzero)
{
    const int64_t count = pl_shape_count(input);
    int64_t open = 0;
    if (known > 0) open = count / known;
    else if (count == 0) open = nonzero_count(input->dims, input->rank) / known_nonzero;
    return open <= INT32_MAX ? (int32_t)open : 0;
}

/* Fills in a dimension of -1 and checks that the element counts agree. */
static pl_status resolve_shape(struct pl_prepare *prepare, const int64_t dims[PL_MAX_RANK],
                               struct pl_shape *output)
{
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    const int64_t count = pl_shape_count(input);
    int32_t open = -1;
    int64_t known = 1;
    int64_t known_nonzero = 1;
    for (int32_t i = 0; i < output->rank; i++) {
        if (dims[i] == -1) {
            if (open >= 0)
                return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                                       "the shape has two dimensions of -1");
            open = i;
            continue;
        }
        const int64_t factor = dims[i] != 0 ? dims[i] : 1;
        if (dims[i] < 0 || dims[i] > INT32_MAX ||
            __builtin_mul_overflow(known_nonzero, factor, &known_nonzero)) {
            return pl_prepare_fail(prepare, PL_INVALID_MODEL, "dimension %d of the shape is %lld",
                                   (int)i, (long long)dims[i]);
        }
        known *= dims[i];
        output->dims[i] = (int32_t)dims[i];
    }
    if (open >= 0) {
        output->dims[open] = open_dimension(input, known, known_nonzero);
        known *= output->dims[open];
    }
    if (known != count) {
        char from[PL_SHAPE_TEXT_BYTES];
        char to[PL_SHAPE_TEXT_BYTES];
        return pl_prepare_fail(prepare, PL_MISMATCH, "%s has %lld elements, %s needs %lld",
                               pl_shape_text(input, from), (long long)count,
                               pl_shape_text(output, to), (long long)known);
    }
    return PL_OK;
}

pl_status pl_prepare_reshape(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 2, 1));
    PL_TRY(check_types(prepare));
    int64_t dims[PL_MAX_RANK];
    struct pl_shape output = {0, {0}};
    PL_TRY(read_shape(prepare, dims, &output.rank));
    PL_TRY(resolve_shape(prepare, dims, &output));
    return keep_bytes(prepare, &output);
}

/* ---- EXPAND_DIMS and SQUEEZE ----------------------------------------------------------------- */

pl_status pl_prepare_expand_dims(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    PL_TRY(check_types(prepare));
    PL_TRY(pl_check_same_quantization(prepare, pl_output(0), pl_input(0)));
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPES_INDEX));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    if (input->rank == PL_MAX_RANK)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(0),
                             "has %d dimensions already, the most there can be", PL_MAX_RANK);
    int64_t value = 0;
    int32_t axis = 0;
    PL_TRY(pl_axis_read_integer(prepare, 1, &value));
    PL_TRY(pl_axis_check(prepare, value, input->rank + 1, &axis));
    struct pl_shape output = {.rank = input->rank + 1};
    for (int32_t i = 0; i < output.rank; i++)
        output.dims[i] = i == axis ? 1 : input->dims[i < axis ? i : i - 1];
    return keep_bytes(prepare, &output);
}

/* The axes to leave out: those of the options, or all of one element. */
static pl_status read_squeezed(struct pl_prepare *prepare, uint32_t *mask)
{
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    uint32_t count = 0;
    const int32_t *axes =
        pl_record_vector(prepare->op->options, PL_SqueezeOptions_squeeze_dims, &count);
    *mask = 0;
    if (axes == NULL || count == 0) {
        for (int32_t i = 0; i < input->rank; i++) *mask |= (uint32_t)(input->dims[i] == 1) << i;
        return PL_OK;
    }
    for (uint32_t i = 0; i < count; i++) {
        int32_t axis = 0;
        PL_TRY(pl_axis_check(prepare, axes[i], input->rank, &axis));
        if (input->dims[axis] != 1)
            return pl_check_fail(prepare, PL_MISMATCH, pl_input(0),
                                 "dimension %d is %d, expected 1", (int)axis,
                                 (int)input->dims[axis]);
        *mask |= 1u << axis;
    }
    return PL_OK;
}

pl_status pl_prepare_squeeze(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(check_types(prepare));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    uint32_t mask = 0;
    PL_TRY(read_squeezed(prepare, &mask));
    struct pl_shape output = {0};
    for (int32_t i = 0; i < input->rank; i++)
        if ((mask >> i & 1) == 0) output.dims[output.rank++] = input->dims[i];
    return keep_bytes(prepare, &output);
}
