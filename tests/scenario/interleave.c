/* SPDX-License-Identifier: Apache-2.0 */
/* All models in one interpreter, with three clones of each of the first two, driven at random: invocations (with new
 * inputs or with those set before), resizes, unloads and reloads, the arenas filled with rubbish before each step. Every
 * model has a twin alone in an interpreter of its own, which is driven in the same way: all bits must be equal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interpreter/interpreter.h"
#include "scenario.h"

enum { CLONED = 2, CLONES = 3 };

struct instance {
    const char *path;
    char *name;
    struct instance *original; /* of a clone, else NULL */
    struct plait_model *model;
    struct plait_interpreter *alone;
    struct plait_model *twin;
    uint64_t digest; /* of the outputs of the last invocation */
    bool invoked;
    bool fed;
    uint32_t signature; /* last invoked: 0 the model itself, else the signature + 1 */
};

struct world {
    struct plait_interpreter *all;
    struct instance *instances;
    uint32_t count;
    struct scenario_random random;
    uint32_t invocations, resizes, refused_resizes, reloads, looks;
};

static struct plait_model *view(struct plait_model *model, uint32_t signature)
{
    if (signature == 0)
        return model;
    struct plait_model *found = plait_signature(model, plait_signature_key(model, signature - 1));
    CHECK(found, "signature %u of %s", signature, plait_model_name(model));
    return found;
}

static void poison(struct world *world)
{
    pl_interpreter_poison(scenario_inside(world->all), (int)scenario_pick(&world->random, 256));
}

/* Clones cannot outlive nothing here: a clone is reloaded by cloning its original again. */
static void load(struct world *world, struct instance *instance)
{
    if (instance->original)
        OK(world->all, plait_clone(instance->original->model, instance->name, &instance->model));
    else
        OK(world->all, plait_load_file(world->all, instance->name, instance->path, NULL, &instance->model));
    instance->alone = scenario_open_with(NULL, instance->path, &instance->twin);
    instance->invoked = false;
    instance->fed = false;
}

static void load_all(struct world *world, const struct scenario_arguments *arguments)
{
    const uint32_t paths = (uint32_t)arguments->path_count;
    world->instances = calloc(paths + CLONED * CLONES, sizeof *world->instances);
    CHECK(world->instances, "no memory");
    for (uint32_t k = 0; k < paths; k++) {
        struct instance *instance = &world->instances[world->count++];
        char *stem = scenario_stem(arguments->paths[k]);
        char name[200];
        snprintf(name, sizeof name, "%s_%u", stem, k);
        free(stem);
        instance->path = arguments->paths[k];
        instance->name = strdup(name);
        load(world, instance);
    }
    for (uint32_t k = 0; k < CLONED * CLONES && k / CLONES < paths; k++) {
        struct instance *instance = &world->instances[world->count++];
        instance->original = &world->instances[k / CLONES];
        char name[220];
        snprintf(name, sizeof name, "%s_clone%u", instance->original->name, k % CLONES);
        instance->path = instance->original->path;
        instance->name = strdup(name);
        load(world, instance);
    }
    OK(world->all, plait_allocate(world->all));
}

static void invoke(struct world *world, struct instance *instance)
{
    const uint32_t signatures = (uint32_t)plait_signature_count(instance->model);
    if (signatures > 1 && (!instance->fed || scenario_pick(&world->random, 2))) {
        instance->signature = 1 + scenario_pick(&world->random, signatures);
        instance->fed = false;
    }
    struct plait_model *here = view(instance->model, instance->signature);
    struct plait_model *twin = view(instance->twin, instance->signature);
    if (!instance->fed || scenario_pick(&world->random, 2)) {
        const uint64_t seed = scenario_next(&world->random);
        scenario_feed(world->all, here, seed);
        scenario_feed(instance->alone, twin, seed);
        instance->fed = true;
    }
    poison(world);
    OK(world->all, plait_invoke(here));
    OK(instance->alone, plait_invoke(twin));
    instance->digest = scenario_digest(here);
    instance->invoked = true;
    world->invocations++;
    CHECK(instance->digest == scenario_digest(twin), "%s, signature %u: other bits than alone, after %u invocations",
          instance->name, instance->signature, world->invocations);
}

/* Outputs stay until their own model runs again. */
static void look(struct world *world, struct instance *instance)
{
    poison(world);
    world->looks++;
    CHECK(!instance->invoked || scenario_digest(view(instance->model, instance->signature)) == instance->digest,
          "%s: its outputs changed while others ran", instance->name);
}

/* Of every input that is not a scalar. */
static plait_status set_batch(struct plait_model *model, int32_t batch)
{
    for (size_t k = 0; k < plait_input_count(model); k++) {
        int32_t dims[8];
        const struct plait_tensor *input = plait_input(model, k);
        const int32_t rank = plait_tensor_rank(input);
        if (rank < 1)
            continue;
        CHECK(rank <= 8, "%s: rank %d", plait_model_name(model), rank);
        for (int32_t axis = 0; axis < rank; axis++)
            dims[axis] = plait_tensor_dim(input, axis);
        dims[0] = batch;
        const plait_status status = plait_resize_input(model, k, dims, rank);
        if (status != PLAIT_OK)
            return status;
    }
    return PLAIT_OK;
}

/* Not every model takes another batch; then both must refuse it and go on as before. */
static void resize(struct world *world, struct instance *instance)
{
    if (plait_signature_count(instance->model) > 1 || plait_input_count(instance->model) == 0 ||
        plait_tensor_rank(plait_input(instance->model, 0)) < 1)
        return;
    const int32_t before = plait_tensor_dim(plait_input(instance->model, 0), 0);
    const int32_t batch = 1 + (int32_t)scenario_pick(&world->random, 3);
    plait_status here = set_batch(instance->model, batch);
    plait_status twin = set_batch(instance->twin, batch);
    CHECK(here == twin, "%s: resize %d, alone %d", instance->name, here, twin);
    poison(world);
    if (here == PLAIT_OK) {
        here = plait_allocate(world->all);
        twin = plait_allocate(instance->alone);
        CHECK(here == twin, "%s: allocate %d (%s), alone %d", instance->name, here, plait_last_error(world->all), twin);
    }
    if (here != PLAIT_OK) {
        world->refused_resizes++;
        CHECK(set_batch(instance->model, before) == PLAIT_OK && set_batch(instance->twin, before) == PLAIT_OK,
              "%s: back to its shape", instance->name);
        OK(world->all, plait_allocate(world->all));
        OK(instance->alone, plait_allocate(instance->alone));
    }
    world->resizes++;
    instance->invoked = false;
    instance->fed = false;
}

static void unload_and_reload(struct world *world, struct instance *instance)
{
    OK(world->all, plait_unload(instance->model));
    plait_close(instance->alone);
    CHECK(plait_find_model(world->all, instance->name) == NULL, "%s is still there", instance->name);
    /* Something else runs while it is away. */
    struct instance *other = &world->instances[scenario_pick(&world->random, world->count)];
    if (other != instance)
        invoke(world, other);
    load(world, instance);
    poison(world);
    OK(world->all, plait_allocate(world->all));
    world->reloads++;
}

int main(int argc, char **argv)
{
    struct scenario_arguments arguments;
    scenario_parse(&arguments, argc, argv, 2000);
    struct world world = {.all = scenario_open(NULL), .random = {arguments.seed}};
    load_all(&world, &arguments);
    while (world.invocations < (uint32_t)arguments.count) {
        struct instance *instance = &world.instances[scenario_pick(&world.random, world.count)];
        const uint32_t what = scenario_pick(&world.random, 100);
        if (what < 80)
            invoke(&world, instance);
        else if (what < 92)
            look(&world, instance);
        else if (what < 96)
            resize(&world, instance);
        else
            unload_and_reload(&world, instance);
    }
    printf("%u models: %u invocations, %u resizes (%u refused), %u reloads, %u outputs looked at again\n", world.count,
           world.invocations, world.resizes, world.refused_resizes, world.reloads, world.looks);
    for (uint32_t k = 0; k < world.count; k++) {
        plait_close(world.instances[k].alone);
        free(world.instances[k].name);
    }
    plait_close(world.all);
    free(world.instances);
    return 0;
}
