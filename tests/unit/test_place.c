/* SPDX-License-Identifier: Apache-2.0 */
/* Placement: pieces alive together never overlap, and the arena stays near its bound. */
#include "unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "plan/place.h"

enum { MOST = 300 };

struct fixture {
    struct unit_memory unit;
    struct pl_region work;
    struct pl_piece pieces[MOST];
    int32_t count;
    int32_t steps;
};

static void start(struct fixture *fixture, int32_t steps)
{
    unit_memory_init(&fixture->unit, 0);
    pl_region_init(&fixture->work, &fixture->unit.memory);
    fixture->count = 0;
    fixture->steps = steps;
}

static void add(struct fixture *fixture, size_t bytes, int32_t first, int32_t last)
{
    fixture->pieces[fixture->count++] = (struct pl_piece){.bytes = bytes, .first = first, .last = last};
}

static size_t place(struct fixture *fixture)
{
    size_t arena_bytes = 0;
    struct pl_error error;
    assert_int_equal(pl_place(fixture->pieces, fixture->count, fixture->steps, &fixture->work, &arena_bytes, &error),
                     PL_OK);
    return arena_bytes;
}

static void finish(struct fixture *fixture)
{
    pl_region_clear(&fixture->work);
    assert_int_equal(fixture->unit.live, 0);
}

static bool overlap(const struct pl_piece *a, const struct pl_piece *b)
{
    return a->first <= b->last && b->first <= a->last && a->offset < b->offset + b->bytes &&
           b->offset < a->offset + a->bytes;
}

static void check_disjoint(const struct fixture *fixture, size_t arena_bytes)
{
    for (int32_t i = 0; i < fixture->count; i++) {
        assert_true(fixture->pieces[i].offset + fixture->pieces[i].bytes <= arena_bytes);
        assert_int_equal(fixture->pieces[i].offset % PL_ALIGNMENT, 0);
        for (int32_t k = 0; k < i; k++) assert_false(overlap(&fixture->pieces[i], &fixture->pieces[k]));
    }
}

static void test_nothing_to_place(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, 0);
    assert_int_equal(place(&fixture), 0);
    finish(&fixture);
}

/* A chain: only neighbours are alive together. */
static void test_a_chain_reaches_its_bound(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, 40);
    for (int32_t i = 0; i < 39; i++) add(&fixture, (size_t)(1 + (i * 7) % 13) * 64, i, i + 1);
    const size_t bound = pl_place_bound(fixture.pieces, fixture.count, fixture.steps, &fixture.work);
    const size_t arena_bytes = place(&fixture);
    check_disjoint(&fixture, arena_bytes);
    assert_int_equal(arena_bytes, bound);
    finish(&fixture);
}

/* The bound against a count of every step by hand. */
static void test_bound_is_the_largest_step(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, 4);
    add(&fixture, 64, 0, 3);
    add(&fixture, 640, 1, 2);
    add(&fixture, 128, 2, 3);
    assert_int_equal(pl_place_bound(fixture.pieces, fixture.count, fixture.steps, &fixture.work), 64 + 640 + 128);
    finish(&fixture);
}

static void test_random_graphs(void **state)
{
    (void)state;
    srand(3);
    for (int round = 0; round < 50; round++) {
        struct fixture fixture;
        start(&fixture, 2 + rand() % 100);
        const int32_t count = rand() % MOST;
        for (int32_t i = 0; i < count; i++) {
            const int32_t first = rand() % fixture.steps;
            const int32_t life = rand() % 10 == 0 ? fixture.steps : 1 + rand() % 3;
            const int32_t last = first + life < fixture.steps ? first + life : fixture.steps - 1;
            add(&fixture, (size_t)(1 + rand() % 50) * 64, first, last);
        }
        const size_t bound = pl_place_bound(fixture.pieces, fixture.count, fixture.steps, &fixture.work);
        const size_t arena_bytes = place(&fixture);
        check_disjoint(&fixture, arena_bytes);
        assert_true(arena_bytes >= bound);
        assert_true(arena_bytes <= bound + bound / 2 + 256);
        finish(&fixture);
    }
}

/* Beside a large piece there is room: what is needed no more is left alone for a step. */
static void test_apart_where_there_is_room(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, 6);
    add(&fixture, 6400, 0, 0);
    for (int32_t i = 1; i < 5; i++) add(&fixture, 640, i, i + 1);
    assert_int_equal(place(&fixture), 6400);
    assert_int_equal(fixture.pieces[3].offset, fixture.pieces[1].offset);
    size_t arena_bytes = 0;
    struct pl_error error;
    assert_int_equal(
        pl_place_apart(fixture.pieces, fixture.count, fixture.steps, &fixture.work, &arena_bytes, &error), PL_OK);
    assert_int_equal(arena_bytes, 6400);
    for (int32_t i = 3; i < 5; i++) assert_int_not_equal(fixture.pieces[i].offset, fixture.pieces[i - 2].offset);
    finish(&fixture);
}

/* Never at the price of a larger arena. */
static void test_apart_in_no_more_memory(void **state)
{
    (void)state;
    srand(5);
    for (int round = 0; round < 200; round++) {
        struct fixture fixture;
        start(&fixture, 2 + rand() % 20);
        const int32_t count = rand() % 40;
        for (int32_t i = 0; i < count; i++) {
            const int32_t first = rand() % fixture.steps;
            const int32_t last = first + rand() % 3;
            add(&fixture, (size_t)(1 + rand() % 50) * 64, first, last < fixture.steps ? last : fixture.steps - 1);
        }
        const struct fixture before = fixture;
        const size_t plain = place(&fixture);
        memcpy(fixture.pieces, before.pieces, sizeof fixture.pieces);
        size_t arena_bytes = 0;
        struct pl_error error;
        assert_int_equal(
            pl_place_apart(fixture.pieces, fixture.count, fixture.steps, &fixture.work, &arena_bytes, &error), PL_OK);
        assert_true(arena_bytes <= plain);
        check_disjoint(&fixture, arena_bytes);
        finish(&fixture);
    }
}

static void test_no_memory_is_an_error(void **state)
{
    (void)state;
    for (int64_t fail_at = 1; fail_at < 6; fail_at++) {
        struct unit_memory unit;
        struct pl_region work;
        struct pl_error error;
        struct pl_piece pieces[2] = {{.bytes = 64, .first = 0, .last = 1}, {.bytes = 64, .first = 1, .last = 1}};
        size_t arena_bytes = 0;
        unit_memory_init(&unit, fail_at);
        pl_region_init(&work, &unit.memory);
        const pl_status status = pl_place_apart(pieces, 2, 2, &work, &arena_bytes, &error);
        assert_true(status == PL_OK || status == PL_OUT_OF_MEMORY);
        if (fail_at == 1) assert_int_equal(status, PL_OUT_OF_MEMORY);
        pl_region_clear(&work);
        assert_int_equal(unit.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_to_place),     cmocka_unit_test(test_a_chain_reaches_its_bound),
        cmocka_unit_test(test_bound_is_the_largest_step), cmocka_unit_test(test_random_graphs),
        cmocka_unit_test(test_apart_where_there_is_room), cmocka_unit_test(test_apart_in_no_more_memory),
        cmocka_unit_test(test_no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
