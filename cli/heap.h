/* SPDX-License-Identifier: Apache-2.0 */
/* The program's own memory. Running out of it ends the program with EXIT_MEMORY: there is
 * nothing left to do then. */
#ifndef CLI_HEAP_H
#define CLI_HEAP_H

#include <stdarg.h>
#include <stddef.h>

/* Zeroed memory for `count` elements of `size` bytes; never NULL. Freed with free(). */
void *heap_array(size_t count, size_t size);

/* The array with room for one more element: doubles when `count` is a power of two. */
void *heap_grow(void *array, size_t count, size_t size);

/* A text made as by printf or vprintf. Freed with free(). */
char *heap_text_of(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));
char *heap_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
