/* SPDX-License-Identifier: Apache-2.0 */
/* Why an inference request is not run. */
#include "inference.h"

#include "server.h"

bool inference_is_late(struct inference *work)
{
    work->failure = FAILED_LATE;
    return reply_later(work->reply, 503, "model %s: the request's timeout ran out before it began", work->served->name);
}

bool inference_is_gone(struct inference *work)
{
    work->failure = FAILED_GONE;
    return reply_later(work->reply, 503, "the client has gone, or the server is about to end");
}

bool inference_has_no_client(void *user)
{
    const struct request *request = ((const struct inference *)user)->request;
    return atomic_load(&request->server->cutting) || connection_is_gone(request->connection);
}
