/* SPDX-License-Identifier: Apache-2.0 */
#include "model/record.h"

#include <assert.h>
#include <stddef.h>

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
    assert(pl_schema_field(field)->form == PL_FORM_NUMBERS || pl_schema_field(field)->form == PL_FORM_TEXT ||
           pl_schema_field(field)->form == PL_FORM_TABLES);
    const union pl_record_value *value = find_value(record, field);
    *count = value != NULL ? value->vector.count : 0;
    return value != NULL ? value->vector.data : NULL;
}

const struct pl_record *pl_record_child(const struct pl_record *record, enum pl_field field)
{
    assert(pl_schema_field(field)->form == PL_FORM_TABLE || pl_schema_field(field)->form == PL_FORM_UNION);
    const union pl_record_value *value = find_value(record, field);
    return value != NULL ? value->record : NULL;
}
