/* SPDX-License-Identifier: Apache-2.0 */
/* Where plait_check_batch() says that several runs can be one, one gives the bits of the single runs, other models run
 * beside or not. Prints what it said of each model, and how long one takes beside the single runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scenario.h"

enum { MOST_TIMES = 8, REPEATS = 5 };

/* All outputs, or inputs, of one run, one behind the other. */
struct bytes {
    unsigned char *data[32];
    size_t sizes[32];
};

struct pair {
    struct plait_interpreter *interpreter;
    struct plait_model *single;
    struct plait_model *whole;
    const char *path;
    int32_t times;
};

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void feed_part(struct plait_tensor *one, struct plait_tensor *whole, uint64_t seed, int32_t part)
{
    scenario_fill(one, seed, plait_tensor_data(one));
    memcpy((char *)plait_tensor_data(whole) + (size_t)part * plait_tensor_bytes(one), plait_tensor_data(one),
           plait_tensor_bytes(one));
}

/* A clone with so many times the rows; NULL where the library says that it cannot be. */
static struct plait_model *make_whole(struct pair *pair)
{
    struct plait_model *whole = NULL;
    const plait_status status = plait_check_batch(pair->single, pair->times);
    if (status != PLAIT_OK) {
        if (pair->times == 2) printf("%s: no: %s\n", pair->path, plait_last_error(pair->interpreter));
        return NULL;
    }
    OK(pair->interpreter, plait_clone(pair->single, "whole", &whole));
    for (size_t i = 0; i < plait_input_count(whole); i++) {
        const struct plait_tensor *input = plait_input(pair->single, i);
        int32_t dims[8];
        for (int32_t axis = 0; axis < plait_tensor_rank(input); axis++) dims[axis] = plait_tensor_dim(input, axis);
        dims[0] *= pair->times;
        OK(pair->interpreter, plait_resize_input(whole, i, dims, plait_tensor_rank(input)));
    }
    OK(pair->interpreter, plait_allocate_model(whole));
    return whole;
}

static uint64_t shortest(const struct pair *pair, struct plait_model *model)
{
    uint64_t least = UINT64_MAX;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        const uint64_t began = now();
        OK(pair->interpreter, plait_invoke(model));
        const uint64_t taken = now() - began;
        if (taken < least) least = taken;
    }
    return least;
}

/* False where data decides whether it runs. */
static bool run_singles(const struct pair *pair, struct bytes *expected)
{
    const size_t outputs = plait_output_count(pair->single);
    CHECK(outputs <= 32, "%s", pair->path);
    for (int32_t part = 0; part < pair->times; part++) {
        for (size_t i = 0; i < plait_input_count(pair->single); i++)
            feed_part(plait_input(pair->single, i), plait_input(pair->whole, i), (uint64_t)part + 1, part);
        const plait_status status = plait_invoke(pair->single);
        if (scenario_is_about_data(status)) return false;
        CHECK(status == PLAIT_OK, "%s: %s", pair->path, plait_last_error(pair->interpreter));
        for (size_t i = 0; i < outputs; i++) {
            const struct plait_tensor *output = plait_output(pair->single, i);
            const size_t bytes = plait_tensor_bytes(output);
            if (part == 0) {
                expected->sizes[i] = bytes * (size_t)pair->times;
                expected->data[i] = malloc(expected->sizes[i] + 1);
            }
            CHECK(expected->data[i] != NULL, "no memory");
            memcpy(expected->data[i] + (size_t)part * bytes, plait_tensor_data(output), bytes);
        }
    }
    return true;
}

static void compare(struct pair *pair)
{
    struct bytes expected = {0};
    if (run_singles(pair, &expected)) {
        OK(pair->interpreter, plait_invoke(pair->whole));
        for (size_t i = 0; i < plait_output_count(pair->whole); i++) {
            const struct plait_tensor *output = plait_output(pair->whole, i);
            CHECK(plait_tensor_bytes(output) == expected.sizes[i], "%s: output %zu has %zu bytes", pair->path, i,
                  plait_tensor_bytes(output));
            CHECK(memcmp(plait_tensor_data(output), expected.data[i], expected.sizes[i]) == 0,
                  "%s: %d runs in one give other bits in output %zu", pair->path, (int)pair->times, i);
        }
        const uint64_t one = shortest(pair, pair->single), whole = shortest(pair, pair->whole);
        printf("%s: %d in one, %.2f of the time\n", pair->path, (int)pair->times,
               (double)whole / (double)one / pair->times);
    }
    for (int i = 0; i < 32; i++) free(expected.data[i]);
}

int main(int argc, char **argv)
{
    static const int32_t times[] = {2, 3, MOST_TIMES};
    struct scenario_arguments arguments;
    scenario_parse(&arguments, argc, argv, 1);
    for (int k = 0; k < arguments.path_count; k++) {
        struct pair pair = {.path = arguments.paths[k]};
        pair.interpreter = scenario_open_with(NULL, pair.path, &pair.single);
        for (int i = 0; i < 3; i++) {
            pair.times = times[i];
            pair.whole = make_whole(&pair);
            if (pair.whole == NULL) continue;
            compare(&pair);
            OK(pair.interpreter, plait_unload(pair.whole));
        }
        plait_close(pair.interpreter);
    }
    return 0;
}
