/* SPDX-License-Identifier: Apache-2.0 */
/* Allocate: new programs are built beside the old ones, with all the memory they need, and put in place only when
 * nothing can fail any more. Components that did not change are not touched. */
#include "base/float_state.h"
#include "interpreter/flow/flow.h"
#include "interpreter/models/models.h"
#include "interpreter/models/replacing.h"
#include "interpreter/run.h"

/* ---- put in place, or give up ------------------------------------------------------------------------------------- */

static void abandon_unit(struct pl_interpreter *interpreter, struct pl_unit *unit)
{
    if (unit->next_program == NULL) return;
    pl_free(interpreter->memory, unit->next_bases, unit->next_program->base_count * sizeof unit->next_bases[0]);
    pl_late_destroy(interpreter->memory, unit->next_late);
    unit->next_late = NULL;
    pl_buffers_destroy(interpreter->memory, unit->next_buffers);
    unit->next_buffers = NULL;
    pl_program_release(unit->next_program);
    unit->next_program = NULL;
    unit->next_bases = NULL;
}

/* New buffers join their models; one they replace goes. */
static void adopt_buffers(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan)
{
    struct pl_unit *unit = plan->unit;
    while (unit->next_buffers != NULL) {
        struct pl_buffer *buffer = unit->next_buffers;
        unit->next_buffers = buffer->next;
        struct pl_instance *instance = pl_unit_plan_member(plan, &buffer->slot);
        struct pl_buffer **at = &instance->buffers;
        struct pl_buffer *old = pl_buffer_find(instance, &buffer->slot);
        instance->restart = instance->restart || pl_slot_is_rows(&buffer->slot);
        if (old != NULL && pl_buffer_serves(old, &buffer->slot)) {
            pl_buffer_destroy(interpreter->memory, buffer);
            continue;
        }
        while (old != NULL && *at != old) at = &(*at)->next;
        if (old != NULL) *at = old->next;
        pl_buffer_let_go(interpreter, plan->component, old);
        buffer->next = instance->buffers;
        instance->buffers = buffer;
    }
}

static bool is_used(const struct pl_unit_plan *plan, const struct pl_instance *instance, const struct pl_buffer *buffer)
{
    const struct pl_program *program = plan->unit->program;
    for (int32_t i = 0; i < program->slot_count; i++)
        if (pl_unit_plan_member(plan, &program->slots[i]) == instance && pl_buffer_find(instance, &program->slots[i]) == buffer)
            return true;
    return false;
}

/* Inputs and outputs that the new program does not have (an input is linked now) go. */
static void drop_unused_buffers(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan,
                                struct pl_instance *instance)
{
    const int32_t subgraph = plan->entry != NULL ? plan->entry->subgraph : 0;
    struct pl_buffer **at = &instance->buffers;
    while (*at != NULL) {
        struct pl_buffer *buffer = *at;
        const bool stays = buffer->slot.is_state && !pl_slot_is_rows(&buffer->slot);
        if (stays || buffer->slot.subgraph != subgraph || is_used(plan, instance, buffer)) {
            at = &buffer->next;
            continue;
        }
        *at = buffer->next;
        pl_buffer_let_go(interpreter, plan->component, buffer);
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

/* A state that was made while running, or memory that became another one, since this was planned, is found now; and late
 * inputs have their shapes. */
static void settle_bases(const struct pl_unit_plan *plan)
{
    struct pl_unit *unit = plan->unit;
    const struct pl_program *program = unit->program;
    const struct pl_subgraph *subgraph = program->block->subgraph;
    for (int32_t i = 0; i < program->slot_count; i++) {
        const struct pl_slot *slot = &program->slots[i];
        const bool late = slot->sized && slot->tensor >= 0;
        if (!slot->is_state && !late) continue;
        const struct pl_buffer *buffer = pl_buffer_find(pl_unit_plan_member(plan, slot), slot);
        unit->bases[slot->base] = late ? ((const struct pl_late_slot *)buffer->own)->memory.data : buffer->data;
    }
    for (int32_t i = 0; unit->late != NULL && i < subgraph->input_count; i++) {
        const struct pl_planned_tensor *tensor = &program->block->tensors[subgraph->inputs[i]];
        if (tensor->late >= 0) unit->late->slots[tensor->late]->value.shape = tensor->value.shape;
    }
}

static void restart_windows(const struct pl_component *component)
{
    for (int32_t m = 0; m < component->member_count; m++) {
        if (component->members[m]->restart) pl_windows_reset(component->members[m]);
        component->members[m]->restart = false;
    }
}

void pl_unit_settle(const struct pl_unit_plan *plan)
{
    settle_bases(plan);
    restart_windows(plan->component);
}

static void put_unit_in_place(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan)
{
    struct pl_unit *unit = plan->unit;
    pl_unit_clear(interpreter, unit);
    unit->program = unit->next_program;
    unit->bases = unit->next_bases;
    unit->next_program = NULL;
    unit->next_bases = NULL;
    unit->late = unit->next_late;
    unit->next_late = NULL;
    adopt_buffers(interpreter, plan);
    unit->stale = false;
    for (int32_t m = 0; m < plan->component->member_count; m++) {
        struct pl_instance *instance = plan->component->members[m];
        if (plan->owner != NULL && plan->owner != instance) continue;
        drop_unused_buffers(interpreter, plan, instance);
        if (plan->entry == NULL) instance->own_time = (struct pl_own_time){0};
        reset_after_resize(instance);
    }
    if (plan->component->runner == NULL) pl_unit_settle(plan);
}

/* ---- all of it ---------------------------------------------------------------------------------------------------- */

/* Raw bytes that only packers and prepare have read are let go once every entry point of the model is planned. */
static void drop_packed_raw(struct pl_interpreter *interpreter, struct pl_constant *const *constants, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        if (constants[i]->raw != NULL && constants[i]->raw_readers == 0 && constants[i]->packed != NULL)
            pl_constant_drop_raw(interpreter->store, constants[i]);
}

static struct pl_unit_plan plan_of_entry(struct pl_entry *entry)
{
    return (struct pl_unit_plan){entry->own_unit, entry->instance->component, entry, entry->instance};
}

/* What an allocation is for, and what came of it. */
struct attempt {
    const struct pl_allocation *allocation;
    pl_status status; /* of the first failure that is one of the call */
    struct pl_error *error;
};

typedef void unit_action(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan, struct attempt *attempt);

static void each_stale(struct pl_interpreter *interpreter, struct pl_component *component, unit_action *act,
                       struct attempt *attempt)
{
    const struct pl_unit_plan plan = {.unit = &component->unit, .component = component};
    if (component->unit.stale) act(interpreter, &plan, attempt);
    for (int32_t m = 0; m < component->member_count; m++) {
        struct pl_instance *instance = component->members[m];
        for (int32_t s = 0; s < instance->graph->signature_count; s++) {
            if (instance->signatures[s]->shared != NULL || !instance->signatures[s]->own_unit->stale) continue;
            const struct pl_unit_plan own = plan_of_entry(instance->signatures[s]);
            act(interpreter, &own, attempt);
        }
    }
}

/* Of a model that replaces another: whether that had this ready. */
static bool was_ready(const struct pl_instance *old, const struct pl_instance *fresh, const struct pl_unit_plan *plan)
{
    if (plan->entry == NULL) return pl_unit_is_ready(&old->component->unit);
    const struct pl_followed *followed = fresh->followed;
    while (followed != NULL && followed->fresh != plan->entry) followed = followed->next;
    return followed != NULL && pl_unit_is_ready(followed->entry->unit);
}

static bool failure_counts(const struct attempt *attempt, const struct pl_unit_plan *plan)
{
    const struct pl_allocation *allocation = attempt->allocation;
    if (attempt->status != PL_OK) return false;
    if (allocation->fresh != NULL) return was_ready(allocation->old, allocation->fresh, plan);
    return allocation->wanted == NULL || allocation->wanted == plan->unit;
}

/* A unit that cannot be planned does not hold up the others: it stays as it was. */
static void prepare(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan, struct attempt *attempt)
{
    const bool counts = failure_counts(attempt, plan);
    const pl_status status = pl_unit_plan_prepare(interpreter, plan, counts ? attempt->error : NULL);
    if (status == PL_OK) return;
    abandon_unit(interpreter, plan->unit);
    if (counts) attempt->status = status;
}

static void put_in_place(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan, struct attempt *attempt)
{
    (void)attempt;
    if (plan->unit->next_program != NULL) put_unit_in_place(interpreter, plan);
}

static void abandon(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan, struct attempt *attempt)
{
    (void)attempt;
    abandon_unit(interpreter, plan->unit);
}

static bool has_unit(const struct pl_component *component, bool stale)
{
    if (component->unit.stale == stale) return true;
    for (int32_t m = 0; m < component->member_count; m++)
        for (int32_t i = 0; pl_instance_unit(component->members[m], i) != NULL; i++)
            if (pl_instance_unit(component->members[m], i)->stale == stale) return true;
    return false;
}

/* What was packed for plans that are in place stays. */
static void settle_constants(struct pl_interpreter *interpreter, const struct pl_component *component)
{
    const bool all = !has_unit(component, true);
    for (int32_t m = 0; m < component->member_count; m++) {
        const struct pl_graph *graph = component->members[m]->graph;
        for (int32_t i = 0; i < graph->constant_count; i++)
            pl_constant_keep_packed(interpreter->store, graph->constants[i]);
        if (all) drop_packed_raw(interpreter, graph->constants, graph->constant_count);
    }
    const struct pl_program *program = component->unit.program;
    if (all) drop_packed_raw(interpreter, program->folded, program->folded_count);
}

/* The new plan was given up. */
static void unpack_constants(struct pl_interpreter *interpreter, const struct pl_component *component)
{
    for (int32_t m = 0; m < component->member_count; m++) {
        const struct pl_graph *graph = component->members[m]->graph;
        for (int32_t i = 0; i < graph->constant_count; i++)
            pl_constant_drop_tried(interpreter->store, graph->constants[i]);
    }
}

/* What is planned reads constants. */
static bool wake(struct pl_interpreter *interpreter, struct pl_component *component, struct attempt *attempt)
{
    pl_lock(interpreter);
    pl_component_use(interpreter, component);
    pthread_mutex_unlock(&interpreter->lock);
    const bool counts = attempt->status == PL_OK;
    const pl_status status = pl_component_wake(interpreter, component, counts ? attempt->error : NULL);
    if (counts) attempt->status = status;
    return status == PL_OK;
}

/* Preparing computes scales and folds constants: in our floating point state. */
static void prepare_components(struct pl_interpreter *interpreter, struct pl_component **components, size_t count,
                               struct attempt *attempt)
{
    const struct pl_float_state caller = pl_float_state_enter();
    interpreter->planning++;
    for (size_t i = 0; i < count; i++) {
        components[i]->planning = true;
        if (wake(interpreter, components[i], attempt)) each_stale(interpreter, components[i], prepare, attempt);
        components[i]->planning = false;
    }
    interpreter->planning--;
    pl_float_state_leave(caller);
}

/* Nothing can fail any more. */
static void commit(struct pl_interpreter *interpreter, const struct pl_allocation *allocation, bool good,
                   struct attempt *attempt)
{
    if (good && allocation->fresh != NULL) pl_replace_enter(interpreter, allocation->old, allocation->fresh);
    for (size_t i = 0; i < allocation->count; i++)
        each_stale(interpreter, allocation->components[i], good ? put_in_place : abandon, attempt);
}

pl_status pl_components_allocate(struct pl_interpreter *interpreter, const struct pl_allocation *allocation,
                                 struct pl_error *error)
{
    struct pl_component **components = allocation->components;
    const size_t count = allocation->count;
    struct attempt attempt = {.allocation = allocation, .error = error};
    prepare_components(interpreter, components, count, &attempt);
    pl_lock(interpreter);
    interpreter->incoming = allocation->fresh;
    const pl_status fit = pl_lanes_fit(interpreter, allocation->keep, attempt.status == PL_OK ? error : NULL);
    interpreter->incoming = NULL;
    const bool complete = allocation->fresh == NULL || attempt.status == PL_OK;
    commit(interpreter, allocation, allocation->keep && fit == PL_OK && complete, &attempt);
    pthread_mutex_unlock(&interpreter->lock);
    for (size_t i = 0; i < count; i++)
        if (has_unit(components[i], false)) settle_constants(interpreter, components[i]);
    for (size_t i = 0; i < count; i++) /* after all that stay, since clones share their constants */
        if (!has_unit(components[i], false)) unpack_constants(interpreter, components[i]);
    return attempt.status != PL_OK ? attempt.status : fit;
}

/* What is to be allocated of the component of this model; NULL: nothing, or it was met already, at its first member. */
static struct pl_component *find_stale(const struct pl_interpreter *interpreter, size_t index)
{
    const struct pl_instance *instance = interpreter->instances[index];
    struct pl_component *component = instance->component;
    return instance->member == 0 && !component->planning && has_unit(component, true) ? component : NULL;
}

static pl_status allocate_together(struct pl_interpreter *interpreter, bool keep, struct pl_error *error)
{
    const size_t first = interpreter->settled;
    const size_t most = interpreter->instance_count - first;
    struct pl_component **components = pl_allocate(interpreter->memory, most * sizeof *components);
    if (components == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left to allocate");
    size_t count = 0;
    for (size_t i = 0; i < most; i++)
        if ((components[count] = find_stale(interpreter, first + i)) != NULL) count++;
    const struct pl_allocation allocation = {.components = components, .count = count, .keep = keep};
    const pl_status status = pl_components_allocate(interpreter, &allocation, error);
    pl_free(interpreter->memory, components, most * sizeof *components);
    return status;
}

/* Others sleep for it, those that were allocated just before among them. */
static pl_status allocate_with_room(struct pl_interpreter *interpreter, struct pl_component *component, bool keep,
                                    struct pl_error *error)
{
    const struct pl_allocation allocation = {.components = &component, .count = 1, .keep = keep};
    struct pl_room room;
    pl_status status = PL_OK;
    pl_room_begin(interpreter, &room);
    do status = pl_components_allocate(interpreter, &allocation, error);
    while (status == PL_OUT_OF_MEMORY && pl_room_make(interpreter, &room));
    if (!keep) pl_component_sleep(interpreter, component);
    return status;
}

static pl_status allocate_each(struct pl_interpreter *interpreter, bool keep, struct pl_error *error)
{
    pl_status first = PL_OK;
    for (size_t i = interpreter->settled; i < interpreter->instance_count; i++) {
        struct pl_component *component = find_stale(interpreter, i);
        if (component == NULL) continue;
        const pl_status status = allocate_with_room(interpreter, component, keep, first == PL_OK ? error : NULL);
        if (first == PL_OK) first = status;
    }
    return first;
}

static pl_status allocate_all(struct pl_interpreter *interpreter, bool keep, struct pl_error *error)
{
    const bool sleep = interpreter->options.sleep_below_class > 0;
    pl_change_begin(interpreter);
    const pl_status status = sleep ? allocate_each(interpreter, keep, error) : allocate_together(interpreter, keep, error);
    pl_lock(interpreter);
    pl_settled_advance(interpreter);
    pthread_mutex_unlock(&interpreter->lock);
    pl_change_end(interpreter);
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

static pl_status allocate_entry(struct pl_entry *entry, bool keep, struct pl_error *error)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    pl_change_begin(interpreter);
    struct pl_component *component = entry->instance->component;
    const struct pl_allocation allocation = {.components = &component, .count = 1, .wanted = entry->unit, .keep = keep};
    const pl_status status = component->planning ? pl_fail(error, PL_BUSY, "model '%s' is being allocated", entry->name)
                                                 : pl_components_allocate(interpreter, &allocation, error);
    pl_change_end(interpreter);
    return status;
}

pl_status pl_entry_allocate(struct pl_entry *entry, struct pl_error *error)
{
    return allocate_entry(entry, true, error);
}

pl_status pl_entry_try_allocate(struct pl_entry *entry, struct pl_error *error)
{
    return allocate_entry(entry, false, error);
}
