/* SPDX-License-Identifier: Apache-2.0 */
/* RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR. Where every output row and column reads its input is
 * computed once. */
#include <math.h>

#include "ops/axis.h"
#include "ops/check.h"
#include "ops/move.h"
#include "ops/resize.h"
#include "ops/span.h"

enum { FIXED_ONE = 1024, MAX_DIM = 1 << 24 };

struct geometry {
    bool align_corners;
    bool half_pixel_centers;
    int32_t input_height;
    int32_t input_width;
    int32_t output_height;
    int32_t output_width;
    int32_t batches;
    int32_t channels;
    int64_t element_bytes;
};

struct bilinear {
    const struct pl_movement_kernels *kernels;
    struct geometry geometry;
    struct pl_resize_tap *rows;
    struct pl_resize_tap *columns;
    pl_type type;
};

struct nearest {
    const struct pl_movement_kernels *kernels;
    struct geometry geometry;
    int32_t *rows;
    int32_t *columns;
};

/* ---- shared ---------------------------------------------------------------------------------- */

/* Checks input, size and output; sets the output's shape. The caller has the options. */
static pl_status prepare_geometry(struct pl_prepare *prepare, struct geometry *geometry)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    PL_TRY(pl_check_same_type(prepare, pl_input(0), pl_output(0)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 4, 4));
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_box_element_bytes(prepare, pl_input(0), &geometry->element_bytes));
    int64_t size[2];
    int32_t count = 0;
    PL_TRY(pl_axis_read_integers(prepare, 1, 2, size, &count));
    if (count != 2 || size[0] < 1 || size[1] < 1)
        return pl_check_fail(prepare, PL_INVALID_MODEL, pl_input(1),
                             "expected a height and a width above 0");
    if (size[0] > MAX_DIM || size[1] > MAX_DIM)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(1),
                             "pictures larger than 2^24 a side are not supported");
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    if (input->dims[1] < 1 || input->dims[2] < 1)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(0), "the picture is empty");
    pl_span_local(prepare, 0, 0);
    geometry->batches = input->dims[0];
    geometry->input_height = input->dims[1];
    geometry->input_width = input->dims[2];
    geometry->channels = input->dims[3];
    geometry->output_height = (int32_t)size[0];
    geometry->output_width = (int32_t)size[1];
    const struct pl_shape output = {
        4,
        {geometry->batches, geometry->output_height, geometry->output_width, geometry->channels}};
    return pl_check_set_output(prepare, 0, &output);
}

static void add_stage(struct pl_prepare *prepare, const struct geometry *geometry,
                      pl_eval_function eval)
{
    const int64_t row = (int64_t)geometry->output_width * geometry->channels;
    const int64_t rows = (int64_t)geometry->batches * geometry->output_height;
    pl_prepare_stage(prepare, eval, row > 0 ? rows : 0, row * geometry->element_bytes);
}

static const char *input_pixels(const struct pl_eval *eval, const struct geometry *geometry,
                                int64_t batch, int64_t y)
{
    const int64_t row_bytes =
        (int64_t)geometry->input_width * geometry->channels * geometry->element_bytes;
    return (const char *)eval->inputs[0] + (batch * geometry->input_height + y) * row_bytes;
}

static char *output_pixels(const struct pl_eval *eval, const struct geometry *geometry, int64_t row)
{
    return (char *)eval->outputs[0] +
           row * geometry->output_width * geometry->channels * geometry->element_bytes;
}

/* ---- bilinear -------------------------------------------------------------------------------- */

void pl_resize_row(const struct pl_movement_kernels *kernels, pl_type type, void *output, const void *near, const void *far,
                   const struct pl_resize_row *row)
{
    switch (type) {
    case PL_FLOAT32: kernels->bilinear_float(output, near, far, row); break;
    case PL_UINT8: kernels->bilinear_uint8(output, near, far, row); break;
    case PL_INT8: kernels->bilinear_int8(output, near, far, row); break;
    default: kernels->bilinear_int16(output, near, far, row); break;
    }
}

/* Stage of one unit per output row. */
static pl_status eval_bilinear(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct bilinear *params = eval->params;
    const struct geometry *geometry = &params->geometry;
    struct pl_resize_row row = {.width = geometry->output_width,
                                .channels = geometry->channels,
                                .columns = params->columns};
    for (int64_t unit = from; unit < to; unit++) {
        const int64_t batch = unit / geometry->output_height;
        row.row = params->rows[unit % geometry->output_height];
        const void *near = input_pixels(eval, geometry, batch, row.row.near);
        const void *far = input_pixels(eval, geometry, batch, row.row.far);
        void *output = output_pixels(eval, geometry, unit);
        pl_resize_row(params->kernels, params->type, output, near, far, &row);
    }
    return PL_OK;
}

static void float_tap(struct pl_resize_tap *tap, int32_t i, float scale, bool half_pixel_centers,
                      int32_t input)
{
    const float position = half_pixel_centers ? ((float)i + 0.5f) * scale - 0.5f : (float)i * scale;
    /* Rounding can carry a position of a huge picture past its end. */
    const float bounded = fminf(position, (float)(input - 1));
    const int32_t floor_index = (int32_t)floorf(bounded);
    const int32_t ceil_index = (int32_t)ceilf(bounded);
    tap->near = floor_index < 0 ? 0 : floor_index < input ? floor_index : input - 1;
    tap->far = ceil_index < input ? ceil_index : input - 1;
    tap->fraction = position - (float)tap->near;
}

static void fixed_tap(struct pl_resize_tap *tap, int32_t i, int32_t scale, bool half_pixel_centers,
                      int32_t input)
{
    const int64_t start = half_pixel_centers ? scale / 2 - FIXED_ONE / 2 : 0;
    const int64_t position = (int64_t)i * scale + start;
    const int64_t near = position / FIXED_ONE;
    const int64_t far = (position + FIXED_ONE - 1) / FIXED_ONE;
    tap->near = (int32_t)(near < 0 ? 0 : near < input ? near : input - 1);
    tap->far = (int32_t)(far < input ? far : input - 1);
    tap->fixed = (int32_t)(position - (int64_t)FIXED_ONE * tap->near);
}

void pl_resize_taps(const struct pl_resize_axis *axis, struct pl_resize_tap *taps)
{
    const int32_t input = axis->input, output = axis->output;
    const bool half = axis->half_pixel_centers;
    const bool corners = axis->align_corners && output > 1;
    const int32_t in_span = corners ? input - 1 : input;
    const int32_t out_span = corners ? output - 1 : output;
    if (axis->type == PL_FLOAT32 || axis->type == PL_UINT8) {
        const float scale = (float)in_span / (float)out_span;
        for (int32_t i = 0; i < output; i++) float_tap(&taps[i], i, scale, half, input);
    } else {
        const int32_t scale = (FIXED_ONE * in_span + out_span / 2) / out_span;
        for (int32_t i = 0; i < output; i++) fixed_tap(&taps[i], i, scale, half, input);
    }
}

static struct pl_resize_tap *make_taps(struct pl_prepare *prepare, const struct geometry *geometry,
                                       int32_t input, int32_t output)
{
    struct pl_resize_tap *taps = pl_prepare_allocate(prepare, (size_t)output * sizeof *taps);
    const struct pl_resize_axis axis = {input, output, geometry->align_corners, geometry->half_pixel_centers,
                                        prepare->inputs[0]->tensor->type};
    if (taps != NULL) pl_resize_taps(&axis, taps);
    return taps;
}

pl_status pl_prepare_resize_bilinear(struct pl_prepare *prepare)
{
    struct bilinear *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    struct geometry *geometry = &params->geometry;
    PL_TRY(prepare_geometry(prepare, geometry));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPES_FLOAT | PL_TYPES_QUANTIZED));
    const struct pl_record *options = prepare->op->options;
    geometry->align_corners =
        pl_record_integer(options, PL_ResizeBilinearOptions_align_corners) != 0;
    geometry->half_pixel_centers =
        pl_record_integer(options, PL_ResizeBilinearOptions_half_pixel_centers) != 0;
    if (geometry->align_corners && geometry->half_pixel_centers)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "half_pixel_centers and align_corners exclude each other");
    if (geometry->input_height > PL_RESIZE_MAX_DIM || geometry->input_width > PL_RESIZE_MAX_DIM ||
        geometry->output_height > PL_RESIZE_MAX_DIM || geometry->output_width > PL_RESIZE_MAX_DIM)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED,
                               "pictures larger than 2^20 a side are not supported");
    params->kernels = prepare->kernels->movement;
    params->type = prepare->inputs[0]->tensor->type;
    params->rows = make_taps(prepare, geometry, geometry->input_height, geometry->output_height);
    params->columns = make_taps(prepare, geometry, geometry->input_width, geometry->output_width);
    if (params->rows == NULL || params->columns == NULL) return PL_OUT_OF_MEMORY;
    prepare->params = params;
    add_stage(prepare, geometry, eval_bilinear);
    return PL_OK;
}

/* ---- nearest --------------------------------------------------------------------------------- */

static pl_status eval_nearest(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct nearest *params = eval->params;
    const struct geometry *geometry = &params->geometry;
    const int64_t pixel_bytes = geometry->channels * geometry->element_bytes;
    for (int64_t unit = from; unit < to; unit++) {
        const int64_t batch = unit / geometry->output_height;
        const int32_t y = params->rows[unit % geometry->output_height];
        params->kernels->gather(output_pixels(eval, geometry, unit),
                                input_pixels(eval, geometry, batch, y), params->columns,
                                geometry->output_width, pixel_bytes);
    }
    return PL_OK;
}

static int32_t *make_indices(struct pl_prepare *prepare, const struct geometry *geometry,
                             int32_t input, int32_t output)
{
    int32_t *indices = pl_prepare_allocate(prepare, (size_t)output * sizeof *indices);
    if (indices == NULL) return NULL;
    const bool corners = geometry->align_corners && output > 1;
    const float scale =
        corners ? (float)(input - 1) / (float)(output - 1) : (float)input / (float)output;
    const float offset = geometry->half_pixel_centers ? 0.5f : 0.0f;
    for (int32_t i = 0; i < output; i++) {
        const float position = ((float)i + offset) * scale;
        const float rounded = geometry->align_corners ? roundf(position) : floorf(position);
        indices[i] = rounded < (float)(input - 1) ? (int32_t)rounded : input - 1;
    }
    return indices;
}

pl_status pl_prepare_resize_nearest_neighbor(struct pl_prepare *prepare)
{
    struct nearest *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    struct geometry *geometry = &params->geometry;
    PL_TRY(prepare_geometry(prepare, geometry));
    PL_TRY(pl_check_type(prepare, pl_input(0),
                         PL_TYPES_BYTES_1 | PL_TYPES_BYTES_2 | PL_TYPES_BYTES_4));
    const struct pl_record *options = prepare->op->options;
    geometry->align_corners =
        pl_record_integer(options, PL_ResizeNearestNeighborOptions_align_corners) != 0;
    geometry->half_pixel_centers =
        pl_record_integer(options, PL_ResizeNearestNeighborOptions_half_pixel_centers) != 0;
    params->kernels = prepare->kernels->movement;
    params->rows = make_indices(prepare, geometry, geometry->input_height, geometry->output_height);
    params->columns =
        make_indices(prepare, geometry, geometry->input_width, geometry->output_width);
    if (params->rows == NULL || params->columns == NULL) return PL_OUT_OF_MEMORY;
    prepare->params = params;
    add_stage(prepare, geometry, eval_nearest);
    return PL_OK;
}
