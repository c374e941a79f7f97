/* SPDX-License-Identifier: Apache-2.0 */
/* The first half of allocate: a new program for one unit beside the old one, and the memory that it needs. */
#include <string.h>

#include "graph/join.h"
#include "interpreter/models/models.h"
#include "interpreter/models/replacing.h"
#include "interpreter/run.h"
#include "rewrite/shared_prefix.h"

struct pl_instance *pl_unit_plan_member(const struct pl_unit_plan *plan, const struct pl_slot *slot)
{
    if (plan->owner != NULL) return plan->owner;
    return plan->component->members[plan->component->member_count > 1 ? slot->member : 0];
}

/* ---- program ------------------------------------------------------------------------------------------------------ */

static int32_t workers_of(const struct pl_unit_plan *plan)
{
    int32_t workers = 1;
    for (int32_t i = 0; i < plan->component->member_count; i++)
        if (plan->component->members[i]->threads > workers) workers = plan->component->members[i]->threads;
    return workers;
}

static bool keeps_all(const struct pl_unit_plan *plan)
{
    for (int32_t i = 0; i < plan->component->member_count; i++)
        if (plan->component->members[i]->keep_all) return true;
    return false;
}

/* A program with operators of users is one model's: they have data of that one. */
static const struct pl_user_nodes *nodes_of(const struct pl_plan_request *request)
{
    return request->member_nodes != NULL ? request->member_nodes[0] : NULL;
}

static bool program_fits(const struct pl_program *program, const struct pl_plan_request *request)
{
    if (program == NULL || program->graph != request->graph || program->subgraph != request->subgraph) return false;
    if (program->keep_all != request->keep_all) return false;
    if (program->workers != request->workers || program->nodes != nodes_of(request)) return false;
    for (int32_t i = 0; i < request->graph->subgraphs[request->subgraph].input_count; i++)
        if (!pl_shape_equal(&program->input_shapes[i], &request->input_shapes[i])) return false;
    return true;
}

/* A clone, or this model before, may have the very program already. Nobody has one of a graph that one model alone
 * holds: without this look, every load would visit all models there are. */
static struct pl_program *find_program(struct pl_interpreter *interpreter, const struct pl_plan_request *request)
{
    if (atomic_load(&request->graph->references) == 1) return NULL; /* only the model that asks has it, no program */
    for (size_t i = 0; i < interpreter->instance_count; i++) {
        struct pl_instance *instance = interpreter->instances[i];
        if (instance->graph != request->graph) continue;
        const struct pl_unit *unit = &instance->component->unit;
        if (program_fits(unit->next_program, request)) return unit->next_program;
        if (program_fits(unit->program, request)) return unit->program;
        for (int32_t k = 0; (unit = pl_instance_unit(instance, k)) != NULL; k++) {
            if (program_fits(unit->next_program, request)) return unit->next_program;
            if (program_fits(unit->program, request)) return unit->program;
        }
    }
    return NULL;
}

static const struct pl_user_nodes *own_nodes(const struct pl_instance *instance)
{
    return instance->nodes.first != NULL ? &instance->nodes : NULL;
}

static pl_status plan_alone(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan,
                            struct pl_plan_request *request, struct pl_program **program, struct pl_error *error)
{
    const struct pl_entry *entry = plan->entry != NULL ? plan->entry : plan->component->members[0]->primary;
    request->graph = entry->instance->graph;
    request->subgraph = entry->subgraph;
    request->input_shapes = entry->input_shapes;
    const struct pl_user_nodes *nodes = own_nodes(entry->instance);
    request->member_nodes = &nodes;
    *program = find_program(interpreter, request);
    if (*program != NULL) {
        pl_program_retain(*program);
        return PL_OK;
    }
    if (pl_plan(interpreter->memory, request, program, error) == PL_OK) return PL_OK;
    return pl_fail_at(error, "model '%s'", entry->name);
}

static struct pl_shape shape_of_input(const struct pl_instance *instance, int32_t tensor)
{
    const struct pl_subgraph *subgraph = pl_entry_subgraph(instance->primary);
    for (int32_t i = 0; i < subgraph->input_count; i++)
        if (subgraph->inputs[i] == tensor) return instance->primary->input_shapes[i];
    return subgraph->tensors[tensor].shape;
}

static const struct pl_model_link *links_of(const struct pl_interpreter *interpreter, const struct pl_component *component)
{
    return component->next_links != NULL ? component->next_links : interpreter->links;
}

/* The links of a component, in the order of their consumers; links NULL: how many there are. */
static int32_t gather_links(const struct pl_interpreter *interpreter, const struct pl_component *component,
                            struct pl_link *links)
{
    int32_t count = 0;
    for (int32_t m = 0; m < component->member_count; m++) {
        for (int32_t i = 0; i < interpreter->link_count; i++) {
            const struct pl_model_link *link = &links_of(interpreter, component)[i];
            if (link->to != component->members[m]) continue;
            if (links != NULL)
                links[count] = (struct pl_link){link->from != NULL ? link->from->member : -1,
                                                link->from_tensor,
                                                m,
                                                link->to_tensor,
                                                link->options,
                                                shape_of_input(link->to, link->to_tensor),
                                                link->finder != NULL ? link->finder->member : -1};
            count++;
        }
    }
    return count;
}

/* Input shapes of a join: those of the members' inputs that no link feeds, in the join's order. */
static void gather_shapes(const struct pl_component *component, const struct pl_graph *join, struct pl_shape *shapes)
{
    const struct pl_subgraph *whole = &join->subgraphs[0];
    for (int32_t i = 0; i < whole->input_count; i++) {
        for (int32_t m = 0; m < component->member_count; m++) {
            const struct pl_entry *entry = component->members[m]->primary;
            const struct pl_subgraph *subgraph = pl_entry_subgraph(entry);
            for (int32_t k = 0; k < subgraph->input_count; k++)
                if (join->member_tensors[m] + subgraph->inputs[k] == whole->inputs[i])
                    shapes[i] = entry->input_shapes[k];
        }
    }
}

static pl_status name_members(const struct pl_component *component, struct pl_error *error)
{
    struct pl_error text = {0};
    pl_error_append(&text, "linked models");
    for (int32_t m = 0; m < component->member_count; m++)
        pl_error_append(&text, "%s '%s'", m == 0 ? "" : ",", component->members[m]->name);
    if (component->member_count == 1) return pl_fail_at(error, "model '%s'", component->members[0]->name);
    return pl_fail_at(error, "%.500s", text.text);
}

static pl_status plan_join(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan, struct pl_region *work,
                           struct pl_plan_request *request, struct pl_program **program, struct pl_error *error)
{
    const struct pl_component *component = plan->component;
    const int32_t link_count = gather_links(interpreter, component, NULL);
    struct pl_link *links = pl_region_array(work, (size_t)link_count, sizeof *links);
    struct pl_graph **graphs = pl_region_array(work, (size_t)component->member_count, sizeof *graphs);
    const struct pl_user_nodes **nodes = pl_region_array(work, (size_t)component->member_count, sizeof *nodes);
    if (links == NULL || graphs == NULL || nodes == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left to plan links");
    gather_links(interpreter, component, links);
    for (int32_t m = 0; m < component->member_count; m++) {
        graphs[m] = component->members[m]->graph;
        nodes[m] = own_nodes(component->members[m]);
    }
    request->member_nodes = nodes;
    struct pl_graph *join = NULL;
    PL_TRY(pl_graph_join(interpreter->memory, interpreter->store, graphs, component->member_count, links, link_count,
                         &join, error));
    pl_status status = PL_OK;
    /* Rows that one model keeps are its own, and who looks at everything wants to see everything. */
    if (!request->keep_all && !pl_graph_is_flow(join))
        status = pl_share_prefixes(join, request->registry, interpreter->memory, error);
    struct pl_shape *shapes = pl_region_array(work, (size_t)join->subgraphs[0].input_count, sizeof *shapes);
    if (status == PL_OK && shapes == NULL)
        status = pl_fail(error, PL_OUT_OF_MEMORY, "no memory left to plan links");
    if (status == PL_OK) {
        gather_shapes(component, join, shapes);
        request->graph = join;
        request->input_shapes = shapes;
        status = pl_plan(interpreter->memory, request, program, error);
    }
    pl_graph_release(join);
    return status == PL_OK ? PL_OK : name_members(component, error);
}

/* A component that is about to come in place is not yet what its members say. */
static bool is_member(const struct pl_component *component, const struct pl_instance *instance)
{
    return instance->member < component->member_count && component->members[instance->member] == instance;
}

/* What runs by passes cannot run as a whole: what one model gave is read in later passes too. */
static bool runs_by_passes(const struct pl_interpreter *interpreter, const struct pl_component *component)
{
    for (int32_t i = 0; i < interpreter->link_count; i++) {
        const struct pl_model_link *link = &links_of(interpreter, component)[i];
        const bool by_passes =
            link->options.hop > 0 || link->options.when.kind != PL_CONDITION_NONE || link->options.crop != NULL;
        if (by_passes && is_member(component, link->to)) return true;
    }
    return false;
}

static pl_status plan_unit(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan, struct pl_error *error)
{
    struct pl_plan_request request = {.kernels = interpreter->options.kernels,
                                      .workers = workers_of(plan),
                                      .whole = plan->entry == NULL && plan->component->whole &&
                                               !runs_by_passes(interpreter, plan->component),
                                      .keep_all = keeps_all(plan),
                                      .tensor_limit_bytes = interpreter->options.tensor_limit_bytes,
                                      .registry = plan->component->members[0]->registry};
    for (int32_t m = 0; m < plan->component->member_count; m++)
        PL_TRY(pl_instance_resolve(plan->component->members[m], error));
    struct pl_program *program = NULL;
    if (plan->entry != NULL || gather_links(interpreter, plan->component, NULL) == 0) {
        PL_TRY(plan_alone(interpreter, plan, &request, &program, error));
    } else {
        struct pl_region work;
        pl_region_init(&work, interpreter->memory);
        const pl_status status = plan_join(interpreter, plan, &work, &request, &program, error);
        pl_region_clear(&work);
        PL_TRY(status);
    }
    pl_lock(interpreter);
    plan->unit->next_program = program;
    pthread_mutex_unlock(&interpreter->lock);
    return PL_OK;
}

/* ---- memory of its slots ------------------------------------------------------------------------------------------ */

/* State with a key can be made by another unit of the same model in this very allocate. */
static struct pl_buffer *find_pending_state(struct pl_instance *instance, const struct pl_slot *slot)
{
    if (slot->state_key == NULL) return NULL;
    struct pl_unit *unit = &instance->component->unit;
    for (int32_t i = 0; unit != NULL; unit = pl_instance_unit(instance, i++))
        for (struct pl_buffer *buffer = unit->next_buffers; buffer != NULL; buffer = buffer->next)
            if (buffer->slot.state_key != NULL && strcmp(buffer->slot.state_key, slot->state_key) == 0 &&
                buffer->slot.sized == slot->sized &&
                (unit != &instance->component->unit || instance->component->members[buffer->slot.member] == instance))
                return buffer;
    return NULL;
}

static pl_status find_memory(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan,
                             const struct pl_slot *slot, struct pl_error *error)
{
    struct pl_unit *unit = plan->unit;
    struct pl_instance *instance = pl_unit_plan_member(plan, slot);
    pl_lock(interpreter); /* what runs may be adding states */
    struct pl_buffer *buffer = pl_buffer_find(instance, slot);
    if (buffer == NULL) buffer = pl_followed_buffer(instance, slot);
    pthread_mutex_unlock(&interpreter->lock);
    if (buffer == NULL || !pl_buffer_serves(buffer, slot)) {
        buffer = find_pending_state(instance, slot);
        if (buffer != NULL && !pl_buffer_serves(buffer, slot))
            return pl_fail(error, PL_MISMATCH, "model '%s': variable '%s' has %zu bytes in one signature and %zu in another",
                           instance->name, slot->state_key, buffer->bytes, slot->bytes);
    }
    if (buffer == NULL) {
        buffer = pl_buffer_create(interpreter->memory, slot);
        if (buffer == NULL)
            return pl_fail(error, PL_OUT_OF_MEMORY, "model '%s': no memory for a tensor of %zu bytes", instance->name,
                           slot->bytes);
        buffer->next = unit->next_buffers;
        unit->next_buffers = buffer;
    }
    unit->next_bases[slot->base] = buffer->data;
    return PL_OK;
}

/* What is late and has a slot keeps its shape and memory there. Where that is now, pl_unit_settle() looks: what runs may be
 * giving it another one. */
static void find_late_slots(struct pl_unit *unit)
{
    const struct pl_program *program = unit->next_program;
    for (int32_t i = 0; i < program->block->subgraph->tensor_count; i++) {
        const struct pl_planned_tensor *tensor = &program->block->tensors[i];
        if (tensor->late >= 0 && tensor->slot >= 0)
            unit->next_late->slots[tensor->late] = unit->next_bases[program->slots[tensor->slot].base];
    }
    for (int32_t i = 0; i < program->slot_count; i++) {
        const struct pl_slot *slot = &program->slots[i];
        if (slot->sized && slot->tensor >= 0) unit->next_bases[slot->base] = NULL;
    }
}

pl_status pl_unit_plan_prepare(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan,
                               struct pl_error *error)
{
    PL_TRY(plan_unit(interpreter, plan, error));
    struct pl_unit *unit = plan->unit;
    const struct pl_program *program = unit->next_program;
    unit->next_bases = pl_allocate_zero(interpreter->memory, program->base_count * sizeof unit->next_bases[0]);
    if (unit->next_bases == NULL || !pl_late_create(interpreter->memory, program, &unit->next_late))
        return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left to allocate");
    for (int32_t i = 0; i < program->slot_count; i++)
        PL_TRY(find_memory(interpreter, plan, &program->slots[i], error));
    if (unit->next_late != NULL) find_late_slots(unit);
    return PL_OK;
}
