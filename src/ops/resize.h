/* SPDX-License-Identifier: Apache-2.0 */
/* Bilinear resizing by RESIZE_BILINEAR's rules, for it and for what cuts parts out of pictures. */
#ifndef PL_OPS_RESIZE_H
#define PL_OPS_RESIZE_H

#include "kernels/movement_kernels.h"
#include "model/schema.h"
#include "ops/op.h"

/* The integer rule works in 1/1024 and 32 bits. */
enum { PL_RESIZE_MAX_DIM = 1 << 20 };

/* One axis, from `input` elements to `output`. */
struct pl_resize_axis {
    int32_t input;
    int32_t output;
    bool align_corners;
    bool half_pixel_centers;
    pl_type type;
};

/* Where each output element reads. */
void pl_resize_taps(const struct pl_resize_axis *axis, struct pl_resize_tap *taps);

/* One row of the output from two of the input, of float32, uint8, int8 or int16. */
void pl_resize_row(const struct pl_movement_kernels *kernels, pl_type type, void *output, const void *near, const void *far,
                   const struct pl_resize_row *row);

#endif
