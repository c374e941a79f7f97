/* SPDX-License-Identifier: Apache-2.0 */
/* A job lies on its caller's stack and is in the pool's list while helpers may join it. Joining,
 * leaving and sleeping happen under one mutex; tasks are taken from an atomic counter alone. */
#include "base/threads.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/float_state.h"

/* Long enough to bridge the gap between two operators, short enough not to burn a battery. */
enum { SPIN_NANOSECONDS = 40000, PAUSES_PER_LOOK_AT_THE_CLOCK = 32, MAX_WORKERS = 1024 };

struct job {
    struct job *next;
    pl_pool_function function;
    void *context;
    int64_t task_count;
    int32_t max_workers;
    int32_t workers; /* that ever joined, the caller included; the next one's id */
    bool caller_sleeps;
    atomic_int helpers;        /* that are in it now */
    atomic_int_fast64_t taken; /* tasks */
};

struct helper {
    struct helper *next;
    struct pl_pool *pool;
    pthread_t thread;
};

struct pl_pool {
    struct pl_memory *memory;
    int32_t limit;
    atomic_int process; /* whose threads these are; 0 while a child process mends the pool */
    atomic_int helper_count;
    atomic_uint published; /* jobs so far: what an idle helper watches */

    pthread_mutex_t growing; /* held while threads are started */
    struct helper *helpers;

    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t work;
    pthread_cond_t done;
    struct job *jobs;
    int32_t sleepers;
    bool closing;
};

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || (defined(__arm__) && __ARM_ARCH >= 7)
    __asm__ volatile("yield");
#endif
}

/* One step of waiting without sleeping; false when it has been long enough. */
static bool spin(uint64_t end)
{
    for (int i = 0; i < PAUSES_PER_LOOK_AT_THE_CLOCK; i++) pause_briefly();
    return pl_clock_ns() < end;
}

static void run_tasks(struct job *job, int32_t worker)
{
    for (;;) {
        const int64_t task = atomic_fetch_add_explicit(&job->taken, 1, memory_order_relaxed);
        if (task >= job->task_count) return;
        job->function(job->context, task, worker);
    }
}

/* ---- helpers --------------------------------------------------------------------------------- */

/* The next job that has room and work, joined; NULL if there is none. The mutex is held. */
static struct job *join_job(struct pl_pool *pool, int32_t *worker)
{
    for (struct job *job = pool->jobs; job != NULL; job = job->next) {
        if (job->workers >= job->max_workers) continue;
        if (atomic_load_explicit(&job->taken, memory_order_relaxed) >= job->task_count) continue;
        *worker = job->workers++;
        atomic_fetch_add_explicit(&job->helpers, 1, memory_order_relaxed);
        return job;
    }
    return NULL;
}

/* The mutex is held. With the last decrement the job may be gone: nothing of it is touched
 * after. */
static void leave_job(struct pl_pool *pool, struct job *job)
{
    const bool caller_sleeps = job->caller_sleeps;
    const bool last = atomic_fetch_sub_explicit(&job->helpers, 1, memory_order_release) == 1;
    if (last && caller_sleeps) pthread_cond_broadcast(&pool->done);
}

/* Returns when something was published after `seen`, or when the pool closes; the mutex is held
 * before and after. */
static void wait_for_work(struct pl_pool *pool, unsigned seen)
{
    pthread_mutex_unlock(&pool->mutex);
    const uint64_t end = pl_clock_ns() + SPIN_NANOSECONDS;
    while (atomic_load_explicit(&pool->published, memory_order_relaxed) == seen && spin(end))
        continue;
    pthread_mutex_lock(&pool->mutex);
    while (!pool->closing && atomic_load_explicit(&pool->published, memory_order_relaxed) == seen) {
        pool->sleepers++;
        pthread_cond_wait(&pool->work, &pool->mutex);
        pool->sleepers--;
    }
}

static void *help(void *argument)
{
    struct pl_pool *pool = ((struct helper *)argument)->pool;
    pthread_mutex_lock(&pool->mutex);
    while (!pool->closing) {
        const unsigned seen = atomic_load_explicit(&pool->published, memory_order_relaxed);
        int32_t worker = 0;
        struct job *job = join_job(pool, &worker);
        if (job == NULL) {
            wait_for_work(pool, seen);
            continue;
        }
        pthread_mutex_unlock(&pool->mutex);
        (void)pl_float_state_enter();
        run_tasks(job, worker);
        pthread_mutex_lock(&pool->mutex);
        leave_job(pool, job);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* ---- the pool -------------------------------------------------------------------------------- */

static void init_shared(struct pl_pool *pool)
{
    pthread_mutex_init(&pool->growing, NULL);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->jobs = NULL;
    pool->sleepers = 0;
}

struct pl_pool *pl_pool_create(struct pl_memory *memory, int32_t limit)
{
    struct pl_pool *pool = pl_allocate_zero(memory, sizeof *pool);
    if (pool == NULL) return NULL;
    pool->memory = memory;
    pool->limit = limit > 0 ? limit : pl_cpu_count();
    if (pool->limit > MAX_WORKERS) pool->limit = MAX_WORKERS;
    atomic_init(&pool->process, (int)getpid());
    atomic_init(&pool->helper_count, 0);
    atomic_init(&pool->published, 0);
    init_shared(pool);
    return pool;
}

/* Takes a helper that has ended, or never began, out of memory. */
static void free_first_helper(struct pl_pool *pool)
{
    struct helper *helper = pool->helpers;
    pool->helpers = helper->next;
    pl_free(pool->memory, helper, sizeof *helper);
}

static bool start_helper(struct pl_pool *pool)
{
    struct helper *helper = pl_allocate(pool->memory, sizeof *helper);
    if (helper == NULL) return false;
    helper->pool = pool;
    helper->next = pool->helpers;
    pool->helpers = helper;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the application's threads */
    const bool started = pthread_create(&helper->thread, NULL, help, helper) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started) atomic_fetch_add(&pool->helper_count, 1);
    else free_first_helper(pool);
    return started;
}

/* After fork() the child has the pool's memory but not its threads, and a mutex may be in the state
 * that some other thread left it in. The first caller in the child starts anew; others meanwhile
 * find no helpers. */
static void mend_after_fork(struct pl_pool *pool)
{
    const int process = (int)getpid();
    int owner = atomic_load(&pool->process);
    if (owner == process || owner == 0) return;
    if (!atomic_compare_exchange_strong(&pool->process, &owner, 0)) return;
    const int32_t wanted = atomic_exchange(&pool->helper_count, 0);
    init_shared(pool);
    while (pool->helpers != NULL) free_first_helper(pool);
    for (int32_t i = 0; i < wanted && start_helper(pool); i++) continue;
    atomic_store(&pool->process, process);
}

pl_status pl_pool_grow(struct pl_pool *pool, int32_t workers, struct pl_error *error)
{
    mend_after_fork(pool);
    const int32_t wanted = (workers < pool->limit ? workers : pool->limit) - 1;
    bool started = true;
    pthread_mutex_lock(&pool->growing);
    while (started && atomic_load(&pool->helper_count) < wanted) started = start_helper(pool);
    pthread_mutex_unlock(&pool->growing);
    return started ? PL_OK
                   : pl_fail(error, PL_OUT_OF_MEMORY,
                             "cannot start thread %d of %d: the system gives no more",
                             (int)atomic_load(&pool->helper_count) + 2, (int)wanted + 1);
}

int32_t pl_pool_workers(const struct pl_pool *pool)
{
    return atomic_load(&pool->helper_count) + 1;
}

void pl_pool_destroy(struct pl_pool *pool)
{
    if (pool == NULL) return;
    mend_after_fork(pool);
    pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    atomic_fetch_add(&pool->published, 1); /* helpers that spin look up at once */
    while (pool->helpers != NULL) {
        pthread_join(pool->helpers->thread, NULL);
        free_first_helper(pool);
    }
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->mutex);
    pthread_mutex_destroy(&pool->growing);
    pl_free(pool->memory, pool, sizeof *pool);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static void publish(struct pl_pool *pool, struct job *job)
{
    const int64_t useful = job->task_count < job->max_workers ? job->task_count : job->max_workers;
    pthread_mutex_lock(&pool->mutex);
    job->next = pool->jobs;
    pool->jobs = job;
    atomic_fetch_add_explicit(&pool->published, 1, memory_order_relaxed);
    const int64_t wake = useful - 1 < pool->sleepers ? useful - 1 : pool->sleepers;
    pthread_mutex_unlock(&pool->mutex);
    for (int64_t i = 0; i < wake; i++) pthread_cond_signal(&pool->work);
}

/* No helper can join after. */
static void withdraw(struct pl_pool *pool, const struct job *job)
{
    struct job **link = &pool->jobs;
    while (*link != job) link = &(*link)->next;
    *link = job->next;
}

static void finish(struct pl_pool *pool, struct job *job)
{
    pthread_mutex_lock(&pool->mutex);
    withdraw(pool, job);
    pthread_mutex_unlock(&pool->mutex);
    const uint64_t end = pl_clock_ns() + SPIN_NANOSECONDS;
    while (atomic_load_explicit(&job->helpers, memory_order_acquire) > 0 && spin(end)) continue;
    if (atomic_load_explicit(&job->helpers, memory_order_acquire) == 0) return;
    pthread_mutex_lock(&pool->mutex);
    job->caller_sleeps = true;
    while (atomic_load_explicit(&job->helpers, memory_order_acquire) > 0)
        pthread_cond_wait(&pool->done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

void pl_pool_run(struct pl_pool *pool, int32_t max_workers, int64_t task_count,
                 pl_pool_function function, void *context)
{
    bool alone = max_workers <= 1 || task_count <= 1 ||
                 atomic_load_explicit(&pool->helper_count, memory_order_relaxed) == 0;
    if (!alone) {
        mend_after_fork(pool);
        alone = atomic_load(&pool->process) == 0;
    }
    if (alone) {
        for (int64_t task = 0; task < task_count; task++) function(context, task, 0);
        return;
    }
    struct job job = {
        .function = function,
        .context = context,
        .task_count = task_count,
        .max_workers = max_workers,
        .workers = 1,
    };
    publish(pool, &job);
    run_tasks(&job, 0);
    finish(pool, &job);
}
