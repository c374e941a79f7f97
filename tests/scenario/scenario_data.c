/* SPDX-License-Identifier: Apache-2.0 */
/* What models are fed, and what they answer. */
#include "scenario.h"

#include <stdlib.h>
#include <string.h>

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

void scenario_push(struct plait_interpreter *interpreter, struct plait_tensor *input, uint64_t seed, size_t count,
                   struct scenario_random *random)
{
    const size_t bytes = plait_tensor_bytes(input);
    const size_t row = bytes / (size_t)plait_tensor_dim(input, scenario_rows_axis(input));
    char *data = malloc(bytes);
    CHECK(data, "no memory");
    scenario_fill(input, seed, data);
    for (size_t at = 0, some = 0; at < count; at += some) {
        some = 1 + scenario_pick(random, 7);
        if (some > count - at) some = count - at;
        OK(interpreter, plait_push(input, data + at * row, some * row));
    }
    free(data);
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
