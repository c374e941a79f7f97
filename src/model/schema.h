/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of the file format as numbers and tables, made from schema.def:
 *   enum pl_table   PL_TABLE_Conv2DOptions
 *   enum pl_field   PL_Conv2DOptions_padding
 *   enum pl_enum    PL_ENUM_Padding, its values PL_Padding_SAME, PL_BuiltinOperator_CONV_2D
 *   enum pl_union   PL_UNION_BuiltinOptions */
#ifndef PL_MODEL_SCHEMA_H
#define PL_MODEL_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the column `of` of a plain number or text says. */
enum { PL_NOTHING = 0 };

enum pl_enum {
    PL_ENUM_NONE,
#define PL_ENUM(name) PL_ENUM_##name,
#include "model/schema.def"
    PL_ENUM_COUNT
};

enum pl_union {
    PL_UNION_NONE,
#define PL_UNION(name) PL_UNION_##name,
#include "model/schema.def"
    PL_UNION_COUNT
};

enum pl_table {
#define PL_TABLE(name) PL_TABLE_##name,
#include "model/schema.def"
    PL_TABLE_COUNT
};

/* The values of all enums. */
enum pl_enum_value {
#define PL_VALUE(enumeration, name, number) PL_##enumeration##_##name = (number),
#include "model/schema.def"
};

/* Fields are numbered through all tables; those of a table stand together, from PL_FIRST_<table>
 * on. */
enum pl_field {
#define PL_TABLE(name) PL_FIRST_##name, PL_BEFORE_##name = PL_FIRST_##name - 1,
#define PL_FIELD(table, name, slot, form, element, of, fallback) PL_##table##_##name,
#include "model/schema.def"
    PL_FIELD_COUNT
};

enum pl_form {
    PL_FORM_NUMBER,  /* in the table itself */
    PL_FORM_NUMBERS, /* a vector of numbers */
    PL_FORM_TEXT,
    PL_FORM_TABLE,
    PL_FORM_TABLES, /* a vector of tables */
    PL_FORM_UNION   /* a table whose kind is told by a number in the slot before */
};

enum pl_element {
    PL_ELEMENT_BOOL,
    PL_ELEMENT_INT8,
    PL_ELEMENT_UINT8,
    PL_ELEMENT_INT16,
    PL_ELEMENT_UINT16,
    PL_ELEMENT_INT32,
    PL_ELEMENT_UINT32,
    PL_ELEMENT_INT64,
    PL_ELEMENT_UINT64,
    PL_ELEMENT_FLOAT32
};

struct pl_field_facts {
    const char *name;
    enum pl_table table;
    uint8_t slot;
    uint8_t form;    /* enum pl_form */
    uint8_t element; /* enum pl_element: of a number or of a vector's elements */
    int16_t of;      /* enum pl_enum, pl_table or pl_union by form, or PL_NOTHING */
    double fallback; /* default of a number */
};

const char *pl_schema_table_name(enum pl_table table);
/* A table's fields are numbered first to first + count - 1. */
int32_t pl_schema_first_field(enum pl_table table);
int32_t pl_schema_field_count(enum pl_table table);
const struct pl_field_facts *pl_schema_field(enum pl_field field);
/* Bytes of a stored number. */
size_t pl_schema_element_bytes(uint8_t element);
/* The alignment that the elements of this vector must have in a file that we write. */
size_t pl_schema_alignment(enum pl_field field);

/* Whether what stands here are indices of subgraphs that an operator runs. */
bool pl_schema_names_subgraph(enum pl_field field);

/* Number of values of an enum: they are 0 to count - 1. */
int32_t pl_schema_enum_count(enum pl_enum enumeration);
const char *pl_schema_enum_name(enum pl_enum enumeration);
/* "CONV_2D"; NULL if there is no such value. */
const char *pl_schema_value_name(enum pl_enum enumeration, int64_t number);

/* The table of a union's type number; false if there is none (0, or newer than this schema). */
bool pl_schema_union_table(enum pl_union name, int64_t number, enum pl_table *table);
/* The type number of a table in a union; 0 if it is no member. */
int32_t pl_schema_union_number(enum pl_union name, enum pl_table table);

/* The table that the options of an operator are in; false if it has none or is unknown. */
bool pl_schema_operator_options(int32_t code, enum pl_table *table);

#endif
