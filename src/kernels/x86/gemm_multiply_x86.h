/* SPDX-License-Identifier: Apache-2.0 */
/* The sums of a tile in registers, for what goes on with them there: see gemm_tile_x86.h. */
#ifndef PL_KERNELS_X86_GEMM_MULTIPLY_X86_H
#define PL_KERNELS_X86_GEMM_MULTIPLY_X86_H

#include "kernels/x86/gemm_tile_x86.h"

/* All loops over the tile are unrolled: the sums would lie in memory else. */
#define PL_TILE_UNROLL _Pragma("GCC unroll 16")

PL_ALWAYS_INLINE pl_vec pl_load_start_x86(const struct pl_tile_x86 *tile, int vector)
{
    return pl_vec_load(tile->columns[vector / PL_BLOCK_VECTORS].starts +
                       vector % PL_BLOCK_VECTORS * PL_LANES);
}

PL_ALWAYS_INLINE void pl_start_sums_x86(const int rows, const int vectors, const struct pl_tile_x86 *tile,
                                        pl_vec sums[PL_TILE_ROWS][PL_TILE_WIDE_VECTORS])
{
    PL_TILE_UNROLL for (int v = 0; v < vectors; v++)
    {
        const pl_vec start = pl_load_start_x86(tile, v);
        PL_TILE_UNROLL for (int r = 0; r < rows; r++) sums[r][v] = start;
    }
    if (tile->row_starts == NULL) return;
    PL_TILE_UNROLL for (int r = 0; r < rows; r++)
    {
        const pl_vec start = pl_vec_set(tile->row_starts[r]);
        PL_TILE_UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = pl_vec_add(sums[r][v], start);
    }
}

/* Where rows are: every third one, and how far it is from there to the next two. */
enum { PL_TILE_THIRDS = (PL_TILE_ROWS + 2) / 3 };
struct pl_tile_rows {
    const uint8_t *thirds[PL_TILE_THIRDS];
    int64_t one, two;
};

/* Each is a number of its own to the compiler, or it makes a pointer for every row again. */
PL_ALWAYS_INLINE struct pl_tile_rows pl_find_tile_rows_x86(const int rows, const uint8_t *first, int64_t stride)
{
    struct pl_tile_rows found = {.one = stride, .two = 2 * stride};
    __asm__("" : "+r"(found.two));
    PL_TILE_UNROLL for (int i = 0; i < (rows + 2) / 3; i++)
    {
        found.thirds[i] = first + 3 * i * stride;
        __asm__("" : "+r"(found.thirds[i]));
    }
    return found;
}

PL_ALWAYS_INLINE pl_gemm_operand pl_load_tile_row_x86(const struct pl_tile_rows *rows, int r)
{
    return pl_gemm_load_input(rows->thirds[r / 3] + (r % 3 == 0 ? 0 : r % 3 == 1 ? rows->one : rows->two));
}

PL_ALWAYS_INLINE void pl_multiply_tile_x86(const int rows, const int vectors, const struct pl_tile_x86 *tile,
                                           pl_vec sums[PL_TILE_ROWS][PL_TILE_WIDE_VECTORS])
{
    const int8_t *weights[PL_TILE_WIDE_VECTORS];
    PL_TILE_UNROLL for (int v = 0; v < vectors; v++)
    {
        weights[v] = tile->weights + v / PL_BLOCK_VECTORS * tile->block_bytes +
                     v % PL_BLOCK_VECTORS * PL_VECTOR_BYTES;
    }
    pl_start_sums_x86(rows, vectors, tile, sums);
    const char *ahead = tile->ahead;
    for (int32_t run = 0; run < tile->runs; run++) {
        __asm__("" : "+r"(tile)); /* all that is read of it is read here: there are no registers to keep it in */
        struct pl_tile_rows inputs = pl_find_tile_rows_x86(rows, tile->input + tile->offsets[run], tile->stride);
        for (int64_t step = 0; step < tile->steps; step++) {
            pl_gemm_operand w[PL_TILE_WIDE_VECTORS];
            PL_TILE_UNROLL for (int v = 0; v < vectors; v++)
            {
                w[v] = pl_gemm_load_weights(weights[v]);
                weights[v] += PL_STEP_BYTES;
            }
            PL_TILE_UNROLL for (int r = 0; r < rows; r++)
            {
                const pl_gemm_operand x = pl_load_tile_row_x86(&inputs, r);
                PL_TILE_UNROLL for (int v = 0; v < vectors; v++)
                {
                    sums[r][v] = pl_gemm_add_step(sums[r][v], x, w[v]);
                }
            }
            PL_TILE_UNROLL for (int i = 0; i < (rows + 2) / 3; i++) inputs.thirds[i] += PL_STEP_INPUT_BYTES;
            if (rows * vectors >= PL_LEAST_AHEAD) {
                _mm_prefetch(ahead, _MM_HINT_T1);
                ahead += tile->ahead_step;
            }
        }
    }
}

#define PL_LIST_4(F, vectors) F(1, vectors) F(2, vectors) F(3, vectors) F(4, vectors)
#define PL_LIST_6(F, vectors) PL_LIST_4(F, vectors) F(5, vectors) F(6, vectors)
#define PL_LIST_12(F, vectors)                                                                        \
    PL_LIST_6(F, vectors)                                                                             \
    F(7, vectors) F(8, vectors) F(9, vectors) F(10, vectors) F(11, vectors) F(12, vectors)
#define PL_LIST_14(F, vectors) PL_LIST_12(F, vectors) F(13, vectors) F(14, vectors)

#if defined(__AVX512VNNI__)
#define PL_LIST_TILE_ROWS      PL_LIST_14
#define PL_LIST_WIDE_TILE_ROWS PL_LIST_6
#elif defined(__AVX512F__)
#define PL_LIST_TILE_ROWS      PL_LIST_12
#define PL_LIST_WIDE_TILE_ROWS PL_LIST_4
#else
#define PL_LIST_TILE_ROWS                  PL_LIST_6
#define PL_LIST_WIDE_TILE_ROWS(F, vectors) F(1, vectors) F(2, vectors)
#endif

#endif
