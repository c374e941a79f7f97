/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of quantized floats with int8 weights, whose outputs are floats. */
#include "kernels/x86/floats_x86.h"
#include "kernels/x86/gemm_product_x86.h"
#include "kernels/x86/gemm_x86.h"

/* The outputs of one block from `first` on, whose sums lie `sums_stride` words from row to row.
 * They are without the zero points of rows, which differ. */
static void finish_block(const struct pl_product_x86 *product, int32_t first, const int32_t *sums,
                         int64_t sums_stride, int32_t x, int32_t rows)
{
    const struct pl_gemm_hybrid *weights = product->parameters;
    const int32_t rest = product->shape->channels - first;
    const bool whole = rest >= PL_GEMM_BLOCK;
    const struct pl_floats_mask mask = pl_floats_first(whole ? PL_GEMM_BLOCK : rest);
    const int32_t *weight_sums =
        pl_gemm_packed_sums(product->source.packed, first / PL_GEMM_BLOCK, product->source.k);
    const struct pl_floats scales = pl_floats_load_masked(weights->weight_scales + first, mask);
    const struct pl_floats bias = weights->bias != NULL
                                      ? pl_floats_load_masked(weights->bias + first, mask)
                                      : pl_floats_set(0.0f);
    const struct pl_floats low = pl_floats_set(weights->low), high = pl_floats_set(weights->high);
    float *output = (float *)product->part->output + first;
    for (int32_t r = 0; r < rows; r++, sums += sums_stride) {
        const int64_t step = (int64_t)(x + r) * weights->row_step;
        const int32_t zero_point = weights->row_zero_points[step] + 128;
        const struct pl_floats sum = pl_floats_of_difference(sums, zero_point, weight_sums);
        const struct pl_floats scale =
            pl_floats_multiply(pl_floats_set(weights->row_scales[step]), scales);
        const struct pl_floats value = pl_floats_add(pl_floats_multiply(sum, scale), bias);
        const struct pl_floats result = pl_floats_clamp(value, low, high);
        float *to = output + (int64_t)(x + r) * product->shape->output_stride;
        if (whole) pl_floats_store(to, result);
        else pl_floats_store_masked(to, result, mask);
    }
}

static void finish_floats(const struct pl_product_x86 *product, const struct pl_finish_x86 *tile,
                          int32_t x)
{
    /* A last block of which only some vectors were computed is read to its end all the same. */
    const int64_t stride = tile->vectors * PL_LANES;
    for (int32_t n = 0; n < tile->count; n += PL_GEMM_BLOCK)
        finish_block(product, tile->first + n, tile->sums + n, stride, x, tile->rows);
}

void PL_LEVEL(pl_gemm_hybrid_x86)(const struct pl_gemm_shape *shape,
                                  const struct pl_gemm_hybrid *weights,
                                  const struct pl_gemm_part *part)
{
    const struct pl_product_x86 product = {
        .shape = shape,
        .part = part,
        .source = {.packed = weights->weights,
                   .channels = shape->channels,
                   .k = pl_gemm_k(shape)}, /* every row has a zero point of its own */
        .zero_points = weights->row_zero_points,
        .zero_step = weights->row_step,
        .flip = 128,
        .finish = finish_floats,
        .parameters = weights,
    };
    PL_LEVEL(pl_run_product_x86)(&product);
}
