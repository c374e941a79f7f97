/* SPDX-License-Identifier: Apache-2.0 */
/* What signal operators do to frames of samples, sixteen at a time: the bits of c/signal_c.c. */
#include "kernels/x86/signal_x86.h"

#include <immintrin.h>
#include <string.h>

#include "kernels/c/signal_c.h"
#include "kernels/loop.h"

enum { SAMPLES = 16, MOST_BITS = 15 };

PL_ALWAYS_INLINE __m256i load(const int16_t *from)
{
    return _mm256_loadu_si256((const __m256i_u *)from);
}

PL_ALWAYS_INLINE void store(int16_t *to, __m256i x)
{
    _mm256_storeu_si256((__m256i_u *)to, x);
}

/* ---- window ------------------------------------------------------------------------------------------------------ */

/* Products in 32 bits, shifted and saturated; what is unpacked is packed in the same order again. */
PL_ALWAYS_INLINE __m256i weigh(__m256i samples, __m256i weights, __m128i shift)
{
    const __m256i low = _mm256_mullo_epi16(samples, weights), high = _mm256_mulhi_epi16(samples, weights);
    return _mm256_packs_epi32(_mm256_sra_epi32(_mm256_unpacklo_epi16(low, high), shift),
                              _mm256_sra_epi32(_mm256_unpackhi_epi16(low, high), shift));
}

void PL_LEVEL(pl_window_x86)(int16_t *output, const int16_t *input, const int16_t *weights, int32_t count, int32_t shift)
{
    const __m128i bits = _mm_cvtsi32_si128(shift);
    int32_t i = 0;
    for (; i + SAMPLES <= count; i += SAMPLES) store(output + i, weigh(load(input + i), load(weights + i), bits));
    if (i == count) return;
    int16_t rest[2][SAMPLES] = {{0}};
    const size_t bytes = (size_t)(count - i) * sizeof *input;
    memcpy(rest[0], input + i, bytes);
    memcpy(rest[1], weights + i, bytes);
    store(rest[0], weigh(load(rest[0]), load(rest[1]), bits));
    memcpy(output + i, rest[0], bytes);
}

/* ---- scale ------------------------------------------------------------------------------------------------------- */

/* The largest magnitude, 32768 if there is INT16_MIN; count is not below SAMPLES. */
static int32_t largest_magnitude(const int16_t *input, int64_t count)
{
    __m256i most = load(input), least = most;
    for (int64_t i = SAMPLES; i < count; i += SAMPLES) {
        const __m256i samples = load(input + (i + SAMPLES <= count ? i : count - SAMPLES));
        most = _mm256_max_epi16(most, samples);
        least = _mm256_min_epi16(least, samples);
    }
    int16_t lanes[2][SAMPLES];
    store(lanes[0], most);
    store(lanes[1], least);
    int32_t largest = 0;
    for (int i = 0; i < SAMPLES; i++) {
        if (lanes[0][i] > largest) largest = lanes[0][i];
        if (-lanes[1][i] > largest) largest = -lanes[1][i];
    }
    return largest;
}

int32_t PL_LEVEL(pl_auto_scale_x86)(int16_t *output, const int16_t *input, int64_t count)
{
    const int32_t largest = count >= SAMPLES ? largest_magnitude(input, count) : 0;
    if (largest == 0 || largest > INT16_MAX) return PL_LEVEL(pl_auto_scale_c)(output, input, count);
    const int32_t shift = MOST_BITS - (32 - __builtin_clz((unsigned)largest));
    const __m128i bits = _mm_cvtsi32_si128(shift);
    int64_t i = 0;
    for (; i + SAMPLES <= count; i += SAMPLES) store(output + i, _mm256_sll_epi16(load(input + i), bits));
    for (; i < count; i++) output[i] = (int16_t)(input[i] * (1 << shift));
    return shift;
}
