/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution of bytes. */
#include <stdio.h>
#include <string.h>

#include "checkkernel.h"
#include "kernels/depthwise_kernels.h"

static struct pl_depthwise_shape draw_shape(struct check *check)
{
    struct pl_depthwise_shape shape = {0};
    struct pl_patch *patch = &shape.patch;
    const bool usual = check_draw(check, 0, 1) == 0;
    patch->channels = (int32_t)check_draw_edge(check, 1, 100);
    patch->height = (int32_t)check_draw(check, 1, 12);
    patch->width = (int32_t)check_draw(check, 1, 12);
    patch->filter_height = usual ? 3 : (int32_t)check_draw(check, 1, 9);
    patch->filter_width = usual ? 3 : (int32_t)check_draw(check, 1, 9);
    patch->stride_y = (int32_t)check_draw(check, 1, 3);
    patch->stride_x = (int32_t)check_draw(check, 1, 3);
    patch->dilation_y = usual ? 1 : (int32_t)check_draw(check, 1, 2);
    patch->dilation_x = usual ? 1 : (int32_t)check_draw(check, 1, 2);
    patch->before_y = (int32_t)check_draw(check, 0, 3);
    patch->before_x = (int32_t)check_draw(check, 0, 3);
    shape.multiplier = check_draw(check, 0, 5) == 0 ? (int32_t)check_draw(check, 2, 8) : 1;
    shape.channels = patch->channels * shape.multiplier;
    shape.output_width = (int32_t)check_draw(check, 1, 14);
    if (check_draw(check, 0, 3) == 0) { /* one pixel wide */
        patch->width = patch->filter_width = shape.output_width = 1;
        patch->height = (int32_t)check_draw(check, 1, 120);
        patch->filter_height = (int32_t)check_draw(check, 1, 20);
        patch->before_y = (int32_t)check_draw(check, 0, 20);
        patch->before_x = check_draw(check, 0, 3) == 0;
    }
    return shape;
}

static struct pl_depthwise_integer draw_weights(struct check *check, int32_t channels,
                                                bool is_unsigned)
{
    const int32_t low = is_unsigned ? 0 : -128, high = low + 255;
    struct pl_multiplier *multipliers = check_memory(check, (size_t)channels * sizeof *multipliers);
    int32_t *bias = check_memory(check, (size_t)channels * sizeof *bias);
    const bool wild = check_draw(check, 0, 5) == 0;
    for (int32_t n = 0; n < channels; n++) {
        multipliers[n].multiplier = (int32_t)check_draw_edge(check, 1 << 30, INT32_MAX);
        multipliers[n].shift =
            (int32_t)(wild ? check_draw_edge(check, -31, 30) : check_draw(check, -12, -2));
        bias[n] =
            (int32_t)check_draw_edge(check, wild ? INT32_MIN : -9999, wild ? INT32_MAX : 9999);
    }
    struct pl_depthwise_integer weights = {
        .bias = check_draw(check, 0, 4) == 0 ? NULL : bias,
        .input_zero_point = (int32_t)check_draw_edge(check, low, high),
        .weight_zero_point = is_unsigned ? (int32_t)check_draw_edge(check, 0, 255) : 0,
        .multipliers = multipliers,
    };
    weights.range.zero_point = (int32_t)check_draw_edge(check, low, high);
    weights.range.low = (int32_t)check_draw_edge(check, low, high);
    weights.range.high = (int32_t)check_draw_edge(check, weights.range.low, high);
    return weights;
}

/* Packs them as the tested level wants it. */
static struct pl_depthwise_integer pack(struct check *check, const struct pl_depthwise_shape *shape,
                                        const struct pl_depthwise_integer *weights,
                                        bool is_unsigned)
{
    const struct pl_depthwise_packer *packer = &check->tested->depthwise->packer;
    const struct pl_depthwise_pack how = {*shape, is_unsigned, .bits = 8,
                                          .weight_zero_point = weights->weight_zero_point};
    struct pl_depthwise_integer packed = *weights;
    const size_t bytes = packer->bytes != NULL ? packer->bytes(&how) : 0;
    if (bytes == 0) return packed;
    void *filter = check_aligned(check, bytes),
         *finish = check_memory(check, packer->finish_bytes(&how));
    packer->pack(filter, weights->weights, &how);
    packed.weights = NULL;
    packed.packed = filter;
    packer->prepare_finish(finish, &how, &packed);
    packed.finish = finish;
    return packed;
}

static void check_bytes_of(struct check *check, bool is_unsigned)
{
    const struct pl_depthwise_shape shape = draw_shape(check);
    const struct pl_patch *patch = &shape.patch;
    struct pl_depthwise_integer weights = draw_weights(check, shape.channels, is_unsigned);
    const int32_t taps = patch->filter_height * patch->filter_width;
    weights.weights = check_bytes(check, (size_t)taps * (size_t)shape.channels);
    const void *input =
        check_bytes(check, (size_t)patch->height * (size_t)patch->width * (size_t)patch->channels);
    const int32_t y = (int32_t)check_draw(check, 0, 3),
                  rows = (int32_t)check_draw(check, 1, patch->width == 1 ? 120 : 9);
    const struct check_outputs outputs =
        check_outputs(check, (size_t)rows * (size_t)shape.output_width * (size_t)shape.channels);
    const struct pl_depthwise_kernels *reference = check->reference->depthwise;
    const struct pl_depthwise_kernels *tested = check->tested->depthwise;
    (is_unsigned ? reference->u8 : reference->i8)(&shape, &weights, input, outputs.reference, y,
                                                  rows);
    const struct pl_depthwise_integer packed = pack(check, &shape, &weights, is_unsigned);
    (is_unsigned ? tested->u8 : tested->i8)(&shape, &packed, input, outputs.tested, y, rows);
    check_compare(check, &outputs, "%d channels times %d, %d x %d taps, %d x %d outputs",
                  patch->channels, shape.multiplier, patch->filter_height, patch->filter_width,
                  rows, shape.output_width);
}

void check_depthwise_i8(struct check *check)
{
    check_bytes_of(check, false);
}

void check_depthwise_u8(struct check *check)
{
    check_bytes_of(check, true);
}
