/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of inputs, as the products of a level take them: bytes flipped or not, words as they are, or words of bytes. */
#ifndef PL_KERNELS_VECTOR_GEMM_INPUTS_H
#define PL_KERNELS_VECTOR_GEMM_INPUTS_H

#include <string.h>

#include "kernels/vector/copy.h"
#include "kernels/vector/gemm_vector.h"
#if defined(PL_GEMM_WORDS)
#include "kernels/x86/widen_x86.h"
#endif

/* Of an input that was copied. */
static inline int64_t pl_taken_bytes(const struct pl_gemm_source *source)
{
    return source->element_bytes > PL_GEMM_INPUT_BYTES ? source->element_bytes : PL_GEMM_INPUT_BYTES;
}

static inline bool pl_is_widened(const struct pl_gemm_source *source)
{
    return pl_taken_bytes(source) != source->element_bytes;
}

static inline void pl_copy_inputs(const struct pl_gemm_source *source, uint8_t *to, const uint8_t *from, int64_t count)
{
#if defined(PL_GEMM_WORDS)
    if (pl_is_widened(source)) {
        pl_widen(to, from, count, source->is_signed);
        return;
    }
#endif
    pl_copy_flipped(to, from, count * source->element_bytes, source->flip);
}

/* The same of some rows. */
static inline void pl_copy_rows_of_inputs(const struct pl_gemm_source *source, uint8_t *to, int64_t to_stride,
                                          const uint8_t *from, int64_t from_stride, int32_t rows, int64_t count)
{
    if (!pl_is_widened(source)) {
        pl_copy_rows_flipped(to, to_stride, from, from_stride, rows, count * source->element_bytes, source->flip);
        return;
    }
    for (; rows > 0; rows--, to += to_stride, from += from_stride) pl_copy_inputs(source, to, from, count);
}

/* What lies outside of the image, which is 0 if inputs are words that are not widened. */
static inline void pl_fill_inputs(const struct pl_gemm_source *source, uint8_t *to, int32_t zero_point, int64_t count)
{
    if (!pl_is_widened(source)) {
        memset(to, (uint8_t)(zero_point + source->flip), (size_t)(count * source->element_bytes));
        return;
    }
    const int16_t word = (int16_t)zero_point;
    for (int64_t i = 0; i < count; i++) memcpy(to + i * (int64_t)sizeof word, &word, sizeof word);
}

#endif
