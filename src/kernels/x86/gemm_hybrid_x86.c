/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of quantized floats with int8 weights, whose outputs are floats. */
#include "kernels/x86/floats_x86.h"
#include "kernels/x86/gemm_product_x86.h"
#include "kernels/x86/gemm_x86.h"

/* Blocks side by side, so that what a row has is loaded once for them. */
enum { BLOCKS = 2 };
/* Of numbers below 2^22 the upper bits and the lower seven are 16-bit numbers. */
enum { LOWER_BITS = 7, MOST_SPLIT_K = (1 << 22) / 128 - 1 };

struct hybrid_block {
    const int32_t *weight_sums;
    pl_vec split[PL_FLOATS_VECTORS]; /* those times -1, as pairs of 16-bit numbers */
    struct pl_floats scales, bias;
    struct pl_floats_mask mask;
};

static inline pl_vec split_negated(const int32_t *words)
{
    const pl_vec negated = PL_VEC_32(sub)(pl_vec_set(0), pl_vec_load(words));
    const pl_vec lower = PL_VEC_AND(negated, pl_vec_set((1 << LOWER_BITS) - 1));
    return pl_vec_add(PL_VEC_32(slli)(PL_VEC_32(srai)(negated, LOWER_BITS), 16), lower);
}

static inline struct hybrid_block load_block(const struct pl_product_x86 *product, int32_t first)
{
    const struct pl_gemm_hybrid *weights = product->parameters;
    const int32_t rest = product->shape->channels - first;
    struct hybrid_block block = {
        .weight_sums = pl_gemm_packed_sums(product->source.packed, first / PL_GEMM_BLOCK, product->source.k),
        .mask = pl_floats_first(rest < PL_GEMM_BLOCK ? rest : PL_GEMM_BLOCK),
        .bias = pl_floats_set(0.0f),
    };
    for (int v = 0; v < PL_FLOATS_VECTORS; v++) block.split[v] = split_negated(block.weight_sums + v * PL_LANES);
    block.scales = pl_floats_load_masked(weights->weight_scales + first, block.mask);
    if (weights->bias != NULL) block.bias = pl_floats_load_masked(weights->bias + first, block.mask);
    return block;
}

PL_ALWAYS_INLINE pl_vec add_pairs(pl_vec sums, pl_vec a, pl_vec b)
{
#if defined(__AVX512VNNI__)
    return _mm512_dpwssd_epi32(sums, a, b);
#elif defined(__AVXVNNI__)
    return _mm256_dpwssd_avx_epi32(sums, a, b);
#else
    return pl_vec_add(sums, PL_VEC_16(madd)(a, b));
#endif
}

/* Sums less zero point, from 0 to 255, times weight sums. A product of pairs is one instruction, of whole numbers two and
 * a difference. */
PL_ALWAYS_INLINE struct pl_floats without_zero_point(const int32_t *sums, int32_t zero_point,
                                                     const struct hybrid_block *block, const bool split)
{
    if (!split) return pl_floats_of_difference(sums, zero_point, block->weight_sums);
    const pl_vec pair = pl_vec_set(zero_point << (16 + LOWER_BITS) | zero_point);
    pl_vec words[PL_FLOATS_VECTORS];
    for (int v = 0; v < PL_FLOATS_VECTORS; v++)
        words[v] = add_pairs(pl_vec_load(sums + v * PL_LANES), pair, block->split[v]);
    return pl_floats_of_words(words);
}

/* Some blocks from output `first` on, whose sums lie `sums_stride` words from row to row. They are without the zero
 * points of rows, which differ. */
PL_ALWAYS_INLINE void finish_blocks(const struct pl_product_x86 *product, const int blocks, const bool whole,
                                    int32_t first, const int32_t *sums, int64_t sums_stride, int32_t x, int32_t rows)
{
    const struct pl_gemm_hybrid *weights = product->parameters;
    const bool split = product->source.k <= MOST_SPLIT_K;
    const struct pl_floats low = pl_floats_set(weights->low), high = pl_floats_set(weights->high);
    struct hybrid_block all[BLOCKS];
    for (int b = 0; b < blocks; b++) all[b] = load_block(product, first + b * PL_GEMM_BLOCK);
    float *to = (float *)product->part->output + first + (int64_t)x * product->shape->output_stride;
    for (int32_t r = 0; r < rows; r++, sums += sums_stride, to += product->shape->output_stride) {
        const int64_t step = (int64_t)(x + r) * weights->row_step;
        const int32_t zero_point = weights->row_zero_points[step] + 128;
        const struct pl_floats row_scale = pl_floats_set(weights->row_scales[step]);
#pragma GCC unroll 2
        for (int b = 0; b < blocks; b++) {
            const struct pl_floats sum = without_zero_point(sums + b * PL_GEMM_BLOCK, zero_point, &all[b], split);
            const struct pl_floats scaled = pl_floats_multiply(sum, pl_floats_multiply(row_scale, all[b].scales));
            const struct pl_floats result = pl_floats_clamp(pl_floats_add(scaled, all[b].bias), low, high);
            if (whole) pl_floats_store(to + b * PL_GEMM_BLOCK, result);
            else pl_floats_store_masked(to + b * PL_GEMM_BLOCK, result, all[b].mask);
        }
    }
}

static void finish_floats(const struct pl_product_x86 *product, const struct pl_finish_x86 *tile, int32_t x)
{
    /* A last block of which only some vectors were computed is read to its end all the same. */
    const int64_t stride = tile->vectors * PL_LANES;
    const int32_t rest = product->shape->channels - tile->first, rows = tile->rows;
    int32_t n = 0;
    for (; n + BLOCKS * PL_GEMM_BLOCK <= tile->count; n += BLOCKS * PL_GEMM_BLOCK)
        finish_blocks(product, BLOCKS, true, tile->first + n, tile->sums + n, stride, x, rows);
    for (; n < tile->count; n += PL_GEMM_BLOCK)
        finish_blocks(product, 1, rest - n >= PL_GEMM_BLOCK, tile->first + n, tile->sums + n, stride, x, rows);
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
