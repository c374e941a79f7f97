/* SPDX-License-Identifier: Apache-2.0 */
/* A model gets another file. All that it needs is made beside it, in a model that nobody knows; then that is put in its
 * place under its name and its handles. What runs meanwhile ends on what it began with, which waits for that (change.c):
 * until then what came in its place is busy, since both have the memory of inputs and outputs. */
#include "interpreter/flow/flow.h"
#include "interpreter/models/models.h"
#include "interpreter/models/replacing.h"

/* ---- links -------------------------------------------------------------------------------------------------------- */

static pl_status move_end(const struct pl_instance *old, struct pl_instance *fresh, struct pl_instance **end,
                          int32_t *tensor, const char *kind, struct pl_error *error)
{
    if (*end != old) return PL_OK;
    const char *name = old->graph->subgraphs[0].tensors[*tensor].name;
    *end = fresh;
    *tensor = fresh->followed->to[*tensor];
    if (*tensor >= 0) return PL_OK;
    return pl_fail(error, PL_MISMATCH, "the new file has no %s in the place of '%s', which is linked; unlink it first", kind, name);
}

static pl_status check_link(const struct pl_model_link *link, struct pl_error *error)
{
    PL_TRY(pl_link_check_ends(link, error));
    if (link->options.when.kind == PL_CONDITION_NONE) return PL_OK;
    return pl_condition_check(&link->options.when, &link->from->graph->subgraphs[0].tensors[link->options.when.tensor], error);
}

/* Where boxes are read off; what a link says of them is its consumer's, and a copy of the new one's where that changes. */
static pl_status move_finder(const struct pl_instance *old, struct pl_instance *fresh, struct pl_model_link *link,
                             struct pl_error *error)
{
    struct pl_crop *crop = pl_region_copy(&fresh->region, link->options.crop, sizeof *crop);
    if (crop == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left to replace model '%s'", old->name);
    link->options.crop = crop;
    struct pl_instance *scores = link->finder;
    PL_TRY(move_end(old, fresh, &scores, &crop->boxes.scores, "output", error));
    PL_TRY(move_end(old, fresh, &link->finder, &crop->boxes.boxes, "output", error));
    const struct pl_tensor *tensors = link->finder->graph->subgraphs[0].tensors;
    return pl_boxes_check(&crop->boxes, &tensors[crop->boxes.boxes], &tensors[crop->boxes.scores], error);
}

static pl_status move_link(const struct pl_instance *old, struct pl_instance *fresh, struct pl_model_link *link,
                           struct pl_error *error)
{
    if (link->from != old && link->to != old && link->finder != old) return PL_OK;
    struct pl_instance *watched = link->from; /* a condition looks at an output of the producer */
    const char *kind = link->options.from_input ? "input" : "output";
    if (link->options.when.kind != PL_CONDITION_NONE)
        PL_TRY(move_end(old, fresh, &watched, &link->options.when.tensor, kind, error));
    PL_TRY(move_end(old, fresh, &link->from, &link->from_tensor, kind, error));
    PL_TRY(move_end(old, fresh, &link->to, &link->to_tensor, "input", error));
    if (link->options.crop != NULL) PL_TRY(move_finder(old, fresh, link, error));
    if (link->to == fresh && !pl_window_add(fresh, link->to_tensor, &link->options))
        return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left for what a link remembers");
    return check_link(link, error);
}

/* All links as they are to be. */
static pl_status move_links(const struct pl_instance *old, struct pl_instance *fresh, struct pl_error *error)
{
    struct pl_interpreter *interpreter = old->interpreter;
    const int32_t count = interpreter->link_count;
    struct pl_model_link *links = pl_region_array(&fresh->region, (size_t)count, sizeof *links);
    if (links == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left to replace model '%s'", old->name);
    fresh->component->next_links = links;
    for (int32_t i = 0; i < count; i++) {
        links[i] = interpreter->links[i];
        const char *from = links[i].from != NULL ? links[i].from->name : "rows that are pushed";
        if (move_link(old, fresh, &links[i], error) != PL_OK)
            return pl_fail_at(error, "link from model '%s' to model '%s'", from, links[i].to->name);
    }
    return PL_OK;
}

/* ---- beside the old one ------------------------------------------------------------------------------------------- */

/* The old one's component with the new one in its place. */
static pl_status make_component(struct pl_instance *old, struct pl_instance *fresh, struct pl_error *error)
{
    struct pl_interpreter *interpreter = old->interpreter;
    const struct pl_component *now = old->component;
    struct pl_component *component = pl_component_create(interpreter, now->members, now->member_count);
    if (component == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left to replace model '%s'", old->name);
    pl_component_destroy(interpreter, fresh->component);
    component->members[old->member] = fresh;
    component->whole = now->whole;
    fresh->component = component;
    fresh->member = old->member;
    fresh->primary->unit = &component->unit;
    for (int32_t i = 0; i < fresh->graph->signature_count; i++)
        if (fresh->signatures[i]->shared != NULL) fresh->signatures[i]->unit = &component->unit;
    return PL_OK;
}

static void inherit(const struct pl_instance *old, struct pl_instance *fresh)
{
    fresh->holder = old->holder;
    fresh->threads = old->threads;
    fresh->class_number = old->class_number;
    fresh->stop = old->stop;
    fresh->ran_function = old->ran_function;
    fresh->ran_user = old->ran_user;
    fresh->thresholds = old->thresholds;
}

/* A pipeline knows the inputs and outputs of its models. */
static pl_status check_holder(const struct pl_instance *old, const struct pl_instance *fresh, struct pl_error *error)
{
    const struct pl_subgraph *subgraph = &old->graph->subgraphs[0];
    for (int32_t i = 0; old->holder != NULL && i < subgraph->input_count + subgraph->output_count; i++) {
        const bool output = i >= subgraph->input_count;
        const int32_t tensor = output ? subgraph->outputs[i - subgraph->input_count] : subgraph->inputs[i];
        if (fresh->followed->to[tensor] >= 0) continue;
        return pl_fail(error, PL_MISMATCH, "model '%s' belongs to a pipeline, and the new file has no %s in the place of '%s'",
                       old->name, output ? "output" : "input", subgraph->tensors[tensor].name);
    }
    return PL_OK;
}

static pl_status make_ready(struct pl_instance *old, struct pl_instance *fresh, struct pl_error *error)
{
    inherit(old, fresh);
    PL_TRY(make_component(old, fresh, error));
    PL_TRY(pl_follow(old, fresh, error));
    PL_TRY(check_holder(old, fresh, error));
    PL_TRY(pl_thresholds_follow(old, fresh, fresh->followed->to, error));
    PL_TRY(move_links(old, fresh, error));
    return pl_instance_resolve(fresh, error);
}

/* ---- in its place ------------------------------------------------------------------------------------------------- */

/* What is busy stays so until the run is over, and what that uses stays with it. */
static void leave_to_run(struct pl_instance *old, struct pl_component *successor)
{
    struct pl_component *component = old->component;
    if (!component->busy) return;
    struct pl_component *runner = component->runner != NULL ? component->runner : component;
    runner->successor = successor;
    successor->runner = runner;
    successor->busy = true;
    bool runs = false;
    for (int32_t m = 0; m < runner->member_count; m++) runs = runs || runner->members[m] == old;
    if (runs) {
        old->next_outgoing = runner->outgoing;
        runner->outgoing = old;
        old->left = true;
        return;
    }
    while (old->buffers != NULL) { /* that is not what runs, but may have its memory */
        struct pl_buffer *buffer = old->buffers;
        old->buffers = buffer->next;
        pl_buffer_let_go(old->interpreter, successor, buffer);
    }
}

void pl_replace_enter(struct pl_interpreter *interpreter, struct pl_instance *old, struct pl_instance *fresh)
{
    struct pl_component *component = fresh->component;
    size_t at = 0;
    while (interpreter->instances[at] != old) at++;
    pl_settled_forget(interpreter);
    fresh->tally = old->tally;
    old->tally = NULL;
    pl_followed_take_buffers(old, fresh);
    leave_to_run(old, component);
    pl_followed_enter(fresh);
    pl_requests_drop_ended(interpreter, old);
    interpreter->instances[at] = fresh;
    for (int32_t i = 0; i < interpreter->link_count; i++) interpreter->links[i] = component->next_links[i];
    component->next_links = NULL;
    pl_component_adopt(component);
}

static bool has_ready(struct pl_instance *instance)
{
    if (pl_unit_is_ready(&instance->component->unit)) return true;
    for (int32_t i = 0; pl_instance_unit(instance, i) != NULL; i++)
        if (pl_unit_is_ready(pl_instance_unit(instance, i))) return true;
    return false;
}

/* What was ready to run is so again; what was not waits for allocate as before. */
static pl_status put_in_place(struct pl_instance *old, struct pl_instance *fresh, bool keep, struct pl_error *error)
{
    struct pl_interpreter *interpreter = old->interpreter;
    const struct pl_allocation allocation = {
        .components = &fresh->component, .count = 1, .keep = keep, .old = old, .fresh = fresh};
    if (has_ready(old)) return pl_components_allocate(interpreter, &allocation, error);
    pl_lock(interpreter);
    if (keep) pl_replace_enter(interpreter, old, fresh);
    pthread_mutex_unlock(&interpreter->lock);
    return PL_OK;
}

/* The old one is out of its place; lanes may be larger than needed now. */
static void clean_up(struct pl_component *component, struct pl_instance *old, struct pl_instance *fresh)
{
    struct pl_interpreter *interpreter = fresh->interpreter;
    pl_followed_clear(fresh);
    if (component->successor == NULL) pl_component_destroy(interpreter, component);
    if (!old->left) pl_instance_destroy(old);
    pl_lock(interpreter);
    (void)pl_lanes_fit(interpreter, true, NULL);
    pl_settled_advance(interpreter);
    pl_requests_answer(interpreter);
    pthread_mutex_unlock(&interpreter->lock);
}

static pl_status replace(struct pl_instance *old, struct pl_graph *graph, bool keep_all, bool keep, struct pl_error *error)
{
    struct pl_component *component = old->component;
    if (component->planning) return pl_fail(error, PL_BUSY, "model '%s' is being allocated", old->name);
    struct pl_instance *fresh = pl_instance_create(old->interpreter, old->name, graph, old->registry);
    if (fresh == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left to replace model '%s'", old->name);
    fresh->keep_all = keep_all;
    component->planning = true;
    old->interpreter->planning++;
    pl_status status = make_ready(old, fresh, error);
    if (status == PL_OK) status = put_in_place(old, fresh, keep, error);
    component->planning = false;
    fresh->interpreter->planning--;
    if (status == PL_OK && keep) {
        clean_up(component, old, fresh);
        return PL_OK;
    }
    pl_component_destroy(fresh->interpreter, fresh->component);
    pl_instance_destroy(fresh);
    return status;
}

pl_status pl_entry_replace(struct pl_entry *entry, struct pl_graph *graph, bool keep_all, bool keep, struct pl_error *error)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    pl_change_begin(interpreter);
    const pl_status status = replace(entry->instance, graph, keep_all, keep, error);
    pl_change_end(interpreter);
    return status;
}
