/* SPDX-License-Identifier: Apache-2.0 */
/* Fourier transforms, the reference: the arithmetic of each type; the transforms are in
 * fft_template.h. */
#include "kernels/faster.h"
#include "kernels/fft_fixed.h"
#include "kernels/fft_kernels.h"
#include "kernels/kernels.h"

#define FLOAT_ARITHMETIC(name, REAL, HALF)                                                         \
    static inline REAL add_##name(REAL a, REAL b)                                                  \
    {                                                                                              \
        return a + b;                                                                              \
    }                                                                                              \
    static inline REAL subtract_##name(REAL a, REAL b)                                             \
    {                                                                                              \
        return a - b;                                                                              \
    }                                                                                              \
    static inline REAL half_sum_##name(REAL a, REAL b)                                             \
    {                                                                                              \
        return (a + b) * HALF;                                                                     \
    }                                                                                              \
    static inline REAL half_difference_##name(REAL a, REAL b)                                      \
    {                                                                                              \
        return (a - b) * HALF;                                                                     \
    }                                                                                              \
    static inline REAL multiply_##name(REAL a, REAL b)                                             \
    {                                                                                              \
        return a * b;                                                                              \
    }                                                                                              \
    static inline REAL scale_##name(REAL a, int32_t divisor)                                       \
    {                                                                                              \
        (void)divisor;                                                                             \
        return a;                                                                                  \
    }                                                                                              \
    static inline REAL multiply_subtract_##name(REAL a, REAL b, REAL c, REAL d)                    \
    {                                                                                              \
        return a * b - c * d;                                                                      \
    }                                                                                              \
    static inline REAL multiply_add_##name(REAL a, REAL b, REAL c, REAL d)                         \
    {                                                                                              \
        return a * b + c * d;                                                                      \
    }

PL_FFT_FIXED_ARITHMETIC(i16, int16_t, int32_t, uint32_t, 15)
PL_FFT_FIXED_ARITHMETIC(i32, int32_t, int64_t, uint64_t, 31)
FLOAT_ARITHMETIC(f32, float, 0.5f)
FLOAT_ARITHMETIC(f64, double, 0.5)

#define FFT_NAME(name) name##_i16
#define FFT_REAL       int16_t
#include "kernels/fft_template.h"
#undef FFT_NAME
#undef FFT_REAL

#define FFT_NAME(name) name##_i32
#define FFT_REAL       int32_t
#include "kernels/fft_template.h"
#undef FFT_NAME
#undef FFT_REAL

#define FFT_NAME(name) name##_f32
#define FFT_REAL       float
#include "kernels/fft_template.h"
#undef FFT_NAME
#undef FFT_REAL

#define FFT_NAME(name) name##_f64
#define FFT_REAL       double
#include "kernels/fft_template.h"
#undef FFT_NAME
#undef FFT_REAL

const struct pl_fft_kernels PL_LEVEL(pl_fft_kernels) = {
    .complex = {transform_i16, transform_i32, transform_f32, transform_f64},
    .forward = {forward_i16, forward_i32, forward_f32, forward_f64},
    .inverse = {inverse_i16, inverse_i32, inverse_f32, inverse_f64},
    PL_FASTER_FFT};
