/* SPDX-License-Identifier: Apache-2.0 */
/* An urgent model that is asked for periodically, beside one that never pauses, on one processor: see bench/urgent --help. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <plait/plait.h>

enum { MOST_TICKS = 1 << 20, QUEUE = 16 };

static void need(int condition, const char *what, struct plait_interpreter *ip)
{
    if (condition) return;
    fprintf(stderr, "urgent: %s: %s\n", what, ip != NULL ? plait_last_error(ip) : "");
    exit(1);
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* ---- models -------------------------------------------------------------------------------------------------------- */

/* One input and one output, which is always the same. */
struct subject {
    struct plait_model *model;
    void *in, *out, *expected;
    size_t in_bytes, out_bytes;
};

static struct plait_interpreter *ip;

static void load(struct subject *subject, const char *name, const char *path)
{
    need(plait_load_file(ip, name, path, NULL, &subject->model) == PLAIT_OK, path, ip);
}

static void learn(struct subject *subject)
{
    subject->in_bytes = plait_tensor_bytes(plait_input(subject->model, 0));
    subject->out_bytes = plait_tensor_bytes(plait_output(subject->model, 0));
    subject->in = malloc(subject->in_bytes);
    subject->out = malloc(subject->out_bytes * QUEUE);
    subject->expected = malloc(subject->out_bytes);
    need(subject->in != NULL && subject->out != NULL && subject->expected != NULL, "memory", NULL);
    for (size_t i = 0; i < subject->in_bytes; i++) ((unsigned char *)subject->in)[i] = (unsigned char)(i * 2654435761u >> 24);
    need(plait_tensor_write(plait_input(subject->model, 0), subject->in, subject->in_bytes) == PLAIT_OK, "write", ip);
    for (int i = 0; i < 40; i++) need(plait_invoke(subject->model) == PLAIT_OK, "invoke", ip);
    need(plait_tensor_read(plait_output(subject->model, 0), subject->expected, subject->out_bytes) == PLAIT_OK, "read", ip);
}

static struct subject urgent, steady;
static atomic_ullong steady_runs, wrong;
static atomic_bool stop;

static void *run_steadily(void *nothing)
{
    while (!atomic_load(&stop)) {
        need(plait_invoke(steady.model) == PLAIT_OK, "invoke", ip);
        if (memcmp(plait_tensor_data(plait_output(steady.model, 0)), steady.expected, steady.out_bytes) != 0)
            atomic_fetch_add(&wrong, 1);
        atomic_fetch_add(&steady_runs, 1);
    }
    return nothing;
}

/* ---- phases -------------------------------------------------------------------------------------------------------- */

struct phase {
    const char *name;
    uint64_t *waits; /* from submit to the callback */
    uint64_t *lateness; /* of the timer */
    size_t ticks;
    uint64_t nanoseconds;
    uint64_t runs;   /* of the other model */
    uint64_t nested;
};

/* What one request needs until its callback. */
struct tick {
    struct phase *phase;
    uint64_t submitted;
    void *out;
    atomic_bool under_way;
};

static void done(void *user, const struct plait_answer *answer)
{
    struct tick *tick = user;
    struct phase *phase = tick->phase;
    need(answer->status == PLAIT_OK, answer->message, NULL);
    phase->nested += answer->nested;
    phase->waits[phase->ticks++] = now() - tick->submitted;
    if (memcmp(tick->out, urgent.expected, urgent.out_bytes) != 0) atomic_fetch_add(&wrong, 1);
    atomic_store(&tick->under_way, false);
}

static void ask(struct phase *phase, uint64_t seconds, uint64_t period)
{
    static struct tick ticks[QUEUE];
    const uint64_t begin = now(), count = seconds * 1000000000u / period;
    for (uint64_t i = 0; i < count && phase->ticks + QUEUE < MOST_TICKS; i++) {
        const uint64_t when = begin + (i + 1) * period;
        const struct timespec moment = {(time_t)(when / 1000000000u), (long)(when % 1000000000u)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL);
        struct tick *tick = &ticks[i % QUEUE];
        need(!atomic_load(&tick->under_way), "requests pile up", NULL);
        *tick = (struct tick){.phase = phase, .out = (char *)urgent.out + i % QUEUE * urgent.out_bytes, .under_way = true};
        const struct plait_request_data in = {plait_input(urgent.model, 0), urgent.in, urgent.in_bytes};
        const struct plait_request_data out = {plait_output(urgent.model, 0), tick->out, urgent.out_bytes};
        static struct plait_request_data ends[QUEUE][2];
        ends[i % QUEUE][0] = in;
        ends[i % QUEUE][1] = out;
        struct plait_submit_options options;
        plait_submit_options_default(&options);
        options.inputs = &ends[i % QUEUE][0];
        options.outputs = &ends[i % QUEUE][1];
        options.input_count = options.output_count = 1;
        options.done = done;
        options.user = tick;
        tick->submitted = now();
        phase->lateness[phase->ticks] = tick->submitted - when;
        need(plait_submit(urgent.model, &options, NULL) == PLAIT_OK, "submit", ip);
    }
    for (int i = 0; i < QUEUE; i++)
        while (atomic_load(&ticks[i].under_way)) sched_yield();
}

static void run_phase(struct phase *phase, bool asks, bool beside, uint64_t seconds, uint64_t period)
{
    pthread_t thread;
    const uint64_t runs = atomic_load(&steady_runs), begin = now();
    atomic_store(&stop, false);
    if (beside) need(pthread_create(&thread, NULL, run_steadily, NULL) == 0, "thread", NULL);
    if (asks) {
        ask(phase, seconds, period);
    } else {
        const struct timespec time = {(time_t)seconds, 0};
        nanosleep(&time, NULL);
    }
    atomic_store(&stop, true);
    if (beside) pthread_join(thread, NULL);
    phase->nanoseconds += now() - begin;
    phase->runs += atomic_load(&steady_runs) - runs;
}

/* ---- what came of it ----------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static double at(const uint64_t *sorted, size_t count, double share)
{
    size_t index = (size_t)((double)count * share);
    if (index >= count) index = count - 1;
    return (double)sorted[index] / 1e6;
}

static void tell(const struct phase *phase)
{
    qsort(phase->waits, phase->ticks, sizeof phase->waits[0], compare);
    qsort(phase->lateness, phase->ticks, sizeof phase->lateness[0], compare);
    printf("%-8s %7zu requests, ms from submit: median %.3f, 99 %% %.3f, 99.9 %% %.3f, worst %.3f; timer late by 99.9 %% %.3f, "
           "worst %.3f\n", phase->name, phase->ticks, at(phase->waits, phase->ticks, 0.5), at(phase->waits, phase->ticks, 0.99),
           at(phase->waits, phase->ticks, 0.999), at(phase->waits, phase->ticks, 1), at(phase->lateness, phase->ticks, 0.999),
           at(phase->lateness, phase->ticks, 1));
}

static struct phase make_phase(const char *name)
{
    struct phase phase = {.name = name, .waits = malloc(MOST_TICKS * sizeof(uint64_t)),
                          .lateness = malloc(MOST_TICKS * sizeof(uint64_t))};
    need(phase.waits != NULL && phase.lateness != NULL, "memory", NULL);
    return phase;
}

static double rate(const struct phase *phase)
{
    return (double)phase->runs / ((double)phase->nanoseconds / 1e9);
}

int main(int argc, char **argv)
{
    need(argc == 6, "expected: URGENT STEADY SECONDS RATE CLASS", NULL);
    const uint64_t seconds = strtoull(argv[3], NULL, 10), period = 1000000000u / strtoull(argv[4], NULL, 10);
    const uint64_t slice = seconds < 5 ? 1 : 5;
    need(plait_open(NULL, &ip) == PLAIT_OK, "open", NULL);
    load(&urgent, "urgent", argv[1]);
    load(&steady, "steady", argv[2]);
    need(plait_set_class(urgent.model, (int32_t)strtol(argv[5], NULL, 10)) == PLAIT_OK, "class", ip);
    need(plait_allocate(ip) == PLAIT_OK, "allocate", ip);
    learn(&urgent);
    learn(&steady);
    need(plait_measure_machine(ip, 1000000000u, NULL) == PLAIT_OK, "machine", ip);
    struct phase warm = make_phase("warm"), alone = make_phase("alone"), beside = make_phase("beside"), other = make_phase("");
    run_phase(&warm, true, true, 1, period);
    for (uint64_t spent = 0; spent < seconds; spent += slice) { /* in turn, since machines have good times and bad ones */
        run_phase(&alone, true, false, slice, period);
        run_phase(&beside, true, true, slice, period);
        run_phase(&other, false, true, slice < 3 ? slice : 3, period);
    }
    tell(&alone);
    tell(&beside);
    struct plait_timing timing, steady_timing;
    need(plait_get_timing(urgent.model, &timing) == PLAIT_OK && plait_get_timing(steady.model, &steady_timing) == PLAIT_OK,
         "timing", ip);
    const double bound = (double)timing.longest_wait / 1e6, worst = at(beside.waits, beside.ticks, 1);
    printf("bound    %.3f ms: own %.3f (median %.3f), blocking %.3f, switching 2 x %.3f, waking %.3f, machine %.3f; worst %.3f; "
           "exceeded by %zu of %zu\n", bound, (double)timing.own_worst / 1e6, (double)timing.own / 1e6,
           (double)timing.blocking / 1e6, (double)timing.switching / 1e6, (double)timing.waking / 1e6,
           (double)timing.machine / 1e6, worst, ({
               size_t over = 0;
               for (size_t i = 0; i < beside.ticks; i++) over += beside.waits[i] > timing.longest_wait;
               over;
           }), beside.ticks);
    const double share = (double)beside.ticks * (double)timing.own / (double)beside.nanoseconds;
    printf("steady   %.1f runs a second alone (%.2f ms, in parts of %.3f at most), %.1f beside: loses %.1f %%, of which the "
           "urgent model's own share is %.1f %%\n", rate(&other), (double)steady_timing.own / 1e6,
           (double)steady_timing.longest_part / 1e6, rate(&beside), 100 * (1 - rate(&beside) / rate(&other)), 100 * share);
    printf("bits     %llu of %zu answers and %llu runs were others; %llu of %zu requests on the thread they interrupted\n",
           (unsigned long long)atomic_load(&wrong), alone.ticks + beside.ticks,
           (unsigned long long)atomic_load(&steady_runs), (unsigned long long)beside.nested, beside.ticks);
    printf("99.9 %%   %.3f ms more than alone\n",
           at(beside.waits, beside.ticks, 0.999) - at(alone.waits, alone.ticks, 0.999));
    plait_close(ip);
    return atomic_load(&wrong) != 0;
}
