/* SPDX-License-Identifier: Apache-2.0 */
/* A tile of a matrix product of bytes: some rows of inputs times some vectors of outputs, all sums
 * in registers until the end. */
#ifndef PL_KERNELS_X86_GEMM_TILE_X86_H
#define PL_KERNELS_X86_GEMM_TILE_X86_H

#include "kernels/vector/gemm_vector.h"
#include "kernels/x86/gemm_columns_x86.h"
#include "kernels/x86/gemm_dot_x86.h"

/* rows * 2 sums, the weights of a step and an input fill the registers. */
#if defined(__AVX512VNNI__)
enum { PL_TILE_ROWS = 14, PL_TILE_WIDE_ROWS = 6 };
#elif defined(__AVX512F__)
enum { PL_TILE_ROWS = 12, PL_TILE_WIDE_ROWS = 4 };
#else
enum { PL_TILE_ROWS = 6, PL_TILE_WIDE_ROWS = 2 };
#endif
/* Few rows take more outputs at a time, so that there are enough independent sums. */
enum {
    PL_TILE_VECTORS = 2,
    PL_TILE_WIDE_VECTORS = 4, /* of up to PL_TILE_WIDE_ROWS */
    PL_TILE_MAX_SUMS = PL_TILE_ROWS * PL_TILE_VECTORS,
    PL_BLOCK_VECTORS = PL_GEMM_BLOCK / PL_LANES,
    PL_LEAST_AHEAD = 16 /* sums of a tile that fetches ahead: smaller ones wait for loads */
};

struct pl_tile_x86 {
    const uint8_t *input;
    int64_t stride;         /* of its rows */
    const int64_t *offsets; /* of the runs of a row */
    int32_t runs;
    int64_t steps;                            /* of a run */
    const int8_t *weights;                    /* of the first block */
    int64_t block_bytes;                      /* from a block to the next */
    const struct pl_gemm_column_x86 *columns; /* of the blocks */
    bool is_sure;                             /* all columns */
    const int32_t *row_starts;                /* NULL: all zero */
    const char *ahead;                        /* fetched, with each step `ahead_step` bytes further on */
    int64_t ahead_step;
    int32_t *sums;                            /* [rows][vectors][PL_LANES] */
};

/* rows: up to PL_TILE_ROWS of 1 or 2 vectors, PL_TILE_WIDE_ROWS of 4. */
void PL_LEVEL(pl_tile_x86)(const struct pl_tile_x86 *tile, int rows, int vectors);

#endif
