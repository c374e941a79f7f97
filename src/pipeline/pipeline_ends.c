/* SPDX-License-Identifier: Apache-2.0 */
/* "inputs" and "outputs" of a pipeline file. Where one of them is left out, what no link feeds or takes gets names of its
 * model: MODEL where that is one tensor, else MODEL.TENSOR. */
#include <float.h>
#include <stdio.h>
#include <string.h>

#include "graph/graph.h"
#include "pipeline/pipeline_reader.h"

enum { INPUT_TO, INPUT_WINDOW, INPUT_SCALE, INPUT_OFFSET, INPUT_PICTURE, INPUT_SOUND, INPUT_FIELDS };

static const struct pl_json_field input_fields[INPUT_FIELDS] = {
    [INPUT_TO] = {.name = "to", .kind = PL_FIELD_ANY, .required = true},
    [INPUT_WINDOW] = {.name = "window", .kind = PL_FIELD_OBJECT},
    [INPUT_SCALE] = {.name = "scale", .kind = PL_FIELD_REAL, .least = -FLT_MAX, .most = FLT_MAX},
    [INPUT_OFFSET] = {.name = "offset", .kind = PL_FIELD_REAL, .least = -FLT_MAX, .most = FLT_MAX},
    [INPUT_PICTURE] = {.name = "picture", .kind = PL_FIELD_OBJECT},
    [INPUT_SOUND] = {.name = "sound", .kind = PL_FIELD_OBJECT},
};
static const struct pl_json_fields input_table = {"an input", input_fields, INPUT_FIELDS};

enum { PICTURE_RESIZE, PICTURE_MEAN, PICTURE_STD, PICTURE_FIELDS };

static const struct pl_json_field picture_fields[PICTURE_FIELDS] = {
    [PICTURE_RESIZE] = {.name = "resize", .kind = PL_FIELD_TEXT},
    [PICTURE_MEAN] = {.name = "mean", .kind = PL_FIELD_REAL, .least = -1e9, .most = 1e9},
    [PICTURE_STD] = {.name = "std", .kind = PL_FIELD_REAL, .least = -1e9, .most = 1e9},
};
static const struct pl_json_fields picture_table = {"a picture", picture_fields, PICTURE_FIELDS};

enum { SOUND_RATE, SOUND_FIELDS };

static const struct pl_json_field sound_fields[SOUND_FIELDS] = {
    [SOUND_RATE] = {.name = "rate", .kind = PL_FIELD_WHOLE, .required = true, .least = 1, .most = 10000000},
};
static const struct pl_json_fields sound_table = {"a sound", sound_fields, SOUND_FIELDS};

enum { OUTPUT_FROM, OUTPUT_BOXES, OUTPUT_TOP, OUTPUT_LABELS, OUTPUT_FIELDS };

static const struct pl_json_field output_fields[OUTPUT_FIELDS] = {
    [OUTPUT_FROM] = {.name = "from", .kind = PL_FIELD_TEXT},
    [OUTPUT_BOXES] = {.name = "boxes", .kind = PL_FIELD_TEXT},
    [OUTPUT_TOP] = {.name = "top", .kind = PL_FIELD_WHOLE, .least = 1, .most = INT32_MAX},
    [OUTPUT_LABELS] = {.name = "labels", .kind = PL_FIELD_TEXT},
};
static const struct pl_json_fields output_table = {"an output", output_fields, OUTPUT_FIELDS};

/* ---- inputs that are named ---------------------------------------------------------------------------------------- */

static bool are_alike(const struct pl_tensor_handle *a, const struct pl_tensor_handle *b, bool rows)
{
    const struct pl_quantization *p = &pl_handle_tensor(a)->quantization, *q = &pl_handle_tensor(b)->quantization;
    const struct pl_shape *s = pl_handle_shape(a), *t = pl_handle_shape(b);
    bool alike = pl_handle_tensor(a)->type == pl_handle_tensor(b)->type && p->count == q->count;
    for (int32_t i = 0; alike && i < p->count; i++)
        alike = memcmp(&p->scales[i], &q->scales[i], sizeof p->scales[i]) == 0 && p->zero_points[i] == q->zero_points[i];
    if (rows) return alike;
    alike = alike && s->rank == t->rank;
    for (int32_t i = 0; alike && i < s->rank; i++) alike = s->dims[i] == t->dims[i];
    return alike;
}

/* Room for a link to each target of an input. */
static pl_status make_room_for_links(const struct pl_pipeline_reader *reader, const struct pl_json *inputs)
{
    struct pl_pipeline *pipeline = reader->pipeline;
    size_t most = pipeline->link_count;
    for (const struct pl_json *input = inputs->first; input != NULL; input = input->next) {
        const struct pl_json *to = input;
        if (input->kind == PL_JSON_OBJECT)
            for (to = input->first; to != NULL && strcmp(to->name, "to") != 0;) to = to->next;
        most += to != NULL ? to->count : 0;
    }
    struct pl_pipeline_link *links = pl_pipeline_array(reader, most, sizeof links[0]);
    if (links == NULL) return PL_OUT_OF_MEMORY;
    if (pipeline->link_count > 0) memcpy(links, pipeline->links, pipeline->link_count * sizeof links[0]);
    pipeline->links = links;
    return PL_OK;
}

/* A further model gets what the first one is fed by a link, so that both have one buffer and what they begin with alike runs
 * once. Where that cannot be (the models are linked the other way round, or are one) it is fed for itself. */
static pl_status share_input(struct pl_pipeline_reader *reader, const struct pl_end *first, const struct pl_end *end,
                             bool *shared)
{
    struct pl_pipeline *pipeline = reader->pipeline;
    const struct pl_pipeline_link link = {first->model_name, first->tensor_name, end->model_name, end->tensor_name,
                                          {.from_input = true, .scale = 1.0f}};
    const pl_status status = pl_interpreter_link(pipeline->interpreter, link.from_model, link.output, link.to_model,
                                                 link.input, &link.options, reader->source.error);
    *shared = status == PL_OK;
    if (!*shared) return status == PL_MISMATCH ? PL_OK : status;
    pipeline->links[pipeline->link_count++] = link;
    pl_pipeline_join_sets(pipeline, first->model->set, end->model->set);
    return PL_OK;
}

static pl_status read_target(struct pl_pipeline_reader *reader, const struct pl_json *value, struct pl_pipeline_input *input,
                             struct pl_end *first)
{
    struct pl_end end;
    bool shared = false;
    if (value->kind != PL_JSON_TEXT)
        return pl_json_field_wrong(&reader->source, value, "what an input feeds", "a text, MODEL or MODEL.TENSOR");
    PL_TRY(pl_pipeline_find_end(reader, value, false, &end));
    PL_TRY(pl_pipeline_feed(reader, value, &end));
    if (input->is_stream && pl_interpreter_stream(reader->pipeline->interpreter, end.model_name, end.tensor_name,
                                                  &input->window, reader->source.error) != PL_OK)
        return pl_json_source_fail_at(&reader->source, value);
    if (input->target_count > 0 && !are_alike(input->targets[0], end.tensor, input->is_stream))
        return pl_json_fail(reader->source.error, reader->source.file, value->place,
                            "'%s' has another type, shape or quantization than what input '%s' feeds before it",
                            pl_json_quote(value->text).text, input->name);
    if (input->target_count == 0) *first = end;
    else if (!input->is_stream) PL_TRY(share_input(reader, first, &end, &shared));
    if (!shared) input->targets[input->target_count++] = end.tensor;
    return PL_OK;
}

static pl_status read_targets(struct pl_pipeline_reader *reader, const struct pl_json *value, struct pl_pipeline_input *input)
{
    const bool many = value->kind == PL_JSON_LIST;
    struct pl_end first;
    if (many && value->count == 0)
        return pl_json_field_wrong(&reader->source, value, "what an input feeds", "at least one MODEL or MODEL.TENSOR");
    input->targets = pl_pipeline_array(reader, many ? value->count : 1, sizeof input->targets[0]);
    if (input->targets == NULL) return PL_OUT_OF_MEMORY;
    if (!many) return read_target(reader, value, input, &first);
    for (const struct pl_json *member = value->first; member != NULL; member = member->next)
        PL_TRY(read_target(reader, member, input, &first));
    return PL_OK;
}

static pl_status read_picture(const struct pl_pipeline_reader *reader, const struct pl_json *picture,
                              struct pl_pipeline_input *input)
{
    const struct pl_json *found[PICTURE_FIELDS];
    if (picture == NULL) return PL_OK;
    PL_TRY(pl_json_fields_read(&reader->source, picture, &picture_table, found));
    input->is_picture = true;
    if (found[PICTURE_RESIZE] != NULL) {
        input->nearest = strcmp(found[PICTURE_RESIZE]->text, "nearest") == 0;
        if (!input->nearest && strcmp(found[PICTURE_RESIZE]->text, "bilinear") != 0)
            return pl_json_field_wrong(&reader->source, found[PICTURE_RESIZE], "'resize' of a picture",
                                  "\"bilinear\" or \"nearest\"");
    }
    if (found[PICTURE_MEAN] != NULL) input->mean = found[PICTURE_MEAN]->number;
    if (found[PICTURE_STD] != NULL) input->deviation = found[PICTURE_STD]->number;
    if (!(input->deviation > 0 || input->deviation < 0))
        return pl_json_field_wrong(&reader->source, found[PICTURE_STD], "'std' of a picture", "a number that divides");
    return PL_OK;
}

static pl_status read_sound(const struct pl_pipeline_reader *reader, const struct pl_json *sound,
                            struct pl_pipeline_input *input)
{
    const struct pl_json *found[SOUND_FIELDS];
    if (sound == NULL) return PL_OK;
    PL_TRY(pl_json_fields_read(&reader->source, sound, &sound_table, found));
    input->sound_rate = (int32_t)found[SOUND_RATE]->number;
    return PL_OK;
}

static pl_status read_input(struct pl_pipeline_reader *reader, const struct pl_json *value, struct pl_pipeline_input *input)
{
    const struct pl_json *found[INPUT_FIELDS] = {0};
    *input = (struct pl_pipeline_input){.name = value->name, .mean = 127.5, .deviation = 127.5};
    PL_TRY(pl_pipeline_check_name(reader, value));
    if (value->kind != PL_JSON_OBJECT) found[INPUT_TO] = value;
    else PL_TRY(pl_json_fields_read(&reader->source, value, &input_table, found));
    input->is_stream = found[INPUT_WINDOW] != NULL;
    const struct pl_json *alone = found[INPUT_SCALE] != NULL ? found[INPUT_SCALE] : found[INPUT_OFFSET];
    if (!input->is_stream && alone != NULL)
        return pl_json_fail(reader->source.error, reader->source.file, alone->name_place,
                            "'%s' of an input is for the rows of a window; 'window' is missing", alone->name);
    PL_TRY(pl_pipeline_read_window(reader, found[INPUT_WINDOW], &input->window));
    pl_pipeline_read_scale(found[INPUT_SCALE], found[INPUT_OFFSET], &input->window);
    PL_TRY(read_picture(reader, found[INPUT_PICTURE], input));
    PL_TRY(read_sound(reader, found[INPUT_SOUND], input));
    return read_targets(reader, found[INPUT_TO], input);
}

/* ---- what has no name in the file --------------------------------------------------------------------------------- */

/* The names that find this tensor, as messages and callers can use them. */
static const char *own_name(const struct pl_pipeline_reader *reader, const struct pl_pipeline_model *model, bool output,
                            int32_t index)
{
    const struct pl_tensor_handle *tensor =
        output ? pl_entry_output(model->entry, index) : pl_entry_input(model->entry, index);
    const int32_t count = output ? pl_entry_output_count(model->entry) : pl_entry_input_count(model->entry);
    const char *given = pl_handle_signature_name(tensor), *name = given != NULL ? given : pl_handle_tensor(tensor)->name;
    char number[16];
    int32_t found = -1;
    struct pl_error ignored;
    if (count == 1) return model->name;
    if (name[0] == '\0' || name[0] == '#' || pl_entry_find(model->entry, output, name, &found, &ignored) != PL_OK ||
        found != index) {
        snprintf(number, sizeof number, "#%d", index);
        name = number;
    }
    const size_t bytes = strlen(model->name) + strlen(name) + 2;
    char *made = pl_pipeline_array(reader, bytes, 1);
    if (made != NULL) snprintf(made, bytes, "%s.%s", model->name, name);
    return made;
}

static size_t free_ends(const struct pl_pipeline *pipeline, bool output)
{
    size_t count = 0;
    for (size_t i = 0; i < pipeline->model_count; i++) {
        const struct pl_pipeline_model *model = &pipeline->models[i];
        const int32_t ends = output ? pl_entry_output_count(model->entry) : pl_entry_input_count(model->entry);
        for (int32_t k = 0; k < ends; k++) count += !(output ? model->taken : model->fed)[k];
    }
    return count;
}

static pl_status name_inputs(struct pl_pipeline_reader *reader)
{
    struct pl_pipeline *pipeline = reader->pipeline;
    const size_t count = free_ends(pipeline, false);
    pipeline->inputs = pl_pipeline_array(reader, count, sizeof pipeline->inputs[0]);
    struct pl_tensor_handle **targets = pl_pipeline_array(reader, count, sizeof targets[0]);
    if (pipeline->inputs == NULL || targets == NULL) return PL_OUT_OF_MEMORY;
    for (size_t i = 0; i < pipeline->model_count; i++) {
        const struct pl_pipeline_model *model = &pipeline->models[i];
        for (int32_t k = 0; k < pl_entry_input_count(model->entry); k++) {
            if (model->fed[k]) continue;
            const char *name = own_name(reader, model, false, k);
            if (name == NULL) return PL_OUT_OF_MEMORY;
            struct pl_tensor_handle **target = &targets[pipeline->input_count];
            *target = pl_entry_input(model->entry, k);
            pipeline->inputs[pipeline->input_count++] = (struct pl_pipeline_input){
                .name = name, .targets = target, .target_count = 1, .mean = 127.5, .deviation = 127.5};
        }
    }
    return PL_OK;
}

static pl_status name_outputs(struct pl_pipeline_reader *reader)
{
    struct pl_pipeline *pipeline = reader->pipeline;
    pipeline->outputs = pl_pipeline_array(reader, free_ends(pipeline, true), sizeof pipeline->outputs[0]);
    if (pipeline->outputs == NULL) return PL_OUT_OF_MEMORY;
    for (size_t i = 0; i < pipeline->model_count; i++) {
        const struct pl_pipeline_model *model = &pipeline->models[i];
        for (int32_t k = 0; k < pl_entry_output_count(model->entry); k++) {
            if (model->taken[k]) continue;
            const char *name = own_name(reader, model, true, k);
            if (name == NULL) return PL_OUT_OF_MEMORY;
            pipeline->outputs[pipeline->output_count++] =
                (struct pl_pipeline_output){.name = name, .tensor = pl_entry_output(model->entry, k)};
        }
    }
    return PL_OK;
}

/* An input that nothing feeds is found when the file is read, and not by its wrong answers. */
static pl_status check_all_fed(const struct pl_pipeline_reader *reader, const struct pl_json *inputs)
{
    if (free_ends(reader->pipeline, false) == 0) return PL_OK;
    pl_json_fail(reader->source.error, reader->source.file, inputs->place, "neither an input nor a link feeds");
    const char *comma = "";
    for (size_t i = 0; i < reader->pipeline->model_count; i++) {
        const struct pl_pipeline_model *model = &reader->pipeline->models[i];
        for (int32_t k = 0; k < pl_entry_input_count(model->entry); k++) {
            const char *name = model->fed[k] ? NULL : own_name(reader, model, false, k);
            if (name == NULL) continue;
            pl_error_append(reader->source.error, "%s %s", comma, name);
            comma = ",";
        }
    }
    return PL_INVALID_PIPELINE;
}

pl_status pl_pipeline_read_inputs(struct pl_pipeline_reader *reader, const struct pl_json *inputs)
{
    struct pl_pipeline *pipeline = reader->pipeline;
    if (inputs == NULL) return name_inputs(reader);
    pipeline->inputs = pl_pipeline_array(reader, inputs->count, sizeof pipeline->inputs[0]);
    if (pipeline->inputs == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(make_room_for_links(reader, inputs));
    for (const struct pl_json *member = inputs->first; member != NULL; member = member->next)
        PL_TRY(read_input(reader, member, &pipeline->inputs[pipeline->input_count++]));
    return check_all_fed(reader, inputs);
}

/* ---- outputs that are named --------------------------------------------------------------------------------------- */

/* Boxes by name, which are read off a tensor as it is. */
static pl_status read_output_boxes(const struct pl_pipeline_reader *reader, const struct pl_json *const *found,
                                   struct pl_pipeline_output *output)
{
    for (int i = 0; i < OUTPUT_FIELDS; i++)
        if (i != OUTPUT_BOXES && found[i] != NULL)
            return pl_json_fail(reader->source.error, reader->source.file, found[i]->name_place,
                                "'%s' of an output has no meaning beside 'boxes'", found[i]->name);
    PL_TRY(pl_pipeline_find_boxes(reader, found[OUTPUT_BOXES], &output->boxes));
    output->tensor = output->boxes->tensor;
    return PL_OK;
}

static pl_status read_output_tensor(const struct pl_pipeline_reader *reader, const struct pl_json *const *found,
                                    struct pl_pipeline_output *output)
{
    struct pl_end end;
    PL_TRY(pl_pipeline_find_end(reader, found[OUTPUT_FROM], true, &end));
    if (reader->pipeline->whole && end.model->taken[end.index])
        return pl_json_fail(reader->source.error, reader->source.file, found[OUTPUT_FROM]->place,
                            "'%s' is taken by a link, and of a pipeline that is 'whole' such tensors are not kept",
                            pl_json_quote(found[OUTPUT_FROM]->text).text);
    output->tensor = end.tensor;
    if (found[OUTPUT_TOP] != NULL) output->top = (int32_t)found[OUTPUT_TOP]->number;
    if (found[OUTPUT_LABELS] == NULL) return PL_OK;
    output->labels = pl_pipeline_path(reader, found[OUTPUT_LABELS]->text);
    return output->labels != NULL ? PL_OK : PL_OUT_OF_MEMORY;
}

static pl_status read_output(struct pl_pipeline_reader *reader, const struct pl_json *value,
                             struct pl_pipeline_output *output)
{
    const struct pl_json *found[OUTPUT_FIELDS] = {0};
    PL_TRY(pl_pipeline_check_name(reader, value));
    if (value->kind == PL_JSON_TEXT) found[OUTPUT_FROM] = value;
    else if (value->kind == PL_JSON_OBJECT) PL_TRY(pl_json_fields_read(&reader->source, value, &output_table, found));
    else return pl_json_field_wrong(&reader->source, value, "an output",
                                    "a text, MODEL or MODEL.TENSOR, or an object with 'from' or 'boxes'");
    *output = (struct pl_pipeline_output){.name = value->name};
    if (found[OUTPUT_BOXES] != NULL) return read_output_boxes(reader, found, output);
    if (found[OUTPUT_FROM] != NULL) return read_output_tensor(reader, found, output);
    return pl_json_fail(reader->source.error, reader->source.file, value->place, "an output needs 'from' or 'boxes'");
}

pl_status pl_pipeline_read_outputs(struct pl_pipeline_reader *reader, const struct pl_json *outputs)
{
    struct pl_pipeline *pipeline = reader->pipeline;
    if (outputs == NULL) return name_outputs(reader);
    pipeline->outputs = pl_pipeline_array(reader, outputs->count, sizeof pipeline->outputs[0]);
    if (pipeline->outputs == NULL) return PL_OUT_OF_MEMORY;
    for (const struct pl_json *member = outputs->first; member != NULL; member = member->next)
        PL_TRY(read_output(reader, member, &pipeline->outputs[pipeline->output_count++]));
    return PL_OK;
}
