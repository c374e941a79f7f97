/* SPDX-License-Identifier: Apache-2.0 */
/* Float weights packed into blocks: rows of k, columns, and runs of either. */
#include "checkkernel.h"
#include "kernels/gemm_kernels.h"

void check_pack_f32(struct check *check)
{
    const int32_t channels = (int32_t)check_draw_edge(check, 1, 70), depth = (int32_t)check_draw_edge(check, 1, 60);
    const int32_t gap = (int32_t)check_draw_edge(check, 0, 5);
    const int64_t row = (int64_t)depth + gap, column = (int64_t)channels + gap;
    struct pl_gemm_pack pack = {.groups = (int32_t)check_draw(check, 1, 3), .channels = channels, .depth = depth};
    const int kind = (int)check_draw(check, 0, 3);
    pack.channel_stride = kind == 0 ? row : kind == 1 ? 1 : 2;
    pack.depth_stride = kind == 0 ? 1 : kind == 1 ? column : 2 * column;
    int64_t span = (channels - 1) * pack.channel_stride + (depth - 1) * pack.depth_stride + 1;
    if (kind == 3) { /* one k behind the other, in two rows */
        pack.run = depth / 2 + 1;
        pack.row_runs = 1;
        pack.run_stride = 1;
        pack.depth_stride = 1;
        pack.row_stride = pack.run + gap;
        pack.channel_stride = check_draw(check, 0, 1) == 0 ? 1 : 2 * pack.row_stride;
        span = (channels - 1) * pack.channel_stride + pack.row_stride + pack.run;
    }
    pack.group_stride = span;
    const float *raw = check_floats(check, pack.groups * span, true);
    const int64_t blocks = (int64_t)pack.groups * pl_gemm_blocks(channels);
    const struct check_outputs outputs =
        check_outputs(check, (size_t)(blocks * depth * PL_GEMM_BLOCK) * sizeof(float));
    const int64_t from = check_draw(check, 0, blocks - 1), to = check_draw(check, from, blocks);
    check->reference->gemm->pack_blocks_f32(outputs.reference, raw, &pack, from, to);
    check->tested->gemm->pack_blocks_f32(outputs.tested, raw, &pack, from, to);
    if (check_draw(check, 0, 1) == 0) {
        check->reference->gemm->pack_f32(outputs.reference, raw, &pack);
        check->tested->gemm->pack_f32(outputs.tested, raw, &pack);
    }
    check_compare(check, &outputs, "kind %d, %d outputs by %d k, blocks %d to %d", kind, (int)channels, (int)depth,
                  (int)from, (int)to);
}
