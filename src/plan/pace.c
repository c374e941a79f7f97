/* SPDX-License-Identifier: Apache-2.0 */
/* See pace.h. */
#include "plan/pace.h"

/* The first runs learn about stages, with helpers and without in turn. Those up to SETTLING_RUNS find out in the same way
 * whether it was worth it for all together, since what a stage leaves in another cache is paid for by the next. */
enum { LEARNING_RUNS = 16, SETTLING_RUNS = 28 };
/* So many are enough where long stages, which are shared in any case, are most of it: runs that learn do without chains. */
enum { LEARNING_RUNS_OF_LONG_STAGES = 4 };
/* What was learned is kept for so many runs at first, and twice as many each time after that. */
enum { FIRST_PATIENCE = 128, MOST_PATIENCE = 8192 };
/* A glance is so long, its first run not counted, since helpers may sleep and data lies in other caches. */
enum { GLANCE_RUNS = 5 };
/* Behind so many runs it comes at first, twice as many each time after that or as many as there may be where one kind is far
 * better, since a glance costs what the other one is slower; and at once if what was settled on is no better any more. */
enum { FIRST_INTERVAL = 32, MOST_INTERVAL = 512, LEAST_INTERVAL = 16 };
/* The clock is read in one of so many runs that are settled on being alone. */
enum { ALONE_RUNS_PER_LOOK_AT_THE_CLOCK = 4 };
/* A helper may be asleep, or its processor busy, for so many runs. */
enum { MOST_MISSED = 64, MOST_MISSED_BY_A_GLANCE = 16 };
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

/* How long it is in the mean, lately. What held a run up, for much longer than helpers matter, does not count in full; a mean
 * that began with such a run is given up. */
static void follow_run(atomic_uint *mean, uint64_t nanoseconds, unsigned divisor, bool fresh)
{
    const unsigned before = pl_pace_number(mean);
    const unsigned now = nanoseconds < 1 ? 1 : limited(nanoseconds);
    if (fresh || before == 0 || now < before / 2) {
        set(mean, now);
        return;
    }
    const unsigned most = before < UINT32_MAX / 2 ? before + before / 4 : before;
    set(mean, nearer(before, now < most ? now : most, divisor));
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

/* Whether one kind is far better. */
static bool is_clear(const struct pl_pace *pace)
{
    return takes_less(pace, 7, 8) || !takes_less(pace, 8, 7);
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

/* Which kind the next runs are, and when to look at the other one again. */
static void settle(struct pl_outlook *outlook)
{
    const bool before = pl_pace_number(&outlook->settled_shared) != 0;
    const bool shared = before ? takes_less(&outlook->pace, 1, 1) : run_pays(&outlook->pace);
    const unsigned interval = pl_pace_number(&outlook->interval);
    set(&outlook->settled_shared, shared);
    set(&outlook->since, 0);
    set(&outlook->missed, 0);
    if (is_clear(&outlook->pace)) set(&outlook->interval, MOST_INTERVAL);
    else if (shared != before || interval == 0) set(&outlook->interval, FIRST_INTERVAL);
    else if (interval < MOST_INTERVAL) set(&outlook->interval, interval * 2);
}

static bool is_mostly_long(const struct pl_outlook *outlook)
{
    const uint64_t all = pl_pace_number(&outlook->shareable_nanoseconds);
    return pl_pace_number(&outlook->long_nanoseconds) > all - all / 4;
}

/* With helpers at first; glances tell whether alone is better, and from then on that counts. */
static void settle_soon(struct pl_outlook *outlook)
{
    const bool first = pl_pace_number(&outlook->interval) == 0;
    set(&outlook->runs, SETTLING_RUNS);
    set(&outlook->since, 0);
    set(&outlook->missed, 0);
    if (!first) return;
    set(&outlook->settled_shared, 1);
    set(&outlook->interval, FIRST_INTERVAL);
}

/* A run whose stages are known. */
static struct pl_trial settled_trial(struct pl_outlook *outlook)
{
    const bool alone = pl_pace_number(&outlook->settled_shared) == 0;
    const unsigned shareable = pl_pace_number(&outlook->shareable_nanoseconds);
    struct pl_trial trial = {.settled = true, .alone = true};
    if (shareable == 0) return trial;
    trial.since = pl_pace_number(&outlook->since);
    trial.glance = trial.since >= pl_pace_number(&outlook->interval);
    trial.alone = alone != trial.glance;
    trial.timed = trial.glance || !alone || trial.since % ALONE_RUNS_PER_LOOK_AT_THE_CLOCK == 0;
    trial.shared_nanoseconds = trial.alone ? pl_pace_number(&outlook->long_nanoseconds) : shareable;
    set(&outlook->since, trial.since + 1);
    return trial;
}

struct pl_trial pl_trial_begin(struct pl_outlook *outlook)
{
    const unsigned runs = pl_pace_number(&outlook->runs);
    if (runs >= SETTLING_RUNS) {
        const struct pl_trial trial = settled_trial(outlook);
        if (pl_pace_number(&outlook->shareable_nanoseconds) > 0 && !trial.glance) pass_time(outlook, runs);
        return trial;
    }
    return (struct pl_trial){.learning = runs < LEARNING_RUNS,
                             .alone = runs % 2 != 0,
                             .fresh = (runs < LEARNING_RUNS ? runs : runs - LEARNING_RUNS) < 2,
                             .timed = true};
}

/* Whether it asked for helpers and none came, which says nothing about how they help, unless they never come. */
static bool is_missed(struct pl_outlook *outlook, const struct pl_trial_result *result, unsigned most)
{
    if (!result->missed) return false;
    const unsigned missed = pl_pace_number(&outlook->missed) + 1;
    set(&outlook->missed, missed);
    return missed < most;
}

static void end_settled(struct pl_outlook *outlook, const struct pl_trial *trial, const struct pl_trial_result *result)
{
    const uint64_t nanoseconds = result->nanoseconds;
    struct pl_pace *pace = &outlook->pace;
    const unsigned interval = pl_pace_number(&outlook->interval);
    atomic_uint *mean = trial->alone ? &pace->nanoseconds : &pace->shared_nanoseconds;
    if (!trial->glance) {
        follow_run(mean, nanoseconds, 8, false);
        const bool known = pl_pace_number(&pace->nanoseconds) > 0;
        if (!trial->alone && known && trial->since >= LEAST_INTERVAL && trial->since < interval && !takes_less(pace, 1, 1))
            set(&outlook->since, interval);
        return;
    }
    if (is_missed(outlook, result, MOST_MISSED_BY_A_GLANCE)) {
        set(&outlook->since, trial->since); /* once more */
        return;
    }
    const unsigned number = trial->since - interval;
    if (number > 0) follow_run(mean, nanoseconds, 2, number == 1);
    if (number + 1 >= GLANCE_RUNS) settle(outlook);
}

void pl_trial_end(struct pl_outlook *outlook, const struct pl_trial *trial, const struct pl_trial_result *result)
{
    if (!trial->timed) return;
    if (trial->settled) {
        end_settled(outlook, trial, result);
        return;
    }
    if (is_missed(outlook, result, MOST_MISSED)) return;
    set(&outlook->shareable_nanoseconds, limited(result->shareable_nanoseconds));
    set(&outlook->long_nanoseconds, limited(result->long_nanoseconds));
    struct pl_pace *pace = &outlook->pace;
    atomic_uint *mean = trial->alone ? &pace->nanoseconds : &pace->shared_nanoseconds;
    if (!trial->learning) follow_run(mean, result->nanoseconds, 3, trial->fresh);
    const unsigned runs = pl_pace_number(&outlook->runs) + 1;
    set(&outlook->runs, runs);
    if (runs == SETTLING_RUNS) settle(outlook);
    if (runs == LEARNING_RUNS_OF_LONG_STAGES && is_mostly_long(outlook)) settle_soon(outlook);
}
