/* SPDX-License-Identifier: Apache-2.0 */
/* RFFT2D: the transform of the two innermost dimensions, cut or filled with zeros to fft_length,
 * computed in double; half of the columns, as the rest mirrors them. */
#include <string.h>

#include "kernels/fft_kernels.h"
#include "ops/axis.h"
#include "ops/check.h"
#include "ops/fft.h"

struct rfft2d {
    pl_fft_complex transform;
    const struct pl_fft *rows;    /* of `width` points */
    const struct pl_fft *columns; /* of `height` points */
    int32_t input_height, input_width;
    int32_t height, width, bins; /* of the transform; bins = width / 2 + 1 */
};

struct number {
    double re, im;
};

/* Row y of the image, transformed, to column bins of `spectrum`, which is [bins][height]. `line`
 * has room for two rows. */
static void transform_row(const struct rfft2d *params, const float *image, int32_t y,
                          struct number *line, struct number *spectrum)
{
    const int32_t given = params->input_width < params->width ? params->input_width : params->width;
    struct number *made = line + params->width;
    memset(line, 0, (size_t)params->width * sizeof *line);
    for (int32_t x = 0; y < params->input_height && x < given; x++)
        line[x].re = (double)image[(int64_t)y * params->input_width + x];
    params->transform(params->rows, line, made);
    for (int32_t bin = 0; bin < params->bins; bin++)
        spectrum[(int64_t)bin * params->height + y] = made[bin];
}

/* A unit is an image. */
static pl_status eval(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct rfft2d *params = eval->params;
    const int64_t given = (int64_t)params->input_height * params->input_width;
    const int64_t made = (int64_t)params->height * params->bins;
    struct number *line = eval->scratch[0];
    struct number *spectrum = eval->scratch[1];
    for (int64_t unit = from; unit < to; unit++) {
        const float *image = (const float *)eval->inputs[0] + unit * given;
        float *output = (float *)eval->outputs[0] + unit * made * 2;
        for (int32_t y = 0; y < params->height; y++)
            transform_row(params, image, y, line, spectrum);
        for (int32_t bin = 0; bin < params->bins; bin++) {
            params->transform(params->columns, spectrum + (int64_t)bin * params->height, line);
            for (int32_t y = 0; y < params->height; y++) {
                float *to_number = output + ((int64_t)y * params->bins + bin) * 2;
                to_number[0] = (float)line[y].re;
                to_number[1] = (float)line[y].im;
            }
        }
    }
    return PL_OK;
}

/* Lengths are powers of two, as in TensorFlow Lite. */
static pl_status read_lengths(struct pl_prepare *prepare, struct rfft2d *params)
{
    enum { MOST_POINTS = 1 << 24 };
    int64_t lengths[2] = {0};
    int32_t count = 0;
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_rank(prepare, pl_input(1), 1, 1));
    PL_TRY(pl_check_count(prepare, pl_input(1), 2));
    PL_TRY(pl_axis_read_integers(prepare, 1, 2, lengths, &count));
    for (int32_t i = 0; i < 2; i++) {
        const int64_t length = lengths[i];
        if (length < 1 || length > MOST_POINTS || (length & (length - 1)) != 0)
            return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(1),
                                 "found a length of %lld, expected a power of two up to %d",
                                 (long long)length, MOST_POINTS);
    }
    params->height = (int32_t)lengths[0];
    params->width = (int32_t)lengths[1];
    params->bins = params->width / 2 + 1;
    return PL_OK;
}

/* How many images there are; 0 if there is nothing to do. */
static int64_t set_geometry(struct rfft2d *params, const struct pl_shape *input)
{
    params->input_height = input->dims[input->rank - 2];
    params->input_width = input->dims[input->rank - 1];
    return pl_shape_span(input, 0, input->rank - 2);
}

pl_status pl_prepare_rfft2d(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_FLOAT32)));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_COMPLEX64)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 2, PL_MAX_RANK));
    struct rfft2d *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(read_lengths(prepare, params));
    struct pl_shape output = prepare->inputs[0]->shape;
    const int64_t images = set_geometry(params, &output);
    output.dims[output.rank - 2] = params->height;
    output.dims[output.rank - 1] = params->bins;
    PL_TRY(pl_check_set_output(prepare, 0, &output));

    PL_TRY(pl_fft_make(prepare, PL_FFT_F64, params->width, false, &params->rows));
    PL_TRY(pl_fft_make(prepare, PL_FFT_F64, params->height, false, &params->columns));
    params->transform = prepare->kernels->fft->complex[PL_FFT_F64];
    const size_t line = (size_t)params->width * 2 > (size_t)params->height
                            ? (size_t)params->width * 2
                            : (size_t)params->height;
    pl_prepare_scratch(prepare, line * sizeof(struct number), true);
    pl_prepare_scratch(prepare,
                       (size_t)params->height * (size_t)params->bins * sizeof(struct number), true);
    prepare->params = params;
    pl_prepare_stage(prepare, eval, images, pl_cost((int64_t)params->height * params->bins, 64));
    return PL_OK;
}
