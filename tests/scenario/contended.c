/* SPDX-License-Identifier: Apache-2.0 */
/* Several threads ask for the same models at once, by requests of one model and of a pipeline of two, while others call them
 * themselves: requests wait for whoever runs what they need, and none is refused for it. Paths: two models. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "scenario.h"

enum { THREADS = 4 };

struct contended {
    struct plait_interpreter *interpreter;
    struct plait_pipeline *pipeline;
    struct plait_model *models[2];
    int count;
    atomic_int asking; /* threads that still ask */
};

static struct contended open_both(const struct scenario_arguments *arguments)
{
    struct plait_options options;
    plait_options_default(&options);
    options.lanes = THREADS;
    struct contended contended = {.interpreter = scenario_open(&options), .count = arguments->count, .asking = THREADS};
    char text[8192];
    const int length = snprintf(text, sizeof text, "{\"models\": {\"a\": {\"file\": \"%s\"}, \"b\": {\"file\": \"%s\"}}}",
                                arguments->paths[0], arguments->paths[1]);
    CHECK(length > 0 && (size_t)length < sizeof text, "paths are too long");
    OK(contended.interpreter, plait_pipeline_load_buffer(contended.interpreter, text, (size_t)length, NULL, NULL, &contended.pipeline));
    OK(contended.interpreter, plait_allocate(contended.interpreter));
    for (int i = 0; i < 2; i++) {
        contended.models[i] = plait_find_model(contended.interpreter, i == 0 ? "a" : "b");
        scenario_feed(contended.interpreter, contended.models[i], 1);
    }
    return contended;
}

static void *ask(void *argument)
{
    struct contended *contended = argument;
    for (int i = 0; i < contended->count; i++) {
        plait_request request = 0;
        const plait_status status = i % 3 == 2 ? plait_pipeline_submit(contended->pipeline, NULL, &request)
                                               : plait_submit(contended->models[i % 3], NULL, &request);
        OK(contended->interpreter, status);
        OK(contended->interpreter, plait_wait(contended->interpreter, request, -1, NULL));
    }
    atomic_fetch_sub(&contended->asking, 1);
    return NULL;
}

/* Whoever calls a model that runs is told so. */
static void *call(void *argument)
{
    struct contended *contended = argument;
    int calls = 0;
    for (int i = 0; atomic_load(&contended->asking) > 0; i++) {
        const plait_status status = plait_invoke(contended->models[i % 2]);
        CHECK(status == PLAIT_OK || status == PLAIT_BUSY, "%s", plait_last_error(contended->interpreter));
        calls += status == PLAIT_OK;
        nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
    }
    CHECK(calls > 0, "no call was let in");
    return NULL;
}

int main(int argc, char **argv)
{
    struct scenario_arguments arguments;
    scenario_parse(&arguments, argc, argv, 2000);
    CHECK(arguments.path_count == 2, "two models are needed");
    struct contended contended = open_both(&arguments);
    pthread_t threads[THREADS + 1];
    for (int i = 0; i <= THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, i < THREADS ? ask : call, &contended) == 0, "no thread");
    for (int i = 0; i <= THREADS; i++) pthread_join(threads[i], NULL);
    plait_close(contended.interpreter);
    printf("%d requests of %d threads\n", THREADS * contended.count, THREADS);
    return 0;
}
