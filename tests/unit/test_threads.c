/* SPDX-License-Identifier: Apache-2.0 */
/* The pool: every task once, distinct workers, many callers, nested jobs, fork, failures. */
#include "unit.h"

#include <fenv.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/threads.h"

enum { TASKS = 1000, WORKERS = 5 };

struct count_job {
    struct pl_pool *pool;
    int seen[TASKS]; /* not atomic: a task run twice at once is a race that the sanitizer sees */
    atomic_bool busy[WORKERS];
    atomic_int clashes; /* two threads with one id, or an id out of range */
    atomic_int helped;
};

static bool count_task(void *context, int64_t task, int32_t worker)
{
    struct count_job *job = context;
    if (worker < 0 || worker >= WORKERS || atomic_exchange(&job->busy[worker], true)) {
        atomic_fetch_add(&job->clashes, 1);
        return true;
    }
    job->seen[task]++;
    if (worker != 0) atomic_fetch_add(&job->helped, 1);
    atomic_store(&job->busy[worker], false);
    return true;
}

/* A job by itself; a pool without helpers runs it on the caller alone. */
static void run(struct pl_pool *pool, int32_t max_workers, int64_t task_count, pl_pool_function function, void *context)
{
    const bool helped = pl_pool_expect(pool, max_workers, true);
    pl_pool_run(pool, helped ? max_workers : 1, true, task_count, function, context);
    if (helped) pl_pool_expect_no_more(pool);
}

/* Runs a job and counts what is wrong with it. */
static int run_counting(struct pl_pool *pool, int32_t max_workers, struct count_job *job)
{
    memset(job, 0, sizeof *job);
    run(pool, max_workers, TASKS, count_task, job);
    int wrong = atomic_load(&job->clashes);
    for (int i = 0; i < TASKS; i++) wrong += job->seen[i] != 1;
    for (int i = max_workers; i < WORKERS; i++) wrong += atomic_load(&job->busy[i]);
    return wrong;
}

static struct pl_pool *open_pool(struct unit_memory *unit, int32_t workers)
{
    unit_memory_init(unit, 0);
    struct pl_pool *pool = pl_pool_create(&unit->memory, workers);
    assert_non_null(pool);
    assert_int_equal(pl_pool_grow(pool, workers, NULL), PL_OK);
    assert_int_equal(pl_pool_workers(pool), workers);
    return pool;
}

static void close_pool(struct unit_memory *unit, struct pl_pool *pool)
{
    pl_pool_destroy(pool);
    assert_int_equal(unit->live, 0);
}

static void test_every_task_once(void **state)
{
    (void)state;
    struct unit_memory unit;
    struct count_job job;
    for (int32_t workers = 1; workers <= WORKERS; workers++) {
        struct pl_pool *pool = open_pool(&unit, workers);
        const int64_t calls = unit.calls;
        for (int32_t cap = 1; cap <= WORKERS; cap++)
            assert_int_equal(run_counting(pool, cap, &job), 0);
        assert_int_equal(unit.calls, calls);
        close_pool(&unit, pool);
    }
}

/* Ends only when so many threads are in tasks of this job at once. */
static void meet(atomic_int *inside, int threads)
{
    atomic_fetch_add(inside, 1);
    const struct timespec moment = {0, 1000000};
    for (int i = 0; i < 5000 && atomic_load(inside) < threads; i++) nanosleep(&moment, NULL);
}

static bool meet_task(void *context, int64_t task, int32_t worker)
{
    (void)task;
    (void)worker;
    meet(context, 2);
    return true;
}

static bool meet_three_task(void *context, int64_t task, int32_t worker)
{
    (void)task;
    (void)worker;
    meet(context, 3);
    return true;
}

static void test_helpers_do_help(void **state)
{
    (void)state;
    struct unit_memory unit;
    struct pl_pool *pool = open_pool(&unit, 2);
    for (int sleep = 0; sleep < 2; sleep++) {
        /* The first time the helper may still spin, the second time it sleeps. */
        const struct timespec pause = {0, sleep * 20000000};
        nanosleep(&pause, NULL);
        atomic_int inside = 0;
        run(pool, 2, 2, meet_task, &inside);
        assert_int_equal(atomic_load(&inside), 2);
    }
    close_pool(&unit, pool);
}

static bool slow_helper_task(void *context, int64_t task, int32_t worker)
{
    (void)task;
    const struct timespec moment = {0, 300000};
    if (worker != 0) nanosleep(&moment, NULL);
    /* The caller waits with nothing to do: long enough to sleep. */
    atomic_int *inside = context;
    atomic_fetch_add(inside, 1);
    for (int i = 0; i < 1000000 && worker == 0 && atomic_load(inside + 1) == 0; i++) continue;
    if (worker != 0) atomic_fetch_add(inside + 1, 1);
    return true;
}

static void test_callers_sleep_for_slow_helpers(void **state)
{
    (void)state;
    struct unit_memory unit;
    struct pl_pool *pool = open_pool(&unit, 2);
    int helped = 0;
    for (int i = 0; i < 200; i++) {
        atomic_int tasks_and_helped[2] = {0, 0};
        run(pool, 2, 2, slow_helper_task, tasks_and_helped);
        assert_int_equal(atomic_load(&tasks_and_helped[0]), 2);
        helped += atomic_load(&tasks_and_helped[1]);
    }
    assert_true(helped > 0);
    atomic_int inside = 0; /* and the helper still comes */
    run(pool, 2, 2, meet_task, &inside);
    assert_int_equal(atomic_load(&inside), 2);
    close_pool(&unit, pool);
}

struct caller {
    struct pl_pool *pool;
    int wrong;
};

static void *call_often(void *argument)
{
    struct caller *caller = argument;
    struct count_job *job = pl_memory_system(NULL, NULL, 0, sizeof *job, PL_ALIGNMENT);
    for (int i = 0; i < 50; i++) caller->wrong += run_counting(caller->pool, 1 + i % WORKERS, job);
    pl_memory_system(NULL, job, sizeof *job, 0, PL_ALIGNMENT);
    return NULL;
}

static void test_many_callers_at_once(void **state)
{
    (void)state;
    enum { CALLERS = 4 };
    struct unit_memory unit;
    struct pl_pool *pool = open_pool(&unit, 3);
    struct caller callers[CALLERS];
    pthread_t threads[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){pool, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(callers[i].wrong, 0);
    }
    close_pool(&unit, pool);
}

static bool add_task(void *context, int64_t task, int32_t worker)
{
    (void)worker;
    atomic_fetch_add((atomic_int *)context, (int)task);
    return true;
}

struct nest {
    struct pl_pool *pool;
    atomic_int sum;
};

static bool nest_task(void *context, int64_t task, int32_t worker)
{
    (void)task;
    (void)worker;
    struct nest *nest = context;
    run(nest->pool, 3, 10, add_task, &nest->sum);
    return true;
}

static void test_a_task_may_run_a_job(void **state)
{
    (void)state;
    struct unit_memory unit;
    struct nest nest = {.pool = open_pool(&unit, 3)};
    run(nest.pool, 3, 20, nest_task, &nest);
    assert_int_equal(atomic_load(&nest.sum), 20 * 45);
    close_pool(&unit, nest.pool);
}

static void test_no_tasks_and_one(void **state)
{
    (void)state;
    struct unit_memory unit;
    struct pl_pool *pool = open_pool(&unit, 2);
    atomic_int sum = 7;
    run(pool, 2, 0, add_task, &sum);
    run(pool, 2, 1, add_task, &sum);
    run(pool, 0, 3, add_task, &sum);
    assert_int_equal(atomic_load(&sum), 10);
    close_pool(&unit, pool);
}

static bool round_task(void *context, int64_t task, int32_t worker)
{
    volatile float large = 16777216.0f;
    volatile float half_a_step = 1.0f; /* to nearest even it is lost, upwards it is not */
    const float sum = large + half_a_step;
    if (worker != 0 && sum != large) atomic_fetch_add((atomic_int *)context, 1);
    meet_task((atomic_int *)context + 1, task, worker);
    return true;
}

static void test_helpers_have_our_float_state(void **state)
{
    (void)state;
    struct unit_memory unit;
    fesetround(FE_UPWARD); /* threads inherit it */
    struct pl_pool *pool = open_pool(&unit, 2);
    atomic_int wrong_and_inside[2] = {0, 0};
    run(pool, 2, 2, round_task, wrong_and_inside);
    fesetround(FE_TONEAREST);
    assert_int_equal(atomic_load(&wrong_and_inside[0]), 0);
    close_pool(&unit, pool);
}

static void test_growing(void **state)
{
    (void)state;
    struct unit_memory unit;
    struct count_job job;
    unit_memory_init(&unit, 0);
    struct pl_pool *pool = pl_pool_create(&unit.memory, 3);
    assert_int_equal(pl_pool_workers(pool), 1);
    assert_int_equal(run_counting(pool, WORKERS, &job), 0);
    assert_int_equal(pl_pool_grow(pool, 2, NULL), PL_OK);
    assert_int_equal(pl_pool_workers(pool), 2);
    assert_int_equal(pl_pool_grow(pool, 1, NULL), PL_OK);
    assert_int_equal(pl_pool_workers(pool), 2);
    assert_int_equal(pl_pool_grow(pool, 100, NULL), PL_OK);
    assert_int_equal(pl_pool_workers(pool), 3);
    assert_int_equal(run_counting(pool, WORKERS, &job), 0);
    close_pool(&unit, pool);
}

static void test_failing_memory(void **state)
{
    (void)state;
    struct unit_memory unit;
    struct count_job job;
    unit_memory_init(&unit, 1);
    assert_null(pl_pool_create(&unit.memory, 4));
    for (int64_t fail_at = 2; fail_at <= 4; fail_at++) {
        unit_memory_init(&unit, fail_at);
        struct pl_error error = {0};
        struct pl_pool *pool = pl_pool_create(&unit.memory, 4);
        assert_int_equal(pl_pool_grow(pool, 4, &error), PL_OUT_OF_MEMORY);
        assert_int_equal(pl_pool_workers(pool), fail_at - 1);
        assert_int_equal(run_counting(pool, 4, &job), 0);
        assert_int_equal(pl_pool_grow(pool, 4, &error), PL_OK);
        assert_int_equal(pl_pool_workers(pool), 4);
        close_pool(&unit, pool);
    }
}

static void test_fork(void **state)
{
    (void)state;
    if (getenv("PLAIT_TEST_IN_QEMU") != NULL)
        SKIP("qemu-user dies of threads in a child of a threaded process");
    struct unit_memory unit;
    struct count_job job;
    struct pl_pool *pool = open_pool(&unit, 3);
    assert_int_equal(run_counting(pool, 3, &job), 0);
    /* A thread that is about to start holds locks of a sanitizer's allocator, which would stay locked in the child. */
    atomic_int started = 0;
    run(pool, 3, 3, meet_three_task, &started);
    assert_int_equal(atomic_load(&started), 3);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        atomic_int inside = 0;
        int wrong = run_counting(pool, 3, &job);
        run(pool, 2, 2, meet_task, &inside); /* the child has helpers again */
        wrong += atomic_load(&inside) != 2;
        wrong += pl_pool_workers(pool) != 3;
        pl_pool_destroy(pool);
        wrong += atomic_load(&unit.live) != 0;
        _exit(wrong == 0 ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(run_counting(pool, 3, &job), 0);
    close_pool(&unit, pool);
}

static void test_closing_with_helpers_asleep_or_not(void **state)
{
    (void)state;
    struct unit_memory unit;
    for (int i = 0; i < 20; i++) {
        struct pl_pool *pool = open_pool(&unit, 4);
        const struct timespec pause = {0, i % 4 * 100000};
        nanosleep(&pause, NULL);
        close_pool(&unit, pool);
    }
    pl_pool_destroy(NULL);
}

/* Helpers leave at once: the caller does all that they had not taken. */
static bool leave_task(void *context, int64_t task, int32_t worker)
{
    struct count_job *job = context;
    if (worker != 0) {
        atomic_fetch_add(&job->helped, 1);
        return false;
    }
    job->seen[task]++;
    for (int i = 0; task < 2 && i < 1000000 && atomic_load(&job->helped) == 0; i++) continue; /* for the helper to come */
    return true;
}

static void test_helpers_leave(void **state)
{
    (void)state;
    struct unit_memory unit;
    struct pl_pool *pool = open_pool(&unit, 2);
    static struct count_job job;
    int left = 0;
    for (int i = 0; i < 200; i++) {
        memset(&job, 0, sizeof job);
        run(pool, 2, TASKS, leave_task, &job);
        int seen = 0;
        for (int t = 0; t < TASKS; t++) seen += job.seen[t];
        assert_int_equal(seen + atomic_load(&job.helped), TASKS);
        assert_true(atomic_load(&job.helped) <= 1); /* as often as it is asked */
        left += atomic_load(&job.helped);
    }
    assert_true(left > 0);
    close_pool(&unit, pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_task_once),
        cmocka_unit_test(test_helpers_do_help),
        cmocka_unit_test(test_callers_sleep_for_slow_helpers),
        cmocka_unit_test(test_helpers_leave),
        cmocka_unit_test(test_many_callers_at_once),
        cmocka_unit_test(test_a_task_may_run_a_job),
        cmocka_unit_test(test_no_tasks_and_one),
        cmocka_unit_test(test_helpers_have_our_float_state),
        cmocka_unit_test(test_growing),
        cmocka_unit_test(test_failing_memory),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_closing_with_helpers_asleep_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
