/* SPDX-License-Identifier: Apache-2.0 */
#include "base/at_fork.h"

#include <pthread.h>
#include <stddef.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all below; held while the process is copied */
static bool installed;
static struct pl_at_fork *newest;

static struct pl_at_fork *oldest(void)
{
    struct pl_at_fork *one = newest;
    while (one != NULL && one->older != NULL) one = one->older;
    return one;
}

static void prepare(void)
{
    pthread_mutex_lock(&lock);
    for (struct pl_at_fork *one = newest; one != NULL; one = one->older) one->functions->prepare(one->user);
}

static void in_parent(void)
{
    for (struct pl_at_fork *one = oldest(); one != NULL; one = one->newer) one->functions->parent(one->user);
    pthread_mutex_unlock(&lock);
}

static void in_child(void)
{
    for (struct pl_at_fork *one = oldest(); one != NULL; one = one->newer) one->functions->child(one->user);
    pthread_mutex_unlock(&lock);
}

bool pl_at_fork_add(struct pl_at_fork *at_fork, const struct pl_at_fork_functions *functions, void *user)
{
    pthread_mutex_lock(&lock);
    if (!installed) installed = pthread_atfork(prepare, in_parent, in_child) == 0;
    const bool added = installed;
    if (added) {
        *at_fork = (struct pl_at_fork){.functions = functions, .user = user, .older = newest};
        if (newest != NULL) newest->newer = at_fork;
        newest = at_fork;
    }
    pthread_mutex_unlock(&lock);
    return added;
}

void pl_at_fork_remove(struct pl_at_fork *at_fork)
{
    if (at_fork->functions == NULL) return;
    pthread_mutex_lock(&lock);
    if (at_fork->newer != NULL) at_fork->newer->older = at_fork->older;
    else newest = at_fork->older;
    if (at_fork->older != NULL) at_fork->older->newer = at_fork->newer;
    pthread_mutex_unlock(&lock);
    at_fork->functions = NULL;
}
