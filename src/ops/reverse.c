/* SPDX-License-Identifier: Apache-2.0 */
/* REVERSE_V2: axes read from the end. REVERSE_SEQUENCE: the first elements of an axis, as many as
 * another input says for each index of the batch. */
#include <string.h>

#include "ops/axis.h"
#include "ops/check.h"
#include "ops/move.h"

/* LiteRT takes neighbouring axes only; a box does not care. */
pl_status pl_prepare_reverse_v2(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    struct pl_box box = {0};
    PL_TRY(pl_move_check(prepare, 0,
                         PL_TYPES_BYTES_1 | PL_TYPE_BIT(PL_INT16) | PL_TYPE_BIT(PL_FLOAT16) |
                             PL_TYPE_BIT(PL_BFLOAT16) | PL_TYPE_BIT(PL_INT32) |
                             PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_INT64),
                         &box.element_bytes));
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_rank(prepare, pl_input(1), 1, 1));
    const struct pl_shape *shape = &prepare->inputs[0]->shape;
    uint32_t mask = 0;
    PL_TRY(pl_axis_read_mask(prepare, 1, shape->rank, &mask));
    if (__builtin_popcount(mask) != prepare->inputs[1]->shape.dims[0])
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(1), "an axis appears twice");
    PL_TRY(pl_check_set_output(prepare, 0, shape));
    int64_t strides[PL_MAX_RANK];
    pl_box_dense_strides(shape, box.element_bytes, strides);
    int64_t offset = 0;
    for (int32_t i = 0; i < shape->rank; i++) {
        const bool reversed = mask >> i & 1;
        pl_box_add(&box, shape->dims[i], strides[i], reversed ? -strides[i] : strides[i]);
        if (reversed) offset += (shape->dims[i] - 1) * strides[i];
    }
    return pl_move_box(prepare, 0, &box, offset);
}

/* ---- REVERSE_SEQUENCE ------------------------------------------------------------------------ */

/* The input is [...][outer axis][between][inner axis][run]: one of the two axes is the sequence,
 * the other one the batch. */
struct sequence {
    int64_t outer;
    int64_t between;
    int64_t inner;
    int64_t run_bytes;
    int64_t steps; /* of the sequence */
    const struct pl_movement_kernels *kernels;
    pl_type type; /* of the lengths */
};

static pl_status read_length(const struct pl_eval *eval, int64_t batch, int64_t *length)
{
    const struct sequence *params = eval->params;
    *length = pl_axis_element(eval->inputs[1], params->type, batch);
    if (*length >= 0 && *length <= params->steps) return PL_OK;
    return pl_eval_fail(eval, "sequence %lld has length %lld, expected 0 to %lld", (long long)batch,
                        (long long)*length, (long long)params->steps);
}

/* The sequence is the inner axis. A unit is a whole sequence. */
static pl_status eval_inner_sequence(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct sequence *params = eval->params;
    const int64_t bytes = params->run_bytes;
    for (int64_t unit = from; unit < to; unit++) {
        const char *input = (const char *)eval->inputs[0] + unit * params->inner * bytes;
        char *output = (char *)eval->outputs[0] + unit * params->inner * bytes;
        int64_t length = 0;
        PL_TRY(read_length(eval, unit / params->between % params->outer, &length));
        const struct pl_plane plane = {.rows = 1,
                                       .columns = length,
                                       .to_column = bytes,
                                       .from_column = -bytes,
                                       .element_bytes = bytes};
        if (length > 0) params->kernels->copy_plane(output, input + (length - 1) * bytes, &plane);
        if (length < params->steps)
            memcpy(output + length * bytes, input + length * bytes,
                   (size_t)((params->steps - length) * bytes));
    }
    return PL_OK;
}

/* The sequence is the outer axis. A unit is one step of all sequences of a batch. */
static pl_status eval_outer_sequence(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct sequence *params = eval->params;
    const int64_t bytes = params->run_bytes;
    const int64_t step_bytes = params->between * params->inner * bytes;
    for (int64_t unit = from; unit < to; unit++) {
        const char *input = (const char *)eval->inputs[0] + unit * params->inner * bytes;
        char *output = (char *)eval->outputs[0] + unit * params->inner * bytes;
        const int64_t step = unit / params->between % params->outer;
        for (int64_t batch = 0; batch < params->inner; batch++) {
            int64_t length = 0;
            PL_TRY(read_length(eval, batch, &length));
            const int64_t source = step < length ? length - 1 - step : step;
            memcpy(output + batch * bytes, input + (source - step) * step_bytes + batch * bytes,
                   (size_t)bytes);
        }
    }
    return PL_OK;
}

pl_status pl_prepare_reverse_sequence(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    int64_t element_bytes = 0;
    PL_TRY(pl_move_check(prepare, 0,
                         PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_UINT8) | PL_TYPE_BIT(PL_INT16) |
                             PL_TYPES_INDEX,
                         &element_bytes));
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPES_INDEX));
    PL_TRY(pl_check_rank(prepare, pl_input(1), 1, 1));
    const struct pl_shape *shape = &prepare->inputs[0]->shape;
    const struct pl_record *options = prepare->op->options;
    const int64_t sequence = pl_record_integer(options, PL_ReverseSequenceOptions_seq_dim);
    const int64_t batch = pl_record_integer(options, PL_ReverseSequenceOptions_batch_dim);
    PL_TRY(pl_check_option(prepare, "seq_dim", sequence, 0, shape->rank - 1));
    PL_TRY(pl_check_option(prepare, "batch_dim", batch, 0, shape->rank - 1));
    if (sequence == batch)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL, "seq_dim and batch_dim are both %d",
                               (int)batch);
    PL_TRY(pl_check_count(prepare, pl_input(1), shape->dims[batch]));
    PL_TRY(pl_check_set_output(prepare, 0, shape));

    struct sequence *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    const int32_t first = (int32_t)(sequence < batch ? sequence : batch);
    const int32_t second = (int32_t)(sequence < batch ? batch : sequence);
    params->kernels = prepare->kernels->movement;
    params->outer = shape->dims[first];
    params->between = pl_shape_span(shape, first + 1, second);
    params->inner = shape->dims[second];
    params->run_bytes = pl_shape_span(shape, second + 1, shape->rank) * element_bytes;
    params->steps = shape->dims[sequence];
    params->type = prepare->inputs[1]->tensor->type;
    prepare->params = params;
    const int64_t units = pl_shape_span(shape, 0, second);
    pl_prepare_stage(prepare, sequence < batch ? eval_outer_sequence : eval_inner_sequence,
                     params->inner * params->run_bytes > 0 ? units : 0,
                     params->inner * params->run_bytes);
    return PL_OK;
}
