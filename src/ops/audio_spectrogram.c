/* SPDX-License-Identifier: Apache-2.0 */
/* The custom operator AudioSpectrogram: power or magnitude of the spectra of overlapping windows,
 * each weighed by a Hann window and filled with zeros to a power of two, computed in double. */
#include <math.h>
#include <string.h>

#include "kernels/fft_kernels.h"
#include "ops/check.h"
#include "ops/custom_options.h"
#include "ops/fft.h"

struct spectrogram {
    pl_fft_real transform;
    const struct pl_fft *fft;
    const double *window;
    int32_t channels;
    int32_t windows; /* per channel */
    int32_t size;
    int32_t stride;
    int32_t length; /* of the transform */
    bool squared;
};

/* A unit is a window of one channel. */
static pl_status eval(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct spectrogram *params = eval->params;
    const int32_t bins = params->length / 2 + 1;
    double *weighed = eval->scratch[0];
    double *spectrum = eval->scratch[1];
    memset(weighed, 0, (size_t)params->length * sizeof *weighed);
    for (int64_t unit = from; unit < to; unit++) {
        const int64_t channel = unit / params->windows;
        const int64_t first = unit % params->windows * params->stride;
        const float *input = (const float *)eval->inputs[0] + first * params->channels + channel;
        float *output = (float *)eval->outputs[0] + unit * bins;
        for (int32_t i = 0; i < params->size; i++)
            weighed[i] = (double)input[(int64_t)i * params->channels] * params->window[i];
        params->transform(params->fft, weighed, spectrum, eval->scratch[2]);
        for (int32_t i = 0; i < bins; i++) {
            const double re = spectrum[2 * i];
            const double im = spectrum[2 * i + 1];
            const float power = (float)(re * re + im * im);
            output[i] = params->squared ? power : sqrtf(power);
        }
    }
    return PL_OK;
}

static pl_status read_options(struct pl_prepare *prepare, struct spectrogram *params)
{
    enum { MOST_SAMPLES = 1 << 23 };
    struct pl_custom_options options;
    PL_TRY(pl_custom_open(prepare, &options));
    PL_TRY(pl_custom_int32(&options, "window_size", 2, MOST_SAMPLES, &params->size));
    PL_TRY(pl_custom_int32(&options, "stride", 1, INT32_MAX, &params->stride));
    return pl_custom_bool(&options, "magnitude_squared", &params->squared);
}

static pl_status make_window(struct pl_prepare *prepare, struct spectrogram *params)
{
    double *window = pl_prepare_allocate(prepare, (size_t)params->size * sizeof *window);
    if (window == NULL) return PL_OUT_OF_MEMORY;
    const double turn = 2.0 * (atan(1.0) * 4.0);
    for (int32_t i = 0; i < params->size; i++) window[i] = 0.5 - 0.5 * cos(turn * i / params->size);
    params->window = window;
    return PL_OK;
}

pl_status pl_prepare_audio_spectrogram(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_FLOAT32)));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_FLOAT32)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 2, 2));
    struct spectrogram *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(read_options(prepare, params));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    const int32_t samples = input->dims[0];
    params->channels = input->dims[1];
    params->windows = samples < params->size ? 0 : 1 + (samples - params->size) / params->stride;
    for (params->length = 2; params->length < params->size; params->length *= 2) {
    }
    const struct pl_shape output = {3, {params->channels, params->windows, params->length / 2 + 1}};
    PL_TRY(pl_check_set_output(prepare, 0, &output));

    PL_TRY(make_window(prepare, params));
    PL_TRY(pl_fft_make(prepare, PL_FFT_F64, params->length / 2, false, &params->fft));
    params->transform = prepare->kernels->fft->forward[PL_FFT_F64];
    const size_t row = (size_t)params->length * sizeof(double);
    pl_prepare_scratch(prepare, row, true);
    pl_prepare_scratch(prepare, row + 2 * sizeof(double), true);
    pl_prepare_scratch(prepare, row, true);
    prepare->params = params;
    pl_prepare_stage(prepare, eval, (int64_t)params->channels * params->windows,
                     (int64_t)params->length * 16);
    return PL_OK;
}
