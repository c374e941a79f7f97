/* SPDX-License-Identifier: Apache-2.0 */
/* Sixteen floats in four vectors: see vector/floats.h. A factor that is the same for all of them is
 * read by one instruction with the product, as an element of a vector. */
#ifndef PL_KERNELS_ARM_FLOATS_NEON_H
#define PL_KERNELS_ARM_FLOATS_NEON_H

#include <arm_neon.h>
#include <stdint.h>

#include "kernels/loop.h"

enum { PL_FLOATS = 16, PL_FLOATS_VECTORS = 4, PL_HALF_VECTORS = 2 };

/* Unrolled whatever the level of optimization: they would lie in memory else. */
#define PL_EACH_VECTOR(vectors) _Pragma("GCC unroll 4") for (int i = 0; i < (vectors); i++)

struct pl_floats {
    float32x4_t v[PL_FLOATS_VECTORS];
};
struct pl_floats_mask {
    int32_t count; /* of the first that are there */
};
struct pl_half {
    float32x4_t v[PL_HALF_VECTORS];
};

/* ---- four ------------------------------------------------------------------------------------ */

/* The first `count` of four; zeros come for the others. */
PL_ALWAYS_INLINE float32x4_t pl_four_load_first(const float *from, int32_t count)
{
    if (count >= 4) return vld1q_f32(from);
    float32x4_t x = vdupq_n_f32(0.0f);
    if (count > 0) x = vld1q_lane_f32(from, x, 0);
    if (count > 1) x = vld1q_lane_f32(from + 1, x, 1);
    if (count > 2) x = vld1q_lane_f32(from + 2, x, 2);
    return x;
}

PL_ALWAYS_INLINE void pl_four_store_first(float *to, float32x4_t x, int32_t count)
{
    if (count >= 4) {
        vst1q_f32(to, x);
        return;
    }
    if (count > 0) vst1q_lane_f32(to, x, 0);
    if (count > 1) vst1q_lane_f32(to + 1, x, 1);
    if (count > 2) vst1q_lane_f32(to + 2, x, 2);
}

/* As pl_clamp_float: what is neither less nor greater stays, so do NaN and the sign of zero. */
PL_ALWAYS_INLINE float32x4_t pl_four_clamp(float32x4_t x, float32x4_t low, float32x4_t high)
{
    const float32x4_t raised = vbslq_f32(vcltq_f32(x, low), low, x);
    return vbslq_f32(vcltq_f32(high, raised), high, raised);
}

/* ---- sixteen, and eight of them -------------------------------------------------------------- */

#define PL_DEFINE_FLOATS(name, type, vectors)                                                      \
    PL_ALWAYS_INLINE type name##_set(float x)                                                      \
    {                                                                                              \
        type result;                                                                               \
        PL_EACH_VECTOR(vectors) result.v[i] = vdupq_n_f32(x);                                      \
        return result;                                                                             \
    }                                                                                              \
    PL_ALWAYS_INLINE type name##_load(const float *from)                                           \
    {                                                                                              \
        type result;                                                                               \
        PL_EACH_VECTOR(vectors) result.v[i] = vld1q_f32(from + 4 * i);                             \
        return result;                                                                             \
    }                                                                                              \
    PL_ALWAYS_INLINE type name##_load_first(const float *from, int32_t count)                      \
    {                                                                                              \
        type result;                                                                               \
        PL_EACH_VECTOR(vectors)                                                                    \
        result.v[i] = pl_four_load_first(from + 4 * i, count - 4 * i);                             \
        return result;                                                                             \
    }                                                                                              \
    PL_ALWAYS_INLINE void name##_store(float *to, type x)                                          \
    {                                                                                              \
        PL_EACH_VECTOR(vectors) vst1q_f32(to + 4 * i, x.v[i]);                                     \
    }                                                                                              \
    PL_ALWAYS_INLINE void name##_store_first(float *to, type x, int32_t count)                     \
    {                                                                                              \
        PL_EACH_VECTOR(vectors)                                                                    \
        pl_four_store_first(to + 4 * i, x.v[i], count - 4 * i);                                    \
    }                                                                                              \
    PL_ALWAYS_INLINE type name##_add(type a, type b)                                               \
    {                                                                                              \
        PL_EACH_VECTOR(vectors) a.v[i] = vaddq_f32(a.v[i], b.v[i]);                                \
        return a;                                                                                  \
    }                                                                                              \
    /* a * b + sum in one rounding. */                                                             \
    PL_ALWAYS_INLINE type name##_fma(type a, type b, type sum)                                     \
    {                                                                                              \
        PL_EACH_VECTOR(vectors) sum.v[i] = vfmaq_f32(sum.v[i], b.v[i], a.v[i]);                    \
        return sum;                                                                                \
    }                                                                                              \
    PL_ALWAYS_INLINE type name##_clamp(type x, type low, type high)                                \
    {                                                                                              \
        PL_EACH_VECTOR(vectors) x.v[i] = pl_four_clamp(x.v[i], low.v[i], high.v[i]);               \
        return x;                                                                                  \
    }

PL_DEFINE_FLOATS(pl_floats, struct pl_floats, PL_FLOATS_VECTORS)
PL_DEFINE_FLOATS(pl_half, struct pl_half, PL_HALF_VECTORS)
#undef PL_DEFINE_FLOATS

/* The first `count` of sixteen, 0 to 16. */
PL_ALWAYS_INLINE struct pl_floats_mask pl_floats_first(int32_t count)
{
    return (struct pl_floats_mask){count};
}

/* Nothing is read or written where the mask is not set; zeros come instead. */
PL_ALWAYS_INLINE struct pl_floats pl_floats_load_masked(const float *from,
                                                        struct pl_floats_mask mask)
{
    return pl_floats_load_first(from, mask.count);
}

PL_ALWAYS_INLINE void pl_floats_store_masked(float *to, struct pl_floats x,
                                             struct pl_floats_mask mask)
{
    pl_floats_store_first(to, x, mask.count);
}

PL_ALWAYS_INLINE struct pl_floats pl_floats_multiply(struct pl_floats a, struct pl_floats b)
{
    PL_EACH_VECTOR(PL_FLOATS_VECTORS) a.v[i] = vmulq_f32(a.v[i], b.v[i]);
    return a;
}

PL_ALWAYS_INLINE struct pl_floats pl_floats_divide(struct pl_floats a, struct pl_floats b)
{
    for (int i = 0; i < PL_FLOATS_VECTORS; i++) a.v[i] = vdivq_f32(a.v[i], b.v[i]);
    return a;
}

/* The second operand wins where neither is greater. */
PL_ALWAYS_INLINE struct pl_floats pl_floats_max(struct pl_floats a, struct pl_floats b)
{
    for (int i = 0; i < PL_FLOATS_VECTORS; i++)
        a.v[i] = vbslq_f32(vcgtq_f32(a.v[i], b.v[i]), a.v[i], b.v[i]);
    return a;
}

/* The lower eight of x. */
PL_ALWAYS_INLINE struct pl_half pl_floats_lower(struct pl_floats x)
{
    return (struct pl_half){{x.v[0], x.v[1]}};
}

/* ---- from integers --------------------------------------------------------------------------- */

typedef int8x16_t pl_bytes;

PL_ALWAYS_INLINE pl_bytes pl_bytes_load(const void *from)
{
    return vld1q_s8(from);
}

/* The first `count` of sixteen bytes, 0 to 16; zeros come for the others. */
PL_ALWAYS_INLINE pl_bytes pl_bytes_load_first(const void *from, int32_t count)
{
    _Alignas(16) int8_t bytes[16] = {0};
    for (int32_t i = 0; i < count; i++) bytes[i] = ((const int8_t *)from)[i];
    return vld1q_s8(bytes);
}

/* Sixteen bytes less an offset, which has 16 bits as the difference has. */
PL_ALWAYS_INLINE struct pl_floats pl_floats_of_bytes(pl_bytes bytes, int32_t offset)
{
    const int16x8_t offsets = vdupq_n_s16((int16_t)offset);
    const int16x8_t low = vsubq_s16(vmovl_s8(vget_low_s8(bytes)), offsets);
    const int16x8_t high = vsubq_s16(vmovl_high_s8(bytes), offsets);
    return (struct pl_floats){
        {vcvtq_f32_s32(vmovl_s16(vget_low_s16(low))), vcvtq_f32_s32(vmovl_high_s16(low)),
         vcvtq_f32_s32(vmovl_s16(vget_low_s16(high))), vcvtq_f32_s32(vmovl_high_s16(high))}};
}

/* a - factor * b of sixteen words each, which wraps, as floats. */
PL_ALWAYS_INLINE struct pl_floats pl_floats_of_difference(const int32_t *a, int32_t factor,
                                                          const int32_t *b)
{
    struct pl_floats result;
    PL_EACH_VECTOR(PL_FLOATS_VECTORS)
    {
        const int32x4_t difference =
            vmlsq_n_s32(vld1q_s32(a + 4 * i), vld1q_s32(b + 4 * i), factor);
        result.v[i] = vcvtq_f32_s32(difference);
    }
    return result;
}

#endif
