/* SPDX-License-Identifier: Apache-2.0 */
/* How long depthwise layers take. */
#include <stdio.h>
#include <stdlib.h>

#include "kernels/depthwise_kernels.h"
#include "times.h"

struct layer {
    int32_t size, taps, stride, channels;
};

static const struct layer layers[] = {{112, 3, 1, 32}, {112, 3, 2, 64}, {56, 3, 1, 128}, {48, 3, 1, 8},
                                      {14, 3, 1, 512}, {7, 3, 1, 1024}, {28, 5, 1, 120}, {3, 3, 1, 256}};

enum kind { INT8, UINT8, FLOATS };

struct timed {
    const struct pl_depthwise_kernels *kernels;
    enum kind kind;
    struct pl_depthwise_shape shape;
    struct pl_depthwise_integer integers;
    struct pl_depthwise_float floats;
    void *filter, *input, *output, *packed, *finish;
    struct pl_multiplier *multipliers;
    int32_t rows;
};

static void run_timed(void *context)
{
    const struct timed *timed = context;
    const struct pl_depthwise_kernels *kernels = timed->kernels;
    if (timed->kind == FLOATS) {
        kernels->f32(&timed->shape, &timed->floats, timed->input, timed->output, 0, timed->rows);
        return;
    }
    (timed->kind == INT8 ? kernels->i8 : kernels->u8)(&timed->shape, &timed->integers, timed->input,
                                                      timed->output, 0, timed->rows);
}

static void pack(struct timed *timed)
{
    const struct pl_depthwise_pack how = {timed->shape, timed->kind == UINT8, .bits = 8,
                                          .weight_zero_point = timed->integers.weight_zero_point};
    const struct pl_depthwise_packer *packer = &timed->kernels->packer;
    const size_t bytes = timed->kind != FLOATS && packer->bytes != NULL ? packer->bytes(&how) : 0;
    if (bytes == 0) return;
    timed->packed = times_zeros(bytes);
    packer->pack(timed->packed, timed->filter, &how);
    timed->integers.packed = timed->packed;
    timed->finish = times_zeros(packer->finish_bytes(&how));
    packer->prepare_finish(timed->finish, &how, &timed->integers);
    timed->integers.finish = timed->finish;
}

static void time_layer(const struct bench *bench, enum kind kind, const struct layer *layer)
{
    const int32_t size = layer->size, taps = layer->taps, stride = layer->stride;
    const int32_t channels = layer->channels, outputs = size / stride;
    const size_t weights = (size_t)(taps * taps * channels);
    const size_t inputs = (size_t)size * (size_t)size * (size_t)channels;
    const bool is_unsigned = kind == UINT8;
    struct timed timed = {
        .kernels = bench->kernels->depthwise,
        .kind = kind,
        .shape = {.patch = {size, size, channels, taps, taps, stride, stride, 1, 1, taps / 2, taps / 2},
                  .multiplier = 1,
                  .channels = channels,
                  .output_width = outputs},
        .filter = kind == FLOATS ? (void *)times_floats(weights) : times_bytes(weights),
        .input = kind == FLOATS ? (void *)times_floats(inputs) : times_bytes(inputs),
        .output = times_zeros((size_t)outputs * (size_t)outputs * (size_t)channels * sizeof(float)),
        .multipliers = times_multipliers(channels, -8),
        .rows = outputs,
    };
    timed.floats = (struct pl_depthwise_float){timed.filter, NULL, 0.0f, 6.0f};
    timed.integers =
        (struct pl_depthwise_integer){.weights = timed.filter,
                                      .input_zero_point = 3,
                                      .weight_zero_point = is_unsigned ? 125 : 0,
                                      .range = {0, is_unsigned ? 0 : -128, is_unsigned ? 255 : 127},
                                      .multipliers = timed.multipliers};
    pack(&timed);
    char what[64];
    snprintf(what, sizeof what, "%d^2 px, %d^2 taps, stride %d, %d channels", size, taps, stride,
             channels);
    bench_time(bench, what, run_timed, &timed, (double)outputs * outputs * taps * taps * channels,
               kind == FLOATS ? bench->peak.float_macs : bench->peak.byte_macs);
    free(timed.filter);
    free(timed.input);
    free(timed.output);
    free(timed.packed);
    free(timed.finish);
    free(timed.multipliers);
}

static void time_layers(const struct bench *bench, enum kind kind)
{
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++)
        time_layer(bench, kind, &layers[i]);
}

void bench_depthwise_i8(const struct bench *bench)
{
    time_layers(bench, INT8);
}

void bench_depthwise_u8(const struct bench *bench)
{
    time_layers(bench, UINT8);
}

void bench_depthwise_f32(const struct bench *bench)
{
    time_layers(bench, FLOATS);
}
