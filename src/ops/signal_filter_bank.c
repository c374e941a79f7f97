/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow Lite Micro's signal operators on the channels of a filter bank: SignalFilterBank,
 * SignalFilterBankSquareRoot, SignalFilterBankSpectralSubtraction, SignalPCAN,
 * SignalFilterBankLog. */
#include <math.h>
#include <string.h>

#include "kernels/signal_kernels.h"
#include "ops/signal_internal.h"

/* ---- SignalFilterBank ------------------------------------------------------------------------ */

enum { WEIGHTS = 1, UNWEIGHTS, STARTS, WEIGHT_STARTS, WIDTHS, INPUTS };

struct filter_bank {
    const struct pl_signal_kernels *kernels;
    struct pl_signal_filter_bank bank; /* but for the addresses */
};

static pl_status eval_filter_bank(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct filter_bank *params = eval->params;
    struct pl_signal_filter_bank bank = params->bank;
    (void)from;
    (void)to;
    bank.weights = eval->inputs[WEIGHTS];
    bank.unweights = eval->inputs[UNWEIGHTS];
    bank.starts = eval->inputs[STARTS];
    bank.weight_starts = eval->inputs[WEIGHT_STARTS];
    bank.widths = eval->inputs[WIDTHS];
    params->kernels->filter_bank(eval->outputs[0], eval->inputs[0], &bank);
    return PL_OK;
}

/* Every channel reads inside of the spectrum and of the weights. */
static pl_status check_channels(struct pl_prepare *prepare,
                                const struct pl_signal_filter_bank *bank)
{
    const int32_t bins = prepare->inputs[0]->shape.dims[0];
    const int32_t weights = prepare->inputs[WEIGHTS]->shape.dims[0];
    for (int32_t i = 0; i <= bank->channels; i++) {
        const int32_t width = bank->widths[i];
        const int32_t bin = bank->starts[i];
        const int32_t weight = bank->weight_starts[i];
        if (width < 0 || bin < 0 || weight < 0 || bin + width > bins || weight + width > weights)
            return pl_prepare_fail(
                prepare, PL_INVALID_MODEL,
                "channel %d takes %d of %d bins from %d and %d weights from %d, which do not exist",
                (int)i, (int)width, (int)bins, (int)bin, (int)weights, (int)weight);
    }
    return PL_OK;
}

/* What depends on the constants of the bank. */
static pl_status read_channels(struct pl_prepare *prepare, struct pl_signal_filter_bank *bank)
{
    const void *bytes[INPUTS];
    for (int32_t i = STARTS; i <= WIDTHS; i++) {
        PL_TRY(pl_check_count(prepare, pl_input(i), (int64_t)bank->channels + 1));
        PL_TRY(pl_prepare_read(prepare, i, &bytes[i]));
    }
    bank->starts = bytes[STARTS];
    bank->weight_starts = bytes[WEIGHT_STARTS];
    bank->widths = bytes[WIDTHS];
    return check_channels(prepare, bank);
}

pl_status pl_prepare_signal_filter_bank(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, INPUTS, INPUTS, 1));
    PL_TRY(pl_signal_check_vector(prepare, pl_input(0), PL_UINT32));
    for (int32_t i = WEIGHTS; i < INPUTS; i++)
        PL_TRY(pl_signal_check_vector(prepare, pl_input(i), PL_INT16));
    PL_TRY(pl_check_same_shape(prepare, pl_input(UNWEIGHTS), pl_input(WEIGHTS)));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_UINT64)));
    struct pl_custom_options options;
    PL_TRY(pl_custom_open(prepare, &options));
    struct filter_bank *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->kernels = prepare->kernels->signal;
    PL_TRY(pl_custom_int32(&options, "num_channels", 1, PL_SIGNAL_MOST_SAMPLES,
                           &params->bank.channels));
    const struct pl_shape output = {1, {params->bank.channels}};
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    PL_TRY(read_channels(prepare, &params->bank));
    prepare->params = params;
    pl_prepare_stage(prepare, eval_filter_bank, 1, prepare->inputs[WEIGHTS]->shape.dims[0]);
    return PL_OK;
}

/* ---- one channel after the other ------------------------------------------------------------- */

/* What the operators below share: as many outputs as inputs, of vectors. */
static pl_status prepare_channels(struct pl_prepare *prepare, pl_type input, pl_type output)
{
    PL_TRY(pl_signal_check_vector(prepare, pl_input(0), input));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(output)));
    return pl_check_set_output(prepare, 0, &prepare->inputs[0]->shape);
}

/* ---- SignalFilterBankSquareRoot -------------------------------------------------------------- */

struct square_root {
    const struct pl_signal_kernels *kernels;
};

static pl_status eval_square_root(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct square_root *params = eval->params;
    const int32_t shift = *(const int32_t *)eval->inputs[1];
    if (shift < 0 || shift > 31)
        return pl_eval_fail(eval, "scale_bits is %d, expected 0 to 31", (int)shift);
    params->kernels->square_root((uint32_t *)eval->outputs[0] + from,
                                 (const uint64_t *)eval->inputs[0] + from, to - from, shift);
    return PL_OK;
}

pl_status pl_prepare_signal_filter_bank_square_root(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    PL_TRY(prepare_channels(prepare, PL_UINT64, PL_UINT32));
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_rank(prepare, pl_input(1), 0, 0));
    struct square_root *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->kernels = prepare->kernels->signal;
    prepare->params = params;
    pl_prepare_stage(prepare, eval_square_root, prepare->inputs[0]->shape.dims[0], 64);
    return PL_OK;
}

/* ---- SignalFilterBankSpectralSubtraction ----------------------------------------------------- */

struct spectral_subtraction {
    const struct pl_signal_kernels *kernels;
    struct pl_signal_subtraction options;
    int32_t channels;
};

static pl_status eval_spectral_subtraction(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct spectral_subtraction *params = eval->params;
    (void)from;
    (void)to;
    params->kernels->subtract_noise(eval->outputs[0], eval->states[0], eval->inputs[0],
                                    params->channels, &params->options);
    memcpy(eval->outputs[1], eval->states[0], (size_t)params->channels * sizeof(uint32_t));
    return PL_OK;
}

/* Coefficients are kept in 32 bits without a sign, as the original does. */
static pl_status read_coefficient(const struct pl_custom_options *options, const char *name,
                                  uint32_t *coefficient)
{
    int32_t value = 0;
    PL_TRY(pl_custom_int32(options, name, INT32_MIN, INT32_MAX, &value));
    *coefficient = (uint32_t)value;
    return PL_OK;
}

static pl_status read_subtraction(struct pl_prepare *prepare, struct spectral_subtraction *params)
{
    struct pl_custom_options custom;
    struct pl_signal_subtraction *options = &params->options;
    PL_TRY(pl_custom_open(prepare, &custom));
    PL_TRY(read_coefficient(&custom, "smoothing", &options->smoothing[0]));
    PL_TRY(read_coefficient(&custom, "one_minus_smoothing", &options->one_minus_smoothing[0]));
    PL_TRY(read_coefficient(&custom, "alternate_smoothing", &options->smoothing[1]));
    PL_TRY(read_coefficient(&custom, "alternate_one_minus_smoothing",
                            &options->one_minus_smoothing[1]));
    PL_TRY(read_coefficient(&custom, "min_signal_remaining", &options->min_signal_remaining));
    PL_TRY(pl_custom_bool(&custom, "clamping", &options->clamping));
    PL_TRY(pl_custom_int32(&custom, "smoothing_bits", 0, 31, &options->smoothing_bits));
    PL_TRY(pl_custom_int32(&custom, "spectral_subtraction_bits", 0, 63,
                           &options->spectral_subtraction_bits));
    return pl_custom_int32(&custom, "num_channels", 1, PL_SIGNAL_MOST_SAMPLES, &params->channels);
}

pl_status pl_prepare_signal_filter_bank_spectral_subtraction(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 2));
    PL_TRY(prepare_channels(prepare, PL_UINT32, PL_UINT32));
    PL_TRY(pl_check_type(prepare, pl_output(1), PL_TYPE_BIT(PL_UINT32)));
    PL_TRY(pl_check_set_output(prepare, 1, &prepare->inputs[0]->shape));
    struct spectral_subtraction *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->kernels = prepare->kernels->signal;
    PL_TRY(read_subtraction(prepare, params));
    PL_TRY(pl_check_count(prepare, pl_input(0), params->channels));
    pl_prepare_state(prepare, NULL, (size_t)params->channels * sizeof(uint32_t));
    prepare->params = params;
    pl_prepare_stage(prepare, eval_spectral_subtraction, 1, params->channels);
    return PL_OK;
}

/* ---- SignalPCAN ------------------------------------------------------------------------------ */

struct gain_control {
    const struct pl_signal_kernels *kernels;
    int32_t snr_shift;
};

static pl_status eval_gain_control(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct gain_control *params = eval->params;
    params->kernels->gain_control(
        (uint32_t *)eval->outputs[0] + from, (const uint32_t *)eval->inputs[0] + from,
        (const uint32_t *)eval->inputs[1] + from, eval->inputs[2], to - from, params->snr_shift);
    return PL_OK;
}

pl_status pl_prepare_signal_pcan(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 3, 3, 1));
    PL_TRY(prepare_channels(prepare, PL_UINT32, PL_UINT32));
    PL_TRY(pl_signal_check_vector(prepare, pl_input(1), PL_UINT32));
    PL_TRY(pl_check_same_shape(prepare, pl_input(1), pl_input(0)));
    PL_TRY(pl_signal_check_vector(prepare, pl_input(2), PL_INT16));
    if (prepare->inputs[2]->shape.dims[0] < PL_SIGNAL_GAINS)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(2),
                             "found %d gains, expected at least %d",
                             (int)prepare->inputs[2]->shape.dims[0], PL_SIGNAL_GAINS);
    struct pl_custom_options options;
    PL_TRY(pl_custom_open(prepare, &options));
    struct gain_control *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(pl_custom_int32(&options, "snr_shift", 0, 63, &params->snr_shift));
    params->kernels = prepare->kernels->signal;
    prepare->params = params;
    prepare->in_place_inputs = 1;
    pl_prepare_stage(prepare, eval_gain_control, prepare->inputs[0]->shape.dims[0], 16);
    return PL_OK;
}

/* ---- SignalFilterBankLog --------------------------------------------------------------------- */

struct logarithm {
    const struct pl_signal_kernels *kernels;
    struct pl_signal_log log;
};

static pl_status eval_logarithm(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct logarithm *params = eval->params;
    params->kernels->logarithm((int16_t *)eval->outputs[0] + from,
                               (const uint32_t *)eval->inputs[0] + from, to - from, &params->log);
    return PL_OK;
}

/* log2(1 + i / segments) is a little above i / segments. */
static void fill_log_table(int16_t *table)
{
    for (int32_t i = 0; i < PL_SIGNAL_LOG_SEGMENTS; i++) {
        const double line = (double)i / PL_SIGNAL_LOG_SEGMENTS;
        table[i] = (int16_t)lround(65536 * (log2(1 + line) - line));
    }
}

pl_status pl_prepare_signal_filter_bank_log(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(prepare_channels(prepare, PL_UINT32, PL_INT16));
    struct pl_custom_options options;
    PL_TRY(pl_custom_open(prepare, &options));
    struct logarithm *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(pl_custom_int32(&options, "input_correction_bits", 0, 31, &params->log.correction_bits));
    PL_TRY(read_coefficient(&options, "output_scale", &params->log.output_scale));
    fill_log_table(params->log.table);
    params->kernels = prepare->kernels->signal;
    prepare->params = params;
    pl_prepare_stage(prepare, eval_logarithm, prepare->inputs[0]->shape.dims[0], 16);
    return PL_OK;
}
