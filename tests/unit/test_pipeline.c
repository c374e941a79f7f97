/* SPDX-License-Identifier: Apache-2.0 */
/* Pipeline files and memory: every allocation can fail, and then nothing stays; the caller's memory, with its exact size. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "plait/plait.h"

static const char text[] =
    "{\"models\": {\"features\": \"digits_features_int8.tflite\", \"head\": {\"file\": \"digits_classifier_own_int8.tflite\", "
    "\"threads\": 1}, \"other\": \"digits_features_int8.tflite\", \"late\": {\"file\": \"dynamic_batch_fp32.tflite\"}},"
    " \"links\": [{\"from\": \"features\", \"to\": \"head\"}],"
    " \"inputs\": {\"x\": [\"features\", \"other\"], \"y\": {\"to\": \"late\", \"sound\": {\"rate\": 8000}}},"
    " \"outputs\": {\"y\": {\"from\": \"head\", \"labels\": \"none.txt\", \"threshold\": 1}, \"z\": \"features\"}}";

static plait_status load(struct plait_interpreter *interpreter, struct plait_pipeline **pipeline)
{
    return plait_pipeline_load_buffer(interpreter, text, sizeof text - 1, "tests/models", NULL, pipeline);
}

static void check_works(struct plait_interpreter *interpreter, struct plait_pipeline *pipeline)
{
    int8_t pixels[64] = {1, 2, 3}, scores[10];
    assert_int_equal(plait_allocate(interpreter), PLAIT_OK);
    assert_int_equal(plait_pipeline_write(pipeline, "x", pixels, sizeof pixels), PLAIT_OK);
    assert_int_equal(plait_pipeline_run(pipeline), PLAIT_OK);
    assert_int_equal(plait_pipeline_read(pipeline, "y", scores, sizeof scores), PLAIT_OK);
}

/* How often loading fails until it does not, each time with as much memory in use as before. */
static void test_every_allocation_can_fail(void **state)
{
    (void)state;
    struct unit_memory unit;
    struct plait_options options;
    struct plait_interpreter *interpreter = NULL;
    struct plait_pipeline *pipeline = NULL;
    unit_memory_init(&unit, 0);
    plait_options_default(&options);
    options.allocate = unit.memory.allocate;
    options.allocate_user = &unit;
    assert_int_equal(plait_open(&options, &interpreter), PLAIT_OK);
    /* Once without failing: what interpreters keep for later is there. */
    assert_int_equal(load(interpreter, &pipeline), PLAIT_OK);
    assert_int_equal(plait_pipeline_unload(pipeline), PLAIT_OK);
    const int64_t live = unit.live;
    int64_t failed = 0;
    plait_status status = PLAIT_OUT_OF_MEMORY;
    while (status != PLAIT_OK) {
        unit.fail_at = unit.calls + 1 + failed++;
        status = load(interpreter, &pipeline);
        if (status == PLAIT_OK) break;
        assert_int_equal(status, PLAIT_OUT_OF_MEMORY);
        assert_true(plait_last_error(interpreter)[0] != '\0');
        assert_int_equal(plait_model_count(interpreter), 0);
        assert_int_equal(unit.live, live);
    }
    assert_true(failed > 50);
    unit.fail_at = 0;
    check_works(interpreter, pipeline);
    /* Unloading takes no memory, linked as its models are. */
    unit.fail_at = unit.calls + 1;
    assert_int_equal(plait_pipeline_unload(pipeline), PLAIT_OK);
    unit.fail_at = 0;
    assert_int_equal(load(interpreter, &pipeline), PLAIT_OK);
    plait_close(interpreter);
    assert_int_equal(unit.live, 0);
}

static void test_memory_of_the_caller(void **state)
{
    (void)state;
    enum { SMALL = 200000, LARGE = 8000000 };
    struct plait_options options;
    struct plait_interpreter *interpreter = NULL;
    struct plait_pipeline *pipeline = NULL;
    plait_options_default(&options);
    options.memory_bytes = SMALL;
    options.memory = aligned_alloc(64, LARGE);
    assert_non_null(options.memory);
    assert_int_equal(plait_open(&options, &interpreter), PLAIT_OK);
    assert_int_equal(load(interpreter, &pipeline), PLAIT_OUT_OF_MEMORY);
    const char *size = strstr(plait_last_error(interpreter), "options.memory must have ");
    assert_non_null(size);
    options.memory_bytes = (size_t)strtoull(size + strlen("options.memory must have "), NULL, 10);
    plait_close(interpreter);
    assert_in_range(options.memory_bytes, SMALL, LARGE);
    assert_int_equal(plait_open(&options, &interpreter), PLAIT_OK);
    assert_int_equal(load(interpreter, &pipeline), PLAIT_OK);
    plait_close(interpreter);
    options.memory_bytes = LARGE;
    assert_int_equal(plait_open(&options, &interpreter), PLAIT_OK);
    assert_int_equal(load(interpreter, &pipeline), PLAIT_OK);
    check_works(interpreter, pipeline);
    plait_close(interpreter);
    free(options.memory);
}

static void test_bad_arguments(void **state)
{
    (void)state;
    struct plait_interpreter *interpreter = NULL;
    struct plait_pipeline *pipeline = NULL;
    struct plait_load_options options = {0};
    struct plait_pipeline_input input;
    assert_int_equal(plait_open(NULL, &interpreter), PLAIT_OK);
    assert_int_equal(plait_pipeline_load(NULL, "x", NULL, &pipeline), PLAIT_INVALID_ARGUMENT);
    assert_int_equal(plait_pipeline_load(interpreter, NULL, NULL, &pipeline), PLAIT_INVALID_ARGUMENT);
    assert_int_equal(plait_pipeline_load(interpreter, "x", NULL, NULL), PLAIT_INVALID_ARGUMENT);
    assert_int_equal(plait_pipeline_load(interpreter, "x", &options, &pipeline), PLAIT_INVALID_ARGUMENT);
    assert_int_equal(plait_pipeline_load_buffer(interpreter, NULL, 1, NULL, NULL, &pipeline), PLAIT_INVALID_ARGUMENT);
    assert_int_equal(plait_pipeline_unload(NULL), PLAIT_INVALID_ARGUMENT);
    assert_int_equal(plait_pipeline_run(NULL), PLAIT_INVALID_ARGUMENT);
    assert_int_equal(plait_pipeline_input_at(NULL, 0, &input), PLAIT_INVALID_ARGUMENT);
    assert_int_equal(load(interpreter, &pipeline), PLAIT_OK);
    assert_int_equal(plait_pipeline_run(pipeline), PLAIT_NOT_ALLOCATED);
    assert_int_equal(plait_pipeline_write(pipeline, NULL, "", 1), PLAIT_INVALID_ARGUMENT);
    assert_int_equal(plait_pipeline_push(pipeline, "x", NULL, 1), PLAIT_INVALID_ARGUMENT);
    assert_int_equal(plait_pipeline_read(pipeline, "y", NULL, 1), PLAIT_INVALID_ARGUMENT);
    assert_int_equal(plait_pipeline_input_at(pipeline, 0, NULL), PLAIT_INVALID_ARGUMENT);
    assert_int_equal(plait_pipeline_input_at(pipeline, 2, &input), PLAIT_NOT_FOUND);
    plait_close(interpreter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation_can_fail),
        cmocka_unit_test(test_memory_of_the_caller),
        cmocka_unit_test(test_bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
