/* SPDX-License-Identifier: Apache-2.0 */
/* Seconds of everything at once: eight threads load, replace (also by broken files), unload, clone, link, run, submit and
 * cancel models of one interpreter, of several classes. What a model answers is always what one of the files that it can
 * have by then answers alone, refusals are those that plait.h allows, and at the end the memory is what it was. [--count
 * SECONDS] [--seed S] PATH... */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capi/handles.h"
#include "scenario.h"

enum { THREADS = 8, SLOTS = 12, SEEDS = 4, VARIANTS = 3, MOST_FAMILIES = 16, SLACK_BYTES = 16 * 1024 };

/* A file, and others with the same inputs and outputs that answer something else. */
struct family {
    unsigned char *files[VARIANTS];
    size_t bytes;
    uint64_t answers[VARIANTS][SEEDS];
};

/* A model that comes and goes. */
struct slot {
    char name[16];
    pthread_rwlock_t alive;    /* to be read by who uses the handle, written by who loads and unloads */
    pthread_mutex_t use;       /* held by who feeds, runs and reads */
    struct plait_model *model; /* NULL: not loaded */
    const struct family *family;
};

struct soak {
    struct plait_interpreter *interpreter;
    struct family families[MOST_FAMILIES];
    uint32_t family_count;
    struct slot slots[SLOTS];
    atomic_bool stop;
    atomic_uint_fast64_t done[11];
};

enum what { ANSWER, REPLACE, BREAK, EXCHANGE, CLONE, LINK, COME_AND_GO, CANCEL, SUBMIT, LATE, CANCELLED };
static const char *const names[] = {"answers", "replaced", "broken files", "exchanged", "cloned", "linked", "unloaded",
                                    "cancels", "submitted", "late", "cancelled"};

static void note(struct soak *soak, enum what what)
{
    atomic_fetch_add(&soak->done[what], 1);
}

/* ---- files -------------------------------------------------------------------------------------------------------- */

static bool same_tensor(const struct plait_tensor *a, const struct plait_tensor *b)
{
    bool same = plait_tensor_type(a) == plait_tensor_type(b) && plait_tensor_rank(a) == plait_tensor_rank(b);
    for (int32_t axis = 0; same && axis < plait_tensor_rank(a); axis++)
        same = plait_tensor_dim(a, axis) == plait_tensor_dim(b, axis);
    return same;
}

/* Both are known to load and run. */
static bool same_ends(const struct family *family, const unsigned char *data)
{
    struct plait_interpreter *interpreter = scenario_open(NULL);
    struct plait_model *a, *b;
    OK(interpreter, plait_load_buffer(interpreter, "a", family->files[0], family->bytes, NULL, &a));
    OK(interpreter, plait_load_buffer(interpreter, "b", data, family->bytes, NULL, &b));
    OK(interpreter, plait_allocate(interpreter));
    bool same = plait_input_count(a) == plait_input_count(b) && plait_output_count(a) == plait_output_count(b);
    for (size_t i = 0; same && i < plait_input_count(a); i++) same = same_tensor(plait_input(a, i), plait_input(b, i));
    for (size_t i = 0; same && i < plait_output_count(a); i++) same = same_tensor(plait_output(a, i), plait_output(b, i));
    plait_close(interpreter);
    return same;
}

static bool learn(const unsigned char *data, size_t bytes, uint64_t answers[SEEDS])
{
    struct plait_interpreter *alone = scenario_open(NULL);
    struct plait_model *model;
    bool good = plait_load_buffer(alone, "alone", data, bytes, NULL, &model) == PLAIT_OK && plait_allocate(alone) == PLAIT_OK;
    for (uint64_t seed = 0; good && seed < SEEDS; seed++) {
        OK(alone, plait_reset_variables(model));
        good = scenario_try_answer(alone, model, seed, &answers[seed]);
    }
    plait_close(alone);
    return good;
}

/* One byte is changed, until a file comes of it that loads and answers something else. */
static bool vary(struct family *family, int variant, struct scenario_random *random)
{
    unsigned char *data = malloc(family->bytes);
    CHECK(data, "no memory");
    for (int attempt = 0; attempt < 300; attempt++) {
        memcpy(data, family->files[0], family->bytes);
        data[scenario_pick(random, (uint32_t)family->bytes)] ^= (unsigned char)(1 + scenario_pick(random, 255));
        bool differs = learn(data, family->bytes, family->answers[variant]);
        for (int other = 0; other < variant; other++)
            differs = differs && family->answers[variant][0] != family->answers[other][0] &&
                      family->answers[variant][1] != family->answers[other][1];
        if (differs && same_ends(family, data)) {
            family->files[variant] = data;
            return true;
        }
    }
    free(data);
    return false;
}

static void add_family(struct soak *soak, const char *path, struct scenario_random *random)
{
    struct family family = {0};
    family.files[0] = scenario_read(path, &family.bytes);
    bool good = learn(family.files[0], family.bytes, family.answers[0]);
    for (int variant = 1; good && variant < VARIANTS; variant++) good = vary(&family, variant, random);
    if (good && soak->family_count < MOST_FAMILIES) soak->families[soak->family_count++] = family;
    else for (int variant = 0; variant < VARIANTS; variant++) free(family.files[variant]);
}

/* ---- what the threads do ------------------------------------------------------------------------------------------ */

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* As a request, which may have a deadline, be dropped when that has passed, or be cancelled. */
static plait_status submit(struct soak *soak, struct plait_model *model, struct scenario_random *random)
{
    plait_request request;
    struct plait_submit_options options;
    plait_submit_options_default(&options);
    if (scenario_pick(random, 2) == 0) options.deadline = now() + scenario_pick(random, 1000000);
    if (scenario_pick(random, 4) == 0) options.late = PLAIT_LATE_DROP;
    OK(soak->interpreter, plait_submit(model, &options, &request));
    note(soak, SUBMIT);
    if (scenario_pick(random, 8) == 0) {
        const plait_status status = plait_cancel(soak->interpreter, request);
        CHECK(status == PLAIT_OK || status == PLAIT_NOT_FOUND, "%s", plait_status_text(status));
        note(soak, CANCEL);
    }
    return plait_wait(soak->interpreter, request, -1, NULL);
}

/* Who feeds, runs and reads it has it alone; others may replace it meanwhile. */
static void answer(struct soak *soak, const struct family *family, struct plait_model *model, struct scenario_random *random)
{
    const uint64_t seed = scenario_pick(random, SEEDS);
    OK(soak->interpreter, plait_reset_variables(model));
    scenario_feed(soak->interpreter, model, seed);
    const plait_status status = scenario_pick(random, 2) == 0 ? submit(soak, model, random) : plait_invoke(model);
    if (status == PLAIT_CANCELLED || status == PLAIT_TOO_LATE) {
        note(soak, status == PLAIT_CANCELLED ? CANCELLED : LATE);
        return;
    }
    OK(soak->interpreter, status);
    const uint64_t digest = scenario_digest(model);
    bool found = false;
    for (int variant = 0; variant < VARIANTS; variant++) found = found || digest == family->answers[variant][seed];
    CHECK(found, "model '%s': an answer that none of its files gives", plait_model_name(model));
    note(soak, ANSWER);
}

static plait_status replace(struct slot *slot, struct scenario_random *random, size_t bytes)
{
    struct plait_load_options options;
    plait_load_options_default(&options);
    options.borrow = scenario_pick(random, 2) == 0; /* the file stays as long as the soak */
    return plait_replace_buffer(slot->model, slot->family->files[scenario_pick(random, VARIANTS)], bytes, &options);
}

static void load(struct soak *soak, struct slot *slot, struct scenario_random *random)
{
    slot->family = &soak->families[scenario_pick(random, soak->family_count)];
    OK(soak->interpreter, plait_load_buffer(soak->interpreter, slot->name, slot->family->files[0], slot->family->bytes, NULL,
                                            &slot->model));
    OK(soak->interpreter, plait_set_class(slot->model, (int32_t)scenario_pick(random, 3)));
    OK(soak->interpreter, plait_allocate_model(slot->model));
}

/* The only one who uses it. */
static void exchange(struct soak *soak, struct slot *slot, struct scenario_random *random)
{
    slot->family = &soak->families[scenario_pick(random, soak->family_count)];
    OK(soak->interpreter, replace(slot, random, slot->family->bytes));
    answer(soak, slot->family, slot->model, random);
    note(soak, EXCHANGE);
}

static void clone_it(struct soak *soak, struct slot *slot, struct scenario_random *random)
{
    struct plait_model *copy;
    char name[32];
    snprintf(name, sizeof name, "clone%llu", (unsigned long long)scenario_next(random));
    OK(soak->interpreter, plait_clone(slot->model, name, &copy));
    OK(soak->interpreter, plait_allocate_model(copy));
    answer(soak, slot->family, copy, random);
    OK(soak->interpreter, plait_unload(copy));
    note(soak, CLONE);
}

/* Nobody else runs them; each may be replaced meanwhile. */
static void link_two(struct soak *soak, struct slot *slot, struct slot *other, struct scenario_random *random)
{
    struct plait_link_options options;
    plait_link_options_default(&options);
    options.reshape = options.cast = true;
    if (plait_link(soak->interpreter, slot->name, "#0", other->name, "#0", &options) != PLAIT_OK) return;
    const plait_status planned = plait_allocate_model(slot->model);
    if (planned == PLAIT_OK) {
        answer(soak, slot->family, slot->model, random);
        const plait_status status = plait_run(slot->model); /* what one gives, another need not be able to run on */
        CHECK(status == PLAIT_OK || status == PLAIT_CANCELLED || scenario_is_about_data(status), "%s",
              plait_last_error(soak->interpreter));
        note(soak, LINK);
    }
    OK(soak->interpreter, plait_unlink(soak->interpreter, other->name, "#0"));
    OK(soak->interpreter, plait_allocate_model(slot->model));
    OK(soak->interpreter, plait_allocate_model(other->model));
}

static void come_and_go(struct soak *soak, struct slot *slot, struct scenario_random *random)
{
    if (slot->model == NULL) {
        load(soak, slot, random);
        return;
    }
    OK(soak->interpreter, plait_unload(slot->model));
    slot->model = NULL;
    note(soak, COME_AND_GO);
}

/* With the handle alive; the model may be running, used by others or by nobody. */
static void disturb(struct soak *soak, struct slot *slot, struct scenario_random *random)
{
    const uint32_t pick = scenario_pick(random, 8);
    if (pick == 0) {
        (void)pl_entry_cancel(pl_entry_of(slot->model));
        note(soak, CANCEL);
    } else if (pick == 1) {
        const plait_status status = replace(slot, random, slot->family->bytes - 1 - slot->family->bytes / 2);
        CHECK(status == PLAIT_INVALID_MODEL, "%s of half a file", plait_status_text(status));
        note(soak, BREAK);
    } else {
        OK(soak->interpreter, replace(slot, random, slot->family->bytes));
        note(soak, REPLACE);
    }
}

static void use(struct soak *soak, uint32_t at, struct scenario_random *random)
{
    struct slot *slot = &soak->slots[at], *next = &soak->slots[at + 1 < SLOTS ? at + 1 : at];
    pthread_mutex_lock(&slot->use);
    if (scenario_pick(random, 4) > 0) {
        answer(soak, slot->family, slot->model, random);
    } else if (scenario_pick(random, 2) == 0) {
        clone_it(soak, slot, random);
    } else if (next != slot) {
        pthread_rwlock_rdlock(&next->alive);
        pthread_mutex_lock(&next->use);
        if (next->model != NULL) link_two(soak, slot, next, random);
        pthread_mutex_unlock(&next->use);
        pthread_rwlock_unlock(&next->alive);
    }
    pthread_mutex_unlock(&slot->use);
}

/* The threads differ in their seeds alone. */
struct worker {
    struct soak *soak;
    uint64_t seed;
};

static void *work(void *context)
{
    const struct worker *worker = context;
    struct soak *soak = worker->soak;
    struct scenario_random random = {worker->seed};
    while (!atomic_load(&soak->stop)) {
        const uint32_t at = scenario_pick(&random, SLOTS), pick = scenario_pick(&random, 16);
        struct slot *slot = &soak->slots[at];
        if (pick == 0) pthread_rwlock_wrlock(&slot->alive);
        else pthread_rwlock_rdlock(&slot->alive);
        if (pick == 0 && slot->model != NULL && scenario_pick(&random, 2) == 0) exchange(soak, slot, &random);
        else if (pick == 0) come_and_go(soak, slot, &random);
        else if (slot->model != NULL && pick < 8) disturb(soak, slot, &random);
        else if (slot->model != NULL) use(soak, at, &random);
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
        load(soak, slot, random);
        scenario_feed(soak->interpreter, slot->model, 0);
        (void)submit(soak, slot->model, random);
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
    for (int k = 0; k < arguments.path_count; k++) add_family(&soak, arguments.paths[k], &random);
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
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
        printf(" %llu %s%s", (unsigned long long)atomic_load(&soak.done[k]), names[k], names[k] == names[CANCELLED] ? "" : ",");
    printf("; memory %zu bytes before and %zu after\n", before, after);
    for (uint32_t k = 0; k < soak.family_count; k++)
        for (int variant = 0; variant < VARIANTS; variant++) free(soak.families[k].files[variant]);
    return 0;
}
