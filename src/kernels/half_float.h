/* SPDX-License-Identifier: Apache-2.0 */
/* 16-bit floats from and to float, rounded to nearest even. */
#ifndef PL_KERNELS_HALF_FLOAT_H
#define PL_KERNELS_HALF_FLOAT_H

#include <stdint.h>

#include "kernels/float_math.h"
#include "kernels/loop.h"

/* Exponent and fraction are moved to their places and the exponent corrected by a
 * multiplication, which also makes numbers of denormal ones; infinities and NaNs get the largest
 * exponent. */
PL_ALWAYS_INLINE float pl_float_from_half(uint16_t half)
{
    const uint32_t magnitude = (uint32_t)(half & 0x7fff) << 13;
    const uint32_t scaled = pl_float_bits(pl_float_from_bits(magnitude) * 0x1p112f);
    const uint32_t special = magnitude >= 0x7c00u << 13 ? 0x7f800000u : 0;
    return pl_float_from_bits(scaled | special | (uint32_t)(half & 0x8000) << 16);
}

/* To nearest even. Numbers too small for a normal half are rounded by adding a power of two,
 * others by integers. */
PL_ALWAYS_INLINE uint16_t pl_half_from_float(float x)
{
    const uint32_t bits = pl_float_bits(x);
    const uint32_t sign = bits >> 16 & 0x8000;
    const uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return (uint16_t)(sign | 0x7e00);
    if (magnitude >= 0x477ff000) return (uint16_t)(sign | 0x7c00);
    if (magnitude < 0x38800000) {
        const float shifter =
            0.5f; /* the last bit of 0.5 is worth the last bit of a denormal half */
        return (uint16_t)(sign | (pl_float_bits(pl_float_from_bits(magnitude) + shifter) -
                                  pl_float_bits(shifter)));
    }
    const uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
    return (uint16_t)(sign | ((rounded - 0x38000000) >> 13));
}

PL_ALWAYS_INLINE float pl_float_from_bfloat16(uint16_t x)
{
    return pl_float_from_bits((uint32_t)x << 16);
}

PL_ALWAYS_INLINE uint16_t pl_bfloat16_from_float(float x)
{
    const uint32_t bits = pl_float_bits(x);
    if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)((bits >> 16 & 0x8000) | 0x7fc0);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

#endif
