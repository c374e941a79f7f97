/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling of floats. */
#include <math.h>

#include "kernels/pooling_kernels.h"
#include "support.h"

/* A window of which every output row and column has a tap inside of the image. */
static struct pl_pooling_shape draw_shape(struct check *check)
{
    struct pl_pooling_shape shape = {.low = -INFINITY, .high = INFINITY};
    struct pl_patch *patch = &shape.patch;
    patch->channels = (int32_t)check_draw_edge(check, 1, 150);
    patch->height = (int32_t)check_draw(check, 1, 9);
    patch->width = (int32_t)check_draw(check, 1, 20);
    patch->filter_height = (int32_t)check_draw(check, 1, 5);
    patch->filter_width = (int32_t)check_draw(check, 1, 7);
    patch->stride_y = (int32_t)check_draw(check, 1, 3);
    patch->stride_x = (int32_t)check_draw(check, 1, 3);
    patch->dilation_y = patch->dilation_x = 1;
    patch->before_y = (int32_t)check_draw(check, 0, patch->filter_height - 1);
    patch->before_x = (int32_t)check_draw(check, 0, patch->filter_width - 1);
    shape.output_width = (patch->width - 1 + patch->before_x) / patch->stride_x + 1;
    if (check_draw(check, 0, 1) == 0) {
        shape.low = 0.0f;
        shape.high = 6.0f;
    }
    return shape;
}

static void compare_rows(struct check *check, bool is_max)
{
    const struct pl_pooling_shape shape = draw_shape(check);
    const struct pl_patch *patch = &shape.patch;
    const int64_t elements = (int64_t)patch->height * patch->width * patch->channels;
    const float *input = check_floats(check, elements, true);
    const size_t count = (size_t)shape.output_width * (size_t)patch->channels;
    const struct check_outputs outputs = check_outputs(check, count * sizeof(float));
    const int32_t y = (int32_t)check_draw(
        check, 0, (patch->height - 1 + patch->before_y) / patch->stride_y);
    float *sides[] = {outputs.reference, outputs.tested};
    const struct pl_kernels *kernels[] = {check->reference, check->tested};
    for (int i = 0; i < 2; i++) {
        const struct pl_pooling_kernels *pooling = kernels[i]->pooling;
        (is_max ? pooling->max_f32 : pooling->average_f32)(&shape, input, sides[i], y);
        /* Which of several NaN comes out of a sum is no level's promise. */
        for (size_t k = 0; k < count; k++)
            if (isnan(sides[i][k])) sides[i][k] = NAN;
    }
    check_compare(check, &outputs, "row %d of %d x %d pixels, %d channels, %d x %d taps", y,
                  patch->height, patch->width, patch->channels, patch->filter_height,
                  patch->filter_width);
}

void check_average_pool_f32(struct check *check)
{
    compare_rows(check, false);
}

void check_max_pool_f32(struct check *check)
{
    compare_rows(check, true);
}
