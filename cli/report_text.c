/* SPDX-License-Identifier: Apache-2.0 */
/* Results for people: the best elements with their labels, or all of a small output, or the
 * extent of a large one; and the time of each operator. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "heap.h"
#include "report.h"
#include "table.h"

enum { SHOW_ALL_UP_TO = 32, SHOW_IN_A_LINE = 8 };

/* OUTPUT  SCORE  (RAW)  INDEX  LABEL */
static void print_ranked(const struct report *report)
{
    struct table table = {.alignment = "lrrrl"};
    for (size_t i = 0; i < report->results->count; i++) {
        const struct result *result = &report->results->items[i];
        for (size_t j = 0; !result->shown && j < result->top_count; j++) {
            const struct ranked *best = &result->top[j];
            const char *label = result_label(result, report->labels, best->index);
            table_add(&table, "%s", result->name);
            table_add(&table, "%.6g", best->score);
            if (tensor_is_quantized(result->tensor)) table_add(&table, "(%.0f)", best->raw);
            else table_add(&table, "%s", "");
            table_add(&table, "%zu", best->index);
            table_add(&table, "%s", label != NULL ? label : "");
        }
    }
    table_print(&table, 0);
}

/* Rows of the last dimension where that is short enough, else lines of eight. */
static void print_elements(const struct plait_tensor *tensor,
                           double (*element)(const struct plait_tensor *, size_t))
{
    static const char right[] = "rrrrrrrrrrrr";
    enum { MOST_COLUMNS = sizeof right - 1 };
    int32_t rank = plait_tensor_rank(tensor),
            last = rank > 0 ? plait_tensor_dim(tensor, rank - 1) : 1;
    size_t columns = last >= 1 && last <= MOST_COLUMNS ? (size_t)last : SHOW_IN_A_LINE;
    struct table table = {.alignment = right + (MOST_COLUMNS - columns)};
    size_t count = tensor_elements(tensor);
    for (size_t i = 0; i < count; i++) table_add(&table, "%.6g", element(tensor, i));
    while (table.cell_count % columns != 0) table_add(&table, "%s", "");
    table_print(&table, 2);
}

static void print_extent(const struct plait_tensor *tensor)
{
    double least = (double)INFINITY, greatest = -(double)INFINITY, sum = 0;
    size_t count = tensor_elements(tensor), least_at = 0, greatest_at = 0;
    for (size_t i = 0; i < count; i++) {
        double score = element_score(tensor, i);
        least_at = score < least ? i : least_at;
        least = score < least ? score : least;
        greatest_at = score > greatest ? i : greatest_at;
        greatest = score > greatest ? score : greatest;
        sum += score;
    }
    printf("  %zu elements: least %.6g at %zu, greatest %.6g at %zu, mean %.6g\n", count, least,
           least_at, greatest, greatest_at, sum / (double)count);
}

/* One a line, in quotes; what cannot be printed is '?'. */
static void print_strings(const struct plait_tensor *tensor)
{
    size_t count = tensor_elements(tensor);
    for (size_t i = 0; i < count && i < SHOW_ALL_UP_TO; i++) {
        size_t length = 0;
        const char *text = tensor_text(tensor, i, &length);
        char *copy = heap_text("%.*s", (int)length, text);
        make_printable(copy);
        printf("  \"%s\"\n", copy);
        free(copy);
    }
    if (count > SHOW_ALL_UP_TO) printf("  and %zu more\n", count - SHOW_ALL_UP_TO);
}

static void print_boxes(const struct result *result)
{
    size_t count = 0;
    struct plait_box *boxes = result_boxes(result, &count);
    struct table table = {.alignment = "rrrrrr"};
    static const char *const heads[] = {"score", "top", "left", "bottom", "right", "index"};
    for (size_t i = 0; count > 0 && i < sizeof heads / sizeof heads[0]; i++) table_add(&table, "%s", heads[i]);
    for (size_t i = 0; i < count; i++) {
        const double numbers[] = {boxes[i].score, boxes[i].top, boxes[i].left, boxes[i].bottom, boxes[i].right};
        for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) table_add(&table, "%.3f", numbers[k]);
        table_add(&table, "%d", boxes[i].index);
    }
    printf("%s  %zu box%s\n", result->name, count, count == 1 ? "" : "es");
    table_print(&table, 2);
    free(boxes);
}

/* What stands behind the name of an output that is on or off. */
static const char *state_text(const struct result *result)
{
    struct plait_output_state state;
    if (!result_state(result, &state)) return "";
    if (state.on) return state.changed ? "  on now" : "  on";
    return state.changed ? "  off now" : "  off";
}

static void print_output(const struct result *result)
{
    if (result->has_boxes) {
        print_boxes(result);
        return;
    }
    char *shape = tensor_shape_text(result->tensor, false), *name = heap_text("%s", result->name);
    make_printable(name);
    printf("%s  %s%s\n", name, shape, state_text(result));
    free(name);
    free(shape);
    size_t count = tensor_elements(result->tensor);
    if (plait_tensor_type(result->tensor) == PLAIT_STRING) {
        print_strings(result->tensor);
    } else if (!type_is_number(plait_tensor_type(result->tensor))) {
        printf("  %zu bytes; --output writes them\n", plait_tensor_bytes(result->tensor));
    } else if (count > SHOW_ALL_UP_TO) {
        print_extent(result->tensor);
    } else {
        print_elements(result->tensor, element_score);
        if (tensor_is_quantized(result->tensor)) {
            printf("  as stored\n");
            print_elements(result->tensor, element_raw);
        }
    }
}

bool profile_has(const struct plait_model *model, size_t operator_index)
{
    struct plait_profile_entry entry;
    for (size_t i = 0; plait_profile_at(model, i, &entry) == PLAIT_OK; i++)
        if (entry.operator_index >= 0 && (size_t)entry.operator_index == operator_index) return true;
    return false;
}

/* Operators that take no time of their own: another model's are theirs, or the plan put them elsewhere. */
static void print_elsewhere(const struct plait_model *model)
{
    struct table table = {.alignment = "rll"};
    for (size_t i = 0; i < plait_operator_count(model); i++) {
        struct plait_operator_info info;
        struct plait_sharing sharing;
        if (profile_has(model, i) || plait_operator_at(model, i, &info) != PLAIT_OK) continue;
        table_add(&table, "%zu", i);
        table_add(&table, "%s", info.name);
        if (plait_operator_sharing(model, i, &sharing) == PLAIT_OK && sharing.computed_by != NULL)
            table_add(&table, "is operator %zu of %s", sharing.operator_index, sharing.computed_by);
        else table_add(&table, "%s", "is part of another, a view or a constant");
    }
    table_print(&table, 2);
}

static void print_profile(const struct loaded_model *item)
{
    struct table table = {.alignment = "rrrrl"};
    uint64_t total = 0;
    for (size_t i = 0; i < plait_profile_count(item->model); i++) {
        struct plait_profile_entry entry;
        if (plait_profile_at(item->model, i, &entry) == PLAIT_OK) total += entry.nanoseconds;
    }
    printf("%s: %.3f ms in operators\n", item->name, (double)total / 1e6);
    table_add(&table, "%s", "ms");
    table_add(&table, "%s", "%");
    table_add(&table, "%s", "calls");
    table_add(&table, "%s", "#");
    table_add(&table, "%s", "operator");
    for (size_t i = 0; i < plait_profile_count(item->model); i++) {
        struct plait_profile_entry entry;
        if (plait_profile_at(item->model, i, &entry) != PLAIT_OK) continue;
        table_add(&table, "%.3f", (double)entry.nanoseconds / 1e6);
        table_add(&table, "%.1f",
                  total > 0 ? 100.0 * (double)entry.nanoseconds / (double)total : 0.0);
        table_add(&table, "%" PRIu64, entry.calls);
        if (entry.operator_index < 0) table_add(&table, "%s", "link");
        else table_add(&table, "%d", entry.operator_index);
        table_add(&table, "%s", entry.name);
    }
    table_print(&table, 2);
    print_elsewhere(item->model);
}

void report_text(const struct report *report)
{
    print_ranked(report);
    for (size_t i = 0; i < report->results->count; i++) {
        const struct result *result = &report->results->items[i];
        bool shown =
            result->absent || result->shown || result->linked || result->file != NULL || result->top != NULL;
        if (!shown) print_output(result);
        else if (!result->absent && !result->shown && !result->linked && result->pipeline != NULL)
            printf("%s%s\n", result->name, state_text(result)); /* whose elements stand above, or in a file */
    }
    for (size_t i = 0; report->profile && i < report->models->count; i++)
        print_profile(&report->models->items[i]);
}
