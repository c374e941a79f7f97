/* SPDX-License-Identifier: Apache-2.0 */
/* From the sums of a tile to its outputs. */
#ifndef PL_KERNELS_X86_GEMM_FINISH_X86_H
#define PL_KERNELS_X86_GEMM_FINISH_X86_H

#include "kernels/x86/gemm_tile_x86.h"

/* Sums [rows][vectors][PL_LANES] of `count` outputs from `first` on, which are written to
 * output[row * stride]. */
struct pl_finish_x86 {
    int32_t *sums; /* with room for three further vectors */
    int rows, vectors;
    int32_t first, count;
    int64_t stride; /* in elements */
    const struct pl_gemm_column_x86 *columns;
    bool is_sure; /* all columns */
    const struct pl_requantizer_x86 *requantizer;
};

void PL_LEVEL(pl_finish_bytes_x86)(const struct pl_finish_x86 *finish, uint8_t *output);

#endif
