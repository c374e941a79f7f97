/* SPDX-License-Identifier: Apache-2.0 */
/* Signal operators on sixteen or eight channels at a time: the bits of c/signal_c.c. Audio front ends have some forty
 * channels, so what is left behind the last whole vector is one vector more, under a mask, and not a loop. */
#include "kernels/x86/signal_avx512.h"

#include <immintrin.h>

#include "kernels/loop.h"

enum { WORDS = 16, LONGS = 8 };

/* The lanes that are there, from i on. */
PL_ALWAYS_INLINE __mmask16 words_from(int64_t i, int64_t count)
{
    return (__mmask16)(count - i < WORDS ? (1u << (count - i)) - 1 : UINT16_MAX);
}

PL_ALWAYS_INLINE __mmask8 longs_from(int64_t i, int64_t count)
{
    return (__mmask8)(count - i < LONGS ? (1u << (count - i)) - 1 : UINT8_MAX);
}

/* Products of words without a sign, in 64 bits: those of even lanes, and of odd ones. */
struct wide {
    __m512i even, odd;
};

PL_ALWAYS_INLINE struct wide multiply_wide(__m512i a, __m512i b)
{
    return (struct wide){_mm512_mul_epu32(a, b),
                         _mm512_mul_epu32(_mm512_srli_epi64(a, 32), _mm512_srli_epi64(b, 32))};
}

PL_ALWAYS_INLINE struct wide add_wide(struct wide a, struct wide b)
{
    return (struct wide){_mm512_add_epi64(a.even, b.even), _mm512_add_epi64(a.odd, b.odd)};
}

/* The lowest words of x >> bits, in the order of their lanes. */
PL_ALWAYS_INLINE __m512i shift_to_words(struct wide x, int32_t bits)
{
    const __m128i count = _mm_cvtsi32_si128(bits);
    const __m512i odd = _mm512_slli_epi64(_mm512_srl_epi64(x.odd, count), 32);
    return _mm512_mask_mov_epi32(odd, 0x5555, _mm512_srl_epi64(x.even, count));
}

PL_ALWAYS_INLINE __m512i set_words(uint32_t x)
{
    return _mm512_set1_epi32((int32_t)x);
}

/* ---- spectra --------------------------------------------------------------------------------- */

void PL_LEVEL(pl_energy_avx512)(uint32_t *output, const int16_t *input, int64_t count)
{
    for (int64_t i = 0; i < count; i += WORDS) {
        const __mmask16 mask = words_from(i, count);
        const __m512i pairs = _mm512_maskz_loadu_epi32(mask, input + 2 * i);
        _mm512_mask_storeu_epi32(output + i, mask, _mm512_madd_epi16(pairs, pairs));
    }
}

/* Bins times weights that have a sign: modulo 2^64, as sums of them are. */
PL_ALWAYS_INLINE __m512i weigh(__m512i bins, __m512i raised_bins, __m128i weights)
{
    const __m512i wide = _mm512_cvtepi16_epi64(weights);
    const __m512i product = _mm512_mul_epu32(wide, bins);
    return _mm512_mask_sub_epi64(product, _mm512_movepi64_mask(wide), product, raised_bins);
}

/* Whole numbers can be summed up in any order: what a channel hands on stays in lanes until the next one's end. */
void PL_LEVEL(pl_filter_bank_avx512)(uint64_t *output, const uint32_t *input, const struct pl_signal_filter_bank *bank)
{
    __m512i handed_on = _mm512_setzero_si512();
    for (int32_t channel = 0; channel <= bank->channels; channel++) {
        const uint32_t *bins = input + bank->starts[channel];
        const int16_t *weights = bank->weights + bank->weight_starts[channel];
        const int16_t *unweights = bank->unweights + bank->weight_starts[channel];
        const int32_t width = bank->widths[channel];
        __m512i sum = handed_on;
        handed_on = _mm512_setzero_si512();
        for (int32_t i = 0; i < width; i += LONGS) {
            const __mmask8 mask = longs_from(i, width);
            const __m512i some = _mm512_cvtepu32_epi64(_mm256_maskz_loadu_epi32(mask, bins + i));
            const __m512i raised = _mm512_slli_epi64(some, 32);
            sum = _mm512_add_epi64(sum, weigh(some, raised, _mm_maskz_loadu_epi16(mask, weights + i)));
            handed_on = _mm512_add_epi64(handed_on, weigh(some, raised, _mm_maskz_loadu_epi16(mask, unweights + i)));
        }
        if (channel > 0) output[channel - 1] = (uint64_t)_mm512_reduce_add_epi64(sum);
    }
}

/* ---- channels -------------------------------------------------------------------------------- */

/* The largest integers whose squares are not larger; double is off by one at most. */
PL_ALWAYS_INLINE __m512i whole_roots(__m512i numbers)
{
    const __m512i one = _mm512_set1_epi64(1), most = _mm512_set1_epi64(UINT32_MAX);
    const __m512i close = _mm512_cvttpd_epu64(_mm512_sqrt_pd(_mm512_cvtepu64_pd(numbers)));
    __m512i roots = _mm512_min_epu64(close, most);
    const __mmask8 above = _mm512_cmpgt_epu64_mask(_mm512_mul_epu32(roots, roots), numbers);
    roots = _mm512_mask_sub_epi64(roots, above, roots, one);
    const __m512i next = _mm512_add_epi64(roots, one);
    const __mmask8 below = _mm512_mask_cmple_epu64_mask(_mm512_cmplt_epu64_mask(roots, most),
                                                        _mm512_mul_epu32(next, next), numbers);
    return _mm512_mask_mov_epi64(roots, below, next);
}

void PL_LEVEL(pl_square_root_avx512)(uint32_t *output, const uint64_t *input, int64_t count, int32_t shift)
{
    for (int64_t i = 0; i < count; i += LONGS) {
        const __mmask8 mask = longs_from(i, count);
        const __m512i numbers = _mm512_maskz_loadu_epi64(mask, input + i);
        const __m512i roots = whole_roots(numbers);
        /* Numbers of 32 bits give at most 0xffff. */
        const __mmask8 wide = _mm512_cmpgt_epu64_mask(numbers, _mm512_set1_epi64(UINT32_MAX));
        const __m512i most = _mm512_mask_mov_epi64(_mm512_set1_epi64(UINT16_MAX), wide, _mm512_set1_epi64(UINT32_MAX));
        const __m512i rest = _mm512_sub_epi64(numbers, _mm512_mul_epu32(roots, roots));
        const __mmask8 up = _mm512_mask_cmpgt_epu64_mask(_mm512_cmpneq_epu64_mask(roots, most), rest, roots);
        const __m512i rounded = _mm512_mask_add_epi64(roots, up, roots, _mm512_set1_epi64(1));
        const __m512i shifted = _mm512_srl_epi64(rounded, _mm_cvtsi32_si128(shift));
        _mm256_mask_storeu_epi32(output + i, mask, _mm512_cvtepi64_epi32(shifted));
    }
}

/* One for even channels, one for odd ones. */
PL_ALWAYS_INLINE __m512i alternate(const uint32_t pair[2])
{
    return _mm512_set1_epi64((int64_t)((uint64_t)pair[1] << 32 | pair[0]));
}

void PL_LEVEL(pl_subtract_noise_avx512)(uint32_t *output, uint32_t *noise, const uint32_t *input, int64_t count,
                                        const struct pl_signal_subtraction *subtraction)
{
    const int32_t bits = subtraction->spectral_subtraction_bits;
    const __m128i smoothing_bits = _mm_cvtsi32_si128(subtraction->smoothing_bits);
    const __m512i new_part = alternate(subtraction->smoothing), old_part = alternate(subtraction->one_minus_smoothing);
    const __m512i remaining = set_words(subtraction->min_signal_remaining);
    for (int64_t i = 0; i < count; i += WORDS) {
        const __mmask16 mask = words_from(i, count);
        const __m512i signal = _mm512_maskz_loadu_epi32(mask, input + i);
        const __m512i scaled = _mm512_sll_epi32(signal, smoothing_bits);
        const struct wide old = multiply_wide(_mm512_maskz_loadu_epi32(mask, noise + i), old_part);
        const __m512i estimate = shift_to_words(add_wide(multiply_wide(scaled, new_part), old), bits);
        const __m512i clamped = _mm512_min_epu32(estimate, scaled);
        _mm512_mask_storeu_epi32(noise + i, mask, subtraction->clamping ? clamped : estimate);
        const __m512i least = shift_to_words(multiply_wide(signal, remaining), bits);
        const __m512i left = _mm512_srl_epi32(_mm512_sub_epi32(scaled, clamped), smoothing_bits);
        _mm512_mask_storeu_epi32(output + i, mask, _mm512_max_epu32(left, least));
    }
}

/* Two neighbours of a table each, which have a sign: the first one in the lower half. */
PL_ALWAYS_INLINE __m512i find_pairs(const int16_t *table, __m512i index)
{
    return _mm512_i32gather_epi32(index, (const void *)table, sizeof *table);
}

PL_ALWAYS_INLINE __m512i first_of(__m512i pairs)
{
    return _mm512_srai_epi32(_mm512_slli_epi32(pairs, 16), 16);
}

PL_ALWAYS_INLINE __m512i second_of(__m512i pairs)
{
    return _mm512_srai_epi32(pairs, 16);
}

/* The bits behind the highest one, as many as 32 less `shift`. */
PL_ALWAYS_INLINE __m512i behind_highest(__m512i x, __m512i zeros, uint32_t shift)
{
    const __m512i left = _mm512_sllv_epi32(x, _mm512_add_epi32(zeros, set_words(1)));
    return _mm512_srli_epi32(left, shift);
}

/* A parabola in the 10 bits behind the highest, per power of two; the first three are single. */
PL_ALWAYS_INLINE __m512i gains_at(__m512i noise, const int16_t *gains)
{
    const __m512i zeros = _mm512_lzcnt_epi32(noise);
    const __mmask16 single = _mm512_cmple_epu32_mask(noise, set_words(2));
    /* 4 * (32 - zeros) - 6 */
    const __m512i segment = _mm512_sub_epi32(set_words(4 * 32 - 6), _mm512_slli_epi32(zeros, 2));
    const __m512i index = _mm512_mask_mov_epi32(segment, single, noise);
    const __m512i low = find_pairs(gains, index), high = find_pairs(gains + 1, index);
    const __m512i fraction = behind_highest(noise, zeros, 22);
    __m512i result = _mm512_srai_epi32(_mm512_mullo_epi32(second_of(high), fraction), 5);
    result = _mm512_add_epi32(result, _mm512_slli_epi32(second_of(low), 5));
    result = _mm512_mullo_epi32(result, fraction);
    result = _mm512_srai_epi32(_mm512_add_epi32(result, set_words(1u << 14)), 15);
    result = first_of(_mm512_add_epi32(result, low));
    return _mm512_mask_mov_epi32(result, single, first_of(low));
}

/* 12 bits of fraction become 6: x * x / 4 below 2, x - 1 from there on. */
PL_ALWAYS_INLINE __m512i shrink(__m512i x)
{
    const __m512i curved = _mm512_srli_epi32(_mm512_mullo_epi32(x, x), 20);
    const __m512i straight = _mm512_sub_epi32(_mm512_srli_epi32(x, 6), set_words(1u << 6));
    return _mm512_mask_mov_epi32(straight, _mm512_cmplt_epu32_mask(x, set_words(2u << 12)), curved);
}

void PL_LEVEL(pl_gain_control_avx512)(uint32_t *output, const uint32_t *input, const uint32_t *noise,
                                      const int16_t *gains, int64_t count, int32_t snr_shift)
{
    for (int64_t i = 0; i < count; i += WORDS) {
        const __mmask16 mask = words_from(i, count);
        const __m512i gain = gains_at(_mm512_maskz_loadu_epi32(mask, noise + i), gains);
        const struct wide products = multiply_wide(_mm512_maskz_loadu_epi32(mask, input + i), gain);
        _mm512_mask_storeu_epi32(output + i, mask, shrink(shift_to_words(products, snr_shift)));
    }
}

/* ln(x) * scale / 65536, for x > 1. */
PL_ALWAYS_INLINE __m512i scaled_logs(__m512i x, const struct pl_signal_log *log)
{
    const __m512i zeros = _mm512_lzcnt_epi32(x), half = set_words(32768);
    const __m512i fraction = behind_highest(x, zeros, 16);
    const __m512i pairs = find_pairs(log->table, _mm512_srli_epi32(fraction, 9));
    const __m512i low = first_of(pairs), rise = _mm512_sub_epi32(second_of(pairs), low);
    const __m512i part = _mm512_and_si512(fraction, set_words(511));
    const __m512i inside = _mm512_srai_epi32(_mm512_mullo_epi32(rise, part), 16);
    const __m512i integer = _mm512_slli_epi32(_mm512_sub_epi32(set_words(31), zeros), 16);
    const __m512i log_2 = _mm512_add_epi32(_mm512_add_epi32(integer, fraction), _mm512_add_epi32(low, inside));
    const struct wide rounding = {_mm512_set1_epi64(32768), _mm512_set1_epi64(32768)};
    const __m512i natural = shift_to_words(add_wide(multiply_wide(log_2, set_words(45426)), rounding), 16);
    const __m512i scaled = _mm512_mullo_epi32(set_words(log->output_scale), natural);
    return _mm512_srli_epi32(_mm512_add_epi32(scaled, half), 16);
}

void PL_LEVEL(pl_logarithm_avx512)(int16_t *output, const uint32_t *input, int64_t count, const struct pl_signal_log *log)
{
    const __m128i correction_bits = _mm_cvtsi32_si128(log->correction_bits);
    for (int64_t i = 0; i < count; i += WORDS) {
        const __mmask16 mask = words_from(i, count);
        const __m512i x = _mm512_sll_epi32(_mm512_maskz_loadu_epi32(mask, input + i), correction_bits);
        /* For 0 a segment past the table would be looked up. */
        const __m512i values = scaled_logs(_mm512_max_epu32(x, set_words(1)), log);
        const __m512i limited = _mm512_min_epu32(values, set_words(INT16_MAX));
        const __m512i found = _mm512_maskz_mov_epi32(_mm512_cmpgt_epu32_mask(x, set_words(1)), limited);
        _mm256_mask_storeu_epi16(output + i, mask, _mm512_cvtepi32_epi16(found));
    }
}
