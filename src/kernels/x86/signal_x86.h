/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_X86_SIGNAL_X86_H
#define PL_KERNELS_X86_SIGNAL_X86_H

#include "kernels/kernels.h"
#include "kernels/signal_kernels.h"

void PL_LEVEL(pl_window_x86)(int16_t *output, const int16_t *input, const int16_t *weights, int32_t count, int32_t shift);
int32_t PL_LEVEL(pl_auto_scale_x86)(int16_t *output, const int16_t *input, int64_t count);

/* For the table. */
#define PL_SIGNAL_X86 .window = PL_LEVEL(pl_window_x86), .auto_scale = PL_LEVEL(pl_auto_scale_x86),

#endif
