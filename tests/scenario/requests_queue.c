/* SPDX-License-Identifier: Apache-2.0 */
/* Which of those that wait is next, which come too late, and which find no room. */
#include <stdio.h>
#include <string.h>

#include "requests_state.h"

static const uint64_t HOUR = 3600ull * 1000000000ull;

static void test_order(void)
{
    open_all(0, 0);
    static const struct {
        const char *name;
        uint64_t deadline;
        int32_t class_number;
    } asked_for[] = {{"none", 0, 0}, {"late", 2, 0}, {"early", 1, 0}, {"late too", 2, 0}, {"urgent", 0, 1}};
    struct plait_model *models[5];
    for (int i = 0; i < 5; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%d", i);
        OK(ip, plait_clone(high, name, &models[i]));
        OK(ip, plait_set_class(models[i], asked_for[i].class_number));
    }
    OK(ip, plait_allocate(ip));
    OK(ip, plait_set_class(low, 9)); /* nobody interrupts it */
    const plait_request held = hold_executor();
    for (int i = 0; i < 5; i++) {
        struct plait_submit_options options = telling(asked_for[i].name);
        options.deadline = asked_for[i].deadline == 0 ? 0 : asked_for[i].deadline * HOUR * 1000;
        submit(models[i], &options);
    }
    let_go();
    wait_for(held, PLAIT_OK);
    await_told(5);
    static const char *const expected[] = {"urgent", "early", "late", "late too", "none"};
    for (int i = 0; i < 5; i++)
        CHECK(strcmp(answers[i].message, expected[i]) == 0, "%s came at place %d", answers[i].message, i);
    close_all();
}

static void test_late(void)
{
    open_all(0, 0);
    const plait_request held = hold_executor();
    struct plait_submit_options options = defaults();
    options.deadline = 1;
    const plait_request runs = submit(high, &options);
    options.late = PLAIT_LATE_DROP;
    const plait_request dropped = submit(high, &options);
    options.deadline = UINT64_MAX;
    const plait_request in_time = submit(high, &options);
    let_go();
    wait_for(held, PLAIT_OK);
    const struct plait_answer late = wait_for(runs, PLAIT_OK);
    CHECK(late.deadline == 1 && late.ended > late.deadline && late.started > 0, "not late");
    CHECK(wait_for(dropped, PLAIT_TOO_LATE).started == 0, "it began");
    wait_for(in_time, PLAIT_OK);
    CHECK(atomic_load(&marks) == 2, "%d marks", atomic_load(&marks));
    close_all();
}

static void test_surplus(void)
{
    open_all(0, 5);
    OK(ip, plait_set_queue(high, 2));
    CHECK(plait_set_queue(high, 0) == PLAIT_INVALID_ARGUMENT, "a queue of 0");
    const plait_request held = hold_executor();
    struct plait_submit_options options = defaults();
    const plait_request first = submit(high, NULL), second = submit(high, NULL);
    plait_request third = 0;
    CHECK(plait_submit(high, NULL, &third) == PLAIT_BUSY && third == 0, "the queue is not bounded");
    CHECK(strstr(plait_last_error(ip), "2 requests wait") != NULL, "%s", plait_last_error(ip));
    options.surplus = PLAIT_SURPLUS_DROP;
    third = submit(high, &options);
    wait_for(first, PLAIT_DROPPED);
    OK(ip, plait_set_queue(high, 8));
    const plait_request fourth = submit(high, NULL);
    submit(high, NULL);
    CHECK(plait_submit(high, NULL, NULL) == PLAIT_BUSY, "more than options.requests");
    CHECK(strstr(plait_last_error(ip), "5 requests are under way") != NULL, "%s", plait_last_error(ip));
    let_go();
    wait_for(held, PLAIT_OK);
    wait_for(second, PLAIT_OK);
    wait_for(third, PLAIT_OK);
    wait_for(fourth, PLAIT_OK);
    CHECK(plait_wait(ip, fourth, -1, NULL) == PLAIT_NOT_FOUND, "a number is known after it ended");
    CHECK(plait_cancel(ip, fourth) == PLAIT_NOT_FOUND, "a number is known after it ended");
    close_all();
}

/* Nothing is dropped for what finds no room then: an answer that is to be given has its place until it was. */
static void test_no_room_to_drop(void)
{
    open_all(0, 3);
    OK(ip, plait_set_queue(high, 1));
    struct plait_submit_options options = defaults();
    options.surplus = PLAIT_SURPLUS_DROP;
    const plait_request held = hold_executor(), again = submit(low, NULL), first = submit(high, NULL);
    CHECK(plait_submit(high, &options, NULL) == PLAIT_BUSY, "there is room for it");
    CHECK(strstr(plait_last_error(ip), "3 requests are under way") != NULL, "%s", plait_last_error(ip));
    CHECK(plait_wait(ip, first, 0, NULL) == PLAIT_BUSY, "it was dropped");
    OK(ip, plait_cancel(ip, first));
    wait_for(first, PLAIT_CANCELLED);
    OK(ip, plait_submit(high, NULL, NULL)); /* nobody is told of it */
    const plait_request last = submit(high, &options);
    on_step = NULL;
    let_go();
    wait_for(held, PLAIT_OK);
    wait_for(again, PLAIT_OK);
    wait_for(last, PLAIT_OK);
    CHECK(atomic_load(&marks) == 1, "%d marks", atomic_load(&marks));
    close_all();
}

void test_queue(void)
{
    test_order();
    test_late();
    test_surplus();
    test_no_room_to_drop();
}
