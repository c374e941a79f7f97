/* SPDX-License-Identifier: Apache-2.0 */
/* Two threads push rows into windows of their own while a third makes and takes away a window and a link over one input:
 * nobody's bits change, and nothing races (run this under ThreadSanitizer). Models have one input. */
#include <stdio.h>
#include <stdlib.h>

#include "scenario.h"

static struct plait_link_options window_of(const struct plait_model *model)
{
    struct plait_link_options options;
    plait_link_options_default(&options);
    options.hop = 1;
    options.axis = scenario_rows_axis(plait_input(model, 0));
    CHECK(options.axis >= 0 && plait_input_count(model) == 1, "model '%s' has no rows", plait_model_name(model));
    return options;
}

static void note_run(void *user, struct plait_model *model)
{
    struct scenario_worker *worker = user;
    CHECK(model == worker->model, "another model ran");
    worker->ran++;
}

static void push_rows(struct scenario_worker *worker, uint64_t seed, struct scenario_random *random)
{
    struct plait_tensor *input = plait_input(worker->model, 0);
    scenario_push(worker->interpreter, input, seed, (size_t)plait_tensor_dim(input, scenario_rows_axis(input)), random);
}

static void *push_often(void *context)
{
    struct scenario_worker *worker = context;
    struct scenario_random random = {(uint64_t)(uintptr_t)worker->path};
    OK(worker->interpreter, plait_on_run(worker->model, note_run, worker));
    for (int k = 0; k < worker->count; k++) {
        const uint64_t seed = (uint64_t)k % SCENARIO_SEEDS;
        worker->ran = 0;
        OK(worker->interpreter, plait_reset_variables(worker->model));
        push_rows(worker, seed, &random);
        CHECK(worker->ran == 1, "%s ran %d times in its first window", worker->path, worker->ran);
        CHECK(scenario_digest(worker->model) == worker->expected[seed], "%s: other bits than whole", worker->path);
    }
    return NULL;
}

static void use_window(struct scenario_worker *worker, const char *name, uint64_t seed)
{
    const struct plait_link_options options = window_of(worker->model);
    struct scenario_random random = {seed};
    OK(worker->interpreter, plait_stream(worker->interpreter, name, "#0", &options));
    OK(worker->interpreter, plait_allocate(worker->interpreter));
    push_rows(worker, seed, &random);
    CHECK(scenario_digest(worker->model) == worker->expected[seed], "%s: other bits with a window", name);
    OK(worker->interpreter, plait_unlink(worker->interpreter, name, "#0"));
}

static void use_one_input(struct scenario_worker *worker, const char *name, uint64_t seed)
{
    struct plait_model *second;
    struct plait_link_options options;
    plait_link_options_default(&options);
    options.from_input = true;
    OK(worker->interpreter, plait_clone(worker->model, "companion", &second));
    OK(worker->interpreter, plait_link(worker->interpreter, name, "#0", "companion", "#0", &options));
    OK(worker->interpreter, plait_allocate(worker->interpreter));
    OK(worker->interpreter, plait_reset_variables(worker->model));
    scenario_feed(worker->interpreter, worker->model, seed);
    OK(worker->interpreter, plait_run(worker->model));
    CHECK(scenario_digest(worker->model) == worker->expected[seed], "%s: other bits beside a companion", name);
    CHECK(scenario_digest(second) == worker->expected[seed], "the companion of %s has other bits", name);
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
        use_window(worker, name, (uint64_t)k % SCENARIO_SEEDS);
        use_one_input(worker, name, (uint64_t)k % SCENARIO_SEEDS);
        OK(worker->interpreter, plait_unload(worker->model));
    }
    return NULL;
}

static void begin_window(struct scenario_worker *worker, const char *name)
{
    const struct plait_link_options window = window_of(worker->model);
    OK(worker->interpreter, plait_stream(worker->interpreter, name, "", &window));
}

static const struct scenario_roles roles = {push_often, come_and_go, begin_window};

int main(int argc, char **argv)
{
    struct scenario_arguments arguments;
    scenario_parse(&arguments, argc, argv, 100);
    scenario_together(&arguments, &roles, 1, 1);
    scenario_together(&arguments, &roles, 3, 2);
    printf("2 times %d windows on each of two threads, %d models came and went\n", arguments.count,
           2 * (arguments.count / 4));
    return 0;
}
