/* SPDX-License-Identifier: Apache-2.0 */
/* Working an array into another one: one loop, made for every operation and kind of element. */
#include "kernels/combine_kernels.h"

#include <stdbool.h>

#include "kernels/half_float.h"
#include "kernels/kernels.h"
#include "kernels/loop.h"

/* x is the old value, y the new one. */
#define DEFINE(name, type, expression)                                                             \
    static void name(void *to, const void *from, int64_t count, int64_t step)                      \
    {                                                                                              \
        type *olds = to;                                                                           \
        const type *news = from;                                                                   \
        if (step != 1) {                                                                           \
            for (int64_t i = 0; i < count; i++) {                                                  \
                const type x = olds[i], y = news[i * step];                                        \
                olds[i] = (type)(expression);                                                      \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        PL_INDEPENDENT_LOOP                                                                        \
        for (int64_t i = 0; i < count; i++) {                                                      \
            const type x = olds[i], y = news[i];                                                   \
            olds[i] = (type)(expression);                                                          \
        }                                                                                          \
    }

#define DEFINE_EXTREMA(kind, type)                                                                 \
    DEFINE(maximum_##kind, type, x < y ? y : x)                                                    \
    DEFINE(minimum_##kind, type, y < x ? y : x)

#define DEFINE_LOGICAL(kind, type)                                                                 \
    DEFINE(logical_and_##kind, type, (x != 0) & (y != 0))                                          \
    DEFINE(logical_or_##kind, type, (x != 0) | (y != 0))

#define DEFINE_FLOAT(kind, type)                                                                   \
    DEFINE(add_##kind, type, x + y)                                                                \
    DEFINE(multiply_##kind, type, x *y)                                                            \
    DEFINE_EXTREMA(kind, type)                                                                     \
    DEFINE(later_maximum_##kind, type, x >= y ? x : y)                                             \
    DEFINE(later_minimum_##kind, type, x <= y ? x : y)                                             \
    DEFINE_LOGICAL(kind, type)

/* `wide` is unsigned, so that nothing overflows. */
#define DEFINE_INTEGER(kind, type, wide)                                                           \
    DEFINE(add_##kind, type, (wide)x + (wide)y)                                                    \
    DEFINE(multiply_##kind, type, (wide)x *(wide)y)                                                \
    DEFINE(bitwise_and_##kind, type, x &y)                                                         \
    DEFINE_EXTREMA(kind, type)                                                                     \
    DEFINE_LOGICAL(kind, type)

#define DEFINE_SHIFT(kind, type)                                                                   \
    DEFINE(shift_left_##kind, type, (uint32_t)y < 32 ? (uint32_t)x << ((uint32_t)y & 31) : 0)

DEFINE_FLOAT(float32, float)
DEFINE_FLOAT(float64, double)
DEFINE_INTEGER(int8, int8_t, uint32_t)
DEFINE_INTEGER(uint8, uint8_t, uint32_t)
DEFINE_INTEGER(int16, int16_t, uint32_t)
DEFINE_INTEGER(uint16, uint16_t, uint32_t)
DEFINE_INTEGER(int32, int32_t, uint32_t)
DEFINE_INTEGER(uint32, uint32_t, uint32_t)
DEFINE_INTEGER(int64, int64_t, uint64_t)
DEFINE_INTEGER(uint64, uint64_t, uint64_t)
DEFINE_SHIFT(int8, int8_t)
DEFINE_SHIFT(int16, int16_t)
DEFINE_SHIFT(int32, int32_t)
DEFINE_LOGICAL(bool, unsigned char)

#define HALF(x) pl_float_from_half(x)
DEFINE(add_float16, uint16_t, pl_half_from_float(HALF(x) + HALF(y)))
DEFINE(multiply_float16, uint16_t, pl_half_from_float(HALF(x) * HALF(y)))
DEFINE(maximum_float16, uint16_t, HALF(x) < HALF(y) ? y : x)
DEFINE(minimum_float16, uint16_t, HALF(y) < HALF(x) ? y : x)

#define ROW(operation)                                                                             \
    {                                                                                              \
        [PL_COMBINE_FLOAT32] = operation##_float32, [PL_COMBINE_FLOAT64] = operation##_float64,    \
        [PL_COMBINE_FLOAT16] = operation##_float16,                                                \
        INTEGERS(operation), [PL_COMBINE_BOOL] = BOOL_##operation                                  \
    }
#define INTEGERS(operation)                                                                        \
    [PL_COMBINE_INT8] = operation##_int8, [PL_COMBINE_UINT8] = operation##_uint8,                  \
    [PL_COMBINE_INT16] = operation##_int16, [PL_COMBINE_UINT16] = operation##_uint16,              \
    [PL_COMBINE_INT32] = operation##_int32, [PL_COMBINE_UINT32] = operation##_uint32,              \
    [PL_COMBINE_INT64] = operation##_int64, [PL_COMBINE_UINT64] = operation##_uint64
#define BOOL_add      logical_or_bool
#define BOOL_multiply logical_and_bool
#define BOOL_maximum  logical_or_bool
#define BOOL_minimum  logical_and_bool

const struct pl_combine_kernels PL_LEVEL(pl_combine_kernels);
const struct pl_combine_kernels PL_LEVEL(pl_combine_kernels) = {{
    [PL_COMBINE_ADD] = ROW(add),
    [PL_COMBINE_MULTIPLY] = ROW(multiply),
    [PL_COMBINE_MAXIMUM] = ROW(maximum),
    [PL_COMBINE_MINIMUM] = ROW(minimum),
    [PL_COMBINE_BITWISE_AND] = {INTEGERS(bitwise_and), [PL_COMBINE_BOOL] = logical_and_bool},
    [PL_COMBINE_SHIFT_LEFT] = {[PL_COMBINE_INT8] = shift_left_int8,
                               [PL_COMBINE_INT16] = shift_left_int16,
                               [PL_COMBINE_INT32] = shift_left_int32},
    [PL_COMBINE_LOGICAL_AND] = {[PL_COMBINE_FLOAT32] = logical_and_float32,
                                [PL_COMBINE_FLOAT64] = logical_and_float64,
                                INTEGERS(logical_and)},
    [PL_COMBINE_LOGICAL_OR] = {[PL_COMBINE_FLOAT32] = logical_or_float32,
                               [PL_COMBINE_FLOAT64] = logical_or_float64,
                               INTEGERS(logical_or)},
    [PL_COMBINE_LATER_MAXIMUM] = {[PL_COMBINE_FLOAT32] = later_maximum_float32,
                                  [PL_COMBINE_FLOAT64] = later_maximum_float64,
                                  INTEGERS(maximum)},
    [PL_COMBINE_LATER_MINIMUM] = {[PL_COMBINE_FLOAT32] = later_minimum_float32,
                                  [PL_COMBINE_FLOAT64] = later_minimum_float64,
                                  INTEGERS(minimum)},
}};
