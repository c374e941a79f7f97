/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* syscall() */
#include "time_slice.h"

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static const uint64_t SLICE_NANOSECONDS = 500000;
static const uint64_t RESET_ON_FORK = 1;

/* struct sched_attr of the kernel, which the C library does not have everywhere. */
struct attributes {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime; /* of usual threads: the slice */
    uint64_t deadline;
    uint64_t period;
};

void time_slice_shorten(void)
{
    static _Thread_local bool done;
    struct attributes attributes = {.size = sizeof attributes};
    if (done) return;
    done = true;
#if defined SYS_sched_getattr && defined SYS_sched_setattr
    if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0 || attributes.policy != SCHED_OTHER) return;
    attributes.flags |= RESET_ON_FORK;
    attributes.runtime = SLICE_NANOSECONDS;
    syscall(SYS_sched_setattr, 0, &attributes, 0);
#else
    (void)attributes;
    (void)SLICE_NANOSECONDS;
    (void)RESET_ON_FORK;
#endif
}
