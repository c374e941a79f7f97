/* SPDX-License-Identifier: Apache-2.0 */
/* Bilinear resizing of uint8, in the order of products and sums that movement_c.c has: the first
 * product of each, of an input and its row's share, is made once for all outputs that read it. */
#include "kernels/x86/resize_x86.h"

#include "kernels/c/movement_c.h"
#include "kernels/x86/requantize_x86.h"

enum { MOST = 4096 /* elements of the input rows that are prepared at a time */ };

/* The input rows times their shares, from column `first` on. */
struct prepared {
    int32_t first;
    float near[MOST + PL_LANES], far[MOST + PL_LANES];
};

/* PL_LANES bytes, or what there is of them. */
PL_ALWAYS_INLINE pl_vec_float floats_of(const uint8_t *from)
{
#if defined(__AVX512F__)
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i_u *)from)));
#else
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i_u *)from)));
#endif
}

PL_ALWAYS_INLINE void prepare_line(float *to, const uint8_t *from, int64_t count, float share)
{
    const pl_vec_float factor = PL_VEC_FLOAT(set1)(share);
    int64_t i = 0;
    for (; i + PL_LANES <= count; i += PL_LANES)
        PL_VEC_FLOAT(storeu)(to + i, PL_VEC_FLOAT(mul)(floats_of(from + i), factor));
    for (; i < count; i++) to[i] = (float)from[i] * share;
}

/* The output columns from `from` on that read what fits; at least one, or none if nothing does. */
static int32_t prepare(struct prepared *prepared, const uint8_t *near, const uint8_t *far,
                       const struct pl_resize_row *row, int32_t from)
{
    const struct pl_resize_tap *taps = row->columns;
    const int64_t columns = MOST / row->channels;
    int32_t last = 0, to = from;
    for (; to < row->width; to++) {
        if (taps[to].near < taps[from].near || taps[to].far - taps[from].near >= columns) break;
        if (taps[to].far > last) last = taps[to].far;
    }
    if (to == from) return from;
    prepared->first = taps[from].near;
    const int64_t start = (int64_t)prepared->first * row->channels;
    const int64_t count = (int64_t)(last - prepared->first + 1) * row->channels;
    prepare_line(prepared->near, near + start, count, 1 - row->row.fraction);
    prepare_line(prepared->far, far + start, count, row->row.fraction);
    return to;
}

#if !defined(__AVX512F__)
/* The lowest `count` bytes, fewer than eight. */
PL_ALWAYS_INLINE void store_few(uint8_t *to, uint64_t bytes, int32_t count)
{
    if (count & 4) {
        memcpy(to, &bytes, 4);
        to += 4;
        bytes >>= 32;
    }
    if (count & 2) {
        memcpy(to, &bytes, 2);
        to += 2;
        bytes >>= 16;
    }
    if (count & 1) *to = (uint8_t)bytes;
}
#endif

/* Bytes of PL_LANES floats from 0 to 256. */
PL_ALWAYS_INLINE void store_bytes(uint8_t *to, pl_vec_float x, int32_t count)
{
#if defined(__AVX512F__)
    const __m128i bytes = _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(x));
    if (count >= PL_LANES) _mm_storeu_si128((__m128i_u *)to, bytes);
    else _mm_mask_storeu_epi8(to, (__mmask16)((1u << count) - 1), bytes);
#else
    const __m256i words = _mm256_cvttps_epi32(x);
    const __m128i halves =
        _mm_packus_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    const __m128i bytes = _mm_packus_epi16(halves, halves);
    if (count >= PL_LANES) _mm_storel_epi64((__m128i_u *)to, bytes);
    else store_few(to, (uint64_t)_mm_cvtsi128_si64(bytes), count);
#endif
}

/* Columns of which all read the same two of the input, as neighbours do in a picture that gets larger. */
static void run_columns(uint8_t *to, const struct prepared *prepared, const struct pl_resize_tap *taps, int32_t count,
                        int32_t channels)
{
    const pl_vec_float one = PL_VEC_FLOAT(set1)(1.0f), half = PL_VEC_FLOAT(set1)(0.5f);
    const int64_t left_column = (int64_t)(taps->near - prepared->first) * channels;
    const int64_t right_column = (int64_t)(taps->far - prepared->first) * channels;
    for (int32_t c = 0; c < channels; c += PL_LANES) {
        const pl_vec_float near_left = PL_VEC_FLOAT(loadu)(prepared->near + left_column + c);
        const pl_vec_float far_left = PL_VEC_FLOAT(loadu)(prepared->far + left_column + c);
        const pl_vec_float near_right = PL_VEC_FLOAT(loadu)(prepared->near + right_column + c);
        const pl_vec_float far_right = PL_VEC_FLOAT(loadu)(prepared->far + right_column + c);
        for (int32_t x = 0; x < count; x++) {
            const pl_vec_float right = PL_VEC_FLOAT(set1)(taps[x].fraction);
            const pl_vec_float left = PL_VEC_FLOAT(sub)(one, right);
            pl_vec_float sum = PL_VEC_FLOAT(mul)(near_left, left);
            sum = PL_VEC_FLOAT(add)(sum, PL_VEC_FLOAT(mul)(far_left, left));
            sum = PL_VEC_FLOAT(add)(sum, PL_VEC_FLOAT(mul)(near_right, right));
            sum = PL_VEC_FLOAT(add)(sum, PL_VEC_FLOAT(mul)(far_right, right));
            store_bytes(to + (int64_t)x * channels + c, PL_VEC_FLOAT(add)(sum, half), channels - c);
        }
    }
}

static int32_t count_alike(const struct pl_resize_tap *taps, int32_t most)
{
    int32_t count = 1;
    while (count < most && taps[count].near == taps->near && taps[count].far == taps->far) count++;
    return count;
}

void PL_LEVEL(pl_bilinear_uint8_x86)(uint8_t *to, const uint8_t *near, const uint8_t *far,
                                     const struct pl_resize_row *row)
{
    struct prepared prepared;
    const int32_t channels = row->channels;
    for (int32_t from = 0; from < row->width;) {
        const int32_t end = prepare(&prepared, near, far, row, from);
        if (end == from) { /* of so many channels that nothing fits */
            struct pl_resize_row rest = *row;
            rest.columns += from;
            rest.width -= from;
            PL_LEVEL(pl_bilinear_uint8_c)(to + (int64_t)from * channels, near, far, &rest);
            return;
        }
        while (from < end) {
            const int32_t alike = count_alike(&row->columns[from], end - from);
            run_columns(to + (int64_t)from * channels, &prepared, &row->columns[from], alike, channels);
            from += alike;
        }
    }
}
