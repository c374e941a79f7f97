/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that become part of a neighbour: a clamp (an activation by itself) of the one before, a frame of zeros (PAD)
 * of the one behind; and orders of axes that undo each other. Only where nobody else sees the tensor between them, and its
 * numbers mean the same on both sides. */
#include <math.h>
#include <string.h>

#include "plan/builder.h"

void pl_draft_count_readers(struct pl_draft *draft)
{
    const struct pl_subgraph *subgraph = draft->block->subgraph;
    for (int32_t i = 0; i < subgraph->tensor_count; i++) {
        draft->tensors[i].readers = subgraph->tensors[i].is_variable;
        draft->tensors[i].producer = -1;
    }
    for (int32_t i = 0; i < subgraph->output_count; i++) draft->tensors[subgraph->outputs[i]].readers++;
    for (int32_t s = 0; s < subgraph->operator_count; s++) {
        const struct pl_operator *op = &subgraph->operators[s];
        for (int32_t i = 0; i < op->input_count; i++)
            if (op->inputs[i] >= 0) draft->tensors[op->inputs[i]].readers++;
    }
}

/* The step that makes what this operator alone reads as input 0, in the same model; NULL if there is none. */
static struct pl_draft_step *neighbour_before(struct pl_draft *draft, const struct pl_operator *op)
{
    if (draft->builder->request->keep_all || op->input_count < 1 || op->inputs[0] < 0) return NULL;
    const struct pl_draft_tensor *tensor = &draft->tensors[op->inputs[0]];
    if (tensor->readers != 1 || tensor->producer < 0) return NULL;
    struct pl_draft_step *step = &draft->steps[tensor->producer];
    const bool alone = step->op->output_count == 1 && step->op->member == op->member && step->op->per_row == op->per_row &&
                       step->step->late < 0;
    return alone ? step : NULL;
}

/* Types and quantization: float32, or integers with one scale. */
static bool mean_the_same(const struct pl_tensor *a, const struct pl_tensor *b)
{
    const struct pl_quantization *p = &a->quantization;
    const struct pl_quantization *q = &b->quantization;
    if (a->type != b->type || a->is_variable || b->is_variable) return false;
    if (a->type == PL_FLOAT32) return true;
    if (a->type != PL_INT8 && a->type != PL_UINT8 && a->type != PL_INT16) return false;
    return p->count == 1 && q->count == 1 && p->scales[0] == q->scales[0] && p->zero_points[0] == q->zero_points[0];
}

static struct pl_operator *copy_of(struct pl_draft *draft, const struct pl_operator *op)
{
    return pl_region_copy(&draft->builder->program->region, op, sizeof *op);
}

static const int32_t *with_first(struct pl_draft *draft, const int32_t *tensors, int32_t count, int32_t first)
{
    int32_t *copy = pl_region_copy(&draft->builder->program->region, tensors, (size_t)count * sizeof *tensors);
    if (copy != NULL) copy[0] = first;
    return copy;
}

void pl_draft_drop_step(struct pl_draft *draft, int32_t step)
{
    struct pl_draft_step *drafted = &draft->steps[step];
    struct pl_operator *nothing = copy_of(draft, drafted->op);
    if (nothing == NULL) return; /* its work is done, and nobody looks at it */
    nothing->input_count = nothing->output_count = 0;
    *drafted = (struct pl_draft_step){.step = drafted->step, .op = nothing, .view_of_input = -1};
    drafted->step->op_def = NULL;
    drafted->step->op = nothing;
}

/* ---- clamps ------------------------------------------------------------------------------------------------------- */

/* Far from where the bounds of quantized numbers overflow, which operators refuse. */
static bool is_tame(const struct pl_tensor *tensor)
{
    const struct pl_quantization *quantization = &tensor->quantization;
    if (tensor->type == PL_FLOAT32) return true;
    return quantization->scales[0] > 1e-7f && isfinite(quantization->scales[0]) &&
           quantization->zero_points[0] > -65536 && quantization->zero_points[0] < 65536;
}

int32_t pl_draft_find_clamped(struct pl_draft *draft, const struct pl_prepare *clamp, const struct pl_operator **clamped)
{
    if (!clamp->absorbing.clamp.is_one || (clamp->op_def->traits & PL_TRAIT_CLAMP) == 0) return -1;
    const struct pl_draft_step *before = neighbour_before(draft, clamp->op);
    if (before == NULL || before->last != NULL || before->step->op_def == NULL) return -1;
    if ((before->step->op_def->traits & PL_TRAIT_TAKES_CLAMP) == 0) return -1;
    if (!mean_the_same(clamp->inputs[0]->tensor, clamp->outputs[0]->tensor) || !is_tame(clamp->inputs[0]->tensor))
        return -1;
    struct pl_operator *copy = copy_of(draft, before->op);
    if (copy == NULL) return -1;
    copy->outputs = with_first(draft, before->op->outputs, 1, clamp->op->outputs[0]);
    *clamped = copy;
    return copy->outputs == NULL ? -1 : (int32_t)(before - draft->steps);
}

/* ---- orders of axes ------------------------------------------------------------------------------------------------ */

/* An order without axes of one element, which may lie anywhere. */
struct long_axes {
    int32_t count;
    int32_t axes[PL_MAX_RANK];  /* among those of the input that are longer */
    int32_t from[PL_MAX_RANK];  /* the input's sizes */
    int32_t to[PL_MAX_RANK];    /* the output's */
};

static struct long_axes long_axes_of(const struct pl_order *order, const struct pl_shape *input)
{
    struct long_axes found = {0};
    int32_t numbers[PL_MAX_RANK];
    for (int32_t i = 0, count = 0; i < order->rank; i++) {
        numbers[i] = count;
        if (input->dims[i] != 1) found.from[count++] = input->dims[i];
    }
    for (int32_t i = 0; i < order->rank; i++) {
        const int32_t axis = order->axes[i];
        if (input->dims[axis] == 1) continue;
        found.axes[found.count] = numbers[axis];
        found.to[found.count++] = input->dims[axis];
    }
    return found;
}

static bool undoes(const struct long_axes *second, const struct long_axes *first)
{
    if (second->count != first->count) return false;
    for (int32_t i = 0; i < first->count; i++)
        if (second->from[i] != first->to[i] || first->axes[second->axes[i]] != i) return false;
    return true;
}

/* The step with the order that this one undoes, behind views of what it makes; NULL: there is none. */
static struct pl_draft_step *find_undone(struct pl_draft *draft, const struct pl_prepare *order)
{
    const struct pl_planned_tensor *tensors = draft->block->tensors;
    const struct long_axes second = long_axes_of(&order->absorbing.order, &order->inputs[0]->shape);
    const struct pl_operator *op = order->op;
    for (;;) {
        struct pl_draft_step *step = neighbour_before(draft, op);
        if (step == NULL || step->step->op_def == NULL) return NULL;
        op = step->op;
        const struct pl_planned_tensor *source = &tensors[op->inputs[0]];
        if (source->value.tensor->is_variable || source->value.late) return NULL;
        if (step->order.rank > 0) {
            const struct long_axes first = long_axes_of(&step->order, &source->value.shape);
            return undoes(&second, &first) ? step : NULL;
        }
        const bool view = (step->step->op_def->traits & PL_TRAIT_VIEW) != 0 && step->view_of_input == 0;
        if (!view || source->bytes != tensors[op->outputs[0]].bytes) return NULL;
    }
}

const struct pl_operator *pl_draft_undo_order(struct pl_draft *draft, const struct pl_prepare *order)
{
    if ((order->op_def->traits & PL_TRAIT_ORDER) == 0 || order->absorbing.order.rank == 0) return NULL;
    struct pl_draft_step *undone = find_undone(draft, order);
    if (undone == NULL) return NULL;
    const int32_t source = undone->op->inputs[0];
    struct pl_operator *copy = copy_of(draft, order->op);
    if (copy == NULL) return NULL;
    copy->inputs = with_first(draft, order->op->inputs, order->op->input_count, source);
    if (copy->inputs == NULL) return NULL;
    for (int32_t tensor = order->op->inputs[0]; tensor != source;) {
        const int32_t step = draft->tensors[tensor].producer;
        tensor = draft->steps[step].op->inputs[0];
        pl_draft_drop_step(draft, step);
    }
    return copy;
}

/* ---- frames of zeros ---------------------------------------------------------------------------------------------- */

static bool all_finite(const struct pl_value *value)
{
    const float *numbers = value == NULL ? NULL : value->constant;
    if (numbers == NULL || value->tensor->type != PL_FLOAT32) return false;
    const int64_t count = pl_shape_count(&value->shape);
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(numbers[i])) return false;
    return true;
}

/* Leaving a product with zero out changes no sum of integers; a sum of floats neither, if the other factor is finite
 * (the sign of a sum that is zero by underflow alone may differ). Where floats become integers they have other scales. */
static bool adds_nothing(const struct pl_draft *draft, const struct pl_operator *op)
{
    if (op->input_count < 2 || op->inputs[1] < 0) return false;
    const struct pl_value *filter = &draft->block->tensors[op->inputs[1]].value;
    if (draft->block->tensors[op->inputs[0]].value.tensor->type != PL_FLOAT32)
        return filter->tensor->type != PL_FLOAT32;
    return all_finite(filter);
}

const struct pl_operator *pl_draft_without_frame(struct pl_draft *draft, const struct pl_operator *op,
                                                 const struct pl_frame_of_zeros **first)
{
    const struct pl_draft_step *before = neighbour_before(draft, op);
    if (before == NULL || !before->frame.is_one) return NULL;
    const struct pl_planned_tensor *tensors = draft->block->tensors;
    const int32_t source = before->op->inputs[0];
    if (!mean_the_same(tensors[source].value.tensor, tensors[op->inputs[0]].value.tensor)) return NULL;
    if (!adds_nothing(draft, op)) return NULL;
    struct pl_operator *copy = copy_of(draft, op);
    if (copy == NULL) return NULL;
    copy->inputs = with_first(draft, op->inputs, op->input_count, source);
    *first = &before->frame;
    return copy->inputs == NULL ? NULL : copy;
}
