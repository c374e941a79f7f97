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
    int64_t steps;       /* of the sequence */
    int64_t step_stride; /* in runs */
    bool sequence_is_outer;
    pl_type type; /* of the lengths */
};

/* A unit is a run. */
static pl_status eval_sequence(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct sequence *params = eval->params;
    const char *input = eval->inputs[0];
    char *output = eval->outputs[0];
    for (int64_t unit = from; unit < to; unit++) {
        const int64_t inner = unit % params->inner;
        const int64_t outer = unit / params->inner / params->between % params->outer;
        const int64_t batch = params->sequence_is_outer ? inner : outer;
        const int64_t step = params->sequence_is_outer ? outer : inner;
        const int64_t length = pl_axis_element(eval->inputs[1], params->type, batch);
        if (length < 0 || length > params->steps)
            return pl_eval_fail(eval, "sequence %lld has length %lld, expected 0 to %lld",
                                (long long)batch, (long long)length, (long long)params->steps);
        const int64_t source = step < length ? length - 1 - step : step;
        memcpy(output + unit * params->run_bytes,
               input + (unit + (source - step) * params->step_stride) * params->run_bytes,
               (size_t)params->run_bytes);
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
    params->sequence_is_outer = sequence < batch;
    params->outer = shape->dims[first];
    params->between = pl_shape_span(shape, first + 1, second);
    params->inner = shape->dims[second];
    params->run_bytes = pl_shape_span(shape, second + 1, shape->rank) * element_bytes;
    params->steps = shape->dims[sequence];
    params->step_stride = params->sequence_is_outer ? params->between * params->inner : 1;
    params->type = prepare->inputs[1]->tensor->type;
    prepare->params = params;
    const int64_t runs = pl_shape_span(shape, 0, second + 1);
    pl_prepare_stage(prepare, eval_sequence, params->run_bytes > 0 ? runs : 0, params->run_bytes);
    return PL_OK;
}
