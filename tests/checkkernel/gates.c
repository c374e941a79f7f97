/* SPDX-License-Identifier: Apache-2.0 */
/* Gates and cells of LSTM steps in 16 bits. */
#include <string.h>

#include "checkkernel.h"
#include "kernels/recurrent_kernels.h"

/* Random words, and, one case in ten, every one there is. */
static int16_t *draw_words(struct check *check, int32_t *count)
{
    const bool all = check_draw(check, 0, 9) == 0;
    *count = all ? UINT16_MAX + 1 : (int32_t)check_draw_edge(check, 1, 100);
    int16_t *words = check_bytes(check, (size_t)*count * sizeof *words);
    for (int32_t i = 0; all && i < *count; i++) words[i] = (int16_t)(i + INT16_MIN);
    return words;
}

void check_logistic_int16(struct check *check)
{
    int32_t count = 0;
    const int16_t *words = draw_words(check, &count);
    const size_t bytes = (size_t)count * sizeof *words;
    const struct check_outputs outputs = check_outputs(check, bytes);
    memcpy(outputs.reference, words, bytes);
    memcpy(outputs.tested, words, bytes);
    check->reference->recurrent->logistic_int16(outputs.reference, count);
    check->tested->recurrent->logistic_int16(outputs.tested, count);
    check_compare(check, &outputs, "%d words", count);
}

void check_tanh_int16(struct check *check)
{
    int32_t count = 0;
    const int16_t *words = draw_words(check, &count);
    const int32_t integer_bits = (int32_t)check_draw(check, 0, 6);
    const struct check_outputs outputs = check_outputs(check, (size_t)count * sizeof *words);
    check->reference->recurrent->tanh_int16(outputs.reference, words, count, integer_bits);
    check->tested->recurrent->tanh_int16(outputs.tested, words, count, integer_bits);
    check_compare(check, &outputs, "%d words of %d integer bits", count, integer_bits);
}

void check_cell_int16(struct check *check)
{
    const int32_t count = (int32_t)check_draw_edge(check, 1, 100);
    const size_t bytes = (size_t)count * sizeof(int16_t);
    const int16_t *forget = check_bytes(check, bytes), *candidate = check_bytes(check, bytes);
    const int16_t *input = check_draw(check, 0, 1) == 0 ? NULL : check_bytes(check, bytes);
    const int16_t bound = (int16_t)check_draw_edge(check, 0, INT16_MAX);
    const int32_t exponent = (int32_t)check_draw(check, -15, 0);
    const int16_t *cell = check_bytes(check, bytes);
    const struct check_outputs outputs = check_outputs(check, bytes);
    memcpy(outputs.reference, cell, bytes);
    memcpy(outputs.tested, cell, bytes);
    check->reference->recurrent->update_cell_int16(outputs.reference, forget, candidate, input,
                                                   count, exponent, bound);
    check->tested->recurrent->update_cell_int16(outputs.tested, forget, candidate, input, count,
                                                exponent, bound);
    check_compare(check, &outputs, "%d cells at 2^%d, bound %d", count, exponent, bound);
}

/* Random words of 16 - `narrower` bits. */
static const int16_t *draw_narrow_words(struct check *check, int32_t count, int32_t narrower)
{
    int16_t *words = check_bytes(check, (size_t)count * sizeof *words);
    for (int32_t i = 0; i < count; i++) words[i] = (int16_t)(words[i] / (1 << narrower));
    return words;
}

/* In every other case products of which most fit into 8 bits: elsewhere most are 0, or saturate, however they are rounded. */
void check_multiply_int8(struct check *check)
{
    const int32_t count = (int32_t)check_draw_edge(check, 1, 100);
    const int32_t narrower = (int32_t)check_draw_edge(check, 0, 11);
    const int16_t *a = draw_narrow_words(check, count, narrower), *b = draw_narrow_words(check, count, narrower);
    const int32_t fitting = 2 * narrower - 22, exponent = (int32_t)check_draw_edge(check, -31, 5);
    const struct pl_multiplier multiplier = {(int32_t)check_draw_edge(check, 1 << 30, INT32_MAX),
                                             check_draw(check, 0, 1) == 0 ? exponent : fitting};
    const int32_t zero_point = (int32_t)check_draw_edge(check, -128, 127);
    const struct check_outputs outputs = check_outputs(check, (size_t)count);
    check->reference->recurrent->multiply_int8(outputs.reference, a, b, count, multiplier,
                                               zero_point);
    check->tested->recurrent->multiply_int8(outputs.tested, a, b, count, multiplier, zero_point);
    check_compare(check, &outputs, "%d products", count);
}

void check_dot_rows_int16(struct check *check)
{
    const int32_t rows = (int32_t)check_draw_edge(check, 1, 20);
    const int32_t count = (int32_t)check_draw_edge(check, 1, 40);
    const size_t bytes = (size_t)(rows * count) * sizeof(int16_t);
    const int16_t *a = check_bytes(check, bytes), *b = check_bytes(check, bytes);
    const struct check_outputs outputs = check_outputs(check, (size_t)rows * sizeof(int32_t));
    check->reference->recurrent->dot_rows_int16(outputs.reference, a, b, rows, count);
    check->tested->recurrent->dot_rows_int16(outputs.tested, a, b, rows, count);
    check_compare(check, &outputs, "%d rows of %d", rows, count);
}
