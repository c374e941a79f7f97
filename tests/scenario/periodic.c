/* SPDX-License-Identifier: Apache-2.0 */
/* Random sets of models that are asked for periodically: where plait_check_deadlines() says that all are in time, none is
 * late by more than the machine itself held things up meanwhile, which is measured on every processor. What they answer is
 * what they answer alone. $PERIODIC_SECONDS is how long each set runs (default 2). */
#include "scenario.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_MODELS = 5, CLASSES = 3, WARM_UP = 60, TOGETHER = 30, TRIES = 12 };
enum { MOST_PROCESSORS = 64, MOST_STOPS = 100000, MOST_MISSES = 1000 };
static const uint64_t ms = 1000000, sleep_ns = 250000, stop_ns = 50000;

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 * ms + (uint64_t)time.tv_nsec;
}

static void sleep_until(uint64_t then)
{
    const struct timespec time = {(time_t)(then / (1000 * ms)), (long)(then % (1000 * ms))};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) != 0) {}
}

/* ---- how long the machine holds things up ------------------------------------------------------------------------- */

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
    uint64_t usual; /* the most that its timer was late otherwise */
};

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
        const uint64_t awake = now();
        sleep_until(awake + sleep_ns);
        const uint64_t again = now();
        const uint64_t late = again - (awake + sleep_ns);
        if (late < stop_ns) jitter->usual = late > jitter->usual ? late : jitter->usual;
        else if (jitter->stop_count < MOST_STOPS) /* it began somewhere in between */
            jitter->stops[jitter->stop_count++] = (struct span){awake, again};
    }
    return NULL;
}

static int start_jitters(struct jitter *jitters, atomic_bool *ending)
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

/* How long any processor stood still within this time, and how late its timer is anyhow. */
static uint64_t stopped_within(const struct jitter *jitters, int count, const struct span *span)
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

/* ---- a set -------------------------------------------------------------------------------------------------------- */

struct task {
    struct plait_model *model;
    uint64_t digest;   /* of what it answers, */
    bool remembers;    /* unless that depends on the runs before */
    uint64_t own;      /* the longest measured */
    uint64_t next;
    atomic_int waiting;
    uint64_t answers;
    uint64_t deadline; /* after a request */
    struct span misses[MOST_MISSES]; /* from request to answer, of those that were late */
    int miss_count;
};

struct set {
    struct plait_interpreter *interpreter;
    struct task tasks[MOST_MODELS];
    struct plait_periodic periodic[MOST_MODELS];
    struct plait_response responses[MOST_MODELS];
    int count;
};

static struct set *open_set(struct scenario_random *random, const struct scenario_arguments *arguments)
{
    struct plait_options options;
    struct set *set = calloc(1, sizeof *set);
    plait_options_default(&options);
    options.lanes = 1 + (int32_t)scenario_pick(random, 2);
    set->interpreter = scenario_open(&options);
    set->count = 2 + (int)scenario_pick(random, MOST_MODELS - 1);
    for (int i = 0; i < set->count; i++) {
        char name[16];
        snprintf(name, sizeof name, "model%d", i);
        const char *path = arguments->paths[scenario_pick(random, (uint32_t)arguments->path_count)];
        OK(set->interpreter, plait_load_file(set->interpreter, name, path, NULL, &set->tasks[i].model));
        OK(set->interpreter, plait_set_class(set->tasks[i].model, (int32_t)scenario_pick(random, CLASSES)));
    }
    OK(set->interpreter, plait_allocate(set->interpreter));
    for (int i = 0; i < set->count; i++) {
        struct task *task = &set->tasks[i];
        task->digest = scenario_answer(set->interpreter, task->model, (uint64_t)i + 1);
        OK(set->interpreter, plait_invoke(task->model));
        task->remembers = scenario_digest(task->model) != task->digest;
    }
    return set;
}

static plait_request ask(const struct set *set, int i)
{
    plait_request request = 0;
    OK(set->interpreter, plait_submit(set->tasks[i].model, NULL, &request));
    return request;
}

/* Each by itself, and all at once, so that they interrupt each other. */
static void measure(struct set *set)
{
    for (int round = 0; round < WARM_UP; round++)
        for (int i = 0; i < set->count; i++) OK(set->interpreter, plait_wait(set->interpreter, ask(set, i), -1, NULL));
    for (int round = 0; round < TOGETHER; round++) {
        plait_request requests[MOST_MODELS];
        for (int class = 0; class < CLASSES; class++)
            for (int i = 0; i < set->count; i++)
                if (plait_class(set->tasks[i].model) == class) requests[i] = ask(set, i);
        for (int i = 0; i < set->count; i++) OK(set->interpreter, plait_wait(set->interpreter, requests[i], -1, NULL));
    }
    for (int i = 0; i < set->count; i++) {
        struct plait_timing timing;
        OK(set->interpreter, plait_get_timing(set->tasks[i].model, &timing));
        set->tasks[i].own = timing.own_worst;
        CHECK(timing.own > 0 && timing.own_worst >= timing.own, "own %llu, worst %llu", (unsigned long long)timing.own,
              (unsigned long long)timing.own_worst);
    }
}

/* Random shares of the time, longer periods until all are in time; false if none are found. */
static bool choose_periods(struct set *set, struct scenario_random *random)
{
    for (int i = 0; i < set->count; i++) {
        const double share = (0.05 + 0.9 * scenario_pick(random, 1000) / 1000.0) / set->count;
        uint64_t period = (uint64_t)((double)set->tasks[i].own / share);
        if (period < 2 * ms) period = 2 * ms;
        set->periodic[i] = (struct plait_periodic){.model = set->tasks[i].model, .period = period};
    }
    for (int try = 0; try < TRIES; try++) {
        bool in_time = false;
        for (int i = 0; i < set->count; i++) {
            struct plait_periodic *one = &set->periodic[i];
            const uint64_t least = 2 * set->tasks[i].own < one->period ? 2 * set->tasks[i].own : one->period;
            one->deadline = least + (one->period - least) * scenario_pick(random, 100) / 100;
        }
        OK(set->interpreter, plait_check_deadlines(set->interpreter, set->periodic, (size_t)set->count, set->responses,
                                                   &in_time));
        if (in_time) return true;
        for (int i = 0; i < set->count; i++) set->periodic[i].period += set->periodic[i].period / 4;
    }
    return false;
}

static void note_answer(void *user, const struct plait_answer *answer)
{
    struct task *task = user;
    CHECK(answer->status == PLAIT_OK, "%s", answer->message);
    if (answer->ended > answer->submitted + task->deadline && task->miss_count < MOST_MISSES)
        task->misses[task->miss_count++] = (struct span){answer->submitted, answer->ended};
    task->answers++;
    atomic_fetch_sub(&task->waiting, 1);
}

static void submit(const struct set *set, int i)
{
    struct plait_submit_options options;
    plait_submit_options_default(&options);
    options.deadline = now() + set->periodic[i].deadline;
    options.done = note_answer;
    options.user = (void *)(uintptr_t)&set->tasks[i];
    atomic_fetch_add((atomic_int *)(uintptr_t)&set->tasks[i].waiting, 1);
    OK(set->interpreter, plait_submit(set->tasks[i].model, &options, NULL));
}

/* Asks for all of them, each time when it is due. */
static void run_periods(struct set *set, uint64_t end)
{
    for (int i = 0; i < set->count; i++) {
        set->tasks[i].next = now() + ms;
        set->tasks[i].deadline = set->periodic[i].deadline;
    }
    for (;;) {
        int first = 0;
        for (int i = 1; i < set->count; i++)
            if (set->tasks[i].next < set->tasks[first].next) first = i;
        const uint64_t due = set->tasks[first].next;
        if (due >= end) break;
        sleep_until(due);
        /* What came late is not made up for: requests are at least a period apart. */
        set->tasks[first].next = now() + set->periodic[first].period;
        submit(set, first);
    }
    for (int i = 0; i < set->count; i++)
        while (atomic_load(&set->tasks[i].waiting) > 0) sleep_until(now() + ms);
}

/* What was late was late because processors stood still: by no more than that. */
static void check_misses(const struct set *set, int i, const struct jitter *jitters, int count)
{
    const struct task *task = &set->tasks[i];
    for (int k = 0; k < task->miss_count; k++) {
        const struct span *miss = &task->misses[k];
        const uint64_t late = miss->end - miss->begin - task->deadline, stopped = stopped_within(jitters, count, miss);
        CHECK(late <= stopped, "model%d took %.3f ms, promised %.3f, deadline %.3f, while processors stood still for %.3f",
              i, (double)(miss->end - miss->begin) / 1e6, (double)set->responses[i].longest / 1e6,
              (double)task->deadline / 1e6, (double)stopped / 1e6);
    }
}

struct told {
    uint64_t requests;
    uint64_t misses; /* that are the machine's */
};

/* Whether the set was one of those that were to be run. */
static bool run_set(struct scenario_random *random, const struct scenario_arguments *arguments, uint64_t seconds,
                    struct told *told)
{
    struct set *set = open_set(random, arguments);
    struct jitter jitters[MOST_PROCESSORS];
    atomic_bool ending = false;
    measure(set);
    const bool accepted = choose_periods(set, random);
    if (accepted) {
        const int count = start_jitters(jitters, &ending);
        run_periods(set, now() + seconds * 1000 * ms);
        atomic_store(&ending, true);
        for (int i = 0; i < count; i++) pthread_join(jitters[i].thread, NULL);
        for (int i = 0; i < set->count; i++) {
            const struct task *task = &set->tasks[i];
            told->requests += task->answers;
            told->misses += (uint64_t)task->miss_count;
            CHECK(task->answers > 0, "model%d was never asked for", i);
            check_misses(set, i, jitters, count);
            CHECK(task->remembers || scenario_digest(task->model) == task->digest, "model%d answers something else", i);
        }
        for (int i = 0; i < count; i++) free(jitters[i].stops);
    }
    plait_close(set->interpreter);
    free(set);
    return accepted;
}

int main(int argc, char **argv)
{
    struct scenario_arguments arguments;
    scenario_parse(&arguments, argc, argv, 5);
    struct scenario_random random = {arguments.seed};
    const char *asked = getenv("PERIODIC_SECONDS");
    const uint64_t seconds = asked != NULL ? strtoull(asked, NULL, 10) : 2;
    struct told told = {0};
    int accepted = 0, tried = 0;
    while (accepted < arguments.count) {
        accepted += run_set(&random, &arguments, seconds, &told);
        CHECK(++tried <= 4 * arguments.count + 4, "only %d of %d sets were accepted", accepted, tried);
    }
    printf("%d of %d sets accepted, %llu requests, %llu late, none by more than processors stood still meanwhile\n", accepted,
           tried, (unsigned long long)told.requests, (unsigned long long)told.misses);
    return 0;
}
