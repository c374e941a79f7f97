/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers of strings: what is written is read back, and what is broken in any place is refused. */
#include "unit.h"

#include <string.h>

#include "ops/strings.h"

enum { BYTES = 4 * 5 + 6 };

/* "ab", "", "cdef" */
static void make(char *data)
{
    struct pl_strings_writer writer;
    size_t bytes = 0;
    assert_true(pl_strings_bytes(3, 6, &bytes));
    assert_int_equal(bytes, BYTES);
    pl_strings_begin(&writer, data, 3);
    pl_strings_add(&writer, "ab", 2);
    pl_strings_add(&writer, NULL, 0);
    pl_strings_add(&writer, "cdef", 4);
}

static void test_round_trip(void **state)
{
    (void)state;
    char buffer[BYTES + 1];
    char *data = buffer + 1; /* nothing says that it is aligned */
    static const char *const expected[] = {"ab", "", "cdef"};
    struct pl_strings strings;
    make(data);
    assert_true(pl_strings_open(data, BYTES, &strings));
    assert_int_equal(strings.count, 3);
    for (int32_t i = 0; i < 3; i++) {
        size_t length = 99;
        const char *text = pl_strings_at(&strings, i, &length);
        assert_int_equal(length, strlen(expected[i]));
        assert_memory_equal(text, expected[i], length);
    }
}

static void test_none(void **state)
{
    (void)state;
    char data[8];
    struct pl_strings_writer writer;
    struct pl_strings strings;
    pl_strings_begin(&writer, data, 0);
    assert_true(pl_strings_open(data, sizeof data, &strings));
    assert_int_equal(strings.count, 0);
    assert_false(pl_strings_open(data, 4, &strings));
    assert_false(pl_strings_open(data, 0, &strings));
}

static void test_cut_short(void **state)
{
    (void)state;
    char data[BYTES];
    struct pl_strings strings;
    make(data);
    for (size_t bytes = 0; bytes < BYTES; bytes++)
        assert_false(pl_strings_open(data, bytes, &strings));
}

static void test_broken_numbers(void **state)
{
    (void)state;
    static const int32_t values[] = {-1, 0, 1, 7, BYTES + 1, INT32_MAX, INT32_MIN};
    struct pl_strings strings;
    for (size_t at = 0; at < 5; at++) {
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
            char data[BYTES];
            make(data);
            memcpy(data + 4 * at, &values[i], 4);
            const bool fewer =
                at == 0 && values[i] >= 0 && values[i] < 3; /* may still be a layout */
            if (!fewer) assert_false(pl_strings_open(data, BYTES, &strings));
        }
    }
}

static void test_too_large(void **state)
{
    (void)state;
    size_t bytes = 0;
    assert_false(pl_strings_bytes(-1, 0, &bytes));
    assert_false(pl_strings_bytes(INT64_MAX, 0, &bytes));
    assert_false(pl_strings_bytes(1, INT32_MAX, &bytes));
    assert_false(pl_strings_bytes(1, SIZE_MAX, &bytes));
    assert_true(pl_strings_bytes(1, INT32_MAX - 12, &bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_none),
        cmocka_unit_test(test_cut_short),  cmocka_unit_test(test_broken_numbers),
        cmocka_unit_test(test_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
