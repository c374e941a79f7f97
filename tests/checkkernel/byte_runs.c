/* SPDX-License-Identifier: Apache-2.0 */
/* Means, the largest of a row, softmax and resizing of bytes. */
#include <stdio.h>
#include <stdlib.h>

#include "checkkernel.h"
#include "kernels/movement_kernels.h"
#include "kernels/reduction_kernels.h"

/* ---- sums, means, extremes ------------------------------------------------------------------- */

void check_across_bytes(struct check *check)
{
    const bool is_unsigned = check_draw(check, 0, 1) == 0;
    const int32_t low = is_unsigned ? 0 : -128;
    const enum pl_reduce_type type = is_unsigned ? PL_REDUCE_UINT8 : PL_REDUCE_INT8;
    const int64_t count = check_draw_edge(check, 1, 150);
    struct pl_reduce_params params = {.rank = 2, .run = 1, .low = low, .high = low + 255};
    params.dims[0] = check_draw(check, 1, 20);
    params.dims[1] = check_draw(check, 1, 20);
    params.strides[1] = count + check_draw(check, 0, 2);
    params.strides[0] = params.strides[1] * params.dims[1] + check_draw(check, 0, 5);
    params.count = params.dims[0] * params.dims[1];
    params.mean = check_draw(check, 0, 1) == 0;
    params.in_offset = check_draw(check, -128, 127) * params.count;
    params.multiplier =
        pl_multiplier_from_real((double)check_draw(check, 1, 99) / 50.0 / (double)params.count);
    params.scale = check_draw_float(check, 0.001f, 2.0f);
    params.bias = check_draw_float(check, -50.0f, 50.0f);
    params.out_offset = (int32_t)check_draw_edge(check, low, low + 255);
    const int64_t span =
        params.strides[0] * (params.dims[0] - 1) + params.strides[1] * (params.dims[1] - 1) + count;
    const void *in = check_bytes(check, (size_t)span);
    const struct check_outputs outputs = check_outputs(check, (size_t)count);
    check->reference->reduction->reduce_across[type](outputs.reference, in, count, &params);
    check->tested->reduction->reduce_across[type](outputs.tested, in, count, &params);
    check_compare(check, &outputs, "%d rows of %d, mean %d", (int)params.count, (int)count,
                  params.mean);
}

void check_arg_bytes(struct check *check)
{
    const enum pl_arg_type type = check_draw(check, 0, 1) == 0 ? PL_ARG_INT8 : PL_ARG_UINT8;
    const bool is_max = check_draw(check, 0, 1) == 0;
    const int64_t count = check_draw_edge(check, 1, 9), axis = check_draw_edge(check, 1, 300);
    const int64_t stride = check_draw(check, 0, 1) == 0 ? 1 : count; /* rows, or side by side */
    const void *in = check_bytes(check, (size_t)(count * axis));
    const struct check_outputs outputs = check_outputs(check, (size_t)count * sizeof(int32_t));
    const struct pl_reduction_kernels *a = check->reference->reduction,
                                      *b = check->tested->reduction;
    (is_max ? a->arg_max : a->arg_min)[type](outputs.reference, in, count, axis, stride);
    (is_max ? b->arg_max : b->arg_min)[type](outputs.tested, in, count, axis, stride);
    check_compare(check, &outputs, "%d of %d, %d apart", (int)count, (int)axis, (int)stride);
}

/* ---- softmax --------------------------------------------------------------------------------- */

void check_softmax_bytes(struct check *check)
{
    const bool is_unsigned = check_draw(check, 0, 1) == 0;
    const int64_t rows = check_draw(check, 1, 4);
    const int64_t depth = check_draw(check, 0, 4) == 0 ? check_draw(check, 250, 1500)
                                                       : check_draw_edge(check, 1, 150);
    /* Falling as exp() does, quickly or not at all. */
    int32_t *exp = check_memory(check, 256 * sizeof *exp);
    const int64_t fall = check_draw_edge(check, 0, 30);
    exp[0] = INT32_MAX;
    for (int32_t i = 1; i < 256; i++)
        exp[i] = (int32_t)(exp[i - 1] - exp[i - 1] * fall / 100 - check_draw(check, 0, fall));
    for (int32_t i = 1; i < 256; i++) exp[i] = exp[i] < 0 ? 0 : exp[i];
    const struct pl_softmax_params params = {.exp = exp};
    const size_t bytes = (size_t)(rows * depth);
    const uint8_t *in = check_bytes(check, bytes);
    const struct check_outputs outputs = check_outputs(check, bytes);
    const struct pl_reduction_kernels *a = check->reference->reduction,
                                      *b = check->tested->reduction;
    (is_unsigned ? a->softmax_uint8 : a->softmax_int8)(outputs.reference, in, rows, depth, &params);
    if (check_draw(check, 0, 3) == 0) { /* in place */
        for (size_t i = 0; i < bytes; i++) ((uint8_t *)outputs.tested)[i] = in[i];
        in = outputs.tested;
    }
    (is_unsigned ? b->softmax_uint8 : b->softmax_int8)(outputs.tested, in, rows, depth, &params);
    check_compare(check, &outputs, "%d rows of %d", (int)rows, (int)depth);
}

/* ---- resizing -------------------------------------------------------------------------------- */

void check_bilinear_u8(struct check *check)
{
    const int32_t input = (int32_t)check_draw_edge(check, 1, 40);
    const int32_t channels =
        (int32_t)(check_draw(check, 0, 9) == 0 ? check_draw(check, 1000, 5000)
                                               : check_draw_edge(check, 1, 40));
    struct pl_resize_row row = {.width = (int32_t)check_draw_edge(check, 1, 60),
                                .channels = channels,
                                .row = {.fraction = check_draw_float(check, 0.0f, 1.0f)}};
    struct pl_resize_tap *taps = check_memory(check, (size_t)row.width * sizeof *taps);
    const float scale = (float)input / (float)row.width;
    for (int32_t x = 0; x < row.width; x++) {
        const float position = (float)x * scale;
        const int32_t near = (int32_t)position;
        taps[x] = (struct pl_resize_tap){.near = near,
                                         .far = near + 1 < input ? near + 1 : input - 1,
                                         .fraction = position - (float)near};
    }
    row.columns = taps;
    const uint8_t *near = check_bytes(check, (size_t)input * (size_t)channels);
    const uint8_t *far = check_bytes(check, (size_t)input * (size_t)channels);
    const struct check_outputs outputs = check_outputs(check, (size_t)row.width * (size_t)channels);
    check->reference->movement->bilinear_uint8(outputs.reference, near, far, &row);
    check->tested->movement->bilinear_uint8(outputs.tested, near, far, &row);
    check_compare(check, &outputs, "%d to %d pixels of %d channels", input, row.width, channels);
}
