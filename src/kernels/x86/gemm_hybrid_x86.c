/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of quantized floats with int8 weights, whose outputs are floats. */
#include "kernels/x86/floats_x86.h"
#include "kernels/x86/gemm_multiply_x86.h"
#include "kernels/x86/gemm_product_x86.h"
#include "kernels/x86/gemm_x86.h"

/* Blocks side by side, so that what a row has is loaded once for them. */
enum { BLOCKS = 2, WHOLE_BLOCKS = PL_TILE_VECTORS / PL_FLOATS_VECTORS };
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

/* What one row has of its own. */
struct hybrid_row {
    int32_t zero_point; /* a byte, with what is added to inputs */
    int32_t pair;       /* that, to go with split numbers */
    float scale;
};

static inline int32_t pair_of(int32_t upper, int32_t lower)
{
    return (int32_t)((uint32_t)upper << 16 | (uint16_t)lower);
}

static inline struct hybrid_row load_row(const struct pl_gemm_hybrid *weights, int64_t x)
{
    const int64_t step = x * weights->row_step;
    const int32_t zero_point = weights->row_zero_points[step] + PL_GEMM_LIFT;
    return (struct hybrid_row){zero_point, pair_of(zero_point * (1 << LOWER_BITS), zero_point), weights->row_scales[step]};
}

/* Sums less zero point times weight sums. A product of pairs is one instruction, of whole numbers two and a difference. */
PL_ALWAYS_INLINE struct pl_floats without_zero_point(const pl_vec *sums, const struct hybrid_row *row,
                                                     const struct hybrid_block *block, const bool split)
{
    if (!split) {
        int32_t words[PL_GEMM_BLOCK];
        PL_TILE_UNROLL for (int v = 0; v < PL_FLOATS_VECTORS; v++) pl_vec_store(words + v * PL_LANES, sums[v]);
        return pl_floats_of_difference(words, row->zero_point, block->weight_sums);
    }
    const pl_vec pair = pl_vec_set(row->pair);
    pl_vec words[PL_FLOATS_VECTORS];
    PL_TILE_UNROLL for (int v = 0; v < PL_FLOATS_VECTORS; v++) words[v] = add_pairs(sums[v], pair, block->split[v]);
    return pl_floats_of_words(words);
}

struct bounds {
    struct pl_floats low, high;
};

PL_ALWAYS_INLINE struct pl_floats finish_sums(const pl_vec *sums, const struct hybrid_row *row,
                                              const struct hybrid_block *block, const bool split, struct bounds bounds)
{
    const struct pl_floats sum = without_zero_point(sums, row, block, split);
    const struct pl_floats scales = pl_floats_multiply(pl_floats_set(row->scale), block->scales);
    const struct pl_floats scaled = pl_floats_multiply(sum, scales);
    return pl_floats_clamp(pl_floats_add(scaled, block->bias), bounds.low, bounds.high);
}

PL_ALWAYS_INLINE struct bounds bounds_of(const struct pl_gemm_hybrid *weights)
{
    return (struct bounds){pl_floats_set(weights->low), pl_floats_set(weights->high)};
}

static inline float *output_of(const struct pl_product_x86 *product, int32_t first, int32_t x)
{
    return (float *)product->part->output + first + (int64_t)x * product->shape->output_stride;
}

/* ---- from registers -------------------------------------------------------------------------- */

/* A tile of whole blocks, most of all tiles. */
PL_ALWAYS_INLINE void run_rows(const int rows, const struct pl_product_x86 *product, const struct pl_tile_x86 *tile,
                                int32_t first, int32_t x)
{
    const struct pl_gemm_hybrid *weights = product->parameters;
    struct hybrid_row all[PL_TILE_ROWS];
    for (int r = 0; r < rows; r++) all[r] = load_row(weights, x + r);
    pl_vec sums[PL_TILE_ROWS][PL_TILE_WIDE_VECTORS];
    pl_multiply_tile_x86(rows, PL_TILE_VECTORS, tile, sums);
    /* What lies behind needs registers too: without this, compilers store sums in every step of the loop before. */
    PL_TILE_UNROLL for (int r = 0; r < rows; r++)
    {
        PL_TILE_UNROLL for (int v = 0; v < PL_TILE_VECTORS; v++) PL_KEEP_IN_REGISTER(sums[r][v]);
    }
    const struct bounds bounds = bounds_of(weights);
    struct hybrid_block blocks[BLOCKS];
    PL_TILE_UNROLL for (int b = 0; b < WHOLE_BLOCKS; b++) blocks[b] = load_block(product, first + b * PL_GEMM_BLOCK);
    const int64_t stride = product->shape->output_stride;
    float *to = output_of(product, first, x);
    PL_TILE_UNROLL for (int r = 0; r < rows; r++)
    {
        PL_TILE_UNROLL for (int b = 0; b < WHOLE_BLOCKS; b++)
        {
            const pl_vec *of_block = &sums[r][b * PL_FLOATS_VECTORS];
            pl_floats_store(to + b * PL_GEMM_BLOCK, finish_sums(of_block, &all[r], &blocks[b], true, bounds));
        }
        to += stride;
    }
}

#define DEFINE_WHOLE(rows, vectors)                                                                                   \
    static void whole_##rows(const struct pl_product_x86 *product, const struct pl_tile_x86 *tile, int32_t first,     \
                             int32_t x)                                                                               \
    {                                                                                                                 \
        run_rows(rows, product, tile, first, x);                                                                     \
    }
#define NAME_WHOLE(rows, vectors) whole_##rows,
PL_LIST_TILE_ROWS(DEFINE_WHOLE, )

static void run_whole(const struct pl_product_x86 *product, const struct pl_tile_x86 *tile, int rows, int32_t first,
                      int32_t x)
{
    static void (*const of_rows[])(const struct pl_product_x86 *, const struct pl_tile_x86 *, int32_t, int32_t) = {
        PL_LIST_TILE_ROWS(NAME_WHOLE, )};
    of_rows[rows - 1](product, tile, first, x);
}

/* ---- from memory ----------------------------------------------------------------------------- */

/* Some blocks from output `first` on, whose sums lie `sums_stride` words from row to row. They are without the zero
 * points of rows, which differ. */
PL_ALWAYS_INLINE void finish_blocks(const struct pl_product_x86 *product, const int blocks, const bool whole,
                                    int32_t first, const int32_t *sums, int64_t sums_stride, int32_t x, int32_t rows)
{
    const struct pl_gemm_hybrid *weights = product->parameters;
    const bool split = product->source.k <= MOST_SPLIT_K;
    const struct bounds bounds = bounds_of(weights);
    struct hybrid_block all[BLOCKS];
    for (int b = 0; b < blocks; b++) all[b] = load_block(product, first + b * PL_GEMM_BLOCK);
    float *to = output_of(product, first, x);
    for (int32_t r = 0; r < rows; r++, sums += sums_stride, to += product->shape->output_stride) {
        const struct hybrid_row row = load_row(weights, x + r);
#pragma GCC unroll 2
        for (int b = 0; b < blocks; b++) {
            pl_vec words[PL_FLOATS_VECTORS];
            for (int v = 0; v < PL_FLOATS_VECTORS; v++) words[v] = pl_vec_load(sums + b * PL_GEMM_BLOCK + v * PL_LANES);
            const struct pl_floats result = finish_sums(words, &row, &all[b], split, bounds);
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
        .is_signed = true,
        .finish = finish_floats,
        .run_whole = pl_gemm_k(shape) <= MOST_SPLIT_K ? run_whole : NULL,
        .parameters = weights,
    };
    PL_LEVEL(pl_run_product_x86)(&product);
}
