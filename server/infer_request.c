/* SPDX-License-Identifier: Apache-2.0 */
#include "infer_request.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json_memory.h"

struct reader {
    struct infer *infer;
    const struct served *served;
    struct reply *reply;
    size_t json_bytes;
    const char *binary; /* what follows the JSON and no input has taken yet */
    size_t binary_bytes;
    bool binary_output; /* unless an output says otherwise */
};

/* ---- the JSON ----------------------------------------------------------------------------------------------------------- */

/* How much of the body is JSON. */
static bool find_json(const struct request *request, size_t *length, struct reply *reply)
{
    const long long limit = (long long)request->server->options->json_limit;
    *length = request->body_bytes;
    if (request->json_length != NULL) {
        char *end;
        errno = 0;
        const unsigned long long number = strtoull(request->json_length, &end, 10);
        if (request->json_length[0] < '0' || request->json_length[0] > '9' || *end != '\0' || errno != 0 ||
            number > request->body_bytes)
            return reply_error(reply, 400, "Inference-Header-Content-Length is '%s', and the body has %zu bytes",
                               request->json_length, request->body_bytes);
        *length = (size_t)number;
    }
    if ((long long)*length > limit)
        return reply_error(reply, 413, "the request has %zu bytes of JSON; at most %lld are taken: send tensors as binary data",
                           *length, limit);
    return true;
}

/* A member of an object that may be left out; false, and the reply says so, where it is of another type. */
static bool get_member(const json_t *object, const char *key, json_type type, const char *of, const json_t **member,
                       struct reply *reply)
{
    static const char *const type_names[] = {[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array",
                                             [JSON_STRING] = "a string", [JSON_INTEGER] = "a whole number"};
    *member = json_object_get(object, key);
    if (*member == NULL || json_typeof(*member) == type) return true;
    return reply_error(reply, 400, "%s: %s is not %s", of, key, type_names[type]);
}

static bool get_flag(const json_t *object, const char *key, const char *of, bool *flag, struct reply *reply)
{
    const json_t *member = json_object_get(object, key);
    if (member == NULL) return true;
    *flag = json_is_true(member);
    return json_is_boolean(member) || reply_error(reply, 400, "%s: %s is not true or false", of, key);
}

static const struct served_tensor *find_tensor(const struct served_tensor *tensors, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(tensors[i].name, name) == 0) return &tensors[i];
    return NULL;
}

static bool complain_unknown(struct reader *reader, const char *what, const char *name,
                             const struct served_tensor *tensors, size_t count)
{
    struct bytes names = {0};
    served_list(tensors, count, &names);
    reply_error(reader->reply, 400, "model %s has no %s %s; it has %s", reader->served->name, what, name,
                bytes_string(&names));
    bytes_free(&names);
    return false;
}

/* ---- inputs --------------------------------------------------------------------------------------------------------------- */

static bool complain_shape(struct reader *reader, const struct served_tensor *tensor, const json_t *given)
{
    char *text = json_dumps(given, JSON_COMPACT);
    struct bytes expected = {0};
    for (size_t axis = 0; axis < tensor->rank; axis++)
        bytes_print(&expected, "%s%d", axis > 0 ? "," : "", (int)tensor->dims[axis]);
    reply_error(reader->reply, 400, "input %s: shape %.200s where the model has [%s]%s", tensor->name,
                text != NULL ? text : "", bytes_string(&expected),
                tensor->row_axis >= 0 ? " (-1: any number of rows)" : strchr(bytes_string(&expected), '-') != NULL ? " (-1: any)" : "");
    bytes_free(&expected);
    free(text);
    return false;
}

static bool read_shape(struct reader *reader, const struct served_tensor *tensor, const json_t *array, struct shape *shape)
{
    *shape = (struct shape){.rank = tensor->rank, .elements = 1};
    if (array == NULL) return reply_error(reader->reply, 400, "input %s: it has no shape", tensor->name);
    if (json_array_size(array) != tensor->rank) return complain_shape(reader, tensor, array);
    for (size_t axis = 0; axis < tensor->rank; axis++) {
        const json_t *dim = json_array_get(array, axis);
        const json_int_t size = json_integer_value(dim);
        if (!json_is_integer(dim) || size < 0 || size > INT32_MAX) return complain_shape(reader, tensor, array);
        if (tensor->dims[axis] >= 0 && size != tensor->dims[axis]) return complain_shape(reader, tensor, array);
        shape->dims[axis] = size;
        if (size > 0 && shape->elements > (size_t)INT64_MAX / 8 / (size_t)size)
            return complain_shape(reader, tensor, array);
        shape->elements *= (size_t)size;
    }
    return true;
}

static bool take_binary(struct reader *reader, struct infer_input *input, size_t bytes)
{
    const struct served_tensor *tensor = input->tensor;
    if (bytes > reader->binary_bytes)
        return reply_error(reader->reply, 400, "input %s: binary_data_size is %zu, and %zu bytes are left of the body",
                           tensor->name, bytes, reader->binary_bytes);
    input->data = reader->binary;
    input->bytes = bytes;
    reader->binary += bytes;
    reader->binary_bytes -= bytes;
    if (tensor->type->kind == KIND_TEXT) {
        if (!strings_from_binary(&input->shape, input->data, bytes, tensor->name, &input->own, reader->reply)) return false;
        input->data = input->own.data;
        input->bytes = input->own.length;
        return true;
    }
    if (bytes == input->shape.elements * tensor->type->bytes) return true;
    return reply_error(reader->reply, 400, "input %s: binary_data_size is %zu, and its shape has %zu bytes of %s", tensor->name,
                       bytes, input->shape.elements * tensor->type->bytes, tensor->type->name);
}

static bool take_data(struct reader *reader, struct infer_input *input, const json_t *data)
{
    const struct served_tensor *tensor = input->tensor;
    if (data == NULL) return reply_error(reader->reply, 400, "input %s: it has neither data nor binary_data_size", tensor->name);
    /* Every element has a byte of text, at least: nothing is allocated for what cannot be there. */
    if (input->shape.elements > reader->json_bytes)
        return reply_error(reader->reply, 400, "input %s: its data is not the %zu elements that its shape has", tensor->name,
                           input->shape.elements);
    if (!elements_from_json(tensor->type, &input->shape, data, tensor->name, &input->own, reader->reply)) return false;
    input->data = input->own.data;
    input->bytes = input->own.length;
    return true;
}

static bool check_datatype(struct reader *reader, const struct served_tensor *tensor, const json_t *datatype)
{
    const char *name = json_string_value(datatype);
    if (name == NULL) return reply_error(reader->reply, 400, "input %s: it has no datatype", tensor->name);
    if (strcmp(name, tensor->type->name) == 0) return true;
    return reply_error(reader->reply, 400, "input %s: datatype %s%s where the model has %s", tensor->name, name,
                       datatype_named(name) == NULL ? ", which there is not," : "", tensor->type->name);
}

static bool read_input(struct reader *reader, const json_t *object)
{
    const json_t *name, *shape, *datatype, *parameters, *data, *size;
    struct reply *reply = reader->reply;
    if (!json_is_object(object)) return reply_error(reply, 400, "inputs: one is not an object");
    if (!get_member(object, "name", JSON_STRING, "an input", &name, reply)) return false;
    if (name == NULL) return reply_error(reply, 400, "an input has no name");
    const struct served *served = reader->served;
    const struct served_tensor *tensor = find_tensor(served->inputs, served->input_count, json_string_value(name));
    if (tensor == NULL) return complain_unknown(reader, "input", json_string_value(name), served->inputs, served->input_count);
    struct infer_input *input = &reader->infer->inputs[tensor - served->inputs];
    if (input->tensor != NULL) return reply_error(reply, 400, "input %s: it is given twice", tensor->name);
    input->tensor = tensor;
    if (!get_member(object, "shape", JSON_ARRAY, tensor->name, &shape, reply) ||
        !get_member(object, "datatype", JSON_STRING, tensor->name, &datatype, reply) ||
        !get_member(object, "parameters", JSON_OBJECT, tensor->name, &parameters, reply) ||
        !get_member(object, "data", JSON_ARRAY, tensor->name, &data, reply) ||
        !get_member(parameters, "binary_data_size", JSON_INTEGER, tensor->name, &size, reply))
        return false;
    if (!check_datatype(reader, tensor, datatype) || !read_shape(reader, tensor, shape, &input->shape)) return false;
    if (size == NULL) return take_data(reader, input, data);
    if (data != NULL) return reply_error(reply, 400, "input %s: it has both data and binary_data_size", tensor->name);
    if (json_integer_value(size) < 0) return reply_error(reply, 400, "input %s: binary_data_size is negative", tensor->name);
    return take_binary(reader, input, (size_t)json_integer_value(size));
}

static bool read_inputs(struct reader *reader)
{
    const json_t *inputs;
    const struct served *served = reader->served;
    if (!get_member(reader->infer->document, "inputs", JSON_ARRAY, "the request", &inputs, reader->reply)) return false;
    if (inputs == NULL && served->input_count > 0) return reply_error(reader->reply, 400, "the request has no inputs");
    for (size_t i = 0; i < json_array_size(inputs); i++)
        if (!read_input(reader, json_array_get(inputs, i))) return false;
    for (size_t i = 0; i < served->input_count; i++)
        if (reader->infer->inputs[i].tensor == NULL)
            return reply_error(reader->reply, 400, "input %s is not given", served->inputs[i].name);
    if (reader->binary_bytes == 0) return true;
    return reply_error(reader->reply, 400, "%zu bytes are left of the body when all inputs have theirs",
                       reader->binary_bytes);
}

/* ---- outputs and parameters --------------------------------------------------------------------------------------------------- */

static bool read_output(struct reader *reader, const json_t *object)
{
    const json_t *name, *parameters, *classes;
    struct reply *reply = reader->reply;
    const struct served *served = reader->served;
    if (!json_is_object(object)) return reply_error(reply, 400, "outputs: one is not an object");
    if (!get_member(object, "name", JSON_STRING, "an output", &name, reply)) return false;
    if (name == NULL) return reply_error(reply, 400, "an output has no name");
    const struct served_tensor *tensor = find_tensor(served->outputs, served->output_count, json_string_value(name));
    if (tensor == NULL)
        return complain_unknown(reader, "output", json_string_value(name), served->outputs, served->output_count);
    for (size_t i = 0; i < reader->infer->output_count; i++)
        if (reader->infer->outputs[i].tensor == tensor)
            return reply_error(reply, 400, "output %s: it is asked for twice", tensor->name);
    struct infer_output *output = &reader->infer->outputs[reader->infer->output_count++];
    *output = (struct infer_output){tensor, reader->binary_output, 0};
    if (!get_member(object, "parameters", JSON_OBJECT, tensor->name, &parameters, reply) ||
        !get_flag(parameters, "binary_data", tensor->name, &output->binary, reply) ||
        !get_member(parameters, "classification", JSON_INTEGER, tensor->name, &classes, reply))
        return false;
    if (classes == NULL) return true;
    if (json_integer_value(classes) < 1) return reply_error(reply, 400, "output %s: classification is less than 1", tensor->name);
    if (tensor->type->kind == KIND_TEXT)
        return reply_error(reply, 400, "output %s: strings cannot be classified", tensor->name);
    output->classes = (size_t)json_integer_value(classes);
    return true;
}

static bool read_outputs(struct reader *reader)
{
    const json_t *outputs;
    if (!get_member(reader->infer->document, "outputs", JSON_ARRAY, "the request", &outputs, reader->reply)) return false;
    for (size_t i = 0; i < json_array_size(outputs); i++)
        if (!read_output(reader, json_array_get(outputs, i))) return false;
    if (json_array_size(outputs) > 0) return true;
    for (size_t i = 0; i < reader->served->output_count; i++)
        reader->infer->outputs[i] = (struct infer_output){&reader->served->outputs[i], reader->binary_output, 0};
    reader->infer->output_count = reader->served->output_count;
    return true;
}

static bool read_parameters(struct reader *reader)
{
    const json_t *parameters, *timeout, *priority, *id;
    struct infer *infer = reader->infer;
    if (!get_member(infer->document, "id", JSON_STRING, "the request", &id, reader->reply) ||
        !get_member(infer->document, "parameters", JSON_OBJECT, "the request", &parameters, reader->reply) ||
        !get_member(parameters, "timeout", JSON_INTEGER, "parameters", &timeout, reader->reply) ||
        !get_member(parameters, "priority", JSON_INTEGER, "parameters", &priority, reader->reply) ||
        !get_flag(parameters, "binary_data_output", "parameters", &reader->binary_output, reader->reply))
        return false;
    infer->id = json_string_value(id);
    const json_int_t microseconds = json_integer_value(timeout);
    if (microseconds < 0) return reply_error(reader->reply, 400, "parameters: timeout is negative");
    if (json_integer_value(priority) < 0) return reply_error(reader->reply, 400, "parameters: priority is negative");
    infer->urgency = json_integer_value(priority) == 0 ? UINT64_MAX : (uint64_t)json_integer_value(priority);
    infer->timeout = microseconds > INT64_MAX / 1000 ? 0 : (uint64_t)microseconds * 1000;
    return true;
}

bool infer_read(struct infer *infer, const struct served *served, const struct request *request, struct reply *reply)
{
    size_t json_length;
    *infer = (struct infer){.inputs = calloc(served->input_count + 1, sizeof *infer->inputs),
                            .outputs = calloc(served->output_count + 1, sizeof *infer->outputs)};
    if (infer->inputs == NULL || infer->outputs == NULL) return reply_no_memory(reply);
    if (!find_json(request, &json_length, reply)) return false;
    infer->document = json_read(request->body, json_length, JSON_ALLOW_NUL, "the request", reply);
    if (infer->document == NULL) return false;
    if (!json_is_object(infer->document)) return reply_error(reply, 400, "the request is not a JSON object");
    struct reader reader = {infer, served, reply, json_length, request->body + json_length,
                            request->body_bytes - json_length, false};
    return read_parameters(&reader) && read_inputs(&reader) && read_outputs(&reader);
}

void infer_free(struct infer *infer, const struct served *served)
{
    for (size_t i = 0; infer->inputs != NULL && i < served->input_count; i++) bytes_free(&infer->inputs[i].own);
    free(infer->inputs);
    free(infer->outputs);
    json_decref(infer->document);
}
