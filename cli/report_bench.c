/* SPDX-License-Identifier: Apache-2.0 */
/* What plait bench measured. The document:
 *   cpu, threads, rounds, warm_up
 *   sets: [{models: [name], times}], round: times
 *   times: {median, least, mean, percentile_90, percentile_99}, in nanoseconds
 *   operators: [{model, index, name, calls, nanoseconds}], of all rounds together */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "heap.h"
#include "json_text.h"
#include "sets.h"
#include "table.h"

/* ---- times ----------------------------------------------------------------------------------- */

struct summary {
    double median, least, mean, percentile_90, percentile_99; /* nanoseconds */
};

static int compare_times(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

/* The least time that `percent` of all do not exceed. */
static double percentile(const struct bench_times *times, size_t percent)
{
    const size_t rank = (times->count * percent + 99) / 100;
    return (double)times->nanoseconds[rank > 0 ? rank - 1 : 0];
}

static struct summary summarize(struct bench_times *times)
{
    qsort(times->nanoseconds, times->count, sizeof *times->nanoseconds, compare_times);
    double sum = 0;
    for (size_t i = 0; i < times->count; i++) sum += (double)times->nanoseconds[i];
    return (struct summary){.median = percentile(times, 50),
                            .least = (double)times->nanoseconds[0],
                            .mean = sum / (double)times->count,
                            .percentile_90 = percentile(times, 90),
                            .percentile_99 = percentile(times, 99)};
}

static void add_times(struct table *table, struct bench_times *times)
{
    const struct summary summary = summarize(times);
    table_add(table, "%.1f", summary.median / 1e3);
    table_add(table, "%.1f", summary.least / 1e3);
    table_add(table, "%.1f", summary.mean / 1e3);
    table_add(table, "%.1f", summary.percentile_90 / 1e3);
    table_add(table, "%.1f", summary.percentile_99 / 1e3);
}

static const char *cpu_of(struct bench *bench)
{
    struct plait_stats stats = {.cpu = ""};
    plait_get_stats(bench->models->interpreter, &stats);
    return stats.cpu;
}

static void print_sets(struct bench *bench)
{
    static const char *const heads[] = {"us", "median", "least", "mean", "90 %", "99 %"};
    struct table table = {.alignment = "lrrrrr"};
    size_t shown = 0;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) table_add(&table, "%s", heads[i]);
    for (size_t set = 0; set < bench->models->count; set++) {
        if (bench->sets[set].count == 0) continue;
        char *name = sets_name(bench->models, set);
        table_add(&table, "%s", name);
        add_times(&table, &bench->sets[set]);
        free(name);
        shown++;
    }
    if (shown > 1) {
        table_add(&table, "all %zu", shown);
        add_times(&table, &bench->all);
    }
    table_print(&table, 0);
}

/* ---- operators ------------------------------------------------------------------------------- */

/* An operator, or all of one name. */
struct operator_row {
    const struct loaded_model *model;
    const char *name;
    int32_t index; /* -1: of a link */
    size_t count;
    uint64_t calls;
    uint64_t nanoseconds;
};

struct operator_rows {
    struct operator_row *items;
    size_t count;
    uint64_t nanoseconds;
};

static void add_row(struct operator_rows *rows, const struct loaded_model *model,
                    const struct plait_profile_entry *entry, bool together)
{
    size_t at = together ? 0 : rows->count;
    while (at < rows->count && strcmp(rows->items[at].name, entry->name) != 0) at++;
    if (at == rows->count) {
        rows->items = heap_grow(rows->items, rows->count, sizeof *rows->items);
        rows->items[rows->count++] = (struct operator_row){.model = model, .name = entry->name, .index = entry->operator_index};
    }
    rows->items[at].count++;
    rows->items[at].calls += entry->calls;
    rows->items[at].nanoseconds += entry->nanoseconds;
    rows->nanoseconds += entry->nanoseconds;
}

static struct operator_rows collect(struct bench *bench, bool together)
{
    struct operator_rows rows = {0};
    for (size_t i = 0; i < bench->models->count; i++) {
        const struct loaded_model *model = &bench->models->items[i];
        struct plait_profile_entry entry;
        for (size_t k = 0; plait_profile_at(model->model, k, &entry) == PLAIT_OK; k++)
            add_row(&rows, model, &entry, together);
    }
    return rows;
}

static int compare_rows(const void *left, const void *right)
{
    const struct operator_row *a = left, *b = right;
    if (a->nanoseconds != b->nanoseconds) return a->nanoseconds > b->nanoseconds ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* What all operators of one name take, the longest first; or each, in the order in which they run. */
static void print_operators(struct bench *bench)
{
    static const char *const heads[] = {"us", "%", "calls"};
    struct operator_rows rows = collect(bench, !bench->operators);
    struct table table = {.alignment = bench->operators ? "rrrlrl" : "rrrrl"};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) table_add(&table, "%s", heads[i]);
    if (bench->operators) table_add(&table, "%s", "model");
    table_add(&table, "%s", bench->operators ? "#" : "count");
    table_add(&table, "%s", "operator");
    if (!bench->operators && rows.count > 0) qsort(rows.items, rows.count, sizeof *rows.items, compare_rows);
    for (size_t i = 0; i < rows.count; i++) {
        const struct operator_row *row = &rows.items[i];
        const double rounds = (double)bench->rounds, sum = rows.nanoseconds > 0 ? (double)rows.nanoseconds : 1.0;
        table_add(&table, "%.2f", (double)row->nanoseconds / rounds / 1e3);
        table_add(&table, "%.1f", 100.0 * (double)row->nanoseconds / sum);
        table_add(&table, "%.4g", (double)row->calls / rounds);
        if (bench->operators) table_add(&table, "%s", row->model->name);
        if (!bench->operators) table_add(&table, "%zu", row->count);
        else if (row->index < 0) table_add(&table, "%s", "link");
        else table_add(&table, "%d", row->index);
        table_add(&table, "%s", row->name);
    }
    table_print(&table, 0);
    free(rows.items);
}

void bench_text(struct bench *bench)
{
    printf("%s, %lld thread%s, %lld round%s after %lld to warm up\n\n", cpu_of(bench), (long long)bench->threads,
           bench->threads == 1 ? "" : "s", (long long)bench->rounds, bench->rounds == 1 ? "" : "s",
           (long long)bench->warm_up);
    print_sets(bench);
    putchar('\n');
    print_operators(bench);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *json_of_times(struct bench_times *times)
{
    const struct summary summary = summarize(times);
    json_t *object = json_object();
    json_object_set_new(object, "median", json_of_number(summary.median));
    json_object_set_new(object, "least", json_of_number(summary.least));
    json_object_set_new(object, "mean", json_of_number(summary.mean));
    json_object_set_new(object, "percentile_90", json_of_number(summary.percentile_90));
    json_object_set_new(object, "percentile_99", json_of_number(summary.percentile_99));
    return object;
}

static json_t *json_of_set(struct bench *bench, size_t set)
{
    json_t *object = json_object(), *names = json_array();
    for (size_t i = 0; i < bench->models->count; i++)
        if (bench->models->items[i].set == set) json_array_append_new(names, json_of_text(bench->models->items[i].name));
    json_object_set_new(object, "models", names);
    json_object_set_new(object, "times", json_of_times(&bench->sets[set]));
    return object;
}

static json_t *json_of_operators(struct bench *bench)
{
    struct operator_rows rows = collect(bench, false);
    json_t *operators = json_array();
    for (size_t i = 0; i < rows.count; i++) {
        json_t *object = json_object();
        json_object_set_new(object, "model", json_of_text(rows.items[i].model->name));
        json_object_set_new(object, "index", json_integer(rows.items[i].index));
        json_object_set_new(object, "name", json_of_text(rows.items[i].name));
        json_object_set_new(object, "calls", json_of_size(rows.items[i].calls));
        json_object_set_new(object, "nanoseconds", json_of_size(rows.items[i].nanoseconds));
        json_array_append_new(operators, object);
    }
    free(rows.items);
    return operators;
}

void bench_json(struct bench *bench)
{
    json_t *document = json_object(), *sets = json_array();
    json_object_set_new(document, "cpu", json_of_text(cpu_of(bench)));
    json_object_set_new(document, "threads", json_integer(bench->threads));
    json_object_set_new(document, "rounds", json_integer(bench->rounds));
    json_object_set_new(document, "warm_up", json_integer(bench->warm_up));
    for (size_t set = 0; set < bench->models->count; set++)
        if (bench->sets[set].count > 0) json_array_append_new(sets, json_of_set(bench, set));
    json_object_set_new(document, "sets", sets);
    json_object_set_new(document, "round", json_of_times(&bench->all));
    json_object_set_new(document, "operators", json_of_operators(bench));
    json_print(document, true);
}
