/* SPDX-License-Identifier: Apache-2.0 */
/* Signal operators on spectra and channels. */
#include <math.h>
#include <string.h>

#include "checkkernel.h"
#include "kernels/signal_kernels.h"

/* Of all magnitudes: random bits, shifted down by as many as come. */
static uint32_t *draw_words(struct check *check, int64_t count)
{
    uint32_t *words = check_bytes(check, (size_t)count * sizeof *words);
    for (int64_t i = 0; i < count; i++) words[i] >>= check_draw_edge(check, 0, 31);
    return words;
}

static struct check_outputs draw_outputs(struct check *check, int64_t count, size_t element_bytes)
{
    return check_outputs(check, (size_t)count * element_bytes);
}

void check_window(struct check *check)
{
    const int32_t count = (int32_t)check_draw_edge(check, 1, 100), shift = (int32_t)check_draw_edge(check, 0, 31);
    const int16_t *input = check_bytes(check, (size_t)count * sizeof *input);
    const int16_t *weights = check_bytes(check, (size_t)count * sizeof *weights);
    const struct check_outputs outputs = draw_outputs(check, count, sizeof(int16_t));
    check->reference->signal->window(outputs.reference, input, weights, count, shift);
    check->tested->signal->window(outputs.tested, input, weights, count, shift);
    check_compare(check, &outputs, "%d samples, shifted by %d", (int)count, (int)shift);
}

/* What is returned stands behind the samples. */
void check_auto_scale(struct check *check)
{
    const int64_t count = check_draw_edge(check, 1, 100);
    int16_t *input = check_bytes(check, (size_t)count * sizeof *input);
    const int shift = (int)check_draw_edge(check, 0, 15);
    for (int64_t i = 0; i < count; i++) input[i] = (int16_t)(input[i] / (1 << shift));
    const struct check_outputs outputs = draw_outputs(check, count + 1, sizeof(int16_t));
    int16_t *reference = outputs.reference, *tested = outputs.tested;
    reference[count] = (int16_t)check->reference->signal->auto_scale(reference, input, count);
    tested[count] = (int16_t)check->tested->signal->auto_scale(tested, input, count);
    check_compare(check, &outputs, "%d samples of %d bits", (int)count, 16 - shift);
}

void check_energy(struct check *check)
{
    const int64_t count = check_draw_edge(check, 1, 150);
    const int16_t *input = check_bytes(check, (size_t)count * 2 * sizeof *input);
    const struct check_outputs outputs = draw_outputs(check, count, sizeof(uint32_t));
    check->reference->signal->energy(outputs.reference, input, count);
    check->tested->signal->energy(outputs.tested, input, count);
    check_compare(check, &outputs, "%d pairs", (int)count);
}

enum { MOST_CHANNELS = 40, MOST_WIDTH = 40, BINS = 200, WEIGHTS = 100 };

void check_filter_bank(struct check *check)
{
    int16_t starts[MOST_CHANNELS + 1], weight_starts[MOST_CHANNELS + 1], widths[MOST_CHANNELS + 1];
    const struct pl_signal_filter_bank bank = {
        .weights = check_bytes(check, WEIGHTS * sizeof(int16_t)),
        .unweights = check_bytes(check, WEIGHTS * sizeof(int16_t)),
        .starts = starts,
        .weight_starts = weight_starts,
        .widths = widths,
        .channels = (int32_t)check_draw_edge(check, 1, MOST_CHANNELS),
    };
    for (int32_t i = 0; i <= bank.channels; i++) {
        widths[i] = (int16_t)check_draw_edge(check, 0, MOST_WIDTH);
        starts[i] = (int16_t)check_draw_edge(check, 0, BINS - widths[i]);
        weight_starts[i] = (int16_t)check_draw_edge(check, 0, WEIGHTS - widths[i]);
    }
    const uint32_t *input = draw_words(check, BINS);
    const struct check_outputs outputs = draw_outputs(check, bank.channels, sizeof(uint64_t));
    check->reference->signal->filter_bank(outputs.reference, input, &bank);
    check->tested->signal->filter_bank(outputs.tested, input, &bank);
    check_compare(check, &outputs, "%d channels", (int)bank.channels);
}

/* Squares and numbers next to them, those next to what is halfway, and any. */
void check_square_root(struct check *check)
{
    const int64_t count = check_draw_edge(check, 1, 60);
    uint64_t *input = check_bytes(check, (size_t)count * sizeof *input);
    for (int64_t i = 0; i < count; i++) {
        const uint64_t root = input[i] >> (32 + check_draw_edge(check, 0, 31));
        switch (check_draw(check, 0, 3)) {
        case 0: input[i] = root * root + (uint64_t)check_draw(check, -1, 1); break;
        case 1: input[i] = root * root + root + (uint64_t)check_draw(check, 0, 1); break;
        default: input[i] >>= check_draw_edge(check, 0, 63); break;
        }
    }
    const int32_t shift = (int32_t)check_draw_edge(check, 0, 31);
    const struct check_outputs outputs = draw_outputs(check, count, sizeof(uint32_t));
    check->reference->signal->square_root(outputs.reference, input, count, shift);
    check->tested->signal->square_root(outputs.tested, input, count, shift);
    check_compare(check, &outputs, "%d roots, shifted by %d", (int)count, (int)shift);
}

static uint32_t draw_word(struct check *check)
{
    return *draw_words(check, 1);
}

void check_subtract_noise(struct check *check)
{
    const int64_t count = check_draw_edge(check, 1, 60);
    const struct pl_signal_subtraction subtraction = {
        .smoothing = {draw_word(check), draw_word(check)},
        .one_minus_smoothing = {draw_word(check), draw_word(check)},
        .min_signal_remaining = draw_word(check),
        .smoothing_bits = (int32_t)check_draw_edge(check, 0, 31),
        .spectral_subtraction_bits = (int32_t)check_draw_edge(check, 0, 63),
        .clamping = check_draw(check, 0, 1) == 0,
    };
    const uint32_t *input = draw_words(check, count), *noise = draw_words(check, count);
    /* The noise stands behind what is left. */
    const struct check_outputs outputs = draw_outputs(check, 2 * count, sizeof(uint32_t));
    const struct pl_kernels *kernels[] = {check->reference, check->tested};
    for (int i = 0; i < 2; i++) {
        uint32_t *left = i == 0 ? outputs.reference : outputs.tested;
        memcpy(left + count, noise, (size_t)count * sizeof *noise);
        kernels[i]->signal->subtract_noise(left, left + count, input, count, &subtraction);
    }
    check_compare(check, &outputs, "%d channels, %d and %d bits", (int)count, (int)subtraction.smoothing_bits,
                  (int)subtraction.spectral_subtraction_bits);
}

void check_gain_control(struct check *check)
{
    const int64_t count = check_draw_edge(check, 1, 60);
    const uint32_t *input = draw_words(check, count), *noise = draw_words(check, count);
    const int16_t *gains = check_bytes(check, PL_SIGNAL_GAINS * sizeof *gains);
    const int32_t shift = (int32_t)check_draw_edge(check, 0, 63);
    const struct check_outputs outputs = draw_outputs(check, count, sizeof(uint32_t));
    check->reference->signal->gain_control(outputs.reference, input, noise, gains, count, shift);
    check->tested->signal->gain_control(outputs.tested, input, noise, gains, count, shift);
    check_compare(check, &outputs, "%d channels, shifted by %d", (int)count, (int)shift);
}

/* The table as the operator makes it. */
void check_signal_log(struct check *check)
{
    const int64_t count = check_draw_edge(check, 1, 60);
    struct pl_signal_log log = {.correction_bits = (int32_t)check_draw_edge(check, 0, 31),
                                .output_scale = draw_word(check)};
    for (int i = 0; i <= PL_SIGNAL_LOG_SEGMENTS; i++) {
        const double part = (double)i / PL_SIGNAL_LOG_SEGMENTS;
        log.table[i] = (int16_t)lround((log2(1.0 + part) - part) * 65536.0);
    }
    const uint32_t *input = draw_words(check, count);
    const struct check_outputs outputs = draw_outputs(check, count, sizeof(int16_t));
    check->reference->signal->logarithm(outputs.reference, input, count, &log);
    check->tested->signal->logarithm(outputs.tested, input, count, &log);
    check_compare(check, &outputs, "%d channels, scale %u, %d bits", (int)count, (unsigned)log.output_scale,
                  (int)log.correction_bits);
}
