/* SPDX-License-Identifier: Apache-2.0 */
/* JSON where memory may run out: nothing that is half is ever answered, and a request is not called wrong for it. */
#ifndef SERVER_JSON_MEMORY_H
#define SERVER_JSON_MEMORY_H

#include <jansson.h>

#include "reply.h"

/* Before all JSON of the process: from then on it is known when memory ran out, which Jansson does not always say. */
void json_memory_begin(void);
/* A text as JSON. NULL where it is none, and the reply says so of `what`, or where memory ran out, and it says that. */
json_t *json_read(const char *text, size_t length, size_t flags, const char *what, struct reply *reply);
/* The list with this item at its end; NULL, and both are gone, where one of them is NULL or memory runs out. */
json_t *json_listed(json_t *list, json_t *item);
/* The object with this member, likewise. */
json_t *json_with(json_t *object, const char *key, json_t *value);

#endif
