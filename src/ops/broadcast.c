/* SPDX-License-Identifier: Apache-2.0 */
/* Broadcasting, see broadcast.h. */
#include "ops/broadcast.h"

#include <assert.h>
#include <string.h>

/* Dimension `axis` of the output as this input has it, 1 where the input has fewer dimensions. */
static int32_t aligned_dim(const struct pl_shape *shape, int32_t out_rank, int32_t axis)
{
    const int32_t own = axis - (out_rank - shape->rank);
    return own < 0 ? 1 : shape->dims[own];
}

bool pl_broadcast_shape(const struct pl_shape *a, const struct pl_shape *b, struct pl_shape *out)
{
    struct pl_shape result = {.rank = a->rank > b->rank ? a->rank : b->rank};
    for (int32_t axis = 0; axis < result.rank; axis++) {
        const int32_t from_a = aligned_dim(a, result.rank, axis);
        const int32_t from_b = aligned_dim(b, result.rank, axis);
        if (from_a != from_b && from_a != 1 && from_b != 1) return false;
        result.dims[axis] = from_a == 1 ? from_b : from_a;
    }
    *out = result;
    return true;
}

pl_status pl_broadcast_output(struct pl_prepare *prepare)
{
    const struct pl_shape *a = &prepare->inputs[0]->shape;
    const struct pl_shape *b = &prepare->inputs[1]->shape;
    if (!pl_broadcast_shape(a, b, &prepare->outputs[0]->shape)) {
        char text_a[PL_SHAPE_TEXT_BYTES];
        char text_b[PL_SHAPE_TEXT_BYTES];
        return pl_prepare_fail(prepare, PL_MISMATCH,
                               "inputs of shapes %s and %s do not broadcast: aligned at the last "
                               "dimension, each pair of "
                               "dimensions must be equal or one of them 1",
                               pl_shape_text(a, text_a), pl_shape_text(b, text_b));
    }
    size_t bytes;
    if (!pl_shape_bytes(&prepare->outputs[0]->shape, prepare->outputs[0]->tensor->type, &bytes))
        return pl_prepare_fail(prepare, PL_MISMATCH, "the broadcast output is too large");
    return PL_OK;
}

/* Bit i: input i goes along this dimension of the output. */
static uint32_t moving_inputs(const struct pl_shape *const *inputs, int32_t input_count,
                              const struct pl_shape *out, int32_t axis)
{
    uint32_t moving = 0;
    for (int32_t i = 0; i < input_count; i++)
        if (aligned_dim(inputs[i], out->rank, axis) != 1) moving |= 1u << i;
    return moving;
}

void pl_broadcast_init(struct pl_broadcast *broadcast, const struct pl_shape *const *inputs,
                       int32_t input_count, const struct pl_shape *out)
{
    assert(input_count >= 1 && input_count <= PL_BROADCAST_MAX_INPUTS);
    memset(broadcast, 0, sizeof *broadcast);
    broadcast->input_count = input_count;
    broadcast->elements = pl_shape_count(out);
    if (broadcast->elements == 0) return;

    /* Merge from the inside out: dims[0] is the innermost for now. */
    int64_t merged[PL_MAX_RANK] = {1};
    uint32_t patterns[PL_MAX_RANK] = {(1u << input_count) - 1};
    int32_t count = 0;
    for (int32_t axis = out->rank - 1; axis >= 0; axis--) {
        if (out->dims[axis] == 1) continue;
        const uint32_t moving = moving_inputs(inputs, input_count, out, axis);
        if (count > 0 && patterns[count - 1] == moving) {
            merged[count - 1] *= out->dims[axis];
        } else {
            merged[count] = out->dims[axis];
            patterns[count++] = moving;
        }
    }

    broadcast->run = merged[0];
    broadcast->rank = count > 1 ? count - 1 : 0;
    for (int32_t i = 0; i < input_count; i++) {
        int64_t stride = 1;
        broadcast->steps[i] = (int32_t)(patterns[0] >> i & 1u);
        if (broadcast->steps[i] == 1) stride = merged[0];
        for (int32_t k = 1; k < count; k++) {
            const bool moves = (patterns[k] >> i & 1u) != 0;
            broadcast->strides[i][count - 1 - k] = moves ? stride : 0;
            broadcast->dims[count - 1 - k] = merged[k];
            if (moves) stride *= merged[k];
        }
    }
}

void pl_broadcast_start(const struct pl_broadcast *broadcast, int64_t from, int64_t to,
                        struct pl_broadcast_walk *walk)
{
    assert(from >= 0 && from <= to && to <= broadcast->elements);
    memset(walk, 0, sizeof *walk);
    walk->broadcast = broadcast;
    walk->element = from;
    walk->to = to;
    if (from >= to || from == 0) return; /* nothing, or all from the first run on */
    int64_t row = from / broadcast->run;
    walk->inside = from % broadcast->run;
    for (int32_t axis = broadcast->rank - 1; axis >= 0; axis--) {
        walk->indices[axis] = row % broadcast->dims[axis];
        row /= broadcast->dims[axis];
        for (int32_t i = 0; i < broadcast->input_count; i++)
            walk->rows[i] += walk->indices[axis] * broadcast->strides[i][axis];
    }
}

/* Moves every input to the beginning of the next run. */
static void next_row(struct pl_broadcast_walk *walk)
{
    const struct pl_broadcast *broadcast = walk->broadcast;
    for (int32_t axis = broadcast->rank - 1; axis >= 0; axis--) {
        const bool carries = ++walk->indices[axis] == broadcast->dims[axis];
        const int64_t back = carries ? broadcast->dims[axis] : 0;
        for (int32_t i = 0; i < broadcast->input_count; i++)
            walk->rows[i] += (1 - back) * broadcast->strides[i][axis];
        if (!carries) return;
        walk->indices[axis] = 0;
    }
}

bool pl_broadcast_next(struct pl_broadcast_walk *walk)
{
    const struct pl_broadcast *broadcast = walk->broadcast;
    if (walk->count > 0) {
        walk->element += walk->count;
        walk->inside += walk->count;
    }
    if (walk->element >= walk->to) return false;
    if (walk->inside == broadcast->run) {
        walk->inside = 0;
        next_row(walk);
    }
    const int64_t in_run = broadcast->run - walk->inside;
    const int64_t left = walk->to - walk->element;
    walk->count = in_run < left ? in_run : left;
    for (int32_t i = 0; i < broadcast->input_count; i++)
        walk->offsets[i] = walk->rows[i] + (broadcast->steps[i] == 1 ? walk->inside : 0);
    return true;
}
