/* SPDX-License-Identifier: Apache-2.0 */
/* See pace.h. */
#include "plan/pace.h"

/* The first runs learn about stages, with helpers and without in turn. Those up to SETTLING_RUNS find out in the same way
 * whether it was worth it for all together, since what a stage leaves in another cache is paid for by the next. */
enum { LEARNING_RUNS = 16, SETTLING_RUNS = 28 };
/* What was learned is kept for so many runs at first, and twice as many each time after that. */
enum { FIRST_PATIENCE = 128, MOST_PATIENCE = 2048 };
/* A helper may be asleep, or its processor busy, for so many runs. */
enum { MOST_MISSED = 64 };
/* The longest times of so many runs, and of as many before, are kept. */
enum { LONGEST_OF = 256 };

static void set(atomic_uint *number, unsigned value)
{
    atomic_store_explicit(number, value, memory_order_relaxed);
}

static unsigned limited(uint64_t nanoseconds)
{
    return nanoseconds < UINT32_MAX ? (unsigned)nanoseconds : UINT32_MAX;
}

/* ---- the longest -------------------------------------------------------------------------------------------------- */

float pl_time_as_float(uint64_t nanoseconds)
{
    const uint64_t most = UINT64_C(1) << 24; /* whole numbers up to here are floats */
    int shift = 0;
    while (nanoseconds > most) {
        nanoseconds = nanoseconds / 2 + nanoseconds % 2;
        shift++;
    }
    return (float)(nanoseconds << shift);
}

static float relaxed(const _Atomic(float) *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

/* What takes no time that the clock sees is told from what never was. */
static void keep_longest(_Atomic(float) *number, uint64_t nanoseconds)
{
    const float now = pl_time_as_float(nanoseconds < 1 ? 1 : nanoseconds);
    if (now > relaxed(number)) atomic_store_explicit(number, now, memory_order_relaxed);
}

uint64_t pl_longest_number(const struct pl_longest *longest)
{
    const float now = relaxed(&longest->now), before = relaxed(&longest->before);
    const float most = now > before ? now : before;
    return (uint64_t)(most > 0 ? most : relaxed(&longest->first));
}

void pl_longest_note(struct pl_longest *longest, uint64_t nanoseconds)
{
    keep_longest(&longest->now, nanoseconds);
}

void pl_longest_pass(struct pl_longest *longest)
{
    const unsigned runs = pl_pace_number(&longest->runs) + 1;
    set(&longest->runs, runs);
    if (runs % LONGEST_OF != 0) return;
    atomic_store_explicit(&longest->before, relaxed(&longest->now), memory_order_relaxed);
    atomic_store_explicit(&longest->now, 0, memory_order_relaxed);
}

/* ---- stages ------------------------------------------------------------------------------------------------------- */

void pl_pace_learn(atomic_uint *least, uint64_t nanoseconds, bool fresh)
{
    const unsigned before = pl_pace_number(least);
    const unsigned now = nanoseconds < 1 ? 1 : limited(nanoseconds);
    if (fresh || before == 0 || now < before) set(least, now);
}

static unsigned nearer(unsigned from, unsigned to, unsigned divisor)
{
    return to > from ? from + (to - from) / divisor : from - (from - to) / divisor;
}

void pl_pace_follow(struct pl_pace *pace, uint64_t nanoseconds, uint64_t longest_part, struct pl_longest *longest)
{
    const unsigned before = pl_pace_number(&pace->lately), now = nanoseconds < 1 ? 1 : limited(nanoseconds);
    set(&pace->lately, before == 0 || now < before ? now : nearer(before, now, 8));
    keep_longest(before == 0 ? &longest->first : &longest->now, longest_part);
}

/* Whether with helpers it takes less than `parts` of so many parts of the time alone. */
static bool takes_less(const struct pl_pace *pace, uint64_t parts, uint64_t of)
{
    return pl_pace_number(&pace->shared_nanoseconds) * of < pl_pace_number(&pace->nanoseconds) * parts;
}

/* Alone it would be slower than what was seen: half of what it reads would come from the caches of those who made it
 * together, and half of what it makes would go back to them. Whether that was too generous the whole run tells. */
bool pl_pace_pays(const struct pl_pace *pace)
{
    return takes_less(pace, 11, 8);
}

/* Whether all stages that are shared were worth it together, and not for noise alone. */
static bool run_pays(const struct pl_pace *pace)
{
    return takes_less(pace, 31, 32);
}

/* ---- runs -------------------------------------------------------------------------------------------------------- */

/* Counts a run that keeps to what was learned, and begins anew behind the last of them. */
static void pass_time(struct pl_outlook *outlook, unsigned runs)
{
    const unsigned before = pl_pace_number(&outlook->patience);
    const unsigned patience = before == 0 ? FIRST_PATIENCE : before;
    const bool again = runs - SETTLING_RUNS >= patience;
    set(&outlook->runs, again ? 0 : runs + 1);
    if (!again) return;
    set(&outlook->missed, 0);
    set(&outlook->patience, patience * 2 < MOST_PATIENCE ? patience * 2 : MOST_PATIENCE);
}

struct pl_trial pl_trial_begin(struct pl_outlook *outlook)
{
    const unsigned runs = pl_pace_number(&outlook->runs);
    struct pl_trial trial = {.settled = runs >= SETTLING_RUNS};
    if (trial.settled) {
        const unsigned shareable = pl_pace_number(&outlook->shareable_nanoseconds);
        trial.alone = !run_pays(&outlook->pace);
        trial.shared_nanoseconds = trial.alone ? pl_pace_number(&outlook->long_nanoseconds) : shareable;
        if (shareable > 0) pass_time(outlook, runs);
        return trial;
    }
    trial.learning = runs < LEARNING_RUNS;
    trial.alone = runs % 2 != 0;
    trial.fresh = (trial.learning ? runs : runs - LEARNING_RUNS) < 2;
    return trial;
}

void pl_trial_end(struct pl_outlook *outlook, const struct pl_trial *trial, const struct pl_trial_result *result)
{
    if (trial->settled) return;
    const unsigned missed = pl_pace_number(&outlook->missed) + result->missed;
    set(&outlook->missed, missed);
    if (result->missed && missed < MOST_MISSED) return;
    set(&outlook->shareable_nanoseconds, limited(result->shareable_nanoseconds));
    set(&outlook->long_nanoseconds, limited(result->long_nanoseconds));
    struct pl_pace *pace = &outlook->pace;
    atomic_uint *least = trial->alone ? &pace->nanoseconds : &pace->shared_nanoseconds;
    if (!trial->learning) pl_pace_learn(least, result->nanoseconds, trial->fresh);
    set(&outlook->runs, pl_pace_number(&outlook->runs) + 1);
}
