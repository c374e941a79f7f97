/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of bytes in the BLIS manner: see vector/gemm_vector.h for the layout and the
 * arithmetic. Some hundred pixels are brought into rows, or lie so already; over these all outputs
 * are computed, a tile of rows by some vectors of a block at a time with all its sums in
 * registers. */
#include <string.h>

#include "kernels/arm/dot_neon.h"
#include "kernels/arm/gemm_neon.h"
#include "kernels/arm/requantize_neon.h"
#include "kernels/vector/floats.h"

enum { BLOCK = PL_GEMM_BLOCK, TILE_ROWS = PL_DOT_ROWS, NARROW = BLOCK / 2 };

/* ---- a tile ---------------------------------------------------------------------------------- */

struct tile {
    const int8_t *input;
    int64_t stride;
    const int8_t *weights; /* of the first vector */
    int64_t steps;
    const int32_t *starts;     /* of the columns */
    const int32_t *row_starts; /* NULL: all zero */
    int32_t *sums;             /* rows BLOCK apart */
};

typedef void (*tile_function)(const struct tile *tile);

PL_ALWAYS_INLINE void multiply(const int rows, const int vectors, const struct tile *tile)
{
    struct pl_dot_sums sums;
    pl_dot_start(rows, vectors, &sums);
    pl_dot_add(rows, vectors, tile->input, tile->stride, tile->weights, tile->steps, &sums);
    PL_DOT_UNROLL for (int r = 0; r < rows; r++)
    {
        const int32x4_t row = vdupq_n_s32(tile->row_starts != NULL ? tile->row_starts[r] : 0);
        PL_DOT_UNROLL for (int v = 0; v < vectors; v++)
        {
            const int32x4_t start = vaddq_s32(vld1q_s32(tile->starts + 4 * v), row);
            vst1q_s32(tile->sums + r * BLOCK + 4 * v, vaddq_s32(pl_dot_total(sums.v[r][v]), start));
        }
    }
}

#define DEFINE_TILE(rows)                                                                          \
    static void tile_##rows(const struct tile *tile)                                               \
    {                                                                                              \
        multiply(rows, PL_DOT_VECTORS, tile);                                                      \
    }                                                                                              \
    static void narrow_tile_##rows(const struct tile *tile)                                        \
    {                                                                                              \
        multiply(rows, NARROW / 4, tile);                                                          \
    }
#if defined(__ARM_FEATURE_DOTPROD)
#define LIST_ROWS(F) F(1) F(2) F(3) F(4) F(5)
#else
#define LIST_ROWS(F) F(1) F(2) F(3) F(4)
#endif
LIST_ROWS(DEFINE_TILE)

#define NAME_TILE(rows)        tile_##rows,
#define NAME_NARROW_TILE(rows) narrow_tile_##rows,
static const tile_function tiles[] = {LIST_ROWS(NAME_TILE)};
static const tile_function narrow_tiles[] = {LIST_ROWS(NAME_NARROW_TILE)};

/* ---- a block of columns ---------------------------------------------------------------------- */

/* What the tiles of a block have in common. */
struct columns {
    int32_t first; /* output */
    int32_t count; /* of outputs */
    const int8_t *weights;
    int32_t starts[BLOCK];
    struct pl_requantize_block_neon requantize;
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
    const void *parameters;
    struct pl_requantizer_neon requantizer;
};

static void start_columns(const struct product *product, int32_t block, struct columns *columns)
{
    const int32_t first = block * BLOCK, rest = product->shape->channels - first;
    const int32_t count = rest < BLOCK ? rest : BLOCK;
    columns->first = first;
    columns->count = count;
    columns->weights = pl_gemm_packed_block(product->packed, block, product->k);
    int32_t *starts = columns->starts;
    memset(starts, 0, BLOCK * sizeof *starts);
    if (product->bias != NULL)
        memcpy(starts, product->bias + first, (size_t)count * sizeof *starts);
    if (product->zero_point == 0 || product->k == 0) return; /* no weights, no sums of them */
    const int32_t *sums = pl_gemm_packed_sums(product->packed, block, product->k);
    for (int n = 0; n < BLOCK; n += 4) {
        const int32x4_t start = vld1q_s32(starts + n);
        vst1q_s32(starts + n, vmlsq_n_s32(start, vld1q_s32(sums + n), product->zero_point));
    }
}

/* ---- outputs --------------------------------------------------------------------------------- */

PL_ALWAYS_INLINE void finish_rows(const struct product *product, const struct columns *columns,
                                  const int32_t *sums, int32_t x, int32_t rows, bool is_unsigned,
                                  bool fixed, bool right)
{
    const struct pl_requantize_block_neon block = columns->requantize;
    const struct pl_byte_range_neon range = pl_byte_range_neon(product->requantizer.range);
    const int64_t stride = product->shape->output_stride;
    const int32_t count = columns->count;
    uint8_t *output = (uint8_t *)product->part->output + x * stride + columns->first;
    for (int32_t r = 0; r < rows; r++, output += stride, sums += BLOCK) {
        int32x4_t values[BLOCK / 4];
        PL_DOT_UNROLL for (int v = 0; v < BLOCK / 4; v++)
        {
            values[v] = pl_requantize_neon(vld1q_s32(sums + 4 * v), &block, v, fixed, right);
        }
        const uint8x16_t bytes = pl_place_bytes_neon(values, range, is_unsigned);
        if (count == BLOCK) {
            vst1q_u8(output, bytes);
            continue;
        }
        uint8_t rest[BLOCK];
        vst1q_u8(rest, bytes);
        memcpy(output, rest, (size_t)count);
    }
}

#define DEFINE_FINISH(name, is_unsigned)                                                           \
    static void finish_##name(const struct product *product, const struct columns *columns,        \
                              const int32_t *sums, int32_t x, int32_t rows)                        \
    {                                                                                              \
        if (product->requantizer.multipliers == NULL)                                              \
            finish_rows(product, columns, sums, x, rows, is_unsigned, false, false);               \
        else if (columns->requantize.shifts_right)                                                 \
            finish_rows(product, columns, sums, x, rows, is_unsigned, true, true);                 \
        else finish_rows(product, columns, sums, x, rows, is_unsigned, true, false);               \
    }
DEFINE_FINISH(i8, false)
DEFINE_FINISH(u8, true)

static void finish_words(const struct product *product, const struct columns *columns,
                         const int32_t *sums, int32_t x, int32_t rows)
{
    const struct pl_gemm_integer *weights = product->parameters;
    const int64_t stride = product->shape->output_stride;
    for (int32_t r = 0; r < rows; r++, sums += BLOCK) {
        const int64_t at = (x + r) * stride + columns->first;
        if (weights->rounding == PL_GEMM_RAW) {
            memcpy((int32_t *)product->part->output + at, sums,
                   (size_t)columns->count * sizeof *sums);
            continue;
        }
        int16_t *output = (int16_t *)product->part->output + at;
        for (int32_t n = 0; n < columns->count; n++) {
            output[n] =
                (int16_t)pl_requantize_one_neon(&product->requantizer, sums[n], columns->first + n);
        }
    }
}

/* The sums are without the zero points of rows, which differ. */
static void finish_hybrid(const struct product *product, const struct columns *columns,
                          const int32_t *sums, int32_t x, int32_t rows)
{
    const struct pl_gemm_hybrid *weights = product->parameters;
    const int32_t first = columns->first;
    const struct pl_floats_mask mask = pl_floats_first(columns->count);
    const int32_t *weight_sums = pl_gemm_packed_sums(product->packed, first / BLOCK, product->k);
    const struct pl_floats scales = pl_floats_load_masked(weights->weight_scales + first, mask);
    const struct pl_floats bias = weights->bias != NULL
                                      ? pl_floats_load_masked(weights->bias + first, mask)
                                      : pl_floats_set(0.0f);
    const struct pl_floats low = pl_floats_set(weights->low), high = pl_floats_set(weights->high);
    float *output = (float *)product->part->output + first;
    for (int32_t r = 0; r < rows; r++, sums += BLOCK) {
        const int64_t step = (int64_t)(x + r) * weights->row_step;
        const struct pl_floats sum =
            pl_floats_of_difference(sums, weights->row_zero_points[step], weight_sums);
        const struct pl_floats scale =
            pl_floats_multiply(pl_floats_set(weights->row_scales[step]), scales);
        const struct pl_floats value = pl_floats_add(pl_floats_multiply(sum, scale), bias);
        pl_floats_store_masked(output + (int64_t)(x + r) * product->shape->output_stride,
                               pl_floats_clamp(value, low, high), mask);
    }
}

/* ---- the walk -------------------------------------------------------------------------------- */

static uint32_t sum_bytes(const int8_t *from, int64_t count)
{
    int32x4_t sums = vdupq_n_s32(0);
    for (; count >= 16; count -= 16, from += 16)
        sums = vpadalq_s16(sums, vpaddlq_s8(vld1q_s8(from)));
    int32_t rest = 0;
    for (int64_t i = 0; i < count; i++) rest += from[i];
    return (uint32_t)vaddvq_s32(sums) + (uint32_t)rest;
}

static void sum_rows(const struct product *product, const struct pl_gemm_rows *rows, int32_t count,
                     int32_t *starts)
{
    const int64_t bytes = pl_gemm_padded(product->k);
    const uint32_t outside = (uint32_t)product->k * (uint32_t)product->zero_point;
    for (int32_t r = 0; r < count; r++) {
        const int8_t *row = (const int8_t *)rows->rows + r * rows->stride;
        starts[r] = (int32_t)((sum_bytes(row, bytes) - outside) * (uint32_t)product->weight_offset);
    }
}

static void run_columns(const struct product *product, const struct pl_gemm_rows *rows,
                        const int32_t *row_starts, const struct columns *columns, int32_t x,
                        int32_t count)
{
    int32_t sums[TILE_ROWS * BLOCK] = {0};
    const int32_t tile_count = (count + TILE_ROWS - 1) / TILE_ROWS;
    for (int32_t i = 0, r = 0; i < tile_count; i++) {
        const int32_t height = (count - r) / (tile_count - i); /* tiles of about equal height */
        for (int32_t n = 0; n < columns->count;) {
            const bool wide = PL_DOT_VECTORS > NARROW / 4 && columns->count - n > NARROW;
            const struct tile tile = {
                .input = (const int8_t *)rows->rows + r * rows->stride,
                .stride = rows->stride,
                .weights = columns->weights + n * PL_GEMM_STEP,
                .steps = pl_gemm_padded(product->k) / PL_GEMM_STEP,
                .starts = columns->starts + n,
                .row_starts = row_starts != NULL ? row_starts + r : NULL,
                .sums = sums + n,
            };
            (wide ? tiles : narrow_tiles)[height - 1](&tile);
            n += wide ? BLOCK : NARROW;
        }
        product->finish(product, columns, sums, x + r, height);
        r += height;
    }
}

static void run_rows(const struct product *product, const struct pl_gemm_rows *rows, int32_t x,
                     int32_t count)
{
    int32_t row_starts[PL_GEMM_MAX_ROWS];
    const struct pl_gemm_part *part = product->part;
    const struct pl_requantizer_neon *requantizer = &product->requantizer;
    const bool offset = product->weight_offset != 0;
    const bool requantized = requantizer->multipliers != NULL || requantizer->scales != NULL;
    if (offset) sum_rows(product, rows, count, row_starts);
    for (int32_t block = part->from_block; block < part->to_block; block++) {
        struct columns columns;
        start_columns(product, block, &columns);
        if (requantized)
            pl_requantize_prepare_neon(requantizer, columns.first, columns.count,
                                       &columns.requantize);
        run_columns(product, rows, offset ? row_starts : NULL, &columns, x, count);
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
    return (struct product){
        .shape = shape,
        .part = part,
        .packed = packed,
        .k = pl_gemm_k(shape),
        .zero_point = *zero_points - flip,
        .zero_points = zero_points,
        .flip = flip,
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
    product.requantizer.range = weights->range;
    if (weights->rounding == PL_GEMM_FIXED) product.requantizer.multipliers = weights->multipliers;
    if (weights->rounding == PL_GEMM_DOUBLE) product.requantizer.scales = weights->scales;
    product.finish = weights->output == PL_GEMM_INT8    ? finish_i8
                     : weights->output == PL_GEMM_UINT8 ? finish_u8
                                                        : finish_words;
    run_product(&product);
}

void PL_LEVEL(pl_gemm_i8_neon)(const struct pl_gemm_shape *shape,
                               const struct pl_gemm_integer *weights,
                               const struct pl_gemm_part *part)
{
    run_integer(shape, weights, part, 0);
}

void PL_LEVEL(pl_gemm_u8_neon)(const struct pl_gemm_shape *shape,
                               const struct pl_gemm_integer *weights,
                               const struct pl_gemm_part *part)
{
    run_integer(shape, weights, part, 128);
}

void PL_LEVEL(pl_gemm_hybrid_neon)(const struct pl_gemm_shape *shape,
                                   const struct pl_gemm_hybrid *weights,
                                   const struct pl_gemm_part *part)
{
    struct product product =
        start_product(shape, part, weights->weights, weights->row_zero_points, 0);
    product.zero_step = weights->row_step;
    product.zero_point = 0; /* every row has its own */
    product.parameters = weights;
    product.finish = finish_hybrid;
    run_product(&product);
}
