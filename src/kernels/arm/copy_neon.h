/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of bytes that change their sign on the way: see vector/copy.h. */
#ifndef PL_KERNELS_ARM_COPY_NEON_H
#define PL_KERNELS_ARM_COPY_NEON_H

#include <arm_neon.h>
#include <stdint.h>

static inline void pl_copy_flipped(uint8_t *to, const uint8_t *from, int64_t count, uint8_t flip)
{
    const uint8x16_t flips = vdupq_n_u8(flip);
    if (count >= 16) {
        const uint8x16_t last = veorq_u8(vld1q_u8(from + count - 16), flips);
        for (int64_t i = 0; i + 16 <= count; i += 16)
            vst1q_u8(to + i, veorq_u8(vld1q_u8(from + i), flips));
        vst1q_u8(to + count - 16, last); /* the rest, and some once more */
    } else if (count >= 8) {
        const uint8x8_t first = veor_u8(vld1_u8(from), vget_low_u8(flips));
        const uint8x8_t last = veor_u8(vld1_u8(from + count - 8), vget_low_u8(flips));
        vst1_u8(to, first);
        vst1_u8(to + count - 8, last);
    } else {
        for (int64_t i = 0; i < count; i++) to[i] = from[i] ^ flip;
    }
}

#endif
