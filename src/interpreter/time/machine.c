/* SPDX-License-Identifier: Apache-2.0 */
/* What the system takes from threads that run: they look at the clock all the time, and where it jumps they did not run. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/own_thread.h"
#include "interpreter/interpreter_internal.h"

enum { MILLISECOND = 1000000, MOST_THREADS = 64 };
/* Longer between two looks at the clock is not this thread's own doing. */
enum { JUMP_NANOSECONDS = 1000 };
/* After each millisecond one of rest, since who never rests is treated as one that can wait. */
enum { ROUND_NANOSECONDS = 2 * MILLISECOND };
static const uint64_t most_nanoseconds = UINT64_C(60) * 1000000000;

struct watcher {
    pthread_t thread;
    uint64_t end;
    uint64_t *taken; /* of each millisecond, */
    size_t count;    /* so many, */
    size_t most;     /* and no more */
};

static uint64_t taken_of_a_millisecond(void)
{
    const uint64_t begin = pl_clock_ns();
    uint64_t taken = 0;
    for (uint64_t last = begin, now; last - begin < MILLISECOND + taken; last = now) {
        now = pl_clock_ns();
        if (now - last > JUMP_NANOSECONDS) taken += now - last;
    }
    return taken;
}

static void *watch(void *argument)
{
    struct watcher *watcher = argument;
    const struct timespec rest = {.tv_nsec = ROUND_NANOSECONDS - MILLISECOND};
    while (watcher->count < watcher->most && (watcher->count == 0 || pl_clock_ns() < watcher->end)) {
        watcher->taken[watcher->count++] = taken_of_a_millisecond();
        (void)nanosleep(&rest, NULL);
    }
    return NULL;
}

/* On all processors at once, the caller's included; as many as there are threads for. */
static int32_t watch_all(struct watcher *watchers, int32_t count)
{
    int32_t started = 1;
    while (started < count && pl_own_thread_start(&watchers[started].thread, watch, &watchers[started]) == 0) started++;
    (void)watch(&watchers[0]);
    for (int32_t i = 1; i < started; i++) pthread_join(watchers[i].thread, NULL);
    return started;
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static struct pl_machine summarize(uint64_t *taken, size_t count)
{
    qsort(taken, count, sizeof taken[0], compare);
    return (struct pl_machine){taken[count - 1 - count / 100], taken[count - 1], count};
}

static struct pl_machine measure(uint64_t *taken, size_t each, int32_t threads, uint64_t nanoseconds)
{
    struct watcher watchers[MOST_THREADS];
    for (int32_t i = 0; i < threads; i++)
        watchers[i] = (struct watcher){.end = pl_clock_ns() + nanoseconds, .taken = taken + (size_t)i * each, .most = each};
    const int32_t started = watch_all(watchers, threads);
    size_t count = watchers[0].count;
    for (int32_t i = 1; i < started; i++)
        for (size_t k = 0; k < watchers[i].count; k++) taken[count++] = watchers[i].taken[k];
    return summarize(taken, count);
}

pl_status pl_interpreter_measure_machine(struct pl_interpreter *interpreter, uint64_t nanoseconds, struct pl_machine *found,
                                         struct pl_error *error)
{
    if (nanoseconds == 0 || nanoseconds > most_nanoseconds)
        return pl_fail(error, PL_INVALID_ARGUMENT, "the machine is to be measured for %llu ns, expected up to 60 seconds",
                       (unsigned long long)nanoseconds);
    const int32_t processors = interpreter->turns.processors, threads = processors < MOST_THREADS ? processors : MOST_THREADS;
    const size_t each = (size_t)(nanoseconds / ROUND_NANOSECONDS) + 1, bytes = (size_t)threads * each * sizeof(uint64_t);
    uint64_t *taken = pl_allocate(interpreter->memory, bytes);
    if (taken == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory for %zu times of the machine", (size_t)threads * each);
    *found = measure(taken, each, threads, nanoseconds);
    pl_free(interpreter->memory, taken, bytes);
    pl_lock(interpreter);
    interpreter->machine = found->usual;
    pthread_mutex_unlock(&interpreter->lock);
    return PL_OK;
}
