/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of products of int16 and int8: see vector/wide_dot.h. Eight outputs at a time, whose weights
 * a load with four strides brings k by k. Sums have 32 bits as long as they fit. */
#ifndef PL_KERNELS_ARM_WIDE_DOT_NEON_H
#define PL_KERNELS_ARM_WIDE_DOT_NEON_H

#include <arm_neon.h>
#include <string.h>

#include "kernels/loop.h"
#include "kernels/vector/gemm_vector.h"

/* A product is at most 2^22. */
enum {
    PL_WIDE_ROWS = 6,
    PL_WIDE_STEPS = 127,
    PL_WIDE_PART = 8,
    PL_WIDE_STEP_BYTES = PL_GEMM_BLOCK * PL_GEMM_STEP
};

#define PL_WIDE_UNROLL _Pragma("GCC unroll 8")

struct pl_wide_sums {
    int32x4_t low[PL_WIDE_ROWS], high[PL_WIDE_ROWS];
};

/* Product k of four. */
#define PL_ADD_PRODUCT(rows, bytes, x, sums, k)                                                    \
    {                                                                                              \
        const int16x8_t w = vmovl_s8((bytes).val[k]);                                              \
        PL_WIDE_UNROLL for (int r = 0; r < (rows); r++)                                            \
        {                                                                                          \
            (sums)->low[r] = vmlal_lane_s16((sums)->low[r], vget_low_s16(w), (x)[r], k);           \
            (sums)->high[r] = vmlal_high_lane_s16((sums)->high[r], w, (x)[r], k);                  \
        }                                                                                          \
    }

/* Adds rows x PL_WIDE_PART products over so many steps that their sums fit into 32 bits. */
PL_ALWAYS_INLINE void pl_multiply_steps(const int rows, const int16_t *input, int64_t stride,
                                        const int8_t *weights, int64_t steps,
                                        int64_t wide[PL_WIDE_ROWS][PL_GEMM_BLOCK])
{
    struct pl_wide_sums sums;
    PL_WIDE_UNROLL for (int r = 0; r < rows; r++) sums.low[r] = sums.high[r] = vdupq_n_s32(0);
    for (; steps > 0; steps--, input += PL_GEMM_STEP, weights += PL_WIDE_STEP_BYTES) {
        const int8x8x4_t bytes = vld4_s8(weights);
        int16x4_t x[PL_WIDE_ROWS];
        PL_WIDE_UNROLL for (int r = 0; r < rows; r++) x[r] = vld1_s16(input + r * stride);
        PL_ADD_PRODUCT(rows, bytes, x, &sums, 0)
        PL_ADD_PRODUCT(rows, bytes, x, &sums, 1)
        PL_ADD_PRODUCT(rows, bytes, x, &sums, 2)
        PL_ADD_PRODUCT(rows, bytes, x, &sums, 3)
    }
    PL_WIDE_UNROLL for (int r = 0; r < rows; r++)
    {
        const int32x4_t halves[2] = {sums.low[r], sums.high[r]};
        PL_WIDE_UNROLL for (int h = 0; h < 2; h++)
        {
            int64_t *to = wide[r] + 4 * h;
            vst1q_s64(to, vaddw_s32(vld1q_s64(to), vget_low_s32(halves[h])));
            vst1q_s64(to + 2, vaddw_high_s32(vld1q_s64(to + 2), halves[h]));
        }
    }
}

/* rows x a whole block. */
PL_ALWAYS_INLINE void pl_wide_multiply(const int rows, const int16_t *input, int64_t stride,
                                       const int8_t *weights, int64_t steps, int32_t count,
                                       int64_t sums[PL_WIDE_ROWS][PL_GEMM_BLOCK])
{
    memset(sums, 0, (size_t)rows * sizeof *sums);
    for (int64_t from = 0; from < steps; from += PL_WIDE_STEPS) {
        const int64_t now = steps - from < PL_WIDE_STEPS ? steps - from : PL_WIDE_STEPS;
        for (int32_t n = 0; n < count; n += PL_WIDE_PART) {
            pl_multiply_steps(rows, input + from * PL_GEMM_STEP, stride,
                              weights + from * PL_WIDE_STEP_BYTES + n * PL_GEMM_STEP, now,
                              (int64_t(*)[PL_GEMM_BLOCK])(void *)(&sums[0][n]));
        }
    }
}

typedef void (*pl_wide_function)(const int16_t *input, int64_t stride, const int8_t *weights,
                                 int64_t steps, int32_t count,
                                 int64_t sums[PL_WIDE_ROWS][PL_GEMM_BLOCK]);

#define PL_DEFINE_WIDE(rows)                                                                       \
    static void pl_wide_multiply_##rows(const int16_t *input, int64_t stride,                      \
                                        const int8_t *weights, int64_t steps, int32_t count,       \
                                        int64_t sums[PL_WIDE_ROWS][PL_GEMM_BLOCK])                 \
    {                                                                                              \
        pl_wide_multiply(rows, input, stride, weights, steps, count, sums);                        \
    }
#define PL_LIST_WIDE(F) F(1) F(2) F(3) F(4) F(5) F(6)
PL_LIST_WIDE(PL_DEFINE_WIDE)
#define PL_NAME_WIDE(rows) pl_wide_multiply_##rows,
static const pl_wide_function pl_wide_multiplies[] = {PL_LIST_WIDE(PL_NAME_WIDE)};

#endif
