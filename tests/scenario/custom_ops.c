/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that the program brings: their callbacks see what they should, their state is each
 * operator's own, they are never computed ahead, they may run other models, and what they refuse is
 * said with their name. Paths: affine, counters, nested, failing (see test_custom_ops.py). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario.h"

enum { COUNT = 4 };

static int alive; /* what init gave and free has not taken back */

/* Tells of an error of the callback's own. */
static void expect_error(struct plait_interpreter *interpreter, plait_status got, plait_status wanted,
                         const char *text)
{
    CHECK(got == wanted, "%s, expected %s", plait_status_text(got), plait_status_text(wanted));
    CHECK(strstr(plait_last_error(interpreter), text) != NULL, "'%s' is not in '%s'", text,
          plait_last_error(interpreter));
}

/* ---- y = scale * x + offset, both from the options ------------------------------------------- */

struct affine {
    float scale;
    float offset;
};

static plait_status affine_init(struct plait_op_context *context, void **data)
{
    struct plait_op_node node;
    plait_op_get_node(context, &node);
    CHECK(strcmp(node.name, "Affine") == 0 && node.version == 3 && node.index == 0, "wrong node");
    CHECK(node.user == &alive && node.input_count == 0, "wrong user");
    if (node.options_bytes != sizeof(struct affine))
        return plait_op_fail(context, PLAIT_INVALID_MODEL, "%zu bytes of options", node.options_bytes);
    struct affine *affine = malloc(sizeof *affine);
    CHECK(affine != NULL, "memory");
    memcpy(affine, node.options, sizeof *affine);
    *data = affine;
    alive++;
    return PLAIT_OK;
}

static void take_back(void *user, void *data)
{
    CHECK(user == &alive, "wrong user");
    free(data);
    alive--;
}

static plait_status affine_prepare(struct plait_op_context *context)
{
    struct plait_op_tensor x;
    struct plait_op_tensor none;
    OK(NULL, plait_op_input(context, 0, &x));
    CHECK(plait_op_input(context, 1, &none) == PLAIT_NOT_FOUND, "there is no input 1");
    /* Of a linked pair the second finds the tensor of the first. */
    const bool named = strcmp(x.name, "x") == 0 || strcmp(x.name, "y") == 0;
    CHECK(x.type == PLAIT_FLOAT32 && named && !x.is_constant, "wrong input");
    CHECK(x.data == NULL && x.bytes == (size_t)x.dims[0] * COUNT * sizeof(float), "wrong size");
    if (x.dims[0] == 7) return plait_op_fail(context, PLAIT_MISMATCH, "not seven rows");
    CHECK(plait_op_scratch(context, 2, x.bytes) == NULL, "scratch in prepare");
    CHECK(plait_op_set_shape(context, 1, x.dims, x.rank) == PLAIT_NOT_FOUND, "no output 1");
    CHECK(plait_op_set_shape(context, 0, (const int32_t[]){-1}, 1) == PLAIT_INVALID_ARGUMENT, "-1");
    return plait_op_set_shape(context, 0, x.dims, x.rank);
}

static plait_status affine_invoke(struct plait_op_context *context)
{
    struct plait_op_node node;
    struct plait_op_tensor x;
    struct plait_op_tensor y;
    plait_op_get_node(context, &node);
    OK(NULL, plait_op_input(context, 0, &x));
    OK(NULL, plait_op_output(context, 0, &y));
    CHECK(y.bytes == x.bytes && node.input_count == 1 && node.output_count == 1, "wrong shapes");
    CHECK(plait_op_set_shape(context, 0, x.dims, x.rank) != PLAIT_OK, "a shape while running");
    float *scratch = plait_op_scratch(context, 2, 0);
    CHECK(scratch != NULL && (uintptr_t)scratch % 64 == 0, "no scratch");
    CHECK(plait_op_scratch(context, 0, 0) == NULL, "scratch that nobody asked for");
    memcpy(scratch, x.data, x.bytes);
    const struct affine *affine = node.data;
    for (size_t i = 0; i < x.bytes / sizeof(float); i++)
        ((float *)y.data)[i] = affine->scale * scratch[i] + affine->offset;
    return PLAIT_OK;
}

static const struct plait_op affine = {.struct_bytes = sizeof(struct plait_op),
                                       .name = "Affine",
                                       .min_version = 2,
                                       .max_version = 3,
                                       .user = &alive,
                                       .init = affine_init,
                                       .free = take_back,
                                       .prepare = affine_prepare,
                                       .invoke = affine_invoke};

static void run_affine(struct plait_interpreter *interpreter, struct plait_model *model, int rows)
{
    float x[2 * COUNT];
    float y[2 * COUNT];
    const size_t bytes = (size_t)rows * COUNT * sizeof(float);
    for (int i = 0; i < rows * COUNT; i++) x[i] = (float)i - 3;
    OK(interpreter, plait_tensor_write(plait_input(model, 0), x, bytes));
    OK(interpreter, plait_invoke(model));
    OK(interpreter, plait_tensor_read(plait_output(model, 0), y, bytes));
    for (int i = 0; i < rows * COUNT; i++) /* RELU comes behind it in the file */
        CHECK(y[i] == (2 * x[i] + 1 > 0 ? 2 * x[i] + 1 : 0), "element %d is %g", i, (double)y[i]);
}

static void test_affine(const char *path)
{
    struct plait_interpreter *interpreter = scenario_open(NULL);
    struct plait_model *model;
    struct plait_model *clone;
    struct plait_operator_info info;
    expect_error(interpreter, plait_load_file(interpreter, "early", path, NULL, &model),
                 PLAIT_UNSUPPORTED, "Affine version 3 (custom operator: register it");
    OK(interpreter, plait_register_op(interpreter, &affine));
    OK(interpreter, plait_load_file(interpreter, "model", path, NULL, &model));
    OK(interpreter, plait_clone(model, "clone", &clone));
    CHECK(alive == 2, "%d nodes for two models", alive);
    OK(interpreter, plait_operator_at(model, 0, &info));
    CHECK(info.supported && strcmp(info.name, "Affine") == 0, "not supported");
    OK(interpreter, plait_allocate(interpreter));
    run_affine(interpreter, model, 1);
    OK(interpreter, plait_resize_input(model, 0, (const int32_t[]){2, COUNT}, 2));
    OK(interpreter, plait_allocate(interpreter));
    run_affine(interpreter, model, 2);
    run_affine(interpreter, clone, 1);
    OK(interpreter, plait_resize_input(model, 0, (const int32_t[]){7, COUNT}, 2));
    expect_error(interpreter, plait_allocate(interpreter), PLAIT_MISMATCH,
                 "operator 0 (Affine): its prepare failed: not seven rows");
    run_affine(interpreter, clone, 1);
    OK(interpreter, plait_unload(model));
    CHECK(alive == 1, "%d nodes are left", alive);
    plait_close(interpreter);
    CHECK(alive == 0, "%d nodes are left", alive);
}

/* Loaded before anybody knows the operator, allocated when somebody does; inside a linked pair. */
static void test_late_registration(const char *path)
{
    struct plait_interpreter *interpreter = scenario_open(NULL);
    struct plait_load_options options;
    struct plait_model *first;
    struct plait_model *second;
    plait_load_options_default(&options);
    options.allow_unsupported = true;
    OK(interpreter, plait_load_file(interpreter, "first", path, &options, &first));
    OK(interpreter, plait_load_file(interpreter, "second", path, &options, &second));
    expect_error(interpreter, plait_allocate(interpreter), PLAIT_UNSUPPORTED, "Affine");
    OK(interpreter, plait_register_op(interpreter, &affine));
    OK(interpreter, plait_link(interpreter, "first", "", "second", "", NULL));
    OK(interpreter, plait_allocate(interpreter));
    const float x[COUNT] = {1, -1, 0, 2};
    float y[COUNT];
    OK(interpreter, plait_tensor_write(plait_input(first, 0), x, sizeof x));
    OK(interpreter, plait_run(second));
    OK(interpreter, plait_tensor_read(plait_output(second, 0), y, sizeof y));
    CHECK(y[0] == 7 && y[1] == 1 && y[2] == 3 && y[3] == 11, "%g %g %g %g", (double)y[0],
          (double)y[1], (double)y[2], (double)y[3]);
    plait_close(interpreter);
    CHECK(alive == 0, "%d nodes are left", alive);
}

/* ---- counts how often it runs: its input is a constant --------------------------------------- */

static plait_status counter_init(struct plait_op_context *context, void **data)
{
    (void)context;
    *data = calloc(1, sizeof(int32_t));
    alive++;
    return PLAIT_OK;
}

static plait_status counter_invoke(struct plait_op_context *context)
{
    struct plait_op_node node;
    struct plait_op_tensor x;
    struct plait_op_tensor y;
    plait_op_get_node(context, &node);
    OK(NULL, plait_op_input(context, 0, &x));
    OK(NULL, plait_op_output(context, 0, &y));
    CHECK(x.is_constant && *(const int32_t *)x.data == 10, "not the constant");
    *(int32_t *)y.data = 10 + ++*(int32_t *)node.data;
    return PLAIT_OK;
}

static void test_counters(const char *path)
{
    struct plait_interpreter *interpreter = scenario_open(NULL);
    struct plait_model *models[2];
    const struct plait_op counter = {.struct_bytes = sizeof counter,
                                     .name = "Counter",
                                     .user = &alive,
                                     .init = counter_init,
                                     .free = take_back,
                                     .invoke = counter_invoke};
    OK(interpreter, plait_register_op(interpreter, &counter));
    OK(interpreter, plait_load_file(interpreter, "a", path, NULL, &models[0]));
    OK(interpreter, plait_clone(models[0], "b", &models[1]));
    OK(interpreter, plait_allocate(interpreter));
    CHECK(alive == 4, "two operators in each of two models");
    for (int run = 0; run < 6; run++) {
        struct plait_model *model = models[run % 3 == 0]; /* b a a b a a */
        const int32_t wanted = 10 + (run % 3 == 0 ? run / 3 + 1 : run - run / 3);
        OK(interpreter, plait_invoke(model));
        for (size_t i = 0; i < 2; i++) {
            int32_t got = 0;
            OK(interpreter, plait_tensor_read(plait_output(model, i), &got, sizeof got));
            CHECK(got == wanted, "run %d, output %zu: %d, expected %d", run, i, (int)got, (int)wanted);
        }
    }
    plait_close(interpreter);
    CHECK(alive == 0, "%d nodes are left", alive);
}

/* ---- runs another model ---------------------------------------------------------------------- */

struct nested {
    struct plait_interpreter *interpreter;
    const char *inner_path;
    struct plait_model *inner;
    struct plait_model *self;
};

static plait_status nested_init(struct plait_op_context *context, void **data)
{
    struct plait_op_node node;
    plait_op_get_node(context, &node);
    struct nested *nested = node.user;
    *data = nested;
    return plait_load_file(nested->interpreter, "inner", nested->inner_path, NULL, &nested->inner);
}

static plait_status nested_prepare(struct plait_op_context *context)
{
    struct plait_op_node node;
    struct plait_op_tensor x;
    plait_op_get_node(context, &node);
    struct nested *nested = node.user;
    OK(NULL, plait_op_input(context, 0, &x));
    OK(nested->interpreter, plait_resize_input(nested->inner, 0, x.dims, x.rank));
    OK(nested->interpreter, plait_allocate(nested->interpreter)); /* all but the model being allocated */
    if (nested->self != NULL) {
        CHECK(plait_unload(nested->self) == PLAIT_BUSY, "unloaded while it is allocated");
        CHECK(plait_resize_input(nested->self, 0, (const int32_t[]){3, COUNT}, 2) == PLAIT_BUSY, "resized");
        CHECK(plait_set_whole(nested->self, true) == PLAIT_BUSY, "changed");
        CHECK(plait_set_threads(nested->self, 9) == PLAIT_BUSY, "to be planned for more threads");
    }
    return plait_op_set_shape(context, 0, x.dims, x.rank);
}

static plait_status nested_invoke(struct plait_op_context *context)
{
    struct plait_op_node node;
    struct plait_op_tensor x;
    struct plait_op_tensor y;
    plait_op_get_node(context, &node);
    struct nested *nested = node.data;
    OK(NULL, plait_op_input(context, 0, &x));
    OK(NULL, plait_op_output(context, 0, &y));
    CHECK(plait_invoke(nested->self) == PLAIT_BUSY, "an operator ran its own model");
    CHECK(plait_set_threads(nested->self, 9) == PLAIT_BUSY, "it runs, and has to be planned for more threads");
    OK(nested->interpreter, plait_set_threads(nested->self, 1));
    OK(nested->interpreter, plait_tensor_write(plait_input(nested->inner, 0), x.data, x.bytes));
    OK(nested->interpreter, plait_invoke(nested->inner));
    return plait_tensor_read(plait_output(nested->inner, 0), y.data, y.bytes);
}

static void test_nested(const char *path, const char *inner_path)
{
    struct plait_interpreter *interpreter = scenario_open(NULL);
    struct nested nested = {interpreter, inner_path, NULL, NULL};
    struct plait_stats stats;
    const struct plait_op op = {.struct_bytes = sizeof op,
                                .name = "Nested",
                                .user = &nested,
                                .init = nested_init,
                                .prepare = nested_prepare,
                                .invoke = nested_invoke};
    OK(interpreter, plait_register_op(interpreter, &op));
    OK(interpreter, plait_register_op(interpreter, &affine));
    struct plait_model *model;
    OK(interpreter, plait_load_file(interpreter, "outer", path, NULL, &model));
    OK(interpreter, plait_allocate(interpreter));
    nested.self = model;
    run_affine(interpreter, model, 1);
    OK(interpreter, plait_resize_input(model, 0, (const int32_t[]){2, COUNT}, 2));
    OK(interpreter, plait_allocate(interpreter));
    run_affine(interpreter, model, 2);
    OK(interpreter, plait_get_stats(interpreter, &stats));
    CHECK(stats.lanes == 2, "the inner model has a lane of its own: %zu lanes", stats.lanes);
    plait_close(interpreter);
}

/* ---- fails ----------------------------------------------------------------------------------- */

static plait_status fail_invoke(struct plait_op_context *context)
{
    struct plait_op_node node;
    plait_op_get_node(context, &node);
    if (*(const int *)node.user == 0) return PLAIT_OK;
    return *(const int *)node.user > 1 ? (plait_status)77
                                       : plait_op_fail(context, PLAIT_RUN_ERROR, "value %d", 42);
}

static plait_status fail_init(struct plait_op_context *context, void **data)
{
    struct plait_op_node node;
    plait_op_get_node(context, &node);
    *data = NULL;
    return *(const int *)node.user < 0 ? PLAIT_UNSUPPORTED : PLAIT_OK;
}

static void test_failing(const char *path)
{
    struct plait_interpreter *interpreter = scenario_open(NULL);
    struct plait_model *model;
    int how = -1;
    struct plait_op op = {.struct_bytes = sizeof op, .name = "Fails", .user = &how, .init = fail_init};
    CHECK(plait_register_op(NULL, &op) == PLAIT_INVALID_ARGUMENT, "no interpreter");
    CHECK(plait_register_op(interpreter, NULL) == PLAIT_INVALID_ARGUMENT, "no operator");
    expect_error(interpreter, plait_register_op(interpreter, &op), PLAIT_INVALID_ARGUMENT, "no invoke");
    op.invoke = fail_invoke;
    op.struct_bytes = 1;
    CHECK(plait_register_op(interpreter, &op) == PLAIT_INVALID_ARGUMENT, "struct_bytes");
    op.struct_bytes = sizeof op;
    OK(interpreter, plait_register_op(interpreter, &op));
    expect_error(interpreter, plait_load_file(interpreter, "m", path, NULL, &model), PLAIT_UNSUPPORTED,
                 "model 'm': operator 0 (Fails): its init failed and returned 5 (unsupported)");
    CHECK(plait_model_count(interpreter) == 0, "a model is left");
    how = 1;
    OK(interpreter, plait_load_file(interpreter, "m", path, NULL, &model));
    OK(interpreter, plait_allocate(interpreter));
    expect_error(interpreter, plait_invoke(model), PLAIT_RUN_ERROR,
                 "model 'm': operator 0 (Fails): its invoke failed: value 42");
    how = 2;
    expect_error(interpreter, plait_invoke(model), PLAIT_RUN_ERROR, "returned 77 (no status of plait's)");
    how = 0;
    OK(interpreter, plait_invoke(model));
    CHECK(plait_op_input(NULL, 0, NULL) == PLAIT_INVALID_ARGUMENT, "NULL");
    CHECK(plait_op_output(NULL, 0, NULL) == PLAIT_INVALID_ARGUMENT, "NULL");
    CHECK(plait_op_set_shape(NULL, 0, NULL, 0) == PLAIT_INVALID_ARGUMENT, "NULL");
    CHECK(plait_op_scratch(NULL, 0, 1) == NULL, "NULL");
    plait_close(interpreter);
}

int main(int argc, char **argv)
{
    CHECK(argc == 5, "four models");
    test_affine(argv[1]);
    test_late_registration(argv[1]);
    test_counters(argv[2]);
    test_nested(argv[3], argv[1]);
    test_failing(argv[4]);
    puts("custom operators: all as they should be");
    return 0;
}
