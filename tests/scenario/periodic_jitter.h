/* SPDX-License-Identifier: Apache-2.0 */
/* How long the machine holds things up: on every processor a thread that goes first looks whether it is woken up in time. */
#ifndef TESTS_SCENARIO_PERIODIC_JITTER_H
#define TESTS_SCENARIO_PERIODIC_JITTER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { MOST_PROCESSORS = 64 };

struct span {
    uint64_t begin;
    uint64_t end;
};

/* Times in which a processor did not run who should have run there. */
struct jitter {
    pthread_t thread;
    int processor;
    atomic_bool *ending;
    struct span *stops;
    int stop_count;
    uint64_t usual;   /* the most that its timer was late otherwise */
    uint64_t longest; /* the most at all */
};

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t jitter_now(void);
void jitter_sleep_until(uint64_t then);

/* Begins on every processor, and returns how many there are. */
int jitter_start(struct jitter *jitters, atomic_bool *ending);
void jitter_end(struct jitter *jitters, int count);
/* How long any processor stood still within this time, and how late its timer is anyhow. */
uint64_t jitter_within(const struct jitter *jitters, int count, const struct span *span);
void jitter_free(struct jitter *jitters, int count);

#endif
