/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow Lite's interpreters in several threads: each gives the bits that it gives alone while others run, come, are
 * resized and go, with memory they share (run this under ThreadSanitizer); and they do run at once: operators of two
 * wait for each other. The last path is a model with one RELU. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario.h"
#include "tensorflow/lite/c/c_api.h"
#include "tensorflow/lite/c/c_api_experimental.h"

enum { THREADS = 4, SEEDS = 3 };

struct runner {
    const char *path;
    int count;
    uint64_t expected[SEEDS];
    TfLiteModel *model;
    TfLiteInterpreter *interpreter;
};

static void open_runner(struct runner *runner, int32_t threads)
{
    TfLiteInterpreterOptions *options = TfLiteInterpreterOptionsCreate();
    TfLiteInterpreterOptionsSetNumThreads(options, threads);
    runner->model = TfLiteModelCreateFromFile(runner->path);
    CHECK(runner->model != NULL, "%s", runner->path);
    runner->interpreter = TfLiteInterpreterCreate(runner->model, options);
    CHECK(runner->interpreter != NULL, "%s", runner->path);
    TfLiteInterpreterOptionsDelete(options);
    CHECK(TfLiteInterpreterAllocateTensors(runner->interpreter) == kTfLiteOk, "%s", runner->path);
}

static void close_runner(struct runner *runner)
{
    TfLiteInterpreterDelete(runner->interpreter);
    TfLiteModelDelete(runner->model);
}

/* Small whole numbers, which are floats as well as bytes of any type. */
static void feed(const struct runner *runner, uint64_t seed)
{
    const int32_t inputs = TfLiteInterpreterGetInputTensorCount(runner->interpreter);
    for (int32_t i = 0; i < inputs; i++) {
        TfLiteTensor *tensor = TfLiteInterpreterGetInputTensor(runner->interpreter, i);
        struct scenario_random random = {seed + (uint64_t)i};
        const size_t bytes = TfLiteTensorByteSize(tensor);
        float *values = malloc(bytes + sizeof *values);
        CHECK(values != NULL, "no memory");
        for (size_t k = 0; k < bytes / sizeof *values + 1; k++) values[k] = (float)scenario_pick(&random, 100) / 16.0f;
        if (TfLiteTensorType(tensor) == kTfLiteBool) memset(values, (int)(seed & 1), bytes);
        CHECK(TfLiteTensorCopyFromBuffer(tensor, values, bytes) == kTfLiteOk, "%s", runner->path);
        free(values);
    }
}

static uint64_t digest(const TfLiteInterpreter *interpreter)
{
    uint64_t sum = 1;
    for (int32_t i = 0; i < TfLiteInterpreterGetOutputTensorCount(interpreter); i++) {
        const TfLiteTensor *tensor = TfLiteInterpreterGetOutputTensor(interpreter, i);
        const unsigned char *data = TfLiteTensorData(tensor);
        for (size_t k = 0; k < TfLiteTensorByteSize(tensor); k++) sum = sum * 0x100000001b3 + data[k];
    }
    return sum;
}

static uint64_t answer(const struct runner *runner, uint64_t seed)
{
    CHECK(TfLiteInterpreterResetVariableTensors(runner->interpreter) == kTfLiteOk, "%s", runner->path);
    feed(runner, seed);
    CHECK(TfLiteInterpreterInvoke(runner->interpreter) == kTfLiteOk, "%s", runner->path);
    return digest(runner->interpreter);
}

static void learn(struct runner *runner)
{
    open_runner(runner, 1);
    for (uint64_t seed = 0; seed < SEEDS; seed++) runner->expected[seed] = answer(runner, seed);
    close_runner(runner);
}

static void *run_often(void *context)
{
    struct runner *runner = context;
    open_runner(runner, 2);
    for (int k = 0; k < runner->count; k++)
        CHECK(answer(runner, (uint64_t)(k % SEEDS)) == runner->expected[k % SEEDS], "%s: other bits than alone",
              runner->path);
    close_runner(runner);
    return NULL;
}

static void *come_and_go(void *context)
{
    struct runner *runner = context;
    for (int k = 0; k < runner->count / 8 + 1; k++) {
        open_runner(runner, 1 + k % 2);
        const TfLiteTensor *input = TfLiteInterpreterGetInputTensor(runner->interpreter, 0);
        int dims[8];
        const int32_t rank = TfLiteTensorNumDims(input);
        for (int32_t i = 0; i < rank; i++) dims[i] = TfLiteTensorDim(input, i);
        CHECK(TfLiteInterpreterResizeInputTensor(runner->interpreter, 0, dims, rank) == kTfLiteOk, "%s", runner->path);
        CHECK(TfLiteInterpreterAllocateTensors(runner->interpreter) == kTfLiteOk, "%s", runner->path);
        CHECK(answer(runner, (uint64_t)(k % SEEDS)) == runner->expected[k % SEEDS], "%s: other bits", runner->path);
        close_runner(runner);
    }
    return NULL;
}

static void in_threads(struct runner *runners, void *(*last)(void *))
{
    pthread_t threads[THREADS];
    for (int k = 0; k < THREADS; k++)
        CHECK(pthread_create(&threads[k], NULL, k == THREADS - 1 ? last : run_often, &runners[k]) == 0, "thread %d", k);
    for (int k = 0; k < THREADS; k++) CHECK(pthread_join(threads[k], NULL) == 0, "thread %d", k);
}

/* ---- at once */

static pthread_barrier_t all_are_inside;

static TfLiteStatus prepare_waiting(TfLiteContext *context, TfLiteNode *node)
{
    (void)context;
    (void)node;
    return kTfLiteOk;
}

static TfLiteStatus wait_for_the_others(TfLiteContext *context, TfLiteNode *node)
{
    (void)context;
    (void)node;
    (void)pthread_barrier_wait(&all_are_inside); /* for ever, if they ran one after the other */
    return kTfLiteOk;
}

static void *run_waiting(void *context)
{
    const TfLiteRegistration own = {.prepare = prepare_waiting, .invoke = wait_for_the_others};
    TfLiteModel *model = TfLiteModelCreateFromFile(context);
    TfLiteInterpreterOptions *options = TfLiteInterpreterOptionsCreate();
    TfLiteInterpreterOptionsAddBuiltinOp(options, kTfLiteBuiltinRelu, &own, 1, 99);
    TfLiteInterpreter *interpreter = TfLiteInterpreterCreate(model, options);
    CHECK(interpreter != NULL && TfLiteInterpreterAllocateTensors(interpreter) == kTfLiteOk, "the one that waits");
    CHECK(TfLiteInterpreterInvoke(interpreter) == kTfLiteOk, "the one that waits");
    TfLiteInterpreterDelete(interpreter);
    TfLiteInterpreterOptionsDelete(options);
    TfLiteModelDelete(model);
    return NULL;
}

static void at_once(char *path)
{
    pthread_t threads[THREADS];
    CHECK(pthread_barrier_init(&all_are_inside, NULL, THREADS) == 0, "a barrier");
    for (int k = 0; k < THREADS; k++)
        CHECK(pthread_create(&threads[k], NULL, run_waiting, path) == 0, "thread %d", k);
    for (int k = 0; k < THREADS; k++) CHECK(pthread_join(threads[k], NULL) == 0, "thread %d", k);
    (void)pthread_barrier_destroy(&all_are_inside);
}

int main(int argc, char **argv)
{
    struct scenario_arguments arguments;
    scenario_parse(&arguments, argc, argv, 100);
    CHECK(arguments.path_count >= 2, "found %d paths", arguments.path_count);
    struct runner runners[THREADS];
    for (int k = 0; k < THREADS; k++) {
        runners[k] = (struct runner){.path = arguments.paths[k % (arguments.path_count - 1)], .count = arguments.count};
        learn(&runners[k]);
    }
    in_threads(runners, come_and_go);
    in_threads(runners, run_often);
    at_once(arguments.paths[arguments.path_count - 1]);
    printf("%d threads, %d invocations each: the bits of running alone\n", THREADS, arguments.count);
    return 0;
}
