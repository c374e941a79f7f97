/* SPDX-License-Identifier: Apache-2.0 */
/* REDUCE_WINDOW and STABLEHLO_REDUCE_WINDOW: what a window sees, combined. The latter may spread
 * its input first; what is put between and around it counts, too. */
#include <string.h>

#include "ops/axis.h"
#include "ops/check.h"
#include "ops/combine.h"
#include "ops/move.h"
#include "ops/spread.h"

enum { MAX_RANK = 6 };

struct reduce_window {
    struct pl_spread spread;
    pl_combine_kernel combine;
    bool is_spread; /* into the scratch */
    int32_t rank;
    int64_t element_bytes;
    int64_t window[MAX_RANK];
    int64_t output[MAX_RANK];
    int64_t outer_steps[MAX_RANK]; /* elements between the windows of neighbouring outputs */
    int64_t inner_steps[MAX_RANK]; /* and between the elements that a window sees */
};

static pl_status eval_fill(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct reduce_window *params = eval->params;
    pl_spread_fill(&params->spread, eval, eval->scratch[0], from, to);
    return PL_OK;
}

static pl_status eval_copy(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct reduce_window *params = eval->params;
    pl_spread_copy(&params->spread, eval, eval->scratch[0], from, to);
    return PL_OK;
}

/* Moves to the next element of the window, last axis first; false after the last one. */
static bool next_element(const struct reduce_window *params, int64_t indices[MAX_RANK],
                         int64_t *offset)
{
    for (int32_t i = params->rank - 1; i >= 0; i--) {
        *offset += params->inner_steps[i];
        if (++indices[i] < params->window[i]) return true;
        *offset -= indices[i] * params->inner_steps[i];
        indices[i] = 0;
    }
    return false;
}

/* A unit is a row of outputs, which take in the elements of their windows together. */
static pl_status eval_windows(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct reduce_window *params = eval->params;
    const int32_t last = params->rank - 1;
    const int64_t bytes = params->element_bytes;
    const char *input = params->is_spread ? eval->scratch[0] : eval->inputs[0];
    for (int64_t unit = from; unit < to; unit++) {
        char *row = (char *)eval->outputs[0] + unit * params->output[last] * bytes;
        params->spread.kernels->fill(row, eval->inputs[1], params->output[last], bytes);
        int64_t offset = 0;
        int64_t rest = unit;
        for (int32_t i = last - 1; i >= 0; i--) {
            offset += rest % params->output[i] * params->outer_steps[i];
            rest /= params->output[i];
        }
        int64_t indices[MAX_RANK] = {0};
        do {
            params->combine(row, input + offset * bytes, params->output[last],
                            params->outer_steps[last]);
        } while (next_element(params, indices, &offset));
    }
    return PL_OK;
}

/* ---- shared ---------------------------------------------------------------------------------- */

/* Numbers per dimension. */
struct windows {
    const int64_t *sizes;
    const int64_t *strides;
    const int64_t *dilations;
};

static pl_status check_tensors(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    PL_TRY(pl_check_same_type(prepare, pl_input(1), pl_input(0)));
    PL_TRY(pl_check_count(prepare, pl_input(1), 1));
    return pl_check_rank(prepare, pl_input(0), 1, MAX_RANK);
}

static pl_status find_combine(struct pl_prepare *prepare, enum pl_combine operation,
                              struct reduce_window *params)
{
    const pl_type type = prepare->inputs[0]->tensor->type;
    PL_TRY(pl_check_type(prepare, pl_input(0),
                         PL_TYPES_BYTES_1 | PL_TYPES_FLOAT | PL_TYPES_INDEX |
                             PL_TYPE_BIT(PL_INT16) | PL_TYPE_BIT(PL_FLOAT64)));
    params->element_bytes = pl_type_bits(type) / 8;
    /* bool counts as int8. */
    return pl_combine_find(prepare, 0, operation, type == PL_BOOL ? PL_INT8 : type,
                           &params->combine);
}

/* One axis: `size` elements that the windows move over. */
static pl_status describe_axis(struct pl_prepare *prepare, struct reduce_window *params, int32_t i,
                               const struct windows *windows, int64_t size)
{
    PL_TRY(pl_check_option(prepare, "window_dimensions", windows->sizes[i], 1, INT32_MAX));
    PL_TRY(pl_check_option(prepare, "window_strides", windows->strides[i], 1, INT32_MAX));
    PL_TRY(pl_check_option(prepare, "window_dilations", windows->dilations[i], 1, INT32_MAX));
    const int64_t reach = (windows->sizes[i] - 1) * windows->dilations[i] + 1;
    params->window[i] = windows->sizes[i];
    params->output[i] = size < reach ? 0 : (size - reach) / windows->strides[i] + 1;
    return PL_OK;
}

/* `shape`: what the windows move over. */
static pl_status add_windows(struct pl_prepare *prepare, struct reduce_window *params,
                             const struct windows *windows, const struct pl_shape *shape)
{
    struct pl_shape output = {.rank = shape->rank};
    params->rank = shape->rank;
    int64_t stride = 1;
    int64_t elements = 1;
    for (int32_t i = shape->rank - 1; i >= 0; i--) {
        PL_TRY(describe_axis(prepare, params, i, windows, shape->dims[i]));
        output.dims[i] = (int32_t)params->output[i];
        /* Where there is one output or one element a step leads nowhere, and may be too large. */
        params->outer_steps[i] = params->output[i] > 1 ? windows->strides[i] * stride : 0;
        params->inner_steps[i] =
            params->window[i] > 1 && params->output[i] > 0 ? windows->dilations[i] * stride : 0;
        stride *= shape->dims[i];
        elements = pl_cost(elements, params->window[i]);
    }
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    prepare->params = params;
    const int64_t row = output.dims[output.rank - 1];
    params->spread.kernels = prepare->kernels->movement;
    pl_prepare_stage(prepare, eval_windows,
                     row > 0 ? pl_shape_span(&output, 0, output.rank - 1) : 0,
                     pl_cost(elements, row));
    return PL_OK;
}

/* ---- REDUCE_WINDOW --------------------------------------------------------------------------- */

static pl_status read_windows(struct pl_prepare *prepare, int64_t numbers[3][MAX_RANK])
{
    const int32_t rank = prepare->inputs[0]->shape.rank;
    int32_t count = 0;
    for (int32_t i = 0; i < 3; i++) {
        PL_TRY(pl_check_type(prepare, pl_input(2 + i), PL_TYPE_BIT(PL_INT64)));
        PL_TRY(pl_check_constant(prepare, pl_input(2 + i)));
        PL_TRY(pl_check_count(prepare, pl_input(2 + i), rank));
        PL_TRY(pl_axis_read_integers(prepare, 2 + i, MAX_RANK, numbers[i], &count));
    }
    return PL_OK;
}

pl_status pl_prepare_reduce_window(struct pl_prepare *prepare)
{
    static const enum pl_combine operations[] = {
        [PL_ReduceWindowFunction_ADD] = PL_COMBINE_ADD,
        [PL_ReduceWindowFunction_MUL] = PL_COMBINE_MULTIPLY,
        [PL_ReduceWindowFunction_MINIMUM] = PL_COMBINE_LATER_MINIMUM,
        [PL_ReduceWindowFunction_MAXIMUM] = PL_COMBINE_LATER_MAXIMUM,
        [PL_ReduceWindowFunction_ALL] = PL_COMBINE_LOGICAL_AND,
        [PL_ReduceWindowFunction_ANY] = PL_COMBINE_LOGICAL_OR,
    };
    PL_TRY(pl_check_arity(prepare, 5, 5, 1));
    PL_TRY(check_tensors(prepare));
    int64_t numbers[3][MAX_RANK];
    PL_TRY(read_windows(prepare, numbers));
    const int64_t function =
        pl_record_integer(prepare->op->options, PL_ReduceWindowOptions_reduce_function);
    PL_TRY(pl_check_option(prepare, "reduce_function", function, PL_ReduceWindowFunction_ADD,
                           PL_ReduceWindowFunction_ANY));
    struct reduce_window *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(find_combine(prepare, operations[function], params));
    const struct windows windows = {numbers[0], numbers[1], numbers[2]};
    return add_windows(prepare, params, &windows, &prepare->inputs[0]->shape);
}

/* ---- STABLEHLO_REDUCE_WINDOW ----------------------------------------------------------------- */

static pl_status region_operation(struct pl_prepare *prepare, enum pl_combine *operation)
{
    int32_t code = 0;
    PL_TRY(pl_combine_region(prepare,
                             pl_record_integer(prepare->op->options,
                                               PL_StablehloReduceWindowOptions_body_subgraph_index),
                             &code));
    switch (code) {
    case PL_BuiltinOperator_ADD:
    case PL_BuiltinOperator_STABLEHLO_ADD: *operation = PL_COMBINE_ADD; return PL_OK;
    case PL_BuiltinOperator_MUL:
    case PL_BuiltinOperator_STABLEHLO_MULTIPLY: *operation = PL_COMBINE_MULTIPLY; return PL_OK;
    case PL_BuiltinOperator_MAXIMUM:
    case PL_BuiltinOperator_STABLEHLO_MAXIMUM: *operation = PL_COMBINE_LATER_MAXIMUM; return PL_OK;
    case PL_BuiltinOperator_MINIMUM:
    case PL_BuiltinOperator_STABLEHLO_MINIMUM: *operation = PL_COMBINE_LATER_MINIMUM; return PL_OK;
    case PL_BuiltinOperator_LOGICAL_AND:
    case PL_BuiltinOperator_STABLEHLO_AND: *operation = PL_COMBINE_LOGICAL_AND; return PL_OK;
    case PL_BuiltinOperator_LOGICAL_OR: *operation = PL_COMBINE_LOGICAL_OR; return PL_OK;
    default:
        return pl_prepare_fail(
            prepare, PL_UNSUPPORTED,
            "its body is no addition, multiplication, maximum, minimum, and, or");
    }
}

/* A vector of the options; where it is left out, `fallback` for all. */
static pl_status read_option(struct pl_prepare *prepare, enum pl_field field, const char *name,
                             int32_t expected, int64_t fallback, int64_t *values)
{
    uint32_t count = 0;
    const int64_t *found = pl_record_vector(prepare->op->options, field, &count);
    if (found != NULL && count > 0 && count != (uint32_t)expected)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "option %s: found %u numbers, expected %d", name, (unsigned)count,
                               (int)expected);
    for (int32_t i = 0; i < expected; i++)
        values[i] = found != NULL && count > 0 ? found[i] : fallback;
    return PL_OK;
}

/* The input as the windows see it. */
static pl_status spread_input(struct pl_prepare *prepare, struct reduce_window *params,
                              struct pl_shape *shape)
{
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    const int32_t rank = input->rank;
    int64_t step[MAX_RANK];
    int64_t padding[2 * MAX_RANK];
    int64_t low[MAX_RANK];
    PL_TRY(read_option(prepare, PL_StablehloReduceWindowOptions_base_dilations, "base_dilations",
                       rank, 1, step));
    PL_TRY(read_option(prepare, PL_StablehloReduceWindowOptions_padding, "padding", 2 * rank, 0,
                       padding));
    *shape = *input;
    for (int32_t i = 0; i < rank; i++) {
        int64_t size = 0;
        low[i] = padding[2 * i];
        if (!pl_spread_size(input->dims[i], low[i], padding[2 * i + 1], step[i], &size) ||
            (size == 0 && input->dims[i] > 0))
            return pl_prepare_fail(prepare, PL_MISMATCH,
                                   "dimension %d of %d, dilated by %lld and padded by %lld and "
                                   "%lld, is no dimension any more",
                                   (int)i, (int)input->dims[i], (long long)step[i],
                                   (long long)low[i], (long long)padding[2 * i + 1]);
        params->is_spread =
            params->is_spread || step[i] != 1 || low[i] != 0 || padding[2 * i + 1] != 0;
        shape->dims[i] = (int32_t)size;
    }
    if (!params->is_spread) return PL_OK;
    size_t bytes = 0;
    if (!pl_shape_bytes(shape, prepare->inputs[0]->tensor->type, &bytes))
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "the padded input would be too large");
    pl_spread_init(&params->spread, prepare, input, shape, low, step, params->element_bytes, 1);
    pl_prepare_scratch(prepare, bytes, false);
    pl_prepare_stage(prepare, eval_fill, params->spread.count, params->element_bytes);
    pl_prepare_stage(prepare, eval_copy, pl_box_units(&params->spread.box),
                     pl_box_unit_bytes(&params->spread.box));
    return PL_OK;
}

pl_status pl_prepare_stablehlo_reduce_window(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    PL_TRY(check_tensors(prepare));
    struct reduce_window *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    enum pl_combine operation = PL_COMBINE_ADD;
    PL_TRY(region_operation(prepare, &operation));
    PL_TRY(find_combine(prepare, operation, params));
    const int32_t rank = prepare->inputs[0]->shape.rank;
    int64_t numbers[3][MAX_RANK];
    PL_TRY(read_option(prepare, PL_StablehloReduceWindowOptions_window_dimensions,
                       "window_dimensions", rank, 0, numbers[0]));
    PL_TRY(read_option(prepare, PL_StablehloReduceWindowOptions_window_strides, "window_strides",
                       rank, 1, numbers[1]));
    PL_TRY(read_option(prepare, PL_StablehloReduceWindowOptions_window_dilations,
                       "window_dilations", rank, 1, numbers[2]));
    struct pl_shape shape = {0};
    PL_TRY(spread_input(prepare, params, &shape));
    const struct windows windows = {numbers[0], numbers[1], numbers[2]};
    return add_windows(prepare, params, &windows, &shape);
}
