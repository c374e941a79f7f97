/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol's data types beside TensorFlow Lite's, and elements of them as JSON. */
#ifndef SERVER_DATATYPE_H
#define SERVER_DATATYPE_H

#include <jansson.h>
#include <stdbool.h>

#include "bytes.h"
#include "plait/plait.h"

enum datatype_kind { KIND_BOOL, KIND_SIGNED, KIND_UNSIGNED, KIND_FLOAT, KIND_HALF, KIND_TEXT };

struct datatype {
    const char *name; /* "FP32" */
    plait_type type;
    enum datatype_kind kind;
    size_t bytes; /* of an element; 0: any number (BYTES) */
};

/* NULL where the protocol has no such type. */
const struct datatype *datatype_of(plait_type type);
const struct datatype *datatype_named(const char *name);

/* One element from JSON; false if it is not one of this type. Not for KIND_HALF and KIND_TEXT. */
bool datatype_read(const struct datatype *type, const json_t *value, void *element);
/* Adds one element as JSON; null for what JSON has no number for. */
void datatype_print(const struct datatype *type, const void *element, struct bytes *text);
/* The element as a real number; of all but KIND_TEXT. */
double datatype_value(const struct datatype *type, const void *element);

#endif
