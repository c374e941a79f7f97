/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of the sums of matrix products: see gemm_finish_x86.h. Four vectors, which are rows of one or
 * two vectors or half of a long one, become bytes together. */
#include "kernels/x86/gemm_finish_x86.h"

#include <string.h>

enum { GROUP = 4, GROUP_BYTES = GROUP * PL_LANES };
#define UNROLL _Pragma("GCC unroll 16")

/* The lanes of `unsure` of one vector of sums of channels from `first` on. */
static __attribute__((noinline)) void redo(const struct pl_requantizer_x86 *requantizer,
                                           const int32_t *sums, uint32_t unsure, int32_t first,
                                           uint8_t *bytes)
{
    for (; unsure != 0; unsure &= unsure - 1) {
        const int lane = __builtin_ctz(unsure);
        bytes[lane] = (uint8_t)pl_requantize_exactly_x86(requantizer, sums[lane], first + lane);
    }
}

/* Once more what is not sure of a group; a lane behind the last channel always is. */
static __attribute__((noinline)) pl_vec redo_group(const struct pl_finish_x86 *finish,
                                                   const int32_t *sums, int vectors,
                                                   const pl_vec_float distances[GROUP],
                                                   pl_vec bytes)
{
    uint8_t copy[GROUP_BYTES];
    pl_vec_store(copy, bytes);
    for (int i = 0; i < GROUP; i++) {
        redo(finish->requantizer, sums + i * PL_LANES, pl_unsure_x86(distances[i]),
             finish->first + i % vectors * PL_LANES, copy + i * PL_LANES);
    }
    return pl_vec_load(copy);
}

/* What the groups of a tile share, in registers. */
struct group {
    pl_vec_float scales[GROUP], nudges[GROUP];
    struct pl_range_x86 range;
};

PL_ALWAYS_INLINE struct group load_group(const struct pl_finish_x86 *finish, const int vectors)
{
    struct group group = {.range = pl_range_x86(finish->requantizer->range)};
    UNROLL for (int i = 0; i < GROUP; i++)
    {
        const int lane = i % vectors * PL_LANES, n = lane % PL_GEMM_BLOCK;
        const struct pl_requantize_block_x86 *block = &finish->columns[lane / PL_GEMM_BLOCK].scales;
        group.scales[i] = PL_VEC_FLOAT(loadu)(block->scale + n);
        group.nudges[i] = PL_VEC_FLOAT(loadu)(block->nudge + n);
    }
    return group;
}

PL_ALWAYS_INLINE pl_vec finish_group(const struct pl_finish_x86 *finish, const struct group *group,
                                     const int vectors, const bool is_unsigned, const int32_t *sums)
{
    pl_vec values[GROUP];
    pl_vec_float distances[GROUP];
    UNROLL for (int i = 0; i < GROUP; i++)
    {
        const struct pl_rounded_x86 rounded = pl_round_scaled_x86(
            pl_vec_load(sums + i * PL_LANES), group->scales[i], group->nudges[i]);
        values[i] = rounded.values;
        distances[i] = rounded.distance;
    }
    const pl_vec_float farthest = pl_farther_x86(pl_farther_x86(distances[0], distances[1]),
                                                 pl_farther_x86(distances[2], distances[3]));
    const pl_vec bytes = pl_pack_range_x86(values, &group->range, is_unsigned);
    if (__builtin_expect(pl_unsure_x86(farthest) == 0, 1)) return bytes;
    return redo_group(finish, sums, vectors, distances, bytes);
}

/* The rows of a group, GROUP_BYTES / rows bytes each, of which `count` are written. */
PL_ALWAYS_INLINE void store_group(pl_vec bytes, const int group_rows, int rows, int32_t count,
                                  uint8_t *output, int64_t stride)
{
    const int row_bytes = GROUP_BYTES / group_rows;
    uint8_t copy[GROUP_BYTES];
#if defined(__AVX512F__)
    if (group_rows == 1) {
        if (count == row_bytes) pl_vec_store(output, bytes);
        else _mm512_mask_storeu_epi8(output, _bzhi_u64(UINT64_MAX, (uint32_t)count), bytes);
        return;
    }
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

PL_ALWAYS_INLINE void finish_rows(const struct pl_finish_x86 *finish, const int vectors,
                                  const bool is_unsigned, uint8_t *output)
{
    const int group_rows = GROUP / vectors;
    const struct group group = load_group(finish, vectors);
    const int32_t *sums = finish->sums;
    const int64_t stride = finish->stride;
    const int32_t count = finish->count;
    for (int rest = finish->rows; rest > 0; rest -= group_rows) {
        const pl_vec bytes = finish_group(finish, &group, vectors, is_unsigned, sums);
        store_group(bytes, group_rows, rest < group_rows ? rest : group_rows, count, output,
                    stride);
        sums += GROUP * PL_LANES;
        output += group_rows * stride;
    }
}

/* A long row: two groups of outputs. */
PL_ALWAYS_INLINE void finish_long(const struct pl_finish_x86 *finish, const bool is_unsigned,
                                  uint8_t *output)
{
    struct pl_finish_x86 half = *finish;
    half.count = GROUP_BYTES;
    finish_rows(&half, GROUP, is_unsigned, output);
    half.sums += GROUP_BYTES;
    half.first += GROUP_BYTES;
    half.columns += GROUP / PL_BLOCK_VECTORS;
    half.count = finish->count - GROUP_BYTES;
    finish_rows(&half, GROUP, is_unsigned, output + GROUP_BYTES);
}

PL_ALWAYS_INLINE void finish_tile(const struct pl_finish_x86 *finish, const bool is_unsigned,
                                  uint8_t *output)
{
    switch (finish->vectors) {
    case 1: finish_rows(finish, 1, is_unsigned, output); break;
    case 2: finish_rows(finish, 2, is_unsigned, output); break;
    case 4: finish_rows(finish, 4, is_unsigned, output); break;
    default: finish_long(finish, is_unsigned, output); break;
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
