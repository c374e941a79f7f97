/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of Fourier transforms: see fft.h. Factors are taken as KissFFT takes them, fours first, so
 * that fixed point rounds in the same places. */
#include "ops/fft.h"

#include <math.h>

static const double pi = 3.14159265358979323846264338327;

size_t pl_fft_complex_bytes(enum pl_fft_type type)
{
    static const size_t bytes[PL_FFT_TYPES] = {4, 8, 8, 16};
    return bytes[type];
}

/* Fills the passes from the last to the first; false if there is a factor that no pass has. */
static bool factorize(struct pl_fft *fft)
{
    static const int32_t radixes[] = {4, 2, 3, 5};
    struct pl_fft_pass found[PL_FFT_MOST_PASSES];
    int32_t left = fft->points;
    int32_t stride = 1;
    int32_t count = 0;
    for (size_t r = 0; r < sizeof radixes / sizeof radixes[0]; r++) {
        for (; left % radixes[r] == 0; count++) {
            left /= radixes[r];
            found[count] = (struct pl_fft_pass){radixes[r], left, stride};
            stride *= radixes[r];
        }
    }
    fft->pass_count = count;
    for (int32_t i = 0; i < count; i++) fft->passes[i] = found[count - 1 - i];
    return left == 1;
}

/* Place p before the first pass belongs to part p / size of the outermost pass, and so on
 * inwards. */
static void fill_order(const struct pl_fft *fft, int32_t *order)
{
    for (int32_t p = 0; p < fft->points; p++) {
        int32_t inside = p;
        order[p] = 0;
        for (int32_t i = fft->pass_count - 1; i >= 0; i--) {
            order[p] += inside / fft->passes[i].size * fft->passes[i].stride;
            inside %= fft->passes[i].size;
        }
    }
}

static void store(void *table, enum pl_fft_type type, int32_t i, double value)
{
    switch (type) {
    case PL_FFT_I16: ((int16_t *)table)[i] = (int16_t)floor(0.5 + INT16_MAX * value); break;
    case PL_FFT_I32: ((int32_t *)table)[i] = (int32_t)floor(0.5 + INT32_MAX * value); break;
    case PL_FFT_F32: ((float *)table)[i] = (float)value; break;
    default: ((double *)table)[i] = value; break;
    }
}

static void store_angle(void *table, enum pl_fft_type type, int32_t i, double angle)
{
    store(table, type, 2 * i, cos(angle));
    store(table, type, 2 * i + 1, sin(angle));
}

pl_status pl_fft_make(struct pl_prepare *prepare, enum pl_fft_type type, int32_t points,
                      bool inverse, const struct pl_fft **made)
{
    const size_t bytes = pl_fft_complex_bytes(type);
    struct pl_fft *fft = pl_prepare_allocate(prepare, sizeof *fft);
    int32_t *order = pl_prepare_allocate(prepare, (size_t)points * sizeof *order);
    void *twiddles = pl_prepare_allocate(prepare, (size_t)points * bytes);
    void *real_twiddles = pl_prepare_allocate(prepare, ((size_t)points / 2 + 1) * bytes);
    if (fft == NULL || order == NULL || twiddles == NULL || real_twiddles == NULL)
        return PL_OUT_OF_MEMORY;
    fft->points = points;
    fft->inverse = inverse;
    if (!factorize(fft))
        return pl_prepare_fail(prepare, PL_UNSUPPORTED,
                               "a transform of %d points needs other passes than 2, 3, 4 and 5",
                               (int)points);
    fill_order(fft, order);
    const double sign = inverse ? -1 : 1;
    for (int32_t i = 0; i < points; i++)
        store_angle(twiddles, type, i, sign * (-2 * pi * i / points));
    for (int32_t i = 0; i < points / 2; i++)
        store_angle(real_twiddles, type, i, sign * (-pi * ((double)(i + 1) / points + 0.5)));
    fft->order = order;
    fft->twiddles = twiddles;
    fft->real_twiddles = real_twiddles;
    *made = fft;
    return PL_OK;
}
