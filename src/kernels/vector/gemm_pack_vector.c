/* SPDX-License-Identifier: Apache-2.0 */
/* Weights of matrix products as bytes, four k of an output side by side: see gemm_vector.h. */
#include <string.h>

#include "kernels/loop.h"
#include "kernels/vector/gemm_vector.h"

/* Signed numbers of 4 or 2 bits lie in bytes from the lowest bits up. */
PL_ALWAYS_INLINE int8_t read_bits(const uint8_t *raw, int64_t index, int bits)
{
    const int64_t bit = index * bits;
    const uint32_t top = (uint32_t)raw[bit / 8] << (32 - bits - (int)(bit % 8));
    return (int8_t)((int32_t)top >> (32 - bits));
}

PL_ALWAYS_INLINE int8_t read_weight(const uint8_t *raw, int64_t index, int bits, uint8_t flip)
{
    return bits == 8 ? (int8_t)(raw[index] ^ flip) : read_bits(raw, index, bits);
}

/* An output of a block, whose k begin at raw[start]; returns the sum of its weights. `near`: the k
 * are neighbours, which the compiler can make use of. */
PL_ALWAYS_INLINE int32_t pack_output(int8_t *target, const uint8_t *raw,
                                     const struct pl_gemm_pack *pack, int64_t start, bool near,
                                     int bits, uint8_t flip)
{
    enum { STEP_BYTES = PL_GEMM_BLOCK * PL_GEMM_STEP };
    int64_t sum = 0;
    int64_t k = 0;
    for (; k + PL_GEMM_STEP <= pack->depth; k += PL_GEMM_STEP, target += STEP_BYTES) {
        for (int i = 0; i < PL_GEMM_STEP; i++) {
            target[i] = read_weight(raw, start + (near ? k + i : pl_gemm_depth_offset(pack, k + i)),
                                    bits, flip);
            sum += target[i];
        }
    }
    if (k == pack->depth) return (int32_t)(uint32_t)(uint64_t)sum;
    for (int i = 0; i < PL_GEMM_STEP; i++) {
        const bool there = k + i < pack->depth;
        target[i] =
            there ? read_weight(raw, start + (near ? k + i : pl_gemm_depth_offset(pack, k + i)),
                                bits, flip)
                  : (int8_t)0;
        sum += target[i];
    }
    return (int32_t)(uint32_t)(uint64_t)sum;
}

PL_ALWAYS_INLINE void pack_blocks(void *packed, const uint8_t *raw, const struct pl_gemm_pack *pack,
                                  int64_t from, int64_t to, bool near, int bits, uint8_t flip)
{
    const int64_t blocks = pl_gemm_blocks(pack->channels);
    const int64_t bytes = pl_gemm_packed_bytes(pack->depth);
    for (int64_t b = from; b < to; b++) {
        const int64_t first = b % blocks * PL_GEMM_BLOCK;
        const int64_t start = b / blocks * pack->group_stride + first * pack->channel_stride;
        const int64_t rest = pack->channels - first;
        const int64_t count = rest < PL_GEMM_BLOCK ? rest : PL_GEMM_BLOCK;
        int8_t *block = (int8_t *)packed + b * bytes;
        int32_t sums[PL_GEMM_BLOCK] = {0};
        if (count < PL_GEMM_BLOCK) memset(block, 0, (size_t)bytes);
        for (int64_t n = 0; n < count; n++) {
            sums[n] = pack_output(block + n * PL_GEMM_STEP, raw, pack,
                                  start + n * pack->channel_stride, near, bits, flip);
        }
        memcpy(block + bytes - PL_GEMM_SUM_BYTES, sums, sizeof sums);
    }
}

#define DEFINE_PACK(name, bits, flip)                                                              \
    void PL_LEVEL(pl_gemm_pack_blocks_##name##_vector)(                                            \
        void *packed, const void *raw, const struct pl_gemm_pack *pack, int64_t from, int64_t to)  \
    {                                                                                              \
        if (pack->depth_stride == 1 && pack->run == 0)                                             \
            pack_blocks(packed, raw, pack, from, to, true, bits, flip);                            \
        else pack_blocks(packed, raw, pack, from, to, false, bits, flip);                          \
    }                                                                                              \
    void PL_LEVEL(pl_gemm_pack_##name##_vector)(void *packed, const void *raw,                     \
                                                const void *context)                               \
    {                                                                                              \
        const struct pl_gemm_pack *pack = context;                                                 \
        const int64_t blocks = (int64_t)pack->groups * pl_gemm_blocks(pack->channels);             \
        PL_LEVEL(pl_gemm_pack_blocks_##name##_vector)(packed, raw, pack, 0, blocks);               \
    }

DEFINE_PACK(i2, 2, 0)
DEFINE_PACK(i4, 4, 0)
DEFINE_PACK(i8, 8, 0)
DEFINE_PACK(u8, 8, 128)
