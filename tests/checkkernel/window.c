/* SPDX-License-Identifier: Apache-2.0 */
#include "window.h"

#include <math.h>
#include <stdio.h>

#include "support.h"

struct window_case window_draw(struct check *check)
{
    struct window_case drawn = {0};
    struct pl_patch *patch = &drawn.shape.patch;
    const bool plain = check_draw(check, 0, 2) == 0;
    drawn.shape.depth = (int32_t)check_draw_edge(check, 1, plain ? 300 : 40);
    drawn.shape.channels = (int32_t)check_draw_edge(check, 1, 100);
    drawn.shape.output_stride = drawn.shape.channels + (int32_t)check_draw_edge(check, 0, 5);
    patch->channels = drawn.shape.depth + (int32_t)check_draw_edge(check, 0, 3);
    patch->height = plain ? 1 : (int32_t)check_draw(check, 1, 9);
    patch->width = (int32_t)check_draw(check, 1, plain ? 60 : 20);
    patch->filter_height = plain ? 1 : (int32_t)check_draw(check, 1, 4);
    patch->filter_width = plain ? 1 : (int32_t)check_draw(check, 1, 4);
    patch->stride_y = plain ? 1 : (int32_t)check_draw(check, 1, 3);
    patch->stride_x = plain ? 1 : (int32_t)check_draw(check, 1, 3);
    patch->dilation_y = (int32_t)check_draw(check, 1, 2);
    patch->dilation_x = (int32_t)check_draw(check, 1, 2);
    patch->before_y = plain ? 0 : (int32_t)check_draw(check, 0, 3);
    patch->before_x = plain ? 0 : (int32_t)check_draw(check, 0, 3);
    drawn.pixels = plain ? patch->width : (int32_t)check_draw_edge(check, 1, 60);
    drawn.y = plain ? 0 : (int32_t)check_draw(check, 0, 3);
    if (!plain) drawn.shape.output_width = (int32_t)check_draw(check, 1, 12);
    if (!plain && check_draw(check, 0, 3) == 0) { /* the first layer of a network for pictures */
        patch->filter_height = 3;
        patch->dilation_x = 1;
        patch->channels = drawn.shape.depth = (int32_t)check_draw(check, 1, 5);
    }
    drawn.k = patch->filter_height * patch->filter_width * drawn.shape.depth;
    return drawn;
}

struct window_case window_draw_deep(struct check *check)
{
    const int32_t filter = (int32_t)check_draw(check, 1, 3);
    const int32_t more = (int32_t)check_draw(check, 0, 1); /* outputs than a tile has, and whole tiles in a row */
    const int32_t width = more ? 24 : (int32_t)check_draw(check, 8, 9);
    const int32_t height = 9;
    struct window_case drawn = {0};
    struct pl_patch *patch = &drawn.shape.patch;
    drawn.shape.depth = (int32_t)check_draw(check, 2100 - 700 * more, 2200 - 700 * more) / (filter * filter);
    drawn.shape.channels = (int32_t)check_draw_edge(check, 17, 24) + PL_GEMM_BLOCK * more;
    drawn.shape.output_stride = drawn.shape.channels + (int32_t)check_draw_edge(check, 0, 5);
    drawn.shape.output_width = width;
    patch->channels = drawn.shape.depth + (int32_t)check_draw_edge(check, 0, 3);
    patch->stride_y = (int32_t)check_draw(check, 1, 2);
    patch->stride_x = (int32_t)check_draw(check, 1, 2);
    patch->dilation_y = patch->dilation_x = 1;
    patch->filter_height = patch->filter_width = filter;
    patch->height = (height - 1) * patch->stride_y + filter;
    patch->width = (width - 1) * patch->stride_x + filter;
    drawn.pixels = width * height - (int32_t)check_draw(check, 0, width - 1);
    drawn.k = filter * filter * drawn.shape.depth;
    return drawn;
}

struct window_case window_draw_rows(struct check *check)
{
    struct window_case drawn = {0};
    struct pl_patch *patch = &drawn.shape.patch;
    drawn.k = drawn.shape.depth = (int32_t)check_draw_edge(check, 1, 200);
    patch->channels = drawn.k + (int32_t)check_draw_edge(check, 0, 3);
    drawn.shape.channels = (int32_t)check_draw_edge(check, 1, 400);
    drawn.shape.output_stride = drawn.shape.channels + (int32_t)check_draw_edge(check, 0, 5);
    drawn.pixels = patch->width = check_draw(check, 0, 1) == 0 ? 1 : (int32_t)check_draw(check, 2, 6);
    patch->height = patch->filter_height = patch->filter_width = 1;
    patch->stride_y = patch->stride_x = patch->dilation_y = patch->dilation_x = 1;
    return drawn;
}

struct window_case window_draw_long(struct check *check)
{
    struct window_case drawn = {0};
    struct pl_patch *patch = &drawn.shape.patch;
    drawn.k = drawn.shape.depth = patch->channels = (int32_t)check_draw(check, 32764, 32772);
    drawn.shape.channels = drawn.shape.output_stride = (int32_t)check_draw(check, 1, 33);
    drawn.pixels = patch->width = (int32_t)check_draw(check, 1, 3);
    patch->height = patch->filter_height = patch->filter_width = 1;
    patch->stride_y = patch->stride_x = patch->dilation_y = patch->dilation_x = 1;
    return drawn;
}

float *window_draw_bias(struct check *check, int32_t count)
{
    return check_draw(check, 0, 4) == 0 ? NULL : check_floats(check, count, true);
}

void window_draw_range(struct check *check, float *low, float *high)
{
    static const float lows[] = {-INFINITY, 0.0f, 0.0f, -1.0f};
    static const float highs[] = {INFINITY, INFINITY, 6.0f, 1.0f};
    const int64_t kind = check_draw(check, 0, 3);
    *low = lows[kind];
    *high = highs[kind];
}

size_t window_image_elements(const struct window_case *drawn)
{
    const struct pl_patch *patch = &drawn->shape.patch;
    /* Behind the last pixel's channels that are read nothing may be touched. */
    return (size_t)((int64_t)patch->height * patch->width - 1) * (size_t)patch->channels +
           (size_t)drawn->shape.depth;
}

size_t window_output_elements(const struct window_case *drawn)
{
    return (size_t)(drawn->pixels - 1) * (size_t)drawn->shape.output_stride +
           (size_t)drawn->shape.channels;
}

void window_compare_floats(struct check *check, const struct check_outputs *outputs, const struct window_case *drawn)
{
    const struct pl_gemm_shape *shape = &drawn->shape;
    char what[128];
    snprintf(what, sizeof what, "%d pixels of depth %d, %d x %d taps, %d outputs", drawn->pixels, shape->depth,
             shape->patch.filter_height, shape->patch.filter_width, shape->channels);
    check_compare_floats(check, outputs, what);
}

void window_cut(const struct window_case *drawn, int32_t x, int32_t block, int i,
                struct pl_gemm_part *part)
{
    part->from_x = i == 1 ? x : 0;
    part->to_x = i == 0 ? x : drawn->pixels;
    part->from_block = i == 2 ? block : 0;
    part->to_block = i == 2 ? pl_gemm_blocks(drawn->shape.channels) : block;
}
