/* SPDX-License-Identifier: Apache-2.0 */
/* A model is replaced while it runs, by an operator of its own: the run ends on the old file, what starts afterwards is on
 * the new one, and nothing of the old one is left. Paths: y = 2 x, 3 x and 5 x, see test_custom_ops.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario.h"

enum { COUNT = 4, FILES = 3 };

static struct plait_interpreter *interpreter;
static struct plait_model *models[2];
static unsigned char *files[FILES];
static size_t file_bytes[FILES];
static int alive; /* operators that init was called for and free was not */
static void (*hook)(void); /* called within a run, once */

static plait_status init(struct plait_op_context *context, void **data)
{
    (void)context;
    (void)data;
    alive++;
    return PLAIT_OK;
}

static void take_back(void *user, void *data)
{
    (void)user;
    (void)data;
    alive--;
}

static plait_status scale(struct plait_op_context *context)
{
    struct plait_op_node node;
    struct plait_op_tensor x, y;
    float factor;
    plait_op_get_node(context, &node);
    CHECK(node.options_bytes == sizeof factor, "options");
    memcpy(&factor, node.options, sizeof factor);
    OK(NULL, plait_op_input(context, 0, &x));
    OK(NULL, plait_op_output(context, 0, &y));
    void (*const now)(void) = hook;
    hook = NULL;
    if (now != NULL) now();
    for (size_t i = 0; i < COUNT; i++) ((float *)y.data)[i] = factor * ((const float *)x.data)[i];
    return PLAIT_OK;
}

static void replace(int model, int file)
{
    OK(interpreter, plait_replace_buffer(models[model], files[file], file_bytes[file], NULL));
}

/* Feeds the first model, runs what is linked, and looks at the last. */
static void expect(int last, float factor)
{
    float x[COUNT] = {1, 2, 3, 4}, y[COUNT];
    OK(interpreter, plait_tensor_write(plait_input(models[0], 0), x, sizeof x));
    OK(interpreter, plait_run(models[0]));
    OK(interpreter, plait_tensor_read(plait_output(models[last], 0), y, sizeof y));
    for (int i = 0; i < COUNT; i++) CHECK(y[i] == factor * x[i], "element %d is %g, expected %g", i, (double)y[i], (double)(factor * x[i]));
}

static void to_five_by_three(void)
{
    const void *data = plait_tensor_data(plait_output(models[0], 0));
    replace(0, 1);
    CHECK(plait_invoke(models[0]) == PLAIT_BUSY, "not busy");
    CHECK(plait_unload(models[0]) == PLAIT_BUSY, "unloaded");
    replace(0, 2);
    CHECK(plait_invoke(models[0]) == PLAIT_BUSY, "not busy");
    CHECK(plait_replace_buffer(models[0], files[0], file_bytes[0] / 2, NULL) == PLAIT_INVALID_MODEL, "half a file");
    CHECK(plait_tensor_data(plait_output(models[0], 0)) == data, "its output moved");
}

static void both(void)
{
    replace(1, 2);
    replace(0, 1);
    replace(1, 1);
    CHECK(plait_run(models[1]) == PLAIT_BUSY, "not busy");
}

static void load(int model, const char *name)
{
    OK(interpreter, plait_load_buffer(interpreter, name, files[0], file_bytes[0], NULL, &models[model]));
    OK(interpreter, plait_allocate(interpreter));
}

static void alone(void)
{
    load(0, "first");
    expect(0, 2);
    hook = to_five_by_three;
    expect(0, 2);
    CHECK(alive == 1, "%d operators are alive", alive);
    expect(0, 5);
}

static void linked(void)
{
    load(1, "second");
    replace(0, 0);
    OK(interpreter, plait_link(interpreter, "first", "", "second", "", NULL));
    OK(interpreter, plait_allocate(interpreter));
    expect(1, 4);
    hook = both;
    expect(1, 4);
    CHECK(alive == 2, "%d operators are alive", alive);
    expect(1, 9);
}

int main(int argc, char **argv)
{
    struct scenario_arguments arguments;
    const struct plait_op op = {
        .struct_bytes = sizeof op, .name = "Scale", .init = init, .free = take_back, .invoke = scale};
    scenario_parse(&arguments, argc, argv, 1);
    CHECK(arguments.path_count == FILES, "%d files", FILES);
    for (int k = 0; k < FILES; k++) files[k] = scenario_read(arguments.paths[k], &file_bytes[k]);
    interpreter = scenario_open(NULL);
    OK(interpreter, plait_register_op(interpreter, &op));
    alone();
    linked();
    plait_close(interpreter);
    CHECK(alive == 0, "%d operators are alive", alive);
    for (int k = 0; k < FILES; k++) free(files[k]);
    printf("replaced alone and linked, by its own operator\n");
    return 0;
}
