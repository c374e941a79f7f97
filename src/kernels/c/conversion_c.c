/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions between types, on runs. */
#include "kernels/c/conversion_c.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "kernels/elementwise_kernels.h"
#include "kernels/faster.h"
#include "kernels/fixed_functions.h"
#include "kernels/half_float.h"
#include "kernels/loop.h"

extern const struct pl_convert_table PL_LEVEL(pl_convert_table);

/* ---- quantized types ------------------------------------------------------------------------- */

/* Half away from zero: adding the float below 1/2 and cutting off is exactly that. What no int32
 * can hold, NaN too, gives the lowest one, as the reference's conversion does on x86-64; adding
 * the zero point then wraps as there. */
PL_ALWAYS_INLINE int32_t round_float(float x)
{
    const bool fits = x > -2147483648.0f && x < 2147483648.0f;
    const float safe = fits ? x : 0.0f;
    const int32_t rounded = (int32_t)(safe + copysignf(0.49999997f, safe));
    return fits ? rounded : INT32_MIN;
}

#define QUANTIZE(name, type)                                                                       \
    static void name(void *out_data, const void *in_data, int64_t count,                           \
                     const struct pl_convert_params *params)                                       \
    {                                                                                              \
        const struct pl_convert_params p = *params;                                                \
        type *out = out_data;                                                                      \
        const float *in = in_data;                                                                 \
        PL_INDEPENDENT_LOOP                                                                        \
        for (int64_t i = 0; i < count; i++)                                                        \
            out[i] = (type)pl_clamp(pl_fixed_add(round_float(in[i] / p.scale), p.out_offset),      \
                                    p.low, p.high);                                                \
    }

#define DEQUANTIZE(name, type)                                                                     \
    static void name(void *out_data, const void *in_data, int64_t count,                           \
                     const struct pl_convert_params *params)                                       \
    {                                                                                              \
        const struct pl_convert_params p = *params;                                                \
        float *out = out_data;                                                                     \
        const type *in = in_data;                                                                  \
        PL_INDEPENDENT_LOOP                                                                        \
        for (int64_t i = 0; i < count; i++)                                                        \
            out[i] = p.scale * (float)pl_fixed_subtract(in[i], p.in_offset);                       \
    }

#define REQUANTIZE(name, in_type, out_type)                                                        \
    static void name(void *out_data, const void *in_data, int64_t count,                           \
                     const struct pl_convert_params *params)                                       \
    {                                                                                              \
        const struct pl_convert_params p = *params;                                                \
        out_type *out = out_data;                                                                  \
        const in_type *in = in_data;                                                               \
        PL_INDEPENDENT_LOOP                                                                        \
        for (int64_t i = 0; i < count; i++) {                                                      \
            const int32_t scaled =                                                                 \
                pl_multiply(pl_fixed_subtract(in[i], p.in_offset), p.multiplier);                  \
            out[i] = (out_type)pl_clamp(pl_fixed_add(scaled, p.out_offset), p.low, p.high);        \
        }                                                                                          \
    }

QUANTIZE(quantize_int8, int8_t)
QUANTIZE(quantize_uint8, uint8_t)
QUANTIZE(quantize_int16, int16_t)

DEQUANTIZE(dequantize_int8, int8_t)
DEQUANTIZE(dequantize_uint8, uint8_t)
DEQUANTIZE(dequantize_int16, int16_t)

#define REQUANTIZE_FROM(name, type)                                                                \
    REQUANTIZE(name##_to_int8, type, int8_t)                                                       \
    REQUANTIZE(name##_to_uint8, type, uint8_t)                                                     \
    REQUANTIZE(name##_to_int16, type, int16_t)                                                     \
    REQUANTIZE(name##_to_int32, type, int32_t)

REQUANTIZE_FROM(int8, int8_t)
REQUANTIZE_FROM(uint8, uint8_t)
REQUANTIZE_FROM(int16, int16_t)
REQUANTIZE_FROM(int32, int32_t)

/* ---- 16-bit floats --------------------------------------------------------------------------- */

static void float16_to_float32(void *out_data, const void *in_data, int64_t count,
                               const struct pl_convert_params *params)
{
    float *out = out_data;
    const uint16_t *in = in_data;
    (void)params;
    for (int64_t i = 0; i < count; i++) out[i] = pl_float_from_half(in[i]);
}

/* ---- casts: to int64 or double, and from there ----------------------------------------------- */

enum { CAST_BLOCK = 256 };

#define LOAD(type, expression)                                                                     \
    do {                                                                                           \
        const type *in = in_data;                                                                  \
        for (int64_t i = 0; i < count; i++) to[i] = (expression);                                  \
    } while (0)

#define STORE(type, expression)                                                                    \
    do {                                                                                           \
        type *out = out_data;                                                                      \
        for (int64_t i = 0; i < count; i++) out[i] = (expression);                                 \
    } while (0)

static void load_integers(int64_t *to, const void *in_data, enum pl_cast_type type, int64_t count)
{
    switch ((int)type) {
    case PL_CAST_BOOL: LOAD(uint8_t, in[i] != 0); break;
    case PL_CAST_INT8: LOAD(int8_t, in[i]); break;
    case PL_CAST_UINT8: LOAD(uint8_t, in[i]); break;
    case PL_CAST_INT16: LOAD(int16_t, in[i]); break;
    case PL_CAST_UINT16: LOAD(uint16_t, in[i]); break;
    case PL_CAST_INT32: LOAD(int32_t, in[i]); break;
    case PL_CAST_UINT32: LOAD(uint32_t, in[i]); break;
    default: LOAD(int64_t, in[i]); break;
    }
}

static void load_reals(double *to, const void *in_data, enum pl_cast_type type, int64_t count)
{
    switch ((int)type) {
    case PL_CAST_FLOAT16: LOAD(uint16_t, (double)pl_float_from_half(in[i])); break;
    case PL_CAST_BFLOAT16: LOAD(uint16_t, (double)pl_float_from_bfloat16(in[i])); break;
    case PL_CAST_FLOAT32: LOAD(float, (double)in[i]); break;
    case PL_CAST_COMPLEX64: LOAD(float, (double)in[2 * i]); break;
    default: LOAD(double, in[i]); break;
    }
}

/* Two floats for each complex number. */
#define STORE_COMPLEX(expression)                                                                  \
    do {                                                                                           \
        float *out = out_data;                                                                     \
        for (int64_t i = 0; i < count; i++) {                                                      \
            out[2 * i] = (expression);                                                             \
            out[2 * i + 1] = 0.0f;                                                                 \
        }                                                                                          \
    } while (0)

static void store_integers(void *out_data, enum pl_cast_type type, const int64_t *from,
                           int64_t count)
{
    switch ((int)type) {
    case PL_CAST_BOOL: STORE(uint8_t, from[i] != 0); break;
    case PL_CAST_INT8: STORE(int8_t, (int8_t)from[i]); break;
    case PL_CAST_UINT8: STORE(uint8_t, (uint8_t)from[i]); break;
    case PL_CAST_INT16: STORE(int16_t, (int16_t)from[i]); break;
    case PL_CAST_UINT16: STORE(uint16_t, (uint16_t)from[i]); break;
    case PL_CAST_INT32: STORE(int32_t, (int32_t)from[i]); break;
    case PL_CAST_UINT32: STORE(uint32_t, (uint32_t)from[i]); break;
    case PL_CAST_INT64: STORE(int64_t, from[i]); break;
    case PL_CAST_FLOAT16: STORE(uint16_t, pl_half_from_float((float)from[i])); break;
    case PL_CAST_BFLOAT16: STORE(uint16_t, pl_bfloat16_from_float((float)from[i])); break;
    case PL_CAST_FLOAT32: STORE(float, (float)from[i]); break;
    case PL_CAST_FLOAT64: STORE(double, (double)from[i]); break;
    default: STORE_COMPLEX((float)from[i]); break;
    }
}

/* Toward zero, saturating; NaN gives `high`. limit is the first double above `high`. */
PL_ALWAYS_INLINE int64_t saturate(double x, int64_t low, int64_t high, double limit)
{
    return !(x < limit) ? high : x < (double)low ? low : (int64_t)x;
}

#define STORE_SATURATED(type, low, high)                                                           \
    STORE(type, (type)saturate(from[i], low, high, (double)(high) + 1.0))

static void store_reals(void *out_data, enum pl_cast_type type, const double *from, int64_t count)
{
    switch ((int)type) {
    case PL_CAST_BOOL: STORE(uint8_t, from[i] != 0.0); break;
    case PL_CAST_INT8: STORE_SATURATED(int8_t, INT8_MIN, INT8_MAX); break;
    case PL_CAST_UINT8: STORE_SATURATED(uint8_t, 0, UINT8_MAX); break;
    case PL_CAST_INT16: STORE_SATURATED(int16_t, INT16_MIN, INT16_MAX); break;
    case PL_CAST_UINT16: STORE_SATURATED(uint16_t, 0, UINT16_MAX); break;
    case PL_CAST_INT32: STORE_SATURATED(int32_t, INT32_MIN, INT32_MAX); break;
    case PL_CAST_UINT32: STORE_SATURATED(uint32_t, 0, UINT32_MAX); break;
    case PL_CAST_INT64: STORE(int64_t, saturate(from[i], INT64_MIN, INT64_MAX, 0x1p63)); break;
    case PL_CAST_FLOAT16: STORE(uint16_t, pl_half_from_float((float)from[i])); break;
    case PL_CAST_BFLOAT16: STORE(uint16_t, pl_bfloat16_from_float((float)from[i])); break;
    case PL_CAST_FLOAT32: STORE(float, (float)from[i]); break;
    case PL_CAST_FLOAT64: STORE(double, from[i]); break;
    default: STORE_COMPLEX((float)from[i]); break;
    }
}

static const uint8_t cast_bytes[PL_CAST_COUNT] = {1, 1, 1, 2, 2, 4, 4, 8, 2, 2, 4, 8, 8};

void PL_LEVEL(pl_cast_c)(void *out, enum pl_cast_type to, const void *in, enum pl_cast_type from, int64_t count)
{
    uint8_t *target = out;
    const uint8_t *source = in;
    if (to == from) {
        if (target != source) memcpy(target, source, (size_t)count * cast_bytes[from]);
        return;
    }
    for (int64_t done = 0; done < count; done += CAST_BLOCK) {
        const int64_t block = count - done < CAST_BLOCK ? count - done : CAST_BLOCK;
        if (from < PL_CAST_FLOAT16) {
            int64_t integers[CAST_BLOCK];
            load_integers(integers, source + done * cast_bytes[from], from, block);
            store_integers(target + done * cast_bytes[to], to, integers, block);
        } else {
            double reals[CAST_BLOCK];
            load_reals(reals, source + done * cast_bytes[from], from, block);
            store_reals(target + done * cast_bytes[to], to, reals, block);
        }
    }
}

#define REQUANTIZE_ROW(name)                                                                       \
    {                                                                                              \
        name##_to_int8, name##_to_uint8, name##_to_int16, name##_to_int32                          \
    }

const struct pl_convert_table PL_LEVEL(pl_convert_table) = {
    .quantize = {quantize_int8, quantize_uint8, quantize_int16, NULL},
    .dequantize = {dequantize_int8, dequantize_uint8, dequantize_int16, NULL},
    .requantize = {REQUANTIZE_ROW(int8), REQUANTIZE_ROW(uint8), REQUANTIZE_ROW(int16),
                   REQUANTIZE_ROW(int32)},
    .float16_to_float32 = float16_to_float32,
    .cast = PL_LEVEL(pl_cast_c),
    PL_FASTER_CONVERT
};
