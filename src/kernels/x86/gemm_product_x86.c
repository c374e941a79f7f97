/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of bytes in the BLIS manner: see vector/gemm_vector.h for the layout and the
 * arithmetic. Some hundred pixels, or the lines of the image that they lie in, are made ready; over
 * these all outputs are computed, some vectors of them at a time, a tile of pixels after the
 * other. */
#include "kernels/x86/gemm_product_x86.h"

#include "kernels/vector/gemm_band_vector.h"
#include "kernels/vector/gemm_inputs.h"
#include "kernels/x86/across_x86.h"
#include "kernels/x86/gemm_ahead_x86.h"
#include "kernels/x86/gemm_row_x86.h"

/* Pixels that are made ready together, and what is computed of them. */
struct strip {
    /* Pixel i is in line (lead + i) / width, at (lead + i) % width. */
    const uint8_t *inputs;
    int64_t stride;      /* from pixel to pixel */
    int64_t line_stride; /* from line to line */
    int32_t width;
    int32_t lead;
    const int64_t *offsets; /* of the runs of a pixel */
    int32_t runs;
    int64_t run_length; /* in inputs */
    const int32_t *starts; /* of the pixels' sums; NULL: all zero */
    int32_t x;             /* pixel 0, as the part counts */
    int32_t count;

    int32_t block;
    int32_t outputs;
    int vectors;
    const struct pl_gemm_column_x86 *columns;
    bool is_sure; /* all columns */
};

static const uint8_t *strip_input(const struct strip *strip, int32_t i)
{
    const int32_t at = strip->lead + i;
    return strip->inputs + at / strip->width * strip->line_stride +
           at % strip->width * strip->stride;
}

/* How many pixels from i on are in its line. */
static int32_t strip_line(const struct strip *strip, int32_t i)
{
    const int32_t line = strip->width - (strip->lead + i) % strip->width;
    return line < strip->count - i ? line : strip->count - i;
}

/* ---- sums of inputs -------------------------------------------------------------------------- */

/* The sums of some neighbouring pixels of a line, at once as vectors have 64-bit lanes. */
#if defined(__AVX512F__)
enum { SUM_PIXELS = 8 };

/* Sums of neighbours: of a in even places, of b in odd ones. */
PL_ALWAYS_INLINE __m512i add_neighbours(__m512i a, __m512i b)
{
    return _mm512_add_epi64(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}

/* The same of pairs: of a in the lower half, of b in the upper one. */
PL_ALWAYS_INLINE __m512i add_pairs(__m512i a, __m512i b)
{
    return _mm512_add_epi64(_mm512_shuffle_i64x2(a, b, 0x88), _mm512_shuffle_i64x2(a, b, 0xdd));
}

/* Adds up eights of the next 64 bytes of each pixel; those of the last one are there several times. */
PL_ALWAYS_INLINE void add_eights(const uint8_t *from, int64_t stride, int32_t count, __mmask64 mask,
                                 __m512i all[SUM_PIXELS])
{
#pragma GCC unroll 8
    for (int i = 0; i < SUM_PIXELS; i++) {
        const __m512i bytes = _mm512_maskz_loadu_epi8(mask, from);
        all[i] = _mm512_add_epi64(all[i], _mm512_sad_epu8(bytes, _mm512_setzero_si512()));
        from += i + 1 < count ? stride : 0;
    }
}

PL_ALWAYS_INLINE void sum_pixels(const struct strip *strip, const uint8_t *input, int32_t count,
                                 uint32_t sums[SUM_PIXELS])
{
    const __mmask64 last = _bzhi_u64(UINT64_MAX, (uint32_t)(strip->run_length % 64));
    __m512i all[SUM_PIXELS];
#pragma GCC unroll 8
    for (int i = 0; i < SUM_PIXELS; i++) all[i] = _mm512_setzero_si512();
    for (int32_t run = 0; run < strip->runs; run++) {
        const uint8_t *from = input + strip->offsets[run];
        int64_t rest = strip->run_length;
        for (; rest >= 64; rest -= 64, from += 64)
            add_eights(from, strip->stride, count, UINT64_MAX, all);
        if (rest > 0) add_eights(from, strip->stride, count, last, all);
    }
    const __m512i lower = add_pairs(add_neighbours(all[0], all[1]), add_neighbours(all[2], all[3]));
    const __m512i upper = add_pairs(add_neighbours(all[4], all[5]), add_neighbours(all[6], all[7]));
    const __m256i narrow = _mm512_cvtepi64_epi32(add_pairs(lower, upper));
    _mm256_storeu_si256((__m256i_u *)sums, narrow);
}
#elif defined(PL_GEMM_WORDS)
enum { SUM_PIXELS = PL_ACROSS };

/* Adds up pairs of the next words of each pixel, those under the mask; those of the last one are there several times. */
PL_ALWAYS_INLINE void add_words(const uint8_t *from, int64_t stride, int32_t count, __m256i mask, __m256i all[SUM_PIXELS])
{
#pragma GCC unroll 8
    for (int i = 0; i < SUM_PIXELS; i++) {
        const __m256i words = _mm256_maskload_epi32((const int *)(const void *)from, mask);
        all[i] = _mm256_add_epi32(all[i], _mm256_madd_epi16(words, _mm256_set1_epi16(1)));
        from += i + 1 < count ? stride : 0;
    }
}

PL_ALWAYS_INLINE void sum_pixels(const struct strip *strip, const uint8_t *input, int32_t count,
                                 uint32_t sums[SUM_PIXELS])
{
    const int32_t words = 2 * PL_LANES, left = (int32_t)(strip->run_length % words) / 2;
    const __m256i whole = _mm256_set1_epi32(-1);
    const __m256i last = _mm256_cmpgt_epi32(_mm256_set1_epi32(left), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    __m256i all[SUM_PIXELS];
#pragma GCC unroll 8
    for (int i = 0; i < SUM_PIXELS; i++) all[i] = _mm256_setzero_si256();
    for (int32_t run = 0; run < strip->runs; run++) {
        const uint8_t *from = input + strip->offsets[run];
        for (int64_t rest = strip->run_length; rest >= words; rest -= words, from += words * PL_GEMM_INPUT_BYTES)
            add_words(from, strip->stride, count, whole, all);
        if (left > 0) add_words(from, strip->stride, count, last, all);
    }
    _mm256_storeu_si256((__m256i_u *)sums, pl_add_across_x86(all));
}
#else
enum { SUM_PIXELS = 1 };

PL_ALWAYS_INLINE void sum_pixels(const struct strip *strip, const uint8_t *input, int32_t count,
                                 uint32_t sums[SUM_PIXELS])
{
    (void)count;
    *sums = 0;
    for (int32_t run = 0; run < strip->runs; run++)
        *sums += pl_sum_inputs(input + strip->offsets[run], strip->run_length);
}
#endif

/* Where the sums of pixels start: at 0 but for what is added to all weights. There is room for some
 * behind the last. */
static void start_pixels(const struct pl_product_x86 *product, const struct strip *strip,
                         int32_t *starts)
{
    const uint32_t outside = (uint32_t)product->source.k * (uint32_t)product->source.zero_point;
    const uint32_t factor = (uint32_t)product->weight_offset;
    for (int32_t i = 0; i < strip->count;) {
        const int32_t end = i + strip_line(strip, i);
        const uint8_t *input = strip_input(strip, i);
        while (i < end) {
            const int32_t count = end - i < SUM_PIXELS ? end - i : SUM_PIXELS;
            uint32_t sums[SUM_PIXELS];
            if (count == SUM_PIXELS) sum_pixels(strip, input, SUM_PIXELS, sums);
            else sum_pixels(strip, input, count, sums);
            for (int32_t n = 0; n < SUM_PIXELS; n++)
                starts[i + n] = (int32_t)((sums[n] - outside) * factor);
            input += count * strip->stride;
            i += count;
        }
    }
}

/* ---- outputs --------------------------------------------------------------------------------- */

static void run_tiles(const struct pl_product_x86 *product, const struct strip *strip)
{
    _Alignas(64) int32_t sums[(PL_TILE_MAX_SUMS + 3) * PL_LANES];
    const int64_t k = product->source.k;
    struct pl_tile_x86 tile = {.stride = strip->stride,
                               .offsets = strip->offsets,
                               .runs = strip->runs,
                               .steps = strip->run_length / PL_GEMM_STEP,
                               .weights =
                                   pl_gemm_packed_block(product->source.packed, strip->block, k),
                               .block_bytes = pl_gemm_packed_bytes(k),
                               .columns = strip->columns,
                               .is_sure = strip->is_sure,
                               .sums = sums};
    struct pl_finish_x86 finish = {.sums = sums,
                                   .vectors = strip->vectors,
                                   .first = strip->block * PL_GEMM_BLOCK,
                                   .count = strip->outputs,
                                   .stride = product->shape->output_stride,
                                   .columns = strip->columns,
                                   .is_sure = strip->is_sure,
                                   .requantizer = product->source.requantizer};
    const bool whole = product->run_whole != NULL && strip->vectors == PL_TILE_VECTORS &&
                       strip->outputs == PL_TILE_VECTORS * PL_LANES;
    struct pl_next_weights next = pl_find_next_weights(product, strip->block, strip->vectors, strip->count,
                                                       tile.runs * tile.steps);
    for (int32_t i = 0; i < strip->count;) {
        const int32_t end = i + strip_line(strip, i);
        int32_t tiles = (end - i + PL_TILE_ROWS - 1) / PL_TILE_ROWS;
        tile.input = strip_input(strip, i);
        for (; tiles > 0; tiles--) {
            finish.rows = (end - i) / tiles; /* of about equal height */
            tile.row_starts = strip->starts != NULL ? strip->starts + i : NULL;
            pl_fetch_share(&next, &tile);
            if (whole) {
                product->run_whole(product, &tile, finish.rows, finish.first, strip->x + i);
            } else {
                PL_LEVEL(pl_tile_x86)(&tile, finish.rows, strip->vectors);
                product->finish(product, &finish, strip->x + i);
            }
            tile.input += finish.rows * strip->stride;
            i += finish.rows;
        }
    }
}

/* The more pixels, the fewer vectors of the `rest` next outputs. */
static int choose_vectors(int32_t pixels, int32_t rest)
{
    const int32_t vectors = (rest + PL_LANES - 1) / PL_LANES;
    if (pixels <= PL_TILE_WIDE_ROWS && vectors >= PL_TILE_WIDE_VECTORS) return PL_TILE_WIDE_VECTORS;
    return vectors >= PL_TILE_VECTORS ? PL_TILE_VECTORS : 1;
}

static void run_strip(const struct pl_product_x86 *product, struct strip *strip)
{
    const struct pl_gemm_part *part = product->part;
    struct pl_gemm_column_x86 made[PL_TILE_WIDE_VECTORS];
    const int32_t last = part->to_block * PL_GEMM_BLOCK, channels = product->shape->channels;
    const int32_t end = last < channels ? last : channels;
    const int32_t longest = strip->width < strip->count ? strip->width : strip->count;
    for (strip->block = part->from_block; strip->block < part->to_block;) {
        const int32_t rest = end - strip->block * PL_GEMM_BLOCK;
        strip->vectors = choose_vectors(longest, rest);
        const int32_t wanted = strip->vectors * PL_LANES;
        const int32_t blocks = (wanted + PL_GEMM_BLOCK - 1) / PL_GEMM_BLOCK;
        strip->outputs = wanted < rest ? wanted : rest;
        strip->columns = pl_columns_x86(product, strip->block, blocks, made);
        strip->is_sure = true;
        for (int32_t n = 0; n < strip->outputs; n += PL_GEMM_BLOCK)
            strip->is_sure = strip->is_sure && pl_column_is_sure_x86(&strip->columns[n / PL_GEMM_BLOCK]);
        run_tiles(product, strip);
        strip->block += blocks;
    }
}

/* ---- inputs ---------------------------------------------------------------------------------- */

static void run_rows(const struct pl_product_x86 *product, const struct pl_gemm_source *source)
{
    static const int64_t no_offset = 0;
    int32_t starts[PL_GEMM_MAX_ROWS + SUM_PIXELS];
    const struct pl_gemm_part *part = product->part;
    const int32_t most = PL_LEVEL(pl_gemm_rows_at_once)(product->shape, PL_GEMM_INPUT_BYTES);
    struct strip strip = {.width = INT32_MAX,
                          .offsets = &no_offset,
                          .runs = 1,
                          .run_length = pl_gemm_padded(product->source.k)};
    for (strip.x = part->from_x; strip.x < part->to_x; strip.x += strip.count) {
        const int32_t rest = part->to_x - strip.x;
        strip.count = rest < most ? rest : most;
        const struct pl_gemm_rows rows =
            PL_LEVEL(pl_gemm_make_rows)(source, strip.x, strip.x + strip.count, part->scratch);
        strip.inputs = rows.rows;
        strip.stride = rows.stride;
        if (product->weight_offset != 0) {
            start_pixels(product, &strip, starts);
            strip.starts = starts;
        }
        run_strip(product, &strip);
    }
}

/* The outputs of a whole band, in strips if pixels have sums of their own. */
static void run_band(const struct pl_product_x86 *product, struct strip *strip)
{
    int32_t starts[PL_GEMM_MAX_ROWS + SUM_PIXELS];
    if (product->weight_offset == 0) {
        run_strip(product, strip);
        return;
    }
    const int32_t end = strip->x + strip->count;
    while (strip->x < end) {
        const int32_t rest = end - strip->x;
        strip->count = rest < PL_GEMM_MAX_ROWS ? rest : PL_GEMM_MAX_ROWS;
        start_pixels(product, strip, starts);
        strip->starts = starts;
        run_strip(product, strip);
        strip->x += strip->count;
        strip->lead += strip->count;
    }
}

static void run_bands(const struct pl_product_x86 *product, const struct pl_gemm_source *source,
                      int32_t most)
{
    const struct pl_gemm_part *part = product->part;
    const struct pl_patch *patch = &product->shape->patch;
    const int32_t width = product->shape->output_width;
    struct pl_gemm_band band;
    for (int32_t x = part->from_x; x < part->to_x;) {
        const int32_t line = x / width, last = (part->to_x - 1) / width;
        const int32_t lines = last - line + 1 < most ? last - line + 1 : most;
        const int64_t end = (int64_t)(line + lines) * width;
        PL_LEVEL(pl_gemm_make_band)(source, part->y + line, lines, part->scratch, &band);
        struct strip strip = {
            .inputs = band.lines,
            .stride = (int64_t)patch->stride_x * patch->channels * PL_GEMM_INPUT_BYTES,
            .line_stride = patch->stride_y * band.line_bytes,
            .width = width,
            .lead = x % width,
            .offsets = band.offsets,
            .runs = band.runs,
            .run_length = band.run_length,
            .x = x,
            .count = (int32_t)((end < part->to_x ? end : part->to_x) - x),
        };
        x += strip.count;
        run_band(product, &strip);
    }
}

/* The inputs of a single pixel. */
static const uint8_t *find_row(const struct pl_product_x86 *product, const struct pl_gemm_source *source)
{
    const struct pl_gemm_part *part = product->part;
    const int32_t depth = product->shape->depth;
    if (depth % PL_GEMM_STEP != 0 || !pl_gemm_is_row(product->shape, part))
        return PL_LEVEL(pl_gemm_make_rows)(source, part->from_x, part->to_x, part->scratch).rows;
    const uint8_t *row = (const uint8_t *)part->input + pl_gemm_row_offset(product->shape, part);
    if (source->flip == 0 && !pl_is_widened(source)) return row;
    pl_copy_inputs(source, part->scratch, row, depth);
    return part->scratch;
}

void PL_LEVEL(pl_run_product_x86)(const struct pl_product_x86 *product)
{
    const struct pl_gemm_source source = {.shape = product->shape,
                                          .part = product->part,
                                          .element_bytes = 1,
                                          .flip = pl_input_lift_x86(product->is_signed),
                                          .is_signed = product->is_signed,
                                          .zero_points = product->zero_points,
                                          .zero_step = product->zero_step};
    const struct pl_gemm_part *part = product->part;
    if (part->to_x - part->from_x == 1 && product->source.k > 0) {
        PL_LEVEL(pl_run_row_x86)(product, find_row(product, &source));
        return;
    }
    const int32_t lines =
        product->zero_step == 0 ? PL_LEVEL(pl_gemm_band_lines)(product->shape) : 0;
    if (lines > 0) run_bands(product, &source, lines);
    else run_rows(product, &source);
}
