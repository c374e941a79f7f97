/* SPDX-License-Identifier: Apache-2.0 */
/* plait plan: whether models that are asked for periodically are always in time, and if not, what they wait for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "duration.h"
#include "heap.h"
#include "json_text.h"
#include "progress.h"
#include "table.h"
#include "talk.h"
#include "timing.h"

/* What is asked for periodically: rows of the timing, in the order of --every. */
struct plan {
    struct timing timing;
    struct plait_periodic *set;
    struct plait_response *responses;
    const struct timing_row **rows;
    size_t count;
    bool in_time;
};

/* ---- what the command line says ------------------------------------------------------------- */

static int read_time(const struct models *models, const char *option, const char *value, const char *form,
                     const struct loaded_model **model, uint64_t *nanoseconds)
{
    const char *rest = NULL;
    const int code = timing_option(models, option, value, form, model, &rest);
    if (code != EXIT_FINE || duration_read(rest, nanoseconds)) return code;
    return complain(EXIT_USAGE, "%s %s: '%s' is not a time; write 250us, 5ms, 0.1s or 200Hz", option, value, rest);
}

static size_t find_set(const struct plan *plan, const struct loaded_model *model)
{
    size_t i = 0;
    while (i < plan->count && plan->rows[i]->first->set != model->set) i++;
    return i;
}

static int read_periods(struct plan *plan, const struct models *models, const struct options *options)
{
    size_t position = 0;
    const char *value;
    const struct loaded_model *model = NULL;
    while ((value = options_next(options, "--every", &position)) != NULL) {
        uint64_t period = 0;
        const int code = read_time(models, "--every", value, "MODEL=TIME", &model, &period);
        if (code != EXIT_FINE) return code;
        if (find_set(plan, model) < plan->count)
            return complain(EXIT_USAGE, "--every %s: %s has a period already", value, plan->rows[find_set(plan, model)]->name);
        size_t row = 0;
        while (plan->timing.rows[row].first->set != model->set) row++;
        plan->rows[plan->count] = &plan->timing.rows[row];
        plan->set[plan->count++] = (struct plait_periodic){.model = plan->timing.rows[row].first->model, .period = period};
    }
    return EXIT_FINE;
}

static int read_deadlines(struct plan *plan, const struct models *models, const struct options *options)
{
    size_t position = 0;
    const char *value;
    const struct loaded_model *model = NULL;
    while ((value = options_next(options, "--deadline", &position)) != NULL) {
        uint64_t deadline = 0;
        const int code = read_time(models, "--deadline", value, "MODEL=TIME", &model, &deadline);
        if (code != EXIT_FINE) return code;
        const size_t at = find_set(plan, model);
        if (at == plan->count)
            return complain(EXIT_USAGE, "--deadline %s: how often is it asked for? --every %s=TIME", value, model->name);
        if (deadline > plan->set[at].period)
            return complain(EXIT_USAGE, "--deadline %s: a deadline behind the period, %g ms, is not planned for", value,
                            (double)plan->set[at].period / 1e6);
        plan->set[at].deadline = deadline;
    }
    return EXIT_FINE;
}

/* ---- showing --------------------------------------------------------------------------------- */

static void add_milliseconds(struct table *table, uint64_t nanoseconds)
{
    table_add(table, "%.3f", (double)nanoseconds / 1e6);
}

static uint64_t deadline_of(const struct plait_periodic *one)
{
    return one->deadline > 0 ? one->deadline : one->period;
}

/* Where the time goes of one that may be late. */
static void say_why(const struct plan *plan, size_t at)
{
    const struct plait_response *response = &plan->responses[at];
    const char *blocker = plan->rows[at]->blocker != NULL ? plan->rows[at]->blocker->name : "";
    printf("%s may end %.3f ms after its deadline: of %.3f ms it takes %.3f itself", plan->rows[at]->name,
           (double)(response->longest - deadline_of(&plan->set[at])) / 1e6, (double)response->longest / 1e6,
           (double)response->own / 1e6);
    printf(", waits %.3f to wake up and for the machine", (double)response->system / 1e6);
    if (response->blocked > 0) printf(", %.3f for a part of %s", (double)response->blocked / 1e6, blocker);
    if (response->higher > 0) printf(", %.3f for higher classes", (double)response->higher / 1e6);
    if (response->same > 0) printf(", %.3f for others of class %d", (double)response->same / 1e6, plan->rows[at]->timing.class_number);
    printf(".\n");
}

static void show_text(const struct plan *plan)
{
    static const char *const heads[] = {"ms",      "class",  "every", "deadline", "own",
                                        "blocked", "higher", "same",  "system",   "longest", ""};
    struct table table = {.alignment = "lrrrrrrrrrl"};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) table_add(&table, "%s", heads[i]);
    for (size_t i = 0; i < plan->count; i++) {
        const struct plait_response *response = &plan->responses[i];
        table_add(&table, "%s", plan->rows[i]->name);
        table_add(&table, "%d", plan->rows[i]->timing.class_number);
        add_milliseconds(&table, plan->set[i].period);
        add_milliseconds(&table, deadline_of(&plan->set[i]));
        add_milliseconds(&table, response->own);
        add_milliseconds(&table, response->blocked);
        add_milliseconds(&table, response->higher);
        add_milliseconds(&table, response->same);
        add_milliseconds(&table, response->system);
        add_milliseconds(&table, response->longest);
        table_add(&table, "%s", response->in_time ? "in time" : "LATE");
    }
    table_print(&table, 0);
    printf("\n%lld lane%s: ", (long long)plan->timing.lanes, plan->timing.lanes == 1 ? "" : "s");
    puts(plan->in_time ? "all deadlines are met." : "not all deadlines can be promised.");
    for (size_t i = 0; i < plan->count; i++)
        if (!plan->responses[i].in_time) say_why(plan, i);
    timing_machine_text(&plan->timing);
}

static void show_json(const struct plan *plan)
{
    json_t *document = json_object(), *sets = json_array();
    json_object_set_new(document, "lanes", json_integer(plan->timing.lanes));
    json_object_set_new(document, "in_time", json_boolean(plan->in_time));
    json_object_set_new(document, "machine", timing_machine_json(&plan->timing));
    for (size_t i = 0; i < plan->count; i++) {
        const struct plait_response *response = &plan->responses[i];
        json_t *object = json_object();
        json_object_set_new(object, "models", json_of_text(plan->rows[i]->name));
        json_object_set_new(object, "class", json_integer(plan->rows[i]->timing.class_number));
        json_object_set_new(object, "every", json_of_size(plan->set[i].period));
        json_object_set_new(object, "deadline", json_of_size(deadline_of(&plan->set[i])));
        json_object_set_new(object, "own", json_of_size(response->own));
        json_object_set_new(object, "blocked", json_of_size(response->blocked));
        json_object_set_new(object, "higher", json_of_size(response->higher));
        json_object_set_new(object, "same", json_of_size(response->same));
        json_object_set_new(object, "system", json_of_size(response->system));
        json_object_set_new(object, "longest", json_of_size(response->longest));
        json_object_set_new(object, "in_time", json_boolean(response->in_time));
        json_array_append_new(sets, object);
    }
    json_object_set_new(document, "sets", sets);
    json_print(document, true);
}

/* ---- the command ----------------------------------------------------------------------------- */

/* What is asked for, before anything is measured. */
static int read_plan(struct plan *plan, const struct models *models, const struct options *options)
{
    plan->set = heap_array(models->count, sizeof *plan->set);
    plan->responses = heap_array(models->count, sizeof *plan->responses);
    plan->rows = heap_array(models->count, sizeof *plan->rows);
    int code = timing_begin(&plan->timing, models, options);
    if (code == EXIT_FINE) code = read_periods(plan, models, options);
    if (code == EXIT_FINE) code = read_deadlines(plan, models, options);
    if (code == EXIT_FINE && plan->count == 0)
        code = complain(EXIT_USAGE, "plan: how often is which model asked for? --every %s=TIME", models->items[0].name);
    return code;
}

static int check(struct plan *plan, const struct models *models)
{
    const plait_status status =
        plait_check_deadlines(models->interpreter, plan->set, plan->count, plan->responses, &plan->in_time);
    return status == PLAIT_OK ? EXIT_FINE : complain_status(models->interpreter, status, "");
}

static int plan_models(struct plan *plan, struct models *models, const struct options *options)
{
    if (!options_given(options, "--deadlines"))
        return complain(EXIT_USAGE, "plan: what is to be planned? --deadlines");
    int code = models_load(models, options, 1, false);
    if (code == EXIT_FINE) code = models_link(models, options);
    if (code == EXIT_FINE) code = read_plan(plan, models, options);
    if (code == EXIT_FINE) code = timing_measure(&plan->timing, models, options);
    progress_end();
    return code == EXIT_FINE ? check(plan, models) : code;
}

static int run(const struct command *command, int count, char **arguments)
{
    struct options options;
    struct models models = {0};
    struct plan plan = {0};
    int code = options_read(&options, command, count, arguments);
    if (code == EXIT_FINE) code = plan_models(&plan, &models, &options);
    if (code == EXIT_FINE) (options_given(&options, "--json") ? show_json : show_text)(&plan);
    if (code == EXIT_FINE && !plan.in_time) code = EXIT_MISMATCH;
    progress_end();
    timing_free(&plan.timing);
    free(plan.set);
    free(plan.responses);
    free(plan.rows);
    models_close(&models);
    options_free(&options);
    return code;
}

static const struct option_rule rules[] = {
    {"--deadlines", "", VALUE_NONE, "whether all are always in time"},
    {"--every", "MODEL=TIME", VALUE_REQUIRED, "how often it is asked for, at most: 5ms, 200Hz"},
    {"--deadline", "MODEL=TIME", VALUE_REQUIRED, "when it must be done after that (default: when it may be asked for again)"},
    {"--class", "MODEL=N", VALUE_REQUIRED, "its class, 0 to 15: higher ones interrupt lower ones (default 0)"},
    {"--lanes", "N", VALUE_REQUIRED, "models that run at once (default 1)"},
    {"--rounds", "N", VALUE_REQUIRED, "rounds in which times are measured (default 200)"},
    {"--link", "A.OUT=B.IN", VALUE_REQUIRED, "link models, as plait run does"},
    {"--input", "M.IN=FILE", VALUE_REQUIRED, "feed an input, as plait run does"},
    {"--random-input", "SEED", VALUE_OPTIONAL, "what all other inputs get comes from this seed (default 1)"},
    {"--json", "", VALUE_NONE, "as JSON, in nanoseconds"},
};

const struct command command_plan = {
    .name = "plan",
    .summary = "Says whether models that are asked for periodically are always in time.",
    .arguments = "--deadlines [NAME=]PATH... | FILE.json --every MODEL=TIME...",
    .rules = rules,
    .rule_count = sizeof rules / sizeof rules[0],
    .help = "Every set of linked models is run, and the longest that it and its parts took is what is\n"
            "counted with: so what is promised holds as long as the machine stays as it was meanwhile. What it\n"
            "takes from who runs, for other processes, interrupts and other guests of a host, is measured, too,\n"
            "and is less for what the system schedules first, say under chrt -f 10. A set is named by any of\n"
            "its models. One without --every is only waited for, a part at a time.\n"
            "\n"
            "  own       what it takes, with both switches\n"
            "  blocked   by one part of a lower class\n"
            "  higher    by all that higher classes can run meanwhile\n"
            "  same      by others of its class that are due before it, or have begun\n"
            "  system    until a thread wakes up, and what the machine takes from 99 of 100 milliseconds\n"
            "  longest   from asked for to done\n"
            "\n"
            "The exit code is 5 if a deadline can be missed.\n"
            "\n"
            "example:\n"
            "  plait plan --deadlines motor.tflite scene.tflite --class motor=1 --every motor=200Hz \\\n"
            "      --deadline motor=2ms --every scene=2s\n",
    .run = run,
};
