/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor_json.h"

#include <limits.h>
#include <string.h>

/* ---- strings in TensorFlow Lite's layout: a count, where each begins and the last ends, the characters ------------------- */

static void store_offset(struct bytes *elements, size_t start, size_t index, size_t value)
{
    const int32_t number = (int32_t)value;
    if (!elements->failed) memcpy(elements->data + start + index * sizeof number, &number, sizeof number);
}

static int32_t load_offset(const char *elements, size_t index)
{
    int32_t number;
    memcpy(&number, elements + index * sizeof number, sizeof number);
    return number;
}

const char *layout_string(const char *elements, size_t index, size_t *length)
{
    const int32_t from = load_offset(elements, 1 + index), to = load_offset(elements, 2 + index);
    *length = (size_t)(to - from);
    return elements + from;
}

/* Room for the numbers of so many strings; false where they cannot be counted so. */
static bool begin_layout(size_t count, struct bytes *elements)
{
    const size_t bytes = (count + 2) * sizeof(int32_t);
    if (count > INT_MAX / 8 || bytes_room(elements, bytes) == NULL) return false;
    const size_t start = elements->length;
    elements->length += bytes;
    store_offset(elements, start, 0, count);
    store_offset(elements, start, 1, bytes);
    return true;
}

/* Adds string number `index`, the last so far, of the layout that begins at `start`. */
static bool add_string(struct bytes *elements, size_t start, size_t index, const char *text, size_t length)
{
    bytes_add(elements, text, length);
    store_offset(elements, start, 2 + index, elements->length - start);
    return !elements->failed && elements->length - start <= INT_MAX;
}

bool layout_from_texts(size_t count, const char *texts, struct bytes *elements)
{
    const size_t start = elements->length;
    if (!begin_layout(count, elements)) return false;
    for (size_t i = 0; i < count; i++) {
        if (!add_string(elements, start, i, texts, strlen(texts))) return false;
        texts += strlen(texts) + 1;
    }
    return true;
}

/* ---- from JSON -------------------------------------------------------------------------------------------------------- */

struct reading {
    const struct datatype *type;
    const struct shape *shape;
    const char *name;
    struct bytes *elements;
    struct reply *reply;
    size_t start; /* in `elements` */
    size_t count; /* read so far */
};

static bool read_string(struct reading *reading, const json_t *value)
{
    if (!json_is_string(value))
        return reply_error(reading->reply, 400, "input %s: element %zu is not a string", reading->name, reading->count);
    return add_string(reading->elements, reading->start, reading->count, json_string_value(value),
                      json_string_length(value)) ||
           reply_no_memory(reading->reply);
}

static bool read_element(struct reading *reading, const json_t *value)
{
    const struct datatype *type = reading->type;
    if (reading->count >= reading->shape->elements) {
        reading->count++;
        return true; /* counted, to be complained about as a whole */
    }
    if (type->kind == KIND_TEXT) {
        if (!read_string(reading, value)) return false;
    } else if (!datatype_read(type, value, reading->elements->data + reading->start + reading->count * type->bytes)) {
        return reply_error(reading->reply, 400, "input %s: element %zu is not a value of %s", reading->name, reading->count,
                           type->name);
    }
    reading->count++;
    return true;
}

/* Elements from `axis` on, nested. */
static bool read_level(struct reading *reading, const json_t *level, size_t axis)
{
    const struct shape *shape = reading->shape;
    if (axis == shape->rank) return read_element(reading, level);
    if (!json_is_array(level) || json_array_size(level) != (size_t)shape->dims[axis])
        return reply_error(reading->reply, 400, "input %s: its data is not nested as its shape: dimension %zu has %lld",
                           reading->name, axis, (long long)shape->dims[axis]);
    for (size_t i = 0; i < json_array_size(level); i++)
        if (!read_level(reading, json_array_get(level, i), axis + 1)) return false;
    return true;
}

static bool read_flat(struct reading *reading, const json_t *data)
{
    for (size_t i = 0; i < json_array_size(data); i++)
        if (!read_element(reading, json_array_get(data, i))) return false;
    return true;
}

bool elements_from_json(const struct datatype *type, const struct shape *shape, const json_t *data, const char *name,
                        struct bytes *elements, struct reply *reply)
{
    struct reading reading = {type, shape, name, elements, reply, elements->length, 0};
    if (type->kind == KIND_HALF)
        return reply_error(reply, 400, "input %s: %s has no form in JSON: send it as binary data", name, type->name);
    if (type->kind == KIND_TEXT) {
        if (!begin_layout(shape->elements, elements)) return reply_no_memory(reply);
    } else {
        if (bytes_room(elements, shape->elements * type->bytes) == NULL) return reply_no_memory(reply);
        elements->length += shape->elements * type->bytes;
    }
    const bool nested = shape->rank != 1 && (!json_is_array(data) || json_is_array(json_array_get(data, 0)));
    if (!(nested ? read_level(&reading, data, 0) : read_flat(&reading, data))) return false;
    if (reading.count == shape->elements) return true;
    return reply_error(reply, 400, "input %s: %zu elements where its shape has %zu", name, reading.count, shape->elements);
}

/* ---- binary strings ----------------------------------------------------------------------------------------------------- */

static uint32_t load_length(const char *data)
{
    const unsigned char *bytes = (const unsigned char *)data;
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

bool strings_from_binary(const struct shape *shape, const char *data, size_t bytes, const char *name,
                         struct bytes *elements, struct reply *reply)
{
    enum { LENGTH_BYTES = 4 };
    const size_t start = elements->length;
    size_t at = 0, count = 0;
    if (shape->elements > bytes / LENGTH_BYTES)
        return reply_error(reply, 400, "input %s: %zu bytes cannot hold %zu strings", name, bytes, shape->elements);
    if (!begin_layout(shape->elements, elements)) return reply_no_memory(reply);
    for (; count < shape->elements && bytes - at >= LENGTH_BYTES; count++) {
        const size_t length = load_length(data + at);
        at += LENGTH_BYTES;
        if (length > bytes - at)
            return reply_error(reply, 400, "input %s: string %zu has %zu bytes where %zu are left", name, count, length,
                               bytes - at);
        if (!add_string(elements, start, count, data + at, length)) return reply_no_memory(reply);
        at += length;
    }
    if (count == shape->elements && at == bytes) return true;
    return reply_error(reply, 400, "input %s: %zu strings and %zu bytes more where its shape has %zu strings", name, count,
                       bytes - at, shape->elements);
}

size_t strings_to_binary(size_t count, const char *elements, struct bytes *data)
{
    const size_t start = data->length;
    for (size_t i = 0; i < count; i++) {
        size_t length;
        const char *text = layout_string(elements, i, &length);
        const unsigned char prefix[4] = {(unsigned char)length, (unsigned char)(length >> 8), (unsigned char)(length >> 16),
                                         (unsigned char)(length >> 24)};
        bytes_add(data, prefix, sizeof prefix);
        bytes_add(data, text, length);
    }
    return data->length - start;
}

/* ---- to JSON -------------------------------------------------------------------------------------------------------------- */

bool elements_to_json(const struct datatype *type, size_t count, const char *elements, struct bytes *text)
{
    bytes_text(text, "[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0) bytes_text(text, ",");
        if (type->kind != KIND_TEXT) {
            datatype_print(type, elements + i * type->bytes, text);
            continue;
        }
        size_t length;
        const char *string = layout_string(elements, i, &length);
        if (!is_utf8(string, length)) return false;
        bytes_json_text(text, string, length);
    }
    bytes_text(text, "]");
    return true;
}
