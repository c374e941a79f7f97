/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax of bytes to bytes: exponentials are gathered from the table of 256 distances, and a row
 * that is longer than it gets a table of outputs. */
#include "kernels/x86/softmax_bytes_x86.h"

#include "kernels/c/row_kernels_c.h"
#include "kernels/softmax_scale.h"
#include "kernels/x86/bytes_x86.h"
#include "kernels/x86/fixed_x86.h"
#include "kernels/x86/lookup_x86.h"

enum {
    DISTANCES = 256,
    BLOCK = DISTANCES,
    LONGEST = 1 << 16 /* whose sum in 16 or 8 lanes of 32 bits does not overflow */
};

/* A part of a row. */
struct block {
    uint8_t bytes[BLOCK]; /* unsigned, 0 behind the last */
    int32_t exps[BLOCK];
};

static void load_block(struct block *block, const uint8_t *x, int32_t count, uint8_t flip)
{
    memcpy(block->bytes, x, (size_t)count);
    const int32_t whole = (count + PL_VEC_BYTES - 1) / PL_VEC_BYTES * PL_VEC_BYTES;
    memset(block->bytes + count, flip, (size_t)(whole - count));
    const pl_vec flips = PL_VEC_8(set1)((char)flip);
    for (int32_t i = 0; i < whole; i += PL_VEC_BYTES)
        pl_vec_store(block->bytes + i, PL_VEC_XOR(pl_vec_load(block->bytes + i), flips));
}

static uint8_t largest_of(struct block *block, const uint8_t *x, int64_t depth, uint8_t flip)
{
    pl_vec most = pl_vec_set(0);
    for (int64_t from = 0; from < depth; from += BLOCK) {
        const int32_t count = depth - from < BLOCK ? (int32_t)(depth - from) : BLOCK;
        load_block(block, x + from, count, flip);
        for (int32_t i = 0; i < count; i += PL_VEC_BYTES)
            most = PL_VEC_U8(max)(most, pl_vec_load(block->bytes + i));
    }
    return pl_largest_byte(most);
}

PL_ALWAYS_INLINE pl_vec gather_exps(const int32_t *exp, const uint8_t *bytes, pl_vec largest)
{
#if defined(__AVX512F__)
    const __m512i x = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i_u *)bytes));
    return _mm512_i32gather_epi32(_mm512_sub_epi32(largest, x), exp, 4);
#else
    const __m256i x = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i_u *)bytes));
    return _mm256_i32gather_epi32(exp, _mm256_sub_epi32(largest, x), 4);
#endif
}

static uint32_t add_lanes(pl_vec sums)
{
    uint32_t lanes[PL_LANES], sum = 0;
    pl_vec_store(lanes, sums);
    for (int i = 0; i < PL_LANES; i++) sum += lanes[i];
    return sum;
}

/* The sum of a block's exponentials, which stay there. */
static uint64_t sum_block(struct block *block, int32_t count, uint8_t largest, const int32_t *exp)
{
    const pl_vec most = pl_vec_set(largest);
    pl_vec sums = pl_vec_set(0);
    int32_t i = 0;
    for (; i < count; i += PL_LANES) {
        const pl_vec exps = gather_exps(exp, block->bytes + i, most);
        pl_vec_store(block->exps + i, exps);
        sums = pl_vec_add(sums, pl_shift_right_x86(exps, PL_SOFTMAX_SUM_BITS));
    }
    /* What stands behind the last byte is a 0. */
    const int32_t rest = pl_rounding_shift_right(exp[largest], PL_SOFTMAX_SUM_BITS);
    return (uint64_t)add_lanes(sums) - (uint64_t)(i - count) * (uint32_t)rest;
}

PL_ALWAYS_INLINE pl_vec scale_exps(const int32_t *exps, struct pl_softmax_scale scale, int32_t low)
{
    const pl_vec product = pl_high_product_x86(pl_vec_load(exps), scale.reciprocal);
    const pl_vec value = pl_vec_add(pl_shift_right_x86(product, scale.shift), pl_vec_set(low));
    return PL_VEC_32(min)(PL_VEC_32(max)(value, pl_vec_set(low)), pl_vec_set(low + 255));
}

/* count outputs of as many exponentials, of which whole vectors may be read. */
static void write_values(uint8_t *y, const int32_t *exps, int32_t count,
                         struct pl_softmax_scale scale, int32_t low)
{
    if (scale.shift > 31) { /* a sum so large leaves nothing of any value */
        memset(y, low, (size_t)count);
        return;
    }
    for (int32_t i = 0; i < count; i += PL_VEC_WORDS) {
        const int32_t rest = count - i < PL_VEC_WORDS ? count - i : PL_VEC_WORDS;
        pl_store_lowest_bytes(y + i, scale_exps(exps + i, scale, low),
                              scale_exps(exps + i + PL_LANES, scale, low), rest);
    }
}

/* A long row by the table of outputs of all bytes. */
static void look_up(uint8_t *y, const uint8_t *x, int64_t depth, uint8_t largest, uint8_t flip,
                    const int32_t *exp, struct pl_softmax_scale scale, int32_t low)
{
    uint8_t values[DISTANCES], table[DISTANCES];
    write_values(values, exp, DISTANCES, scale, low);
    for (int32_t k = 0; k < DISTANCES; k++) table[(uint8_t)(largest - k) ^ flip] = values[k];
    const struct pl_unary_params params = {.lookup_8 = table};
    PL_LEVEL(pl_lookup_8_x86)(y, x, depth, &params);
}

static void softmax_row(uint8_t *y, const uint8_t *x, int64_t depth, uint8_t flip,
                        const int32_t *exp)
{
    struct block block;
    const int32_t low = flip == 0 ? 0 : INT8_MIN;
    const uint8_t largest = largest_of(&block, x, depth, flip);
    uint64_t sum = 0;
    for (int64_t from = 0; from < depth; from += BLOCK) {
        const int32_t count = depth - from < BLOCK ? (int32_t)(depth - from) : BLOCK;
        if (depth > BLOCK) load_block(&block, x + from, count, flip);
        sum += sum_block(&block, count, largest, exp);
    }
    const struct pl_softmax_scale scale = pl_softmax_scale_of(sum, 8);
    if (depth <= BLOCK) write_values(y, block.exps, (int32_t)depth, scale, low);
    else look_up(y, x, depth, largest, flip, exp, scale, low);
}

#define DEFINE_SOFTMAX(name, flip)                                                                 \
    void PL_LEVEL(name##_x86)(void *out, const void *in, int64_t rows, int64_t depth,              \
                              const struct pl_softmax_params *params)                              \
    {                                                                                              \
        if (depth > LONGEST) {                                                                     \
            PL_LEVEL(name)(out, in, rows, depth, params);                                          \
            return;                                                                                \
        }                                                                                          \
        for (int64_t row = 0; row < rows; row++)                                                   \
            softmax_row((uint8_t *)out + row * depth, (const uint8_t *)in + row * depth, depth,    \
                        flip, params->exp);                                                        \
    }

DEFINE_SOFTMAX(pl_softmax_int8, 0x80)
DEFINE_SOFTMAX(pl_softmax_uint8, 0)
