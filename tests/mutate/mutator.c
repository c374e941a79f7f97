/* SPDX-License-Identifier: Apache-2.0 */
/* Three ways to break a model: bytes of the file at random; numbers of the file that mean
 * something (every offset, length, vtable entry and field that is there); and fields of its
 * records, also those that the file leaves out, after which the file is written anew and is
 * well-formed all the same. */
#include "mutator.h"

#include <stdlib.h>
#include <string.h>

#include "model/write.h"

/* ---- random numbers -------------------------------------------------------------------------- */

struct dice {
    uint64_t state;
};

static uint64_t roll(struct dice *dice)
{
    uint64_t z = dice->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static size_t pick(struct dice *dice, size_t count)
{
    return count == 0 ? 0 : (size_t)(roll(dice) % count);
}

/* A value that is likely to be wrong: `old` is what is there, `size` the file's, `of` the enum it is
 * of. Overflow is meant: everything is unsigned. */
static int64_t edge(struct dice *dice, int64_t old, size_t size, int16_t of)
{
    static const int64_t fixed[] = {
        0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 63, 64, 127, 128, 129, 255, 256, 257, 1000,
        4095, 4096, 32767, 32768, 65535, 65536, 1 << 20, 1 << 24, 1 << 30, INT32_MAX - 1, INT32_MAX,
        (int64_t)INT32_MAX + 1, UINT32_MAX - 3, UINT32_MAX, INT64_MAX, -1, -2, -3, -4, -7, -8, -127,
        -128, -129, -256, -32768, -65536, INT32_MIN + 1, INT32_MIN, INT64_MIN};
    enum { FIXED = sizeof fixed / sizeof fixed[0] };
    const uint64_t is = (uint64_t)old;
    const uint64_t near[] = {is - 1, is + 1, is - 2, is + 2, is - 4, is + 4, is * 2, 0 - is / 2,
                             is ^ 1u << 7, is ^ 1u << 15, size, size - 4, size - is, 0 - size};
    if (of != PL_NOTHING && pick(dice, 4) > 0)
        return (int64_t)pick(dice, (size_t)pl_schema_enum_count((enum pl_enum)of) + 1);
    const size_t choice = pick(dice, FIXED + sizeof near / sizeof near[0]);
    return choice < FIXED ? fixed[choice] : (int64_t)near[choice - FIXED];
}

static float edge_real(struct dice *dice, float old)
{
    const uint32_t bits[] = {0,           0x80000000u, 0x3f800000u, 0xbf800000u,
                             0x7f800000u, 0xff800000u, 0x7fc00000u, 0xffc00001u,
                             1,           0x80000001u, 0x7f7fffffu, 0xff7fffffu,
                             0x00800000u, 0x4f000000u, 0x5f000000u, 0x2edbe6ffu};
    float value = old;
    const size_t choice = pick(dice, sizeof bits / sizeof bits[0] + 3);
    if (choice < sizeof bits / sizeof bits[0]) memcpy(&value, &bits[choice], sizeof value);
    else value = choice % 3 == 0 ? -old : choice % 3 == 1 ? old * 1e10f : old * 1e-10f;
    return value;
}

/* ---- places in the file ---------------------------------------------------------------------- */

struct collector {
    struct mutator *mutator;

    bool full; /* only counting otherwise */
};

static void add_spot(struct collector *collector, enum pl_field field, uint32_t at, size_t bytes,
                     enum spot_kind kind)
{
    struct mutator *mutator = collector->mutator;
    if (collector->full)
        mutator->spots[mutator->spot_count] =
            (struct spot){field, at, (uint8_t)bytes, (uint8_t)kind};
    mutator->spot_count++;
}

/* The vtable's numbers are of no field: they go with the table's first one. */
static void add_vtable(struct collector *collector, enum pl_field first,
                       const struct pl_file_table *table)
{
    add_spot(collector, first, table->at, 4, SPOT_OFFSET);
    for (uint32_t i = 0; i < table->slot_count + 2; i++)
        add_spot(collector, first, table->vtable_at + 2 * i, 2, SPOT_VTABLE);
}

static void add_elements(struct collector *collector, enum pl_field field, uint32_t at)
{
    const struct pl_file *file = &collector->mutator->model->file;
    const struct pl_field_facts *facts = pl_schema_field(field);
    const size_t bytes = facts->form == PL_FORM_TEXT ? 1 : pl_schema_element_bytes(facts->element);
    uint32_t target = 0, count = 0, elements = 0;
    if (pl_file_follow(file, at, &target) != NULL) return;
    if (pl_file_vector(file, target, bytes, &count, &elements) != NULL) return;
    add_spot(collector, field, target, 4, SPOT_LENGTH);
    const bool tables = facts->form == PL_FORM_TABLES;
    const enum spot_kind kind = tables                                 ? SPOT_OFFSET
                                : facts->element == PL_ELEMENT_FLOAT32 ? SPOT_REAL
                                                                       : SPOT_NUMBER;
    /* The first elements and the last: of large vectors there is nothing to be learned from all. */
    for (uint32_t i = 0; i < count; i = i < 8 || i == count - 1 ? i + 1 : count - 1)
        add_spot(collector, field, elements + i * (uint32_t)bytes, bytes, kind);
}

static void add_fields(struct collector *collector, const struct pl_record *record)
{
    const struct pl_file *file = &collector->mutator->model->file;
    const int32_t first = pl_schema_first_field(record->table);
    struct pl_file_table table;
    if (pl_schema_field_count(record->table) == 0 ||
        pl_file_table(file, record->offset, &table) != NULL)
        return;
    add_vtable(collector, (enum pl_field)first, &table);
    for (int32_t i = 0; i < pl_schema_field_count(record->table); i++) {
        const enum pl_field field = (enum pl_field)(first + i);
        const struct pl_field_facts *facts = pl_schema_field(field);
        const bool number = facts->form == PL_FORM_NUMBER;
        const size_t bytes = number ? pl_schema_element_bytes(facts->element) : 4;
        uint32_t at = 0;
        if (facts->form == PL_FORM_UNION &&
            pl_file_field(file, &table, facts->slot - 1u, 1, &at) == NULL && at != 0)
            add_spot(collector, field, at, 1, SPOT_NUMBER);
        if (pl_file_field(file, &table, facts->slot, (uint32_t)bytes, &at) != NULL || at == 0)
            continue;
        if (number) {
            add_spot(collector, field, at, bytes,
                     facts->element == PL_ELEMENT_FLOAT32 ? SPOT_REAL : SPOT_NUMBER);
            continue;
        }
        add_spot(collector, field, at, 4, SPOT_OFFSET);
        if (facts->form != PL_FORM_TABLE && facts->form != PL_FORM_UNION)
            add_elements(collector, field, at);
    }
}

static void collect(struct collector *collector, struct pl_record *record)
{
    struct mutator *mutator = collector->mutator;
    const int32_t first = pl_schema_first_field(record->table);
    if (collector->full) mutator->records[mutator->record_count] = record;
    mutator->record_count++;
    add_fields(collector, record);
    for (int32_t i = 0; i < pl_schema_field_count(record->table); i++) {
        const struct pl_field_facts *facts = pl_schema_field((enum pl_field)(first + i));
        union pl_record_value *value = &record->values[i];
        /* The whole tree is the mutator's own copy, so it may be written. */
        if ((facts->form == PL_FORM_TABLE || facts->form == PL_FORM_UNION) && value->record != NULL)
            collect(collector, (struct pl_record *)(uintptr_t)value->record);
        struct pl_record *const *items = (struct pl_record *const *)(uintptr_t)value->vector.data;
        for (uint32_t k = 0; facts->form == PL_FORM_TABLES && k < value->vector.count; k++)
            collect(collector, items[k]);
    }
}

static int by_field(const void *a, const void *b)
{
    const struct spot *x = a, *y = b;
    return x->field != y->field ? (x->field < y->field ? -1 : 1)
                                : (x->at > y->at) - (x->at < y->at);
}

bool mutator_init(struct mutator *mutator, struct pl_memory *memory, const void *bytes, size_t size)
{
    const struct pl_model_limits limits = {.tensor_bytes = INT32_MAX};
    struct collector collector = {.mutator = mutator};
    memset(mutator, 0, sizeof *mutator);
    mutator->memory = memory;
    mutator->bytes = bytes;
    mutator->size = size;
    pl_region_init(&mutator->region, memory);
    if (pl_model_open(memory, bytes, size, &limits, &mutator->model, NULL) != PL_OK) return false;
    mutator->root = pl_record_copy(&mutator->region, mutator->model->root);
    if (mutator->root == NULL) return false;
    collect(&collector, mutator->root);
    mutator->spots =
        pl_region_array(&mutator->region, mutator->spot_count, sizeof mutator->spots[0]);
    mutator->records =
        pl_region_array(&mutator->region, mutator->record_count, sizeof mutator->records[0]);
    if (mutator->spots == NULL || mutator->records == NULL) return false;
    mutator->spot_count = mutator->record_count = 0;
    collector.full = true;
    collect(&collector, mutator->root);
    qsort(mutator->spots, mutator->spot_count, sizeof mutator->spots[0], by_field);
    size_t at = 0;
    for (int field = 0; field <= PL_FIELD_COUNT; field++) {
        while (at < mutator->spot_count && (int)mutator->spots[at].field < field) at++;
        mutator->fields[field] = at;
    }
    return true;
}

void mutator_clear(struct mutator *mutator)
{
    pl_model_close(mutator->model);
    pl_region_clear(&mutator->region);
}

/* ---- mutations of bytes ---------------------------------------------------------------------- */

static void flip_bits(struct dice *dice, uint8_t *bytes, size_t size)
{
    for (size_t count = 1 + pick(dice, 4); count > 0; count--)
        bytes[pick(dice, size)] ^= (uint8_t)(1u << pick(dice, 8));
}

static void overwrite(struct dice *dice, uint8_t *bytes, size_t size)
{
    const size_t at = pick(dice, size / 4) * 4;
    const int32_t value = (int32_t)edge(dice, 0, size, PL_NOTHING);
    if (at + sizeof value <= size) memcpy(bytes + at, &value, sizeof value);
}

/* Every field has the same share, however often it is in the file. */
static const struct spot *pick_spot(const struct mutator *mutator, struct dice *dice)
{
    for (;;) {
        const size_t field = pick(dice, PL_FIELD_COUNT);
        const size_t count = mutator->fields[field + 1] - mutator->fields[field];
        if (count > 0) return &mutator->spots[mutator->fields[field] + pick(dice, count)];
    }
}

static void change_spot(const struct mutator *mutator, struct dice *dice, uint8_t *bytes)
{
    const struct spot *spot = pick_spot(mutator, dice);
    const struct pl_field_facts *facts = pl_schema_field(spot->field);
    if (spot->kind == SPOT_REAL) {
        float value;
        memcpy(&value, bytes + spot->at, sizeof value);
        value = edge_real(dice, value);
        memcpy(bytes + spot->at, &value, sizeof value);
        return;
    }
    int64_t value = 0;
    memcpy(&value, bytes + spot->at, spot->bytes);
    const bool named = spot->kind == SPOT_NUMBER && facts->form == PL_FORM_NUMBER;
    value = edge(dice, value, mutator->size, named ? facts->of : PL_NOTHING);
    memcpy(bytes + spot->at, &value, spot->bytes);
}

/* ---- mutations of records -------------------------------------------------------------------- */

static void change_elements(struct mutator *mutator, struct dice *dice,
                            const struct pl_field_facts *facts, union pl_record_value *value)
{
    const size_t bytes = facts->form == PL_FORM_TEXT ? 1 : pl_schema_element_bytes(facts->element);
    const uint32_t count = value->vector.count;
    const uint32_t room = count + 2 > 1000 ? count + 2 : 1000;
    uint8_t *copy = pl_region_array(&mutator->region, room + 1, bytes);
    if (copy == NULL) return;
    if (count > 0) memcpy(copy, value->vector.data, count * bytes);
    switch (pick(dice, 8)) {
    case 0:
        value->vector.count = 0;
        value->vector.data = NULL;
        return;
    case 1: value->vector.count = 0; break;
    case 2: value->vector.count = count > 0 ? count - 1 : 1; break;
    case 3: value->vector.count = count + 1; break;
    case 4: value->vector.count = (uint32_t)pick(dice, 12); break;
    case 5: value->vector.count = 1000 > count ? 1000 : count; break;
    default:
        if (count == 0) value->vector.count = 1;
        uint8_t *at = copy + pick(dice, count) * bytes;
        if (facts->element == PL_ELEMENT_FLOAT32) {
            float real;
            memcpy(&real, at, sizeof real);
            real = edge_real(dice, real);
            memcpy(at, &real, sizeof real);
        } else {
            int64_t number = 0;
            memcpy(&number, at, bytes);
            number = edge(dice, number, mutator->size, PL_NOTHING);
            memcpy(at, &number, bytes);
        }
        break;
    }
    value->vector.data = copy;
}

static void change_tables(struct mutator *mutator, struct dice *dice,
                          const struct pl_field_facts *facts, union pl_record_value *value)
{
    const uint32_t count = value->vector.count;
    const struct pl_record **copy =
        pl_region_array(&mutator->region, (size_t)count + 2, sizeof *copy);
    struct pl_record *fresh = pl_record_new(&mutator->region, (enum pl_table)facts->of);
    if (copy == NULL || fresh == NULL) return;
    if (count > 0) memcpy(copy, value->vector.data, count * sizeof *copy);
    const size_t a = pick(dice, count), b = pick(dice, count);
    const struct pl_record *kept = copy[a];
    switch (pick(dice, 6)) {
    case 0:
        value->vector.count = 0;
        value->vector.data = NULL;
        return;
    case 1: value->vector.count = count > 0 ? count - 1 : 0; break;
    case 2:
        copy[count] = fresh;
        value->vector.count = count + 1;
        break;
    case 3:
        if (count > 0) copy[a] = fresh;
        break;
    case 4:
        if (count > 0) copy[a] = copy[b], copy[b] = kept;
        break;
    default:
        if (count > 0) copy[count] = copy[a], value->vector.count = count + 1;
        break;
    }
    value->vector.data = copy;
}

static void change_child(struct mutator *mutator, struct dice *dice,
                         const struct pl_field_facts *facts, union pl_record_value *value)
{
    enum pl_table table = (enum pl_table)facts->of;
    if (pick(dice, 3) == 0) {
        value->record = NULL;
        return;
    }
    if (facts->form == PL_FORM_UNION) {
        int32_t count = 0;
        while (pl_schema_union_table((enum pl_union)facts->of, count + 1, &table)) count++;
        pl_schema_union_table((enum pl_union)facts->of, 1 + (int64_t)pick(dice, (size_t)count),
                              &table);
    }
    value->record = pl_record_new(&mutator->region, table);
}

/* Tables have the same share, not records: first a record, and another if there are many of its
 * like. */
static struct pl_record *pick_record(const struct mutator *mutator, struct dice *dice)
{
    for (;;) {
        const enum pl_table table = (enum pl_table)pick(dice, PL_TABLE_COUNT);
        const size_t start = pick(dice, mutator->record_count);
        if (pl_schema_field_count(table) == 0) continue;
        for (size_t i = 0; i < mutator->record_count; i++) {
            struct pl_record *record = mutator->records[(start + i) % mutator->record_count];
            if (record->table == table) return record;
        }
    }
}

/* What was changed, to be put back. */
struct change {
    union pl_record_value *place;
    union pl_record_value kept;
};

static struct change change_record(struct mutator *mutator, struct dice *dice)
{
    struct pl_record *record = pick_record(mutator, dice);
    const int32_t count = pl_schema_field_count(record->table);
    const int32_t index = (int32_t)pick(dice, (size_t)count);
    const struct pl_field_facts *facts =
        pl_schema_field((enum pl_field)(pl_schema_first_field(record->table) + index));
    union pl_record_value *value = &record->values[index];
    const struct change change = {value, *value};
    switch ((enum pl_form)facts->form) {
    case PL_FORM_NUMBER:
        if (facts->element == PL_ELEMENT_FLOAT32)
            value->real = (double)edge_real(dice, (float)value->real);
        else value->integer = edge(dice, value->integer, mutator->size, facts->of);
        break;
    case PL_FORM_NUMBERS:
    case PL_FORM_TEXT: change_elements(mutator, dice, facts, value); break;
    case PL_FORM_TABLES: change_tables(mutator, dice, facts, value); break;
    case PL_FORM_TABLE:
    case PL_FORM_UNION: change_child(mutator, dice, facts, value); break;
    }
    return change;
}

static uint8_t *make_from_records(struct mutator *mutator, struct dice *dice, size_t *size)
{
    enum { MOST_CHANGES = 3 };
    const struct pl_write_options options = {.source = &mutator->model->file};
    struct change changes[MOST_CHANGES];
    const size_t count = pick(dice, 4) > 0 ? 1 : 2 + pick(dice, MOST_CHANGES - 1);
    struct pl_region kept = mutator->region; /* what a mutation allocates goes with it */
    pl_region_init(&mutator->region, mutator->memory);
    void *bytes = NULL;
    for (size_t i = 0; i < count; i++) changes[i] = change_record(mutator, dice);
    if (pl_model_write(mutator->memory, mutator->root, &options, &bytes, size, NULL) != PL_OK)
        bytes = NULL;
    for (size_t i = count; i-- > 0;) *changes[i].place = changes[i].kept;
    pl_region_clear(&mutator->region);
    mutator->region = kept;
    return bytes;
}

uint8_t *mutator_make(struct mutator *mutator, uint64_t seed, uint64_t number, size_t *size)
{
    struct dice dice = {seed * 0x2545f4914f6cdd1du ^ number * 0x9e3779b97f4a7c15u};
    const size_t way = pick(&dice, 100);
    *size = mutator->size;
    if (way < 40) return make_from_records(mutator, &dice, size);
    if (way < 45) *size = pick(&dice, mutator->size);
    uint8_t *bytes = pl_allocate(mutator->memory, *size);
    if (bytes == NULL) return NULL;
    if (*size > 0) memcpy(bytes, mutator->bytes, *size);
    if (way < 45) return bytes;
    if (way < 85) {
        for (size_t count = pick(&dice, 5) > 0 ? 1 : 2; count > 0; count--)
            change_spot(mutator, &dice, bytes);
    } else if (way < 95) {
        flip_bits(&dice, bytes, *size);
    } else {
        overwrite(&dice, bytes, *size);
    }
    return bytes;
}
