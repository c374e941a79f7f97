/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an operator does the same with every row, by its traits and spans and the shapes around it alone. */
#include "rewrite/reuse_internal.h"

static const struct pl_stream *stream_of(const struct pl_row_view *view, int32_t input)
{
    const int32_t tensor = view->op->inputs[input];
    return tensor >= 0 && view->streams[tensor].fresh > 0 ? &view->streams[tensor] : NULL;
}

static const struct pl_value *input_of(const struct pl_row_view *view, int32_t input)
{
    const int32_t tensor = view->op->inputs[input];
    return tensor >= 0 ? view->values[tensor] : NULL;
}

static const struct pl_value *output_of(const struct pl_row_view *view)
{
    return view->values[view->op->outputs[0]];
}

int32_t pl_row_first_stream(const struct pl_row_view *view)
{
    for (int32_t i = 0; i < view->op->input_count; i++)
        if (stream_of(view, i) != NULL) return i;
    return -1;
}

bool pl_row_reads_stream(const struct pl_row_view *view)
{
    return pl_row_first_stream(view) >= 0;
}

static int32_t window_rows(const struct pl_row_view *view, int32_t input)
{
    return input_of(view, input)->shape.dims[stream_of(view, input)->axis];
}

/* ---- along which axis --------------------------------------------------------------------------------------------- */

static const char *check_constant(const struct pl_row_view *view, int32_t input)
{
    const struct pl_value *value = input_of(view, input);
    return value == NULL || value->holder != NULL ? NULL : "another input is no constant: it may change between windows";
}

/* All inputs, where their axes are counted from the end. */
static const char *find_elementwise(const struct pl_row_view *view, int32_t input, int32_t *output_axis)
{
    const struct pl_shape *output = &output_of(view)->shape;
    *output_axis = stream_of(view, input)->axis + output->rank - input_of(view, input)->shape.rank;
    for (int32_t i = 0; i < view->op->input_count; i++) {
        const struct pl_value *value = input_of(view, i);
        if (value == NULL) continue;
        const int32_t axis = *output_axis - (output->rank - value->shape.rank);
        const struct pl_stream *stream = stream_of(view, i);
        if (stream != NULL) {
            if (stream->axis != axis || stream->fresh != stream_of(view, input)->fresh ||
                value->shape.dims[axis] != output->dims[*output_axis])
                return "its inputs are windows along different axes, or of different sizes";
            continue;
        }
        if (check_constant(view, i) != NULL) return check_constant(view, i);
        if (axis >= 0 && value->shape.dims[axis] != 1) return "a constant varies along the window";
    }
    return NULL;
}

/* The axis of the output with the same elements before it and the same size. The last one is inside of a row, unless
 * rows may be anything. */
static int32_t same_axis(const struct pl_shape *input, int32_t axis, const struct pl_shape *output, int32_t end)
{
    const int64_t before = pl_shape_span(input, 0, axis);
    for (int32_t i = 0; i < end; i++)
        if (pl_shape_span(output, 0, i) == before && output->dims[i] == input->dims[axis]) return i;
    return -1;
}

static const char *find_row_local(const struct pl_row_view *view, int32_t input, int32_t *output_axis)
{
    const bool is_view = (view->facts->traits & PL_TRAIT_VIEW) != 0;
    const struct pl_shape *in = &input_of(view, 0)->shape;
    const struct pl_shape *out = &output_of(view)->shape;
    if (input != 0) return "the window is not its first input";
    for (int32_t i = 1; i < view->op->input_count; i++)
        if (stream_of(view, i) != NULL || check_constant(view, i) != NULL) return "another input is no constant";
    if (!is_view && stream_of(view, 0)->axis == in->rank - 1) return "the window is along the axis it mixes";
    *output_axis = same_axis(in, stream_of(view, 0)->axis, out, is_view ? out->rank : out->rank - 1);
    return *output_axis >= 0 ? NULL : "the rows of the window are no rows of its output";
}

static const char *find_span(const struct pl_row_view *view, int32_t input, int32_t *output_axis)
{
    const struct pl_stream *stream = stream_of(view, input);
    const struct pl_span *spans = view->facts->spans;
    int32_t axis = 0;
    while (axis < PL_MAX_RANK && (spans[axis].size == 0 || spans[axis].input_axis != stream->axis ||
                                  (spans[axis].inputs >> input & 1) == 0))
        axis++;
    if (axis == PL_MAX_RANK) return "it mixes the rows of a window";
    for (int32_t i = 0; i < view->op->input_count; i++) {
        const bool has_rows = i < 32 && (spans[axis].inputs >> i & 1) != 0;
        const struct pl_stream *other = stream_of(view, i);
        if (!has_rows && (other != NULL || check_constant(view, i) != NULL)) return "another input is no constant";
        if (has_rows && (other == NULL || other->axis != stream->axis || other->fresh != stream->fresh ||
                         window_rows(view, i) != window_rows(view, input)))
            return "its inputs are not windows alike";
    }
    *output_axis = axis;
    return NULL;
}

/* ---- how many rows ------------------------------------------------------------------------------------------------ */

static const char *count_rows(const struct pl_row_view *view, int32_t input, const struct pl_span *span,
                              struct pl_row_step *step)
{
    const int32_t fresh = stream_of(view, input)->fresh;
    const int32_t rows = output_of(view)->shape.dims[step->output_axis];
    if (span->first < 0) return "it pads along the window";
    if (span->first > 0 && !span->copied) return "it begins within the window";
    if (fresh % span->stride != 0) return "its stride does not divide the new rows";
    step->fresh = fresh / span->stride;
    if (step->fresh >= rows) return "all of its rows are new";
    step->keep = window_rows(view, input) - rows * span->stride - span->first;
    step->copied = span->copied;
    return NULL;
}

/* Scales along the window would be those of the wrong rows. */
static bool varies(const struct pl_value *value, int32_t axis)
{
    const struct pl_quantization *quantization = &value->tensor->quantization;
    return (quantization->count > 1 && quantization->dimension == axis) || quantization->block_size > 0;
}

static const char *check_operator(const struct pl_row_view *view)
{
    if (!view->facts->known) return "its shapes depend on data, or a user brought it";
    if (!pl_traits_are_pure(view->facts->traits)) return "it has state or effects";
    if (view->op->output_count != 1 || output_of(view)->late) return "it has several outputs";
    return NULL;
}

const char *pl_row_step_find(const struct pl_row_view *view, struct pl_row_step *step)
{
    const int32_t input = pl_row_first_stream(view);
    const uint32_t traits = view->facts->traits;
    struct pl_span span = {.size = 1, .stride = 1, .copied = (traits & PL_TRAIT_VIEW) != 0};
    const char *why = check_operator(view);
    if (why != NULL) return why;
    if ((traits & PL_TRAIT_ELEMENTWISE) != 0) why = find_elementwise(view, input, &step->output_axis);
    else if ((traits & (PL_TRAIT_ROW_LOCAL | PL_TRAIT_VIEW)) != 0) why = find_row_local(view, input, &step->output_axis);
    else why = find_span(view, input, &step->output_axis);
    if (why != NULL) return why;
    if ((traits & (PL_TRAIT_ELEMENTWISE | PL_TRAIT_ROW_LOCAL | PL_TRAIT_VIEW)) == 0)
        span = view->facts->spans[step->output_axis];
    if (varies(input_of(view, input), stream_of(view, input)->axis) || varies(output_of(view), step->output_axis))
        return "its quantization varies along the window";
    return count_rows(view, input, &span, step);
}
