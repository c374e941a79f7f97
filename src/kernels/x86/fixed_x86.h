/* SPDX-License-Identifier: Apache-2.0 */
/* fixed_point.h in vectors of 32 bits. */
#ifndef PL_KERNELS_X86_FIXED_X86_H
#define PL_KERNELS_X86_FIXED_X86_H

#include "kernels/fixed_point.h"
#include "kernels/x86/dot_x86.h"

/* pl_high_product. */
PL_ALWAYS_INLINE pl_vec pl_high_product_x86(pl_vec x, int32_t multiplier)
{
    const pl_vec m = pl_vec_set(multiplier);
#if defined(__AVX512F__)
    const __m512i nudge = _mm512_set1_epi64((int64_t)1 << 30);
    const __m512i even = _mm512_add_epi64(_mm512_mul_epi32(x, m), nudge);
    const __m512i odd = _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(x, 32), m), nudge);
    return _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 31), _mm512_slli_epi64(odd, 1));
#else
    const __m256i nudge = _mm256_set1_epi64x((int64_t)1 << 30);
    const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x, m), nudge);
    const __m256i odd = _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(x, 32), m), nudge);
    return _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xaa);
#endif
}

/* pl_rounding_shift_right. */
PL_ALWAYS_INLINE pl_vec pl_shift_right_x86(pl_vec x, int32_t exponent)
{
    const int32_t mask = (int32_t)(((int64_t)1 << exponent) - 1);
    const __m128i count = _mm_cvtsi32_si128(exponent);
    const pl_vec remainder = PL_VEC_AND(x, pl_vec_set(mask));
    const pl_vec threshold = PL_VEC_32(sub)(pl_vec_set(mask >> 1), PL_VEC_32(srai)(x, 31));
    const pl_vec shifted = PL_VEC_32(sra)(x, count);
#if defined(__AVX512F__)
    const __mmask16 up = _mm512_cmpgt_epi32_mask(remainder, threshold);
    return _mm512_mask_add_epi32(shifted, up, shifted, _mm512_set1_epi32(1));
#else
    return _mm256_sub_epi32(shifted, _mm256_cmpgt_epi32(remainder, threshold));
#endif
}

/* pl_multiply. */
PL_ALWAYS_INLINE pl_vec pl_multiply_x86(pl_vec x, struct pl_multiplier m)
{
    const int32_t left = m.shift > 0 ? m.shift : 0, right = m.shift > 0 ? 0 : -m.shift;
    const pl_vec shifted = PL_VEC_32(sll)(x, _mm_cvtsi32_si128(left));
    return pl_shift_right_x86(pl_high_product_x86(shifted, m.multiplier), right);
}

#endif
