/* SPDX-License-Identifier: Apache-2.0 */
/* First pass: every operator in execution order says what shapes it makes and what it needs. */
#include <assert.h>
#include <string.h>

#include "plan/builder.h"
#include "rewrite/fold.h"

/* The values of one operator, on the way into prepare and out of it. */
struct arguments {
    struct pl_value **inputs;
    struct pl_value **outputs;
};

static bool gather_arguments(struct pl_draft *draft, const struct pl_operator *op, struct arguments *arguments)
{
    struct pl_region *region = &draft->builder->work;
    struct pl_planned_tensor *tensors = draft->block->tensors;
    arguments->inputs = pl_region_array(region, (size_t)op->input_count, sizeof(struct pl_value *));
    arguments->outputs = pl_region_array(region, (size_t)op->output_count, sizeof(struct pl_value *));
    if (arguments->inputs == NULL || arguments->outputs == NULL) return false;
    for (int32_t i = 0; i < op->input_count; i++)
        if (op->inputs[i] >= 0) arguments->inputs[i] = &tensors[op->inputs[i]].value;
    for (int32_t i = 0; i < op->output_count; i++)
        if (op->outputs[i] >= 0) arguments->outputs[i] = &tensors[op->outputs[i]].value;
    return true;
}

/* The service that control flow uses. */
static pl_status plan_subgraph(struct pl_prepare *prepare, int32_t index, const struct pl_call_end *inputs,
                               struct pl_call_end *outputs, struct pl_block **block, size_t *arena_bytes)
{
    struct pl_builder *builder = prepare->plan;
    index += prepare->op->subgraph_base;
    if (index < 0 || index >= prepare->graph->subgraph_count)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL, "subgraph %d does not exist", (int)index);
    PL_TRY(pl_plan_block(builder, index, inputs, block));
    const struct pl_subgraph *subgraph = (*block)->subgraph;
    for (int32_t i = 0; i < subgraph->output_count; i++) {
        const struct pl_value *value = &(*block)->tensors[subgraph->outputs[i]].value;
        outputs[i] = (struct pl_call_end){value->shape, value->late, NULL};
    }
    *arena_bytes = (*block)->arena_bytes;
    return PL_OK;
}

static const struct pl_prepare_services services = {plan_subgraph};

bool pl_value_bytes(const struct pl_value *value, size_t *bytes)
{
    *bytes = value->bytes;
    size_t counted = 0;
    const pl_type type = value->tensor->type;
    return pl_shape_bytes(&value->shape, type, pl_type_bits(type) == 0 ? &counted : bytes);
}

/* What has its place for good cannot get another size while running. */
static pl_status make_late(struct pl_draft *draft, struct pl_prepare *prepare, int32_t output)
{
    struct pl_planned_tensor *tensor = &draft->block->tensors[prepare->op->outputs[output]];
    if (tensor->value.holder != NULL || tensor->value.tensor->is_variable)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "output %d '%s' is a variable or a constant, and its shape "
                               "depends on data", (int)output, tensor->value.tensor->name);
    tensor->value.late = true;
    tensor->value.shape = tensor->value.tensor->shape;
    tensor->bytes = 0;
    return PL_OK;
}

/* Outputs have shapes now: check them and count their bytes. */
static pl_status check_outputs(struct pl_draft *draft, struct pl_prepare *prepare)
{
    for (int32_t i = 0; i < prepare->op->output_count; i++) {
        const int32_t index = prepare->op->outputs[i];
        if (index < 0) continue;
        struct pl_planned_tensor *tensor = &draft->block->tensors[index];
        char text[PL_SHAPE_TEXT_BYTES];
        if (tensor->value.late) {
            PL_TRY(make_late(draft, prepare, i));
            continue;
        }
        if (!pl_value_bytes(&tensor->value, &tensor->bytes) || tensor->bytes > draft->builder->request->tensor_limit_bytes)
            return pl_prepare_fail(prepare, PL_OUT_OF_MEMORY,
                                   "output %d '%s' %s is larger than the limit of %zu bytes for one tensor", (int)i,
                                   tensor->value.tensor->name, pl_shape_text(&tensor->value.shape, text),
                                   draft->builder->request->tensor_limit_bytes);
    }
    return PL_OK;
}

static void copy_stages(struct pl_step *step, const struct pl_prepare *prepare, struct pl_stage *stages)
{
    memcpy(stages, prepare->stages, (size_t)prepare->stage_count * sizeof stages[0]);
    step->stages = stages;
    step->stage_count = prepare->stage_count;
}

/* Makes step `index` of what was prepared. */
static pl_status set_step(struct pl_draft *draft, const struct pl_prepare *prepare, int32_t index)
{
    struct pl_draft_step *drafted = &draft->steps[index];
    struct pl_step *step = &draft->block->steps[index];
    struct pl_stage *stages = pl_region_array(prepare->region, (size_t)prepare->stage_count, sizeof *stages);
    step->paces = pl_region_array(prepare->region, (size_t)prepare->stage_count, sizeof *step->paces);
    if (stages == NULL || step->paces == NULL) return pl_builder_no_memory(draft->builder);
    step->op_def = prepare->op_def;
    step->op = prepare->op;
    step->params = prepare->params;
    step->late = -1;
    copy_stages(step, prepare, stages);
    drafted->step = step;
    drafted->op = prepare->op;
    drafted->in_place_inputs = prepare->in_place_inputs;
    drafted->packed_inputs = prepare->packed_inputs;
    drafted->view_of_input = prepare->view_of_input;
    drafted->view_offsets = prepare->view_offsets;
    drafted->part_offsets = prepare->part_offsets;
    drafted->clamp = prepare->absorbing.clamp;
    drafted->frame = prepare->absorbing.frame;
    drafted->order = prepare->absorbing.order;
    drafted->first = prepare->absorbing.first;
    drafted->last = prepare->absorbing.last;
    drafted->made = prepare->made;
    drafted->scratch_count = prepare->scratch_count;
    drafted->state_count = prepare->state_count;
    memcpy(drafted->scratch, prepare->scratch, sizeof drafted->scratch);
    memcpy(drafted->states, prepare->states, sizeof drafted->states);
    for (int32_t i = 0; i < prepare->op->output_count; i++)
        if (prepare->op->outputs[i] >= 0) draft->tensors[prepare->op->outputs[i]].producer = index;
    return PL_OK;
}

static pl_status fold(struct pl_draft *draft, const struct pl_prepare *prepare)
{
    struct pl_constant *constants[PL_FOLD_MOST_OUTPUTS] = {0};
    PL_TRY(pl_fold_run(draft->builder->memory, prepare, constants));
    for (int32_t i = 0; i < prepare->input_count; i++)
        if (prepare->inputs[i] != NULL && prepare->inputs[i]->holder != NULL)
            prepare->inputs[i]->holder->raw_readers++;
    pl_status status = PL_OK;
    for (int32_t i = 0; i < prepare->output_count; i++) {
        if (status == PL_OK) status = pl_builder_add_folded(draft->builder, constants[i]);
        if (status != PL_OK) pl_constant_release(prepare->graph->store, constants[i]);
        else {
            prepare->outputs[i]->holder = constants[i];
            prepare->outputs[i]->constant = constants[i]->raw->data;
        }
    }
    return status;
}

static bool fold_is_worth_it(struct pl_draft *draft, const struct pl_prepare *prepare)
{
    int64_t cost = 0;
    if (!pl_fold_allowed(prepare, &cost) || cost > draft->builder->fold_budget) return false;
    draft->builder->fold_budget -= cost;
    return true;
}

/* The producer's output is a sequence of rows, whatever its shape. */
static pl_status check_window(struct pl_draft *draft, const struct pl_joined_link *link)
{
    if (link->from < 0) return PL_OK;
    const struct pl_planned_tensor *from = &draft->block->tensors[link->from];
    const struct pl_planned_tensor *rows = &draft->block->tensors[link->rows];
    const size_t row_bytes = rows->bytes / (size_t)link->hop;
    if (!from->value.late && row_bytes > 0 && from->bytes % row_bytes == 0) return PL_OK;
    char text[PL_SHAPE_TEXT_BYTES];
    return pl_fail(draft->builder->error, PL_MISMATCH,
                   "link: output '%s' %s is no sequence of rows of %zu bytes, as input '%s' takes them%s",
                   from->value.tensor->name, pl_shape_text(&from->value.shape, text), row_bytes,
                   draft->block->subgraph->tensors[link->to].name,
                   from->value.late ? ": its shape depends on data" : "");
}

/* Parts are cut out of what is there before, at a place that is known before. */
static pl_status check_picture(struct pl_draft *draft, const struct pl_joined_link *link)
{
    const struct pl_planned_tensor *from = &draft->block->tensors[link->from];
    if (!from->value.late) return PL_OK;
    return pl_fail(draft->builder->error, PL_MISMATCH, "link: no parts are cut out of output '%s', whose shape depends on data",
                   from->value.tensor->name);
}

/* A join checks each link when its consumer begins: the producer's shape is known by now. */
static pl_status check_links(struct pl_draft *draft, int32_t member)
{
    const struct pl_graph *graph = draft->builder->request->graph;
    for (int32_t i = 0; i < graph->link_count && !draft->nested; i++) {
        const struct pl_joined_link *link = &graph->links[i];
        if (link->to_member == member && link->rows >= 0) PL_TRY(check_window(draft, link));
        if (link->to_member == member && link->box >= 0) PL_TRY(check_picture(draft, link));
        if (link->to_member != member || link->adapted) continue;
        const struct pl_shape *found = &draft->block->tensors[link->from].value.shape;
        const struct pl_tensor *to = &draft->block->subgraph->tensors[link->to];
        draft->block->tensors[link->to].value.late = draft->block->tensors[link->from].value.late;
        if (draft->block->tensors[link->to].value.late) continue;
        bool fits = found->rank == to->signature.rank;
        for (int32_t d = 0; fits && d < found->rank; d++)
            fits = to->signature.dims[d] == -1 || to->signature.dims[d] == found->dims[d];
        char a[PL_SHAPE_TEXT_BYTES];
        char b[PL_SHAPE_TEXT_BYTES];
        if (!fits && !pl_shape_equal(found, &to->shape))
            return pl_fail(draft->builder->error, PL_MISMATCH,
                           "link: output '%s' now has shape %s, input '%s' takes %s", to->name,
                           pl_shape_text(found, a), draft->block->subgraph->tensors[link->from].name,
                           pl_shape_text(&to->signature, b));
        draft->block->tensors[link->to].value.shape = *found;
    }
    return PL_OK;
}

/* What the user who registered this operator has of it; NULL for plait's own. */
static struct pl_user_node *find_node(const struct pl_draft *draft, const struct pl_operator *op)
{
    const struct pl_builder *builder = draft->builder;
    if (builder->request->member_nodes == NULL || op->index < 0) return NULL;
    return pl_user_nodes_find(builder->request->member_nodes[builder->member], pl_draft_own_subgraph(draft), op->index);
}

/* Control flow plans its subgraphs for inputs of which nothing is known, and is prepared once. */
static bool has_late_input(const struct pl_prepare *prepare)
{
    if ((prepare->op_def->traits & PL_TRAIT_CONTROL) != 0) return false;
    for (int32_t i = 0; i < prepare->input_count; i++)
        if (prepare->inputs[i] != NULL && prepare->inputs[i]->late) return true;
    return false;
}

/* A step that is prepared while running, by whoever runs it. */
static pl_status add_late_step(struct pl_draft *draft, struct pl_prepare *prepare)
{
    for (int32_t i = 0; i < prepare->output_count; i++)
        if (prepare->outputs[i] != NULL) PL_TRY(make_late(draft, prepare, i));
    struct pl_draft_step *drafted = &draft->steps[draft->block->step_count];
    struct pl_step *step = &draft->block->steps[draft->block->step_count++];
    step->op_def = prepare->op_def;
    step->op = prepare->op;
    step->user_node = prepare->user_node;
    step->late = draft->builder->program->late_step_count++;
    drafted->step = step;
    drafted->op = prepare->op;
    drafted->view_of_input = -1;
    return PL_OK;
}

static void note_facts(struct pl_draft *draft, const struct pl_prepare *prepare, bool folded)
{
    if (draft->builder->facts == NULL || draft->nested) return;
    const int64_t index = prepare->op - draft->block->subgraph->operators;
    struct pl_operator_facts *facts = &draft->builder->facts->operators[index];
    *facts = (struct pl_operator_facts){prepare->op_def->traits, prepare->user_node == NULL, folded, {{0}}};
    memcpy(facts->spans, prepare->spans, sizeof facts->spans);
}

static pl_status start_prepare(struct pl_draft *draft, const struct pl_operator *op, struct pl_prepare *prepare)
{
    struct arguments arguments = {0};
    if (!gather_arguments(draft, op, &arguments)) return pl_builder_no_memory(draft->builder);
    struct pl_builder *builder = draft->builder;
    if (!draft->nested) {
        builder->member = op->member;
        builder->subgraph_base = op->subgraph_base;
    }
    struct pl_user_node *node = find_node(draft, op);
    *prepare = (struct pl_prepare){.op_def = node != NULL ? &node->op->op : pl_op_find(op),
                                   .user_node = node,
                                   .op = op,
                                   .graph = builder->request->graph,
                                   .input_count = op->input_count,
                                   .output_count = op->output_count,
                                   .inputs = arguments.inputs,
                                   .outputs = arguments.outputs,
                                   .kernels = builder->request->kernels,
                                   .region = &builder->program->region,
                                   .error = builder->error,
                                   .services = &services,
                                   .plan = builder,
                                   .view_of_input = -1};
    assert(prepare->op_def != NULL);
    return PL_OK;
}

/* Prepares the operator to do for a neighbour what `first` and `last` say; *taken is false, and nothing has happened,
 * where it cannot. */
static pl_status prepare_for_neighbours(struct pl_draft *draft, const struct pl_operator *op,
                                        const struct pl_frame_of_zeros *first, const struct pl_clamp *last,
                                        struct pl_prepare *prepare, bool *taken)
{
    struct pl_error unused = {0};
    PL_TRY(start_prepare(draft, op, prepare));
    prepare->absorbing.first = first;
    prepare->absorbing.last = last;
    prepare->error = &unused;
    const pl_status status = prepare->op_def->prepare(prepare);
    prepare->error = draft->builder->error;
    *taken = status == PL_OK && prepare->absorbing.first_taken == (first != NULL) &&
             prepare->absorbing.last_taken == (last != NULL);
    return *taken ? check_outputs(draft, prepare) : PL_OK;
}

/* The operator does without the frame of zeros around its input, if it can. */
static pl_status take_frame(struct pl_draft *draft, const struct pl_operator *op, bool *taken)
{
    const struct pl_frame_of_zeros *first = NULL;
    const struct pl_op *op_def = pl_op_find(op);
    if (op_def == NULL || (op_def->traits & PL_TRAIT_TAKES_FRAME) == 0) return PL_OK;
    const struct pl_operator *without = pl_draft_without_frame(draft, op, &first);
    if (without == NULL) return PL_OK;
    const int32_t frame = draft->tensors[op->inputs[0]].producer;
    struct pl_frame_of_zeros *kept = pl_region_copy(&draft->builder->work, first, sizeof *first);
    if (kept == NULL) return pl_builder_no_memory(draft->builder);
    struct pl_prepare prepare;
    PL_TRY(prepare_for_neighbours(draft, without, kept, NULL, &prepare, taken));
    if (!*taken) return PL_OK;
    pl_draft_drop_step(draft, frame);
    PL_TRY(set_step(draft, &prepare, draft->block->step_count));
    draft->block->step_count++;
    return PL_OK;
}

/* The operator before does this clamp as well, if it can. */
static pl_status give_clamp(struct pl_draft *draft, const struct pl_prepare *clamp, bool *taken)
{
    const struct pl_operator *clamped = NULL;
    const int32_t before = pl_draft_find_clamped(draft, clamp, &clamped);
    if (before < 0) return PL_OK;
    struct pl_clamp *kept = pl_region_copy(&draft->builder->work, &clamp->absorbing.clamp, sizeof *kept);
    if (kept == NULL) return pl_builder_no_memory(draft->builder);
    struct pl_prepare prepare;
    PL_TRY(prepare_for_neighbours(draft, clamped, draft->steps[before].first, kept, &prepare, taken));
    return *taken ? set_step(draft, &prepare, before) : PL_OK;
}

/* Two orders of axes of which the second undoes the first are none. */
static pl_status undo_order(struct pl_draft *draft, const struct pl_prepare *order, bool *taken)
{
    const struct pl_operator *undone = pl_draft_undo_order(draft, order);
    if (undone == NULL) return PL_OK;
    *taken = true;
    struct pl_prepare prepare;
    PL_TRY(start_prepare(draft, undone, &prepare));
    PL_TRY(pl_prepare_bytes_of_input(&prepare));
    PL_TRY(set_step(draft, &prepare, draft->block->step_count));
    draft->block->step_count++;
    return PL_OK;
}

static pl_status prepare_operator(struct pl_draft *draft, const struct pl_operator *op)
{
    bool taken = false;
    struct pl_prepare prepare;
    PL_TRY(start_prepare(draft, op, &prepare));
    /* Who asks for facts wants those of every operator by itself. */
    if (prepare.user_node == NULL && draft->builder->facts == NULL) PL_TRY(take_frame(draft, op, &taken));
    if (taken) return PL_OK;
    const pl_status status = has_late_input(&prepare) ? PL_LATE : prepare.op_def->prepare(&prepare);
    if (status == PL_LATE) return add_late_step(draft, &prepare);
    PL_TRY(status);
    PL_TRY(check_outputs(draft, &prepare));
    const bool folds = fold_is_worth_it(draft, &prepare);
    note_facts(draft, &prepare, folds);
    if (folds) return fold(draft, &prepare);
    if (draft->builder->facts == NULL) PL_TRY(give_clamp(draft, &prepare, &taken));
    if (draft->builder->facts == NULL && !taken) PL_TRY(undo_order(draft, &prepare, &taken));
    if (taken) return PL_OK;
    PL_TRY(set_step(draft, &prepare, draft->block->step_count));
    draft->block->step_count++;
    return PL_OK;
}

pl_status pl_draft_prepare(struct pl_draft *draft)
{
    const struct pl_subgraph *subgraph = draft->block->subgraph;
    int32_t member = -1;
    pl_draft_count_readers(draft);
    for (int32_t i = 0; i < subgraph->operator_count; i++) {
        const struct pl_operator *op = &subgraph->operators[i];
        if (op->member != member) PL_TRY(check_links(draft, op->member));
        member = op->member;
        PL_TRY(prepare_operator(draft, op));
    }
    return PL_OK;
}
