/* SPDX-License-Identifier: Apache-2.0 */
/* See placement.h. */
#include "base/placement.h"

void pl_placement_sleep(struct pl_placement *placement)
{
    placement->processor = sched_getcpu();
}

/* Where a thread may run is kept in `allowed`. False: it stays as it is, since there is no other processor for it, or more than
 * the set holds. */
static bool move_from(pthread_t thread, int processor, cpu_set_t *allowed)
{
    if (pthread_getaffinity_np(thread, sizeof *allowed, allowed) != 0) return false;
    cpu_set_t others = *allowed;
    CPU_CLR((size_t)processor, &others);
    return CPU_COUNT(&others) > 0 && pthread_setaffinity_np(thread, sizeof others, &others) == 0;
}

void pl_placement_wake(struct pl_placement *placement, pthread_t thread)
{
    const int here = sched_getcpu();
    if (here < 0 || here != placement->processor) return;
    placement->moved = move_from(thread, here, &placement->allowed);
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
    if (move_from(pthread_self(), processor, &allowed)) (void)sched_setaffinity(0, sizeof allowed, &allowed);
}
