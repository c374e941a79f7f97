/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that fell asleep where its waker is wakes up elsewhere, and may run everywhere after that. */
#include "base/placement.h" /* first: _GNU_SOURCE */

#include "unit.h"

#include <semaphore.h>

struct sleeper {
    struct pl_placement placement;
    sem_t bell;
    int woke_on;
    int allowed; /* processors, when it is awake */
};

static int allowed_processors(void)
{
    cpu_set_t set;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    return CPU_COUNT(&set);
}

static void *sleep_and_wake(void *argument)
{
    struct sleeper *sleeper = argument;
    while (sem_wait(&sleeper->bell) != 0) continue;
    sleeper->woke_on = sched_getcpu();
    pl_placement_awake(&sleeper->placement);
    sleeper->allowed = allowed_processors();
    return NULL;
}

static void wake_one_from(struct sleeper *sleeper, int processor)
{
    pthread_t thread;
    sleeper->placement = (struct pl_placement){.processor = processor};
    sem_init(&sleeper->bell, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, sleep_and_wake, sleeper), 0);
    pl_placement_wake(&sleeper->placement, thread);
    sem_post(&sleeper->bell);
    pthread_join(thread, NULL);
    sem_destroy(&sleeper->bell);
    assert_false(sleeper->placement.moved);
    assert_int_equal(sleeper->allowed, allowed_processors());
}

/* The caller stays on one processor meanwhile; the sleepers may run on all. */
static void test_wakes_elsewhere(void **state)
{
    (void)state;
    if (allowed_processors() < 2) SKIP("there is one processor");
    struct sleeper sleeper = {0};
    int elsewhere = 0;
    for (int i = 0; i < 20; i++) {
        const int here = sched_getcpu();
        wake_one_from(&sleeper, here);
        if (sched_getcpu() == here) elsewhere += sleeper.woke_on != here;
        else elsewhere++; /* the caller was moved: nothing can be said */
    }
    assert_int_equal(elsewhere, 20);
}

static void test_others_stay(void **state)
{
    (void)state;
    struct sleeper sleeper = {0};
    wake_one_from(&sleeper, -1);
}

/* Who is told where another one computes goes elsewhere from there, and only from there. */
static void test_leaves(void **state)
{
    (void)state;
    if (allowed_processors() < 2) SKIP("there is one processor");
    const int allowed = allowed_processors();
    int left = 0;
    for (int i = 0; i < 20; i++) {
        const int here = pl_placement_here();
        pl_placement_leave(here);
        left += pl_placement_here() != here;
        assert_int_equal(allowed_processors(), allowed);
    }
    assert_in_range(left, 15, 20); /* the system may have moved it back at once */
    pl_placement_leave(-1);
    pl_placement_leave(CPU_SETSIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wakes_elsewhere),
        cmocka_unit_test(test_others_stay),
        cmocka_unit_test(test_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
