/* SPDX-License-Identifier: Apache-2.0 */
/* Random matrix products of windows over an image. */
#ifndef CHECKKERNEL_WINDOW_H
#define CHECKKERNEL_WINDOW_H

#include "checkkernel.h"
#include "kernels/gemm_kernels.h"

struct window_case {
    struct pl_gemm_shape shape;
    int32_t pixels; /* from (y, 0) on */
    int32_t y;
    int32_t k;
};

/* Small windows over small images, with padding, or a plain product that may be larger. */
struct window_case window_draw(struct check *check);
/* So many products for an output, of so many pixels, that not all inputs of a product are worked on
 * together; all taps lie inside of the image. */
struct window_case window_draw_deep(struct check *check);
/* A plain product of one row, or of few, with many outputs. */
struct window_case window_draw_rows(struct check *check);
/* A plain product of so long rows that sums of weights need more than 22 bits, or nearly. */
struct window_case window_draw_long(struct check *check);
/* What is added to outputs, NULL: nothing; and the range they are clamped to: none, or what activations have. */
float *window_draw_bias(struct check *check, int32_t count);
void window_draw_range(struct check *check, float *low, float *high);
/* As many of the image as may be touched. */
size_t window_image_elements(const struct window_case *drawn);
size_t window_output_elements(const struct window_case *drawn);

/* Whether they are the same floats; what was drawn is told otherwise. */
void window_compare_floats(struct check *check, const struct check_outputs *outputs, const struct window_case *drawn);

/* Part `i` of three that make the whole, cut at pixel x and block `block`. */
enum { WINDOW_PARTS = 3 };
void window_cut(const struct window_case *drawn, int32_t x, int32_t block, int i,
                struct pl_gemm_part *part);

#endif
