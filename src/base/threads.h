/* SPDX-License-Identifier: Apache-2.0 */
/* One pool of helper threads for a whole interpreter. Whoever has work publishes it and computes
 * itself; helpers that are idle join. So work never waits for a helper, and with none free it runs
 * on the caller alone.
 *
 * Any number of threads may run jobs at once, a task may run a job of its own, and a job allocates
 * nothing. */
#ifndef PL_BASE_THREADS_H
#define PL_BASE_THREADS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"
#include "base/status.h"

struct pl_pool;

/* One of the tasks of a job. `worker` is 0 for the caller; no two threads have the same one within
 * a job at a time. A helper that returns false leaves the job. */
typedef bool (*pl_pool_function)(void *context, int64_t task, int32_t worker);

/* A pool without helpers. It never uses more than `limit` threads, callers included; 0 means the
 * processors this process may run on. NULL if there is no memory. */
struct pl_pool *pl_pool_create(struct pl_memory *memory, int32_t limit);

/* No job may be running. NULL is allowed. */
void pl_pool_destroy(struct pl_pool *pool);

/* Starts helpers until a job can have `workers` workers, or the limit is reached. PL_OUT_OF_MEMORY
 * if the system gives no more threads; those that were started stay and are used. */
pl_status pl_pool_grow(struct pl_pool *pool, int32_t workers, struct pl_error *error);

/* The most workers a job can have, at least 1. */
int32_t pl_pool_workers(const struct pl_pool *pool);

/* Says that the calling thread is about to run jobs, which is the only time it may: helpers then stay awake between them,
 * and those that sleep are woken if it will be much, or if such times follow each other closely. False if there are no
 * helpers: then pl_pool_run() and pl_pool_expect_no_more() are not to be called. */
bool pl_pool_expect(struct pl_pool *pool, int32_t max_workers, bool much);
void pl_pool_expect_no_more(struct pl_pool *pool);

/* Runs tasks [0, task_count), each once, on at most max_workers threads, and returns when all are
 * done. What the caller wrote before is seen by the tasks, what the tasks wrote is seen after. Helpers that sleep are
 * woken only where the job is long enough for that. */
void pl_pool_run(struct pl_pool *pool, int32_t max_workers, bool wake_sleepers, int64_t task_count,
                 pl_pool_function function, void *context);

#endif
