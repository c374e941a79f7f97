/* SPDX-License-Identifier: Apache-2.0 */
/* Sums across vectors. */
#ifndef PL_KERNELS_X86_ACROSS_X86_H
#define PL_KERNELS_X86_ACROSS_X86_H

#include <immintrin.h>

#include "kernels/loop.h"

enum { PL_ACROSS = 8 };

/* The sum of all 32-bit numbers of each, which is what is left of them. */
PL_ALWAYS_INLINE __m256i pl_add_across_x86(__m256i sums[PL_ACROSS])
{
#pragma GCC unroll 4
    for (int i = 0; i < PL_ACROSS / 2; i++) sums[i] = _mm256_hadd_epi32(sums[2 * i], sums[2 * i + 1]);
    /* Four sums in each half of the vector, still in two parts. */
    const __m256i low = _mm256_hadd_epi32(sums[0], sums[1]);
    const __m256i high = _mm256_hadd_epi32(sums[2], sums[3]);
    return _mm256_add_epi32(_mm256_permute2x128_si256(low, high, 0x20), _mm256_permute2x128_si256(low, high, 0x31));
}

#endif
