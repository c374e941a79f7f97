/* SPDX-License-Identifier: Apache-2.0 */
/* HARD_SWISH of runs of floats: the bits of c/unary_c.c without its division, which takes longer than all the rest.
 *
 * q = p * (1/6) is next to p / 6, and q + (p - 6 q) * (1/6), with two fused operations, is p / 6 as it is rounded: that
 * was tried with every float. It takes a q that is no subnormal, which the remainder may then be too small for, and
 * finite; the others are divided. A zero loses its sign, so that is put back. */
#include "kernels/x86/hard_swish_x86.h"

#if defined(__AVX512F__)
#include "kernels/x86/floats_x86.h"

/* Bits of vfpclass. */
enum { QUIET_NAN = 0x01, POSITIVE_INFINITY = 0x08, NEGATIVE_INFINITY = 0x10, SUBNORMAL = 0x20, SIGNALING_NAN = 0x80 };
enum { NOT_EXACT = QUIET_NAN | POSITIVE_INFINITY | NEGATIVE_INFINITY | SUBNORMAL | SIGNALING_NAN };
enum { A_OR_B_AND_C = 0xf8 }; /* of the ternary logic */

PL_ALWAYS_INLINE __m512 hard_swish(__m512 x)
{
    const __m512 six = _mm512_set1_ps(6.0f), sixth = _mm512_set1_ps(1.0f / 6.0f);
    const __m512 raised = _mm512_max_ps(_mm512_setzero_ps(), _mm512_add_ps(x, _mm512_set1_ps(3.0f)));
    const __m512 product = _mm512_mul_ps(x, _mm512_min_ps(six, raised));
    const __m512 quotient = _mm512_mul_ps(product, sixth);
    if (__builtin_expect(_mm512_fpclass_ps_mask(quotient, NOT_EXACT) != 0, 0)) return _mm512_div_ps(product, six);
    const __m512 rest = _mm512_fnmadd_ps(six, quotient, product);
    const __m512i exact = _mm512_castps_si512(_mm512_fmadd_ps(rest, sixth, quotient));
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(exact, _mm512_castps_si512(product),
                                                         _mm512_set1_epi32(INT32_MIN), A_OR_B_AND_C));
}

void PL_LEVEL(pl_hard_swish_float32_x86)(void *out, const void *in, int64_t count, const struct pl_unary_params *params)
{
    const float *x = in;
    float *y = out;
    (void)params;
    int64_t i = 0;
    for (; i + 16 <= count; i += 16) _mm512_storeu_ps(y + i, hard_swish(_mm512_loadu_ps(x + i)));
    if (i == count) return;
    const __mmask16 mask = (__mmask16)((1u << (count - i)) - 1);
    _mm512_mask_storeu_ps(y + i, mask, hard_swish(_mm512_maskz_loadu_ps(mask, x + i)));
}
#endif
