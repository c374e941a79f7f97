/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/fields.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* A value as it can stand in a message. */
static struct pl_json_quoted told(const struct pl_json *value)
{
    struct pl_json_quoted text = {{0}};
    const char *kind = pl_json_kind_text(value->kind);
    if (value->kind == PL_JSON_NUMBER) snprintf(text.text, sizeof text.text, "%.10g", value->number);
    else if (value->kind == PL_JSON_TEXT)
        snprintf(text.text, sizeof text.text, "\"%.48s\"", pl_json_quote(value->text).text);
    else if (value->kind == PL_JSON_FLAG) snprintf(text.text, sizeof text.text, "%s", value->flag ? "true" : "false");
    else snprintf(text.text, sizeof text.text, "%s", kind);
    return text;
}

pl_status pl_json_field_wrong(const struct pl_json_source *source, const struct pl_json *value, const char *what, const char *expected)
{
    return pl_json_fail(source->error, source->file, value->place, "%s must be %s, found %s", what, expected,
                        told(value).text);
}

pl_status pl_json_source_fail_at(const struct pl_json_source *source, const struct pl_json *value)
{
    return pl_fail_at(source->error, "%s:%u:%u", source->file, value->place.line, value->place.column);
}

static pl_status wrong_kind(const struct pl_json_source *source, const struct pl_json *value, const struct pl_json_field *field,
                            const char *of)
{
    char what[96], expected[96];
    snprintf(what, sizeof what, "'%s' of %s", field->name, of);
    const char *kind = field->kind == PL_FIELD_FLAG   ? pl_json_kind_text(PL_JSON_FLAG)
                       : field->kind == PL_FIELD_TEXT ? "a text that is not empty"
                       : field->kind == PL_FIELD_LIST ? pl_json_kind_text(PL_JSON_LIST)
                                                      : pl_json_kind_text(PL_JSON_OBJECT);
    if (field->kind == PL_FIELD_WHOLE || field->kind == PL_FIELD_REAL)
        snprintf(expected, sizeof expected, "%s from %.10g to %.10g",
                 field->kind == PL_FIELD_WHOLE ? "a whole number" : "a number", field->least, field->most);
    else snprintf(expected, sizeof expected, "%s", kind);
    return pl_json_field_wrong(source, value, what, expected);
}

static bool is_number(const struct pl_json *value, const struct pl_json_field *field)
{
    return value->kind == PL_JSON_NUMBER && value->number >= field->least && value->number <= field->most;
}

static bool fits(const struct pl_json *value, const struct pl_json_field *field)
{
    switch (field->kind) {
    case PL_FIELD_ANY: return true;
    case PL_FIELD_FLAG: return value->kind == PL_JSON_FLAG;
    case PL_FIELD_WHOLE: /* in range, it fits the integer */
        return is_number(value, field) && !(value->number < (double)(int64_t)value->number) &&
               !(value->number > (double)(int64_t)value->number);
    case PL_FIELD_REAL: return is_number(value, field);
    case PL_FIELD_TEXT: return value->kind == PL_JSON_TEXT && value->text[0] != '\0';
    case PL_FIELD_LIST: return value->kind == PL_JSON_LIST;
    case PL_FIELD_OBJECT: return value->kind == PL_JSON_OBJECT;
    }
    return false;
}

static pl_status unknown(const struct pl_json_source *source, const struct pl_json *member, const struct pl_json_fields *table)
{
    pl_json_fail(source->error, source->file, member->name_place, "unknown field '%s' of %s; known:",
                 pl_json_quote(member->name).text, table->of);
    for (size_t i = 0; i < table->count; i++)
        pl_error_append(source->error, "%s %s", i == 0 ? "" : ",", table->fields[i].name);
    return PL_INVALID_PIPELINE;
}

static size_t find(const struct pl_json_fields *table, const char *name)
{
    size_t at = 0;
    while (at < table->count && strcmp(table->fields[at].name, name) != 0) at++;
    return at;
}

pl_status pl_json_fields_read(const struct pl_json_source *source, const struct pl_json *object, const struct pl_json_fields *table,
                         const struct pl_json **found)
{
    assert(table->count <= PL_MOST_FIELDS);
    memset(found, 0, table->count * sizeof found[0]);
    if (object->kind != PL_JSON_OBJECT) return pl_json_field_wrong(source, object, table->of, pl_json_kind_text(PL_JSON_OBJECT));
    for (const struct pl_json *member = object->first; member != NULL; member = member->next) {
        const size_t at = find(table, member->name);
        if (at == table->count) return unknown(source, member, table);
        if (!fits(member, &table->fields[at])) return wrong_kind(source, member, &table->fields[at], table->of);
        found[at] = member;
    }
    for (size_t i = 0; i < table->count; i++)
        if (table->fields[i].required && found[i] == NULL)
            return pl_json_fail(source->error, source->file, object->place, "%s needs '%s'", table->of,
                                table->fields[i].name);
    return PL_OK;
}
