/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax and L2 normalization of rows. Output rows may be the input rows. */
#include <float.h>

#include "kernels/c/row_kernels_c.h"
#include "kernels/fixed_functions.h"
#include "kernels/float_math.h"
#include "kernels/float_range.h"
#include "kernels/float_sum.h"
#include "kernels/loop.h"
#include "kernels/softmax_scale.h"

/* ---- softmax of floats ----------------------------------------------------------------------- */

PL_SOFTMAX_KERNEL(pl_softmax_float32)
{
    const float beta = params->beta;
    for (int64_t row = 0; row < rows; row++) {
        const float *x = (const float *)in + row * depth;
        float *y = (float *)out + row * depth;
        const float largest = pl_float_largest(x, depth, -FLT_MAX);
        PL_INDEPENDENT_LOOP
        for (int64_t i = 0; i < depth; i++) y[i] = pl_expf((x[i] - largest) * beta);
        pl_partial_sums sums = {0};
        pl_partial_add(&sums, y, depth);
        const float inverse = 1.0f / pl_partial_total(&sums);
        for (int64_t i = 0; i < depth; i++) y[i] *= inverse;
    }
}

/* ---- softmax of 8-bit values ----------------------------------------------------------------- */

/* Sums so large that the shift leaves 31 bits leave nothing of any value. */
PL_ALWAYS_INLINE int32_t scaled_value(int32_t exp, struct pl_softmax_scale scale, int32_t low,
                                      int32_t high)
{
    const int32_t product = pl_high_product(exp, scale.reciprocal);
    const int32_t value = scale.shift > 31 ? 0 : pl_rounding_shift_right(product, scale.shift);
    return pl_clamp(value + low, low, high);
}

#define SOFTMAX_8(name, in_type, out_type, out_bits, low, high)                                    \
    PL_SOFTMAX_KERNEL(name)                                                                        \
    {                                                                                              \
        for (int64_t row = 0; row < rows; row++) {                                                 \
            const in_type *x = (const in_type *)in + row * depth;                                  \
            out_type *y = (out_type *)out + row * depth;                                           \
            in_type largest = x[0];                                                                \
            for (int64_t i = 1; i < depth; i++) largest = largest < x[i] ? x[i] : largest;         \
            uint64_t sum = 0;                                                                      \
            for (int64_t i = 0; i < depth; i++)                                                    \
                sum += (uint64_t)pl_rounding_shift_right(params->exp[largest - x[i]],              \
                                                         PL_SOFTMAX_SUM_BITS);                     \
            const struct pl_softmax_scale scale = pl_softmax_scale_of(sum, out_bits);              \
            if (depth < 256) {                                                                     \
                for (int64_t i = 0; i < depth; i++)                                                \
                    y[i] = (out_type)scaled_value(params->exp[largest - x[i]], scale, low, high);  \
            } else {                                                                               \
                out_type values[256]; /* long rows: every distance once */                         \
                for (int32_t k = 0; k < 256; k++)                                                  \
                    values[k] = (out_type)scaled_value(params->exp[k], scale, low, high);          \
                for (int64_t i = 0; i < depth; i++) y[i] = values[largest - x[i]];                 \
            }                                                                                      \
        }                                                                                          \
    }

SOFTMAX_8(pl_softmax_int8, int8_t, int8_t, 8, INT8_MIN, INT8_MAX)
SOFTMAX_8(pl_softmax_uint8, uint8_t, uint8_t, 8, 0, UINT8_MAX)
SOFTMAX_8(pl_softmax_int8_to_int16, int8_t, int16_t, 16, INT16_MIN, INT16_MAX)
SOFTMAX_8(pl_softmax_uint8_to_int16, uint8_t, int16_t, 16, INT16_MIN, INT16_MAX)

/* ---- softmax of int16 ------------------------------------------------------------------------ */

PL_ALWAYS_INLINE int32_t interpolate(int32_t x, const int16_t *lookup)
{
    const int32_t limited = pl_clamp(x, INT16_MIN, INT16_MAX);
    const int32_t index = 256 + (limited >> 7);
    const int32_t slope = (int16_t)(lookup[index + 1] - lookup[index]);
    return (int16_t)(lookup[index] + ((slope * (limited & 0x7f) + 64) >> 7));
}

/* 1 / sum in Q0.15, times 2^-*shift: the lookup has 1 / (1 + f) for the sum's leading bits f
 * after the first. */
PL_ALWAYS_INLINE int32_t reciprocal_15(int32_t sum, const int16_t *lookup, int32_t *shift)
{
    const int32_t headroom = __builtin_clz((uint32_t)sum);
    const int64_t shifted = (((int64_t)sum << (headroom - 1)) + (1 << 13)) >> 14;
    *shift = 31 - headroom;
    return interpolate((int32_t)(shifted - ((1 << 15) + (1 << 16))), lookup);
}

PL_SOFTMAX_KERNEL(pl_softmax_int16)
{
    for (int64_t row = 0; row < rows; row++) {
        const int16_t *x = (const int16_t *)in + row * depth;
        int16_t *y = (int16_t *)out + row * depth;
        int16_t largest = x[0];
        for (int64_t i = 1; i < depth; i++) largest = largest < x[i] ? x[i] : largest;
        int64_t sum = 0; /* Q15; the first exp() of the largest is at least 1/2 of it */
        for (int64_t i = 0; i < depth; i++) {
            const int32_t scaled = pl_multiply(x[i] - largest, params->multiplier);
            y[i] = (int16_t)interpolate(pl_fixed_add(scaled, INT16_MAX), params->exp_lookup);
            sum += y[i];
        }
        int32_t shift = 0;
        const int32_t limited = sum > INT32_MAX ? INT32_MAX : sum < 2 ? 2 : (int32_t)sum;
        const int32_t reciprocal = reciprocal_15(limited, params->reciprocal_lookup, &shift);
        for (int64_t i = 0; i < depth; i++) {
            const int64_t value =
                ((int64_t)y[i] * reciprocal + ((int64_t)1 << (shift - 1))) >> shift;
            y[i] = (int16_t)(value < 0 ? 0 : value > INT16_MAX ? INT16_MAX : value);
        }
    }
}

/* ---- L2 normalization ------------------------------------------------------------------------ */

PL_ROW_KERNEL(pl_l2_normalize_float32)
{
    (void)in_zero_point;
    for (int64_t row = 0; row < rows; row++) {
        const float *x = (const float *)in + row * depth;
        float *y = (float *)out + row * depth;
        pl_partial_sums sums = {0};
        pl_partial_add_squares(&sums, x, depth);
        const float norm = sqrtf(pl_partial_total(&sums));
        const float limited = norm < 1e-6f ? 1e-6f : norm;
        PL_INDEPENDENT_LOOP
        for (int64_t i = 0; i < depth; i++) y[i] = x[i] / limited;
    }
}

/* Outputs have the scale 1/128. */
#define L2_NORMALIZE_8(name, type, out_zero_point, low, high)                                      \
    PL_ROW_KERNEL(name)                                                                            \
    {                                                                                              \
        for (int64_t row = 0; row < rows; row++) {                                                 \
            const type *x = (const type *)in + row * depth;                                        \
            type *y = (type *)out + row * depth;                                                   \
            uint32_t sum = 0;                                                                      \
            for (int64_t i = 0; i < depth; i++) {                                                  \
                const int32_t centered = x[i] - in_zero_point;                                     \
                sum += (uint32_t)(centered * centered);                                            \
            }                                                                                      \
            struct pl_multiplier inverse = pl_fixed_inverse_square_root((int32_t)sum);             \
            inverse.shift += (low) < 0 ? 7 : 0;                                                    \
            PL_INDEPENDENT_LOOP                                                                    \
            for (int64_t i = 0; i < depth; i++) {                                                  \
                const int32_t centered = (x[i] - in_zero_point) * ((low) < 0 ? 1 : 128);           \
                y[i] =                                                                             \
                    (type)pl_clamp(pl_multiply(centered, inverse) + (out_zero_point), low, high);  \
            }                                                                                      \
        }                                                                                          \
    }

/* The reference shifts before the product for uint8 and in the multiplier for int8. */
L2_NORMALIZE_8(pl_l2_normalize_int8, int8_t, 0, INT8_MIN, INT8_MAX)
L2_NORMALIZE_8(pl_l2_normalize_uint8, uint8_t, 128, 0, UINT8_MAX)
