/* SPDX-License-Identifier: Apache-2.0 */
/* GATHER: runs of the input picked by index along one axis. GATHER_ND: runs picked by several
 * coordinates. */
#include <string.h>

#include "ops/axis.h"
#include "ops/check.h"
#include "ops/move.h"
#include "ops/nibbles.h"
#include "ops/reach.h"

/* Where the runs are: those of GATHER in an input [batch][outer][axis][run] with indices
 * [batch][picks] for an output [batch][outer][picks][run]; those of GATHER_ND by `depth`
 * coordinates each. */
struct gather {
    const struct pl_movement_kernels *kernels;
    int64_t units; /* runs of the output */
    int64_t outer;
    int64_t axis;
    int64_t picks;
    int64_t run; /* bytes; elements, where they have 4 bits or are strings */
    int32_t depth;
    struct pl_shape input;
    pl_type index_type;
};

static pl_status eval_fail_index(const struct pl_eval *eval, int64_t index, int64_t place,
                                 int64_t size)
{
    return pl_eval_fail(eval, "index %lld at place %lld is outside of the axis of %lld",
                        (long long)index, (long long)place, (long long)size);
}

/* Goes through the runs of the output from unit `unit` on. */
struct gather_walk {
    int64_t unit;
    int64_t row;  /* of batch and outer together */
    int64_t pick; /* in its row */
};

static struct gather_walk start_walk(const struct gather *params, int64_t unit)
{
    const int64_t picks = params->picks > 0 ? params->picks : 1;
    return (struct gather_walk){unit, unit / picks, unit % picks};
}

/* The run of the input that the next run of the output is. */
static pl_status next_run(const struct pl_eval *eval, const struct gather *params,
                          struct gather_walk *walk, int64_t *run)
{
    if (walk->pick == params->picks) {
        walk->pick = 0;
        walk->row++;
    }
    const int64_t batch = params->outer == 1 ? walk->row : walk->row / params->outer;
    const int64_t place = batch * params->picks + walk->pick;
    const int64_t index = pl_axis_element(eval->inputs[1], params->index_type, place);
    if (index < 0 || index >= params->axis)
        return eval_fail_index(eval, index, place, params->axis);
    *run = walk->row * params->axis + index;
    walk->pick++;
    return PL_OK;
}

static pl_status next_run_nd(const struct pl_eval *eval, const struct gather *params,
                             struct gather_walk *walk, int64_t *run)
{
    *run = 0;
    for (int32_t i = 0; i < params->depth; i++) {
        const int64_t place = walk->unit * params->depth + i;
        const int64_t index = pl_axis_element(eval->inputs[1], params->index_type, place);
        const int64_t size = params->input.dims[i];
        if (index < 0 || index >= size) return eval_fail_index(eval, index, place, size);
        *run = *run * size + index;
    }
    walk->unit++;
    return PL_OK;
}

/* Indices [place, place + count) as int32, all inside of the axis. */
static pl_status read_indices(const struct pl_eval *eval, int64_t place, int64_t count,
                              int32_t *indices)
{
    const struct gather *params = eval->params;
    const void *data = eval->inputs[1];
    const uint64_t size = (uint64_t)params->axis;
    bool outside = false;
    if (params->index_type == PL_INT32) {
        memcpy(indices, (const int32_t *)data + place, (size_t)count * sizeof *indices);
        for (int64_t i = 0; i < count; i++) outside |= (uint64_t)(int64_t)indices[i] >= size;
    } else {
        for (int64_t i = 0; i < count; i++) {
            const int64_t index = pl_axis_element(data, params->index_type, place + i);
            outside |= (uint64_t)index >= size;
            indices[i] = (int32_t)index;
        }
    }
    for (int64_t i = 0; outside && i < count; i++) {
        const int64_t index = pl_axis_element(data, params->index_type, place + i);
        if ((uint64_t)index >= size) return eval_fail_index(eval, index, place + i, params->axis);
    }
    return PL_OK;
}

/* A unit is a run; those of one row are gathered in blocks. */
static pl_status eval_gather(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct gather *params = eval->params;
    int32_t indices[PL_MOVE_BLOCK];
    int64_t count = 0;
    for (int64_t unit = from; unit < to; unit += count) {
        const int64_t row = unit / params->picks;
        const int64_t pick = unit % params->picks;
        count = params->picks - pick < to - unit ? params->picks - pick : to - unit;
        if (count > PL_MOVE_BLOCK) count = PL_MOVE_BLOCK;
        PL_TRY(read_indices(eval, row / params->outer * params->picks + pick, count, indices));
        if (params->run == 0) continue; /* nothing is taken, but from inside of the axis */
        params->kernels->gather((char *)eval->outputs[0] + unit * params->run,
                                (const char *)eval->inputs[0] + row * params->axis * params->run,
                                indices, count, params->run);
    }
    return PL_OK;
}

/* A unit is a run. */
static pl_status eval_gather_nd(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct gather *params = eval->params;
    struct gather_walk walk = start_walk(params, from);
    char *output = (char *)eval->outputs[0] + from * params->run;
    for (int64_t unit = from; unit < to; unit++, output += params->run) {
        int64_t run = 0;
        PL_TRY(next_run_nd(eval, params, &walk, &run));
        memcpy(output, (const char *)eval->inputs[0] + run * params->run, (size_t)params->run);
    }
    return PL_OK;
}

/* All at once: neighbours share bytes. */
static pl_status eval_gather_nibbles(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct gather *params = eval->params;
    uint8_t *output = eval->outputs[0];
    (void)from;
    (void)to;
    output[(params->units * params->run - 1) / 2] = 0;
    struct gather_walk walk = start_walk(params, 0);
    for (int64_t unit = 0; unit < params->units; unit++) {
        int64_t run = 0;
        PL_TRY(next_run(eval, params, &walk, &run));
        pl_nibbles_copy(output, unit * params->run, eval->inputs[0], run * params->run,
                        params->run);
    }
    return PL_OK;
}

/* Which strings they are. */
static pl_status pick_strings(const struct pl_eval *eval, bool nd, int32_t *picks)
{
    const struct gather *params = eval->params;
    struct gather_walk walk = start_walk(params, 0);
    for (int64_t unit = 0; unit < params->units; unit++) {
        int64_t run = 0;
        PL_TRY(nd ? next_run_nd(eval, params, &walk, &run) : next_run(eval, params, &walk, &run));
        for (int64_t i = 0; i < params->run; i++)
            picks[unit * params->run + i] = (int32_t)(run * params->run + i);
    }
    return PL_OK;
}

/* That has to be known before their sizes can be. */
static pl_status gather_strings(struct pl_prepare *prepare, const struct gather *params, bool nd)
{
    const int64_t count = params->units * params->run;
    int32_t *picks = pl_prepare_allocate(prepare, (size_t)count * sizeof *picks + 1);
    if (picks == NULL) return PL_OUT_OF_MEMORY;
    const void *indices = NULL;
    PL_TRY(pl_prepare_read(prepare, 1, &indices));
    const void *const inputs[] = {NULL, indices};
    const struct pl_eval eval = {.params = params, .inputs = inputs, .error = prepare->error};
    if (pick_strings(&eval, nd, picks) != PL_OK)
        return pl_fail_at(prepare->error, "operator %d (%s)", (int)prepare->op->index, pl_operator_name(prepare->op));
    return pl_move_strings(prepare, 0, picks);
}

static pl_status add_work(struct pl_prepare *prepare, struct gather *params, bool nd)
{
    const pl_type type = prepare->inputs[0]->tensor->type;
    params->kernels = prepare->kernels->movement;
    params->index_type = prepare->inputs[1]->tensor->type;
    if (params->run == 0 && (nd || pl_type_bits(type) == PL_NIBBLE_BITS)) params->units = 0;
    if (type == PL_STRING) return gather_strings(prepare, params, nd);
    prepare->params = params;
    if (pl_type_bits(type) == PL_NIBBLE_BITS)
        pl_prepare_stage(prepare, eval_gather_nibbles, params->units > 0 ? 1 : 0,
                         pl_cost(params->units, params->run));
    else pl_prepare_stage(prepare, nd ? eval_gather_nd : eval_gather, params->units, params->run);
    pl_reach_slices(prepare, nd || params->outer == 1 ? 2 : 0); /* its indices */
    return PL_OK;
}

enum {
    GATHER_TYPES = PL_TYPES_BYTES_1 | PL_TYPE_BIT(PL_INT16) | PL_TYPE_BIT(PL_FLOAT16) |
                   PL_TYPE_BIT(PL_BFLOAT16) | PL_TYPE_BIT(PL_INT32) | PL_TYPE_BIT(PL_FLOAT32) |
                   PL_TYPE_BIT(PL_INT64) | PL_TYPE_BIT(PL_STRING),
    INDEX_TYPES = PL_TYPES_INDEX | PL_TYPE_BIT(PL_INT16)
};

/* What a run is counted in. */
static int64_t run_unit(const struct pl_prepare *prepare, int64_t element_bytes)
{
    return prepare->inputs[0]->tensor->type == PL_STRING ? 1 : element_bytes;
}

/* ---- GATHER ---------------------------------------------------------------------------------- */

/* The leading axes that both inputs share. */
static pl_status read_batch_dims(struct pl_prepare *prepare, int32_t axis, int32_t *batch_dims)
{
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    const struct pl_shape *indices = &prepare->inputs[1]->shape;
    int64_t count = pl_record_integer(prepare->op->options, PL_GatherOptions_batch_dims);
    if (count < 0) count += indices->rank;
    PL_TRY(pl_check_option(prepare, "batch_dims", count, 0,
                           axis < indices->rank ? axis : indices->rank));
    for (int32_t i = 0; i < count; i++) {
        if (input->dims[i] != indices->dims[i]) {
            return pl_check_fail(prepare, PL_MISMATCH, pl_input(1),
                                 "dimension %d is %d, expected %d as in input 0", (int)i,
                                 (int)indices->dims[i], (int)input->dims[i]);
        }
    }
    *batch_dims = (int32_t)count;
    return PL_OK;
}

static pl_status set_shape(struct pl_prepare *prepare, int32_t axis, int32_t batch_dims)
{
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    const struct pl_shape *indices = &prepare->inputs[1]->shape;
    struct pl_shape output = {0, {0}};
    const int32_t rank = input->rank + indices->rank - 1 - batch_dims;
    if (rank > PL_MAX_RANK)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "the output has rank %d, the limit is %d",
                               (int)rank, PL_MAX_RANK);
    for (int32_t i = 0; i < axis; i++) output.dims[output.rank++] = input->dims[i];
    for (int32_t i = batch_dims; i < indices->rank; i++)
        output.dims[output.rank++] = indices->dims[i];
    for (int32_t i = axis + 1; i < input->rank; i++) output.dims[output.rank++] = input->dims[i];
    return pl_check_set_output(prepare, 0, &output);
}

pl_status pl_prepare_gather(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    int64_t element_bytes = 0;
    PL_TRY(pl_move_check(prepare, 0, GATHER_TYPES | PL_TYPE_BIT(PL_INT4), &element_bytes));
    PL_TRY(pl_check_type(prepare, pl_input(1), INDEX_TYPES));
    const bool strings = prepare->inputs[0]->tensor->type == PL_STRING;
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, strings ? 1 : PL_MAX_RANK));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    const struct pl_shape *indices = &prepare->inputs[1]->shape;
    int32_t axis = 0;
    PL_TRY(pl_axis_check(prepare, pl_record_integer(prepare->op->options, PL_GatherOptions_axis),
                         input->rank, &axis));
    int32_t batch_dims = 0;
    PL_TRY(read_batch_dims(prepare, axis, &batch_dims));
    PL_TRY(set_shape(prepare, axis, batch_dims));

    struct gather *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->outer = pl_shape_span(input, batch_dims, axis);
    params->axis = input->dims[axis];
    params->picks = pl_shape_span(indices, batch_dims, indices->rank);
    params->run = pl_shape_span(input, axis + 1, input->rank) * run_unit(prepare, element_bytes);
    params->units = pl_shape_span(input, 0, axis) * params->picks;
    return add_work(prepare, params, false);
}

/* ---- GATHER_ND ------------------------------------------------------------------------------- */

pl_status pl_prepare_gather_nd(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    int64_t element_bytes = 0;
    PL_TRY(pl_move_check(prepare, 0, GATHER_TYPES, &element_bytes));
    PL_TRY(pl_check_type(prepare, pl_input(1), INDEX_TYPES));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, PL_MAX_RANK));
    PL_TRY(pl_check_rank(prepare, pl_input(1), 1, PL_MAX_RANK));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    const struct pl_shape *indices = &prepare->inputs[1]->shape;
    const int32_t depth = indices->dims[indices->rank - 1];
    if (depth > input->rank)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(1),
                             "%d coordinates for an input of %d dimensions", (int)depth,
                             (int)input->rank);
    const int32_t rank = indices->rank - 1 + input->rank - depth;
    if (rank > PL_MAX_RANK)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "the output has rank %d, the limit is %d",
                               (int)rank, PL_MAX_RANK);
    struct pl_shape output = {0, {0}};
    for (int32_t i = 0; i < indices->rank - 1; i++) output.dims[output.rank++] = indices->dims[i];
    for (int32_t i = depth; i < input->rank; i++) output.dims[output.rank++] = input->dims[i];
    PL_TRY(pl_check_set_output(prepare, 0, &output));

    struct gather *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->depth = depth;
    params->input = *input;
    params->run = pl_shape_span(input, depth, input->rank) * run_unit(prepare, element_bytes);
    params->units = pl_shape_span(indices, 0, indices->rank - 1);
    return add_work(prepare, params, true);
}
