/* SPDX-License-Identifier: Apache-2.0 */
/* predicted WARM PATH...: what the interpreter says that a model or a pipeline file takes, once it is planned, beside the private
 * memory that it then does take: anonymous pages that loading it and running it once add to a process that has run another
 * model. A line each: PATH PREDICTED MEASURED, in bytes. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scenario.h"

static size_t anonymous_bytes(void)
{
    char line[256];
    size_t kilobytes = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Anonymous: %zu", &kilobytes) == 1) break;
    if (file == NULL || fclose(file) != 0 || kilobytes == 0) exit(2);
    return kilobytes * 1024;
}

static size_t memory_of(struct plait_interpreter *interpreter)
{
    struct plait_stats stats;
    OK(interpreter, plait_get_stats(interpreter, &stats));
    return stats.memory_bytes;
}

static void feed_zeros(struct plait_interpreter *interpreter, struct plait_tensor *input)
{
    if (plait_tensor_data(input) != NULL) memset(plait_tensor_data(input), 0, plait_tensor_bytes(input));
    else OK(interpreter, PLAIT_NOT_ALLOCATED);
}

static void run_model(struct plait_interpreter *interpreter, const char *path, const char *name, size_t *predicted)
{
    struct plait_model *model = NULL;
    OK(interpreter, plait_load_file(interpreter, name, path, NULL, &model));
    OK(interpreter, plait_allocate(interpreter));
    *predicted = memory_of(interpreter);
    for (size_t i = 0; i < plait_input_count(model); i++) feed_zeros(interpreter, plait_input(model, i));
    OK(interpreter, plait_invoke(model));
}

static void run_pipeline(struct plait_interpreter *interpreter, const char *path, size_t *predicted)
{
    struct plait_pipeline *pipeline = NULL;
    struct plait_pipeline_input input;
    OK(interpreter, plait_pipeline_load(interpreter, path, NULL, &pipeline));
    OK(interpreter, plait_allocate(interpreter));
    *predicted = memory_of(interpreter);
    for (size_t i = 0; plait_pipeline_input_at(pipeline, i, &input) == PLAIT_OK; i++) {
        const size_t bytes = plait_tensor_bytes(input.targets[0]);
        void *zeros = calloc(1, bytes);
        OK(interpreter, input.is_stream ? plait_pipeline_push(pipeline, input.name, zeros, bytes)
                                        : plait_pipeline_write(pipeline, input.name, zeros, bytes));
        free(zeros);
    }
    OK(interpreter, plait_pipeline_run(pipeline));
}

/* In a process of its own, whose heap has nothing left over. */
static void measure(const char *warm, const char *path)
{
    struct plait_interpreter *interpreter = scenario_open(NULL);
    const size_t length = strlen(path);
    size_t before = 0, predicted = 0;
    run_model(interpreter, warm, "warm", &before);
    before = memory_of(interpreter);
    malloc_trim(0);
    const size_t anonymous = anonymous_bytes();
    if (length > 5 && strcmp(path + length - 5, ".json") == 0) run_pipeline(interpreter, path, &predicted);
    else run_model(interpreter, path, "model", &predicted);
    malloc_trim(0);
    printf("%s %zu %zu\n", path, predicted - before, anonymous_bytes() - anonymous);
    fflush(stdout);
    plait_close(interpreter);
}

int main(int count, char **arguments)
{
    for (int i = 2; i < count; i++) {
        int status = 1;
        const pid_t child = fork();
        if (child == 0) {
            measure(arguments[1], arguments[i]);
            _exit(0);
        }
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) return 1;
    }
    return 0;
}
