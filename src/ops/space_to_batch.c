/* SPDX-License-Identifier: Apache-2.0 */
/* SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND on [batch, height, (width,) channels]: the batch of the
 * "small" side counts the places inside of a block, outermost. */
#include "ops/axis.h"
#include "ops/check.h"
#include "ops/move.h"

enum { MIN_RANK = 3, MAX_RANK = 4, MAX_BLOCK = 1 << 20 };

/* Sizes of both sides; an input of rank 3 has width 1. */
struct blocks {
    const struct pl_movement_kernels *kernels;
    int64_t batches; /* of the large side */
    int64_t size[2]; /* height and width of the large side */
    int64_t small[2];
    int64_t block[2];
    int64_t before[2]; /* padding, or what is cropped, in front of the large side */
    int64_t pixel_bytes;
    int64_t element_bytes;
    unsigned char value[8]; /* the padding */
};

/* Smallest q with q * step >= value. */
static int64_t divide_up(int64_t value, int64_t step)
{
    return value > 0 ? (value + step - 1) / step : -(-value / step);
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* Small pixels [*first, *end) of a row with this shift are inside of the large side's width. */
static void inside(const struct blocks *params, int64_t shift, int64_t *first, int64_t *end)
{
    const int64_t offset = params->before[1] - shift;
    *first = clamp(divide_up(offset, params->block[1]), 0, params->small[1]);
    *end = clamp(divide_up(offset + params->size[1], params->block[1]), *first, params->small[1]);
}

/* Where pixel `x` of the small row is in the large one. */
static int64_t large_column(const struct blocks *params, int64_t shift, int64_t x)
{
    return x * params->block[1] + shift - params->before[1];
}

static struct pl_plane row_plane(const struct blocks *params, int64_t columns)
{
    return (struct pl_plane){.rows = 1,
                             .columns = columns,
                             .element_bytes = params->pixel_bytes,
                             .to_column = params->pixel_bytes,
                             .from_column = params->pixel_bytes};
}

/* ---- SPACE_TO_BATCH_ND ----------------------------------------------------------------------- */

static void fill_pixels(const struct blocks *params, char *to, int64_t pixels)
{
    params->kernels->fill(to, params->value, pixels * (params->pixel_bytes / params->element_bytes),
                          params->element_bytes);
}

/* A unit is a row of the output, which is the small side. */
static pl_status eval_space_to_batch(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct blocks *params = eval->params;
    for (int64_t unit = from; unit < to; unit++) {
        const int64_t place = unit / params->small[0] / params->batches;
        const int64_t batch = unit / params->small[0] % params->batches;
        const int64_t shift = place % params->block[1];
        const int64_t y = unit % params->small[0] * params->block[0] + place / params->block[1] -
                          params->before[0];
        char *row = (char *)eval->outputs[0] + unit * params->small[1] * params->pixel_bytes;
        int64_t first = 0;
        int64_t end = 0;
        if (y >= 0 && y < params->size[0]) inside(params, shift, &first, &end);
        fill_pixels(params, row, first);
        fill_pixels(params, row + end * params->pixel_bytes, params->small[1] - end);
        if (end == first) continue;
        struct pl_plane plane = row_plane(params, end - first);
        plane.from_column *= params->block[1];
        const int64_t source =
            (batch * params->size[0] + y) * params->size[1] + large_column(params, shift, first);
        params->kernels->copy_plane(row + first * params->pixel_bytes,
                                    (const char *)eval->inputs[0] + source * params->pixel_bytes,
                                    &plane);
    }
    return PL_OK;
}

/* ---- BATCH_TO_SPACE_ND ----------------------------------------------------------------------- */

/* A unit is a row of the output, which is the large side. */
static pl_status eval_batch_to_space(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct blocks *params = eval->params;
    for (int64_t unit = from; unit < to; unit++) {
        const int64_t batch = unit / params->size[0];
        const int64_t y = unit % params->size[0] + params->before[0];
        char *row = (char *)eval->outputs[0] + unit * params->size[1] * params->pixel_bytes;
        for (int64_t shift = 0; shift < params->block[1]; shift++) {
            int64_t first = 0;
            int64_t end = 0;
            inside(params, shift, &first, &end);
            if (first == end) continue;
            const int64_t place = y % params->block[0] * params->block[1] + shift;
            const int64_t source =
                (((place * params->batches + batch) * params->small[0]) + y / params->block[0]) *
                    params->small[1] +
                first;
            struct pl_plane plane = row_plane(params, end - first);
            plane.to_column *= params->block[1];
            params->kernels->copy_plane(
                row + large_column(params, shift, first) * params->pixel_bytes,
                (const char *)eval->inputs[0] + source * params->pixel_bytes, &plane);
        }
    }
    return PL_OK;
}

/* ---- shared ---------------------------------------------------------------------------------- */

/* What the two other inputs say. */
struct request {
    int32_t spatial; /* dimensions */
    int64_t block[2];
    int64_t edges[4]; /* before and after, per dimension */
};

static pl_status check_blocks(struct pl_prepare *prepare, struct blocks *params)
{
    PL_TRY(pl_check_arity(prepare, 3, 3, 1));
    PL_TRY(pl_move_check(prepare, 0, PL_TYPES_BYTES, &params->element_bytes));
    PL_TRY(pl_check_rank(prepare, pl_input(0), MIN_RANK, MAX_RANK));
    const pl_type type = prepare->inputs[0]->tensor->type;
    if ((PL_TYPES_QUANTIZED & PL_TYPE_BIT(type)) != 0)
        PL_TRY(pl_check_same_quantization(prepare, pl_output(0), pl_input(0)));
    if (type == PL_INT16) PL_TRY(pl_check_symmetric(prepare, pl_input(0)));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    params->kernels = prepare->kernels->movement;
    params->pixel_bytes = input->dims[input->rank - 1] * params->element_bytes;
    return PL_OK;
}

static pl_status read_request(struct pl_prepare *prepare, struct request *request)
{
    const int32_t spatial = prepare->inputs[0]->shape.rank - 2;
    *request = (struct request){.spatial = spatial, .block = {1, 1}};
    int32_t count = 0;
    for (int32_t i = 1; i <= 2; i++) {
        PL_TRY(pl_check_type(prepare, pl_input(i), PL_TYPE_BIT(PL_INT32)));
        PL_TRY(pl_check_rank(prepare, pl_input(i), i, i));
        PL_TRY(pl_check_count(prepare, pl_input(i), (int64_t)i * spatial));
    }
    PL_TRY(pl_axis_read_integers(prepare, 1, spatial, request->block, &count));
    PL_TRY(pl_axis_read_integers(prepare, 2, 2 * spatial, request->edges, &count));
    for (int32_t i = 0; i < spatial; i++)
        if (request->block[i] < 1 || request->block[i] > MAX_BLOCK)
            return pl_check_fail(prepare, PL_INVALID_MODEL, pl_input(1),
                                 "block size %lld, expected 1 to %d", (long long)request->block[i],
                                 (int)MAX_BLOCK);
    return PL_OK;
}

static int64_t spatial_size(const struct pl_shape *shape, int32_t i)
{
    return i < shape->rank - 2 ? shape->dims[1 + i] : 1;
}

/* The output has the input's rank and channels. */
static pl_status set_shape(struct pl_prepare *prepare, int64_t batches, const int64_t size[2])
{
    struct pl_shape output = prepare->inputs[0]->shape;
    bool fits = batches <= INT32_MAX;
    output.dims[0] = fits ? (int32_t)batches : 0;
    for (int32_t i = 0; i < output.rank - 2; i++) {
        fits = fits && size[i] >= 0 && size[i] <= INT32_MAX;
        output.dims[1 + i] = fits ? (int32_t)size[i] : 0;
    }
    if (fits) return pl_check_set_output(prepare, 0, &output);
    return pl_prepare_fail(prepare, PL_MISMATCH, "the output would be %lld pictures of %lld x %lld",
                           (long long)batches, (long long)size[0], (long long)size[1]);
}

pl_status pl_prepare_space_to_batch_nd(struct pl_prepare *prepare)
{
    struct blocks *params = pl_prepare_allocate(prepare, sizeof *params);
    struct request request;
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(check_blocks(prepare, params));
    PL_TRY(read_request(prepare, &request));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    params->batches = input->dims[0];
    for (int32_t i = 0; i < 2; i++) {
        const int64_t padded =
            spatial_size(input, i) + request.edges[2 * i] + request.edges[2 * i + 1];
        if (padded < 0 || padded % request.block[i] != 0)
            return pl_check_fail(prepare, PL_MISMATCH, pl_input(0),
                                 "dimension %d with its paddings is %lld, which blocks of %lld do "
                                 "not divide",
                                 (int)i + 1, (long long)padded, (long long)request.block[i]);
        params->size[i] = spatial_size(input, i);
        params->small[i] = padded / request.block[i];
        params->block[i] = request.block[i];
        params->before[i] = request.edges[2 * i];
    }
    const int64_t batches = params->batches * (request.block[0] * request.block[1]);
    PL_TRY(set_shape(prepare, batches, params->small));
    const struct pl_tensor *tensor = prepare->outputs[0]->tensor;
    if (params->element_bytes <= 2 && tensor->quantization.count > 0) {
        params->value[0] = (unsigned char)tensor->quantization.zero_points[0];
        params->value[1] = (unsigned char)(tensor->quantization.zero_points[0] >> 8);
    }
    prepare->params = params;
    const int64_t row_bytes = params->small[1] * params->pixel_bytes;
    pl_prepare_stage(prepare, eval_space_to_batch, row_bytes > 0 ? batches * params->small[0] : 0,
                     row_bytes);
    return PL_OK;
}

pl_status pl_prepare_batch_to_space_nd(struct pl_prepare *prepare)
{
    struct blocks *params = pl_prepare_allocate(prepare, sizeof *params);
    struct request request;
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(check_blocks(prepare, params));
    PL_TRY(read_request(prepare, &request));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    params->batches = input->dims[0];
    for (int32_t i = 0; i < 2; i++) {
        if (params->batches % request.block[i] != 0)
            return pl_check_fail(prepare, PL_MISMATCH, pl_input(0),
                                 "a batch of %d cannot be divided by blocks of %lld x %lld",
                                 (int)input->dims[0], (long long)request.block[0],
                                 (long long)request.block[1]);
        if (request.edges[2 * i] < 0 || request.edges[2 * i + 1] < 0)
            return pl_check_fail(prepare, PL_INVALID_MODEL, pl_input(2),
                                 "dimension %d is cropped by less than 0", (int)i + 1);
        params->batches /= request.block[i];
        params->small[i] = spatial_size(input, i);
        params->block[i] = request.block[i];
        params->before[i] = request.edges[2 * i];
        params->size[i] =
            params->small[i] * params->block[i] - request.edges[2 * i] - request.edges[2 * i + 1];
    }
    PL_TRY(set_shape(prepare, params->batches, params->size));
    prepare->params = params;
    const int64_t row_bytes = params->size[1] * params->pixel_bytes;
    pl_prepare_stage(prepare, eval_batch_to_space,
                     row_bytes > 0 ? params->batches * params->size[0] : 0, row_bytes);
    return PL_OK;
}
