/* SPDX-License-Identifier: Apache-2.0 */
/* A pipeline as a whole: its file, its life, and its names in use. */
#include "pipeline/pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipeline/pipeline_reader.h"

enum { FILE_SCHEMA, FILE_VERSION, FILE_DESCRIPTION, FILE_MODELS, FILE_BOXES, FILE_LINKS, FILE_INPUTS, FILE_OUTPUTS, FILE_WHOLE,
       FILE_FIELDS };

static const struct pl_json_field file_fields[FILE_FIELDS] = {
    [FILE_SCHEMA] = {.name = "$schema", .kind = PL_FIELD_TEXT},
    [FILE_VERSION] = {.name = "version", .kind = PL_FIELD_WHOLE, .least = 1, .most = 1},
    [FILE_DESCRIPTION] = {.name = "description", .kind = PL_FIELD_TEXT},
    [FILE_MODELS] = {.name = "models", .kind = PL_FIELD_OBJECT, .required = true},
    [FILE_BOXES] = {.name = "boxes", .kind = PL_FIELD_OBJECT},
    [FILE_LINKS] = {.name = "links", .kind = PL_FIELD_LIST},
    [FILE_INPUTS] = {.name = "inputs", .kind = PL_FIELD_OBJECT},
    [FILE_OUTPUTS] = {.name = "outputs", .kind = PL_FIELD_OBJECT},
    [FILE_WHOLE] = {.name = "whole", .kind = PL_FIELD_FLAG},
};
static const struct pl_json_fields file_table = {"a pipeline", file_fields, FILE_FIELDS};

/* ---- what its readers share --------------------------------------------------------------------------------------- */

void *pl_pipeline_array(const struct pl_pipeline_reader *reader, size_t count, size_t bytes)
{
    void *array = pl_region_array(&reader->pipeline->region, count, bytes);
    if (array == NULL) pl_fail(reader->source.error, PL_OUT_OF_MEMORY, "no memory left for '%s'", reader->source.file);
    return array;
}

const char *pl_pipeline_path(const struct pl_pipeline_reader *reader, const char *path)
{
    const char *folder = path[0] == '/' ? "" : reader->pipeline->folder;
    const size_t bytes = strlen(folder) + strlen(path) + 1;
    char *made = pl_pipeline_array(reader, bytes, 1);
    if (made != NULL) snprintf(made, bytes, "%s%s", folder, path);
    return made;
}

struct pl_pipeline_model *pl_pipeline_find_model(const struct pl_pipeline_reader *reader, const char *name)
{
    size_t low = 0, high = reader->pipeline->model_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(name, reader->names[middle].name);
        if (order == 0) return &reader->pipeline->models[reader->names[middle].number];
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return NULL;
}

static pl_status no_model(const struct pl_pipeline_reader *reader, const struct pl_json *value, const char *name)
{
    pl_json_fail(reader->source.error, reader->source.file, value->place, "there is no model '%s'; models:",
                 pl_json_quote(name).text);
    for (size_t i = 0; i < reader->pipeline->model_count; i++)
        pl_error_append(reader->source.error, "%s %s", i == 0 ? "" : ",", reader->pipeline->models[i].name);
    return PL_INVALID_PIPELINE;
}

pl_status pl_pipeline_find_end(const struct pl_pipeline_reader *reader, const struct pl_json *value, bool output,
                               struct pl_end *end)
{
    const size_t length = strcspn(value->text, ".");
    char *name = pl_region_text(&reader->pipeline->region, value->text, length);
    if (name == NULL) return pl_fail(reader->source.error, PL_OUT_OF_MEMORY, "no memory left for '%s'", reader->source.file);
    *end = (struct pl_end){.model_name = name, .tensor_name = value->text + length + (value->text[length] == '.')};
    end->model = pl_pipeline_find_model(reader, name);
    if (end->model == NULL) return no_model(reader, value, name);
    if (pl_entry_find(end->model->entry, output, end->tensor_name, &end->index, reader->source.error) != PL_OK) {
        pl_fail_at(reader->source.error, "model '%s'", name);
        return pl_json_source_fail_at(&reader->source, value);
    }
    end->tensor = output ? pl_entry_output(end->model->entry, end->index) : pl_entry_input(end->model->entry, end->index);
    return PL_OK;
}

pl_status pl_pipeline_check_name(const struct pl_pipeline_reader *reader, const struct pl_json *member)
{
    const size_t length = strspn(member->name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
    if (length > 0 && member->name[length] == '\0') return PL_OK;
    return pl_json_fail(reader->source.error, reader->source.file, member->name_place,
                        "'%s' is no name: letters, digits, '_' and '-' only", pl_json_quote(member->name).text);
}

pl_status pl_pipeline_feed(const struct pl_pipeline_reader *reader, const struct pl_json *value, const struct pl_end *end)
{
    if (end->model->fed[end->index])
        return pl_json_fail(reader->source.error, reader->source.file, value->place,
                            "'%s' is fed already; one link or one named input can feed it", pl_json_quote(value->text).text);
    end->model->fed[end->index] = true;
    return PL_OK;
}

static bool is_first_of_set(const struct pl_pipeline *pipeline, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (pipeline->models[i].set == pipeline->models[index].set) return false;
    return true;
}

static pl_status find_sets(struct pl_pipeline *pipeline, struct pl_error *error)
{
    pipeline->sets = pl_region_array(&pipeline->region, pipeline->model_count, sizeof pipeline->sets[0]);
    if (pipeline->sets == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left for '%s'", pipeline->file);
    for (size_t i = 0; i < pipeline->model_count; i++)
        if (is_first_of_set(pipeline, i)) pipeline->sets[pipeline->set_count++] = pipeline->models[i].entry;
    return PL_OK;
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

static pl_status read_all(struct pl_pipeline_reader *reader, const void *text, size_t bytes)
{
    const struct pl_json *root = NULL, *found[FILE_FIELDS];
    PL_TRY(pl_json_read(&reader->pipeline->region, reader->source.file, text, bytes, &root, reader->source.error));
    PL_TRY(pl_json_fields_read(&reader->source, root, &file_table, found));
    PL_TRY(pl_pipeline_read_models(reader, found[FILE_MODELS]));
    PL_TRY(pl_pipeline_read_boxes(reader, found[FILE_BOXES]));
    PL_TRY(pl_pipeline_read_links(reader, found[FILE_LINKS]));
    PL_TRY(pl_pipeline_read_inputs(reader, found[FILE_INPUTS]));
    reader->pipeline->whole = found[FILE_WHOLE] != NULL && found[FILE_WHOLE]->flag;
    PL_TRY(pl_pipeline_read_outputs(reader, found[FILE_OUTPUTS]));
    for (size_t i = 0; reader->pipeline->whole && i < reader->pipeline->model_count; i++)
        PL_TRY(pl_entry_set_whole(reader->pipeline->models[i].entry, true, reader->source.error));
    return find_sets(reader->pipeline, reader->source.error);
}

/* Lives in its own region. */
static struct pl_pipeline *create(struct pl_interpreter *interpreter, const char *file, const char *folder)
{
    struct pl_region region;
    pl_region_init(&region, pl_interpreter_memory(interpreter));
    struct pl_pipeline *pipeline = pl_region_allocate(&region, sizeof *pipeline);
    char *name = pl_region_text(&region, file, strlen(file));
    const size_t length = strlen(folder);
    const bool slash = length > 0 && folder[length - 1] != '/';
    char *path = pl_region_array(&region, length + 2, 1);
    if (pipeline == NULL || name == NULL || path == NULL) {
        pl_region_clear(&region);
        return NULL;
    }
    snprintf(path, length + 2, "%s%s", folder, slash ? "/" : "");
    *pipeline = (struct pl_pipeline){.interpreter = interpreter, .region = region, .file = name, .folder = path};
    return pipeline;
}

pl_status pl_pipeline_load(struct pl_interpreter *interpreter, const char *file, const char *folder, const void *text,
                           size_t bytes, uint32_t flags, struct pl_pipeline **pipeline, struct pl_error *error)
{
    struct pl_pipeline *made = create(interpreter, file, folder);
    if (made == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left for '%s'", file);
    struct pl_pipeline_reader reader = {.pipeline = made, .source = {made->file, error}, .flags = flags};
    const pl_status status = read_all(&reader, text, bytes);
    if (status == PL_OK) {
        *pipeline = made;
        return PL_OK;
    }
    struct pl_error ignored;
    (void)pl_interpreter_unload_held(interpreter, made, &ignored);
    pl_pipeline_free(made);
    return status;
}

static pl_status read_file(struct pl_memory *memory, int file, const char *path, char **text, size_t *bytes,
                           struct pl_error *error)
{
    struct stat facts;
    if (fstat(file, &facts) != 0) return pl_fail(error, PL_IO, "cannot read '%s': %s", path, strerror(errno));
    if (!S_ISREG(facts.st_mode)) return pl_fail(error, PL_IO, "'%s' is not a regular file", path);
    if (facts.st_size > PL_JSON_MOST_BYTES)
        return pl_fail(error, PL_INVALID_PIPELINE, "%s:1:1: %lld bytes are too many; %d are read at most", path,
                       (long long)facts.st_size, PL_JSON_MOST_BYTES);
    *bytes = (size_t)facts.st_size;
    *text = pl_allocate(memory, *bytes);
    if (*text == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left to read '%s'", path);
    size_t done = 0;
    while (done < *bytes) {
        const ssize_t got = read(file, *text + done, *bytes - done);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return pl_fail(error, PL_IO, "'%s' became shorter while it was read", path);
        done += (size_t)got;
    }
    return PL_OK;
}

pl_status pl_pipeline_load_file(struct pl_interpreter *interpreter, const char *path, uint32_t flags,
                                struct pl_pipeline **pipeline, struct pl_error *error)
{
    struct pl_memory *memory = pl_interpreter_memory(interpreter);
    const char *slash = strrchr(path, '/');
    const size_t length = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return pl_fail(error, PL_IO, "cannot open '%s': %s", path, strerror(errno));
    char *text = NULL, *folder = pl_allocate_zero(memory, length + 1);
    size_t bytes = 0;
    pl_status status = folder != NULL ? read_file(memory, file, path, &text, &bytes, error)
                                      : pl_fail(error, PL_OUT_OF_MEMORY, "no memory left to read '%s'", path);
    close(file);
    if (status == PL_OK) {
        memcpy(folder, path, length);
        status = pl_pipeline_load(interpreter, path, folder, text, bytes, flags, pipeline, error);
    }
    if (text != NULL) pl_free(memory, text, bytes);
    pl_free(memory, folder, length + 1);
    return status;
}

/* ---- life --------------------------------------------------------------------------------------------------------- */

pl_status pl_pipeline_unload(struct pl_pipeline *pipeline, struct pl_error *error)
{
    return pl_interpreter_unload_held(pipeline->interpreter, pipeline, error);
}

void pl_pipeline_free(struct pl_pipeline *pipeline)
{
    struct pl_region region = pipeline->region; /* it lies in there itself */
    pl_region_clear(&region);
}

/* ---- use ---------------------------------------------------------------------------------------------------------- */

static const struct pl_pipeline_input *find_input(const struct pl_pipeline *pipeline, const char *name,
                                                  struct pl_error *error)
{
    for (size_t i = 0; i < pipeline->input_count; i++)
        if (strcmp(pipeline->inputs[i].name, name) == 0) return &pipeline->inputs[i];
    pl_fail(error, PL_NOT_FOUND, "%s: there is no input '%s'; inputs:", pipeline->file, name);
    for (size_t i = 0; i < pipeline->input_count; i++)
        pl_error_append(error, "%s %s", i == 0 ? "" : ",", pipeline->inputs[i].name);
    return NULL;
}

static const struct pl_pipeline_output *find_output(const struct pl_pipeline *pipeline, const char *name,
                                                    struct pl_error *error)
{
    for (size_t i = 0; i < pipeline->output_count; i++)
        if (strcmp(pipeline->outputs[i].name, name) == 0) return &pipeline->outputs[i];
    pl_fail(error, PL_NOT_FOUND, "%s: there is no output '%s'; outputs:", pipeline->file, name);
    for (size_t i = 0; i < pipeline->output_count; i++)
        pl_error_append(error, "%s %s", i == 0 ? "" : ",", pipeline->outputs[i].name);
    return NULL;
}

pl_status pl_pipeline_write(const struct pl_pipeline *pipeline, const char *name, const void *data, size_t bytes,
                            struct pl_error *error)
{
    const struct pl_pipeline_input *input = find_input(pipeline, name, error);
    if (input == NULL) return PL_NOT_FOUND;
    if (input->is_stream)
        return pl_fail(error, PL_INVALID_ARGUMENT, "%s: the rows of input '%s' are pushed", pipeline->file, name);
    for (size_t i = 0; i < input->target_count; i++)
        if (pl_handle_write(input->targets[i], data, bytes, error) != PL_OK)
            return pl_fail_at(error, "%s: input '%s'", pipeline->file, name);
    return PL_OK;
}

pl_status pl_pipeline_push(const struct pl_pipeline *pipeline, const char *name, const void *rows, size_t bytes,
                           struct pl_error *error)
{
    const struct pl_pipeline_input *input = find_input(pipeline, name, error);
    if (input == NULL) return PL_NOT_FOUND;
    for (size_t i = 0; i < input->target_count; i++)
        if (pl_handle_push(input->targets[i], rows, bytes, error) != PL_OK)
            return pl_fail_at(error, "%s: input '%s'", pipeline->file, name);
    return PL_OK;
}

pl_status pl_pipeline_run(const struct pl_pipeline *pipeline, struct pl_error *error)
{
    for (size_t i = 0; i < pipeline->set_count; i++)
        if (pl_entry_run(pipeline->sets[i], error) != PL_OK) return pl_fail_at(error, "%s", pipeline->file);
    return PL_OK;
}

pl_status pl_pipeline_read(const struct pl_pipeline *pipeline, const char *name, void *data, size_t bytes,
                           struct pl_error *error)
{
    const struct pl_pipeline_output *output = find_output(pipeline, name, error);
    if (output == NULL) return PL_NOT_FOUND;
    const pl_status status = pl_handle_read(output->tensor, data, bytes, error);
    return status == PL_OK ? PL_OK : pl_fail_at(error, "%s: output '%s'", pipeline->file, name);
}

pl_status pl_pipeline_read_state(const struct pl_pipeline *pipeline, const char *name, struct pl_threshold_state *state,
                                 struct pl_error *error)
{
    const struct pl_pipeline_output *output = find_output(pipeline, name, error);
    if (output == NULL) return PL_NOT_FOUND;
    if (output->threshold == NULL)
        return pl_fail(error, PL_INVALID_ARGUMENT, "%s: output '%s' has no 'threshold'", pipeline->file, name);
    *state = pl_threshold_read(output->threshold);
    return PL_OK;
}
