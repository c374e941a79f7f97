/* SPDX-License-Identifier: Apache-2.0 */
/* Float sums that go on: see struct pl_gemm_sums. Weights are read once for all rows, and for few rows more blocks lie
 * side by side, as many as there are registers for. */
#include "kernels/vector/gemm_add_vector.h"

#include "kernels/loop.h"
#include "kernels/vector/floats.h"

#if defined(__AVX512F__)
enum { MOST_OF_ONE = 4, MOST_OF_TWO = 4, MOST_OF_THREE = 4, MOST_OF_FOUR = 4 };
#else
enum { MOST_OF_ONE = 4, MOST_OF_TWO = 2, MOST_OF_THREE = 2, MOST_OF_FOUR = 1 };
#endif

/* `blocks` blocks from the one at `block` on, counted as in the sums. */
PL_ALWAYS_INLINE void add_tile(int rows, int blocks, const struct pl_gemm_sums *sums, int32_t block)
{
    struct pl_floats totals[PL_GEMM_SUM_ROWS][PL_GEMM_SUM_BLOCKS];
    float *to = sums->sums + block * PL_GEMM_BLOCK;
    const int64_t block_floats = (int64_t)sums->depth * PL_GEMM_BLOCK;
    const float *weights = sums->weights + (sums->block + block) * block_floats +
                           (int64_t)sums->from_k * PL_GEMM_BLOCK;
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
        for (int b = 0; b < blocks; b++)
            totals[r][b] = pl_floats_load(to + r * PL_GEMM_SUMS + b * PL_GEMM_BLOCK);
    }
    for (int32_t k = sums->from_k; k < sums->to_k; k++, weights += PL_GEMM_BLOCK) {
        struct pl_floats w[PL_GEMM_SUM_BLOCKS];
#pragma GCC unroll 4
        for (int b = 0; b < blocks; b++) w[b] = pl_floats_load(weights + b * block_floats);
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++) {
            const struct pl_floats x = pl_floats_set(sums->input[r * sums->step + k]);
#pragma GCC unroll 4
            for (int b = 0; b < blocks; b++) totals[r][b] = pl_floats_fma(x, w[b], totals[r][b]);
        }
    }
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
        for (int b = 0; b < blocks; b++)
            pl_floats_store(to + r * PL_GEMM_SUMS + b * PL_GEMM_BLOCK, totals[r][b]);
    }
}

/* Four, two, and single blocks, up to `most` side by side. */
PL_ALWAYS_INLINE void add_rows(int rows, int most, const struct pl_gemm_sums *sums)
{
    int32_t block = 0;
    for (; most >= 4 && block + 4 <= sums->blocks; block += 4) add_tile(rows, 4, sums, block);
    for (; most >= 2 && block + 2 <= sums->blocks; block += 2) add_tile(rows, 2, sums, block);
    for (; block < sums->blocks; block++) add_tile(rows, 1, sums, block);
}

void PL_LEVEL(pl_gemm_add_f32_vector)(const struct pl_gemm_sums *sums)
{
    switch (sums->rows) {
    case 1: add_rows(1, MOST_OF_ONE, sums); break;
    case 2: add_rows(2, MOST_OF_TWO, sums); break;
    case 3: add_rows(3, MOST_OF_THREE, sums); break;
    default: add_rows(4, MOST_OF_FOUR, sums); break;
    }
}
