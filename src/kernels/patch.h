/* SPDX-License-Identifier: Apache-2.0 */
/* Where the windows of convolutions and poolings lie in an image. A matrix product is the window
 * of one tap. */
#ifndef PL_KERNELS_PATCH_H
#define PL_KERNELS_PATCH_H

#include <stdbool.h>
#include <stdint.h>

/* The image is [height][width][channels]; output pixel (y, x), tap (j, i) reads the input pixel
 * (y * stride_y - before_y + j * dilation_y, x * stride_x - before_x + i * dilation_x), nothing
 * where that lies outside. Whoever fills it has checked that none of these sums overflows. */
struct pl_patch {
    int32_t height, width; /* of the input image */
    int32_t channels;      /* elements from one input pixel to the next */
    int32_t filter_height, filter_width;
    int32_t stride_y, stride_x;
    int32_t dilation_y, dilation_x;
    int32_t before_y, before_x;
};

/* Of the whole window, wherever it lies. */
static inline int64_t pl_patch_tap_count(const struct pl_patch *patch)
{
    return (int64_t)patch->filter_height * patch->filter_width;
}

/* The taps [from, to) of one axis that lie inside the image. */
struct pl_taps {
    int32_t from, to;
};

/* origin: the input coordinate of tap 0. */
static inline struct pl_taps pl_patch_taps(int32_t origin, int32_t filter, int32_t dilation,
                                           int32_t size)
{
    const bool inside = origin >= 0 && origin + (int64_t)(filter - 1) * dilation < size;
    if (inside) return (struct pl_taps){0, filter}; /* nearly always: spares the divisions */
    const int32_t from = origin < 0 ? (int32_t)(((int64_t)dilation - 1 - origin) / dilation) : 0;
    const int64_t room = (int64_t)size - origin; /* from tap 0 to the end of the image */
    const int64_t to = room <= 0 ? 0 : (room + dilation - 1) / dilation;
    struct pl_taps taps = {from, to < filter ? (int32_t)to : filter};
    if (taps.from > taps.to) taps.from = taps.to;
    return taps;
}

static inline struct pl_taps pl_patch_taps_y(const struct pl_patch *patch, int32_t y)
{
    return pl_patch_taps(y * patch->stride_y - patch->before_y, patch->filter_height,
                         patch->dilation_y, patch->height);
}

static inline struct pl_taps pl_patch_taps_x(const struct pl_patch *patch, int32_t x)
{
    return pl_patch_taps(x * patch->stride_x - patch->before_x, patch->filter_width,
                         patch->dilation_x, patch->width);
}

#endif
