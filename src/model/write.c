/* SPDX-License-Identifier: Apache-2.0 */
/* A FlatBuffer is written from front to back: a table, then what hangs on it, whose places are
 * filled in as they become known. The same walk first only measures, so that the file is one
 * allocation of its exact size. */
#include "model/write.h"

#include <assert.h>
#include <string.h>

#include "base/checked.h"
#include "model/model.h"

enum { OUTSIDE_ALIGNMENT = 16, MOST_SLOTS = 32 };

struct writer {
    uint8_t *to; /* NULL while measuring */
    uint64_t at;
    const struct pl_write_options *options;
    bool behind;         /* bytes of buffers go behind the FlatBuffer */
    uint64_t outside_at; /* where the next of them goes; unknown while measuring */
    /* The last one of each table: most tables of one kind have the same fields. */
    struct {
        uint32_t slots; /* bit per slot that is there; 0: none was written yet */
        uint64_t at;
    } vtables[PL_TABLE_COUNT];
};

/* A table as it is to be written: what is in which slot, and where in the table. */
struct outline {
    uint32_t slots;
    uint32_t slot_count;
    uint16_t within[MOST_SLOTS];
    uint16_t bytes;
    bool wide; /* has fields of 8 bytes */
};

static void put(struct writer *writer, const void *data, size_t bytes)
{
    if (writer->to != NULL && bytes > 0) memcpy(writer->to + writer->at, data, bytes);
    writer->at += bytes;
}

/* Zeros until (at + ahead) is a multiple of the alignment. */
static void align(struct writer *writer, uint64_t ahead, uint64_t alignment)
{
    static const uint8_t zeros[64];
    const uint64_t over = (writer->at + ahead) % alignment;
    assert(alignment <= sizeof zeros);
    if (over != 0) put(writer, zeros, (size_t)(alignment - over));
}

static void put_at(const struct writer *writer, uint64_t at, const void *data, size_t bytes)
{
    if (writer->to != NULL) memcpy(writer->to + at, data, bytes);
}

/* The distance from an offset field to what it leads to. */
static void link_to(const struct writer *writer, uint64_t field_at, uint64_t target)
{
    const uint32_t distance = (uint32_t)(target - field_at);
    put_at(writer, field_at, &distance, sizeof distance);
}

static uint64_t write_table(struct writer *writer, const struct pl_record *record);

/* ---- which fields there are ------------------------------------------------------------------ */

/* Buffers, and custom options of operators, can have their bytes in a vector or by offset in the
 * source. */
static const void *find_bytes(const struct writer *writer, const struct pl_record *record,
                              size_t *bytes)
{
    static const struct pl_file none;
    const struct pl_file *source =
        writer->options->source != NULL ? writer->options->source : &none;
    return record->table == PL_TABLE_Buffer ? pl_model_buffer_bytes(source, record, bytes)
                                            : pl_model_custom_options(source, record, bytes);
}

/* A buffer whose bytes go behind the FlatBuffer, with fields that say where. */
static bool is_outside(const struct writer *writer, const struct pl_record *record)
{
    size_t bytes = 0;
    return writer->behind && record->table == PL_TABLE_Buffer &&
           find_bytes(writer, record, &bytes) != NULL && bytes > 0;
}

static bool has_field(const struct writer *writer, const struct pl_record *record,
                      enum pl_field field, const union pl_record_value *value)
{
    const struct pl_field_facts *facts = pl_schema_field(field);
    size_t bytes = 0;
    switch (field) {
    case PL_Buffer_offset:
    case PL_Buffer_size: return is_outside(writer, record);
    case PL_Buffer_data:
        return !is_outside(writer, record) && find_bytes(writer, record, &bytes) != NULL;
    case PL_Operator_custom_options: return find_bytes(writer, record, &bytes) != NULL;
    case PL_Operator_large_custom_options_offset:
    case PL_Operator_large_custom_options_size: return false;
    default: break;
    }
    switch ((enum pl_form)facts->form) {
    case PL_FORM_NUMBER:
        if (facts->element != PL_ELEMENT_FLOAT32) return value->integer != (int64_t)facts->fallback;
        return memcmp(&value->real, &facts->fallback, sizeof value->real) != 0;
    case PL_FORM_TABLE:
    case PL_FORM_UNION: return value->record != NULL;
    case PL_FORM_NUMBERS:
    case PL_FORM_TEXT:
    case PL_FORM_TABLES: return value->vector.data != NULL;
    }
    return false;
}

static uint32_t inline_bytes(const struct pl_field_facts *facts)
{
    return facts->form == PL_FORM_NUMBER ? (uint32_t)pl_schema_element_bytes(facts->element) : 4;
}

/* Large fields first, so that nothing has to be padded between them. */
static void place_fields(const struct writer *writer, const struct pl_record *record,
                         uint32_t bytes, struct outline *outline)
{
    const int32_t first = pl_schema_first_field(record->table);
    for (int32_t i = 0; i < pl_schema_field_count(record->table); i++) {
        const struct pl_field_facts *facts = pl_schema_field((enum pl_field)(first + i));
        if (!has_field(writer, record, (enum pl_field)(first + i), &record->values[i])) continue;
        uint32_t slot = facts->slot;
        if (facts->form == PL_FORM_UNION && bytes == 1) slot--; /* its type */
        else if (inline_bytes(facts) != bytes) continue;
        assert(slot < MOST_SLOTS);
        outline->within[slot] = outline->bytes;
        outline->bytes = (uint16_t)(outline->bytes + bytes);
        outline->slots |= 1u << slot;
        if (outline->slot_count < slot + 1) outline->slot_count = slot + 1;
        if (bytes == 8) outline->wide = true;
    }
}

/* ---- writing --------------------------------------------------------------------------------- */

static uint64_t write_vtable(struct writer *writer, enum pl_table table,
                             const struct outline *outline)
{
    const uint32_t key =
        outline->slots | 1u << (MOST_SLOTS - 1); /* tells a vtable without slots from none */
    if (writer->vtables[table].slots == key) return writer->vtables[table].at;
    align(writer, 0, 2);
    writer->vtables[table].slots = key;
    writer->vtables[table].at = writer->at;
    const uint16_t head[2] = {(uint16_t)(4 + 2 * outline->slot_count), outline->bytes};
    put(writer, head, sizeof head);
    put(writer, outline->within, 2 * outline->slot_count);
    return writer->vtables[table].at;
}

static uint64_t write_vector(struct writer *writer, const void *data, uint32_t count,
                             size_t element_bytes, size_t alignment)
{
    align(writer, 4, alignment < 4 ? 4 : alignment);
    const uint64_t at = writer->at;
    put(writer, &count, sizeof count);
    put(writer, data, count * element_bytes);
    return at;
}

static uint64_t write_tables(struct writer *writer, const struct pl_record *const *items,
                             uint32_t count)
{
    align(writer, 0, 4);
    const uint64_t at = writer->at;
    static const uint8_t later[4];
    put(writer, &count, sizeof count);
    for (uint32_t i = 0; i < count; i++) put(writer, later, sizeof later);
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t field_at = at + 4 + 4 * (uint64_t)i;
        link_to(writer, field_at, write_table(writer, items[i]));
    }
    return at;
}

static uint64_t write_text(struct writer *writer, const char *text, uint32_t length)
{
    const uint64_t at = write_vector(writer, text, length, 1, 1);
    put(writer, "", 1);
    return at;
}

static uint64_t write_bytes(struct writer *writer, enum pl_field field,
                            const struct pl_record *record)
{
    size_t bytes = 0;
    const void *data = find_bytes(writer, record, &bytes);
    align(writer, 4, pl_schema_alignment(field) < 4 ? 4 : pl_schema_alignment(field));
    const uint64_t at = writer->at;
    const uint32_t length =
        (uint32_t)bytes; /* a FlatBuffer that is too large for it is never written */
    put(writer, &length, sizeof length);
    put(writer, data, bytes);
    return at;
}

static void write_child(struct writer *writer, enum pl_field field, const struct pl_record *record,
                        const union pl_record_value *value, uint64_t field_at)
{
    const struct pl_field_facts *facts = pl_schema_field(field);
    uint64_t at = 0;
    switch ((enum pl_form)facts->form) {
    case PL_FORM_NUMBER: return;
    case PL_FORM_TEXT: at = write_text(writer, value->vector.data, value->vector.count); break;
    case PL_FORM_NUMBERS:
        at =
            field == PL_Buffer_data || field == PL_Operator_custom_options
                ? write_bytes(writer, field, record)
                : write_vector(writer, value->vector.data, value->vector.count,
                               pl_schema_element_bytes(facts->element), pl_schema_alignment(field));
        break;
    case PL_FORM_TABLES: at = write_tables(writer, value->vector.data, value->vector.count); break;
    case PL_FORM_TABLE:
    case PL_FORM_UNION: at = write_table(writer, value->record); break;
    }
    link_to(writer, field_at, at);
}

/* A number's bytes as they are stored; the machine's order is the file's. */
static void write_number(const struct writer *writer, const struct pl_field_facts *facts,
                         const union pl_record_value *value, uint64_t at)
{
    const float real = (float)value->real;
    if (facts->element == PL_ELEMENT_FLOAT32) put_at(writer, at, &real, sizeof real);
    else put_at(writer, at, &value->integer, pl_schema_element_bytes(facts->element));
}

/* Where the bytes of a buffer will stand behind the FlatBuffer. */
static void write_outside_place(struct writer *writer, const struct pl_record *buffer,
                                const struct outline *outline, uint64_t table_at)
{
    size_t bytes = 0;
    (void)find_bytes(writer, buffer, &bytes);
    const uint64_t size = bytes;
    put_at(writer, table_at + outline->within[pl_schema_field(PL_Buffer_offset)->slot],
           &writer->outside_at, 8);
    put_at(writer, table_at + outline->within[pl_schema_field(PL_Buffer_size)->slot], &size, 8);
    writer->outside_at += (size + OUTSIDE_ALIGNMENT - 1) / OUTSIDE_ALIGNMENT * OUTSIDE_ALIGNMENT;
}

static uint64_t write_table(struct writer *writer, const struct pl_record *record)
{
    static const uint8_t zeros[4 + 8 * MOST_SLOTS];
    const int32_t first = pl_schema_first_field(record->table);
    struct outline outline = {.bytes = 4};
    for (uint32_t bytes = 8; bytes > 0; bytes /= 2) place_fields(writer, record, bytes, &outline);
    const uint64_t vtable_at = write_vtable(writer, record->table, &outline);
    align(writer, outline.wide ? 4 : 0, outline.wide ? 8 : 4);
    const uint64_t at = writer->at;
    put(writer, zeros, outline.bytes);
    const int32_t back = (int32_t)((int64_t)at - (int64_t)vtable_at);
    put_at(writer, at, &back, sizeof back);
    if (is_outside(writer, record)) {
        write_outside_place(writer, record, &outline, at);
        return at;
    }
    for (int32_t i = 0; i < pl_schema_field_count(record->table); i++) {
        const enum pl_field field = (enum pl_field)(first + i);
        const struct pl_field_facts *facts = pl_schema_field(field);
        const union pl_record_value *value = &record->values[i];
        if (!has_field(writer, record, field, value)) continue;
        if (facts->form == PL_FORM_NUMBER)
            write_number(writer, facts, value, at + outline.within[facts->slot]);
        if (facts->form == PL_FORM_UNION) {
            const uint8_t type =
                (uint8_t)pl_schema_union_number((enum pl_union)facts->of, value->record->table);
            put_at(writer, at + outline.within[facts->slot - 1], &type, sizeof type);
        }
        write_child(writer, field, record, value, at + outline.within[facts->slot]);
    }
    return at;
}

static void write_flatbuffer(struct writer *writer, const struct pl_record *root)
{
    static const uint8_t head[8] = {0, 0, 0, 0, 'T', 'F', 'L', '3'};
    put(writer, head, sizeof head);
    link_to(writer, 0, write_table(writer, root));
    align(writer, 0, OUTSIDE_ALIGNMENT);
}

/* The bytes behind, in the order in which write_outside_place() counted them. */
static void write_outside(struct writer *writer, const struct pl_record *root)
{
    uint32_t count = 0;
    const struct pl_record *const *buffers = pl_record_vector(root, PL_Model_buffers, &count);
    for (uint32_t i = 0; writer->behind && i < count; i++) {
        size_t bytes = 0;
        if (!is_outside(writer, buffers[i])) continue;
        const void *data = find_bytes(writer, buffers[i], &bytes);
        put(writer, data, bytes);
        align(writer, 0, OUTSIDE_ALIGNMENT);
    }
}

/* Measures, or writes if `to` is there. `flat_bytes` is what measuring found. */
static uint64_t write_all(const struct pl_record *root, const struct pl_write_options *options,
                          bool behind, uint8_t *to, uint64_t *flat_bytes)
{
    struct writer writer = {
        .to = to, .options = options, .behind = behind, .outside_at = *flat_bytes};
    write_flatbuffer(&writer, root);
    *flat_bytes = writer.at;
    write_outside(&writer, root);
    return writer.at;
}

pl_status pl_model_write(struct pl_memory *memory, const struct pl_record *root,
                         const struct pl_write_options *options, void **bytes, size_t *size,
                         struct pl_error *error)
{
    uint64_t flat_bytes = 0;
    bool behind = options->buffers_behind;
    uint64_t total = write_all(root, options, behind, NULL, &flat_bytes);
    if (flat_bytes > INT32_MAX && !behind) {
        behind = true;
        total = write_all(root, options, behind, NULL, &flat_bytes);
    }
    PL_ENSURE(flat_bytes <= INT32_MAX, error, PL_UNSUPPORTED,
              "the model needs %llu bytes without its buffers, a FlatBuffer can have %ld",
              (unsigned long long)flat_bytes, (long)INT32_MAX);
    void *to = total <= SIZE_MAX ? pl_allocate(memory, (size_t)total) : NULL;
    PL_ENSURE(to != NULL, error, PL_OUT_OF_MEMORY, "no memory for a file of %llu bytes",
              (unsigned long long)total);
    write_all(root, options, behind, to, &flat_bytes);
    *bytes = to;
    *size = (size_t)total;
    return PL_OK;
}
