/* SPDX-License-Identifier: Apache-2.0 */
/* Products of one vector of bytes with a matrix, as LSTM steps have them: four rows at a time, so
 * that their sums are finished together. */
#include <arm_neon.h>
#include <string.h>

#include "kernels/arm/recurrent_neon.h"
#include "kernels/arm/requantize_neon.h"

enum { ROWS = 4, GROUP = 16 };

#define UNROLL _Pragma("GCC unroll 4")

/* ---- dot products ---------------------------------------------------------------------------- */

PL_ALWAYS_INLINE int32x4_t add_dot(int32x4_t sum, int8x16_t a, int8x16_t b)
{
#if defined(__ARM_FEATURE_DOTPROD)
    return vdotq_s32(sum, a, b);
#else
    sum = vpadalq_s16(sum, vmull_s8(vget_low_s8(a), vget_low_s8(b)));
    return vpadalq_s16(sum, vmull_high_s8(a, b));
#endif
}

/* The vector x: whole groups, and the last one of its bytes where what is in a group before is
 * zero. */
struct operand {
    const int8_t *x;
    int32_t depth;
    int8_t last[GROUP];
};

static struct operand start_operand(const int8_t *x, int32_t depth)
{
    struct operand operand = {.x = x, .depth = depth};
    const int32_t rest = depth % GROUP;
    int8_t *to = depth < GROUP ? operand.last : operand.last + GROUP - rest;
    if (rest > 0) memcpy(to, x + depth - rest, (size_t)rest);
    return operand;
}

/* The last group of a row. */
PL_ALWAYS_INLINE int8x16_t load_last(const int8_t *row, int32_t depth)
{
    if (depth >= GROUP) return vld1q_s8(row + depth - GROUP);
    int8_t lanes[GROUP] = {0};
    memcpy(lanes, row, (size_t)depth);
    return vld1q_s8(lanes);
}

/* Of `rows` rows; the other sums are 0. */
PL_ALWAYS_INLINE int32x4_t dot_rows(const int rows, const struct operand *operand,
                                    const int8_t *row)
{
    const int32_t depth = operand->depth;
    int32x4_t sums[ROWS];
    UNROLL for (int r = 0; r < ROWS; r++) sums[r] = vdupq_n_s32(0);
    for (int32_t k = 0; k + GROUP <= depth; k += GROUP) {
        const int8x16_t x = vld1q_s8(operand->x + k);
        UNROLL for (int r = 0; r < rows; r++) sums[r] =
            add_dot(sums[r], x, vld1q_s8(row + (int64_t)r * depth + k));
    }
    if (depth % GROUP != 0) {
        const int8x16_t x = vld1q_s8(operand->last);
        UNROLL for (int r = 0; r < rows; r++) sums[r] =
            add_dot(sums[r], x, load_last(row + (int64_t)r * depth, depth));
    }
    return vpaddq_s32(vpaddq_s32(sums[0], sums[1]), vpaddq_s32(sums[2], sums[3]));
}

/* Of up to ROWS rows from `first` on; *count: how many. */
PL_ALWAYS_INLINE int32x4_t next_dots(const struct pl_recurrent_matrix *matrix,
                                     const struct operand *operand, int32_t first, int32_t *count)
{
    const int8_t *row = matrix->weights + (int64_t)first * matrix->depth;
    *count = matrix->rows - first >= ROWS ? ROWS : 1;
    return *count == ROWS ? dot_rows(ROWS, operand, row) : dot_rows(1, operand, row);
}

PL_ALWAYS_INLINE int32x4_t load_words(const int32_t *from, int32_t count)
{
    return count == ROWS ? vld1q_s32(from) : vld1q_lane_s32(from, vdupq_n_s32(0), 0);
}

void PL_LEVEL(pl_add_product_hybrid_neon)(float *sums, const int8_t *x,
                                          const struct pl_recurrent_matrix *matrix,
                                          const int32_t *row_sums, int32_t zero_point, float scale)
{
    const struct operand operand = start_operand(x, matrix->depth);
    int32_t count;
    for (int32_t r = 0; r < matrix->rows; r += count) {
        const int32x4_t dots = next_dots(matrix, &operand, r, &count);
        const int32x4_t sum = vmlsq_n_s32(dots, load_words(row_sums + r, count), zero_point);
        const float32x4_t product = vmulq_n_f32(vcvtq_f32_s32(sum), scale);
        if (count == ROWS) vst1q_f32(sums + r, vaddq_f32(vld1q_f32(sums + r), product));
        else sums[r] += vgetq_lane_f32(product, 0);
    }
}

void PL_LEVEL(pl_add_product_int16_neon)(int16_t *gate, const int8_t *x,
                                         const struct pl_recurrent_matrix *matrix,
                                         const int32_t *bias, struct pl_multiplier multiplier)
{
    const struct operand operand = start_operand(x, matrix->depth);
    const struct pl_multipliers_neon m = pl_multiplier_neon(multiplier);
    int32_t count;
    for (int32_t r = 0; r < matrix->rows; r += count) {
        const int32x4_t dots = next_dots(matrix, &operand, r, &count);
        const int32x4_t scaled = pl_multiply_neon(vaddq_s32(dots, load_words(bias + r, count)), m);
        const int16x4_t old = count == ROWS ? vld1_s16(gate + r) : vdup_n_s16(gate[r]);
        const int16x4_t sum = vqmovn_s32(vqaddq_s32(scaled, vmovl_s16(old)));
        if (count == ROWS) vst1_s16(gate + r, sum);
        else gate[r] = vget_lane_s16(sum, 0);
    }
}

void PL_LEVEL(pl_product_int8_neon)(int8_t *to, const int8_t *x,
                                    const struct pl_recurrent_matrix *matrix, const int32_t *bias,
                                    struct pl_multiplier multiplier, int32_t zero_point)
{
    const struct operand operand = start_operand(x, matrix->depth);
    const struct pl_multipliers_neon m = pl_multiplier_neon(multiplier);
    int32_t count;
    for (int32_t r = 0; r < matrix->rows; r += count) {
        const int32x4_t dots = next_dots(matrix, &operand, r, &count);
        const int32x4_t scaled = pl_multiply_neon(vaddq_s32(dots, load_words(bias + r, count)), m);
        const int16x4_t placed = vqmovn_s32(vqaddq_s32(scaled, vdupq_n_s32(zero_point)));
        const int8x8_t bytes = vqmovn_s16(vcombine_s16(placed, placed));
        int8_t lanes[2 * ROWS];
        vst1_s8(lanes, bytes);
        memcpy(to + r, lanes, (size_t)count);
    }
}
