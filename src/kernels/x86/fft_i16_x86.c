/* SPDX-License-Identifier: Apache-2.0 */
/* Fourier transforms of 16 bits: passes of radix 4 take four butterflies at a time, a number of two
 * words each, in the arithmetic of fft_fixed.h. */
#include "kernels/x86/fft_i16_x86.h"

#include <immintrin.h>
#include <string.h>

#include "kernels/fft_fixed.h"
#include "kernels/loop.h"

enum { TOGETHER = 4 };

PL_FFT_FIXED_ARITHMETIC(i16, int16_t, int32_t, uint32_t, 15)

PL_ALWAYS_INLINE __m128i load(const void *from)
{
    return _mm_loadu_si128((const __m128i_u *)from);
}

PL_ALWAYS_INLINE void store(void *to, __m128i x)
{
    _mm_storeu_si128((__m128i_u *)to, x);
}

/* What the instruction rounds to is what scale_i16 rounds to. */
PL_ALWAYS_INLINE __m128i quarter(__m128i x)
{
    return _mm_mulhrs_epi16(x, _mm_set1_epi16(INT16_MAX / 4));
}

/* Twiddles are above INT16_MIN, so that their imaginary parts can change sign. */
PL_ALWAYS_INLINE __m128i times(__m128i a, __m128i b)
{
    const __m128i half = _mm_set1_epi32(1 << 14);
    const __m128i conjugate = _mm_sign_epi16(b, _mm_set1_epi32((int32_t)0xffff0001u));
    const __m128i swapped = _mm_shufflehi_epi16(_mm_shufflelo_epi16(b, 0xb1), 0xb1);
    const __m128i re = _mm_srli_epi32(_mm_add_epi32(_mm_madd_epi16(a, conjugate), half), 15);
    const __m128i im = _mm_add_epi32(_mm_madd_epi16(a, swapped), half);
    return _mm_blend_epi16(re, _mm_slli_epi32(im, 1), 0xaa);
}

/* Times -i, or +i. */
PL_ALWAYS_INLINE __m128i turn(__m128i a, bool back)
{
    const __m128i swapped = _mm_shufflehi_epi16(_mm_shufflelo_epi16(a, 0xb1), 0xb1);
    return _mm_sign_epi16(swapped,
                          _mm_set1_epi32(back ? (int32_t)0xffff0001u : (int32_t)0x0001ffffu));
}

/* Four butterflies: x[k] is point k of each, twiddles[k] what it is multiplied by. */
PL_ALWAYS_INLINE void combine(__m128i x[4], const __m128i twiddles[4], bool inverse)
{
    const __m128i x0 = quarter(x[0]);
    const __m128i x1 = times(quarter(x[1]), twiddles[1]);
    const __m128i x2 = times(quarter(x[2]), twiddles[2]);
    const __m128i x3 = times(quarter(x[3]), twiddles[3]);
    const __m128i even_sum = _mm_add_epi16(x0, x2), even_difference = _mm_sub_epi16(x0, x2);
    const __m128i odd_sum = _mm_add_epi16(x1, x3);
    const __m128i odd_difference = turn(_mm_sub_epi16(x1, x3), !inverse);
    x[0] = _mm_add_epi16(even_sum, odd_sum);
    x[1] = _mm_add_epi16(even_difference, odd_difference);
    x[2] = _mm_sub_epi16(even_sum, odd_sum);
    x[3] = _mm_sub_epi16(even_difference, odd_difference);
}

/* Point k of four blocks of four to vector k, or back. */
PL_ALWAYS_INLINE void transpose(__m128i x[4])
{
    const __m128i a = _mm_unpacklo_epi32(x[0], x[1]), b = _mm_unpackhi_epi32(x[0], x[1]);
    const __m128i c = _mm_unpacklo_epi32(x[2], x[3]), d = _mm_unpackhi_epi32(x[2], x[3]);
    x[0] = _mm_unpacklo_epi64(a, c);
    x[1] = _mm_unpackhi_epi64(a, c);
    x[2] = _mm_unpacklo_epi64(b, d);
    x[3] = _mm_unpackhi_epi64(b, d);
}

/* The first pass: blocks of four points, four of them at a time. */
static void run_first(int32_t *points, const struct pl_fft_pass *pass, const int32_t *twiddles,
                      bool inverse)
{
    int32_t first;
    memcpy(&first, twiddles, sizeof first);
    const __m128i one = _mm_set1_epi32(first);
    const __m128i ones[4] = {one, one, one, one};
    for (int32_t b = 0; b < pass->stride; b += TOGETHER, points += 4 * TOGETHER) {
        __m128i x[4];
        for (int k = 0; k < 4; k++) x[k] = load(points + k * TOGETHER);
        transpose(x);
        combine(x, ones, inverse);
        transpose(x);
        for (int k = 0; k < 4; k++) store(points + k * TOGETHER, x[k]);
    }
}

static void run_block(int32_t *points, const struct pl_fft_pass *pass, const int32_t *twiddles,
                      bool inverse)
{
    const int32_t m = pass->size;
    __m128i steps = _mm_mullo_epi32(_mm_set1_epi32(pass->stride), _mm_setr_epi32(0, 1, 2, 3));
    const __m128i more = _mm_set1_epi32(pass->stride * TOGETHER);
    for (int32_t i = 0; i < m; i += TOGETHER, steps = _mm_add_epi32(steps, more)) {
        const __m128i twice = _mm_slli_epi32(steps, 1);
        const __m128i factors[4] = {steps, _mm_i32gather_epi32(twiddles, steps, 4),
                                    _mm_i32gather_epi32(twiddles, twice, 4),
                                    _mm_i32gather_epi32(twiddles, _mm_add_epi32(steps, twice), 4)};
        __m128i x[4];
        for (int k = 0; k < 4; k++) x[k] = load(points + i + k * m);
        combine(x, factors, inverse);
        for (int k = 0; k < 4; k++) store(points + i + k * m, x[k]);
    }
}

/* False: this pass is left. */
static bool run_4(void *points, const struct pl_fft_pass *pass, const void *twiddles, bool inverse)
{
    int32_t *numbers = points;
    if (pass->size == 1 && pass->stride % TOGETHER == 0) {
        run_first(numbers, pass, twiddles, inverse);
        return true;
    }
    if (pass->size % TOGETHER != 0) return false;
    for (int32_t b = 0; b < pass->stride; b++)
        run_block(numbers + (int64_t)b * 4 * pass->size, pass, twiddles, inverse);
    return true;
}

#define FFT_NAME(name)                          name##_i16
#define FFT_REAL                                int16_t
#define FFT_RUN_4(out, pass, twiddles, inverse) run_4(out, pass, twiddles, inverse)
#include "kernels/fft_template.h"

void PL_LEVEL(pl_fft_complex_i16_x86)(const struct pl_fft *fft, const void *input, void *output)
{
    transform_i16(fft, input, output);
}

void PL_LEVEL(pl_fft_forward_i16_x86)(const struct pl_fft *fft, const void *input, void *output,
                                      void *work)
{
    forward_i16(fft, input, output, work);
}

void PL_LEVEL(pl_fft_inverse_i16_x86)(const struct pl_fft *fft, const void *input, void *output,
                                      void *work)
{
    inverse_i16(fft, input, output, work);
}
