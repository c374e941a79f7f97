/* SPDX-License-Identifier: Apache-2.0 */
/* Every helper has a mailbox, one atomic word. A caller puts its job, which lies on its stack, into those of idle helpers,
 * computes itself, and in the end takes back what nobody took. So handing over and coming back cost a cache line each,
 * and semaphores are touched only by who has slept or goes to sleep.
 *
 * Every worker has a share of the tasks, neighbours, and takes from the others' only when it has done its own: what
 * it reads in one job lies in its own cache from the one before. */
#include "base/placement.h" /* first: _GNU_SOURCE */
#include "base/threads.h"

#include <assert.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/at_fork.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/float_state.h"
#include "base/own_thread.h"
#include "base/pause.h"

/* How long a helper looks out for work before it sleeps: long enough to bridge the gap between two operators, or while
 * somebody runs who will have more, a longer one; short enough not to burn a battery. */
enum { SPIN_NANOSECONDS = 50000, SPIN_WHILE_EXPECTED_NANOSECONDS = 500000, PAUSES_PER_LOOK_AT_THE_CLOCK = 32 };
/* Who comes back sooner than this will come again. */
enum { SOON_NANOSECONDS = 200000 };
enum { MAX_WORKERS = 1024, MAX_SHARES = 64, CACHE_LINE = 64 };

/* What is in a mailbox, besides the address of a job, whose low bits say more. */
enum {
    IDLE = 0,    /* the helper looks at it all the time */
    ASLEEP = 1,
    HELD = 2,    /* a caller is about to put a job there */
    TAKEN = 1,   /* of a job: the helper is in it; without: it may be taken back */
    AWAITED = 2, /* of a job that is taken: the caller sleeps */
    MARKS = 3
};

struct share {
    _Alignas(CACHE_LINE) atomic_int_fast64_t next;
    int64_t end;
};

struct job {
    pl_pool_function function;
    void *context;
    struct pl_pool *pool;
    int32_t wanted;  /* helpers */
    int32_t engaged; /* so far: the caller's alone, as are the other numbers */
    bool wake;       /* it is worth waking who is asleep */
    int32_t share_count;
    struct share shares[MAX_SHARES];
};

struct helper {
    _Alignas(CACHE_LINE) atomic_uintptr_t mail;
    atomic_int worker; /* of the job in the mailbox: its id */
    struct helper *next;
    struct pl_pool *pool;
    pthread_t thread;
    struct pl_placement placement; /* its own, but of who wakes it */
    sem_t bell; /* rung for who is asleep */
    sem_t done; /* of a job that is awaited */
};

struct pl_pool {
    struct pl_memory *memory;
    int32_t limit;
    atomic_int helper_count;
    _Atomic(struct helper *) helpers; /* only ever added to, while threads run */
    atomic_int expecting;             /* callers that will have jobs, */
    atomic_int processor;             /* and where the last of them runs */
    atomic_bool closing;
    atomic_uint_fast64_t ended; /* when the last of them was done */
    pthread_mutex_t growing;    /* held while threads are started */
    struct pl_at_fork at_fork;
    _Atomic(struct helper *) lost; /* whose threads are the parent process's: as many are to be started here */
};

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0) continue; /* a signal came */
}

/* ---- tasks ----------------------------------------------------------------------------------- */

/* Helpers that were busy with another job may be idle by now. */
static void offer(struct job *job);

/* False: the worker leaves. */
static bool run_share(struct job *job, struct share *share, int32_t worker)
{
    while (atomic_load_explicit(&share->next, memory_order_relaxed) < share->end) {
        const int64_t task = atomic_fetch_add_explicit(&share->next, 1, memory_order_relaxed);
        if (task >= share->end) return true;
        if (!job->function(job->context, task, worker) && worker != 0) return false;
        if (worker == 0 && job->engaged < job->wanted) offer(job);
    }
    return true;
}

static void run_tasks(struct job *job, int32_t worker)
{
    for (int32_t i = 0; i < job->share_count; i++)
        if (!run_share(job, &job->shares[(worker + i) % job->share_count], worker)) return;
}

static void share_out(struct job *job, int64_t task_count)
{
    const int32_t workers = job->wanted + 1;
    job->share_count = workers < MAX_SHARES ? workers : MAX_SHARES;
    int64_t first = 0;
    for (int32_t i = 0; i < job->share_count; i++) {
        atomic_init(&job->shares[i].next, first);
        first += task_count / job->share_count + (i < task_count % job->share_count);
        job->shares[i].end = first;
    }
}

/* ---- helpers --------------------------------------------------------------------------------- */

static struct job *job_of(uintptr_t mail)
{
    return (struct job *)(mail & ~(uintptr_t)MARKS);
}

static uintptr_t mail_of(const struct job *job, uintptr_t marks)
{
    return (uintptr_t)job | marks;
}

/* Where the mailbox has changed, too, what its writer did before is seen: a caller that comes too late to ask to be woken
 * goes on with the helper's results. */
static bool swap_mail(struct helper *helper, uintptr_t from, uintptr_t to)
{
    return atomic_compare_exchange_strong_explicit(&helper->mail, &from, to, memory_order_acq_rel, memory_order_acquire);
}

/* Takes the job that is in the mailbox, if one is; NULL otherwise. */
static struct job *take_job(struct helper *helper)
{
    const uintptr_t mail = atomic_load_explicit(&helper->mail, memory_order_acquire);
    if (mail == IDLE || (mail & MARKS) != 0) return NULL;
    /* All that is needed next comes from another processor: at once and not one behind the other. */
    struct job *job = job_of(mail);
    __builtin_prefetch(job, 0);
    const int worker = atomic_load_explicit(&helper->worker, memory_order_relaxed);
    __builtin_prefetch(&job->shares[worker % MAX_SHARES], 1);
    return swap_mail(helper, mail, mail | TAKEN) ? job : NULL;
}

static struct job *look_out(struct helper *helper)
{
    const struct pl_pool *pool = helper->pool;
    const uint64_t start = pl_clock_ns();
    for (;;) {
        for (int i = 0; i < PAUSES_PER_LOOK_AT_THE_CLOCK; i++) {
            struct job *job = take_job(helper);
            if (job != NULL) return job;
            pl_pause();
        }
        const bool expected = atomic_load_explicit(&pool->expecting, memory_order_relaxed) > 0;
        if (expected) pl_placement_leave(atomic_load_explicit(&pool->processor, memory_order_relaxed));
        const uint64_t most = expected ? SPIN_WHILE_EXPECTED_NANOSECONDS : SPIN_NANOSECONDS;
        if (pl_clock_ns() - start > most || atomic_load_explicit(&pool->closing, memory_order_relaxed)) return NULL;
    }
}

/* NULL when the pool closes. */
static struct job *next_job(struct helper *helper)
{
    for (;;) {
        struct job *job = look_out(helper);
        if (job != NULL) return job;
        if (atomic_load(&helper->pool->closing)) return NULL;
        pl_placement_sleep(&helper->placement);
        if (!swap_mail(helper, IDLE, ASLEEP)) continue;
        wait_for(&helper->bell);
        pl_placement_awake(&helper->placement);
    }
}

static void *help(void *argument)
{
    struct helper *helper = argument;
    for (struct job *job = NULL; (job = next_job(helper)) != NULL;) {
        (void)pl_float_state_enter();
        run_tasks(job, atomic_load_explicit(&helper->worker, memory_order_relaxed));
        /* With this the job may be gone, unless its caller sleeps: then the mailbox is the caller's. */
        if (!swap_mail(helper, mail_of(job, TAKEN), IDLE)) sem_post(&helper->done);
    }
    return NULL;
}

/* Whose mailbox said that it is asleep, and no longer does. */
static void ring(struct helper *helper)
{
    pl_placement_wake(&helper->placement, helper->thread);
    sem_post(&helper->bell);
}

/* Makes a helper that is asleep look out. */
static void wake(struct helper *helper)
{
    if (atomic_load_explicit(&helper->mail, memory_order_relaxed) != ASLEEP) return;
    if (swap_mail(helper, ASLEEP, IDLE)) ring(helper);
}

/* ---- fork ------------------------------------------------------------------------------------ */

static void lock_growing(void *user)
{
    struct pl_pool *pool = user;
    pthread_mutex_lock(&pool->growing);
}

static void unlock_growing(void *user)
{
    struct pl_pool *pool = user;
    pthread_mutex_unlock(&pool->growing);
}

static void lose_helpers(void *user)
{
    struct pl_pool *pool = user;
    struct helper *helpers = atomic_exchange(&pool->helpers, NULL);
    struct helper *last = helpers;
    while (last != NULL && last->next != NULL) last = last->next;
    if (last != NULL) {
        last->next = atomic_load(&pool->lost);
        atomic_store(&pool->lost, helpers);
    }
    atomic_store(&pool->helper_count, 0);
    atomic_store(&pool->expecting, 0);
    unlock_growing(pool);
}

static const struct pl_at_fork_functions at_fork = {lock_growing, unlock_growing, lose_helpers};

/* ---- the pool -------------------------------------------------------------------------------- */

struct pl_pool *pl_pool_create(struct pl_memory *memory, int32_t limit)
{
    struct pl_pool *pool = pl_allocate_zero(memory, sizeof *pool);
    if (pool == NULL) return NULL;
    pool->memory = memory;
    pool->limit = limit > 0 ? limit : pl_cpu_count();
    if (pool->limit > MAX_WORKERS) pool->limit = MAX_WORKERS;
    pthread_mutex_init(&pool->growing, NULL);
    if (pl_at_fork_add(&pool->at_fork, &at_fork, pool)) return pool;
    pthread_mutex_destroy(&pool->growing);
    pl_free(memory, pool, sizeof *pool);
    return NULL;
}

static bool start_helper(struct pl_pool *pool)
{
    struct helper *helper = pl_allocate_zero(pool->memory, sizeof *helper);
    if (helper == NULL) return false;
    helper->pool = pool;
    helper->next = atomic_load(&pool->helpers);
    sem_init(&helper->bell, 0, 0);
    sem_init(&helper->done, 0, 0);
    const bool started = pl_own_thread_start(&helper->thread, help, helper) == 0;
    if (started) {
        atomic_store(&pool->helpers, helper);
        atomic_fetch_add(&pool->helper_count, 1);
    } else {
        pl_free(pool->memory, helper, sizeof *helper);
    }
    return started;
}

/* Whose threads have ended, or are another process's. Returns how many they were. */
static int32_t free_helpers(struct pl_pool *pool, struct helper *helper)
{
    int32_t count = 0;
    for (struct helper *next = NULL; helper != NULL; helper = next, count++) {
        next = helper->next;
        pl_free(pool->memory, helper, sizeof *helper);
    }
    return count;
}

/* Not while the process is copied, since most children of fork() go on as another program. */
static void start_lost_again(struct pl_pool *pool)
{
    pthread_mutex_lock(&pool->growing);
    int32_t wanted = free_helpers(pool, atomic_exchange(&pool->lost, NULL));
    while (wanted-- > 0 && start_helper(pool)) continue;
    pthread_mutex_unlock(&pool->growing);
}

pl_status pl_pool_grow(struct pl_pool *pool, int32_t workers, struct pl_error *error)
{
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
    pl_at_fork_remove(&pool->at_fork);
    atomic_store(&pool->closing, true);
    for (struct helper *helper = atomic_load(&pool->helpers); helper != NULL; helper = helper->next) {
        sem_post(&helper->bell); /* whether it sleeps now or is about to */
        pthread_join(helper->thread, NULL);
        sem_destroy(&helper->bell);
        sem_destroy(&helper->done);
    }
    (void)free_helpers(pool, atomic_load(&pool->helpers));
    (void)free_helpers(pool, atomic_load(&pool->lost));
    pthread_mutex_destroy(&pool->growing);
    pl_free(pool->memory, pool, sizeof *pool);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static void offer(struct job *job)
{
    struct helper *helper = atomic_load_explicit(&job->pool->helpers, memory_order_acquire);
    for (; helper != NULL && job->engaged < job->wanted; helper = helper->next) {
        const uintptr_t mail = atomic_load_explicit(&helper->mail, memory_order_relaxed);
        if (mail != IDLE && (mail != ASLEEP || !job->wake)) continue;
        if (!swap_mail(helper, mail, HELD)) continue;
        atomic_store_explicit(&helper->worker, ++job->engaged, memory_order_relaxed);
        atomic_store_explicit(&helper->mail, mail_of(job, 0), memory_order_release);
        if (mail == ASLEEP) ring(helper);
    }
}

/* Returns when this helper is out of the job. */
static void await(struct helper *helper, const struct job *job)
{
    const uint64_t start = pl_clock_ns();
    do {
        for (int i = 0; i < PAUSES_PER_LOOK_AT_THE_CLOCK; i++) {
            const uintptr_t mail = atomic_load_explicit(&helper->mail, memory_order_acquire);
            if (mail != mail_of(job, TAKEN)) return;
            pl_pause();
        }
    } while (pl_clock_ns() - start < SPIN_NANOSECONDS);
    if (!swap_mail(helper, mail_of(job, TAKEN), mail_of(job, TAKEN | AWAITED))) return;
    wait_for(&helper->done);
    atomic_store_explicit(&helper->mail, IDLE, memory_order_release);
}

static void finish(const struct job *job)
{
    struct helper *helper = atomic_load_explicit(&job->pool->helpers, memory_order_acquire);
    for (; helper != NULL; helper = helper->next) {
        const uintptr_t mail = atomic_load_explicit(&helper->mail, memory_order_acquire);
        if (job_of(mail) != job) continue;
        if (mail == mail_of(job, 0) && swap_mail(helper, mail, IDLE)) continue; /* nobody took it */
        await(helper, job);
    }
}

void pl_pool_run(struct pl_pool *pool, int32_t max_workers, bool wake_sleepers, int64_t task_count,
                 pl_pool_function function, void *context)
{
    if (max_workers <= 1 || task_count <= 1) {
        for (int64_t task = 0; task < task_count; task++) (void)function(context, task, 0);
        return;
    }
    __builtin_prefetch(atomic_load_explicit(&pool->helpers, memory_order_acquire), 1); /* its mailbox */
    struct job job;
    static_assert(_Alignof(struct job) > MARKS, "the low bits of a job's address are free");
    job.function = function;
    job.context = context;
    job.pool = pool;
    job.wanted = (int32_t)(task_count < max_workers ? task_count : max_workers) - 1;
    job.engaged = 0;
    job.wake = wake_sleepers;
    share_out(&job, task_count);
    offer(&job);
    run_tasks(&job, 0);
    finish(&job);
}

/* ---- what is to come ------------------------------------------------------------------------- */

bool pl_pool_expect(struct pl_pool *pool, int32_t max_workers, bool much)
{
    if (atomic_load_explicit(&pool->lost, memory_order_relaxed) != NULL) start_lost_again(pool);
    if (atomic_load(&pool->helper_count) == 0) return false;
    atomic_store_explicit(&pool->processor, pl_placement_here(), memory_order_relaxed);
    atomic_fetch_add(&pool->expecting, 1);
    const uint64_t ended = atomic_load_explicit(&pool->ended, memory_order_relaxed);
    if (!much && pl_clock_ns() - ended > SOON_NANOSECONDS) return true;
    struct helper *helper = atomic_load_explicit(&pool->helpers, memory_order_acquire);
    for (int32_t i = 1; helper != NULL && i < max_workers; i++, helper = helper->next) wake(helper);
    return true;
}

void pl_pool_expect_no_more(struct pl_pool *pool)
{
    atomic_store_explicit(&pool->ended, pl_clock_ns(), memory_order_relaxed);
    atomic_fetch_sub(&pool->expecting, 1);
}
