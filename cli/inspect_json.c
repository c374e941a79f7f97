/* SPDX-License-Identifier: Apache-2.0 */
/* What plait inspect gives to programs. The document:
 *   models: [{name, path, description, inputs, outputs, signatures, operators, parts?,
 *             unsupported?}]
 *   parts: [{name, first_operator, operator_count}], where a fused file's operators came from
 *   memory?: {models: [{name, ...bytes}], apart: {...bytes}, together: {...bytes}}
 * operators is [{name, count, supported}], or with --ops [{index, name, version, supported, inputs,
 * outputs, fresh_rows?, window_rows?, whole_windows?}]: of windows, how many rows of how many are
 * computed each time, or why the operator computes all of them. */
#include <stdlib.h>

#include "inspect.h"
#include "json_text.h"

static json_t *json_of_tensor(const struct plait_tensor *tensor, char *name)
{
    json_t *object = json_object(), *open = json_array();
    json_object_set_new(object, "name", json_of_text(name));
    json_object_set_new(object, "tensor_name", json_of_text(plait_tensor_name(tensor)));
    json_object_set_new(object, "index", json_integer(plait_tensor_index(tensor)));
    json_put_tensor(object, tensor);
    for (int32_t axis = 0; axis < plait_tensor_rank(tensor); axis++)
        json_array_append_new(open, json_integer(plait_tensor_dim_signature(tensor, axis)));
    json_object_set_new(object, "dims_signature", open);
    free(name);
    return object;
}

static void put_tensors(json_t *object, const struct plait_model *model)
{
    json_t *inputs = json_array(), *outputs = json_array();
    for (size_t i = 0; i < plait_input_count(model); i++)
        json_array_append_new(inputs, json_of_tensor(plait_input(model, i), input_name(model, i)));
    for (size_t i = 0; i < plait_output_count(model); i++)
        json_array_append_new(outputs,
                              json_of_tensor(plait_output(model, i), output_name(model, i)));
    json_object_set_new(object, "inputs", inputs);
    json_object_set_new(object, "outputs", outputs);
}

static json_t *json_of_signatures(struct plait_model *model)
{
    json_t *signatures = json_array();
    for (size_t i = 0; i < plait_signature_count(model); i++) {
        json_t *object = json_object();
        json_object_set_new(object, "key", json_of_text(plait_signature_key(model, i)));
        put_tensors(object, plait_signature(model, plait_signature_key(model, i)));
        json_array_append_new(signatures, object);
    }
    return signatures;
}

static json_t *json_of_counts(const struct plait_model *model)
{
    size_t count;
    struct operator_count *counts = count_operators(model, &count);
    json_t *operators = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *object = json_object();
        json_object_set_new(object, "name", json_of_text(counts[i].name));
        json_object_set_new(object, "count", json_of_size(counts[i].count));
        json_object_set_new(object, "supported", json_boolean(!counts[i].unsupported));
        json_array_append_new(operators, object);
    }
    free(counts);
    return operators;
}

static json_t *json_of_indices(const int32_t *indices, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(list, json_integer(indices[i]));
    return list;
}

/* Only of operators that read windows. */
static void put_reuse(json_t *object, const struct plait_model *model, size_t index)
{
    struct plait_reuse reuse;
    if (plait_operator_reuse(model, index, &reuse) != PLAIT_OK) return;
    if (reuse.why_not != NULL) {
        json_object_set_new(object, "whole_windows", json_of_text(reuse.why_not));
        return;
    }
    json_object_set_new(object, "fresh_rows", json_integer(reuse.fresh_rows));
    json_object_set_new(object, "window_rows", json_integer(reuse.window_rows));
}

/* Only of operators of which linked models have more than one. */
static void put_sharing(json_t *object, const struct plait_model *model, size_t index)
{
    struct plait_sharing sharing;
    if (plait_operator_sharing(model, index, &sharing) != PLAIT_OK) return;
    if (sharing.computed_by != NULL) {
        json_object_set_new(object, "computed_by", json_of_text(sharing.computed_by));
        json_object_set_new(object, "computed_as", json_of_size(sharing.operator_index));
    }
    if (sharing.models > 0) json_object_set_new(object, "computed_for", json_of_size(sharing.models));
    if (sharing.why_not != NULL) json_object_set_new(object, "not_shared", json_of_text(sharing.why_not));
}

static void put_savings(json_t *object, const struct plait_model *model)
{
    const struct savings savings = savings_of(model);
    if (savings.reused > 0) {
        json_t *windows = json_object();
        json_object_set_new(windows, "operators", json_of_size(savings.reused));
        json_object_set_new(windows, "fresh_rows", json_of_size(savings.fresh_rows));
        json_object_set_new(windows, "window_rows", json_of_size(savings.window_rows));
        json_object_set_new(windows, "work", json_of_size(savings.work));
        json_object_set_new(windows, "whole_work", json_of_size(savings.whole_work));
        json_object_set_new(windows, "output_bytes", json_of_size(savings.bytes));
        json_object_set_new(windows, "whole_bytes", json_of_size(savings.whole_bytes));
        json_object_set_new(object, "windows", windows);
    }
    if (savings.computed_for_others + savings.computed_by_others == 0) return;
    json_t *shared = json_object();
    json_object_set_new(shared, "computed_for_others", json_of_size(savings.computed_for_others));
    json_object_set_new(shared, "computed_by_others", json_of_size(savings.computed_by_others));
    json_object_set_new(shared, "work", json_of_size(savings.shared_work));
    json_object_set_new(shared, "output_bytes", json_of_size(savings.shared_bytes));
    json_object_set_new(object, "shared", shared);
}

static json_t *json_of_operators(const struct plait_model *model)
{
    json_t *operators = json_array();
    for (size_t i = 0; i < plait_operator_count(model); i++) {
        struct plait_operator_info info;
        if (plait_operator_at(model, i, &info) != PLAIT_OK) continue;
        json_t *object = json_object();
        json_object_set_new(object, "index", json_of_size(i));
        json_object_set_new(object, "name", json_of_text(info.name));
        json_object_set_new(object, "version", json_integer(info.version));
        json_object_set_new(object, "supported", json_boolean(info.supported));
        json_object_set_new(object, "inputs", json_of_indices(info.inputs, info.input_count));
        json_object_set_new(object, "outputs", json_of_indices(info.outputs, info.output_count));
        put_reuse(object, model, i);
        put_sharing(object, model, i);
        json_array_append_new(operators, object);
    }
    return operators;
}

/* Where the operators of a fused model came from; only of such a model. */
static void put_parts(json_t *object, const struct plait_model *model)
{
    struct plait_part part;
    for (size_t i = 0; plait_part_at(model, i, &part) == PLAIT_OK; i++) {
        json_t *item = json_object();
        if (i == 0) json_object_set_new(object, "parts", json_array());
        json_object_set_new(item, "name", json_of_text(part.name));
        json_object_set_new(item, "first_operator", json_of_size(part.first_operator));
        json_object_set_new(item, "operator_count", json_of_size(part.operator_count));
        json_array_append_new(json_object_get(object, "parts"), item);
    }
}

struct json_t *inspect_json_models(const struct models *models, bool operators)
{
    json_t *list = json_array();
    for (size_t i = 0; i < models->count; i++) {
        const struct loaded_model *item = &models->items[i];
        json_t *object = json_object();
        json_object_set_new(object, "name", json_of_text(item->name));
        json_object_set_new(object, "path", json_of_text(item->path));
        json_object_set_new(object, "description",
                            json_of_text(plait_model_description(item->model)));
        put_tensors(object, item->model);
        json_object_set_new(object, "signatures", json_of_signatures(item->model));
        json_object_set_new(object, "operators",
                            (operators ? json_of_operators : json_of_counts)(item->model));
        put_savings(object, item->model);
        put_parts(object, item->model);
        if (item->unsupported != NULL)
            json_object_set_new(object, "unsupported", json_of_text(item->unsupported));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *json_of_row(const struct memory_row *row)
{
    const struct plait_memory *memory = &row->memory;
    json_t *object = json_object();
    json_object_set_new(object, "name", json_of_text(row->name));
    json_object_set_new(object, "constant_bytes", json_of_size(row->alone.constant_bytes));
    json_object_set_new(object, "io_bytes", json_of_size(memory->io_bytes));
    json_object_set_new(object, "state_bytes", json_of_size(memory->state_bytes));
    json_object_set_new(object, "arena_bytes", json_of_size(memory->arena_bytes));
    json_object_set_new(object, "arena_bound_bytes", json_of_size(memory->arena_bound_bytes));
    json_object_set_new(object, "arena_sum_bytes", json_of_size(memory->arena_sum_bytes));
    json_object_set_new(object, "sleeping_bytes", json_of_size(memory->sleeping_bytes));
    return object;
}

static json_t *json_of_stats(const struct plait_stats *stats)
{
    json_t *object = json_object();
    json_object_set_new(object, "constant_bytes", json_of_size(stats->constant_bytes));
    json_object_set_new(object, "io_bytes", json_of_size(stats->io_bytes));
    json_object_set_new(object, "state_bytes", json_of_size(stats->state_bytes));
    json_object_set_new(object, "arena_bytes", json_of_size(stats->arena_bytes));
    json_object_set_new(object, "total_bytes", json_of_size(stats->memory_bytes));
    json_object_set_new(object, "sleeping", json_of_size(stats->sleeping));
    json_object_set_new(object, "sleeping_bytes", json_of_size(stats->sleeping_bytes));
    return object;
}

void inspect_json_print(struct json_t *models, struct json_t *pipeline, struct json_t *timing,
                        const struct memory_report *memory)
{
    json_t *document = json_object();
    json_object_set_new(document, "models", models);
    if (pipeline != NULL) json_object_set_new(document, "pipeline", pipeline);
    if (timing != NULL) json_object_set_new(document, "timing", timing);
    if (memory != NULL) {
        json_t *object = json_object(), *rows = json_array();
        for (size_t i = 0; i < memory->count; i++)
            if (memory->rows[i].known) json_array_append_new(rows, json_of_row(&memory->rows[i]));
        json_object_set_new(object, "models", rows);
        json_object_set_new(object, "apart", json_of_stats(&memory->apart));
        json_object_set_new(object, "together", json_of_stats(&memory->together));
        json_object_set_new(document, "memory", object);
    }
    json_print(document, false);
}
