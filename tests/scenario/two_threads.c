/* SPDX-License-Identifier: Apache-2.0 */
/* Two threads invoke different models while a third loads, invokes and unloads others: nobody's bits change, pointers
 * stay, and nothing races (run this under ThreadSanitizer). The last path is the one that comes and goes. */
#include <stdio.h>

#include "scenario.h"

static void *invoke_often(void *context)
{
    struct scenario_worker *worker = context;
    const void *data = plait_tensor_data(plait_output(worker->model, 0));
    for (int k = 0; k < worker->count; k++) {
        const uint64_t seed = (uint64_t)k % SCENARIO_SEEDS;
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
static void link_and_unlink(struct scenario_worker *worker, const char *name)
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
    struct scenario_worker *worker = context;
    for (int k = 0; k < worker->count; k++) {
        char name[32];
        snprintf(name, sizeof name, "guest%d", k);
        OK(worker->interpreter, plait_load_file(worker->interpreter, name, worker->path, NULL, &worker->model));
        OK(worker->interpreter, plait_allocate(worker->interpreter));
        const uint64_t seed = (uint64_t)k % SCENARIO_SEEDS;
        CHECK(scenario_answer(worker->interpreter, worker->model, seed) == worker->expected[seed],
              "%s: other bits than alone", name);
        link_and_unlink(worker, name);
        OK(worker->interpreter, plait_unload(worker->model));
    }
    return NULL;
}

static const struct scenario_roles roles = {invoke_often, come_and_go, NULL};

int main(int argc, char **argv)
{
    struct scenario_arguments arguments;
    scenario_parse(&arguments, argc, argv, 200);
    scenario_together(&arguments, &roles, 1, 1);
    scenario_together(&arguments, &roles, 3, 2);
    printf("2 times %d invocations on each of two threads, %d models came and went\n", arguments.count,
           2 * (arguments.count / 4));
    return 0;
}
