/* SPDX-License-Identifier: Apache-2.0 */
/* A caller that flushes subnormals to zero, rounds upwards or traps: plait gives the same bits, and gives the caller its
 * own state back. Inputs are scaled into the subnormal range, where flushing would show. */
#include <stdio.h>
#include <stdlib.h>

#include "interpreter/interpreter.h"
#include "scenario.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
static unsigned state_get(void)
{
    return _mm_getcsr();
}
static void state_set(unsigned state)
{
    _mm_setcsr(state);
}
static const unsigned states[] = {0x1f80 | 0x8040, 0x1f80 | 0x4000, 0x1f80 | 0x8040 | 0x2000, 0x0000 | 0x1f00};
#elif defined(__aarch64__)
static unsigned state_get(void)
{
    uint64_t state;
    __asm__ volatile("mrs %0, fpcr" : "=r"(state));
    return (unsigned)state;
}
static void state_set(unsigned state)
{
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)state) : "memory");
}
static const unsigned states[] = {1u << 24, 1u << 22, (1u << 24) | (2u << 22)};
#endif

/* As many parts as may be, so that workers have some of them. */
static int32_t cut_evenly(void *context, int64_t units, int32_t max_parts, int64_t *bounds)
{
    (void)context;
    const int32_t parts = units < max_parts ? (int32_t)units : max_parts;
    for (int32_t part = 0; part <= parts; part++)
        bounds[part] = units * part / parts;
    return parts;
}

static void feed_tiny(struct plait_interpreter *interpreter, struct plait_model *model)
{
    for (size_t k = 0; k < plait_input_count(model); k++) {
        struct plait_tensor *input = plait_input(model, k);
        const size_t bytes = plait_tensor_bytes(input);
        float *data = malloc(bytes + 4);
        CHECK(data, "no memory");
        scenario_fill(input, 5, data);
        if (plait_tensor_type(input) == PLAIT_FLOAT32)
            for (size_t at = 0; at < bytes / 4; at++)
                data[at] *= 1e-38f;
        OK(interpreter, plait_tensor_write(input, data, bytes));
        free(data);
    }
}

/* Loads, allocates and invokes in this state; the inputs are made in the normal one. */
static uint64_t answer_in(const char *path, int32_t threads, unsigned state)
{
    const unsigned normal = state_get();
    struct plait_options options;
    plait_options_default(&options);
    options.threads = threads;
    struct plait_model *model;
    state_set(state);
    struct plait_interpreter *interpreter = scenario_open_with(&options, path, &model);
    const unsigned after_allocate = state_get();
    state_set(normal);
    pl_interpreter_set_cutter(scenario_inside(interpreter), cut_evenly, NULL);
    feed_tiny(interpreter, model);
    state_set(state);
    const plait_status status = plait_invoke(model);
    const unsigned after_invoke = state_get();
    state_set(normal);
    CHECK(status == PLAIT_OK, "%s", plait_last_error(interpreter));
    CHECK(after_allocate == state, "%s: allocate left the state %#x, was %#x", path, after_allocate, state);
    CHECK(after_invoke == state, "%s: invoke left the state %#x, was %#x", path, after_invoke, state);
    const uint64_t digest = scenario_digest(model);
    plait_close(interpreter);
    return digest;
}

int main(int argc, char **argv)
{
    struct scenario_arguments arguments;
    scenario_parse(&arguments, argc, argv, 1);
    for (int k = 0; k < arguments.path_count; k++) {
        const uint64_t expected = answer_in(arguments.paths[k], 1, state_get());
        for (size_t at = 0; at < sizeof states / sizeof states[0]; at++)
            for (int32_t threads = 1; threads <= 2; threads++)
                CHECK(answer_in(arguments.paths[k], threads, states[at]) == expected, "%s: other bits in state %#x",
                      arguments.paths[k], states[at]);
        printf("%s: same bits in every state\n", arguments.paths[k]);
    }
    return 0;
}
