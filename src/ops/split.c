/* SPDX-License-Identifier: Apache-2.0 */
/* SPLIT, SPLIT_V and UNPACK: parts of an axis, each an output. */
#include <string.h>

#include "ops/axis.h"
#include "ops/check.h"
#include "ops/move.h"

/* For every outer index, the input has a run of all parts. */
struct split {
    const struct pl_movement_kernels *kernels;
    int32_t input;
    struct pl_runs runs;
};

/* A unit is one run of one output. */
static pl_status eval_split(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct split *params = eval->params;
    const struct pl_runs *runs = &params->runs;
    const char *input = eval->inputs[params->input];
    int64_t outer = from / runs->part_count;
    int64_t index = from % runs->part_count;
    for (int64_t unit = from; unit < to; unit++, index++) {
        if (index == runs->part_count) {
            index = 0;
            outer++;
        }
        const struct pl_run_part *part = &runs->parts[index];
        const char *source = input + outer * runs->row_bytes + part->offset;
        char *target = (char *)eval->outputs[index] + outer * part->bytes;
        if (part->bytes > 0 && source != target) memcpy(target, source, (size_t)part->bytes);
    }
    return PL_OK;
}

/* Where runs are short, a unit is an outer index, and each output's runs are moved together. */
static pl_status eval_short_runs(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct split *params = eval->params;
    params->kernels->part_runs(eval->outputs, eval->inputs[params->input], &params->runs, from, to);
    return PL_OK;
}

/* With one outer index every output is a piece of the input. */
static pl_status offer_views(struct pl_prepare *prepare, const struct split *params)
{
    const struct pl_runs *runs = &params->runs;
    int64_t *offsets = pl_prepare_allocate(prepare, (size_t)runs->part_count * sizeof *offsets);
    if (offsets == NULL) return PL_OUT_OF_MEMORY;
    for (int32_t i = 0; i < runs->part_count; i++) offsets[i] = runs->parts[i].offset;
    prepare->view_of_input = params->input;
    prepare->view_offsets = offsets;
    return PL_OK;
}

/* Output i is sizes[i] of the axis; outputs have their shapes already. */
static pl_status split_axis(struct pl_prepare *prepare, int32_t input, int32_t axis,
                            const int64_t *sizes)
{
    const struct pl_shape *shape = &prepare->inputs[input]->shape;
    const int32_t count = prepare->output_count;
    struct split *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    struct pl_run_part *parts = pl_prepare_allocate(prepare, (size_t)count * sizeof *parts);
    if (parts == NULL) return PL_OUT_OF_MEMORY;
    int64_t element_bytes = 0;
    PL_TRY(pl_box_element_bytes(prepare, pl_input(input), &element_bytes));
    const int64_t inner_bytes = pl_shape_span(shape, axis + 1, shape->rank) * element_bytes;
    params->kernels = prepare->kernels->movement;
    params->input = input;
    struct pl_runs *runs = &params->runs;
    runs->parts = parts;
    runs->part_count = count;
    for (int32_t i = 0; i < count; i++) {
        parts[i] = (struct pl_run_part){runs->row_bytes, sizes[i] * inner_bytes};
        runs->row_bytes += parts[i].bytes;
    }
    pl_runs_prepare(runs, false);
    prepare->params = params;
    const int64_t outer = pl_shape_span(shape, 0, axis);
    if (outer == 1) PL_TRY(offer_views(prepare, params));
    if (runs->row_bytes / count <= PL_MOVE_SHORT_BYTES)
        pl_prepare_stage(prepare, eval_short_runs, runs->row_bytes > 0 ? outer : 0, runs->row_bytes);
    else pl_prepare_stage(prepare, eval_split, outer * count, runs->row_bytes / count);
    return PL_OK;
}

static pl_status check_part_count(struct pl_prepare *prepare, const char *option, int64_t wanted)
{
    if (wanted == prepare->output_count) return PL_OK;
    return pl_prepare_fail(prepare, PL_INVALID_MODEL, "%s is %lld, but there are %d outputs",
                           option, (long long)wanted, (int)prepare->output_count);
}

/* ---- SPLIT and SPLIT_V ----------------------------------------------------------------------- */

static pl_status read_axis(struct pl_prepare *prepare, int32_t axis_input, int32_t input,
                           int32_t *axis)
{
    int64_t value = 0;
    PL_TRY(pl_check_type(prepare, pl_input(axis_input), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_axis_read_integer(prepare, axis_input, &value));
    return pl_axis_check(prepare, value, prepare->inputs[input]->shape.rank, axis);
}

/* Sets the outputs' shapes and adds the work. */
static pl_status split_into(struct pl_prepare *prepare, int32_t input, int32_t axis,
                            const int64_t *sizes)
{
    PL_TRY(pl_check_type(prepare, pl_input(input),
                         PL_TYPES_FLOAT | PL_TYPES_QUANTIZED | PL_TYPES_INDEX));
    struct pl_shape shape = prepare->inputs[input]->shape;
    for (int32_t i = 0; i < prepare->output_count; i++) {
        PL_TRY(pl_check_same_type(prepare, pl_output(i), pl_input(input)));
        shape.dims[axis] = (int32_t)sizes[i];
        PL_TRY(pl_check_set_output(prepare, i, &shape));
    }
    return split_axis(prepare, input, axis, sizes);
}

pl_status pl_prepare_split(struct pl_prepare *prepare)
{
    const int32_t count = prepare->output_count;
    PL_TRY(pl_check_arity(prepare, 2, 2, count > 0 ? count : 1));
    PL_TRY(check_part_count(prepare, "num_splits",
                            pl_record_integer(prepare->op->options, PL_SplitOptions_num_splits)));
    int32_t axis = 0;
    PL_TRY(read_axis(prepare, 0, 1, &axis));
    const int32_t size = prepare->inputs[1]->shape.dims[axis];
    if (size % count != 0) {
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(1),
                             "dimension %d is %d, which %d parts do not divide", (int)axis,
                             (int)size, (int)count);
    }
    int64_t *sizes = pl_prepare_allocate(prepare, (size_t)count * sizeof *sizes);
    if (sizes == NULL) return PL_OUT_OF_MEMORY;
    for (int32_t i = 0; i < count; i++) sizes[i] = size / count;
    return split_into(prepare, 1, axis, sizes);
}

/* One size may be -1: what the others leave. */
static pl_status resolve_sizes(struct pl_prepare *prepare, int64_t *sizes, int32_t count,
                               int32_t axis)
{
    const int64_t size = prepare->inputs[0]->shape.dims[axis];
    int32_t open = -1;
    int64_t total = 0;
    for (int32_t i = 0; i < count; i++) {
        if (sizes[i] == -1 && open < 0) {
            open = i;
            continue;
        }
        if (sizes[i] < 0 || sizes[i] > size)
            return pl_check_fail(prepare, PL_INVALID_MODEL, pl_input(1),
                                 "part %d has size %lld, dimension %d is %lld", (int)i,
                                 (long long)sizes[i], (int)axis, (long long)size);
        total += sizes[i];
    }
    if (open >= 0 ? total > size : total != size)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(1),
                             "the sizes add up to %lld, dimension %d is %lld", (long long)total,
                             (int)axis, (long long)size);
    if (open >= 0) sizes[open] = size - total;
    return PL_OK;
}

pl_status pl_prepare_split_v(struct pl_prepare *prepare)
{
    const int32_t count = prepare->output_count;
    PL_TRY(pl_check_arity(prepare, 3, 3, count > 0 ? count : 1));
    PL_TRY(check_part_count(prepare, "num_splits",
                            pl_record_integer(prepare->op->options, PL_SplitVOptions_num_splits)));
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPES_INDEX));
    PL_TRY(pl_check_rank(prepare, pl_input(1), 1, 1));
    PL_TRY(pl_check_count(prepare, pl_input(1), count));
    int32_t axis = 0;
    PL_TRY(read_axis(prepare, 2, 0, &axis));
    int64_t *sizes = pl_prepare_allocate(prepare, (size_t)count * sizeof *sizes);
    if (sizes == NULL) return PL_OUT_OF_MEMORY;
    int32_t read = 0;
    PL_TRY(pl_axis_read_integers(prepare, 1, count, sizes, &read));
    PL_TRY(resolve_sizes(prepare, sizes, count, axis));
    return split_into(prepare, 0, axis, sizes);
}

/* ---- UNPACK ---------------------------------------------------------------------------------- */

pl_status pl_prepare_unpack(struct pl_prepare *prepare)
{
    const int32_t count = prepare->output_count;
    PL_TRY(pl_check_arity(prepare, 1, 1, count > 0 ? count : 1));
    const struct pl_record *options = prepare->op->options;
    PL_TRY(check_part_count(prepare, "num", pl_record_integer(options, PL_UnpackOptions_num)));
    PL_TRY(pl_check_type(prepare, pl_input(0),
                         PL_TYPES_FLOAT | PL_TYPES_QUANTIZED | PL_TYPE_BIT(PL_INT32) |
                             PL_TYPE_BIT(PL_BOOL) | PL_TYPE_BIT(PL_FLOAT16) |
                             PL_TYPE_BIT(PL_BFLOAT16)));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    int32_t axis = 0;
    PL_TRY(pl_axis_check(prepare, pl_record_integer(options, PL_UnpackOptions_axis), input->rank,
                         &axis));
    if (input->dims[axis] != count || pl_shape_count(input) == 0) {
        char text[PL_SHAPE_TEXT_BYTES];
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(0),
                             "found shape %s, expected %d elements along axis %d",
                             pl_shape_text(input, text), (int)count, (int)axis);
    }
    struct pl_shape output = {0};
    for (int32_t i = 0; i < input->rank; i++)
        if (i != axis) output.dims[output.rank++] = input->dims[i];
    int64_t *sizes = pl_prepare_allocate(prepare, (size_t)count * sizeof *sizes);
    if (sizes == NULL) return PL_OUT_OF_MEMORY;
    for (int32_t i = 0; i < count; i++) {
        PL_TRY(pl_check_same_type(prepare, pl_output(i), pl_input(0)));
        PL_TRY(pl_check_same_quantization(prepare, pl_output(i), pl_input(0)));
        PL_TRY(pl_check_set_output(prepare, i, &output));
        sizes[i] = 1;
    }
    return split_axis(prepare, 0, axis, sizes);
}
