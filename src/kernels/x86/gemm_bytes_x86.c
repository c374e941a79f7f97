/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of bytes in the BLIS manner: see gemm_vector.h for the layout and the arithmetic.
 * Some hundred pixels are brought into rows; over these all outputs are computed, a tile of rows
 * by two vectors of outputs at a time with all its sums in registers. A single row takes more
 * outputs at a time, so that there are enough independent sums. */
#include <string.h>

#include "kernels/x86/floats_x86.h"
#include "kernels/x86/gemm_x86.h"
#include "kernels/x86/requantize_x86.h"

/* TILE_ROWS * 2 sums, the weights of a step and an input fill the registers. */
#if defined(__AVX512VNNI__)
enum { TILE_ROWS = 14 };
#elif defined(__AVX512F__)
enum { TILE_ROWS = 12 };
#elif defined(__AVXVNNI__)
enum { TILE_ROWS = 6 };
#else
enum { TILE_ROWS = 4 };
#endif
enum {
    TILE_VECTORS = 2,
    ROW_VECTORS = 8, /* of a single row */
    MAX_VECTORS = TILE_ROWS * TILE_VECTORS > ROW_VECTORS ? TILE_ROWS *TILE_VECTORS : ROW_VECTORS,
    GROUP = 4, /* vectors that become bytes together */
    BLOCK_VECTORS = PL_GEMM_BLOCK / PL_LANES,
    STEP_BYTES = PL_GEMM_BLOCK * PL_GEMM_STEP,
    ROW_BLOCKS = ROW_VECTORS / BLOCK_VECTORS
};

/* ---- a tile ---------------------------------------------------------------------------------- */

struct tile {
    const uint8_t *input;
    int64_t stride;
    const int8_t *weights;  /* of vector 0 */
    const int64_t *offsets; /* of the other vectors' weights from there */
    int64_t steps;
    const int32_t *starts;     /* of the columns */
    const int32_t *row_starts; /* NULL: all zero */
    int32_t *sums;             /* [rows][vectors][PL_LANES] */
};

typedef void (*tile_function)(const struct tile *tile);

/* All loops over the tile are unrolled: the sums would lie in memory else. */
#define UNROLL _Pragma("GCC unroll 16")

PL_ALWAYS_INLINE void start_sums(const int rows, const int vectors, const struct tile *tile,
                                 pl_vec sums[TILE_ROWS][ROW_VECTORS])
{
    UNROLL for (int v = 0; v < vectors; v++)
    {
        const pl_vec start = pl_vec_load(tile->starts + v * PL_LANES);
        UNROLL for (int r = 0; r < rows; r++) sums[r][v] = start;
    }
    if (tile->row_starts == NULL) return;
    UNROLL for (int r = 0; r < rows; r++)
    {
        const pl_vec start = pl_vec_set(tile->row_starts[r]);
        UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = pl_vec_add(sums[r][v], start);
    }
}

PL_ALWAYS_INLINE void multiply(const int rows, const int vectors, const struct tile *tile)
{
    pl_vec sums[TILE_ROWS][ROW_VECTORS];
    const uint8_t *input = tile->input;
    const int8_t *weights[ROW_VECTORS];
    const int64_t stride = tile->stride;
    UNROLL for (int v = 0; v < vectors; v++) weights[v] = tile->weights + tile->offsets[v];
    start_sums(rows, vectors, tile, sums);
    for (int64_t step = 0; step < tile->steps; step++, input += PL_GEMM_STEP) {
        struct pl_dot_operand w[ROW_VECTORS];
        UNROLL for (int v = 0; v < vectors; v++)
        {
            w[v] = pl_dot_weights(weights[v]);
            weights[v] += STEP_BYTES;
        }
        UNROLL for (int r = 0; r < rows; r++)
        {
            const struct pl_dot_operand x = pl_dot_input(input + r * stride);
            UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = pl_dot_add(sums[r][v], x, w[v]);
        }
    }
    UNROLL for (int r = 0; r < rows; r++)
    {
        UNROLL for (int v = 0; v < vectors; v++)
        {
            pl_vec_store(tile->sums + (r * vectors + v) * PL_LANES, sums[r][v]);
        }
    }
}

#define DEFINE_TILE(rows)                                                                          \
    static void tile_##rows(const struct tile *tile)                                               \
    {                                                                                              \
        multiply(rows, TILE_VECTORS, tile);                                                        \
    }                                                                                              \
    static void narrow_tile_##rows(const struct tile *tile)                                        \
    {                                                                                              \
        multiply(rows, 1, tile);                                                                   \
    }
#if defined(__AVX512F__)
#define LIST_ROWS(F)                                                                               \
    F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11) F(12) LIST_MORE_ROWS(F)
#elif defined(__AVXVNNI__)
#define LIST_ROWS(F) F(1) F(2) F(3) F(4) F(5) F(6)
#else
#define LIST_ROWS(F) F(1) F(2) F(3) F(4)
#endif
#if defined(__AVX512VNNI__)
#define LIST_MORE_ROWS(F) F(13) F(14)
#else
#define LIST_MORE_ROWS(F)
#endif
LIST_ROWS(DEFINE_TILE)

static void long_row(const struct tile *tile)
{
    multiply(1, ROW_VECTORS, tile);
}

#define NAME_TILE(rows)        tile_##rows,
#define NAME_NARROW_TILE(rows) narrow_tile_##rows,
static const tile_function tiles[] = {LIST_ROWS(NAME_TILE)};
static const tile_function narrow_tiles[] = {LIST_ROWS(NAME_NARROW_TILE)};

/* ---- columns --------------------------------------------------------------------------------- */

/* What the tiles of some columns have in common. */
struct columns {
    int32_t first; /* output */
    int32_t count; /* of outputs */
    int vectors;
    const int8_t *weights;
    int64_t offsets[ROW_VECTORS];
    int32_t starts[ROW_VECTORS * PL_LANES];
    bool fits; /* blocks can be used */
    struct pl_requantize_block_x86 blocks[ROW_BLOCKS];
};

/* A product with all that does not change over its tiles. */
struct product {
    const struct pl_gemm_shape *shape;
    const struct pl_gemm_part *part;
    const void *packed;
    const int32_t *bias;
    int64_t k;
    int32_t zero_point;         /* z */
    const int32_t *zero_points; /* of the pixels, see struct pl_gemm_source */
    int32_t zero_step;
    int32_t weight_offset;
    uint8_t flip;
    void (*finish)(const struct product *product, const struct columns *columns,
                   const int32_t *sums, int32_t x, int32_t rows);
    void (*prepare)(const struct product *product, struct columns *columns);
    const void *parameters;
    struct pl_requantizer_x86 requantizer;
};

static void start_block(const struct product *product, int32_t block, int32_t *starts)
{
    const int32_t first = block * PL_GEMM_BLOCK, rest = product->shape->channels - first;
    const int32_t count = rest < PL_GEMM_BLOCK ? rest : PL_GEMM_BLOCK;
    memset(starts, 0, PL_GEMM_BLOCK * sizeof *starts);
    if (product->bias != NULL)
        memcpy(starts, product->bias + first, (size_t)count * sizeof *starts);
    if (product->zero_point == 0 || product->k == 0) return; /* no weights, no sums of them */
    const int32_t *sums = pl_gemm_packed_sums(product->packed, block, product->k);
    for (int n = 0; n < PL_GEMM_BLOCK; n++) {
        const uint32_t lowered = (uint32_t)product->zero_point * (uint32_t)sums[n];
        starts[n] = (int32_t)((uint32_t)starts[n] - lowered);
    }
}

static void start_columns(const struct product *product, int32_t block, int32_t blocks,
                          struct columns *columns)
{
    const int64_t bytes = pl_gemm_packed_bytes(product->k);
    const int32_t rest = product->shape->channels - block * PL_GEMM_BLOCK;
    const int32_t count = blocks * PL_GEMM_BLOCK;
    columns->first = block * PL_GEMM_BLOCK;
    columns->count = rest < count ? rest : count;
    columns->vectors = (columns->count + PL_LANES - 1) / PL_LANES;
    columns->weights = pl_gemm_packed_block(product->packed, block, product->k);
    for (int v = 0; v < blocks * BLOCK_VECTORS; v++) {
        columns->offsets[v] =
            v / BLOCK_VECTORS * bytes + v % BLOCK_VECTORS * (int64_t)(PL_LANES * PL_GEMM_STEP);
    }
    for (int32_t b = 0; b < blocks; b++)
        start_block(product, block + b, columns->starts + b * PL_GEMM_BLOCK);
    product->prepare(product, columns);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void prepare_bytes(const struct product *product, struct columns *columns)
{
    columns->fits = true;
    for (int32_t n = 0; n < columns->count; n += PL_GEMM_BLOCK) {
        const int32_t rest = columns->count - n;
        columns->fits &= pl_requantize_prepare_x86(&product->requantizer, columns->first + n,
                                                   rest < PL_GEMM_BLOCK ? rest : PL_GEMM_BLOCK,
                                                   &columns->blocks[n / PL_GEMM_BLOCK]);
    }
}

/* The lanes of `unsure` of one vector of sums of channels from `first` on. */
static __attribute__((noinline)) void redo(const struct product *product, const int32_t *sums,
                                           uint32_t unsure, int32_t first, uint8_t *bytes)
{
    for (; unsure != 0; unsure &= unsure - 1) {
        const int lane = __builtin_ctz(unsure);
        if (first + lane >= product->shape->channels) return;
        bytes[lane] =
            (uint8_t)pl_requantize_exactly_x86(&product->requantizer, sums[lane], first + lane);
    }
}

PL_ALWAYS_INLINE void finish_group(const struct product *product, const struct columns *columns,
                                   const int vectors, int from, const int32_t *sums, uint8_t *bytes)
{
    pl_vec values[GROUP];
    pl_vec_float distances[GROUP];
    UNROLL for (int i = 0; i < GROUP; i++)
    {
        const int lane = (from + i) % vectors * PL_LANES;
        const struct pl_requantize_block_x86 *block = &columns->blocks[lane / PL_GEMM_BLOCK];
        const int n = lane % PL_GEMM_BLOCK;
        const struct pl_rounded_x86 rounded = pl_round_scaled_x86(
            pl_vec_load(sums + i * PL_LANES), PL_VEC_FLOAT(loadu)(block->scale + n),
            PL_VEC_FLOAT(loadu)(block->nudge + n));
        values[i] = rounded.values;
        distances[i] = pl_absolute_x86(rounded.distance);
    }
    const pl_vec_float worst = PL_VEC_FLOAT(max)(PL_VEC_FLOAT(max)(distances[0], distances[1]),
                                                 PL_VEC_FLOAT(max)(distances[2], distances[3]));
    pl_vec_store(bytes, pl_pack_bytes_x86(values, product->requantizer.range,
                                          product->requantizer.is_unsigned));
    if (__builtin_expect(pl_unsure_x86(worst) == 0, 1)) return;
    for (int i = 0; i < GROUP; i++) {
        redo(product, sums + i * PL_LANES, pl_unsure_x86(distances[i]),
             columns->first + (from + i) % vectors * PL_LANES, bytes + i * PL_LANES);
    }
}

PL_ALWAYS_INLINE void finish_vectors(const struct product *product, const struct columns *columns,
                                     const int vectors, int count, int32_t *sums, uint8_t *bytes)
{
    for (int i = 0; i < count; i += GROUP)
        finish_group(product, columns, vectors, i, sums + i * PL_LANES, bytes + i * PL_LANES);
}

/* Everything the reference's way. */
static void finish_exactly(const struct product *product, const struct columns *columns, int count,
                           const int32_t *sums, uint8_t *bytes)
{
    for (int i = 0; i < count; i++) {
        redo(product, sums + i * PL_LANES, (uint32_t)((1u << (PL_LANES - 1) << 1) - 1),
             columns->first + i % columns->vectors * PL_LANES, bytes + i * PL_LANES);
    }
}

static void store_rows(const uint8_t *bytes, int32_t row_bytes, uint8_t *output, int64_t stride,
                       int32_t rows, int32_t count)
{
#if defined(__AVX512F__)
    if (row_bytes <= 32) {
        const __mmask32 mask = _bzhi_u32(UINT32_MAX, (uint32_t)count);
        for (int32_t r = 0; r < rows; r++, output += stride, bytes += row_bytes) {
            const __m256i row = _mm256_loadu_si256((const __m256i_u *)bytes);
            _mm256_mask_storeu_epi8(output, mask, row);
        }
        return;
    }
#endif
    for (int32_t r = 0; r < rows; r++)
        memcpy(output + r * stride, bytes + r * row_bytes, (size_t)count);
}

static void finish_bytes(const struct product *product, const struct columns *columns,
                         const int32_t *const_sums, int32_t x, int32_t rows)
{
    enum { ROUNDED = (MAX_VECTORS + GROUP - 1) / GROUP * GROUP };
    uint8_t bytes[ROUNDED * PL_LANES + 32];
    int32_t *sums = (int32_t *)(uintptr_t)const_sums;
    const int count = rows * columns->vectors;
    /* The last group is done whole. */
    for (int i = count; i % GROUP != 0; i++) pl_vec_store(sums + i * PL_LANES, pl_vec_set(0));
    if (!columns->fits) finish_exactly(product, columns, count, sums, bytes);
    else if (columns->vectors == 1) finish_vectors(product, columns, 1, count, sums, bytes);
    else if (columns->vectors == 2) finish_vectors(product, columns, 2, count, sums, bytes);
    else finish_vectors(product, columns, ROW_VECTORS, count, sums, bytes);
    const int64_t stride = product->shape->output_stride;
    store_rows(bytes, columns->vectors * PL_LANES,
               (uint8_t *)product->part->output + x * stride + columns->first, stride, rows,
               columns->count);
}

/* ---- other outputs --------------------------------------------------------------------------- */

static void prepare_nothing(const struct product *product, struct columns *columns)
{
    (void)product;
    (void)columns;
}

static void finish_words(const struct product *product, const struct columns *columns,
                         const int32_t *sums, int32_t x, int32_t rows)
{
    const struct pl_gemm_integer *weights = product->parameters;
    const int64_t stride = product->shape->output_stride;
    for (int32_t r = 0; r < rows; r++) {
        const int64_t at = (x + r) * stride + columns->first;
        const int32_t *row = sums + r * columns->vectors * PL_LANES;
        if (weights->rounding == PL_GEMM_RAW) {
            memcpy((int32_t *)product->part->output + at, row,
                   (size_t)columns->count * sizeof *row);
            continue;
        }
        int16_t *output = (int16_t *)product->part->output + at;
        for (int32_t n = 0; n < columns->count; n++) {
            output[n] = (int16_t)pl_requantize_exactly_x86(&product->requantizer, row[n],
                                                           columns->first + n);
        }
    }
}

/* The outputs of one block from `first` on, whose sums lie `sums_stride` words from row to row.
 * They are without the zero points of rows, which differ. */
static void finish_hybrid_block(const struct product *product, int32_t first, const int32_t *sums,
                                int64_t sums_stride, int32_t x, int32_t rows)
{
    const struct pl_gemm_hybrid *weights = product->parameters;
    const int32_t rest = product->shape->channels - first;
    const bool whole = rest >= PL_GEMM_BLOCK;
    const struct pl_floats_mask mask = pl_floats_first(whole ? PL_GEMM_BLOCK : rest);
    const int32_t *weight_sums =
        pl_gemm_packed_sums(product->packed, first / PL_GEMM_BLOCK, product->k);
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

static void finish_hybrid(const struct product *product, const struct columns *columns,
                          const int32_t *sums, int32_t x, int32_t rows)
{
    /* A last block of which only some vectors were computed is read to its end all the same. */
    const int64_t stride = columns->vectors * PL_LANES;
    for (int32_t n = 0; n < columns->count; n += PL_GEMM_BLOCK)
        finish_hybrid_block(product, columns->first + n, sums + n, stride, x, rows);
}

/* ---- the walk -------------------------------------------------------------------------------- */

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

static void sum_rows(const struct product *product, const struct pl_gemm_rows *rows,
                     int32_t count, int32_t *starts)
{
    const int64_t bytes = pl_gemm_padded(product->k);
    const uint32_t outside = (uint32_t)product->k * (uint32_t)product->zero_point;
    for (int32_t r = 0; r < count; r++) {
        const uint32_t sum = sum_bytes(rows->rows + r * rows->stride, bytes) - outside;
        starts[r] = (int32_t)(sum * (uint32_t)product->weight_offset);
    }
}

static void run_columns(const struct product *product, const struct pl_gemm_rows *rows,
                        const int32_t *row_starts, const struct columns *columns, int32_t x,
                        int32_t count)
{
    _Alignas(64) int32_t sums[(MAX_VECTORS + GROUP) * PL_LANES];
    const int32_t tile_count = (count + TILE_ROWS - 1) / TILE_ROWS;
    struct tile tile = {.stride = rows->stride,
                        .weights = columns->weights,
                        .offsets = columns->offsets,
                        .steps = pl_gemm_padded(product->k) / PL_GEMM_STEP,
                        .starts = columns->starts,
                        .sums = sums};
    for (int32_t i = 0, r = 0; i < tile_count; i++) {
        /* Tiles of about equal height. */
        const int32_t height = (count - r) / (tile_count - i);
        tile.input = rows->rows + r * rows->stride;
        tile.row_starts = row_starts != NULL ? row_starts + r : NULL;
        const tile_function *const fitting = columns->vectors == 1 ? narrow_tiles : tiles;
        if (columns->vectors > TILE_VECTORS) long_row(&tile);
        else fitting[height - 1](&tile);
        product->finish(product, columns, sums, x + r, height);
        r += height;
    }
}

static void run_rows(const struct product *product, const struct pl_gemm_rows *rows, int32_t x,
                     int32_t count)
{
    enum { TILE_BLOCKS = TILE_VECTORS / BLOCK_VECTORS };
    int32_t row_starts[PL_GEMM_MAX_ROWS];
    const struct pl_gemm_part *part = product->part;
    const bool offset = product->weight_offset != 0;
    if (offset) sum_rows(product, rows, count, row_starts);
    for (int32_t block = part->from_block; block < part->to_block;) {
        int32_t blocks = count == 1 ? ROW_BLOCKS : TILE_BLOCKS;
        const int32_t whole = product->shape->channels / PL_GEMM_BLOCK - block;
        const int32_t rest = part->to_block - block;
        if (blocks > TILE_BLOCKS && (whole < blocks || rest < blocks)) blocks = TILE_BLOCKS;
        if (rest < blocks) blocks = rest;
        struct columns columns;
        start_columns(product, block, blocks, &columns);
        run_columns(product, rows, offset ? row_starts : NULL, &columns, x, count);
        block += blocks;
    }
}

static void run_product(const struct product *product)
{
    const struct pl_gemm_part *part = product->part;
    const struct pl_gemm_source source = {.shape = product->shape,
                                              .part = part,
                                              .element_bytes = 1,
                                              .flip = product->flip,
                                              .zero_points = product->zero_points,
                                              .zero_step = product->zero_step};
    const int32_t most = PL_LEVEL(pl_gemm_rows_at_once)(product->shape, 1);
    for (int32_t x = part->from_x; x < part->to_x;) {
        const int32_t count = part->to_x - x < most ? part->to_x - x : most;
        const struct pl_gemm_rows rows =
            PL_LEVEL(pl_gemm_make_rows)(&source, x, x + count, part->scratch);
        run_rows(product, &rows, x, count);
        x += count;
    }
}

static struct product start_product(const struct pl_gemm_shape *shape,
                                    const struct pl_gemm_part *part, const void *packed,
                                    const int32_t *zero_points, uint8_t flip)
{
    const struct pl_patch *patch = &shape->patch;
    return (struct product){
        .shape = shape,
        .part = part,
        .packed = packed,
        .k = (int64_t)patch->filter_height * patch->filter_width * shape->depth,
        .zero_point = *zero_points + flip,
        .zero_points = zero_points,
        .flip = flip,
        .prepare = prepare_nothing,
    };
}

static void run_integer(const struct pl_gemm_shape *shape, const struct pl_gemm_integer *weights,
                        const struct pl_gemm_part *part, uint8_t flip)
{
    struct product product =
        start_product(shape, part, weights->weights, &weights->input_zero_point, flip);
    product.bias = weights->bias;
    product.weight_offset = weights->weight_offset;
    product.parameters = weights;
    product.requantizer = (struct pl_requantizer_x86){
        .multipliers = weights->rounding == PL_GEMM_FIXED ? weights->multipliers : NULL,
        .scales = weights->scales,
        .range = weights->range,
        .is_unsigned = weights->output == PL_GEMM_UINT8,
        .bias = weights->bias,
        .bound = product.k * (255 * 256)};
    product.finish = finish_words;
    if (weights->output == PL_GEMM_INT8 || weights->output == PL_GEMM_UINT8) {
        product.finish = finish_bytes;
        product.prepare = prepare_bytes;
    }
    run_product(&product);
}

void PL_LEVEL(pl_gemm_i8_x86)(const struct pl_gemm_shape *shape,
                              const struct pl_gemm_integer *weights,
                              const struct pl_gemm_part *part)
{
    run_integer(shape, weights, part, 128);
}

void PL_LEVEL(pl_gemm_u8_x86)(const struct pl_gemm_shape *shape,
                              const struct pl_gemm_integer *weights,
                              const struct pl_gemm_part *part)
{
    run_integer(shape, weights, part, 0);
}

void PL_LEVEL(pl_gemm_hybrid_x86)(const struct pl_gemm_shape *shape,
                                  const struct pl_gemm_hybrid *weights,
                                  const struct pl_gemm_part *part)
{
    struct product product =
        start_product(shape, part, weights->weights, weights->row_zero_points, 128);
    product.zero_step = weights->row_step;
    product.zero_point = 0; /* every row has its own */
    product.parameters = weights;
    product.finish = finish_hybrid;
    run_product(&product);
}
