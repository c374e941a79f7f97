/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of the sums of matrix products: see gemm_finish_x86.h. */
#include "kernels/x86/gemm_finish_group_x86.h"

enum { GROUP = PL_GROUP, GROUP_BYTES = PL_GROUP_BYTES };

pl_vec PL_LEVEL(pl_redo_group_x86)(const struct pl_group_x86 *group, const int32_t *sums, pl_vec bytes)
{
    uint8_t copy[GROUP_BYTES];
    pl_vec_store(copy, bytes);
    for (int i = 0; i < GROUP; i++, sums += PL_LANES) {
        const int lane = i % group->vectors * PL_LANES, n = lane % PL_GEMM_BLOCK;
        const struct pl_requantize_block_x86 *block = &group->columns[lane / PL_GEMM_BLOCK].scales;
        const struct pl_rounded_x86 rounded = pl_round_scaled_x86(
            pl_vec_load(sums), PL_VEC_FLOAT(loadu)(block->scale + n), PL_VEC_FLOAT(loadu)(block->nudge + n));
        for (uint32_t unsure = pl_unsure_x86(rounded.distance); unsure != 0; unsure &= unsure - 1) {
            const int at = __builtin_ctz(unsure);
            copy[i * PL_LANES + at] =
                (uint8_t)pl_requantize_exactly_x86(group->requantizer, sums[at], group->first + lane + at);
        }
    }
    return pl_vec_load(copy);
}

/* The rows of a group, GROUP_BYTES / rows bytes each, of which `count` are written. */
PL_ALWAYS_INLINE void store_group(pl_vec bytes, const int group_rows, int rows, int32_t count,
                                  uint8_t *output, int64_t stride)
{
    const int row_bytes = GROUP_BYTES / group_rows;
    uint8_t copy[GROUP_BYTES];
    if (group_rows == 1) {
        pl_store_row_x86(bytes, count, output);
        return;
    }
#if defined(__AVX512F__)
    if (group_rows == 2) {
        const __mmask32 mask = _bzhi_u32(UINT32_MAX, (uint32_t)count);
        _mm256_mask_storeu_epi8(output, mask, _mm512_castsi512_si256(bytes));
        if (rows == 1) return;
        _mm256_mask_storeu_epi8(output + stride, mask, _mm512_extracti64x4_epi64(bytes, 1));
        return;
    }
    if (count < row_bytes) {
        const __mmask16 mask = (__mmask16)_bzhi_u32(UINT16_MAX, (uint32_t)count);
        _mm_mask_storeu_epi8(output, mask, _mm512_castsi512_si128(bytes));
        if (rows > 1) _mm_mask_storeu_epi8(output + stride, mask, _mm512_extracti32x4_epi32(bytes, 1));
        if (rows > 2) _mm_mask_storeu_epi8(output + 2 * stride, mask, _mm512_extracti32x4_epi32(bytes, 2));
        if (rows > 3) _mm_mask_storeu_epi8(output + 3 * stride, mask, _mm512_extracti32x4_epi32(bytes, 3));
        return;
    }
#endif
    pl_vec_store(copy, bytes);
    if (count == row_bytes) {
        for (int r = 0; r < rows; r++)
            memcpy(output + r * stride, copy + r * row_bytes, (size_t)row_bytes);
        return;
    }
    for (int r = 0; r < rows; r++) memcpy(output + r * stride, copy + r * row_bytes, (size_t)count);
}

PL_ALWAYS_INLINE void finish_rows_as(const struct pl_finish_x86 *finish, const int vectors,
                                     const bool is_sure, const bool is_unsigned, uint8_t *output)
{
    const int group_rows = GROUP / vectors;
    const struct pl_group_x86 group = {finish->requantizer, finish->columns, finish->first, vectors};
    const struct pl_group_scales_x86 scales =
        pl_group_scales_x86(finish->columns, vectors, is_sure, finish->requantizer->range);
    const int32_t *sums = finish->sums;
    const int64_t stride = finish->stride;
    const int32_t count = finish->count;
    for (int rest = finish->rows; rest > 0; rest -= group_rows) {
        pl_vec words[GROUP];
#pragma GCC unroll 4
        for (int i = 0; i < GROUP; i++) words[i] = pl_vec_load(sums + i * PL_LANES);
        const pl_vec bytes = is_sure ? pl_finish_surely_x86(&scales, is_unsigned, words)
                                     : pl_finish_group_x86(group, &scales, is_unsigned, words);
        store_group(bytes, group_rows, rest < group_rows ? rest : group_rows, count, output,
                    stride);
        sums += GROUP * PL_LANES;
        output += group_rows * stride;
    }
}

PL_ALWAYS_INLINE void finish_rows(const struct pl_finish_x86 *finish, const int vectors,
                                  const bool is_unsigned, uint8_t *output)
{
    if (finish->is_sure) finish_rows_as(finish, vectors, true, is_unsigned, output);
    else finish_rows_as(finish, vectors, false, is_unsigned, output);
}

PL_ALWAYS_INLINE void finish_tile(const struct pl_finish_x86 *finish, const bool is_unsigned,
                                  uint8_t *output)
{
    switch (finish->vectors) {
    case 1: finish_rows(finish, 1, is_unsigned, output); break;
    case 2: finish_rows(finish, 2, is_unsigned, output); break;
    default: finish_rows(finish, 4, is_unsigned, output); break;
    }
}

void PL_LEVEL(pl_finish_bytes_x86)(const struct pl_finish_x86 *finish, uint8_t *output)
{
    /* The last group is done whole. */
    for (int i = finish->rows * finish->vectors; i % GROUP != 0; i++)
        pl_vec_store(finish->sums + i * PL_LANES, pl_vec_set(0));
    if (finish->requantizer->is_unsigned) finish_tile(finish, true, output);
    else finish_tile(finish, false, output);
}
