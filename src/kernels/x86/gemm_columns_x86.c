/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of matrix products of bytes: see gemm_columns_x86.h. */
#include "kernels/x86/gemm_columns_x86.h"

#include <string.h>

#include "kernels/x86/gemm_dot_x86.h"

static int32_t block_channels(const struct pl_gemm_column_source_x86 *source, int32_t block)
{
    const int32_t rest = source->channels - block * PL_GEMM_BLOCK;
    return rest < PL_GEMM_BLOCK ? rest : PL_GEMM_BLOCK;
}

static void make_starts(const struct pl_gemm_column_source_x86 *source, int32_t block,
                        int32_t *starts)
{
    const int32_t count = block_channels(source, block);
    memset(starts, 0, PL_GEMM_BLOCK * sizeof *starts);
    if (source->bias != NULL)
        memcpy(starts, source->bias + block * PL_GEMM_BLOCK, (size_t)count * sizeof *starts);
    if (source->zero_point == 0 || source->k == 0) return; /* no weights, no sums of them */
    const int32_t *sums = pl_gemm_packed_sums(source->packed, block, source->k);
    for (int n = 0; n < PL_GEMM_BLOCK; n++) {
        const uint32_t lowered = (uint32_t)source->zero_point * (uint32_t)sums[n];
        starts[n] = (int32_t)((uint32_t)starts[n] - lowered);
    }
}

void PL_LEVEL(pl_gemm_make_column_x86)(const struct pl_gemm_column_source_x86 *source,
                                       int32_t block, struct pl_gemm_column_x86 *column)
{
    make_starts(source, block, column->starts);
    column->offsets[0] = NAN;
    if (source->requantizer == NULL) return;
    pl_requantize_prepare_x86(source->requantizer, block * PL_GEMM_BLOCK,
                              block_channels(source, block), &column->scales);
}

static void make_sure(const struct pl_gemm_column_source_x86 *source, int32_t block,
                      struct pl_gemm_column_x86 *column)
{
    struct pl_sure_x86 sure;
    if (source->requantizer != NULL && pl_requantize_surely_x86(source->requantizer, block * PL_GEMM_BLOCK,
                                                                block_channels(source, block), &sure))
        memcpy(column->offsets, sure.offset, sizeof column->offsets);
}

void PL_LEVEL(pl_gemm_prepare_columns_x86)(const struct pl_gemm_shape *shape,
                                           const struct pl_gemm_integer *weights, bool is_unsigned,
                                           void *columns)
{
    const int64_t k = pl_gemm_k(shape);
    const struct pl_requantizer_x86 requantizer = pl_gemm_requantizer_x86(weights, k);
    const struct pl_gemm_column_source_x86 source = {
        .packed = weights->weights,
        .requantizer = pl_gemm_gives_bytes(weights) ? &requantizer : NULL,
        .bias = weights->bias,
        .channels = shape->channels,
        .zero_point = weights->input_zero_point + pl_input_lift_x86(!is_unsigned),
        .k = k,
    };
    /* Of one pixel, outputs are rounded with checks all the same (gemm_row_x86.c). */
    const bool one_pixel = shape->patch.width == 1 && shape->patch.height == 1;
    struct pl_gemm_column_x86 *all = columns;
    for (int32_t block = 0; block < pl_gemm_blocks(shape->channels); block++) {
        PL_LEVEL(pl_gemm_make_column_x86)(&source, block, &all[block]);
        if (!one_pixel) make_sure(&source, block, &all[block]);
    }
}
