/* SPDX-License-Identifier: Apache-2.0 */
/* Gates and cells of LSTM steps in float. */
#include <stdio.h>
#include <string.h>

#include "kernels/recurrent_kernels.h"
#include "support.h"

struct draws {
    int32_t count;
    const float *sums, *forget, *input, *cell; /* input: NULL for 1 - forget */
    enum pl_recurrent_activation activation;
    float bound;
};

enum { RESULTS = 3 };

/* The activation, somewhere else or in place, the cell, and what it gives. */
static void run_cell(const struct pl_recurrent_kernels *kernels, const struct draws *draws, bool in_place, float *results)
{
    float *gate = results, *cell = gate + draws->count, *hidden = cell + draws->count;
    const size_t bytes = (size_t)draws->count * sizeof(float);
    if (in_place) memcpy(gate, draws->sums, bytes);
    kernels->activate(gate, in_place ? gate : draws->sums, draws->count, draws->activation);
    memcpy(cell, draws->cell, bytes);
    kernels->update_cell(cell, draws->forget, draws->sums, draws->input, draws->count, draws->bound);
    kernels->multiply(hidden, cell, draws->sums, draws->count);
}

static const float *draw_floats(struct check *check, int32_t count, float factor)
{
    float *floats = check_floats(check, count, true);
    for (int32_t i = 0; i < count; i++) floats[i] *= factor;
    return floats;
}

void check_cell_float(struct check *check)
{
    const int32_t count = (int32_t)check_draw_edge(check, 1, 150);
    struct draws draws = {
        .count = count,
        .sums = draw_floats(check, count, check_draw_float(check, 0.1f, 30.0f)),
        .forget = draw_floats(check, count, 1.0f),
        .input = check_draw(check, 0, 2) == 0 ? NULL : draw_floats(check, count, 1.0f),
        .cell = draw_floats(check, count, 4.0f),
        .activation = (enum pl_recurrent_activation)check_draw(check, PL_RECURRENT_NONE, PL_RECURRENT_LOGISTIC),
        .bound = check_draw(check, 0, 2) == 0 ? check_draw_float(check, 0.1f, 4.0f) : 0.0f,
    };
    const struct check_outputs outputs = check_outputs(check, (size_t)(RESULTS * count) * sizeof(float));
    run_cell(check->reference->recurrent, &draws, false, outputs.reference);
    run_cell(check->tested->recurrent, &draws, check_draw(check, 0, 1) == 0, outputs.tested);
    char what[64];
    snprintf(what, sizeof what, "%d cells, activation %d, bound %g", (int)count, (int)draws.activation,
             (double)draws.bound);
    check_compare_floats(check, &outputs, what);
}
