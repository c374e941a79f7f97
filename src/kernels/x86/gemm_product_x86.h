/* SPDX-License-Identifier: Apache-2.0 */
/* A matrix product of bytes with all that does not change over its tiles. */
#ifndef PL_KERNELS_X86_GEMM_PRODUCT_X86_H
#define PL_KERNELS_X86_GEMM_PRODUCT_X86_H

#include "kernels/x86/gemm_finish_x86.h"

struct pl_product_x86 {
    const struct pl_gemm_shape *shape;
    const struct pl_gemm_part *part;
    struct pl_gemm_column_source_x86 source;
    const struct pl_gemm_column_x86 *columns; /* of all blocks; NULL: made of the source */
    const int32_t *zero_points;               /* of the pixels, see struct pl_gemm_source */
    int32_t zero_step;
    int32_t weight_offset;
    bool is_signed; /* inputs */
    /* Writes what becomes of a tile whose first row is pixel x. */
    void (*finish)(const struct pl_product_x86 *product, const struct pl_finish_x86 *tile,
                   int32_t x);
    /* Computes a tile of PL_TILE_VECTORS with all of their outputs, and writes these; NULL: finish does. */
    void (*run_whole)(const struct pl_product_x86 *product, const struct pl_tile_x86 *tile, int rows, int32_t first,
                      int32_t x);
    const void *parameters; /* of both */
};

/* The columns of some blocks, made in `made` unless all of them are there. */
static inline const struct pl_gemm_column_x86 *pl_columns_x86(const struct pl_product_x86 *product, int32_t block,
                                                              int32_t blocks, struct pl_gemm_column_x86 *made)
{
    if (product->columns != NULL) return product->columns + block;
    for (int32_t b = 0; b < blocks; b++) PL_LEVEL(pl_gemm_make_column_x86)(&product->source, block + b, &made[b]);
    return made;
}

void PL_LEVEL(pl_run_product_x86)(const struct pl_product_x86 *product);

#endif
