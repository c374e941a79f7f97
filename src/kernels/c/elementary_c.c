/* SPDX-License-Identifier: Apache-2.0 */
/* Elementary functions of one input, on runs. */
#include <stdbool.h>

#include "kernels/elementwise_kernels.h"
#include "kernels/loop.h"
#include "kernels/wide_math.h"

extern const struct pl_elementary_table PL_LEVEL(pl_elementary_table);

/* What `expression` makes of x, element by element; p are the parameters. */
#define ELEMENTARY(name, in_type, out_type, expression)                                            \
    static void name(void *out_data, const void *in_data, int64_t count,                           \
                     const struct pl_unary_params *params)                                         \
    {                                                                                              \
        const struct pl_unary_params p = *params;                                                  \
        out_type *out = out_data;                                                                  \
        const in_type *in = in_data;                                                               \
        (void)p;                                                                                   \
        PL_INDEPENDENT_LOOP                                                                        \
        for (int64_t i = 0; i < count; i++) {                                                      \
            const in_type x = in[i];                                                               \
            out[i] = (expression);                                                                 \
        }                                                                                          \
    }

/* ---- float32 --------------------------------------------------------------------------------- */

PL_ALWAYS_INLINE float elu_one(float x)
{
    return x < 0.0f ? pl_expm1f(x) : x;
}

/* The nearest step from `low`, of what lies in the range. */
PL_ALWAYS_INLINE float fake_quantize_one(float x, const struct pl_unary_params *p)
{
    const float raised = x < p->low ? p->low : x;
    const float limited = p->high < raised ? p->high : raised;
    const float steps = (limited - p->low) * p->inverse_scale;
    /* Half away from 0: adding the float below 1/2 and cutting off is exactly that. */
    return floorf(steps + 0.49999997f) * p->scale + p->low;
}

ELEMENTARY(absolute, float, float, fabsf(x))
ELEMENTARY(negate, float, float, -x)
ELEMENTARY(sign, float, float, x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x != x ? x : 0.0f)
ELEMENTARY(exponential, float, float, pl_expf(x))
ELEMENTARY(logarithm, float, float, pl_logf(x))
ELEMENTARY(square_root, float, float, sqrtf(x))
ELEMENTARY(square, float, float, (x) * (x))
ELEMENTARY(round_down, float, float, floorf(x))
ELEMENTARY(round_up, float, float, ceilf(x))
ELEMENTARY(round_even, float, float, rintf(x)) /* halves to even */
ELEMENTARY(elu, float, float, elu_one(x))
ELEMENTARY(leaky_relu, float, float, x > 0.0f ? x : (x)*p.alpha)
ELEMENTARY(fake_quantize, float, float, fake_quantize_one(x, &p))

enum { CIRCLE_BLOCK = 64 };

/* Angles that need a long reduction are rare: blocks without them are vectorized. */
#define CIRCLE(name, function, turned)                                                             \
    static void name(void *out_data, const void *in_data, int64_t count,                           \
                     const struct pl_unary_params *params)                                         \
    {                                                                                              \
        float *out = out_data;                                                                     \
        const float *in = in_data;                                                                 \
        (void)params;                                                                              \
        for (int64_t from = 0; from < count; from += CIRCLE_BLOCK) {                               \
            const int64_t to = count - from < CIRCLE_BLOCK ? count : from + CIRCLE_BLOCK;          \
            bool special = false;                                                                  \
            for (int64_t i = from; i < to; i++)                                                    \
                special |= !(fabsf(in[i]) < (float)PL_CIRCLE_LIMIT) || in[i] == 0.0f;              \
            if (special) {                                                                         \
                for (int64_t i = from; i < to; i++) out[i] = function(in[i]);                      \
                continue;                                                                          \
            }                                                                                      \
            PL_INDEPENDENT_LOOP                                                                    \
            for (int64_t i = from; i < to; i++) {                                                  \
                struct pl_angle angle = pl_angle_small(in[i]);                                     \
                angle.quarters += turned;                                                          \
                out[i] = pl_angle_sine(angle);                                                     \
            }                                                                                      \
        }                                                                                          \
    }

CIRCLE(sine, pl_sinf, 0)
CIRCLE(cosine, pl_cosf, 1)

/* ---- other real types: the lowest integers stay as they are ---------------------------------- */

ELEMENTARY(absolute_int16, int16_t, int16_t, (int16_t)(x < 0 ? -x : x))
ELEMENTARY(absolute_int32, int32_t, int32_t, (int32_t)(x < 0 ? 0u - (uint32_t)x : (uint32_t)x))
ELEMENTARY(negate_int8, int8_t, int8_t, (int8_t)-x)
ELEMENTARY(negate_int16, int16_t, int16_t, (int16_t)-x)
ELEMENTARY(negate_int32, int32_t, int32_t, (int32_t)(0u - (uint32_t)x))
ELEMENTARY(negate_int64, int64_t, int64_t, (int64_t)((uint64_t)0 - (uint64_t)x))
ELEMENTARY(sign_int32, int32_t, int32_t, (x > 0) - (x < 0))
ELEMENTARY(sign_float64, double, double, x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x != x ? x : 0.0)

PL_ALWAYS_INLINE int32_t rescale_sides_one(int32_t x, const struct pl_unary_params *p)
{
    if (x >= 0) return pl_multiply(x, p->sides[0]);
    const int32_t scaled = pl_multiply(p->negate_before ? -x : x, p->sides[1]);
    return p->negate_after ? (int32_t)(0u - (uint32_t)scaled) : scaled;
}

ELEMENTARY(rescale_sides_int16, int16_t, int16_t,
           (int16_t)pl_clamp(rescale_sides_one(x, &p), INT16_MIN, INT16_MAX))

/* x >= 0: the operator has looked. Cut off, as in the reference. */
PL_ALWAYS_INLINE int16_t square_root_int16_one(int16_t x, const struct pl_unary_params *p)
{
    const float scaled = sqrtf(p->scale * (float)x) / p->out_scale;
    return (int16_t)(scaled < 32767.0f ? (int32_t)scaled : INT16_MAX);
}

ELEMENTARY(square_root_int16, int16_t, int16_t, square_root_int16_one(x, &p))

/* ---- complex numbers ------------------------------------------------------------------------- */

struct complex64 {
    float real, imaginary;
};
struct complex128 {
    double real, imaginary;
};

ELEMENTARY(real_complex64, struct complex64, float, x.real)
ELEMENTARY(imaginary_complex64, struct complex64, float, x.imaginary)
ELEMENTARY(length_complex64, struct complex64, float, pl_hypotf(x.real, x.imaginary))
ELEMENTARY(real_complex128, struct complex128, double, x.real)
ELEMENTARY(imaginary_complex128, struct complex128, double, x.imaginary)
ELEMENTARY(length_complex128, struct complex128, double, hypot(x.real, x.imaginary))

const struct pl_elementary_table PL_LEVEL(pl_elementary_table) = {
#define PL_ELEMENTARY(name) .name = name,
    PL_ELEMENTARY_LIST(PL_ELEMENTARY)
#undef PL_ELEMENTARY
};
