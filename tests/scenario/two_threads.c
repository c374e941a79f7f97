/* SPDX-License-Identifier: Apache-2.0 */
/* Two threads invoke different models while a third loads, invokes and unloads others: nobody's bits change, pointers
 * stay, and nothing races (run this under ThreadSanitizer). The last path is the one that comes and goes. */
#include <pthread.h>
#include <stdio.h>

#include "scenario.h"

enum { SEEDS = 4 };

struct worker {
    struct plait_interpreter *interpreter;
    struct plait_model *model;
    const char *path;
    uint64_t expected[SEEDS];
    int count;
};

static void learn(struct worker *worker)
{
    struct plait_model *model;
    struct plait_interpreter *alone = scenario_open_with(NULL, worker->path, &model);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        OK(alone, plait_reset_variables(model));
        worker->expected[seed] = scenario_answer(alone, model, seed);
    }
    plait_close(alone);
}

static void *invoke_often(void *context)
{
    struct worker *worker = context;
    const void *data = plait_tensor_data(plait_output(worker->model, 0));
    for (int k = 0; k < worker->count; k++) {
        const uint64_t seed = (uint64_t)k % SEEDS;
        OK(worker->interpreter, plait_reset_variables(worker->model));
        CHECK(scenario_answer(worker->interpreter, worker->model, seed) == worker->expected[seed],
              "%s: other bits than alone", worker->path);
        /* One of a shape that depends on data has no place before it is computed. */
        CHECK(data == NULL || plait_tensor_data(plait_output(worker->model, 0)) == data, "%s: its output moved",
              worker->path);
    }
    return NULL;
}

/* Links of others come and go too, if the guest's output fits its own input's type. */
static void link_and_unlink(struct worker *worker, const char *name)
{
    struct plait_model *second;
    struct plait_link_options options;
    plait_link_options_default(&options);
    options.reshape = options.cast = true;
    OK(worker->interpreter, plait_clone(worker->model, "companion", &second));
    if (plait_link(worker->interpreter, name, "#0", "companion", "#0", &options) == PLAIT_OK)
        OK(worker->interpreter, plait_unlink(worker->interpreter, "companion", "#0"));
    OK(worker->interpreter, plait_unload(second));
}

static void *come_and_go(void *context)
{
    struct worker *worker = context;
    for (int k = 0; k < worker->count; k++) {
        char name[32];
        snprintf(name, sizeof name, "guest%d", k);
        OK(worker->interpreter, plait_load_file(worker->interpreter, name, worker->path, NULL, &worker->model));
        OK(worker->interpreter, plait_allocate(worker->interpreter));
        const uint64_t seed = (uint64_t)k % SEEDS;
        CHECK(scenario_answer(worker->interpreter, worker->model, seed) == worker->expected[seed],
              "%s: other bits than alone", name);
        link_and_unlink(worker, name);
        OK(worker->interpreter, plait_unload(worker->model));
    }
    return NULL;
}

static void together(const struct scenario_arguments *arguments, int32_t lanes, int32_t threads)
{
    struct plait_options options;
    plait_options_default(&options);
    options.lanes = lanes;
    options.threads = threads;
    struct plait_interpreter *interpreter = scenario_open(&options);
    struct worker workers[3];
    for (int k = 0; k < 3; k++) {
        workers[k] = (struct worker){.interpreter = interpreter, .path = arguments->paths[k % arguments->path_count],
                                     .count = k == 2 ? arguments->count / 4 : arguments->count};
        learn(&workers[k]);
        if (k < 2) {
            const char *name = k == 0 ? "first" : "second";
            OK(interpreter, plait_load_file(interpreter, name, workers[k].path, NULL, &workers[k].model));
        }
    }
    OK(interpreter, plait_allocate(interpreter));
    pthread_t handles[3];
    for (int k = 0; k < 3; k++)
        CHECK(pthread_create(&handles[k], NULL, k == 2 ? come_and_go : invoke_often, &workers[k]) == 0, "thread %d", k);
    for (int k = 0; k < 3; k++)
        CHECK(pthread_join(handles[k], NULL) == 0, "thread %d", k);
    plait_close(interpreter);
}

int main(int argc, char **argv)
{
    struct scenario_arguments arguments;
    scenario_parse(&arguments, argc, argv, 200);
    together(&arguments, 1, 1);
    together(&arguments, 3, 2);
    printf("2 times %d invocations on each of two threads, %d models came and went\n", arguments.count,
           2 * (arguments.count / 4));
    return 0;
}
