/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels that move elements: they know the bytes of an element and nothing of its type, but for
 * resizing, which computes. All strides and offsets are in bytes. Source and destination never
 * overlap. */
#ifndef PL_KERNELS_MOVEMENT_KERNELS_H
#define PL_KERNELS_MOVEMENT_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* rows x columns elements between two strided planes. */
struct pl_plane {
    int64_t rows;
    int64_t columns;
    int64_t to_row; /* strides */
    int64_t to_column;
    int64_t from_row;
    int64_t from_column;
    int64_t element_bytes; /* any size > 0; 1, 2, 3, 4, 8, 12 and 16 are fast when columns are apart */
};

/* Where an output row or column reads its input: value = near * (1 - fraction) + far * fraction. */
struct pl_resize_tap {
    int32_t near;
    int32_t far;
    float fraction; /* of the float and uint8 rule */
    int32_t fixed;  /* the same in 1/1024 (the rule of int8 and int16) */
};

/* One output row of an image. */
struct pl_resize_row {
    int32_t width; /* of the output */
    int32_t channels;
    const struct pl_resize_tap *columns; /* width */
    struct pl_resize_tap row;
};

struct pl_movement_kernels {
    void (*copy_plane)(void *to, const void *from, const struct pl_plane *plane);
    /* `count` copies of one element. */
    void (*fill)(void *to, const void *element, int64_t count, int64_t element_bytes);
    /* count runs of run_bytes each, run i from `from + indices[i] * run_bytes`. */
    void (*gather)(void *to, const void *from, const int32_t *indices, int64_t count,
                   int64_t run_bytes);
    /* clamp(round(x * scale + bias) + zero_point) on uint8: what a concatenation does to inputs of
     * another scale. */
    void (*rescale_uint8)(uint8_t *to, const uint8_t *from, int64_t count, float scale, float bias,
                          int32_t zero_point);
    /* near and far are the two input rows of the output row. */
    void (*bilinear_float)(float *to, const float *near, const float *far,
                           const struct pl_resize_row *row);
    void (*bilinear_uint8)(uint8_t *to, const uint8_t *near, const uint8_t *far,
                           const struct pl_resize_row *row);
    void (*bilinear_int8)(int8_t *to, const int8_t *near, const int8_t *far,
                          const struct pl_resize_row *row);
    void (*bilinear_int16)(int16_t *to, const int16_t *near, const int16_t *far,
                           const struct pl_resize_row *row);
};

#endif
