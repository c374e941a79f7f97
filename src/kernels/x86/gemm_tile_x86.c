/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles of matrix products of bytes: see gemm_tile_x86.h. */
#include <assert.h>

#include "kernels/x86/gemm_multiply_x86.h"

PL_ALWAYS_INLINE void multiply(const int rows, const int vectors, const struct pl_tile_x86 *tile)
{
    pl_vec sums[PL_TILE_ROWS][PL_TILE_WIDE_VECTORS];
    pl_multiply_tile_x86(rows, vectors, tile, sums);
    PL_TILE_UNROLL for (int r = 0; r < rows; r++)
    {
        PL_TILE_UNROLL for (int v = 0; v < vectors; v++)
        {
            pl_vec_store(tile->sums + (r * vectors + v) * PL_LANES, sums[r][v]);
        }
    }
}

#define DEFINE_TILE(rows, vectors)                                                                 \
    static void tile_##rows##_##vectors(const struct pl_tile_x86 *tile)                            \
    {                                                                                              \
        multiply(rows, vectors, tile);                                                             \
    }
#define NAME_TILE(rows, vectors) tile_##rows##_##vectors,

PL_LIST_TILE_ROWS(DEFINE_TILE, 1)
PL_LIST_TILE_ROWS(DEFINE_TILE, 2)
PL_LIST_WIDE_TILE_ROWS(DEFINE_TILE, 4)

void PL_LEVEL(pl_tile_x86)(const struct pl_tile_x86 *tile, int rows, int vectors)
{
    static void (*const of_1[])(const struct pl_tile_x86 *) = {PL_LIST_TILE_ROWS(NAME_TILE, 1)};
    static void (*const of_2[])(const struct pl_tile_x86 *) = {PL_LIST_TILE_ROWS(NAME_TILE, 2)};
    static void (*const of_4[])(const struct pl_tile_x86 *) = {PL_LIST_WIDE_TILE_ROWS(NAME_TILE, 4)};
    assert(rows >= 1 && rows <= (vectors == 4 ? (int)PL_TILE_WIDE_ROWS : (int)PL_TILE_ROWS));
    switch (vectors) {
    case 1: of_1[rows - 1](tile); break;
    case 2: of_2[rows - 1](tile); break;
    default: of_4[rows - 1](tile); break;
    }
}
