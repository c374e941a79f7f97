/* SPDX-License-Identifier: Apache-2.0 */
/* plait bench: how long models take, and their operators. The models take turns, as they do in a program. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "commands.h"
#include "feeding.h"
#include "heap.h"
#include "progress.h"
#include "sets.h"
#include "talk.h"

/* The library learns in the first 28 runs what is worth a second thread. */
enum { ROUNDS = 50, WARM_UP = 30, MOST_TO_FILL = 10000, MOST_ROUNDS = 1000000, MOST_THREADS = 1024 };

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* One round: all sets, each once. Keeps how long they took unless `bench` is NULL. */
static int run_round(const struct models *models, const struct streams *streams, struct bench *bench)
{
    uint64_t all = 0;
    for (size_t i = 0; i < models->count; i++) {
        const struct loaded_model *item = &models->items[i];
        if (!sets_begin_at(models, i)) continue;
        const uint64_t start = now();
        const plait_status status = sets_run(item, streams);
        const uint64_t took = now() - start;
        if (status != PLAIT_OK) return complain_status(models->interpreter, status, "");
        all += took;
        if (bench != NULL) bench->sets[item->set].nanoseconds[bench->sets[item->set].count++] = took;
    }
    if (bench != NULL) bench->all.nanoseconds[bench->all.count++] = all;
    return EXIT_FINE;
}

static int run_rounds(const struct models *models, const struct streams *streams, struct bench *bench, int64_t rounds,
                      const char *what)
{
    int code = EXIT_FINE;
    for (int64_t i = 0; code == EXIT_FINE && i < rounds; i++) {
        progress_step("%s: round %lld of %lld", what, (long long)i + 1, (long long)rounds);
        code = run_round(models, streams, bench);
    }
    return code;
}

static void note_run(void *user, struct plait_model *model)
{
    (void)model;
    ++*(uint64_t *)user;
}

static bool all_ran(const struct models *models, const struct streams *streams)
{
    for (size_t i = 0; i < models->count; i++)
        for (size_t k = 0; k < streams->count && models->items[i].runs == 0; k++)
            if (streams->items[k].set == models->items[i].set) return false;
    return true;
}

/* As many rounds as asked for, and of streams until every window is full. */
static int warm_up(const struct bench *bench, struct models *models, const struct streams *streams)
{
    for (size_t i = 0; i < models->count; i++) plait_on_run(models->items[i].model, note_run, &models->items[i].runs);
    int code = run_rounds(models, streams, NULL, bench->warm_up, "warming up");
    for (int i = 0; code == EXIT_FINE && i < MOST_TO_FILL && !all_ran(models, streams); i++)
        code = run_round(models, streams, NULL);
    for (size_t i = 0; i < models->count; i++) plait_on_run(models->items[i].model, NULL, NULL);
    return code;
}

/* Times the sets first, and then their operators, since looking at the clock takes time, too. */
static int measure(struct bench *bench, struct models *models, const struct streams *streams)
{
    int code = warm_up(bench, models, streams);
    if (code == EXIT_FINE) code = run_rounds(models, streams, bench, bench->rounds, "measuring");
    for (size_t i = 0; code == EXIT_FINE && i < models->count; i++) {
        const plait_status status = plait_profile_enable(models->items[i].model, true);
        if (status != PLAIT_OK) code = complain_status(models->interpreter, status, "");
    }
    return code == EXIT_FINE ? run_rounds(models, streams, NULL, bench->rounds, "operators") : code;
}

/* ---- the command ----------------------------------------------------------------------------- */

static void make_times(struct bench *bench, const struct models *models)
{
    bench->models = models;
    bench->sets = heap_array(models->count, sizeof *bench->sets);
    bench->all.nanoseconds = heap_array((size_t)bench->rounds, sizeof *bench->all.nanoseconds);
    for (size_t i = 0; i < models->count; i++)
        if (sets_begin_at(models, i))
            bench->sets[models->items[i].set].nanoseconds =
                heap_array((size_t)bench->rounds, sizeof *bench->all.nanoseconds);
}

static void bench_free(struct bench *bench)
{
    for (size_t i = 0; bench->sets != NULL && i < bench->models->count; i++) free(bench->sets[i].nanoseconds);
    free(bench->sets);
    free(bench->all.nanoseconds);
}

static int read_settings(struct bench *bench, const struct options *options)
{
    *bench = (struct bench){.threads = 1, .rounds = ROUNDS, .warm_up = WARM_UP};
    bench->operators = options_given(options, "--ops");
    int code = options_whole(options, "--threads", 1, MOST_THREADS, &bench->threads);
    if (code == EXIT_FINE) code = options_whole(options, "--rounds", 1, MOST_ROUNDS, &bench->rounds);
    if (code == EXIT_FINE) code = options_whole(options, "--warm-up", 0, MOST_ROUNDS, &bench->warm_up);
    return code;
}

static int bench_models(struct bench *bench, struct models *models, struct feeding *feeding, struct streams *streams,
                        const struct options *options)
{
    int code = models_load(models, options, bench->threads, false);
    if (code == EXIT_FINE) code = models_link(models, options);
    if (code == EXIT_FINE) code = sets_prepare(models, feeding, streams, options);
    if (code != EXIT_FINE) return code;
    make_times(bench, models);
    code = measure(bench, models, streams);
    progress_end();
    if (code == EXIT_FINE) models_note_sleep(models);
    return code;
}

static int run(const struct command *command, int count, char **arguments)
{
    struct options options;
    struct bench bench = {0};
    struct models models = {0};
    struct feeding feeding = {0};
    struct streams streams = {0};
    int code = options_read(&options, command, count, arguments);
    if (code == EXIT_FINE) code = read_settings(&bench, &options);
    if (code == EXIT_FINE) code = bench_models(&bench, &models, &feeding, &streams, &options);
    if (code == EXIT_FINE) (options_given(&options, "--json") ? bench_json : bench_text)(&bench);
    progress_end();
    bench_free(&bench);
    streams_free(&streams);
    feeding_free(&feeding);
    models_close(&models);
    options_free(&options);
    return code;
}

static const struct option_rule rules[] = {
    {"--rounds", "N", VALUE_REQUIRED, "rounds that are timed (default 50)"},
    {"--warm-up", "N", VALUE_REQUIRED, "rounds before them (default 30)"},
    {"--threads", "N", VALUE_REQUIRED, "threads a model may use (default 1)"},
    {"--memory-limit", "BYTES", VALUE_REQUIRED, "of all models together (8 GiB)"},
    {"--sleep-below", "N", VALUE_REQUIRED, "what would exceed it has idle models of classes below N sleep\n(0: none, 16: any)"},
    {"--ops", "", VALUE_NONE, "each operator, not those of one name together"},
    {"--link", "A.OUT=B.IN", VALUE_REQUIRED, "link models, as plait run does"},
    {"--input", "M.IN=FILE", VALUE_REQUIRED, "feed an input, as plait run does"},
    {"--random-input", "SEED", VALUE_OPTIONAL, "what all other inputs get comes from this seed (default 1)"},
    {"--json", "", VALUE_NONE, "as JSON, in nanoseconds"},
};

const struct command command_bench = {
    .name = "bench",
    .summary = "Measures how long models and their operators take.",
    .arguments = "[NAME=]PATH... | FILE.json",
    .rules = rules,
    .rule_count = sizeof rules / sizeof rules[0],
    .help = "A round runs every set of linked models once, one after the other. An input whose rows are\n"
            "pushed gets in each round what its file holds, or random rows for one run. Operators are timed\n"
            "in rounds of their own, as many again: their times are of a round, all calls in it together.\n"
            "\n"
            "example:\n"
            "  plait bench face.tflite words.tflite --threads 2 --rounds 200\n",
    .run = run,
};
