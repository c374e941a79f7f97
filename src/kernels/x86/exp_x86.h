/* SPDX-License-Identifier: Apache-2.0 */
/* float_math.h in vectors: the same operations in the same order, but for a power of two that AVX-512 multiplies with in
 * one instruction, and one rounding, where float_math.h has two factors of which the first rounds nothing. */
#ifndef PL_KERNELS_X86_EXP_X86_H
#define PL_KERNELS_X86_EXP_X86_H

#include "kernels/x86/floats_x86.h"
#include "kernels/x86/requantize_x86.h"

PL_ALWAYS_INLINE pl_vec_float pl_all_x86(float x)
{
    return PL_VEC_FLOAT(set1)(x);
}

#if defined(__AVX512F__)
#define PL_FLOAT_BITS(x)      _mm512_castps_si512(x)
#define PL_FLOAT_FROM_BITS(x) _mm512_castsi512_ps(x)
#else
#define PL_FLOAT_BITS(x)      _mm256_castps_si256(x)
#define PL_FLOAT_FROM_BITS(x) _mm256_castsi256_ps(x)
#endif

/* x = n * ln 2 + r, exp(r) = 1 + tail. */
struct pl_exp_parts_x86 {
    pl_vec_float tail, n;
    pl_vec shifted; /* n in its low bits, shifter_bits above */
};
enum { PL_EXP_SHIFTER_BITS = 0x4b400000 };

PL_ALWAYS_INLINE struct pl_exp_parts_x86 pl_exp_split_x86(pl_vec_float x)
{
    const pl_vec_float shifter = pl_all_x86(12582912.0f);
    const pl_vec_float sum = PL_VEC_FLOAT(fmadd)(x, pl_all_x86(1.44269504f), shifter);
    const pl_vec_float n = PL_VEC_FLOAT(sub)(sum, shifter);
    pl_vec_float r = PL_VEC_FLOAT(fmadd)(n, pl_all_x86(-0.693145752f), x);
    r = PL_VEC_FLOAT(fmadd)(n, pl_all_x86(-1.42860677e-6f), r);
    pl_vec_float p = pl_all_x86(0.00138214696f);
    p = PL_VEC_FLOAT(fmadd)(p, r, pl_all_x86(0.00836866256f));
    p = PL_VEC_FLOAT(fmadd)(p, r, pl_all_x86(0.0416682549f));
    p = PL_VEC_FLOAT(fmadd)(p, r, pl_all_x86(0.166665211f));
    p = PL_VEC_FLOAT(fmadd)(p, r, pl_all_x86(0.49999994f));
    return (struct pl_exp_parts_x86){PL_VEC_FLOAT(fmadd)(PL_VEC_FLOAT(mul)(p, r), r, r), n, PL_FLOAT_BITS(sum)};
}

/* 2^n, -126 <= n <= 127. */
PL_ALWAYS_INLINE pl_vec_float pl_power_of_two_x86(const struct pl_exp_parts_x86 *parts)
{
    const pl_vec exponent = PL_VEC_32(add)(parts->shifted, pl_vec_set(127 - PL_EXP_SHIFTER_BITS));
    return PL_FLOAT_FROM_BITS(PL_VEC_32(slli)(exponent, 23));
}

/* pl_expf. */
PL_ALWAYS_INLINE pl_vec_float pl_exp_vector_x86(pl_vec_float x)
{
    const pl_vec_float below = PL_VEC_FLOAT(min)(pl_all_x86(89.0f), x);
    const struct pl_exp_parts_x86 parts = pl_exp_split_x86(PL_VEC_FLOAT(max)(pl_all_x86(-104.0f), below));
    const pl_vec_float near_one = PL_VEC_FLOAT(add)(pl_all_x86(1.0f), parts.tail);
#if defined(__AVX512F__)
    return _mm512_scalef_ps(near_one, parts.n);
#else
    const __m256i n = _mm256_sub_epi32(parts.shifted, pl_vec_set(PL_EXP_SHIFTER_BITS));
    const __m256i half = _mm256_sub_epi32(_mm256_srli_epi32(_mm256_add_epi32(n, pl_vec_set(256)), 1), pl_vec_set(128));
    const __m256i rest = _mm256_sub_epi32(n, half);
    const __m256i first = _mm256_slli_epi32(_mm256_add_epi32(half, pl_vec_set(127)), 23);
    const __m256i second = _mm256_slli_epi32(_mm256_add_epi32(rest, pl_vec_set(127)), 23);
    return _mm256_mul_ps(_mm256_mul_ps(near_one, PL_FLOAT_FROM_BITS(first)), PL_FLOAT_FROM_BITS(second));
#endif
}

/* `condition` of PL_GREATER(a, b): a > b; x where it is not, else `other`. */
#if defined(__AVX512F__)
#define PL_GREATER(a, b)            _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ)
#define PL_CHOOSE(condition, other, x) _mm512_mask_mov_ps(x, condition, other)
#else
#define PL_GREATER(a, b)            _mm256_cmp_ps(a, b, _CMP_GT_OQ)
#define PL_CHOOSE(condition, other, x) _mm256_blendv_ps(x, other, condition)
#endif

/* pl_geluf. */
PL_ALWAYS_INLINE pl_vec_float pl_gelu_vector_x86(pl_vec_float x)
{
    const pl_vec_float magnitude = PL_FLOAT_FROM_BITS(PL_VEC_AND(PL_FLOAT_BITS(x), pl_vec_set(0x7fffffff)));
    const pl_vec_float t = PL_VEC_FLOAT(mul)(magnitude, pl_all_x86(0.707106781f)), most = pl_all_x86(5.4f);
    const pl_vec_float limited = PL_VEC_FLOAT(min)(most, t);
    pl_vec_float q = pl_all_x86(2.34740819e-05f);
    q = PL_VEC_FLOAT(fmadd)(q, limited, pl_all_x86(-0.00024264556f));
    q = PL_VEC_FLOAT(fmadd)(q, limited, pl_all_x86(0.000815547886f));
    q = PL_VEC_FLOAT(fmadd)(q, limited, pl_all_x86(0.000895662466f));
    q = PL_VEC_FLOAT(fmadd)(q, limited, pl_all_x86(-0.0199012328f));
    q = PL_VEC_FLOAT(fmadd)(q, limited, pl_all_x86(0.103065357f));
    q = PL_VEC_FLOAT(fmadd)(q, limited, pl_all_x86(0.636567056f));
    q = PL_VEC_FLOAT(fmadd)(q, limited, pl_all_x86(1.12838233f));
    const pl_vec minus = PL_VEC_XOR(PL_FLOAT_BITS(PL_VEC_FLOAT(mul)(q, limited)), pl_vec_set(INT32_MIN));
    const struct pl_exp_parts_x86 parts = pl_exp_split_x86(PL_FLOAT_FROM_BITS(minus));
    const pl_vec_float power = pl_power_of_two_x86(&parts);
    const pl_vec_float inside = PL_VEC_FLOAT(fmadd)(power, parts.tail, power);
    const pl_vec_float tail = PL_CHOOSE(PL_GREATER(t, most), pl_all_x86(0.0f), inside);
    const pl_vec_float above = PL_VEC_FLOAT(sub)(pl_all_x86(2.0f), tail);
    const pl_vec_float factor = PL_CHOOSE(PL_GREATER(pl_all_x86(0.0f), x), tail, above);
    return PL_VEC_FLOAT(mul)(PL_VEC_FLOAT(mul)(pl_all_x86(0.5f), x), factor);
}

/* Sixteen at a time. */
#if defined(__AVX512F__)
#define PL_EACH_VECTOR(function, x) ((struct pl_floats){function((x).v)})
#else
#define PL_EACH_VECTOR(function, x) ((struct pl_floats){function((x).v), function((x).w)})
#endif

PL_ALWAYS_INLINE struct pl_floats pl_floats_exp(struct pl_floats x)
{
    return PL_EACH_VECTOR(pl_exp_vector_x86, x);
}

PL_ALWAYS_INLINE struct pl_floats pl_floats_gelu(struct pl_floats x)
{
    return PL_EACH_VECTOR(pl_gelu_vector_x86, x);
}

#endif
