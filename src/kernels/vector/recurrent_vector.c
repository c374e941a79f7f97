/* SPDX-License-Identifier: Apache-2.0 */
/* Float products of one vector with a matrix, as LSTM steps have them: see recurrent_kernels.h. They
 * are as fast as the matrix comes from the cache, if enough rows are summed side by side. */
#include "kernels/vector/recurrent_vector.h"

#include "kernels/kernels.h"
#include "kernels/vector/floats.h"

enum { BLOCK = PL_RECURRENT_BLOCK, PARTS = BLOCK / PL_FLOATS, BLOCKS_AT_ONCE = 2 };

/* The rows of a block that are there, sixteen by sixteen. */
PL_ALWAYS_INLINE struct pl_floats_mask part_mask(int32_t rows, int part)
{
    const int32_t count = rows - part * PL_FLOATS;
    return pl_floats_first(count < 0 ? 0 : count > PL_FLOATS ? PL_FLOATS : count);
}

/* `blocks` blocks, of which the last one has `rows` rows. */
PL_ALWAYS_INLINE void add_blocks(int blocks, int32_t rows, float *sums, const float *x,
                                 const float *packed, int32_t depth)
{
    struct pl_floats totals[BLOCKS_AT_ONCE][PARTS];
    const int64_t block_floats = (int64_t)BLOCK * depth;
#pragma GCC unroll 2
    for (int b = 0; b < blocks; b++) {
        const int32_t count = b + 1 < blocks ? BLOCK : rows;
#pragma GCC unroll 2
        for (int p = 0; p < PARTS; p++)
            totals[b][p] =
                pl_floats_load_masked(sums + b * BLOCK + p * PL_FLOATS, part_mask(count, p));
    }
    for (int32_t k = 0; k < depth; k++, packed += BLOCK) {
        const struct pl_floats factor = pl_floats_set(x[k]);
#pragma GCC unroll 2
        for (int b = 0; b < blocks; b++) {
#pragma GCC unroll 2
            for (int p = 0; p < PARTS; p++) {
                const struct pl_floats w =
                    pl_floats_load(packed + b * block_floats + p * PL_FLOATS);
                totals[b][p] = pl_floats_fma(factor, w, totals[b][p]);
            }
        }
    }
#pragma GCC unroll 2
    for (int b = 0; b < blocks; b++) {
        const int32_t count = b + 1 < blocks ? BLOCK : rows;
#pragma GCC unroll 2
        for (int p = 0; p < PARTS; p++)
            pl_floats_store_masked(sums + b * BLOCK + p * PL_FLOATS, totals[b][p],
                                   part_mask(count, p));
    }
}

void PL_LEVEL(pl_add_product_float_vector)(float *sums, const float *x, const float *packed,
                                           int32_t rows, int32_t depth)
{
    int32_t first = 0;
    for (; first + BLOCK < rows; first += 2 * BLOCK) {
        const int32_t rest = rows - first - BLOCK;
        add_blocks(2, rest < BLOCK ? rest : BLOCK, sums + first, x, packed, depth);
        packed += 2 * (int64_t)BLOCK * depth;
    }
    if (first < rows) add_blocks(1, rows - first, sums + first, x, packed, depth);
}
