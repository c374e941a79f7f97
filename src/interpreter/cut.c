/* SPDX-License-Identifier: Apache-2.0 */
/* Into how many parts a stage is cut, and where. */
#include "interpreter/run.h"

/* A worker's parts halve from one to the next, so that in the end there is little to wait for, whoever was held up. */
enum { LAST_PART_NANOSECONDS = 1200, PARTS_PER_WORKER = PL_CUT_PARTS_PER_WORKER };

/* Where the units of a worker begin. */
static int64_t share_begin(int64_t units, int32_t worker, int32_t workers, int64_t step)
{
    if (worker == workers) return units;
    return (units / workers * worker + units % workers * worker / workers) / step * step;
}

int32_t pl_cut_halving(const struct pl_stage *stage, struct pl_cut cut, bool mirrored, int64_t *bounds)
{
    const int64_t step = stage->least % PL_STAGE_LINE_UNITS == 0 ? PL_STAGE_LINE_UNITS : 1;
    for (int32_t w = 0; w < cut.workers; w++) {
        const int64_t first = share_begin(stage->units, w, cut.workers, step);
        const int64_t units = share_begin(stage->units, w + 1, cut.workers, step) - first;
        const bool grow = mirrored && w % 2 != 0;
        for (int32_t i = 0; i < cut.parts; i++) {
            const int64_t before = !grow ? units - (units >> i) : i == 0 ? 0 : units >> (cut.parts - i);
            bounds[w * cut.parts + i] = first + before / step * step;
        }
    }
    bounds[cut.workers * cut.parts] = stage->units;
    return cut.workers * cut.parts;
}

static int32_t at_most(int32_t workers, int64_t most)
{
    return workers < most ? workers : most < 1 ? 1 : (int32_t)most;
}

/* The parts of each of them, as many as leave enough for the last. */
static int32_t parts_worth(const struct pl_stage *stage, int32_t workers, uint64_t nanoseconds)
{
    const int64_t units = stage->units / workers;
    const int64_t own = (int64_t)nanoseconds / workers;
    int32_t parts = 1;
    while (parts < PARTS_PER_WORKER && (parts + 1) * workers <= PL_MAX_PARTS && units >> parts >= stage->least &&
           own >> parts >= LAST_PART_NANOSECONDS)
        parts++;
    return parts;
}

struct pl_cut pl_cut_even(const struct pl_stage *stage, int32_t most_workers, uint64_t nanoseconds)
{
    const int32_t workers = at_most(at_most(most_workers, PL_MAX_PARTS), stage->units / stage->least);
    return (struct pl_cut){workers, workers == 1 ? 1 : parts_worth(stage, workers, nanoseconds)};
}

struct pl_cut pl_cut_worth(const struct pl_stage *stage, int32_t most_workers, uint64_t nanoseconds)
{
    return pl_cut_even(stage, at_most(most_workers, (int64_t)(nanoseconds / LAST_PART_NANOSECONDS)), nanoseconds);
}
