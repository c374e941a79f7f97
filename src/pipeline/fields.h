/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of a pipeline file by a table of their fields, and the messages about them: each has the place, what was found,
 * and what can be there. */
#ifndef PL_PIPELINE_FIELDS_H
#define PL_PIPELINE_FIELDS_H

#include "base/json.h"

typedef enum pl_json_field_kind {
    PL_FIELD_ANY, /* whoever takes the value checks it */
    PL_FIELD_FLAG,
    PL_FIELD_WHOLE,
    PL_FIELD_REAL,
    PL_FIELD_TEXT, /* not empty */
    PL_FIELD_LIST,
    PL_FIELD_OBJECT
} pl_json_field_kind;

struct pl_json_field {
    const char *name;
    pl_json_field_kind kind;
    bool required;
    double least; /* of numbers, both with the end */
    double most;
};

enum { PL_MOST_FIELDS = 10 };

struct pl_json_fields {
    const char *of; /* "a link": whose fields these are */
    const struct pl_json_field *fields;
    size_t count;
};

/* The file that is read, for messages. */
struct pl_json_source {
    const char *file;
    struct pl_error *error;
};

/* Puts the value of each field into found[], in the order of the table; NULL where it is not there. */
pl_status pl_json_fields_read(const struct pl_json_source *source, const struct pl_json *object, const struct pl_json_fields *table,
                         const struct pl_json **found);

/* The message "FILE:LINE:COLUMN: must be EXPECTED, found ...". */
pl_status pl_json_field_wrong(const struct pl_json_source *source, const struct pl_json *value, const char *what, const char *expected);

/* Puts the place of a value before a message that came from elsewhere. */
pl_status pl_json_source_fail_at(const struct pl_json_source *source, const struct pl_json *value);

#endif
