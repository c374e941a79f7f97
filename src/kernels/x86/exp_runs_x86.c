/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax of rows and GELU of runs of floats: the bits of c/row_c.c and c/unary_c.c. */
#include "kernels/x86/exp_runs_x86.h"

#include <float.h>

#include "kernels/x86/exp_x86.h"

/* ---- softmax --------------------------------------------------------------------------------- */

/* Not-a-number is passed over. */
static float find_largest(const float *x, int64_t depth)
{
    float largest = -FLT_MAX;
    if (depth < PL_FLOATS) {
        for (int64_t i = 0; i < depth; i++) largest = x[i] > largest ? x[i] : largest;
        return largest;
    }
    const struct pl_floats start = pl_floats_set(largest);
    struct pl_floats a = start, b = start;
    int64_t i = 0;
    for (; i + 2 * PL_FLOATS <= depth; i += 2 * PL_FLOATS) {
        a = pl_floats_max(pl_floats_load(x + i), a);
        b = pl_floats_max(pl_floats_load(x + i + PL_FLOATS), b);
    }
    if (i + PL_FLOATS <= depth) a = pl_floats_max(pl_floats_load(x + i), a);
    b = pl_floats_max(pl_floats_load(x + depth - PL_FLOATS), b); /* some of them once more */
    return pl_floats_largest(pl_floats_max(a, b));
}

static void softmax_row(float *y, const float *x, int64_t depth, float beta)
{
    const struct pl_floats largest = pl_floats_set(-find_largest(x, depth)), factor = pl_floats_set(beta);
    const struct pl_floats_mask rest = pl_floats_first((int32_t)(depth % PL_FLOATS));
    struct pl_floats sums = pl_floats_set(0.0f);
    int64_t i = 0;
    for (; i + PL_FLOATS <= depth; i += PL_FLOATS) {
        const struct pl_floats below = pl_floats_add(pl_floats_load(x + i), largest);
        const struct pl_floats e = pl_floats_exp(pl_floats_multiply(below, factor));
        pl_floats_store(y + i, e);
        sums = pl_floats_add(sums, e);
    }
    if (i < depth) {
        const struct pl_floats below = pl_floats_add(pl_floats_load_masked(x + i, rest), largest);
        pl_floats_store_masked(y + i, pl_floats_exp(pl_floats_multiply(below, factor)), rest);
        sums = pl_floats_add(sums, pl_floats_load_masked(y + i, rest));
    }
    const struct pl_floats inverse = pl_floats_set(1.0f / pl_floats_total(sums));
    for (i = 0; i + PL_FLOATS <= depth; i += PL_FLOATS)
        pl_floats_store(y + i, pl_floats_multiply(pl_floats_load(y + i), inverse));
    if (i < depth)
        pl_floats_store_masked(y + i, pl_floats_multiply(pl_floats_load_masked(y + i, rest), inverse), rest);
}

void PL_LEVEL(pl_softmax_float32_x86)(void *out, const void *in, int64_t rows, int64_t depth,
                                      const struct pl_softmax_params *params)
{
    for (int64_t row = 0; row < rows; row++)
        softmax_row((float *)out + row * depth, (const float *)in + row * depth, depth, params->beta);
}

/* ---- GELU ------------------------------------------------------------------------------------ */

void PL_LEVEL(pl_gelu_float32_x86)(void *out, const void *in, int64_t count,
                                   const struct pl_unary_params *params)
{
    const float *x = in;
    float *y = out;
    (void)params;
    int64_t i = 0;
    for (; i + 2 * PL_FLOATS <= count; i += 2 * PL_FLOATS) {
        const struct pl_floats a = pl_floats_gelu(pl_floats_load(x + i));
        const struct pl_floats b = pl_floats_gelu(pl_floats_load(x + i + PL_FLOATS));
        pl_floats_store(y + i, a);
        pl_floats_store(y + i + PL_FLOATS, b);
    }
    for (; i < count; i += PL_FLOATS) {
        const struct pl_floats_mask mask = pl_floats_first((int32_t)(count - i < PL_FLOATS ? count - i : PL_FLOATS));
        pl_floats_store_masked(y + i, pl_floats_gelu(pl_floats_load_masked(x + i, mask)), mask);
    }
}
