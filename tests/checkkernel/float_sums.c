/* SPDX-License-Identifier: Apache-2.0 */
/* Float sums that go on, of rows that overlap; sums of rows. */
#include <stdio.h>
#include <string.h>

#include "kernels/gemm_kernels.h"
#include "kernels/reduction_kernels.h"
#include "support.h"

void check_gemm_add_f32(struct check *check)
{
    const int32_t depth = (int32_t)check_draw_edge(check, 1, 200);
    const int32_t channels = (int32_t)check_draw_edge(check, 1, 150);
    const int32_t all = pl_gemm_blocks(channels), block = (int32_t)check_draw(check, 0, all - 1);
    const int32_t most = all - block < PL_GEMM_SUM_BLOCKS ? all - block : PL_GEMM_SUM_BLOCKS;
    struct pl_gemm_sums sums = {
        .depth = depth,
        .from_k = (int32_t)check_draw_edge(check, 0, depth),
        .step = check_draw_edge(check, 1, 20),
        .rows = (int32_t)check_draw(check, 1, PL_GEMM_SUM_ROWS),
        .block = block,
        .blocks = (int32_t)check_draw(check, 1, most),
    };
    sums.to_k = (int32_t)check_draw_edge(check, sums.from_k, depth);
    sums.input = check_floats(check, (sums.rows - 1) * sums.step + sums.to_k, true);
    const struct pl_gemm_pack pack = {
        .groups = 1, .channels = channels, .depth = depth, .channel_stride = depth, .depth_stride = 1};
    const float *raw = check_floats(check, (int64_t)channels * depth, true);
    /* The last row's sums end where its blocks do. */
    const int64_t count = (sums.rows - 1) * PL_GEMM_SUMS + sums.blocks * PL_GEMM_BLOCK;
    const float *before = check_floats(check, count, true);
    const struct check_outputs outputs = check_outputs(check, (size_t)count * sizeof(float));
    const struct pl_kernels *kernels[] = {check->reference, check->tested};
    for (int i = 0; i < 2; i++) {
        float *packed = check_aligned(check, (size_t)(all * depth * PL_GEMM_BLOCK) * sizeof *packed);
        kernels[i]->gemm->pack_f32(packed, raw, &pack);
        sums.weights = packed;
        sums.sums = i == 0 ? outputs.reference : outputs.tested;
        memcpy(sums.sums, before, outputs.bytes);
        kernels[i]->gemm->add_f32(&sums);
    }
    char what[96];
    snprintf(what, sizeof what, "%d rows %d apart by blocks %d and %d behind, k %d to %d of %d", (int)sums.rows,
             (int)sums.step, (int)block, (int)sums.blocks - 1, (int)sums.from_k, (int)sums.to_k, (int)depth);
    check_compare_floats(check, &outputs, what);
}

/* Rows together have the sums that each has alone. */
void check_rows_f32(struct check *check)
{
    const int64_t rows = check_draw_edge(check, 1, 13), run = check_draw_edge(check, 2, 70);
    const struct pl_reduce_params params = {.run = run, .count = run, .mean = check_draw(check, 0, 1) == 0};
    const float *in = check_floats(check, rows * run, true);
    const struct check_outputs outputs = check_outputs(check, (size_t)rows * sizeof(float));
    for (int64_t row = 0; row < rows; row++)
        check->reference->reduction->reduce_along[PL_REDUCE_FLOAT32]((float *)outputs.reference + row, in + row * run, 1,
                                                                     &params);
    check->tested->reduction->reduce_rows_float32(outputs.tested, in, rows, &params);
    char what[64];
    snprintf(what, sizeof what, "%d rows of %d", (int)rows, (int)run);
    check_compare_floats(check, &outputs, what);
}
