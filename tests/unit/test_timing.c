/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of how long runs take: on made-up times. */
#include "unit.h"

#include <fenv.h>

#include "interpreter/time/timing.h"

static void test_median_and_worst(void **state)
{
    (void)state;
    struct pl_own_time time = {0};
    assert_int_equal(pl_own_time_typical(&time), 0);
    assert_int_equal(pl_own_time_worst(&time), 0);
    pl_own_time_note(&time, 900000); /* the first one counts while it is the only one */
    assert_int_equal(pl_own_time_typical(&time), 900000);
    pl_own_time_note(&time, 30000);
    assert_int_equal(pl_own_time_typical(&time), 30000);
    assert_int_equal(pl_own_time_worst(&time), 30000);
    const uint64_t later[] = {50000, 40000, 80000, 20000};
    for (int i = 0; i < 4; i++) pl_own_time_note(&time, later[i]);
    assert_int_equal(pl_own_time_typical(&time), 40000); /* 20, 30, 40, 50, 80 */
    assert_int_equal(pl_own_time_worst(&time), 80000);
    for (int i = 0; i < 300; i++) pl_own_time_note(&time, 10000);
    assert_int_equal(pl_own_time_typical(&time), 10000);
    assert_int_equal(pl_own_time_worst(&time), 80000); /* of hundreds */
    for (int i = 0; i < 600; i++) pl_own_time_note(&time, 10000);
    assert_int_equal(pl_own_time_worst(&time), 10000);
}

/* Times are noted outside of plait's own floating point state. */
static void test_noting_a_time_raises_no_flag(void **state)
{
    (void)state;
    struct pl_own_time time = {0};
    for (int i = 0; i < 3; i++) pl_own_time_note(&time, 100000001); /* more bits than a float has */
    feclearexcept(FE_ALL_EXCEPT);
    pl_own_time_note(&time, 100000001);
    assert_int_equal(fetestexcept(FE_ALL_EXCEPT), 0);
    assert_in_range(pl_own_time_worst(&time), 100000001, 100000008);
    assert_in_range(pl_own_time_typical(&time), 100000001, 100000008);
    pl_own_time_note(&time, UINT64_MAX / 2);
    assert_true(pl_own_time_worst(&time) == UINT64_C(1) << 63);
}

/* How many of so many runs are measured. */
static int measured(struct pl_own_time *time, int runs, uint64_t nanoseconds)
{
    int count = 0;
    for (int i = 0; i < runs; i++) {
        if (!pl_own_time_wanted(time)) continue;
        pl_own_time_note(time, nanoseconds);
        count++;
    }
    return count;
}

static void test_short_runs_are_measured_now_and_then(void **state)
{
    (void)state;
    struct pl_own_time time = {0};
    assert_int_equal(measured(&time, 2, 1000), 2);
    assert_int_equal(measured(&time, 160, 1000), 10);
    struct pl_own_time slow = {0};
    assert_int_equal(measured(&slow, 100, 1000000), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_median_and_worst),
        cmocka_unit_test(test_noting_a_time_raises_no_flag),
        cmocka_unit_test(test_short_runs_are_measured_now_and_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
