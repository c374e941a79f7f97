/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_X86_SIGNAL_CHANNELS_X86_H
#define PL_KERNELS_X86_SIGNAL_CHANNELS_X86_H

#include "kernels/kernels.h"
#include "kernels/signal_kernels.h"

void PL_LEVEL(pl_energy_x86)(uint32_t *output, const int16_t *input, int64_t count);
void PL_LEVEL(pl_filter_bank_x86)(uint64_t *output, const uint32_t *input, const struct pl_signal_filter_bank *bank);
void PL_LEVEL(pl_square_root_x86)(uint32_t *output, const uint64_t *input, int64_t count, int32_t shift);
void PL_LEVEL(pl_subtract_noise_x86)(uint32_t *output, uint32_t *noise, const uint32_t *input, int64_t count,
                                     const struct pl_signal_subtraction *subtraction);
void PL_LEVEL(pl_gain_control_x86)(uint32_t *output, const uint32_t *input, const uint32_t *noise, const int16_t *gains,
                                   int64_t count, int32_t snr_shift);
void PL_LEVEL(pl_logarithm_x86)(int16_t *output, const uint32_t *input, int64_t count, const struct pl_signal_log *log);

/* For the table. */
#define PL_SIGNAL_CHANNELS_X86                                                                     \
    .energy = PL_LEVEL(pl_energy_x86), .filter_bank = PL_LEVEL(pl_filter_bank_x86),                \
    .square_root = PL_LEVEL(pl_square_root_x86), .subtract_noise = PL_LEVEL(pl_subtract_noise_x86), \
    .gain_control = PL_LEVEL(pl_gain_control_x86), .logarithm = PL_LEVEL(pl_logarithm_x86),

#endif
