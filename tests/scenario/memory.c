/* SPDX-License-Identifier: Apache-2.0 */
/* Where memory comes from and how much: invoking allocates nothing, the joint arena is the largest one, the caller's
 * memory is the only memory, and loading gets no dearer with many models. Paths: any models; small ones come first. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scenario.h"

static struct plait_stats stats_of(struct plait_interpreter *interpreter)
{
    struct plait_stats stats;
    OK(interpreter, plait_get_stats(interpreter, &stats));
    return stats;
}

static void load_numbered(struct plait_interpreter *interpreter, const char *path, int number)
{
    char name[32];
    snprintf(name, sizeof name, "model%d", number);
    OK(interpreter, plait_load_file(interpreter, name, path, NULL, NULL));
}

/* A model whose shapes depend on its data allocates until they have settled: its outputs have no bytes before. */
static void settle(struct plait_interpreter *interpreter, struct plait_model *model)
{
    enum { ENOUGH = 3 };
    bool late = false;
    for (size_t i = 0; i < plait_output_count(model); i++)
        late = late || plait_tensor_data(plait_output(model, i)) == NULL;
    for (int i = 0; late && i < ENOUGH; i++) OK(interpreter, plait_invoke(model));
}

/* Contract 4.3 and 4.7 over all models at once. */
static void check_arena_and_invoke(const struct scenario_arguments *arguments)
{
    struct plait_interpreter *interpreter = scenario_open(NULL);
    for (int k = 0; k < arguments->path_count; k++)
        load_numbered(interpreter, arguments->paths[k], k);
    OK(interpreter, plait_allocate(interpreter));
    size_t largest = 0, sum = 0;
    for (size_t k = 0; k < plait_model_count(interpreter); k++) {
        struct plait_model *model = plait_model_at(interpreter, k);
        struct plait_memory memory;
        OK(interpreter, plait_model_memory(model, &memory));
        CHECK((double)memory.arena_bytes <= 1.02 * (double)memory.arena_bound_bytes + 256, "%s: arena %zu, bound %zu",
              arguments->paths[k], memory.arena_bytes, memory.arena_bound_bytes);
        largest = memory.arena_bytes > largest ? memory.arena_bytes : largest;
        sum += memory.arena_bytes;
        scenario_feed(interpreter, model, 7);
        settle(interpreter, model);
    }
    const struct plait_stats before = stats_of(interpreter);
    CHECK(before.arena_bytes == largest, "joint arena %zu, largest of its models %zu", before.arena_bytes, largest);
    /* More where signatures have programs of their own. */
    CHECK(before.arena_sum_bytes >= sum, "sum of arenas %zu, expected %zu", before.arena_sum_bytes, sum);
    const uint64_t calls = scenario_malloc_calls();
    for (size_t k = 0; k < plait_model_count(interpreter); k++)
        OK(interpreter, plait_invoke(plait_model_at(interpreter, k)));
    const struct plait_stats after = stats_of(interpreter);
    CHECK(after.allocations == before.allocations, "invoking allocated %" PRIu64 " times",
          after.allocations - before.allocations);
    CHECK(scenario_malloc_calls() == calls, "invoking called malloc %" PRIu64 " times",
          scenario_malloc_calls() - calls);
    CHECK(after.memory_bytes == before.memory_bytes, "memory %zu, was %zu", after.memory_bytes, before.memory_bytes);
    CHECK(after.invocations == before.invocations + plait_model_count(interpreter), "invocations are not counted");
    printf("%zu models: one arena of %zu bytes, %zu if each had its own; invoking allocated nothing\n", after.models,
           after.arena_bytes, after.arena_sum_bytes);
    plait_close(interpreter);
}

/* The largest number in a message: the size it asks for. */
static size_t size_asked(const char *message)
{
    size_t largest = 0;
    for (const char *at = message; *at; at++) {
        if (*at >= '0' && *at <= '9') {
            char *end;
            const size_t number = strtoull(at, &end, 10);
            largest = number > largest ? number : largest;
            at = end - 1;
        }
    }
    return largest;
}

/* Opens, loads, allocates and invokes in a buffer of so many bytes. Returns 0 if that went well, else what the message
 * asks for. */
static size_t live_in(const unsigned char *data, size_t data_bytes, size_t bytes, uint64_t *digest)
{
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    CHECK(memory, "no memory");
    struct plait_options options;
    plait_options_default(&options);
    options.memory = memory;
    options.memory_bytes = bytes;
    const uint64_t calls = scenario_malloc_calls();
    struct plait_interpreter *interpreter = NULL;
    struct plait_model *model = NULL;
    plait_status status = plait_open(&options, &interpreter);
    CHECK(status == PLAIT_OK || status == PLAIT_OUT_OF_MEMORY, "%s", plait_status_text(status));
    size_t asked = bytes * 2 + 4096;
    if (status == PLAIT_OK) {
        status = plait_load_buffer(interpreter, "model", data, data_bytes, NULL, &model);
        if (status == PLAIT_OK)
            status = plait_allocate(interpreter);
        CHECK(status == PLAIT_OK || status == PLAIT_OUT_OF_MEMORY, "%s: %s", plait_status_text(status),
              plait_last_error(interpreter));
        if (status == PLAIT_OK)
            asked = 0;
        else if ((asked = size_asked(plait_last_error(interpreter))) <= bytes)
            CHECK(false, "%zu bytes are too few, yet the message asks for: %s", bytes, plait_last_error(interpreter));
    }
    CHECK(scenario_malloc_calls() == calls, "malloc was called");
    if (status == PLAIT_OK) {
        *digest = scenario_answer(interpreter, model, 3);
        const char *output = plait_tensor_data(plait_output(model, 0));
        CHECK(output >= (char *)memory && output < (char *)memory + bytes, "the output is not in the caller's memory");
    }
    plait_close(interpreter);
    free(memory);
    return asked;
}

static void check_callers_memory(const char *path)
{
    size_t data_bytes;
    unsigned char *data = scenario_read(path, &data_bytes);
    struct plait_model *model;
    struct plait_interpreter *interpreter = scenario_open_with(NULL, path, &model);
    const uint64_t expected = scenario_answer(interpreter, model, 3);
    plait_close(interpreter);
    size_t bytes = 4096, asked;
    uint64_t digest = 0;
    int rounds = 0;
    while ((asked = live_in(data, data_bytes, bytes, &digest)) != 0) {
        CHECK(++rounds < 12, "no size is enough");
        bytes = asked;
    }
    CHECK(digest == expected, "%s: other bits in the caller's memory", path);
    CHECK(live_in(data, data_bytes, bytes - 64, &digest) != 0, "%s: %zu bytes were said to be needed, 64 less do", path,
          bytes);
    printf("%s: lives in %zu bytes of the caller's, found in %d rounds\n", path, bytes, rounds);
    free(data);
}

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

enum { LOADS = 1000, SAMPLE = 20 };

struct cost {
    uint64_t calls, bytes, nanoseconds;
};

static struct cost median(const struct cost *costs)
{
    uint64_t sorted[3][SAMPLE];
    for (int k = 0; k < SAMPLE; k++) {
        sorted[0][k] = costs[k].calls;
        sorted[1][k] = costs[k].bytes;
        sorted[2][k] = costs[k].nanoseconds;
    }
    for (int k = 0; k < 3; k++)
        qsort(sorted[k], SAMPLE, sizeof sorted[k][0], compare_numbers);
    return (struct cost){sorted[0][SAMPLE / 2], sorted[1][SAMPLE / 2], sorted[2][SAMPLE / 2]};
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Load and allocate of the 1,000th model against the 10th: the allocator's calls and bytes are held to it; the time is
 * only told, since other work may run on this machine. */
static void check_many_loads(const char *path)
{
    static struct cost costs[LOADS];
    struct plait_interpreter *interpreter = scenario_open(NULL);
    for (int k = 0; k < LOADS; k++) {
        const struct plait_stats before = stats_of(interpreter);
        const uint64_t start = now();
        load_numbered(interpreter, path, k);
        OK(interpreter, plait_allocate(interpreter));
        costs[k].nanoseconds = now() - start;
        const struct plait_stats after = stats_of(interpreter);
        costs[k].calls = after.allocations - before.allocations;
        costs[k].bytes = after.memory_bytes - before.memory_bytes;
    }
    const struct cost first = median(costs + 1), last = median(costs + LOADS - SAMPLE);
    printf("load of model 1..20: %" PRIu64 " allocations, %" PRIu64 " bytes, %" PRIu64 " us; of 980..1000: %" PRIu64
           ", %" PRIu64 ", %" PRIu64 " us\n",
           first.calls, first.bytes, first.nanoseconds / 1000, last.calls, last.bytes, last.nanoseconds / 1000);
    CHECK(last.calls <= first.calls + 1, "loading allocates more often with many models");
    CHECK(last.bytes <= first.bytes + first.bytes / 4 + 64, "loading takes more memory with many models");
    CHECK(plait_model_count(interpreter) == LOADS, "models");
    plait_close(interpreter);
}

int main(int argc, char **argv)
{
    struct scenario_arguments arguments;
    scenario_parse(&arguments, argc, argv, 3);
    check_arena_and_invoke(&arguments);
    for (int k = 0; k < arguments.path_count && k < arguments.count; k++)
        check_callers_memory(arguments.paths[k]);
    check_many_loads(arguments.paths[0]);
    return 0;
}
