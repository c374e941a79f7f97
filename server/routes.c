/* SPDX-License-Identifier: Apache-2.0 */
#include "routes.h"

#include <string.h>

#include "handlers.h"

/* {name} and {version} stand for any text without a slash. */
static const struct {
    const char *method;
    const char *path;
    handler handle;
} routes[] = {
    {"GET", "/", handle_page},
    {"GET", "/page/{name}", handle_page},
    {"GET", "/v2/health/live", handle_live},
    {"GET", "/v2/health/ready", handle_ready},
    {"GET", "/v2", handle_server_metadata},
    {"GET", "/v2/openapi.json", handle_openapi},
    {"GET", "/metrics", handle_metrics},
    {"GET", "/v2/models/stats", handle_model_statistics},
    {"GET", "/v2/models/details", handle_details},
    {"GET", "/v2/models/{name}", handle_model_metadata},
    {"GET", "/v2/models/{name}/ready", handle_model_ready},
    {"GET", "/v2/models/{name}/stats", handle_model_statistics},
    {"POST", "/v2/models/{name}/infer", handle_infer},
    {"GET", "/v2/models/{name}/versions/{version}", handle_model_metadata},
    {"GET", "/v2/models/{name}/versions/{version}/ready", handle_model_ready},
    {"GET", "/v2/models/{name}/versions/{version}/stats", handle_model_statistics},
    {"POST", "/v2/models/{name}/versions/{version}/infer", handle_infer},
    {"POST", "/v2/repository/index", handle_index},
    {"POST", "/v2/repository/models/{name}/load", handle_load},
    {"POST", "/v2/repository/models/{name}/unload", handle_unload},
};
enum { ROUTE_COUNT = sizeof routes / sizeof routes[0] };

struct span {
    const char *text;
    size_t length;
};

/* Whether the path is one of the pattern; the texts for {name} and {version} are noted. */
static bool matches(const char *pattern, const char *path, struct span *name, struct span *version)
{
    for (; *pattern != '\0'; pattern++) {
        if (*pattern != '{') {
            if (*path++ != *pattern) return false;
            continue;
        }
        struct span *span = pattern[1] == 'n' ? name : version;
        *span = (struct span){path, strcspn(path, "/")};
        if (span->length == 0) return false;
        path += span->length;
        pattern = strchr(pattern, '}');
    }
    return *path == '\0' || strcmp(path, "/") == 0;
}

static bool is_method(const char *route_method, const char *method)
{
    return strcmp(route_method, method) == 0 || (strcmp(method, "HEAD") == 0 && strcmp(route_method, "GET") == 0);
}

/* Both texts can be copied into memory of this size. */
static void handle(handler function, struct request *request, struct reply *reply, struct span name, struct span version)
{
    char texts[2][512];
    if (name.length >= sizeof texts[0] || version.length >= sizeof texts[1]) {
        reply_error(reply, 404, "there is no model of so long a name");
        return;
    }
    if (name.text != NULL) request->name = memcpy(texts[0], name.text, name.length);
    if (version.text != NULL) request->version = memcpy(texts[1], version.text, version.length);
    texts[0][name.length] = texts[1][version.length] = '\0';
    function(request, reply);
    request->name = request->version = NULL;
}

void route(struct request *request, struct reply *reply)
{
    const char *allowed = NULL;
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        struct span name = {0}, version = {0};
        if (!matches(routes[i].path, request->path, &name, &version)) continue;
        if (is_method(routes[i].method, request->method)) {
            handle(routes[i].handle, request, reply, name, version);
            return;
        }
        allowed = strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD" : routes[i].method;
    }
    if (allowed == NULL) {
        reply_error(reply, 404, "there is nothing at %s; GET /v2/openapi.json lists what there is", request->path);
        return;
    }
    reply_error(reply, 405, "%s does not take %s; it takes %s", request->path, request->method, allowed);
    reply->allow = allowed;
}

bool route_is_open(const char *path)
{
    static const char *const open[] = {"/v2/health/", "/page/"};
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
        if (strncmp(path, open[i], strlen(open[i])) == 0) return true;
    return strcmp(path, "/") == 0;
}
