/* SPDX-License-Identifier: Apache-2.0 */
/* plait.h: models, signatures, links, planning and running. */

#include "capi/handles.h"

/* ---- models ------------------------------------------------------------------------------------------------------- */

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

static pl_status measure_model(struct plait_interpreter *api, void *context, struct pl_error *error)
{
    (void)api;
    return pl_entry_try_allocate(context, error);
}

plait_status plait_allocate_model(struct plait_model *model)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    return pl_run_operation(pl_api_of(pl_entry_of(model)), allocate_model, measure_model, pl_entry_of(model));
}

plait_status plait_check_batch(const struct plait_model *model, int32_t times)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    struct plait_interpreter *api = pl_api_of(pl_const_entry(model));
    if (times < 1) return pl_refuse(api, "plait_check_batch: times is less than 1");
    struct pl_error error = {0};
    return pl_report(api, pl_entry_check_batch(pl_const_entry(model), times, &error), &error);
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
