/* SPDX-License-Identifier: Apache-2.0 */
/* Any function of a byte: its 256 values fill half of the registers, and four instructions look
 * sixteen bytes up, each in a quarter of the table. */
#include "kernels/arm/lookup_neon.h"

#include <arm_neon.h>

#include "kernels/loop.h"

enum { QUARTER = PL_LOOKUP_8 / 4, GROUP = 16 };

/* An index outside of a quarter leaves what is there. */
PL_ALWAYS_INLINE uint8x16_t look_up(const uint8x16x4_t quarters[4], uint8x16_t index)
{
    uint8x16_t result = vqtbl4q_u8(quarters[0], index);
#pragma GCC unroll 4
    for (int i = 1; i < 4; i++) {
        index = vsubq_u8(index, vdupq_n_u8(QUARTER));
        result = vqtbx4q_u8(result, quarters[i], index);
    }
    return result;
}

void PL_LEVEL(pl_lookup_8_neon)(void *out_data, const void *in_data, int64_t count,
                                const struct pl_unary_params *params)
{
    uint8_t *out = out_data;
    const uint8_t *in = in_data, *table = params->lookup_8;
    int64_t i = 0;
    if (count >= 2 * GROUP) {
        uint8x16x4_t quarters[4];
#pragma GCC unroll 4
        for (int q = 0; q < 4; q++) quarters[q] = vld1q_u8_x4(table + q * QUARTER);
        for (; i + 2 * GROUP <= count; i += 2 * GROUP) {
            const uint8x16_t a = vld1q_u8(in + i), b = vld1q_u8(in + i + GROUP);
            vst1q_u8(out + i, look_up(quarters, a));
            vst1q_u8(out + i + GROUP, look_up(quarters, b));
        }
    }
    for (; i < count; i++) out[i] = table[in[i]];
}
