/* SPDX-License-Identifier: Apache-2.0 */
/* What the scenario programs share, see scenario.h. */
#include "scenario.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capi/handles.h"

void scenario_fail(const char *file, int line, const char *condition, const char *format, ...)
{
    fprintf(stderr, "%s:%d: %s: ", file, line, condition);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    _Exit(1);
}

uint64_t scenario_next(struct scenario_random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint32_t scenario_pick(struct scenario_random *random, uint32_t count)
{
    return (uint32_t)(scenario_next(random) % count);
}

void scenario_parse(struct scenario_arguments *arguments, int argc, char **argv, int default_count)
{
    *arguments = (struct scenario_arguments){.count = default_count, .seed = 1};
    int at = 1;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        if (strcmp(argv[at], "--count") == 0)
            arguments->count = atoi(argv[at + 1]);
        else if (strcmp(argv[at], "--seed") == 0)
            arguments->seed = strtoull(argv[at + 1], NULL, 10);
        else
            CHECK(false, "unknown option %s", argv[at]);
    }
    arguments->paths = argv + at;
    arguments->path_count = argc - at;
    CHECK(argc > at, "give model paths");
}

char *scenario_stem(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *stem = strdup(slash ? slash + 1 : path);
    CHECK(stem, "no memory");
    char *dot = strrchr(stem, '.');
    if (dot)
        *dot = 0;
    for (char *letter = stem; *letter; letter++)
        if (*letter == '.')
            *letter = '_';
    return stem;
}

unsigned char *scenario_read(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    CHECK(file, "%s", path);
    CHECK(fseek(file, 0, SEEK_END) == 0, "%s", path);
    const long size = ftell(file);
    CHECK(size >= 0 && fseek(file, 0, SEEK_SET) == 0, "%s", path);
    unsigned char *data = malloc((size_t)size + 1);
    CHECK(data && fread(data, 1, (size_t)size, file) == (size_t)size, "%s", path);
    fclose(file);
    *bytes = (size_t)size;
    return data;
}

struct plait_interpreter *scenario_open(const struct plait_options *options)
{
    struct plait_interpreter *interpreter = NULL;
    const plait_status status = plait_open(options, &interpreter);
    CHECK(status == PLAIT_OK, "%s", plait_status_text(status));
    return interpreter;
}

struct plait_interpreter *scenario_open_with(const struct plait_options *options, const char *path,
                                             struct plait_model **model)
{
    struct plait_interpreter *interpreter = scenario_open(options);
    OK(interpreter, plait_load_file(interpreter, "model", path, NULL, model));
    OK(interpreter, plait_allocate(interpreter));
    return interpreter;
}

struct pl_interpreter *scenario_inside(struct plait_interpreter *interpreter)
{
    return interpreter->interpreter;
}

/* ---- the C library's allocator, counted ---------------------------------------------------------------------------- */

static atomic_uint_fast64_t malloc_calls;

uint64_t scenario_malloc_calls(void)
{
    return atomic_load(&malloc_calls);
}

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes)
{
    atomic_fetch_add(&malloc_calls, 1);
    return __real_malloc(bytes);
}

void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes)
{
    atomic_fetch_add(&malloc_calls, 1);
    return __real_calloc(count, bytes);
}

void *__real_realloc(void *pointer, size_t bytes);
void *__wrap_realloc(void *pointer, size_t bytes);
void *__wrap_realloc(void *pointer, size_t bytes)
{
    atomic_fetch_add(&malloc_calls, 1);
    return __real_realloc(pointer, bytes);
}

void *__real_aligned_alloc(size_t alignment, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
    atomic_fetch_add(&malloc_calls, 1);
    return __real_aligned_alloc(alignment, bytes);
}

int __real_posix_memalign(void **pointer, size_t alignment, size_t bytes);
int __wrap_posix_memalign(void **pointer, size_t alignment, size_t bytes);
int __wrap_posix_memalign(void **pointer, size_t alignment, size_t bytes)
{
    atomic_fetch_add(&malloc_calls, 1);
    return __real_posix_memalign(pointer, alignment, bytes);
}

/* ---- several threads ---------------------------------------------------------------------------------------------- */

static void learn(struct scenario_worker *worker)
{
    struct plait_model *model;
    struct plait_interpreter *alone = scenario_open_with(NULL, worker->path, &model);
    for (uint64_t seed = 0; seed < SCENARIO_SEEDS; seed++) {
        OK(alone, plait_reset_variables(model));
        worker->expected[seed] = scenario_answer(alone, model, seed);
    }
    plait_close(alone);
}

void scenario_together(const struct scenario_arguments *arguments, const struct scenario_roles *roles, int32_t lanes,
                       int32_t threads)
{
    enum { GUEST = 2, WORKERS };
    struct plait_options options;
    plait_options_default(&options);
    options.lanes = lanes;
    options.threads = threads;
    struct plait_interpreter *interpreter = scenario_open(&options);
    struct scenario_worker workers[WORKERS];
    for (int k = 0; k < WORKERS; k++) {
        workers[k] = (struct scenario_worker){.interpreter = interpreter, .path = arguments->paths[k % arguments->path_count],
                                              .count = k == GUEST ? arguments->count / 4 : arguments->count};
        learn(&workers[k]);
        if (k == GUEST) continue;
        const char *name = k == 0 ? "first" : "second";
        OK(interpreter, plait_load_file(interpreter, name, workers[k].path, NULL, &workers[k].model));
        if (roles->begin != NULL) roles->begin(&workers[k], name);
    }
    OK(interpreter, plait_allocate(interpreter));
    pthread_t handles[WORKERS];
    for (int k = 0; k < WORKERS; k++)
        CHECK(pthread_create(&handles[k], NULL, k == GUEST ? roles->guest : roles->often, &workers[k]) == 0, "thread %d", k);
    for (int k = 0; k < WORKERS; k++) CHECK(pthread_join(handles[k], NULL) == 0, "thread %d", k);
    plait_close(interpreter);
}
