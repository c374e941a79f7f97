/* SPDX-License-Identifier: Apache-2.0 */
#include "json_memory.h"

#include <stdlib.h>

static _Thread_local bool has_run_out;

static void *allocate(size_t bytes)
{
    void *memory = malloc(bytes);
    has_run_out = has_run_out || memory == NULL;
    return memory;
}

void json_memory_begin(void)
{
    json_set_alloc_funcs(allocate, free);
}

json_t *json_read(const char *text, size_t length, size_t flags, const char *what, struct reply *reply)
{
    json_error_t error;
    has_run_out = false;
    json_t *document = json_loadb(text, length, flags, &error);
    if (has_run_out) {
        json_decref(document); /* characters of a text may be missing */
        reply_no_memory(reply);
        return NULL;
    }
    if (document == NULL) reply_error(reply, 400, "%s is not JSON: %s at byte %d", what, error.text, error.position);
    return document;
}

json_t *json_listed(json_t *list, json_t *item)
{
    if (list == NULL || item == NULL) {
        json_decref(item);
    } else if (json_array_append_new(list, item) == 0) {
        return list;
    }
    json_decref(list);
    return NULL;
}

json_t *json_with(json_t *object, const char *key, json_t *value)
{
    if (object != NULL && json_object_set_new(object, key, value) == 0) return object;
    if (object == NULL) json_decref(value);
    json_decref(object);
    return NULL;
}
