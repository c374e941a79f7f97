/* SPDX-License-Identifier: Apache-2.0 */
/* Allocate: new programs are built beside the old ones, with all the memory they need, and put in place only when
 * nothing can fail any more. Components that did not change are not touched. */
#include <assert.h>
#include <string.h>

#include "graph/join.h"
#include "interpreter/interpreter_internal.h"

/* What one unit is the plan of. */
struct unit_plan {
    struct pl_unit *unit;
    struct pl_component *component;
    struct pl_entry *entry; /* of a signature's own unit; NULL: the component's */
};

static struct pl_instance *member_of(const struct unit_plan *plan, const struct pl_slot *slot)
{
    if (plan->entry != NULL) return plan->entry->instance;
    return plan->component->members[plan->component->member_count > 1 ? slot->member : 0];
}

/* ---- program ------------------------------------------------------------------------------------------------------ */

static int32_t workers_of(const struct unit_plan *plan)
{
    int32_t workers = 1;
    for (int32_t i = 0; i < plan->component->member_count; i++)
        if (plan->component->members[i]->threads > workers) workers = plan->component->members[i]->threads;
    return workers;
}

static bool program_fits(const struct pl_program *program, const struct pl_plan_request *request)
{
    if (program == NULL || program->graph != request->graph || program->subgraph != request->subgraph) return false;
    if (program->workers != request->workers) return false;
    for (int32_t i = 0; i < request->graph->subgraphs[request->subgraph].input_count; i++)
        if (!pl_shape_equal(&program->input_shapes[i], &request->input_shapes[i])) return false;
    return true;
}

/* A clone, or this model before, may have the very program already. */
static struct pl_program *find_program(struct pl_interpreter *interpreter, const struct pl_plan_request *request)
{
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

static pl_status plan_alone(struct pl_interpreter *interpreter, const struct unit_plan *plan,
                            struct pl_plan_request *request, struct pl_program **program, struct pl_error *error)
{
    const struct pl_entry *entry = plan->entry != NULL ? plan->entry : &plan->component->members[0]->primary;
    request->graph = entry->instance->graph;
    request->subgraph = entry->subgraph;
    request->input_shapes = entry->input_shapes;
    *program = find_program(interpreter, request);
    if (*program != NULL) {
        pl_program_retain(*program);
        return PL_OK;
    }
    if (pl_plan(interpreter->memory, request, program, error) == PL_OK) return PL_OK;
    return pl_fail_at(error, "model '%s'", entry->instance->name);
}

/* The links of a component, in the order of their consumers. */
static int32_t gather_links(struct pl_interpreter *interpreter, const struct pl_component *component,
                            struct pl_link *links)
{
    int32_t count = 0;
    for (int32_t m = 0; m < component->member_count; m++) {
        for (int32_t i = 0; i < interpreter->link_count; i++) {
            const struct pl_model_link *link = &interpreter->links[i];
            if (link->to != component->members[m]) continue;
            if (links != NULL)
                links[count] = (struct pl_link){link->from->member, link->from_tensor, m, link->to_tensor, link->options};
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
            const struct pl_entry *entry = &component->members[m]->primary;
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
    return pl_fail_at(error, "%.500s", text.text);
}

static pl_status plan_join(struct pl_interpreter *interpreter, const struct unit_plan *plan, struct pl_region *work,
                           struct pl_plan_request *request, struct pl_program **program, struct pl_error *error)
{
    const struct pl_component *component = plan->component;
    const int32_t link_count = gather_links(interpreter, component, NULL);
    struct pl_link *links = pl_region_array(work, (size_t)link_count, sizeof *links);
    struct pl_graph **graphs = pl_region_array(work, (size_t)component->member_count, sizeof *graphs);
    if (links == NULL || graphs == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left to plan links");
    gather_links(interpreter, component, links);
    for (int32_t m = 0; m < component->member_count; m++) graphs[m] = component->members[m]->graph;
    struct pl_graph *join = NULL;
    PL_TRY(pl_graph_join(interpreter->memory, interpreter->store, graphs, component->member_count, links, link_count,
                         &join, error));
    struct pl_shape *shapes = pl_region_array(work, (size_t)join->subgraphs[0].input_count, sizeof *shapes);
    pl_status status = PL_OUT_OF_MEMORY;
    if (shapes == NULL) {
        pl_fail(error, status, "no memory left to plan links");
    } else {
        gather_shapes(component, join, shapes);
        request->graph = join;
        request->input_shapes = shapes;
        status = pl_plan(interpreter->memory, request, program, error);
    }
    pl_graph_release(join);
    return status == PL_OK ? PL_OK : name_members(component, error);
}

static pl_status plan_unit(struct pl_interpreter *interpreter, const struct unit_plan *plan, struct pl_error *error)
{
    struct pl_plan_request request = {.kernels = interpreter->options.kernels,
                                      .workers = workers_of(plan),
                                      .whole = plan->entry == NULL && plan->component->whole,
                                      .tensor_limit_bytes = interpreter->options.tensor_limit_bytes};
    struct pl_program *program = NULL;
    if (plan->entry != NULL || plan->component->member_count == 1) {
        PL_TRY(plan_alone(interpreter, plan, &request, &program, error));
    } else {
        struct pl_region work;
        pl_region_init(&work, interpreter->memory);
        const pl_status status = plan_join(interpreter, plan, &work, &request, &program, error);
        pl_region_clear(&work);
        PL_TRY(status);
    }
    pthread_mutex_lock(&interpreter->lock);
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
                (unit != &instance->component->unit || instance->component->members[buffer->slot.member] == instance))
                return buffer;
    return NULL;
}

static pl_status find_memory(struct pl_interpreter *interpreter, const struct unit_plan *plan,
                             const struct pl_slot *slot, struct pl_error *error)
{
    struct pl_unit *unit = plan->unit;
    struct pl_instance *instance = member_of(plan, slot);
    struct pl_buffer *buffer = pl_buffer_find(instance, slot);
    if (buffer == NULL || buffer->bytes != slot->bytes) {
        buffer = find_pending_state(instance, slot);
        if (buffer != NULL && buffer->bytes != slot->bytes)
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

static pl_status prepare_unit(struct pl_interpreter *interpreter, const struct unit_plan *plan, struct pl_error *error)
{
    PL_TRY(plan_unit(interpreter, plan, error));
    struct pl_unit *unit = plan->unit;
    const struct pl_program *program = unit->next_program;
    unit->next_bases = pl_allocate_zero(interpreter->memory, program->base_count * sizeof unit->next_bases[0]);
    if (unit->next_bases == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left to allocate");
    for (int32_t i = 0; i < program->slot_count; i++)
        PL_TRY(find_memory(interpreter, plan, &program->slots[i], error));
    return PL_OK;
}

/* ---- put in place, or give up ------------------------------------------------------------------------------------- */

static void abandon_unit(struct pl_interpreter *interpreter, struct pl_unit *unit)
{
    if (unit->next_program == NULL) return;
    pl_free(interpreter->memory, unit->next_bases, unit->next_program->base_count * sizeof unit->next_bases[0]);
    while (unit->next_buffers != NULL) {
        struct pl_buffer *buffer = unit->next_buffers;
        unit->next_buffers = buffer->next;
        pl_buffer_destroy(interpreter->memory, buffer);
    }
    pl_program_release(unit->next_program);
    unit->next_program = NULL;
    unit->next_bases = NULL;
}

/* New buffers join their models; one they replace goes. */
static void adopt_buffers(struct pl_interpreter *interpreter, const struct unit_plan *plan)
{
    struct pl_unit *unit = plan->unit;
    while (unit->next_buffers != NULL) {
        struct pl_buffer *buffer = unit->next_buffers;
        unit->next_buffers = buffer->next;
        struct pl_instance *instance = member_of(plan, &buffer->slot);
        struct pl_buffer **at = &instance->buffers;
        struct pl_buffer *old = pl_buffer_find(instance, &buffer->slot);
        while (old != NULL && *at != old) at = &(*at)->next;
        if (old != NULL) *at = old->next;
        pl_buffer_destroy(interpreter->memory, old);
        buffer->next = instance->buffers;
        instance->buffers = buffer;
    }
}

static bool is_used(const struct unit_plan *plan, const struct pl_instance *instance, const struct pl_buffer *buffer)
{
    const struct pl_program *program = plan->unit->program;
    for (int32_t i = 0; i < program->slot_count; i++)
        if (member_of(plan, &program->slots[i]) == instance && pl_buffer_find(instance, &program->slots[i]) == buffer)
            return true;
    return false;
}

/* Inputs and outputs that the new program does not have (an input is linked now) go. */
static void drop_unused_buffers(struct pl_interpreter *interpreter, const struct unit_plan *plan,
                                struct pl_instance *instance)
{
    const int32_t subgraph = plan->entry != NULL ? plan->entry->subgraph : 0;
    struct pl_buffer **at = &instance->buffers;
    while (*at != NULL) {
        struct pl_buffer *buffer = *at;
        if (buffer->slot.is_state || buffer->slot.subgraph != subgraph || is_used(plan, instance, buffer)) {
            at = &buffer->next;
            continue;
        }
        *at = buffer->next;
        pl_buffer_destroy(interpreter->memory, buffer);
    }
}

/* As in TensorFlow Lite, variable tensors start anew after a resize; resources keep what they have. */
static void reset_after_resize(struct pl_instance *instance)
{
    if (!instance->resized) return;
    for (const struct pl_buffer *buffer = instance->buffers; buffer != NULL; buffer = buffer->next)
        if (buffer->slot.is_state && buffer->slot.tensor >= 0) pl_buffer_reset(buffer);
    instance->resized = false;
}

static void put_unit_in_place(struct pl_interpreter *interpreter, const struct unit_plan *plan)
{
    struct pl_unit *unit = plan->unit;
    pl_unit_clear(interpreter, unit);
    unit->program = unit->next_program;
    unit->bases = unit->next_bases;
    unit->next_program = NULL;
    unit->next_bases = NULL;
    adopt_buffers(interpreter, plan);
    unit->stale = false;
    for (int32_t m = 0; m < plan->component->member_count; m++) {
        struct pl_instance *instance = plan->component->members[m];
        if (plan->entry != NULL && plan->entry->instance != instance) continue;
        drop_unused_buffers(interpreter, plan, instance);
        reset_after_resize(instance);
    }
}

/* ---- all of it ---------------------------------------------------------------------------------------------------- */

/* Raw bytes that only packers and prepare have read are let go once every entry point of the model is planned. */
static void drop_packed_raw(struct pl_interpreter *interpreter, struct pl_constant *const *constants, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        if (constants[i]->raw != NULL && constants[i]->raw_readers == 0 && constants[i]->packed != NULL)
            pl_constant_drop_raw(interpreter->store, constants[i]);
}

static struct unit_plan plan_of_entry(struct pl_entry *entry)
{
    return (struct unit_plan){&entry->own_unit, entry->instance->component, entry};
}

/* Calls `act` for each stale unit of a component. */
static pl_status each_stale(struct pl_interpreter *interpreter, struct pl_component *component,
                            pl_status (*act)(struct pl_interpreter *, const struct unit_plan *, struct pl_error *),
                            struct pl_error *error)
{
    const struct unit_plan plan = {&component->unit, component, NULL};
    if (component->unit.stale) PL_TRY(act(interpreter, &plan, error));
    for (int32_t m = 0; m < component->member_count; m++) {
        struct pl_instance *instance = component->members[m];
        for (int32_t s = 0; s < instance->graph->signature_count; s++) {
            if (instance->signatures[s].shared != NULL || !instance->signatures[s].own_unit.stale) continue;
            const struct unit_plan own = plan_of_entry(&instance->signatures[s]);
            PL_TRY(act(interpreter, &own, error));
        }
    }
    return PL_OK;
}

static pl_status put_in_place(struct pl_interpreter *interpreter, const struct unit_plan *plan, struct pl_error *error)
{
    (void)error;
    if (plan->unit->next_program != NULL) put_unit_in_place(interpreter, plan);
    return PL_OK;
}

static pl_status abandon(struct pl_interpreter *interpreter, const struct unit_plan *plan, struct pl_error *error)
{
    (void)error;
    abandon_unit(interpreter, plan->unit);
    return PL_OK;
}

static void drop_raw_of(struct pl_interpreter *interpreter, const struct pl_component *component)
{
    for (int32_t m = 0; m < component->member_count; m++) {
        const struct pl_graph *graph = component->members[m]->graph;
        drop_packed_raw(interpreter, graph->constants, graph->constant_count);
    }
    const struct pl_program *program = component->unit.program;
    drop_packed_raw(interpreter, program->folded, program->folded_count);
}

/* A model that cannot be planned does not hold up the others: its component stays as it was. */
static pl_status prepare_component(struct pl_interpreter *interpreter, struct pl_component *component,
                                   struct pl_error *error)
{
    const pl_status status = each_stale(interpreter, component, prepare_unit, error);
    if (status != PL_OK) (void)each_stale(interpreter, component, abandon, NULL);
    return status;
}

/* `change` is held. Without `keep`, all is only tried. */
static pl_status allocate(struct pl_interpreter *interpreter, struct pl_component **components, size_t count,
                          bool keep, struct pl_error *error)
{
    pl_status status = PL_OK;
    for (size_t i = 0; i < count; i++) {
        const pl_status one = prepare_component(interpreter, components[i], status == PL_OK ? error : NULL);
        if (status == PL_OK) status = one;
    }
    pthread_mutex_lock(&interpreter->lock);
    const pl_status fit = pl_lanes_fit(interpreter, keep, status == PL_OK ? error : NULL);
    for (size_t i = 0; i < count; i++)
        (void)each_stale(interpreter, components[i], keep && fit == PL_OK ? put_in_place : abandon, NULL);
    pthread_mutex_unlock(&interpreter->lock);
    for (size_t i = 0; i < count; i++)
        if (!components[i]->unit.stale) drop_raw_of(interpreter, components[i]);
    return status != PL_OK ? status : fit;
}

static bool has_stale_unit(const struct pl_component *component)
{
    if (component->unit.stale) return true;
    for (int32_t m = 0; m < component->member_count; m++)
        for (int32_t i = 0; pl_instance_unit(component->members[m], i) != NULL; i++)
            if (pl_instance_unit(component->members[m], i)->stale) return true;
    return false;
}

static pl_status allocate_all(struct pl_interpreter *interpreter, bool keep, struct pl_error *error)
{
    pthread_mutex_lock(&interpreter->change);
    const size_t most = interpreter->instance_count;
    struct pl_component **components = pl_allocate(interpreter->memory, most * sizeof *components);
    size_t count = 0;
    pl_status status = PL_OUT_OF_MEMORY;
    if (components == NULL) {
        pl_fail(error, status, "no memory left to allocate");
    } else {
        for (size_t i = 0; i < most; i++) {
            struct pl_instance *instance = interpreter->instances[i];
            /* A component is met once, at its first member. */
            if (instance->member == 0 && has_stale_unit(instance->component))
                components[count++] = instance->component;
        }
        status = allocate(interpreter, components, count, keep, error);
    }
    pl_free(interpreter->memory, components, most * sizeof *components);
    pthread_mutex_unlock(&interpreter->change);
    return status;
}

pl_status pl_interpreter_allocate(struct pl_interpreter *interpreter, struct pl_error *error)
{
    return allocate_all(interpreter, true, error);
}

pl_status pl_interpreter_try_allocate(struct pl_interpreter *interpreter, struct pl_error *error)
{
    return allocate_all(interpreter, false, error);
}

pl_status pl_entry_allocate(struct pl_entry *entry, struct pl_error *error)
{
    struct pl_interpreter *interpreter = entry->instance->interpreter;
    pthread_mutex_lock(&interpreter->change);
    const pl_status status = allocate(interpreter, &entry->instance->component, 1, true, error);
    pthread_mutex_unlock(&interpreter->change);
    return status;
}
