/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs of convolutions without a row for every pixel: the lines of the image that some lines of
 * the output read, with what lies outside of it around them. A pixel's inputs are runs of bytes
 * in there, one for every row of taps, or for every tap. */
#ifndef PL_KERNELS_VECTOR_GEMM_BAND_VECTOR_H
#define PL_KERNELS_VECTOR_GEMM_BAND_VECTOR_H

#include "kernels/vector/gemm_vector.h"

enum { PL_GEMM_MAX_RUNS = 64 };

struct pl_gemm_band {
    const uint8_t *lines; /* the first tap of the first pixel of the first output line */
    int64_t line_bytes;   /* from one line of the image to the next */
    int64_t run_length;   /* in inputs */
    int32_t runs;
    int64_t offsets[PL_GEMM_MAX_RUNS]; /* of the runs of any pixel from its first tap */
};

/* How many lines of the output are made together; 0: the shape wants rows of pixels. */
int32_t PL_LEVEL(pl_gemm_band_lines)(const struct pl_gemm_shape *shape);
/* The memory for a band of so many lines. */
int64_t PL_LEVEL(pl_gemm_band_bytes)(const struct pl_gemm_shape *shape, int32_t lines);
/* The band of `lines` lines of the output from y on. All pixels have the zero point of the
 * first. */
void PL_LEVEL(pl_gemm_make_band)(const struct pl_gemm_source *source, int32_t y, int32_t lines,
                                 uint8_t *memory, struct pl_gemm_band *band);

#endif
