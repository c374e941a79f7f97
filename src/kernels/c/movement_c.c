/* SPDX-License-Identifier: Apache-2.0 */
/* Moving elements, and the arithmetic of resizing: the order of its roundings is the
 * reference's. */
#include "kernels/movement_kernels.h"

#include <math.h>
#include <string.h>

#include "kernels/c/movement_c.h"
#include "kernels/faster.h"
#include "kernels/kernels.h"

enum { TILE = 16 };

/* Copies one tile; element_bytes is a constant at every call, so that each element is one load and
 * one store. */
static inline __attribute__((always_inline)) void copy_tile(char *to, const char *from,
                                                            const struct pl_plane *plane,
                                                            int64_t rows, int64_t columns,
                                                            size_t element_bytes)
{
    for (int64_t r = 0; r < rows; r++) {
        char *to_row = to + r * plane->to_row;
        const char *from_row = from + r * plane->from_row;
        for (int64_t c = 0; c < columns; c++)
            memcpy(to_row + c * plane->to_column, from_row + c * plane->from_column, element_bytes);
    }
}

static void copy_tile_of(char *to, const char *from, const struct pl_plane *plane, int64_t rows,
                         int64_t columns)
{
    switch (plane->element_bytes) {
    case 1: copy_tile(to, from, plane, rows, columns, 1); break;
    case 2: copy_tile(to, from, plane, rows, columns, 2); break;
    case 3: copy_tile(to, from, plane, rows, columns, 3); break;
    case 4: copy_tile(to, from, plane, rows, columns, 4); break;
    case 8: copy_tile(to, from, plane, rows, columns, 8); break;
    case 12: copy_tile(to, from, plane, rows, columns, 12); break;
    case 16: copy_tile(to, from, plane, rows, columns, 16); break;
    default: copy_tile(to, from, plane, rows, columns, (size_t)plane->element_bytes); break;
    }
}

/* Rows of a few whole lines, as the heads of an attention have them: a call takes as long as the copy. */
enum { LINE = 64, MOST_LINES = 16 };

static inline void copy_lines(char *to, const char *from, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += LINE) memcpy(to + i, from + i, LINE);
}

static void copy_rows(char *to, const char *from, const struct pl_plane *plane)
{
    const size_t bytes = (size_t)(plane->columns * plane->element_bytes);
    if (bytes <= TILE) { /* one element each, with a size that spares the call */
        struct pl_plane column = *plane;
        column.element_bytes = (int64_t)bytes;
        copy_tile_of(to, from, &column, plane->rows, 1);
        return;
    }
    if (bytes % LINE == 0 && bytes <= MOST_LINES * LINE) {
        for (int64_t r = 0; r < plane->rows; r++)
            copy_lines(to + r * plane->to_row, from + r * plane->from_row, bytes);
        return;
    }
    for (int64_t r = 0; r < plane->rows; r++)
        memcpy(to + r * plane->to_row, from + r * plane->from_row, bytes);
}

static void fill(void *to, const void *element, int64_t count, int64_t element_bytes)
{
    if (count <= 0) return;
    if (element_bytes == 1) {
        memset(to, *(const unsigned char *)element, (size_t)count);
        return;
    }
    char *bytes = to;
    const size_t total = (size_t)(count * element_bytes);
    memcpy(bytes, element, (size_t)element_bytes);
    for (size_t done = (size_t)element_bytes; done < total;) {
        const size_t more = done <= total - done ? done : total - done;
        memcpy(bytes + done, bytes, more);
        done += more;
    }
}

/* One element per row, as often as there are columns. */
static void repeat_elements(char *to, const char *from, const struct pl_plane *plane)
{
    for (int64_t r = 0; r < plane->rows; r++)
        fill(to + r * plane->to_row, from + r * plane->from_row, plane->columns,
             plane->element_bytes);
}

/* A plane whose columns are far apart at one end is a transposition: in tiles, so that a cache line
 * that was read for one element is still there for the next. */
static void copy_plane(void *to, const void *from, const struct pl_plane *plane)
{
    char *to_bytes = to;
    const char *from_bytes = from;
    if (plane->from_column == plane->element_bytes && plane->to_column == plane->element_bytes) {
        copy_rows(to_bytes, from_bytes, plane);
        return;
    }
    if (plane->from_column == 0 && plane->to_column == plane->element_bytes) {
        repeat_elements(to_bytes, from_bytes, plane);
        return;
    }
    for (int64_t r = 0; r < plane->rows; r += TILE) {
        const int64_t rows = plane->rows - r < TILE ? plane->rows - r : TILE;
        for (int64_t c = 0; c < plane->columns; c += TILE) {
            const int64_t columns = plane->columns - c < TILE ? plane->columns - c : TILE;
            copy_tile_of(to_bytes + r * plane->to_row + c * plane->to_column,
                         from_bytes + r * plane->from_row + c * plane->from_column, plane, rows,
                         columns);
        }
    }
}

/* Some rows at a time, so that they are still in the cache for the next part. */
enum { RUNS_AT_ONCE = 256 };

/* `count` runs of so many bytes, so far apart on either side. */
static void copy_runs(char *to, int64_t to_step, const char *from, int64_t from_step, int64_t bytes, int64_t count)
{
    const struct pl_plane plane = {.rows = 1, .columns = count, .to_column = to_step, .from_column = from_step,
                                   .element_bytes = bytes};
    if (bytes > 0 && to != from) copy_plane(to, from, &plane);
}

void PL_LEVEL(pl_join_runs_c)(void *to, const void *const *from, const struct pl_runs *runs, int64_t first, int64_t last)
{
    for (int64_t row = first; row < last; row += RUNS_AT_ONCE) {
        const int64_t rows = last - row < RUNS_AT_ONCE ? last - row : RUNS_AT_ONCE;
        for (int32_t i = 0; i < runs->part_count; i++) {
            const struct pl_run_part *part = &runs->parts[i];
            copy_runs((char *)to + row * runs->row_bytes + part->offset, runs->row_bytes,
                      (const char *)from[i] + row * part->bytes, part->bytes, part->bytes, rows);
        }
    }
}

void PL_LEVEL(pl_part_runs_c)(void *const *to, const void *from, const struct pl_runs *runs, int64_t first, int64_t last)
{
    for (int64_t row = first; row < last; row += RUNS_AT_ONCE) {
        const int64_t rows = last - row < RUNS_AT_ONCE ? last - row : RUNS_AT_ONCE;
        for (int32_t i = 0; i < runs->part_count; i++) {
            const struct pl_run_part *part = &runs->parts[i];
            copy_runs((char *)to[i] + row * part->bytes, part->bytes,
                      (const char *)from + row * runs->row_bytes + part->offset, runs->row_bytes, part->bytes, rows);
        }
    }
}

static inline __attribute__((always_inline)) void
gather_runs(char *to, const char *from, const int32_t *indices, int64_t count, size_t run_bytes)
{
    for (int64_t i = 0; i < count; i++)
        memcpy(to + (size_t)i * run_bytes, from + (size_t)indices[i] * run_bytes, run_bytes);
}

static void gather(void *to, const void *from, const int32_t *indices, int64_t count,
                   int64_t run_bytes)
{
    switch (run_bytes) {
    case 1: gather_runs(to, from, indices, count, 1); break;
    case 2: gather_runs(to, from, indices, count, 2); break;
    case 4: gather_runs(to, from, indices, count, 4); break;
    case 8: gather_runs(to, from, indices, count, 8); break;
    case 16: gather_runs(to, from, indices, count, 16); break;
    default: gather_runs(to, from, indices, count, (size_t)run_bytes); break;
    }
}

static void rescale_uint8(uint8_t *to, const uint8_t *from, int64_t count, float scale, float bias,
                          int32_t zero_point)
{
    for (int64_t i = 0; i < count; i++) {
        const float scaled = roundf((float)from[i] * scale + bias);
        /* Beyond these every result saturates: the clamp keeps the conversion defined. */
        const float bounded = scaled > 65536.0f    ? 65536.0f
                              : scaled < -65536.0f ? -65536.0f
                                                   : scaled;
        const int32_t value = (int32_t)bounded + zero_point;
        to[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
}

/* The float rule: four products of three factors, added from left to right; integers are rounded by
 * + 0.5. */
#define DEFINE_BILINEAR_FLOAT(linkage, name, type, rounding)                                       \
    linkage void name(type *restrict to, const type *restrict near, const type *restrict far,      \
                      const struct pl_resize_row *restrict row)                                    \
    {                                                                                              \
        const float down = row->row.fraction;                                                      \
        const float up = 1 - down;                                                                 \
        const int32_t channels = row->channels;                                                    \
        for (int32_t x = 0; x < row->width; x++, to += channels) {                                 \
            const struct pl_resize_tap *tap = &row->columns[x];                                    \
            const float right = tap->fraction;                                                     \
            const float left = 1 - right;                                                          \
            const int64_t near_column = (int64_t)tap->near * channels;                             \
            const int64_t far_column = (int64_t)tap->far * channels;                               \
            for (int32_t c = 0; c < channels; c++     ) {                                          \
                const float sum = (float)near[near_column + c] * up * left +                       \
                                  (float)far[near_column + c] * down * left +                      \
                                  (float)near[far_column + c] * up * right +                       \
                                  (float)far[far_column + c] * down * right;                       \
                to[c] = (type)(sum + rounding);                                                    \
            }                                                                                      \
        }                                                                                          \
    }

DEFINE_BILINEAR_FLOAT(static, bilinear_float, float, 0.0f)
DEFINE_BILINEAR_FLOAT(extern, PL_LEVEL(pl_bilinear_uint8_c), uint8_t, 0.5f)

/* The integer rule: weights in 1/1024, the sum in 1/2^20, rounded half away from zero. */
#define DEFINE_BILINEAR_INTEGER(name, type)                                                        \
    static void name(type *restrict to, const type *restrict near, const type *restrict far,       \
                     const struct pl_resize_row *restrict row)                                     \
    {                                                                                              \
        const int64_t down = row->row.fixed;                                                       \
        const int64_t up = 1024 - down;                                                            \
        const int32_t channels = row->channels;                                                    \
        for (int32_t x = 0; x < row->width; x++, to += channels) {                                 \
            const struct pl_resize_tap *tap = &row->columns[x];                                    \
            const int64_t right = tap->fixed;                                                      \
            const int64_t left = 1024 - right;                                                     \
            const int64_t near_column = (int64_t)tap->near * channels;                             \
            const int64_t far_column = (int64_t)tap->far * channels;                               \
            for (int32_t c = 0; c < channels; c++     ) {                                          \
                const int64_t sum =                                                                \
                    near[near_column + c] * up * left + far[near_column + c] * down * left +       \
                    near[far_column + c] * up * right + far[far_column + c] * down * right;        \
                const int64_t half = sum > 0 ? 1 << 19 : -(1 << 19);                               \
                to[c] = (type)((sum + half) / (1 << 20));                                          \
            }                                                                                      \
        }                                                                                          \
    }

DEFINE_BILINEAR_INTEGER(bilinear_int8, int8_t)
DEFINE_BILINEAR_INTEGER(bilinear_int16, int16_t)

const struct pl_movement_kernels PL_LEVEL(pl_movement_kernels);
const struct pl_movement_kernels PL_LEVEL(pl_movement_kernels) = {
    .copy_plane = copy_plane,
    .fill = fill,
    .gather = gather,
    .join_runs = PL_LEVEL(pl_join_runs_c),
    .part_runs = PL_LEVEL(pl_part_runs_c),
    .rescale_uint8 = rescale_uint8,
    .bilinear_float = bilinear_float,
    .bilinear_uint8 = PL_LEVEL(pl_bilinear_uint8_c),
    .bilinear_int8 = bilinear_int8,
    .bilinear_int16 = bilinear_int16,
    PL_FASTER_MOVEMENT
};
