/* SPDX-License-Identifier: Apache-2.0 */
#include "statistics.h"

#include <time.h>

#include "json_memory.h"

const double histogram_bounds[HISTOGRAM_BUCKETS] = {50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3,
                                                    25e-3, 50e-3,  100e-3, 250e-3, 0.5,  1,      2.5,  10};
const char *const failure_names[FAILURE_COUNT] = {"invalid", "busy", "late", "gone", "run", "memory"};

uint64_t clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t wall_milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void statistics_begin(struct statistics *statistics)
{
    *statistics = (struct statistics){0};
    pthread_mutex_init(&statistics->lock, NULL);
}

void statistics_end(struct statistics *statistics)
{
    pthread_mutex_destroy(&statistics->lock);
}

static void histogram_add(struct histogram *histogram, uint64_t nanoseconds)
{
    const double seconds = (double)nanoseconds * 1e-9;
    size_t bucket = 0;
    while (bucket < HISTOGRAM_BUCKETS && seconds > histogram_bounds[bucket]) bucket++;
    if (bucket < HISTOGRAM_BUCKETS) histogram->counts[bucket]++;
    histogram->count++;
    histogram->nanoseconds += nanoseconds;
}

void statistics_success(struct statistics *statistics, const struct times *times)
{
    pthread_mutex_lock(&statistics->lock);
    histogram_add(&statistics->whole, times->whole);
    histogram_add(&statistics->queue, times->queue);
    histogram_add(&statistics->infer, times->infer);
    statistics->input_nanoseconds += times->input;
    statistics->output_nanoseconds += times->output;
    statistics->last_milliseconds = wall_milliseconds();
    pthread_mutex_unlock(&statistics->lock);
}

void statistics_run(struct statistics *statistics, unsigned rows, const struct times *times)
{
    size_t size = 0;
    while (size < BATCH_SIZES - 1 && 1u << size < rows) size++;
    pthread_mutex_lock(&statistics->lock);
    struct runs *runs = &statistics->runs[size];
    runs->count++;
    runs->times.input += times->input;
    runs->times.infer += times->infer;
    runs->times.output += times->output;
    pthread_mutex_unlock(&statistics->lock);
}

uint64_t statistics_runs(const struct statistics *copy)
{
    uint64_t count = 0;
    for (size_t i = 0; i < BATCH_SIZES; i++) count += copy->runs[i].count;
    return count;
}

void statistics_failure(struct statistics *statistics, enum failure failure, uint64_t nanoseconds)
{
    pthread_mutex_lock(&statistics->lock);
    statistics->failures[failure]++;
    statistics->failed_nanoseconds += nanoseconds;
    statistics->last_milliseconds = wall_milliseconds();
    pthread_mutex_unlock(&statistics->lock);
}

void statistics_copy(struct statistics *statistics, struct statistics *copy)
{
    pthread_mutex_lock(&statistics->lock);
    *copy = *statistics;
    pthread_mutex_unlock(&statistics->lock);
}

static json_t *json_of_duration(uint64_t count, uint64_t nanoseconds)
{
    return json_pack("{s:I, s:I}", "count", (json_int_t)count, "ns", (json_int_t)nanoseconds);
}

static json_t *json_of_histogram(const struct histogram *histogram)
{
    json_t *bounds = json_array(), *counts = json_array();
    uint64_t longer = histogram->count;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        bounds = json_listed(bounds, json_real(histogram_bounds[i]));
        counts = json_listed(counts, json_integer((json_int_t)histogram->counts[i]));
        longer -= histogram->counts[i];
    }
    counts = json_listed(counts, json_integer((json_int_t)longer));
    return json_pack("{s:o, s:o}", "bounds", bounds, "counts", counts);
}

static json_t *json_of_batches(const struct statistics *now)
{
    json_t *list = json_array();
    for (size_t i = 0; i < BATCH_SIZES; i++) {
        const struct runs *runs = &now->runs[i];
        if (runs->count == 0) continue;
        list = json_listed(list, json_pack("{s:i, s:o, s:o, s:o}", "batch_size", 1 << i, "compute_input",
                                           json_of_duration(runs->count, runs->times.input), "compute_infer",
                                           json_of_duration(runs->count, runs->times.infer), "compute_output",
                                           json_of_duration(runs->count, runs->times.output)));
    }
    return list;
}

json_t *statistics_json(struct statistics *statistics, const char *name, const char *version)
{
    struct statistics now;
    uint64_t failed = 0;
    statistics_copy(statistics, &now);
    for (size_t i = 0; i < FAILURE_COUNT; i++) failed += now.failures[i];
    const uint64_t count = now.whole.count;
    json_t *inferences = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o}", "success", json_of_duration(count, now.whole.nanoseconds), "fail",
        json_of_duration(failed, now.failed_nanoseconds), "queue", json_of_duration(count, now.queue.nanoseconds),
        "compute_input", json_of_duration(count, now.input_nanoseconds), "compute_infer",
        json_of_duration(count, now.infer.nanoseconds), "compute_output", json_of_duration(count, now.output_nanoseconds));
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:o}", "name", name, "version", version, "last_inference",
                     (json_int_t)now.last_milliseconds, "inference_count", (json_int_t)count, "execution_count",
                     (json_int_t)statistics_runs(&now), "inference_stats", inferences, "batch_stats", json_of_batches(&now),
                     "duration", json_of_histogram(&now.whole));
}
