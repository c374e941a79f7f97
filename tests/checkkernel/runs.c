/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a few bytes that are joined of runs, and parted into them. */
#include "checkkernel.h"
#include "kernels/movement_kernels.h"

enum { MOST_PARTS = 8 };

struct draws {
    struct pl_run_part parts[MOST_PARTS];
    struct pl_runs runs;
    int64_t first, last; /* rows */
};

static void draw(struct check *check, struct draws *draws, bool joined)
{
    draws->runs = (struct pl_runs){.parts = draws->parts, .part_count = (int32_t)check_draw(check, 1, MOST_PARTS)};
    for (int32_t i = 0; i < draws->runs.part_count; i++) {
        draws->parts[i] = (struct pl_run_part){draws->runs.row_bytes, check_draw(check, i == 0, 4)};
        draws->runs.row_bytes += draws->parts[i].bytes;
    }
    draws->first = check_draw_edge(check, 0, 40);
    draws->last = draws->first + check_draw_edge(check, 1, 200);
    pl_runs_prepare(&draws->runs, joined);
}

void check_join_runs(struct check *check)
{
    struct draws draws;
    draw(check, &draws, true);
    const void *from[MOST_PARTS] = {0};
    for (int32_t i = 0; i < draws.runs.part_count; i++)
        from[i] = check_bytes(check, (size_t)(draws.last * draws.parts[i].bytes));
    const struct check_outputs outputs = check_outputs(check, (size_t)(draws.last * draws.runs.row_bytes));
    check->reference->movement->join_runs(outputs.reference, from, &draws.runs, draws.first, draws.last);
    check->tested->movement->join_runs(outputs.tested, from, &draws.runs, draws.first, draws.last);
    check_compare(check, &outputs, "rows %d to %d of %d runs, %d bytes", (int)draws.first, (int)draws.last,
                  (int)draws.runs.part_count, (int)draws.runs.row_bytes);
}

void check_part_runs(struct check *check)
{
    struct draws draws;
    draw(check, &draws, false);
    const void *from = check_bytes(check, (size_t)(draws.last * draws.runs.row_bytes));
    struct check_outputs outputs[MOST_PARTS];
    void *references[MOST_PARTS] = {0}, *tested[MOST_PARTS] = {0};
    for (int32_t i = 0; i < draws.runs.part_count; i++) {
        outputs[i] = check_outputs(check, (size_t)(draws.last * draws.parts[i].bytes));
        references[i] = outputs[i].reference;
        tested[i] = outputs[i].tested;
    }
    check->reference->movement->part_runs(references, from, &draws.runs, draws.first, draws.last);
    check->tested->movement->part_runs(tested, from, &draws.runs, draws.first, draws.last);
    for (int32_t i = 0; i < draws.runs.part_count; i++)
        if (outputs[i].bytes > 0)
            check_compare(check, &outputs[i], "rows %d to %d of run %d of %d, %d bytes", (int)draws.first, (int)draws.last,
                          (int)i, (int)draws.runs.part_count, (int)draws.runs.row_bytes);
}
