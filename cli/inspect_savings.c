/* SPDX-License-Identifier: Apache-2.0 */
/* What plait inspect says of windows that reuse rows and of operators that models share. */
#include <stdio.h>
#include <stdlib.h>

#include "heap.h"
#include "inspect.h"
#include "table.h"

struct savings savings_of(const struct plait_model *model)
{
    struct savings savings = {.next_whole = -1, .next_own = -1};
    struct plait_reuse reuse;
    struct plait_sharing sharing;
    for (size_t i = 0; i < plait_operator_count(model); i++) {
        if (plait_operator_reuse(model, i, &reuse) == PLAIT_OK) {
            if (reuse.why_not != NULL && savings.next_whole < 0) savings.next_whole = (int)i;
            if (reuse.why_not == NULL) {
                savings.reused++;
                savings.fresh_rows += (uint64_t)reuse.fresh_rows;
                savings.window_rows += (uint64_t)reuse.window_rows;
                savings.work += reuse.work;
                savings.whole_work += reuse.whole_work;
                savings.bytes += reuse.output_bytes;
                savings.whole_bytes += reuse.whole_bytes;
            }
        }
        if (plait_operator_sharing(model, i, &sharing) != PLAIT_OK) continue;
        savings.computed_for_others += sharing.models > 0;
        if (sharing.why_not != NULL && savings.next_own < 0) savings.next_own = (int)i;
        if (sharing.computed_by == NULL) continue;
        savings.computed_by_others++;
        savings.shared_work += sharing.work;
        savings.shared_bytes += sharing.output_bytes;
    }
    return savings;
}

/* "8 of 76 rows", "as operator 3 of a", or why not; "" where there is nothing to say. */
char *savings_text(const struct plait_model *model, size_t index)
{
    struct plait_reuse reuse;
    struct plait_sharing sharing;
    char *rows = heap_text("%s", ""), *shared = heap_text("%s", "");
    if (plait_operator_reuse(model, index, &reuse) == PLAIT_OK) {
        free(rows);
        rows = reuse.why_not != NULL
                   ? heap_text("whole windows: %s", reuse.why_not)
                   : heap_text("%d of %d rows", reuse.fresh_rows, reuse.window_rows);
    }
    if (plait_operator_sharing(model, index, &sharing) == PLAIT_OK) {
        free(shared);
        if (sharing.computed_by != NULL)
            shared = heap_text("as operator %zu of %s", sharing.operator_index, sharing.computed_by);
        else if (sharing.models > 0) shared = heap_text("also for %zu other%s", sharing.models, sharing.models == 1 ? "" : "s");
        else shared = heap_text("not shared: %s", sharing.why_not);
    }
    char *both = heap_text("%s%s%s", rows, rows[0] != '\0' && shared[0] != '\0' ? ", " : "", shared);
    free(rows);
    free(shared);
    return both;
}

/* "work 12 instead of 96", in groups of digits. */
static void print_amounts(const char *before, uint64_t work, const char *between, uint64_t bytes, const char *after)
{
    char *first = grouped_number((size_t)work), *second = grouped_number((size_t)bytes);
    printf("%s%s%s%s%s", before, first, between, second, after);
    free(first);
    free(second);
}

static void print_next(const struct plait_model *model, int index, const char *what, const char *why_not)
{
    struct plait_operator_info info;
    if (plait_operator_at(model, (size_t)index, &info) == PLAIT_OK)
        printf("  %s from operator %d (%s) on: %s\n", what, index, info.name, why_not);
}

static void print_windows(const struct plait_model *model, const struct savings *savings)
{
    struct plait_reuse reuse = {0};
    if (savings->reused > 0) {
        printf("  windows: %zu of %zu operators compute new rows alone, %llu of %llu rows\n", savings->reused,
               plait_operator_count(model), (unsigned long long)savings->fresh_rows,
               (unsigned long long)savings->window_rows);
        print_amounts("    work ", savings->work, " instead of ", savings->whole_work, "");
        print_amounts(" a run, outputs ", savings->bytes, " instead of ", savings->whole_bytes, " bytes\n");
    }
    if (savings->next_whole < 0) return;
    plait_operator_reuse(model, (size_t)savings->next_whole, &reuse);
    print_next(model, savings->next_whole, "whole windows", reuse.why_not);
}

static void print_shared(const struct plait_model *model, const struct savings *savings)
{
    struct plait_sharing sharing = {0};
    const size_t all = plait_operator_count(model);
    if (savings->computed_for_others > 0)
        printf("  shared: %zu of %zu operators are computed for other models as well\n", savings->computed_for_others, all);
    if (savings->computed_by_others > 0) {
        printf("  shared: %zu of %zu operators are computed by other models", savings->computed_by_others, all);
        print_amounts(", work ", savings->shared_work, " and outputs of ", savings->shared_bytes, " bytes less\n");
    }
    if (savings->next_own < 0) return;
    plait_operator_sharing(model, (size_t)savings->next_own, &sharing);
    print_next(model, savings->next_own, "not shared", sharing.why_not);
}

void print_savings(const struct plait_model *model)
{
    const struct savings savings = savings_of(model);
    print_windows(model, &savings);
    print_shared(model, &savings);
}
