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
    uint8_t flip;
    /* Writes what becomes of a tile whose first row is pixel x. */
    void (*finish)(const struct pl_product_x86 *product, const struct pl_finish_x86 *tile,
                   int32_t x);
    const void *parameters; /* of finish */
};

void PL_LEVEL(pl_run_product_x86)(const struct pl_product_x86 *product);

#endif
