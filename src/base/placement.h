/* SPDX-License-Identifier: Apache-2.0 */
/* Where threads wake up. Linux wakes a thread on the processor that it fell asleep on, and often looks at no other one. If
 * whoever wakes it runs there and goes on computing, it waits for milliseconds while other processors are idle. */
#ifndef PL_BASE_PLACEMENT_H
#define PL_BASE_PLACEMENT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* cpu_set_t */
#endif
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

/* Of one thread. Handed from the thread to who wakes it and back together with its sleep. */
struct pl_placement {
    int processor;     /* where it fell asleep */
    bool moved;        /* it may not run where its waker does, */
    cpu_set_t allowed; /* which is among these, where it may run again */
};

/* The thread, before it falls asleep. */
void pl_placement_sleep(struct pl_placement *placement);
/* Who wakes it, before. */
void pl_placement_wake(struct pl_placement *placement, pthread_t thread);
/* The thread, awake. */
void pl_placement_awake(struct pl_placement *placement);

/* The processor that the calling thread runs on; -1 if the system does not tell. */
int pl_placement_here(void);
/* The thread that calls it leaves this processor, on which another one computes, if it runs there and may run elsewhere: the
 * system moves one of two by and by. It may come back later. */
void pl_placement_leave(int processor);

#endif
