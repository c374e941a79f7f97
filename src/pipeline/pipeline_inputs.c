/* SPDX-License-Identifier: Apache-2.0 */
/* "inputs" of a pipeline file. */
#include <float.h>
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

static pl_status name_inputs(struct pl_pipeline_reader *reader)
{
    struct pl_pipeline *pipeline = reader->pipeline;
    const size_t count = pl_pipeline_free_ends(pipeline, false);
    pipeline->inputs = pl_pipeline_array(reader, count, sizeof pipeline->inputs[0]);
    struct pl_tensor_handle **targets = pl_pipeline_array(reader, count, sizeof targets[0]);
    if (pipeline->inputs == NULL || targets == NULL) return PL_OUT_OF_MEMORY;
    for (size_t i = 0; i < pipeline->model_count; i++) {
        const struct pl_pipeline_model *model = &pipeline->models[i];
        for (int32_t k = 0; k < pl_entry_input_count(model->entry); k++) {
            if (model->fed[k]) continue;
            const char *name = pl_pipeline_own_name(reader, model, false, k);
            if (name == NULL) return PL_OUT_OF_MEMORY;
            struct pl_tensor_handle **target = &targets[pipeline->input_count];
            *target = pl_entry_input(model->entry, k);
            pipeline->inputs[pipeline->input_count++] = (struct pl_pipeline_input){
                .name = name, .targets = target, .target_count = 1, .mean = 127.5, .deviation = 127.5};
        }
    }
    return PL_OK;
}

/* An input that nothing feeds is found when the file is read, and not by its wrong answers. */
static pl_status check_all_fed(const struct pl_pipeline_reader *reader, const struct pl_json *inputs)
{
    if (pl_pipeline_free_ends(reader->pipeline, false) == 0) return PL_OK;
    pl_json_fail(reader->source.error, reader->source.file, inputs->place, "neither an input nor a link feeds");
    const char *comma = "";
    for (size_t i = 0; i < reader->pipeline->model_count; i++) {
        const struct pl_pipeline_model *model = &reader->pipeline->models[i];
        for (int32_t k = 0; k < pl_entry_input_count(model->entry); k++) {
            const char *name = model->fed[k] ? NULL : pl_pipeline_own_name(reader, model, false, k);
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
