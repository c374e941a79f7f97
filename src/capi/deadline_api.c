/* SPDX-License-Identifier: Apache-2.0 */
/* plait.h: whether periodic models are in time. */
#include "capi/handles.h"
#include "interpreter/time/response_time.h"

enum { MOST_SET = 4096 };
static const uint64_t longest_period = UINT64_C(24) * 3600 * 1000000000;

/* The analysis' own arrays, one allocation. */
struct analysed {
    struct pl_periodic *set;
    struct pl_response *responses;
};

static void be_at_least(uint64_t *number, uint64_t least)
{
    if (least > *number) *number = least;
}

static plait_status read_one(struct plait_interpreter *api, const struct plait_periodic *given, struct pl_periodic *one,
                             struct pl_overheads *overheads)
{
    struct plait_timing timing;
    const plait_status status = plait_get_timing(given->model, &timing);
    if (status != PLAIT_OK) return status;
    const uint64_t deadline = given->deadline > 0 ? given->deadline : given->period;
    struct pl_error error;
    if (timing.own_runs == 0)
        return pl_report(api, pl_fail(&error, PL_INVALID_ARGUMENT, "model '%s' never ran: nothing is known of how long it takes",
                                      plait_model_name(given->model)), &error);
    if (pl_entry_may_sleep(pl_const_entry(given->model)))
        return pl_report(api, pl_fail(&error, PL_INVALID_ARGUMENT, "model '%s' may sleep, and waking takes as long as its file "
                                      "does to be read; give it class %d or more (options.sleep_below_class)",
                                      plait_model_name(given->model), (int)api->sleep_below_class), &error);
    if (given->period == 0 || given->period > longest_period || deadline > given->period)
        return pl_report(api, pl_fail(&error, PL_INVALID_ARGUMENT, "model '%s': found a period of %llu ns and a deadline of %llu, "
                                      "expected a period up to 24 hours and a deadline up to that",
                                      plait_model_name(given->model), (unsigned long long)given->period,
                                      (unsigned long long)deadline), &error);
    *one = (struct pl_periodic){timing.class_number, given->period, deadline, timing.own_worst, timing.blocking};
    be_at_least(&overheads->switching, timing.switching); /* each says it of the whole interpreter, while others go on */
    be_at_least(&overheads->waking, timing.waking);
    be_at_least(&overheads->machine, timing.machine);
    return PLAIT_OK;
}

static plait_status analyse(struct plait_interpreter *api, const struct plait_periodic *given, size_t count,
                            const struct analysed *analysed, bool *all_in_time)
{
    struct pl_overheads overheads = {0};
    for (size_t i = 0; i < count; i++) {
        const plait_status status = read_one(api, &given[i], &analysed->set[i], &overheads);
        if (status != PLAIT_OK) return status;
    }
    *all_in_time = pl_response_times(analysed->set, (int32_t)count, pl_interpreter_executors(api->interpreter), &overheads,
                                     analysed->responses);
    return PLAIT_OK;
}

static void tell(const struct pl_response *found, struct plait_response *response)
{
    *response = (struct plait_response){.in_time = found->in_time,
                                        .longest = found->longest,
                                        .own = found->own,
                                        .blocked = found->blocked,
                                        .higher = found->higher,
                                        .same = found->same,
                                        .system = found->system};
}

plait_status plait_check_deadlines(struct plait_interpreter *interpreter, const struct plait_periodic *set, size_t count,
                                   struct plait_response *responses, bool *all_in_time)
{
    if (interpreter == NULL) return PLAIT_INVALID_ARGUMENT;
    if (all_in_time == NULL || (count > 0 && (set == NULL || responses == NULL)))
        return pl_refuse(interpreter, "set, responses and all_in_time must not be NULL");
    if (count > MOST_SET) return pl_refuse(interpreter, "a set has at most 4096 models");
    for (size_t i = 0; i < count; i++)
        if (set[i].model == NULL || pl_api_of(pl_const_entry(set[i].model)) != interpreter)
            return pl_refuse(interpreter, "a model of the set is NULL, or of another interpreter");
    const size_t set_bytes = count * sizeof(struct pl_periodic), bytes = set_bytes + count * sizeof(struct pl_response);
    char *memory = pl_allocate(&interpreter->memory, bytes);
    if (memory == NULL) {
        struct pl_error error;
        return pl_report(interpreter, pl_fail(&error, PL_OUT_OF_MEMORY, "no memory for a set of %zu models", count), &error);
    }
    const struct analysed analysed = {(struct pl_periodic *)(void *)memory, (struct pl_response *)(void *)(memory + set_bytes)};
    const plait_status status = analyse(interpreter, set, count, &analysed, all_in_time);
    for (size_t i = 0; status == PLAIT_OK && i < count; i++) tell(&analysed.responses[i], &responses[i]);
    pl_free(&interpreter->memory, memory, bytes);
    return status;
}
