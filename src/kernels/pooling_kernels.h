/* SPDX-License-Identifier: Apache-2.0 */
/* Averages, roots of mean squares and maxima over windows. Taps outside of the image count for nothing, neither in the
 * sum nor in its count; sums run over the taps in row order. */
#ifndef PL_KERNELS_POOLING_KERNELS_H
#define PL_KERNELS_POOLING_KERNELS_H

#include <stdint.h>

#include "kernels/patch.h"

struct pl_pooling_shape {
    struct pl_patch patch;
    int32_t output_width;
    float low, high; /* of float outputs */
    int32_t quantized_low, quantized_high;
};

/* Computes output row y of the image `input` to `output`; every window has at least one tap
 * inside the image. */
typedef void (*pl_pooling_row)(const struct pl_pooling_shape *shape, const void *input,
                               void *output, int32_t y);

struct pl_pooling_kernels {
    pl_pooling_row average_f32;
    pl_pooling_row average_i8;
    pl_pooling_row average_u8;
    pl_pooling_row average_i16;
    pl_pooling_row root_mean_square_f32;
    pl_pooling_row max_f32;
    pl_pooling_row max_i8;
    pl_pooling_row max_u8;
    pl_pooling_row max_i16;
};

#endif
