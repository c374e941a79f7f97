/* SPDX-License-Identifier: Apache-2.0 */
/* plait.h: fusing and splitting files. */
#include <string.h>

#include "capi/handles.h"
#include "pipeline/fuse.h"

enum { STEM_BYTES = 256 };

/* The request in internal types, and what its names need. */
struct fuse_work {
    struct pl_region region;
    struct pl_fuse_request request;
    struct pl_error error;
};

static pl_status take_model(struct pl_region *region, const struct plait_fuse_model *from,
                            struct pl_fuse_model *to, struct pl_error *error)
{
    PL_ENSURE(from->path != NULL || (from->data != NULL && from->name != NULL), error,
              PL_INVALID_ARGUMENT, "a model to fuse or to split needs a path, or a name and data");
    *to = (struct pl_fuse_model){from->name, from->path, from->data, from->bytes};
    if (from->name != NULL) return PL_OK;
    char *stem = pl_region_array(region, STEM_BYTES, 1);
    PL_ENSURE(stem != NULL, error, PL_OUT_OF_MEMORY, "no memory for the name of '%s'", from->path);
    pl_name_from_path(from->path, stem, STEM_BYTES);
    to->name = stem;
    return PL_OK;
}

static pl_status take_link(const struct plait_fuse_link *from, struct pl_fuse_link *to,
                           struct pl_error *error)
{
    const struct plait_link_options *options = from->options;
    PL_ENSURE(from->from_model != NULL && from->to_model != NULL, error, PL_INVALID_ARGUMENT,
              "a link needs two models");
    *to = (struct pl_fuse_link){from->from_model, from->output, from->to_model, from->input, {0}};
    if (options == NULL) return PL_OK;
    PL_ENSURE(options->struct_bytes == sizeof *options, error, PL_INVALID_ARGUMENT,
              "the options of a link were not set by default first");
    PL_ENSURE(options->crop == NULL, error, PL_UNSUPPORTED,
              "the link from '%s' to '%s' cuts parts out of a picture: one file cannot run as often as there are boxes",
              from->from_model, from->to_model);
    to->options = pl_link_options_of(options, NULL, NULL);
    PL_ENSURE(options->hop == 0, error, PL_UNSUPPORTED,
              "the link from '%s' to '%s' is a window: one file cannot keep rows from one run to the next",
              from->from_model, from->to_model);
    PL_ENSURE(options->when == PLAIT_ALWAYS, error, PL_UNSUPPORTED,
              "the link from '%s' to '%s' has a condition: in one file everything runs", from->from_model, from->to_model);
    return PL_OK;
}

static pl_status take_request(struct fuse_work *work, const struct plait_fuse_options *options)
{
    struct pl_fuse_model *models =
        pl_region_array(&work->region, options->model_count, sizeof *models);
    struct pl_fuse_link *links = pl_region_array(&work->region, options->link_count, sizeof *links);
    struct pl_fuse_kept *kept = pl_region_array(&work->region, options->kept_count, sizeof *kept);
    PL_ENSURE(models != NULL && links != NULL && kept != NULL, &work->error, PL_OUT_OF_MEMORY,
              "no memory for the list of models");
    for (size_t i = 0; i < options->model_count; i++)
        PL_TRY(take_model(&work->region, &options->models[i], &models[i], &work->error));
    for (size_t i = 0; i < options->link_count; i++)
        PL_TRY(take_link(&options->links[i], &links[i], &work->error));
    for (size_t i = 0; i < options->kept_count; i++) {
        PL_ENSURE(options->kept[i].model != NULL, &work->error, PL_INVALID_ARGUMENT,
                  "an output to keep needs a model");
        kept[i] = (struct pl_fuse_kept){options->kept[i].model, options->kept[i].output};
    }
    work->request = (struct pl_fuse_request){models,
                                             options->model_count,
                                             links,
                                             options->link_count,
                                             kept,
                                             options->kept_count,
                                             options->keep_signatures};
    return PL_OK;
}

static bool has_arrays(const struct plait_fuse_options *options)
{
    return (options->models != NULL || options->model_count == 0) &&
           (options->links != NULL || options->link_count == 0) &&
           (options->kept != NULL || options->kept_count == 0);
}

plait_status plait_fuse(struct plait_interpreter *interpreter,
                        const struct plait_fuse_options *options, const char *path)
{
    if (interpreter == NULL) return PLAIT_INVALID_ARGUMENT;
    if (options == NULL || path == NULL || options->struct_bytes != sizeof *options ||
        !has_arrays(options))
        return pl_refuse(
            interpreter,
            "plait_fuse: options, an array or path is NULL, or struct_bytes was not set");
    struct fuse_work work = {0};
    const struct pl_model_limits limits = {pl_interpreter_tensor_limit(interpreter->interpreter)};
    pl_region_init(&work.region, &interpreter->memory);
    pl_status status = take_request(&work, options);
    if (status == PL_OK)
        status = pl_fuse(&interpreter->memory, &limits, &work.request, path, &work.error);
    pl_region_clear(&work.region);
    return pl_report(interpreter, status, &work.error);
}

plait_status plait_split(struct plait_interpreter *interpreter,
                         const struct plait_fuse_model *model, const char *const *tensors,
                         size_t tensor_count, const char *first_path, const char *second_path)
{
    if (interpreter == NULL) return PLAIT_INVALID_ARGUMENT;
    bool named = tensors != NULL;
    for (size_t i = 0; named && i < tensor_count; i++) named = tensors[i] != NULL;
    if (model == NULL || !named || first_path == NULL || second_path == NULL)
        return pl_refuse(interpreter, "plait_split: the model, a tensor or a path is NULL");
    struct fuse_work work = {0};
    struct pl_split_request request = {.tensors = tensors, .tensor_count = tensor_count};
    const struct pl_model_limits limits = {pl_interpreter_tensor_limit(interpreter->interpreter)};
    pl_region_init(&work.region, &interpreter->memory);
    pl_status status = take_model(&work.region, model, &request.model, &work.error);
    if (status == PL_OK)
        status =
            pl_split(&interpreter->memory, &limits, &request, first_path, second_path, &work.error);
    pl_region_clear(&work.region);
    return pl_report(interpreter, status, &work.error);
}

/* ---- parts ----------------------------------------------------------------------------------- */

plait_status plait_part_at(const struct plait_model *model, size_t index, struct plait_part *part)
{
    if (model == NULL || part == NULL) return PLAIT_INVALID_ARGUMENT;
    const struct pl_graph *graph = pl_entry_graph(pl_const_entry(model));
    if (index >= (size_t)graph->part_count) return PLAIT_NOT_FOUND;
    const struct pl_part *found = &graph->parts[index];
    *part = (struct plait_part){found->name, (size_t)found->first, (size_t)found->count};
    return PLAIT_OK;
}
