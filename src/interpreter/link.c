/* SPDX-License-Identifier: Apache-2.0 */
/* Links between models. */
#include <string.h>

#include "interpreter/flow/flow.h"
#include "interpreter/models/models.h"

enum { FIRST_CAPACITY = 8 };

static pl_status no_model(struct pl_interpreter *interpreter, const char *name, struct pl_error *error)
{
    pl_fail(error, PL_NOT_FOUND, "there is no model '%s'; loaded:", name);
    for (size_t i = 0; i < interpreter->instance_count; i++)
        pl_error_append(error, "%s %s", i == 0 ? "" : ",", interpreter->instances[i]->name);
    return PL_NOT_FOUND;
}

/* Finds an end of a link: the model, and the tensor in its primary subgraph. */
static pl_status find_end(struct pl_interpreter *interpreter, const char *model, bool output, const char *tensor,
                          struct pl_instance **instance, int32_t *index, struct pl_error *error)
{
    struct pl_entry *entry = pl_interpreter_find(interpreter, model);
    if (entry == NULL) return no_model(interpreter, model, error);
    int32_t position = 0;
    if (pl_entry_find(entry, output, tensor, &position, error) != PL_OK)
        return pl_fail_at(error, "model '%s'", model);
    const struct pl_subgraph *subgraph = pl_entry_subgraph(entry);
    *instance = entry->instance;
    *index = output ? subgraph->outputs[position] : subgraph->inputs[position];
    return PL_OK;
}

static int32_t find_link(const struct pl_interpreter *interpreter, const struct pl_instance *to, int32_t tensor)
{
    for (int32_t i = 0; i < interpreter->link_count; i++)
        if (interpreter->links[i].to == to && interpreter->links[i].to_tensor == tensor) return i;
    return -1;
}

/* Room for so many, or none; false if there is no memory. */
static bool set_capacity(struct pl_interpreter *interpreter, int32_t capacity)
{
    struct pl_model_link *links =
        capacity == 0 ? NULL : pl_allocate(interpreter->memory, (size_t)capacity * sizeof *links);
    if (links == NULL && capacity > 0) return false;
    if (interpreter->link_count > 0)
        memcpy(links, interpreter->links, (size_t)interpreter->link_count * sizeof *links);
    pl_lock(interpreter);
    struct pl_model_link *old = interpreter->links;
    interpreter->links = links;
    pthread_mutex_unlock(&interpreter->lock);
    pl_free(interpreter->memory, old, (size_t)interpreter->link_capacity * sizeof *links);
    interpreter->link_capacity = capacity;
    return true;
}

static pl_status make_room(struct pl_interpreter *interpreter, struct pl_error *error)
{
    if (interpreter->link_count < interpreter->link_capacity) return PL_OK;
    if (set_capacity(interpreter, interpreter->link_capacity == 0 ? FIRST_CAPACITY : 2 * interpreter->link_capacity))
        return PL_OK;
    return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left for a link");
}

void pl_links_fit(struct pl_interpreter *interpreter)
{
    int32_t capacity = interpreter->link_count > 0 ? FIRST_CAPACITY : 0;
    while (capacity < interpreter->link_count) capacity *= 2;
    if (capacity < interpreter->link_capacity) (void)set_capacity(interpreter, capacity);
}

/* Whoever feeds an input looks at the links under the lock alone, so they change under both. */
static void put_link(struct pl_interpreter *interpreter, const struct pl_model_link *link)
{
    pl_lock(interpreter);
    interpreter->links[interpreter->link_count++] = *link;
    pthread_mutex_unlock(&interpreter->lock);
}

static struct pl_model_link take_link(struct pl_interpreter *interpreter, int32_t at)
{
    pl_lock(interpreter);
    const struct pl_model_link taken = interpreter->links[at];
    interpreter->links[at] = interpreter->links[--interpreter->link_count];
    pthread_mutex_unlock(&interpreter->lock);
    return taken;
}

/* The set of links is changed; forms the components anew under the lock, or refuses because one of them runs. */
static pl_status form_two(struct pl_interpreter *interpreter, struct pl_instance *a, struct pl_instance *b,
                          struct pl_error *error)
{
    pl_lock(interpreter);
    pl_status status = PL_OK;
    if (pl_component_is_taken(a->component) || pl_component_is_taken(b->component))
        status = pl_fail(error, PL_BUSY, "model '%s' or '%s' is running", a->name, b->name);
    else
        status = pl_components_form(interpreter, a->component, b->component, NULL, error);
    pthread_mutex_unlock(&interpreter->lock);
    return status;
}

/* Of the models that this link joins, or does no more. */
static pl_status form(struct pl_interpreter *interpreter, const struct pl_model_link *link, struct pl_error *error)
{
    struct pl_instance *from = link->from != NULL ? link->from : link->to;
    if (link->finder != NULL && link->finder->component != from->component)
        PL_TRY(form_two(interpreter, link->finder, from, error));
    return form_two(interpreter, from, link->to, error);
}

pl_status pl_link_check_ends(const struct pl_model_link *link, struct pl_error *error)
{
    struct pl_adapter adapter;
    const struct pl_tensor *to = &link->to->graph->subgraphs[0].tensors[link->to_tensor];
    const struct pl_tensor *from = link->from == NULL ? to : &link->from->graph->subgraphs[0].tensors[link->from_tensor];
    return pl_adapter_find(from, to, &link->options, &adapter, error);
}

/* What the link remembers from run to run, which a run under way may be looking through. */
static pl_status make_window(struct pl_interpreter *interpreter, struct pl_model_link *link, struct pl_error *error)
{
    pl_lock(interpreter);
    pl_status status = PL_OK;
    if (pl_component_is_taken(link->to->component))
        status = pl_fail(error, PL_BUSY, "model '%s' is running", link->to->name);
    else if (!pl_window_add(link->to, link->to_tensor, &link->options))
        status = pl_fail(error, PL_OUT_OF_MEMORY, "no memory left for what a link remembers");
    pthread_mutex_unlock(&interpreter->lock);
    return status;
}

static pl_status add_link(struct pl_interpreter *interpreter, struct pl_model_link *link, struct pl_error *error)
{
    PL_TRY(pl_link_check_ends(link, error));
    PL_TRY(make_room(interpreter, error));
    PL_TRY(make_window(interpreter, link, error));
    put_link(interpreter, link);
    const pl_status status = form(interpreter, link, error);
    if (status == PL_OK) return PL_OK;
    struct pl_error ignored;
    (void)take_link(interpreter, interpreter->link_count - 1);
    if (link->finder != NULL) (void)form(interpreter, link, &ignored);
    return status;
}

static pl_status check_free(const struct pl_interpreter *interpreter, const struct pl_model_link *link,
                            struct pl_error *error)
{
    const int32_t other = find_link(interpreter, link->to, link->to_tensor);
    if (other < 0) return PL_OK;
    const char *name = link->to->graph->subgraphs[0].tensors[link->to_tensor].name;
    const struct pl_instance *from = interpreter->links[other].from;
    if (from == NULL)
        return pl_fail(error, PL_MISMATCH, "input '%s' of model '%s' is a window of rows that are pushed; unlink it first",
                       name, link->to->name);
    return pl_fail(error, PL_MISMATCH, "input '%s' of model '%s' is fed by model '%s' already; unlink it first", name,
                   link->to->name, from->name);
}

static bool is_window_into(const struct pl_model_link *link, const struct pl_instance *model, int32_t tensor)
{
    return link->options.hop > 0 && link->to == model && link->to_tensor == tensor;
}

/* Nobody else is fed what a window is: those rows come from further up, or are pushed. */
static pl_status check_window_is_alone(const struct pl_interpreter *interpreter, const struct pl_model_link *link,
                                       struct pl_error *error)
{
    for (int32_t i = 0; i < interpreter->link_count; i++) {
        const struct pl_model_link *other = &interpreter->links[i];
        const struct pl_model_link *taker = NULL;
        if (link->options.from_input && is_window_into(other, link->from, link->from_tensor)) taker = link;
        if (other->options.from_input && is_window_into(link, other->from, other->from_tensor)) taker = other;
        if (taker == NULL) continue;
        return pl_fail(error, PL_MISMATCH,
                       "input '%s' of model '%s' is a window, which is not for model '%s' too; make its input a window of its own",
                       taker->from->graph->subgraphs[0].tensors[taker->from_tensor].name, taker->from->name, taker->to->name);
    }
    return PL_OK;
}

/* Finds the output that a condition looks at. */
static pl_status find_condition(struct pl_interpreter *interpreter, struct pl_model_link *link, const char *from_model,
                                struct pl_error *error)
{
    struct pl_link_options *options = &link->options;
    if (options->when.kind == PL_CONDITION_NONE) return PL_OK;
    if (options->hop > 0 || options->from_input)
        return pl_fail(error, PL_MISMATCH, "a condition is for links from an output that are no windows");
    options->when.tensor = link->from_tensor;
    if (options->when_output != NULL) {
        struct pl_instance *from = NULL;
        PL_TRY(find_end(interpreter, from_model, true, options->when_output, &from, &options->when.tensor, error));
    }
    options->when_output = NULL;
    return pl_condition_check(&options->when, &link->from->graph->subgraphs[0].tensors[options->when.tensor], error);
}

/* Finds the outputs that boxes are read off; *crop is what options->crop then is. */
static pl_status find_boxes(struct pl_interpreter *interpreter, struct pl_model_link *link, struct pl_crop *crop,
                            struct pl_error *error)
{
    if (link->options.crop == NULL) return PL_OK;
    *crop = *link->options.crop;
    link->options.crop = crop;
    struct pl_boxes *boxes = &crop->boxes;
    struct pl_instance *other = NULL;
    if (link->options.hop > 0 || link->options.when.kind != PL_CONDITION_NONE)
        return pl_fail(error, PL_MISMATCH, "parts of a picture are no window, and have no other condition than their boxes");
    if (!(crop->margin >= 0 && crop->margin <= PL_MAX_MARGIN))
        return pl_fail(error, PL_INVALID_ARGUMENT, "the margin of parts that are cut out is 0 to %d times the box", PL_MAX_MARGIN);
    PL_TRY(find_end(interpreter, boxes->model, true, boxes->boxes_name, &link->finder, &boxes->boxes, error));
    PL_TRY(find_end(interpreter, boxes->model, true, boxes->scores_name, &other, &boxes->scores, error));
    boxes->model = boxes->boxes_name = boxes->scores_name = NULL;
    if (link->finder == link->to) return pl_fail(error, PL_MISMATCH, "a model cannot find the boxes of its own input");
    const struct pl_tensor *tensors = link->finder->graph->subgraphs[0].tensors;
    return pl_boxes_check(boxes, &tensors[boxes->boxes], &tensors[boxes->scores], error);
}

static pl_status link_ends(struct pl_interpreter *interpreter, const char *from_model, const char *output,
                           const char *to_model, const char *input, const struct pl_link_options *options,
                           struct pl_error *error)
{
    struct pl_model_link link = {.options = *options};
    PL_TRY(find_end(interpreter, from_model, !options->from_input, output, &link.from, &link.from_tensor, error));
    PL_TRY(find_end(interpreter, to_model, false, input, &link.to, &link.to_tensor, error));
    if (link.from == link.to) return pl_fail(error, PL_MISMATCH, "model '%s' cannot feed itself", from_model);
    PL_TRY(check_free(interpreter, &link, error));
    PL_TRY(check_window_is_alone(interpreter, &link, error));
    PL_TRY(find_condition(interpreter, &link, from_model, error));
    struct pl_crop crop;
    PL_TRY(find_boxes(interpreter, &link, &crop, error));
    if (add_link(interpreter, &link, error) != PL_OK)
        return pl_fail_at(error, "link from model '%s' to model '%s'", from_model, to_model);
    return PL_OK;
}

pl_status pl_interpreter_link(struct pl_interpreter *interpreter, const char *from_model, const char *output,
                              const char *to_model, const char *input, const struct pl_link_options *options,
                              struct pl_error *error)
{
    pl_change_begin(interpreter);
    const pl_status status = link_ends(interpreter, from_model, output, to_model, input, options, error);
    pl_change_end(interpreter);
    return status;
}

static pl_status stream_input(struct pl_interpreter *interpreter, const char *model, const char *input,
                              const struct pl_link_options *options, struct pl_error *error)
{
    struct pl_model_link link = {.options = *options};
    PL_TRY(find_end(interpreter, model, false, input, &link.to, &link.to_tensor, error));
    PL_TRY(check_free(interpreter, &link, error));
    if (options->hop < 1) return pl_fail(error, PL_INVALID_ARGUMENT, "a window needs a hop of 1 row or more");
    if (options->when.kind != PL_CONDITION_NONE || options->crop != NULL)
        return pl_fail(error, PL_INVALID_ARGUMENT, "rows that are pushed have no condition: there is no output to look at");
    PL_TRY(check_window_is_alone(interpreter, &link, error));
    return add_link(interpreter, &link, error) == PL_OK ? PL_OK : pl_fail_at(error, "model '%s'", model);
}

pl_status pl_interpreter_stream(struct pl_interpreter *interpreter, const char *model, const char *input,
                                const struct pl_link_options *options, struct pl_error *error)
{
    pl_change_begin(interpreter);
    const pl_status status = stream_input(interpreter, model, input, options, error);
    pl_change_end(interpreter);
    return status;
}

static pl_status unlink_end(struct pl_interpreter *interpreter, const char *to_model, const char *input,
                            struct pl_error *error)
{
    struct pl_instance *to = NULL;
    int32_t tensor = 0;
    PL_TRY(find_end(interpreter, to_model, false, input, &to, &tensor, error));
    const int32_t at = find_link(interpreter, to, tensor);
    if (at < 0)
        return pl_fail(error, PL_NOT_FOUND, "input '%s' of model '%s' has no link",
                       to->graph->subgraphs[0].tensors[tensor].name, to_model);
    const struct pl_model_link taken = take_link(interpreter, at);
    const pl_status status = form(interpreter, &taken, error);
    if (status != PL_OK) put_link(interpreter, &taken);
    return status;
}

pl_status pl_interpreter_unlink(struct pl_interpreter *interpreter, const char *to_model, const char *input,
                                struct pl_error *error)
{
    pl_change_begin(interpreter);
    const pl_status status = unlink_end(interpreter, to_model, input, error);
    pl_change_end(interpreter);
    return status;
}

pl_status pl_entry_set_whole(struct pl_entry *entry, bool whole, struct pl_error *error)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    pl_change_begin(interpreter);
    pl_lock(interpreter);
    struct pl_component *component = entry->instance->component;
    const bool busy = pl_component_is_taken(component);
    if (!busy && component->whole != whole) {
        component->whole = whole;
        component->unit.stale = true;
        pl_settled_forget(interpreter);
    }
    pthread_mutex_unlock(&interpreter->lock);
    pl_change_end(interpreter);
    return busy ? pl_fail(error, PL_BUSY, "model '%s' is running", entry->name) : PL_OK;
}
