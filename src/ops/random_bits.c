/* SPDX-License-Identifier: Apache-2.0 */
/* STABLEHLO_RNG_BIT_GENERATOR: Threefry 2x32 or Philox 4x32 (Salmon et al., "Parallel random
 * numbers: as easy as 1, 2, 3", 2011) from a state that comes in and goes out again. */
#include <string.h>

#include "ops/check.h"
#include "ops/op.h"

enum { THREEFRY_WORDS = 2, PHILOX_WORDS = 4 };

struct random_bits {
    bool threefry;
    int32_t state_words; /* of 32 bits */
    int64_t words;       /* to make */
};

static uint32_t rotate(uint32_t x, uint32_t bits)
{
    return x << bits | x >> (32 - bits);
}

/* 20 rounds; a part of the key goes in after every fourth. */
static void threefry(const uint32_t key[2], const uint32_t counter[THREEFRY_WORDS],
                     uint32_t out[THREEFRY_WORDS])
{
    static const uint32_t rotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
    const uint32_t keys[3] = {key[0], key[1], key[0] ^ key[1] ^ 0x1bd11bda};
    out[0] = counter[0] + keys[0];
    out[1] = counter[1] + keys[1];
    for (uint32_t group = 0; group < 5; group++) {
        for (int32_t i = 0; i < 4; i++) {
            out[0] += out[1];
            out[1] = rotate(out[1], rotations[group % 2][i]) ^ out[0];
        }
        out[0] += keys[(group + 1) % 3];
        out[1] += keys[(group + 2) % 3] + group + 1;
    }
}

/* 10 rounds; the key goes on after each. */
static void philox(const uint32_t key[2], const uint32_t counter[PHILOX_WORDS],
                   uint32_t out[PHILOX_WORDS])
{
    uint32_t k0 = key[0];
    uint32_t k1 = key[1];
    memcpy(out, counter, PHILOX_WORDS * sizeof *out);
    for (int32_t round = 0; round < 10; round++) {
        const uint64_t a = UINT64_C(0xd2511f53) * out[0];
        const uint64_t b = UINT64_C(0xcd9e8d57) * out[2];
        const uint32_t first = (uint32_t)(b >> 32) ^ out[1] ^ k0;
        const uint32_t third = (uint32_t)(a >> 32) ^ out[3] ^ k1;
        out[0] = first;
        out[1] = (uint32_t)b;
        out[2] = third;
        out[3] = (uint32_t)a;
        k0 += 0x9e3779b9;
        k1 += 0xbb67ae85;
    }
}

static pl_status eval_random_bits(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct random_bits *params = eval->params;
    const int64_t block = params->threefry ? THREEFRY_WORDS : PHILOX_WORDS;
    uint32_t state[6] = {0}; /* key, counter, and what Philox has beyond */
    (void)from;
    (void)to;
    memcpy(state, eval->inputs[0], (size_t)params->state_words * sizeof *state);
    const bool short_state = params->state_words == 4;
    uint32_t counter[PHILOX_WORDS] = {state[2], state[3], state[short_state ? 0 : 4],
                                      state[short_state ? 1 : 5]};
    uint32_t *output = eval->outputs[1];
    for (int64_t i = 0; i < params->words; i += block) {
        uint32_t made[PHILOX_WORDS];
        if (params->threefry) threefry(state, counter, made);
        else philox(state, counter, made);
        const int64_t count = params->words - i < block ? params->words - i : block;
        memcpy(output + i, made, (size_t)count * sizeof *output);
        if (++counter[0] == 0) counter[1]++;
    }
    state[2] = counter[0];
    state[3] = counter[1];
    memcpy(eval->outputs[0], state, (size_t)params->state_words * sizeof *state);
    return PL_OK;
}

pl_status pl_prepare_stablehlo_rng_bit_generator(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 2));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_UINT64)));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_UINT64)));
    PL_TRY(pl_check_type(prepare, pl_output(1),
                         PL_TYPES_INDEX | PL_TYPE_BIT(PL_UINT32) | PL_TYPE_BIT(PL_UINT64)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, 1));
    const int64_t algorithm =
        pl_record_integer(prepare->op->options, PL_StablehloRngBitGeneratorOptions_algorithm);
    PL_TRY(pl_check_option(prepare, "algorithm", algorithm, PL_RngAlgorithm_DEFAULT,
                           PL_RngAlgorithm_THREEFRY));
    const bool is_threefry = algorithm == PL_RngAlgorithm_THREEFRY;
    const int32_t state = prepare->inputs[0]->shape.dims[0];
    if (state != 2 && (is_threefry || state != 3))
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(0),
                             "found a state of %d elements, expected %s", (int)state,
                             is_threefry ? "2" : "2 or 3");
    PL_TRY(pl_check_set_output(prepare, 0, &prepare->inputs[0]->shape));
    const struct pl_tensor *output = prepare->outputs[1]->tensor;
    PL_TRY(pl_check_set_output(prepare, 1, &output->shape));
    struct random_bits *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->threefry = is_threefry;
    params->state_words = 2 * state;
    params->words = pl_shape_count(&output->shape) * (pl_type_bits(output->type) / 32);
    prepare->params = params;
    pl_prepare_stage(prepare, eval_random_bits, 1, pl_cost(params->words, 10));
    return PL_OK;
}
