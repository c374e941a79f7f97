/* SPDX-License-Identifier: Apache-2.0 */
#include "model/file_place.h"

#include <stdarg.h>
#include <stdio.h>

enum { PATH_BYTES = 256, REASON_BYTES = 512 };

/* Appends what is above first. Paths are short: the schema has no table within itself. */
static size_t append_path(const struct pl_file_place *place, char *text, size_t used)
{
    if (place == NULL) return used;
    used = append_path(place->up, text, used);
    const char *name = pl_schema_field(place->field)->name;
    int more = snprintf(text + used, PATH_BYTES - used, place->up != NULL ? ".%s" : "%s", name);
    if (more > 0 && used + (size_t)more < PATH_BYTES) used += (size_t)more;
    if (place->index < 0) return used;
    more = snprintf(text + used, PATH_BYTES - used, "[%lld]", (long long)place->index);
    if (more > 0 && used + (size_t)more < PATH_BYTES) used += (size_t)more;
    return used;
}

/* The closest offset that can be told: of the element, else of the field, else of the table. */
static uint32_t find_offset(const struct pl_file *file, const struct pl_file_place *place)
{
    const struct pl_field_facts *facts = pl_schema_field(place->field);
    const bool vector = facts->form == PL_FORM_NUMBERS || facts->form == PL_FORM_TABLES;
    const size_t element_bytes = pl_schema_element_bytes(facts->element);
    const uint32_t field_bytes = facts->form == PL_FORM_NUMBER ? (uint32_t)element_bytes : 4;
    struct pl_file_table table;
    uint32_t at = 0, target = 0, count = 0, elements = 0;
    if (pl_file_table(file, place->table_at, &table) != NULL) return place->table_at;
    if (pl_file_field(file, &table, facts->slot, field_bytes, &at) != NULL || at == 0)
        return place->table_at;
    if (!vector || place->index < 0 || pl_file_follow(file, at, &target) != NULL) return at;
    if (pl_file_vector(file, target, element_bytes, &count, &elements) != NULL ||
        place->index >= count)
        return at;
    return elements + (uint32_t)((size_t)place->index * element_bytes);
}

pl_status pl_file_place_fail(const struct pl_file *file, const struct pl_file_place *place,
                             struct pl_error *error, pl_status status, const char *format, ...)
{
    char path[PATH_BYTES] = "", reason[REASON_BYTES] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    if (place == NULL) return pl_fail(error, status, "%s, at offset 0x0", reason);
    append_path(place, path, 0);
    return pl_fail(error, status, "%s: %s, at offset 0x%lx", path, reason,
                   (unsigned long)find_offset(file, place));
}
