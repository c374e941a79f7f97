/* SPDX-License-Identifier: Apache-2.0 */
/* One step of a product of bytes in the vectors of a level: a lane is one output. */
#ifndef PL_KERNELS_X86_GEMM_DOT_X86_H
#define PL_KERNELS_X86_GEMM_DOT_X86_H

#include "kernels/vector/gemm_vector.h"
#include "kernels/x86/dot_x86.h"
#include "kernels/x86/widen_x86.h"

enum {
    PL_STEP_INPUT_BYTES = PL_GEMM_STEP * PL_GEMM_INPUT_BYTES,
    PL_STEP_BYTES = PL_GEMM_BLOCK * PL_GEMM_STEP, /* weights of a block */
    PL_VECTOR_BYTES = PL_LANES * PL_GEMM_STEP
};

#if defined(PL_GEMM_WORDS)

/* What is added to int8 inputs. */
enum { PL_GEMM_LIFT = 0 };
typedef pl_vec pl_gemm_operand;

PL_ALWAYS_INLINE pl_gemm_operand pl_gemm_load_weights(const int8_t *from)
{
    return pl_load_words(from);
}

/* The same inputs for all lanes. */
PL_ALWAYS_INLINE pl_gemm_operand pl_gemm_load_input(const uint8_t *from)
{
    return pl_vec_set(pl_load_4(from));
}

PL_ALWAYS_INLINE pl_vec pl_gemm_add_step(pl_vec sum, pl_gemm_operand input, pl_gemm_operand weights)
{
    return pl_vec_add(sum, PL_VEC_16(madd)(input, weights));
}

/* The sum of so many inputs, which wraps. */
static inline uint32_t pl_sum_inputs(const uint8_t *from, int64_t count)
{
    return pl_sum_words((const int16_t *)(const void *)from, count);
}

#else

enum { PL_GEMM_LIFT = 128 };
typedef struct pl_dot_operand pl_gemm_operand;

PL_ALWAYS_INLINE pl_gemm_operand pl_gemm_load_weights(const int8_t *from)
{
    return pl_dot_weights(from);
}

PL_ALWAYS_INLINE pl_gemm_operand pl_gemm_load_input(const uint8_t *from)
{
    return pl_dot_input(from);
}

PL_ALWAYS_INLINE pl_vec pl_gemm_add_step(pl_vec sum, pl_gemm_operand input, pl_gemm_operand weights)
{
    return pl_dot_add(sum, input, weights);
}

static inline uint32_t pl_sum_inputs(const uint8_t *from, int64_t count)
{
    uint64_t lanes[PL_LANES / 2];
    uint32_t sum = 0;
#if defined(__AVX512F__)
    __m512i wide = _mm512_setzero_si512();
    for (; count >= 64; count -= 64, from += 64)
        wide = _mm512_add_epi64(wide, _mm512_sad_epu8(_mm512_loadu_si512(from), _mm512_setzero_si512()));
#else
    __m256i wide = _mm256_setzero_si256();
    for (; count >= 32; count -= 32, from += 32)
        wide = _mm256_add_epi64(wide, _mm256_sad_epu8(pl_vec_load(from), _mm256_setzero_si256()));
#endif
    pl_vec_store(lanes, wide);
    for (int i = 0; i < PL_LANES / 2; i++) sum += (uint32_t)lanes[i];
    for (int64_t i = 0; i < count; i++) sum += from[i];
    return sum;
}

#endif

/* What is added to inputs, so that they are as products take them. */
static inline uint8_t pl_input_lift_x86(bool is_signed)
{
    return is_signed ? PL_GEMM_LIFT : 0;
}

#endif
