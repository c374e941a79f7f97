/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of products of signed bytes: rows of inputs by vectors of four outputs, four k at a step, in
 * the layout of vector/gemm_vector.h. With dot products a lane is one output, and four steps of an
 * input come with one load; without, the products of two outputs are widened to 16 bits and added in
 * pairs, so that two lanes are one output. (-128 times -128 twice would not fit into 16 bits: pairs
 * are added in 32.) */
#ifndef PL_KERNELS_ARM_DOT_NEON_H
#define PL_KERNELS_ARM_DOT_NEON_H

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

#include "kernels/loop.h"
#include "kernels/vector/gemm_vector.h"

/* The sums and what a step needs besides fill the registers. */
#if defined(__ARM_FEATURE_DOTPROD)
enum { PL_DOT_ROWS = 5, PL_DOT_VECTORS = 4, PL_DOT_PARTS = 1 };
#else
enum { PL_DOT_ROWS = 4, PL_DOT_VECTORS = 2, PL_DOT_PARTS = 2 };
#endif
enum { PL_DOT_STEP_BYTES = PL_GEMM_BLOCK * PL_GEMM_STEP };

struct pl_dot_sums {
    int32x4_t v[PL_DOT_ROWS][PL_DOT_VECTORS][PL_DOT_PARTS];
};

/* All loops over the sums are unrolled: they would lie in memory else. */
#define PL_DOT_UNROLL _Pragma("GCC unroll 8")

PL_ALWAYS_INLINE int8x16_t pl_dot_spread(const int8_t *input)
{
    int32_t four;
    memcpy(&four, input, sizeof four);
    return vreinterpretq_s8_s32(vdupq_n_s32(four));
}

#if defined(__ARM_FEATURE_DOTPROD)

/* Without these the compiler reads the weights of all steps first, and has too few registers. */
#define PL_DOT_ONE_BY_ONE __asm__ volatile("" ::: "memory");

/* Step `lane` of four whose inputs x are. */
#define PL_DOT_ADD_STEP(rows, vectors, x, weights, sums, lane)                                     \
    PL_DOT_UNROLL for (int v = 0; v < (vectors); v++)                                              \
    {                                                                                              \
        const int8x16_t w = vld1q_s8((weights) + (lane)*PL_DOT_STEP_BYTES + 16 * v);               \
        PL_DOT_UNROLL for (int r = 0; r < (rows); r++)                                             \
        {                                                                                          \
            (sums)->v[r][v][0] = vdotq_laneq_s32((sums)->v[r][v][0], w, (x)[r], lane);             \
        }                                                                                          \
    }

PL_ALWAYS_INLINE void pl_dot_add(const int rows, const int vectors, const int8_t *input,
                                 int64_t stride, const int8_t *weights, int64_t steps,
                                 struct pl_dot_sums *sums)
{
    int8x16_t x[PL_DOT_ROWS];
    for (; steps >= 4; steps -= 4, input += 4 * PL_GEMM_STEP, weights += 4 * PL_DOT_STEP_BYTES) {
        PL_DOT_UNROLL for (int r = 0; r < rows; r++) x[r] = vld1q_s8(input + r * stride);
        PL_DOT_ADD_STEP(rows, vectors, x, weights, sums, 0)
        PL_DOT_ONE_BY_ONE
        PL_DOT_ADD_STEP(rows, vectors, x, weights, sums, 1)
        PL_DOT_ONE_BY_ONE
        PL_DOT_ADD_STEP(rows, vectors, x, weights, sums, 2)
        PL_DOT_ONE_BY_ONE
        PL_DOT_ADD_STEP(rows, vectors, x, weights, sums, 3)
    }
    for (; steps > 0; steps--, input += PL_GEMM_STEP, weights += PL_DOT_STEP_BYTES) {
        PL_DOT_UNROLL for (int r = 0; r < rows; r++) x[r] = pl_dot_spread(input + r * stride);
        PL_DOT_ADD_STEP(rows, vectors, x, weights, sums, 0)
    }
}

PL_ALWAYS_INLINE int32x4_t pl_dot_total(const int32x4_t parts[PL_DOT_PARTS])
{
    return parts[0];
}

#else

PL_ALWAYS_INLINE void pl_dot_add(const int rows, const int vectors, const int8_t *input,
                                 int64_t stride, const int8_t *weights, int64_t steps,
                                 struct pl_dot_sums *sums)
{
    for (; steps > 0; steps--, input += PL_GEMM_STEP, weights += PL_DOT_STEP_BYTES) {
        int8x16_t w[PL_DOT_VECTORS];
        PL_DOT_UNROLL for (int v = 0; v < vectors; v++) w[v] = vld1q_s8(weights + 16 * v);
        PL_DOT_UNROLL for (int r = 0; r < rows; r++)
        {
            const int8x16_t x = pl_dot_spread(input + r * stride);
            PL_DOT_UNROLL for (int v = 0; v < vectors; v++)
            {
                int32x4_t *const parts = sums->v[r][v];
                parts[0] = vpadalq_s16(parts[0], vmull_s8(vget_low_s8(x), vget_low_s8(w[v])));
                parts[1] = vpadalq_s16(parts[1], vmull_high_s8(x, w[v]));
            }
        }
    }
}

PL_ALWAYS_INLINE int32x4_t pl_dot_total(const int32x4_t parts[PL_DOT_PARTS])
{
    return vpaddq_s32(parts[0], parts[1]);
}

#endif

/* rows x vectors products over all steps. */
PL_ALWAYS_INLINE void pl_dot_start(const int rows, const int vectors, struct pl_dot_sums *sums)
{
    PL_DOT_UNROLL for (int r = 0; r < rows; r++)
    {
        PL_DOT_UNROLL for (int v = 0; v < vectors; v++)
        {
            PL_DOT_UNROLL for (int p = 0; p < PL_DOT_PARTS; p++) sums->v[r][v][p] = vdupq_n_s32(0);
        }
    }
}

#endif
