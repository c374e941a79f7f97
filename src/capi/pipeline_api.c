/* SPDX-License-Identifier: Apache-2.0 */
/* plait.h: pipelines. */
#include "capi/handles.h"

static struct pl_pipeline *pipeline_of(struct plait_pipeline *pipeline)
{
    return (struct pl_pipeline *)(void *)pipeline;
}

static const struct pl_pipeline *const_pipeline(const struct plait_pipeline *pipeline)
{
    return (const struct pl_pipeline *)(const void *)pipeline;
}

static struct plait_interpreter *api_of(const struct pl_pipeline *pipeline)
{
    return (struct plait_interpreter *)(void *)pl_interpreter_memory(pipeline->interpreter);
}

/* ---- life --------------------------------------------------------------------------------------------------------- */

struct load_arguments {
    const char *path; /* NULL: from memory */
    const void *text;
    size_t bytes;
    const char *folder;
    uint32_t flags;
    bool keep_all;
    struct pl_pipeline *pipeline;
};

static pl_status load(struct plait_interpreter *api, void *context, struct pl_error *error)
{
    struct load_arguments *arguments = context;
    if (arguments->path != NULL)
        PL_TRY(pl_pipeline_load_file(api->interpreter, arguments->path, arguments->flags, &arguments->pipeline, error));
    else
        PL_TRY(pl_pipeline_load(api->interpreter, "pipeline", arguments->folder, arguments->text, arguments->bytes,
                                arguments->flags, &arguments->pipeline, error));
    for (size_t i = 0; arguments->keep_all && i < arguments->pipeline->model_count; i++)
        pl_entry_keep_all(arguments->pipeline->models[i].entry);
    return PL_OK;
}

static pl_status measure_load(struct plait_interpreter *api, void *context, struct pl_error *error)
{
    struct load_arguments *arguments = context;
    PL_TRY(load(api, context, error));
    PL_TRY(pl_pipeline_unload(arguments->pipeline, error));
    pl_pipeline_free(arguments->pipeline);
    return PL_OK;
}

static plait_status load_pipeline(struct plait_interpreter *api, struct load_arguments *arguments,
                                  struct plait_pipeline **pipeline)
{
    const plait_status status = pl_run_operation(api, load, measure_load, arguments);
    if (status != PLAIT_OK) return status;
    pthread_mutex_lock(&api->pipeline_lock);
    arguments->pipeline->next = api->pipelines;
    api->pipelines = arguments->pipeline;
    pthread_mutex_unlock(&api->pipeline_lock);
    *pipeline = (struct plait_pipeline *)(void *)arguments->pipeline;
    return PLAIT_OK;
}

plait_status plait_pipeline_load(struct plait_interpreter *interpreter, const char *path,
                                 const struct plait_load_options *options, struct plait_pipeline **pipeline)
{
    if (interpreter == NULL) return PLAIT_INVALID_ARGUMENT;
    struct load_arguments arguments = {.path = path, .keep_all = options != NULL && options->keep_all_tensors};
    if (path == NULL || pipeline == NULL || !pl_load_flags_of(options, &arguments.flags))
        return pl_refuse(interpreter, "plait_pipeline_load: an argument is NULL, or the options were not set by default first");
    return load_pipeline(interpreter, &arguments, pipeline);
}

plait_status plait_pipeline_load_buffer(struct plait_interpreter *interpreter, const void *text, size_t bytes,
                                        const char *folder, const struct plait_load_options *options,
                                        struct plait_pipeline **pipeline)
{
    if (interpreter == NULL) return PLAIT_INVALID_ARGUMENT;
    struct load_arguments arguments = {.text = text,
                                       .bytes = bytes,
                                       .folder = folder != NULL ? folder : "",
                                       .keep_all = options != NULL && options->keep_all_tensors};
    if (text == NULL || pipeline == NULL || !pl_load_flags_of(options, &arguments.flags))
        return pl_refuse(interpreter,
                         "plait_pipeline_load_buffer: an argument is NULL, or the options were not set by default first");
    return load_pipeline(interpreter, &arguments, pipeline);
}

plait_status plait_pipeline_unload(struct plait_pipeline *pipeline)
{
    if (pipeline == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_pipeline *gone = pipeline_of(pipeline);
    struct plait_interpreter *api = api_of(gone);
    struct pl_error error = {0};
    const pl_status status = pl_pipeline_unload(gone, &error);
    if (status != PL_OK) return pl_report(api, status, &error);
    pthread_mutex_lock(&api->pipeline_lock);
    struct pl_pipeline **at = &api->pipelines;
    while (*at != gone) at = &(*at)->next;
    *at = gone->next;
    pthread_mutex_unlock(&api->pipeline_lock);
    pl_pipeline_free(gone);
    return PLAIT_OK;
}

/* ---- what is in it ------------------------------------------------------------------------------------------------ */

plait_status plait_pipeline_model_at(const struct plait_pipeline *pipeline, size_t index, struct plait_pipeline_model *model)
{
    if (pipeline == NULL || model == NULL) return PLAIT_INVALID_ARGUMENT;
    if (index >= const_pipeline(pipeline)->model_count) return PLAIT_NOT_FOUND;
    const struct pl_pipeline_model *found = &const_pipeline(pipeline)->models[index];
    *model = (struct plait_pipeline_model){pl_model_handle(found->entry), found->path, found->resized};
    return PLAIT_OK;
}

plait_status plait_pipeline_link_at(const struct plait_pipeline *pipeline, size_t index, struct plait_pipeline_link *link)
{
    if (pipeline == NULL || link == NULL) return PLAIT_INVALID_ARGUMENT;
    if (index >= const_pipeline(pipeline)->link_count) return PLAIT_NOT_FOUND;
    const struct pl_pipeline_link *found = &const_pipeline(pipeline)->links[index];
    *link = (struct plait_pipeline_link){.from_model = found->from_model,
                                         .output = found->output,
                                         .to_model = found->to_model,
                                         .input = found->input,
                                         .options = {.struct_bytes = sizeof link->options,
                                                     .cast = found->options.cast,
                                                     .reshape = found->options.reshape,
                                                     .has_scale = found->options.has_scale,
                                                     .has_offset = found->options.has_offset,
                                                     .scale = found->options.scale,
                                                     .offset = found->options.offset,
                                                     .hop = found->options.hop,
                                                     .axis = found->options.axis,
                                                     .zero_rows = found->options.zero_rows,
                                                     .from_input = found->options.from_input,
                                                     .when = (plait_when)found->options.when.kind,
                                                     .when_index = found->options.when.index,
                                                     .when_least = found->options.when.least,
                                                     .when_has_until = found->options.when.until < found->options.when.least,
                                                     .when_until = found->options.when.until,
                                                     .when_output = found->options.when_output}};
    if (found->options.crop == NULL) return PLAIT_OK;
    link->crop = (struct plait_crop){found->options.crop->boxes.model, pl_boxes_public(&found->options.crop->boxes),
                                     found->options.crop->margin};
    link->options.crop = &link->crop;
    return PLAIT_OK;
}

plait_status plait_pipeline_input_at(const struct plait_pipeline *pipeline, size_t index, struct plait_pipeline_input *input)
{
    if (pipeline == NULL || input == NULL) return PLAIT_INVALID_ARGUMENT;
    if (index >= const_pipeline(pipeline)->input_count) return PLAIT_NOT_FOUND;
    const struct pl_pipeline_input *found = &const_pipeline(pipeline)->inputs[index];
    *input = (struct plait_pipeline_input){.name = found->name,
                                           .target_count = found->target_count,
                                           .targets = (struct plait_tensor *const *)(void *)found->targets,
                                           .is_stream = found->is_stream,
                                           .hop = found->is_stream ? found->window.hop : 0,
                                           .axis = found->is_stream ? found->window.axis : 0,
                                           .is_picture = found->is_picture,
                                           .nearest = found->nearest,
                                           .mean = found->mean,
                                           .deviation = found->deviation,
                                           .sound_rate = found->sound_rate};
    return PLAIT_OK;
}

plait_status plait_pipeline_output_at(const struct plait_pipeline *pipeline, size_t index,
                                      struct plait_pipeline_output *output)
{
    if (pipeline == NULL || output == NULL) return PLAIT_INVALID_ARGUMENT;
    if (index >= const_pipeline(pipeline)->output_count) return PLAIT_NOT_FOUND;
    const struct pl_pipeline_output *found = &const_pipeline(pipeline)->outputs[index];
    *output = (struct plait_pipeline_output){.name = found->name,
                                             .tensor = pl_tensor_public(found->tensor),
                                             .model = pl_model_handle(pl_handle_entry(found->tensor)),
                                             .top = found->top,
                                             .labels = found->labels,
                                             .has_boxes = found->boxes != NULL};
    if (found->boxes != NULL) output->boxes = pl_boxes_public(&found->boxes->boxes);
    if (found->threshold == NULL) return PLAIT_OK;
    output->has_threshold = true;
    output->threshold_index = found->threshold->when.index;
    output->threshold = found->threshold->when.least;
    output->until = found->threshold->when.until;
    return PLAIT_OK;
}

/* ---- use ---------------------------------------------------------------------------------------------------------- */

static plait_status report(const struct pl_pipeline *pipeline, pl_status status, const struct pl_error *error)
{
    return status == PL_OK ? PLAIT_OK : pl_report(api_of(pipeline), status, error);
}

plait_status plait_pipeline_write(struct plait_pipeline *pipeline, const char *input, const void *data, size_t bytes)
{
    if (pipeline == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_pipeline *to = pipeline_of(pipeline);
    struct pl_error error = {0};
    if (input == NULL || data == NULL) return pl_refuse(api_of(to), "plait_pipeline_write: an argument is NULL");
    return report(to, pl_pipeline_write(to, input, data, bytes, &error), &error);
}

plait_status plait_pipeline_push(struct plait_pipeline *pipeline, const char *input, const void *rows, size_t bytes)
{
    if (pipeline == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_pipeline *to = pipeline_of(pipeline);
    struct pl_error error = {0};
    if (input == NULL || rows == NULL) return pl_refuse(api_of(to), "plait_pipeline_push: an argument is NULL");
    return report(to, pl_pipeline_push(to, input, rows, bytes, &error), &error);
}

plait_status plait_pipeline_read(const struct plait_pipeline *pipeline, const char *output, void *data, size_t bytes)
{
    if (pipeline == NULL) return PLAIT_INVALID_ARGUMENT;
    const struct pl_pipeline *from = const_pipeline(pipeline);
    struct pl_error error = {0};
    if (output == NULL || data == NULL) return pl_refuse(api_of(from), "plait_pipeline_read: an argument is NULL");
    return report(from, pl_pipeline_read(from, output, data, bytes, &error), &error);
}

plait_status plait_pipeline_state(const struct plait_pipeline *pipeline, const char *output, struct plait_output_state *state)
{
    if (pipeline == NULL) return PLAIT_INVALID_ARGUMENT;
    const struct pl_pipeline *from = const_pipeline(pipeline);
    struct pl_error error = {0};
    struct pl_threshold_state found = {0};
    if (output == NULL || state == NULL) return pl_refuse(api_of(from), "plait_pipeline_state: an argument is NULL");
    const pl_status status = pl_pipeline_read_state(from, output, &found, &error);
    if (status == PL_OK) *state = (struct plait_output_state){found.on, found.changed, found.changes};
    return report(from, status, &error);
}

plait_status plait_pipeline_run(struct plait_pipeline *pipeline)
{
    if (pipeline == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_pipeline *which = pipeline_of(pipeline);
    struct pl_error error = {0};
    return report(which, pl_pipeline_run(which, &error), &error);
}

plait_status plait_pipeline_submit(struct plait_pipeline *pipeline, const struct plait_submit_options *options,
                                   plait_request *request)
{
    if (pipeline == NULL) return PLAIT_INVALID_ARGUMENT;
    const struct pl_pipeline *which = pipeline_of(pipeline);
    return pl_submit(api_of(which), which->sets, which->set_count, true, options, request);
}
