/* SPDX-License-Identifier: Apache-2.0 */
/* Operands of the matrix kernels: weights packed into blocks, rows of floats made int8. */
#include "kernels/c/gemm_pack_c.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "kernels/float_range.h"
#include "kernels/quantized_row.h"

enum { BLOCK = PL_GEMM_BLOCK };

/* ---- packing --------------------------------------------------------------------------------- */

/* Signed numbers of 4 or 2 bits lie in bytes from the lowest bits up. */
static inline int32_t read_bits(const uint8_t *raw, int64_t index, int bits)
{
    const int64_t bit = index * bits;
    const uint32_t top = (uint32_t)raw[bit / 8] << (32 - bits - (int)(bit % 8));
    return (int32_t)top >> (32 - bits);
}

/* `read` is element e of the raw weights. */
#define DEFINE_PACK(name, raw_type, packed_type, read)                                             \
    void PL_LEVEL(pl_gemm_pack_blocks_##name)(                                                     \
        void *packed, const void *raw, const struct pl_gemm_pack *pack, int64_t from, int64_t to)  \
    {                                                                                              \
        const raw_type *source = raw;                                                              \
        const int64_t blocks = pl_gemm_blocks(pack->channels);                                     \
        for (int64_t b = from; b < to; b++) {                                                      \
            const int64_t first = b % blocks * BLOCK;                                              \
            const int64_t start = b / blocks * pack->group_stride + first * pack->channel_stride;  \
            packed_type *target = (packed_type *)packed + b * pack->depth * BLOCK;                 \
            const int64_t count = pack->channels - first < BLOCK ? pack->channels - first : BLOCK; \
            for (int64_t k = 0; k < pack->depth; k++, target += BLOCK) {                           \
                const int64_t at = start + pl_gemm_depth_offset(pack, k);                          \
                for (int64_t n = 0; n < count; n++) {                                              \
                    const int64_t e = at + n * pack->channel_stride;                               \
                    target[n] = (packed_type)(read);                                               \
                }                                                                                  \
                for (int64_t n = count; n < BLOCK; n++) target[n] = 0;                             \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    void PL_LEVEL(pl_gemm_pack_##name)(void *packed, const void *raw, const void *context)         \
    {                                                                                              \
        const struct pl_gemm_pack *pack = context;                                                 \
        const int64_t blocks = (int64_t)pack->groups * pl_gemm_blocks(pack->channels);             \
        PL_LEVEL(pl_gemm_pack_blocks_##name)(packed, raw, pack, 0, blocks);                        \
    }

DEFINE_PACK(f32, float, float, source[e])
DEFINE_PACK(i2, uint8_t, int8_t, read_bits(source, e, 2))
DEFINE_PACK(i4, uint8_t, int8_t, read_bits(source, e, 4))
DEFINE_PACK(i8, int8_t, int8_t, source[e])
DEFINE_PACK(u8, uint8_t, int8_t, source[e] - 128)
DEFINE_PACK(i16, int16_t, int16_t, source[e])

/* ---- quantization of inputs ------------------------------------------------------------------ */

/* A rounded value plus what is left of the offset, in [low, 127]; not-a-number gives low. */
static int8_t place_quantized(float rounded, float low)
{
    const float raised = rounded > low ? rounded : low;
    return (int8_t)(raised < 127.0f ? raised : 127.0f);
}

/* The reference's vector code does eight values at a time: it rounds by adding one half, which
 * takes the largest number below a half up too, and adds the offset after that. Its scalar code
 * for the last values adds the offset first and rounds exactly. Both are followed, because every
 * later operator sees the difference. */
static void quantize_all(const float *values, int64_t count, float offset, float inverse, float low,
                         int8_t *quantized)
{
    const int64_t vectors = count & ~(int64_t)7;
    for (int64_t i = 0; i < vectors; i++) {
        const float scaled = values[i] * inverse;
        const float rounded = truncf(scaled + (scaled < 0.0f ? -0.5f : 0.5f));
        quantized[i] = place_quantized(rounded + offset, low);
    }
    for (int64_t i = vectors; i < count; i++)
        quantized[i] = place_quantized(roundf(offset + values[i] * inverse), low);
}

void PL_LEVEL(pl_gemm_quantize_symmetric)(const float *values, int64_t count, int8_t *quantized,
                                          float *scale, int32_t *zero_point)
{
    float low, high;
    pl_float_range(values, count, &low, &high);
    const struct pl_quantized_row row = pl_quantized_row_symmetric(low, high);
    *zero_point = row.zero_point;
    *scale = row.scale;
    if (row.is_zero) memset(quantized, 0, (size_t)count);
    else quantize_all(values, count, 0.0f, row.inverse, -127.0f, quantized);
}

void PL_LEVEL(pl_gemm_quantize_asymmetric)(const float *values, int64_t count, int8_t *quantized,
                                           float *scale, int32_t *zero_point)
{
    float low, high;
    pl_float_range(values, count, &low, &high);
    const struct pl_quantized_row row = pl_quantized_row_asymmetric(low, high);
    *zero_point = row.zero_point;
    *scale = row.scale;
    if (row.is_zero) memset(quantized, 0, (size_t)count);
    else quantize_all(values, count, (float)row.zero_point, row.inverse, -128.0f, quantized);
}
