/* SPDX-License-Identifier: Apache-2.0 */
/* Gates and cells of LSTM steps in float: the bits of c/recurrent_c.c. Cells are few, so what is
 * left behind the last whole vector is one vector more and not a loop. */
#include "kernels/x86/recurrent_float_x86.h"

#include <math.h>

#include "kernels/x86/exp_x86.h"

/* Sixteen of them, or those that are left. */
PL_ALWAYS_INLINE struct pl_floats_mask mask_at(int32_t i, int32_t count)
{
    return pl_floats_first(count - i < PL_FLOATS ? count - i : PL_FLOATS);
}

static void limit(float *to, const float *from, int32_t count, float low, float high)
{
    const struct pl_floats lowest = pl_floats_set(low), highest = pl_floats_set(high);
    for (int32_t i = 0; i < count; i += PL_FLOATS) {
        const struct pl_floats_mask mask = mask_at(i, count);
        const struct pl_floats x = pl_floats_load_masked(from + i, mask);
        pl_floats_store_masked(to + i, pl_floats_clamp(x, lowest, highest), mask);
    }
}

void PL_LEVEL(pl_activate_x86)(float *to, const float *from, int32_t count,
                               enum pl_recurrent_activation activation)
{
    switch (activation) {
    case PL_RECURRENT_NONE: limit(to, from, count, -INFINITY, INFINITY); break;
    case PL_RECURRENT_RELU: limit(to, from, count, 0.0f, INFINITY); break;
    case PL_RECURRENT_RELU_N1_TO_1: limit(to, from, count, -1.0f, 1.0f); break;
    case PL_RECURRENT_RELU6: limit(to, from, count, 0.0f, 6.0f); break;
    case PL_RECURRENT_TANH: pl_tanh_run_x86(to, from, count); break;
    case PL_RECURRENT_LOGISTIC: pl_logistic_run_x86(to, from, count); break;
    }
}

/* cell * forget + candidate * (coupled ? 1 - forget : input), within the bound. */
PL_ALWAYS_INLINE void update(const bool coupled, float *cell, const float *forget, const float *candidate,
                             const float *input, int32_t count, float bound)
{
    const struct pl_floats low = pl_floats_set(-bound), high = pl_floats_set(bound);
    const struct pl_floats one = pl_floats_set(1.0f), minus_one = pl_floats_set(-1.0f);
    for (int32_t i = 0; i < count; i += PL_FLOATS) {
        const struct pl_floats_mask mask = mask_at(i, count);
        const struct pl_floats keep = pl_floats_load_masked(forget + i, mask);
        const struct pl_floats gate = coupled ? pl_floats_fma(keep, minus_one, one)
                                              : pl_floats_load_masked(input + i, mask);
        const struct pl_floats kept = pl_floats_multiply(pl_floats_load_masked(cell + i, mask), keep);
        const struct pl_floats sum = pl_floats_fma(pl_floats_load_masked(candidate + i, mask), gate, kept);
        pl_floats_store_masked(cell + i, pl_floats_clamp(sum, low, high), mask);
    }
}

void PL_LEVEL(pl_update_cell_x86)(float *cell, const float *forget, const float *candidate,
                                  const float *input, int32_t count, float bound)
{
    const float most = bound > 0.0f ? bound : INFINITY;
    if (input == NULL) update(true, cell, forget, candidate, input, count, most);
    else update(false, cell, forget, candidate, input, count, most);
}

void PL_LEVEL(pl_multiply_gates_x86)(float *to, const float *a, const float *b, int32_t count)
{
    for (int32_t i = 0; i < count; i += PL_FLOATS) {
        const struct pl_floats_mask mask = mask_at(i, count);
        const struct pl_floats x = pl_floats_load_masked(a + i, mask), y = pl_floats_load_masked(b + i, mask);
        pl_floats_store_masked(to + i, pl_floats_multiply(x, y), mask);
    }
}
