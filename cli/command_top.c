/* SPDX-License-Identifier: Apache-2.0 */
/* plait top: how the models of running processes do, again and again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "duration.h"
#include "heap.h"
#include "json_text.h"
#include "table.h"
#include "talk.h"
#include "watched.h"

/* A socket, and its last report. */
struct process {
    char *path;
    json_t *before; /* NULL: there is none yet */
};

struct top {
    const char *path;
    uint64_t interval;
    int64_t times; /* to show it; 0: without end */
    bool json;
    struct process *processes;
    size_t count;
};

/* ---- showing --------------------------------------------------------------------------------- */

static void add_time(struct table *table, double nanoseconds)
{
    if (nanoseconds == 0) table_add(table, "-");
    else table_add(table, "%.1f", nanoseconds / 1e3);
}

static void add_bytes(struct table *table, int64_t bytes)
{
    char *text = grouped_number((size_t)bytes);
    table_add(table, "%s", text);
    free(text);
}

static void add_model(struct table *table, const struct watched_model *model)
{
    table_add(table, "%s", model->name);
    table_add(table, "%lld", (long long)model->class_number);
    table_add(table, "%.1f", model->runs_per_second);
    add_time(table, model->percentile_50);
    add_time(table, model->percentile_90);
    add_time(table, model->percentile_99);
    add_time(table, model->longest);
    table_add(table, "%lld", (long long)model->waiting);
    table_add(table, "%llu", (unsigned long long)model->failed);
    add_bytes(table, model->state_bytes);
    add_bytes(table, model->arena_bytes);
    add_bytes(table, model->constant_bytes);
    if (model->sleeping_bytes > 0) add_bytes(table, model->sleeping_bytes);
    else table_add(table, "-");
}

static void show(const json_t *before, const json_t *after)
{
    static const char *const heads[] = {"model", "class",   "runs/s", "50 % us",   "90 %",  "99 %",
                                        "longest", "waiting", "failed", "own bytes", "arena", "constants", "asleep"};
    const json_t *memory = json_object_get(after, "memory");
    const char *cpu = json_string_value(json_object_get(after, "cpu"));
    struct table table = {.alignment = "lrrrrrrrrrrrr"};
    char *all = grouped_number((size_t)watched_number(memory, "all"));
    char *peak = grouped_number((size_t)watched_number(memory, "peak"));
    printf("process %lld: %zu model%s, %lld lane%s, %s; %s bytes of memory, %s at most\n",
           (long long)watched_number(after, "process"), watched_count(after), watched_count(after) == 1 ? "" : "s",
           (long long)watched_number(memory, "lanes"), watched_number(memory, "lanes") == 1 ? "" : "s",
           cpu != NULL ? cpu : "", all, peak);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) table_add(&table, "%s", heads[i]);
    for (size_t i = 0; i < watched_count(after); i++) {
        struct watched_model model;
        watched_compare(before, after, i, &model);
        add_model(&table, &model);
    }
    table_print(&table, 2);
    free(all);
    free(peak);
}

/* ---- again and again ------------------------------------------------------------------------- */

/* Keeps the reports of those that are still there. */
static int find_processes(struct top *top)
{
    struct sockets sockets = {0};
    const int code = sockets_find(&sockets, top->path);
    if (code != EXIT_FINE) return code;
    struct process *found = heap_array(sockets.count, sizeof *found);
    for (size_t i = 0; i < sockets.count; i++) {
        found[i].path = heap_text("%s", sockets.paths[i]);
        for (size_t k = 0; k < top->count; k++) {
            if (strcmp(top->processes[k].path, found[i].path) != 0) continue;
            found[i].before = top->processes[k].before;
            top->processes[k].before = NULL;
        }
    }
    for (size_t k = 0; k < top->count; k++) {
        json_decref(top->processes[k].before);
        free(top->processes[k].path);
    }
    free(top->processes);
    top->processes = found;
    top->count = sockets.count;
    sockets_free(&sockets);
    return EXIT_FINE;
}

/* One look at all. The first is for the second to compare with, and is not shown. */
static int look(struct top *top, bool first)
{
    size_t answered = 0;
    int code = find_processes(top);
    if (code != EXIT_FINE) return code;
    if (!first && !top->json && isatty(STDOUT_FILENO)) fputs("\033[H\033[2J", stdout);
    for (size_t i = 0; i < top->count; i++) {
        struct process *process = &top->processes[i];
        json_t *report = watched_read(process->path, first && top->count == 1);
        if (report == NULL) continue;
        answered++;
        if (!first && top->json) json_print(json_incref(report), true);
        if (!first && !top->json) show(process->before, report);
        json_decref(process->before);
        process->before = report;
    }
    fflush(stdout);
    if (answered > 0) return EXIT_FINE;
    if (!first) return complain(EXIT_FILE, "%s: no process is left", top->path);
    return top->count == 1 ? EXIT_FILE : complain(EXIT_FILE, "%s: no process opened a socket here", top->path);
}

static int watch(struct top *top)
{
    const struct timespec interval = {(time_t)(top->interval / 1000000000), (long)(top->interval % 1000000000)};
    int code = look(top, true);
    for (int64_t i = 0; code == EXIT_FINE && (top->times == 0 || i < top->times); i++) {
        nanosleep(&interval, NULL);
        code = look(top, false);
    }
    return code;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int read_settings(struct top *top, const struct options *options)
{
    const char *interval = options_value(options, "--interval", "1s");
    top->json = options_given(options, "--json");
    if (top->json) top->times = 1;
    if (options->path_count > 1) return complain(EXIT_USAGE, "top: one socket or folder, not %zu", options->path_count);
    top->path = options->path_count == 1 ? options->paths[0] : getenv("PLAIT_WATCH");
    if (top->path == NULL || top->path[0] == '\0')
        return complain(EXIT_USAGE, "top: whose models? plait top SOCKET, or the folder that PLAIT_WATCH names");
    if (!duration_read(interval, &top->interval))
        return complain(EXIT_USAGE, "--interval: '%s' is not a time; write 500ms or 2s", interval);
    return options_whole(options, "--times", 1, INT64_MAX, &top->times);
}

static int run(const struct command *command, int count, char **arguments)
{
    struct options options;
    struct top top = {0};
    int code = options_read(&options, command, count, arguments);
    if (code == EXIT_FINE) code = read_settings(&top, &options);
    if (code == EXIT_FINE) code = watch(&top);
    for (size_t i = 0; i < top.count; i++) {
        json_decref(top.processes[i].before);
        free(top.processes[i].path);
    }
    free(top.processes);
    options_free(&options);
    return code;
}

static const struct option_rule rules[] = {
    {"--interval", "TIME", VALUE_REQUIRED, "between two looks (default 1s)"},
    {"--times", "N", VALUE_REQUIRED, "ends after so many (default: never)"},
    {"--json", "", VALUE_NONE, "one report as it is read from the socket"},
};

const struct command command_top = {
    .name = "top",
    .summary = "Shows how the models of running programs do: rates, latencies, queue, memory.",
    .arguments = "[SOCKET | FOLDER]",
    .rules = rules,
    .rule_count = sizeof rules / sizeof rules[0],
    .help = "A program opens the socket with plait_watch(), or, whatever it is, when it is started with\n"
            "PLAIT_WATCH=FOLDER in its environment, one for each interpreter. Without an argument, that\n"
            "variable is where to look. Rates and latencies are of the time since the last look; latencies are\n"
            "in microseconds, from call to return, up to a quarter too high.\n"
            "\n"
            "example:\n"
            "  PLAIT_WATCH=/tmp python3 detect.py &\n"
            "  plait top /tmp\n",
    .run = run,
};
