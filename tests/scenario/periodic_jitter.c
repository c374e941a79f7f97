/* SPDX-License-Identifier: Apache-2.0 */
/* See periodic_jitter.h. */
#include "periodic_jitter.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "scenario.h"

enum { MOST_STOPS = 100000 };
static const uint64_t second = 1000000000, sleep_ns = 250000, stop_ns = 50000;

uint64_t jitter_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * second + (uint64_t)time.tv_nsec;
}

void jitter_sleep_until(uint64_t then)
{
    const struct timespec time = {(time_t)(then / second), (long)(then % second)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) != 0) {}
}

static void *measure_jitter(void *user)
{
    struct jitter *jitter = user;
    const struct sched_param first = {.sched_priority = 50};
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)jitter->processor, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    pthread_setschedparam(pthread_self(), SCHED_FIFO, &first); /* where it is allowed: then only the machine is in its way */
    while (!atomic_load(jitter->ending)) {
        const uint64_t awake = jitter_now();
        jitter_sleep_until(awake + sleep_ns);
        const uint64_t again = jitter_now();
        const uint64_t late = again - (awake + sleep_ns);
        if (late > jitter->longest) jitter->longest = late;
        if (late < stop_ns) jitter->usual = late > jitter->usual ? late : jitter->usual;
        else if (jitter->stop_count < MOST_STOPS) /* it began somewhere in between */
            jitter->stops[jitter->stop_count++] = (struct span){awake, again};
    }
    return NULL;
}

int jitter_start(struct jitter *jitters, atomic_bool *ending)
{
    cpu_set_t set;
    int count = 0;
    sched_getaffinity(0, sizeof set, &set);
    for (int processor = 0; processor < CPU_SETSIZE && count < MOST_PROCESSORS; processor++) {
        if (!CPU_ISSET((size_t)processor, &set)) continue;
        jitters[count] = (struct jitter){.processor = processor, .ending = ending,
                                         .stops = malloc(MOST_STOPS * sizeof(struct span))};
        CHECK(jitters[count].stops != NULL, "no memory");
        CHECK(pthread_create(&jitters[count].thread, NULL, measure_jitter, &jitters[count]) == 0, "no thread");
        count++;
    }
    return count;
}

void jitter_end(struct jitter *jitters, int count)
{
    for (int i = 0; i < count; i++) atomic_store(jitters[i].ending, true);
    for (int i = 0; i < count; i++) pthread_join(jitters[i].thread, NULL);
}

uint64_t jitter_within(const struct jitter *jitters, int count, const struct span *span)
{
    uint64_t sum = 0, usual = 0;
    for (int i = 0; i < count; i++) {
        if (jitters[i].usual > usual) usual = jitters[i].usual;
        for (int k = 0; k < jitters[i].stop_count; k++) {
            const struct span *stop = &jitters[i].stops[k];
            const uint64_t begin = stop->begin > span->begin ? stop->begin : span->begin;
            const uint64_t end = stop->end < span->end ? stop->end : span->end;
            if (end > begin) sum += end - begin;
        }
    }
    return sum + usual;
}

void jitter_free(struct jitter *jitters, int count)
{
    for (int i = 0; i < count; i++) free(jitters[i].stops);
}
