/* SPDX-License-Identifier: Apache-2.0 */
/* Results for programs. The document:
 *   outputs: [{model, tensor, name?, type, dims, quantization?, file? or data,
 *              top?: [{index, score, raw, label?}],
 *              boxes?: [{top, left, bottom, right, score, index}]: read off the tensor, instead of data,
 *              state?: {on, changed, changes}: of an output with a threshold,
 *              runs?: [{data or boxes, top?, box?, state?}]: of a model that ran any number of times}]
 *   profile?: [{model, operators: [{index, name, calls, nanoseconds}],
 *               elsewhere: [{index, name, computed_by?, computed_as?}]}]: with operators that took no time of their own
 * data holds the elements as stored, in C order. */
#include "json_text.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

static json_t *json_of_element(const struct plait_tensor *tensor, size_t index)
{
    const void *data = plait_tensor_data(tensor);
    switch (plait_tensor_type(tensor)) {
    case PLAIT_FLOAT32:
    case PLAIT_FLOAT64:
    case PLAIT_FLOAT16: return json_of_number(element_raw(tensor, index));
    case PLAIT_BOOL: return json_boolean(((const uint8_t *)data)[index]);
    case PLAIT_INT64: return json_integer(((const int64_t *)data)[index]);
    case PLAIT_UINT64: return json_integer((json_int_t)((const uint64_t *)data)[index]);
    default: return json_integer((json_int_t)element_raw(tensor, index));
    }
}

static json_t *json_of_string(const struct plait_tensor *tensor, size_t index)
{
    size_t length = 0;
    const char *text = tensor_text(tensor, index, &length);
    return json_of_bytes(text, length);
}

static json_t *json_of_data(const struct plait_tensor *tensor)
{
    const bool strings = plait_tensor_type(tensor) == PLAIT_STRING;
    if (!strings && !type_is_number(plait_tensor_type(tensor))) return json_null();
    json_t *data = json_array();
    for (size_t i = 0; i < tensor_elements(tensor); i++)
        json_array_append_new(data,
                              strings ? json_of_string(tensor, i) : json_of_element(tensor, i));
    return data;
}

static json_t *json_of_top(const struct result *result, const struct labels *labels)
{
    json_t *top = json_array();
    for (size_t i = 0; i < result->top_count; i++) {
        const struct ranked *best = &result->top[i];
        const char *label = result_label(result, labels, best->index);
        json_t *entry = json_object();
        json_object_set_new(entry, "index", json_of_size(best->index));
        json_object_set_new(entry, "score", json_of_number(best->score));
        json_object_set_new(entry, "raw", json_of_element(result->tensor, best->index));
        if (label != NULL) json_object_set_new(entry, "label", json_of_text(label));
        json_array_append_new(top, entry);
    }
    return top;
}

static json_t *json_of_box(const struct plait_box *box)
{
    json_t *object = json_object();
    json_object_set_new(object, "top", json_of_number(box->top));
    json_object_set_new(object, "left", json_of_number(box->left));
    json_object_set_new(object, "bottom", json_of_number(box->bottom));
    json_object_set_new(object, "right", json_of_number(box->right));
    json_object_set_new(object, "score", json_of_number(box->score));
    json_object_set_new(object, "index", json_integer(box->index));
    return object;
}

static json_t *json_of_boxes(const struct result *result)
{
    size_t count = 0;
    struct plait_box *boxes = result_boxes(result, &count);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(list, json_of_box(&boxes[i]));
    free(boxes);
    return list;
}

static void put_elements(json_t *object, const struct result *result)
{
    if (result->has_boxes) json_object_set_new(object, "boxes", json_of_boxes(result));
    else json_object_set_new(object, "data", json_of_data(result->tensor));
}

static void put_state(json_t *object, const struct result *result)
{
    struct plait_output_state found;
    if (!result_state(result, &found)) return;
    json_t *state = json_object();
    json_object_set_new(state, "on", json_boolean(found.on));
    json_object_set_new(state, "changed", json_boolean(found.changed));
    json_object_set_new(state, "changes", json_of_size(found.changes));
    json_object_set_new(object, "state", state);
}

void report_json_run(struct result *result, const struct labels *labels)
{
    json_t *run = json_object();
    struct result one = *result;
    struct plait_box box;
    one.top = NULL;
    results_rank(&one);
    put_elements(run, &one);
    if (one.top != NULL) json_object_set_new(run, "top", json_of_top(&one, labels));
    put_state(run, &one);
    for (size_t i = 0; i < plait_input_count(one.model->model); i++)
        if (plait_tensor_box(plait_input(one.model->model, i), &box) == PLAIT_OK)
            json_object_set_new(run, "box", json_of_box(&box));
    free(one.top);
    if (result->runs == NULL) result->runs = json_array();
    json_array_append_new(result->runs, run);
}

static json_t *json_of_result(const struct result *result, const struct labels *labels)
{
    json_t *object = json_object();
    json_object_set_new(object, "model", json_of_text(result->model->name));
    json_object_set_new(object, "tensor", json_of_text(result->tensor_name));
    if (result->model->of_pipeline) json_object_set_new(object, "name", json_of_text(result->name));
    json_put_tensor(object, result->tensor);
    if (result->absent) json_object_set_new(object, "data", json_null());
    else if (result->file != NULL) json_object_set_new(object, "file", json_of_text(result->file));
    else put_elements(object, result);
    if (result->top != NULL) json_object_set_new(object, "top", json_of_top(result, labels));
    put_state(object, result);
    if (result->runs != NULL) json_object_set(object, "runs", result->runs);
    return object;
}

static json_t *json_of_elsewhere(const struct plait_model *model)
{
    json_t *operators = json_array();
    for (size_t i = 0; i < plait_operator_count(model); i++) {
        struct plait_operator_info info;
        struct plait_sharing sharing;
        if (profile_has(model, i) || plait_operator_at(model, i, &info) != PLAIT_OK) continue;
        json_t *row = json_object();
        json_object_set_new(row, "index", json_of_size(i));
        json_object_set_new(row, "name", json_of_text(info.name));
        if (plait_operator_sharing(model, i, &sharing) == PLAIT_OK && sharing.computed_by != NULL) {
            json_object_set_new(row, "computed_by", json_of_text(sharing.computed_by));
            json_object_set_new(row, "computed_as", json_of_size(sharing.operator_index));
        }
        json_array_append_new(operators, row);
    }
    return operators;
}

static json_t *json_of_profile(const struct loaded_model *item)
{
    json_t *operators = json_array();
    for (size_t i = 0; i < plait_profile_count(item->model); i++) {
        struct plait_profile_entry entry;
        if (plait_profile_at(item->model, i, &entry) != PLAIT_OK) continue;
        json_t *row = json_object();
        json_object_set_new(row, "index", json_integer(entry.operator_index));
        json_object_set_new(row, "name", json_of_text(entry.name));
        json_object_set_new(row, "calls", json_of_size(entry.calls));
        json_object_set_new(row, "nanoseconds", json_of_size(entry.nanoseconds));
        json_array_append_new(operators, row);
    }
    json_t *object = json_object();
    json_object_set_new(object, "model", json_of_text(item->name));
    json_object_set_new(object, "operators", operators);
    json_object_set_new(object, "elsewhere", json_of_elsewhere(item->model));
    return object;
}

void report_json(const struct report *report)
{
    json_t *document = json_object(), *outputs = json_array();
    bool exact = false;
    for (size_t i = 0; i < report->results->count; i++) {
        const struct result *result = &report->results->items[i];
        exact = exact || plait_tensor_type(result->tensor) == PLAIT_FLOAT64;
        json_array_append_new(outputs, json_of_result(result, report->labels));
    }
    json_object_set_new(document, "outputs", outputs);
    if (report->profile) {
        json_t *profile = json_array();
        for (size_t i = 0; i < report->models->count; i++)
            json_array_append_new(profile, json_of_profile(&report->models->items[i]));
        json_object_set_new(document, "profile", profile);
    }
    json_print(document, exact);
}
