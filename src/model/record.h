/* SPDX-License-Identifier: Apache-2.0 */
/* A record is a decoded table of the file format: one value per field of the schema, defaults
 * filled in. Operators read their options from records, and the writer encodes records again. Texts
 * and numbers of records that decode.h makes may point into the file; those that pl_record_copy()
 * makes stand on their own.
 *
 * Fields are named as in the schema: PL_Conv2DOptions_padding is an enum pl_field,
 * PL_Padding_SAME an enum value, PL_BuiltinOperator_CONV_2D an operator. All come from
 * schema.def. */
#ifndef PL_MODEL_RECORD_H
#define PL_MODEL_RECORD_H

#include <stdint.h>

#include "base/memory.h"
#include "model/schema.h"

struct pl_record;

/* One field. Scalars, booleans and enums are integers; float and double are reals. */
union pl_record_value {
    int64_t integer;
    double real;
    struct {
        uint32_t count; /* elements; for text: bytes without the closing 0 */
        /* NULL if the field is absent. Text: char with a closing 0; numbers: their own type,
         * aligned; tables: const struct pl_record *const *. */
        const void *data;
    } vector;
    const struct pl_record *record; /* a table or a union's table; NULL if absent */
};

struct pl_record {
    enum pl_table table;
    uint32_t offset; /* of its table in the file, for messages; 0 if it comes from no file */
    union pl_record_value values[]; /* one per field, in the schema's order */
};

/* The field's value, or the schema's default if record is NULL or of another table (a file may
 * leave options out). */
int64_t pl_record_integer(const struct pl_record *record, enum pl_field field);
float pl_record_real(const struct pl_record *record, enum pl_field field);
/* Vectors and texts: returns data (NULL if absent) and sets *count. */
const void *pl_record_vector(const struct pl_record *record, enum pl_field field, uint32_t *count);
const struct pl_record *pl_record_child(const struct pl_record *record, enum pl_field field);

/* Item of a vector of tables; index must be below its count. */
const struct pl_record *pl_record_item(const struct pl_record *record, enum pl_field field,
                                       uint32_t index);
/* A text with a closing 0; "" if it is absent. */
const char *pl_record_text(const struct pl_record *record, enum pl_field field);

/* A record with all defaults, to be filled in through `values`; NULL if there is no more memory. */
struct pl_record *pl_record_new(struct pl_region *region, enum pl_table table);
/* Where a field's value stands in a record of its table. */
union pl_record_value *pl_record_value_of(struct pl_record *record, enum pl_field field);
/* A copy of this record alone, whose values lead to the same texts, vectors and records; NULL if
 * there is no more memory. */
struct pl_record *pl_record_clone(struct pl_region *region, const struct pl_record *record);
/* A copy with all that hangs on it; NULL if there is no more memory. */
struct pl_record *pl_record_copy(struct pl_region *region, const struct pl_record *record);
/* Whether all fields are equal, bit by bit, and so on down. NULL equals NULL only. */
bool pl_record_equal(const struct pl_record *a, const struct pl_record *b);

#endif
