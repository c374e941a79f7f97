/* SPDX-License-Identifier: Apache-2.0 */
#include "timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "heap.h"
#include "json_text.h"
#include "progress.h"
#include "table.h"
#include "talk.h"

enum { ROUNDS = 200, WARM_UP = 30, MOST_ROUNDS = 1000000 };
/* How long the machine is looked at, for each round, and at most. */
enum { MACHINE_NANOSECONDS = 5000000, MOST_MACHINE_ROUNDS = 2000 };
/* Pauses before runs, each twice the one before: those of requests that come all the time, and of such for which processors
 * and caches have gone to others. */
enum { PAUSES = 9, SHORTEST_PAUSE_NANOSECONDS = 16000 };

/* ---- what the command line says ------------------------------------------------------------- */

int timing_option(const struct models *models, const char *option, const char *value, const char *form,
                  const struct loaded_model **model, const char **rest)
{
    struct tensor_reference reference = {0};
    int code = reference_read(&reference, models, option, value, form);
    if (code == EXIT_FINE && reference.tensor_name[0] != '\0')
        code = complain(EXIT_USAGE, "%s %s: a model is meant, not a tensor: %s", option, value, form);
    if (code == EXIT_FINE) {
        *model = reference.model;
        *rest = strchr(value, '=') + 1;
    }
    reference_free(&reference);
    return code;
}

static int read_classes(const struct models *models, const struct options *options)
{
    size_t position = 0;
    const char *value, *rest = NULL;
    const struct loaded_model *model = NULL;
    while ((value = options_next(options, "--class", &position)) != NULL) {
        const int code = timing_option(models, "--class", value, "MODEL=N", &model, &rest);
        if (code != EXIT_FINE) return code;
        char *end = NULL;
        const long number = strtol(rest, &end, 10);
        if (end == rest || *end != '\0' || number < 0 || number > PLAIT_MOST_CLASS)
            return complain(EXIT_USAGE, "--class %s: found '%s', expected a number from 0 to %d", value, rest,
                            PLAIT_MOST_CLASS);
        const plait_status status = plait_set_class(model->model, (int32_t)number);
        if (status != PLAIT_OK) return complain_status(models->interpreter, status, "--class");
    }
    return EXIT_FINE;
}

/* ---- measuring ------------------------------------------------------------------------------- */

/* Once, by request: so what it takes to begin is measured, too. */
static plait_status run_by_request(const struct models *models, const struct loaded_model *first,
                                   const struct streams *streams)
{
    if (sets_are_pushed(first, streams)) return sets_run(first, streams);
    struct plait_submit_options options;
    plait_request request = 0;
    plait_submit_options_default(&options);
    options.whole_set = true;
    const plait_status status = plait_submit(first->model, &options, &request);
    return status == PLAIT_OK ? plait_wait(models->interpreter, request, -1, NULL) : status;
}

/* Another one each time. */
static void rest(int64_t round, size_t row)
{
    const int doublings = (int)(((uint64_t)round + row) * 5 % PAUSES);
    const struct timespec time = {.tv_nsec = (long)SHORTEST_PAUSE_NANOSECONDS << doublings};
    (void)nanosleep(&time, NULL);
}

static plait_status run_alone(const struct timing *timing, const struct models *models, const struct streams *streams,
                              int64_t round)
{
    plait_status status = PLAIT_OK;
    for (size_t i = 0; status == PLAIT_OK && i < timing->count; i++) {
        rest(round, i);
        status = run_by_request(models, timing->rows[i].first, streams);
    }
    return status;
}

/* The less urgent ones first, so that those above interrupt them. */
static plait_status run_together(const struct timing *timing, const struct models *models, const struct streams *streams,
                                 int64_t round)
{
    rest(round, 0);
    plait_request *requests = heap_array(timing->count, sizeof *requests);
    struct plait_submit_options options;
    plait_status status = PLAIT_OK;
    plait_submit_options_default(&options);
    options.whole_set = true;
    for (int32_t number = 0; number <= PLAIT_MOST_CLASS; number++)
        for (size_t i = 0; status == PLAIT_OK && i < timing->count; i++)
            if (timing->rows[i].timing.class_number == number && !sets_are_pushed(timing->rows[i].first, streams))
                status = plait_submit(timing->rows[i].first->model, &options, &requests[i]);
    for (size_t i = 0; i < timing->count; i++) {
        const plait_status own =
            requests[i] == 0 ? PLAIT_OK : plait_wait(models->interpreter, requests[i], -1, NULL);
        if (status == PLAIT_OK) status = own;
    }
    free(requests);
    return status;
}

static bool has_classes(const struct timing *timing)
{
    for (size_t i = 1; i < timing->count; i++)
        if (timing->rows[i].timing.class_number != timing->rows[0].timing.class_number) return true;
    return false;
}

typedef plait_status (*round_function)(const struct timing *timing, const struct models *models,
                                       const struct streams *streams, int64_t round);

static int run_rounds(const struct timing *timing, const struct models *models, const struct streams *streams,
                      int64_t rounds, const char *what, round_function run)
{
    for (int64_t round = 0; round < rounds; round++) {
        progress_step("%s: round %lld of %lld", what, (long long)round + 1, (long long)rounds);
        const plait_status status = run(timing, models, streams, round);
        if (status != PLAIT_OK) return complain_status(models->interpreter, status, "");
    }
    return EXIT_FINE;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void make_rows(struct timing *timing, const struct models *models)
{
    timing->rows = heap_array(models->count, sizeof *timing->rows);
    for (size_t i = 0; i < models->count; i++) {
        if (!sets_begin_at(models, i)) continue;
        timing->rows[timing->count++] =
            (struct timing_row){.first = &models->items[i], .name = sets_name(models, models->items[i].set)};
    }
}

static void find_blocker(const struct timing *timing, struct timing_row *row)
{
    for (size_t i = 0; i < timing->count; i++) {
        const struct timing_row *other = &timing->rows[i];
        if (other->timing.class_number < row->timing.class_number &&
            (row->blocker == NULL || other->timing.longest_part > row->blocker->timing.longest_part))
            row->blocker = other;
    }
}

static int read_rows(struct timing *timing, const struct models *models)
{
    for (size_t i = 0; i < timing->count; i++) {
        const plait_status status = plait_get_timing(timing->rows[i].first->model, &timing->rows[i].timing);
        if (status != PLAIT_OK) return complain_status(models->interpreter, status, "");
    }
    for (size_t i = 0; i < timing->count; i++) find_blocker(timing, &timing->rows[i]);
    return EXIT_FINE;
}

static int measure_machine(struct timing *timing, const struct models *models)
{
    const int64_t rounds = timing->rounds < MOST_MACHINE_ROUNDS ? timing->rounds : MOST_MACHINE_ROUNDS;
    progress_step("looking at the machine");
    const plait_status status =
        plait_measure_machine(models->interpreter, (uint64_t)rounds * MACHINE_NANOSECONDS, &timing->machine);
    return status == PLAIT_OK ? EXIT_FINE : complain_status(models->interpreter, status, "");
}

static int measure(struct timing *timing, const struct models *models, const struct streams *streams)
{
    int code = measure_machine(timing, models);
    if (code == EXIT_FINE) code = run_rounds(timing, models, streams, timing->rounds + WARM_UP, "measuring", run_alone);
    if (code == EXIT_FINE) code = read_rows(timing, models);
    if (code != EXIT_FINE || !has_classes(timing)) return code;
    code = run_rounds(timing, models, streams, timing->rounds, "all together", run_together);
    return code == EXIT_FINE ? read_rows(timing, models) : code;
}

int timing_begin(struct timing *timing, const struct models *models, const struct options *options)
{
    *timing = (struct timing){.lanes = 1, .rounds = ROUNDS};
    int code = options_whole(options, "--rounds", 1, MOST_ROUNDS, &timing->rounds);
    if (code == EXIT_FINE) code = options_whole(options, "--lanes", 1, MODELS_MOST_LANES, &timing->lanes);
    if (code == EXIT_FINE) code = read_classes(models, options);
    if (code == EXIT_FINE) make_rows(timing, models);
    return code;
}

int timing_measure(struct timing *timing, struct models *models, const struct options *options)
{
    struct feeding feeding = {0};
    struct streams streams = {0};
    int code = sets_prepare(models, &feeding, &streams, options);
    if (code == EXIT_FINE) code = measure(timing, models, &streams);
    streams_free(&streams);
    feeding_free(&feeding);
    return code;
}

void timing_free(struct timing *timing)
{
    for (size_t i = 0; i < timing->count; i++) free(timing->rows[i].name);
    free(timing->rows);
}

/* ---- showing --------------------------------------------------------------------------------- */

static void add_microseconds(struct table *table, uint64_t nanoseconds)
{
    table_add(table, "%.1f", (double)nanoseconds / 1e3);
}

void timing_machine_text(const struct timing *timing)
{
    printf("machine: it takes up to %.1f us from 99 of 100 milliseconds of who runs, and %.1f at most, of %llu\n",
           (double)timing->machine.usual / 1e3, (double)timing->machine.longest / 1e3,
           (unsigned long long)timing->machine.milliseconds);
}

json_t *timing_machine_json(const struct timing *timing)
{
    json_t *object = json_object();
    json_object_set_new(object, "usual", json_of_size(timing->machine.usual));
    json_object_set_new(object, "longest", json_of_size(timing->machine.longest));
    json_object_set_new(object, "milliseconds", json_of_size(timing->machine.milliseconds));
    return object;
}

void timing_text(const struct timing *timing, const struct models *models)
{
    static const char *const heads[] = {"us",        "class",   "own",    "worst", "longest part",
                                        "waits for", "blocked", "switch", "wake",  "longest wait"};
    struct table table = {.alignment = "lrrrrlrrrr"};
    struct plait_stats stats = {.cpu = ""};
    plait_get_stats(models->interpreter, &stats);
    printf("\ntime: %s, %lld lane%s, %lld round%s\n\n", stats.cpu, (long long)timing->lanes,
           timing->lanes == 1 ? "" : "s", (long long)timing->rounds, timing->rounds == 1 ? "" : "s");
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) table_add(&table, "%s", heads[i]);
    for (size_t i = 0; i < timing->count; i++) {
        const struct timing_row *row = &timing->rows[i];
        table_add(&table, "%s", row->name);
        table_add(&table, "%d", row->timing.class_number);
        add_microseconds(&table, row->timing.own);
        add_microseconds(&table, row->timing.own_worst);
        add_microseconds(&table, row->timing.longest_part);
        table_add(&table, "%s", row->blocker != NULL ? row->blocker->name : "-");
        add_microseconds(&table, row->timing.blocking);
        add_microseconds(&table, row->timing.switching);
        add_microseconds(&table, row->timing.waking);
        add_microseconds(&table, row->timing.longest_wait);
    }
    table_print(&table, 0);
    printf("\n");
    timing_machine_text(timing);
}

json_t *timing_json(const struct timing *timing)
{
    json_t *document = json_object(), *rows = json_array();
    json_object_set_new(document, "lanes", json_integer(timing->lanes));
    json_object_set_new(document, "rounds", json_integer(timing->rounds));
    json_object_set_new(document, "machine", timing_machine_json(timing));
    for (size_t i = 0; i < timing->count; i++) {
        const struct timing_row *row = &timing->rows[i];
        json_t *object = json_object();
        json_object_set_new(object, "models", json_of_text(row->name));
        json_object_set_new(object, "class", json_integer(row->timing.class_number));
        json_object_set_new(object, "own", json_of_size(row->timing.own));
        json_object_set_new(object, "own_worst", json_of_size(row->timing.own_worst));
        json_object_set_new(object, "longest_part", json_of_size(row->timing.longest_part));
        if (row->blocker != NULL) json_object_set_new(object, "waits_for", json_of_text(row->blocker->name));
        json_object_set_new(object, "blocking", json_of_size(row->timing.blocking));
        json_object_set_new(object, "switching", json_of_size(row->timing.switching));
        json_object_set_new(object, "waking", json_of_size(row->timing.waking));
        json_object_set_new(object, "longest_wait", json_of_size(row->timing.longest_wait));
        json_array_append_new(rows, object);
    }
    json_object_set_new(document, "sets", rows);
    return document;
}
