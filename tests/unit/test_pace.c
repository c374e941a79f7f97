/* SPDX-License-Identifier: Apache-2.0 */
/* Deciding what is shared from how long runs took: on made-up times. */
#include "unit.h"

#include <string.h>

#include "plan/pace.h"

enum { LONG = 200 /* runs, more than the first look takes */ };

/* How a machine is: what a run takes alone and with helpers, and whether helpers come. */
struct machine {
    uint64_t alone;
    uint64_t shared;
    bool missed;
    uint64_t long_nanoseconds; /* 0: some */
};

static struct pl_trial run_once(struct pl_outlook *outlook, struct machine machine)
{
    const struct pl_trial trial = pl_trial_begin(outlook);
    const struct pl_trial_result result = {
        .nanoseconds = trial.alone ? machine.alone : machine.shared,
        .shareable_nanoseconds = 20000,
        .long_nanoseconds = machine.long_nanoseconds > 0 ? machine.long_nanoseconds : 7000,
        .missed = machine.missed && !trial.alone,
    };
    pl_trial_end(outlook, &trial, &result);
    return trial;
}

/* How many of so many runs were with helpers. */
static int shared_runs(struct pl_outlook *outlook, struct machine machine, int runs)
{
    int shared = 0;
    for (int i = 0; i < runs; i++) shared += !run_once(outlook, machine).alone;
    return shared;
}

static const struct machine good = {.alone = 100000, .shared = 60000}, bad = {.alone = 60000, .shared = 100000};

static void test_keeps_to_what_is_quicker(void **state)
{
    (void)state;
    struct pl_outlook outlook = {0};
    shared_runs(&outlook, good, 28);
    assert_int_equal(shared_runs(&outlook, good, 30), 30);
    assert_int_equal(pl_trial_begin(&outlook).shared_nanoseconds, 20000);
    memset(&outlook, 0, sizeof outlook);
    shared_runs(&outlook, bad, 28);
    assert_int_equal(shared_runs(&outlook, bad, 30), 0);
    assert_int_equal(pl_trial_begin(&outlook).shared_nanoseconds, 7000);
}

/* Long stages, which are shared in any case, are most of it: few runs learn, and a glance is what tells. */
static void test_settles_soon_where_stages_are_long(void **state)
{
    (void)state;
    const struct machine helped = {.alone = 100000, .shared = 60000, .long_nanoseconds = 16000};
    const struct machine slowed = {.alone = 60000, .shared = 100000, .long_nanoseconds = 16000};
    struct pl_outlook outlook = {0};
    assert_int_equal(shared_runs(&outlook, helped, 4), 2);
    assert_int_equal(shared_runs(&outlook, helped, 32), 32);
    assert_int_equal(shared_runs(&outlook, helped, 5), 0); /* a glance */
    assert_int_equal(shared_runs(&outlook, helped, 80), 80);
    memset(&outlook, 0, sizeof outlook);
    shared_runs(&outlook, slowed, 4 + 32 + 5);
    assert_int_equal(shared_runs(&outlook, slowed, 80), 0);
    assert_int_equal(shared_runs(&outlook, slowed, 300) < 20, 1); /* learning again is no reason to share again */
}

/* What turns out worse than it was is left at once; what gets better is noticed by a glance. */
static void test_changes_when_the_machine_does(void **state)
{
    (void)state;
    struct pl_outlook outlook = {0};
    const struct machine slowed = {100000, 103000, false, 0}, much_slowed = {100000, 180000, false, 0};
    shared_runs(&outlook, good, 60);
    shared_runs(&outlook, much_slowed, 30);
    assert_in_range(shared_runs(&outlook, much_slowed, 30), 0, 5);
    memset(&outlook, 0, sizeof outlook);
    shared_runs(&outlook, good, 40);
    shared_runs(&outlook, slowed, 60);
    assert_in_range(shared_runs(&outlook, slowed, 30), 0, 5);
    shared_runs(&outlook, good, 600);
    assert_in_range(shared_runs(&outlook, good, 100), 85, 100);
    shared_runs(&outlook, bad, 600);
    assert_in_range(shared_runs(&outlook, bad, 100), 0, 20);
}

/* Both kinds take three times as long for a while, as when the clock changes. */
static void test_the_clock_changes_no_kind(void **state)
{
    (void)state;
    struct pl_outlook outlook = {0};
    const struct machine slow = {300000, 180000, false, 0};
    shared_runs(&outlook, good, 100);
    for (int i = 0; i < 10; i++) {
        assert_in_range(shared_runs(&outlook, slow, 100), 80, 100);
        assert_in_range(shared_runs(&outlook, good, 100), 80, 100);
    }
}

/* One run in ten is held up, whatever its kind, and of those with helpers the first is quicker than all others will be. */
static void test_is_not_misled_by_single_runs(void **state)
{
    (void)state;
    struct pl_outlook outlook = {0};
    const struct machine held_up = {4000000, 4000000, false, 0}, lucky = {100000, 50000, false, 0}, usual = {100000, 104000, false, 0};
    shared_runs(&outlook, usual, 16);
    shared_runs(&outlook, lucky, 2);
    shared_runs(&outlook, usual, 10);
    assert_in_range(shared_runs(&outlook, usual, 1000), 0, 90);
    memset(&outlook, 0, sizeof outlook);
    shared_runs(&outlook, usual, 17);
    shared_runs(&outlook, held_up, 1);
    shared_runs(&outlook, usual, 10);
    assert_in_range(shared_runs(&outlook, usual, 100), 0, 20);
    memset(&outlook, 0, sizeof outlook);
    int shared = 0;
    for (int i = 0; i < 2000; i++) shared += shared_runs(&outlook, i % 10 == 9 ? held_up : good, 1);
    assert_in_range(shared, 1800, 2000);
}

/* Where one kind is far better, the other one costs more than there is to be learned from it. */
static void test_glances_seldom_where_it_is_clear(void **state)
{
    (void)state;
    const struct machine near = {100000, 94000, false, 0};
    struct pl_outlook outlook = {0}, close = {0};
    shared_runs(&outlook, good, 28);
    assert_int_equal(shared_runs(&outlook, good, 128), 128);
    shared_runs(&close, near, 28);
    assert_int_equal(shared_runs(&close, near, 128), 128 - 2 * 5);
}

/* A run alone is timed now and then only. */
static void test_reads_the_clock_seldom(void **state)
{
    (void)state;
    struct pl_outlook outlook = {0};
    shared_runs(&outlook, bad, 28);
    int timed = 0;
    for (int i = 0; i < 2000; i++) {
        const struct pl_trial trial = pl_trial_begin(&outlook);
        const struct pl_trial_result result = {.nanoseconds = trial.alone ? bad.alone : bad.shared,
                                               .shareable_nanoseconds = 20000};
        timed += trial.timed;
        pl_trial_end(&outlook, &trial, &result);
    }
    assert_in_range(timed, 1, 700);
}

static void test_looks_again(void **state)
{
    (void)state;
    struct pl_outlook outlook = {0};
    shared_runs(&outlook, bad, 100);
    shared_runs(&outlook, good, 150);
    assert_in_range(shared_runs(&outlook, good, 100), 90, 100);
    shared_runs(&outlook, bad, 5000);
    assert_in_range(shared_runs(&outlook, bad, 10000), 1, 10000 / 75);
}

/* Half of the first runs tell nothing about helpers. */
static void test_does_not_judge_who_did_not_come(void **state)
{
    (void)state;
    struct pl_outlook outlook = {0};
    const struct machine absent = {100000, 101000, true, 0};
    shared_runs(&outlook, absent, 60);
    shared_runs(&outlook, good, 28);
    assert_in_range(shared_runs(&outlook, good, 100), 90, 100);
    /* Who never comes is not waited for. */
    memset(&outlook, 0, sizeof outlook);
    shared_runs(&outlook, absent, LONG);
    while (!run_once(&outlook, absent).glance) continue;
    while (run_once(&outlook, absent).glance) continue;
    assert_int_equal(shared_runs(&outlook, absent, 20), 0);
}

/* Helpers that are asleep miss the first runs of a glance, which is as much longer as it takes them to come, if they do. */
static void test_a_glance_waits_for_who_is_asleep(void **state)
{
    (void)state;
    const struct machine absent = {60000, 61000, true, 0}, good_now = {60000, 40000, false, 0};
    struct pl_outlook outlook = {0};
    shared_runs(&outlook, bad, 28);
    while (!run_once(&outlook, bad).glance) continue;
    for (int i = 0; i < 10; i++) assert_true(run_once(&outlook, absent).glance);
    for (int i = 0; i < 4; i++) assert_true(run_once(&outlook, good_now).glance);
    assert_int_equal(pl_pace_number(&outlook.settled_shared), 1);
    memset(&outlook, 0, sizeof outlook);
    shared_runs(&outlook, bad, 28);
    int glances = 1;
    while (!run_once(&outlook, absent).glance) continue;
    while (run_once(&outlook, absent).glance) glances++;
    assert_in_range(glances, 16, 21);
}

static void test_learns_the_least(void **state)
{
    (void)state;
    struct pl_pace pace = {0};
    pl_pace_learn(&pace.nanoseconds, 800, true);
    pl_pace_learn(&pace.nanoseconds, 900, false);
    pl_pace_learn(&pace.shared_nanoseconds, 1090, false);
    assert_true(pl_pace_pays(&pace)); /* alone between others that are shared it would be slower than that */
    pl_pace_learn(&pace.nanoseconds, 790, false);
    assert_false(pl_pace_pays(&pace));
    pl_pace_learn(&pace.nanoseconds, 900, true);
    assert_true(pl_pace_pays(&pace));
}

static void test_follows_what_a_stage_takes(void **state)
{
    (void)state;
    struct pl_pace pace = {0};
    struct pl_longest longest = {0};
    pl_pace_follow(&pace, 8000, 3000, &longest);
    assert_int_equal(pace.lately, 8000);
    pl_pace_follow(&pace, 6000, 3000, &longest); /* quicker: at once */
    assert_int_equal(pace.lately, 6000);
    pl_pace_follow(&pace, 14000, 7000, &longest); /* slower: an eighth of it, since the system may have been in the way */
    assert_int_equal(pace.lately, 7000);
    for (int i = 0; i < 100; i++) pl_pace_follow(&pace, 14000, 7000, &longest);
    assert_in_range(pace.lately, 13900, 14000);
}

static void test_keeps_the_longest_part_of_hundreds_of_runs(void **state)
{
    (void)state;
    struct pl_pace pace = {0}, other = {0};
    struct pl_longest longest = {0};
    assert_int_equal(pl_longest_number(&longest), 0);
    pl_pace_follow(&pace, 9000, 9000, &longest); /* the first time counts while it is the only one */
    assert_int_equal(pl_longest_number(&longest), 9000);
    pl_pace_follow(&pace, 6000, 3000, &longest);
    assert_int_equal(pl_longest_number(&longest), 3000);
    pl_pace_follow(&other, 8000, 8000, &longest); /* each stage has its first */
    assert_int_equal(pl_longest_number(&longest), 3000);
    pl_pace_follow(&other, 5000, 5000, &longest);
    for (int i = 0; i < 250; i++) { /* once is enough */
        pl_longest_pass(&longest);
        pl_pace_follow(&pace, 6000, 3000, &longest);
        assert_int_equal(pl_longest_number(&longest), 5000);
    }
    for (int i = 0; i < 500; i++) {
        pl_longest_pass(&longest);
        pl_pace_follow(&pace, 6000, 3000, &longest);
    }
    assert_int_equal(pl_longest_number(&longest), 3000);
    pl_longest_note(&longest, 0);
    pl_longest_note(&longest, UINT64_C(60000000000)); /* a minute */
    assert_in_range(pl_longest_number(&longest), UINT64_C(59999990000), UINT64_C(60000010000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keeps_to_what_is_quicker), cmocka_unit_test(test_settles_soon_where_stages_are_long),
        cmocka_unit_test(test_looks_again),
        cmocka_unit_test(test_changes_when_the_machine_does),
        cmocka_unit_test(test_the_clock_changes_no_kind),
        cmocka_unit_test(test_is_not_misled_by_single_runs),
        cmocka_unit_test(test_glances_seldom_where_it_is_clear),
        cmocka_unit_test(test_reads_the_clock_seldom),
        cmocka_unit_test(test_follows_what_a_stage_takes),
        cmocka_unit_test(test_keeps_the_longest_part_of_hundreds_of_runs),
        cmocka_unit_test(test_does_not_judge_who_did_not_come),
        cmocka_unit_test(test_a_glance_waits_for_who_is_asleep),
        cmocka_unit_test(test_learns_the_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
