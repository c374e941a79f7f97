/* SPDX-License-Identifier: Apache-2.0 */
/* plait.h: how models come, change and go. */
#include <string.h>

#include "capi/handles.h"

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

static pl_status import(struct plait_interpreter *api, const struct load_arguments *arguments, struct pl_graph **graph,
                        struct pl_error *error)
{
    if (arguments->path != NULL)
        return pl_interpreter_import_file(api->interpreter, arguments->path, arguments->flags, graph, error);
    return pl_interpreter_import(api->interpreter, arguments->data, arguments->bytes, arguments->flags, graph, error);
}

static pl_status load(struct plait_interpreter *api, void *context, struct pl_error *error)
{
    struct load_arguments *arguments = context;
    struct pl_graph *graph = NULL;
    PL_TRY(import(api, arguments, &graph, error));
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

/* ---- another file ------------------------------------------------------------------------------------------------- */

static pl_status replace(struct plait_interpreter *api, const struct load_arguments *arguments, bool keep,
                         struct pl_error *error)
{
    struct pl_graph *graph = NULL;
    PL_TRY(import(api, arguments, &graph, error));
    const pl_status status = pl_entry_replace(arguments->entry, graph, arguments->keep_all, keep, error);
    pl_interpreter_release_graph(api->interpreter, graph);
    return status;
}

static pl_status replace_model(struct plait_interpreter *api, void *context, struct pl_error *error)
{
    return replace(api, context, true, error);
}

static pl_status measure_replace(struct plait_interpreter *api, void *context, struct pl_error *error)
{
    return replace(api, context, false, error);
}

plait_status plait_replace(struct plait_model *model, const char *path, const struct plait_load_options *options)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    struct plait_interpreter *api = pl_api_of(pl_entry_of(model));
    struct load_arguments arguments = {.path = path, .entry = pl_entry_of(model)};
    if (path == NULL || !take_options(options, &arguments))
        return pl_refuse(api, "plait_replace: path is NULL, or the options were not set by default first");
    return pl_run_operation(api, replace_model, measure_replace, &arguments);
}

plait_status plait_replace_buffer(struct plait_model *model, const void *data, size_t bytes,
                                  const struct plait_load_options *options)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    struct plait_interpreter *api = pl_api_of(pl_entry_of(model));
    struct load_arguments arguments = {.data = data, .bytes = bytes, .entry = pl_entry_of(model)};
    if (data == NULL || !take_options(options, &arguments))
        return pl_refuse(api, "plait_replace_buffer: data is NULL, or the options were not set by default first");
    return pl_run_operation(api, replace_model, measure_replace, &arguments);
}

/* ---- clones, and the end ------------------------------------------------------------------------------------------ */

struct clone_arguments {
    const struct pl_entry *from;
    const char *name;
    struct pl_entry *entry;
};

static pl_status clone_model(struct plait_interpreter *api, void *context, struct pl_error *error)
{
    struct clone_arguments *arguments = context;
    (void)api;
    return pl_entry_clone(arguments->from, arguments->name, &arguments->entry, error);
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
