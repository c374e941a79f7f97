/* SPDX-License-Identifier: Apache-2.0 */
/* Which tiles of a float matrix product there are, each a function of its own: see gemm_f32_tile.h. */
#ifndef PL_KERNELS_VECTOR_GEMM_F32_FORMS_H
#define PL_KERNELS_VECTOR_GEMM_F32_FORMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/vector/gemm_f32_tile.h"

typedef void (*tile_function)(struct tile *tile);

/* The shapes of tiles: name, whole blocks, whether a half follows. */
#define ONE_TO_FIVE(F, ...)                                                                        \
    F(1, __VA_ARGS__) F(2, __VA_ARGS__) F(3, __VA_ARGS__) F(4, __VA_ARGS__) F(5, __VA_ARGS__)
#define ONE_TO_SIX(F, ...) ONE_TO_FIVE(F, __VA_ARGS__) F(6, __VA_ARGS__)
#if defined(__AVX512F__)
#define ONE_TO_MOST(F, ...)                                                                        \
    ONE_TO_SIX(F, __VA_ARGS__)                                                                     \
    F(7, __VA_ARGS__)                                                                              \
    F(8, __VA_ARGS__) F(9, __VA_ARGS__) F(10, __VA_ARGS__) F(11, __VA_ARGS__) F(12, __VA_ARGS__)
#define SHAPES(F)                                                                                  \
    ONE_TO_MOST(F, half, 0, true)                                                                  \
    ONE_TO_MOST(F, one, 1, false)                                                                  \
    ONE_TO_MOST(F, one_half, 1, true)                                                              \
    ONE_TO_MOST(F, two, 2, false) ONE_TO_SIX(F, four, 4, false)
#define FETCHING_SHAPES(F) ONE_TO_MOST(F, two, 2, false)
#elif defined(__aarch64__)
#define SHAPES(F)                                                                                  \
    ONE_TO_FIVE(F, half, 0, true)                                                                  \
    ONE_TO_FIVE(F, one, 1, false) F(1, one_half, 1, true) F(1, two, 2, false)
#define FETCHING_SHAPES(F) ONE_TO_FIVE(F, one, 1, false)
#else
#define SHAPES(F)                                                                                  \
    ONE_TO_SIX(F, half, 0, true)                                                                   \
    ONE_TO_SIX(F, one, 1, false) F(1, one_half, 1, true) F(1, two, 2, false) F(1, four, 4, false)
#define FETCHING_SHAPES(F) ONE_TO_SIX(F, one, 1, false)
#endif

#define DEFINE_TILE(rows, name, blocks, half)                                                      \
    static void tile_##rows##_##name(struct tile *tile)                                            \
    {                                                                                              \
        run_tile((struct form){rows, blocks, half, false, false}, tile, NULL, NULL);               \
    }                                                                                              \
    static void even_tile_##rows##_##name(struct tile *tile)                                       \
    {                                                                                              \
        run_tiles((struct form){rows, blocks, half, true, false}, tile);                           \
    }
SHAPES(DEFINE_TILE)

/* Of so many rows and TILE_BLOCKS, with the next weights. */
#define DEFINE_FETCHING(rows, name, blocks, half)                                                  \
    static void fetching_tile_##rows(struct tile *tile)                                            \
    {                                                                                              \
        run_tiles((struct form){rows, blocks, half, true, true}, tile);                            \
    }
FETCHING_SHAPES(DEFINE_FETCHING)

/* [blocks][half][rows - 1][even], NULL where there is none. */
#define LIST_TILE(rows, name, blocks, half)                                                        \
    [blocks][half][(rows)-1] = {tile_##rows##_##name, even_tile_##rows##_##name},
static const tile_function tiles[MAX_BLOCKS + 1][2][TILE_ROWS][2] = {SHAPES(LIST_TILE)};

#define LIST_FETCHING(rows, name, blocks, half) [(rows)-1] = fetching_tile_##rows,
static const tile_function fetching_tiles[TILE_ROWS] = {FETCHING_SHAPES(LIST_FETCHING)};

/* The largest tile of so many rows for up to `blocks` whole blocks and a half. */
static tile_function choose_tile(int32_t rows, bool even, bool fetching, int32_t *blocks, bool *half)
{
    const bool ends = *half;
    if (*blocks > MAX_BLOCKS) *blocks = MAX_BLOCKS;
    for (;; --*blocks) {
        *half = ends;
        if (ends && tiles[*blocks][1][rows - 1][0] != NULL) break;
        *half = false;
        if (tiles[*blocks][0][rows - 1][0] != NULL) break;
    }
    if (fetching && even && *blocks == TILE_BLOCKS && !*half) return fetching_tiles[rows - 1];
    return tiles[*blocks][*half][rows - 1][even];
}

#endif
