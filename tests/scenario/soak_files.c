/* SPDX-License-Identifier: Apache-2.0 */
/* Files for soak.c: each with others that have the same inputs and outputs and answer something else. */
#include "soak_state.h"

#include <stdlib.h>
#include <string.h>

static bool same_tensor(const struct plait_tensor *a, const struct plait_tensor *b)
{
    bool same = plait_tensor_type(a) == plait_tensor_type(b) && plait_tensor_rank(a) == plait_tensor_rank(b);
    for (int32_t axis = 0; same && axis < plait_tensor_rank(a); axis++)
        same = plait_tensor_dim(a, axis) == plait_tensor_dim(b, axis);
    return same;
}

/* Both are known to load and run. */
static bool same_ends(const struct family *family, const unsigned char *data)
{
    struct plait_interpreter *interpreter = scenario_open(NULL);
    struct plait_model *a, *b;
    OK(interpreter, plait_load_buffer(interpreter, "a", family->files[0], family->bytes, NULL, &a));
    OK(interpreter, plait_load_buffer(interpreter, "b", data, family->bytes, NULL, &b));
    OK(interpreter, plait_allocate(interpreter));
    bool same = plait_input_count(a) == plait_input_count(b) && plait_output_count(a) == plait_output_count(b);
    for (size_t i = 0; same && i < plait_input_count(a); i++) same = same_tensor(plait_input(a, i), plait_input(b, i));
    for (size_t i = 0; same && i < plait_output_count(a); i++) same = same_tensor(plait_output(a, i), plait_output(b, i));
    plait_close(interpreter);
    return same;
}

static bool learn(const unsigned char *data, size_t bytes, uint64_t answers[SEEDS])
{
    struct plait_interpreter *alone = scenario_open(NULL);
    struct plait_model *model;
    bool good = plait_load_buffer(alone, "alone", data, bytes, NULL, &model) == PLAIT_OK && plait_allocate(alone) == PLAIT_OK;
    for (uint64_t seed = 0; good && seed < SEEDS; seed++) {
        OK(alone, plait_reset_variables(model));
        good = scenario_try_answer(alone, model, seed, &answers[seed]);
    }
    plait_close(alone);
    return good;
}

/* One byte is changed, until a file comes of it that loads and answers something else. */
static bool vary(struct family *family, int variant, struct scenario_random *random)
{
    unsigned char *data = malloc(family->bytes);
    CHECK(data, "no memory");
    for (int attempt = 0; attempt < 300; attempt++) {
        memcpy(data, family->files[0], family->bytes);
        data[scenario_pick(random, (uint32_t)family->bytes)] ^= (unsigned char)(1 + scenario_pick(random, 255));
        bool differs = learn(data, family->bytes, family->answers[variant]);
        for (int other = 0; other < variant; other++)
            differs = differs && family->answers[variant][0] != family->answers[other][0] &&
                      family->answers[variant][1] != family->answers[other][1];
        if (differs && same_ends(family, data)) {
            family->files[variant] = data;
            return true;
        }
    }
    free(data);
    return false;
}

void soak_add_family(struct soak *soak, const char *path, struct scenario_random *random)
{
    struct family family = {0};
    family.files[0] = scenario_read(path, &family.bytes);
    bool good = learn(family.files[0], family.bytes, family.answers[0]);
    for (int variant = 1; good && variant < VARIANTS; variant++) good = vary(&family, variant, random);
    if (good && soak->family_count < MOST_FAMILIES) soak->families[soak->family_count++] = family;
    else for (int variant = 0; variant < VARIANTS; variant++) free(family.files[variant]);
}
