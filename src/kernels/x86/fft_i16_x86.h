/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_X86_FFT_I16_X86_H
#define PL_KERNELS_X86_FFT_I16_X86_H

#include "kernels/fft_kernels.h"
#include "kernels/kernels.h"

void PL_LEVEL(pl_fft_complex_i16_x86)(const struct pl_fft *fft, const void *input, void *output);
void PL_LEVEL(pl_fft_forward_i16_x86)(const struct pl_fft *fft, const void *input, void *output,
                                      void *work);
void PL_LEVEL(pl_fft_inverse_i16_x86)(const struct pl_fft *fft, const void *input, void *output,
                                      void *work);

/* For the table. */
#define PL_FFT_I16_X86                                                                             \
    .complex[PL_FFT_I16] = PL_LEVEL(pl_fft_complex_i16_x86),                                       \
    .forward[PL_FFT_I16] = PL_LEVEL(pl_fft_forward_i16_x86),                                       \
    .inverse[PL_FFT_I16] = PL_LEVEL(pl_fft_inverse_i16_x86),

#endif
