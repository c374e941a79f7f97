/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline_file.h"

#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "progress.h"
#include "talk.h"

bool pipeline_is(const char *argument)
{
    static const char ending[] = ".json";
    const size_t length = strlen(argument), ending_length = sizeof ending - 1;
    return length > ending_length && strcmp(argument + length - ending_length, ending) == 0;
}

/* What a model lacks, in the library's words; NULL: nothing. */
static char *find_unsupported(const struct loaded_model *item)
{
    struct plait_interpreter *interpreter = NULL;
    char *text = NULL;
    if (plait_open(NULL, &interpreter) == PLAIT_OK &&
        plait_load_file(interpreter, item->name, item->path, NULL, NULL) == PLAIT_UNSUPPORTED)
        text = heap_text("%s", plait_last_error(interpreter));
    plait_close(interpreter);
    return text;
}

static void add_models(struct models *models, bool unsupported)
{
    struct plait_pipeline_model found;
    for (size_t i = 0; plait_pipeline_model_at(models->pipeline, i, &found) == PLAIT_OK; i++) {
        models->items = heap_grow(models->items, models->count, sizeof *models->items);
        struct loaded_model *item = &models->items[models->count];
        *item = (struct loaded_model){.model = found.model,
                                      .name = heap_text("%s", plait_model_name(found.model)),
                                      .path = found.path,
                                      .set = models->count++,
                                      .of_pipeline = true};
        if (unsupported) item->unsupported = find_unsupported(item);
    }
}

static void add_links(struct models *models)
{
    struct plait_pipeline_link found;
    for (size_t i = 0; plait_pipeline_link_at(models->pipeline, i, &found) == PLAIT_OK; i++) {
        char *ends = heap_text("link %s%s%s=%s%s%s", found.from_model, found.output[0] != '\0' ? "." : "", found.output,
                               found.to_model, found.input[0] != '\0' ? "." : "", found.input);
        struct plait_model *from = plait_find_model(models->interpreter, found.from_model);
        struct plait_model *to = plait_find_model(models->interpreter, found.to_model);
        struct plait_tensor *source = found.options.from_input ? plait_find_input(from, found.output)
                                                               : plait_find_output(from, found.output);
        models_note_link(models, ends, &(struct model_link){source, plait_find_input(to, found.input), found.options, false});
        free(ends);
    }
}

int pipeline_load(struct models *models, const char *path, bool allow_unsupported)
{
    if (models->pipeline != NULL)
        return complain(EXIT_USAGE, "%s: one pipeline file at a time; its models can stand in one file", path);
    progress_step("loading %s", path);
    plait_status status = plait_pipeline_load(models->interpreter, path, NULL, &models->pipeline);
    const bool unsupported = status == PLAIT_UNSUPPORTED && allow_unsupported;
    if (unsupported) {
        struct plait_load_options options;
        plait_load_options_default(&options);
        options.allow_unsupported = true;
        status = plait_pipeline_load(models->interpreter, path, &options, &models->pipeline);
    }
    if (status != PLAIT_OK) return complain_status(models->interpreter, status, "");
    add_models(models, unsupported);
    add_links(models);
    return EXIT_FINE;
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_name(const char *value, const char *name)
{
    const size_t length = strlen(name);
    return strncmp(value, name, length) == 0 && (value[length] == '\0' || value[length] == '=');
}

bool pipeline_find_input(const struct models *models, const char *value, struct plait_pipeline_input *input)
{
    for (size_t i = 0; plait_pipeline_input_at(models->pipeline, i, input) == PLAIT_OK; i++)
        if (is_name(value, input->name)) return true;
    return false;
}

bool pipeline_find_output(const struct models *models, const char *value, struct plait_pipeline_output *output)
{
    for (size_t i = 0; plait_pipeline_output_at(models->pipeline, i, output) == PLAIT_OK; i++)
        if (is_name(value, output->name)) return true;
    return false;
}

bool pipeline_input_of(const struct models *models, const struct plait_tensor *tensor, struct plait_pipeline_input *input)
{
    for (size_t i = 0; plait_pipeline_input_at(models->pipeline, i, input) == PLAIT_OK; i++)
        for (size_t k = 0; k < input->target_count; k++)
            if (input->targets[k] == tensor) return true;
    return false;
}

static char *longer(char *text, const char *between, const char *name)
{
    char *made = heap_text("%s%s%s", text, between, name);
    free(text);
    return made;
}

char *pipeline_names(const struct models *models)
{
    struct plait_pipeline_input input;
    struct plait_pipeline_output output;
    char *text = heap_text("%s", "");
    for (size_t i = 0; plait_pipeline_input_at(models->pipeline, i, &input) == PLAIT_OK; i++)
        text = longer(text, i == 0 ? "; inputs: " : ", ", input.name);
    for (size_t i = 0; plait_pipeline_output_at(models->pipeline, i, &output) == PLAIT_OK; i++)
        text = longer(text, i == 0 ? "; outputs: " : ", ", output.name);
    return text;
}

char *input_label(const struct models *models, const struct loaded_model *model, size_t index)
{
    struct plait_pipeline_input named;
    if (pipeline_input_of(models, plait_input(model->model, index), &named)) return heap_text("%s", named.name);
    char *name = input_name(model->model, index), *label = heap_text("%s.%s", model->name, name);
    free(name);
    return label;
}

bool pipeline_is_stream(const struct models *models, const struct plait_tensor *input)
{
    struct plait_pipeline_input found;
    return pipeline_input_of(models, input, &found) && found.is_stream;
}

static bool has_tensor(const struct plait_model *model, const struct plait_tensor *tensor)
{
    for (size_t i = 0; i < plait_input_count(model); i++)
        if (plait_input(model, i) == tensor) return true;
    for (size_t i = 0; i < plait_output_count(model); i++)
        if (plait_output(model, i) == tensor) return true;
    return false;
}

const struct loaded_model *models_of(const struct models *models, const struct plait_tensor *tensor)
{
    for (size_t i = 0; i < models->count; i++)
        if (has_tensor(models->items[i].model, tensor)) return &models->items[i];
    return NULL;
}
