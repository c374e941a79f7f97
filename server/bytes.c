/* SPDX-License-Identifier: Apache-2.0 */
#include "bytes.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_CAPACITY = 512 };

char *bytes_room(struct bytes *bytes, size_t count)
{
    if (bytes->failed || count > SIZE_MAX / 2 - bytes->length) goto fail;
    if (bytes->data == NULL || bytes->length + count > bytes->capacity) {
        size_t capacity = bytes->capacity > 0 ? bytes->capacity * 2 : LEAST_CAPACITY;
        if (capacity < bytes->length + count) capacity = bytes->length + count;
        char *data = realloc(bytes->data, capacity);
        if (data == NULL) goto fail;
        bytes->data = data;
        bytes->capacity = capacity;
    }
    return bytes->data + bytes->length;
fail:
    bytes->failed = true;
    return NULL;
}

void bytes_add(struct bytes *bytes, const void *data, size_t count)
{
    if (count == 0) return;
    char *room = bytes_room(bytes, count);
    if (room == NULL) return;
    memcpy(room, data, count);
    bytes->length += count;
}

void bytes_text(struct bytes *bytes, const char *text)
{
    bytes_add(bytes, text, strlen(text));
}

void bytes_print(struct bytes *bytes, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    char *room = length < 0 ? NULL : bytes_room(bytes, (size_t)length + 1);
    if (room != NULL) {
        vsnprintf(room, (size_t)length + 1, format, again);
        bytes->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
}

const char *bytes_string(struct bytes *bytes)
{
    char *room = bytes_room(bytes, 1);
    if (room == NULL) return "";
    *room = '\0';
    return bytes->data;
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}
