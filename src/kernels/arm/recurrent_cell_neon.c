/* SPDX-License-Identifier: Apache-2.0 */
/* What an LSTM step does element by element with gates of int16: eight at a time, what is left
 * through memory of eight. */
#include <string.h>

#include "kernels/arm/fixed_point_16_neon.h"
#include "kernels/arm/recurrent_neon.h"
#include "kernels/arm/requantize_neon.h"

enum { GROUP = 8 };

PL_ALWAYS_INLINE int16x8_t load(const int16_t *from, int32_t count)
{
    if (count >= GROUP) return vld1q_s16(from);
    int16_t lanes[GROUP] = {0};
    memcpy(lanes, from, (size_t)count * sizeof *lanes);
    return vld1q_s16(lanes);
}

PL_ALWAYS_INLINE void store(int16_t *to, int16x8_t x, int32_t count)
{
    int16_t lanes[GROUP];
    if (count >= GROUP) {
        vst1q_s16(to, x);
        return;
    }
    vst1q_s16(lanes, x);
    memcpy(to, lanes, (size_t)count * sizeof *lanes);
}

/* Two groups at once have two chains of products to work on. */
void PL_LEVEL(pl_logistic_int16_neon)(int16_t *x, int32_t count)
{
    int32_t i = 0;
    for (; i + 2 * GROUP <= count; i += 2 * GROUP) {
        const int16x8_t a = vld1q_s16(x + i), b = vld1q_s16(x + i + GROUP);
        vst1q_s16(x + i, pl_logistic_16_neon(a));
        vst1q_s16(x + i + GROUP, pl_logistic_16_neon(b));
    }
    for (; i < count; i += GROUP)
        store(x + i, pl_logistic_16_neon(load(x + i, count - i)), count - i);
}

PL_ALWAYS_INLINE void tanh_of(int16_t *to, const int16_t *from, int32_t count, int32_t integer_bits)
{
    int32_t i = 0;
    for (; i + 2 * GROUP <= count; i += 2 * GROUP) {
        const int16x8_t a = vld1q_s16(from + i), b = vld1q_s16(from + i + GROUP);
        vst1q_s16(to + i, pl_tanh_16_neon(a, integer_bits));
        vst1q_s16(to + i + GROUP, pl_tanh_16_neon(b, integer_bits));
    }
    for (; i < count; i += GROUP)
        store(to + i, pl_tanh_16_neon(load(from + i, count - i), integer_bits), count - i);
}

/* Gates have 3 integer bits, most cells 3 to 5: with a constant the steps of exp are chosen when
 * this is compiled. */
void PL_LEVEL(pl_tanh_int16_neon)(int16_t *to, const int16_t *from, int32_t count,
                                  int32_t integer_bits)
{
    switch (integer_bits) {
    case 3: tanh_of(to, from, count, 3); break;
    case 4: tanh_of(to, from, count, 4); break;
    case 5: tanh_of(to, from, count, 5); break;
    default: tanh_of(to, from, count, integer_bits); break;
    }
}

/* a * b / 2^-right, whose conversion to 16 bits wraps. */
PL_ALWAYS_INLINE int16x8_t multiply(int16x8_t a, int16x8_t b, int32x4_t right)
{
    const int32x4_t low = vmull_s16(vget_low_s16(a), vget_low_s16(b));
    const int32x4_t high = vmull_high_s16(a, b);
    return vmovn_high_s32(vmovn_s32(pl_shift_right_neon(low, right)),
                          pl_shift_right_neon(high, right));
}

void PL_LEVEL(pl_update_cell_int16_neon)(int16_t *cell, const int16_t *forget,
                                         const int16_t *candidate, const int16_t *input,
                                         int32_t count, int32_t cell_exponent, int16_t clip)
{
    const int32x4_t kept_right = vdupq_n_s32(-15), added_right = vdupq_n_s32(-30 - cell_exponent);
    const int16x8_t bound = vdupq_n_s16(clip);
    for (int32_t i = 0; i < count; i += GROUP) {
        const int32_t left = count - i;
        const int16x8_t f = load(forget + i, left);
        const int16x8_t gate =
            input != NULL ? load(input + i, left) : vsubq_s16(vdupq_n_s16(INT16_MAX), f);
        const int16x8_t kept = multiply(f, load(cell + i, left), kept_right);
        const int16x8_t added = multiply(gate, load(candidate + i, left), added_right);
        int16x8_t sum = vqaddq_s16(kept, added);
        if (clip > 0) sum = vminq_s16(vmaxq_s16(sum, vnegq_s16(bound)), bound);
        store(cell + i, sum, left);
    }
}

void PL_LEVEL(pl_multiply_int8_neon)(int8_t *to, const int16_t *a, const int16_t *b, int32_t count,
                                     struct pl_multiplier multiplier, int32_t zero_point)
{
    const struct pl_multipliers_neon m = pl_multiplier_neon(multiplier);
    const int32x4_t offset = vdupq_n_s32(zero_point);
    for (int32_t i = 0; i < count; i += GROUP) {
        const int32_t left = count - i;
        const int16x8_t x = load(a + i, left), y = load(b + i, left);
        const int32x4_t low = vmull_s16(vget_low_s16(x), vget_low_s16(y));
        const int32x4_t high = vmull_high_s16(x, y);
        const int16x4_t placed = vqmovn_s32(vqaddq_s32(pl_multiply_neon(low, m), offset));
        const int16x8_t all =
            vqmovn_high_s32(placed, vqaddq_s32(pl_multiply_neon(high, m), offset));
        int8_t lanes[GROUP];
        vst1_s8(lanes, vqmovn_s16(all));
        memcpy(to + i, lanes, (size_t)(left < GROUP ? left : GROUP));
    }
}
