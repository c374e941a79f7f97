/* SPDX-License-Identifier: Apache-2.0 */
/* plait.h: windows over streams of rows, and what operators reuse and share. */
#include "capi/handles.h"

/* plait_stream() as an operation: what is measured is undone. */
struct stream_arguments {
    const char *model;
    const char *input;
    struct pl_link_options options;
};

static pl_status stream(struct plait_interpreter *api, void *context, struct pl_error *error)
{
    const struct stream_arguments *arguments = context;
    return pl_interpreter_stream(api->interpreter, arguments->model, arguments->input, &arguments->options, error);
}

static pl_status measure_stream(struct plait_interpreter *api, void *context, struct pl_error *error)
{
    const struct stream_arguments *arguments = context;
    PL_TRY(stream(api, context, error));
    return pl_interpreter_unlink(api->interpreter, arguments->model, arguments->input, error);
}

plait_status plait_stream(struct plait_interpreter *interpreter, const char *model, const char *input,
                          const struct plait_link_options *options)
{
    if (interpreter == NULL) return PLAIT_INVALID_ARGUMENT;
    if (model == NULL || options == NULL || options->struct_bytes != sizeof *options)
        return pl_refuse(interpreter, "plait_stream: the model is NULL, or the options were not set by default first");
    if (options->crop != NULL) return pl_refuse(interpreter, "plait_stream: of rows that are pushed, nothing is cut out");
    struct stream_arguments arguments = {model, input, pl_link_options_of(options, NULL, NULL)};
    return pl_run_operation(interpreter, stream, measure_stream, &arguments);
}

plait_status plait_push(struct plait_tensor *input, const void *rows, size_t bytes)
{
    if (input == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_tensor_handle *handle = pl_tensor_of(input);
    struct plait_interpreter *api = pl_api_of(pl_handle_entry(handle));
    if (rows == NULL && bytes > 0) return pl_refuse(api, "plait_push: the rows are NULL");
    struct pl_error error = {0};
    const pl_status status = pl_handle_push(handle, rows, bytes, &error);
    return status == PL_OK ? PLAIT_OK : pl_report(api, status, &error);
}

plait_status plait_on_run(struct plait_model *model, plait_run_function function, void *user)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    pl_entry_on_run(pl_entry_of(model), function, user);
    return PLAIT_OK;
}

/* What it would be for all rows. */
static uint64_t for_window(uint64_t number, const struct pl_reuse *reuse)
{
    return reuse->fresh_rows == 0 ? number : number * (uint64_t)reuse->window_rows / (uint64_t)reuse->fresh_rows;
}

plait_status plait_operator_reuse(const struct plait_model *model, size_t index, struct plait_reuse *reuse)
{
    if (model == NULL || reuse == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_reuse found = {0};
    if (!pl_entry_reuse(pl_const_entry(model), index, &found)) return PLAIT_NOT_FOUND;
    const struct pl_operator_cost cost = pl_entry_cost(pl_const_entry(model), index);
    *reuse = (struct plait_reuse){.fresh_rows = found.fresh_rows,
                                  .window_rows = found.window_rows,
                                  .why_not = found.why_not,
                                  .work = cost.work,
                                  .whole_work = for_window(cost.work, &found),
                                  .output_bytes = cost.output_bytes,
                                  .whole_bytes = (size_t)for_window(cost.output_bytes, &found)};
    return PLAIT_OK;
}

plait_status plait_operator_sharing(const struct plait_model *model, size_t index, struct plait_sharing *sharing)
{
    if (model == NULL || sharing == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_sharing found = {0};
    const char *computed_by = NULL;
    if (!pl_entry_sharing(pl_const_entry(model), index, &found, &computed_by)) return PLAIT_NOT_FOUND;
    const struct pl_operator_cost cost = pl_entry_cost(pl_const_entry(model), index);
    *sharing = (struct plait_sharing){.computed_by = computed_by,
                                      .operator_index = computed_by == NULL ? 0 : (size_t)found.index,
                                      .models = (size_t)found.models,
                                      .why_not = found.why_not,
                                      .work = cost.work,
                                      .output_bytes = cost.output_bytes};
    return PLAIT_OK;
}
