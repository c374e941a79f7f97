/* SPDX-License-Identifier: Apache-2.0 */
#include "model/record.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* NULL where the record cannot have the field. */
static const union pl_record_value *find_value(const struct pl_record *record, enum pl_field field)
{
    const enum pl_table table = pl_schema_field(field)->table;
    if (record == NULL || record->table != table) return NULL;
    return &record->values[(int32_t)field - pl_schema_first_field(table)];
}

int64_t pl_record_integer(const struct pl_record *record, enum pl_field field)
{
    const struct pl_field_facts *facts = pl_schema_field(field);
    assert(facts->form == PL_FORM_NUMBER && facts->element != PL_ELEMENT_FLOAT32);
    const union pl_record_value *value = find_value(record, field);
    return value != NULL ? value->integer : (int64_t)facts->fallback;
}

float pl_record_real(const struct pl_record *record, enum pl_field field)
{
    const struct pl_field_facts *facts = pl_schema_field(field);
    assert(facts->form == PL_FORM_NUMBER && facts->element == PL_ELEMENT_FLOAT32);
    const union pl_record_value *value = find_value(record, field);
    return (float)(value != NULL ? value->real : facts->fallback);
}

const void *pl_record_vector(const struct pl_record *record, enum pl_field field, uint32_t *count)
{
    assert(pl_schema_field(field)->form == PL_FORM_NUMBERS ||
           pl_schema_field(field)->form == PL_FORM_TEXT ||
           pl_schema_field(field)->form == PL_FORM_TABLES);
    const union pl_record_value *value = find_value(record, field);
    *count = value != NULL ? value->vector.count : 0;
    return value != NULL ? value->vector.data : NULL;
}

const struct pl_record *pl_record_child(const struct pl_record *record, enum pl_field field)
{
    assert(pl_schema_field(field)->form == PL_FORM_TABLE ||
           pl_schema_field(field)->form == PL_FORM_UNION);
    const union pl_record_value *value = find_value(record, field);
    return value != NULL ? value->record : NULL;
}

const struct pl_record *pl_record_item(const struct pl_record *record, enum pl_field field,
                                       uint32_t index)
{
    assert(pl_schema_field(field)->form == PL_FORM_TABLES);
    uint32_t count = 0;
    const struct pl_record *const *items = pl_record_vector(record, field, &count);
    assert(index < count);
    return items[index];
}

const char *pl_record_text(const struct pl_record *record, enum pl_field field)
{
    assert(pl_schema_field(field)->form == PL_FORM_TEXT);
    uint32_t length = 0;
    const char *text = pl_record_vector(record, field, &length);
    return text != NULL ? text : "";
}

struct pl_record *pl_record_new(struct pl_region *region, enum pl_table table)
{
    const int32_t count = pl_schema_field_count(table);
    struct pl_record *record =
        pl_region_allocate(region, sizeof *record + (size_t)count * sizeof record->values[0]);
    if (record == NULL) return NULL;
    record->table = table;
    for (int32_t i = 0; i < count; i++) {
        const struct pl_field_facts *facts =
            pl_schema_field((enum pl_field)(pl_schema_first_field(table) + i));
        if (facts->form != PL_FORM_NUMBER) continue;
        if (facts->element == PL_ELEMENT_FLOAT32) record->values[i].real = facts->fallback;
        else record->values[i].integer = (int64_t)facts->fallback;
    }
    return record;
}

union pl_record_value *pl_record_value_of(struct pl_record *record, enum pl_field field)
{
    assert(record->table == pl_schema_field(field)->table);
    return &record->values[(int32_t)field - pl_schema_first_field(record->table)];
}

struct pl_record *pl_record_clone(struct pl_region *region, const struct pl_record *record)
{
    const size_t values = (size_t)pl_schema_field_count(record->table);
    return pl_region_copy(region, record, sizeof *record + values * sizeof record->values[0]);
}

static bool copy_tables(struct pl_region *region, union pl_record_value *to,
                        const union pl_record_value *from)
{
    const struct pl_record *const *items = from->vector.data;
    const struct pl_record **copies = pl_region_array(region, from->vector.count, sizeof *copies);
    if (copies == NULL) return false;
    for (uint32_t i = 0; i < from->vector.count; i++)
        if ((copies[i] = pl_record_copy(region, items[i])) == NULL) return false;
    to->vector.data = copies;
    return true;
}

static bool copy_value(struct pl_region *region, const struct pl_field_facts *facts,
                       union pl_record_value *to, const union pl_record_value *from)
{
    *to = *from;
    switch ((enum pl_form)facts->form) {
    case PL_FORM_NUMBER: return true;
    case PL_FORM_TEXT:
        if (from->vector.data == NULL) return true;
        to->vector.data = pl_region_text(region, from->vector.data, from->vector.count);
        return to->vector.data != NULL;
    case PL_FORM_NUMBERS:
        if (from->vector.data == NULL) return true;
        to->vector.data =
            pl_region_copy(region, from->vector.data,
                           from->vector.count * pl_schema_element_bytes(facts->element));
        return to->vector.data != NULL;
    case PL_FORM_TABLES: return from->vector.data == NULL || copy_tables(region, to, from);
    case PL_FORM_TABLE:
    case PL_FORM_UNION:
        if (from->record == NULL) return true;
        to->record = pl_record_copy(region, from->record);
        return to->record != NULL;
    }
    return false;
}

/* The schema has no table within itself, so neither this nor its like below can go deep. */
struct pl_record *pl_record_copy(struct pl_region *region, const struct pl_record *record)
{
    struct pl_record *copy = pl_record_new(region, record->table);
    if (copy == NULL) return NULL;
    copy->offset = record->offset;
    const int32_t first = pl_schema_first_field(record->table);
    for (int32_t i = 0; i < pl_schema_field_count(record->table); i++) {
        const struct pl_field_facts *facts = pl_schema_field((enum pl_field)(first + i));
        if (!copy_value(region, facts, &copy->values[i], &record->values[i])) return NULL;
    }
    return copy;
}

static bool equal_vectors(const struct pl_field_facts *facts, const union pl_record_value *a,
                          const union pl_record_value *b)
{
    if (a->vector.count != b->vector.count) return false;
    if (a->vector.data == NULL || b->vector.data == NULL) return a->vector.data == b->vector.data;
    if (facts->form != PL_FORM_TABLES)
        return memcmp(a->vector.data, b->vector.data,
                      a->vector.count * pl_schema_element_bytes(facts->element)) == 0;
    const struct pl_record *const *items_a = a->vector.data;
    const struct pl_record *const *items_b = b->vector.data;
    for (uint32_t i = 0; i < a->vector.count; i++)
        if (!pl_record_equal(items_a[i], items_b[i])) return false;
    return true;
}

static bool equal_values(const struct pl_field_facts *facts, const union pl_record_value *a,
                         const union pl_record_value *b)
{
    switch ((enum pl_form)facts->form) {
    case PL_FORM_NUMBER: return a->integer == b->integer;
    case PL_FORM_TEXT:
    case PL_FORM_NUMBERS:
    case PL_FORM_TABLES: return equal_vectors(facts, a, b);
    case PL_FORM_TABLE:
    case PL_FORM_UNION: return pl_record_equal(a->record, b->record);
    }
    return false;
}

bool pl_record_equal(const struct pl_record *a, const struct pl_record *b)
{
    if (a == b) return true;
    if (a == NULL || b == NULL || a->table != b->table) return false;
    const int32_t first = pl_schema_first_field(a->table);
    for (int32_t i = 0; i < pl_schema_field_count(a->table); i++)
        if (!equal_values(pl_schema_field((enum pl_field)(first + i)), &a->values[i],
                          &b->values[i]))
            return false;
    return true;
}
