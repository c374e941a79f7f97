/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting within a run: for what only its own thread could run, for what has no place but its own, and for what another one
 * runs meanwhile. */
#include <time.h>

#include "requests_state.h"

static atomic_bool has_asked;

static void ask_and_wait(int index)
{
    if (index != 0) return;
    plait_request request = 0;
    OK(ip, plait_submit(high, NULL, &request));
    atomic_store(&has_asked, true);
    OK(ip, plait_wait(ip, request, INT64_MAX, NULL));
}

static void ask_wait_and_invoke(int index)
{
    if (index != 0) return;
    ask_and_wait(index);
    OK(ip, plait_invoke(high)); /* of a class below it, or the same, in its run */
}

static void test_the_only_thread(int32_t class_of_low)
{
    open_all(0, 0);
    OK(ip, plait_set_class(low, class_of_low));
    on_step = ask_wait_and_invoke;
    wait_for(submit(low, NULL), PLAIT_OK);
    OK(ip, plait_invoke(low));
    CHECK(atomic_load(&marks) == 4, "%d marks", atomic_load(&marks));
    wait_for(submit(low, NULL), PLAIT_OK); /* all places are free again */
    close_all();
}

static void hold_once(void)
{
    if (atomic_load(&marks) == 0) hold(0);
}

static void *invoke_high(void *nothing)
{
    OK(ip, plait_invoke(high));
    return nothing;
}

/* What the executor waits for cannot run until this call has ended: nobody else will run it then. */
static void test_another_runs_it(void)
{
    const struct timespec moment = {0, 10000000};
    open_all(0, 0);
    on_mark = hold_once;
    on_step = ask_and_wait;
    atomic_store(&has_asked, false);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, invoke_high, NULL) == 0, "thread");
    while (sem_wait(&inside) != 0) continue;
    const plait_request request = submit(low, NULL);
    while (!atomic_load(&has_asked)) nanosleep(&moment, NULL);
    nanosleep(&moment, NULL); /* it waits by now */
    let_go();
    wait_for(request, PLAIT_OK);
    pthread_join(thread, NULL);
    CHECK(atomic_load(&marks) == 2, "%d marks", atomic_load(&marks));
    close_all();
}

void test_nested(void)
{
    test_the_only_thread(7);
    test_the_only_thread(0);
    test_another_runs_it();
}
