/* SPDX-License-Identifier: Apache-2.0 */
/* What an LSTM step does with gates of int16. */
#include <string.h>

#include "checkkernel.h"
#include "kernels/recurrent_kernels.h"

struct draws {
    int32_t count;
    const int16_t *gates[3]; /* candidate, forget, input */
    const int16_t *cell;
    bool has_input;
    int32_t integer_bits, cell_exponent;
    int16_t clip;
    struct pl_multiplier multiplier;
    int32_t zero_point;
};

static const int16_t *draw_shorts(struct check *check, int32_t count)
{
    return check_bytes(check, (size_t)count * sizeof(int16_t));
}

/* Outputs of gates are not negative; cells and candidates are anything. */
static const int16_t *draw_gate(struct check *check, int32_t count)
{
    int16_t *gate = check_memory(check, (size_t)count * sizeof *gate);
    for (int32_t i = 0; i < count; i++) gate[i] = (int16_t)check_draw_edge(check, 0, INT16_MAX);
    return gate;
}

static void run_cell(const struct pl_recurrent_kernels *kernels, const struct draws *draws,
                     void *outputs)
{
    const size_t bytes = (size_t)draws->count * sizeof(int16_t);
    int16_t *logistic = outputs, *tanh = logistic + draws->count, *cell = tanh + draws->count;
    memcpy(logistic, draws->gates[0], bytes);
    kernels->logistic_int16(logistic, draws->count);
    kernels->tanh_int16(tanh, draws->gates[0], draws->count, draws->integer_bits);
    memcpy(cell, draws->cell, bytes);
    kernels->update_cell_int16(cell, draws->gates[1], draws->gates[0],
                               draws->has_input ? draws->gates[2] : NULL, draws->count,
                               draws->cell_exponent, draws->clip);
    kernels->multiply_int8((int8_t *)(cell + draws->count), draws->gates[0], draws->gates[1],
                           draws->count, draws->multiplier, draws->zero_point);
}

void check_recurrent_int16(struct check *check)
{
    struct draws draws = {.count = (int32_t)check_draw_edge(check, 1, 100),
                          .has_input = check_draw(check, 0, 2) > 0,
                          .integer_bits = (int32_t)check_draw(check, 0, 6),
                          .cell_exponent = (int32_t)check_draw(check, -15, 1),
                          .clip = (int16_t)check_draw_edge(check, 0, 20000),
                          .multiplier = {(int32_t)check_draw(check, 1 << 30, INT32_MAX),
                                         (int32_t)check_draw_edge(check, -25, 3)},
                          .zero_point = (int32_t)check_draw_edge(check, -128, 127)};
    draws.gates[0] = draw_shorts(check, draws.count);
    draws.gates[1] = draw_gate(check, draws.count);
    draws.gates[2] = draw_gate(check, draws.count);
    draws.cell = draw_shorts(check, draws.count);
    /* Begins where int16 may. */
    const struct check_outputs outputs =
        check_outputs(check, ((size_t)draws.count * 7 + 1) / 2 * 2);
    run_cell(check->reference->recurrent, &draws, outputs.reference);
    run_cell(check->tested->recurrent, &draws, outputs.tested);
    check_compare(check, &outputs, "%d elements, %d integer bits, cells of 2^%d", draws.count,
                  draws.integer_bits, draws.cell_exponent);
}
