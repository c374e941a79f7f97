/* SPDX-License-Identifier: Apache-2.0 */
/* A model's entries and handles, from its graph. */
#include <string.h>

#include "interpreter/models/models.h"

/* ---- handles ------------------------------------------------------------------------------------------------------ */

static size_t ends_bytes(int32_t count)
{
    return sizeof(struct pl_ends) + (size_t)count * sizeof(struct pl_tensor_handle);
}

static void destroy_ends(struct pl_memory *memory, struct pl_ends *ends)
{
    while (ends != NULL) {
        struct pl_ends *next = ends->next;
        pl_free(memory, ends, ends_bytes(ends->count));
        ends = next;
    }
}

/* Inputs and outputs have handles of their own, which outlive this file. */
static bool make_handles(struct pl_instance *instance, struct pl_entry *entry, const struct pl_subgraph *subgraph)
{
    const int32_t count = subgraph->input_count + subgraph->output_count;
    struct pl_tensor_handle *inner = pl_region_array(&instance->region, (size_t)subgraph->tensor_count, sizeof *inner);
    entry->handles = pl_region_array(&instance->region, (size_t)subgraph->tensor_count, sizeof entry->handles[0]);
    entry->ends = pl_allocate_zero(entry->interpreter->memory, ends_bytes(count));
    if (entry->ends != NULL) entry->ends->count = count; /* its size, whatever else fails */
    if (inner == NULL || entry->handles == NULL || entry->ends == NULL) return false;
    for (int32_t i = 0; i < subgraph->tensor_count; i++) {
        inner[i] = (struct pl_tensor_handle){entry, i};
        entry->handles[i] = &inner[i];
    }
    for (int32_t i = 0; i < count; i++) {
        const int32_t tensor =
            i < subgraph->input_count ? subgraph->inputs[i] : subgraph->outputs[i - subgraph->input_count];
        struct pl_tensor_handle *end = &entry->ends->handles[i];
        const bool again = entry->handles[tensor] != &inner[tensor];
        *end = (struct pl_tensor_handle){entry, again ? -1 : tensor};
        if (!again) entry->handles[tensor] = end;
    }
    return true;
}

/* ---- entries ------------------------------------------------------------------------------------------------------ */

static struct pl_entry *new_entry(struct pl_instance *instance)
{
    struct pl_entry *entry = pl_allocate_zero(instance->interpreter->memory, sizeof *entry);
    if (entry == NULL) return NULL;
    entry->interpreter = instance->interpreter;
    entry->instance = instance;
    entry->name = instance->name;
    return entry;
}

void pl_entry_destroy(struct pl_entry *entry)
{
    if (entry == NULL) return;
    struct pl_memory *memory = entry->interpreter->memory;
    destroy_ends(memory, entry->ends);
    if (entry->own_name != NULL) pl_free(memory, entry->own_name, strlen(entry->own_name) + 1);
    pl_free(memory, entry, sizeof *entry);
}

static bool fill_entry(struct pl_entry *entry, struct pl_unit *own_unit, int32_t subgraph_index)
{
    struct pl_instance *instance = entry->instance;
    const struct pl_subgraph *subgraph = &instance->graph->subgraphs[subgraph_index];
    entry->subgraph = subgraph_index;
    entry->input_shapes = pl_region_array(&instance->region, (size_t)subgraph->input_count, sizeof(struct pl_shape));
    entry->unit = entry->own_unit = own_unit;
    if (entry->input_shapes == NULL) return false;
    for (int32_t i = 0; i < subgraph->input_count; i++)
        entry->input_shapes[i] = subgraph->tensors[subgraph->inputs[i]].shape;
    return make_handles(instance, entry, subgraph);
}

/* The entry is in its place before it is filled, so that it ends with the model whatever happens. */
static bool make_entry(struct pl_instance *instance, struct pl_entry **place, struct pl_unit *own_unit, int32_t subgraph)
{
    *place = new_entry(instance);
    return *place != NULL && fill_entry(*place, own_unit, subgraph);
}

static bool make_signature_entry(struct pl_instance *instance, struct pl_entry **place,
                                 const struct pl_signature *signature)
{
    if (signature->subgraph != 0) {
        struct pl_unit *unit = &instance->units[instance->unit_count++];
        unit->stale = true;
        if (!make_entry(instance, place, unit, signature->subgraph)) return false;
    } else {
        *place = new_entry(instance);
        if (*place == NULL) return false;
        **place = *instance->primary;
        (*place)->ends = NULL;
        (*place)->own_name = NULL;
        (*place)->shared = instance->primary;
    }
    (*place)->signature = signature;
    return true;
}

/* What no signature names has an entry too, to be looked at. */
static bool make_subgraph_entries(struct pl_instance *instance)
{
    const struct pl_graph *graph = instance->graph;
    instance->subgraphs = pl_region_array(&instance->region, (size_t)graph->subgraph_count, sizeof(struct pl_entry *));
    if (instance->subgraphs == NULL) return false;
    instance->subgraphs[0] = instance->primary;
    for (int32_t i = graph->signature_count - 1; i >= 0; i--)
        if (graph->signatures[i].subgraph != 0)
            instance->subgraphs[graph->signatures[i].subgraph] = instance->signatures[i];
    for (int32_t i = 0; i < graph->subgraph_count; i++)
        if (instance->subgraphs[i] == NULL && !make_entry(instance, &instance->subgraphs[i], &instance->idle_unit, i)) return false;
    return true;
}

static bool make_entries(struct pl_instance *instance)
{
    const struct pl_graph *graph = instance->graph;
    if (!make_entry(instance, &instance->primary, NULL, 0)) return false;
    instance->signatures = pl_region_array(&instance->region, (size_t)graph->signature_count, sizeof(struct pl_entry *));
    instance->units = pl_region_array(&instance->region, (size_t)graph->signature_count, sizeof(struct pl_unit));
    if (instance->signatures == NULL || instance->units == NULL) return false;
    for (int32_t i = 0; i < graph->signature_count; i++)
        if (!make_signature_entry(instance, &instance->signatures[i], &graph->signatures[i])) return false;
    return make_subgraph_entries(instance);
}

/* Those that have another file by now are not this one's. */
static void destroy_if_own(const struct pl_instance *instance, struct pl_entry *entry)
{
    if (entry != NULL && entry->instance == instance) pl_entry_destroy(entry);
}

static void destroy_entries(struct pl_instance *instance)
{
    struct pl_entry *primary = instance->primary;
    for (int32_t i = 1; instance->subgraphs != NULL && i < instance->graph->subgraph_count; i++)
        if (instance->subgraphs[i] != NULL && instance->subgraphs[i]->signature == NULL)
            destroy_if_own(instance, instance->subgraphs[i]);
    for (int32_t i = 0; instance->signatures != NULL && i < instance->graph->signature_count; i++)
        destroy_if_own(instance, instance->signatures[i]);
    destroy_if_own(instance, primary);
}

/* ---- the whole ---------------------------------------------------------------------------------------------------- */

void pl_instance_destroy(struct pl_instance *instance)
{
    if (instance == NULL) return;
    struct pl_interpreter *interpreter = instance->interpreter;
    pl_instance_free_nodes(instance);
    for (int32_t i = 0; pl_instance_unit(instance, i) != NULL; i++)
        pl_unit_clear(interpreter, pl_instance_unit(instance, i));
    pl_buffers_destroy(interpreter->memory, instance->buffers);
    destroy_entries(instance);
    pl_graph_release(instance->graph);
    pl_region_clear(&instance->region);
    pl_free(interpreter->memory, instance->tally, sizeof *instance->tally);
    pl_free(interpreter->memory, instance, sizeof *instance);
}

struct pl_instance *pl_instance_create(struct pl_interpreter *interpreter, const char *name, struct pl_graph *graph,
                                       const struct pl_registry *registry)
{
    struct pl_instance *instance = pl_allocate_zero(interpreter->memory, sizeof *instance);
    if (instance == NULL) return NULL;
    pl_region_init(&instance->region, interpreter->memory);
    instance->interpreter = interpreter;
    instance->graph = graph;
    instance->registry = registry != NULL ? registry : &interpreter->registry;
    pl_graph_retain(graph);
    instance->threads = interpreter->options.threads;
    instance->name = name;
    instance->idle_unit.stale = true;
    if (make_entries(instance)) instance->component = pl_component_create(interpreter, &instance, 1);
    if (instance->component != NULL) {
        pl_component_adopt(instance->component);
        return instance;
    }
    pl_instance_destroy(instance);
    return NULL;
}
