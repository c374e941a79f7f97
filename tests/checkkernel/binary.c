/* SPDX-License-Identifier: Apache-2.0 */
/* Quantized arithmetic of two inputs of bytes. */
#include <stdio.h>

#include "checkkernel.h"
#include "kernels/elementwise_kernels.h"

/* As the operators fill them: scales of inputs and output, some of them powers of two, for which
 * half of all results are ties. */
static struct pl_binary_params draw_params(struct check *check, enum pl_binary operation,
                                           bool is_unsigned)
{
    const int32_t low = is_unsigned ? 0 : -128, high = low + 255;
    double scales[3];
    for (int i = 0; i < 3; i++) {
        scales[i] = (double)check_draw(check, 1, 1000) / 1000.0;
        if (check_draw(check, 0, 1) == 0) scales[i] = 1.0 / (double)(1 << check_draw(check, 0, 4));
    }
    struct pl_binary_params params = {.offsets = {-(int32_t)check_draw_edge(check, low, high),
                                                  -(int32_t)check_draw_edge(check, low, high)},
                                      .out_offset = (int32_t)check_draw_edge(check, low, high),
                                      .low_int = check_draw_edge(check, low, high)};
    params.high_int = check_draw_edge(check, params.low_int, high);
    if (operation == PL_BINARY_MUL) {
        params.out = pl_multiplier_from_real(scales[0] * scales[1] / scales[2]);
        return params;
    }
    const int32_t power = operation == PL_BINARY_SQUARED_DIFFERENCE ? 2 : 1;
    params.left_shift = power == 2 ? 7 : 20;
    const double twice = 2.0 * (scales[0] > scales[1] ? scales[0] : scales[1]);
    params.in[0] = pl_multiplier_from_real(scales[0] / twice);
    params.in[1] = pl_multiplier_from_real(scales[1] / twice);
    const double bits = (double)((int64_t)1 << (params.left_shift * power));
    params.out = pl_multiplier_from_real((power == 2 ? twice * twice : twice) / (bits * scales[2]));
    return params;
}

static void check_operation(struct check *check, enum pl_binary operation, bool is_unsigned)
{
    const enum pl_kind kind = is_unsigned ? PL_KIND_QUANTIZED_UINT8 : PL_KIND_QUANTIZED_INT8;
    const struct pl_binary_params params = draw_params(check, operation, is_unsigned);
    const int64_t count = check_draw_edge(check, 1, 500);
    const int64_t stays = check_draw(check, 0, 3); /* 0: a, 1: b */
    struct pl_binary_run run = {.a = check_bytes(check, stays == 0 ? 1 : (size_t)count),
                                .b = check_bytes(check, stays == 1 ? 1 : (size_t)count),
                                .count = count,
                                .a_step = stays != 0,
                                .b_step = stays != 1};
    const struct check_outputs outputs = check_outputs(check, (size_t)count);
    run.out = outputs.reference;
    check->reference->elementwise->binary->kernels[operation][kind](&run, &params);
    run.out = outputs.tested;
    check->tested->elementwise->binary->kernels[operation][kind](&run, &params);
    check_compare(check, &outputs, "operation %d on %d elements", (int)operation, (int)count);
}

void check_binary_i8(struct check *check)
{
    static const enum pl_binary operations[] = {PL_BINARY_ADD, PL_BINARY_SUB, PL_BINARY_MUL,
                                                PL_BINARY_SQUARED_DIFFERENCE};
    check_operation(check, operations[check_draw(check, 0, 3)], false);
}

void check_binary_u8(struct check *check)
{
    static const enum pl_binary operations[] = {PL_BINARY_ADD, PL_BINARY_SUB, PL_BINARY_MUL};
    check_operation(check, operations[check_draw(check, 0, 2)], true);
}

/* ---- times ----------------------------------------------------------------------------------- */

enum { ELEMENTS = 56 * 56 * 24 };

struct timed {
    struct pl_binary_run run;
    struct pl_binary_params params;
    pl_binary_kernel kernel;
};

static void run_timed(void *context)
{
    const struct timed *timed = context;
    timed->kernel(&timed->run, &timed->params);
}

void bench_binary_i8(const struct bench *bench)
{
    static int8_t a[ELEMENTS], b[ELEMENTS], out[ELEMENTS];
    static const char *const names[] = {"add", "mul"};
    static const enum pl_binary operations[] = {PL_BINARY_ADD, PL_BINARY_MUL};
    for (int32_t i = 0; i < ELEMENTS; i++) {
        a[i] = (int8_t)((uint32_t)i * 2246822519u >> 23);
        b[i] = (int8_t)((uint32_t)i * 2654435761u >> 24);
    }
    for (int i = 0; i < 2; i++) {
        struct check draws = {.random = 5};
        struct timed timed = {.run = {out, a, b, ELEMENTS, 1, 1},
                              .params = draw_params(&draws, operations[i], false),
                              .kernel = bench->kernels->elementwise->binary
                                            ->kernels[operations[i]][PL_KIND_QUANTIZED_INT8]};
        timed.params.in[0] = pl_multiplier_from_real(0.5);
        timed.params.in[1] = pl_multiplier_from_real(0.37);
        timed.params.out = pl_multiplier_from_real(i == 0 ? 1.7 / (1 << 20) : 0.013);
        bench_time(bench, names[i], run_timed, &timed, ELEMENTS, 0);
    }
}
