/* SPDX-License-Identifier: Apache-2.0 */
/* Loading, linking and naming: what every command does with [NAME=]PATH, --link and
 * MODEL.TENSOR. */
#include "models.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "link_text.h"
#include "pipeline_file.h"
#include "progress.h"
#include "talk.h"

static bool is_name_character(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

size_t given_name_length(const char *argument)
{
    size_t length = 0;
    while (is_name_character(argument[length])) length++;
    return argument[length] == '=' ? length : 0;
}

/* A file's stem, as plait_load_file() makes a name of it: what a name must not have becomes '_'. */
static char *name_of_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = heap_text("%s", slash != NULL ? slash + 1 : path);
    char *dot = strrchr(name, '.');
    if (dot != NULL && dot != name) *dot = '\0';
    for (char *c = name; *c != '\0'; c++)
        if (!is_name_character(*c)) *c = '_';
    return name;
}

struct loaded_model *models_find(const struct models *models, const char *name)
{
    for (size_t i = 0; i < models->count; i++)
        if (strcmp(models->items[i].name, name) == 0) return &models->items[i];
    return NULL;
}

/* The name with the least number behind it that makes it free. */
static char *free_name(const struct models *models, char *name)
{
    char *numbered = heap_text("%s", name);
    for (int number = 2; models_find(models, numbered) != NULL; number++) {
        free(numbered);
        numbered = heap_text("%s_%d", name, number);
    }
    free(name);
    return numbered;
}

/* Adds a model that is not loaded yet. */
static int name_one(struct models *models, const char *argument, bool any_name)
{
    size_t given = given_name_length(argument);
    const char *path = given > 0 ? argument + given + 1 : argument;
    char *name = given > 0 ? heap_text("%.*s", (int)given, argument) : name_of_path(path);
    if (given == 0 && any_name) name = free_name(models, name);
    models->items = heap_grow(models->items, models->count, sizeof *models->items);
    struct loaded_model *item = &models->items[models->count];
    *item = (struct loaded_model){.name = name, .path = path, .set = models->count};
    if (models_find(models, name) != NULL) {
        complain(EXIT_USAGE, "%s: there is a model %s already; give this one a name: NAME=%s", path,
                 name, path);
        free(name);
        return EXIT_USAGE;
    }
    models->count++;
    return EXIT_FINE;
}

static int load_one(struct models *models, const char *argument, bool allow_unsupported)
{
    if (pipeline_is(argument)) return pipeline_load(models, argument, allow_unsupported);
    int code = name_one(models, argument, allow_unsupported);
    if (code != EXIT_FINE) return code;
    struct loaded_model *item = &models->items[models->count - 1];
    plait_status status =
        plait_load_file(models->interpreter, item->name, item->path, NULL, &item->model);
    if (status == PLAIT_UNSUPPORTED && allow_unsupported) {
        struct plait_load_options options;
        item->unsupported = heap_text("%s", plait_last_error(models->interpreter));
        plait_load_options_default(&options);
        options.allow_unsupported = true;
        status =
            plait_load_file(models->interpreter, item->name, item->path, &options, &item->model);
    }
    return status == PLAIT_OK ? EXIT_FINE : complain_status(models->interpreter, status, "");
}

static int open_interpreter(struct models *models, const struct options *options, int64_t threads)
{
    *models = (struct models){0};
    if (options->path_count == 0)
        return complain(EXIT_USAGE, "%s: which model? plait %s %s", options->command->name,
                        options->command->name, options->command->arguments);
    struct plait_options settings;
    plait_options_default(&settings);
    settings.threads = (int32_t)threads;
    int64_t lanes = 1, limit = 0, sleep_below = 0;
    int code = options_whole(options, "--lanes", 1, MODELS_MOST_LANES, &lanes);
    if (code == EXIT_FINE) code = options_whole(options, "--memory-limit", 1, LARGEST_MEMORY, &limit);
    if (code == EXIT_FINE) code = options_whole(options, "--sleep-below", 0, PLAIT_MOST_CLASS + 1, &sleep_below);
    if (code != EXIT_FINE) return code;
    settings.lanes = (int32_t)lanes;
    if (limit > 0) settings.memory_limit_bytes = (size_t)limit;
    settings.sleep_below_class = (int32_t)sleep_below;
    const plait_status status = plait_open(&settings, &models->interpreter);
    const char *watch = getenv("PLAIT_WATCH");
    if (status == PLAIT_IO && watch != NULL)
        return complain(EXIT_FILE, "PLAIT_WATCH: no socket can be opened in '%s'", watch);
    if (status != PLAIT_OK)
        return complain(exit_code_of(status), "cannot open an interpreter: %s",
                        plait_status_text(status));
    return EXIT_FINE;
}

int models_load(struct models *models, const struct options *options, int64_t threads,
                bool allow_unsupported)
{
    int code = open_interpreter(models, options, threads);
    for (size_t i = 0; code == EXIT_FINE && i < options->path_count; i++) {
        progress_step("loading %zu of %zu: %s", i + 1, options->path_count, options->paths[i]);
        code = load_one(models, options->paths[i], allow_unsupported);
    }
    return code;
}

int models_name(struct models *models, const struct options *options)
{
    int code = open_interpreter(models, options, 1);
    for (size_t i = 0; code == EXIT_FINE && i < options->path_count; i++)
        code = pipeline_is(options->paths[i]) ? pipeline_load(models, options->paths[i], false)
                                              : name_one(models, options->paths[i], false);
    return code;
}

void models_note_sleep(const struct models *models)
{
    struct plait_stats stats;
    if (plait_get_stats(models->interpreter, &stats) != PLAIT_OK || stats.sleeping + stats.wakes == 0) return;
    note("%zu of %zu models sleep, which gave up %zu bytes; %" PRIu64 " runs and plans woke some", stats.sleeping, stats.models,
         stats.sleeping_bytes, stats.wakes);
}

void models_close(struct models *models)
{
    for (size_t i = 0; i < models->count; i++) {
        free(models->items[i].name);
        free(models->items[i].unsupported);
    }
    free(models->items);
    free(models->links);
    plait_close(models->interpreter);
}

/* ---- links ----------------------------------------------------------------------------------- */

static void join_sets(struct models *models, size_t from, size_t to)
{
    for (size_t i = 0; i < models->count; i++)
        if (models->items[i].set == from) models->items[i].set = to;
}

/* Says when the two ends are not the same, and the library therefore put an adapter between
 * them. */
static void note_adapter(const char *what, const struct model_link *link)
{
    struct plait_quantization from = {0}, to = {0};
    plait_type from_type = plait_tensor_type(link->from), to_type = plait_tensor_type(link->to);
    plait_tensor_quantization(link->from, &from);
    plait_tensor_quantization(link->to, &to);
    if (from_type != to_type)
        note("%s: adapted, %s to %s", what, plait_type_name(from_type),
             plait_type_name(to_type));
    else if (from.count == 1 && to.count == 1 &&
             (from.scale[0] < to.scale[0] || from.scale[0] > to.scale[0] ||
              from.zero_point[0] != to.zero_point[0]))
        note("%s: adapted, scale %.9g zero point %d to scale %.9g zero point %d", what,
             (double)from.scale[0], from.zero_point[0], (double)to.scale[0], to.zero_point[0]);
}

void models_note_link(struct models *models, const char *what, const struct model_link *link)
{
    models->links = heap_grow(models->links, models->link_count, sizeof *models->links);
    models->links[models->link_count++] = *link;
    join_sets(models, models_of(models, link->from)->set, models_of(models, link->to)->set);
    models->has_windows = models->has_windows || link->options.hop > 0;
    models->has_conditions = models->has_conditions || link->options.when != PLAIT_ALWAYS;
    struct model_link *noted = &models->links[models->link_count - 1];
    noted->cuts = link->options.crop != NULL;
    noted->options.when_output = NULL; /* what they point to may go before the link does */
    noted->options.crop = NULL;
    note_adapter(what, link);
}

/* Makes a link, and says when an adapter had to be put between its ends. */
static int link_tensors(struct models *models, const char *value, const struct link_text *text)
{
    const struct tensor_reference *from = &text->from, *to = &text->to;
    plait_status status = plait_link(models->interpreter, from->model_name, from->tensor_name,
                                     to->model_name, to->tensor_name, &text->options);
    if (status != PLAIT_OK) return complain_status(models->interpreter, status, "--link");
    struct plait_tensor *source = text->options.from_input
                                      ? plait_find_input(from->model->model, from->tensor_name)
                                      : plait_find_output(from->model->model, from->tensor_name);
    char *what = heap_text("--link %s", value);
    models_note_link(models, what,
                     &(struct model_link){source, plait_find_input(to->model->model, to->tensor_name), text->options, false});
    free(what);
    return EXIT_FINE;
}

static int link_one(struct models *models, const char *value)
{
    struct link_text link;
    int code = link_read(&link, models, value);
    if (code == EXIT_FINE) code = link_tensors(models, value, &link);
    link_free(&link);
    return code;
}

int models_link(struct models *models, const struct options *options)
{
    size_t position = 0;
    for (const char *value; (value = options_next(options, "--link", &position)) != NULL;) {
        int code = link_one(models, value);
        if (code != EXIT_FINE) return code;
    }
    return EXIT_FINE;
}

size_t *models_depths(const struct models *models)
{
    size_t *depths = heap_array(models->count, sizeof *depths);
    for (size_t round = 0; round < models->count; round++)
        for (size_t i = 0; i < models->link_count; i++) {
            const struct model_link *link = &models->links[i];
            if (link->options.from_input) continue;
            const size_t from = (size_t)(models_of(models, link->from) - models->items);
            const size_t to = (size_t)(models_of(models, link->to) - models->items);
            if (depths[to] <= depths[from]) depths[to] = depths[from] + 1;
        }
    return depths;
}

bool models_feeds(const struct models *models, const struct plait_tensor *input)
{
    for (size_t i = 0; i < models->link_count; i++)
        if (models->links[i].to == input) return true;
    return false;
}

bool models_takes(const struct models *models, const struct plait_tensor *output)
{
    for (size_t i = 0; i < models->link_count; i++)
        if (models->links[i].from == output) return true;
    return false;
}
