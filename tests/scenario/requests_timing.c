/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of time: events, how long runs take, how long a thread takes to wake up. */
#include <string.h>
#include <time.h>

#include "requests_state.h"

static struct plait_event events[64];
static atomic_int event_count;

static void keep_event(void *user, const struct plait_event *event)
{
    (void)user;
    const int at = atomic_fetch_add(&event_count, 1);
    CHECK(at < 64, "too many events");
    events[at] = *event;
}

static const struct plait_event *event_of(const struct plait_model *model, plait_event_kind kind)
{
    for (int i = 0; i < atomic_load(&event_count); i++)
        if (events[i].model == model && events[i].kind == kind) return &events[i];
    scenario_fail(__FILE__, __LINE__, "event", "no event of kind %d", (int)kind);
}

static void test_trace(void)
{
    open_all(5, 0);
    atomic_store(&event_count, 0);
    OK(ip, plait_trace(ip, keep_event, NULL));
    on_step = ask_then_look;
    const plait_request of_low = submit(low, NULL);
    wait_for(of_low, PLAIT_OK);
    wait_for(asked, PLAIT_OK);
    const struct plait_event *wait = event_of(high, PLAIT_EVENT_WAIT), *run = event_of(high, PLAIT_EVENT_RUN);
    const struct plait_event *stop = event_of(low, PLAIT_EVENT_INTERRUPTION), *work = event_of(high, PLAIT_EVENT_WORK);
    CHECK(wait->request == asked && run->request == asked && work->request == asked, "another request");
    CHECK(stop->request == of_low && stop->class_number == 0 && run->class_number == 5, "another class");
    CHECK(wait->end_nanoseconds <= work->begin_nanoseconds && work->end_nanoseconds <= run->end_nanoseconds, "order");
    CHECK(stop->begin_nanoseconds <= run->begin_nanoseconds && run->end_nanoseconds <= stop->end_nanoseconds, "order");
    CHECK(strcmp(stop->name, "low") == 0 && stop->step == -1 && stop->operator_index == -1, "name");
    OK(ip, plait_trace(ip, NULL, NULL));
    close_all();
}

static int64_t step_nanoseconds;

static void take_long(int index)
{
    const struct timespec moment = {0, index == 0 ? step_nanoseconds : 0};
    nanosleep(&moment, NULL);
}

/* What is said comes from what runs: a step that takes longer changes it. */
static void test_times(void)
{
    struct plait_timing before, after, of_low;
    open_all(5, 0);
    on_step = take_long;
    OK(ip, plait_get_timing(high, &before));
    CHECK(before.own_runs == 0 && before.own == 0 && before.blocking == 0 && before.switching == 0, "nothing ran yet");
    step_nanoseconds = 2000000;
    for (int i = 0; i < 3; i++) wait_for(submit(low, NULL), PLAIT_OK);
    for (int i = 0; i < 3; i++) wait_for(submit(high, NULL), PLAIT_OK);
    OK(ip, plait_get_timing(high, &before));
    OK(ip, plait_get_timing(low, &of_low));
    CHECK(of_low.longest_part >= 2000000 && of_low.own >= 2000000 && of_low.blocking == 0, "%llu",
          (unsigned long long)of_low.longest_part);
    CHECK(before.blocking == of_low.longest_part && before.own_runs > 0 && before.own > 0, "no blocking");
    CHECK(before.longest_wait == before.own_worst + before.blocking + 2 * before.switching + before.waking &&
          before.switching > 0, "sum");
    step_nanoseconds = 8000000;
    for (int i = 0; i < 6; i++) wait_for(submit(low, NULL), PLAIT_OK);
    OK(ip, plait_get_timing(high, &after));
    CHECK(after.blocking > 6000000, "still %llu", (unsigned long long)after.blocking);
    OK(ip, plait_unload(low));
    OK(ip, plait_get_timing(high, &after));
    CHECK(after.blocking == 0, "a model that is not there blocks");
    close_all();
}

/* How long a thread takes to wake up is told from how long requests wait for others. */
static void test_waiting_is_not_waking(int32_t on_lanes)
{
    struct plait_timing timing;
    open_lanes(on_lanes, 5, 0);
    const struct plait_submit_options options = telling("low");
    on_step = take_long;
    step_nanoseconds = 100000000;
    for (int i = 0; i < 3; i++) {
        OK(ip, plait_submit(low, &options, NULL)); /* while it is answered, the lock is free for another executor */
        OK(ip, plait_submit(low, &options, NULL));
        await_told(2 * i + 2);
    }
    OK(ip, plait_get_timing(low, &timing));
    CHECK(timing.own_runs == 6 && timing.waking > 0, "%llu runs", (unsigned long long)timing.own_runs);
    CHECK(timing.waking < (uint64_t)step_nanoseconds, "%llu ns", (unsigned long long)timing.waking);
    close_all();
}

static void mark_slowly(void)
{
    nanosleep(&(struct timespec){0, 100000000}, NULL);
}

/* Nor is it told from how long a request waits for one that came after it, and woke the thread no less. */
static void test_being_overtaken_is_not_waking(void)
{
    struct plait_timing timing;
    open_all(5, 0);
    wait_for(submit(low, NULL), PLAIT_OK);
    nanosleep(&(struct timespec){0, 20000000}, NULL); /* the executor sleeps again */
    on_mark = mark_slowly;
    const plait_request first = submit(low, NULL), second = submit(high, NULL);
    wait_for(first, PLAIT_OK);
    wait_for(second, PLAIT_OK);
    OK(ip, plait_get_timing(low, &timing));
    CHECK(timing.waking < 100000000, "%llu ns", (unsigned long long)timing.waking);
    close_all();
}

void test_timing(void)
{
    test_trace();
    test_times();
    test_waiting_is_not_waking(1);
    test_waiting_is_not_waking(2);
    test_being_overtaken_is_not_waking();
}
