/* SPDX-License-Identifier: Apache-2.0 */
/* What became of the requests of one model: counts and times, as the protocol and Prometheus ask for them. */
#ifndef SERVER_STATISTICS_H
#define SERVER_STATISTICS_H

#include <jansson.h>
#include <pthread.h>
#include <stdint.h>

#include "batches.h"
#include "bytes.h"

enum { HISTOGRAM_BUCKETS = 16 };
extern const double histogram_bounds[HISTOGRAM_BUCKETS]; /* in seconds */

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS]; /* not cumulative; what is longer is in `count` alone */
    uint64_t count;
    uint64_t nanoseconds;
};

/* One request, in nanoseconds. */
struct times {
    uint64_t queue;
    uint64_t input;
    uint64_t infer;
    uint64_t output;
    uint64_t whole;
};

/* Runs of one size. */
struct runs {
    uint64_t count;
    struct times times; /* of all together */
};

/* Why requests fail, as metrics name it. */
enum failure { FAILED_INVALID, FAILED_BUSY, FAILED_LATE, FAILED_GONE, FAILED_RUN, FAILED_MEMORY, FAILURE_COUNT };
extern const char *const failure_names[FAILURE_COUNT];

struct statistics {
    pthread_mutex_t lock;
    struct histogram whole;
    struct histogram queue;
    struct histogram infer;
    struct runs runs[BATCH_SIZES]; /* of 1 << index rows from several requests; [0]: of one request */
    uint64_t input_nanoseconds;
    uint64_t output_nanoseconds;
    uint64_t failures[FAILURE_COUNT];
    uint64_t failed_nanoseconds;
    uint64_t last_milliseconds; /* since 1970, of the last request */
};

void statistics_begin(struct statistics *statistics);
void statistics_end(struct statistics *statistics);
void statistics_success(struct statistics *statistics, const struct times *times);
/* A run for requests that together had so many rows; 1: for one request, whatever it had. */
void statistics_run(struct statistics *statistics, unsigned rows, const struct times *times);
void statistics_failure(struct statistics *statistics, enum failure failure, uint64_t nanoseconds);
/* A copy that belongs together. */
void statistics_copy(struct statistics *statistics, struct statistics *copy);
/* All runs. */
uint64_t statistics_runs(const struct statistics *copy);
/* The protocol's object. NULL: out of memory. */
json_t *statistics_json(struct statistics *statistics, const char *name, const char *version);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t clock_now(void);

#endif
