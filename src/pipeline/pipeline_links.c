/* SPDX-License-Identifier: Apache-2.0 */
/* "links" of a pipeline file, and what windows are. */
#include <float.h>

#include "pipeline/pipeline_reader.h"

enum { LINK_FROM, LINK_TO, LINK_INPUT, LINK_CAST, LINK_RESHAPE, LINK_SCALE, LINK_OFFSET, LINK_WINDOW, LINK_WHEN, LINK_CROP,
       LINK_FIELDS };

static const struct pl_json_field link_fields[LINK_FIELDS] = {
    [LINK_FROM] = {.name = "from", .kind = PL_FIELD_TEXT, .required = true},
    [LINK_TO] = {.name = "to", .kind = PL_FIELD_TEXT, .required = true},
    [LINK_INPUT] = {.name = "input", .kind = PL_FIELD_FLAG},
    [LINK_CAST] = {.name = "cast", .kind = PL_FIELD_FLAG},
    [LINK_RESHAPE] = {.name = "reshape", .kind = PL_FIELD_FLAG},
    [LINK_SCALE] = {.name = "scale", .kind = PL_FIELD_REAL, .least = -FLT_MAX, .most = FLT_MAX},
    [LINK_OFFSET] = {.name = "offset", .kind = PL_FIELD_REAL, .least = -FLT_MAX, .most = FLT_MAX},
    [LINK_WINDOW] = {.name = "window", .kind = PL_FIELD_OBJECT},
    [LINK_WHEN] = {.name = "when", .kind = PL_FIELD_OBJECT},
    [LINK_CROP] = {.name = "crop", .kind = PL_FIELD_OBJECT},
};
static const struct pl_json_fields link_table = {"a link", link_fields, LINK_FIELDS};

enum { WINDOW_HOP, WINDOW_AXIS, WINDOW_ZEROS, WINDOW_FIELDS };

static const struct pl_json_field window_fields[WINDOW_FIELDS] = {
    [WINDOW_HOP] = {.name = "hop", .kind = PL_FIELD_WHOLE, .required = true, .least = 1, .most = INT32_MAX},
    [WINDOW_AXIS] = {.name = "axis", .kind = PL_FIELD_WHOLE, .least = -8, .most = 7},
    [WINDOW_ZEROS] = {.name = "zeros", .kind = PL_FIELD_WHOLE, .least = 0, .most = INT32_MAX},
};
static const struct pl_json_fields window_table = {"a window", window_fields, WINDOW_FIELDS};

enum { WHEN_THRESHOLD, WHEN_UNTIL, WHEN_INDEX, WHEN_BEST, WHEN_EVERY, WHEN_OUTPUT, WHEN_FIELDS };

static const struct pl_json_field when_fields[WHEN_FIELDS] = {
    [WHEN_THRESHOLD] = {.name = "threshold", .kind = PL_FIELD_REAL, .least = -DBL_MAX, .most = DBL_MAX},
    [WHEN_UNTIL] = {.name = "until", .kind = PL_FIELD_REAL, .least = -DBL_MAX, .most = DBL_MAX},
    [WHEN_INDEX] = {.name = "index", .kind = PL_FIELD_WHOLE, .least = 0, .most = INT32_MAX},
    [WHEN_BEST] = {.name = "best", .kind = PL_FIELD_WHOLE, .least = 0, .most = INT32_MAX},
    [WHEN_EVERY] = {.name = "every", .kind = PL_FIELD_WHOLE, .least = 1, .most = INT32_MAX},
    [WHEN_OUTPUT] = {.name = "output", .kind = PL_FIELD_TEXT},
};
static const struct pl_json_fields when_table = {"a condition", when_fields, WHEN_FIELDS};

void pl_pipeline_read_threshold(const struct pl_json *threshold, const struct pl_json *until, const struct pl_json *index,
                                struct pl_condition *condition)
{
    *condition = (struct pl_condition){.kind = PL_CONDITION_AT_LEAST, .tensor = -1, .index = -1};
    if (threshold != NULL) condition->least = condition->until = threshold->number;
    if (until != NULL) condition->until = until->number;
    if (index != NULL) condition->index = (int32_t)index->number;
}

static pl_status read_when(const struct pl_pipeline_reader *reader, const struct pl_json *when, struct pl_link_options *options)
{
    const struct pl_json *found[WHEN_FIELDS];
    if (when == NULL) return PL_OK;
    PL_TRY(pl_json_fields_read(&reader->source, when, &when_table, found));
    if ((found[WHEN_THRESHOLD] != NULL) + (found[WHEN_BEST] != NULL) + (found[WHEN_EVERY] != NULL) != 1)
        return pl_json_fail(reader->source.error, reader->source.file, when->place,
                            "a condition has one of 'threshold', 'best' and 'every'");
    const struct pl_json *alone = found[WHEN_INDEX] != NULL ? found[WHEN_INDEX] : found[WHEN_UNTIL];
    if (alone != NULL && found[WHEN_THRESHOLD] == NULL)
        return pl_json_fail(reader->source.error, reader->source.file, alone->name_place,
                            "'%s' of a condition is for 'threshold', which is missing", alone->name);
    struct pl_condition *to = &options->when;
    pl_pipeline_read_threshold(found[WHEN_THRESHOLD], found[WHEN_UNTIL], found[WHEN_INDEX], to);
    const struct pl_json *number = found[WHEN_BEST] != NULL ? found[WHEN_BEST] : found[WHEN_EVERY];
    if (found[WHEN_BEST] != NULL) to->kind = PL_CONDITION_BEST;
    if (found[WHEN_EVERY] != NULL) to->kind = PL_CONDITION_EVERY;
    if (number != NULL) to->index = (int32_t)number->number;
    if (found[WHEN_OUTPUT] != NULL) options->when_output = found[WHEN_OUTPUT]->text;
    return PL_OK;
}

pl_status pl_pipeline_read_window(const struct pl_pipeline_reader *reader, const struct pl_json *window,
                                  struct pl_link_options *options)
{
    const struct pl_json *found[WINDOW_FIELDS];
    if (window == NULL) return PL_OK;
    PL_TRY(pl_json_fields_read(&reader->source, window, &window_table, found));
    options->hop = (int32_t)found[WINDOW_HOP]->number;
    if (found[WINDOW_AXIS] != NULL) options->axis = (int32_t)found[WINDOW_AXIS]->number;
    if (found[WINDOW_ZEROS] != NULL) options->zero_rows = (int32_t)found[WINDOW_ZEROS]->number;
    return PL_OK;
}

void pl_pipeline_read_scale(const struct pl_json *scale, const struct pl_json *offset, struct pl_link_options *options)
{
    options->has_scale = scale != NULL;
    options->has_offset = offset != NULL;
    options->scale = scale != NULL ? (float)scale->number : 1.0f;
    options->offset = offset != NULL ? (float)offset->number : 0.0f;
}

void pl_pipeline_join_sets(struct pl_pipeline *pipeline, size_t from, size_t to)
{
    for (size_t i = 0; i < pipeline->model_count; i++)
        if (pipeline->models[i].set == from) pipeline->models[i].set = to;
}

static pl_status read_link(struct pl_pipeline_reader *reader, const struct pl_json *value, struct pl_pipeline_link *link)
{
    const struct pl_json *found[LINK_FIELDS];
    struct pl_end from, to;
    PL_TRY(pl_json_fields_read(&reader->source, value, &link_table, found));
    const bool from_input = found[LINK_INPUT] != NULL && found[LINK_INPUT]->flag;
    PL_TRY(pl_pipeline_find_end(reader, found[LINK_FROM], !from_input, &from));
    PL_TRY(pl_pipeline_find_end(reader, found[LINK_TO], false, &to));
    PL_TRY(pl_pipeline_feed(reader, found[LINK_TO], &to));
    *link = (struct pl_pipeline_link){from.model_name, from.tensor_name, to.model_name, to.tensor_name, {0}};
    link->options.from_input = from_input;
    link->options.cast = found[LINK_CAST] != NULL && found[LINK_CAST]->flag;
    link->options.reshape = found[LINK_RESHAPE] != NULL && found[LINK_RESHAPE]->flag;
    pl_pipeline_read_scale(found[LINK_SCALE], found[LINK_OFFSET], &link->options);
    PL_TRY(pl_pipeline_read_window(reader, found[LINK_WINDOW], &link->options));
    PL_TRY(read_when(reader, found[LINK_WHEN], &link->options));
    PL_TRY(pl_pipeline_read_crop(reader, found[LINK_CROP], &link->options));
    if (pl_interpreter_link(reader->pipeline->interpreter, link->from_model, link->output, link->to_model, link->input,
                            &link->options, reader->source.error) != PL_OK)
        return pl_json_source_fail_at(&reader->source, value);
    if (!from_input) from.model->taken[from.index] = true;
    pl_pipeline_join_sets(reader->pipeline, from.model->set, to.model->set);
    if (link->options.crop == NULL) return PL_OK;
    const struct pl_pipeline_model *finder = pl_pipeline_find_model(reader, link->options.crop->boxes.model);
    pl_pipeline_join_sets(reader->pipeline, finder->set, to.model->set);
    return PL_OK;
}

pl_status pl_pipeline_read_links(struct pl_pipeline_reader *reader, const struct pl_json *links)
{
    struct pl_pipeline *pipeline = reader->pipeline;
    if (links == NULL) return PL_OK;
    pipeline->links = pl_pipeline_array(reader, links->count, sizeof pipeline->links[0]);
    if (pipeline->links == NULL) return PL_OUT_OF_MEMORY;
    for (const struct pl_json *member = links->first; member != NULL; member = member->next)
        PL_TRY(read_link(reader, member, &pipeline->links[pipeline->link_count++]));
    return PL_OK;
}
