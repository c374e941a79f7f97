/* SPDX-License-Identifier: Apache-2.0 */
/* Entries: what of a model can be fed and invoked, by name and number. */
#include "graph/asleep.h"
#include "interpreter/flow/flow.h"
#include "interpreter/models/models.h"

#include <string.h>

struct pl_interpreter *pl_entry_interpreter(const struct pl_entry *entry)
{
    return entry->interpreter;
}

struct pl_graph *pl_entry_graph(const struct pl_entry *entry)
{
    return entry->instance->graph;
}

const char *pl_entry_name(const struct pl_entry *entry)
{
    return entry->name;
}

int32_t pl_entry_signature_count(const struct pl_entry *entry)
{
    return entry->instance->graph->signature_count;
}

const char *pl_entry_signature_key(const struct pl_entry *entry, int32_t index)
{
    if (index < 0 || index >= entry->instance->graph->signature_count) return NULL;
    return entry->instance->graph->signatures[index].key;
}

struct pl_entry *pl_entry_signature(struct pl_entry *entry, const char *key)
{
    for (int32_t i = 0; i < entry->instance->graph->signature_count; i++)
        if (strcmp(entry->instance->graph->signatures[i].key, key) == 0) return entry->instance->signatures[i];
    return NULL;
}

const struct pl_subgraph *pl_entry_subgraph(const struct pl_entry *entry)
{
    return &entry->instance->graph->subgraphs[entry->subgraph];
}

int32_t pl_entry_subgraph_index(const struct pl_entry *entry)
{
    return entry->subgraph;
}

const struct pl_signature *pl_entry_own_signature(const struct pl_entry *entry)
{
    return entry->signature;
}

struct pl_tensor_handle *pl_entry_tensor(const struct pl_entry *entry, int32_t index)
{
    if (index < 0 || index >= pl_entry_subgraph(entry)->tensor_count) return NULL;
    return entry->handles[index];
}

/* ---- changes ------------------------------------------------------------------------------------------------------ */

static bool is_linked(const struct pl_entry *entry, int32_t tensor)
{
    const struct pl_interpreter *interpreter = entry->interpreter;
    if (entry->subgraph != 0) return false;
    for (int32_t i = 0; i < interpreter->link_count; i++)
        if (interpreter->links[i].to == entry->instance && interpreter->links[i].to_tensor == tensor) return true;
    return false;
}

/* The size of a window is its consumer's, and so is that of a part that is cut out. */
static bool is_window(const struct pl_entry *entry, int32_t tensor)
{
    const struct pl_interpreter *interpreter = entry->interpreter;
    for (int32_t i = 0; i < interpreter->link_count; i++)
        if (interpreter->links[i].to == entry->instance && interpreter->links[i].to_tensor == tensor)
            return interpreter->links[i].options.hop > 0 || interpreter->links[i].options.crop != NULL;
    return false;
}

/* Position of a tensor among the subgraph's inputs; a signature orders them differently. */
static int32_t subgraph_input(const struct pl_entry *entry, int32_t tensor)
{
    const struct pl_subgraph *subgraph = pl_entry_subgraph(entry);
    for (int32_t i = 0; i < subgraph->input_count; i++)
        if (subgraph->inputs[i] == tensor) return i;
    return -1;
}

static pl_status resize(struct pl_entry *entry, int32_t index, const struct pl_shape *shape, struct pl_error *error)
{
    if (index < 0 || index >= pl_entry_end_count(entry, false))
        return pl_fail(error, PL_NOT_FOUND, "model '%s' has %d inputs, there is no input %d", entry->name,
                       (int)pl_entry_end_count(entry, false), (int)index);
    const int32_t tensor = pl_entry_end_tensor(entry, false, index);
    const char *name = pl_entry_subgraph(entry)->tensors[tensor].name;
    if (is_linked(entry, tensor) && !is_window(entry, tensor))
        return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s': input '%s' is linked: its producer decides its shape",
                       entry->name, name);
    const int32_t position = subgraph_input(entry, tensor);
    if (position < 0)
        return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s': '%s' is not an input", entry->name, name);
    struct pl_shape *now = entry->shared != NULL ? &entry->shared->input_shapes[position] : &entry->input_shapes[position];
    if (pl_shape_equal(now, shape)) return PL_OK;
    if (pl_component_is_taken(entry->instance->component))
        return pl_fail(error, PL_BUSY, "model '%s' is running or being allocated", entry->name);
    *now = *shape;
    entry->unit->stale = true;
    pl_settled_forget(entry->interpreter);
    entry->instance->resized = true;
    return PL_OK;
}

pl_status pl_entry_resize(struct pl_entry *entry, int32_t index, const struct pl_shape *shape, struct pl_error *error)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dims[i] < 0)
            return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s': dimension %d of input %d is %d, less than 0",
                           entry->name, (int)i, (int)index, (int)shape->dims[i]);
    pl_change_begin(interpreter);
    pl_lock(interpreter);
    const pl_status status = resize(entry, index, shape, error);
    pthread_mutex_unlock(&interpreter->lock);
    pl_change_end(interpreter);
    return status;
}

static bool serves(const struct pl_unit *unit, int32_t threads)
{
    return unit->program == NULL || unit->program->workers >= threads;
}

/* Both locks are held. A program serves any cap up to the workers it was planned for; more is planned anew. */
static pl_status set_threads(struct pl_instance *instance, int32_t threads, struct pl_error *error)
{
    struct pl_unit *unit = &instance->component->unit;
    bool all = serves(unit, threads);
    for (int32_t i = 0; (unit = pl_instance_unit(instance, i)) != NULL; i++) all = all && serves(unit, threads);
    if (!all && pl_component_is_taken(instance->component))
        return pl_fail(error, PL_BUSY, "model '%s' is running or being allocated, and has to be planned for more threads",
                       instance->name);
    instance->threads = threads;
    unit = &instance->component->unit;
    if (!serves(unit, threads)) unit->stale = true;
    for (int32_t i = 0; (unit = pl_instance_unit(instance, i)) != NULL; i++)
        if (!serves(unit, threads)) unit->stale = true;
    pl_settled_forget(instance->interpreter);
    return PL_OK;
}

pl_status pl_entry_set_threads(struct pl_entry *entry, int32_t threads, struct pl_error *error)
{
    struct pl_instance *instance = entry->instance;
    struct pl_interpreter *interpreter = instance->interpreter;
    if (threads < 1 || threads > PL_MAX_PARTS)
        return pl_fail(error, PL_INVALID_ARGUMENT, "threads is %d, expected 1 to %d", (int)threads, PL_MAX_PARTS);
    pl_change_begin(interpreter);
    pl_status status = pl_pool_grow(interpreter->pool, threads, error);
    pl_lock(interpreter);
    if (status == PL_OK) status = set_threads(instance, threads, error);
    pthread_mutex_unlock(&interpreter->lock);
    pl_change_end(interpreter);
    return status;
}

void pl_entry_keep_all(struct pl_entry *entry)
{
    struct pl_instance *instance = entry->instance;
    struct pl_interpreter *interpreter = instance->interpreter;
    pl_change_begin(interpreter);
    pl_lock(interpreter);
    instance->keep_all = true;
    instance->component->unit.stale = true;
    for (int32_t i = 0; pl_instance_unit(instance, i) != NULL; i++) pl_instance_unit(instance, i)->stale = true;
    pl_settled_forget(interpreter);
    pthread_mutex_unlock(&interpreter->lock);
    pl_change_end(interpreter);
}

struct pl_entry *pl_entry_of_subgraph(const struct pl_entry *entry, size_t index)
{
    const struct pl_instance *instance = entry->instance;
    return index < (size_t)instance->graph->subgraph_count ? instance->subgraphs[index] : NULL;
}

pl_status pl_entry_reset_variables(struct pl_entry *entry, bool tensors_alone, struct pl_error *error)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    pl_lock(interpreter);
    const bool busy = entry->instance->component->busy;
    for (const struct pl_buffer *buffer = entry->instance->buffers; !busy && buffer != NULL; buffer = buffer->next)
        if (buffer->slot.is_state && (!tensors_alone || buffer->slot.tensor >= 0)) pl_buffer_reset(buffer);
    if (!busy && !tensors_alone) {
        pl_windows_reset(entry->instance);
        pl_thresholds_reset(entry->instance);
    }
    pthread_mutex_unlock(&interpreter->lock);
    return busy ? pl_fail(error, PL_BUSY, "model '%s' is running", entry->name) : PL_OK;
}

bool pl_entry_is_late(const struct pl_entry *entry)
{
    return entry->unit->late != NULL;
}

bool pl_entry_is_allocated(const struct pl_entry *entry)
{
    return pl_unit_is_ready(entry->unit);
}

void pl_entry_measure(const struct pl_entry *entry, struct pl_memory_report *report)
{
    const struct pl_instance *instance = entry->instance;
    *report = (struct pl_memory_report){0};
    const struct pl_program *program = entry->unit->program;
    if (program != NULL) {
        const bool joined = program->graph->members != NULL;
        const struct pl_segment *segment = &program->segments[joined ? instance->member : 0];
        report->arena_bytes = segment->arena_bytes;
        report->arena_bound_bytes = segment->bound_bytes;
        report->arena_sum_bytes = segment->sum_bytes;
    }
    for (int32_t i = 0; i < instance->graph->constant_count; i++) {
        const struct pl_constant *constant = instance->graph->constants[i];
        report->constant_bytes += pl_constant_bytes(instance->interpreter->store, constant);
        report->asleep_bytes += pl_constant_asleep(instance->interpreter->store, constant);
    }
    for (int32_t i = 0; program != NULL && program->graph == instance->graph && i < program->folded_count; i++)
        report->constant_bytes += pl_constant_bytes(instance->interpreter->store, program->folded[i]);
    pl_lock(instance->interpreter); /* what runs may be adding states */
    for (const struct pl_buffer *buffer = instance->buffers; buffer != NULL; buffer = buffer->next) {
        if (buffer->slot.is_state) report->state_bytes += pl_buffer_bytes(buffer);
        else report->io_bytes += pl_buffer_bytes(buffer);
    }
    pthread_mutex_unlock(&instance->interpreter->lock);
}

void pl_entry_memory(struct pl_entry *entry, struct pl_memory_report *report)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    pl_change_begin(interpreter);
    pl_entry_measure(entry, report);
    pl_change_end(interpreter);
}
