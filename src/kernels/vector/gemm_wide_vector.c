/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of int16 with int8 weights in the layout of gemm_vector.h, sums of 64 bits: tiles
 * of some rows by one block. */
#include <stddef.h>
#include <string.h>

#include "kernels/gemm_finish.h"
#include "kernels/vector/gemm_vector.h"
#include "kernels/vector/wide_dot.h"

/* ---- outputs --------------------------------------------------------------------------------- */

static void finish_row(const struct pl_gemm_integer *weights, const int64_t *sums, int64_t start,
                       int32_t first, int32_t count, void *output, int64_t at)
{
    for (int32_t n = 0; n < count; n++) {
        const int32_t value =
            pl_gemm_finish_wide(weights, (uint64_t)sums[n] + (uint64_t)start, first + n);
        if (weights->output == PL_GEMM_INT16) ((int16_t *)output)[at + n] = (int16_t)value;
        else ((int8_t *)output)[at + n] = (int8_t)value;
    }
}

/* ---- the walk -------------------------------------------------------------------------------- */

struct rows {
    const int16_t *values;
    int64_t stride; /* in elements */
    int64_t starts[PL_GEMM_MAX_ROWS];
    int32_t x; /* the first one's pixel */
    int32_t count;
};

static void run_block(const struct pl_gemm_shape *shape, const struct pl_gemm_integer *weights,
                      const struct pl_gemm_part *part, const struct rows *rows, int64_t k,
                      int32_t block)
{
    const int8_t *packed = pl_gemm_packed_block(weights->weights, block, k);
    const int64_t steps = pl_gemm_padded(k) / PL_GEMM_STEP;
    const int32_t first = block * PL_GEMM_BLOCK, rest = shape->channels - first;
    const int32_t count = rest < PL_GEMM_BLOCK ? rest : PL_GEMM_BLOCK;
    const int32_t tile_count = (rows->count + PL_WIDE_ROWS - 1) / PL_WIDE_ROWS;
    for (int32_t i = 0, r = 0; i < tile_count; i++) {
        int64_t sums[PL_WIDE_ROWS][PL_GEMM_BLOCK];
        const int32_t height = (rows->count - r) / (tile_count - i), end = r + height;
        pl_wide_multiplies[height - 1](rows->values + r * rows->stride, rows->stride, packed, steps,
                                       count, sums);
        for (int32_t j = 0; r < end; j++, r++) {
            finish_row(weights, sums[j], rows->starts[r], first, count, part->output,
                       (int64_t)(rows->x + r) * shape->output_stride + first);
        }
    }
}

/* What the weights' offset adds. */
static void start_rows(struct rows *rows, int64_t k, int32_t weight_offset)
{
    for (int32_t r = 0; r < rows->count; r++) {
        int64_t sum = 0;
        for (int64_t i = 0; i < k && weight_offset != 0; i++)
            sum += rows->values[r * rows->stride + i];
        rows->starts[r] = sum * weight_offset;
    }
}

void PL_LEVEL(pl_gemm_i16_i8_vector)(const struct pl_gemm_shape *shape,
                                     const struct pl_gemm_integer *weights,
                                     const struct pl_gemm_part *part)
{
    const int64_t element = sizeof(int16_t);
    static const int32_t no_zero_point = 0;
    const struct pl_gemm_source source = {
        .shape = shape, .part = part, .element_bytes = element, .zero_points = &no_zero_point};
    const int64_t k = pl_gemm_k(shape);
    const int32_t most = PL_LEVEL(pl_gemm_rows_at_once)(shape, element);
    for (int32_t x = part->from_x; x < part->to_x;) {
        struct rows rows = {.x = x, .count = part->to_x - x < most ? part->to_x - x : most};
        const struct pl_gemm_rows made =
            PL_LEVEL(pl_gemm_make_rows)(&source, x, x + rows.count, part->scratch);
        rows.values = (const int16_t *)(const void *)made.rows;
        rows.stride = made.stride / element;
        start_rows(&rows, k, weights->weight_offset);
        for (int32_t block = part->from_block; block < part->to_block; block++)
            run_block(shape, weights, part, &rows, k, block);
        x += rows.count;
    }
}
