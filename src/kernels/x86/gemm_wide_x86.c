/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of int16 with int8 weights in the layout of gemm_vector.h, sums of 64 bits: four k
 * of an output are two pairs of products that are added in 32 bits and widened in time. */
#include <string.h>

#include "kernels/gemm_finish.h"
#include "kernels/x86/dot_x86.h"
#include "kernels/x86/gemm_x86.h"

/* A pair of products is at most 2^23. */
enum { ROWS = 4, SAFE_STEPS = 255, PARTS = PL_GEMM_BLOCK * 2 / PL_LANES };

/* ---- sums ------------------------------------------------------------------------------------ */

#if defined(__AVX512F__)
PL_ALWAYS_INLINE pl_vec widen_bytes(const int8_t *from)
{
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i_u *)from));
}
PL_ALWAYS_INLINE pl_vec spread_step(const int16_t *from)
{
    int64_t x;
    memcpy(&x, from, sizeof x);
    return _mm512_set1_epi64(x);
}
/* Sums of the two halves of every 64 bits. */
PL_ALWAYS_INLINE pl_vec add_halves(pl_vec sum, pl_vec x)
{
    const __m512i even = _mm512_srai_epi64(_mm512_slli_epi64(x, 32), 32);
    return _mm512_add_epi64(_mm512_add_epi64(sum, even), _mm512_srai_epi64(x, 32));
}
#else
PL_ALWAYS_INLINE pl_vec widen_bytes(const int8_t *from)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i_u *)from));
}
PL_ALWAYS_INLINE pl_vec spread_step(const int16_t *from)
{
    int64_t x;
    memcpy(&x, from, sizeof x);
    return _mm256_set1_epi64x(x);
}
PL_ALWAYS_INLINE pl_vec add_halves(pl_vec sum, pl_vec x)
{
    const __m256i one = _mm256_set1_epi64x(1); /* a product widens the lower half */
    const __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(x, 32), one);
    return _mm256_add_epi64(_mm256_add_epi64(sum, _mm256_mul_epi32(x, one)), odd);
}
#endif

/* All loops over the tile are unrolled: the sums would lie in memory else. */
#define UNROLL _Pragma("GCC unroll 4")

/* rows x 16 outputs over `count` steps. */
PL_ALWAYS_INLINE void multiply_steps(const int rows, const int16_t *input, int64_t stride,
                                     const int8_t *weights, int64_t count, pl_vec wide[ROWS][PARTS])
{
    pl_vec narrow[ROWS][PARTS];
    UNROLL for (int r = 0; r < rows; r++)
    {
        UNROLL for (int p = 0; p < PARTS; p++) narrow[r][p] = pl_vec_set(0);
    }
    for (int64_t i = 0; i < count; i++, input += PL_GEMM_STEP) {
        pl_vec w[PARTS];
        UNROLL for (int p = 0; p < PARTS; p++, weights += PL_LANES * 2) w[p] = widen_bytes(weights);
        UNROLL for (int r = 0; r < rows; r++)
        {
            const pl_vec x = spread_step(input + r * stride);
            UNROLL for (int p = 0; p < PARTS; p++)
            {
                narrow[r][p] = pl_vec_add(narrow[r][p], PL_VEC_16(madd)(x, w[p]));
            }
        }
    }
    UNROLL for (int r = 0; r < rows; r++)
    {
        UNROLL for (int p = 0; p < PARTS; p++) wide[r][p] = add_halves(wide[r][p], narrow[r][p]);
    }
}

PL_ALWAYS_INLINE void multiply(const int rows, const int16_t *input, int64_t stride,
                               const int8_t *weights, int64_t steps,
                               int64_t sums[ROWS][PL_GEMM_BLOCK])
{
    pl_vec wide[ROWS][PARTS];
    memset(wide, 0, sizeof wide);
    while (steps > 0) {
        const int64_t count = steps < SAFE_STEPS ? steps : SAFE_STEPS;
        multiply_steps(rows, input, stride, weights, count, wide);
        input += count * PL_GEMM_STEP;
        weights += count * PL_GEMM_STEP * PL_GEMM_BLOCK;
        steps -= count;
    }
    memcpy(sums, wide, sizeof wide);
}

static void multiply_rows(const int16_t *input, int64_t stride, const int8_t *weights,
                          int64_t steps, int64_t sums[ROWS][PL_GEMM_BLOCK])
{
    multiply(ROWS, input, stride, weights, steps, sums);
}

static void multiply_row(const int16_t *input, int64_t stride, const int8_t *weights, int64_t steps,
                         int64_t sums[ROWS][PL_GEMM_BLOCK])
{
    multiply(1, input, stride, weights, steps, sums);
}

/* ---- outputs --------------------------------------------------------------------------------- */

static void finish_row(const struct pl_gemm_integer *weights, const int64_t *sums, int64_t start,
                       int32_t first, int32_t count, void *output, int64_t at)
{
    for (int32_t n = 0; n < count; n++) {
        const int32_t value =
            pl_gemm_finish_wide(weights, (uint64_t)sums[n] + (uint64_t)start, first + n);
        if (weights->output == PL_GEMM_INT16) ((int16_t *)output)[at + n] = (int16_t)value;
        else ((int8_t *)output)[at + n] = (int8_t)value;
    }
}

/* ---- the walk -------------------------------------------------------------------------------- */

struct rows {
    const int16_t *values;
    int64_t stride; /* in elements */
    int64_t starts[PL_GEMM_MAX_ROWS];
    int32_t x; /* the first one's pixel */
    int32_t count;
};

static void run_block(const struct pl_gemm_shape *shape, const struct pl_gemm_integer *weights,
                      const struct pl_gemm_part *part, const struct rows *rows, int64_t k,
                      int32_t block)
{
    const int8_t *packed = pl_gemm_packed_block(weights->weights, block, k);
    const int64_t steps = pl_gemm_padded(k) / PL_GEMM_STEP;
    const int32_t first = block * PL_GEMM_BLOCK, rest = shape->channels - first;
    const int32_t count = rest < PL_GEMM_BLOCK ? rest : PL_GEMM_BLOCK;
    for (int32_t r = 0; r < rows->count;) {
        int64_t sums[ROWS][PL_GEMM_BLOCK];
        const int32_t height = rows->count - r < ROWS ? 1 : ROWS;
        (height == 1 ? multiply_row : multiply_rows)(rows->values + r * rows->stride, rows->stride,
                                                     packed, steps, sums);
        for (int32_t i = 0; i < height; i++, r++) {
            finish_row(weights, sums[i], rows->starts[r], first, count, part->output,
                       (int64_t)(rows->x + r) * shape->output_stride + first);
        }
    }
}

/* What the weights' offset adds. */
static void start_rows(struct rows *rows, int64_t k, int32_t weight_offset)
{
    for (int32_t r = 0; r < rows->count; r++) {
        int64_t sum = 0;
        for (int64_t i = 0; i < k && weight_offset != 0; i++)
            sum += rows->values[r * rows->stride + i];
        rows->starts[r] = sum * weight_offset;
    }
}

void PL_LEVEL(pl_gemm_i16_i8_x86)(const struct pl_gemm_shape *shape,
                                  const struct pl_gemm_integer *weights,
                                  const struct pl_gemm_part *part)
{
    const int64_t element = sizeof(int16_t);
    static const int32_t no_zero_point = 0;
    const struct pl_gemm_source source = {
        .shape = shape, .part = part, .element_bytes = element, .zero_points = &no_zero_point};
    const int64_t k =
        (int64_t)shape->patch.filter_height * shape->patch.filter_width * shape->depth;
    const int32_t most = PL_LEVEL(pl_gemm_rows_at_once)(shape, element);
    for (int32_t x = part->from_x; x < part->to_x;) {
        struct rows rows = {.x = x, .count = part->to_x - x < most ? part->to_x - x : most};
        const struct pl_gemm_rows made =
            PL_LEVEL(pl_gemm_make_rows)(&source, x, x + rows.count, part->scratch);
        rows.values = (const int16_t *)(const void *)made.rows;
        rows.stride = made.stride / element;
        start_rows(&rows, k, weights->weight_offset);
        for (int32_t block = part->from_block; block < part->to_block; block++)
            run_block(shape, weights, part, &rows, k, block);
        x += rows.count;
    }
}
