/* SPDX-License-Identifier: Apache-2.0 */
#include "rewrite/reuse.h"

#include <assert.h>
#include <string.h>

#include "rewrite/reuse_internal.h"

/* A list of operators that grows to a number that is known. */
struct operator_list {
    struct pl_operator *items;
    int32_t count;
};

struct rewriter {
    struct pl_graph *join;
    struct pl_graph *graph;
    const struct pl_graph_facts *facts;
    struct pl_region work;
    struct pl_stream *streams; /* one per tensor, of the join and new */
    int64_t *moves;            /* of tensors of the join that have the bytes of a whole window: see pl_operator.moves_on */
    struct operator_list per_row;    /* of the member at hand: what runs with every hop, */
    struct operator_list per_window; /* and what runs with every window */
    int32_t member;
    int32_t own_count; /* operators of plait's own that the member has */
    struct pl_reuse *reuse;
    struct pl_error *error;
};

static pl_status no_memory(struct rewriter *rewriter)
{
    return pl_fail(rewriter->error, PL_OUT_OF_MEMORY, "no memory left to plan windows");
}

static const struct pl_subgraph *before(const struct rewriter *rewriter)
{
    return &rewriter->join->subgraphs[0];
}

static struct pl_subgraph *after(const struct rewriter *rewriter)
{
    return &rewriter->graph->subgraphs[0];
}

/* ---- what is added ------------------------------------------------------------------------------------------------ */

/* A tensor like one of the join, of another shape. */
static int32_t add_tensor(struct rewriter *rewriter, int32_t like, const struct pl_shape *shape)
{
    struct pl_tensor tensor = before(rewriter)->tensors[like];
    tensor.name = "";
    tensor.constant = NULL;
    tensor.is_variable = false;
    tensor.has_signature = false;
    tensor.shape = tensor.signature = *shape;
    after(rewriter)->tensors[after(rewriter)->tensor_count] = tensor;
    return after(rewriter)->tensor_count++;
}

static struct pl_shape shape_with(const struct rewriter *rewriter, int32_t tensor, int32_t axis, int32_t rows)
{
    struct pl_shape shape = rewriter->facts->values[tensor]->shape;
    shape.dims[axis] = rows;
    return shape;
}

static pl_status add_rows(struct rewriter *rewriter, int32_t from, int32_t to, const struct pl_rows *options)
{
    struct pl_region *region = &rewriter->graph->region;
    int32_t *ends = pl_region_array(region, 2, sizeof *ends);
    struct pl_rows *rows = pl_region_copy(region, options, sizeof *options);
    if (ends == NULL || rows == NULL) return no_memory(rewriter);
    ends[0] = from;
    ends[1] = to;
    rewriter->per_row.items[rewriter->per_row.count++] =
        (struct pl_operator){.code = PL_OPERATOR_ROWS,
                             .version = 1,
                             .index = pl_own_index(rewriter->own_count++, false),
                             .member = rewriter->member,
                             .per_row = true,
                             .custom_options = rows,
                             .custom_options_bytes = sizeof *rows,
                             .input_count = 1,
                             .output_count = 1,
                             .inputs = ends,
                             .outputs = ends + 1};
    return PL_OK;
}

/* Rows of a stream: `keep` of those before and the new ones. */
static pl_status need_rows(struct rewriter *rewriter, int32_t tensor, int32_t keep, int32_t *found)
{
    struct pl_stream *stream = &rewriter->streams[tensor];
    *found = stream->tensor;
    if (keep == 0) return PL_OK;
    for (const struct pl_kept_rows *kept = stream->kept; kept != NULL; kept = kept->next)
        if (kept->keep == keep) {
            *found = kept->tensor;
            return PL_OK;
        }
    struct pl_kept_rows *kept = pl_region_allocate(&rewriter->work, sizeof *kept);
    if (kept == NULL) return no_memory(rewriter);
    const struct pl_rows rows = {.axis = stream->axis,
                                 .fresh = stream->fresh,
                                 .keep = keep,
                                 .take = keep + stream->fresh,
                                 .output = shape_with(rewriter, tensor, stream->axis, keep + stream->fresh)};
    *kept = (struct pl_kept_rows){stream->kept, keep, add_tensor(rewriter, tensor, &rows.output)};
    stream->kept = kept;
    *found = kept->tensor;
    return add_rows(rewriter, stream->tensor, kept->tensor, &rows);
}

/* The window itself, for what cannot do with less. */
static pl_status need_whole(struct rewriter *rewriter, int32_t tensor)
{
    struct pl_stream *stream = &rewriter->streams[tensor];
    if (stream->fresh == 0 || stream->whole) return PL_OK;
    const struct pl_shape *shape = &rewriter->facts->values[tensor]->shape;
    const int32_t rows = shape->dims[stream->axis];
    stream->whole = true;
    return add_rows(rewriter, stream->tensor, tensor,
                    &(struct pl_rows){.axis = stream->axis,
                                      .fresh = stream->fresh,
                                      .keep = rows - stream->fresh,
                                      .take = rows,
                                      .output = *shape});
}

/* ---- operator by operator ----------------------------------------------------------------------------------------- */

static void put(struct operator_list *list, const struct pl_operator *op)
{
    list->items[list->count++] = *op;
}

/* A window as the join made it: its rows are a stream, unless all of them are new each time. */
static void start_window(struct rewriter *rewriter, const struct pl_operator *op)
{
    const struct pl_rows *rows = op->custom_options;
    if (rows->keep <= 0) {
        struct pl_operator own = *op;
        own.index = pl_own_index(rewriter->own_count++, false);
        put(&rewriter->per_row, &own);
        return;
    }
    rewriter->streams[op->outputs[0]] = (struct pl_stream){rows->fresh, rows->axis, op->inputs[0], false, NULL};
}

static int32_t window_axis_rows(const struct rewriter *rewriter, int32_t tensor, int32_t axis)
{
    return rewriter->facts->values[tensor]->shape.dims[axis];
}

/* The operator sees the rows that it needs for the new ones of its output. */
static pl_status put_step(struct rewriter *rewriter, const struct pl_operator *op, const struct pl_row_step *step)
{
    struct pl_region *region = &rewriter->graph->region;
    const struct pl_shape shape = shape_with(rewriter, op->outputs[0], step->output_axis, step->fresh);
    const int32_t output = add_tensor(rewriter, op->outputs[0], &shape);
    rewriter->streams[op->outputs[0]] = (struct pl_stream){step->fresh, step->output_axis, output, false, NULL};
    if (step->copied) {
        const struct pl_stream *stream = &rewriter->streams[op->inputs[0]];
        return add_rows(rewriter, stream->tensor, output,
                        &(struct pl_rows){.axis = stream->axis,
                                          .fresh = stream->fresh,
                                          .keep = step->keep,
                                          .take = step->fresh,
                                          .output = shape});
    }
    struct pl_operator changed = *op;
    int32_t *inputs = pl_region_copy(region, op->inputs, (size_t)op->input_count * sizeof *inputs);
    int32_t *outputs = pl_region_copy(region, &output, sizeof output);
    if (inputs == NULL || outputs == NULL) return no_memory(rewriter);
    for (int32_t i = 0; i < op->input_count; i++)
        if (inputs[i] >= 0 && rewriter->streams[inputs[i]].fresh > 0)
            PL_TRY(need_rows(rewriter, inputs[i], step->keep, &inputs[i]));
    changed.inputs = inputs;
    changed.outputs = outputs;
    changed.per_row = true;
    put(&rewriter->per_row, &changed);
    return PL_OK;
}

/* By how many elements the bytes of input 0 move on with every hop. */
static int64_t find_moves(const struct rewriter *rewriter, const struct pl_operator *op)
{
    const int32_t tensor = op->input_count > 0 ? op->inputs[0] : -1;
    if (tensor < 0) return 0;
    const struct pl_stream *stream = &rewriter->streams[tensor];
    if (stream->fresh == 0) return rewriter->moves[tensor];
    const struct pl_shape *shape = &rewriter->facts->values[tensor]->shape;
    if (pl_shape_span(shape, 0, stream->axis) != 1) return 0; /* rows of several windows beside each other */
    return stream->fresh * pl_shape_span(shape, stream->axis + 1, shape->rank);
}

/* What reads shapes alone was folded. */
static pl_status put_whole(struct rewriter *rewriter, const struct pl_operator *op, uint32_t traits)
{
    struct pl_operator changed = *op;
    for (int32_t i = 0; i < op->input_count; i++)
        if (op->inputs[i] >= 0) PL_TRY(need_whole(rewriter, op->inputs[i]));
    changed.moves_on = find_moves(rewriter, op);
    if ((traits & PL_TRAIT_VIEW) != 0) rewriter->moves[op->outputs[0]] = changed.moves_on;
    put(op->per_row ? &rewriter->per_row : &rewriter->per_window, &changed);
    return PL_OK;
}

static pl_status rewrite_operator(struct rewriter *rewriter, int32_t index)
{
    const struct pl_operator *op = &before(rewriter)->operators[index];
    const struct pl_row_view view = {op, &rewriter->facts->operators[index], rewriter->facts->values, rewriter->streams};
    struct pl_row_step step = {0};
    if (view.facts->folded) return PL_OK;
    if (op->code == PL_OPERATOR_ROWS) {
        start_window(rewriter, op);
        return PL_OK;
    }
    if (!pl_row_reads_stream(&view)) return put_whole(rewriter, op, view.facts->traits);
    struct pl_reuse *reuse = &rewriter->reuse[index];
    reuse->why_not = pl_row_step_find(&view, &step);
    if (reuse->why_not != NULL) return put_whole(rewriter, op, view.facts->traits);
    reuse->fresh_rows = step.fresh;
    reuse->window_rows = window_axis_rows(rewriter, op->outputs[0], step.output_axis);
    return put_step(rewriter, op, &step);
}

/* ---- the graph ---------------------------------------------------------------------------------------------------- */

static pl_status make_graph(struct rewriter *rewriter)
{
    const struct pl_subgraph *from = before(rewriter);
    struct pl_graph *graph = rewriter->graph;
    struct pl_region *region = &graph->region;
    size_t most = (size_t)from->operator_count + (size_t)from->tensor_count;
    for (int32_t i = 0; i < from->operator_count; i++) most += (size_t)from->operators[i].input_count;
    const size_t tensors = most + (size_t)from->tensor_count;
    graph->subgraph_count = rewriter->join->subgraph_count;
    graph->subgraphs =
        pl_region_copy(region, rewriter->join->subgraphs, (size_t)graph->subgraph_count * sizeof *graph->subgraphs);
    graph->constants = pl_region_array(region, (size_t)from->tensor_count, sizeof(struct pl_constant *));
    rewriter->reuse = pl_region_array(region, (size_t)from->operator_count, sizeof *rewriter->reuse);
    rewriter->streams = pl_region_array(&rewriter->work, tensors, sizeof *rewriter->streams);
    rewriter->moves = pl_region_array(&rewriter->work, (size_t)from->tensor_count, sizeof *rewriter->moves);
    rewriter->per_row.items = pl_region_array(&rewriter->work, most, sizeof(struct pl_operator));
    rewriter->per_window.items = pl_region_array(&rewriter->work, most, sizeof(struct pl_operator));
    if (graph->subgraphs == NULL || graph->constants == NULL || rewriter->reuse == NULL || rewriter->streams == NULL ||
        rewriter->moves == NULL || rewriter->per_row.items == NULL || rewriter->per_window.items == NULL)
        return no_memory(rewriter);
    struct pl_subgraph *to = after(rewriter);
    to->operator_count = 0;
    to->operators = pl_region_array(region, most, sizeof *to->operators);
    to->tensors = pl_region_array(region, tensors, sizeof *to->tensors);
    if (to->operators == NULL || to->tensors == NULL) return no_memory(rewriter);
    memcpy(to->tensors, from->tensors, (size_t)from->tensor_count * sizeof *to->tensors);
    graph->members = rewriter->join->members;
    graph->member_count = rewriter->join->member_count;
    graph->member_tensors = rewriter->join->member_tensors;
    graph->links = rewriter->join->links;
    graph->link_count = rewriter->join->link_count;
    graph->sharing = rewriter->join->sharing;
    graph->sharing_count = rewriter->join->sharing_count;
    graph->reuse = rewriter->reuse;
    return PL_OK;
}

/* Operators that were folded are left out: what they gave is a constant now. */
static void keep_folded(struct rewriter *rewriter)
{
    for (int32_t i = 0; i < before(rewriter)->tensor_count; i++) {
        struct pl_constant *constant = rewriter->facts->values[i]->holder;
        if (constant == NULL || after(rewriter)->tensors[i].constant == constant) continue;
        pl_constant_retain(constant);
        rewriter->graph->constants[rewriter->graph->constant_count++] = constant;
        after(rewriter)->tensors[i].constant = constant;
        after(rewriter)->tensors[i].shape = rewriter->facts->values[i]->shape;
    }
}

static void append(struct pl_subgraph *subgraph, struct operator_list *list)
{
    memcpy(subgraph->operators + subgraph->operator_count, list->items, (size_t)list->count * sizeof list->items[0]);
    subgraph->operator_count += list->count;
    list->count = 0;
}

/* All that is for the outputs of one model, which callers and links see whole. */
static pl_status finish_member(struct rewriter *rewriter)
{
    const struct pl_graph *member = rewriter->join->members[rewriter->member];
    const int32_t first = rewriter->join->member_tensors[rewriter->member];
    for (int32_t i = 0; i < member->subgraphs[0].output_count; i++)
        PL_TRY(need_whole(rewriter, first + member->subgraphs[0].outputs[i]));
    append(after(rewriter), &rewriter->per_row);
    append(after(rewriter), &rewriter->per_window);
    rewriter->own_count = 0;
    return PL_OK;
}

static pl_status rewrite(struct rewriter *rewriter)
{
    PL_TRY(make_graph(rewriter));
    for (int32_t i = 0; i < before(rewriter)->operator_count; i++) {
        const int32_t member = before(rewriter)->operators[i].member;
        if (i > 0 && member != rewriter->member) PL_TRY(finish_member(rewriter));
        rewriter->member = member;
        PL_TRY(rewrite_operator(rewriter, i));
    }
    if (before(rewriter)->operator_count > 0) PL_TRY(finish_member(rewriter));
    keep_folded(rewriter);
    return PL_OK;
}

pl_status pl_reuse_windows(struct pl_memory *memory, struct pl_graph *join, const struct pl_graph_facts *facts,
                           struct pl_graph **graph, struct pl_error *error)
{
    struct rewriter rewriter = {.join = join, .facts = facts, .error = error};
    PL_TRY(pl_graph_create(memory, join->store, &rewriter.graph, error));
    rewriter.graph->origin = join;
    pl_graph_retain(join);
    pl_region_init(&rewriter.work, memory);
    const pl_status status = rewrite(&rewriter);
    pl_region_clear(&rewriter.work);
    if (status != PL_OK) pl_graph_release(rewriter.graph);
    else *graph = rewriter.graph;
    return status;
}
