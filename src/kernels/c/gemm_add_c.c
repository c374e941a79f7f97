/* SPDX-License-Identifier: Apache-2.0 */
/* Float sums that go on, the reference: see struct pl_gemm_sums. */
#include "kernels/c/gemm_add_c.h"

#include <math.h>

void PL_LEVEL(pl_gemm_add_f32)(const struct pl_gemm_sums *sums)
{
    for (int32_t r = 0; r < sums->rows; r++) {
        const float *input = sums->input + r * sums->step;
        for (int32_t b = 0; b < sums->blocks; b++) {
            const float *weights =
                sums->weights + (int64_t)(sums->block + b) * sums->depth * PL_GEMM_BLOCK;
            float *block = sums->sums + r * PL_GEMM_SUMS + b * PL_GEMM_BLOCK;
            for (int32_t k = sums->from_k; k < sums->to_k; k++)
                for (int n = 0; n < PL_GEMM_BLOCK; n++)
                    block[n] = fmaf(input[k], weights[(int64_t)k * PL_GEMM_BLOCK + n], block[n]);
        }
    }
}
