/* SPDX-License-Identifier: Apache-2.0 */
/* Quantized sums, differences and products of bytes, in the reference's own arithmetic. */
#include "kernels/arm/binary_bytes_neon.h"

#include <string.h>

#include "kernels/arm/requantize_neon.h"

enum { GROUP = 16, VECTORS = GROUP / 4 };

enum operation { ADD, SUB, MUL, SQUARED_DIFFERENCE };

#define UNROLL _Pragma("GCC unroll 4")

/* The parameters in vectors. */
struct constants {
    int16x8_t offsets[2];
    int32x4_t left_shift;
    struct pl_multipliers_neon in[2], out;
    struct pl_byte_range_neon range;
    int32x4_t out_offset, low, high;
};

static struct constants find_constants(const struct pl_binary_params *params)
{
    const struct pl_output_range range = {params->out_offset, (int32_t)params->low_int,
                                          (int32_t)params->high_int};
    return (struct constants){
        .offsets = {vdupq_n_s16((int16_t)params->offsets[0]),
                    vdupq_n_s16((int16_t)params->offsets[1])},
        .left_shift = vdupq_n_s32(params->left_shift),
        .in = {pl_multiplier_neon(params->in[0]), pl_multiplier_neon(params->in[1])},
        .out = pl_multiplier_neon(params->out),
        .range = pl_byte_range_neon(range),
        .out_offset = vdupq_n_s32(range.zero_point),
        .low = vdupq_n_s32(range.low),
        .high = vdupq_n_s32(range.high),
    };
}

/* Sixteen bytes less their zero point. */
PL_ALWAYS_INLINE void load_group(const uint8_t *from, bool is_unsigned, int16x8_t offset,
                                 int32x4_t values[VECTORS])
{
    const uint8x16_t bytes = vld1q_u8(from);
    const int8x16_t chars = vreinterpretq_s8_u8(bytes);
    const int16x8_t wide_low = is_unsigned ? vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(bytes)))
                                           : vmovl_s8(vget_low_s8(chars));
    const int16x8_t wide_high =
        is_unsigned ? vreinterpretq_s16_u16(vmovl_high_u8(bytes)) : vmovl_high_s8(chars);
    const int16x8_t low = vaddq_s16(wide_low, offset), high = vaddq_s16(wide_high, offset);
    values[0] = vmovl_s16(vget_low_s16(low));
    values[1] = vmovl_high_s16(low);
    values[2] = vmovl_s16(vget_low_s16(high));
    values[3] = vmovl_high_s16(high);
}

/* An input on the scale that both share. */
PL_ALWAYS_INLINE int32x4_t common_scale(int32x4_t x, const struct constants *constants, int index)
{
    const struct pl_multipliers_neon *m = &constants->in[index];
    const int32x4_t shifted = vshlq_s32(x, constants->left_shift);
    return pl_shift_right_neon(vqrdmulhq_s32(shifted, m->multipliers), m->right);
}

PL_ALWAYS_INLINE int32x4_t combine(enum operation operation, int32x4_t x, int32x4_t y,
                                   const struct constants *constants)
{
    if (operation == MUL) return pl_multiply_neon(vmulq_s32(x, y), constants->out);
    const int32x4_t a = common_scale(x, constants, 0), b = common_scale(y, constants, 1);
    int32x4_t result = operation == ADD ? vaddq_s32(a, b) : vsubq_s32(a, b);
    if (operation == SQUARED_DIFFERENCE) result = vmulq_s32(result, result);
    return pl_shift_right_neon(vqrdmulhq_s32(result, constants->out.multipliers),
                               constants->out.right);
}

/* Products may be so large that adding the zero point wraps, as the reference does. */
PL_ALWAYS_INLINE uint8x16_t place_wrapping(const int32x4_t values[VECTORS],
                                           const struct constants *constants)
{
    int32x4_t placed[VECTORS];
    UNROLL for (int v = 0; v < VECTORS; v++)
    {
        const int32x4_t value = vaddq_s32(values[v], constants->out_offset);
        placed[v] = vminq_s32(vmaxq_s32(value, constants->low), constants->high);
    }
    const int16x8_t low = vmovn_high_s32(vmovn_s32(placed[0]), placed[1]);
    const int16x8_t high = vmovn_high_s32(vmovn_s32(placed[2]), placed[3]);
    return vreinterpretq_u8_s8(vmovn_high_s16(vmovn_s16(low), high));
}

PL_ALWAYS_INLINE void run_group(enum operation operation, bool is_unsigned,
                                const struct constants *constants, const uint8_t *a,
                                const uint8_t *b, uint8_t *out)
{
    int32x4_t x[VECTORS], y[VECTORS];
    load_group(a, is_unsigned, constants->offsets[0], x);
    load_group(b, is_unsigned, constants->offsets[1], y);
    UNROLL for (int v = 0; v < VECTORS; v++) x[v] = combine(operation, x[v], y[v], constants);
    vst1q_u8(out, operation == MUL ? place_wrapping(x, constants)
                                   : pl_place_bytes_neon(x, constants->range, is_unsigned));
}

PL_ALWAYS_INLINE void run_bytes(enum operation operation, bool is_unsigned,
                                const struct pl_binary_run *run,
                                const struct pl_binary_params *params)
{
    const struct constants constants = find_constants(params);
    uint8_t fill[GROUP]; /* an input that stays */
    const uint8_t *a = run->a, *b = run->b;
    if (run->a_step == 0) a = memset(fill, *a, sizeof fill);
    if (run->b_step == 0) b = memset(fill, *b, sizeof fill);
    const int64_t a_step = run->a_step == 0 ? 0 : GROUP, b_step = run->b_step == 0 ? 0 : GROUP;
    uint8_t *out = run->out;
    int64_t left = run->count;
    for (; left >= GROUP; left -= GROUP, a += a_step, b += b_step, out += GROUP)
        run_group(operation, is_unsigned, &constants, a, b, out);
    if (left == 0) return;
    uint8_t rest_a[GROUP] = {0}, rest_b[GROUP] = {0}, rest_out[GROUP];
    memcpy(rest_a, a, (size_t)left);
    memcpy(rest_b, b, (size_t)left);
    run_group(operation, is_unsigned, &constants, rest_a, rest_b, rest_out);
    memcpy(out, rest_out, (size_t)left);
}

#define DEFINE_BINARY(name, operation, is_unsigned)                                                \
    void PL_LEVEL(pl_##name##_neon)(const struct pl_binary_run *run,                               \
                                    const struct pl_binary_params *params)                         \
    {                                                                                              \
        run_bytes(operation, is_unsigned, run, params);                                            \
    }

DEFINE_BINARY(add_i8, ADD, false)
DEFINE_BINARY(add_u8, ADD, true)
DEFINE_BINARY(sub_i8, SUB, false)
DEFINE_BINARY(sub_u8, SUB, true)
DEFINE_BINARY(mul_i8, MUL, false)
DEFINE_BINARY(mul_u8, MUL, true)
DEFINE_BINARY(squared_difference_i8, SQUARED_DIFFERENCE, false)
