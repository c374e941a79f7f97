/* SPDX-License-Identifier: Apache-2.0 */
/* How an answer is waited for: by who asked, by callbacks on a loop of events; cancelling, and memory of its own. */
#include <poll.h>

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

void test_waiting(void)
{
    test_cancel();
    test_own_memory();
    test_event_loop();
}
