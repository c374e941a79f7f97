/* SPDX-License-Identifier: Apache-2.0 */
/* KissFFT's fixed-point arithmetic, for fft_template.h. */
#ifndef PL_KERNELS_FFT_FIXED_H
#define PL_KERNELS_FFT_FIXED_H

#include <stdint.h>

/* Fixed point of BITS fraction bits: sums wrap around, products are rounded to nearest. A half is
 * taken of a sum in 32 bits. */
#define PL_FFT_FIXED_ARITHMETIC(name, REAL, WIDE, UWIDE, BITS)                                     \
    static inline REAL add_##name(REAL a, REAL b)                                                  \
    {                                                                                              \
        return (REAL)((UWIDE)a + (UWIDE)b);                                                        \
    }                                                                                              \
    static inline REAL subtract_##name(REAL a, REAL b)                                             \
    {                                                                                              \
        return (REAL)((UWIDE)a - (UWIDE)b);                                                        \
    }                                                                                              \
    static inline REAL half_sum_##name(REAL a, REAL b)                                             \
    {                                                                                              \
        return (REAL)((int32_t)((uint32_t)a + (uint32_t)b) >> 1);                                  \
    }                                                                                              \
    static inline REAL half_difference_##name(REAL a, REAL b)                                      \
    {                                                                                              \
        return (REAL)((int32_t)((uint32_t)a - (uint32_t)b) >> 1);                                  \
    }                                                                                              \
    static inline REAL round_##name(UWIDE product)                                                 \
    {                                                                                              \
        return (REAL)((WIDE)(product + ((UWIDE)1 << (BITS - 1))) >> BITS);                         \
    }                                                                                              \
    static inline REAL multiply_##name(REAL a, REAL b)                                             \
    {                                                                                              \
        return round_##name((UWIDE)((WIDE)a * b));                                                 \
    }                                                                                              \
    static inline REAL scale_##name(REAL a, int32_t divisor)                                       \
    {                                                                                              \
        return multiply_##name(a, (REAL)((((WIDE)1 << BITS) - 1) / divisor));                      \
    }                                                                                              \
    static inline REAL multiply_subtract_##name(REAL a, REAL b, REAL c, REAL d)                    \
    {                                                                                              \
        return round_##name((UWIDE)((WIDE)a * b) - (UWIDE)((WIDE)c * d));                          \
    }                                                                                              \
    static inline REAL multiply_add_##name(REAL a, REAL b, REAL c, REAL d)                         \
    {                                                                                              \
        return round_##name((UWIDE)((WIDE)a * b) + (UWIDE)((WIDE)c * d));                          \
    }

#endif
