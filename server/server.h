/* SPDX-License-Identifier: Apache-2.0 */
/* The server: what all requests share, and one request. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <stdatomic.h>
#include <stdint.h>

#include "connections.h"
#include "log.h"
#include "reply.h"
#include "repository.h"
#include "serve.h"
#include "tokens.h"
#include "turnstile.h"

struct server {
    const struct serve_options *options;
    struct plait_interpreter *interpreter;
    struct log log;
    struct repository repository;
    struct turnstile runs[PLAIT_MOST_CLASS + 1]; /* of each class, so many short runs at once */
    atomic_bool cutting; /* what still runs is to end now */
    struct tokens tokens;
    struct connections connections;
    atomic_bool draining;       /* it is about to end: nothing new */
    atomic_uint requests;       /* whole ones whose answers are not sent yet */
    atomic_size_t body_bytes;   /* of all requests that are under way */
    atomic_ullong answers[600]; /* by HTTP status */
};

/* One request, whole. */
struct request {
    struct server *server;
    struct connection *connection;
    const char *method;
    const char *path; /* without the query, decoded */
    const char *json_length; /* Inference-Header-Content-Length, NULL if it is not there */
    const char *if_none_match; /* If-None-Match, likewise */
    const char *body;
    size_t body_bytes;
    uint64_t began; /* when the whole of it was there */
    char *name;     /* of the model in the path, and */
    char *version;  /* its version; NULL: none there */
};

#endif
