/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax of rows; GELU, LOGISTIC, TANH and HARD_SWISH of runs of floats. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/elementwise_kernels.h"
#include "kernels/reduction_kernels.h"
#include "support.h"

void check_compare_floats(struct check *check, const struct check_outputs *outputs, const char *what)
{
    float *sides[] = {outputs->reference, outputs->tested};
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < outputs->bytes / sizeof(float); k++)
            if (isnan(sides[i][k])) sides[i][k] = NAN;
    }
    check_compare(check, outputs, "%s", what);
}

/* The input, or where it lies for a kernel that writes over it. */
static const float *place_input(struct check *check, const float *in, const struct check_outputs *outputs)
{
    if (check_draw(check, 0, 3) != 0) return in;
    memcpy(outputs->tested, in, outputs->bytes);
    return outputs->tested;
}

void check_softmax_f32(struct check *check)
{
    const int64_t rows = check_draw(check, 1, 4), depth = check_draw_edge(check, 1, 150);
    const struct pl_softmax_params params = {.beta = check_draw(check, 0, 1) == 0
                                                         ? 1.0f
                                                         : check_draw_float(check, -0.5f, 30.0f)};
    const float *in = check_floats(check, rows * depth, check_draw(check, 0, 1) == 0);
    const struct check_outputs outputs = check_outputs(check, (size_t)(rows * depth) * sizeof(float));
    check->reference->reduction->softmax_float32(outputs.reference, in, rows, depth, &params);
    in = place_input(check, in, &outputs);
    check->tested->reduction->softmax_float32(outputs.tested, in, rows, depth, &params);
    char what[60];
    snprintf(what, sizeof what, "%d rows of %d, beta %g", (int)rows, (int)depth, (double)params.beta);
    check_compare_floats(check, &outputs, what);
}

/* One function of the table of operators of one input: where it stands there. */
static pl_unary_kernel kernel_at(const struct pl_kernels *kernels, size_t at)
{
    pl_unary_kernel kernel = NULL;
    memcpy(&kernel, (const char *)kernels->elementwise->unary + at, sizeof kernel);
    return kernel;
}

static void check_unary(struct check *check, const float *in, int64_t count, size_t at)
{
    const struct check_outputs outputs = check_outputs(check, (size_t)count * sizeof(float));
    kernel_at(check->reference, at)(outputs.reference, in, count, NULL);
    kernel_at(check->tested, at)(outputs.tested, place_input(check, in, &outputs), count, NULL);
    char what[40];
    snprintf(what, sizeof what, "%d values", (int)count);
    check_compare_floats(check, &outputs, what);
}

/* As far as any of these functions changes, and farther. */
static void check_curve(struct check *check, size_t at)
{
    const int64_t count = check_draw_edge(check, 1, 150);
    float *in = check_floats(check, count, check_draw(check, 0, 1) == 0);
    const float factor = check_draw_float(check, 0.1f, 10.0f) * (check_draw(check, 0, 2) == 0 ? 15.0f : 1.0f);
    for (int64_t i = 0; i < count; i++) in[i] *= factor;
    check_unary(check, in, count, at);
}

void check_gelu_f32(struct check *check)
{
    check_curve(check, offsetof(struct pl_unary_table, gelu));
}

void check_logistic_f32(struct check *check)
{
    check_curve(check, offsetof(struct pl_unary_table, logistic));
}

void check_tanh_f32(struct check *check)
{
    check_curve(check, offsetof(struct pl_unary_table, tanh));
}

/* Of all magnitudes, in some cases: quotients of subnormal ones are rounded otherwise. */
void check_hard_swish_f32(struct check *check)
{
    const int64_t count = check_draw_edge(check, 1, 150);
    float *in = check_floats(check, count, check_draw(check, 0, 1) == 0);
    const int exponent = check_draw(check, 0, 1) == 0 ? 0 : (int)check_draw(check, -149, 127);
    for (int64_t i = 0; i < count; i++) in[i] = ldexpf(in[i], exponent);
    check_unary(check, in, count, offsetof(struct pl_unary_table, hard_swish));
}
