/* SPDX-License-Identifier: Apache-2.0 */
/* "models" of a pipeline file: name -> file, or an object with the file and options. */
#include <string.h>

#include "graph/graph.h"
#include "pipeline/pipeline_reader.h"

enum { MODEL_FILE, MODEL_CLASS, MODEL_THREADS, MODEL_KEEP_MAPPED, MODEL_SHAPES, MODEL_FIELDS };

static const struct pl_json_field model_fields[MODEL_FIELDS] = {
    [MODEL_FILE] = {.name = "file", .kind = PL_FIELD_TEXT, .required = true},
    [MODEL_CLASS] = {.name = "class", .kind = PL_FIELD_WHOLE, .least = 0, .most = PL_MOST_CLASS},
    [MODEL_THREADS] = {.name = "threads", .kind = PL_FIELD_WHOLE, .least = 1, .most = 1024},
    [MODEL_KEEP_MAPPED] = {.name = "keep_mapped", .kind = PL_FIELD_FLAG},
    [MODEL_SHAPES] = {.name = "shapes", .kind = PL_FIELD_OBJECT},
};
static const struct pl_json_fields model_table = {"a model", model_fields, MODEL_FIELDS};

/* One dimension of "shapes". */
static pl_status read_shape(const struct pl_pipeline_reader *reader, const struct pl_json *list, struct pl_shape *shape)
{
    if (list->kind != PL_JSON_LIST || list->count > PL_MAX_RANK)
        return pl_json_field_wrong(&reader->source, list, "a shape", "a list of up to 8 dimensions");
    for (const struct pl_json *dim = list->first; dim != NULL; dim = dim->next) {
        if (dim->kind != PL_JSON_NUMBER || !(dim->number >= 0 && dim->number <= INT32_MAX) ||
            dim->number > (double)(int32_t)dim->number)
            return pl_json_field_wrong(&reader->source, dim, "a dimension", "a whole number from 0 to 2147483647");
        shape->dims[shape->rank++] = (int32_t)dim->number;
    }
    return PL_OK;
}

static pl_status read_shapes(const struct pl_pipeline_reader *reader, const struct pl_json *shapes, struct pl_entry *entry)
{
    for (const struct pl_json *member = shapes->first; member != NULL; member = member->next) {
        struct pl_shape shape = {0};
        int32_t index = 0;
        PL_TRY(read_shape(reader, member, &shape));
        if (pl_entry_find(entry, false, member->name, &index, reader->source.error) != PL_OK ||
            pl_entry_resize(entry, index, &shape, reader->source.error) != PL_OK)
            return pl_json_source_fail_at(&reader->source, member);
    }
    return PL_OK;
}

static pl_status add_model(struct pl_pipeline_reader *reader, struct pl_pipeline_model *model, uint32_t flags)
{
    struct pl_pipeline *pipeline = reader->pipeline;
    struct pl_graph *graph = NULL;
    PL_TRY(pl_interpreter_import_file(pipeline->interpreter, model->path, flags, &graph, reader->source.error));
    const pl_status status =
        pl_interpreter_add(pipeline->interpreter, model->name, graph, NULL, &model->entry, reader->source.error);
    pl_interpreter_release_graph(pipeline->interpreter, graph);
    PL_TRY(status);
    pl_entry_hold(model->entry, pipeline);
    model->set = pipeline->model_count++;
    return PL_OK;
}

static pl_status read_model(struct pl_pipeline_reader *reader, const struct pl_json *value)
{
    const struct pl_json *found[MODEL_FIELDS] = {0};
    struct pl_pipeline_model *model = &reader->pipeline->models[reader->pipeline->model_count];
    if (value->kind == PL_JSON_TEXT && value->text[0] != '\0') found[MODEL_FILE] = value;
    else if (value->kind != PL_JSON_OBJECT)
        return pl_json_field_wrong(&reader->source, value, "a model", "the path of a .tflite file, or an object with 'file'");
    else PL_TRY(pl_json_fields_read(&reader->source, value, &model_table, found));
    model->name = value->name;
    model->path = pl_pipeline_path(reader, found[MODEL_FILE]->text);
    if (model->path == NULL) return reader->source.error->status;
    const bool mapped = found[MODEL_KEEP_MAPPED] != NULL && found[MODEL_KEEP_MAPPED]->flag;
    if (add_model(reader, model, reader->flags | (mapped ? PL_LOAD_KEEP_MAPPED : 0u)) != PL_OK)
        return pl_json_source_fail_at(&reader->source, value);
    model->fed = pl_pipeline_array(reader, (size_t)pl_entry_input_count(model->entry), sizeof(bool));
    model->taken = pl_pipeline_array(reader, (size_t)pl_entry_output_count(model->entry), sizeof(bool));
    if (model->fed == NULL || model->taken == NULL) return PL_OUT_OF_MEMORY;
    if (found[MODEL_CLASS] != NULL &&
        pl_entry_set_class(model->entry, (int32_t)found[MODEL_CLASS]->number, reader->source.error) != PL_OK)
        return pl_json_source_fail_at(&reader->source, found[MODEL_CLASS]);
    if (found[MODEL_THREADS] != NULL &&
        pl_entry_set_threads(model->entry, (int32_t)found[MODEL_THREADS]->number, reader->source.error) != PL_OK)
        return pl_json_source_fail_at(&reader->source, found[MODEL_THREADS]);
    model->resized = found[MODEL_SHAPES] != NULL;
    return model->resized ? read_shapes(reader, found[MODEL_SHAPES], model->entry) : PL_OK;
}

pl_status pl_pipeline_read_models(struct pl_pipeline_reader *reader, const struct pl_json *models)
{
    struct pl_pipeline *pipeline = reader->pipeline;
    if (models->count == 0) return pl_json_field_wrong(&reader->source, models, "'models'", "an object with at least one model");
    pipeline->models = pl_pipeline_array(reader, models->count, sizeof pipeline->models[0]);
    reader->names = pl_pipeline_array(reader, models->count, sizeof reader->names[0]);
    if (pipeline->models == NULL || reader->names == NULL) return PL_OUT_OF_MEMORY;
    for (const struct pl_json *member = models->first; member != NULL; member = member->next) {
        reader->names[pipeline->model_count] = (struct pl_named){member->name, (int64_t)pipeline->model_count};
        PL_TRY(read_model(reader, member));
    }
    pl_sort_names(reader->names, pipeline->model_count);
    return PL_OK;
}
