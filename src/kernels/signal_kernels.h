/* SPDX-License-Identifier: Apache-2.0 */
/* The integer arithmetic of TensorFlow Lite Micro's signal operators, to the bit: what they do to
 * frames of samples and to the channels of a filter bank. */
#ifndef PL_KERNELS_SIGNAL_KERNELS_H
#define PL_KERNELS_SIGNAL_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

/* Channel i takes widths[i] bins from starts[i] on, with the weights from weight_starts[i] on; what
 * is left of them (unweights) goes to the channel after it. Channel 0 only hands on. */
struct pl_signal_filter_bank {
    const int16_t *weights;
    const int16_t *unweights;
    const int16_t *starts;
    const int16_t *weight_starts;
    const int16_t *widths;
    int32_t channels; /* of the output */
};

/* [0] for even, [1] for odd channels. */
struct pl_signal_subtraction {
    uint32_t smoothing[2];
    uint32_t one_minus_smoothing[2];
    uint32_t min_signal_remaining;
    int32_t smoothing_bits;
    int32_t spectral_subtraction_bits;
    bool clamping;
};

/* log2 between powers of two: what has to be added to the straight line, in 1/65536; two zeros
 * stand behind. */
enum { PL_SIGNAL_LOG_SEGMENTS = 128 };

struct pl_signal_log {
    int32_t correction_bits;
    uint32_t output_scale;
    int16_t table[PL_SIGNAL_LOG_SEGMENTS + 2];
};

/* The table of gains by noise: three numbers for 0 to 2, then four per power of two. */
enum { PL_SIGNAL_GAINS = 125 };

struct pl_signal_kernels {
    /* clamp(input * weights >> shift) */
    void (*window)(int16_t *output, const int16_t *input, const int16_t *weights, int32_t count,
                   int32_t shift);
    /* Shifts all samples up as far as the largest allows; returns by how much. */
    int32_t (*auto_scale)(int16_t *output, const int16_t *input, int64_t count);
    /* Squared magnitudes of complex numbers. */
    void (*energy)(uint32_t *output, const int16_t *input, int64_t count);
    void (*filter_bank)(uint64_t *output, const uint32_t *input,
                        const struct pl_signal_filter_bank *bank);
    /* Rounded square roots, shifted down. */
    void (*square_root)(uint32_t *output, const uint64_t *input, int64_t count, int32_t shift);
    /* noise is the estimate so far and becomes the next one. */
    void (*subtract_noise)(uint32_t *output, uint32_t *noise, const uint32_t *input, int64_t count,
                           const struct pl_signal_subtraction *subtraction);
    void (*gain_control)(uint32_t *output, const uint32_t *input, const uint32_t *noise,
                         const int16_t *gains, int64_t count, int32_t snr_shift);
    void (*logarithm)(int16_t *output, const uint32_t *input, int64_t count,
                      const struct pl_signal_log *log);
    /* sums += input: saturated, or in float. */
    void (*add_i16)(int16_t *sums, const int16_t *input, int64_t count);
    void (*add_f32)(float *sums, const float *input, int64_t count);
};

#endif
