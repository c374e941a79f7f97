/* SPDX-License-Identifier: Apache-2.0 */
/* Weights of a product of bytes, fetched while outputs before them are computed. */
#ifndef PL_KERNELS_X86_GEMM_AHEAD_X86_H
#define PL_KERNELS_X86_GEMM_AHEAD_X86_H

#include "kernels/x86/gemm_product_x86.h"

/* So many weights do not stay in the second level cache from one run to the next, where a model has more of such. Over
 * fewer pixels fetching them takes as long as waiting for them. */
enum { PL_FAR_BYTES = 64 << 10, PL_LEAST_FETCH_PIXELS = 2 * PL_TILE_ROWS, PL_MOST_LINES = 160, PL_LINE_BYTES = 64 };

/* Those of the next outputs, of which each tile fetches a share, some bytes with each of its steps: a core waits for few
 * lines at a time, and computes meanwhile. Where tiles are small, the share comes before the tile, unless it is large. */
enum { PL_STEPS_FETCH = PL_TILE_ROWS * PL_TILE_VECTORS >= PL_LEAST_AHEAD };
struct pl_next_weights {
    const int8_t *from;
    const int8_t *end;
    int64_t step;  /* bytes */
    int64_t share; /* of a tile */
};

/* Behind the `vectors` of outputs from block `block` on, of which there are so many pixels of so many steps. */
static inline struct pl_next_weights pl_find_next_weights(const struct pl_product_x86 *product, int32_t block,
                                                          int vectors, int32_t pixels, int64_t steps)
{
    const struct pl_gemm_part *part = product->part;
    const int32_t blocks = (vectors + PL_BLOCK_VECTORS - 1) / PL_BLOCK_VECTORS;
    const int32_t next = block + blocks, rest = part->to_block - next;
    const int64_t block_bytes = pl_gemm_packed_bytes(product->source.k);
    const bool far = (part->to_block - part->from_block) * block_bytes >= PL_FAR_BYTES;
    if (!far || rest < 1 || steps < 1 || pixels < PL_LEAST_FETCH_PIXELS) return (struct pl_next_weights){0};
    const int8_t *from = pl_gemm_packed_block(product->source.packed, next, product->source.k);
    const int64_t bytes = (rest < blocks ? rest : blocks) * block_bytes;
    const int64_t wanted = bytes * PL_TILE_ROWS / pixels / steps + 1, step = wanted < PL_LINE_BYTES ? wanted : PL_LINE_BYTES;
    if (!PL_STEPS_FETCH && step * steps > PL_MOST_LINES * PL_LINE_BYTES) return (struct pl_next_weights){0};
    return (struct pl_next_weights){from, from + bytes, step, step * steps};
}

/* Of the next tile. */
static inline void pl_fetch_share(struct pl_next_weights *weights, struct pl_tile_x86 *tile)
{
    const bool all = weights->from >= weights->end; /* none are far, or all were fetched */
    tile->ahead = (const char *)(all ? tile->weights : weights->from);
    tile->ahead_step = all ? 0 : weights->step;
    if (all) return;
    if (!PL_STEPS_FETCH)
        for (int64_t i = 0; i < weights->share; i += PL_LINE_BYTES) _mm_prefetch(tile->ahead + i, _MM_HINT_T1);
    weights->from += weights->share;
}

#endif
