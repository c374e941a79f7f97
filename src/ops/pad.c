/* SPDX-License-Identifier: Apache-2.0 */
/* PAD and PADV2: the input inside of a box of one value. */
#include <string.h>

#include "ops/axis.h"
#include "ops/check.h"
#include "ops/move.h"
#include "ops/span.h"

/* The axes behind the last padded one are part of the row: a row is `before` elements of padding, a
 * run of the input and `after` elements of padding. The outer axes say which rows are of the
 * input. */
struct pad {
    const struct pl_movement_kernels *kernels;
    int64_t element_bytes;
    int64_t before;
    int64_t run;
    int64_t after;
    int32_t outer_rank;
    int32_t before_rows[PL_MAX_RANK]; /* of the outer axes */
    int32_t input_dims[PL_MAX_RANK];
    int32_t output_dims[PL_MAX_RANK];
    unsigned char value[16]; /* unless input 2 gives it */
};

/* The input's row for this output row, or -1 where there is only padding. */
static int64_t input_row(const struct pad *params, int64_t row)
{
    int64_t found = 0;
    int64_t stride = 1;
    for (int32_t i = params->outer_rank - 1; i >= 0; i--) {
        const int64_t coordinate = row % params->output_dims[i] - params->before_rows[i];
        row /= params->output_dims[i];
        if (coordinate < 0 || coordinate >= params->input_dims[i]) return -1;
        found += coordinate * stride;
        stride *= params->input_dims[i];
    }
    return found;
}

/* A unit is a row. */
static pl_status eval_rows(const struct pl_eval *eval, const void *value, int64_t from, int64_t to)
{
    const struct pad *params = eval->params;
    const int64_t element = params->element_bytes;
    const int64_t row_elements = params->before + params->run + params->after;
    const char *input = eval->inputs[0];
    for (int64_t unit = from; unit < to; unit++) {
        char *output = (char *)eval->outputs[0] + unit * row_elements * element;
        const int64_t row = params->run > 0 ? input_row(params, unit) : -1;
        if (row < 0) {
            params->kernels->fill(output, value, row_elements, element);
            continue;
        }
        params->kernels->fill(output, value, params->before, element);
        output += params->before * element;
        memcpy(output, input + row * params->run * element, (size_t)(params->run * element));
        params->kernels->fill(output + params->run * element, value, params->after, element);
    }
    return PL_OK;
}

static pl_status eval_pad(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct pad *params = eval->params;
    return eval_rows(eval, params->value, from, to);
}

static pl_status eval_pad_with_value(const struct pl_eval *eval, int64_t from, int64_t to)
{
    return eval_rows(eval, eval->inputs[2], from, to);
}

/* Quantized tensors are padded with what stands for 0. */
static pl_status choose_value(struct pl_prepare *prepare, struct pad *params)
{
    const struct pl_tensor *tensor = prepare->outputs[0]->tensor;
    if (tensor->quantization.count == 0) return PL_OK;
    if (tensor->type != PL_INT8 && tensor->type != PL_UINT8 && tensor->type != PL_INT16)
        return PL_OK;
    PL_TRY(pl_check_quantized(prepare, pl_output(0)));
    const int16_t zero_point = (int16_t)tensor->quantization.zero_points[0];
    if (tensor->type == PL_INT16) memcpy(params->value, &zero_point, sizeof zero_point);
    else params->value[0] = (unsigned char)zero_point;
    return PL_OK;
}

/* Reads the paddings [rank][2], which may be bool too, and sets the output's shape. */
static pl_status read_paddings(struct pl_prepare *prepare, int64_t paddings[2 * PL_MAX_RANK],
                               struct pl_shape *output)
{
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    PL_TRY(pl_check_type(prepare, pl_input(1),
                         PL_TYPES_INDEX | PL_TYPE_BIT(PL_INT16) | PL_TYPE_BIT(PL_INT8) |
                             PL_TYPE_BIT(PL_BOOL)));
    const struct pl_shape *shape = &prepare->inputs[1]->shape;
    if (shape->rank != 2 || shape->dims[0] != input->rank || shape->dims[1] != 2) {
        char text[PL_SHAPE_TEXT_BYTES];
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(1), "found shape %s, expected [%d,2]",
                             pl_shape_text(shape, text), (int)input->rank);
    }
    output->rank = input->rank;
    const void *bytes = NULL;
    if (input->rank > 0) PL_TRY(pl_prepare_read(prepare, 1, &bytes));
    for (int32_t i = 0; i < 2 * input->rank; i++)
        paddings[i] = pl_axis_element(bytes, prepare->inputs[1]->tensor->type, i);
    for (int32_t i = 0; i < input->rank; i++) {
        const int64_t before = paddings[2 * i];
        const int64_t after = paddings[2 * i + 1];
        if (before < 0 || after < 0 || before > INT32_MAX || after > INT32_MAX ||
            before + after + input->dims[i] > INT32_MAX) {
            return pl_check_fail(prepare, PL_INVALID_MODEL, pl_input(1),
                                 "dimension %d is padded by %lld and %lld", (int)i,
                                 (long long)before, (long long)after);
        }
        output->dims[i] = (int32_t)(before + after + input->dims[i]);
    }
    return pl_check_set_output(prepare, 0, output);
}

/* Splits the axes into outer ones and the row. */
static void describe_rows(struct pad *params, const struct pl_shape *input,
                          const struct pl_shape *output, const int64_t paddings[2 * PL_MAX_RANK])
{
    int32_t axis = input->rank - 1; /* the last padded one */
    while (axis > 0 && input->dims[axis] == output->dims[axis]) axis--;
    const int64_t inner = axis >= 0 ? pl_shape_span(input, axis + 1, input->rank) : 1;
    params->outer_rank = axis > 0 ? axis : 0;
    params->run = axis >= 0 ? input->dims[axis] * inner : 1;
    params->before = axis >= 0 ? paddings[2 * axis] * inner : 0;
    params->after = axis >= 0 ? paddings[2 * axis + 1] * inner : 0;
    for (int32_t i = 0; i < params->outer_rank; i++) {
        params->before_rows[i] = (int32_t)paddings[2 * i];
        params->input_dims[i] = input->dims[i];
        params->output_dims[i] = output->dims[i];
    }
}

/* Whether only rows and columns of pictures are padded, with what stands for 0. */
static void offer_frame(struct pl_prepare *prepare, const int64_t paddings[2 * PL_MAX_RANK])
{
    const bool pictures = prepare->inputs[0]->shape.rank == 4;
    if (!pictures || paddings[0] != 0 || paddings[1] != 0 || paddings[6] != 0 || paddings[7] != 0)
        return;
    prepare->absorbing.frame = (struct pl_frame_of_zeros){
        true, {(int32_t)paddings[2], (int32_t)paddings[4]}, {(int32_t)paddings[3], (int32_t)paddings[5]}};
}

static pl_status prepare_pad(struct pl_prepare *prepare, pl_eval_function eval)
{
    struct pad *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->kernels = prepare->kernels->movement;
    PL_TRY(pl_move_check(prepare, 0,
                         PL_TYPES_BYTES_1 | PL_TYPE_BIT(PL_INT16) | PL_TYPE_BIT(PL_FLOAT16) |
                             PL_TYPE_BIT(PL_BFLOAT16) | PL_TYPE_BIT(PL_INT32) |
                             PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_INT64),
                         &params->element_bytes));
    int64_t paddings[2 * PL_MAX_RANK];
    struct pl_shape output = {0, {0}};
    PL_TRY(read_paddings(prepare, paddings, &output));
    describe_rows(params, &prepare->inputs[0]->shape, &output, paddings);
    for (int32_t i = 0; i < output.rank; i++)
        if (paddings[2 * i] == 0 && paddings[2 * i + 1] == 0) pl_span_local(prepare, i, i);
    if (eval == eval_pad) PL_TRY(choose_value(prepare, params));
    if (eval == eval_pad && pl_shape_count(&output) > 0) offer_frame(prepare, paddings);
    prepare->params = params;
    const int64_t row = params->before + params->run + params->after;
    const int64_t rows = row > 0 ? pl_shape_span(&output, 0, params->outer_rank) : 0;
    pl_prepare_stage(prepare, eval, rows, row * params->element_bytes);
    return PL_OK;
}

pl_status pl_prepare_pad(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    return prepare_pad(prepare, eval_pad);
}

pl_status pl_prepare_padv2(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 3, 1));
    if (pl_check_value(prepare, pl_input(2)) == NULL) return prepare_pad(prepare, eval_pad);
    PL_TRY(pl_check_same_type(prepare, pl_input(0), pl_input(2)));
    PL_TRY(pl_check_count(prepare, pl_input(2), 1));
    if (prepare->inputs[2]->tensor->quantization.count > 0)
        PL_TRY(pl_check_same_quantization(prepare, pl_input(2), pl_output(0)));
    return prepare_pad(prepare, eval_pad_with_value);
}
