/* SPDX-License-Identifier: Apache-2.0 */
/* A tensor's elements as JSON, flat or nested by its shape, and strings as the protocol's binary form has them. */
#ifndef SERVER_TENSOR_JSON_H
#define SERVER_TENSOR_JSON_H

#include <stdint.h>

#include "datatype.h"
#include "reply.h"

struct shape {
    size_t rank;
    int64_t dims[8];
    size_t elements;
};

/* Adds the elements to `data` as memory has them (strings: TensorFlow Lite's layout, as plait_tensor_write() takes it).
 * False, and the reply says why, where they are not of the type and the shape. */
bool elements_from_json(const struct datatype *type, const struct shape *shape, const json_t *data, const char *name,
                        struct bytes *elements, struct reply *reply);
/* The same for strings in binary form: each a length of four bytes and its characters. */
bool strings_from_binary(const struct shape *shape, const char *data, size_t bytes, const char *name,
                         struct bytes *elements, struct reply *reply);

/* The other way. Strings are in TensorFlow Lite's layout. */
bool elements_to_json(const struct datatype *type, size_t count, const char *elements, struct bytes *text);
size_t strings_to_binary(size_t count, const char *elements, struct bytes *data);

/* Strings in such a layout: made of texts that stand one after the other, each ended by 0 (false: out of memory), and one
 * of them. */
bool layout_from_texts(size_t count, const char *texts, struct bytes *elements);
const char *layout_string(const char *elements, size_t index, size_t *length);

#endif
