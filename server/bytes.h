/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that grow: bodies and texts under construction. Running out of memory is remembered and asked for once, at the
 * end: the server must live on. */
#ifndef SERVER_BYTES_H
#define SERVER_BYTES_H

#include <stdbool.h>
#include <stddef.h>

struct bytes {
    char *data; /* from malloc(), NULL while there are none */
    size_t length;
    size_t capacity;
    bool failed; /* memory ran out: what was added since is lost */
};

/* Room for so many more, not counted yet; NULL where there is no memory. */
char *bytes_room(struct bytes *bytes, size_t count);
void bytes_add(struct bytes *bytes, const void *data, size_t count);
void bytes_text(struct bytes *bytes, const char *text);
void bytes_print(struct bytes *bytes, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What is there as a string, valid until more is added; "" where memory ran out. */
const char *bytes_string(struct bytes *bytes);
void bytes_free(struct bytes *bytes);

#endif
