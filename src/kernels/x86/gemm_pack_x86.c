/* SPDX-License-Identifier: Apache-2.0 */
/* Float weights packed into blocks, of outputs that lie side by side or one row of k behind the other: the right sides of
 * matrix products are packed in every run. */
#include "kernels/x86/gemm_pack_x86.h"

#include <immintrin.h>
#include <string.h>

#include "kernels/c/gemm_pack_c.h"
#include "kernels/loop.h"

enum { BLOCK = PL_GEMM_BLOCK, SIDE = 8 };

/* Eight k of eight outputs, `stride` apart, turned. */
PL_ALWAYS_INLINE void turn(float *target, const float *source, int64_t stride)
{
    __m256 rows[SIDE], pairs[SIDE], fours[SIDE];
    for (int i = 0; i < SIDE; i++) rows[i] = _mm256_loadu_ps(source + i * stride);
    for (int i = 0; i < SIDE; i += 2) {
        pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
    }
    for (int i = 0; i < SIDE; i += 4) {
        fours[i] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
        fours[i + 1] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0xee);
        fours[i + 2] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
        fours[i + 3] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xee);
    }
    for (int i = 0; i < SIDE / 2; i++) {
        _mm256_storeu_ps(target + i * BLOCK, _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x20));
        _mm256_storeu_ps(target + (i + 4) * BLOCK, _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x31));
    }
}

/* A whole block, of outputs whose k are neighbours. */
static void turn_block(float *target, const float *source, const struct pl_gemm_pack *pack)
{
    int64_t k = 0;
    for (; k + SIDE <= pack->depth; k += SIDE)
        for (int64_t n = 0; n < BLOCK; n += SIDE)
            turn(target + k * BLOCK + n, source + n * pack->channel_stride + k, pack->channel_stride);
    for (; k < pack->depth; k++)
        for (int64_t n = 0; n < BLOCK; n++) target[k * BLOCK + n] = source[n * pack->channel_stride + k];
}

/* A whole block, of outputs that are neighbours themselves. */
static void copy_block(float *target, const float *source, const struct pl_gemm_pack *pack)
{
    for (int64_t k = 0; k < pack->depth; k++)
        memcpy(target + k * BLOCK, source + pl_gemm_depth_offset(pack, k), BLOCK * sizeof *target);
}

void PL_LEVEL(pl_gemm_pack_blocks_f32_x86)(void *packed, const void *raw, const struct pl_gemm_pack *pack, int64_t from,
                                           int64_t to)
{
    const bool copied = pack->channel_stride == 1, turned = pack->depth_stride == 1 && pack->run == 0;
    const int64_t blocks = pl_gemm_blocks(pack->channels);
    for (int64_t b = from; b < to; b++) {
        const int64_t first = b % blocks * BLOCK;
        if (pack->channels - first < BLOCK || (!copied && !turned)) {
            PL_LEVEL(pl_gemm_pack_blocks_f32)(packed, raw, pack, b, b + 1);
            continue;
        }
        const float *source = (const float *)raw + b / blocks * pack->group_stride + first * pack->channel_stride;
        float *target = (float *)packed + b * pack->depth * BLOCK;
        if (copied) copy_block(target, source, pack);
        else turn_block(target, source, pack);
    }
}

void PL_LEVEL(pl_gemm_pack_f32_x86)(void *packed, const void *raw, const void *context)
{
    const struct pl_gemm_pack *pack = context;
    PL_LEVEL(pl_gemm_pack_blocks_f32_x86)(packed, raw, pack, 0, (int64_t)pack->groups * pl_gemm_blocks(pack->channels));
}
