/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles all of whose outputs are there become bytes from registers: see gemm_whole_x86.h. */
#include "kernels/x86/gemm_whole_x86.h"

#if !defined(__AVX512F__)

#include "kernels/x86/gemm_finish_group_x86.h"
#include "kernels/x86/gemm_multiply_x86.h"

enum { GROUP_ROWS = PL_GROUP / PL_TILE_VECTORS, ROW_BYTES = PL_GROUP_BYTES / GROUP_ROWS };
_Static_assert(GROUP_ROWS == 2 && ROW_BYTES == 16, "a group is two rows, each half a vector of bytes");

PL_ALWAYS_INLINE void run_rows(const int rows, const bool is_sure, const bool is_unsigned,
                               const struct pl_product_x86 *product, const struct pl_tile_x86 *tile, int32_t first,
                               uint8_t *output)
{
    pl_vec sums[PL_TILE_ROWS][PL_TILE_WIDE_VECTORS];
    pl_multiply_tile_x86(rows, PL_TILE_VECTORS, tile, sums);
    PL_TILE_UNROLL for (int r = 0; r < rows; r++)
    {
        PL_TILE_UNROLL for (int v = 0; v < PL_TILE_VECTORS; v++) PL_KEEP_IN_REGISTER(sums[r][v]);
    }
    const struct pl_requantizer_x86 *requantizer = product->source.requantizer;
    const struct pl_group_x86 group = {requantizer, tile->columns, first, PL_TILE_VECTORS};
    const struct pl_group_scales_x86 scales =
        pl_group_scales_x86(tile->columns, PL_TILE_VECTORS, is_sure, requantizer->range);
    const int64_t stride = product->shape->output_stride;
    PL_TILE_UNROLL for (int r = 0; r < rows; r += GROUP_ROWS)
    {
        const int next = r + 1 < rows ? r + 1 : r;
        const pl_vec words[PL_GROUP] = {sums[r][0], sums[r][1], sums[next][0], sums[next][1]};
        const pl_vec bytes = is_sure ? pl_finish_surely_x86(&scales, is_unsigned, words)
                                     : pl_finish_group_x86(group, &scales, is_unsigned, words);
        _mm_storeu_si128((__m128i_u *)output, _mm256_castsi256_si128(bytes));
        output += stride;
        if (next == r) break;
        _mm_storeu_si128((__m128i_u *)output, _mm256_extracti128_si256(bytes, 1));
        output += stride;
    }
}

typedef void (*run_function)(const struct pl_product_x86 *product, const struct pl_tile_x86 *tile, int32_t first,
                             uint8_t *output);

#define DEFINE_RUN(rows, kind, is_sure, is_unsigned)                                                                   \
    static void rows_##rows##_##kind(const struct pl_product_x86 *product, const struct pl_tile_x86 *tile,             \
                                     int32_t first, uint8_t *output)                                                   \
    {                                                                                                                  \
        run_rows(rows, is_sure, is_unsigned, product, tile, first, output);                                            \
    }
#define DEFINE_RUNS(rows, vectors)                                                                                     \
    DEFINE_RUN(rows, i8, false, false)                                                                                 \
    DEFINE_RUN(rows, u8, false, true) DEFINE_RUN(rows, sure_i8, true, false) DEFINE_RUN(rows, sure_u8, true, true)
#define NAME_RUNS(rows, vectors) {{rows_##rows##_i8, rows_##rows##_u8}, {rows_##rows##_sure_i8, rows_##rows##_sure_u8}},
PL_LIST_TILE_ROWS(DEFINE_RUNS, )

void PL_LEVEL(pl_run_whole_bytes_x86)(const struct pl_product_x86 *product, const struct pl_tile_x86 *tile, int rows,
                                      int32_t first, int32_t x)
{
    static const run_function runs[][2][2] = {PL_LIST_TILE_ROWS(NAME_RUNS, )};
    uint8_t *output = (uint8_t *)product->part->output + first + (int64_t)x * product->shape->output_stride;
    runs[rows - 1][tile->is_sure][product->source.requantizer->is_unsigned](product, tile, first, output);
}

#endif
