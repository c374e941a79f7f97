/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow Lite Micro's signal operators around the Fourier transform of frames:
 * SignalFftAutoScale, SignalRfft, SignalIrfft, SignalEnergy. Complex numbers are pairs along the
 * innermost dimension. */
#include <string.h>

#include "kernels/fft_kernels.h"
#include "kernels/signal_kernels.h"
#include "ops/fft.h"
#include "ops/signal_internal.h"

/* ---- SignalFftAutoScale ---------------------------------------------------------------------- */

struct auto_scale {
    const struct pl_signal_kernels *kernels;
    int64_t count;
};

static pl_status eval_auto_scale(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct auto_scale *params = eval->params;
    int32_t *bits = eval->outputs[1];
    (void)from;
    (void)to;
    *bits = params->kernels->auto_scale(eval->outputs[0], eval->inputs[0], params->count);
    return PL_OK;
}

pl_status pl_prepare_signal_fft_auto_scale(struct pl_prepare *prepare)
{
    const struct pl_shape scalar = {0, {0}};
    PL_TRY(pl_check_arity(prepare, 1, 1, 2));
    PL_TRY(pl_signal_check_vector(prepare, pl_input(0), PL_INT16));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_INT16)));
    PL_TRY(pl_check_type(prepare, pl_output(1), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_set_output(prepare, 0, &prepare->inputs[0]->shape));
    PL_TRY(pl_check_set_output(prepare, 1, &scalar));
    struct auto_scale *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->kernels = prepare->kernels->signal;
    params->count = prepare->inputs[0]->shape.dims[0];
    prepare->params = params;
    prepare->in_place_inputs = 1;
    pl_prepare_stage(prepare, eval_auto_scale, 1, params->count);
    return PL_OK;
}

/* ---- SignalRfft, SignalIrfft ----------------------------------------------------------------- */

struct spectrum {
    pl_fft_real transform;
    const struct pl_fft *fft;
    int32_t input_length; /* numbers per row */
    int32_t output_length;
    int32_t fft_length;
    size_t number_bytes;
    int32_t input_scratch;
    int32_t work_scratch;
    bool divide; /* by fft_length: the inverse of floats */
};

/* A unit is a row. */
static pl_status eval_rfft(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct spectrum *params = eval->params;
    const size_t given = (size_t)params->input_length * params->number_bytes;
    const size_t wanted = (size_t)params->fft_length * params->number_bytes;
    const size_t made = (size_t)params->output_length * params->number_bytes;
    char *padded = eval->scratch[params->input_scratch];
    for (int64_t row = from; row < to; row++) {
        memcpy(padded, (const char *)eval->inputs[0] + (size_t)row * given, given);
        memset(padded + given, 0, wanted - given);
        params->transform(params->fft, padded, (char *)eval->outputs[0] + (size_t)row * made,
                          eval->scratch[params->work_scratch]);
    }
    return PL_OK;
}

static pl_status eval_irfft(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct spectrum *params = eval->params;
    const size_t given = (size_t)params->input_length * params->number_bytes;
    const size_t made = (size_t)params->output_length * params->number_bytes;
    for (int64_t row = from; row < to; row++) {
        char *output = (char *)eval->outputs[0] + (size_t)row * made;
        params->transform(params->fft, (const char *)eval->inputs[0] + (size_t)row * given, output,
                          eval->scratch[params->work_scratch]);
        float *samples = (float *)(void *)output;
        for (int32_t i = 0; params->divide && i < params->fft_length; i++)
            samples[i] /= (float)params->fft_length;
    }
    return PL_OK;
}

static enum pl_fft_type fft_type(pl_type type)
{
    return type == PL_INT16 ? PL_FFT_I16 : type == PL_INT32 ? PL_FFT_I32 : PL_FFT_F32;
}

/* What both directions check and compute; the lengths of rows are set by the caller. */
static pl_status prepare_transform(struct pl_prepare *prepare, bool inverse,
                                   struct spectrum **spectrum)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0),
                         PL_TYPE_BIT(PL_INT16) | PL_TYPE_BIT(PL_INT32) | PL_TYPE_BIT(PL_FLOAT32)));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    PL_TRY(pl_signal_check_frames(prepare, 1));
    const pl_type type = prepare->inputs[0]->tensor->type;
    struct pl_custom_options options;
    int32_t named = 0;
    PL_TRY(pl_custom_open(prepare, &options));
    PL_TRY(pl_custom_int32(&options, "T", 0, PL_TYPE_COUNT - 1, &named));
    if (named != (int32_t)type)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(0),
                             "found %s, expected %s as option T says", pl_type_name(type),
                             pl_type_name((pl_type)named));
    struct spectrum *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(pl_custom_int32(&options, "fft_length", 4, PL_SIGNAL_MOST_SAMPLES, &params->fft_length));
    if (params->fft_length % 2 != 0)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "option fft_length %d is odd",
                               (int)params->fft_length);
    PL_TRY(pl_fft_make(prepare, fft_type(type), params->fft_length / 2, inverse, &params->fft));
    const struct pl_fft_kernels *kernels = prepare->kernels->fft;
    params->transform =
        inverse ? kernels->inverse[fft_type(type)] : kernels->forward[fft_type(type)];
    params->input_length = pl_signal_innermost(&prepare->inputs[0]->shape);
    params->number_bytes = pl_fft_complex_bytes(fft_type(type)) / 2;
    params->divide = inverse && type == PL_FLOAT32;
    params->work_scratch =
        pl_prepare_scratch(prepare, (size_t)params->fft_length * params->number_bytes, true);
    prepare->params = params;
    *spectrum = params;
    return PL_OK;
}

/* The output has the input's shape but for the innermost dimension. A unit is a row. */
static pl_status finish_transform(struct pl_prepare *prepare, const struct spectrum *params,
                                  pl_eval_function eval)
{
    struct pl_shape output = prepare->inputs[0]->shape;
    output.dims[output.rank - 1] = params->output_length;
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    pl_prepare_stage(prepare, eval, pl_shape_span(&output, 0, output.rank - 1),
                     (int64_t)params->fft_length * 8);
    return PL_OK;
}

pl_status pl_prepare_signal_rfft(struct pl_prepare *prepare)
{
    struct spectrum *params = NULL;
    PL_TRY(prepare_transform(prepare, false, &params));
    if (params->input_length > params->fft_length)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(0),
                             "found %d samples, expected at most the fft_length %d",
                             (int)params->input_length, (int)params->fft_length);
    params->output_length = params->fft_length + 2;
    params->input_scratch =
        pl_prepare_scratch(prepare, (size_t)params->fft_length * params->number_bytes, true);
    return finish_transform(prepare, params, eval_rfft);
}

pl_status pl_prepare_signal_irfft(struct pl_prepare *prepare)
{
    struct spectrum *params = NULL;
    PL_TRY(prepare_transform(prepare, true, &params));
    if (params->input_length != params->fft_length + 2)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(0),
                             "found %d numbers, expected %d, two per bin of the fft_length %d",
                             (int)params->input_length, (int)params->fft_length + 2,
                             (int)params->fft_length);
    params->output_length = params->fft_length;
    return finish_transform(prepare, params, eval_irfft);
}

/* ---- SignalEnergy ---------------------------------------------------------------------------- */

struct energy {
    const struct pl_signal_kernels *kernels;
    int32_t start;
    int32_t end;
    int32_t count;
};

static pl_status eval_energy(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct energy *params = eval->params;
    uint32_t *output = eval->outputs[0];
    (void)from;
    (void)to;
    memset(output, 0, (size_t)params->count * sizeof *output);
    params->kernels->energy(output + params->start,
                            (const int16_t *)eval->inputs[0] + 2 * params->start,
                            params->end - params->start);
    return PL_OK;
}

/* Bins before the first and from the last on are 0; TensorFlow Lite Micro leaves there what was. */
pl_status pl_prepare_signal_energy(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_signal_check_vector(prepare, pl_input(0), PL_INT16));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_UINT32)));
    struct pl_custom_options options;
    PL_TRY(pl_custom_open(prepare, &options));
    struct energy *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->kernels = prepare->kernels->signal;
    params->count = prepare->inputs[0]->shape.dims[0] / 2;
    PL_TRY(pl_custom_int32(&options, "end_index", 0, params->count, &params->end));
    PL_TRY(pl_custom_int32(&options, "start_index", 0, params->end, &params->start));
    const struct pl_shape output = {1, {params->count}};
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    prepare->params = params;
    pl_prepare_stage(prepare, eval_energy, 1, params->count);
    return PL_OK;
}
