/* SPDX-License-Identifier: Apache-2.0 */
/* The server itself: health, what it is, and the description of all there is. */
#include <string.h>

#include "handlers.h"
#include "openapi.h"

void handle_live(struct request *request, struct reply *reply)
{
    (void)request;
    reply_json(reply, 200, json_pack("{s:b}", "live", 1));
}

void handle_ready(struct request *request, struct reply *reply)
{
    const bool ready = !atomic_load(&request->server->draining);
    reply_json(reply, ready ? 200 : 503, json_pack("{s:b}", "ready", (int)ready));
    if (!ready) reply->retry = true;
}

void handle_server_metadata(struct request *request, struct reply *reply)
{
    (void)request;
    reply_json(reply, 200,
               json_pack("{s:s, s:s, s:[s, s, s, s]}", "name", "plait", "version", plait_version(), "extensions",
                         "binary_tensor_data", "classification", "model_repository", "statistics"));
}

void handle_openapi(struct request *request, struct reply *reply)
{
    (void)request;
    reply->status = 200;
    bytes_add(&reply->body, openapi_text, openapi_length);
}
