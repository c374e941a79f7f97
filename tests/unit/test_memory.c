/* SPDX-License-Identifier: Apache-2.0 */
/* Checked arithmetic, counted and limited memory, regions. */
#include "unit.h"

#include <string.h>

#include "base/checked.h"

static void test_sizes_overflow_aloud(void **state)
{
    (void)state;
    size_t result = 0;
    assert_true(pl_size_multiply(SIZE_MAX / 2, 2, &result));
    assert_int_equal(result, SIZE_MAX - 1);
    assert_false(pl_size_multiply(SIZE_MAX / 2 + 1, 2, &result));
    assert_true(pl_size_add(SIZE_MAX - 1, 1, &result));
    assert_false(pl_size_add(SIZE_MAX, 1, &result));
    assert_true(pl_size_round_up(65, 64, &result));
    assert_int_equal(result, 128);
    assert_true(pl_size_round_up(64, 64, &result));
    assert_int_equal(result, 64);
    assert_true(pl_size_round_up(0, 64, &result));
    assert_int_equal(result, 0);
    assert_false(pl_size_round_up(SIZE_MAX - 62, 64, &result));
}

static void test_memory_counts(void **state)
{
    (void)state;
    struct pl_memory memory;
    pl_memory_init(&memory, pl_memory_system, NULL, SIZE_MAX);
    char *a = pl_allocate(&memory, 100);
    char *b = pl_allocate_zero(&memory, 1000);
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal((uintptr_t)a % PL_ALIGNMENT, 0);
    assert_int_equal((uintptr_t)b % PL_ALIGNMENT, 0);
    for (int i = 0; i < 1000; i++) assert_int_equal(b[i], 0);
    assert_int_equal(memory.bytes, 1100);
    pl_free(&memory, b, 1000);
    assert_int_equal(memory.bytes, 100);
    assert_int_equal(memory.peak_bytes, 1100);
    assert_int_equal(memory.calls, 2);
    void *nothing = pl_allocate(&memory, 0);
    assert_non_null(nothing);
    pl_free(&memory, nothing, 0);
    pl_free(&memory, NULL, 5);
    pl_free(&memory, a, 100);
    assert_int_equal(memory.bytes, 0);
}

static void test_memory_keeps_its_limit(void **state)
{
    (void)state;
    struct pl_memory memory;
    pl_memory_init(&memory, pl_memory_system, NULL, 1000);
    void *a = pl_allocate(&memory, 600);
    assert_non_null(a);
    assert_null(pl_allocate(&memory, 401));
    assert_null(pl_allocate(&memory, SIZE_MAX));
    assert_int_equal(memory.bytes, 600);
    void *b = pl_allocate(&memory, 400);
    assert_non_null(b);
    assert_null(pl_allocate(&memory, 1));
    pl_free(&memory, a, 600);
    pl_free(&memory, b, 400);
    assert_int_equal(memory.peak_bytes, 1000);
}

static void test_region_pieces(void **state)
{
    (void)state;
    struct unit_memory unit;
    struct pl_region region;
    unit_memory_init(&unit, 0);
    pl_region_init(&region, &unit.memory);
    char *pieces[300];
    for (int i = 0; i < 300; i++) {
        const size_t bytes = (size_t)i * 7;
        pieces[i] = pl_region_allocate(&region, bytes);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        for (size_t k = 0; k < bytes; k++) assert_int_equal(pieces[i][k], 0);
        memset(pieces[i], i & 0x7f, bytes);
    }
    for (int i = 0; i < 300; i++)
        for (size_t k = 0; k < (size_t)i * 7; k++) assert_int_equal(pieces[i][k], i & 0x7f);
    assert_true(unit.calls < 30);
    pl_region_clear(&region);
    assert_int_equal(unit.live, 0);
    assert_non_null(pl_region_allocate(&region, 1 << 20));
    pl_region_clear(&region);
    assert_int_equal(unit.live, 0);
}

/* After two rounds of the same pieces nothing is asked for any more. */
static void test_region_rewinds(void **state)
{
    (void)state;
    struct unit_memory unit;
    struct pl_region region;
    unit_memory_init(&unit, 0);
    pl_region_init(&region, &unit.memory);
    pl_region_rewind(&region);
    int64_t calls = 0;
    for (int round = 0; round < 5; round++) {
        if (round == 2) calls = unit.calls;
        for (int i = 1; i < 50; i++) {
            char *piece = pl_region_allocate(&region, (size_t)i * 40);
            assert_non_null(piece);
            for (int k = 0; k < i * 40; k++) assert_int_equal(piece[k], 0);
            memset(piece, 0xff, (size_t)i * 40);
        }
        pl_region_rewind(&region);
    }
    assert_true(calls > 0);
    assert_int_equal(unit.calls, calls);
    pl_region_clear(&region);
    assert_int_equal(unit.live, 0);
}

static void test_region_copies(void **state)
{
    (void)state;
    struct unit_memory unit;
    struct pl_region region;
    unit_memory_init(&unit, 0);
    pl_region_init(&region, &unit.memory);
    const int numbers[] = {1, 2, 3};
    assert_memory_equal(pl_region_copy(&region, numbers, sizeof numbers), numbers, sizeof numbers);
    assert_string_equal(pl_region_text(&region, "texture", 4), "text");
    assert_string_equal(pl_region_text(&region, NULL, 0), "");
    assert_non_null(pl_region_array(&region, 3, 5));
    assert_null(pl_region_array(&region, SIZE_MAX / 2, 3));
    assert_null(pl_region_allocate(&region, SIZE_MAX));
    assert_null(pl_region_allocate(&region, SIZE_MAX - 40));
    assert_null(pl_region_text(&region, "", SIZE_MAX));
    pl_region_clear(&region);
    assert_int_equal(unit.live, 0);
}

static void test_region_survives_any_failure(void **state)
{
    (void)state;
    for (int64_t fail_at = 1; fail_at < 10; fail_at++) {
        struct unit_memory unit;
        struct pl_region region;
        unit_memory_init(&unit, fail_at);
        pl_region_init(&region, &unit.memory);
        int failures = 0;
        for (int i = 0; i < 30; i++) failures += pl_region_allocate(&region, 4000) == NULL;
        assert_int_equal(failures, unit.calls >= fail_at ? 1 : 0);
        pl_region_clear(&region);
        assert_int_equal(unit.live, 0);
        assert_int_equal(unit.memory.bytes, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_overflow_aloud),
        cmocka_unit_test(test_memory_counts),
        cmocka_unit_test(test_memory_keeps_its_limit),
        cmocka_unit_test(test_region_pieces),
        cmocka_unit_test(test_region_rewinds),
        cmocka_unit_test(test_region_copies),
        cmocka_unit_test(test_region_survives_any_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
