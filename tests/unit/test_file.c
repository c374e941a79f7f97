/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded reads of a FlatBuffer: one wrong number each. */
#include "unit.h"

#include <string.h>

#include "model/file.h"

/* vtable at 8 (8 bytes: one slot, one more absent), table at 16 (8 bytes), vector at 24 with 4
 * elements at 28. */
enum { VTABLE = 8, TABLE = 16, FIELD = 20, VECTOR = 24, SIZE = 32 };

struct bytes {
    _Alignas(8) uint8_t data[SIZE];
    struct pl_file file;
    struct pl_file_table table;
};

static void put16(struct bytes *bytes, uint32_t at, uint16_t value)
{
    memcpy(bytes->data + at, &value, sizeof value);
}

static void put32(struct bytes *bytes, uint32_t at, uint32_t value)
{
    memcpy(bytes->data + at, &value, sizeof value);
}

static int set_up(void **state)
{
    static struct bytes bytes;
    memset(&bytes, 0, sizeof bytes);
    put32(&bytes, 0, TABLE);
    memcpy(bytes.data + 4, "TFL3", 4);
    put16(&bytes, VTABLE, 8);
    put16(&bytes, VTABLE + 2, 8);
    put16(&bytes, VTABLE + 4, FIELD - TABLE);
    put32(&bytes, TABLE, TABLE - VTABLE);
    put32(&bytes, FIELD, VECTOR - FIELD);
    put32(&bytes, VECTOR, 4);
    pl_file_init(&bytes.file, bytes.data, SIZE);
    *state = &bytes;
    return 0;
}

static void expect(const char *problem, const char *text)
{
    assert_non_null(problem);
    if (strstr(problem, text) == NULL) fail_msg("found '%s', expected '%s'", problem, text);
}

static const char *open_table(struct bytes *bytes)
{
    return pl_file_table(&bytes->file, TABLE, &bytes->table);
}

static void test_good_bytes(void **state)
{
    struct bytes *bytes = *state;
    uint32_t at = 0, count = 0;
    assert_null(pl_file_root(&bytes->file, &at));
    assert_int_equal(at, TABLE);
    assert_null(open_table(bytes));
    assert_int_equal(bytes->table.slot_count, 2);
    assert_null(pl_file_field(&bytes->file, &bytes->table, 0, 4, &at));
    assert_int_equal(at, FIELD);
    assert_null(pl_file_follow(&bytes->file, FIELD, &at));
    assert_int_equal(at, VECTOR);
    assert_null(pl_file_vector(&bytes->file, VECTOR, 1, &count, &at));
    assert_int_equal(count, 4);
    assert_int_equal(at, VECTOR + 4);
    /* Absent: a slot that is 0, and one beyond the vtable. */
    assert_null(pl_file_field(&bytes->file, &bytes->table, 1, 4, &at));
    assert_int_equal(at, 0);
    assert_null(pl_file_field(&bytes->file, &bytes->table, 2, 4, &at));
    assert_int_equal(at, 0);
}

static void test_root(void **state)
{
    struct bytes *bytes = *state;
    uint32_t at = 0;
    pl_file_init(&bytes->file, bytes->data, 7);
    expect(pl_file_root(&bytes->file, &at), "too short");
    pl_file_init(&bytes->file, bytes->data, SIZE);
    bytes->data[7] = '2';
    expect(pl_file_root(&bytes->file, &at), "TFL3");
}

static void test_table(void **state)
{
    struct bytes *bytes = *state;
    expect(pl_file_table(&bytes->file, TABLE + 2, &bytes->table), "not aligned to 4");
    expect(pl_file_table(&bytes->file, SIZE, &bytes->table), "beyond the end");
    put16(bytes, VTABLE + 2, 3);
    expect(open_table(bytes), "size of the table");
    put16(bytes, VTABLE + 2, SIZE - TABLE + 1);
    expect(open_table(bytes), "table reaches beyond");
}

static void test_vtable(void **state)
{
    struct bytes *bytes = *state;
    put32(bytes, TABLE, TABLE + 2);
    expect(open_table(bytes), "vtable lies outside");
    put32(bytes, TABLE, (uint32_t)(TABLE - SIZE + 2));
    expect(open_table(bytes), "vtable lies outside");
    put32(bytes, TABLE, TABLE - VTABLE - 1);
    expect(open_table(bytes), "not aligned to 2");
    put32(bytes, TABLE, TABLE - VTABLE);
    put16(bytes, VTABLE, 2);
    expect(open_table(bytes), "size of the vtable");
    put16(bytes, VTABLE, 7);
    expect(open_table(bytes), "size of the vtable");
    put16(bytes, VTABLE, SIZE - VTABLE + 2);
    expect(open_table(bytes), "vtable reaches beyond");
}

static void test_field(void **state)
{
    struct bytes *bytes = *state;
    uint32_t at = 0;
    assert_null(open_table(bytes));
    put16(bytes, VTABLE + 4, 3);
    expect(pl_file_field(&bytes->file, &bytes->table, 0, 1, &at), "outside its table");
    put16(bytes, VTABLE + 4, 9);
    expect(pl_file_field(&bytes->file, &bytes->table, 0, 1, &at), "outside its table");
    put16(bytes, VTABLE + 4, 5);
    expect(pl_file_field(&bytes->file, &bytes->table, 0, 4, &at), "outside its table");
    expect(pl_file_field(&bytes->file, &bytes->table, 0, 2, &at), "not aligned");
}

static void test_offset(void **state)
{
    struct bytes *bytes = *state;
    uint32_t at = 0;
    put32(bytes, FIELD, 0);
    expect(pl_file_follow(&bytes->file, FIELD, &at), "offset is 0");
    put32(bytes, FIELD, SIZE - FIELD - 3);
    expect(pl_file_follow(&bytes->file, FIELD, &at), "beyond the end");
    put32(bytes, FIELD, UINT32_MAX);
    expect(pl_file_follow(&bytes->file, FIELD, &at), "beyond the end");
}

static void test_vector(void **state)
{
    struct bytes *bytes = *state;
    uint32_t at = 0, count = 0;
    expect(pl_file_vector(&bytes->file, VECTOR + 2, 1, &count, &at), "not aligned to 4");
    expect(pl_file_vector(&bytes->file, SIZE, 1, &count, &at), "vector lies beyond");
    expect(pl_file_vector(&bytes->file, VECTOR, 2, &count, &at), "vector reaches beyond");
    put32(bytes, VECTOR, 5);
    expect(pl_file_vector(&bytes->file, VECTOR, 1, &count, &at), "vector reaches beyond");
    put32(bytes, VECTOR, UINT32_MAX);
    expect(pl_file_vector(&bytes->file, VECTOR, 8, &count, &at), "vector reaches beyond");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_good_bytes, set_up),
        cmocka_unit_test_setup(test_root, set_up),
        cmocka_unit_test_setup(test_table, set_up),
        cmocka_unit_test_setup(test_vtable, set_up),
        cmocka_unit_test_setup(test_field, set_up),
        cmocka_unit_test_setup(test_offset, set_up),
        cmocka_unit_test_setup(test_vector, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
