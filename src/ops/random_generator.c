/* SPDX-License-Identifier: Apache-2.0 */
/* Philox: see random_generator.h. One seed is the key, the other the upper half of the counter. */
#include "ops/random_generator.h"

#include <unistd.h>

/* TensorFlow Lite keeps a seed in 32 bits. */
static uint64_t read_seed(const struct pl_record *options, enum pl_field field)
{
    return (uint64_t)(int64_t)(int32_t)(uint32_t)(uint64_t)pl_record_integer(options, field);
}

void pl_random_prepare(struct pl_prepare *prepare, struct pl_random *random)
{
    const struct pl_record *options = prepare->op->options;
    random->seed = read_seed(options, PL_RandomOptions_seed);
    random->seed_2 = read_seed(options, PL_RandomOptions_seed2);
    pl_prepare_state(prepare, NULL, sizeof(struct pl_random_state));
}

static pl_status seed_state(const struct pl_eval *eval, const struct pl_random *random,
                            struct pl_random_state *state)
{
    uint64_t seeds[2] = {random->seed, random->seed_2};
    if (seeds[0] == 0 && seeds[1] == 0 && getentropy(seeds, sizeof seeds) != 0)
        return pl_eval_fail(eval, "the system gives no random seed");
    state->seed = seeds[0];
    state->seed_2 = seeds[1];
    state->seeded = 1;
    return PL_OK;
}

pl_status pl_random_eval_begin(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct pl_random *random = eval->params;
    struct pl_random_state *state = eval->states[0];
    (void)from;
    (void)to;
    if (state->seeded == 0) PL_TRY(seed_state(eval, random, state));
    state->first = state->next;
    state->next += random->blocks;
    return PL_OK;
}

static void run_round(uint32_t counter[4], const uint32_t key[2])
{
    const uint64_t a = (uint64_t)0xd2511f53u * counter[0];
    const uint64_t b = (uint64_t)0xcd9e8d57u * counter[2];
    const uint32_t next[4] = {(uint32_t)(b >> 32) ^ counter[1] ^ key[0], (uint32_t)b,
                              (uint32_t)(a >> 32) ^ counter[3] ^ key[1], (uint32_t)a};
    for (int i = 0; i < 4; i++) counter[i] = next[i];
}

void pl_random_draw(const struct pl_eval *eval, uint64_t index, uint32_t block[PL_RANDOM_BLOCK])
{
    enum { ROUNDS = 10 };
    const struct pl_random_state *state = eval->states[0];
    const uint64_t low = state->first + index;
    uint32_t key[2] = {(uint32_t)state->seed, (uint32_t)(state->seed >> 32)};
    block[0] = (uint32_t)low;
    block[1] = (uint32_t)(low >> 32);
    block[2] = (uint32_t)state->seed_2;
    block[3] = (uint32_t)(state->seed_2 >> 32);
    for (int i = 0; i < ROUNDS; i++) {
        run_round(block, key);
        key[0] += 0x9e3779b9u;
        key[1] += 0xbb67ae85u;
    }
}
