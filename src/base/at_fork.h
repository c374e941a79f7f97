/* SPDX-License-Identifier: Apache-2.0 */
/* fork(): the child has this process's memory, but of its threads only the one that called. What threads of the library's
 * own, or others, were about to change there would stay half changed, and what they locked stay locked. So whoever has such
 * memory lets nobody in while the process is copied, and has the child forget the threads it does not have. */
#ifndef PL_BASE_AT_FORK_H
#define PL_BASE_AT_FORK_H

#include <stdbool.h>

/* All three are called by the thread that calls fork(), which must not have one of the locks. They allocate nothing. */
struct pl_at_fork_functions {
    void (*prepare)(void *user); /* takes the locks, of which nobody waits for another thread with one held */
    void (*parent)(void *user);  /* gives them up */
    void (*child)(void *user);   /* the same in the child, where nobody else runs yet */
};

/* Of one lock and nothing else: user is its pthread_mutex_t. */
extern const struct pl_at_fork_functions pl_at_fork_mutex;

struct pl_at_fork {
    const struct pl_at_fork_functions *functions;
    void *user;
    struct pl_at_fork *older;
    struct pl_at_fork *newer;
};

/* What was added later is prepared first: its locks are taken around those of what it uses. False: there is no memory. Any
 * thread, without a lock that prepare() takes. */
bool pl_at_fork_add(struct pl_at_fork *at_fork, const struct pl_at_fork_functions *functions, void *user);
/* Also of one that was never added, which is zero. */
void pl_at_fork_remove(struct pl_at_fork *at_fork);

#endif
