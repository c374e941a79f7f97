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

/* The sum of four uniform numbers, about normal. */
static float random_float(struct scenario_random *random)
{
    const uint64_t bits = scenario_next(random);
    int sum = 0;
    for (int part = 0; part < 4; part++)
        sum += (int)((bits >> (16 * part)) & 0xffff) - 0x8000;
    return (float)sum * (1.0f / 0x8000);
}

static size_t small_integer_bytes(plait_type type)
{
    switch ((int)type) {
    case PLAIT_INT32:
    case PLAIT_UINT32:
        return 4;
    case PLAIT_INT64:
    case PLAIT_UINT64:
        return 8;
    default:
        return 0;
    }
}

void scenario_fill(const struct plait_tensor *tensor, uint64_t seed, void *data)
{
    struct scenario_random random = {seed * 1000003u + (uint64_t)plait_tensor_index(tensor)};
    const size_t bytes = plait_tensor_bytes(tensor);
    const plait_type type = plait_tensor_type(tensor);
    const size_t wide = small_integer_bytes(type);
    unsigned char *at = data;
    if (type == PLAIT_FLOAT32) {
        for (size_t k = 0; k < bytes / 4; k++) {
            const float value = random_float(&random);
            memcpy(at + 4 * k, &value, 4);
        }
    } else if (wide != 0) {
        memset(at, 0, bytes);
        for (size_t k = 0; k < bytes / wide; k++)
            at[wide * k] = (unsigned char)scenario_pick(&random, 31);
    } else {
        for (size_t k = 0; k < bytes; k++)
            at[k] = (unsigned char)(type == PLAIT_BOOL ? scenario_next(&random) & 1 : scenario_next(&random) & 255);
    }
}

static void feed_strings(struct plait_interpreter *interpreter, struct plait_tensor *input, uint64_t seed)
{
    enum { MOST = 4096 };
    static const char *const words[] = {"", "a", "plait", "two words", "many words in one text"};
    struct scenario_random random = {seed};
    const char *texts[MOST];
    size_t lengths[MOST], count = 1;
    for (int32_t k = 0; k < plait_tensor_rank(input); k++) count *= (size_t)plait_tensor_dim(input, k);
    CHECK(count <= MOST, "%zu strings", count);
    for (size_t k = 0; k < count; k++) {
        texts[k] = words[scenario_pick(&random, sizeof words / sizeof words[0])];
        lengths[k] = strlen(texts[k]);
    }
    OK(interpreter, plait_tensor_write_strings(input, texts, lengths, count));
}

void scenario_feed(struct plait_interpreter *interpreter, struct plait_model *model, uint64_t seed)
{
    for (size_t k = 0; k < plait_input_count(model); k++) {
        struct plait_tensor *input = plait_input(model, k);
        if (plait_tensor_type(input) == PLAIT_STRING) {
            feed_strings(interpreter, input, seed + k);
            continue;
        }
        const size_t bytes = plait_tensor_bytes(input);
        void *data = malloc(bytes + 1);
        CHECK(data, "no memory");
        scenario_fill(input, seed, data);
        OK(interpreter, plait_tensor_write(input, data, bytes));
        free(data);
    }
}

int32_t scenario_rows_axis(const struct plait_tensor *input)
{
    if (input == NULL || plait_tensor_type(input) == PLAIT_STRING || plait_tensor_bytes(input) == 0) return -1;
    for (int32_t axis = 0; axis < plait_tensor_rank(input); axis++)
        if (plait_tensor_dim(input, axis) > 1) return axis;
    return -1;
}

static uint64_t digest_bytes(uint64_t digest, const void *data, size_t bytes)
{
    const unsigned char *at = data;
    for (size_t k = 0; k < bytes; k++)
        digest = (digest ^ at[k]) * 0x100000001b3u;
    return digest ^ (digest >> 29);
}

uint64_t scenario_digest(const struct plait_model *model)
{
    uint64_t digest = 0xcbf29ce484222325u;
    for (size_t k = 0; k < plait_output_count(model); k++) {
        const struct plait_tensor *output = plait_output(model, k);
        for (int32_t axis = 0; axis < plait_tensor_rank(output); axis++) {
            const int32_t size = plait_tensor_dim(output, axis);
            digest = digest_bytes(digest, &size, sizeof size);
        }
        const void *data = plait_tensor_data(output);
        CHECK(data || plait_tensor_bytes(output) == 0, "output %zu has no data", k);
        digest = digest_bytes(digest, data, plait_tensor_bytes(output));
    }
    return digest;
}

uint64_t scenario_answer(struct plait_interpreter *interpreter, struct plait_model *model, uint64_t seed)
{
    scenario_feed(interpreter, model, seed);
    OK(interpreter, plait_invoke(model));
    return scenario_digest(model);
}

/* What random numbers made of an index or a shape. */
bool scenario_is_about_data(plait_status status)
{
    return status == PLAIT_RUN_ERROR || status == PLAIT_MISMATCH || status == PLAIT_INVALID_MODEL ||
           status == PLAIT_UNSUPPORTED || status == PLAIT_OUT_OF_MEMORY;
}

bool scenario_try_answer(struct plait_interpreter *interpreter, struct plait_model *model, uint64_t seed, uint64_t *digest)
{
    scenario_feed(interpreter, model, seed);
    const plait_status status = plait_invoke(model);
    if (scenario_is_about_data(status)) return false;
    OK(interpreter, status);
    *digest = scenario_digest(model);
    return true;
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
