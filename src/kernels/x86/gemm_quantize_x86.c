/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of floats made int8, as in c/gemm_pack_c.c: the range of a row, then its values sixteen at a
 * time, with the reference's two roundings. */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/quantized_row.h"
#include "kernels/x86/floats_x86.h"
#include "kernels/x86/gemm_quantize_x86.h"

enum { CHAINS = 4, CHUNK = CHAINS * PL_FLOATS };

/* ---- the range ------------------------------------------------------------------------------- */

struct ends {
    float low, high;
};

PL_ALWAYS_INLINE void widen(const float *values, struct pl_floats *low, struct pl_floats *high)
{
    const struct pl_floats x = pl_floats_load(values);
    *low = pl_floats_min(x, *low);
    *high = pl_floats_max(x, *high);
}

/* Not-a-number is passed over, but for the first value. */
static struct ends find_ends(const float *values, int64_t count)
{
    const float first = count > 0 ? values[0] : 0.0f;
    struct ends ends = {first, first};
    if (count < PL_FLOATS) {
        for (int64_t i = 1; i < count; i++) {
            ends.low = values[i] < ends.low ? values[i] : ends.low;
            ends.high = values[i] > ends.high ? values[i] : ends.high;
        }
        return ends;
    }
    struct pl_floats low[CHAINS], high[CHAINS];
#pragma GCC unroll 4
    for (int c = 0; c < CHAINS; c++) low[c] = high[c] = pl_floats_set(first);
    int64_t i = 0;
    for (; i + CHUNK <= count; i += CHUNK) {
#pragma GCC unroll 4
        for (int c = 0; c < CHAINS; c++) widen(values + i + c * PL_FLOATS, &low[c], &high[c]);
    }
    for (; i + PL_FLOATS <= count; i += PL_FLOATS) widen(values + i, &low[0], &high[0]);
    widen(values + count - PL_FLOATS, &low[1], &high[1]); /* some of them once more */
#pragma GCC unroll 4
    for (int c = 1; c < CHAINS; c++) {
        low[0] = pl_floats_min(low[c], low[0]);
        high[0] = pl_floats_max(high[c], high[0]);
    }
    ends.low = pl_floats_smallest(low[0]);
    ends.high = pl_floats_largest(high[0]);
    return ends;
}

/* ---- the values ------------------------------------------------------------------------------ */

/* What the values of a row share. Bounds are those of values without the zero point: clamped before they are cut to
 * whole numbers they give the same, and no conversion overflows. */
struct row_vectors {
    struct pl_floats inverse, low, high;
    struct pl_floats zero_point;
};

/* As the reference's vector code: rounded by adding a half, and the offset after that. */
PL_ALWAYS_INLINE __m128i quantize(struct pl_floats x, const struct row_vectors *row, int32_t zero_point)
{
    const struct pl_floats scaled = pl_floats_multiply(x, row->inverse);
    const struct pl_floats half = pl_floats_with_sign(pl_floats_set(0.5f), scaled);
    const struct pl_floats raised = pl_floats_max(pl_floats_add(scaled, half), row->low);
    return pl_floats_to_bytes(pl_floats_min(raised, row->high), zero_point);
}

/* As its scalar code: the offset first, then rounded exactly, which adding the number just below a
 * half does. */
PL_ALWAYS_INLINE __m128i quantize_last(struct pl_floats x, const struct row_vectors *row, float low)
{
    const struct pl_floats scaled = pl_floats_add(row->zero_point, pl_floats_multiply(x, row->inverse));
    const struct pl_floats half = pl_floats_with_sign(pl_floats_set(0x1.fffffep-2f), scaled);
    const struct pl_floats raised = pl_floats_max(pl_floats_add(scaled, half), pl_floats_set(low));
    return pl_floats_to_bytes(pl_floats_min(raised, pl_floats_set(127.0f)), 0);
}

static void quantize_all(const float *values, int64_t count, const struct pl_quantized_row *row,
                         float low, int8_t *quantized)
{
    if (row->is_zero) {
        memset(quantized, 0, (size_t)count);
        return;
    }
    const float zero_point = (float)row->zero_point;
    const struct row_vectors vectors = {.inverse = pl_floats_set(row->inverse),
                                        .low = pl_floats_set(low - zero_point),
                                        .high = pl_floats_set(127.0f - zero_point),
                                        .zero_point = pl_floats_set(zero_point)};
    const int64_t eights = count & ~(int64_t)7;
    const int32_t last = (int32_t)(count - eights);
    int64_t i = 0;
    for (; i + PL_FLOATS <= eights; i += PL_FLOATS) {
        _mm_storeu_si128((__m128i_u *)(void *)(quantized + i),
                         quantize(pl_floats_load(values + i), &vectors, row->zero_point));
    }
    if (i < eights) {
        const struct pl_floats x = pl_floats_load_masked(values + i, pl_floats_first(8));
        _mm_storel_epi64((__m128i_u *)(void *)(quantized + i), quantize(x, &vectors, row->zero_point));
    }
    if (last > 0) {
        const struct pl_floats x = pl_floats_load_masked(values + eights, pl_floats_first(last));
        pl_bytes_store_first(quantized + eights, quantize_last(x, &vectors, low), last);
    }
}

/* ---- rows ------------------------------------------------------------------------------------ */

void PL_LEVEL(pl_gemm_quantize_symmetric_x86)(const float *values, int64_t count, int8_t *quantized,
                                              float *scale, int32_t *zero_point)
{
    const struct ends ends = find_ends(values, count);
    const struct pl_quantized_row row = pl_quantized_row_symmetric(ends.low, ends.high);
    *scale = row.scale;
    *zero_point = row.zero_point;
    quantize_all(values, count, &row, -127.0f, quantized);
}

void PL_LEVEL(pl_gemm_quantize_asymmetric_x86)(const float *values, int64_t count,
                                               int8_t *quantized, float *scale, int32_t *zero_point)
{
    const struct ends ends = find_ends(values, count);
    const struct pl_quantized_row row = pl_quantized_row_asymmetric(ends.low, ends.high);
    *scale = row.scale;
    *zero_point = row.zero_point;
    quantize_all(values, count, &row, -128.0f, quantized);
}
