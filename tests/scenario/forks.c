/* SPDX-License-Identifier: Apache-2.0 */
/* fork() while other threads run models, submit requests, look at the interpreter, fail, and load and unload: the child has
 * none of them, finds nothing locked or half done, works, and closes. Paths: two models. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scenario.h"

enum { SECONDS_TO_END = 60 };

struct forks {
    struct plait_interpreter *interpreter;
    struct plait_model *models[2]; /* the first is run by who forks, in turns with its child; the second by requests */
    struct plait_model *called;    /* by another thread */
    uint64_t expected;
    atomic_bool ending;
};

static void *look(void *argument)
{
    struct forks *forks = argument;
    while (!atomic_load(&forks->ending)) {
        struct plait_stats stats;
        OK(forks->interpreter, plait_get_stats(forks->interpreter, &stats));
    }
    return NULL;
}

static void *fail(void *argument)
{
    struct forks *forks = argument;
    while (!atomic_load(&forks->ending))
        CHECK(plait_set_class(forks->called, -1) == PLAIT_INVALID_ARGUMENT, "%s", plait_last_error(forks->interpreter));
    return NULL;
}

static void *call(void *argument)
{
    struct forks *forks = argument;
    while (!atomic_load(&forks->ending)) OK(forks->interpreter, plait_invoke(forks->called));
    return NULL;
}

static void *submit(void *argument)
{
    struct forks *forks = argument;
    while (!atomic_load(&forks->ending)) {
        plait_request request = 0;
        OK(forks->interpreter, plait_submit(forks->models[1], NULL, &request));
        OK(forks->interpreter, plait_wait(forks->interpreter, request, -1, NULL));
    }
    return NULL;
}

static void in_child(const struct forks *forks, int number)
{
    struct plait_interpreter *interpreter = forks->interpreter;
    alarm(SECONDS_TO_END);
    if (number % 2 == 0) {
        CHECK(scenario_answer(interpreter, forks->models[0], 1) == forks->expected, "another answer in child %d", number);
        plait_request request = 0;
        OK(interpreter, plait_submit(forks->models[1], NULL, &request));
        OK(interpreter, plait_wait(interpreter, request, -1, NULL));
        OK(interpreter, plait_invoke(forks->called));
        CHECK(plait_set_class(forks->called, -1) == PLAIT_INVALID_ARGUMENT, "%s", plait_last_error(interpreter));
    }
    plait_close(interpreter);
    _exit(0);
}

static struct forks open_all(const char *const paths[2])
{
    struct plait_options options;
    plait_options_default(&options);
    options.lanes = 2;
    options.threads = 2;
    struct forks forks = {.interpreter = scenario_open(&options)};
    OK(forks.interpreter, plait_load_file(forks.interpreter, "own", paths[0], NULL, &forks.models[0]));
    OK(forks.interpreter, plait_load_file(forks.interpreter, "asked", paths[1], NULL, &forks.models[1]));
    OK(forks.interpreter, plait_load_file(forks.interpreter, "called", paths[0], NULL, &forks.called));
    OK(forks.interpreter, plait_allocate(forks.interpreter));
    scenario_feed(forks.interpreter, forks.models[1], 1);
    scenario_feed(forks.interpreter, forks.called, 1);
    forks.expected = scenario_answer(forks.interpreter, forks.models[0], 1);
    return forks;
}

int main(int argc, char **argv)
{
    struct scenario_arguments arguments;
    scenario_parse(&arguments, argc, argv, 100);
    CHECK(arguments.path_count == 2, "two models are needed");
    const char *const paths[2] = {arguments.paths[0], arguments.paths[1]};
    struct forks forks = open_all(paths);
    void *(*const functions[])(void *) = {look, fail, fail, call, submit};
    enum { THREADS = sizeof functions / sizeof functions[0] };
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, functions[i], &forks) == 0, "no thread");
    for (int i = 0; i < arguments.count; i++) {
        const pid_t child = fork();
        if (child == 0) in_child(&forks, i);
        int status = -1;
        CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0, "child %d ended with %#x", i, (unsigned)status);
        CHECK(scenario_answer(forks.interpreter, forks.models[0], 1) == forks.expected, "another answer in the parent");
    }
    atomic_store(&forks.ending, true);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    plait_close(forks.interpreter);
    printf("%d children\n", arguments.count);
    return 0;
}
