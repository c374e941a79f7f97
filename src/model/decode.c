/* SPDX-License-Identifier: Apache-2.0 */
#include "model/decode.h"

#include <assert.h>
#include <string.h>

#include "model/file_place.h"

/* A table of a file can be reached over many ways, and each way makes a record. Real files
 * decode to less than eight times their size; beyond this many times, and something for tiny
 * files, it is an attack. */
enum { LARGEST_GROWTH = 16, GROWTH_FOR_ALL = 1 << 20 };

struct decoder {
    const struct pl_file *file;
    struct pl_region *region;
    struct pl_error *error;
    uint64_t bytes_left;
};

static pl_status decode_table(struct decoder *decoder, const struct pl_file_place *up,
                              enum pl_table table, uint32_t at, const struct pl_record **record);

#define FAIL(decoder, place, ...)                                                                  \
    pl_file_place_fail((decoder)->file, (place), (decoder)->error, PL_INVALID_MODEL, __VA_ARGS__)

/* Takes bytes from the budget. */
static pl_status spend(struct decoder *decoder, const struct pl_file_place *place, uint64_t bytes)
{
    if (bytes > decoder->bytes_left)
        return FAIL(decoder, place, "the file refers to its parts so often that it would not end");
    decoder->bytes_left -= bytes;
    return PL_OK;
}

static pl_status out_of_memory(struct decoder *decoder, const struct pl_file_place *place,
                               uint64_t bytes)
{
    return pl_file_place_fail(decoder->file, place, decoder->error, PL_OUT_OF_MEMORY,
                              "no memory for %llu bytes", (unsigned long long)bytes);
}

static int64_t read_integer(const struct pl_file *file, uint32_t at, enum pl_element element)
{
    union {
        int8_t i8;
        uint8_t u8;
        int16_t i16;
        uint16_t u16;
        int32_t i32;
        uint32_t u32;
        int64_t i64;
    } number;
    memcpy(&number, file->bytes + at, pl_schema_element_bytes((uint8_t)element));
    switch (element) {
    case PL_ELEMENT_BOOL: return number.u8 != 0;
    case PL_ELEMENT_INT8: return number.i8;
    case PL_ELEMENT_UINT8: return number.u8;
    case PL_ELEMENT_INT16: return number.i16;
    case PL_ELEMENT_UINT16: return number.u16;
    case PL_ELEMENT_INT32: return number.i32;
    case PL_ELEMENT_UINT32: return number.u32;
    case PL_ELEMENT_INT64:
    case PL_ELEMENT_UINT64:
        return number.i64; /* the bits of both; offsets of 2^63 are refused where they are used */
    case PL_ELEMENT_FLOAT32: break;
    }
    return 0;
}

/* Operators may be newer than this schema: whoever lists what is unsupported names them. */
static pl_status check_enum(struct decoder *decoder, const struct pl_file_place *place,
                            enum pl_enum of, int64_t number)
{
    if (of == PL_ENUM_BuiltinOperator || pl_schema_value_name(of, number) != NULL) return PL_OK;
    return FAIL(decoder, place, "found %lld, expected a %s from 0 to %ld", (long long)number,
                pl_schema_enum_name(of), (long)pl_schema_enum_count(of) - 1);
}

static pl_status decode_number(struct decoder *decoder, const struct pl_file_place *place,
                               const struct pl_field_facts *facts, uint32_t at,
                               union pl_record_value *value)
{
    if (facts->element == PL_ELEMENT_FLOAT32) {
        float real;
        memcpy(&real, decoder->file->bytes + at, sizeof real);
        value->real = (double)real;
        return PL_OK;
    }
    value->integer = read_integer(decoder->file, at, (enum pl_element)facts->element);
    return facts->of == PL_NOTHING
               ? PL_OK
               : check_enum(decoder, place, (enum pl_enum)facts->of, value->integer);
}

static pl_status decode_numbers(struct decoder *decoder, const struct pl_file_place *place,
                                const struct pl_field_facts *facts, uint32_t at,
                                union pl_record_value *value)
{
    const size_t element_bytes = pl_schema_element_bytes(facts->element);
    uint32_t count = 0, elements = 0;
    const char *problem = pl_file_vector(decoder->file, at, element_bytes, &count, &elements);
    if (problem != NULL) return FAIL(decoder, place, "%s", problem);
    const uint8_t *data = decoder->file->bytes + elements;
    /* Also where nothing is copied here: whoever comes after walks through all elements once per
     * record. */
    PL_TRY(spend(decoder, place, count * element_bytes));
    value->vector.count = count;
    value->vector.data = data;
    if (facts->of != PL_NOTHING) {
        struct pl_file_place here = *place;
        for (here.index = 0; here.index < count; here.index++)
            PL_TRY(
                check_enum(decoder, &here, (enum pl_enum)facts->of,
                           read_integer(decoder->file,
                                        elements + (uint32_t)here.index * (uint32_t)element_bytes,
                                        (enum pl_element)facts->element)));
    }
    if ((uintptr_t)data % element_bytes == 0) return PL_OK;
    value->vector.data = pl_region_copy(decoder->region, data, count * element_bytes);
    return value->vector.data != NULL ? PL_OK
                                      : out_of_memory(decoder, place, count * element_bytes);
}

static pl_status decode_text(struct decoder *decoder, const struct pl_file_place *place,
                             uint32_t at, union pl_record_value *value)
{
    uint32_t count = 0, elements = 0;
    const char *problem = pl_file_vector(decoder->file, at, 1, &count, &elements);
    if (problem != NULL) return FAIL(decoder, place, "%s", problem);
    if (elements + count >= decoder->file->end || decoder->file->bytes[elements + count] != 0)
        return FAIL(decoder, place, "the text does not end in a 0 byte");
    PL_TRY(spend(decoder, place, count));
    value->vector.count = count;
    value->vector.data = decoder->file->bytes + elements;
    return PL_OK;
}

static pl_status decode_tables(struct decoder *decoder, const struct pl_file_place *place,
                               const struct pl_field_facts *facts, uint32_t at,
                               union pl_record_value *value)
{
    uint32_t count = 0, elements = 0;
    const char *problem = pl_file_vector(decoder->file, at, 4, &count, &elements);
    if (problem != NULL) return FAIL(decoder, place, "%s", problem);
    PL_TRY(spend(decoder, place, (uint64_t)count * sizeof(struct pl_record *)));
    const struct pl_record **items = pl_region_array(decoder->region, count, sizeof *items);
    if (items == NULL) return out_of_memory(decoder, place, (uint64_t)count * sizeof *items);
    struct pl_file_place here = *place;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t target = 0;
        here.index = i;
        problem = pl_file_follow(decoder->file, elements + 4 * i, &target);
        if (problem != NULL) return FAIL(decoder, &here, "%s", problem);
        PL_TRY(decode_table(decoder, &here, (enum pl_table)facts->of, target, &items[i]));
    }
    value->vector.count = count;
    value->vector.data = items;
    return PL_OK;
}

/* A union that says it is nothing, or something newer than this schema, is as good as absent. */
static pl_status decode_union(struct decoder *decoder, const struct pl_file_place *place,
                              const struct pl_field_facts *facts, const struct pl_file_table *table,
                              uint32_t at, union pl_record_value *value)
{
    uint32_t type_at = 0;
    const char *problem = pl_file_field(decoder->file, table, facts->slot - 1u, 1, &type_at);
    if (problem != NULL) return FAIL(decoder, place, "%s (its type)", problem);
    enum pl_table member = PL_TABLE_Model;
    const uint8_t number = type_at == 0 ? 0 : decoder->file->bytes[type_at];
    if (!pl_schema_union_table((enum pl_union)facts->of, number, &member)) return PL_OK;
    return decode_table(decoder, place, member, at, &value->record);
}

static pl_status decode_field(struct decoder *decoder, const struct pl_file_place *place,
                              const struct pl_file_table *table, union pl_record_value *value)
{
    const struct pl_field_facts *facts = pl_schema_field(place->field);
    const bool number = facts->form == PL_FORM_NUMBER;
    uint32_t at = 0, target = 0;
    const char *problem =
        pl_file_field(decoder->file, table, facts->slot,
                      number ? (uint32_t)pl_schema_element_bytes(facts->element) : 4, &at);
    if (problem == NULL && at == 0) return PL_OK;
    if (problem == NULL && !number) problem = pl_file_follow(decoder->file, at, &target);
    if (problem != NULL) return FAIL(decoder, place, "%s", problem);
    switch ((enum pl_form)facts->form) {
    case PL_FORM_NUMBER: return decode_number(decoder, place, facts, at, value);
    case PL_FORM_NUMBERS: return decode_numbers(decoder, place, facts, target, value);
    case PL_FORM_TEXT: return decode_text(decoder, place, target, value);
    case PL_FORM_TABLE:
        return decode_table(decoder, place, (enum pl_table)facts->of, target, &value->record);
    case PL_FORM_TABLES: return decode_tables(decoder, place, facts, target, value);
    case PL_FORM_UNION: return decode_union(decoder, place, facts, table, target, value);
    }
    return PL_OK;
}

static pl_status decode_table(struct decoder *decoder, const struct pl_file_place *up,
                              enum pl_table table, uint32_t at, const struct pl_record **record)
{
    struct pl_file_table place_in_file;
    const char *problem = pl_file_table(decoder->file, at, &place_in_file);
    if (problem != NULL) return FAIL(decoder, up, "%s", problem);
    const int32_t count = pl_schema_field_count(table);
    const uint64_t bytes =
        sizeof(struct pl_record) + (uint64_t)count * sizeof(union pl_record_value);
    PL_TRY(spend(decoder, up, bytes));
    struct pl_record *fresh = pl_record_new(decoder->region, table);
    if (fresh == NULL) return out_of_memory(decoder, up, bytes);
    fresh->offset = at;
    struct pl_file_place here = {up, at, PL_FIELD_COUNT, PL_NO_INDEX};
    for (int32_t i = 0; i < count; i++) {
        here.field = (enum pl_field)(pl_schema_first_field(table) + i);
        PL_TRY(decode_field(decoder, &here, &place_in_file, &fresh->values[i]));
    }
    *record = fresh;
    return PL_OK;
}

pl_status pl_decode_model(const struct pl_file *file, struct pl_region *region,
                          const struct pl_record **root, struct pl_error *error)
{
    struct decoder decoder = {file, region, error,
                              (uint64_t)file->end * LARGEST_GROWTH + GROWTH_FOR_ALL};
    uint32_t at = 0;
    const char *problem = pl_file_root(file, &at);
    if (problem != NULL) return pl_fail(error, PL_INVALID_MODEL, "%s, at offset 0x0", problem);
    return decode_table(&decoder, NULL, PL_TABLE_Model, at, root);
}
