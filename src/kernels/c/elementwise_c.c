/* SPDX-License-Identifier: Apache-2.0 */
/* Operators of two inputs, on runs. Each is written once for one pair of elements; the macros
 * of binary_c.h make the loops. What is not here comes from plain_c.c. */
#include <stdbool.h>

#include "kernels/elementwise_kernels.h"
#include "kernels/faster.h"
#include "kernels/fixed_functions.h"
#include "kernels/c/binary_c.h"

extern const struct pl_binary_table PL_LEVEL(pl_binary_table);
extern const struct pl_select_table PL_LEVEL(pl_select_table);
extern const struct pl_unary_table PL_LEVEL(pl_unary_table);
extern const struct pl_elementary_table PL_LEVEL(pl_elementary_table);
extern const struct pl_convert_table PL_LEVEL(pl_convert_table);
extern const struct pl_elementwise_kernels PL_LEVEL(pl_elementwise_kernels);

/* ---- float32 --------------------------------------------------------------------------------- */

/* NaN stays NaN. */
PL_ALWAYS_INLINE float clamp_float(float x, const struct pl_binary_params *p)
{
    const float raised = x < p->low ? p->low : x;
    return p->high < raised ? p->high : raised;
}

PL_BINARY_KERNEL(add_float32, float, float, clamp_float(x + y, p))
PL_BINARY_KERNEL(sub_float32, float, float, clamp_float(x - y, p))
PL_BINARY_KERNEL(mul_float32, float, float, clamp_float((x) * (y), p))
PL_BINARY_KERNEL(div_float32, float, float, clamp_float(x / y, p))
PL_BINARY_KERNEL(maximum_float32, float, float, x > y ? x : y)
PL_BINARY_KERNEL(minimum_float32, float, float, x < y ? x : y)
PL_BINARY_KERNEL(squared_difference_float32, float, float, (x - y) * (x - y))

struct complex64 {
    float real, imaginary;
};

PL_ALWAYS_INLINE struct complex64 mul_complex64_one(struct complex64 x, struct complex64 y,
                                                    const struct pl_binary_params *p)
{
    (void)p;
    /* Fused by name: compilers know this pattern and may fuse either product at one level only. */
    const struct complex64 product = {fmaf(x.real, y.real, -(x.imaginary * y.imaginary)),
                                      fmaf(x.real, y.imaginary, x.imaginary * y.real)};
    return product;
}
PL_BINARY_LOOPS(mul_complex64, struct complex64, struct complex64)

/* ---- plain integers: they wrap --------------------------------------------------------------- */

#define CLAMP_INTEGER(type, x)                                                                     \
    ((x) < (type)p->low_int ? (type)p->low_int : (x) > (type)p->high_int ? (type)p->high_int : (x))

#define WRAPPING(name, operation, type, unsigned_type)                                             \
    PL_ALWAYS_INLINE type name##_one(type x, type y, const struct pl_binary_params *p)             \
    {                                                                                              \
        const type result = (type)((unsigned_type)x operation(unsigned_type) y);                   \
        return CLAMP_INTEGER(type, result);                                                        \
    }                                                                                              \
    PL_BINARY_LOOPS(name, type, type)

WRAPPING(add_int16, +, int16_t, uint32_t)
WRAPPING(mul_int16, *, int16_t, uint32_t)
WRAPPING(add_int32, +, int32_t, uint32_t)
WRAPPING(sub_int32, -, int32_t, uint32_t)
WRAPPING(mul_int32, *, int32_t, uint32_t)
WRAPPING(mul_uint32, *, uint32_t, uint32_t)
WRAPPING(add_int64, +, int64_t, uint64_t)
WRAPPING(sub_int64, -, int64_t, uint64_t)
WRAPPING(mul_int64, *, int64_t, uint64_t)

/* y is not 0: the operator has looked. The one quotient that does not fit wraps. By way of double, for which there are vectors:
 * a quotient of 32 bits is rounded to an integer that it is not by no step of 2^-53, since it is at least 1 / |y| away. */
PL_ALWAYS_INLINE int32_t div_int32_one(int32_t x, int32_t y, const struct pl_binary_params *p)
{
    const double quotient = (double)x / (double)y;
    const int32_t result = quotient < 0x1p31 ? (int32_t)quotient : INT32_MIN;
    return CLAMP_INTEGER(int32_t, result);
}
PL_BINARY_LOOPS(div_int32, int32_t, int32_t)

PL_ALWAYS_INLINE int32_t squared_difference_int32_one(int32_t x, int32_t y,
                                                      const struct pl_binary_params *p)
{
    (void)p;
    const uint32_t difference = (uint32_t)x - (uint32_t)y;
    return (int32_t)(difference * difference);
}
PL_BINARY_LOOPS(squared_difference_int32, int32_t, int32_t)

#define EXTREMA(suffix, type)                                                                      \
    PL_BINARY_KERNEL(maximum_##suffix, type, type, x > y ? x : y)                                  \
    PL_BINARY_KERNEL(minimum_##suffix, type, type, x < y ? x : y)

EXTREMA(int8, int8_t)
EXTREMA(uint8, uint8_t)
EXTREMA(int16, int16_t)
EXTREMA(int32, int32_t)
EXTREMA(int64, int64_t)

/* ---- quantized ------------------------------------------------------------------------------- */

/* By a multiplier below 1. */
PL_ALWAYS_INLINE int32_t scale_down(int32_t x, struct pl_multiplier m)
{
    return pl_rounding_shift_right(pl_high_product(x, m.multiplier), -m.shift);
}

/* An input on the scale that both inputs share. */
PL_ALWAYS_INLINE int32_t common_scale(int32_t x, int32_t index, const struct pl_binary_params *p)
{
    const uint32_t centered = (uint32_t)(x + p->offsets[index]);
    return scale_down((int32_t)(centered << p->left_shift), p->in[index]);
}

PL_ALWAYS_INLINE int32_t finish(int32_t scaled, const struct pl_binary_params *p)
{
    return pl_clamp(pl_fixed_add(scaled, p->out_offset), (int32_t)p->low_int, (int32_t)p->high_int);
}

PL_ALWAYS_INLINE int32_t add_quantized(int32_t x, int32_t y, const struct pl_binary_params *p)
{
    return finish(scale_down(pl_fixed_add(common_scale(x, 0, p), common_scale(y, 1, p)), p->out),
                  p);
}

PL_ALWAYS_INLINE int32_t sub_quantized(int32_t x, int32_t y, const struct pl_binary_params *p)
{
    return finish(
        scale_down(pl_fixed_subtract(common_scale(x, 0, p), common_scale(y, 1, p)), p->out), p);
}

PL_ALWAYS_INLINE int32_t mul_quantized(int32_t x, int32_t y, const struct pl_binary_params *p)
{
    return finish(pl_multiply((x + p->offsets[0]) * (y + p->offsets[1]), p->out), p);
}

PL_ALWAYS_INLINE int32_t squared_difference_quantized(int32_t x, int32_t y,
                                                      const struct pl_binary_params *p)
{
    const int32_t difference = pl_fixed_subtract(common_scale(x, 0, p), common_scale(y, 1, p));
    return finish(scale_down((int32_t)((uint32_t)difference * (uint32_t)difference), p->out), p);
}

/* Small dividends ask for shifts beyond 31 bits. The reference does not guard against that;
 * these are its answers on x86-64, where the CPU shifts by the exponent modulo 32 and all bits
 * count as remainder. */
PL_ALWAYS_INLINE int32_t shift_right_far(int32_t x, int32_t exponent)
{
    if (exponent <= 31) return pl_rounding_shift_right(x, exponent < 0 ? 0 : exponent);
    return pl_fixed_add(x >> (exponent & 31), x >= 0 ? 1 : 0);
}

/* The divisor is not 0: the operator has looked. */
PL_ALWAYS_INLINE int32_t div_quantized(int32_t x, int32_t y, const struct pl_binary_params *p)
{
    int32_t dividend = x + p->offsets[0];
    int32_t divisor = y + p->offsets[1];
    if (divisor < 0) {
        dividend = -dividend;
        divisor = -divisor;
    }
    int32_t bits = 0;
    const int32_t inverse = pl_fixed_reciprocal(divisor, 31, &bits);
    const int32_t headroom = dividend == 0 ? 31 : __builtin_clrsb(dividend);
    const int32_t quotient = pl_high_multiply((int32_t)((uint32_t)dividend << headroom), inverse);
    return finish(shift_right_far(pl_high_product(quotient, p->out.multiplier),
                                  bits + headroom - p->out.shift),
                  p);
}

/* Scales are powers of two: only a shift is left. */
PL_ALWAYS_INLINE int32_t add_power(int32_t x, int32_t y, const struct pl_binary_params *p)
{
    const int32_t sum =
        pl_rounding_shift_right(x, -p->in[0].shift) + pl_rounding_shift_right(y, -p->in[1].shift);
    return pl_clamp(pl_clamp(sum, INT16_MIN, INT16_MAX), (int32_t)p->low_int, (int32_t)p->high_int);
}

PL_ALWAYS_INLINE int32_t sub_power(int32_t x, int32_t y, const struct pl_binary_params *p)
{
    const int32_t shifted = pl_rounding_shift_right(y, -p->in[1].shift);
    return pl_clamp(pl_rounding_shift_right(x, -p->in[0].shift) - shifted, (int32_t)p->low_int,
                    (int32_t)p->high_int);
}

#define QUANTIZED(name, suffix, type)                                                              \
    PL_BINARY_KERNEL(name##_##suffix, type, type, (type)name(x, y, p))

QUANTIZED(add_quantized, int8, int8_t)
QUANTIZED(add_quantized, uint8, uint8_t)
QUANTIZED(add_quantized, int16, int16_t)
QUANTIZED(sub_quantized, int8, int8_t)
QUANTIZED(sub_quantized, uint8, uint8_t)
QUANTIZED(sub_quantized, int16, int16_t)
QUANTIZED(mul_quantized, int8, int8_t)
QUANTIZED(mul_quantized, uint8, uint8_t)
QUANTIZED(mul_quantized, int16, int16_t)
QUANTIZED(div_quantized, int8, int8_t)
QUANTIZED(div_quantized, uint8, uint8_t)
QUANTIZED(div_quantized, int16, int16_t)
QUANTIZED(squared_difference_quantized, int8, int8_t)
QUANTIZED(add_power, int16, int16_t)
QUANTIZED(sub_power, int16, int16_t)

/* ---- comparisons and logic: bool is a byte of 0 or 1 ----------------------------------------- */

#define COMPARISON(name, operation)                                                                \
    PL_BINARY_KERNEL(name##_float32, float, uint8_t, (uint8_t)(x operation y))                     \
    PL_BINARY_KERNEL(name##_int16, int16_t, uint8_t, (uint8_t)(x operation y))                     \
    PL_BINARY_KERNEL(name##_int32, int32_t, uint8_t, (uint8_t)(x operation y))                     \
    PL_BINARY_KERNEL(name##_int64, int64_t, uint8_t, (uint8_t)(x operation y))                     \
    PL_BINARY_KERNEL(name##_quantized_int8, int8_t, uint8_t,                                       \
                     (uint8_t)(common_scale(x, 0, p) operation common_scale(y, 1, p)))             \
    PL_BINARY_KERNEL(name##_quantized_uint8, uint8_t, uint8_t,                                     \
                     (uint8_t)(common_scale(x, 0, p) operation common_scale(y, 1, p)))

COMPARISON(equal, ==)
COMPARISON(not_equal, !=)
COMPARISON(less, <)
COMPARISON(less_equal, <=)
COMPARISON(greater, >)
COMPARISON(greater_equal, >=)
PL_BINARY_KERNEL(equal_quantized_int16, int16_t, uint8_t,
                 (uint8_t)(common_scale(x, 0, p) == common_scale(y, 1, p)))
PL_BINARY_KERNEL(not_equal_quantized_int16, int16_t, uint8_t,
                 (uint8_t)(common_scale(x, 0, p) != common_scale(y, 1, p)))
PL_BINARY_KERNEL(equal_bool, uint8_t, uint8_t, (uint8_t)((x != 0) == (y != 0)))
PL_BINARY_KERNEL(not_equal_bool, uint8_t, uint8_t, (uint8_t)((x != 0) != (y != 0)))
PL_BINARY_KERNEL(logical_and, uint8_t, uint8_t, (uint8_t)((x != 0) & (y != 0)))
PL_BINARY_KERNEL(logical_or, uint8_t, uint8_t, (uint8_t)((x != 0) | (y != 0)))

/* ---- the table ------------------------------------------------------------------------------- */

#define EXTREMUM_ROW(name)                                                                         \
    {                                                                                              \
        [PL_KIND_FLOAT32] = name##_float32, [PL_KIND_INT8] = name##_int8,                          \
        [PL_KIND_UINT8] = name##_uint8, [PL_KIND_INT16] = name##_int16,                            \
        [PL_KIND_INT32] = name##_int32, [PL_KIND_INT64] = name##_int64                             \
    }
#define COMPARISON_ROW(name)                                                                       \
    [PL_KIND_FLOAT32] = name##_float32, [PL_KIND_INT16] = name##_int16,                            \
    [PL_KIND_INT32] = name##_int32, [PL_KIND_INT64] = name##_int64,                                \
    [PL_KIND_QUANTIZED_INT8] = name##_quantized_int8,                                              \
    [PL_KIND_QUANTIZED_UINT8] = name##_quantized_uint8
#define FLOORED_ROW(name)                                                                          \
    {                                                                                              \
        [PL_KIND_FLOAT32] = PL_LEVEL(name##_float32), [PL_KIND_INT8] = PL_LEVEL(name##_int8),      \
        [PL_KIND_INT16] = PL_LEVEL(name##_int16), [PL_KIND_INT32] = PL_LEVEL(name##_int32),        \
        [PL_KIND_INT64] = PL_LEVEL(name##_int64)                                                   \
    }
#define BITS_ROW(name)                                                                             \
    {                                                                                              \
        [PL_KIND_INT8] = PL_LEVEL(name##_int8), [PL_KIND_UINT8] = PL_LEVEL(name##_uint8),          \
        [PL_KIND_INT16] = PL_LEVEL(name##_int16), [PL_KIND_UINT16] = PL_LEVEL(name##_uint16),      \
        [PL_KIND_INT32] = PL_LEVEL(name##_int32), [PL_KIND_UINT32] = PL_LEVEL(name##_uint32)       \
    }

const struct pl_binary_table PL_LEVEL(pl_binary_table) = {{
    [PL_BINARY_ADD] = {[PL_KIND_FLOAT32] = add_float32,
                       [PL_KIND_INT16] = add_int16,
                       [PL_KIND_INT32] = add_int32,
                       [PL_KIND_INT64] = add_int64,
                       [PL_KIND_QUANTIZED_INT8] = add_quantized_int8,
                       [PL_KIND_QUANTIZED_UINT8] = add_quantized_uint8,
                       [PL_KIND_QUANTIZED_INT16] = add_quantized_int16,
                       [PL_KIND_POWER_INT16] = add_power_int16},
    [PL_BINARY_SUB] = {[PL_KIND_FLOAT32] = sub_float32,
                       [PL_KIND_INT32] = sub_int32,
                       [PL_KIND_INT64] = sub_int64,
                       [PL_KIND_QUANTIZED_INT8] = sub_quantized_int8,
                       [PL_KIND_QUANTIZED_UINT8] = sub_quantized_uint8,
                       [PL_KIND_QUANTIZED_INT16] = sub_quantized_int16,
                       [PL_KIND_POWER_INT16] = sub_power_int16},
    [PL_BINARY_MUL] = {[PL_KIND_FLOAT32] = mul_float32,
                       [PL_KIND_INT16] = mul_int16,
                       [PL_KIND_INT32] = mul_int32,
                       [PL_KIND_UINT32] = mul_uint32,
                       [PL_KIND_INT64] = mul_int64,
                       [PL_KIND_QUANTIZED_INT8] = mul_quantized_int8,
                       [PL_KIND_QUANTIZED_UINT8] = mul_quantized_uint8,
                       [PL_KIND_COMPLEX64] = mul_complex64,
                       [PL_KIND_QUANTIZED_INT16] = mul_quantized_int16},
    [PL_BINARY_DIV] = {[PL_KIND_FLOAT32] = div_float32,
                       [PL_KIND_INT32] = div_int32,
                       [PL_KIND_QUANTIZED_INT8] = div_quantized_int8,
                       [PL_KIND_QUANTIZED_UINT8] = div_quantized_uint8,
                       [PL_KIND_QUANTIZED_INT16] = div_quantized_int16},
    [PL_BINARY_MAXIMUM] = EXTREMUM_ROW(maximum),
    [PL_BINARY_MINIMUM] = EXTREMUM_ROW(minimum),
    [PL_BINARY_SQUARED_DIFFERENCE] = {[PL_KIND_FLOAT32] = squared_difference_float32,
                                      [PL_KIND_INT32] = squared_difference_int32,
                                      [PL_KIND_QUANTIZED_INT8] =
                                          squared_difference_quantized_int8},
    [PL_BINARY_EQUAL] = {COMPARISON_ROW(equal), [PL_KIND_QUANTIZED_INT16] = equal_quantized_int16,
                         [PL_KIND_BOOL] = equal_bool},
    [PL_BINARY_NOT_EQUAL] =
        {COMPARISON_ROW(not_equal), [PL_KIND_QUANTIZED_INT16] = not_equal_quantized_int16,
         [PL_KIND_BOOL] = not_equal_bool},
    [PL_BINARY_LESS] = {COMPARISON_ROW(less)},
    [PL_BINARY_LESS_EQUAL] = {COMPARISON_ROW(less_equal)},
    [PL_BINARY_GREATER] = {COMPARISON_ROW(greater)},
    [PL_BINARY_GREATER_EQUAL] = {COMPARISON_ROW(greater_equal)},
    [PL_BINARY_LOGICAL_AND] = {[PL_KIND_BOOL] = logical_and},
    [PL_BINARY_LOGICAL_OR] = {[PL_KIND_BOOL] = logical_or},
    [PL_BINARY_POW] =
        {[PL_KIND_FLOAT32] = PL_LEVEL(pl_pow_float32), [PL_KIND_INT32] = PL_LEVEL(pl_pow_int32)},
    [PL_BINARY_ATAN2] = {[PL_KIND_FLOAT32] = PL_LEVEL(pl_atan2_float32),
                         [PL_KIND_FLOAT64] = PL_LEVEL(pl_atan2_float64)},
    [PL_BINARY_FLOOR_DIV] = FLOORED_ROW(pl_floor_div),
    [PL_BINARY_FLOOR_MOD] = FLOORED_ROW(pl_floor_mod),
    [PL_BINARY_BITWISE_XOR] = BITS_ROW(pl_xor),
    [PL_BINARY_RIGHT_SHIFT] = BITS_ROW(pl_shift),
    [PL_BINARY_PRELU] = {[PL_KIND_FLOAT32] = PL_LEVEL(pl_prelu_float32),
                         [PL_KIND_QUANTIZED_INT8] = PL_LEVEL(pl_prelu_int8),
                         [PL_KIND_QUANTIZED_UINT8] = PL_LEVEL(pl_prelu_uint8),
                         [PL_KIND_QUANTIZED_INT16] = PL_LEVEL(pl_prelu_int16)},
    PL_FASTER_BINARY
}};

const struct pl_elementwise_kernels PL_LEVEL(pl_elementwise_kernels) = {
    .binary = &PL_LEVEL(pl_binary_table),
    .select = &PL_LEVEL(pl_select_table),
    .unary = &PL_LEVEL(pl_unary_table),
    .elementary = &PL_LEVEL(pl_elementary_table),
    .convert = &PL_LEVEL(pl_convert_table),
};
