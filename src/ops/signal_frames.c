/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow Lite Micro's signal operators that keep samples between two runs: SignalDelay,
 * SignalFramer, SignalStacker. What they keep starts as zeros. */
#include <string.h>

#include "base/checked.h"
#include "ops/signal_internal.h"

static pl_status check_int16(struct pl_prepare *prepare, struct pl_place place)
{
    return pl_check_type(prepare, place, PL_TYPE_BIT(PL_INT16));
}

/* A scalar that says whether output 0 is filled. */
static pl_status check_valid_output(struct pl_prepare *prepare)
{
    const struct pl_shape scalar = {0, {0}};
    PL_TRY(pl_check_type(prepare, pl_output(1), PL_TYPE_BIT(PL_BOOL)));
    return pl_check_set_output(prepare, 1, &scalar);
}

/* ---- SignalDelay ----------------------------------------------------------------------------- */

struct delay {
    int64_t rows;
    int32_t frame;
    int32_t delay; /* samples kept per row */
};

static pl_status eval_delay(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct delay *params = eval->params;
    const size_t frame = (size_t)params->frame;
    const size_t delay = (size_t)params->delay;
    for (int64_t row = from; row < to; row++) {
        int16_t *line = (int16_t *)eval->states[0] + row * (params->frame + params->delay);
        const int16_t *input = (const int16_t *)eval->inputs[0] + row * params->frame;
        int16_t *output = (int16_t *)eval->outputs[0] + row * params->frame;
        memcpy(line + delay, input, frame * sizeof *line);
        memcpy(output, line, frame * sizeof *line);
        memmove(line, line + frame, delay * sizeof *line);
    }
    return PL_OK;
}

pl_status pl_prepare_signal_delay(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(check_int16(prepare, pl_input(0)));
    PL_TRY(check_int16(prepare, pl_output(0)));
    PL_TRY(pl_signal_check_frames(prepare, 1));
    struct pl_custom_options options;
    PL_TRY(pl_custom_open(prepare, &options));
    struct delay *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(pl_custom_int32(&options, "delay_length", 0, PL_SIGNAL_MOST_SAMPLES, &params->delay));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    params->frame = pl_signal_innermost(input);
    params->rows = pl_shape_span(input, 0, input->rank - 1);
    size_t bytes = 0;
    if (!pl_size_multiply((size_t)params->rows,
                          ((size_t)params->frame + (size_t)params->delay) * sizeof(int16_t),
                          &bytes))
        return pl_prepare_fail(prepare, PL_OUT_OF_MEMORY, "the delay lines are too large");
    PL_TRY(pl_check_set_output(prepare, 0, input));
    pl_prepare_state(prepare, NULL, bytes);
    prepare->params = params;
    pl_prepare_stage(prepare, eval_delay, params->rows, params->frame);
    return PL_OK;
}

/* ---- SignalFramer ---------------------------------------------------------------------------- */

struct framer {
    int64_t rows;
    int32_t frames; /* per row */
    int32_t size;
    int32_t step;
    bool prefill;
    int32_t capacity; /* samples waiting per row, at most */
};

/* Counters in front of the samples of all rows, which always have equally many waiting. */
struct framer_state {
    int32_t started;
    int32_t waiting;
};

/* Moves one step of a row on; false as long as there are too few samples for a frame. */
static bool frame_row(const struct framer *params, int16_t *line, int32_t waiting,
                      const int16_t *input, int16_t *output)
{
    const size_t size = (size_t)params->size;
    memcpy(line + waiting, input, (size_t)params->step * sizeof *line);
    const int32_t filled = waiting + params->step;
    if (filled < params->size) {
        memset(output, 0, size * sizeof *line);
        return false;
    }
    memcpy(output, line, size * sizeof *line);
    memmove(line, line + params->step, (size_t)(filled - params->step) * sizeof *line);
    return true;
}

static pl_status eval_framer(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct framer *params = eval->params;
    struct framer_state *state = eval->states[0];
    int16_t *lines = (int16_t *)(state + 1);
    bool *valid = eval->outputs[1];
    (void)from;
    (void)to;
    if (state->started == 0) {
        state->started = 1;
        state->waiting = params->prefill ? params->size - params->step : 0;
    }
    *valid = true;
    for (int32_t frame = 0; frame < params->frames; frame++) {
        bool filled = true;
        for (int64_t row = 0; row < params->rows; row++) {
            const int64_t at = row * params->frames + frame;
            filled = frame_row(params, lines + row * params->capacity, state->waiting,
                               (const int16_t *)eval->inputs[0] + at * params->step,
                               (int16_t *)eval->outputs[0] + at * params->size);
        }
        if (!filled) {
            state->waiting += params->step;
            *valid = false;
        }
    }
    return PL_OK;
}

static pl_status read_framer(struct pl_prepare *prepare, struct framer *params)
{
    struct pl_custom_options options;
    PL_TRY(pl_custom_open(prepare, &options));
    PL_TRY(pl_custom_int32(&options, "frame_size", 1, PL_SIGNAL_MOST_SAMPLES, &params->size));
    PL_TRY(pl_custom_int32(&options, "frame_step", 1, PL_SIGNAL_MOST_SAMPLES, &params->step));
    PL_TRY(pl_custom_bool(&options, "prefill", &params->prefill));
    if (params->prefill && params->step > params->size)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED,
                               "prefill with a frame_step %d above the frame_size %d",
                               (int)params->step, (int)params->size);
    const int32_t samples = pl_signal_innermost(&prepare->inputs[0]->shape);
    if (samples % params->step == 0) return PL_OK;
    return pl_check_fail(prepare, PL_MISMATCH, pl_input(0),
                         "found %d samples, expected a multiple of the frame_step %d", (int)samples,
                         (int)params->step);
}

pl_status pl_prepare_signal_framer(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 2));
    PL_TRY(check_int16(prepare, pl_input(0)));
    PL_TRY(check_int16(prepare, pl_output(0)));
    PL_TRY(pl_signal_check_frames(prepare, 1));
    PL_TRY(check_valid_output(prepare));
    struct framer *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(read_framer(prepare, params));
    struct pl_shape output = prepare->inputs[0]->shape;
    if (output.rank == PL_MAX_RANK)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "the output has rank %d, the limit is %d",
                               PL_MAX_RANK + 1, PL_MAX_RANK);
    params->frames = pl_signal_innermost(&output) / params->step;
    params->rows = pl_shape_span(&output, 0, output.rank - 1);
    params->capacity = params->size + params->step;
    output.dims[output.rank - 1] = params->frames;
    output.dims[output.rank++] = params->size;
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    size_t bytes = 0;
    if (!pl_size_multiply((size_t)params->rows, (size_t)params->capacity * sizeof(int16_t),
                          &bytes) ||
        !pl_size_add(bytes, sizeof(struct framer_state), &bytes))
        return pl_prepare_fail(prepare, PL_OUT_OF_MEMORY, "the waiting frames are too large");
    pl_prepare_state(prepare, NULL, bytes);
    prepare->params = params;
    pl_prepare_stage(prepare, eval_framer, 1, pl_shape_count(&output));
    return PL_OK;
}

/* ---- SignalStacker --------------------------------------------------------------------------- */

struct stacker {
    int32_t channels; /* of a frame */
    int32_t left;     /* how often the first frame stands before itself */
    int32_t frames;   /* of an output */
    int32_t step;     /* frames */
};

/* In front of the frames that wait. */
struct stacker_state {
    int32_t started;
    int32_t waiting; /* frames */
};

static pl_status eval_stacker(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct stacker *params = eval->params;
    struct stacker_state *state = eval->states[0];
    int16_t *frames = (int16_t *)(state + 1);
    bool *valid = eval->outputs[1];
    const size_t frame_bytes = (size_t)params->channels * sizeof(int16_t);
    const int32_t copies = state->started == 0 ? params->left + 1 : 1;
    (void)from;
    (void)to;
    state->started = 1;
    for (int32_t i = 0; i < copies; i++, state->waiting++)
        memcpy(frames + (int64_t)state->waiting * params->channels, eval->inputs[0], frame_bytes);
    *valid = state->waiting >= params->frames;
    if (!*valid) {
        memset(eval->outputs[0], 0, (size_t)params->frames * frame_bytes);
        return PL_OK;
    }
    memcpy(eval->outputs[0], frames, (size_t)params->frames * frame_bytes);
    state->waiting -= params->step;
    memmove(frames, frames + (int64_t)params->step * params->channels,
            (size_t)state->waiting * frame_bytes);
    return PL_OK;
}

static pl_status read_stacker(struct pl_prepare *prepare, struct stacker *params)
{
    enum { MOST_FRAMES = 1 << 16 };
    struct pl_custom_options options;
    int32_t right = 0;
    PL_TRY(pl_custom_open(prepare, &options));
    PL_TRY(pl_custom_int32(&options, "num_channels", 1, PL_SIGNAL_MOST_SAMPLES, &params->channels));
    PL_TRY(pl_custom_int32(&options, "stacker_left_context", 0, MOST_FRAMES, &params->left));
    PL_TRY(pl_custom_int32(&options, "stacker_right_context", 0, MOST_FRAMES, &right));
    params->frames = params->left + 1 + right;
    return pl_custom_int32(&options, "stacker_step", 1, params->frames, &params->step);
}

pl_status pl_prepare_signal_stacker(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 2));
    PL_TRY(check_int16(prepare, pl_input(0)));
    PL_TRY(check_int16(prepare, pl_output(0)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, 1));
    PL_TRY(check_valid_output(prepare));
    struct stacker *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(read_stacker(prepare, params));
    PL_TRY(pl_check_count(prepare, pl_input(0), params->channels));
    const int64_t count = (int64_t)params->frames * params->channels;
    if (count > INT32_MAX)
        return pl_prepare_fail(prepare, PL_OUT_OF_MEMORY, "the stacked frames are too large");
    const struct pl_shape output = {1, {(int32_t)count}};
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    pl_prepare_state(prepare, NULL, sizeof(struct stacker_state) + (size_t)count * sizeof(int16_t));
    prepare->params = params;
    pl_prepare_stage(prepare, eval_stacker, 1, count);
    return PL_OK;
}
