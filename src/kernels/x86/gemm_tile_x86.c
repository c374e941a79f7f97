/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles of matrix products of bytes: see gemm_tile_x86.h. */
#include "kernels/x86/gemm_tile_x86.h"

#include <assert.h>

/* All loops over the tile are unrolled: the sums would lie in memory else. */
#define UNROLL _Pragma("GCC unroll 16")
enum { STEP_BYTES = PL_GEMM_BLOCK * PL_GEMM_STEP, VECTOR_BYTES = PL_LANES * PL_GEMM_STEP };

PL_ALWAYS_INLINE pl_vec load_start(const struct pl_tile_x86 *tile, int vector)
{
    return pl_vec_load(tile->columns[vector / PL_BLOCK_VECTORS].starts +
                       vector % PL_BLOCK_VECTORS * PL_LANES);
}

PL_ALWAYS_INLINE void start_sums(const int rows, const int vectors, const struct pl_tile_x86 *tile,
                                 pl_vec sums[PL_TILE_ROWS][PL_TILE_WIDE_VECTORS])
{
    UNROLL for (int v = 0; v < vectors; v++)
    {
        const pl_vec start = load_start(tile, v);
        UNROLL for (int r = 0; r < rows; r++) sums[r][v] = start;
    }
    if (tile->row_starts == NULL) return;
    UNROLL for (int r = 0; r < rows; r++)
    {
        const pl_vec start = pl_vec_set(tile->row_starts[r]);
        UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = pl_vec_add(sums[r][v], start);
    }
}

PL_ALWAYS_INLINE void multiply(const int rows, const int vectors, const struct pl_tile_x86 *tile)
{
    pl_vec sums[PL_TILE_ROWS][PL_TILE_WIDE_VECTORS];
    const int8_t *weights[PL_TILE_WIDE_VECTORS];
    const int64_t stride = tile->stride;
    UNROLL for (int v = 0; v < vectors; v++)
    {
        weights[v] = tile->weights + v / PL_BLOCK_VECTORS * tile->block_bytes +
                     v % PL_BLOCK_VECTORS * VECTOR_BYTES;
    }
    start_sums(rows, vectors, tile, sums);
    for (int32_t run = 0; run < tile->runs; run++) {
        const uint8_t *input = tile->input + tile->offsets[run];
        for (int64_t step = 0; step < tile->steps; step++, input += PL_GEMM_STEP) {
            struct pl_dot_operand w[PL_TILE_WIDE_VECTORS];
            UNROLL for (int v = 0; v < vectors; v++)
            {
                w[v] = pl_dot_weights(weights[v]);
                weights[v] += STEP_BYTES;
            }
            UNROLL for (int r = 0; r < rows; r++)
            {
                const struct pl_dot_operand x = pl_dot_input(input + r * stride);
                UNROLL for (int v = 0; v < vectors; v++)
                {
                    sums[r][v] = pl_dot_add(sums[r][v], x, w[v]);
                }
            }
        }
    }
    UNROLL for (int r = 0; r < rows; r++)
    {
        UNROLL for (int v = 0; v < vectors; v++)
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

#define LIST_4(F, vectors) F(1, vectors) F(2, vectors) F(3, vectors) F(4, vectors)
#define LIST_6(F, vectors) LIST_4(F, vectors) F(5, vectors) F(6, vectors)
#define LIST_12(F, vectors)                                                                        \
    LIST_6(F, vectors)                                                                             \
    F(7, vectors) F(8, vectors) F(9, vectors) F(10, vectors) F(11, vectors) F(12, vectors)
#define LIST_14(F, vectors) LIST_12(F, vectors) F(13, vectors) F(14, vectors)

#if defined(__AVX512VNNI__)
#define LIST_ROWS      LIST_14
#define LIST_WIDE_ROWS LIST_6
#elif defined(__AVX512F__)
#define LIST_ROWS      LIST_12
#define LIST_WIDE_ROWS LIST_4
#elif defined(__AVXVNNI__)
#define LIST_ROWS                  LIST_6
#define LIST_WIDE_ROWS(F, vectors) F(1, vectors) F(2, vectors)
#else
#define LIST_ROWS                  LIST_4
#define LIST_WIDE_ROWS(F, vectors) F(1, vectors)
#endif

LIST_ROWS(DEFINE_TILE, 1)
LIST_ROWS(DEFINE_TILE, 2)
LIST_WIDE_ROWS(DEFINE_TILE, 4)

void PL_LEVEL(pl_tile_x86)(const struct pl_tile_x86 *tile, int rows, int vectors)
{
    static void (*const of_1[])(const struct pl_tile_x86 *) = {LIST_ROWS(NAME_TILE, 1)};
    static void (*const of_2[])(const struct pl_tile_x86 *) = {LIST_ROWS(NAME_TILE, 2)};
    static void (*const of_4[])(const struct pl_tile_x86 *) = {LIST_WIDE_ROWS(NAME_TILE, 4)};
    assert(rows >= 1 && rows <= (vectors == 4 ? (int)PL_TILE_WIDE_ROWS : (int)PL_TILE_ROWS));
    switch (vectors) {
    case 1: of_1[rows - 1](tile); break;
    case 2: of_2[rows - 1](tile); break;
    default: of_4[rows - 1](tile); break;
    }
}
