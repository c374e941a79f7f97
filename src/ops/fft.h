/* SPDX-License-Identifier: Apache-2.0 */
/* Tables for the transforms of kernels/fft_kernels.h, made while preparing. */
#ifndef PL_OPS_FFT_H
#define PL_OPS_FFT_H

#include "kernels/fft_kernels.h"
#include "ops/op.h"

/* Bytes of a complex number. */
size_t pl_fft_complex_bytes(enum pl_fft_type type);

/* A transform of `points` >= 1 complex numbers, or 2 * points real ones. PL_UNSUPPORTED if points
 * has other prime factors than 2, 3 and 5. */
pl_status pl_fft_make(struct pl_prepare *prepare, enum pl_fft_type type, int32_t points,
                      bool inverse, const struct pl_fft **made);

#endif
