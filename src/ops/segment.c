/* SPDX-License-Identifier: Apache-2.0 */
/* SEGMENT_SUM and UNSORTED_SEGMENT_SUM, PROD, MAX and MIN: rows combined by the segment they belong
 * to. Rows meet in their order, so all is one unit. */
#include <float.h>
#include <string.h>

#include "kernels/movement_kernels.h"
#include "ops/axis.h"
#include "ops/check.h"
#include "ops/combine.h"

/* Short rows are worth no call each: the operations of combine_kernels.h in one loop. Rows of a
 * negative id belong nowhere. */
enum { SHORT = 8 };
typedef void (*short_rows)(void *to, const void *from, const int32_t *ids, int64_t rows,
                           int64_t row);
#define DEFINE(name, type, expression)                                                             \
    static void name(void *to, const void *from, const int32_t *ids, int64_t rows, int64_t row)    \
    {                                                                                              \
        const type *news = from;                                                                   \
        for (int64_t i = 0; i < rows; i++, news += row) {                                          \
            if (ids[i] < 0) continue;                                                              \
            type *olds = (type *)to + ids[i] * row;                                                \
            for (int64_t k = 0; k < row; k++) {                                                    \
                const type x = olds[k], y = news[k];                                               \
                olds[k] = (type)(expression);                                                      \
            }                                                                                      \
        }                                                                                          \
    }
DEFINE(add_float32, float, x + y)
DEFINE(add_int32, int32_t, (uint32_t)x + (uint32_t)y)
DEFINE(multiply_float32, float, x *y)
DEFINE(multiply_int32, int32_t, (uint32_t)x *(uint32_t)y)
DEFINE(maximum_float32, float, x < y ? y : x)
DEFINE(maximum_int32, int32_t, x < y ? y : x)
DEFINE(minimum_float32, float, y < x ? y : x)
DEFINE(minimum_int32, int32_t, y < x ? y : x)
static const short_rows short_kernels[][2] = {
    [PL_COMBINE_ADD] = {add_float32, add_int32},
    [PL_COMBINE_MULTIPLY] = {multiply_float32, multiply_int32},
    [PL_COMBINE_MAXIMUM] = {maximum_float32, maximum_int32},
    [PL_COMBINE_MINIMUM] = {minimum_float32, minimum_int32},
};

struct segments {
    const struct pl_movement_kernels *fill;
    pl_combine_kernel combine;
    short_rows short_rows;
    int64_t rows; /* of the data: one per id */
    int64_t row;  /* elements */
    int64_t count;
    union {
        float real;
        int32_t integer;
    } initial; /* what a segment without rows is */
};

/* Elements are float32 or int32. */
enum { ELEMENT_BYTES = 4 };

static pl_status check_ids(const struct pl_eval *eval, const struct segments *params,
                           const int32_t *ids)
{
    bool outside = false;
    for (int64_t i = 0; i < params->rows; i++) outside |= ids[i] >= params->count;
    for (int64_t i = 0; outside && i < params->rows; i++)
        if (ids[i] >= params->count)
            return pl_eval_fail(eval, "segment %d at place %lld, but there are only %lld",
                                (int)ids[i], (long long)i, (long long)params->count);
    return PL_OK;
}

static pl_status eval_segments(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct segments *params = eval->params;
    const int32_t *ids = eval->inputs[1];
    const int64_t row_bytes = params->row * ELEMENT_BYTES;
    (void)from;
    (void)to;
    params->fill->fill(eval->outputs[0], &params->initial, params->count * params->row,
                       ELEMENT_BYTES);
    PL_TRY(check_ids(eval, params, ids));
    if (params->row < SHORT) {
        params->short_rows(eval->outputs[0], eval->inputs[0], ids, params->rows, params->row);
        return PL_OK;
    }
    for (int64_t i = 0; i < params->rows; i++) {
        if (ids[i] < 0) continue;
        params->combine((char *)eval->outputs[0] + ids[i] * row_bytes,
                        (const char *)eval->inputs[0] + i * row_bytes, params->row, 1);
    }
    return PL_OK;
}

static pl_status check_inputs(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPES_FLOAT | PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    return pl_check_type(prepare, pl_input(1), PL_TYPE_BIT(PL_INT32));
}

static pl_status choose_kernels(struct pl_prepare *prepare, enum pl_combine operation,
                                struct segments *params)
{
    const pl_type type = prepare->inputs[0]->tensor->type;
    params->short_rows = short_kernels[operation][type == PL_FLOAT32 ? 0 : 1];
    return pl_combine_find(prepare, 0, operation, type, &params->combine);
}

/* The output is `count` segments of what is behind the first id_rank dimensions. */
static pl_status add_work(struct pl_prepare *prepare, struct segments *params, int32_t id_rank,
                          int64_t count)
{
    const struct pl_shape *data = &prepare->inputs[0]->shape;
    struct pl_shape output = {1, {(int32_t)count}};
    for (int32_t i = id_rank; i < data->rank; i++) output.dims[output.rank++] = data->dims[i];
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    params->fill = prepare->kernels->movement;
    params->rows = pl_shape_span(data, 0, id_rank);
    params->row = pl_shape_span(data, id_rank, data->rank);
    params->count = count;
    prepare->params = params;
    pl_prepare_stage(prepare, eval_segments, 1, pl_cost(params->rows, params->row));
    return PL_OK;
}

/* Ids begin at 0 and go up by at most 1. */
static pl_status count_sorted(struct pl_prepare *prepare, int64_t *count)
{
    const int64_t rows = pl_shape_count(&prepare->inputs[1]->shape);
    const void *bytes = NULL;
    *count = 0;
    if (rows > 0) PL_TRY(pl_prepare_read(prepare, 1, &bytes));
    const int32_t *ids = bytes;
    for (int64_t i = 0; i < rows; i++) {
        if (ids[i] != *count && (i == 0 || ids[i] != *count - 1))
            return pl_check_fail(prepare, PL_MISMATCH, pl_input(1),
                                 "found id %d at place %lld, expected ids that begin at 0 and go "
                                 "up by at most 1",
                                 (int)ids[i], (long long)i);
        *count = (int64_t)ids[i] + 1;
    }
    return PL_OK;
}

pl_status pl_prepare_segment_sum(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    PL_TRY(check_inputs(prepare));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, PL_MAX_RANK));
    PL_TRY(pl_check_rank(prepare, pl_input(1), 1, 1));
    PL_TRY(pl_check_count(prepare, pl_input(1), prepare->inputs[0]->shape.dims[0]));
    int64_t count = 0;
    PL_TRY(count_sorted(prepare, &count));
    struct segments *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(choose_kernels(prepare, PL_COMBINE_ADD, params));
    return add_work(prepare, params, 1, count);
}

/* The ids' dimensions are the first ones of the data. */
static pl_status check_unsorted(struct pl_prepare *prepare, int64_t *count)
{
    PL_TRY(pl_check_arity(prepare, 3, 3, 1));
    PL_TRY(check_inputs(prepare));
    PL_TRY(pl_check_type(prepare, pl_input(2), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_rank(prepare, pl_input(2), 0, 1));
    PL_TRY(pl_check_count(prepare, pl_input(2), 1));
    const struct pl_shape *data = &prepare->inputs[0]->shape;
    const struct pl_shape *ids = &prepare->inputs[1]->shape;
    PL_TRY(pl_check_rank(prepare, pl_input(1), data->rank == PL_MAX_RANK ? 1 : 0, data->rank));
    for (int32_t i = 0; i < ids->rank; i++)
        if (ids->dims[i] != data->dims[i])
            return pl_check_fail(prepare, PL_MISMATCH, pl_input(1),
                                 "dimension %d is %d, expected %d as in input 0", (int)i,
                                 (int)ids->dims[i], (int)data->dims[i]);
    PL_TRY(pl_axis_read_integer(prepare, 2, count));
    if (*count >= 0) return PL_OK;
    return pl_check_fail(prepare, PL_INVALID_MODEL, pl_input(2), "found %lld segments",
                         (long long)*count);
}

static pl_status prepare_unsorted(struct pl_prepare *prepare, enum pl_combine operation,
                                  float initial_real, int32_t initial_integer)
{
    int64_t count = 0;
    PL_TRY(check_unsorted(prepare, &count));
    struct segments *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    const pl_type type = prepare->inputs[0]->tensor->type;
    PL_TRY(choose_kernels(prepare, operation, params));
    if (type == PL_FLOAT32) params->initial.real = initial_real;
    else params->initial.integer = initial_integer;
    return add_work(prepare, params, prepare->inputs[1]->shape.rank, count);
}

pl_status pl_prepare_unsorted_segment_sum(struct pl_prepare *prepare)
{
    return prepare_unsorted(prepare, PL_COMBINE_ADD, 0.0f, 0);
}

pl_status pl_prepare_unsorted_segment_prod(struct pl_prepare *prepare)
{
    return prepare_unsorted(prepare, PL_COMBINE_MULTIPLY, 1.0f, 1);
}

pl_status pl_prepare_unsorted_segment_max(struct pl_prepare *prepare)
{
    return prepare_unsorted(prepare, PL_COMBINE_MAXIMUM, -FLT_MAX, INT32_MIN);
}

pl_status pl_prepare_unsorted_segment_min(struct pl_prepare *prepare)
{
    return prepare_unsorted(prepare, PL_COMBINE_MINIMUM, FLT_MAX, INT32_MAX);
}
