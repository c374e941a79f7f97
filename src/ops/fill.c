/* SPDX-License-Identifier: Apache-2.0 */
/* FILL, RANGE and ONE_HOT: tensors made from a few numbers. */
#include <math.h>
#include <string.h>

#include "ops/axis.h"
#include "ops/check.h"
#include "ops/move.h"

/* ---- FILL ------------------------------------------------------------------------------------ */

struct fill {
    const struct pl_movement_kernels *kernels;
    int64_t element_bytes;
};

/* A unit is an element. */
static pl_status eval_fill(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct fill *params = eval->params;
    params->kernels->fill((char *)eval->outputs[0] + from * params->element_bytes, eval->inputs[1],
                          to - from, params->element_bytes);
    return PL_OK;
}

static pl_status read_fill_shape(struct pl_prepare *prepare, struct pl_shape *output)
{
    int64_t dims[PL_MAX_RANK];
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPES_INDEX));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, 1));
    PL_TRY(pl_axis_read_integers(prepare, 0, PL_MAX_RANK, dims, &output->rank));
    for (int32_t i = 0; i < output->rank; i++) {
        if (dims[i] < 0 || dims[i] > INT32_MAX)
            return pl_check_fail(prepare, PL_INVALID_MODEL, pl_input(0), "dimension %d is %lld",
                                 (int)i, (long long)dims[i]);
        output->dims[i] = (int32_t)dims[i];
    }
    return pl_check_set_output(prepare, 0, output);
}

static pl_status fill_with_string(struct pl_prepare *prepare, const struct pl_shape *output)
{
    const size_t count = (size_t)pl_shape_count(output);
    if (count > INT32_MAX)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "%zu strings are too many", count);
    int32_t *picks = pl_prepare_allocate(prepare, count * sizeof *picks + 1);
    return picks != NULL ? pl_move_strings(prepare, 1, picks) : PL_OUT_OF_MEMORY;
}

pl_status pl_prepare_fill(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    int64_t element_bytes = 0;
    PL_TRY(pl_move_check(prepare, 1, PL_TYPES_BYTES | PL_TYPE_BIT(PL_STRING), &element_bytes));
    PL_TRY(pl_check_rank(prepare, pl_input(1), 0, 0));
    PL_TRY(pl_check_same_quantization(prepare, pl_output(0), pl_input(1)));
    const pl_type type = prepare->inputs[1]->tensor->type;
    if (type == PL_INT16) PL_TRY(pl_check_symmetric(prepare, pl_input(1)));
    struct pl_shape output = {0, {0}};
    PL_TRY(read_fill_shape(prepare, &output));
    if (type == PL_STRING) return fill_with_string(prepare, &output);
    struct fill *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->kernels = prepare->kernels->movement;
    params->element_bytes = element_bytes;
    prepare->params = params;
    pl_prepare_stage(prepare, eval_fill, pl_shape_count(&output), element_bytes);
    return PL_OK;
}

/* ---- RANGE ----------------------------------------------------------------------------------- */

struct range {
    int64_t count;
};

/* Integers wrap. */
#define DEFINE_EVAL_RANGE(name, type, sum_type)                                                    \
    static pl_status name(const struct pl_eval *eval, int64_t from, int64_t to)                    \
    {                                                                                              \
        const struct range *params = eval->params;                                                 \
        sum_type value = (sum_type) * (const type *)eval->inputs[0];                               \
        const sum_type delta = (sum_type) * (const type *)eval->inputs[2];                         \
        type *output = eval->outputs[0];                                                           \
        (void)from;                                                                                \
        (void)to;                                                                                  \
        for (int64_t i = 0; i < params->count; i++, value += delta) output[i] = (type)value;       \
        return PL_OK;                                                                              \
    }
DEFINE_EVAL_RANGE(eval_range_float32, float, float)
DEFINE_EVAL_RANGE(eval_range_int32, int32_t, uint32_t)
DEFINE_EVAL_RANGE(eval_range_int64, int64_t, uint64_t)

/* Steps from start to limit, less than 0 if there is no way. */
static double count_float_steps(float start, float limit, float delta)
{
    const bool up = start <= limit && delta > 0;
    const bool down = start >= limit && delta < 0;
    return up || down ? (double)ceilf(fabsf((limit - start) / delta)) : -1.0;
}

static double count_integer_steps(int64_t start, int64_t limit, int64_t delta)
{
    const bool up = start <= limit && delta > 0;
    const bool down = start >= limit && delta < 0;
    if (!up && !down) return -1.0;
    const uint64_t span =
        up ? (uint64_t)limit - (uint64_t)start : (uint64_t)start - (uint64_t)limit;
    const uint64_t step = up ? (uint64_t)delta : 0 - (uint64_t)delta;
    return (double)(span / step + (span % step != 0));
}

static pl_status count_steps(struct pl_prepare *prepare, pl_type type, int32_t *count)
{
    const void *numbers[3];
    for (int32_t i = 0; i < 3; i++) PL_TRY(pl_prepare_read(prepare, i, &numbers[i]));
    double steps = 0.0;
    if (type == PL_FLOAT32) {
        const float *const *floats = (const float *const *)numbers;
        steps = count_float_steps(*floats[0], *floats[1], *floats[2]);
    } else {
        int64_t integers[3];
        for (int32_t i = 0; i < 3; i++) integers[i] = pl_axis_element(numbers[i], type, 0);
        steps = count_integer_steps(integers[0], integers[1], integers[2]);
    }
    if (!(steps >= 0.0)) /* NaN too */
        return pl_prepare_fail(prepare, PL_MISMATCH, "delta does not lead from start to limit");
    if (steps > (double)INT32_MAX)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "there are %g steps from start to limit",
                               steps);
    *count = (int32_t)steps;
    return PL_OK;
}

pl_status pl_prepare_range(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 3, 3, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPES_FLOAT | PL_TYPES_INDEX));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    for (int32_t i = 0; i < 3; i++) {
        PL_TRY(pl_check_same_type(prepare, pl_input(i), pl_input(0)));
        PL_TRY(pl_check_rank(prepare, pl_input(i), 0, 0));
    }
    const pl_type type = prepare->inputs[0]->tensor->type;
    struct pl_shape output = {1, {0}};
    PL_TRY(count_steps(prepare, type, &output.dims[0]));
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    struct range *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->count = output.dims[0];
    prepare->params = params;
    pl_prepare_stage(prepare,
                     type == PL_FLOAT32 ? eval_range_float32
                     : type == PL_INT32 ? eval_range_int32
                                        : eval_range_int64,
                     params->count > 0 ? 1 : 0, params->count);
    return PL_OK;
}

/* ---- ONE_HOT --------------------------------------------------------------------------------- */

/* The indices are [outer][inner], the output [outer][depth][inner]. */
struct one_hot {
    const struct pl_movement_kernels *kernels;
    int64_t depth;
    int64_t inner;
    int64_t element_bytes;
    pl_type type; /* of the indices */
};

/* A unit is an outer index. */
static pl_status eval_one_hot(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct one_hot *params = eval->params;
    const int64_t block = params->depth * params->inner;
    const size_t bytes = (size_t)params->element_bytes;
    char *output = (char *)eval->outputs[0] + from * block * params->element_bytes;
    params->kernels->fill(output, eval->inputs[3], (to - from) * block, params->element_bytes);
    for (int64_t unit = from; unit < to; unit++, output += block * params->element_bytes) {
        for (int64_t i = 0; i < params->inner; i++) {
            /* As the reference: only the low half of an int64 counts. */
            const int32_t index =
                (int32_t)pl_axis_element(eval->inputs[0], params->type, unit * params->inner + i);
            if (index < 0 || index >= params->depth) continue;
            memcpy(output + (index * params->inner + i) * params->element_bytes, eval->inputs[2],
                   bytes);
        }
    }
    return PL_OK;
}

static pl_status check_one_hot(struct pl_prepare *prepare, int64_t *element_bytes)
{
    PL_TRY(pl_check_arity(prepare, 4, 4, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPES_INDEX));
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_move_check(
        prepare, 2, PL_TYPES_FLOAT | PL_TYPES_INDEX | PL_TYPES_QUANTIZED_8 | PL_TYPE_BIT(PL_BOOL),
        element_bytes));
    PL_TRY(pl_check_same_type(prepare, pl_input(3), pl_input(2)));
    PL_TRY(pl_check_count(prepare, pl_input(2), 1));
    PL_TRY(pl_check_count(prepare, pl_input(3), 1));
    return pl_check_rank(prepare, pl_input(0), 0, PL_MAX_RANK - 1);
}

pl_status pl_prepare_one_hot(struct pl_prepare *prepare)
{
    int64_t element_bytes = 0;
    PL_TRY(check_one_hot(prepare, &element_bytes));
    const struct pl_shape *indices = &prepare->inputs[0]->shape;
    const int64_t option = pl_record_integer(prepare->op->options, PL_OneHotOptions_axis);
    PL_TRY(pl_check_option(prepare, "axis", option, -1, indices->rank));
    const int32_t axis = option == -1 ? indices->rank : (int32_t)option;
    int64_t depth = 0;
    PL_TRY(pl_axis_read_integer(prepare, 1, &depth));
    if (depth < 0)
        return pl_check_fail(prepare, PL_INVALID_MODEL, pl_input(1), "the depth is %lld",
                             (long long)depth);
    struct pl_shape output = {.rank = indices->rank + 1};
    for (int32_t i = 0; i < output.rank; i++)
        output.dims[i] = i == axis ? (int32_t)depth : indices->dims[i < axis ? i : i - 1];
    PL_TRY(pl_check_set_output(prepare, 0, &output));

    struct one_hot *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->kernels = prepare->kernels->movement;
    params->depth = depth;
    params->inner = pl_shape_span(indices, axis, indices->rank);
    params->element_bytes = element_bytes;
    params->type = prepare->inputs[0]->tensor->type;
    prepare->params = params;
    const int64_t block = params->depth * params->inner;
    pl_prepare_stage(prepare, eval_one_hot, block > 0 ? pl_shape_span(indices, 0, axis) : 0,
                     block * element_bytes);
    return PL_OK;
}
