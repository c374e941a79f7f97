/* SPDX-License-Identifier: Apache-2.0 */
/* Averages and maxima of bytes over windows. */
#include "checkkernel.h"
#include "kernels/pooling_kernels.h"

/* One axis: padding less than the filter, outputs that all see the image. */
static void draw_axis(struct check *check, int32_t size, int32_t *filter, int32_t *stride,
                      int32_t *before)
{
    *filter = (int32_t)check_draw_edge(check, 1, size);
    *stride = (int32_t)check_draw(check, 1, 3);
    *before = (int32_t)check_draw(check, 0, *filter - 1);
}

static struct pl_pooling_shape draw_shape(struct check *check, bool is_unsigned)
{
    struct pl_pooling_shape shape = {0};
    struct pl_patch *patch = &shape.patch;
    patch->height = (int32_t)check_draw_edge(check, 1, 20);
    patch->width = (int32_t)check_draw_edge(check, 1, 20);
    patch->channels = (int32_t)check_draw_edge(check, 1, 70);
    draw_axis(check, patch->height, &patch->filter_height, &patch->stride_y, &patch->before_y);
    draw_axis(check, patch->width, &patch->filter_width, &patch->stride_x, &patch->before_x);
    patch->dilation_y = patch->dilation_x = 1;
    shape.output_width = (patch->width - 1 + patch->before_x) / patch->stride_x + 1;
    const int32_t low = is_unsigned ? 0 : INT8_MIN;
    shape.quantized_low = (int32_t)check_draw_edge(check, low, low + 255);
    shape.quantized_high = (int32_t)check_draw_edge(check, shape.quantized_low, low + 255);
    return shape;
}

static void check_pooling(struct check *check, bool is_unsigned)
{
    const struct pl_pooling_shape shape = draw_shape(check, is_unsigned);
    const struct pl_patch *patch = &shape.patch;
    const void *input =
        check_bytes(check, (size_t)patch->height * (size_t)patch->width * (size_t)patch->channels);
    const int32_t last = (patch->height - 1 + patch->before_y) / patch->stride_y;
    const int32_t y = (int32_t)check_draw_edge(check, 0, last);
    const struct check_outputs outputs =
        check_outputs(check, (size_t)shape.output_width * (size_t)patch->channels);
    const bool average = check_draw(check, 0, 1) == 0;
    const struct pl_kernels *kernels[] = {check->reference, check->tested};
    for (int i = 0; i < 2; i++) {
        const struct pl_pooling_kernels *pooling = kernels[i]->pooling;
        const pl_pooling_row run = average ? is_unsigned ? pooling->average_u8 : pooling->average_i8
                                   : is_unsigned ? pooling->max_u8
                                                 : pooling->max_i8;
        run(&shape, input, i == 0 ? outputs.reference : outputs.tested, y);
    }
    check_compare(check, &outputs, "%s, row %d of %d pixels, %d x %d taps, %d channels",
                  average ? "average" : "maximum", y, shape.output_width, patch->filter_height,
                  patch->filter_width, patch->channels);
}

void check_pooling_i8(struct check *check)
{
    check_pooling(check, false);
}

void check_pooling_u8(struct check *check)
{
    check_pooling(check, true);
}
