/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of bytes whose outputs are integers. */
#include <string.h>

#include "kernels/x86/gemm_whole_x86.h"
#include "kernels/x86/gemm_x86.h"

static void finish_bytes(const struct pl_product_x86 *product, const struct pl_finish_x86 *tile,
                         int32_t x)
{
    PL_LEVEL(pl_finish_bytes_x86)
    (tile, (uint8_t *)product->part->output + x * tile->stride + tile->first);
}

/* The sums themselves. */
static void finish_raw(const struct pl_product_x86 *product, const struct pl_finish_x86 *tile,
                       int32_t x)
{
    int32_t *output = (int32_t *)product->part->output + x * tile->stride + tile->first;
    const int32_t *sums = tile->sums;
    for (int r = 0; r < tile->rows; r++, output += tile->stride, sums += tile->vectors * PL_LANES)
        memcpy(output, sums, (size_t)tile->count * sizeof *sums);
}

static void finish_words(const struct pl_product_x86 *product, const struct pl_finish_x86 *tile,
                         int32_t x)
{
    int16_t *output = (int16_t *)product->part->output + x * tile->stride + tile->first;
    const int32_t *sums = tile->sums;
    for (int r = 0; r < tile->rows; r++, output += tile->stride, sums += tile->vectors * PL_LANES) {
        for (int32_t n = 0; n < tile->count; n++) {
            output[n] =
                (int16_t)pl_requantize_exactly_x86(product->parameters, sums[n], tile->first + n);
        }
    }
}

static void run_integer(const struct pl_gemm_shape *shape, const struct pl_gemm_integer *weights,
                        const struct pl_gemm_part *part, bool is_signed)
{
    const int64_t k = pl_gemm_k(shape);
    const struct pl_requantizer_x86 requantizer = pl_gemm_requantizer_x86(weights, k);
    const bool bytes = pl_gemm_gives_bytes(weights);
    const struct pl_product_x86 product = {
        .shape = shape,
        .part = part,
        .source = {.packed = weights->weights,
                   .requantizer = bytes ? &requantizer : NULL,
                   .bias = weights->bias,
                   .channels = shape->channels,
                   .zero_point = weights->input_zero_point + pl_input_lift_x86(is_signed),
                   .k = k},
        .columns = weights->columns,
        .zero_points = &weights->input_zero_point,
        .weight_offset = weights->weight_offset,
        .is_signed = is_signed,
        .finish = bytes                              ? finish_bytes
                  : weights->rounding == PL_GEMM_RAW ? finish_raw
                                                     : finish_words,
        .run_whole = bytes ? PL_RUN_WHOLE_BYTES_X86 : NULL,
        .parameters = &requantizer,
    };
    PL_LEVEL(pl_run_product_x86)(&product);
}

void PL_LEVEL(pl_gemm_i8_x86)(const struct pl_gemm_shape *shape,
                              const struct pl_gemm_integer *weights,
                              const struct pl_gemm_part *part)
{
    run_integer(shape, weights, part, true);
}

void PL_LEVEL(pl_gemm_u8_x86)(const struct pl_gemm_shape *shape,
                              const struct pl_gemm_integer *weights,
                              const struct pl_gemm_part *part)
{
    run_integer(shape, weights, part, false);
}
