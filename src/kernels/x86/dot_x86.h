/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of products of bytes in the vectors of a level: a lane is one output, a step four k.
 *
 * Inputs are unsigned and weights signed, as VNNI has them. Without VNNI the bytes of even and of
 * odd k are widened to 16 bits and multiplied in pairs: the instruction that multiplies bytes
 * would saturate. */
#ifndef PL_KERNELS_X86_DOT_X86_H
#define PL_KERNELS_X86_DOT_X86_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "kernels/loop.h"

#if defined(__AVX512F__)
typedef __m512i pl_vec;
enum { PL_LANES = 16 };
#else
typedef __m256i pl_vec;
enum { PL_LANES = 8 };
#endif

/* x is in a register there, and what was computed of it before is done. */
#if defined(__AVX512F__)
#define PL_KEEP_IN_REGISTER(x) __asm__("" : "+v"(x))
#else
#define PL_KEEP_IN_REGISTER(x) __asm__("" : "+x"(x))
#endif

/* Four bytes as one number, from anywhere. */
PL_ALWAYS_INLINE int32_t pl_load_4(const void *from)
{
    int32_t x;
    memcpy(&x, from, sizeof x);
    return x;
}

#if defined(__AVX512F__)

PL_ALWAYS_INLINE pl_vec pl_vec_load(const void *from)
{
    return _mm512_loadu_si512(from);
}
PL_ALWAYS_INLINE void pl_vec_store(void *to, pl_vec x)
{
    _mm512_storeu_si512(to, x);
}
PL_ALWAYS_INLINE pl_vec pl_vec_add(pl_vec a, pl_vec b)
{
    return _mm512_add_epi32(a, b);
}
PL_ALWAYS_INLINE pl_vec pl_vec_set(int32_t x)
{
    return _mm512_set1_epi32(x);
}
#define PL_VEC_16(name) _mm512_##name##_epi16
#define PL_VEC_32(name) _mm512_##name##_epi32
#define PL_VEC_AND      _mm512_and_si512
#define PL_VEC_OR       _mm512_or_si512
#define PL_VEC_XOR      _mm512_xor_si512

#else

PL_ALWAYS_INLINE pl_vec pl_vec_load(const void *from)
{
    return _mm256_loadu_si256((const __m256i_u *)from);
}
PL_ALWAYS_INLINE void pl_vec_store(void *to, pl_vec x)
{
    _mm256_storeu_si256((__m256i_u *)to, x);
}
PL_ALWAYS_INLINE pl_vec pl_vec_add(pl_vec a, pl_vec b)
{
    return _mm256_add_epi32(a, b);
}
PL_ALWAYS_INLINE pl_vec pl_vec_set(int32_t x)
{
    return _mm256_set1_epi32(x);
}
#define PL_VEC_16(name) _mm256_##name##_epi16
#define PL_VEC_32(name) _mm256_##name##_epi32
#define PL_VEC_AND      _mm256_and_si256
#define PL_VEC_OR       _mm256_or_si256
#define PL_VEC_XOR      _mm256_xor_si256

#endif

#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)

struct pl_dot_operand {
    pl_vec bytes;
};

PL_ALWAYS_INLINE struct pl_dot_operand pl_dot_of_weights(pl_vec bytes)
{
    return (struct pl_dot_operand){bytes};
}

PL_ALWAYS_INLINE struct pl_dot_operand pl_dot_of_inputs(pl_vec bytes)
{
    return (struct pl_dot_operand){bytes};
}

/* Weights one k later, the first one 0. */
PL_ALWAYS_INLINE struct pl_dot_operand pl_dot_later(struct pl_dot_operand weights)
{
    return (struct pl_dot_operand){PL_VEC_32(slli)(weights.bytes, 8)};
}

PL_ALWAYS_INLINE pl_vec pl_dot_add(pl_vec sum, struct pl_dot_operand input,
                                   struct pl_dot_operand weights)
{
#if defined(__AVX512VNNI__)
    return _mm512_dpbusd_epi32(sum, input.bytes, weights.bytes);
#else
    return _mm256_dpbusd_avx_epi32(sum, input.bytes, weights.bytes);
#endif
}

#else

struct pl_dot_operand {
    pl_vec even, odd; /* k 0 and 2, k 1 and 3, as int16 */
};

PL_ALWAYS_INLINE struct pl_dot_operand pl_dot_of_weights(pl_vec bytes)
{
    return (struct pl_dot_operand){PL_VEC_16(srai)(PL_VEC_16(slli)(bytes, 8), 8),
                                   PL_VEC_16(srai)(bytes, 8)};
}

PL_ALWAYS_INLINE struct pl_dot_operand pl_dot_of_inputs(pl_vec bytes)
{
    return (struct pl_dot_operand){PL_VEC_AND(bytes, pl_vec_set(0x00ff00ff)),
                                   PL_VEC_16(srli)(bytes, 8)};
}

PL_ALWAYS_INLINE struct pl_dot_operand pl_dot_later(struct pl_dot_operand weights)
{
    return (struct pl_dot_operand){PL_VEC_32(slli)(weights.odd, 16), weights.even};
}

PL_ALWAYS_INLINE pl_vec pl_dot_add(pl_vec sum, struct pl_dot_operand input,
                                   struct pl_dot_operand weights)
{
    sum = pl_vec_add(sum, PL_VEC_16(madd)(input.even, weights.even));
    return pl_vec_add(sum, PL_VEC_16(madd)(input.odd, weights.odd));
}

#endif

PL_ALWAYS_INLINE struct pl_dot_operand pl_dot_weights(const void *from)
{
    return pl_dot_of_weights(pl_vec_load(from));
}

/* The same four of an input for all lanes. */
PL_ALWAYS_INLINE struct pl_dot_operand pl_dot_input(const void *from)
{
    return pl_dot_of_inputs(pl_vec_set(pl_load_4(from)));
}

#endif
