/* SPDX-License-Identifier: Apache-2.0 */
/* Fourier transforms of mixed radix (4, 2, 3, 5), decimated in time, in float, double and the
 * fixed-point arithmetic of KissFFT, whose bits TensorFlow Lite Micro's signal operators have:
 * every pass divides by its radix first, products are rounded to nearest, sums wrap around. Sums of
 * floats are in KissFFT's order, one rounding each.
 *
 * A real signal of 2 n samples goes through a complex transform of n points. Tables are the
 * caller's: see ops/fft.h. */
#ifndef PL_KERNELS_FFT_KERNELS_H
#define PL_KERNELS_FFT_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

enum { PL_FFT_MOST_PASSES = 32 };

/* Pass: blocks of radix * size points; within a block point i of every part is combined. */
struct pl_fft_pass {
    int32_t radix;
    int32_t size;
    int32_t stride; /* how many blocks there are, and the step in the table of twiddles */
};

struct pl_fft {
    int32_t points; /* complex */
    bool inverse;
    int32_t pass_count;
    struct pl_fft_pass passes[PL_FFT_MOST_PASSES]; /* in the order they run */
    const int32_t *order;      /* points: which input stands at each place before the first pass */
    const void *twiddles;      /* points complex numbers */
    const void *real_twiddles; /* points / 2 complex numbers, for real signals */
};

/* All arrays are of the type of the name; complex numbers are pairs. Input and output do not
 * overlap. */
typedef void (*pl_fft_complex)(const struct pl_fft *fft, const void *input, void *output);
/* forward: 2 n samples to n + 1 complex numbers; inverse: the other way, not divided by anything
 * but what the passes of fixed point divide by. work: n complex numbers. */
typedef void (*pl_fft_real)(const struct pl_fft *fft, const void *input, void *output, void *work);

enum pl_fft_type { PL_FFT_I16, PL_FFT_I32, PL_FFT_F32, PL_FFT_F64, PL_FFT_TYPES };

struct pl_fft_kernels {
    pl_fft_complex complex[PL_FFT_TYPES];
    pl_fft_real forward[PL_FFT_TYPES];
    pl_fft_real inverse[PL_FFT_TYPES];
};

#endif
