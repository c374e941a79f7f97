/* SPDX-License-Identifier: Apache-2.0 */
/* Four vectors of sums, which are rows of one or two vectors or a part of a longer one, become bytes together. */
#ifndef PL_KERNELS_X86_GEMM_FINISH_GROUP_X86_H
#define PL_KERNELS_X86_GEMM_FINISH_GROUP_X86_H

#include <string.h>

#include "kernels/x86/gemm_finish_x86.h"

enum { PL_GROUP = 4, PL_GROUP_BYTES = PL_GROUP * PL_LANES };

/* Whose outputs they are: from `first` on, `vectors` of each row. */
struct pl_group_x86 {
    const struct pl_requantizer_x86 *requantizer;
    const struct pl_gemm_column_x86 *columns;
    int32_t first;
    int vectors;
};

/* What groups of the same outputs share, in registers; offsets for those that are sure. */
struct pl_group_scales_x86 {
    pl_vec_float scales[PL_GROUP], nudges[PL_GROUP];
    struct pl_range_x86 range;
};

/* Once more what is not sure of the bytes of a group; a lane behind the last channel always is. */
pl_vec PL_LEVEL(pl_redo_group_x86)(const struct pl_group_x86 *group, const int32_t *sums, pl_vec bytes);

PL_ALWAYS_INLINE struct pl_group_scales_x86 pl_group_scales_x86(const struct pl_gemm_column_x86 *columns,
                                                                const int vectors, const bool is_sure,
                                                                struct pl_output_range range)
{
    struct pl_group_scales_x86 group = {.range = pl_range_x86(range)};
#pragma GCC unroll 4
    for (int i = 0; i < PL_GROUP; i++) {
        const int lane = i % vectors * PL_LANES, n = lane % PL_GEMM_BLOCK;
        const struct pl_gemm_column_x86 *column = &columns[lane / PL_GEMM_BLOCK];
        group.scales[i] = PL_VEC_FLOAT(loadu)(column->scales.scale + n);
        group.nudges[i] = PL_VEC_FLOAT(loadu)((is_sure ? column->offsets : column->scales.nudge) + n);
    }
    return group;
}

PL_ALWAYS_INLINE pl_vec pl_finish_group_x86(const struct pl_group_x86 group, const struct pl_group_scales_x86 *scales,
                                            const bool is_unsigned, const pl_vec sums[PL_GROUP])
{
    pl_vec values[PL_GROUP];
    pl_vec_float distances[PL_GROUP];
#pragma GCC unroll 4
    for (int i = 0; i < PL_GROUP; i++) {
        const struct pl_rounded_x86 rounded = pl_round_scaled_x86(sums[i], scales->scales[i], scales->nudges[i]);
        values[i] = rounded.values;
        distances[i] = rounded.distance;
    }
    const pl_vec_float farthest = pl_farther_x86(pl_farther_x86(distances[0], distances[1]),
                                                 pl_farther_x86(distances[2], distances[3]));
    const pl_vec bytes = pl_pack_range_x86(values, &scales->range, is_unsigned);
    if (__builtin_expect(pl_unsure_x86(farthest) == 0, 1)) return bytes;
    const struct pl_group_x86 copy = group;
    int32_t words[PL_GROUP * PL_LANES];
#pragma GCC unroll 4
    for (int i = 0; i < PL_GROUP; i++) pl_vec_store(words + i * PL_LANES, sums[i]);
    return PL_LEVEL(pl_redo_group_x86)(&copy, words, bytes);
}

/* The same of columns that are all sure. */
PL_ALWAYS_INLINE pl_vec pl_finish_surely_x86(const struct pl_group_scales_x86 *scales, const bool is_unsigned,
                                             const pl_vec sums[PL_GROUP])
{
    pl_vec values[PL_GROUP];
#pragma GCC unroll 4
    for (int i = 0; i < PL_GROUP; i++)
        values[i] = pl_round_surely_x86(sums[i], scales->scales[i], scales->nudges[i]);
    return pl_pack_surely_x86(values, &scales->range, is_unsigned);
}

/* The first `count` bytes of a row that is a whole group. */
PL_ALWAYS_INLINE void pl_store_row_x86(pl_vec bytes, int32_t count, uint8_t *output)
{
    if (count == PL_GROUP_BYTES) {
        pl_vec_store(output, bytes);
        return;
    }
#if defined(__AVX512F__)
    _mm512_mask_storeu_epi8(output, _bzhi_u64(UINT64_MAX, (uint32_t)count), bytes);
#else
    uint8_t copy[PL_GROUP_BYTES];
    pl_vec_store(copy, bytes);
    memcpy(output, copy, (size_t)count);
#endif
}

#endif
