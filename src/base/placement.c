/* SPDX-License-Identifier: Apache-2.0 */
/* See placement.h. */
#include "base/placement.h"

void pl_placement_sleep(struct pl_placement *placement)
{
    placement->processor = sched_getcpu();
}

void pl_placement_wake(struct pl_placement *placement, pthread_t thread)
{
    const int here = sched_getcpu();
    if (here < 0 || here != placement->processor) return;
    /* Fails where there are more processors than the set holds: then it stays as it is. */
    if (pthread_getaffinity_np(thread, sizeof placement->allowed, &placement->allowed) != 0) return;
    cpu_set_t others = placement->allowed;
    CPU_CLR((size_t)here, &others);
    if (CPU_COUNT(&others) == 0) return;
    placement->moved = pthread_setaffinity_np(thread, sizeof others, &others) == 0;
}

void pl_placement_awake(struct pl_placement *placement)
{
    if (!placement->moved) return;
    placement->moved = false;
    (void)sched_setaffinity(0, sizeof placement->allowed, &placement->allowed);
}

int pl_placement_here(void)
{
    return sched_getcpu();
}

void pl_placement_leave(int processor)
{
    if (processor < 0 || sched_getcpu() != processor) return;
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    cpu_set_t others = allowed;
    CPU_CLR((size_t)processor, &others);
    if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof others, &others) != 0) return;
    (void)sched_setaffinity(0, sizeof allowed, &allowed);
}
