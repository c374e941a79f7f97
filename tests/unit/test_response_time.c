/* SPDX-License-Identifier: Apache-2.0 */
/* Response-time analysis beside a simulation of the rules it is about: what it accepts is never late there, and nothing
 * takes longer than it says. */
#include "unit.h"

#include "interpreter/time/response_time.h"

enum { MOST = 6, LANES = 3, SETS = 4000, TICKS = 1500 };

static const struct pl_overheads none;

/* splitmix64: another number each time, the same ones in each run. */
static uint64_t random_below(uint64_t end)
{
    static uint64_t state = 9;
    uint64_t x = state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (x ^ x >> 31) % end;
}

/* ---- the simulation: a tick is the unit of time ------------------------------------------------------------------- */

struct job {
    int32_t task;
    uint64_t asked;
    uint64_t total;
    uint64_t done;
};

struct simulation {
    const struct pl_periodic *set;
    const uint64_t *parts;
    int32_t count;
    int32_t lanes;
    uint64_t next[MOST];          /* when it is asked for next, */
    bool waiting[MOST];           /* not begun, */
    struct job jobs[MOST];        /* the last one of each */
    int32_t stacks[LANES][MOST];  /* what runs, and what it interrupted */
    int32_t depths[LANES];
    uint64_t longest[MOST];
};

static void ask(struct simulation *simulation, uint64_t now)
{
    for (int32_t i = 0; i < simulation->count; i++) {
        const struct pl_periodic *one = &simulation->set[i];
        if (simulation->next[i] > now) continue;
        const bool longest = random_below(3) > 0;
        simulation->jobs[i] = (struct job){i, now, longest ? one->own : 1 + random_below(one->own), 0};
        simulation->waiting[i] = true;
        simulation->next[i] = now + one->period + (random_below(4) == 0 ? random_below(one->period) : 0);
    }
}

/* The most urgent that waits; -1: none. */
static int32_t most_urgent(const struct simulation *simulation)
{
    int32_t best = -1;
    for (int32_t i = 0; i < simulation->count; i++) {
        if (!simulation->waiting[i]) continue;
        const struct pl_periodic *a = &simulation->set[i], *b = best < 0 ? NULL : &simulation->set[best];
        const uint64_t due = simulation->jobs[i].asked + a->deadline;
        if (b == NULL || a->class > b->class ||
            (a->class == b->class && due < simulation->jobs[best].asked + b->deadline))
            best = i;
    }
    return best;
}

/* Between two parts, or with nothing to do: a higher class goes first. */
static void look_around(struct simulation *simulation, int32_t lane)
{
    int32_t *depth = &simulation->depths[lane];
    const int32_t urgent = most_urgent(simulation);
    if (urgent < 0) return;
    if (*depth > 0) {
        const int32_t top = simulation->stacks[lane][*depth - 1];
        if (simulation->jobs[top].done % simulation->parts[top] != 0) return;
        if (simulation->set[urgent].class <= simulation->set[top].class) return;
    }
    simulation->waiting[urgent] = false;
    simulation->stacks[lane][(*depth)++] = urgent;
}

static void tick(struct simulation *simulation, int32_t lane, uint64_t now)
{
    look_around(simulation, lane);
    int32_t *depth = &simulation->depths[lane];
    if (*depth == 0) return;
    struct job *job = &simulation->jobs[simulation->stacks[lane][*depth - 1]];
    if (++job->done < job->total) return;
    const uint64_t took = now + 1 - job->asked;
    if (took > simulation->longest[job->task]) simulation->longest[job->task] = took;
    --*depth;
}

static void simulate(struct simulation *simulation)
{
    for (int32_t i = 0; i < simulation->count; i++)
        simulation->next[i] = random_below(2) == 0 ? 0 : random_below(simulation->set[i].period);
    for (uint64_t now = 0; now < TICKS; now++) {
        ask(simulation, now);
        for (int32_t lane = 0; lane < simulation->lanes; lane++) tick(simulation, lane, now);
    }
}

/* ---- random sets -------------------------------------------------------------------------------------------------- */

/* What each waits for, a part of a lower class. */
static void find_blocked(struct pl_periodic *set, const uint64_t *parts, int32_t count)
{
    for (int32_t k = 0; k < count; k++)
        for (int32_t i = 0; i < count; i++)
            if (set[i].class < set[k].class && parts[i] > set[k].blocked) set[k].blocked = parts[i];
}

static int32_t random_set(struct pl_periodic *set, uint64_t *parts)
{
    const int32_t count = 2 + (int32_t)random_below(MOST - 1);
    const uint64_t share = 2 + random_below(8);
    for (int32_t i = 0; i < count; i++) {
        struct pl_periodic *one = &set[i];
        one->class = (int32_t)random_below(3) - 1;
        one->period = 10 + random_below(80);
        one->own = 1 + random_below(one->period / share);
        one->blocked = 0;
        parts[i] = 1 + random_below(one->own);
        one->deadline = one->period - (random_below(2) == 0 ? 0 : random_below(one->period - one->own));
    }
    find_blocked(set, parts, count);
    return count;
}

static void what_is_accepted_is_in_time(void **state)
{
    (void)state;
    int accepted = 0, several = 0;
    for (int number = 0; number < SETS; number++) {
        struct pl_periodic set[MOST];
        struct pl_response responses[MOST];
        uint64_t parts[MOST];
        struct simulation simulation = {.set = set, .parts = parts, .lanes = 1 + number % LANES};
        simulation.count = random_set(set, parts);
        if (!pl_response_times(set, simulation.count, simulation.lanes, &none, responses)) continue;
        accepted++;
        several += simulation.lanes > 1;
        simulate(&simulation);
        for (int32_t i = 0; i < simulation.count; i++) {
            assert_true(responses[i].in_time);
            assert_true(responses[i].longest <= set[i].deadline);
            assert_true(simulation.longest[i] <= responses[i].longest);
        }
    }
    assert_true(accepted > SETS / 4 && several > SETS / 6);
}

/* ---- examples by hand --------------------------------------------------------------------------------------------- */

static void a_part_of_a_lower_class_is_waited_for(void **state)
{
    (void)state;
    const struct pl_periodic set[] = {{1, 50, 20, 3, 10}, {0, 100, 100, 83, 0}};
    struct pl_response responses[2];
    assert_true(pl_response_times(set, 2, 1, &(struct pl_overheads){1, 0, 0}, responses));
    assert_int_equal(responses[0].longest, 3 + 2 * 1 + 10);
    assert_int_equal(responses[0].blocked, 10);
    assert_int_equal(responses[1].blocked, 0);
    /* Three times in 100, since what waited for a part comes closer to the next. */
    assert_int_equal(responses[1].higher, 3 * (3 + 2));
    assert_int_equal(responses[1].longest, 83 + 2 + 3 * (3 + 2));
}

static void a_part_that_is_too_long_makes_it_late(void **state)
{
    (void)state;
    const struct pl_periodic set[] = {{1, 50, 12, 3, 10}, {0, 100, 100, 60, 0}};
    struct pl_response responses[2];
    assert_false(pl_response_times(set, 2, 1, &none, responses));
    assert_false(responses[0].in_time);
    assert_int_equal(responses[0].longest, 13);
    assert_true(responses[1].in_time);
}

/* Once each, however much is waited for: also where only the demand of a class says that it fits. */
static void what_the_system_takes_comes_once(void **state)
{
    (void)state;
    const struct pl_periodic set[] = {{1, 50, 50, 3, 10}, {0, 100, 100, 60, 0}};
    const struct pl_overheads overheads = {1, 4, 7};
    struct pl_response responses[3];
    assert_true(pl_response_times(set, 2, 1, &overheads, responses));
    assert_int_equal(responses[0].system, 4 + 7);
    assert_int_equal(responses[0].longest, 3 + 2 * 1 + 10 + 4 + 7);
    /* Three times in 88, since what waited comes closer to the next. */
    assert_int_equal(responses[1].longest, 60 + 2 * 1 + 3 * (3 + 2 * 1) + 4 + 7);
    const struct pl_periodic full[] = {{0, 20, 20, 4, 0}, {0, 20, 20, 4, 0}, {0, 20, 20, 4, 0}};
    assert_true(pl_response_times(full, 3, 1, &(struct pl_overheads){0, 5, 3}, responses));
    assert_false(pl_response_times(full, 3, 1, &(struct pl_overheads){0, 5, 4}, responses));
    assert_false(pl_response_times(full, 3, 1, &(struct pl_overheads){0, 6, 3}, responses));
}

static void one_class_can_fill_a_lane(void **state)
{
    (void)state;
    const struct pl_periodic set[] = {{0, 10, 10, 2, 0}, {0, 10, 10, 2, 0}, {0, 10, 10, 2, 0}, {0, 10, 10, 3, 0}};
    struct pl_response responses[4];
    assert_true(pl_response_times(set, 4, 1, &none, responses));
    for (int i = 0; i < 4; i++) assert_int_equal(responses[i].longest, 10);
}

static void more_than_there_is_time_for_is_refused(void **state)
{
    (void)state;
    const struct pl_periodic set[] = {{0, 10, 10, 6, 0}, {0, 10, 10, 5, 0}};
    struct pl_response responses[2];
    assert_false(pl_response_times(set, 2, 1, &none, responses));
    assert_false(responses[0].in_time);
    assert_true(pl_response_times(set, 2, 2, &none, responses));
}

static void numbers_of_any_size_end(void **state)
{
    (void)state;
    const uint64_t most = (UINT64_C(1) << 53) - 1;
    const struct pl_periodic set[] = {{0, most, most, 1, 0}, {0, most, most, most, 0}, {1, 1, 1, 1, most}};
    struct pl_response responses[3];
    assert_false(pl_response_times(set, 3, 1, &(struct pl_overheads){most, most, most}, responses));
    assert_false(pl_response_times(set, 2, 1, &none, responses));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_accepted_is_in_time),
        cmocka_unit_test(a_part_of_a_lower_class_is_waited_for),
        cmocka_unit_test(a_part_that_is_too_long_makes_it_late),
        cmocka_unit_test(what_the_system_takes_comes_once),
        cmocka_unit_test(one_class_can_fill_a_lane),
        cmocka_unit_test(more_than_there_is_time_for_is_refused),
        cmocka_unit_test(numbers_of_any_size_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
