/* SPDX-License-Identifier: Apache-2.0 */
#include "infer_reply.h"

#include <stdlib.h>
#include <string.h>

#include "classification.h"

bool result_copy_boxes(struct result *result, const struct served_tensor *tensor)
{
    struct plait_box *boxes = calloc(PLAIT_MOST_BOXES, sizeof *boxes);
    size_t count = 0;
    const bool fine = boxes != NULL &&
                      plait_find_boxes(tensor->finder, &tensor->boxes, boxes, PLAIT_MOST_BOXES, &count) == PLAIT_OK;
    for (size_t i = 0; fine && i < count; i++) {
        const float numbers[BOX_NUMBERS] = {(float)boxes[i].top,   (float)boxes[i].left,  (float)boxes[i].bottom,
                                            (float)boxes[i].right, (float)boxes[i].score, (float)boxes[i].index};
        bytes_add(&result->data, numbers, sizeof numbers);
    }
    free(boxes);
    result->shape = (struct shape){.rank = 2, .dims = {(int64_t)count, BOX_NUMBERS}, .elements = count * BOX_NUMBERS};
    return fine && !result->data.failed;
}

bool result_copy(struct result *result, const struct plait_tensor *from, const struct rows *rows)
{
    const size_t row_bytes = plait_tensor_bytes(from) / rows->all, bytes = row_bytes * rows->count;
    const char *data = plait_tensor_data(from);
    result->shape = (struct shape){.rank = (size_t)plait_tensor_rank(from), .elements = 1};
    for (size_t axis = 0; axis < result->shape.rank && axis < MOST_RANK; axis++) {
        result->shape.dims[axis] = plait_tensor_dim(from, (int32_t)axis);
        if (axis == 0) result->shape.dims[axis] = result->shape.dims[axis] / (int64_t)rows->all * (int64_t)rows->count;
        result->shape.elements *= (size_t)result->shape.dims[axis];
    }
    if (data == NULL) return bytes == 0 && result->shape.elements == 0;
    bytes_add(&result->data, data + row_bytes * rows->first, bytes);
    return !result->data.failed;
}

static void add_shape(struct bytes *text, const struct shape *shape)
{
    bytes_text(text, ",\"shape\":[");
    for (size_t axis = 0; axis < shape->rank; axis++)
        bytes_print(text, "%s%lld", axis > 0 ? "," : "", (long long)shape->dims[axis]);
    bytes_text(text, "]");
}

/* One output's object; what is binary of it is added to `binary`. */
static bool add_output(struct bytes *text, struct bytes *binary, const struct infer_output *output,
                       const struct result *result)
{
    const struct datatype *type = output->tensor->type;
    bytes_print(text, "{\"name\":%s,\"datatype\":\"%s\"", output->tensor->json_name.data, type->name);
    add_shape(text, &result->shape);
    const size_t elements = result->shape.elements;
    if (!output->binary) {
        bytes_text(text, ",\"data\":");
        if (!elements_to_json(type, elements, result->data.data, text)) return false;
    } else {
        size_t bytes = result->data.length;
        if (type->kind == KIND_TEXT) bytes = elements > 0 ? strings_to_binary(elements, result->data.data, binary) : 0;
        else bytes_add(binary, result->data.data, bytes);
        bytes_print(text, ",\"parameters\":{\"binary_data_size\":%zu}", bytes);
    }
    bytes_text(text, "}");
    return true;
}

static bool add_result(struct bytes *text, struct bytes *binary, const struct infer_output *output,
                       const struct result *result, struct reply *reply)
{
    const struct datatype *type = output->tensor->type;
    if (output->classes > 0) {
        struct infer_output named = *output;
        struct result classes = {0};
        struct served_tensor strings = *output->tensor;
        strings.type = datatype_of(PLAIT_STRING);
        named.tensor = &strings;
        const bool fine = classify(output, result, &classes) && add_output(text, binary, &named, &classes);
        bytes_free(&classes.data);
        return fine || reply_no_memory(reply);
    }
    if (type->kind == KIND_HALF && !output->binary)
        return reply_error(reply, 400, "output %s: %s has no form in JSON: ask for it with binary_data", output->tensor->name,
                           type->name);
    if (add_output(text, binary, output, result)) return true;
    return reply_error(reply, 400, "output %s: a string of it is not UTF-8: ask for it with binary_data", output->tensor->name);
}

void infer_reply(const struct infer *infer, const struct served *served, const struct result *results, struct reply *reply)
{
    struct bytes binary = {0}, *text = &reply->body;
    bytes_text(text, "{\"model_name\":");
    bytes_json_text(text, served->name, strlen(served->name));
    bytes_text(text, ",\"model_version\":");
    bytes_json_text(text, served->version, strlen(served->version));
    if (infer->id != NULL) {
        bytes_text(text, ",\"id\":");
        bytes_json_text(text, infer->id, strlen(infer->id));
    }
    bytes_text(text, ",\"outputs\":[");
    bool fine = true, any_binary = false;
    for (size_t i = 0; fine && i < infer->output_count; i++) {
        if (i > 0) bytes_text(text, ",");
        any_binary = any_binary || infer->outputs[i].binary;
        fine = add_result(text, &binary, &infer->outputs[i], &results[i], reply);
    }
    if (fine) {
        bytes_text(text, "]}");
        reply->status = 200;
        if (any_binary) {
            reply->json_length = text->length;
            reply->content_type = "application/octet-stream";
            bytes_add(text, binary.data, binary.length);
        }
        if (text->failed || binary.failed) reply_no_memory(reply);
    }
    bytes_free(&binary);
}
