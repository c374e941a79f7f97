/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax of rows; GELU, LOGISTIC and TANH of runs of floats: the bits of c/row_c.c and c/unary_c.c. */
#include "kernels/x86/exp_runs_x86.h"

#include <float.h>

#include "kernels/x86/exp_x86.h"

enum { TOGETHER = PL_FLOATS_TOGETHER * PL_FLOATS };

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

/* exp((x - largest) * factor) of some sixteens. */
PL_ALWAYS_INLINE void exp_below(const int count, struct pl_floats *x, struct pl_floats largest, struct pl_floats factor)
{
    PL_EACH(n, count) x[n] = pl_floats_multiply(pl_floats_add(x[n], largest), factor);
    pl_floats_exp(count, x);
}

PL_ALWAYS_INLINE struct pl_floats exp_sixteens(const int count, float *y, const float *x, struct pl_floats largest,
                                               struct pl_floats factor, struct pl_floats sums)
{
    struct pl_floats e[PL_FLOATS_TOGETHER];
    PL_EACH(n, count) e[n] = pl_floats_load(x + n * PL_FLOATS);
    exp_below(count, e, largest, factor);
    PL_EACH(n, count)
    {
        pl_floats_store(y + n * PL_FLOATS, e[n]);
        sums = pl_floats_add(sums, e[n]);
    }
    return sums;
}

static void softmax_row(float *y, const float *x, int64_t depth, float beta)
{
    const struct pl_floats largest = pl_floats_set(-find_largest(x, depth)), factor = pl_floats_set(beta);
    const struct pl_floats_mask rest = pl_floats_first((int32_t)(depth % PL_FLOATS));
    struct pl_floats sums = pl_floats_set(0.0f);
    int64_t i = 0;
    for (; i + TOGETHER <= depth; i += TOGETHER)
        sums = exp_sixteens(PL_FLOATS_TOGETHER, y + i, x + i, largest, factor, sums);
    for (; i + PL_FLOATS <= depth; i += PL_FLOATS) sums = exp_sixteens(1, y + i, x + i, largest, factor, sums);
    if (i < depth) {
        struct pl_floats e = pl_floats_load_masked(x + i, rest);
        exp_below(1, &e, largest, factor);
        pl_floats_store_masked(y + i, e, rest);
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

/* ---- operators of one input ------------------------------------------------------------------ */

#define DEFINE_UNARY(name, run)                                                                                        \
    void PL_LEVEL(name)(void *out, const void *in, int64_t count, const struct pl_unary_params *params)                \
    {                                                                                                                  \
        (void)params;                                                                                                  \
        run(out, in, count);                                                                                           \
    }

DEFINE_UNARY(pl_gelu_float32_x86, pl_gelu_run_x86)
DEFINE_UNARY(pl_logistic_float32_x86, pl_logistic_run_x86)
DEFINE_UNARY(pl_tanh_float32_x86, pl_tanh_run_x86)
