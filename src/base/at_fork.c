/* SPDX-License-Identifier: Apache-2.0 */
#include "base/at_fork.h"

#include <pthread.h>
#include <stddef.h>

/* The process's: what pthread_atfork() calls is given nothing to know an interpreter by. */
static struct {
    pthread_mutex_t lock; /* held while the process is copied */
    bool installed;
    struct pl_at_fork *newest;
} process = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void lock(void *mutex)
{
    pthread_mutex_lock(mutex);
}

static void unlock(void *mutex)
{
    pthread_mutex_unlock(mutex);
}

const struct pl_at_fork_functions pl_at_fork_mutex = {lock, unlock, unlock};

static struct pl_at_fork *oldest(void)
{
    struct pl_at_fork *one = process.newest;
    while (one != NULL && one->older != NULL) one = one->older;
    return one;
}

static void prepare(void)
{
    pthread_mutex_lock(&process.lock);
    for (struct pl_at_fork *one = process.newest; one != NULL; one = one->older) one->functions->prepare(one->user);
}

static void in_parent(void)
{
    for (struct pl_at_fork *one = oldest(); one != NULL; one = one->newer) one->functions->parent(one->user);
    pthread_mutex_unlock(&process.lock);
}

static void in_child(void)
{
    for (struct pl_at_fork *one = oldest(); one != NULL; one = one->newer) one->functions->child(one->user);
    pthread_mutex_unlock(&process.lock);
}

bool pl_at_fork_add(struct pl_at_fork *at_fork, const struct pl_at_fork_functions *functions, void *user)
{
    pthread_mutex_lock(&process.lock);
    if (!process.installed) process.installed = pthread_atfork(prepare, in_parent, in_child) == 0;
    const bool added = process.installed;
    if (added) {
        *at_fork = (struct pl_at_fork){.functions = functions, .user = user, .older = process.newest};
        if (process.newest != NULL) process.newest->newer = at_fork;
        process.newest = at_fork;
    }
    pthread_mutex_unlock(&process.lock);
    return added;
}

void pl_at_fork_remove(struct pl_at_fork *at_fork)
{
    if (at_fork->functions == NULL) return;
    pthread_mutex_lock(&process.lock);
    if (at_fork->newer != NULL) at_fork->newer->older = at_fork->older;
    else process.newest = at_fork->older;
    if (at_fork->older != NULL) at_fork->older->newer = at_fork->newer;
    pthread_mutex_unlock(&process.lock);
    at_fork->functions = NULL;
}
