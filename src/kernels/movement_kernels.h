/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels that move elements: they know the bytes of an element and nothing of its type, but for
 * resizing, which computes. All strides and offsets are in bytes. Source and destination never
 * overlap. */
#ifndef PL_KERNELS_MOVEMENT_KERNELS_H
#define PL_KERNELS_MOVEMENT_KERNELS_H

#include <stdbool.h>
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

/* Rows of a few bytes, each of which has a run of every part, a dense array. */
struct pl_run_part {
    int64_t offset; /* in the row */
    int64_t bytes;  /* of the run */
};

enum { PL_RUNS_BLOCK = 16, PL_RUNS_SHUFFLED = 16 };

struct pl_runs {
    const struct pl_run_part *parts;
    int32_t part_count;
    int64_t row_bytes;
    /* pl_runs_prepare(): sixteen rows are as many blocks of sixteen bytes as a row has bytes, on either side; if those
     * are few, `shuffled` says how each block of the target is made of blocks of the source. */
    bool shuffled;
    uint8_t order[PL_RUNS_SHUFFLED * PL_RUNS_BLOCK]; /* byte n of the target is byte order[n] of the source */
    uint16_t sources[PL_RUNS_SHUFFLED];              /* bit k of n: block k has bytes of the target's block n */
};

/* For join_runs(), or else part_runs(): the fields behind row_bytes. */
void pl_runs_prepare(struct pl_runs *runs, bool joined);

struct pl_movement_kernels {
    void (*copy_plane)(void *to, const void *from, const struct pl_plane *plane);
    /* `count` copies of one element. */
    void (*fill)(void *to, const void *element, int64_t count, int64_t element_bytes);
    /* count runs of run_bytes each, run i from `from + indices[i] * run_bytes`. */
    void (*gather)(void *to, const void *from, const int32_t *indices, int64_t count,
                   int64_t run_bytes);
    /* Rows `first` to `last`, from the parts and to them; a part that lies where it goes stays. */
    void (*join_runs)(void *to, const void *const *from, const struct pl_runs *runs, int64_t first, int64_t last);
    void (*part_runs)(void *const *to, const void *from, const struct pl_runs *runs, int64_t first, int64_t last);
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
