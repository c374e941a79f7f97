/* SPDX-License-Identifier: Apache-2.0 */
/* Stages that take long are run in parts, by the caller alone or by each worker, so that others can go first between two.
 * How long they take is looked at while they run, of those that are long enough for it to matter. */
#include "base/clock.h"
#include "interpreter/run.h"

/* What a part is to take: half of what it may, since no stage takes the same time every time. */
enum { PART_NANOSECONDS = 500000 };
/* Before anything is known: multiply-adds or bytes in a nanosecond. */
enum { GUESSED_COST_PER_NANOSECOND = 16 };

uint64_t pl_guessed_ns(const struct pl_stage *stage)
{
    return (uint64_t)stage->units * (uint64_t)(stage->cost < 1 ? 1 : stage->cost) / GUESSED_COST_PER_NANOSECOND;
}

/* Neither lines that two parts would write nor less than kernels are made for, unless it takes too long. */
static int64_t unit_step(const struct pl_stage *stage, int64_t most)
{
    if (stage->least <= most) return stage->least < 1 ? 1 : stage->least;
    return stage->least % PL_STAGE_LINE_UNITS == 0 && PL_STAGE_LINE_UNITS <= most ? PL_STAGE_LINE_UNITS : 1;
}

int64_t pl_part_units(const struct pl_stage *stage, uint64_t nanoseconds)
{
    const int64_t parts = 1 + (int64_t)(nanoseconds / PART_NANOSECONDS);
    if (parts == 1) return stage->units;
    const int64_t most = 2 * stage->units / parts; /* of a millisecond */
    const int64_t step = unit_step(stage, most);
    const int64_t even = (stage->units + parts - 1) / parts;
    return (even + step - 1) / step * step;
}

pl_status pl_run_parts(struct pl_run *run, struct pl_parts *parts)
{
    const int32_t worker = parts->eval->worker;
    for (bool first = true; parts->from < parts->end; first = false) {
        if (!first && worker != 0 && pl_run_must_leave(run, worker)) return PL_OK;
        if (!first && worker == 0) PL_TRY(pl_run_go_on(run, parts->eval->error));
        const int64_t to = parts->end - parts->from > parts->units ? parts->from + parts->units : parts->end;
        const uint64_t start = pl_clock_ns();
        PL_TRY(parts->stage->eval(parts->eval, parts->from, to));
        const uint64_t took = pl_clock_ns() - start;
        parts->nanoseconds += took;
        if (took > parts->longest) parts->longest = took;
        parts->from = to;
    }
    return PL_OK;
}

pl_status pl_run_alone(struct pl_run *run, const struct pl_stage *stage, struct pl_pace *pace, const struct pl_eval *eval)
{
    const unsigned lately = pl_pace_number(&pace->lately);
    struct pl_parts parts = {.stage = stage, .eval = eval, .end = stage->units,
                             .units = pl_part_units(stage, lately != 0 ? lately : pl_guessed_ns(stage))};
    PL_TRY(pl_run_parts(run, &parts));
    pl_pace_follow(pace, parts.nanoseconds, parts.longest, &run->program->longest);
    return PL_OK;
}
