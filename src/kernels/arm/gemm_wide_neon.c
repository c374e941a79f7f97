/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of int16 with int8 weights in the layout of vector/gemm_vector.h, sums of 64 bits:
 * eight outputs at a time, whose weights a load with four strides brings k by k. Sums have 32 bits
 * as long as they fit. */
#include <stddef.h>
#include <string.h>

#include "kernels/arm/gemm_neon.h"
#include "kernels/arm/requantize_neon.h"
#include "kernels/gemm_finish.h"

/* A product is at most 2^22. */
enum { ROWS = 6, SAFE_STEPS = 127, PART = 8, STEP_BYTES = PL_GEMM_BLOCK * PL_GEMM_STEP };

#define UNROLL _Pragma("GCC unroll 8")

/* ---- sums ------------------------------------------------------------------------------------ */

struct sums {
    int32x4_t low[ROWS], high[ROWS];
};

/* Product k of four. */
#define ADD_PRODUCT(rows, bytes, x, sums, k)                                                       \
    {                                                                                              \
        const int16x8_t w = vmovl_s8((bytes).val[k]);                                              \
        UNROLL for (int r = 0; r < (rows); r++)                                                    \
        {                                                                                          \
            (sums)->low[r] = vmlal_lane_s16((sums)->low[r], vget_low_s16(w), (x)[r], k);           \
            (sums)->high[r] = vmlal_high_lane_s16((sums)->high[r], w, (x)[r], k);                  \
        }                                                                                          \
    }

/* Adds rows x PART products over so many steps that their sums fit into 32 bits. */
PL_ALWAYS_INLINE void multiply_steps(const int rows, const int16_t *input, int64_t stride,
                                     const int8_t *weights, int64_t steps,
                                     int64_t wide[ROWS][PL_GEMM_BLOCK])
{
    struct sums sums;
    UNROLL for (int r = 0; r < rows; r++) sums.low[r] = sums.high[r] = vdupq_n_s32(0);
    for (; steps > 0; steps--, input += PL_GEMM_STEP, weights += STEP_BYTES) {
        const int8x8x4_t bytes = vld4_s8(weights);
        int16x4_t x[ROWS];
        UNROLL for (int r = 0; r < rows; r++) x[r] = vld1_s16(input + r * stride);
        ADD_PRODUCT(rows, bytes, x, &sums, 0)
        ADD_PRODUCT(rows, bytes, x, &sums, 1)
        ADD_PRODUCT(rows, bytes, x, &sums, 2)
        ADD_PRODUCT(rows, bytes, x, &sums, 3)
    }
    UNROLL for (int r = 0; r < rows; r++)
    {
        const int32x4_t halves[2] = {sums.low[r], sums.high[r]};
        UNROLL for (int h = 0; h < 2; h++)
        {
            int64_t *to = wide[r] + 4 * h;
            vst1q_s64(to, vaddw_s32(vld1q_s64(to), vget_low_s32(halves[h])));
            vst1q_s64(to + 2, vaddw_high_s32(vld1q_s64(to + 2), halves[h]));
        }
    }
}

/* rows x a whole block. */
PL_ALWAYS_INLINE void multiply(const int rows, const int16_t *input, int64_t stride,
                               const int8_t *weights, int64_t steps, int32_t count,
                               int64_t sums[ROWS][PL_GEMM_BLOCK])
{
    memset(sums, 0, (size_t)rows * sizeof *sums);
    for (int64_t from = 0; from < steps; from += SAFE_STEPS) {
        const int64_t now = steps - from < SAFE_STEPS ? steps - from : SAFE_STEPS;
        for (int32_t n = 0; n < count; n += PART) {
            multiply_steps(rows, input + from * PL_GEMM_STEP, stride,
                           weights + from * STEP_BYTES + n * PL_GEMM_STEP, now,
                           (int64_t(*)[PL_GEMM_BLOCK])(void *)(&sums[0][n]));
        }
    }
}

typedef void (*multiply_function)(const int16_t *input, int64_t stride, const int8_t *weights,
                                  int64_t steps, int32_t count, int64_t sums[ROWS][PL_GEMM_BLOCK]);

#define DEFINE_MULTIPLY(rows)                                                                      \
    static void multiply_##rows(const int16_t *input, int64_t stride, const int8_t *weights,       \
                                int64_t steps, int32_t count, int64_t sums[ROWS][PL_GEMM_BLOCK])   \
    {                                                                                              \
        multiply(rows, input, stride, weights, steps, count, sums);                                \
    }
#define LIST_ROWS(F) F(1) F(2) F(3) F(4) F(5) F(6)
LIST_ROWS(DEFINE_MULTIPLY)
#define NAME_MULTIPLY(rows) multiply_##rows,
static const multiply_function multiplies[] = {LIST_ROWS(NAME_MULTIPLY)};

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
    const int32_t tile_count = (rows->count + ROWS - 1) / ROWS;
    for (int32_t i = 0, r = 0; i < tile_count; i++) {
        int64_t sums[ROWS][PL_GEMM_BLOCK];
        const int32_t height = (rows->count - r) / (tile_count - i), end = r + height;
        multiplies[height - 1](rows->values + r * rows->stride, rows->stride, packed, steps, count,
                               sums);
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

void PL_LEVEL(pl_gemm_i16_i8_neon)(const struct pl_gemm_shape *shape,
                                   const struct pl_gemm_integer *weights,
                                   const struct pl_gemm_part *part)
{
    const int64_t element = sizeof(int16_t);
    static const int32_t no_zero_point = 0;
    const struct pl_gemm_source source = {
        .shape = shape, .part = part, .element_bytes = element, .zero_points = &no_zero_point};
    const int64_t k =
        (int64_t)shape->patch.filter_height * shape->patch.filter_width * shape->depth;
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
