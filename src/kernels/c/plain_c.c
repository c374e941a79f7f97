/* SPDX-License-Identifier: Apache-2.0 */
/* Operators of two inputs that mostly work on plain numbers: powers, division rounded down, bits;
 * PRELU; and the choice between two. */
#include <stdbool.h>
#include <string.h>

#include "kernels/c/binary_c.h"
#include "kernels/wide_math.h"

extern const struct pl_select_table PL_LEVEL(pl_select_table);

/* ---- powers and angles ----------------------------------------------------------------------- */

PL_BINARY_KERNEL(pow_float32, float, float, pl_powf(x, y))
PL_BINARY_KERNEL(atan2_float32, float, float, pl_atan2f(x, y))
PL_BINARY_KERNEL(atan2_float64, double, double, atan2(x, y))

/* y >= 0: the operator has looked. Squares until nothing is left of y; what no int32 can hold gives
 * the lowest one, as the reference's conversion from double does on x86-64. */
PL_ALWAYS_INLINE int32_t pow_int32_one(int32_t x, int32_t y, const struct pl_binary_params *p)
{
    (void)p;
    const double limit = 4294967296.0; /* beyond, the result does not fit whatever follows */
    double result = 1.0;
    double factor = (double)x;
    for (int32_t left = y; left > 0; left >>= 1) {
        if ((left & 1) != 0) result *= factor;
        factor *= factor;
        factor = factor > limit ? limit : factor;
        result = result > limit ? limit : result < -limit ? -limit : result;
    }
    const bool fits = result >= -2147483648.0 && result <= 2147483647.0;
    return fits ? (int32_t)result : INT32_MIN;
}
PL_BINARY_LOOPS(pow_int32, int32_t, int32_t)

/* ---- division rounded down ------------------------------------------------------------------- */

/* Integers are not divided by 0: the operator has looked. The one quotient that does not fit
 * wraps. */
#define FLOORED(suffix, type, wide, unsigned_wide)                                                 \
    PL_ALWAYS_INLINE type floor_div_##suffix##_one(type x, type y,                                 \
                                                   const struct pl_binary_params *p)               \
    {                                                                                              \
        (void)p;                                                                                   \
        if (y == -1) return (type)((unsigned_wide)0 - (unsigned_wide)x);                           \
        const wide quotient = (wide)x / (wide)y;                                                   \
        return (type)(quotient - ((wide)x % (wide)y != 0 && (x < 0) != (y < 0) ? 1 : 0));          \
    }                                                                                              \
    PL_ALWAYS_INLINE type floor_mod_##suffix##_one(type x, type y,                                 \
                                                   const struct pl_binary_params *p)               \
    {                                                                                              \
        (void)p;                                                                                   \
        if (y == -1) return 0;                                                                     \
        const wide rest = (wide)x % (wide)y;                                                       \
        return (type)(rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest);                       \
    }                                                                                              \
    PL_BINARY_LOOPS(floor_div_##suffix, type, type)                                                \
    PL_BINARY_LOOPS(floor_mod_##suffix, type, type)

FLOORED(int8, int8_t, int32_t, uint32_t)
FLOORED(int16, int16_t, int32_t, uint32_t)
FLOORED(int32, int32_t, int32_t, uint32_t)
FLOORED(int64, int64_t, int64_t, uint64_t)

/* fmod() is exact, so that every libm gives the same. */
PL_ALWAYS_INLINE float floor_mod_real(float x, float y)
{
    const float rest = fmodf(x, y);
    return rest != 0.0f && (rest < 0.0f) != (y < 0.0f) ? rest + y : rest;
}
PL_BINARY_KERNEL(floor_div_float32, float, float, floorf(x / y))
PL_BINARY_KERNEL(floor_mod_float32, float, float, floor_mod_real(x, y))

/* ---- bits ------------------------------------------------------------------------------------ */

/* Distances below 0 count as 0, those beyond the type as all but one bit. */
#define BITS(suffix, type)                                                                         \
    PL_BINARY_KERNEL(xor_##suffix, type, type, (type)(x ^ y))                                      \
    PL_ALWAYS_INLINE type shift_##suffix##_one(type x, type y, const struct pl_binary_params *p)   \
    {                                                                                              \
        (void)p;                                                                                   \
        const type most = (type)(sizeof(type) * 8 - 1);                                            \
        const type raised = y > 0 ? y : 0;                                                         \
        return (type)(x >> (raised > most ? most : raised));                                       \
    }                                                                                              \
    PL_BINARY_LOOPS(shift_##suffix, type, type)

BITS(int8, int8_t)
BITS(uint8, uint8_t)
BITS(int16, int16_t)
BITS(uint16, uint16_t)
BITS(int32, int32_t)
BITS(uint32, uint32_t)

/* ---- PRELU ----------------------------------------------------------------------------------- */

/* Products of two centered int16 values can need 33 bits; they wrap as in the reference. */
PL_ALWAYS_INLINE int32_t prelu_quantized(int32_t x, int32_t y, const struct pl_binary_params *p)
{
    const int32_t value = x + p->offsets[0];
    const uint32_t product = (uint32_t)value * (uint32_t)(y + p->offsets[1]);
    const int32_t scaled =
        value >= 0 ? pl_multiply(value, p->in[0]) : pl_multiply((int32_t)product, p->out);
    const int64_t placed = (int64_t)scaled + p->out_offset;
    return (int32_t)(placed < p->low_int    ? p->low_int
                     : placed > p->high_int ? p->high_int
                                            : placed);
}

PL_BINARY_KERNEL(prelu_float32, float, float, x >= 0.0f ? x : (x) * (y))
PL_BINARY_KERNEL(prelu_int8, int8_t, int8_t, (int8_t)prelu_quantized(x, y, p))
PL_BINARY_KERNEL(prelu_uint8, uint8_t, uint8_t, (uint8_t)prelu_quantized(x, y, p))
PL_BINARY_KERNEL(prelu_int16, int16_t, int16_t, (int16_t)prelu_quantized(x, y, p))

#define PL_PLAIN(name)                                                                             \
    void PL_LEVEL(pl_##name)(const struct pl_binary_run *run,                                      \
                             const struct pl_binary_params *params)                                \
    {                                                                                              \
        name(run, params);                                                                         \
    }
PL_PLAIN_LIST(PL_PLAIN)
#undef PL_PLAIN

/* ---- the choice of two ----------------------------------------------------------------------- */

#define SELECT(name, type)                                                                         \
    static void name(const struct pl_select_run *run)                                              \
    {                                                                                              \
        type *out = run->out;                                                                      \
        const type *x = run->x;                                                                    \
        const type *y = run->y;                                                                    \
        if (run->condition_step == 0) {                                                            \
            const type *from = run->condition[0] != 0 ? x : y;                                     \
            const int32_t step = run->condition[0] != 0 ? run->x_step : run->y_step;               \
            for (int64_t i = 0; i < run->count; i++) out[i] = from[i * step];                      \
        } else if (run->x_step == 1 && run->y_step == 1) {                                         \
            PL_INDEPENDENT_LOOP                                                                    \
            for (int64_t i = 0; i < run->count; i++)                                               \
                out[i] = run->condition[i] != 0 ? x[i] : y[i];                                     \
        } else {                                                                                   \
            for (int64_t i = 0; i < run->count; i++)                                               \
                out[i] = run->condition[i] != 0 ? x[i * run->x_step] : y[i * run->y_step];         \
        }                                                                                          \
    }

SELECT(select_1, uint8_t)
SELECT(select_2, uint16_t)
SELECT(select_4, uint32_t)
SELECT(select_8, uint64_t)

const struct pl_select_table PL_LEVEL(pl_select_table) = {select_1, select_2, select_4, select_8};
