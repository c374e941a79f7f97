/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of bytes in the BLIS manner: see vector/gemm_vector.h for the layout and the
 * arithmetic. Some hundred pixels are brought into rows; over these all outputs are computed, some
 * vectors of them at a time, a tile of rows after the other. */
#include "kernels/x86/gemm_product_x86.h"

/* ---- sums of rows ---------------------------------------------------------------------------- */

#if defined(__AVX512F__)
static uint32_t sum_bytes(const uint8_t *from, int64_t count)
{
    __m512i sums = _mm512_setzero_si512();
    for (; count > 0; count -= 64, from += 64) {
        const __mmask64 mask = count < 64 ? _bzhi_u64(UINT64_MAX, (uint32_t)count) : UINT64_MAX;
        const __m512i bytes = _mm512_maskz_loadu_epi8(mask, from);
        sums = _mm512_add_epi64(sums, _mm512_sad_epu8(bytes, _mm512_setzero_si512()));
    }
    return (uint32_t)_mm512_reduce_add_epi64(sums);
}
#else
static uint32_t sum_bytes(const uint8_t *from, int64_t count)
{
    __m128i sums = _mm_setzero_si128();
    for (; count >= 16; count -= 16, from += 16) {
        const __m128i bytes = _mm_loadu_si128((const __m128i_u *)from);
        sums = _mm_add_epi64(sums, _mm_sad_epu8(bytes, _mm_setzero_si128()));
    }
    uint32_t sum = (uint32_t)(_mm_cvtsi128_si64(sums) + _mm_extract_epi64(sums, 1));
    for (int64_t i = 0; i < count; i++) sum += from[i];
    return sum;
}
#endif

/* Where the sums of rows start: at 0 but for what is added to all weights. */
static void start_rows(const struct pl_product_x86 *product, const struct pl_gemm_rows *rows,
                       int32_t count, int32_t *starts)
{
    const int64_t bytes = pl_gemm_padded(product->source.k);
    const uint32_t outside = (uint32_t)product->source.k * (uint32_t)product->source.zero_point;
    for (int32_t r = 0; r < count; r++) {
        const uint32_t sum = sum_bytes(rows->rows + r * rows->stride, bytes) - outside;
        starts[r] = (int32_t)(sum * (uint32_t)product->weight_offset);
    }
}

/* ---- columns --------------------------------------------------------------------------------- */

/* Some columns over some rows. */
struct strip {
    struct pl_gemm_rows rows;
    const int32_t *row_starts; /* NULL: all zero */
    int32_t x;                 /* pixel of the first row */
    int32_t row_count;
    int32_t block;
    int32_t count; /* of outputs */
    int vectors;
    const struct pl_gemm_column_x86 *columns;
};

static void run_strip(const struct pl_product_x86 *product, const struct strip *strip)
{
    _Alignas(64) int32_t sums[(PL_TILE_MAX_SUMS + 3) * PL_LANES];
    const int32_t tile_count = (strip->row_count + PL_TILE_ROWS - 1) / PL_TILE_ROWS;
    const int64_t k = product->source.k;
    struct pl_tile_x86 tile = {.stride = strip->rows.stride,
                               .weights =
                                   pl_gemm_packed_block(product->source.packed, strip->block, k),
                               .block_bytes = pl_gemm_packed_bytes(k),
                               .steps = pl_gemm_padded(k) / PL_GEMM_STEP,
                               .columns = strip->columns,
                               .sums = sums};
    struct pl_finish_x86 finish = {.sums = sums,
                                   .vectors = strip->vectors,
                                   .first = strip->block * PL_GEMM_BLOCK,
                                   .count = strip->count,
                                   .stride = product->shape->output_stride,
                                   .columns = strip->columns,
                                   .requantizer = product->source.requantizer};
    for (int32_t i = 0, r = 0; i < tile_count; i++) {
        /* Tiles of about equal height. */
        finish.rows = (strip->row_count - r) / (tile_count - i);
        tile.input = strip->rows.rows + r * strip->rows.stride;
        tile.row_starts = strip->row_starts != NULL ? strip->row_starts + r : NULL;
        PL_LEVEL(pl_tile_x86)(&tile, finish.rows, strip->vectors);
        product->finish(product, &finish, strip->x + r);
        r += finish.rows;
    }
}

/* The more rows, the fewer vectors of the `rest` next outputs. */
static int choose_vectors(int32_t rows, int32_t rest)
{
    const int32_t vectors = (rest + PL_LANES - 1) / PL_LANES;
    if (rows == 1 && rest >= PL_TILE_LONG_VECTORS * PL_LANES) return PL_TILE_LONG_VECTORS;
    if (rows <= PL_TILE_WIDE_ROWS && vectors >= PL_TILE_WIDE_VECTORS) return PL_TILE_WIDE_VECTORS;
    return vectors >= PL_TILE_VECTORS ? PL_TILE_VECTORS : 1;
}

static void run_rows(const struct pl_product_x86 *product, struct strip *strip)
{
    const struct pl_gemm_part *part = product->part;
    struct pl_gemm_column_x86 made[PL_TILE_LONG_VECTORS];
    const int32_t last = part->to_block * PL_GEMM_BLOCK, channels = product->shape->channels;
    const int32_t end = last < channels ? last : channels;
    for (strip->block = part->from_block; strip->block < part->to_block;) {
        const int32_t rest = end - strip->block * PL_GEMM_BLOCK;
        strip->vectors = choose_vectors(strip->row_count, rest);
        const int32_t wanted = strip->vectors * PL_LANES;
        const int32_t blocks = (wanted + PL_GEMM_BLOCK - 1) / PL_GEMM_BLOCK;
        strip->count = wanted < rest ? wanted : rest;
        strip->columns = made;
        if (product->columns != NULL) {
            strip->columns = product->columns + strip->block;
        } else {
            for (int32_t b = 0; b < blocks; b++)
                PL_LEVEL(pl_gemm_make_column_x86)(&product->source, strip->block + b, &made[b]);
        }
        run_strip(product, strip);
        strip->block += blocks;
    }
}

void PL_LEVEL(pl_run_product_x86)(const struct pl_product_x86 *product)
{
    int32_t row_starts[PL_GEMM_MAX_ROWS];
    const struct pl_gemm_part *part = product->part;
    const bool offset = product->weight_offset != 0;
    const struct pl_gemm_source source = {.shape = product->shape,
                                          .part = part,
                                          .element_bytes = 1,
                                          .flip = product->flip,
                                          .zero_points = product->zero_points,
                                          .zero_step = product->zero_step};
    const int32_t most = PL_LEVEL(pl_gemm_rows_at_once)(product->shape, 1);
    struct strip strip = {.row_starts = offset ? row_starts : NULL, .x = part->from_x};
    for (; strip.x < part->to_x; strip.x += strip.row_count) {
        const int32_t rest = part->to_x - strip.x;
        strip.row_count = rest < most ? rest : most;
        strip.rows =
            PL_LEVEL(pl_gemm_make_rows)(&source, strip.x, strip.x + strip.row_count, part->scratch);
        if (offset) start_rows(product, &strip.rows, strip.row_count, row_starts);
        run_rows(product, &strip);
    }
}
