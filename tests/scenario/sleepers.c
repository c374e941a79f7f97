/* SPDX-License-Identifier: Apache-2.0 */
/* Four threads invoke models in random order under a limit that holds a few of them, while a fifth has clones come
 * and go and gives models their own file again. Every answer has the bits of no limit, and
 * memory stays below the limit, as the interpreter counts it and as the system does (run this under ThreadSanitizer).
 * --count is how often each thread invokes. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scenario.h"

enum { THREADS = 4, MOST_MODELS = 64, ROOM_FOR = 4 };

struct sleepers {
    struct plait_interpreter *interpreter;
    struct plait_model *models[MOST_MODELS];
    uint64_t expected[MOST_MODELS];
    pthread_mutex_t taken[MOST_MODELS]; /* by who feeds, runs and reads it */
    const struct scenario_arguments *arguments;
    atomic_int number;
    int changes;
};

static size_t private_bytes(void)
{
    unsigned long pages = 0, shared = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%*u %lu %lu", &pages, &shared) == 2, "no /proc/self/statm");
    fclose(file);
    return (pages - shared) * (size_t)sysconf(_SC_PAGESIZE);
}

static plait_status load_all(struct sleepers *sleepers)
{
    const struct scenario_arguments *arguments = sleepers->arguments;
    plait_status status = PLAIT_OK;
    for (int i = 0; i < arguments->path_count && status == PLAIT_OK; i++)
        status = plait_load_file(sleepers->interpreter, NULL, arguments->paths[i], NULL, &sleepers->models[i]);
    return status == PLAIT_OK ? plait_allocate(sleepers->interpreter) : status;
}

static struct plait_interpreter *open_limited(size_t bytes)
{
    struct plait_options options;
    plait_options_default(&options);
    options.lanes = THREADS;
    options.sleep_below_class = 1;
    options.memory_limit_bytes = bytes;
    return scenario_open(&options);
}

/* Their answers without a limit; returns what the constants of one take. */
static size_t answer_all(struct sleepers *sleepers)
{
    struct plait_stats stats;
    sleepers->interpreter = open_limited(SIZE_MAX);
    OK(sleepers->interpreter, load_all(sleepers));
    for (int i = 0; i < sleepers->arguments->path_count; i++)
        sleepers->expected[i] = scenario_answer(sleepers->interpreter, sleepers->models[i], (uint64_t)i);
    OK(sleepers->interpreter, plait_get_stats(sleepers->interpreter, &stats));
    CHECK(stats.wakes == 0 && stats.sleeping == 0, "there is no limit, and yet some slept");
    plait_close(sleepers->interpreter);
    return stats.constant_bytes / (size_t)sleepers->arguments->path_count;
}

/* The least limit in which all of them have room where one is awake, as refusals say. */
static size_t find_least_limit(struct sleepers *sleepers)
{
    size_t limit = 1000000;
    for (;;) {
        sleepers->interpreter = open_limited(limit);
        const plait_status status = load_all(sleepers);
        const char *said = status == PLAIT_OK ? NULL : strstr(plait_last_error(sleepers->interpreter), "must be ");
        CHECK(status == PLAIT_OK || said != NULL, "%s", plait_last_error(sleepers->interpreter));
        const size_t more = said != NULL ? strtoull(said + strlen("must be "), NULL, 10) : 0;
        plait_close(sleepers->interpreter);
        if (status == PLAIT_OK) return limit;
        CHECK(more > limit, "%zu was too little, and %zu is said to be enough", limit, more);
        limit = more;
    }
}

static void *invoke_often(void *context)
{
    struct sleepers *sleepers = context;
    struct scenario_random random = {sleepers->arguments->seed + (uint64_t)atomic_fetch_add(&sleepers->number, 1)};
    for (int k = 0; k < sleepers->arguments->count; k++) {
        const uint32_t i = scenario_pick(&random, (uint32_t)sleepers->arguments->path_count);
        pthread_mutex_lock(&sleepers->taken[i]);
        CHECK(scenario_answer(sleepers->interpreter, sleepers->models[i], i) == sleepers->expected[i],
              "%s: other bits than without a limit", sleepers->arguments->paths[i]);
        pthread_mutex_unlock(&sleepers->taken[i]);
    }
    return NULL;
}

/* What finds no room because all others run is refused, and leaves everything as it was. */
static bool has_room(struct sleepers *sleepers, plait_status status)
{
    if (status != PLAIT_OUT_OF_MEMORY) OK(sleepers->interpreter, status);
    return status == PLAIT_OK;
}

static void *change_often(void *context)
{
    struct sleepers *sleepers = context;
    struct scenario_random random = {sleepers->arguments->seed + 99};
    for (int k = 0; k < sleepers->arguments->count / 4; k++) {
        const uint32_t i = scenario_pick(&random, (uint32_t)sleepers->arguments->path_count);
        struct plait_model *clone = NULL;
        uint64_t answer = 0;
        if (has_room(sleepers, plait_replace(sleepers->models[i], sleepers->arguments->paths[i], NULL))) sleepers->changes++;
        if (!has_room(sleepers, plait_clone(sleepers->models[i], "clone", &clone))) continue;
        if (has_room(sleepers, plait_allocate_model(clone))) {
            answer = scenario_answer(sleepers->interpreter, clone, i);
            CHECK(answer == sleepers->expected[i], "a clone has other bits");
            sleepers->changes++;
        }
        OK(sleepers->interpreter, plait_unload(clone));
    }
    CHECK(sleepers->changes > 0, "nothing ever had room");
    return NULL;
}

/* All threads that invoke, and with `change` the one that changes, from begin to end. */
static void run_all(struct sleepers *sleepers, bool change)
{
    pthread_t threads[THREADS + 1];
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, invoke_often, sleepers);
    if (change) pthread_create(&threads[THREADS], NULL, change_often, sleepers);
    for (int i = 0; i < THREADS + change; i++) pthread_join(threads[i], NULL);
}

/* Sanitizers have memory of their own, and AddressSanitizer watches the heap: no pages could be given up. */
#if defined(__SANITIZE_ADDRESS__) || defined(__clang__)
enum { IS_WATCHED = 1 };
#else
enum { IS_WATCHED = 0 };
#endif

/* What a refused change would take is measured beyond the limit, so this is asked before there are any. */
static void check_memory(const struct plait_stats *stats, size_t limit, size_t private_before, int count)
{
    const size_t now = private_bytes();
    CHECK(stats->memory_peak_bytes <= limit, "%zu bytes, the limit is %zu", stats->memory_peak_bytes, limit);
    CHECK(IS_WATCHED || now <= private_before + limit, "%zu private bytes, %zu before, the limit is %zu", now, private_before,
          limit);
    CHECK(IS_WATCHED || stats->wakes > (uint64_t)count, "only %llu wakes", (unsigned long long)stats->wakes);
}

int main(int argc, char **argv)
{
    struct scenario_arguments arguments;
    struct plait_stats stats;
    static struct sleepers sleepers;
    scenario_parse(&arguments, argc, argv, 100);
    CHECK(arguments.path_count > ROOM_FOR + THREADS && arguments.path_count <= MOST_MODELS, "a number of models");
    sleepers.arguments = &arguments;
    for (int i = 0; i < MOST_MODELS; i++) pthread_mutex_init(&sleepers.taken[i], NULL);
    const size_t each = answer_all(&sleepers), limit = find_least_limit(&sleepers) + each * ROOM_FOR;
    const size_t before = private_bytes();
    sleepers.interpreter = open_limited(limit);
    OK(sleepers.interpreter, load_all(&sleepers));
    run_all(&sleepers, false);
    OK(sleepers.interpreter, plait_get_stats(sleepers.interpreter, &stats));
    check_memory(&stats, limit, before, arguments.count);
    run_all(&sleepers, true);
    printf("%d models, 2 times %d invocations on each of %d threads: %llu wakes, %zu slept with %zu kB, at most %zu of %zu kB; "
           "%d changes\n", arguments.path_count, arguments.count, THREADS, (unsigned long long)stats.wakes, stats.sleeping,
           stats.sleeping_bytes / 1000, stats.memory_peak_bytes / 1000, limit / 1000, sleepers.changes);
    plait_close(sleepers.interpreter);
    return 0;
}
