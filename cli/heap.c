/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that ends the program when it fails. */
#include "heap.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "talk.h"

static void *or_exit(void *memory)
{
    if (memory == NULL) exit(complain(EXIT_MEMORY, "out of memory"));
    return memory;
}

void *heap_array(size_t count, size_t size)
{
    return or_exit(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *heap_grow(void *array, size_t count, size_t size)
{
    if (count > 0 && (count & (count - 1)) != 0) return array;
    size_t room = count > 0 ? count * 2 : 1;
    return or_exit(room > SIZE_MAX / size ? NULL : realloc(array, room * size));
}

char *heap_text_of(const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    size_t room = (size_t)(length > 0 ? length : 0) + 1;
    char *text = heap_array(room, 1);
    vsnprintf(text, room, format, again);
    va_end(again);
    return text;
}

char *heap_text(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = heap_text_of(format, arguments);
    va_end(arguments);
    return text;
}
