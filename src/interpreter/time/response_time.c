/* SPDX-License-Identifier: Apache-2.0 */
#include "interpreter/time/response_time.h"

enum { MOST_PASSES = 32, MOST_STEPS = 1000000 };

struct analysis {
    const struct pl_periodic *set;
    int32_t count;
    int32_t lanes;
    const struct pl_overheads *overheads;
    struct pl_response *responses;
};

/* Times stay below 2^63: what would be more is no answer anyhow. */
static uint64_t add(uint64_t a, uint64_t b)
{
    const uint64_t most = UINT64_MAX / 2;
    return a >= most || b >= most - a ? most : a + b;
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
    const uint64_t most = UINT64_MAX / 2;
    return a != 0 && b >= most / a ? most : a * b;
}

static uint64_t own_time(const struct analysis *analysis, int32_t i)
{
    return add(analysis->set[i].own, multiply(2, analysis->overheads->switching));
}

/* What comes once, whatever waits. */
static uint64_t system_time(const struct analysis *analysis)
{
    return add(analysis->overheads->waking, analysis->overheads->machine);
}

/* By how much the end of one that was asked for earlier can come closer to the next. */
static uint64_t jitter(const struct analysis *analysis, int32_t i)
{
    const uint64_t own = own_time(analysis, i), longest = analysis->responses[i].longest;
    return longest > own ? longest - own : 0;
}

/* What i can run within any time of length t. */
static uint64_t workload(const struct analysis *analysis, int32_t i, uint64_t t)
{
    const uint64_t span = add(t, jitter(analysis, i)), period = analysis->set[i].period;
    return multiply(span / period + (span % period != 0), own_time(analysis, i));
}

static uint64_t workload_above(const struct analysis *analysis, int32_t class, uint64_t t)
{
    uint64_t sum = 0;
    for (int32_t i = 0; i < analysis->count; i++)
        if (analysis->set[i].class > class) sum = add(sum, workload(analysis, i, t));
    return sum;
}

/* Shared out to the lanes. Fewer others than lanes leave one free. */
static uint64_t workload_beside(const struct analysis *analysis, int32_t k, uint64_t t)
{
    uint64_t sum = 0;
    int32_t others = 0;
    for (int32_t i = 0; i < analysis->count; i++) {
        if (i == k || analysis->set[i].class != analysis->set[k].class) continue;
        sum = add(sum, workload(analysis, i, t));
        others++;
    }
    return others < analysis->lanes ? 0 : sum / (uint64_t)analysis->lanes;
}

/* ---- one ---------------------------------------------------------------------------------------------------------- */

/* The least R of the formula, found from below. What it is made of stays as it was when the deadline was exceeded. */
static struct pl_response respond(const struct analysis *analysis, int32_t k)
{
    struct pl_response response = {.own = own_time(analysis, k), .blocked = analysis->set[k].blocked,
                                   .system = system_time(analysis)};
    const uint64_t least = add(response.own, add(response.blocked, response.system));
    uint64_t longest = least;
    for (int step = 0; step < MOST_STEPS; step++, longest = response.longest) {
        response.higher = workload_above(analysis, analysis->set[k].class, longest);
        response.same = workload_beside(analysis, k, longest);
        response.longest = add(least, add(response.higher, response.same));
        response.in_time = response.longest <= analysis->set[k].deadline;
        if (!response.in_time || response.longest == longest) return response;
    }
    response.in_time = false;
    return response;
}

/* ---- a class on one lane ------------------------------------------------------------------------------------------ */

/* What its class must have done by t if all are asked for at 0, as early as ever. */
static uint64_t demand(const struct analysis *analysis, int32_t class, uint64_t t)
{
    uint64_t sum = 0;
    for (int32_t i = 0; i < analysis->count; i++) {
        const struct pl_periodic *one = &analysis->set[i];
        if (one->class != class || one->deadline > t) continue;
        sum = add(sum, multiply((t - one->deadline) / one->period + 1, own_time(analysis, i)));
    }
    return sum;
}

/* What can have begun before, and has a later deadline or a lower class; and what comes once. */
static uint64_t begun(const struct analysis *analysis, int32_t class, uint64_t t)
{
    uint64_t most = 0;
    for (int32_t i = 0; i < analysis->count; i++) {
        const struct pl_periodic *one = &analysis->set[i];
        if (one->class != class) continue;
        if (one->blocked > most) most = one->blocked;
        if (one->deadline > t && own_time(analysis, i) > most) most = own_time(analysis, i);
    }
    return add(most, system_time(analysis));
}

/* When a time in which the lane has no rest is over at the latest; 0 if that is not known. */
static uint64_t busy_end(const struct analysis *analysis, int32_t class)
{
    uint64_t end = 1;
    for (int step = 0; step < MOST_STEPS; step++) {
        uint64_t next = add(begun(analysis, class, 0), workload_above(analysis, class, end));
        for (int32_t i = 0; i < analysis->count; i++) {
            const uint64_t period = analysis->set[i].period;
            if (analysis->set[i].class != class) continue;
            next = add(next, multiply(end / period + (end % period != 0), own_time(analysis, i)));
        }
        if (next <= end) return end;
        end = next;
        if (end >= UINT64_MAX / 4) return 0;
    }
    return 0;
}

/* The first time after t at which more is demanded, or more can have come from above. */
static uint64_t next_step(const struct analysis *analysis, int32_t class, uint64_t t)
{
    uint64_t next = UINT64_MAX;
    for (int32_t i = 0; i < analysis->count; i++) {
        const struct pl_periodic *one = &analysis->set[i];
        uint64_t at = UINT64_MAX;
        if (one->class == class)
            at = t < one->deadline ? one->deadline : one->deadline + ((t - one->deadline) / one->period + 1) * one->period;
        if (one->class > class) {
            /* ceil((x + J) / T) grows just behind a whole number of periods */
            const uint64_t span = t + jitter(analysis, i);
            at = (span + one->period - 1) / one->period * one->period + 1 - jitter(analysis, i);
            if (at <= t) at += one->period;
        }
        if (at < next) next = at;
    }
    return next;
}

static bool demand_is_met(const struct analysis *analysis, int32_t class)
{
    const uint64_t end = busy_end(analysis, class);
    uint64_t t = next_step(analysis, class, 0);
    for (int step = 0; t <= end; step++, t = next_step(analysis, class, t)) {
        const uint64_t waiting = add(begun(analysis, class, t), workload_above(analysis, class, t));
        const uint64_t demanded = demand(analysis, class, t);
        if (step > MOST_STEPS || (demanded > 0 && add(demanded, waiting) > t)) return false;
    }
    return end > 0;
}

/* ---- all of a class ----------------------------------------------------------------------------------------------- */

/* Every pass makes the responses of those that are in time shorter, which makes others wait less. */
static void respond_all(const struct analysis *analysis, int32_t class)
{
    bool changed = true;
    for (int pass = 0; changed && pass < MOST_PASSES; pass++) {
        changed = false;
        for (int32_t k = 0; k < analysis->count; k++) {
            if (analysis->set[k].class != class) continue;
            struct pl_response *known = &analysis->responses[k];
            const struct pl_response response = respond(analysis, k);
            if (response.in_time && response.longest < known->longest) changed = true;
            const uint64_t late = analysis->set[k].deadline;
            *known = response;
            if (!response.in_time) known->longest = late; /* as long as others are looked at */
        }
    }
}

static bool finish_class(const struct analysis *analysis, int32_t class)
{
    bool all = true;
    respond_all(analysis, class);
    for (int32_t k = 0; k < analysis->count; k++)
        if (analysis->set[k].class == class && !analysis->responses[k].in_time) all = false;
    if (all || analysis->lanes > 1 || !demand_is_met(analysis, class)) return all;
    for (int32_t k = 0; k < analysis->count; k++)
        if (analysis->set[k].class == class) analysis->responses[k].in_time = true;
    return true;
}

/* Of those that may be late: by how much, now that nobody needs the deadline any more. */
static void tell_how_late(const struct analysis *analysis)
{
    for (int32_t k = 0; k < analysis->count; k++) {
        struct pl_response *response = &analysis->responses[k];
        if (response->in_time) continue;
        const uint64_t others = add(response->higher, response->same);
        response->longest = add(response->own, add(response->blocked, add(response->system, others)));
    }
}

/* The classes there are, from above: *class is the next below it. */
static bool next_class(const struct analysis *analysis, bool first, int32_t *class)
{
    bool found = false;
    int32_t next = 0;
    for (int32_t i = 0; i < analysis->count; i++) {
        const int32_t own = analysis->set[i].class;
        if ((first || own < *class) && (!found || own > next)) {
            next = own;
            found = true;
        }
    }
    *class = next;
    return found;
}

bool pl_response_times(const struct pl_periodic *set, int32_t count, int32_t lanes, const struct pl_overheads *overheads,
                       struct pl_response *responses)
{
    const struct analysis analysis = {set, count, lanes, overheads, responses};
    for (int32_t i = 0; i < count; i++) responses[i] = (struct pl_response){.longest = set[i].deadline};
    bool all = true;
    int32_t class = 0;
    for (bool first = true; next_class(&analysis, first, &class); first = false)
        all = finish_class(&analysis, class) && all;
    tell_how_late(&analysis);
    return all;
}
