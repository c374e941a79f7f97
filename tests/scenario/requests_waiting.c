/* SPDX-License-Identifier: Apache-2.0 */
/* How an answer is waited for: by who asked, by callbacks on a loop of events; cancelling, and memory of its own. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "requests_state.h"

static void test_cancel(void)
{
    open_all(0, 0);
    const plait_request held = hold_executor();
    const plait_request waits = submit(high, NULL);
    const struct plait_submit_options options = telling("cancelled");
    const plait_request tells = submit(high, &options);
    CHECK(plait_wait(ip, waits, 0, NULL) == PLAIT_BUSY, "it ended");
    CHECK(plait_wait(ip, waits, 2000000, NULL) == PLAIT_BUSY, "it ended");
    CHECK(plait_wait(ip, tells, 0, NULL) == PLAIT_INVALID_ARGUMENT, "it is answered by a callback");
    OK(ip, plait_cancel(ip, waits));
    OK(ip, plait_cancel(ip, tells));
    CHECK(atomic_load(&told) == 1 && answers[0].status == PLAIT_CANCELLED, "it was not told at once");
    CHECK(wait_for(waits, PLAIT_CANCELLED).started == 0, "it began");
    OK(ip, plait_cancel(ip, held));
    let_go();
    CHECK(wait_for(held, PLAIT_CANCELLED).started > 0, "it never began");
    CHECK(atomic_load(&steps) == 1 && atomic_load(&marks) == 0, "%d steps ran", atomic_load(&steps));
    close_all();
}

static atomic_ullong to_cancel;
static pthread_t other;

static void hold_mark(void)
{
    hold(0);
}

static void *invoke_two(void *nothing)
{
    OK(ip, plait_invoke(plait_find_model(ip, "two")));
    return nothing;
}

static bool cancels;

static void go_on_while_two_is_busy(int index)
{
    const struct timespec moment = {0, 200000};
    while (atomic_load(&to_cancel) == 0) nanosleep(&moment, NULL);
    if (index == 1 && cancels) OK(ip, plait_cancel(ip, (plait_request)atomic_load(&to_cancel)));
    if (index == 1) return;
    CHECK(pthread_create(&other, NULL, invoke_two, NULL) == 0, "thread");
    while (sem_wait(&inside) != 0) continue;
}

/* Of two models, the second one is busy when the first has run: that is waited for, but by who was cancelled. */
static void test_the_next_is_busy(bool cancelled)
{
    char text[4096];
    struct plait_pipeline *pipeline;
    plait_request request = 0;
    open_all(0, 0);
    snprintf(text, sizeof text, "{\"models\": {\"one\": \"%s\", \"two\": \"%s\"}}", steps_path, mark_path);
    OK(ip, plait_pipeline_load_buffer(ip, text, strlen(text), NULL, NULL, &pipeline));
    OK(ip, plait_allocate(ip));
    atomic_store(&to_cancel, 0);
    cancels = cancelled;
    on_step = go_on_while_two_is_busy;
    on_mark = hold_mark;
    OK(ip, plait_pipeline_submit(pipeline, NULL, &request));
    atomic_store(&to_cancel, request);
    if (cancelled) wait_for(request, PLAIT_CANCELLED);
    else CHECK(plait_wait(ip, request, 20000000, NULL) == PLAIT_BUSY, "it did not wait");
    CHECK(atomic_load(&marks) == 0, "%d marks", atomic_load(&marks));
    on_mark = NULL;
    let_go();
    pthread_join(other, NULL);
    if (!cancelled) wait_for(request, PLAIT_OK);
    CHECK(atomic_load(&marks) == (cancelled ? 1 : 2), "%d marks", atomic_load(&marks));
    close_all();
}

/* Several requests of one model, each with its own memory; nothing is allocated once there was one. */
static void test_own_memory(void)
{
    enum { REQUESTS = 6 };
    open_all(0, 0);
    wait_for(submit(high, NULL), PLAIT_OK);
    struct plait_stats before, after;
    OK(ip, plait_get_stats(ip, &before));
    float in[REQUESTS][COUNT], out[REQUESTS][COUNT];
    struct plait_request_data inputs[REQUESTS], outputs[REQUESTS];
    plait_request requests[REQUESTS];
    const plait_request held = hold_executor();
    for (int i = 0; i < REQUESTS; i++) {
        for (int k = 0; k < COUNT; k++) in[i][k] = (float)(10 * i + k);
        inputs[i] = (struct plait_request_data){plait_input(high, 0), in[i], BYTES};
        outputs[i] = (struct plait_request_data){plait_output(high, 0), out[i], BYTES};
        struct plait_submit_options options = defaults();
        options.inputs = &inputs[i];
        options.outputs = &outputs[i];
        options.input_count = options.output_count = 1;
        requests[i] = submit(high, &options);
        options.inputs = &(struct plait_request_data){plait_input(high, 0), in[i], BYTES - 1};
        CHECK(plait_submit(high, &options, NULL) == PLAIT_INVALID_ARGUMENT, "a wrong size");
        options.inputs = &(struct plait_request_data){plait_input(low, 0), in[i], BYTES};
        CHECK(plait_submit(high, &options, NULL) == PLAIT_INVALID_ARGUMENT, "an input of another model");
    }
    let_go();
    wait_for(held, PLAIT_OK);
    for (int i = 0; i < REQUESTS; i++) {
        wait_for(requests[i], PLAIT_OK);
        for (int k = 0; k < COUNT; k++) CHECK(out[i][k] == in[i][k] + 1, "request %d: %g", i, (double)out[i][k]);
    }
    OK(ip, plait_get_stats(ip, &after));
    CHECK(before.allocations == after.allocations, "submitting allocates");
    close_all();
}

static void test_event_loop(void)
{
    open_all(0, 0);
    int fd = -1;
    OK(ip, plait_event_fd(ip, &fd));
    struct pollfd event = {.fd = fd, .events = POLLIN};
    CHECK(poll(&event, 1, 0) == 0, "there is nothing yet");
    struct plait_submit_options options = telling("loop");
    options.on_loop = true;
    submit(high, &options);
    CHECK(poll(&event, 1, 20000) == 1, "nothing came");
    CHECK(atomic_load(&told) == 0, "it was told by somebody else");
    CHECK(plait_dispatch(ip) == 1 && atomic_load(&told) == 1, "it was not told");
    CHECK(pthread_equal(teller[0], pthread_self()) && answers[0].status == PLAIT_OK, "by another thread");
    CHECK(poll(&event, 1, 0) == 0 && plait_dispatch(ip) == 0, "it is told twice");
    close_all();
}

static void ask_again(void *user, const struct plait_answer *answer)
{
    const struct plait_submit_options *options = user;
    int fd = -1;
    tell(NULL, answer);
    if (atomic_load(&told) >= MOST / 2) return;
    submit(high, options);
    OK(ip, plait_event_fd(ip, &fd));
    CHECK(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 20000) == 1, "nothing came");
}

/* What ends while answers are given is for the next time, or a loop would do nothing else. */
static void test_a_loop_goes_on(void)
{
    open_all(0, 0);
    int fd = -1;
    OK(ip, plait_event_fd(ip, &fd));
    struct plait_submit_options options = telling("loop");
    options.on_loop = true;
    options.done = ask_again;
    options.user = &options;
    submit(high, &options);
    struct pollfd event = {.fd = fd, .events = POLLIN};
    for (int i = 1; i <= MOST / 2; i++) {
        CHECK(poll(&event, 1, 20000) == 1, "nothing came");
        CHECK(plait_dispatch(ip) == 1 && atomic_load(&told) == i, "%d were told at time %d", atomic_load(&told), i);
    }
    CHECK(poll(&event, 1, 0) == 0, "there is more");
    close_all();
}

void test_waiting(void)
{
    test_cancel();
    test_the_next_is_busy(true);
    test_the_next_is_busy(false);
    test_own_memory();
    test_event_loop();
    test_a_loop_goes_on();
}
