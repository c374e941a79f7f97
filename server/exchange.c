/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "routes.h"
#include "time_slice.h"

struct exchange {
    struct connection *connection;
    bool has_head;  /* it was looked at */
    bool answering; /* it is one of server->requests */
    bool refused;   /* the reply is made: what comes of the body is thrown away */
    size_t counted; /* bytes of the body in server->body_bytes */
    size_t dropped; /* bytes that came after it was refused */
    struct bytes body;
    struct reply reply;
};

/* ---- the answer --------------------------------------------------------------------------------------------------------- */

static bool add_header(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_number_header(struct MHD_Response *response, const char *name, size_t number)
{
    char text[32];
    snprintf(text, sizeof text, "%zu", number);
    return add_header(response, name, text);
}

static bool add_list(struct MHD_Response *response, const struct reply_header *headers)
{
    for (const struct reply_header *header = headers; header != NULL && header->name != NULL; header++)
        if (!add_header(response, header->name, header->value)) return false;
    return true;
}

/* False: one of them has no memory, and without it the answer would be another one. */
static bool add_headers(struct MHD_Response *response, const struct reply *reply, bool last)
{
    const char *type = reply->content_type != NULL ? reply->content_type : "application/json";
    return add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) &&
           (reply->json_length == 0 ||
            add_number_header(response, "Inference-Header-Content-Length", reply->json_length)) &&
           (!reply->retry || add_number_header(response, MHD_HTTP_HEADER_RETRY_AFTER, RETRY_SECONDS)) &&
           (reply->allow == NULL || add_header(response, MHD_HTTP_HEADER_ALLOW, reply->allow)) &&
           (reply->status != 401 || add_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer")) &&
           (reply->etag == NULL || (add_header(response, MHD_HTTP_HEADER_ETAG, reply->etag) &&
                                    add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache"))) &&
           add_list(response, reply->headers) &&
           (!last || add_header(response, MHD_HTTP_HEADER_CONNECTION, "close"));
}

/* MHD_NO ends the connection, for want of memory. */
static enum MHD_Result send_reply(struct server *server, struct MHD_Connection *connection, struct exchange *exchange)
{
    struct reply *reply = &exchange->reply;
    if (reply->body.failed) reply_no_memory(reply);
    if (reply->body.failed) return MHD_NO;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(reply->body.length, reply->body.data, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) return MHD_NO;
    reply->body = (struct bytes){0}; /* the response's */
    enum MHD_Result result = MHD_NO;
    if (add_headers(response, reply, atomic_load(&server->draining))) {
        atomic_fetch_add(&server->answers[reply->status], 1);
        connections_enter(&server->connections, exchange->connection, PHASE_SENDING);
        result = MHD_queue_response(connection, reply->status, response);
    }
    MHD_destroy_response(response);
    return result;
}

static void log_request(struct server *server, const struct request *request, const struct exchange *exchange)
{
    if (server->log.level < LOG_REQUESTS) return;
    log_event(&server->log, LOG_REQUESTS, "answered", {"method", request->method, 0}, {"path", request->path, 0},
              {"status", NULL, exchange->reply.status}, {"bytes_in", NULL, (int64_t)request->body_bytes},
              {"bytes_out", NULL, (int64_t)exchange->reply.body.length},
              {"us", NULL, (int64_t)((clock_now() - request->began) / 1000)});
}

/* All of the request is there. */
static enum MHD_Result answer(struct server *server, struct MHD_Connection *connection, struct exchange *exchange,
                              const char *path, const char *method)
{
    struct request request = {.server = server,
                              .connection = exchange->connection,
                              .method = method,
                              .path = path,
                              .json_length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                                         "Inference-Header-Content-Length"),
                              .if_none_match = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                                           MHD_HTTP_HEADER_IF_NONE_MATCH),
                              .body = exchange->body.data,
                              .body_bytes = exchange->body.length,
                              .began = clock_now()};
    connections_enter(&server->connections, exchange->connection, PHASE_ANSWERING);
    exchange->answering = true;
    atomic_fetch_add(&server->requests, 1);
    if (!exchange->refused) route(&request, &exchange->reply);
    log_request(server, &request, exchange);
    return send_reply(server, connection, exchange);
}

/* ---- the head ------------------------------------------------------------------------------------------------------------- */

static bool check_length(struct server *server, struct MHD_Connection *connection, struct reply *reply)
{
    const long long limit = (long long)server->options->body_limit;
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (length == NULL) return true;
    if (strtoull(length, NULL, 10) <= (unsigned long long)limit) return true; /* of what is too much, the most there is */
    return reply_error(reply, 413, "the body has %s bytes; at most %lld are taken", length, limit);
}

/* Browsers say where a request comes from. A page of another origin cannot read an answer, but it can send: what changes
 * something, or keeps a model busy, is not done for it. */
static bool is_of_another_origin(struct MHD_Connection *connection, const char *method)
{
    const char *site = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Sec-Fetch-Site");
    return site != NULL && strcmp(method, "POST") == 0 && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

/* What can be refused before the body has come. */
static bool check_head(struct server *server, struct MHD_Connection *connection, const char *path, const char *method,
                       struct reply *reply)
{
    if (is_of_another_origin(connection, method))
        return reply_error(reply, 403, "a page of another origin may not ask for this: serve it from the same address, or put a "
                                       "proxy before both");
    const char *authorization =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    if (!route_is_open(path) && !tokens_allow(&server->tokens, authorization))
        return reply_error(reply, 401, "a bearer token is asked for: Authorization: Bearer TOKEN");
    const char *encoding = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_ENCODING);
    if (encoding != NULL && strcmp(encoding, "identity") != 0)
        return reply_error(reply, 415, "bodies of encoding %s are not read: send it as it is", encoding);
    return check_length(server, connection, reply);
}

/* ---- the body -------------------------------------------------------------------------------------------------------------- */

static void refuse_body(struct server *server, struct exchange *exchange)
{
    exchange->refused = true;
    bytes_free(&exchange->body);
    atomic_fetch_sub(&server->body_bytes, exchange->counted);
    exchange->counted = 0;
}

/* A piece of the body. MHD_NO ends the connection: the client was told, and sends on and on. */
static enum MHD_Result take_body(struct server *server, struct exchange *exchange, const char *data, size_t bytes)
{
    const size_t limit = (size_t)server->options->body_limit;
    if (exchange->refused) {
        exchange->dropped += bytes;
        return exchange->dropped <= limit ? MHD_YES : MHD_NO;
    }
    const size_t all = atomic_fetch_add(&server->body_bytes, bytes) + bytes;
    exchange->counted += bytes;
    bool fine = true;
    if (bytes > limit - exchange->body.length)
        fine = reply_error(&exchange->reply, 413, "the body has more than %zu bytes", limit);
    else if (all > (size_t)server->options->bodies_limit)
        fine = reply_later(&exchange->reply, 503, "too much is being sent at once");
    if (fine) bytes_add(&exchange->body, data, bytes);
    if (fine && exchange->body.failed) fine = reply_no_memory(&exchange->reply);
    if (!fine) refuse_body(server, exchange);
    return MHD_YES;
}

/* ---- callbacks -------------------------------------------------------------------------------------------------------------- */

static struct connection *connection_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

void *exchange_begin(void *user, const char *uri, struct MHD_Connection *connection)
{
    struct server *server = user;
    (void)uri;
    time_slice_shorten(); /* requests are short, whatever else is computed */
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL) return NULL;
    exchange->connection = connection_of(connection);
    if (exchange->connection == NULL) {
        free(exchange);
        return NULL;
    }
    connections_enter(&server->connections, exchange->connection, PHASE_RECEIVING);
    return exchange;
}

enum MHD_Result exchange_go_on(void *user, struct MHD_Connection *connection, const char *path, const char *method,
                               const char *version, const char *data, size_t *bytes, void **context)
{
    struct server *server = user;
    struct exchange *exchange = *context;
    (void)version;
    if (exchange == NULL) return MHD_NO;
    if (!exchange->has_head) {
        exchange->has_head = true;
        if (check_head(server, connection, path, method, &exchange->reply)) return MHD_YES;
        exchange->refused = true;
        /* What is too long is not waited for; else the client can send the rest before it reads the answer. */
        return exchange->reply.status == 413 ? answer(server, connection, exchange, path, method) : MHD_YES;
    }
    if (*bytes > 0) {
        const enum MHD_Result result = take_body(server, exchange, data, *bytes);
        *bytes = 0;
        return result;
    }
    return answer(server, connection, exchange, path, method);
}

void exchange_end(void *user, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode code)
{
    struct server *server = user;
    struct exchange *exchange = *context;
    (void)connection;
    (void)code;
    if (exchange == NULL) return;
    atomic_fetch_sub(&server->body_bytes, exchange->counted);
    if (exchange->answering) atomic_fetch_sub(&server->requests, 1);
    connections_enter(&server->connections, exchange->connection, PHASE_IDLE);
    bytes_free(&exchange->body);
    bytes_free(&exchange->reply.body);
    free(exchange);
    *context = NULL;
}
