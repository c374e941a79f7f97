/* SPDX-License-Identifier: Apache-2.0 */
/* Weights of a product of bytes, fetched while outputs before them are computed. */
#ifndef PL_KERNELS_X86_GEMM_AHEAD_X86_H
#define PL_KERNELS_X86_GEMM_AHEAD_X86_H

#include "kernels/x86/gemm_product_x86.h"

/* So many weights do not stay in the second level cache from one run to the next, where a model has more of such. Over
 * fewer pixels, or in larger shares, fetching them takes as long as waiting for them. */
enum { PL_FAR_BYTES = 64 << 10, PL_LEAST_FETCH_PIXELS = 2 * PL_TILE_ROWS, PL_MOST_LINES = 160, PL_LINE_BYTES = 64 };

/* Those of the next outputs. A share comes before each tile: a core waits for few lines at a time. */
struct pl_next_weights {
    const int8_t *from;
    const int8_t *end;
    int64_t share;
};

/* Behind the `vectors` of outputs from block `block` on, of which there are so many pixels. */
static inline struct pl_next_weights pl_find_next_weights(const struct pl_product_x86 *product, int32_t block,
                                                          int vectors, int32_t pixels)
{
    const struct pl_gemm_part *part = product->part;
    const int32_t blocks = (vectors + PL_BLOCK_VECTORS - 1) / PL_BLOCK_VECTORS;
    const int32_t next = block + blocks, rest = part->to_block - next;
    const int64_t block_bytes = pl_gemm_packed_bytes(product->source.k);
    if (rest < 1 || pixels < PL_LEAST_FETCH_PIXELS || (part->to_block - part->from_block) * block_bytes < PL_FAR_BYTES)
        return (struct pl_next_weights){0};
    const int8_t *from = pl_gemm_packed_block(product->source.packed, next, product->source.k);
    const int64_t bytes = (rest < blocks ? rest : blocks) * block_bytes;
    const int64_t lines = bytes * PL_TILE_ROWS / pixels / PL_LINE_BYTES + 1;
    if (lines > PL_MOST_LINES) return (struct pl_next_weights){0};
    return (struct pl_next_weights){from, from + bytes, lines * PL_LINE_BYTES};
}

static inline void pl_fetch_share(struct pl_next_weights *weights)
{
    if (weights->from == weights->end) return; /* none are far, or all were fetched */
    const int64_t left = weights->end - weights->from;
    const int8_t *end = weights->from + (left < weights->share ? left : weights->share);
    for (; weights->from < end; weights->from += PL_LINE_BYTES) _mm_prefetch((const char *)weights->from, _MM_HINT_T1);
}

#endif
