/* SPDX-License-Identifier: Apache-2.0 */
/* The repository extension: what there is, loading and unloading. */
#include <stdint.h>
#include <string.h>

#include "handlers.h"
#include "json_memory.h"

bool read_json(const struct request *request, json_t **document, struct reply *reply)
{
    *document = NULL;
    if (request->body_bytes == 0) return true;
    if (request->body_bytes > (size_t)request->server->options->json_limit)
        return reply_error(reply, 413, "the body has %zu bytes of JSON; at most %lld are taken", request->body_bytes,
                           (long long)request->server->options->json_limit);
    *document = json_read(request->body, request->body_bytes, 0, "the body", reply);
    if (*document == NULL) return false;
    if (!json_is_object(*document)) {
        json_decref(*document);
        return reply_error(reply, 400, "the body is not a JSON object");
    }
    return true;
}

/* Parameters that would change what is loaded cannot be kept silent about. */
static bool check_parameters(const struct request *request, struct reply *reply)
{
    json_t *document;
    if (!read_json(request, &document, reply)) return false;
    const json_t *parameters = json_object_get(document, "parameters");
    bool fine = true;
    if (parameters != NULL && !json_is_object(parameters))
        fine = reply_error(reply, 400, "parameters is not an object");
    const char *key;
    const json_t *value;
    json_object_foreach((json_t *)(uintptr_t)parameters, key, value)
    {
        if (fine && strcmp(key, "unload_dependents") != 0)
            fine = reply_error(reply, 400, "parameter %s is not supported: a model is loaded from its file as it is", key);
        else if (fine && !json_is_boolean(value)) fine = reply_error(reply, 400, "parameter %s is not true or false", key);
    }
    json_decref(document);
    return fine;
}

void handle_index(struct request *request, struct reply *reply)
{
    json_t *document;
    if (!read_json(request, &document, reply)) return;
    const json_t *ready = json_object_get(document, "ready");
    if (ready != NULL && !json_is_boolean(ready)) reply_error(reply, 400, "ready is not true or false");
    else reply_json(reply, 200, repository_index(&request->server->repository, json_is_true(ready)));
    json_decref(document);
}

static void handle_change(struct request *request, struct reply *reply,
                          plait_status (*change)(struct repository *, const char *, struct bytes *))
{
    struct bytes why = {0};
    if (!check_parameters(request, reply)) return;
    const plait_status status = change(&request->server->repository, request->name, &why);
    if (status == PLAIT_OK) reply_json(reply, 200, json_object());
    else reply_status(reply, status, bytes_string(&why));
    bytes_free(&why);
}

void handle_load(struct request *request, struct reply *reply)
{
    handle_change(request, reply, repository_load);
}

void handle_unload(struct request *request, struct reply *reply)
{
    handle_change(request, reply, repository_unload);
}
