/* SPDX-License-Identifier: Apache-2.0 */
/* float_math.h in vectors: the same operations in the same order, but for a power of two that AVX-512 multiplies with in
 * one instruction, and one rounding, where float_math.h has two factors of which the first rounds nothing.
 *
 * Each is a chain of some thirty operations, of which a processor sees about a hundred ahead. So some vectors go through
 * it side by side, operation by operation: behind each other there would be three under way where eight are needed. */
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

enum { PL_VECTORS_TOGETHER = 4 };
/* For `count` of them, which the compiler knows. */
#define PL_EACH(i, count) _Pragma("GCC unroll 4") for (int i = 0; i < (count); i++)

/* x = n * ln 2 + r, exp(r) = 1 + tail. */
struct pl_exp_parts_x86 {
    pl_vec_float tail[PL_VECTORS_TOGETHER], n[PL_VECTORS_TOGETHER];
    pl_vec shifted[PL_VECTORS_TOGETHER]; /* n in its low bits, shifter_bits above */
};
enum { PL_EXP_SHIFTER_BITS = 0x4b400000 };

/* p = p * r + term. */
PL_ALWAYS_INLINE void pl_next_term_x86(const int count, pl_vec_float *p, const pl_vec_float *r, float term)
{
    PL_EACH(i, count) p[i] = PL_VEC_FLOAT(fmadd)(p[i], r[i], pl_all_x86(term));
}

PL_ALWAYS_INLINE void pl_exp_split_x86(const int count, const pl_vec_float *x, struct pl_exp_parts_x86 *parts)
{
    const pl_vec_float shifter = pl_all_x86(12582912.0f);
    pl_vec_float sum[PL_VECTORS_TOGETHER], r[PL_VECTORS_TOGETHER], p[PL_VECTORS_TOGETHER];
    PL_EACH(i, count) sum[i] = PL_VEC_FLOAT(fmadd)(x[i], pl_all_x86(1.44269504f), shifter);
    PL_EACH(i, count) parts->n[i] = PL_VEC_FLOAT(sub)(sum[i], shifter);
    PL_EACH(i, count) r[i] = PL_VEC_FLOAT(fmadd)(parts->n[i], pl_all_x86(-0.693145752f), x[i]);
    PL_EACH(i, count) r[i] = PL_VEC_FLOAT(fmadd)(parts->n[i], pl_all_x86(-1.42860677e-6f), r[i]);
    PL_EACH(i, count) p[i] = pl_all_x86(0.00138214696f);
    pl_next_term_x86(count, p, r, 0.00836866256f);
    pl_next_term_x86(count, p, r, 0.0416682549f);
    pl_next_term_x86(count, p, r, 0.166665211f);
    pl_next_term_x86(count, p, r, 0.49999994f);
    PL_EACH(i, count) p[i] = PL_VEC_FLOAT(mul)(p[i], r[i]);
    PL_EACH(i, count) parts->tail[i] = PL_VEC_FLOAT(fmadd)(p[i], r[i], r[i]);
    PL_EACH(i, count) parts->shifted[i] = PL_FLOAT_BITS(sum[i]);
}

/* 2^(n + more), which is from -126 to 127. */
PL_ALWAYS_INLINE pl_vec_float pl_power_of_two_x86(pl_vec shifted, const int more)
{
    const pl_vec exponent = PL_VEC_32(add)(shifted, pl_vec_set(127 + more - PL_EXP_SHIFTER_BITS));
    return PL_FLOAT_FROM_BITS(PL_VEC_32(slli)(exponent, 23));
}

/* near_one * 2^n. */
PL_ALWAYS_INLINE pl_vec_float pl_scale_x86(pl_vec_float near_one, pl_vec_float n, pl_vec shifted)
{
#if defined(__AVX512F__)
    (void)shifted;
    return _mm512_scalef_ps(near_one, n);
#else
    (void)n;
    const __m256i whole = _mm256_sub_epi32(shifted, pl_vec_set(PL_EXP_SHIFTER_BITS));
    const __m256i half = _mm256_sub_epi32(_mm256_srli_epi32(_mm256_add_epi32(whole, pl_vec_set(256)), 1), pl_vec_set(128));
    const __m256i rest = _mm256_sub_epi32(whole, half);
    const __m256i first = _mm256_slli_epi32(_mm256_add_epi32(half, pl_vec_set(127)), 23);
    const __m256i second = _mm256_slli_epi32(_mm256_add_epi32(rest, pl_vec_set(127)), 23);
    return _mm256_mul_ps(_mm256_mul_ps(near_one, PL_FLOAT_FROM_BITS(first)), PL_FLOAT_FROM_BITS(second));
#endif
}

/* pl_expf of each, where none is above 89. */
PL_ALWAYS_INLINE void pl_exp_low_vectors_x86(const int count, pl_vec_float *x)
{
    struct pl_exp_parts_x86 parts;
    PL_EACH(i, count) x[i] = PL_VEC_FLOAT(max)(pl_all_x86(-104.0f), x[i]);
    pl_exp_split_x86(count, x, &parts);
    PL_EACH(i, count) x[i] = PL_VEC_FLOAT(add)(pl_all_x86(1.0f), parts.tail[i]);
    PL_EACH(i, count) x[i] = pl_scale_x86(x[i], parts.n[i], parts.shifted[i]);
}

/* pl_expf of each. */
PL_ALWAYS_INLINE void pl_exp_vectors_x86(const int count, pl_vec_float *x)
{
    PL_EACH(i, count) x[i] = PL_VEC_FLOAT(min)(pl_all_x86(89.0f), x[i]);
    pl_exp_low_vectors_x86(count, x);
}

/* `condition` of PL_GREATER(a, b): a > b, of PL_NOT_GREATER(a, b): not so, of PL_IS_NAN(x): no number; x where it is not,
 * else `other`, which AVX-512 makes and chooses in one instruction. */
#if defined(__AVX512F__)
#define PL_GREATER(a, b)            _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ)
#define PL_NOT_GREATER(a, b)        _mm512_cmp_ps_mask(a, b, _CMP_NGT_UQ)
#define PL_IS_NAN(x)                _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q)
#define PL_CHOOSE(condition, other, x) _mm512_mask_mov_ps(x, condition, other)
#else
#define PL_GREATER(a, b)            _mm256_cmp_ps(a, b, _CMP_GT_OQ)
#define PL_NOT_GREATER(a, b)        _mm256_cmp_ps(a, b, _CMP_NGT_UQ)
#define PL_IS_NAN(x)                _mm256_cmp_ps(x, x, _CMP_UNORD_Q)
#define PL_CHOOSE(condition, other, x) _mm256_blendv_ps(x, other, condition)
#endif

/* pl_geluf of each. The polynomial is negated as a whole, and what is halved is the power of two instead of x: neither
 * changes a bit of what comes out. */
PL_ALWAYS_INLINE void pl_gelu_vectors_x86(const int count, pl_vec_float *x)
{
    const pl_vec_float most = pl_all_x86(5.4f);
    pl_vec_float t[PL_VECTORS_TOGETHER], limited[PL_VECTORS_TOGETHER], q[PL_VECTORS_TOGETHER];
    struct pl_exp_parts_x86 parts;
    PL_EACH(i, count) t[i] = PL_FLOAT_FROM_BITS(PL_VEC_AND(PL_FLOAT_BITS(x[i]), pl_vec_set(0x7fffffff)));
    PL_EACH(i, count) t[i] = PL_VEC_FLOAT(mul)(t[i], pl_all_x86(0.707106781f));
    PL_EACH(i, count) limited[i] = PL_VEC_FLOAT(min)(most, t[i]);
    PL_EACH(i, count) q[i] = pl_all_x86(-2.34740819e-05f);
    pl_next_term_x86(count, q, limited, 0.00024264556f);
    pl_next_term_x86(count, q, limited, -0.000815547886f);
    pl_next_term_x86(count, q, limited, -0.000895662466f);
    pl_next_term_x86(count, q, limited, 0.0199012328f);
    pl_next_term_x86(count, q, limited, -0.103065357f);
    pl_next_term_x86(count, q, limited, -0.636567056f);
    pl_next_term_x86(count, q, limited, -1.12838233f);
    PL_EACH(i, count) q[i] = PL_VEC_FLOAT(mul)(q[i], limited[i]);
    pl_exp_split_x86(count, q, &parts);
    PL_EACH(i, count)
    {
        const pl_vec_float power = pl_power_of_two_x86(parts.shifted[i], -1);
        const pl_vec_float inside = PL_VEC_FLOAT(fmadd)(power, parts.tail[i], power);
        const pl_vec_float tail = PL_CHOOSE(PL_NOT_GREATER(t[i], most), inside, pl_all_x86(0.0f));
        const pl_vec_float above = PL_VEC_FLOAT(sub)(pl_all_x86(1.0f), tail);
        x[i] = PL_VEC_FLOAT(mul)(x[i], PL_CHOOSE(PL_NOT_GREATER(pl_all_x86(0.0f), x[i]), above, tail));
    }
}

/* pl_logisticf of each. */
PL_ALWAYS_INLINE void pl_logistic_vectors_x86(const int count, pl_vec_float *x)
{
    const pl_vec_float one = pl_all_x86(1.0f);
    pl_vec_float e[PL_VECTORS_TOGETHER];
    PL_EACH(i, count) e[i] = PL_VEC_FLOAT(or)(pl_all_x86(-0.0f), x[i]);
    pl_exp_low_vectors_x86(count, e);
    PL_EACH(i, count)
    {
        const pl_vec_float top = PL_CHOOSE(PL_GREATER(pl_all_x86(0.0f), x[i]), e[i], one);
        const pl_vec_float quotient = PL_VEC_FLOAT(div)(top, PL_VEC_FLOAT(add)(one, e[i]));
        x[i] = PL_CHOOSE(PL_IS_NAN(x[i]), x[i], quotient);
    }
}

/* pl_tanhf of each. */
PL_ALWAYS_INLINE void pl_tanh_vectors_x86(const int count, pl_vec_float *x)
{
    const pl_vec_float sign = pl_all_x86(-0.0f);
    pl_vec_float twice[PL_VECTORS_TOGETHER];
    struct pl_exp_parts_x86 parts;
    PL_EACH(i, count) twice[i] = PL_VEC_FLOAT(min)(pl_all_x86(10.0f), PL_VEC_FLOAT(andnot)(sign, x[i]));
    PL_EACH(i, count) twice[i] = PL_VEC_FLOAT(add)(twice[i], twice[i]);
    pl_exp_split_x86(count, twice, &parts);
    PL_EACH(i, count)
    {
        const pl_vec_float power = pl_power_of_two_x86(parts.shifted[i], 0);
        const pl_vec_float less = PL_VEC_FLOAT(sub)(power, pl_all_x86(1.0f));
        const pl_vec_float e = PL_VEC_FLOAT(fmadd)(power, parts.tail[i], less);
        const pl_vec_float quotient = PL_VEC_FLOAT(div)(e, PL_VEC_FLOAT(add)(e, pl_all_x86(2.0f)));
        x[i] = PL_VEC_FLOAT(or)(quotient, PL_VEC_FLOAT(and)(sign, x[i]));
    }
}

/* Sixteen floats are a vector or two. */
#if defined(__AVX512F__)
#define PL_VECTOR_OF(floats, i) ((floats)[i].v)
#else
#define PL_VECTOR_OF(floats, i) (*((i) % 2 == 0 ? &(floats)[(i) / 2].v : &(floats)[(i) / 2].w))
#endif
enum { PL_FLOATS_TOGETHER = PL_VECTORS_TOGETHER / PL_FLOATS_VECTORS };

#define PL_DEFINE_FLOATS(name, vectors)                                                                                \
    PL_ALWAYS_INLINE void name(const int count, struct pl_floats *x)                                                   \
    {                                                                                                                  \
        pl_vec_float y[PL_VECTORS_TOGETHER];                                                                           \
        PL_EACH(i, count * PL_FLOATS_VECTORS) y[i] = PL_VECTOR_OF(x, i);                                               \
        vectors(count * PL_FLOATS_VECTORS, y);                                                                         \
        PL_EACH(i, count * PL_FLOATS_VECTORS) PL_VECTOR_OF(x, i) = y[i];                                               \
    }

PL_DEFINE_FLOATS(pl_floats_exp, pl_exp_vectors_x86)
PL_DEFINE_FLOATS(pl_floats_gelu, pl_gelu_vectors_x86)
PL_DEFINE_FLOATS(pl_floats_logistic, pl_logistic_vectors_x86)
PL_DEFINE_FLOATS(pl_floats_tanh, pl_tanh_vectors_x86)

/* A run of any length; `out` may be `in`. */
#define PL_DEFINE_FLOAT_RUN(name, floats)                                                                              \
    PL_ALWAYS_INLINE void name(float *out, const float *in, int64_t count)                                             \
    {                                                                                                                  \
        enum { TOGETHER = PL_FLOATS_TOGETHER * PL_FLOATS };                                                            \
        for (; count >= TOGETHER; count -= TOGETHER, in += TOGETHER, out += TOGETHER) {                                \
            struct pl_floats some[PL_FLOATS_TOGETHER];                                                                 \
            PL_EACH(n, PL_FLOATS_TOGETHER) some[n] = pl_floats_load(in + n * PL_FLOATS);                               \
            floats(PL_FLOATS_TOGETHER, some);                                                                          \
            PL_EACH(n, PL_FLOATS_TOGETHER) pl_floats_store(out + n * PL_FLOATS, some[n]);                              \
        }                                                                                                              \
        for (; count > 0; count -= PL_FLOATS, in += PL_FLOATS, out += PL_FLOATS) {                                     \
            const struct pl_floats_mask mask = pl_floats_first((int32_t)(count < PL_FLOATS ? count : PL_FLOATS));      \
            struct pl_floats some = pl_floats_load_masked(in, mask);                                                   \
            floats(1, &some);                                                                                          \
            pl_floats_store_masked(out, some, mask);                                                                   \
        }                                                                                                              \
    }

PL_DEFINE_FLOAT_RUN(pl_gelu_run_x86, pl_floats_gelu)
PL_DEFINE_FLOAT_RUN(pl_logistic_run_x86, pl_floats_logistic)
PL_DEFINE_FLOAT_RUN(pl_tanh_run_x86, pl_floats_tanh)

#endif
