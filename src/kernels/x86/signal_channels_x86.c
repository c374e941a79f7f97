/* SPDX-License-Identifier: Apache-2.0 */
/* What signal operators do to spectra and to the channels of a filter bank, a vector at a time: the bits of c/signal_c.c.
 * Audio front ends have some forty channels, so what is left behind the last whole vector is one vector more. */
#include "kernels/x86/signal_channels_x86.h"

#include "kernels/loop.h"
#include "kernels/x86/words_x86.h"

/* Products of words without a sign, in 64 bits: those of even lanes, and of odd ones. */
struct wide {
    pl_vec even, odd;
};

PL_ALWAYS_INLINE struct wide multiply_wide(pl_vec a, pl_vec b)
{
    return (struct wide){pl_multiply_even(a, b), pl_multiply_even(PL_VEC_64(srli)(a, 32), PL_VEC_64(srli)(b, 32))};
}

PL_ALWAYS_INLINE struct wide add_wide(struct wide a, struct wide b)
{
    return (struct wide){PL_VEC_64(add)(a.even, b.even), PL_VEC_64(add)(a.odd, b.odd)};
}

/* The lowest words of x >> bits, in the order of their lanes. */
PL_ALWAYS_INLINE pl_vec shift_to_words(struct wide x, int32_t bits)
{
    const __m128i count = _mm_cvtsi32_si128(bits);
    return pl_words_alternate(PL_VEC_64(srl)(x.even, count), PL_VEC_64(slli)(PL_VEC_64(srl)(x.odd, count), 32));
}

/* ---- spectra --------------------------------------------------------------------------------- */

void PL_LEVEL(pl_energy_x86)(uint32_t *output, const int16_t *input, int64_t count)
{
    for (int64_t i = 0; i < count; i += PL_WORDS) {
        const pl_vec pairs = pl_words_load_first(input + 2 * i, count - i);
        pl_words_store_first(output + i, PL_VEC_16(madd)(pairs, pairs), count - i);
    }
}

/* Bins times weights that have a sign: modulo 2^64, as sums of them are. */
PL_ALWAYS_INLINE pl_vec weigh(pl_vec bins, pl_vec weights)
{
    const pl_vec negative = pl_longs_above(pl_longs_set(0), weights);
    const pl_vec too_much = PL_VEC_AND(negative, PL_VEC_64(slli)(bins, 32));
    return PL_VEC_64(sub)(pl_multiply_even(weights, bins), too_much);
}

/* Whole numbers can be summed up in any order: what a channel hands on stays in lanes until the next one's end. */
void PL_LEVEL(pl_filter_bank_x86)(uint64_t *output, const uint32_t *input, const struct pl_signal_filter_bank *bank)
{
    pl_vec handed_on = pl_longs_set(0);
    for (int32_t channel = 0; channel <= bank->channels; channel++) {
        const uint32_t *bins = input + bank->starts[channel];
        const int16_t *weights = bank->weights + bank->weight_starts[channel];
        const int16_t *unweights = bank->unweights + bank->weight_starts[channel];
        pl_vec sum = handed_on;
        handed_on = pl_longs_set(0);
        for (int32_t i = 0, width = bank->widths[channel]; i < width; i += PL_LONGS) {
            const int32_t count = width - i < PL_LONGS ? width - i : PL_LONGS;
            const pl_vec some = pl_longs_of_words(bins + i, count);
            sum = PL_VEC_64(add)(sum, weigh(some, pl_longs_of_halves(weights + i, count)));
            handed_on = PL_VEC_64(add)(handed_on, weigh(some, pl_longs_of_halves(unweights + i, count)));
        }
        if (channel > 0) output[channel - 1] = pl_longs_sum(sum);
    }
}

/* ---- channels -------------------------------------------------------------------------------- */

/* The largest integers whose squares are not larger; double is off by one at most. What is left of a number is far below
 * 2^63, with a sign. */
PL_ALWAYS_INLINE pl_vec whole_roots(pl_vec numbers)
{
    const pl_vec most = pl_longs_set(UINT32_MAX), close = pl_longs_close_roots(numbers);
    pl_vec roots = pl_vec_choose(pl_longs_above(close, most), most, close);
    const pl_vec left = PL_VEC_64(sub)(numbers, pl_multiply_even(roots, roots));
    const pl_vec too_large = pl_longs_above(pl_longs_set(0), left);
    const pl_vec too_small = PL_VEC_AND(pl_longs_above(left, PL_VEC_64(add)(roots, roots)), pl_longs_above(most, roots));
    roots = PL_VEC_64(add)(roots, too_large);
    return PL_VEC_64(sub)(roots, too_small);
}

/* To the nearest integers, but for numbers of 32 bits at most 0xffff. */
PL_ALWAYS_INLINE pl_vec rounded_roots(pl_vec numbers)
{
    const pl_vec is_wide = pl_longs_above(PL_VEC_64(srli)(numbers, 32), pl_longs_set(0));
    const pl_vec most = pl_vec_choose(is_wide, pl_longs_set(UINT32_MAX), pl_longs_set(UINT16_MAX));
    const pl_vec roots = whole_roots(numbers);
    const pl_vec left = PL_VEC_64(sub)(numbers, pl_multiply_even(roots, roots));
    const pl_vec up = PL_VEC_AND(pl_longs_above(left, roots), pl_longs_above(most, roots));
    return PL_VEC_64(sub)(roots, up);
}

void PL_LEVEL(pl_square_root_x86)(uint32_t *output, const uint64_t *input, int64_t count, int32_t shift)
{
    for (int64_t i = 0; i < count; i += PL_LONGS) {
        const pl_vec numbers = pl_words_load_first(input + i, 2 * (count - i));
        const pl_vec shifted = PL_VEC_64(srl)(rounded_roots(numbers), _mm_cvtsi32_si128(shift));
        pl_lower_words_store_first(output + i, shifted, count - i);
    }
}

/* One for even channels, one for odd ones. */
PL_ALWAYS_INLINE pl_vec alternate(const uint32_t pair[2])
{
    return pl_longs_set((uint64_t)pair[1] << 32 | pair[0]);
}

void PL_LEVEL(pl_subtract_noise_x86)(uint32_t *output, uint32_t *noise, const uint32_t *input, int64_t count,
                                     const struct pl_signal_subtraction *subtraction)
{
    const int32_t bits = subtraction->spectral_subtraction_bits;
    const __m128i smoothing_bits = _mm_cvtsi32_si128(subtraction->smoothing_bits);
    const pl_vec new_part = alternate(subtraction->smoothing), old_part = alternate(subtraction->one_minus_smoothing);
    const pl_vec remaining = pl_words_set(subtraction->min_signal_remaining);
    for (int64_t i = 0; i < count; i += PL_WORDS) {
        const pl_vec signal = pl_words_load_first(input + i, count - i);
        const pl_vec scaled = PL_VEC_32(sll)(signal, smoothing_bits);
        const struct wide old = multiply_wide(pl_words_load_first(noise + i, count - i), old_part);
        const pl_vec estimate = shift_to_words(add_wide(multiply_wide(scaled, new_part), old), bits);
        const pl_vec clamped = pl_words_min(estimate, scaled);
        pl_words_store_first(noise + i, subtraction->clamping ? clamped : estimate, count - i);
        const pl_vec least = shift_to_words(multiply_wide(signal, remaining), bits);
        const pl_vec left = PL_VEC_32(srl)(PL_VEC_32(sub)(scaled, clamped), smoothing_bits);
        pl_words_store_first(output + i, pl_words_max(left, least), count - i);
    }
}

/* Two neighbours of a table, which have a sign: the first one is in the lower half. */
PL_ALWAYS_INLINE pl_vec first_of(pl_vec pairs)
{
    return PL_VEC_32(srai)(PL_VEC_32(slli)(pairs, 16), 16);
}

PL_ALWAYS_INLINE pl_vec second_of(pl_vec pairs)
{
    return PL_VEC_32(srai)(pairs, 16);
}

/* The bits behind the highest one, from bit 31 down. */
PL_ALWAYS_INLINE pl_vec behind_highest(pl_vec x, pl_vec zeros)
{
    return PL_VEC_32(sllv)(x, PL_VEC_32(add)(zeros, pl_words_set(1)));
}

/* A parabola in the 10 bits behind the highest, per power of two; the first three are single. */
PL_ALWAYS_INLINE pl_vec gains_at(pl_vec noise, const int16_t *gains)
{
    const pl_vec zeros = pl_words_leading_zeros(noise);
    const pl_vec single = pl_words_up_to(noise, pl_words_set(2));
    /* 4 * (32 - zeros) - 6 */
    const pl_vec segment = PL_VEC_32(sub)(pl_words_set(4 * 32 - 6), PL_VEC_32(slli)(zeros, 2));
    const pl_vec index = pl_vec_choose(single, noise, segment);
    const pl_vec low = pl_words_gather_halves(gains, index), high = pl_words_gather_halves(gains + 1, index);
    const pl_vec fraction = PL_VEC_32(srli)(behind_highest(noise, zeros), 22);
    pl_vec result = PL_VEC_32(srai)(PL_VEC_32(mullo)(second_of(high), fraction), 5);
    result = PL_VEC_32(add)(result, PL_VEC_32(slli)(second_of(low), 5));
    result = PL_VEC_32(mullo)(result, fraction);
    result = PL_VEC_32(srai)(PL_VEC_32(add)(result, pl_words_set(1u << 14)), 15);
    result = first_of(PL_VEC_32(add)(result, low));
    return pl_vec_choose(single, first_of(low), result);
}

/* 12 bits of fraction become 6: x * x / 4 below 2, x - 1 from there on. */
PL_ALWAYS_INLINE pl_vec shrink(pl_vec x)
{
    const pl_vec curved = PL_VEC_32(srli)(PL_VEC_32(mullo)(x, x), 20);
    const pl_vec straight = PL_VEC_32(sub)(PL_VEC_32(srli)(x, 6), pl_words_set(1u << 6));
    return pl_vec_choose(pl_words_up_to(x, pl_words_set((2u << 12) - 1)), curved, straight);
}

void PL_LEVEL(pl_gain_control_x86)(uint32_t *output, const uint32_t *input, const uint32_t *noise, const int16_t *gains,
                                   int64_t count, int32_t snr_shift)
{
    for (int64_t i = 0; i < count; i += PL_WORDS) {
        const pl_vec gain = gains_at(pl_words_load_first(noise + i, count - i), gains);
        const struct wide products = multiply_wide(pl_words_load_first(input + i, count - i), gain);
        pl_words_store_first(output + i, shrink(shift_to_words(products, snr_shift)), count - i);
    }
}

/* ln(x) * scale / 65536, for x > 1. */
PL_ALWAYS_INLINE pl_vec scaled_logs(pl_vec x, const struct pl_signal_log *log)
{
    const pl_vec zeros = pl_words_leading_zeros(x), half = pl_words_set(32768);
    const pl_vec fraction = PL_VEC_32(srli)(behind_highest(x, zeros), 16);
    const pl_vec pairs = pl_words_gather_halves(log->table, PL_VEC_32(srli)(fraction, 9));
    const pl_vec low = first_of(pairs), rise = PL_VEC_32(sub)(second_of(pairs), low);
    const pl_vec part = PL_VEC_AND(fraction, pl_words_set(511));
    const pl_vec inside = PL_VEC_32(srai)(PL_VEC_32(mullo)(rise, part), 16);
    const pl_vec integer = PL_VEC_32(slli)(PL_VEC_32(sub)(pl_words_set(31), zeros), 16);
    const pl_vec log_2 = PL_VEC_32(add)(PL_VEC_32(add)(integer, fraction), PL_VEC_32(add)(low, inside));
    const struct wide rounding = {pl_longs_set(32768), pl_longs_set(32768)};
    const pl_vec natural = shift_to_words(add_wide(multiply_wide(log_2, pl_words_set(45426)), rounding), 16);
    const pl_vec scaled = PL_VEC_32(mullo)(pl_words_set(log->output_scale), natural);
    return PL_VEC_32(srli)(PL_VEC_32(add)(scaled, half), 16);
}

void PL_LEVEL(pl_logarithm_x86)(int16_t *output, const uint32_t *input, int64_t count, const struct pl_signal_log *log)
{
    const __m128i correction_bits = _mm_cvtsi32_si128(log->correction_bits);
    const pl_vec one = pl_words_set(1);
    for (int64_t i = 0; i < count; i += PL_WORDS) {
        const pl_vec x = PL_VEC_32(sll)(pl_words_load_first(input + i, count - i), correction_bits);
        /* For 0 a segment past the table would be looked up. */
        const pl_vec values = pl_words_min(scaled_logs(pl_words_max(x, one), log), pl_words_set(INT16_MAX));
        const pl_vec found = pl_vec_choose(pl_words_up_to(x, one), pl_words_set(0), values);
        pl_lower_halves_store_first(output + i, found, count - i);
    }
}
