/* SPDX-License-Identifier: Apache-2.0 */
/* plait.h: tensors, and what can be seen of models and memory. */
#include <assert.h>

#include "capi/handles.h"

/* ---- ends of a model ---------------------------------------------------------------------------------------------- */

size_t plait_input_count(const struct plait_model *model)
{
    return model == NULL ? 0 : (size_t)pl_entry_input_count(pl_const_entry(model));
}

size_t plait_output_count(const struct plait_model *model)
{
    return model == NULL ? 0 : (size_t)pl_entry_output_count(pl_const_entry(model));
}

struct plait_tensor *plait_input(const struct plait_model *model, size_t index)
{
    if (model == NULL || index > INT32_MAX) return NULL;
    return pl_tensor_public(pl_entry_input(pl_const_entry(model), (int32_t)index));
}

struct plait_tensor *plait_output(const struct plait_model *model, size_t index)
{
    if (model == NULL || index > INT32_MAX) return NULL;
    return pl_tensor_public(pl_entry_output(pl_const_entry(model), (int32_t)index));
}

static struct plait_tensor *find_tensor(const struct plait_model *model, bool output, const char *name)
{
    if (model == NULL) return NULL;
    const struct pl_entry *entry = pl_const_entry(model);
    struct pl_error error = {0};
    int32_t index = 0;
    if (pl_entry_find(entry, output, name, &index, &error) != PL_OK) {
        pl_fail_at(&error, "model '%s'", pl_entry_name(entry));
        (void)pl_report(pl_api_of(entry), error.status, &error);
        return NULL;
    }
    return pl_tensor_public(output ? pl_entry_output(entry, index) : pl_entry_input(entry, index));
}

struct plait_tensor *plait_find_input(const struct plait_model *model, const char *name)
{
    return find_tensor(model, false, name);
}

struct plait_tensor *plait_find_output(const struct plait_model *model, const char *name)
{
    return find_tensor(model, true, name);
}

/* ---- a tensor ----------------------------------------------------------------------------------------------------- */

const char *plait_tensor_name(const struct plait_tensor *tensor)
{
    return tensor == NULL ? NULL : pl_handle_tensor(pl_const_tensor(tensor))->name;
}

const char *plait_tensor_signature_name(const struct plait_tensor *tensor)
{
    return tensor == NULL ? NULL : pl_handle_signature_name(pl_const_tensor(tensor));
}

int32_t plait_tensor_index(const struct plait_tensor *tensor)
{
    return tensor == NULL ? -1 : pl_handle_look(pl_const_tensor(tensor)).index;
}

bool plait_tensor_is_constant(const struct plait_tensor *tensor)
{
    return tensor != NULL && pl_handle_tensor(pl_const_tensor(tensor))->constant != NULL;
}

plait_type plait_tensor_type(const struct plait_tensor *tensor)
{
    if (tensor == NULL) return PLAIT_NO_TYPE;
    return (plait_type)pl_type_api_number(pl_handle_look(pl_const_tensor(tensor)).type);
}

const char *plait_type_name(plait_type type)
{
    for (int i = 0; i < PL_TYPE_COUNT; i++)
        if (pl_type_api_number((pl_type)i) == (int32_t)type) return pl_type_name((pl_type)i);
    return type == PLAIT_NO_TYPE ? "no type" : "unknown type";
}

int32_t plait_tensor_rank(const struct plait_tensor *tensor)
{
    return tensor == NULL ? 0 : pl_handle_look(pl_const_tensor(tensor)).shape.rank;
}

int32_t plait_tensor_dim(const struct plait_tensor *tensor, int32_t axis)
{
    if (tensor == NULL || axis < 0) return 0;
    const struct pl_shape shape = pl_handle_look(pl_const_tensor(tensor)).shape;
    return axis < shape.rank ? shape.dims[axis] : 0;
}

int32_t plait_tensor_dim_signature(const struct plait_tensor *tensor, int32_t axis)
{
    if (tensor == NULL || axis < 0) return 0;
    const struct pl_tensor *facts = pl_handle_tensor(pl_const_tensor(tensor));
    if (!facts->has_signature) return plait_tensor_dim(tensor, axis);
    return axis < facts->signature.rank ? facts->signature.dims[axis] : 0;
}

size_t plait_tensor_bytes(const struct plait_tensor *tensor)
{
    return tensor == NULL ? 0 : pl_handle_look(pl_const_tensor(tensor)).bytes;
}

plait_status plait_tensor_quantization(const struct plait_tensor *tensor, struct plait_quantization *out)
{
    if (tensor == NULL || out == NULL) return PLAIT_INVALID_ARGUMENT;
    const struct pl_quantization *from = &pl_handle_tensor(pl_const_tensor(tensor))->quantization;
    *out = (struct plait_quantization){(size_t)from->count, from->scales, from->zero_points, from->dimension};
    return PLAIT_OK;
}

void *plait_tensor_data(const struct plait_tensor *tensor)
{
    return tensor == NULL ? NULL : pl_handle_look(pl_const_tensor(tensor)).data;
}

static plait_status done(const struct pl_tensor_handle *handle, pl_status status, const struct pl_error *error)
{
    return pl_report(pl_api_of(pl_handle_entry(handle)), status, error);
}

static plait_status no_data(const struct pl_tensor_handle *handle)
{
    struct pl_error error;
    return done(handle, pl_fail(&error, PL_INVALID_ARGUMENT, "tensor '%s': data is NULL", pl_handle_tensor(handle)->name),
                &error);
}

plait_status plait_tensor_write(struct plait_tensor *tensor, const void *data, size_t bytes)
{
    if (tensor == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_tensor_handle *handle = pl_tensor_of(tensor);
    if (data == NULL && bytes > 0) return no_data(handle);
    struct pl_error error = {0};
    return done(handle, pl_handle_write(handle, data, bytes, &error), &error);
}

plait_status plait_tensor_read(const struct plait_tensor *tensor, void *data, size_t bytes)
{
    if (tensor == NULL) return PLAIT_INVALID_ARGUMENT;
    const struct pl_tensor_handle *handle = pl_const_tensor(tensor);
    if (data == NULL && bytes > 0) return no_data(handle);
    struct pl_error error = {0};
    return done(handle, pl_handle_read(handle, data, bytes, &error), &error);
}

plait_status plait_tensor_write_strings(struct plait_tensor *tensor, const char *const *texts, const size_t *lengths,
                                        size_t count)
{
    if (tensor == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_tensor_handle *handle = pl_tensor_of(tensor);
    bool complete = texts != NULL || count == 0;
    for (size_t i = 0; complete && i < count; i++)
        complete = texts[i] != NULL || (lengths != NULL && lengths[i] == 0);
    if (!complete) return no_data(handle);
    struct pl_error error = {0};
    return done(handle, pl_handle_write_strings(handle, texts, lengths, count, &error), &error);
}

plait_status plait_tensor_string(const struct plait_tensor *tensor, size_t index, const char **text, size_t *length)
{
    if (tensor == NULL || text == NULL || length == NULL) return PLAIT_INVALID_ARGUMENT;
    const struct pl_tensor_handle *handle = pl_const_tensor(tensor);
    struct pl_error error = {0};
    return done(handle, pl_handle_string(handle, index, text, length, &error), &error);
}

plait_status plait_bind(struct plait_tensor *tensor, void *memory, size_t bytes)
{
    if (tensor == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_tensor_handle *handle = pl_tensor_of(tensor);
    struct pl_error error = {0};
    return done(handle, pl_handle_bind(handle, memory, bytes, &error), &error);
}

/* ---- looking inside ----------------------------------------------------------------------------------------------- */

size_t plait_operator_count(const struct plait_model *model)
{
    return model == NULL ? 0 : (size_t)pl_entry_subgraph(pl_const_entry(model))->operator_count;
}

plait_status plait_operator_at(const struct plait_model *model, size_t index, struct plait_operator_info *info)
{
    if (model == NULL || info == NULL) return PLAIT_INVALID_ARGUMENT;
    const struct pl_subgraph *subgraph = pl_entry_subgraph(pl_const_entry(model));
    if (index >= (size_t)subgraph->operator_count) return PLAIT_NOT_FOUND;
    const struct pl_operator *op = &subgraph->operators[index];
    *info = (struct plait_operator_info){.name = pl_operator_name(op),
                                         .version = op->version,
                                         .supported = pl_entry_supports(pl_const_entry(model), op),
                                         .input_count = (size_t)op->input_count,
                                         .inputs = op->inputs,
                                         .output_count = (size_t)op->output_count,
                                         .outputs = op->outputs};
    return PLAIT_OK;
}

size_t plait_tensor_count(const struct plait_model *model)
{
    return model == NULL ? 0 : (size_t)pl_entry_subgraph(pl_const_entry(model))->tensor_count;
}

struct plait_tensor *plait_tensor_at(const struct plait_model *model, size_t index)
{
    if (model == NULL || index > INT32_MAX) return NULL;
    return pl_tensor_public(pl_entry_tensor(pl_const_entry(model), (int32_t)index));
}

plait_status plait_model_memory(const struct plait_model *model, struct plait_memory *memory)
{
    if (model == NULL || memory == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_memory_report report;
    pl_entry_memory(pl_entry_of((struct plait_model *)(uintptr_t)model), &report);
    *memory = (struct plait_memory){.arena_bytes = report.arena_bytes,
                                    .arena_bound_bytes = report.arena_bound_bytes,
                                    .arena_sum_bytes = report.arena_sum_bytes,
                                    .constant_bytes = report.constant_bytes,
                                    .io_bytes = report.io_bytes,
                                    .state_bytes = report.state_bytes,
                                    .sleeping_bytes = report.asleep_bytes};
    return PLAIT_OK;
}

plait_status plait_get_stats(const struct plait_interpreter *interpreter, struct plait_stats *stats)
{
    if (interpreter == NULL || stats == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_interpreter_report report;
    pl_interpreter_report(interpreter->interpreter, &report);
    *stats = (struct plait_stats){.models = report.models,
                                  .lanes = report.lanes,
                                  .arena_bytes = report.arena_bytes,
                                  .arena_sum_bytes = report.arena_sum_bytes,
                                  .constant_bytes = report.constant_bytes,
                                  .constant_sum_bytes = report.constant_sum_bytes,
                                  .io_bytes = report.io_bytes,
                                  .state_bytes = report.state_bytes,
                                  .memory_bytes = atomic_load(&interpreter->memory.bytes),
                                  .memory_peak_bytes = atomic_load(&interpreter->memory.peak_bytes),
                                  .allocations = atomic_load(&interpreter->memory.calls),
                                  .invocations = report.invocations,
                                  .cpu = pl_interpreter_kernels(interpreter->interpreter)->level,
                                  .sleeping = report.asleep,
                                  .sleeping_bytes = report.asleep_bytes,
                                  .wakes = report.wakes};
    return PLAIT_OK;
}

plait_status plait_profile_enable(struct plait_model *model, bool enable)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_error error = {0};
    return pl_report(pl_api_of(pl_entry_of(model)), pl_entry_profile(pl_entry_of(model), enable, &error), &error);
}

size_t plait_profile_count(const struct plait_model *model)
{
    return model == NULL ? 0 : (size_t)pl_entry_profile_count(pl_const_entry(model));
}

plait_status plait_profile_at(const struct plait_model *model, size_t index, struct plait_profile_entry *entry)
{
    if (model == NULL || entry == NULL || index > INT32_MAX) return PLAIT_INVALID_ARGUMENT;
    const struct pl_operator *op = NULL;
    *entry = (struct plait_profile_entry){0};
    if (!pl_entry_profile_at(pl_const_entry(model), (int32_t)index, &op, &entry->calls, &entry->nanoseconds))
        return PLAIT_NOT_FOUND;
    entry->name = pl_operator_name(op);
    entry->operator_index = op->index < 0 ? -1 : op->index;
    return PLAIT_OK;
}
