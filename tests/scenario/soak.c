/* SPDX-License-Identifier: Apache-2.0 */
/* Seconds of everything at once: eight threads load, replace (also by broken files), unload, clone, link, run, submit and
 * cancel models of one interpreter, of several classes, some with windows. What a model answers is always what one of the files that it can
 * have by then answers alone, refusals are those that plait.h allows, and at the end the memory is what it was. [--count
 * SECONDS] [--seed S] PATH... */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "soak_state.h"

enum { THREADS = 8, SLACK_BYTES = 16 * 1024 };

static const char *const names[WHATS] = {"answers", "replaced", "broken files", "exchanged", "cloned", "linked", "unloaded",
                                         "cancels", "submitted", "late", "cancelled", "streams", "windows of others"};

void soak_note(struct soak *soak, enum what what)
{
    atomic_fetch_add(&soak->done[what], 1);
}

/* ---- threads ------------------------------------------------------------------------------------------------------- */

/* The threads differ in their seeds alone. */
struct worker {
    struct soak *soak;
    uint64_t seed;
};

/* Nobody else has the handle of this one, nor, while its input is a window, of the one behind it. */
static void change(struct soak *soak, uint32_t at, struct scenario_random *random)
{
    struct slot *slot = &soak->slots[at], *other = &soak->slots[at + 1 < SLOTS ? at + 1 : at];
    const uint32_t pick = slot->model != NULL ? scenario_pick(random, 4) : 0;
    if (pick == 0) soak_come_and_go(soak, slot, random);
    else if (pick == 1) soak_exchange(soak, slot, random);
    else if (pick == 2) soak_stream(soak, slot, random);
    else if (other != slot) {
        pthread_rwlock_wrlock(&other->alive);
        if (other->model != NULL) soak_window(soak, slot, other, random);
        pthread_rwlock_unlock(&other->alive);
    }
}

static void *work(void *context)
{
    const struct worker *worker = context;
    struct soak *soak = worker->soak;
    struct scenario_random random = {worker->seed};
    while (!atomic_load(&soak->stop)) {
        const uint32_t at = scenario_pick(&random, SLOTS), pick = scenario_pick(&random, 16);
        struct slot *slot = &soak->slots[at];
        if (pick < 2) pthread_rwlock_wrlock(&slot->alive);
        else pthread_rwlock_rdlock(&slot->alive);
        if (pick < 2) change(soak, at, &random);
        else if (slot->model != NULL && pick < 9) soak_disturb(soak, slot, &random);
        else if (slot->model != NULL) soak_use(soak, at, &random);
        pthread_rwlock_unlock(&slot->alive);
    }
    return NULL;
}

/* ---- all of it ---------------------------------------------------------------------------------------------------- */

static size_t memory_now(struct plait_interpreter *interpreter)
{
    struct plait_stats stats;
    OK(interpreter, plait_get_stats(interpreter, &stats));
    return stats.memory_bytes;
}

static void empty(struct soak *soak)
{
    for (int k = 0; k < SLOTS; k++) {
        if (soak->slots[k].model != NULL) OK(soak->interpreter, plait_unload(soak->slots[k].model));
        soak->slots[k].model = NULL;
    }
    OK(soak->interpreter, plait_allocate(soak->interpreter));
}

/* Every slot was filled and emptied once: what an interpreter keeps, it has by then. */
static void begin(struct soak *soak, struct scenario_random *random)
{
    for (int k = 0; k < SLOTS; k++) {
        struct slot *slot = &soak->slots[k];
        snprintf(slot->name, sizeof slot->name, "slot%d", k);
        CHECK(pthread_rwlock_init(&slot->alive, NULL) == 0 && pthread_mutex_init(&slot->use, NULL) == 0, "locks");
        soak_load(soak, slot, random);
        scenario_feed(soak->interpreter, slot->model, 0);
        (void)soak_submit(soak, slot->model, random);
    }
    empty(soak);
}

static void together(struct soak *soak, int seconds, uint64_t seed)
{
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    for (int k = 0; k < THREADS; k++) {
        workers[k] = (struct worker){soak, seed * THREADS + (uint64_t)k};
        CHECK(pthread_create(&threads[k], NULL, work, &workers[k]) == 0, "thread %d", k);
    }
    const struct timespec duration = {seconds, 0};
    nanosleep(&duration, NULL);
    atomic_store(&soak->stop, true);
    for (int k = 0; k < THREADS; k++) CHECK(pthread_join(threads[k], NULL) == 0, "thread %d", k);
}

int main(int argc, char **argv)
{
    static struct soak soak;
    struct scenario_arguments arguments;
    struct plait_options options;
    scenario_parse(&arguments, argc, argv, 5);
    struct scenario_random random = {arguments.seed};
    for (int k = 0; k < arguments.path_count; k++) soak_add_family(&soak, arguments.paths[k], &random);
    CHECK(soak.family_count > 0, "no file that can be varied");
    plait_options_default(&options);
    options.lanes = 3;
    options.threads = 2;
    soak.interpreter = scenario_open(&options);
    begin(&soak, &random);
    const size_t before = memory_now(soak.interpreter);
    together(&soak, arguments.count, arguments.seed);
    empty(&soak);
    const size_t after = memory_now(soak.interpreter);
    CHECK(after <= before + SLACK_BYTES, "%zu bytes before, %zu after", before, after);
    plait_close(soak.interpreter);
    printf("%u files in %d variants:", soak.family_count, VARIANTS);
    for (int k = 0; k < WHATS; k++)
        printf(" %llu %s%s", (unsigned long long)atomic_load(&soak.done[k]), names[k], k == WHATS - 1 ? "" : ",");
    printf("; memory %zu bytes before and %zu after\n", before, after);
    for (uint32_t k = 0; k < soak.family_count; k++)
        for (int variant = 0; variant < VARIANTS; variant++) free(soak.families[k].files[variant]);
    return 0;
}
