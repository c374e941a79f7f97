/* SPDX-License-Identifier: Apache-2.0 */
#include "reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_MESSAGE = 4096, FLOAT_DIGITS = 9 };

static int add_piece(const char *text, size_t length, void *bytes)
{
    bytes_add(bytes, text, length);
    return 0;
}

void reply_json(struct reply *reply, unsigned status, json_t *document)
{
    reply->status = status;
    reply->body.length = 0;
    if (document == NULL) {
        reply_no_memory(reply);
        return;
    }
    if (json_dump_callback(document, add_piece, &reply->body, JSON_COMPACT | JSON_REAL_PRECISION(FLOAT_DIGITS)) != 0)
        reply->body.failed = true;
    json_decref(document);
}

/* How many bytes a character of UTF-8 has, 0 where there is none: no surrogates, nothing longer than need be. */
static size_t character_length(const unsigned char *text, size_t length)
{
    static const unsigned char least_second[] = {[0xe0 - 0xe0] = 0xa0, [0xf0 - 0xe0] = 0x90};
    const unsigned char first = text[0];
    if (first < 0x80) return 1;
    const size_t count = first >= 0xc2 && first < 0xe0 ? 2 : (first & 0xf0) == 0xe0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
    if (count == 0 || count > length) return 0;
    for (size_t i = 1; i < count; i++)
        if ((text[i] & 0xc0) != 0x80) return 0;
    if ((first == 0xe0 || first == 0xf0) && text[1] < least_second[first - 0xe0]) return 0;
    if ((first == 0xed && text[1] > 0x9f) || (first == 0xf4 && text[1] > 0x8f)) return 0;
    return count;
}

bool is_utf8(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        const size_t count = character_length((const unsigned char *)text + i, length - i);
        if (count == 0) return false;
        i += count;
    }
    return true;
}

void bytes_json_text(struct bytes *bytes, const char *text, size_t length)
{
    bytes_add(bytes, "\"", 1);
    for (size_t i = 0; i < length;) {
        const unsigned char c = (unsigned char)text[i];
        const size_t count = character_length((const unsigned char *)text + i, length - i);
        if (count == 0) bytes_text(bytes, "\xef\xbf\xbd");
        else if (c == '"' || c == '\\') bytes_print(bytes, "\\%c", c);
        else if (c < 0x20 || c == 0x7f) bytes_print(bytes, "\\u%04x", c);
        else bytes_add(bytes, text + i, count);
        i += count > 0 ? count : 1;
    }
    bytes_add(bytes, "\"", 1);
}

__attribute__((format(printf, 3, 0)))
static void set_error(struct reply *reply, unsigned status, const char *format, va_list arguments)
{
    char message[LONGEST_MESSAGE];
    vsnprintf(message, sizeof message, format, arguments);
    const struct reply old = *reply;
    *reply = (struct reply){.status = status, .body = old.body};
    reply->body.length = 0;
    reply->body.failed = false;
    bytes_text(&reply->body, "{\"error\":");
    bytes_json_text(&reply->body, message, strlen(message));
    bytes_text(&reply->body, "}");
}

bool reply_error(struct reply *reply, unsigned status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_error(reply, status, format, arguments);
    va_end(arguments);
    return false;
}

bool reply_later(struct reply *reply, unsigned status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_error(reply, status, format, arguments);
    va_end(arguments);
    reply->retry = true;
    return false;
}

bool reply_no_memory(struct reply *reply)
{
    return reply_later(reply, 503, "out of memory");
}

static unsigned status_of(plait_status status)
{
    switch (status) {
    case PLAIT_OK: return 200;
    case PLAIT_NOT_FOUND: return 404;
    case PLAIT_OUT_OF_MEMORY:
    case PLAIT_NOT_ALLOCATED:
    case PLAIT_BUSY:
    case PLAIT_TOO_LATE:
    case PLAIT_DROPPED:
    case PLAIT_CANCELLED: return 503;
    case PLAIT_INVALID_ARGUMENT:
    case PLAIT_INVALID_MODEL:
    case PLAIT_UNSUPPORTED:
    case PLAIT_MISMATCH:
    case PLAIT_IO:
    case PLAIT_RUN_ERROR:
    case PLAIT_INVALID_PIPELINE: return 400;
    default: return 500;
    }
}

bool reply_status(struct reply *reply, plait_status status, const char *message)
{
    reply_error(reply, status_of(status), "%s", message[0] != '\0' ? message : plait_status_text(status));
    reply->retry = reply->status == 503;
    return false;
}

bool reply_failure(struct reply *reply, const struct plait_interpreter *interpreter, plait_status status)
{
    return reply_status(reply, status, plait_last_error(interpreter));
}
