/* SPDX-License-Identifier: Apache-2.0 */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *pl_status_text(pl_status status)
{
    switch (status) {
#define PL_STATUS(name, value, text) \
    case PL_##name: return text;
#include "base/status.def"
#undef PL_STATUS
    case PL_LATE: break;
    }
    return "unknown status";
}

/* Formats behind the first `used` bytes of the text; a text that is cut ends in "...". */
static void format_at(struct pl_error *error, size_t used, const char *format, va_list arguments)
{
    const size_t room = sizeof error->text - used;
    const int wanted = vsnprintf(error->text + used, room, format, arguments);
    if (wanted >= 0 && (size_t)wanted >= room) memcpy(error->text + sizeof error->text - 4, "...", 4);
}

pl_status pl_fail(struct pl_error *error, pl_status status, const char *format, ...)
{
    if (error == NULL) return status;
    error->status = status;
    va_list arguments;
    va_start(arguments, format);
    format_at(error, 0, format, arguments);
    va_end(arguments);
    return status;
}

pl_status pl_fail_at(struct pl_error *error, const char *format, ...)
{
    if (error == NULL) return PL_INVALID_ARGUMENT;
    char before[PL_ERROR_TEXT_BYTES];
    memcpy(before, error->text, sizeof before);
    va_list arguments;
    va_start(arguments, format);
    format_at(error, 0, format, arguments);
    va_end(arguments);
    pl_error_append(error, ": %s", before);
    return error->status;
}

void pl_error_append(struct pl_error *error, const char *format, ...)
{
    if (error == NULL) return;
    va_list arguments;
    va_start(arguments, format);
    format_at(error, strlen(error->text), format, arguments);
    va_end(arguments);
}
