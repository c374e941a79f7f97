/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow Lite Micro's SignalWindow, which weighs frames before a transform, and
 * SignalOverlapAdd, which adds them up to a stream again. */
#include <string.h>

#include "kernels/signal_kernels.h"
#include "ops/signal_internal.h"

static pl_status check_int16(struct pl_prepare *prepare, struct pl_place place)
{
    return pl_check_type(prepare, place, PL_TYPE_BIT(PL_INT16));
}

/* ---- SignalWindow ---------------------------------------------------------------------------- */

struct window {
    void (*kernel)(int16_t *, const int16_t *, const int16_t *, int32_t, int32_t);
    int32_t size;
    int32_t shift;
};

/* A unit is a window. */
static pl_status eval_window(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct window *params = eval->params;
    const int16_t *input = eval->inputs[0];
    int16_t *output = eval->outputs[0];
    for (int64_t i = from; i < to; i++)
        params->kernel(output + i * params->size, input + i * params->size, eval->inputs[1],
                       params->size, params->shift);
    return PL_OK;
}

pl_status pl_prepare_signal_window(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    PL_TRY(check_int16(prepare, pl_input(0)));
    PL_TRY(check_int16(prepare, pl_input(1)));
    PL_TRY(check_int16(prepare, pl_output(0)));
    PL_TRY(pl_signal_check_frames(prepare, 1));
    PL_TRY(pl_check_rank(prepare, pl_input(1), 1, 1));
    struct pl_custom_options options;
    PL_TRY(pl_custom_open(prepare, &options));
    struct window *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(pl_custom_int32(&options, "shift", 0, 31, &params->shift));
    params->kernel = prepare->kernels->signal->window;
    params->size = prepare->inputs[1]->shape.dims[0];
    const int64_t samples = pl_shape_count(&prepare->inputs[0]->shape);
    if (params->size < 1 || samples % params->size != 0)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(1),
                             "found %d weights for %lld samples, expected a divisor of them",
                             (int)params->size, (long long)samples);
    PL_TRY(pl_check_set_output(prepare, 0, &prepare->inputs[0]->shape));
    prepare->params = params;
    prepare->in_place_inputs = 1;
    pl_prepare_stage(prepare, eval_window, samples / params->size, params->size);
    return PL_OK;
}

/* ---- SignalOverlapAdd ------------------------------------------------------------------------ */

struct overlap_add {
    const struct pl_signal_kernels *kernels;
    pl_type type;
    int32_t frames; /* per row */
    int32_t size;
    int32_t step;
    size_t sample_bytes;
};

/* A unit is a row, which has a frame of sums of its own. */
static pl_status eval_overlap_add(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct overlap_add *params = eval->params;
    const size_t frame_bytes = (size_t)params->size * params->sample_bytes;
    const size_t step_bytes = (size_t)params->step * params->sample_bytes;
    for (int64_t row = from; row < to; row++) {
        char *sums = (char *)eval->states[0] + (size_t)row * frame_bytes;
        for (int64_t f = row * params->frames; f < (row + 1) * params->frames; f++) {
            const char *input = (const char *)eval->inputs[0] + (size_t)f * frame_bytes;
            if (params->type == PL_INT16) {
                params->kernels->add_i16((int16_t *)(void *)sums,
                                         (const int16_t *)(const void *)input, params->size);
            } else {
                params->kernels->add_f32((float *)(void *)sums, (const float *)(const void *)input,
                                         params->size);
            }
            memcpy((char *)eval->outputs[0] + (size_t)f * step_bytes, sums, step_bytes);
            memmove(sums, sums + step_bytes, frame_bytes - step_bytes);
            memset(sums + frame_bytes - step_bytes, 0, step_bytes);
        }
    }
    return PL_OK;
}

pl_status pl_prepare_signal_overlap_add(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_INT16) | PL_TYPE_BIT(PL_FLOAT32)));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    PL_TRY(pl_signal_check_frames(prepare, 2));
    struct pl_custom_options options;
    PL_TRY(pl_custom_open(prepare, &options));
    struct overlap_add *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    struct pl_shape output = prepare->inputs[0]->shape;
    params->kernels = prepare->kernels->signal;
    params->type = prepare->inputs[0]->tensor->type;
    params->size = pl_signal_innermost(&output);
    params->frames = output.dims[output.rank - 2];
    params->sample_bytes = params->type == PL_INT16 ? 2 : 4;
    PL_TRY(pl_custom_int32(&options, "frame_step", 1, params->size, &params->step));
    const int64_t rows = pl_shape_span(&output, 0, output.rank - 2);
    const int64_t samples = (int64_t)params->frames * params->step;
    if (samples > INT32_MAX)
        return pl_prepare_fail(prepare, PL_OUT_OF_MEMORY, "the output is too large");
    output.rank--;
    output.dims[output.rank - 1] = (int32_t)samples;
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    pl_prepare_state(prepare, NULL, (size_t)rows * (size_t)params->size * params->sample_bytes);
    prepare->params = params;
    pl_prepare_stage(prepare, eval_overlap_add, rows, pl_cost(params->frames, params->size));
    return PL_OK;
}
