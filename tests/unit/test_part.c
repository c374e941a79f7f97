/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of stages that take long: their sizes, and that all units are done once. */
#include "unit.h"

#include <string.h>

#include "interpreter/run.h"

enum { MICROSECOND = 1000, MILLISECOND = 1000000, UNITS = 1000 };

static int64_t units_of(int64_t units, int64_t least, uint64_t nanoseconds)
{
    const struct pl_stage stage = {.units = units, .least = least};
    return pl_part_units(&stage, nanoseconds);
}

static void test_parts_take_less_than_a_millisecond(void **state)
{
    (void)state;
    assert_int_equal(units_of(100, 1, 499 * MICROSECOND), 100); /* short enough */
    assert_int_equal(units_of(1, 1, 40 * MILLISECOND), 1);      /* cannot be cut */
    assert_int_equal(units_of(100, 1, 40 * MILLISECOND), 2);    /* 0.8 ms */
    assert_int_equal(units_of(10000, 1, 10 * MILLISECOND), 477);
    assert_int_equal(units_of(10000, 12, 10 * MILLISECOND) % 12, 0); /* as kernels like it, */
    assert_int_equal(units_of(10000, 4096, 40 * MILLISECOND) % 64, 0); /* lines whole, */
    assert_true(units_of(10000, 4096, 40 * MILLISECOND) < 250); /* but not for longer than a millisecond */
    assert_true(units_of(100, 50, 40 * MILLISECOND) < 3);
}

static uint64_t shareable_of(int64_t units, int64_t least, uint64_t nanoseconds)
{
    const struct pl_stage stage = {.units = units, .least = least};
    struct pl_run run = {0};
    pl_stage_note_shareable(&run, &stage, nanoseconds);
    return run.result.shareable_nanoseconds;
}

/* Helpers that looked out for it would do so in vain, again and again. */
static void test_what_cannot_be_cut_is_not_shareable(void **state)
{
    (void)state;
    assert_int_equal(shareable_of(2, 1, 500 * MICROSECOND), 500 * MICROSECOND);
    assert_int_equal(shareable_of(1, 1, 500 * MICROSECOND), 0);
    assert_int_equal(shareable_of(100, 51, 500 * MICROSECOND), 0); /* two parts would be less than kernels are made for */
    assert_int_equal(shareable_of(100, 1, 1 * MICROSECOND), 0);
}

static int seen[UNITS];
static struct pl_turn *turn;

static pl_status count_units(const struct pl_eval *eval, int64_t from, int64_t to)
{
    (void)eval;
    for (int64_t i = from; i < to; i++) seen[i]++;
    if (turn != NULL) atomic_store(&turn->workers, 1);
    return PL_OK;
}

static void test_all_units_once(void **state)
{
    (void)state;
    struct pl_turn own = {.workers = 4};
    struct pl_run run = {.turn = &own};
    const struct pl_stage stage = {.eval = count_units, .units = UNITS};
    const struct pl_eval eval = {.worker = 0};
    memset(seen, 0, sizeof seen);
    turn = &own;
    struct pl_parts parts = {.stage = &stage, .eval = &eval, .from = 10, .end = UNITS, .units = 7};
    assert_int_equal(pl_run_parts(&run, &parts), PL_OK);
    assert_int_equal(parts.from, UNITS);
    for (int i = 0; i < UNITS; i++) assert_int_equal(seen[i], i >= 10);
}

/* Each worker of a shared stage has a message of its own, of which the first counts. */
static void test_what_is_cancelled_says_so_to_its_worker(void **state)
{
    (void)state;
    const struct pl_stop nobody = {0};
    struct pl_turn own = {.workers = 4, .look = true, .cancelled = true, .stop = &nobody};
    struct pl_error of_run = {.text = ""}, of_worker = {.text = ""};
    struct pl_run run = {.turn = &own, .error = &of_run};
    const struct pl_stage stage = {.eval = count_units, .units = UNITS};
    const struct pl_eval eval = {.worker = 0, .error = &of_worker};
    turn = NULL;
    struct pl_parts parts = {.stage = &stage, .eval = &eval, .end = UNITS, .units = 7};
    assert_int_equal(pl_run_parts(&run, &parts), PL_CANCELLED);
    assert_int_equal(parts.from, 7);
    assert_int_equal(of_worker.status, PL_CANCELLED);
    assert_non_null(strstr(of_worker.text, "cancelled"));
    assert_string_equal(of_run.text, "");
}

/* It is told while it does its first part. */
static void test_helpers_leave_between_two_parts(void **state)
{
    (void)state;
    struct pl_turn own = {.workers = 4};
    struct pl_run run = {.turn = &own};
    const struct pl_stage stage = {.eval = count_units, .units = UNITS};
    const struct pl_eval eval = {.worker = 1};
    memset(seen, 0, sizeof seen);
    turn = &own;
    struct pl_parts parts = {.stage = &stage, .eval = &eval, .end = UNITS, .units = 7};
    assert_int_equal(pl_run_parts(&run, &parts), PL_OK);
    assert_int_equal(parts.from, 7);
    assert_int_equal(seen[6], 1);
    assert_int_equal(seen[7], 0);
}

static int calls;

static pl_status count_calls(const struct pl_eval *eval, int64_t from, int64_t to)
{
    (void)eval;
    calls += to > from;
    return PL_OK;
}

/* By what it costs; what it took is known then. */
static void test_the_first_run_is_in_parts(void **state)
{
    (void)state;
    struct pl_turn own = {.workers = 4};
    struct pl_program program = {0};
    struct pl_run run = {.turn = &own, .program = &program};
    const struct pl_stage stage = {.eval = count_calls, .units = UNITS, .cost = 100000};
    const struct pl_eval eval = {.worker = 0};
    struct pl_pace pace = {0};
    assert_int_equal(pl_run_alone(&run, &stage, &pace, &eval), PL_OK);
    assert_in_range(calls, 10, 20);
    assert_in_range(pace.lately, 1, MILLISECOND);
    assert_in_range(pl_longest_number(&program.longest), 1, pace.lately);
    calls = 0;
    assert_int_equal(pl_run_alone(&run, &stage, &pace, &eval), PL_OK);
    assert_int_equal(calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_take_less_than_a_millisecond),
        cmocka_unit_test(test_what_cannot_be_cut_is_not_shareable),
        cmocka_unit_test(test_all_units_once),
        cmocka_unit_test(test_what_is_cancelled_says_so_to_its_worker),
        cmocka_unit_test(test_helpers_leave_between_two_parts),
        cmocka_unit_test(test_the_first_run_is_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
