/* SPDX-License-Identifier: Apache-2.0 */
#include "rewrite/batch.h"

#include "rewrite/reuse_internal.h"

/* A batch is a stream (reuse_internal.h) of which a hop is one row. */
struct batch {
    const struct pl_subgraph *subgraph;
    const struct pl_graph_facts *facts;
    struct pl_stream *streams; /* one per tensor */
    bool *counts_rows;         /* one per tensor: a constant that may be another one for other numbers of rows */
    int32_t times;
    struct pl_error *error;
};

static const struct pl_shape *shape_of(const struct batch *batch, int32_t tensor)
{
    return &batch->facts->values[tensor]->shape;
}

static pl_status start_inputs(struct batch *batch)
{
    for (int32_t i = 0; i < batch->subgraph->input_count; i++) {
        const int32_t tensor = batch->subgraph->inputs[i];
        const struct pl_shape *shape = shape_of(batch, tensor);
        const struct pl_value *value = batch->facts->values[tensor];
        if (shape->rank == 0 || shape->dims[0] % batch->times != 0 || value->late || value->holder != NULL)
            return pl_fail(batch->error, PL_UNSUPPORTED, "input '%s' has no rows that all are fed",
                           batch->subgraph->tensors[tensor].name);
        batch->streams[tensor] = (struct pl_stream){.fresh = 1, .tensor = tensor};
    }
    return PL_OK;
}

static bool reads(const struct batch *batch, const struct pl_operator *op, bool (*is)(const struct batch *, int32_t tensor))
{
    for (int32_t i = 0; i < op->input_count; i++)
        if (op->inputs[i] >= 0 && is(batch, op->inputs[i])) return true;
    return false;
}

static bool has_rows(const struct batch *batch, int32_t tensor)
{
    return batch->streams[tensor].fresh > 0;
}

static bool counts_rows(const struct batch *batch, int32_t tensor)
{
    return batch->counts_rows[tensor];
}

/* What was computed of shapes is a constant for this number of rows alone. */
static void pass_counts(const struct batch *batch, const struct pl_operator *op)
{
    if (!reads(batch, op, has_rows) && !reads(batch, op, counts_rows)) return;
    for (int32_t i = 0; i < op->output_count; i++)
        if (op->outputs[i] >= 0) batch->counts_rows[op->outputs[i]] = true;
}

/* NULL, or why its output has not the rows of its inputs, each for itself. A view's shape says all that it makes of a number
 * of rows; to others that number may be a value. */
static const char *follow(struct batch *batch, const struct pl_row_view *view)
{
    struct pl_row_step step = {0};
    if (!pl_traits_are_pure(view->facts->traits)) return "it has state or effects";
    if ((view->facts->traits & PL_TRAIT_VIEW) == 0 && reads(batch, view->op, counts_rows))
        return "it reads what depends on the number of rows";
    if (!pl_row_reads_stream(view)) return NULL; /* what it gives is no constant, and refused where rows meet it */
    const char *why = pl_row_step_find(view, &step);
    if (why != NULL) return why;
    const int32_t input = view->op->inputs[pl_row_first_stream(view)], output = view->op->outputs[0];
    if (step.keep != 0 || step.fresh != 1 ||
        shape_of(batch, output)->dims[step.output_axis] != shape_of(batch, input)->dims[batch->streams[input].axis])
        return "it makes one row of several";
    batch->streams[output] = (struct pl_stream){.fresh = 1, .axis = step.output_axis, .tensor = output};
    return NULL;
}

static pl_status check_operator(struct batch *batch, int32_t index)
{
    const struct pl_operator *op = &batch->subgraph->operators[index];
    const struct pl_row_view view = {op, &batch->facts->operators[index], batch->facts->values, batch->streams};
    if (view.facts->folded) {
        pass_counts(batch, op);
        return PL_OK;
    }
    const char *why = follow(batch, &view);
    if (why == NULL) return PL_OK;
    return pl_fail(batch->error, PL_UNSUPPORTED, "operator %d (%s) does not do the same with every row: %s", (int)op->index,
                   pl_operator_name(op), why);
}

static pl_status check_outputs(const struct batch *batch)
{
    for (int32_t i = 0; i < batch->subgraph->output_count; i++) {
        const int32_t tensor = batch->subgraph->outputs[i];
        if (has_rows(batch, tensor) && batch->streams[tensor].axis == 0) continue;
        return pl_fail(batch->error, PL_UNSUPPORTED, "output '%s' has not the rows of the inputs along its first dimension",
                       batch->subgraph->tensors[tensor].name);
    }
    return PL_OK;
}

pl_status pl_batch_check(struct pl_region *work, const struct pl_subgraph *subgraph, const struct pl_graph_facts *facts,
                         int32_t times, struct pl_error *error)
{
    struct batch batch = {.subgraph = subgraph, .facts = facts, .times = times, .error = error};
    batch.streams = pl_region_array(work, (size_t)subgraph->tensor_count, sizeof *batch.streams);
    batch.counts_rows = pl_region_array(work, (size_t)subgraph->tensor_count, sizeof *batch.counts_rows);
    if (batch.streams == NULL || batch.counts_rows == NULL)
        return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left to look at rows");
    PL_TRY(start_inputs(&batch));
    for (int32_t i = 0; i < subgraph->operator_count; i++) PL_TRY(check_operator(&batch, i));
    return check_outputs(&batch);
}
