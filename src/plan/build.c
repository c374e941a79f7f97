/* SPDX-License-Identifier: Apache-2.0 */
/* From a graph to a program: the passes of builder.h in their order, and the life of a program. */
#include <assert.h>
#include <string.h>

#include "base/checked.h"
#include "plan/builder.h"

enum { FOLD_BUDGET = 1 << 30 };

/* ---- tensors before the operators are prepared ------------------------------------------------------------------- */

static pl_status start_tensor(struct pl_draft *draft, int32_t index)
{
    const struct pl_tensor *tensor = &draft->block->subgraph->tensors[index];
    struct pl_planned_tensor *planned = &draft->block->tensors[index];
    planned->value.tensor = tensor;
    planned->value.shape = tensor->shape;
    planned->slot = -1;
    if (tensor->constant != NULL) {
        planned->value.holder = tensor->constant;
        planned->value.constant = tensor->constant->raw == NULL ? NULL : tensor->constant->raw->data;
    }
    if (!pl_shape_bytes(&tensor->shape, tensor->type, &planned->bytes)) planned->bytes = SIZE_MAX;
    return PL_OK;
}

static pl_status set_input_shape(struct pl_draft *draft, int32_t input, const struct pl_shape *shape)
{
    struct pl_planned_tensor *planned = &draft->block->tensors[draft->block->subgraph->inputs[input]];
    if (shape != NULL) planned->value.shape = *shape;
    char text[PL_SHAPE_TEXT_BYTES];
    if (!pl_shape_bytes(&planned->value.shape, planned->value.tensor->type, &planned->bytes) ||
        planned->bytes > draft->builder->request->tensor_limit_bytes)
        return pl_fail(draft->builder->error, PL_OUT_OF_MEMORY,
                       "input '%s' %s is larger than the limit of %zu bytes for one tensor",
                       planned->value.tensor->name, pl_shape_text(&planned->value.shape, text),
                       draft->builder->request->tensor_limit_bytes);
    return PL_OK;
}

static pl_status start_tensors(struct pl_draft *draft, const struct pl_shape *input_shapes)
{
    const struct pl_subgraph *subgraph = draft->block->subgraph;
    for (int32_t i = 0; i < subgraph->tensor_count; i++) PL_TRY(start_tensor(draft, i));
    for (int32_t i = 0; i < subgraph->input_count; i++)
        PL_TRY(set_input_shape(draft, i, input_shapes == NULL ? NULL : &input_shapes[i]));
    return PL_OK;
}

/* ---- homes and lifetimes ------------------------------------------------------------------------------------------ */

static int32_t member_of_tensor(const struct pl_graph *graph, int32_t tensor)
{
    int32_t member = graph->member_count - 1;
    while (member > 0 && graph->member_tensors != NULL && graph->member_tensors[member] > tensor) member--;
    return member;
}

/* The subgraph's number in its own model. */
static int32_t own_subgraph(const struct pl_draft *draft)
{
    return draft->nested ? draft->subgraph_index - draft->builder->subgraph_base : draft->subgraph_index;
}

/* Gives a tensor memory outside of the arena, under the name that survives replanning: member and its own index. */
static pl_status give_slot(struct pl_draft *draft, int32_t tensor, bool is_state)
{
    struct pl_builder *builder = draft->builder;
    const struct pl_graph *graph = builder->request->graph;
    struct pl_planned_tensor *planned = &draft->block->tensors[tensor];
    if (planned->slot >= 0) return PL_OK;
    const bool joined = graph->member_tensors != NULL && !draft->nested;
    const int32_t member = joined ? member_of_tensor(graph, tensor) : draft->nested ? builder->member : 0;
    struct pl_slot slot = {.member = member,
                           .subgraph = own_subgraph(draft),
                           .tensor = joined ? tensor - graph->member_tensors[member] : tensor,
                           .bytes = planned->bytes,
                           .is_state = is_state};
    const struct pl_quantization *quantization = &planned->value.tensor->quantization;
    if (is_state && planned->value.tensor->type == PL_INT8 && quantization->count > 0)
        slot.reset_byte = (uint8_t)quantization->zero_points[0];
    planned->slot = pl_builder_slot(builder, &slot);
    if (planned->slot < 0) return PL_OUT_OF_MEMORY;
    planned->location = (struct pl_location){0, builder->program->slots[planned->slot].base};
    draft->tensors[tensor].home = is_state ? PL_HOME_VARIABLE : PL_HOME_FIXED;
    return PL_OK;
}

static void fix_at(struct pl_draft *draft, int32_t tensor, uint32_t base)
{
    draft->block->tensors[tensor].location = (struct pl_location){0, base};
    draft->tensors[tensor].home = PL_HOME_FIXED;
}

/* Inputs and outputs of a nested block lie where the caller says; an output that is an input, a constant or a variable
 * stays where it is, and whoever runs the block copies it. */
static pl_status fix_nested_ends(struct pl_draft *draft)
{
    struct pl_program *program = draft->builder->program;
    const struct pl_subgraph *subgraph = draft->block->subgraph;
    draft->block->first_base = program->base_count;
    program->base_count += (uint32_t)(subgraph->input_count + subgraph->output_count);
    for (int32_t i = subgraph->output_count - 1; i >= 0; i--) {
        const int32_t output = subgraph->outputs[i];
        const bool is_constant = draft->block->tensors[output].value.holder != NULL;
        if (!is_constant && draft->tensors[output].home != PL_HOME_VARIABLE)
            fix_at(draft, output, draft->block->first_base + (uint32_t)(subgraph->input_count + i));
    }
    for (int32_t i = 0; i < subgraph->input_count; i++) {
        if (draft->tensors[subgraph->inputs[i]].home == PL_HOME_VARIABLE)
            return pl_fail(draft->builder->error, PL_UNSUPPORTED, "subgraph %d: input '%s' is a variable tensor",
                           (int)draft->subgraph_index, subgraph->tensors[subgraph->inputs[i]].name);
        fix_at(draft, subgraph->inputs[i], draft->block->first_base + (uint32_t)i);
    }
    return PL_OK;
}

static bool is_link_source(const struct pl_graph *graph, int32_t tensor)
{
    for (int32_t i = 0; i < graph->link_count; i++)
        if (graph->links[i].from == tensor) return true;
    return false;
}

/* A join that runs as a whole keeps linked tensors in the arena. */
static pl_status fix_ends(struct pl_draft *draft)
{
    const struct pl_subgraph *subgraph = draft->block->subgraph;
    const bool whole = draft->builder->request->whole;
    for (int32_t i = 0; i < subgraph->input_count; i++)
        if (draft->tensors[subgraph->inputs[i]].home != PL_HOME_VARIABLE)
            PL_TRY(give_slot(draft, subgraph->inputs[i], false));
    for (int32_t i = 0; i < subgraph->output_count; i++) {
        const int32_t output = subgraph->outputs[i];
        if (draft->block->tensors[output].value.holder != NULL)
            draft->block->tensors[output].value.holder->raw_readers++;
        if (draft->tensors[output].home == PL_HOME_FIXED || draft->tensors[output].home == PL_HOME_VARIABLE) continue;
        if (whole && is_link_source(draft->builder->request->graph, output)) continue;
        PL_TRY(give_slot(draft, output, false));
    }
    return PL_OK;
}

static pl_status set_homes(struct pl_draft *draft)
{
    for (int32_t i = 0; i < draft->block->subgraph->tensor_count; i++) {
        const struct pl_planned_tensor *planned = &draft->block->tensors[i];
        draft->tensors[i] = (struct pl_draft_tensor){.root = i, .home = PL_HOME_NONE, .first = -1, .last = -1};
        if (planned->value.tensor->is_variable) PL_TRY(give_slot(draft, i, true));
        if (planned->value.holder == NULL) continue;
        if (draft->tensors[i].home == PL_HOME_VARIABLE)
            return pl_fail(draft->builder->error, PL_INVALID_MODEL, "tensor '%s' is a variable and has a constant buffer",
                           planned->value.tensor->name);
        draft->tensors[i].home = PL_HOME_FIXED;
        draft->block->tensors[i].location =
            (struct pl_location){(uint64_t)(uintptr_t)planned->value.constant, PL_BASE_ADDRESS};
    }
    return PL_OK;
}

static void set_lifetimes(struct pl_draft *draft)
{
    for (int32_t s = 0; s < draft->block->step_count; s++) {
        const struct pl_operator *op = draft->steps[s].op;
        for (int32_t i = 0; i < op->input_count; i++)
            if (op->inputs[i] >= 0) draft->tensors[op->inputs[i]].last = s;
        for (int32_t i = 0; i < op->output_count; i++) {
            if (op->outputs[i] < 0) continue;
            struct pl_draft_tensor *tensor = &draft->tensors[op->outputs[i]];
            tensor->first = s;
            if (tensor->last < s) tensor->last = s;
            if (tensor->home == PL_HOME_NONE) tensor->home = PL_HOME_ARENA;
        }
    }
}

/* ---- locations ---------------------------------------------------------------------------------------------------- */

static void locate_tensors(struct pl_draft *draft)
{
    for (int32_t i = 0; i < draft->block->subgraph->tensor_count; i++) {
        const int32_t root = pl_draft_root(draft, i);
        struct pl_planned_tensor *planned = &draft->block->tensors[i];
        if (draft->tensors[root].home == PL_HOME_ARENA)
            planned->location = (struct pl_location){draft->tensors[root].offset, draft->block->arena_base};
        else if (root != i)
            planned->location = draft->block->tensors[root].location;
        if (root != i) planned->slot = draft->block->tensors[root].slot;
    }
    const struct pl_graph *graph = draft->builder->request->graph;
    for (int32_t i = 0; i < graph->link_count && !draft->nested; i++) {
        const struct pl_joined_link *link = &graph->links[i];
        if (link->adapted) continue;
        struct pl_planned_tensor *to = &draft->block->tensors[link->to];
        const struct pl_planned_tensor *from = &draft->block->tensors[link->from];
        to->location = from->location;
        to->slot = from->slot;
        to->bytes = from->bytes;
    }
}

static pl_status locate_state(struct pl_draft *draft, const struct pl_draft_step *step, int32_t index,
                              struct pl_location *location)
{
    const struct pl_slot slot = {.member = step->op->member,
                                 .subgraph = own_subgraph(draft),
                                 .tensor = -1,
                                 .operator_index = step->op->index,
                                 .state_index = index,
                                 .state_key = step->states[index].key,
                                 .bytes = step->states[index].bytes,
                                 .is_state = true};
    const int32_t found = pl_builder_slot(draft->builder, &slot);
    if (found < 0) return PL_OUT_OF_MEMORY;
    *location = (struct pl_location){0, draft->builder->program->slots[found].base};
    return PL_OK;
}

static pl_status locate_arguments(struct pl_draft *draft, const struct pl_draft_step *drafted, struct pl_location *at)
{
    const struct pl_operator *op = drafted->op;
    for (int32_t i = 0; i < op->input_count; i++, at++) {
        if (op->inputs[i] < 0 || (i < 32 && (drafted->packed_inputs >> i & 1) != 0)) continue;
        const struct pl_planned_tensor *tensor = &draft->block->tensors[op->inputs[i]];
        *at = tensor->location;
        if (tensor->value.holder == NULL) continue;
        tensor->value.holder->raw_readers++;
        /* What is packed depends on constants and options alone, so an operator packs always or never. */
        if (tensor->value.constant == NULL)
            return pl_fail(draft->builder->error, PL_UNSUPPORTED,
                           "operator %d (%s): the bytes of constant '%s' were let go after packing; load the model again",
                           (int)op->index, pl_operator_name(op), tensor->value.tensor->name);
    }
    for (int32_t i = 0; i < op->output_count; i++, at++)
        if (op->outputs[i] >= 0) *at = draft->block->tensors[op->outputs[i]].location;
    return PL_OK;
}

static pl_status locate_step(struct pl_draft *draft, const struct pl_draft_step *drafted)
{
    struct pl_step *step = drafted->step;
    const struct pl_operator *op = drafted->op;
    struct pl_region *region = &draft->builder->program->region;
    const int32_t count = op->input_count + op->output_count + drafted->scratch_count + drafted->state_count;
    struct pl_location *locations = pl_region_array(region, (size_t)count, sizeof *locations);
    size_t *worker_bytes = pl_region_array(region, (size_t)drafted->scratch_count, sizeof *worker_bytes);
    if (locations == NULL || worker_bytes == NULL) return pl_builder_no_memory(draft->builder);
    PL_TRY(locate_arguments(draft, drafted, locations));
    struct pl_location *at = locations + op->input_count + op->output_count;
    for (int32_t i = 0; i < drafted->scratch_count; i++, at++) {
        *at = (struct pl_location){drafted->scratch_offsets[i], draft->block->arena_base};
        if (!drafted->scratch[i].per_worker) continue;
        (void)pl_size_round_up(drafted->scratch[i].bytes, PL_ALIGNMENT, &worker_bytes[i]);
    }
    for (int32_t i = 0; i < drafted->state_count; i++, at++) PL_TRY(locate_state(draft, drafted, i, at));
    step->input_count = op->input_count;
    step->output_count = op->output_count;
    step->scratch_count = drafted->scratch_count;
    step->state_count = drafted->state_count;
    step->locations = locations;
    step->worker_bytes = worker_bytes;
    return PL_OK;
}

/* ---- a block ------------------------------------------------------------------------------------------------------ */

static struct pl_block *create_block(struct pl_draft *draft, int32_t subgraph_index)
{
    struct pl_builder *builder = draft->builder;
    struct pl_region *region = &builder->program->region;
    const struct pl_subgraph *subgraph = &builder->request->graph->subgraphs[subgraph_index];
    struct pl_block *block = pl_region_allocate(region, sizeof *block);
    if (block == NULL) return NULL;
    block->subgraph = subgraph;
    block->tensors = pl_region_array(region, (size_t)subgraph->tensor_count, sizeof *block->tensors);
    block->steps = pl_region_array(region, (size_t)subgraph->operator_count, sizeof *block->steps);
    draft->steps = pl_region_array(&builder->work, (size_t)subgraph->operator_count, sizeof *draft->steps);
    draft->tensors = pl_region_array(&builder->work, (size_t)subgraph->tensor_count, sizeof *draft->tensors);
    if (block->tensors == NULL || block->steps == NULL || draft->steps == NULL || draft->tensors == NULL) return NULL;
    return block;
}

static int32_t largest_step(const struct pl_block *block)
{
    int32_t largest = 0;
    for (int32_t i = 0; i < block->step_count; i++) {
        const struct pl_step *step = &block->steps[i];
        const int32_t count = step->input_count + step->output_count + step->scratch_count + step->state_count;
        if (count > largest) largest = count;
    }
    return largest;
}

static pl_status run_passes(struct pl_draft *draft, const struct pl_shape *input_shapes)
{
    PL_TRY(start_tensors(draft, input_shapes));
    PL_TRY(pl_draft_prepare(draft));
    PL_TRY(set_homes(draft));
    set_lifetimes(draft);
    PL_TRY(draft->nested ? fix_nested_ends(draft) : fix_ends(draft));
    pl_draft_share(draft);
    PL_TRY(pl_draft_lay_out(draft));
    locate_tensors(draft);
    for (int32_t i = 0; i < draft->block->step_count; i++) PL_TRY(locate_step(draft, &draft->steps[i]));
    draft->block->first_pointer = draft->builder->program->pointer_count;
    draft->builder->program->pointer_count += largest_step(draft->block);
    return PL_OK;
}

pl_status pl_plan_block(struct pl_builder *builder, int32_t subgraph_index, const struct pl_shape *input_shapes,
                        struct pl_block **block)
{
    struct pl_draft draft = {.builder = builder, .subgraph_index = subgraph_index, .nested = builder->depth > 0};
    if (builder->depth >= PL_MAX_BLOCK_DEPTH)
        return pl_fail(builder->error, PL_INVALID_MODEL, "subgraphs call each other deeper than %d levels",
                       PL_MAX_BLOCK_DEPTH);
    draft.block = create_block(&draft, subgraph_index);
    if (draft.block == NULL) return pl_builder_no_memory(builder);
    draft.block->arena_base = draft.nested ? builder->program->base_count++ : PL_BASE_ARENA;
    builder->depth++;
    const pl_status status = run_passes(&draft, input_shapes);
    builder->depth--;
    *block = draft.block;
    return status;
}

/* ---- a program ---------------------------------------------------------------------------------------------------- */

static size_t count_constants(const struct pl_graph *graph)
{
    size_t bytes = 0;
    for (int32_t i = 0; i < graph->constant_count; i++) bytes += graph->constants[i]->bytes;
    for (int32_t i = 0; i < graph->member_count && graph->members != NULL; i++)
        bytes += count_constants(graph->members[i]);
    return bytes;
}

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
    PL_TRY(pl_plan_block(builder, request->subgraph, request->input_shapes, &program->block));
    for (int32_t i = 0; i < subgraph->input_count; i++)
        program->input_shapes[i] = program->block->tensors[subgraph->inputs[i]].value.shape;
    program->constant_bytes = count_constants(request->graph);
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
    program->workers = request->workers;
    program->whole = request->whole;
    program->base_count = PL_BASE_FIRST_FREE;
    return program;
}

pl_status pl_plan(struct pl_memory *memory, const struct pl_plan_request *request, struct pl_program **program,
                  struct pl_error *error)
{
    PL_TRY(pl_check_operators(request->graph, error));
    struct pl_builder builder = {.memory = memory, .request = request, .error = error, .fold_budget = FOLD_BUDGET};
    builder.program = create_program(memory, request);
    if (builder.program == NULL) return pl_builder_no_memory(&builder);
    pl_region_init(&builder.work, memory);
    const pl_status status = fill_program(&builder);
    pl_region_clear(&builder.work);
    if (status != PL_OK) {
        pl_program_release(builder.program);
        return status;
    }
    *program = builder.program;
    return PL_OK;
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

/* ---- operators that are missing ----------------------------------------------------------------------------------- */

bool pl_operator_is_supported(const struct pl_operator *op)
{
    const struct pl_op *found = pl_op_find(op);
    return found != NULL && op->version <= found->max_version;
}

/* Whether an operator of the same name and version was met before, to say each once. */
static bool is_repeated(const struct pl_subgraph *subgraph, int32_t index)
{
    const struct pl_operator *op = &subgraph->operators[index];
    for (int32_t i = 0; i < index; i++)
        if (strcmp(pl_operator_name(&subgraph->operators[i]), pl_operator_name(op)) == 0 &&
            subgraph->operators[i].version == op->version)
            return true;
    return false;
}

static const char *way_out(const struct pl_operator *op)
{
    if (op->custom_name == NULL) return "";
    if (strncmp(op->custom_name, "Flex", 4) == 0)
        return " (a TensorFlow operator: convert the model without SELECT_TF_OPS)";
    if (strcmp(op->custom_name, "edgetpu-custom-op") == 0)
        return " (compiled for the Edge TPU: use the file from before edgetpu_compiler)";
    return " (custom operator)";
}

pl_status pl_check_operators(const struct pl_graph *graph, struct pl_error *error)
{
    int missing = 0;
    for (int32_t s = 0; s < graph->subgraph_count; s++) {
        const struct pl_subgraph *subgraph = &graph->subgraphs[s];
        for (int32_t i = 0; i < subgraph->operator_count; i++) {
            const struct pl_operator *op = &subgraph->operators[i];
            if (pl_operator_is_supported(op) || is_repeated(subgraph, i)) continue;
            if (missing++ == 0) pl_fail(error, PL_UNSUPPORTED, "operators that are not supported: ");
            else pl_error_append(error, ", ");
            pl_error_append(error, "%s version %d%s", pl_operator_name(op), (int)op->version, way_out(op));
        }
    }
    return missing == 0 ? PL_OK : PL_UNSUPPORTED;
}
