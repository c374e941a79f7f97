/* SPDX-License-Identifier: Apache-2.0 */
/* Fourier transforms of 16 bits. */
#include "checkkernel.h"
#include "kernels/fft_kernels.h"

/* A plan of passes of radix 4, then one of 2, 3 or 5 or none; any order and any twiddles do, which
 * are above INT16_MIN. */
static struct pl_fft draw_fft(struct check *check)
{
    static const int32_t radices[] = {1, 2, 3, 5};
    struct pl_fft fft = {.points = 1, .inverse = check_draw(check, 0, 1) == 0};
    const int32_t last = radices[check_draw(check, 0, 3)], fours = (int32_t)check_draw(check, 0, 4);
    const bool first = check_draw(check, 0, 1) == 0;
    for (int32_t i = 0; i <= fours; i++) {
        const int32_t radix = i == (first ? 0 : fours) ? last : 4;
        if (radix == 1) continue;
        fft.passes[fft.pass_count++] = (struct pl_fft_pass){radix, fft.points, 0};
        fft.points *= radix;
    }
    for (int32_t p = 0; p < fft.pass_count; p++)
        fft.passes[p].stride = fft.points / (fft.passes[p].radix * fft.passes[p].size);
    int32_t *order = check_memory(check, (size_t)fft.points * sizeof *order);
    for (int32_t i = 0; i < fft.points; i++) order[i] = (int32_t)((int64_t)i * 7 % fft.points);
    int16_t *twiddles = check_bytes(check, 2 * (size_t)fft.points * sizeof *twiddles);
    for (int32_t i = 0; i < 2 * fft.points; i++)
        if (twiddles[i] == INT16_MIN) twiddles[i] = INT16_MAX;
    fft.order = order;
    fft.twiddles = twiddles;
    fft.real_twiddles = check_bytes(check, 2 * (size_t)fft.points * sizeof *twiddles);
    return fft;
}

void check_fft_i16(struct check *check)
{
    const struct pl_fft fft = draw_fft(check);
    const size_t bytes = (size_t)(fft.points + 1) * 2 * sizeof(int16_t);
    const void *input = check_bytes(check, bytes);
    const struct check_outputs outputs = check_outputs(check, bytes);
    const struct pl_fft_kernels *a = check->reference->fft, *b = check->tested->fft;
    void *work = check_memory(check, bytes);
    switch (check_draw(check, 0, 2)) {
    case 0:
        a->complex[PL_FFT_I16](&fft, input, outputs.reference);
        b->complex[PL_FFT_I16](&fft, input, outputs.tested);
        break;
    case 1:
        a->forward[PL_FFT_I16](&fft, input, outputs.reference, work);
        b->forward[PL_FFT_I16](&fft, input, outputs.tested, work);
        break;
    default:
        a->inverse[PL_FFT_I16](&fft, input, outputs.reference, work);
        b->inverse[PL_FFT_I16](&fft, input, outputs.tested, work);
        break;
    }
    check_compare(check, &outputs, "%d points", fft.points);
}
