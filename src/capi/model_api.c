/* SPDX-License-Identifier: Apache-2.0 */
/* plait.h: models, signatures, links, planning and running. */
#include <string.h>

#include "capi/handles.h"

/* ---- models ------------------------------------------------------------------------------------------------------- */

void plait_load_options_default(struct plait_load_options *options)
{
    if (options != NULL) *options = (struct plait_load_options){.struct_bytes = sizeof *options};
}

struct load_arguments {
    const char *name;
    const char *path; /* NULL: from memory */
    const void *data;
    size_t bytes;
    uint32_t flags;
    bool keep_all;
    struct pl_entry *entry;
};

bool pl_load_flags_of(const struct plait_load_options *options, uint32_t *flags)
{
    *flags = 0;
    if (options == NULL) return true;
    if (options->keep_mapped) *flags |= PL_LOAD_KEEP_MAPPED;
    if (options->borrow) *flags |= PL_LOAD_BORROW;
    if (options->allow_unsupported) *flags |= PL_LOAD_ALLOW_UNSUPPORTED;
    return options->struct_bytes == sizeof *options;
}

static bool take_options(const struct plait_load_options *options, struct load_arguments *arguments)
{
    const bool fits = pl_load_flags_of(options, &arguments->flags);
    arguments->keep_all = options != NULL && options->keep_all_tensors;
    if (arguments->keep_all) arguments->flags |= PL_LOAD_ALONE;
    return fits;
}

static pl_status load(struct plait_interpreter *api, void *context, struct pl_error *error)
{
    struct load_arguments *arguments = context;
    struct pl_graph *graph = NULL;
    if (arguments->path != NULL)
        PL_TRY(pl_interpreter_import_file(api->interpreter, arguments->path, arguments->flags, &graph, error));
    else
        PL_TRY(pl_interpreter_import(api->interpreter, arguments->data, arguments->bytes, arguments->flags, &graph,
                                     error));
    const pl_status status = pl_interpreter_add(api->interpreter, arguments->name, graph, NULL,
                                                &arguments->entry, error);
    pl_interpreter_release_graph(api->interpreter, graph);
    if (status == PL_OK && arguments->keep_all) pl_entry_keep_all(arguments->entry);
    return status;
}

static pl_status measure_load(struct plait_interpreter *api, void *context, struct pl_error *error)
{
    struct load_arguments *arguments = context;
    PL_TRY(load(api, context, error));
    return pl_interpreter_unload(arguments->entry, error);
}

static plait_status load_model(struct plait_interpreter *api, struct load_arguments *arguments,
                               struct plait_model **model)
{
    const plait_status status = pl_run_operation(api, load, measure_load, arguments);
    if (status == PLAIT_OK && model != NULL) *model = pl_model_handle(arguments->entry);
    return status;
}

void pl_name_from_path(const char *path, char *name, size_t name_bytes)
{
    const char *slash = strrchr(path, '/');
    const char *stem = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(stem, '.');
    size_t length = dot == NULL || dot == stem ? strlen(stem) : (size_t)(dot - stem);
    if (length >= name_bytes) length = name_bytes - 1;
    for (size_t i = 0; i < length; i++) {
        const char c = stem[i];
        const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        name[i] = fits ? c : '_';
    }
    name[length] = '\0';
}

plait_status plait_load_file(struct plait_interpreter *interpreter, const char *name, const char *path,
                             const struct plait_load_options *options, struct plait_model **model)
{
    if (interpreter == NULL) return PLAIT_INVALID_ARGUMENT;
    char stem[256];
    struct load_arguments arguments = {.name = name, .path = path};
    if (path == NULL || !take_options(options, &arguments))
        return pl_refuse(interpreter, "plait_load_file: path is NULL, or the options were not set by default first");
    if (name == NULL) {
        pl_name_from_path(path, stem, sizeof stem);
        arguments.name = stem;
    }
    return load_model(interpreter, &arguments, model);
}

plait_status plait_load_buffer(struct plait_interpreter *interpreter, const char *name, const void *data, size_t bytes,
                               const struct plait_load_options *options, struct plait_model **model)
{
    if (interpreter == NULL) return PLAIT_INVALID_ARGUMENT;
    struct load_arguments arguments = {.name = name, .data = data, .bytes = bytes};
    if (name == NULL || data == NULL || !take_options(options, &arguments))
        return pl_refuse(interpreter, "plait_load_buffer: name or data is NULL, or the options were not set by default first");
    return load_model(interpreter, &arguments, model);
}

struct clone_arguments {
    const struct pl_entry *from;
    const char *name;
    struct pl_entry *entry;
};

static pl_status clone_model(struct plait_interpreter *api, void *context, struct pl_error *error)
{
    struct clone_arguments *arguments = context;
    return pl_interpreter_add(api->interpreter, arguments->name, pl_entry_graph(arguments->from), NULL, &arguments->entry,
                              error);
}

static pl_status measure_clone(struct plait_interpreter *api, void *context, struct pl_error *error)
{
    struct clone_arguments *arguments = context;
    PL_TRY(clone_model(api, context, error));
    return pl_interpreter_unload(arguments->entry, error);
}

plait_status plait_clone(const struct plait_model *model, const char *name, struct plait_model **clone)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    struct plait_interpreter *api = pl_api_of(pl_const_entry(model));
    if (name == NULL) return pl_refuse(api, "plait_clone: name is NULL");
    struct clone_arguments arguments = {pl_const_entry(model), name, NULL};
    const plait_status status = pl_run_operation(api, clone_model, measure_clone, &arguments);
    if (status == PLAIT_OK && clone != NULL) *clone = pl_model_handle(arguments.entry);
    return status;
}

plait_status plait_unload(struct plait_model *model)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    struct plait_interpreter *api = pl_api_of(pl_entry_of(model));
    struct pl_error error = {0};
    return pl_report(api, pl_interpreter_unload(pl_entry_of(model), &error), &error);
}

size_t plait_model_count(const struct plait_interpreter *interpreter)
{
    return interpreter == NULL ? 0 : pl_interpreter_count(interpreter->interpreter);
}

struct plait_model *plait_model_at(const struct plait_interpreter *interpreter, size_t index)
{
    return interpreter == NULL ? NULL : pl_model_handle(pl_interpreter_at(interpreter->interpreter, index));
}

struct plait_model *plait_find_model(const struct plait_interpreter *interpreter, const char *name)
{
    if (interpreter == NULL || name == NULL) return NULL;
    return pl_model_handle(pl_interpreter_find(interpreter->interpreter, name));
}

const char *plait_model_name(const struct plait_model *model)
{
    return model == NULL ? NULL : pl_entry_name(pl_const_entry(model));
}

const char *plait_model_description(const struct plait_model *model)
{
    return model == NULL ? NULL : pl_entry_graph(pl_const_entry(model))->description;
}

plait_status plait_set_threads(struct plait_model *model, int32_t threads)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_error error = {0};
    return pl_report(pl_api_of(pl_entry_of(model)), pl_entry_set_threads(pl_entry_of(model), threads, &error), &error);
}

size_t plait_subgraph_count(const struct plait_model *model)
{
    return model == NULL ? 0 : (size_t)pl_entry_graph(pl_const_entry(model))->subgraph_count;
}

struct plait_model *plait_subgraph(struct plait_model *model, size_t index)
{
    return model == NULL ? NULL : pl_model_handle(pl_entry_of_subgraph(pl_entry_of(model), index));
}

size_t plait_subgraph_index(const struct plait_model *model)
{
    return model == NULL ? 0 : (size_t)pl_entry_subgraph_index(pl_const_entry(model));
}

size_t plait_signature_count(const struct plait_model *model)
{
    return model == NULL ? 0 : (size_t)pl_entry_signature_count(pl_const_entry(model));
}

const char *plait_signature_key(const struct plait_model *model, size_t index)
{
    if (model == NULL || index > INT32_MAX) return NULL;
    return pl_entry_signature_key(pl_const_entry(model), (int32_t)index);
}

struct plait_model *plait_signature(struct plait_model *model, const char *key)
{
    if (model == NULL || key == NULL) return NULL;
    return pl_model_handle(pl_entry_signature(pl_entry_of(model), key));
}

/* ---- links -------------------------------------------------------------------------------------------------------- */

void plait_link_options_default(struct plait_link_options *options)
{
    if (options != NULL) *options = (struct plait_link_options){.struct_bytes = sizeof *options, .scale = 1.0f};
}

struct pl_link_options pl_link_options_of(const struct plait_link_options *options, const char *from_model,
                                          struct pl_crop *crop)
{
    if (options->crop != NULL) {
        const char *model = options->crop->boxes_model != NULL ? options->crop->boxes_model : from_model;
        *crop = (struct pl_crop){pl_boxes_of(&options->crop->boxes, model), options->crop->margin};
    }
    return (struct pl_link_options){.cast = options->cast,
                                    .reshape = options->reshape,
                                    .has_scale = options->has_scale,
                                    .has_offset = options->has_offset,
                                    .scale = options->scale,
                                    .offset = options->offset,
                                    .hop = options->hop,
                                    .axis = options->axis,
                                    .zero_rows = options->zero_rows,
                                    .from_input = options->from_input,
                                    .when = {(pl_condition_kind)options->when, -1, options->when_index, options->when_least,
                                             options->when_has_until ? options->when_until : options->when_least},
                                    .when_output = options->when_output,
                                    .crop = options->crop != NULL ? crop : NULL};
}

struct link_arguments {
    const char *from_model;
    const char *output;
    const char *to_model;
    const char *input;
    struct pl_link_options options;
};

static pl_status link_models(struct plait_interpreter *api, void *context, struct pl_error *error)
{
    const struct link_arguments *arguments = context;
    return pl_interpreter_link(api->interpreter, arguments->from_model, arguments->output, arguments->to_model,
                               arguments->input, &arguments->options, error);
}

static pl_status measure_link(struct plait_interpreter *api, void *context, struct pl_error *error)
{
    const struct link_arguments *arguments = context;
    PL_TRY(link_models(api, context, error));
    return pl_interpreter_unlink(api->interpreter, arguments->to_model, arguments->input, error);
}

plait_status plait_link(struct plait_interpreter *interpreter, const char *from_model, const char *output,
                        const char *to_model, const char *input, const struct plait_link_options *options)
{
    if (interpreter == NULL) return PLAIT_INVALID_ARGUMENT;
    if (from_model == NULL || to_model == NULL || (options != NULL && options->struct_bytes != sizeof *options))
        return pl_refuse(interpreter, "plait_link: a model is NULL, or the options were not set by default first");
    struct link_arguments arguments = {from_model, output, to_model, input, {0}};
    struct pl_crop crop;
    if (options != NULL && options->crop != NULL && options->crop->boxes.struct_bytes != sizeof options->crop->boxes)
        return pl_refuse(interpreter, "plait_link: the boxes of a crop were not set by default first");
    if (options != NULL) arguments.options = pl_link_options_of(options, from_model, &crop);
    return pl_run_operation(interpreter, link_models, measure_link, &arguments);
}

plait_status plait_unlink(struct plait_interpreter *interpreter, const char *to_model, const char *input)
{
    if (interpreter == NULL) return PLAIT_INVALID_ARGUMENT;
    if (to_model == NULL) return pl_refuse(interpreter, "plait_unlink: the model is NULL");
    struct pl_error error = {0};
    return pl_report(interpreter, pl_interpreter_unlink(interpreter->interpreter, to_model, input, &error), &error);
}

plait_status plait_set_whole(struct plait_model *model, bool whole)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_error error = {0};
    return pl_report(pl_api_of(pl_entry_of(model)), pl_entry_set_whole(pl_entry_of(model), whole, &error), &error);
}

/* ---- plan and run ------------------------------------------------------------------------------------------------- */

plait_status plait_resize_input(struct plait_model *model, size_t index, const int32_t *dims, int32_t rank)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    struct plait_interpreter *api = pl_api_of(pl_entry_of(model));
    if (rank < 0 || rank > PL_MAX_RANK || (dims == NULL && rank > 0) || index > INT32_MAX)
        return pl_refuse(api, "plait_resize_input: dims is NULL, or rank is not 0 to 8");
    struct pl_shape shape = {.rank = rank};
    for (int32_t i = 0; i < rank; i++) shape.dims[i] = dims[i];
    struct pl_error error = {0};
    return pl_report(api, pl_entry_resize(pl_entry_of(model), (int32_t)index, &shape, &error), &error);
}

static pl_status allocate(struct plait_interpreter *api, void *context, struct pl_error *error)
{
    (void)context;
    return pl_interpreter_allocate(api->interpreter, error);
}

static pl_status measure_allocate(struct plait_interpreter *api, void *context, struct pl_error *error)
{
    (void)context;
    return pl_interpreter_try_allocate(api->interpreter, error);
}

plait_status plait_allocate(struct plait_interpreter *interpreter)
{
    if (interpreter == NULL) return PLAIT_INVALID_ARGUMENT;
    return pl_run_operation(interpreter, allocate, measure_allocate, NULL);
}

static pl_status allocate_model(struct plait_interpreter *api, void *context, struct pl_error *error)
{
    (void)api;
    return pl_entry_allocate(context, error);
}

plait_status plait_allocate_model(struct plait_model *model)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    return pl_run_operation(pl_api_of(pl_entry_of(model)), allocate_model, measure_allocate, pl_entry_of(model));
}

plait_status plait_invoke(struct plait_model *model)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_error error = {0};
    const pl_status status = pl_entry_invoke(pl_entry_of(model), &error);
    return status == PL_OK ? PLAIT_OK : pl_report(pl_api_of(pl_entry_of(model)), status, &error);
}

plait_status plait_run(struct plait_model *model)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_error error = {0};
    const pl_status status = pl_entry_run(pl_entry_of(model), &error);
    return status == PL_OK ? PLAIT_OK : pl_report(pl_api_of(pl_entry_of(model)), status, &error);
}

static plait_status reset_variables(struct plait_model *model, bool tensors_alone)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_error error = {0};
    return pl_report(pl_api_of(pl_entry_of(model)),
                     pl_entry_reset_variables(pl_entry_of(model), tensors_alone, &error), &error);
}

plait_status plait_reset_variables(struct plait_model *model)
{
    return reset_variables(model, false);
}

plait_status plait_reset_variable_tensors(struct plait_model *model)
{
    return reset_variables(model, true);
}
