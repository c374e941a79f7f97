/* SPDX-License-Identifier: Apache-2.0 */
/* What bench/dispatch.py measures below Python: the time of an invocation, fastest of many short turns.
 *
 * Built into a shared object beside libplait.so, whose functions it is handed: so that one program measures any of its
 * two interfaces. */
#define _GNU_SOURCE
#include <stdint.h>
#include <time.h>

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Nanoseconds of one call of invoke(handle), which returns 0: the fastest turn of `calls` calls within `seconds`. Negative
 * if a call fails. */
double fastest_call(int (*invoke)(void *), void *handle, int calls, double seconds);

double fastest_call(int (*invoke)(void *), void *handle, int calls, double seconds)
{
    double best = 1e9;
    for (const double end = seconds_now() + seconds; seconds_now() < end;) {
        const double start = seconds_now();
        for (int i = 0; i < calls; i++)
            if (invoke(handle) != 0) return -1;
        const double each = (seconds_now() - start) / calls;
        if (each < best) best = each;
    }
    return best * 1e9;
}
