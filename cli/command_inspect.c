/* SPDX-License-Identifier: Apache-2.0 */
/* plait inspect: what is in models, whether they can run, and the memory they need alone and
 * together. */
#include "inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "draw.h"
#include "heap.h"
#include "progress.h"
#include "talk.h"
#include "timing.h"

static int compare_counts(const void *left, const void *right)
{
    const struct operator_count *a = left, *b = right;
    if (a->count != b->count) return a->count > b->count ? -1 : 1;
    return strcmp(a->name, b->name);
}

struct operator_count *count_operators(const struct plait_model *model, size_t *count)
{
    struct operator_count *counts = NULL;
    *count = 0;
    for (size_t i = 0; i < plait_operator_count(model); i++) {
        struct plait_operator_info info;
        if (plait_operator_at(model, i, &info) != PLAIT_OK) continue;
        size_t at = 0;
        while (at < *count && strcmp(counts[at].name, info.name) != 0) at++;
        if (at == *count) {
            counts = heap_grow(counts, *count, sizeof *counts);
            counts[(*count)++] = (struct operator_count){.name = info.name};
        }
        counts[at].count++;
        counts[at].unsupported = counts[at].unsupported || !info.supported;
    }
    if (*count > 0) qsort(counts, *count, sizeof *counts, compare_counts);
    return counts;
}

/* Gives a model's inputs the shapes that they have in another one of the same file. */
static plait_status take_shapes(struct plait_model *model, const struct plait_model *from)
{
    enum { MAX_RANK = 8 };
    plait_status status = PLAIT_OK;
    for (size_t i = 0; status == PLAIT_OK && i < plait_input_count(from); i++) {
        int32_t dims[MAX_RANK], rank = plait_tensor_rank(plait_input(from, i));
        for (int32_t axis = 0; axis < rank && axis < MAX_RANK; axis++)
            dims[axis] = plait_tensor_dim(plait_input(from, i), axis);
        status = plait_resize_input(model, i, dims, rank);
    }
    return status;
}

/* What the model takes in an interpreter of its own: measured, not estimated. */
static plait_status look_alone(const struct loaded_model *item, struct plait_stats *stats)
{
    struct plait_interpreter *interpreter = NULL;
    struct plait_model *model = NULL;
    plait_status status = plait_open(NULL, &interpreter);
    if (status == PLAIT_OK) status = plait_load_file(interpreter, "alone", item->path, NULL, &model);
    if (status == PLAIT_OK) status = take_shapes(model, item->model);
    if (status == PLAIT_OK) status = plait_allocate(interpreter);
    if (status == PLAIT_OK) status = plait_get_stats(interpreter, stats);
    plait_close(interpreter);
    return status;
}

static void add_alone(struct plait_stats *sum, const struct plait_stats *alone)
{
    sum->constant_bytes += alone->constant_bytes;
    sum->io_bytes += alone->io_bytes;
    sum->state_bytes += alone->state_bytes;
    sum->arena_bytes += alone->arena_bytes;
    sum->memory_bytes += alone->memory_bytes;
}

static int look_at_row(const struct models *models, size_t index, struct memory_report *report)
{
    struct memory_row *row = &report->rows[index];
    plait_status status = plait_model_memory(models->items[index].model, &row->memory);
    if (status != PLAIT_OK) return complain_status(models->interpreter, status, "--memory");
    progress_step("planning %s alone", row->name);
    status = look_alone(&models->items[index], &row->alone);
    if (status != PLAIT_OK)
        return complain(exit_code_of(status), "--memory: %s alone: %s", row->name,
                        plait_status_text(status));
    add_alone(&report->apart, &row->alone);
    return EXIT_FINE;
}

/* Whether nothing that it is linked with lacks anything. */
static bool can_plan(const struct models *models, const struct loaded_model *item)
{
    for (size_t i = 0; i < models->count; i++)
        if (models->items[i].set == item->set && models->items[i].unsupported != NULL) return false;
    return true;
}

/* Plans all models that can run, in one interpreter and each alone, and reads what they need. */
static int look_at_memory(struct models *models, struct memory_report *report)
{
    bool some = false;
    report->rows = heap_array(models->count, sizeof *report->rows);
    report->count = models->count;
    for (size_t i = 0; i < models->count; i++) {
        report->rows[i].name = models->items[i].name;
        report->rows[i].known = can_plan(models, &models->items[i]);
        some = some || !report->rows[i].known;
        if (models->items[i].unsupported != NULL && !models->items[i].of_pipeline) plait_unload(models->items[i].model);
    }
    progress_step("planning %zu model%s", models->count, models->count == 1 ? "" : "s");
    plait_status status = plait_allocate(models->interpreter);
    if (status == PLAIT_UNSUPPORTED && some) status = PLAIT_OK; /* it plans all that can be, and that was said */
    if (status == PLAIT_OK) status = plait_get_stats(models->interpreter, &report->together);
    if (status != PLAIT_OK) return complain_status(models->interpreter, status, "--memory");
    int code = EXIT_FINE;
    for (size_t i = 0; code == EXIT_FINE && i < models->count; i++)
        if (report->rows[i].known) code = look_at_row(models, i, report);
    return code;
}

/* Says of every model that cannot run what it lacks. */
static int say_unsupported(const struct models *models)
{
    int code = EXIT_FINE;
    for (size_t i = 0; i < models->count; i++)
        if (models->items[i].unsupported != NULL)
            code = complain(EXIT_UNSUPPORTED, "%s", models->items[i].unsupported);
    return code;
}

/* What windows reuse and models share is known of a plan alone. */
static int plan_links(struct models *models)
{
    bool wanted = models->has_windows || models->link_count > 0;
    for (size_t i = 0; i < models->count; i++)
        wanted = wanted && models->items[i].unsupported == NULL;
    if (!wanted || plait_allocate(models->interpreter) == PLAIT_OK || !models->has_windows)
        return EXIT_FINE;
    return complain_status(models->interpreter, PLAIT_MISMATCH, "--link");
}

/* Draws what can run; of anything else, what is missing has been said. */
static int draw_all(struct models *models, const char *path)
{
    progress_step("planning %zu model%s", models->count, models->count == 1 ? "" : "s");
    const plait_status status = plait_allocate(models->interpreter);
    if (status != PLAIT_OK) return complain_status(models->interpreter, status, "--svg");
    return draw(models, path);
}

/* Of models that can all run. */
static int look_at_timing(struct models *models, const struct options *options, struct timing *timing)
{
    int code = timing_begin(timing, models, options);
    if (code == EXIT_FINE) code = timing_measure(timing, models, options);
    progress_end();
    if (code == EXIT_FINE && !options_given(options, "--json")) timing_text(timing, models);
    return code;
}

static int show(struct models *models, const struct options *options)
{
    bool operators = options_given(options, "--ops"), json = options_given(options, "--json");
    struct memory_report memory = {0};
    struct timing timing = {0};
    struct json_t *document = NULL, *pipeline = NULL;
    int code = EXIT_FINE;
    progress_clear();
    if (json) document = inspect_json_models(models, operators);
    else inspect_text_models(models, operators);
    if (json && models->pipeline != NULL) pipeline = inspect_json_pipeline(models);
    if (!json) inspect_text_pipeline(models);
    int unsupported = say_unsupported(models);
    const char *picture = options_value(options, "--svg", NULL);
    if (picture != NULL && unsupported == EXIT_FINE) code = draw_all(models, picture);
    if (code == EXIT_FINE && unsupported == EXIT_FINE && options_given(options, "--timing"))
        code = look_at_timing(models, options, &timing);
    if (code == EXIT_FINE && options_given(options, "--memory")) {
        code = look_at_memory(models, &memory);
        progress_end();
        if (code == EXIT_FINE && !json) inspect_text_memory(&memory);
    }
    struct json_t *times = json && code == EXIT_FINE && timing.count > 0 ? timing_json(&timing) : NULL;
    if (json) inspect_json_print(document, pipeline, times, code == EXIT_FINE && memory.count > 0 ? &memory : NULL);
    timing_free(&timing);
    free(memory.rows);
    return code == EXIT_FINE ? unsupported : code;
}

static int inspect(const struct command *command, int count, char **arguments)
{
    struct options options;
    struct models models = {0};
    int code = options_read(&options, command, count, arguments);
    if (code == EXIT_FINE) code = models_load(&models, &options, 1, true);
    if (code == EXIT_FINE) code = models_link(&models, &options);
    if (code == EXIT_FINE) code = plan_links(&models);
    if (code == EXIT_FINE) code = show(&models, &options);
    progress_end();
    models_close(&models);
    options_free(&options);
    return code;
}

static const struct option_rule rules[] = {
    {"--memory", "", VALUE_NONE, "the memory each model needs, and all of them in one interpreter"},
    {"--ops", "", VALUE_NONE, "list every operator, not only how many there are of each"},
    {"--svg", "FILE", VALUE_REQUIRED, "draw models, links and the arena over time"},
    {"--timing", "", VALUE_NONE, "measure how long each takes, and how long it waits at most for a lower class"},
    {"--class", "MODEL=N", VALUE_REQUIRED, "its class, 0 to 15: higher ones interrupt lower ones (default 0)"},
    {"--lanes", "N", VALUE_REQUIRED, "models that run at once (default 1)"},
    {"--memory-limit", "BYTES", VALUE_REQUIRED, "of all models together (8 GiB)"},
    {"--sleep-below", "N", VALUE_REQUIRED, "what would exceed it has idle models of classes below N sleep\n(0: none, 16: any)"},
    {"--rounds", "N", VALUE_REQUIRED, "rounds in which times are measured (default 200)"},
    {"--input", "M.IN=FILE", VALUE_REQUIRED, "feed an input for --timing, as plait run does"},
    {"--random-input", "SEED", VALUE_OPTIONAL, "what all other inputs get comes from this seed (default 1)"},
    {"--link", "A.OUT=B.IN", VALUE_REQUIRED, "link models, as plait run does"},
    {"--json", "", VALUE_NONE, "as JSON"},
};

const struct command command_inspect = {
    .name = "inspect",
    .summary =
        "Shows inputs, outputs, signatures and operators of models, and what they need to run.",
    .arguments = "[NAME=]PATH... | FILE.json",
    .rules = rules,
    .rule_count = sizeof rules / sizeof rules[0],
    .help = "A model that needs what is not implemented is shown all the same; everything it lacks "
            "is listed,\n"
            "and the exit code is 4.\n"
            "\n"
            "Memory is in bytes and read from the plan that runs: constants, inputs and outputs "
            "(io), state,\n"
            "and the arena against its bound, the least that any placement of its tensors could "
            "need.\n"
            "\n"
            "Times are in microseconds and measured in the program that runs: of each set of linked models half of\n"
            "its runs and the longest, its longest part, what it waits for where a lower class runs, what it takes\n"
            "to begin, and the sum of these, from request to answer.\n"
            "\n"
            "The picture of --svg has models and links from left to right; the arena, operators to the "
            "right and\n"
            "bytes upwards, in the colours of the models; and what all of it takes, each model for "
            "itself and\n"
            "together. Where the pointer rests, it says what is there.\n",
    .run = inspect,
};
