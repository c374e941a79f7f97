/* SPDX-License-Identifier: Apache-2.0 */
/* CROP: the operator of plait's own that cuts a part out of a picture and resizes it: see graph.h. Which part is known only
 * while running; the sizes of all tensors are known before. */
#include "ops/check.h"
#include "ops/resize.h"

struct crop {
    const struct pl_movement_kernels *kernels;
    pl_type type;
    int32_t picture[2]; /* rows, columns */
    int32_t output[2];
    int32_t channels;
    size_t pixel_bytes;
};

/* Numbers of the scratches. */
enum { SCRATCH_PART, SCRATCH_ROWS, SCRATCH_COLUMNS };

struct part {
    int32_t first[2]; /* row, column */
    int32_t size[2];
};

static struct part find_part(const struct crop *crop, const int32_t *box)
{
    struct part part = {{0, 0}, {crop->picture[0], crop->picture[1]}};
    int32_t first[2], last[2];
    for (int axis = 0; axis < 2; axis++) {
        first[axis] = box[axis] > 0 ? box[axis] : 0;
        last[axis] = box[axis + 2] < crop->picture[axis] ? box[axis + 2] : crop->picture[axis];
    }
    if (first[0] >= last[0] || first[1] >= last[1]) return part;
    for (int axis = 0; axis < 2; axis++) {
        part.first[axis] = first[axis];
        part.size[axis] = last[axis] - first[axis];
    }
    return part;
}

/* Stage of one unit: where every row and column is read from. */
static pl_status eval_part(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct crop *crop = eval->params;
    struct part *part = eval->scratch[SCRATCH_PART];
    if (from >= to) return PL_OK;
    *part = find_part(crop, eval->inputs[1]);
    for (int axis = 0; axis < 2; axis++) {
        const struct pl_resize_axis resized = {part->size[axis], crop->output[axis], false, true, crop->type};
        pl_resize_taps(&resized, eval->scratch[axis == 0 ? SCRATCH_ROWS : SCRATCH_COLUMNS]);
    }
    return PL_OK;
}

static const char *pixels(const struct pl_eval *eval, const struct part *part, int32_t row)
{
    const struct crop *crop = eval->params;
    const size_t pixel = (size_t)(part->first[0] + row) * (size_t)crop->picture[1] + (size_t)part->first[1];
    return (const char *)eval->inputs[0] + pixel * crop->pixel_bytes;
}

/* Stage of one unit per output row. */
static pl_status eval_rows(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct crop *crop = eval->params;
    const struct part *part = eval->scratch[SCRATCH_PART];
    const struct pl_resize_tap *rows = eval->scratch[SCRATCH_ROWS];
    struct pl_resize_row row = {
        .width = crop->output[1], .channels = crop->channels, .columns = eval->scratch[SCRATCH_COLUMNS]};
    for (int64_t i = from; i < to; i++) {
        row.row = rows[i];
        char *output = (char *)eval->outputs[0] + (size_t)i * (size_t)crop->output[1] * crop->pixel_bytes;
        pl_resize_row(crop->kernels, crop->type, output, pixels(eval, part, row.row.near), pixels(eval, part, row.row.far),
                      &row);
    }
    return PL_OK;
}

static bool is_picture(const struct pl_shape *shape)
{
    return shape->rank == 4 && shape->dims[0] == 1 && shape->dims[1] >= 1 && shape->dims[2] >= 1 &&
           shape->dims[1] <= PL_RESIZE_MAX_DIM && shape->dims[2] <= PL_RESIZE_MAX_DIM && shape->dims[3] >= 1;
}

/* The link was made when shapes could still change. */
static pl_status check_pictures(struct pl_prepare *prepare, const struct pl_shape *output)
{
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPES_FLOAT | PL_TYPES_QUANTIZED));
    if (is_picture(input) && is_picture(output) && input->dims[3] == output->dims[3]) return PL_OK;
    char a[PL_SHAPE_TEXT_BYTES], b[PL_SHAPE_TEXT_BYTES];
    return pl_check_fail(prepare, PL_MISMATCH, pl_input(0),
                         "a part of a picture is cut out of [1, rows, columns, channels] for an input of as many channels, with at "
                         "most 2^20 pixels a side; found %s for %s", pl_shape_text(input, a), pl_shape_text(output, b));
}

pl_status pl_prepare_crop(struct pl_prepare *prepare)
{
    const struct pl_shape *output = &((const struct pl_crop_shape *)prepare->op->custom_options)->output;
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    PL_TRY(check_pictures(prepare, output));
    PL_TRY(pl_check_set_output(prepare, 0, output));
    struct crop *crop = pl_prepare_allocate(prepare, sizeof *crop);
    if (crop == NULL) return PL_OUT_OF_MEMORY;
    const pl_type type = prepare->inputs[0]->tensor->type;
    *crop = (struct crop){.kernels = prepare->kernels->movement,
                          .type = type,
                          .picture = {input->dims[1], input->dims[2]},
                          .output = {output->dims[1], output->dims[2]},
                          .channels = output->dims[3],
                          .pixel_bytes = (size_t)output->dims[3] * (size_t)pl_type_bits(type) / 8};
    prepare->params = crop;
    pl_prepare_scratch(prepare, sizeof(struct part), false);
    pl_prepare_scratch(prepare, (size_t)output->dims[1] * sizeof(struct pl_resize_tap), false);
    pl_prepare_scratch(prepare, (size_t)output->dims[2] * sizeof(struct pl_resize_tap), false);
    pl_prepare_stage(prepare, eval_part, 1, 0);
    pl_prepare_stage(prepare, eval_rows, output->dims[1], (int64_t)output->dims[2] * output->dims[3]);
    return PL_OK;
}
