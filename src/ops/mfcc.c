/* SPDX-License-Identifier: Apache-2.0 */
/* The custom operator Mfcc: mel-frequency cepstral coefficients of spectra of squared magnitudes.
 * Magnitudes are gathered in overlapping triangles that are evenly spaced on the mel scale; the
 * logarithms of the sums go through a cosine transform. Computed in double, as the original. */
#include <math.h>

#include "ops/check.h"
#include "ops/custom_options.h"

/* Bin i gives weight[i] of its magnitude to its channel and the rest to the one after it. */
struct mel_bin {
    int32_t channel; /* -1: only the one after it */
    double weight;
};

struct mfcc {
    int32_t bins;
    int32_t channels;
    int32_t coefficients;
    int32_t first, last;       /* bins that count; last < first: none */
    const struct mel_bin *mel; /* bins */
    const double *cosines;     /* [coefficients][channels] */
};

/* Options: limits in Hz. */
struct limits {
    float lower, upper;
};

static void gather_channels(const struct mfcc *params, const float *spectrum, double *sums)
{
    for (int32_t c = 0; c < params->channels; c++) sums[c] = 0;
    for (int32_t i = params->first; i <= params->last; i++) {
        const double magnitude = sqrt((double)spectrum[i]);
        const double share = magnitude * params->mel[i].weight;
        const int32_t channel = params->mel[i].channel;
        if (channel >= 0) sums[channel] += share;
        if (channel + 1 < params->channels) sums[channel + 1] += magnitude - share;
    }
}

/* A unit is a spectrum. */
static pl_status eval(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct mfcc *params = eval->params;
    double *logs = eval->scratch[0];
    for (int64_t unit = from; unit < to; unit++) {
        float *output = (float *)eval->outputs[0] + unit * params->coefficients;
        gather_channels(params, (const float *)eval->inputs[0] + unit * params->bins, logs);
        for (int32_t c = 0; c < params->channels; c++)
            logs[c] = log(logs[c] < 1e-12 ? 1e-12 : logs[c]);
        for (int32_t k = 0; k < params->coefficients; k++) {
            double sum = 0;
            for (int32_t c = 0; c < params->channels; c++)
                sum += params->cosines[(int64_t)k * params->channels + c] * logs[c];
            output[k] = (float)sum;
        }
    }
    return PL_OK;
}

/* The limits end above the spectrum: the original's bank stays empty, and so does what it sums. */
static pl_status eval_nothing(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct mfcc *params = eval->params;
    float *output = eval->outputs[0];
    for (int64_t i = from * params->coefficients; i < to * params->coefficients; i++) output[i] = 0;
    return PL_OK;
}

static double mel_of(double frequency)
{
    return 1127.0 * log1p(frequency / 700.0);
}

/* Centre of channel c: c = -1 is the lower limit, c = channels the upper one. */
static double centre(double low, double spacing, int32_t c)
{
    return low + spacing * (c + 1);
}

static pl_status make_bank(struct pl_prepare *prepare, struct mfcc *params,
                           const struct limits *limits, int32_t rate)
{
    struct mel_bin *mel = pl_prepare_allocate(prepare, (size_t)params->bins * sizeof *mel);
    if (mel == NULL) return PL_OUT_OF_MEMORY;
    const double low = mel_of((double)limits->lower);
    const double spacing = (mel_of((double)limits->upper) - low) / (params->channels + 1);
    const double per_bin = 0.5 * rate / (params->bins - 1);
    const double first = 1.5 + (double)limits->lower / per_bin;
    const double last = (double)limits->upper / per_bin;
    params->first = first < params->bins ? (int32_t)first : params->bins;
    params->last = last < params->bins ? (int32_t)last : params->bins;
    int32_t channel = 0;
    for (int32_t i = params->first; i <= params->last && i < params->bins; i++) {
        const double here = mel_of(i * per_bin);
        while (channel < params->channels && centre(low, spacing, channel) < here) channel++;
        const double above = centre(low, spacing, channel);
        const double below = channel > 0 ? centre(low, spacing, channel - 1) : low;
        mel[i] = (struct mel_bin){channel - 1, (above - here) / (above - below)};
    }
    params->mel = mel;
    return PL_OK;
}

static pl_status make_cosines(struct pl_prepare *prepare, struct mfcc *params)
{
    const size_t count = (size_t)params->coefficients * (size_t)params->channels;
    double *cosines = pl_prepare_allocate(prepare, count * sizeof *cosines);
    if (cosines == NULL) return PL_OUT_OF_MEMORY;
    const double norm = sqrt(2.0 / params->channels);
    const double step = atan(1) * 4 / params->channels;
    for (int32_t k = 0; k < params->coefficients; k++)
        for (int32_t c = 0; c < params->channels; c++)
            cosines[(int64_t)k * params->channels + c] = norm * cos(k * step * (c + 0.5));
    params->cosines = cosines;
    return PL_OK;
}

/* The original's limits are whole numbers, kept as float. */
static pl_status read_limit(const struct pl_custom_options *options, const char *name, float *limit)
{
    int64_t value = 0;
    PL_TRY(pl_custom_integer(options, name, 0, INT32_MAX, &value));
    *limit = (float)value;
    return PL_OK;
}

static pl_status read_options(struct pl_prepare *prepare, struct mfcc *params,
                              struct limits *limits)
{
    enum { MOST_CHANNELS = 1 << 12 };
    struct pl_custom_options options;
    PL_TRY(pl_custom_open(prepare, &options));
    PL_TRY(read_limit(&options, "upper_frequency_limit", &limits->upper));
    PL_TRY(read_limit(&options, "lower_frequency_limit", &limits->lower));
    if (limits->upper <= limits->lower)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "option upper_frequency_limit %g is not above "
                               "lower_frequency_limit %g",
                               (double)limits->upper, (double)limits->lower);
    PL_TRY(
        pl_custom_int32(&options, "filterbank_channel_count", 1, MOST_CHANNELS, &params->channels));
    return pl_custom_int32(&options, "dct_coefficient_count", 1, params->channels,
                           &params->coefficients);
}

/* The rate, in Hz, decides which bins count. */
static pl_status read_rate(struct pl_prepare *prepare, int32_t *rate)
{
    const void *bytes = NULL;
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_count(prepare, pl_input(1), 1));
    PL_TRY(pl_prepare_read(prepare, 1, &bytes));
    *rate = *(const int32_t *)bytes;
    if (*rate > 0) return PL_OK;
    return pl_check_fail(prepare, PL_MISMATCH, pl_input(1), "found a rate of %d, expected above 0",
                         (int)*rate);
}

pl_status pl_prepare_mfcc(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_FLOAT32)));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_FLOAT32)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 3, 3));
    struct mfcc *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    struct limits limits = {0};
    PL_TRY(read_options(prepare, params, &limits));
    struct pl_shape output = prepare->inputs[0]->shape;
    params->bins = output.dims[2];
    if (params->bins < 2)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(0),
                             "found %d bins, expected at least 2", (int)params->bins);
    output.dims[2] = params->coefficients;
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    int32_t rate = 0;
    PL_TRY(read_rate(prepare, &rate));

    PL_TRY(make_bank(prepare, params, &limits, rate));
    PL_TRY(make_cosines(prepare, params));
    pl_prepare_scratch(prepare, (size_t)params->channels * sizeof(double), true);
    prepare->params = params;
    pl_prepare_stage(prepare, params->last < params->bins ? eval : eval_nothing,
                     (int64_t)output.dims[0] * output.dims[1],
                     (int64_t)params->channels * params->coefficients + params->bins);
    return PL_OK;
}
