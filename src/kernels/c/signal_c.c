/* SPDX-License-Identifier: Apache-2.0 */
/* Signal operators, the reference: see signal_kernels.h. Unsigned arithmetic wraps around where
 * TensorFlow Lite Micro's does. */
#include "kernels/c/signal_c.h"

#include <math.h>

#include "kernels/faster.h"
#include "kernels/kernels.h"
#include "kernels/loop.h"

static inline int16_t saturate(int32_t value)
{
    return (int16_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
}

/* The number of the highest bit that is set, from 1; 32 for 0, as the original has it. */
static inline int32_t highest_bit(uint32_t x)
{
    return x != 0 ? 32 - __builtin_clz(x) : 32;
}

static void window(int16_t *output, const int16_t *input, const int16_t *weights, int32_t count,
                   int32_t shift)
{
    PL_INDEPENDENT_LOOP
    for (int32_t i = 0; i < count; i++)
        output[i] = saturate(((int32_t)input[i] * weights[i]) >> shift);
}

/* The magnitude of -32768 wraps around to itself and then loses against any other. */
static int16_t largest_with_wrapping(const int16_t *input, int64_t count)
{
    int16_t largest = 0;
    for (int64_t i = 0; i < count; i++) {
        if (input[i] > largest) {
            largest = input[i];
        } else if (-input[i] > largest) {
            largest = (int16_t)-input[i];
        }
    }
    return largest;
}

static int16_t largest_magnitude(const int16_t *input, int64_t count)
{
    int32_t largest = 0;
    for (int64_t i = 0; i < count; i++) {
        const int32_t magnitude = input[i] < 0 ? -input[i] : input[i];
        largest = largest < magnitude ? magnitude : largest;
    }
    return largest > INT16_MAX ? largest_with_wrapping(input, count) : (int16_t)largest;
}

int32_t PL_LEVEL(pl_auto_scale_c)(int16_t *output, const int16_t *input, int64_t count)
{
    const int32_t room = 15 - highest_bit((uint32_t)largest_magnitude(input, count));
    const int32_t bits = room > 0 ? room : 0;
    PL_INDEPENDENT_LOOP
    for (int64_t i = 0; i < count; i++) output[i] = (int16_t)(input[i] * (1 << bits));
    return bits;
}

static void energy(uint32_t *output, const int16_t *input, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const int32_t re = input[2 * i];
        const int32_t im = input[2 * i + 1];
        output[i] = (uint32_t)(re * re) + (uint32_t)(im * im);
    }
}

static void filter_bank(uint64_t *output, const uint32_t *input,
                        const struct pl_signal_filter_bank *bank)
{
    uint64_t handed_on = 0;
    for (int32_t channel = 0; channel <= bank->channels; channel++) {
        const uint32_t *bins = input + bank->starts[channel];
        const int16_t *weights = bank->weights + bank->weight_starts[channel];
        const int16_t *unweights = bank->unweights + bank->weight_starts[channel];
        uint64_t sum = handed_on;
        handed_on = 0;
        for (int32_t i = 0; i < bank->widths[channel]; i++) {
            sum += (uint64_t)weights[i] * bins[i];
            handed_on += (uint64_t)unweights[i] * bins[i];
        }
        if (channel > 0) output[channel - 1] = sum;
    }
}

/* The largest integer whose square is not larger; double is off by one at most. */
static uint64_t whole_root(uint64_t number)
{
    const double close = sqrt((double)number);
    uint64_t root = close < 0x1p32 ? (uint64_t)close : UINT32_MAX;
    if (root * root > number) root--;
    if (root < UINT32_MAX && (root + 1) * (root + 1) <= number) root++;
    return root;
}

/* To the nearest integer. Numbers of 32 bits give at most 0xffff, which is not always the
 * nearest. */
static uint32_t rounded_root(uint64_t number)
{
    const uint64_t most = number >> 32 == 0 ? UINT16_MAX : UINT32_MAX;
    const uint64_t root = whole_root(number);
    return (uint32_t)(number - root * root > root && root != most ? root + 1 : root);
}

static void square_root(uint32_t *output, const uint64_t *input, int64_t count, int32_t shift)
{
    for (int64_t i = 0; i < count; i++) output[i] = rounded_root(input[i]) >> shift;
}

static void subtract_noise(uint32_t *output, uint32_t *noise, const uint32_t *input, int64_t count,
                           const struct pl_signal_subtraction *subtraction)
{
    const int32_t bits = subtraction->spectral_subtraction_bits;
    for (int64_t i = 0; i < count; i++) {
        const uint32_t scaled = input[i] << subtraction->smoothing_bits;
        const uint64_t smoothed = (uint64_t)scaled * subtraction->smoothing[i & 1] +
                                  (uint64_t)noise[i] * subtraction->one_minus_smoothing[i & 1];
        uint32_t estimate = (uint32_t)(smoothed >> bits);
        noise[i] = estimate;
        if (estimate > scaled) {
            estimate = scaled;
            if (subtraction->clamping) noise[i] = estimate;
        }
        const uint32_t least =
            (uint32_t)((uint64_t)input[i] * subtraction->min_signal_remaining >> bits);
        const uint32_t left = (scaled - estimate) >> subtraction->smoothing_bits;
        output[i] = left > least ? left : least;
    }
}

/* A parabola in the 10 bits behind the highest, per power of two. */
static int16_t gain_at(uint32_t noise, const int16_t *gains)
{
    if (noise <= 2) return gains[noise];
    const int32_t bit = highest_bit(noise);
    const int16_t *segment = gains + 4 * bit - 6;
    const int32_t fraction =
        (int32_t)(bit < 11 ? noise << (11 - bit) : noise >> (bit - 11)) & 0x3ff;
    uint32_t result = (uint32_t)((segment[2] * fraction) >> 5);
    result += (uint32_t)segment[1] << 5;
    result *= (uint32_t)fraction;
    return (int16_t)(((int32_t)(result + (1u << 14)) >> 15) + segment[0]);
}

/* 12 bits of fraction become 6: x * x / 4 below 2, x - 1 from there on. */
static uint32_t shrink(uint32_t x)
{
    return x < (2u << 12) ? (x * x) >> 20 : (x >> 6) - (1u << 6);
}

static void gain_control(uint32_t *output, const uint32_t *input, const uint32_t *noise,
                         const int16_t *gains, int64_t count, int32_t snr_shift)
{
    for (int64_t i = 0; i < count; i++) {
        const uint32_t gain = (uint32_t)gain_at(noise[i], gains);
        output[i] = shrink((uint32_t)(((uint64_t)input[i] * gain) >> snr_shift));
    }
}

/* ln(x) * scale / 65536, for x > 1. */
static uint32_t scaled_log(uint32_t x, const struct pl_signal_log *log)
{
    const int32_t integer = highest_bit(x) - 1;
    const uint32_t above = x - (1u << integer);
    const int32_t fraction =
        (int32_t)(integer < 16 ? above << (16 - integer) : above >> (integer - 16));
    const int32_t segment = fraction >> 9;
    const int32_t low = log->table[segment];
    const int32_t rise = log->table[segment + 1] - low;
    const int32_t inside = (rise * (fraction - segment * 512)) >> 16;
    const uint32_t log_2 = ((uint32_t)integer << 16) + (uint32_t)(fraction + low + inside);
    const uint32_t natural = (uint32_t)((UINT64_C(45426) * log_2 + 32768) >> 16);
    return (log->output_scale * natural + 32768) >> 16;
}

static void logarithm(int16_t *output, const uint32_t *input, int64_t count,
                      const struct pl_signal_log *log)
{
    for (int64_t i = 0; i < count; i++) {
        const uint32_t x = input[i] << log->correction_bits;
        const uint32_t value = x > 1 ? scaled_log(x, log) : 0;
        output[i] = (int16_t)(value < INT16_MAX ? value : INT16_MAX);
    }
}

static void add_i16(int16_t *sums, const int16_t *input, int64_t count)
{
    PL_INDEPENDENT_LOOP
    for (int64_t i = 0; i < count; i++) sums[i] = saturate(sums[i] + input[i]);
}

static void add_f32(float *sums, const float *input, int64_t count)
{
    PL_INDEPENDENT_LOOP
    for (int64_t i = 0; i < count; i++) sums[i] += input[i];
}

const struct pl_signal_kernels PL_LEVEL(pl_signal_kernels) = {
    .window = window,
    .auto_scale = PL_LEVEL(pl_auto_scale_c),
    .energy = energy,
    .filter_bank = filter_bank,
    .square_root = square_root,
    .subtract_noise = subtract_noise,
    .gain_control = gain_control,
    .logarithm = logarithm,
    .add_i16 = add_i16,
    .add_f32 = add_f32,
    PL_FASTER_SIGNAL
};
