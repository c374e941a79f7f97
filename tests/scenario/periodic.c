/* SPDX-License-Identifier: Apache-2.0 */
/* Random sets of models that are asked for periodically: where plait_check_deadlines() says that all are in time, none is
 * late by more than the machine itself held things up meanwhile, which is measured on every processor. What they answer is
 * what they answer alone. $PERIODIC_SECONDS is how long each set runs (default 2). All sets are run, whatever comes of them;
 * a line for every tenth, and what came of all, are printed. It runs before other processes where it may, as the threads do
 * that measure the machine: these do not see what holds up only those behind them. */
#include "scenario.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "periodic_jitter.h"

enum { MOST_MODELS = 5, CLASSES = 3, TRIES = 12, MOST_MISSES = 1000, TOLD_SETS = 10 };
/* Times that are measured, of all models of a set: so many, or, of those that take long, so many nanoseconds. */
enum { ALONE = 60, TOGETHER = 30, LEAST_ALONE = 12, LEAST_TOGETHER = 6 };
static const uint64_t ms = 1000000, alone_ns = 250000000, together_ns = 100000000, machine_ns = 120000000;

/* ---- a set -------------------------------------------------------------------------------------------------------- */

struct task {
    struct plait_model *model;
    uint64_t digest;   /* of what it answers, */
    bool remembers;    /* unless that depends on the runs before */
    uint64_t own;      /* the longest measured, */
    uint64_t wait;     /* and with what it waits for */
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

/* From 16 us to 4 ms, as what is asked for now and then has them: caches and processors go to others meanwhile. */
static void rest(struct scenario_random *random)
{
    jitter_sleep_until(jitter_now() + (UINT64_C(16000) << scenario_pick(random, 9)));
}

static void run_alone(const struct set *set, struct scenario_random *random)
{
    for (int i = 0; i < set->count; i++) {
        rest(random);
        OK(set->interpreter, plait_wait(set->interpreter, ask(set, i), -1, NULL));
    }
}

/* The less urgent ones first, so that they are interrupted. */
static void run_together(const struct set *set, struct scenario_random *random)
{
    plait_request requests[MOST_MODELS];
    rest(random);
    for (int class = 0; class < CLASSES; class++)
        for (int i = 0; i < set->count; i++)
            if (plait_class(set->tasks[i].model) == class) requests[i] = ask(set, i);
    for (int i = 0; i < set->count; i++) OK(set->interpreter, plait_wait(set->interpreter, requests[i], -1, NULL));
}

static void measure(struct set *set, struct scenario_random *random)
{
    OK(set->interpreter, plait_measure_machine(set->interpreter, machine_ns, NULL));
    uint64_t end = jitter_now() + alone_ns;
    for (int k = 0; k < ALONE && (k < LEAST_ALONE || jitter_now() < end); k++) run_alone(set, random);
    end = jitter_now() + together_ns;
    for (int k = 0; k < TOGETHER && (k < LEAST_TOGETHER || jitter_now() < end); k++) run_together(set, random);
    for (int i = 0; i < set->count; i++) {
        struct plait_timing timing;
        OK(set->interpreter, plait_get_timing(set->tasks[i].model, &timing));
        set->tasks[i].own = timing.own_worst;
        set->tasks[i].wait = timing.longest_wait;
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
            const uint64_t least = set->tasks[i].wait < one->period ? set->tasks[i].wait : one->period;
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
    options.deadline = jitter_now() + set->periodic[i].deadline;
    options.done = note_answer;
    options.user = (void *)(uintptr_t)&set->tasks[i];
    atomic_fetch_add((atomic_int *)(uintptr_t)&set->tasks[i].waiting, 1);
    OK(set->interpreter, plait_submit(set->tasks[i].model, &options, NULL));
}

/* Asks for all of them, each time when it is due. */
static void run_periods(struct set *set, uint64_t end)
{
    for (int i = 0; i < set->count; i++) {
        set->tasks[i].next = jitter_now() + ms;
        set->tasks[i].deadline = set->periodic[i].deadline;
    }
    for (;;) {
        int first = 0;
        for (int i = 1; i < set->count; i++)
            if (set->tasks[i].next < set->tasks[first].next) first = i;
        const uint64_t due = set->tasks[first].next;
        if (due >= end) break;
        jitter_sleep_until(due);
        /* What came late is not made up for: requests are at least a period apart. */
        set->tasks[first].next = jitter_now() + set->periodic[first].period;
        submit(set, first);
    }
    for (int i = 0; i < set->count; i++)
        while (atomic_load(&set->tasks[i].waiting) > 0) jitter_sleep_until(jitter_now() + ms);
}

/* Of all sets. */
struct told {
    int accepted;
    int tried;
    uint64_t requests;
    uint64_t late;
    uint64_t latest;  /* by how much */
    uint64_t beyond;  /* those that were later than processors stood still meanwhile */
    uint64_t longest; /* that one stood still */
};

/* What was late is to have been late because processors stood still: by no more than that. */
static void tell_misses(const struct set *set, int i, const struct jitter *jitters, int count, struct told *told)
{
    const struct task *task = &set->tasks[i];
    for (int k = 0; k < task->miss_count; k++) {
        const struct span *miss = &task->misses[k];
        const uint64_t late = miss->end - miss->begin - task->deadline, stopped = jitter_within(jitters, count, miss);
        if (late > told->latest) told->latest = late;
        told->late++;
        if (late <= stopped) continue;
        told->beyond++;
        printf("set %d: model%d took %.3f ms, promised %.3f, deadline %.3f, while processors stood still for %.3f\n",
               told->accepted + 1, i, (double)(miss->end - miss->begin) / 1e6, (double)set->responses[i].longest / 1e6,
               (double)task->deadline / 1e6, (double)stopped / 1e6);
    }
}

static void tell_set(const struct set *set, const struct jitter *jitters, int count, struct told *told)
{
    for (int i = 0; i < set->count; i++) {
        const struct task *task = &set->tasks[i];
        CHECK(task->answers > 0, "model%d was never asked for", i);
        CHECK(task->remembers || scenario_digest(task->model) == task->digest, "model%d answers something else", i);
        told->requests += task->answers;
        tell_misses(set, i, jitters, count, told);
    }
    for (int i = 0; i < count; i++)
        if (jitters[i].longest > told->longest) told->longest = jitters[i].longest;
}

static void tell(const struct told *told)
{
    printf("%d of %d sets accepted, %llu requests, %llu late, by %.3f ms at most; %llu by more than processors stood still "
           "meanwhile, the longest time %.3f ms\n", told->accepted, told->tried, (unsigned long long)told->requests,
           (unsigned long long)told->late, (double)told->latest / 1e6, (unsigned long long)told->beyond,
           (double)told->longest / 1e6);
    fflush(stdout);
}

/* Whether the set is one of those that are to be run. */
static bool run_set(struct scenario_random *random, const struct scenario_arguments *arguments, uint64_t seconds,
                    struct told *told)
{
    struct set *set = open_set(random, arguments);
    struct jitter jitters[MOST_PROCESSORS];
    atomic_bool ending = false;
    measure(set, random);
    const bool accepted = choose_periods(set, random);
    if (accepted) {
        const int count = jitter_start(jitters, &ending);
        run_periods(set, jitter_now() + seconds * 1000 * ms);
        jitter_end(jitters, count);
        tell_set(set, jitters, count, told);
        jitter_free(jitters, count);
    }
    plait_close(set->interpreter);
    free(set);
    return accepted;
}

static void go_first(void)
{
    const struct sched_param before_others = {.sched_priority = 10};
    const bool allowed = sched_setscheduler(0, SCHED_FIFO, &before_others) == 0;
    printf("%s\n", allowed ? "scheduled first in, first out, before other processes" : "scheduled as any other process");
}

int main(int argc, char **argv)
{
    struct scenario_arguments arguments;
    scenario_parse(&arguments, argc, argv, 5);
    go_first();
    struct scenario_random random = {arguments.seed};
    const char *asked = getenv("PERIODIC_SECONDS");
    const uint64_t seconds = asked != NULL ? strtoull(asked, NULL, 10) : 2;
    struct told told = {0};
    while (told.accepted < arguments.count) {
        told.tried++;
        CHECK(told.tried <= 4 * arguments.count + 4, "only %d of %d sets were accepted", told.accepted, told.tried - 1);
        if (!run_set(&random, &arguments, seconds, &told)) continue;
        told.accepted++;
        if (told.accepted % TOLD_SETS == 0 && told.accepted < arguments.count) tell(&told);
    }
    tell(&told);
    return told.beyond > 0;
}
