/* SPDX-License-Identifier: Apache-2.0 */
/* From a graph to a program: the passes of builder.h in their order, and the life of a program. */
#include "plan/builder.h"

/* Subgraphs that call each other twice at every level are many blocks: a file could keep a plan busy for years. */
enum { FOLD_BUDGET = 1 << 30, BLOCK_BUDGET = 1 << 20 };

/* ---- tensors before the operators are prepared ------------------------------------------------------------------- */

static void set_constant(struct pl_value *value, struct pl_constant *constant)
{
    value->holder = constant;
    value->constant = constant->raw == NULL ? NULL : constant->raw->data;
    value->bytes = constant->bytes;
}

static void start_tensor(struct pl_draft *draft, int32_t index)
{
    const struct pl_tensor *tensor = &draft->block->subgraph->tensors[index];
    struct pl_planned_tensor *planned = &draft->block->tensors[index];
    planned->value.tensor = tensor;
    planned->value.shape = tensor->shape;
    planned->slot = planned->late = planned->late_memory = -1;
    if (tensor->constant != NULL) set_constant(&planned->value, tensor->constant);
    if (!pl_value_bytes(&planned->value, &planned->bytes)) planned->bytes = SIZE_MAX;
}

/* What strings take is never known before. */
static pl_status set_input(struct pl_draft *draft, int32_t input, const struct pl_shape *shape, bool late)
{
    struct pl_planned_tensor *planned = &draft->block->tensors[draft->block->subgraph->inputs[input]];
    if (shape != NULL) planned->value.shape = *shape;
    planned->value.late = planned->value.holder == NULL && (late || pl_type_bits(planned->value.tensor->type) == 0);
    if (planned->value.late) planned->bytes = 0;
    if (late) return PL_OK;
    char text[PL_SHAPE_TEXT_BYTES];
    if (!pl_shape_bytes(&planned->value.shape, planned->value.tensor->type, &planned->bytes) ||
        planned->bytes > draft->builder->request->tensor_limit_bytes)
        return pl_fail(draft->builder->error, PL_OUT_OF_MEMORY,
                       "input '%s' %s is larger than the limit of %zu bytes for one tensor",
                       planned->value.tensor->name, pl_shape_text(&planned->value.shape, text),
                       draft->builder->request->tensor_limit_bytes);
    return PL_OK;
}

static pl_status start_tensors(struct pl_draft *draft, const struct pl_call_end *inputs)
{
    const struct pl_subgraph *subgraph = draft->block->subgraph;
    const struct pl_shape *shapes = draft->nested ? NULL : draft->builder->request->input_shapes;
    for (int32_t i = 0; i < subgraph->tensor_count; i++) start_tensor(draft, i);
    for (int32_t i = 0; i < subgraph->input_count; i++) {
        if (inputs != NULL && inputs[i].constant != NULL)
            set_constant(&draft->block->tensors[subgraph->inputs[i]].value, inputs[i].constant);
        if (inputs != NULL) PL_TRY(set_input(draft, i, &inputs[i].shape, inputs[i].late));
        else PL_TRY(set_input(draft, i, shapes == NULL ? NULL : &shapes[i], false));
    }
    return PL_OK;
}

/* ---- a block ------------------------------------------------------------------------------------------------------ */

static struct pl_block *create_block(struct pl_draft *draft)
{
    struct pl_builder *builder = draft->builder;
    struct pl_region *region = &builder->program->region;
    const struct pl_subgraph *subgraph = &builder->request->graph->subgraphs[draft->subgraph_index];
    struct pl_block *block = pl_region_allocate(region, sizeof *block);
    if (block == NULL) return NULL;
    block->subgraph = subgraph;
    block->nested = draft->nested;
    block->member = builder->member;
    block->own_subgraph = pl_draft_own_subgraph(draft);
    block->late_scratch = -1;
    block->tensors = pl_region_array(region, (size_t)subgraph->tensor_count, sizeof *block->tensors);
    block->steps = pl_region_array(region, (size_t)subgraph->operator_count, sizeof *block->steps);
    draft->steps = pl_region_array(&builder->work, (size_t)subgraph->operator_count, sizeof *draft->steps);
    draft->tensors = pl_region_array(&builder->work, (size_t)subgraph->tensor_count, sizeof *draft->tensors);
    if (block->tensors == NULL || block->steps == NULL || draft->steps == NULL || draft->tensors == NULL) return NULL;
    return block;
}

pl_status pl_draft_start(struct pl_draft *draft, const struct pl_call_end *inputs)
{
    draft->block = create_block(draft);
    return draft->block == NULL ? pl_builder_no_memory(draft->builder) : start_tensors(draft, inputs);
}

static pl_status run_passes(struct pl_draft *draft)
{
    PL_TRY(pl_draft_prepare(draft));
    PL_TRY(pl_draft_set_homes(draft));
    PL_TRY(pl_draft_set_late(draft));
    PL_TRY(pl_draft_share(draft));
    pl_draft_share_made(draft);
    PL_TRY(pl_draft_lay_out(draft));
    PL_TRY(pl_draft_note_shared(draft));
    return pl_draft_locate(draft);
}

static pl_status spend_block(struct pl_builder *builder, int32_t subgraph_index)
{
    const struct pl_subgraph *subgraph = &builder->request->graph->subgraphs[subgraph_index];
    builder->block_budget -= 1 + (int64_t)subgraph->tensor_count + subgraph->operator_count;
    if (builder->block_budget >= 0) return PL_OK;
    return pl_fail(builder->error, PL_UNSUPPORTED, "subgraphs call each other too often to be planned");
}

pl_status pl_plan_block(struct pl_builder *builder, int32_t subgraph_index, const struct pl_call_end *inputs,
                        struct pl_block **block)
{
    struct pl_draft draft = {.builder = builder, .subgraph_index = subgraph_index, .nested = builder->depth > 0};
    if (draft.nested) PL_TRY(spend_block(builder, subgraph_index));
    if (builder->depth >= PL_MAX_BLOCK_DEPTH)
        return pl_fail(builder->error, PL_INVALID_MODEL, "subgraphs call each other deeper than %d levels",
                       PL_MAX_BLOCK_DEPTH);
    PL_TRY(pl_draft_start(&draft, inputs));
    draft.block->arena_base = draft.nested ? builder->program->base_count++ : PL_BASE_ARENA;
    builder->depth++;
    const pl_status status = run_passes(&draft);
    builder->depth--;
    *block = draft.block;
    return status;
}

/* ---- a program ---------------------------------------------------------------------------------------------------- */

static pl_status fill_program(struct pl_builder *builder)
{
    struct pl_program *program = builder->program;
    const struct pl_plan_request *request = builder->request;
    const struct pl_subgraph *subgraph = &request->graph->subgraphs[request->subgraph];
    program->segments = pl_region_array(&program->region, (size_t)request->graph->member_count,
                                        sizeof *program->segments);
    program->input_shapes = pl_region_array(&program->region, (size_t)subgraph->input_count,
                                            sizeof *program->input_shapes);
    if (program->segments == NULL || program->input_shapes == NULL) return pl_builder_no_memory(builder);
    PL_TRY(pl_plan_block(builder, request->subgraph, NULL, &program->block));
    for (int32_t i = 0; i < subgraph->input_count; i++)
        program->input_shapes[i] = program->block->tensors[subgraph->inputs[i]].value.shape;
    return PL_OK;
}

static struct pl_program *create_program(struct pl_memory *memory, const struct pl_plan_request *request)
{
    struct pl_program *program = pl_allocate_zero(memory, sizeof *program);
    if (program == NULL) return NULL;
    atomic_init(&program->references, 1);
    pl_region_init(&program->region, memory);
    program->graph = request->graph;
    pl_graph_retain(program->graph);
    program->subgraph = request->subgraph;
    if (request->member_nodes != NULL && request->graph->members == NULL) program->nodes = request->member_nodes[0];
    program->workers = request->workers;
    program->whole = request->whole;
    program->keep_all = request->keep_all;
    program->base_count = PL_BASE_FIRST_FREE;
    return program;
}

static pl_status begin(struct pl_builder *builder, struct pl_memory *memory, const struct pl_plan_request *request,
                       struct pl_error *error)
{
    *builder = (struct pl_builder){.memory = memory,
                                   .request = request,
                                   .program = create_program(memory, request),
                                   .error = error,
                                   .fold_budget = FOLD_BUDGET,
                                   .block_budget = BLOCK_BUDGET};
    if (builder->program == NULL) return pl_builder_no_memory(builder);
    pl_region_init(&builder->work, memory);
    return PL_OK;
}

static pl_status plan_graph(struct pl_memory *memory, const struct pl_plan_request *request,
                            struct pl_program **program, struct pl_error *error)
{
    struct pl_builder builder;
    PL_TRY(begin(&builder, memory, request, error));
    const pl_status status = fill_program(&builder);
    pl_region_clear(&builder.work);
    if (status != PL_OK) {
        pl_program_release(builder.program);
        return status;
    }
    *program = builder.program;
    return PL_OK;
}

/* Preparing all once tells how far windows can be reused; the plan is then that of another graph. */
static pl_status plan_windows(struct pl_memory *memory, const struct pl_plan_request *request,
                              struct pl_program **program, struct pl_error *error)
{
    struct pl_builder builder;
    struct pl_plan_request rewritten = *request;
    PL_TRY(begin(&builder, memory, request, error));
    pl_status status = pl_builder_reuse_windows(&builder, &rewritten.graph);
    pl_region_clear(&builder.work);
    if (status == PL_OK) {
        status = plan_graph(memory, &rewritten, program, error);
        pl_graph_release(rewritten.graph);
    }
    pl_program_release(builder.program);
    return status;
}

pl_status pl_plan_check_batch(struct pl_memory *memory, const struct pl_plan_request *request, int32_t times,
                              struct pl_error *error)
{
    struct pl_builder builder;
    PL_TRY(pl_check_operators(request->registry, request->graph, error));
    PL_TRY(begin(&builder, memory, request, error));
    const pl_status status = pl_builder_check_batch(&builder, times);
    pl_region_clear(&builder.work);
    pl_program_release(builder.program);
    return status;
}

pl_status pl_plan(struct pl_memory *memory, const struct pl_plan_request *request, struct pl_program **program,
                  struct pl_error *error)
{
    PL_TRY(pl_check_operators(request->registry, request->graph, error));
    const bool windows = pl_graph_has_windows(request->graph) && !request->keep_all;
    return windows ? plan_windows(memory, request, program, error) : plan_graph(memory, request, program, error);
}

void pl_program_retain(struct pl_program *program)
{
    atomic_fetch_add(&program->references, 1);
}

void pl_program_release(struct pl_program *program)
{
    if (program == NULL || atomic_fetch_sub(&program->references, 1) != 1) return;
    struct pl_memory *memory = program->region.memory;
    for (int32_t i = 0; i < program->folded_count; i++)
        pl_constant_release(program->graph->store, program->folded[i]);
    pl_region_clear(&program->region);
    pl_graph_release(program->graph);
    pl_free(memory, program, sizeof *program);
}
