/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to a request, before it is HTTP. */
#ifndef SERVER_REPLY_H
#define SERVER_REPLY_H

#include <jansson.h>
#include <stdbool.h>

#include "bytes.h"
#include "plait/plait.h"

enum { RETRY_SECONDS = 1 }; /* when to come again: what queues hold is gone by then */

struct reply_header {
    const char *name;
    const char *value;
};

struct reply {
    unsigned status;          /* of HTTP */
    const char *content_type; /* NULL: JSON */
    size_t json_length;       /* binary tensor data follows so many bytes of JSON; 0: none does */
    bool retry;               /* the same request may succeed later */
    const char *allow;        /* the methods there are, of a 405 */
    const char *etag;         /* of what stays the same until the program is another; or NULL */
    const struct reply_header *headers; /* further ones, the last without a name; or NULL */
    struct bytes body;
};

/* The document, which is given away, as the body. NULL: memory ran out while it was made. */
void reply_json(struct reply *reply, unsigned status, json_t *document);
/* The error of the protocol, {"error": message}, instead of whatever was there. Returns false, for the caller to return. */
bool reply_error(struct reply *reply, unsigned status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* An error that goes away by itself: with Retry-After. */
bool reply_later(struct reply *reply, unsigned status, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool reply_no_memory(struct reply *reply);
/* What failed in the library, in its own words (""; those of the status). */
bool reply_status(struct reply *reply, plait_status status, const char *message);
/* The same for this thread's last call. */
bool reply_failure(struct reply *reply, const struct plait_interpreter *interpreter, plait_status status);

/* Adds the text as a JSON string, with U+FFFD for what is not UTF-8. */
void bytes_json_text(struct bytes *bytes, const char *text, size_t length);
/* Whether all of it is UTF-8. */
bool is_utf8(const char *text, size_t length);

#endif
