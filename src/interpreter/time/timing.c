/* SPDX-License-Identifier: Apache-2.0 */
#include "interpreter/time/timing.h"

#include <string.h>

#include "interpreter/models/models.h"
#include "interpreter/run.h"

enum { SHORT_NANOSECONDS = 20000, PASSED_OVER = 15 };

/* ---- own time ----------------------------------------------------------------------------------------------------- */

bool pl_own_time_wanted(struct pl_own_time *time)
{
    if (time->runs < 2 || time->recent[0] > SHORT_NANOSECONDS || ++time->passed_over > PASSED_OVER) {
        time->passed_over = 0;
        return true;
    }
    return false;
}

void pl_own_time_note(struct pl_own_time *time, uint64_t nanoseconds)
{
    const float now = pl_time_as_float(nanoseconds);
    /* The first run meets memory and code for the first time: it counts as long as there is no other. */
    if (time->runs == 1) time->longest = (struct pl_longest){0};
    if (time->runs > 1) memmove(&time->recent[1], &time->recent[0], sizeof time->recent - sizeof time->recent[0]);
    time->recent[0] = now;
    pl_longest_note(&time->longest, nanoseconds);
    pl_longest_pass(&time->longest);
    time->runs++;
}

static int count_of(const struct pl_own_time *time)
{
    const uint64_t kept = time->runs > 1 ? time->runs - 1 : time->runs;
    return kept < PL_RECENT_RUNS ? (int)kept : PL_RECENT_RUNS;
}

/* The median of what is kept: the one below which half of the others are. */
uint64_t pl_own_time_typical(const struct pl_own_time *time)
{
    const int count = count_of(time);
    for (int i = 0; i < count; i++) {
        int below = 0, equal = 0;
        for (int k = 0; k < count; k++) {
            below += time->recent[k] < time->recent[i];
            equal += time->recent[k] == time->recent[i];
        }
        if (below <= count / 2 && below + equal > count / 2) return (uint64_t)time->recent[i];
    }
    return 0;
}

uint64_t pl_own_time_worst(const struct pl_own_time *time)
{
    return pl_longest_number(&time->longest);
}

/* ---- of a model --------------------------------------------------------------------------------------------------- */

static uint64_t longest_of(const struct pl_unit *unit)
{
    return unit->program == NULL ? 0 : pl_longest_number(&unit->program->longest);
}

static uint64_t longest_below(const struct pl_interpreter *interpreter, int32_t class_number)
{
    uint64_t longest = 0;
    for (size_t i = 0; i < interpreter->instance_count; i++) {
        struct pl_instance *instance = interpreter->instances[i];
        if (pl_component_class(instance->component) >= class_number) continue;
        const struct pl_unit *unit = &instance->component->unit;
        for (int32_t k = 0; unit != NULL; unit = pl_instance_unit(instance, k++))
            if (longest_of(unit) > longest) longest = longest_of(unit);
    }
    return longest;
}

struct pl_own_time *pl_own_time_of(struct pl_instance *instance, struct pl_unit *unit, bool whole_set)
{
    const bool part = !whole_set && unit == &instance->component->unit && instance->component->member_count > 1;
    return part ? &instance->own_time : &unit->own_time;
}

pl_status pl_entry_timing(struct pl_entry *entry, struct pl_timing *timing, struct pl_error *error)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    const struct pl_requests *requests = &interpreter->requests;
    pl_lock(interpreter);
    const pl_status status = pl_entry_check_start(entry, true, error);
    if (status == PL_OK) {
        const int32_t class_number = pl_component_class(entry->instance->component);
        const struct pl_own_time *own = pl_own_time_of(entry->instance, entry->unit, false);
        if (own->runs == 0) own = &entry->unit->own_time;
        *timing = (struct pl_timing){.own_runs = own->runs,
                                     .own = pl_own_time_typical(own),
                                     .own_worst = pl_own_time_worst(own),
                                     .longest_part = longest_of(entry->unit),
                                     .blocking = longest_below(interpreter, class_number),
                                     .switching = pl_longest_number(&requests->switching),
                                     .waking = pl_longest_number(&requests->waking),
                                     .machine = interpreter->machine,
                                     .class_number = class_number};
    }
    pthread_mutex_unlock(&interpreter->lock);
    return status;
}
