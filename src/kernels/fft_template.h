/* SPDX-License-Identifier: Apache-2.0 */
/* The transforms of fft_kernels.h for one type; included once per type, with FFT_NAME(name) and
 * FFT_REAL set, and the arithmetic FFT_NAME(add), (subtract), (half_sum), (half_difference),
 * (scale), (multiply), (multiply_subtract) and (multiply_add) defined. With FFT_RUN_4(points, pass,
 * twiddles, inverse) set, it runs the passes of radix 4 for which it is true. */

typedef struct {
    FFT_REAL re, im;
} FFT_NAME(complex);

#define FFT_COMPLEX FFT_NAME(complex)

static inline FFT_COMPLEX FFT_NAME(plus)(FFT_COMPLEX a, FFT_COMPLEX b)
{
    return (FFT_COMPLEX){FFT_NAME(add)(a.re, b.re), FFT_NAME(add)(a.im, b.im)};
}

static inline FFT_COMPLEX FFT_NAME(minus)(FFT_COMPLEX a, FFT_COMPLEX b)
{
    return (FFT_COMPLEX){FFT_NAME(subtract)(a.re, b.re), FFT_NAME(subtract)(a.im, b.im)};
}

static inline FFT_COMPLEX FFT_NAME(times)(FFT_COMPLEX a, FFT_COMPLEX b)
{
    return (FFT_COMPLEX){FFT_NAME(multiply_subtract)(a.re, b.re, a.im, b.im),
                         FFT_NAME(multiply_add)(a.re, b.im, a.im, b.re)};
}

static inline FFT_COMPLEX FFT_NAME(times_real)(FFT_COMPLEX a, FFT_REAL b)
{
    return (FFT_COMPLEX){FFT_NAME(multiply)(a.re, b), FFT_NAME(multiply)(a.im, b)};
}

/* a times +i or -i. */
static inline FFT_COMPLEX FFT_NAME(turn)(FFT_COMPLEX a, bool back)
{
    const FFT_REAL zero = 0;
    return back ? (FFT_COMPLEX){a.im, FFT_NAME(subtract)(zero, a.re)}
                : (FFT_COMPLEX){FFT_NAME(subtract)(zero, a.im), a.re};
}

/* Point `index` of the block as a pass takes it: divided by the radix, in fixed point. */
static inline FFT_COMPLEX FFT_NAME(take)(FFT_COMPLEX a, int32_t radix)
{
    return (FFT_COMPLEX){FFT_NAME(scale)(a.re, radix), FFT_NAME(scale)(a.im, radix)};
}

static void FFT_NAME(pass_2)(FFT_COMPLEX *block, const struct pl_fft_pass *pass,
                             const FFT_COMPLEX *twiddles)
{
    const int32_t m = pass->size;
    for (int32_t i = 0; i < m; i++) {
        const FFT_COMPLEX a = FFT_NAME(take)(block[i], 2);
        const FFT_COMPLEX b =
            FFT_NAME(times)(FFT_NAME(take)(block[i + m], 2), twiddles[i * pass->stride]);
        block[i + m] = FFT_NAME(minus)(a, b);
        block[i] = FFT_NAME(plus)(a, b);
    }
}

static void FFT_NAME(pass_4)(FFT_COMPLEX *block, const struct pl_fft_pass *pass,
                             const FFT_COMPLEX *twiddles, bool inverse)
{
    const int32_t m = pass->size;
    for (int32_t i = 0; i < m; i++) {
        const int32_t step = i * pass->stride;
        const FFT_COMPLEX x0 = FFT_NAME(take)(block[i], 4);
        const FFT_COMPLEX x1 = FFT_NAME(times)(FFT_NAME(take)(block[i + m], 4), twiddles[step]);
        const FFT_COMPLEX x2 =
            FFT_NAME(times)(FFT_NAME(take)(block[i + 2 * m], 4), twiddles[2 * step]);
        const FFT_COMPLEX x3 =
            FFT_NAME(times)(FFT_NAME(take)(block[i + 3 * m], 4), twiddles[3 * step]);
        const FFT_COMPLEX even_sum = FFT_NAME(plus)(x0, x2);
        const FFT_COMPLEX even_difference = FFT_NAME(minus)(x0, x2);
        const FFT_COMPLEX odd_sum = FFT_NAME(plus)(x1, x3);
        const FFT_COMPLEX odd_difference = FFT_NAME(turn)(FFT_NAME(minus)(x1, x3), !inverse);
        block[i] = FFT_NAME(plus)(even_sum, odd_sum);
        block[i + m] = FFT_NAME(plus)(even_difference, odd_difference);
        block[i + 2 * m] = FFT_NAME(minus)(even_sum, odd_sum);
        block[i + 3 * m] = FFT_NAME(minus)(even_difference, odd_difference);
    }
}

static void FFT_NAME(pass_3)(FFT_COMPLEX *block, const struct pl_fft_pass *pass,
                             const FFT_COMPLEX *twiddles)
{
    const int32_t m = pass->size;
    const FFT_REAL sine = twiddles[pass->stride * m].im;
    const FFT_REAL zero = 0;
    for (int32_t i = 0; i < m; i++) {
        const int32_t step = i * pass->stride;
        const FFT_COMPLEX x0 = FFT_NAME(take)(block[i], 3);
        const FFT_COMPLEX x1 = FFT_NAME(times)(FFT_NAME(take)(block[i + m], 3), twiddles[step]);
        const FFT_COMPLEX x2 =
            FFT_NAME(times)(FFT_NAME(take)(block[i + 2 * m], 3), twiddles[2 * step]);
        const FFT_COMPLEX sum = FFT_NAME(plus)(x1, x2);
        const FFT_COMPLEX difference =
            FFT_NAME(turn)(FFT_NAME(times_real)(FFT_NAME(minus)(x1, x2), sine), false);
        const FFT_COMPLEX half = {FFT_NAME(half_sum)(sum.re, zero),
                                  FFT_NAME(half_sum)(sum.im, zero)};
        const FFT_COMPLEX middle = FFT_NAME(minus)(x0, half);
        block[i] = FFT_NAME(plus)(x0, sum);
        block[i + m] = FFT_NAME(plus)(middle, difference);
        block[i + 2 * m] = FFT_NAME(minus)(middle, difference);
    }
}

/* x0 + a * p + b * q, added from the left. */
static inline FFT_COMPLEX FFT_NAME(blend)(FFT_COMPLEX x0, FFT_COMPLEX a, FFT_REAL p, FFT_COMPLEX b,
                                          FFT_REAL q)
{
    return FFT_NAME(plus)(FFT_NAME(plus)(x0, FFT_NAME(times_real)(a, p)),
                          FFT_NAME(times_real)(b, q));
}

static void FFT_NAME(pass_5)(FFT_COMPLEX *block, const struct pl_fft_pass *pass,
                             const FFT_COMPLEX *twiddles)
{
    const int32_t m = pass->size;
    const FFT_COMPLEX ya = twiddles[pass->stride * m];
    const FFT_COMPLEX yb = twiddles[2 * pass->stride * m];
    for (int32_t i = 0; i < m; i++) {
        FFT_COMPLEX x[5];
        x[0] = FFT_NAME(take)(block[i], 5);
        for (int32_t k = 1; k < 5; k++)
            x[k] = FFT_NAME(times)(FFT_NAME(take)(block[i + k * m], 5),
                                   twiddles[k * i * pass->stride]);
        const FFT_COMPLEX outer = FFT_NAME(plus)(x[1], x[4]);
        const FFT_COMPLEX inner = FFT_NAME(plus)(x[2], x[3]);
        const FFT_COMPLEX outer_difference = FFT_NAME(minus)(x[1], x[4]);
        const FFT_COMPLEX inner_difference = FFT_NAME(minus)(x[2], x[3]);
        block[i] = FFT_NAME(plus)(x[0], FFT_NAME(plus)(outer, inner));

        const FFT_COMPLEX near = FFT_NAME(blend)(x[0], outer, ya.re, inner, yb.re);
        const FFT_COMPLEX near_turned =
            FFT_NAME(turn)(FFT_NAME(plus)(FFT_NAME(times_real)(outer_difference, ya.im),
                                          FFT_NAME(times_real)(inner_difference, yb.im)),
                           true);
        block[i + m] = FFT_NAME(minus)(near, near_turned);
        block[i + 4 * m] = FFT_NAME(plus)(near, near_turned);

        const FFT_COMPLEX far = FFT_NAME(blend)(x[0], outer, yb.re, inner, ya.re);
        const FFT_COMPLEX far_turned =
            FFT_NAME(turn)(FFT_NAME(minus)(FFT_NAME(times_real)(outer_difference, yb.im),
                                           FFT_NAME(times_real)(inner_difference, ya.im)),
                           false);
        block[i + 2 * m] = FFT_NAME(plus)(far, far_turned);
        block[i + 3 * m] = FFT_NAME(minus)(far, far_turned);
    }
}

static void FFT_NAME(run_blocks)(FFT_COMPLEX *points, const struct pl_fft_pass *pass,
                                 const FFT_COMPLEX *twiddles, bool inverse)
{
    for (int32_t b = 0; b < pass->stride; b++) {
        FFT_COMPLEX *block = points + (int64_t)b * pass->radix * pass->size;
        switch (pass->radix) {
        case 2: FFT_NAME(pass_2)(block, pass, twiddles); break;
        case 3: FFT_NAME(pass_3)(block, pass, twiddles); break;
        case 4: FFT_NAME(pass_4)(block, pass, twiddles, inverse); break;
        default: FFT_NAME(pass_5)(block, pass, twiddles); break;
        }
    }
}

static void FFT_NAME(transform)(const struct pl_fft *fft, const void *input, void *output)
{
    const FFT_COMPLEX *in = input;
    FFT_COMPLEX *out = output;
    for (int32_t i = 0; i < fft->points; i++) out[i] = in[fft->order[i]];
    for (int32_t p = 0; p < fft->pass_count; p++) {
        const struct pl_fft_pass *pass = &fft->passes[p];
#ifdef FFT_RUN_4
        if (pass->radix == 4 && FFT_RUN_4(out, pass, fft->twiddles, fft->inverse)) continue;
#endif
        FFT_NAME(run_blocks)(out, pass, fft->twiddles, fft->inverse);
    }
}

/* Even samples are the real, odd ones the imaginary parts of one complex signal; the spectra of the
 * two are told apart by their symmetry. */
static void FFT_NAME(forward)(const struct pl_fft *fft, const void *input, void *output, void *work)
{
    const int32_t n = fft->points;
    const FFT_COMPLEX *twiddles = fft->real_twiddles;
    FFT_COMPLEX *mixed = work;
    FFT_COMPLEX *out = output;
    FFT_NAME(transform)(fft, input, work);
    const FFT_COMPLEX mean = FFT_NAME(take)(mixed[0], 2);
    out[0] = (FFT_COMPLEX){FFT_NAME(add)(mean.re, mean.im), 0};
    out[n] = (FFT_COMPLEX){FFT_NAME(subtract)(mean.re, mean.im), 0};
    for (int32_t k = 1; k <= n / 2; k++) {
        const FFT_REAL zero = 0;
        const FFT_COMPLEX mirror = {mixed[n - k].re, FFT_NAME(subtract)(zero, mixed[n - k].im)};
        const FFT_COMPLEX a = FFT_NAME(take)(mixed[k], 2);
        const FFT_COMPLEX b = FFT_NAME(take)(mirror, 2);
        const FFT_COMPLEX even = FFT_NAME(plus)(a, b);
        const FFT_COMPLEX odd = FFT_NAME(times)(FFT_NAME(minus)(a, b), twiddles[k - 1]);
        out[k] =
            (FFT_COMPLEX){FFT_NAME(half_sum)(even.re, odd.re), FFT_NAME(half_sum)(even.im, odd.im)};
        out[n - k] = (FFT_COMPLEX){FFT_NAME(half_difference)(even.re, odd.re),
                                   FFT_NAME(half_difference)(odd.im, even.im)};
    }
}

static void FFT_NAME(inverse)(const struct pl_fft *fft, const void *input, void *output, void *work)
{
    const int32_t n = fft->points;
    const FFT_COMPLEX *in = input;
    const FFT_COMPLEX *twiddles = fft->real_twiddles;
    FFT_COMPLEX *mixed = work;
    const FFT_COMPLEX ends = {FFT_NAME(add)(in[0].re, in[n].re),
                              FFT_NAME(subtract)(in[0].re, in[n].re)};
    mixed[0] = FFT_NAME(take)(ends, 2);
    for (int32_t k = 1; k <= n / 2; k++) {
        const FFT_REAL zero = 0;
        const FFT_COMPLEX mirror = {in[n - k].re, FFT_NAME(subtract)(zero, in[n - k].im)};
        const FFT_COMPLEX a = FFT_NAME(take)(in[k], 2);
        const FFT_COMPLEX b = FFT_NAME(take)(mirror, 2);
        const FFT_COMPLEX even = FFT_NAME(plus)(a, b);
        const FFT_COMPLEX odd = FFT_NAME(times)(FFT_NAME(minus)(a, b), twiddles[k - 1]);
        mixed[k] = FFT_NAME(plus)(even, odd);
        mixed[n - k] =
            (FFT_COMPLEX){FFT_NAME(subtract)(even.re, odd.re), FFT_NAME(subtract)(odd.im, even.im)};
    }
    FFT_NAME(transform)(fft, mixed, output);
}

#undef FFT_COMPLEX
