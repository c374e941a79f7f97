/* SPDX-License-Identifier: Apache-2.0 */
/* JSON that keeps the place of every value. Libraries for JSON say where a syntax error is, but not where a name or a
 * number stands that turns out wrong when it is used; and the library itself needs nothing but libc. So here is what it
 * takes to read a file: strict (RFC 8259, no name twice in an object), limited in size, depth and count, in a region. */
#ifndef PL_BASE_JSON_H
#define PL_BASE_JSON_H

#include <stdbool.h>

#include "base/memory.h"
#include "base/status.h"

typedef enum pl_json_kind {
    PL_JSON_NULL,
    PL_JSON_FLAG,
    PL_JSON_NUMBER,
    PL_JSON_TEXT,
    PL_JSON_LIST,
    PL_JSON_OBJECT
} pl_json_kind;

enum {
    PL_JSON_MOST_BYTES = 4 << 20,
    PL_JSON_MOST_DEPTH = 32,
    PL_JSON_MOST_MEMBERS = 10000, /* of one object or list */
    PL_JSON_MOST_VALUES = 100000
};

/* Both from 1; a column is a character. */
struct pl_json_place {
    uint32_t line;
    uint32_t column;
};

struct pl_json {
    pl_json_kind kind;
    struct pl_json_place place;
    const char *name; /* of a member of an object, else NULL */
    struct pl_json_place name_place;
    bool flag;
    double number;
    const char *text; /* UTF-8, no 0 within */
    size_t count;     /* of members */
    struct pl_json *first;
    struct pl_json *next; /* of the object or list this is a member of */
};

/* Reads the whole of `bytes`; values and texts are in the region. `file` is what messages call it. */
pl_status pl_json_read(struct pl_region *region, const char *file, const void *bytes, size_t size,
                       const struct pl_json **root, struct pl_error *error);

/* The message "FILE:LINE:COLUMN: ...", and PL_INVALID_PIPELINE. */
pl_status pl_json_fail(struct pl_error *error, const char *file, struct pl_json_place place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A text as it can stand in a message: whole characters, not many, none that controls a terminal. */
struct pl_json_quoted {
    char text[64];
};
struct pl_json_quoted pl_json_quote(const char *text);

/* "a text", "a number", ...: what a value is. */
const char *pl_json_kind_text(pl_json_kind kind);

#endif
