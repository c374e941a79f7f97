/* SPDX-License-Identifier: Apache-2.0 */
/* What is submitted: its order, deadlines, queues, cancelling, loops of events, unloading, closing, fork; and that higher
 * classes interrupt. Operators of the program's own hold a run where a test wants it, so that nothing depends on luck.
 * Paths: steps (two operators Step), mark (one operator Mark, which adds 1), pair (the sum of two inputs) (see
 * test_requests.py). */
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "requests_state.h"

static void test_unloading_and_closing(void)
{
    open_all(0, 0);
    hold_executor();
    const struct plait_submit_options options = telling("unloaded");
    const plait_request waits = submit(high, NULL);
    submit(high, &options);
    CHECK(plait_unload(low) == PLAIT_BUSY, "unloaded while it runs");
    OK(ip, plait_unload(high));
    CHECK(atomic_load(&told) == 1 && answers[0].status == PLAIT_CANCELLED, "nobody was told");
    wait_for(waits, PLAIT_CANCELLED);
    submit(low, &options);
    let_go();
    let_go(); /* if the second one begins before closing */
    plait_close(ip);
    CHECK(atomic_load(&told) == 2, "%d answers after closing", atomic_load(&told));
    atomic_store(&told, 0);
    while (sem_trywait(&released) == 0) continue;
    while (sem_trywait(&inside) == 0) continue;
}

/* An input that the other file has not is not left out in silence. */
static void test_replaced(void)
{
    open_all(0, 0);
    struct plait_model *model;
    OK(ip, plait_load_file(ip, "pair", pair_path, NULL, &model));
    OK(ip, plait_allocate(ip));
    float ones[COUNT] = {1, 1, 1, 1}, sum[COUNT] = {0};
    const struct plait_request_data inputs[] = {{plait_input(model, 0), ones, BYTES}, {plait_input(model, 1), ones, BYTES}};
    const struct plait_request_data output = {plait_output(model, 0), sum, BYTES};
    struct plait_submit_options options = defaults();
    options.inputs = inputs;
    options.input_count = 2;
    options.outputs = &output;
    options.output_count = 1;
    wait_for(submit(model, &options), PLAIT_OK);
    CHECK(sum[0] > 1.5f && sum[0] < 2.5f, "%g", (double)sum[0]);
    const plait_request held = hold_executor(), waits = submit(model, &options);
    OK(ip, plait_replace(model, mark_path, NULL));
    let_go();
    wait_for(held, PLAIT_OK);
    wait_for(waits, PLAIT_NOT_FOUND);
    close_all();
}

static void test_fork(void)
{
    open_all(1, 0);
    wait_for(submit(high, NULL), PLAIT_OK);
    const plait_request held = hold_executor();
    submit(high, NULL);
    const pid_t child = fork();
    if (child == 0) { /* the held run and its executor are the parent's */
        on_step = NULL;
        OK(ip, plait_invoke(low));
        wait_for(submit(high, NULL), PLAIT_OK);
        wait_for(submit(low, NULL), PLAIT_OK);
        CHECK(plait_cancel(ip, held) == PLAIT_NOT_FOUND, "the parent's request");
        plait_close(ip);
        _exit(0);
    }
    int status = -1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0, "the child ended with %d", status);
    let_go();
    wait_for(held, PLAIT_OK);
    close_all();
}

/* What rings in a child process does not ring here. */
static void test_fork_with_a_loop(void)
{
    int fd = -1, status = -1;
    open_all(0, 0);
    struct plait_submit_options options = telling("loop");
    options.on_loop = true;
    OK(ip, plait_event_fd(ip, &fd));
    const pid_t child = fork();
    if (child == 0) {
        OK(ip, plait_event_fd(ip, &fd));
        submit(high, &options);
        CHECK(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 20000) == 1, "nothing came");
        _exit(0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0, "the child ended with %d", status);
    CHECK(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) == 0, "the child rang");
    close_all();
}

int main(int argc, char **argv)
{
    struct scenario_arguments arguments;
    scenario_parse(&arguments, argc, argv, 1);
    CHECK(arguments.path_count == 3, "expected: steps mark pair");
    steps_path = arguments.paths[0];
    mark_path = arguments.paths[1];
    pair_path = arguments.paths[2];
    sem_init(&inside, 0, 0);
    sem_init(&released, 0, 0);
    for (int i = 0; i < arguments.count; i++) {
        test_classes();
        test_timing();
        test_queue();
        test_waiting();
        test_nested();
        test_unloading_and_closing();
        test_replaced();
        test_fork();
        test_fork_with_a_loop();
    }
    printf("all of it %d times\n", arguments.count);
    return 0;
}
