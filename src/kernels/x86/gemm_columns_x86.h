/* SPDX-License-Identifier: Apache-2.0 */
/* What the outputs of one block have in common: where their sums start, and how these become
 * bytes. It is made once where weights are constant, else in every call. */
#ifndef PL_KERNELS_X86_GEMM_COLUMNS_X86_H
#define PL_KERNELS_X86_GEMM_COLUMNS_X86_H

#include <math.h>

#include "kernels/x86/gemm_x86.h"
#include "kernels/x86/requantize_sure_x86.h"

struct pl_gemm_column_x86 {
    int32_t starts[PL_GEMM_BLOCK];
    struct pl_requantize_block_x86 scales; /* of outputs that are bytes */
    float offsets[PL_GEMM_BLOCK]; /* of struct pl_sure_x86, whose scale is the same; the first is no number: not sure */
};
_Static_assert(sizeof(struct pl_gemm_column_x86) == PL_GEMM_COLUMN_BYTES, "as the table says");

static inline bool pl_column_is_sure_x86(const struct pl_gemm_column_x86 *column)
{
    return !isnan(column->offsets[0]);
}

/* Of one block. zero_point: that of the unsigned inputs; k: of all taps. */
struct pl_gemm_column_source_x86 {
    const void *packed;
    const struct pl_requantizer_x86 *requantizer; /* NULL: sums are all that is needed */
    const int32_t *bias;                          /* NULL: none */
    int32_t channels;
    int32_t zero_point;
    int64_t k;
};

void PL_LEVEL(pl_gemm_make_column_x86)(const struct pl_gemm_column_source_x86 *source,
                                       int32_t block, struct pl_gemm_column_x86 *column);

/* How the sums of `weights` over k become bytes. */
static inline struct pl_requantizer_x86
pl_gemm_requantizer_x86(const struct pl_gemm_integer *weights, int64_t k)
{
    return (struct pl_requantizer_x86){
        .multipliers = weights->rounding == PL_GEMM_FIXED ? weights->multipliers : NULL,
        .scales = weights->scales,
        .range = weights->range,
        .is_unsigned = weights->output == PL_GEMM_UINT8,
        .bias = weights->bias,
        .bound = k * (255 * 256),
    };
}

static inline bool pl_gemm_gives_bytes(const struct pl_gemm_integer *weights)
{
    return weights->output == PL_GEMM_INT8 || weights->output == PL_GEMM_UINT8;
}

#endif
