/* SPDX-License-Identifier: Apache-2.0 */
/* Which byte of sixteen rows goes where: see struct pl_runs. */
#include <string.h>

#include "kernels/movement_kernels.h"

/* A byte of rows, as it lies in one piece, and as it lies in the blocks of its part. */
static void note_byte(struct pl_runs *runs, bool joined, int64_t in_rows, int64_t in_parts)
{
    const int64_t to = joined ? in_rows : in_parts, from = joined ? in_parts : in_rows;
    runs->order[to] = (uint8_t)from;
    runs->sources[to / PL_RUNS_BLOCK] |= (uint16_t)(1 << from / PL_RUNS_BLOCK);
}

void pl_runs_prepare(struct pl_runs *runs, bool joined)
{
    runs->shuffled = runs->part_count > 1 && runs->row_bytes > 0 && runs->row_bytes <= PL_RUNS_SHUFFLED;
    if (!runs->shuffled) return;
    memset(runs->order, 0, sizeof runs->order);
    memset(runs->sources, 0, sizeof runs->sources);
    for (int32_t p = 0; p < runs->part_count; p++) {
        const struct pl_run_part *part = &runs->parts[p];
        for (int64_t i = 0; i < PL_RUNS_BLOCK * part->bytes; i++) {
            const int64_t row = i / part->bytes * runs->row_bytes;
            note_byte(runs, joined, row + part->offset + i % part->bytes, PL_RUNS_BLOCK * part->offset + i);
        }
    }
}
