/* SPDX-License-Identifier: Apache-2.0 */
/* What plait knows of its models beyond the protocol: classes, memory, what pipelines consist of, and how what goes in and
 * comes out is meant. */
#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "json_memory.h"
#include "memory_sums.h"

/* ---- models and pipelines --------------------------------------------------------------------------------------------------- */

static json_t *json_of_memory(const struct plait_memory *memory)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "constants", (json_int_t)memory->constant_bytes, "arena",
                     (json_int_t)memory->arena_bytes, "io", (json_int_t)memory->io_bytes, "state",
                     (json_int_t)memory->state_bytes);
}

/* Which models it feeds, and what the file says of how it is made. */
static json_t *add_input_meaning(json_t *object, const struct plait_pipeline *pipeline,
                                 const struct plait_pipeline_input *input)
{
    json_t *feeds = json_array();
    size_t number;
    for (size_t i = 0; i < input->target_count; i++)
        feeds = json_listed(feeds, json_string(plait_model_name(served_owner(pipeline, input->targets[i], &number))));
    object = json_with(object, "feeds", feeds);
    if (input->is_stream) object = json_with(object, "hop", json_integer(input->hop));
    if (input->sound_rate > 0) object = json_with(object, "rate", json_integer(input->sound_rate));
    if (input->is_picture)
        object = json_with(object, "picture", json_pack("{s:s, s:f, s:f}", "resize", input->nearest ? "nearest" : "bilinear",
                                                         "mean", input->mean, "std", input->deviation));
    return object;
}

static json_t *add_output_meaning(json_t *object, const struct plait_pipeline_output *output)
{
    object = json_with(object, "from", json_string(plait_model_name(output->model)));
    if (output->top > 0) object = json_with(object, "top", json_integer(output->top));
    return object;
}

static json_t *json_of_inputs(const struct served *served)
{
    json_t *list = json_array();
    for (size_t i = 0; i < served->input_count; i++) {
        struct plait_pipeline_input input;
        json_t *object = json_of_tensor(&served->inputs[i]);
        if (served->pipeline != NULL && plait_pipeline_input_at(served->pipeline, i, &input) == PLAIT_OK)
            object = add_input_meaning(object, served->pipeline, &input);
        list = json_listed(list, object);
    }
    return list;
}

static json_t *json_of_outputs(const struct served *served)
{
    json_t *list = json_array();
    for (size_t i = 0; i < served->output_count; i++) {
        struct plait_pipeline_output output;
        json_t *object = json_of_tensor(&served->outputs[i]);
        if (served->outputs[i].labels.count > 0)
            object = json_with(object, "labels", json_integer((json_int_t)served->outputs[i].labels.count));
        if (served->outputs[i].finder != NULL) object = json_with(object, "boxes", json_true());
        if (served->pipeline != NULL && plait_pipeline_output_at(served->pipeline, i, &output) == PLAIT_OK)
            object = add_output_meaning(object, &output);
        list = json_listed(list, object);
    }
    return list;
}

static json_t *json_of_parts(const struct plait_pipeline *pipeline)
{
    json_t *list = json_array();
    struct plait_pipeline_model part;
    for (size_t i = 0; plait_pipeline_model_at(pipeline, i, &part) == PLAIT_OK; i++) {
        struct plait_memory memory = {0};
        plait_model_memory(part.model, &memory);
        list = json_listed(list, json_pack("{s:s, s:i, s:o}", "name", plait_model_name(part.model), "class",
                                              (int)plait_class(part.model), "memory", json_of_memory(&memory)));
    }
    return list;
}

/* ---- links ------------------------------------------------------------------------------------------------------------------ */

static json_t *add_note(json_t *notes, const char *before, double number, const char *after)
{
    struct bytes text = {0};
    bytes_print(&text, "%s%g%s", before, number, after);
    notes = json_listed(notes, text.failed ? NULL : json_string(bytes_string(&text)));
    bytes_free(&text);
    return notes;
}

static json_t *add_condition(json_t *notes, const struct plait_link_options *options)
{
    if (options->when == PLAIT_WHEN_AT_LEAST) notes = add_note(notes, "when ", options->when_least, " or more");
    if (options->when == PLAIT_WHEN_AT_LEAST && options->when_has_until)
        notes = add_note(notes, "until below ", options->when_until, "");
    if (options->when == PLAIT_WHEN_BEST) notes = add_note(notes, "when ", options->when_index, " is best");
    if (options->when == PLAIT_WHEN_EVERY) notes = add_note(notes, "every ", options->when_index, " runs");
    return notes;
}

/* What happens on the way, in words. */
static json_t *notes_of_link(const struct plait_pipeline_link *link)
{
    const struct plait_link_options *options = &link->options;
    json_t *notes = json_array();
    if (options->hop > 0) notes = add_note(notes, "", options->hop, " new rows");
    if (options->crop != NULL) notes = json_listed(notes, json_string("for each box"));
    notes = add_condition(notes, options);
    if (options->cast) notes = json_listed(notes, json_string("cast"));
    if (options->reshape) notes = json_listed(notes, json_string("reshape"));
    if (options->has_scale) notes = add_note(notes, "\u00d7 ", (double)options->scale, "");
    if (options->has_offset) notes = add_note(notes, "+ ", (double)options->offset, "");
    return notes;
}

static json_t *json_of_links(const struct plait_pipeline *pipeline)
{
    json_t *list = json_array();
    struct plait_pipeline_link link;
    for (size_t i = 0; plait_pipeline_link_at(pipeline, i, &link) == PLAIT_OK; i++)
        list = json_listed(list, json_pack("{s:s, s:s?, s:s, s:s?, s:b, s:o}", "from", link.from_model, "output", link.output,
                                              "to", link.to_model, "input", link.input, "of_input",
                                              (int)link.options.from_input, "notes", notes_of_link(&link)));
    return list;
}

/* ---- all of it ---------------------------------------------------------------------------------------------------------------- */

static json_t *json_of_served(const struct served *served)
{
    struct plait_memory memory;
    memory_of(served, &memory);
    json_t *object = json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:o}", "name", served->name, "version", served->version,
                               "platform", served->platform, "class", (int)served->class_number, "memory",
                               json_of_memory(&memory), "inputs", json_of_inputs(served), "outputs", json_of_outputs(served));
    const char *description = served->model != NULL ? plait_model_description(served->model) : "";
    if (description[0] != '\0' && is_utf8(description, strlen(description)))
        object = json_with(object, "description", json_string(description));
    if (served->pipeline != NULL) {
        object = json_with(object, "models", json_of_parts(served->pipeline));
        object = json_with(object, "links", json_of_links(served->pipeline));
    }
    return object;
}

static json_t *json_of_all(const struct server *server, struct served *const *all, size_t count)
{
    const struct plait_stats sums = memory_of_all(server, all, count);
    json_t *models = json_array();
    for (size_t i = 0; i < count; i++) models = json_listed(models, json_of_served(all[i]));
    json_t *memory = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "constants", (json_int_t)sums.constant_bytes,
                               "constants_alone", (json_int_t)sums.constant_sum_bytes, "arenas", (json_int_t)sums.arena_bytes,
                               "arenas_alone", (json_int_t)sums.arena_sum_bytes, "io", (json_int_t)sums.io_bytes, "state",
                               (json_int_t)sums.state_bytes, "allocated", (json_int_t)sums.memory_bytes, "allocated_peak",
                               (json_int_t)sums.memory_peak_bytes);
    return json_pack("{s:s, s:o, s:o}", "cpu", sums.cpu, "memory", memory, "models", models);
}

void handle_details(struct request *request, struct reply *reply)
{
    size_t count;
    struct served **all = repository_loaded(&request->server->repository, NULL, &count);
    if (all == NULL) {
        reply_no_memory(reply);
        return;
    }
    reply_json(reply, 200, json_of_all(request->server, all, count));
    for (size_t i = 0; i < count; i++) served_let_go(all[i]);
    free(all);
}
