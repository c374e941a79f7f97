/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that schema.def becomes, and how to find things in them. */
#include "model/schema.h"

#include <assert.h>

static const struct pl_field_facts fields[PL_FIELD_COUNT] = {
#define PL_FIELD(table, name, slot, form, element, of, fallback)                                   \
    [PL_##table##_##name] = {#name,          PL_TABLE_##table,     (slot),                         \
                             PL_FORM_##form, PL_ELEMENT_##element, PL_##of,                        \
                             (fallback)},
#include "model/schema.def"
};

/* One more than there are tables, so that a table's fields end where the next one's begin. */
static const struct {
    const char *name;
    int32_t first_field;
} tables[PL_TABLE_COUNT + 1] = {
#define PL_TABLE(name) [PL_TABLE_##name] = {#name, PL_FIRST_##name},
#include "model/schema.def"
    [PL_TABLE_COUNT] = {NULL, PL_FIELD_COUNT},
};

/* Values and members are numbered through like fields; these places say where each enum and
 * union begins. */
enum value_place {
#define PL_ENUM(name)                       FIRST_OF_##name, BEFORE_##name = FIRST_OF_##name - 1,
#define PL_VALUE(enumeration, name, number) PLACE_##enumeration##_##name,
#include "model/schema.def"
    VALUE_COUNT
};

static const char *const value_names[VALUE_COUNT] = {
#define PL_VALUE(enumeration, name, number) [PLACE_##enumeration##_##name] = #name,
#include "model/schema.def"
};

static const struct {
    const char *name;
    int32_t first_value;
} enums[PL_ENUM_COUNT + 1] = {
#define PL_ENUM(name) [PL_ENUM_##name] = {#name, FIRST_OF_##name},
#include "model/schema.def"
    [PL_ENUM_COUNT] = {NULL, VALUE_COUNT},
};

enum member_place {
#define PL_UNION(name)                 FIRST_IN_##name, BEFORE_IN_##name = FIRST_IN_##name - 1,
#define PL_MEMBER(name, table, number) PLACE_IN_##name##_##table,
#include "model/schema.def"
    MEMBER_COUNT
};

static const enum pl_table members[MEMBER_COUNT] = {
#define PL_MEMBER(name, table, number) [PLACE_IN_##name##_##table] = PL_TABLE_##table,
#include "model/schema.def"
};

static const int32_t first_members[PL_UNION_COUNT + 1] = {
#define PL_UNION(name) [PL_UNION_##name] = FIRST_IN_##name,
#include "model/schema.def"
    [PL_UNION_COUNT] = MEMBER_COUNT,
};

const char *pl_schema_table_name(enum pl_table table)
{
    assert((unsigned)table < PL_TABLE_COUNT);
    return tables[table].name;
}

int32_t pl_schema_first_field(enum pl_table table)
{
    assert((unsigned)table < PL_TABLE_COUNT);
    return tables[table].first_field;
}

int32_t pl_schema_field_count(enum pl_table table)
{
    assert((unsigned)table < PL_TABLE_COUNT);
    return tables[table + 1].first_field - tables[table].first_field;
}

const struct pl_field_facts *pl_schema_field(enum pl_field field)
{
    assert(field >= 0 && field < PL_FIELD_COUNT);
    return &fields[field];
}

size_t pl_schema_element_bytes(uint8_t element)
{
    static const uint8_t bytes[] = {
        [PL_ELEMENT_BOOL] = 1,    [PL_ELEMENT_INT8] = 1,   [PL_ELEMENT_UINT8] = 1,
        [PL_ELEMENT_INT16] = 2,   [PL_ELEMENT_UINT16] = 2, [PL_ELEMENT_INT32] = 4,
        [PL_ELEMENT_UINT32] = 4,  [PL_ELEMENT_INT64] = 8,  [PL_ELEMENT_UINT64] = 8,
        [PL_ELEMENT_FLOAT32] = 4,
    };
    assert(element < sizeof bytes);
    return bytes[element];
}

size_t pl_schema_alignment(enum pl_field field)
{
    switch (field) {
#define PL_FIELD_ALIGN(table, name, bytes) \
    case PL_##table##_##name: return (bytes);
#include "model/schema.def"
    default: return pl_schema_element_bytes(fields[field].element);
    }
}

bool pl_schema_names_subgraph(enum pl_field field)
{
    switch (field) {
#define PL_FIELD_CALL(table, name) \
    case PL_##table##_##name: return true;
#include "model/schema.def"
    default: return false;
    }
}

int32_t pl_schema_enum_count(enum pl_enum enumeration)
{
    assert(enumeration > PL_ENUM_NONE && enumeration < PL_ENUM_COUNT);
    return enums[enumeration + 1].first_value - enums[enumeration].first_value;
}

const char *pl_schema_enum_name(enum pl_enum enumeration)
{
    assert(enumeration > PL_ENUM_NONE && enumeration < PL_ENUM_COUNT);
    return enums[enumeration].name;
}

const char *pl_schema_value_name(enum pl_enum enumeration, int64_t number)
{
    if (number < 0 || number >= pl_schema_enum_count(enumeration)) return NULL;
    return value_names[enums[enumeration].first_value + number];
}

bool pl_schema_union_table(enum pl_union name, int64_t number, enum pl_table *table)
{
    assert(name > PL_UNION_NONE && name < PL_UNION_COUNT);
    if (number < 1 || number > first_members[name + 1] - first_members[name]) return false;
    *table = members[first_members[name] + number - 1];
    return true;
}

int32_t pl_schema_union_number(enum pl_union name, enum pl_table table)
{
    assert(name > PL_UNION_NONE && name < PL_UNION_COUNT);
    for (int32_t i = first_members[name]; i < first_members[name + 1]; i++)
        if (members[i] == table) return i - first_members[name] + 1;
    return 0;
}

bool pl_schema_operator_options(int32_t code, enum pl_table *table)
{
    switch (code) {
#define PL_OPTIONS(operator, options)                                                              \
    case PL_BuiltinOperator_##operator:                                                            \
        *table = PL_TABLE_##options;                                                               \
        return true;
#include "model/schema.def"
    default: return false;
    }
}
